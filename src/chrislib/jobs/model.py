"""Jobs as data: four axes, intents, immutable snapshots. No I/O.

The axes and the ranks of the phases are those of the job manager's design: what the
work is doing (phase), how good our last look was (reach), what the user did with the
output (result), and what exists remotely (retention).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NewType

JobKey = NewType("JobKey", str)
"""UUIDv7 text, made before anything is sent."""


class Kind(Enum):
    """What sort of remote work a job follows."""

    # There is one of each: Enum's own hash, in Python, is asked for a million times
    # when 20,000 jobs are sorted into groups.
    __hash__ = object.__hash__

    RUN = "run"
    PULL = "pull"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    WORKFLOW = "workflow"
    PROGRAM = "program"
    """A program of this computer."""
    SERVICE = "service"
    """Anything a plug-in follows."""


class Phase(Enum):
    """What the work is doing; the value is what the catalog stores."""

    __hash__ = object.__hash__

    DRAFT = "DRAFT"
    SUBMITTING = "SUBMITTING"
    SUBMIT_UNCERTAIN = "SUBMIT_UNCERTAIN"
    SUBMITTED = "SUBMITTED"
    WAITING = "WAITING"
    STAGING_IN = "STAGING_IN"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    UNKNOWN = "UNKNOWN"
    STAGING_OUT = "STAGING_OUT"
    REGISTERING = "REGISTERING"
    FINISHED = "FINISHED"
    FINISHED_WITH_ERRORS = "FINISHED_WITH_ERRORS"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CANCELLED_UPSTREAM = "CANCELLED_UPSTREAM"
    NOT_SUBMITTED = "NOT_SUBMITTED"
    GONE = "GONE"
    ORPHANED = "ORPHANED"

    rank: int
    """Order in which phases are passed; 100 and above are terminal."""
    terminal: bool
    """Whether nothing more is expected to happen by itself."""


_RANK = {
    Phase.DRAFT: 0,
    Phase.SUBMITTING: 1,
    Phase.SUBMIT_UNCERTAIN: 2,
    Phase.SUBMITTED: 10,
    Phase.WAITING: 20,
    Phase.STAGING_IN: 30,
    Phase.QUEUED: 40,
    Phase.RUNNING: 50,
    Phase.UNKNOWN: 55,
    Phase.STAGING_OUT: 60,
    Phase.REGISTERING: 70,
    Phase.FINISHED: 100,
    Phase.FINISHED_WITH_ERRORS: 101,
    Phase.FAILED: 102,
    Phase.CANCELLED: 103,
    Phase.CANCELLED_UPSTREAM: 104,
    Phase.NOT_SUBMITTED: 105,
    Phase.GONE: 106,
    Phase.ORPHANED: 107,
}
for _phase, _rank in _RANK.items():
    # Plain attributes: both are asked for many times for each of 20,000 rows.
    _phase.rank, _phase.terminal = _rank, _rank >= 100


class Reach(Enum):
    """How good our last look was. Never changes phase, result or retention."""

    __hash__ = object.__hash__

    FRESH = "FRESH"
    STALE = "STALE"
    OFFLINE = "OFFLINE"
    AUTH_REQUIRED = "AUTH_REQUIRED"
    FORBIDDEN = "FORBIDDEN"
    SERVER_CHANGED = "SERVER_CHANGED"
    NO_BACKEND = "NO_BACKEND"
    """What speaks to its service is missing or broken here; the token is kept."""


class ResultState(Enum):
    """What the user did with the output."""

    __hash__ = object.__hash__

    NONE = "NONE"
    READY = "READY"
    FETCHING = "FETCHING"
    FETCHED = "FETCHED"
    FETCH_FAILED = "FETCH_FAILED"
    MERGED = "MERGED"
    SNOOZED = "SNOOZED"
    DISCARDED = "DISCARDED"


class Retention(Enum):
    """What exists remotely."""

    __hash__ = object.__hash__

    PRESENT = "PRESENT"
    PURGE_REQUESTED = "PURGE_REQUESTED"
    PURGING = "PURGING"
    PURGED = "PURGED"
    PURGE_FAILED = "PURGE_FAILED"


@dataclass(frozen=True, slots=True)
class RunIntent:
    """A plugin run to be made by one POST of ``plugins/<id>/instances/``."""

    plugin_id: int
    plugin_name: str
    plugin_version: str
    plugin_type: str
    parameters: Mapping[str, str | int | float | bool]
    previous_id: int | None = None
    feed_id: int | None = None
    """Known for ds and ts; an fs run makes its feed."""
    title: str = ""
    compute_resource: str = ""
    """"" takes the plugin's first."""
    note: str = ""
    """Written into the feed's note once the feed exists (fs only)."""
    item_ids: tuple[str, ...] = ()
    """Library items this run takes (fs) or brings (reference data)."""
    issued_at: str = ""
    """When it was handed over, by the server's clock (ISO 8601); "" before."""
    nonce: str = ""
    """Six characters its title ends with on the server, for exact recovery."""
    found: bool = False
    """Whether the run was found on the server: its parameters are not known."""
    owner: str = ""
    """Whose run a found one is; "" for one's own."""
    waits_for: tuple[str, ...] = ()
    """Library items that must be here before it is sent (fs only)."""
    after: str = ""
    """Key of the job whose run it hangs under, while that is not on the server."""
    tags: tuple[str, ...] = ()
    """Put on the feed once the feed exists (fs only)."""
    cpu_limit: int | None = None
    """Millicores; None of this and the three below takes the plugin's least."""
    memory_limit: int | None = None
    """MiB."""
    gpu_limit: int | None = None
    number_of_workers: int | None = None


@dataclass(frozen=True, slots=True)
class PullIntent:
    """One series to be brought from a PACS to the server."""

    pacs: str
    study_uid: str
    series_uid: str
    expected_images: int | None
    title: str
    """Series description, for rows in the window only."""
    item_id: str


@dataclass(frozen=True, slots=True)
class UploadFile:
    """One local file and where it goes; `remote` is a storage path."""

    local: str
    remote: str
    size: int
    as_it_is: bool = False
    """Sent unchanged even where the upload is de-identified: no DICOM file."""


@dataclass(frozen=True, slots=True)
class Deidentify:
    """How the DICOM files of an upload are changed before they leave the computer."""

    project_id: str
    options: tuple[str, ...]
    """Of the profile, by name; see `chrislib.dicom.deidentify.profile.Option`."""
    text_agreed: bool = False
    """Whether pictures that may show text are sent as well."""
    apart: tuple[str, ...] = ()
    """Patient IDs that stand for several people."""
    black: tuple[tuple[str, int, int, int, int], ...] = ()
    """Areas made black: series UID, left, top, width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Unpacking:
    """An archive of this computer, and the private folder it was unpacked into."""

    archive: str
    folder: str


@dataclass(frozen=True, slots=True)
class UploadIntent:
    """Local files to be sent under one folder of the server."""

    folder: str
    files: tuple[UploadFile, ...]
    title: str
    item_ids: tuple[str, ...] = ()
    deidentify: Deidentify | None = None
    archives: tuple[Unpacking, ...] = ()
    """What was unpacked for it: removed when it ends, unpacked again if it goes on."""


@dataclass(frozen=True, slots=True)
class DownloadIntent:
    """Files under storage folders (or single files) to be saved on this computer.

    `sources` are storage paths of folders or files; links inside are followed.
    """

    sources: tuple[str, ...]
    folder: str
    """Local folder; nothing is ever written outside it."""
    title: str
    instance_id: int | None = None
    feed_id: int | None = None


@dataclass(frozen=True, slots=True)
class WorkflowIntent:
    """A pipeline to be run by one POST of ``pipelines/<id>/workflows/``."""

    pipeline_id: int
    pipeline_name: str
    previous_id: int
    """The plugin instance its first nodes hang under."""
    feed_id: int | None = None
    title: str = ""
    nodes: int = 0
    """How many runs it makes."""
    nodes_info: tuple[Mapping[str, Any], ...] = ()
    """Compute resource, title and parameters per node, as the POST takes them."""
    item_ids: tuple[str, ...] = ()
    after: str = ""
    """Key of the job whose run it hangs under, while that is not on the server."""


@dataclass(frozen=True, slots=True)
class ProgramIntent:
    """A program of this computer, run under a supervisor of its own."""

    argv: tuple[str, ...]
    """Program and arguments; never given to a shell."""
    folder: str
    """Working folder, where it writes."""
    title: str = ""
    inputs: tuple[str, ...] = ()
    timeout: float | None = None
    """Seconds after which it is ended."""


@dataclass(frozen=True, slots=True)
class ServiceIntent:
    """Work for a service that a plug-in speaks to."""

    backend: str
    operation: str
    payload: Mapping[str, Any]
    """Small JSON values or file references, as the plug-in's marshaller made them."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class OpaqueIntent:
    """An intent nobody here understands: its job is shown and kept as it is."""

    backend: str
    kind: str
    text: str
    """The intent's JSON, unchanged."""
    title: str = ""


Intent = (
    RunIntent
    | PullIntent
    | UploadIntent
    | DownloadIntent
    | WorkflowIntent
    | ProgramIntent
    | ServiceIntent
    | OpaqueIntent
)


def is_held(intent: Intent) -> bool:
    """Whether a job is not sent yet because of something it waits for."""
    return bool(getattr(intent, "waits_for", ()) or getattr(intent, "after", ""))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, in its own unit; `total` None when not known."""

    done: int
    total: int | None
    unit: str
    """"images", "files", "items" or "bytes"."""
    bytes_done: int = 0
    bytes_total: int | None = None


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file of an upload or download that did not make it, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """An immutable snapshot of one job.

    Attributes
    ----------
    detail : str
        One plain sentence about the state (reason of a failure, what it waits for).
    hint : str
        What to do about a failure.
    created_at, changed_at, terminal_at : float
        Seconds since the epoch, local clock.
    checked_at : float or None
        When the server was last asked about it.
    backend : str
        Who follows it: "cube", "pull", "upload", "download", "workflow", "local", or
        the name a plug-in gave itself.
    token : str
        What a service other than CUBE calls it, "" while it has no name there.
    tracked : bool
        False for a shadow row: followed for context, never notified.
    batch_key : str
        The batch it was submitted with, or "".
    snooze_until : float or None
        Until then its result waits (seconds since the epoch).
    cancel_sends : int
        How often its cancel was sent. CUBE can lose one: it is sent twice, then the
        user is asked.
    paused : bool
        A transfer the user holds back: it goes on when they say so.
    start_date, end_date : str
        What the server says, ISO 8601; CUBE's ``end_date`` is the end of computing,
        not of registering its files.
    """

    key: JobKey
    kind: Kind
    phase: Phase
    intent: Intent
    title: str
    epoch: int = 0
    seq: int = 0
    reach: Reach = Reach.FRESH
    result: ResultState = ResultState.NONE
    retention: Retention = Retention.PRESENT
    remote_id: int | None = None
    feed_id: int | None = None
    previous_id: int | None = None
    remote_status: str = ""
    error_code: str = ""
    detail: str = ""
    hint: str = ""
    progress: Progress | None = None
    failed_files: tuple[FailedFile, ...] = ()
    created_at: float = 0.0
    changed_at: float = 0.0
    terminal_at: float | None = None
    checked_at: float | None = None
    field_errors: Mapping[str, str] = field(default_factory=dict)
    backend: str = ""
    token: str = ""
    account_id: int = 0
    batch_key: str = ""
    workflow_id: int | None = None
    tracked: bool = True
    snooze_until: float | None = None
    cancel_requested_at: float | None = None
    cancel_sends: int = 0
    paused: bool = False
    start_date: str = ""
    end_date: str = ""


@dataclass(frozen=True, slots=True)
class JobChange:
    """Published to subscribers after the catalog has committed it."""

    before: Job | None
    after: Job


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One outcome that waits to be seen."""

    dedupe_key: str
    kind: str
    """READY, ERRORS, FAILED, CANCELLED_EXTERNALLY, CANCEL_IGNORED, AUTH,
    SUBMIT_UNCERTAIN, GONE, STALLED, PURGE_FAILED, STATE_CHANGED."""
    job_key: JobKey | None
    feed_id: int | None
    instance_id: int | None
    title: str
    text: str
    created_at: float
    seen_at: float | None
    acted_at: float | None
    batch_key: str = ""
    account_id: int = 0
