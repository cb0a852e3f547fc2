"""The rules by which a job changes. Pure: no clock, no disk, no network.

Two kinds of edges: *local* ones, which chrislib itself decides (`move`), and
*observed* ones, which follow from looks at the server (`reduce`). CUBE's final
states are not absorbing (a cancel that lands while a worker submits is overwritten by
``started``), so a final job may be reopened: then its epoch counts up.
"""

from collections.abc import Mapping
from typing import Any

from chrislib.copies import changed, replace
from chrislib.jobs.causes import meaning
from chrislib.jobs.decisions import FETCHABLE, RETENTION_EDGES, retain
from chrislib.jobs.model import Kind, Phase, ResultState, Retention
from chrislib.jobs.steps import (
    Event,
    IllegalMove,
    Notice,
    Observation,
    Step,
    Tracked,
    event_detail,
    event_of,
    notice_of,
    same_phase,
    step_of,
)

_LOCAL_EDGES: Mapping[Phase, frozenset[Phase]] = {
    # A draft the user takes back was never sent: it ends here and nowhere else.
    Phase.DRAFT: frozenset({Phase.SUBMITTING, Phase.QUEUED, Phase.CANCELLED}),
    Phase.SUBMITTING: frozenset({Phase.SUBMITTED, Phase.SUBMIT_UNCERTAIN, Phase.DRAFT}),
    Phase.SUBMIT_UNCERTAIN: frozenset({Phase.NOT_SUBMITTED}),
    # Transfers, which this computer carries out itself.
    Phase.QUEUED: frozenset({Phase.RUNNING}),
    Phase.RUNNING: frozenset({Phase.REGISTERING, Phase.QUEUED}),
    Phase.REGISTERING: frozenset({Phase.RUNNING}),
}


_TRANSFER_ENDS = frozenset(
    {Phase.FINISHED, Phase.FINISHED_WITH_ERRORS, Phase.FAILED, Phase.CANCELLED}
)


NOTICE_OF_PHASE: Mapping[Phase, str] = {
    Phase.FINISHED: "READY",
    Phase.FINISHED_WITH_ERRORS: "ERRORS",
    Phase.FAILED: "FAILED",
    Phase.CANCELLED: "CANCELLED_EXTERNALLY",
    Phase.NOT_SUBMITTED: "SUBMIT_UNCERTAIN",
    Phase.GONE: "GONE",
    Phase.ORPHANED: "GONE",
}
"""Kinds of inbox rows; CANCELLED tells nobody who asked for it."""


CANCEL_SENDS = 2
"""How often a cancel is sent before the user is asked."""


def begin(tracked: Tracked, *, now: float) -> Step:
    """Return the first step of a new job: its row and the event that made it."""
    job = replace(tracked.job, seq=1, created_at=now, changed_at=now)
    event = Event("created", None, job.phase, "user", now)
    return Step(replace(tracked, job=job), (event,))


def adopt(
    tracked: Tracked, obs: Observation, *, now: float, parent: Phase | None = None
) -> Step:
    """Return the first step of a run that was found on the server.

    What it is when it is found is no news to anybody: no notice comes of it.

    Parameters
    ----------
    tracked : Tracked
        Its key, intent and account; the phase is taken from `obs`.
    """
    started = replace(tracked.job, phase=Phase.SUBMITTED, created_at=now)
    seen = reduce(replace(tracked, job=started), obs, now=now, parent=parent)
    if seen is None:
        raise IllegalMove("a run that is followed already")
    job = replace(seen.tracked.job, seq=1)
    event = Event("adopted", None, job.phase, obs.source, now, event_detail(job))
    return Step(replace(seen.tracked, job=job), (event,))


def move(
    tracked: Tracked,
    to: Phase,
    *,
    now: float,
    source: str = "local",
    **changes: Any,
) -> Step:
    """Take a local edge.

    Parameters
    ----------
    to : Phase
        Where the job goes.
    **changes
        Fields of the job that change with it (detail, hint, progress …).

    Raises
    ------
    IllegalMove
        The table of edges has no such move.
    """
    old = tracked.job
    legal = to in _LOCAL_EDGES.get(old.phase, frozenset())
    if old.kind is not Kind.RUN and not old.phase.terminal:
        legal = legal or to in _TRANSFER_ENDS
    if not old.phase.terminal and to in {Phase.ORPHANED, Phase.GONE}:
        legal = True
    if not legal:
        raise IllegalMove(f"{old.phase.value} -> {to.value}")
    return _enter(tracked, to, kind="move", source=source, now=now, changes=changes)


def again(tracked: Tracked, *, now: float) -> Step:
    """Return the step by which a finished transfer goes on with what is missing.

    Raises
    ------
    IllegalMove
        The job is a run (run it again as a new one) or has not ended.
    """
    old = tracked.job
    if old.kind is Kind.RUN or not old.phase.terminal:
        raise IllegalMove(f"{old.kind.value} in {old.phase.value} cannot be retried")
    return _enter(
        tracked,
        Phase.QUEUED,
        kind="reopen",
        source="user",
        now=now,
        changes={
            "epoch": old.epoch + 1,
            "detail": "",
            "hint": "",
            "error_code": "",
            "failed_files": (),
            "progress": None,
            "cancel_requested_at": None,
        },
    )


def request_cancel(tracked: Tracked, *, now: float) -> Step | None:
    """Note that the user wants the job stopped; None when that is known.

    Asked again after both sends had no effect, it begins anew.
    """
    job = tracked.job
    known = job.cancel_requested_at is not None and job.cancel_sends < CANCEL_SENDS
    if known or job.phase.terminal:
        return None
    marked = replace(tracked, job=replace(job, cancel_requested_at=now, cancel_sends=0))
    return same_phase(marked, "cancel_requested", source="user", now=now)


def orphan(tracked: Tracked, *, now: float) -> Step | None:
    """Note that its server was replaced by another one at the same address."""
    if tracked.job.phase.terminal:
        return None
    return _enter(
        tracked,
        Phase.ORPHANED,
        kind="advance",
        source="local",
        now=now,
        changes={
            "detail": "Its server was set up anew: the run is not on it any more.",
            "hint": "Run it again, or ask who runs the server.",
        },
    )


def learn(tracked: Tracked, what: str, *, now: float, **changes: Any) -> Step:
    """Note a fact that changes no axis (a note was written, looks were made)."""
    own = {k: v for k, v in changes.items() if k in Tracked.__dataclass_fields__}
    rest = {k: v for k, v in changes.items() if k not in own}
    changed = replace(tracked, job=replace(tracked.job, **rest), **own)
    return same_phase(changed, what, source="local", now=now)


def missing(tracked: Tracked, *, now: float, after: float = 30.0) -> Step | None:
    """Take one 404: the first is remembered, one `after` seconds later means GONE.

    A run whose deletion is under way needs no second look. What has ended keeps its
    phase then: only what exists remotely changes.
    """
    old = tracked.job
    if old.phase in (Phase.GONE, Phase.ORPHANED):
        return None  # an orphan's number means another run by now, if any
    deleting = old.retention is not Retention.PRESENT
    if deleting and old.phase.terminal:
        return retain(tracked, Retention.PURGED, now=now, source="point")
    if not deleting and not tracked.deletion_status:
        if tracked.missing_since is None:
            return learn(tracked, "missing", now=now, missing_since=now)
        if now - tracked.missing_since < after:
            return None
    return _enter(
        tracked,
        Phase.GONE,
        kind="advance",
        source="point",
        now=now,
        changes={
            "detail": "It was deleted on the server.",
            "hint": "",
            "retention": Retention.PURGED if deleting else old.retention,
        },
    )


def reduce(
    tracked: Tracked,
    obs: Observation,
    *,
    now: float,
    parent: Phase | None = None,
    settle: float = 60.0,
) -> Step | None:
    """Apply one look at the server; None when it changes nothing.

    Parameters
    ----------
    settle : float
        Seconds the toast of an outcome that was not asked for is held back, since
        CUBE sometimes takes a ``cancelled`` back.
    """
    old = tracked.job
    if tracked.obs_sent is not None and obs.sent < tracked.obs_sent:
        return None
    facts = (obs.remote_status, obs.error_code, obs.end_date, obs.deletion_status)
    known = (
        old.remote_status,
        old.error_code,
        old.end_date,
        tracked.deletion_status,
    )
    service = obs.phase is not None
    remote_id = old.remote_id if service else obs.remote_id
    same_token = old.remote_id == remote_id and old.token == (obs.token or old.token)
    same = facts == known and same_token and obs.phase in (None, old.phase)
    if same and old.phase not in (Phase.GONE, Phase.ORPHANED):
        if tracked.missing_since is None:
            return None
        # it is there again: the next 404 is a first one, however long after
        return learn(tracked, "found_again", now=now, missing_since=None)
    phase, detail, hint = meaning(tracked, obs, parent)
    backwards = phase.rank < old.phase.rank or old.phase.terminal
    later = tracked.obs_received is None or obs.sent > tracked.obs_received
    if backwards and phase is not old.phase and not later:
        return None
    kind, epoch = "advance", old.epoch
    if phase is old.phase:
        kind = "facts"
    elif old.phase.terminal:
        kind, epoch = "reopen", old.epoch + 1
    elif phase.rank < old.phase.rank:
        kind = "regress"
    seen: dict[str, Any] = {
        "deletion_status": obs.deletion_status,
        "obs_sent": obs.sent,
        "obs_received": max(obs.received, tracked.obs_received or obs.received),
        "missing_since": None,
    }
    changes: dict[str, Any] = {
        "remote_id": remote_id,
        "token": obs.token or old.token,
        "start_date": obs.start_date or old.start_date,
        "end_date": obs.end_date,
        "remote_status": obs.remote_status,
        "error_code": obs.error_code,
        "feed_id": obs.feed_id if obs.feed_id is not None else old.feed_id,
        "previous_id": (
            obs.previous_id if obs.previous_id is not None else old.previous_id
        ),
        "workflow_id": (
            obs.workflow_id if obs.workflow_id is not None else old.workflow_id
        ),
        "epoch": epoch,
    }
    deleting = obs.deletion_status == "pending"
    if deleting and Retention.PURGING in RETENTION_EDGES[old.retention]:
        changes["retention"] = Retention.PURGING
    if kind == "facts":
        looked_at = changed(tracked, {**seen, "job": changed(old, changes)})
        return same_phase(looked_at, kind, source=obs.source, now=now)
    changes["detail"], changes["hint"] = detail, hint
    return _enter(
        tracked,
        phase,
        kind=kind,
        source=obs.source,
        now=now,
        changes=changes,
        hold=settle if obs.remote_status == "cancelled" else 0.0,
        seen=seen,
    )


def _enter(
    tracked: Tracked,
    phase: Phase,
    *,
    kind: str,
    source: str,
    now: float,
    changes: Mapping[str, Any],
    hold: float = 0.0,
    seen: Mapping[str, Any] | None = None,
) -> Step:
    """Build the step that changes the phase, with its result and notices."""
    old = tracked.job
    result = old.result
    if phase in FETCHABLE and result in (ResultState.NONE, ResultState.READY):
        result = ResultState.READY
    elif phase not in FETCHABLE and result is ResultState.READY:
        result = ResultState.NONE
    job = changed(
        old,
        {
            "result": result,
            **changes,
            "phase": phase,
            "seq": old.seq + 1,
            "changed_at": now,
            "terminal_at": now if phase.terminal else None,
        },
    )
    event = event_of(kind, old.phase, phase, source, now, event_detail(job))
    notices: tuple[Notice, ...] = ()
    word = NOTICE_OF_PHASE.get(phase)
    asked = (phase is Phase.CANCELLED and job.cancel_requested_at is not None) or (
        phase is Phase.GONE and job.retention is Retention.PURGED
    )
    if word is not None and not asked and job.tracked:
        notices = (notice_of(word, job.epoch, hold),)
    withdrawn: tuple[Notice, ...] = ()
    if kind == "reopen" and old.phase in NOTICE_OF_PHASE:
        withdrawn = (Notice(NOTICE_OF_PHASE[old.phase], old.epoch),)
    known = (
        changed(tracked, {**seen, "job": job}) if seen else replace(tracked, job=job)
    )
    return step_of(known, (event,), notices, withdrawn)
