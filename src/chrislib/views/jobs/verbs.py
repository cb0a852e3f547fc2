"""What can be done with a job or an outcome. Pure; `doing` does it."""

from dataclasses import dataclass

from chrislib.jobs.model import (
    InboxRow,
    Job,
    Kind,
    OpaqueIntent,
    Phase,
    Reach,
    ResultState,
    Retention,
)
from chrislib.views.jobs.words import result_open


@dataclass(frozen=True, slots=True)
class Verb:
    """One action: its id, its word, its key, and how its button looks."""

    name: str
    word: str
    key: str
    kind: str = "secondary"
    icon: str = ""


GET = Verb("get", "Get", "D", "primary")
LATER = Verb("later", "Later", "L")
LATER_EVENING = Verb("later-evening", "Later, this evening", "")
LATER_TOMORROW = Verb("later-tomorrow", "Later, tomorrow", "")
GET_PARTIAL = Verb("get", "Get partial output …", "")
DISCARD = Verb("discard", "Discard", "Del")
UNDO = Verb("undo", "Undo discard", "")
SHOW = Verb("show", "Show", "Return")
VIEW = Verb("show", "View", "Return")
FOLDER = Verb("folder", "Open folder", "Return")
RETRY = Verb("retry", "Retry", "R", icon="rotate-cw")
AGAIN = Verb("retry", "Run again", "R", icon="rotate-cw")
CANCEL = Verb("cancel", "Cancel", "X")
PAUSE = Verb("pause", "Pause", "")
RESUME = Verb("resume", "Resume", "")
CANCEL_AGAIN = Verb("cancel", "Cancel again", "X")
LET_RUN = Verb("let-run", "Let it run", "")
LOOK = Verb("look", "Look again", "R", icon="rotate-cw")
WHICH = Verb("which", "Which run …", "R")
TRACK = Verb("track", "Track this", "")
UNTRACK = Verb("untrack", "Stop tracking", "")
PURGE = Verb("purge", "Remove from server …", "", "danger")
EXPORT = Verb("provenance", "Export provenance …", "")
COMPARE = Verb("compare", "Compare with how it is now …", "")
COMPARE_NOW = Verb("compare", "Compare …", "")
PURGE_AGAIN = Verb("purge", "Remove again …", "")
_DONE = (Phase.FINISHED, Phase.FINISHED_WITH_ERRORS)
_AGAIN = (Phase.FAILED, Phase.CANCELLED, Phase.NOT_SUBMITTED, Phase.GONE)
_MOVING = frozenset({Kind.PULL, Kind.UPLOAD, Kind.DOWNLOAD})
AMBIGUOUS = "AMBIGUOUS"
"""`Job.error_code` of a submission several runs may stand for."""


def verbs_of(job: Job) -> tuple[Verb, ...]:
    """Return what can be done with `job` now, the main thing first."""
    if isinstance(job.intent, OpaqueIntent) or job.reach is Reach.NO_BACKEND:
        # nobody here knows what could be done with it; its token is kept
        return ()
    seen = job.feed_id is not None or job.kind in _MOVING
    shown = (SHOW,) if seen else ()
    if job.phase is Phase.SUBMIT_UNCERTAIN:
        return (WHICH if job.error_code == AMBIGUOUS else LOOK, *shown)
    if not job.phase.terminal:
        if job.cancel_requested_at is not None:
            asked = job.cancel_sends >= 2
            return (CANCEL_AGAIN, LET_RUN) if asked else shown
        return (RESUME, CANCEL, *shown) if job.paused else (CANCEL, *shown)
    if job.phase in _AGAIN:
        again = RETRY if job.kind in _MOVING else AGAIN
        return (again, *shown)
    if job.kind is Kind.DOWNLOAD:
        more = (RETRY,) if job.phase is Phase.FINISHED_WITH_ERRORS else ()
        return (*more, FOLDER)
    if job.kind in _MOVING:
        more = (RETRY,) if job.phase is Phase.FINISHED_WITH_ERRORS else ()
        return (*more, VIEW if job.kind is Kind.PULL else SHOW)
    return _for_result(job, shown)


def _for_result(job: Job, shown: tuple[Verb, ...]) -> tuple[Verb, ...]:
    """Return what can be done with what a run has brought."""
    if job.phase not in _DONE or job.retention is Retention.PURGED:
        return shown
    if job.result is ResultState.DISCARDED:
        return (UNDO, *shown)
    if job.result is ResultState.FETCH_FAILED:
        return (GET, DISCARD)
    if result_open(job):
        later = () if job.result is ResultState.SNOOZED else (LATER,)
        return (GET, *later, DISCARD)
    return shown


def more_verbs_of(job: Job) -> tuple[Verb, ...]:
    """Return what else can be done with `job`: in its menu and details only."""
    if isinstance(job.intent, OpaqueIntent):
        return (EXPORT,)
    found = [UNTRACK if job.tracked else TRACK]
    if LATER in verbs_of(job):
        found = [LATER_EVENING, LATER_TOMORROW, *found]
    partial = job.kind is Kind.RUN and job.remote_id is not None
    if partial and job.phase in {Phase.FAILED, Phase.CANCELLED}:
        found = [GET_PARTIAL, *found]
    if job.kind is Kind.RUN and job.phase in _DONE:
        found.append(COMPARE)
    waits = job.phase in (Phase.QUEUED, Phase.RUNNING) and not job.paused
    if job.kind is Kind.UPLOAD and waits:
        found = [PAUSE, *found]
    if _can_be_purged(job):
        found.append(PURGE)
    found.append(EXPORT)
    return tuple(found)


def _can_be_purged(job: Job) -> bool:
    kept = job.retention in {Retention.PRESENT, Retention.PURGE_FAILED}
    there = job.remote_id is not None and job.phase is not Phase.GONE
    return job.kind is Kind.RUN and job.phase.terminal and kept and there


def verbs_of_row(row: InboxRow, job: Job | None) -> tuple[Verb, ...]:
    """Return what can be done with an outcome."""
    if job is None:
        return (SHOW,) if row.feed_id is not None else ()
    if row.kind == "STATE_CHANGED" and COMPARE in more_verbs_of(job):
        return (COMPARE_NOW, SHOW, DISCARD)
    if row.kind == "PURGE_FAILED" and PURGE in more_verbs_of(job):
        return (PURGE_AGAIN, SHOW, DISCARD)
    verbs = verbs_of(job)
    if verbs and verbs[0] is GET and job.feed_id is not None:
        return verbs
    return (*verbs, DISCARD) if DISCARD not in verbs and len(verbs) < 3 else verbs
