"""From what a server says of a node to the words of the window. Pure functions.

The words are the state vocabulary of `chrislib.feeds.model.STATES`; reasons say what
happened and what to do, for every error code of CUBE.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chrislib.cube.types import Feed, PluginInstance
from chrislib.feeds.model import STATES, Step
from chrislib.jobs.model import Phase

WORDS: Mapping[str, str] = {
    "queued": "Queued",
    "preparing": "Preparing",
    "running": "Running",
    "registering": "Registering files",
    "ready": "Ready",
    "errors": "Ready, with errors",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "upstream": "Stopped upstream",
    "gone": "Gone from server",
}
"""State key to the word on screen."""

SENTENCES: Mapping[str, str] = {
    "queued": "It was sent and waits for the node before it or for a free slot.",
    "preparing": "Its input files are copied to where it will run.",
    "running": "The plugin computes. You can close chrislib; it goes on.",
    "registering": "The computation is over. Files can be opened when all are "
    "registered.",
    "ready": "All files are registered and can be opened.",
    "errors": "The program ended with an error; its log says why. The files it left "
    "can be opened.",
    "failed": "It ended without its result. The nodes before it are unharmed.",
    "cancelled": "A person stopped it. The nodes before it are unharmed.",
    "upstream": "A node before it did not succeed, so it was never started.",
    "gone": "It was deleted on the server. What was fetched stays on this computer.",
}
"""State key to one sentence on what it means."""

ACTIVE = frozenset({"queued", "preparing", "running", "registering"})
ENDED_BADLY = frozenset({"failed", "cancelled", "upstream", "errors"})
STEP_WORDS = ("queued", "preparing", "running", "registering", "ready")

_BEGUN = {
    "created": "queued",
    "waiting": "queued",
    "scheduled": "queued",
    "copying": "preparing",
    "started": "running",
    "uploading": "registering",
}
_STATUS = {
    **_BEGUN,
    "registeringFiles": "registering",
    "finishedSuccessfully": "ready",
    "finishedWithError": "errors",
}
_COUNTERS = {
    **_BEGUN,
    "registering": "registering",
    "finished": "ready",
    "errored": "errors",
    "cancelled": "cancelled",
}

_PHASE_STATE = {
    Phase.GONE: "gone",
    Phase.CANCELLED: "cancelled",
    Phase.CANCELLED_UPSTREAM: "upstream",
}

_PHASE_STEP = {
    Phase.SUBMITTING: "queued",
    Phase.SUBMITTED: "queued",
    Phase.WAITING: "queued",
    Phase.STAGING_IN: "preparing",
    Phase.QUEUED: "queued",
    Phase.RUNNING: "running",
    Phase.STAGING_OUT: "registering",
    Phase.REGISTERING: "registering",
    Phase.FINISHED: "ready",
    Phase.FINISHED_WITH_ERRORS: "ready",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node ended without its result.

    `short` fits the second line of a graph node; `text` says what happened and what
    it means, `hint` what to do.
    """

    short: str
    text: str
    hint: str


_AGAIN = "Run it again. If it happens again, tell the person who runs the server."
_STORAGE = "Tell the person who runs the server that its storage needs a look."

REASONS: Mapping[str, Reason] = {
    "CODE01": Reason(
        "Could not be started",
        "The run could not be handed to the compute resource, or its inputs could "
        "not be prepared. Nothing was computed.",
        "Check that the compute resource is up, then run it again.",
    ),
    "CODE02": Reason(
        "Lost sight of the run",
        "The server could not ask the compute resource how the run goes. It may "
        "have computed, but its files were not taken over.",
        _AGAIN,
    ),
    "CODE03": Reason(
        "Result not fetched",
        "The program ended, but its files could not be fetched from the compute "
        "resource.",
        _AGAIN,
    ),
    "CODE04": Reason(
        "Result damaged",
        "The program ended, but the files came back damaged from the compute resource.",
        _AGAIN,
    ),
    "CODE05": Reason(
        "A joined node is missing",
        "One of the nodes to be joined does not exist any more.",
        "Add the node again and choose the nodes to join.",
    ),
    "CODE06": Reason(
        "Storage not readable",
        "The server could not list files in its storage.",
        _STORAGE,
    ),
    "CODE07": Reason(
        "Storage not writable",
        "The server could not write the result to its storage. It may be full.",
        "Free space on the server or tell the person who runs it, then run it again.",
    ),
    "CODE08": Reason(
        "Input not readable",
        "The server could not read an input file from its storage.",
        _STORAGE,
    ),
    "CODE09": Reason(
        "Files not copied",
        "The server could not copy or link files in its storage. It may be full.",
        "Free space on the server or tell the person who runs it, then run it again.",
    ),
    "CODE10": Reason(
        "State unknown",
        "The compute resource does not know what became of the run.",
        _AGAIN,
    ),
    "CODE11": Reason(
        "Storage not consistent",
        "Files that were written to the server's storage are not all there.",
        _STORAGE,
    ),
    "CODE12": Reason(
        "Clean-up failed",
        "The result is complete; only the clean-up afterwards failed.",
        "There is nothing to do.",
    ),
    "CODE13": Reason(
        "Time limit reached",
        "The run took longer than this compute resource allows and was stopped.",
        "Run it again on a resource with a longer limit, or with less data.",
    ),
    "CODE14": Reason(
        "Output files missing",
        "The list of output files and the server's storage do not agree.",
        _AGAIN,
    ),
    "CODE15": Reason(
        "Output list missing",
        "The compute resource's list of output files could not be read.",
        _AGAIN,
    ),
    "CODE16": Reason(
        "Output list wrong",
        "The compute resource's list of output files is not what it should be.",
        _AGAIN,
    ),
    "CODE17": Reason(
        "Input not allowed",
        "An input path is not allowed, or a link leads back to itself.",
        "Choose other input and add the node again.",
    ),
    "CODE18": Reason(
        "Stuck on the server",
        "A helper task of the run failed or the run was stuck, and the server gave "
        "up. Its files may be there but are not registered.",
        _AGAIN,
    ),
    "CODE19": Reason(
        "Server task crashed",
        "A task of the server crashed while it looked after this run.",
        _AGAIN,
    ),
}
"""CUBE's error codes in words (cube-api.md 7.4)."""

_UNKNOWN = Reason(
    "Stopped by the server",
    "The server gave up on this run and names a reason chrislib does not know.",
    _AGAIN,
)


def reason_for(code: str) -> Reason | None:
    """Return the words for an error code; None for none and for the harmless 12."""
    if not code or code == "CODE12":
        return None
    return REASONS.get(code, _UNKNOWN)


def state_of(
    status: str,
    error_code: str,
    *,
    parents: Iterable[str] = (),
    phase: Phase | None = None,
    copies_first: bool = False,
) -> str:
    """Return the state word of a node.

    Parameters
    ----------
    status, error_code : str
        As the server sends them; an unknown status counts as running.
    parents : iterable of str
        State words of its parents.
    phase : Phase, optional
        What the job manager knows: only it can tell our own cancel from a stop
        upstream, and a deletion from an error.
    copies_first : bool
        The server copies inputs before it queues a run (CUBE 7): what is scheduled
        there is still being prepared, not back in the queue.
    """
    if phase is Phase.GONE:
        return "gone"
    if status == "scheduled" and copies_first:
        return "preparing"
    if status != "cancelled":
        return _STATUS.get(status, "running")
    if reason_for(error_code) is not None:
        return "failed"
    above = set(parents) & ENDED_BADLY
    if above - {"cancelled"}:
        # nothing can run there, whoever stopped it first
        return "upstream"
    if phase in _PHASE_STATE:
        return _PHASE_STATE[phase]
    return "upstream" if above else "cancelled"


def states_of_feed(feed: Feed) -> dict[str, int]:
    """Return nodes per state word from a feed's counters, in donut order."""
    counts: dict[str, int] = {}
    for counter, number in feed.jobs.items():
        if number:  # most are 0, and lists have thousands of feeds
            state = _COUNTERS.get(counter, "running")
            counts[state] = counts.get(state, 0) + number
    if len(counts) < 2:
        return counts
    return {state: counts[state] for state in STATES if state in counts}


def count_states(states: Iterable[str]) -> dict[str, int]:
    """Return how often each state word occurs, in donut order."""
    counts = dict.fromkeys(STATES, 0)
    for state in states:
        counts[state] += 1
    return {state: number for state, number in counts.items() if number}


_ROW_WORDS = {
    "errors": "with errors",
    "registering": "registering",
    "upstream": "stopped upstream",
    "gone": "gone",
}


def feed_words(states: Mapping[str, int]) -> str:
    """Return a feed in words: "10 nodes · 1 running, 1 failed"."""
    total = sum(states.values())
    nodes = "1 node" if total == 1 else f"{total:,} nodes"
    if not total:
        return "no nodes yet"
    if set(states) == {"ready"}:
        return f"{nodes} · ready"
    if set(states) == {"ready", "errors"}:
        return f"{nodes} · ready, with errors"
    parts = []
    for state in STATES:
        number = states.get(state, 0)
        if not number or state == "ready":
            continue
        word = _ROW_WORDS.get(state, WORDS[state].lower())
        parts.append(word if number == total else f"{number:,} {word}")
    return f"{nodes} · {', '.join(parts)}"


def duration(seconds: float) -> str:
    """Return a length of time in words: "48 s", "4 min 12 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def step_of_phase(phase: Phase) -> str:
    """Return the step a job's phase belongs to, "" for none."""
    return _PHASE_STEP.get(phase, "")


def steps(
    state: str,
    seen: Mapping[str, float],
    *,
    instance: PluginInstance,
    now: float,
    skew: float = 0.0,
) -> tuple[Step, ...]:
    """Return the five honest steps of a node.

    A time is given only where it was seen (`seen`: step word to seconds since the
    epoch, from job events or from looking) or where the server vouches for it: the
    start date of a run that computed, its end date once it is ready. Nothing in
    between is invented.

    Parameters
    ----------
    now : float
        Seconds since the epoch, this computer's clock, as in `seen`.
    skew : float
        How far the server's clock is ahead of ours, seconds.
    """
    times = dict(seen)
    finished = None
    if not instance.active and instance.end_date is not None:
        finished = instance.end_date.timestamp() - skew
    ran = state in {"running", "registering", "ready", "errors"}
    if ran and instance.start_date is not None:
        _refine(times, "running", instance.start_date.timestamp() - skew)
    if state in {"ready", "errors"} and finished is not None:
        _refine(times, "ready", finished)
    reached = _reached(state, times)
    result = []
    for index, word in enumerate(STEP_WORDS):
        if index < reached:
            status = "past"
        elif index == reached:
            status = _current(state)
        else:
            status = "next"
        at = times.get(word) if index <= reached else None
        result.append(
            Step(
                word=word,
                status=status,
                at=at,
                seconds=_length(index, times, reached=reached, now=now, end=finished)
                if status != "next"
                else None,
            )
        )
    return tuple(result)


def _refine(times: dict[str, float], word: str, vouched: float) -> None:
    """Take the server's time of a step where looking came later than the step."""
    place = STEP_WORDS.index(word)
    before = [times[step] for step in STEP_WORDS[:place] if step in times]
    seen = times.get(word)
    if seen is None or max(before, default=vouched) <= vouched < seen:
        times[word] = vouched


def _current(state: str) -> str:
    if state in {"ready", "errors"}:
        return "past"
    return "now" if state in ACTIVE else "failed"


def _reached(state: str, times: Mapping[str, float]) -> int:
    """Index of the step the node is in, or was in when it ended."""
    if state in {"ready", "errors"}:
        return 4
    last = max((STEP_WORDS.index(w) for w in times if w in STEP_WORDS), default=0)
    if state in STEP_WORDS:
        # a slot is waited for once more after the copy (CUBE 7): not a step back
        return max(STEP_WORDS.index(state), min(last, 1) if state == "queued" else 0)
    return min(last, 3)


def _length(
    index: int,
    times: Mapping[str, float],
    *,
    reached: int,
    now: float,
    end: float | None,
) -> float | None:
    begin = times.get(STEP_WORDS[index])
    if begin is None or index == 4:
        return None
    for later in range(index + 1, len(STEP_WORDS)):
        following = times.get(STEP_WORDS[later])
        if following is not None:
            return max(0.0, following - begin)
    if index < reached:
        return None
    return max(0.0, (end if end is not None else now) - begin)
