"""The facts of one job as lines of text: how it stands, its past, its parameters."""

from collections.abc import Mapping
from datetime import datetime

from chrislib.jobs.history.past import Happening, Past
from chrislib.jobs.model import (
    DownloadIntent,
    Job,
    Kind,
    OpaqueIntent,
    Phase,
    ProgramIntent,
    PullIntent,
    RunIntent,
    ServiceIntent,
    UploadIntent,
    WorkflowIntent,
    is_held,
)
from chrislib.shown import one_line
from chrislib.views.jobs.words import duration, look_of, plugin_of, second_line

PHASE_WORDS = {
    Phase.DRAFT: "Not sent yet",
    Phase.SUBMITTING: "Sending",
    Phase.SUBMIT_UNCERTAIN: "Perhaps sent",
    Phase.SUBMITTED: "Taken by the server",
    Phase.WAITING: "Waiting for its parent",
    Phase.STAGING_IN: "Copying inputs",
    Phase.QUEUED: "Waiting for a place",
    Phase.RUNNING: "Running",
    Phase.UNKNOWN: "In a state not known here",
    Phase.STAGING_OUT: "Collecting files",
    Phase.REGISTERING: "Registering files",
    Phase.FINISHED: "Ready",
    Phase.FINISHED_WITH_ERRORS: "Ready, with errors",
    Phase.FAILED: "Failed",
    Phase.CANCELLED: "Cancelled",
    Phase.CANCELLED_UPSTREAM: "Stopped upstream",
    Phase.NOT_SUBMITTED: "Not sent",
    Phase.GONE: "Gone from server",
    Phase.ORPHANED: "Not found on the server",
}
_SENTENCES = {
    Phase.DRAFT: "It is written down here and goes to the server next.",
    Phase.SUBMITTING: "It is on its way to the server.",
    Phase.SUBMIT_UNCERTAIN: "The answer was lost. The server is asked what it did; "
    "nothing is sent twice.",
    Phase.SUBMITTED: "The server has it.",
    Phase.WAITING: "It begins when the node before it is ready.",
    Phase.STAGING_IN: "Its inputs are copied to the compute resource.",
    Phase.QUEUED: "It waits for a place on the compute resource.",
    Phase.RUNNING: "It computes.",
    Phase.STAGING_OUT: "Its files are collected.",
    Phase.REGISTERING: "The computation is over; its files are being listed and can be "
    "opened after that.",
    Phase.FINISHED: "Its files can be opened.",
    Phase.FINISHED_WITH_ERRORS: "There are files, but the program ended with an error.",
    Phase.CANCELLED_UPSTREAM: "A node before it did not succeed.",
    Phase.NOT_SUBMITTED: "The server never got it. Nothing ran.",
    Phase.GONE: "It was deleted on the server. What was downloaded stays here.",
    Phase.ORPHANED: "Another server answers at its address.",
}
_KINDS = {
    "created": "Written down",
    "cancel_requested": "Cancel asked for",
    "reopen": "Went on after it had ended",
    "anomaly": "Something did not fit",
    "adopt": "Found on the server",
}
_RESULTS = {
    "READY": "Can be got",
    "FETCHING": "Being fetched",
    "FETCHED": "Downloaded",
    "FETCH_FAILED": "Get did not work",
    "MERGED": "In your library",
    "SNOOZED": "Put off",
    "DISCARDED": "Discarded",
}
_SOURCES = {
    "user": "you",
    "local": "this computer",
    "adopt": "found on the server",
    "reconcile": "asked after a lost answer",
}


def local(at: float, *, seconds: bool = True) -> str:
    """Return a moment in local time: "2026-03-04 14:23:05"."""
    then = datetime.fromtimestamp(at).astimezone()
    return f"{then:%Y-%m-%d %H:%M:%S}" if seconds else f"{then:%Y-%m-%d %H:%M}"


def sentence_of(job: Job) -> str:
    """Return one sentence about the state of a job."""
    moving = job.kind in {Kind.PULL, Kind.UPLOAD, Kind.DOWNLOAD}
    if moving and job.phase in {Phase.RUNNING, Phase.QUEUED, Phase.FINISHED}:
        return {
            Phase.RUNNING: "Data is moving.",
            Phase.QUEUED: "It waits for its turn.",
            Phase.FINISHED: "All of it has arrived.",
        }[job.phase]
    if job.phase is Phase.DRAFT and is_held(job.intent):
        return "It is written down here and goes to the server when it can start."
    return _SENTENCES.get(job.phase, "")


def facts_of(job: Job, now: float, *, stall: str = "") -> str:
    """Return how a job stands, why, and what to do; one fact a line, plain text."""
    lines = [look_of(job, now).text]
    why = second_line(job, stall=stall)
    for words in (why, sentence_of(job) if not job.detail else "", job.hint):
        if words and words not in lines:
            lines.append(words)
    lines.append(f"Asked for {local(job.created_at, seconds=False)}")
    if plugin_of(job):
        lines.append(f"Plugin {one_line(plugin_of(job))}")
    if job.feed_id is not None:
        node = f", node {job.remote_id}" if job.remote_id is not None else ""
        lines.append(f"Feed {job.feed_id}{node}")
    if job.token:
        lines.append(f"Its service calls it {job.token}")
    if job.error_code:
        lines.append(f"Error code {job.error_code}")
    if job.field_errors:
        lines.extend(f"{field}: {text}" for field, text in job.field_errors.items())
    if job.failed_files:
        count = len(job.failed_files)
        lines.append(f"{count:,} file{'s' * (count > 1)} did not make it:")
        lines.extend(f"{one.path}: {one.reason}" for one in job.failed_files[:500])
    return "\n".join(lines)


def phase_times(past: Past, now: float) -> list[tuple[str, str]]:
    """Return the phases a job went through, and how long each took.

    The last one of a job that has not ended counts until `now`.
    """
    entered = [
        (one.entered, one.at)
        for one in past.events
        if one.entered is not None and one.left is not one.entered
    ]
    rows = []
    for number, (phase, at) in enumerate(entered):
        last = number + 1 == len(entered)
        if phase.terminal:
            rows.append((PHASE_WORDS[phase], local(at)))
            continue
        end = now if last else entered[number + 1][1]
        took = duration(end - at)
        rows.append((PHASE_WORDS[phase], f"{took} so far" if last else took))
    return rows


def event_line(one: Happening) -> str:
    """Return one entry of the history with its local time."""
    words = _KINDS.get(one.kind, "")
    if one.kind == "result":
        words = _RESULTS.get(str(one.detail.get("result", "")), "Decided")
    elif one.entered is not None and one.entered is not one.left:
        entered = PHASE_WORDS[one.entered]
        words = f"{words}: {entered}" if words else entered
    words = words or one.kind.replace("_", " ").capitalize()
    source = _SOURCES.get(one.source, "a look at the server")
    server = f", server's clock {one.server_at}" if one.server_at else ""
    return f"{local(one.at)}  {words}  ({source}{server})"


def history_of(past: Past, now: float) -> str:
    """Return times per phase and every event, plain text."""
    if not past.events:
        return "Nothing is kept of its past."
    times = [f"{phase}: {took}" for phase, took in phase_times(past, now)]
    events = [event_line(one) for one in past.events]
    return "\n".join([*times, "", *events])


def parameters_of(job: Job) -> str:
    """Return what a job was asked to do, a value a line, plain text."""
    intent = job.intent
    rows: list[tuple[str, object]] = []
    match intent:
        case RunIntent():
            rows = [
                ("Plugin", one_line(plugin_of(job))),
                ("Compute", one_line(intent.compute_resource)),
            ]
            rows += list(intent.parameters.items())
        case WorkflowIntent():
            rows = [("Pipeline", intent.pipeline_name), ("Nodes", intent.nodes)]
        case PullIntent():
            rows = [("PACS", intent.pacs), ("Images", intent.expected_images)]
        case UploadIntent():
            rows = [("To", intent.folder), ("Files", len(intent.files))]
        case DownloadIntent():
            rows = [("To", intent.folder), *(("From", one) for one in intent.sources)]
        case ProgramIntent():
            rows = [("Command", " ".join(intent.argv)), ("Folder", intent.folder)]
        case ServiceIntent():
            rows = [("Service", intent.backend), ("Operation", intent.operation)]
            rows += _flat(intent.payload)
        case OpaqueIntent():
            rows = [("Plug-in", intent.backend), ("Kept as it is", intent.text)]
    lines = [f"{name}: {value}" for name, value in rows if value not in (None, "")]
    return "\n".join(lines) or "It has none."


def _flat(values: Mapping[str, object]) -> list[tuple[str, object]]:
    return [(name, str(value)[:500]) for name, value in values.items()]


def files_of(past: Past) -> str:
    """Return the files of a job, a line each, plain text."""
    if not past.files:
        return "No files are kept of it on this computer."
    states = {"DONE": "here", "MOVING": "moving", "WAITING": "waits"}
    lines = []
    for one in past.files[:2_000]:
        state = states.get(one.state, one.reason or "did not make it")
        place = f" as {one.local_path}" if one.local_path else ""
        lines.append(f"{one.path}: {state}{place}")
    more = len(past.files) - 2_000
    if more > 0:
        lines.append(f"and {more:,} more")
    return "\n".join(lines)
