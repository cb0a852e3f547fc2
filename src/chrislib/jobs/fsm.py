"""The rules by which a job changes. Pure: no clock, no disk, no network.

Two kinds of edges: *local* ones, which chrislib itself decides (`move`), and
*observed* ones, which follow from looks at the server (`reduce`). CUBE's final
states are not absorbing (a cancel that lands while a worker submits is overwritten by
``started``), so a final job may be reopened: then its epoch counts up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chrislib.jobs.model import Job, Kind, Phase, ResultState, Retention

PHASE_OF_STATUS: Mapping[str, Phase] = {
    "created": Phase.SUBMITTED,
    "waiting": Phase.WAITING,
    "copying": Phase.STAGING_IN,
    "scheduled": Phase.QUEUED,
    "started": Phase.RUNNING,
    "uploading": Phase.STAGING_OUT,
    "registeringFiles": Phase.REGISTERING,
    "finishedSuccessfully": Phase.FINISHED,
    "finishedWithError": Phase.FINISHED_WITH_ERRORS,
}
"""CUBE's ``status`` without ``cancelled``, which has five meanings (`classify`)."""

REASONS: Mapping[str, tuple[str, str]] = {
    "CODE01": ("The run could not be handed to the compute resource.", "Run it again."),
    "CODE02": ("The compute resource stopped answering.", "Run it again."),
    "CODE03": ("The results could not be fetched from compute.", "Run it again."),
    "CODE04": ("The results arrived damaged from compute.", "Run it again."),
    "CODE05": ("A parent of this join is not there.", "Choose its parents again."),
    "CODE06": ("The server could not list its storage.", "Try again later."),
    "CODE07": (
        "The server could not write to its storage: the disk may be full.",
        "Free space on the server, then run it again.",
    ),
    "CODE08": ("The server could not read its storage.", "Try again later."),
    "CODE09": ("The server could not copy in its storage.", "Try again later."),
    "CODE10": ("The compute resource lost track of the run.", "Run it again."),
    "CODE11": ("The server's storage did not settle.", "Run it again."),
    "CODE13": (
        "The run took longer than the compute resource allows.",
        "Give it less to do, or another compute resource.",
    ),
    "CODE14": ("Some output files did not arrive.", "Run it again."),
    "CODE15": ("Some output files did not arrive.", "Run it again."),
    "CODE16": ("Output files and storage differ.", "Run it again."),
    "CODE17": ("An input path is not allowed.", "Choose other input."),
    "CODE18": ("A helper job of the server failed or was stuck.", "Run it again."),
    "CODE19": ("A task of the server crashed.", "Run it again."),
}
"""`error_code` to (what happened, what to do); cube-api 7.4. CODE12 is clean-up."""

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
_FETCHABLE = frozenset({Phase.FINISHED, Phase.FINISHED_WITH_ERRORS})
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

RESULT_EDGES: Mapping[ResultState, frozenset[ResultState]] = {
    ResultState.NONE: frozenset({ResultState.READY, ResultState.DISCARDED}),
    ResultState.READY: frozenset(
        {
            ResultState.FETCHING,
            ResultState.FETCHED,
            ResultState.FETCH_FAILED,
            ResultState.SNOOZED,
            ResultState.DISCARDED,
        }
    ),
    ResultState.SNOOZED: frozenset(
        {ResultState.READY, ResultState.FETCHING, ResultState.DISCARDED}
    ),
    ResultState.FETCHING: frozenset(
        {ResultState.FETCHED, ResultState.FETCH_FAILED, ResultState.READY}
    ),
    ResultState.FETCH_FAILED: frozenset(
        {
            ResultState.FETCHING,
            ResultState.FETCHED,
            ResultState.READY,
            ResultState.DISCARDED,
        }
    ),
    ResultState.FETCHED: frozenset(
        {ResultState.MERGED, ResultState.FETCHING, ResultState.DISCARDED}
    ),
    ResultState.MERGED: frozenset({ResultState.FETCHING}),
    ResultState.DISCARDED: frozenset({ResultState.READY}),
}
"""What a user's decision can make of an output. Discarding can be taken back."""

RETENTION_EDGES: Mapping[Retention, frozenset[Retention]] = {
    Retention.PRESENT: frozenset({Retention.PURGE_REQUESTED, Retention.PURGING}),
    Retention.PURGE_REQUESTED: frozenset(
        {
            Retention.PURGING,
            Retention.PURGED,
            Retention.PURGE_FAILED,
            Retention.PRESENT,
        }
    ),
    Retention.PURGING: frozenset({Retention.PURGED, Retention.PURGE_FAILED}),
    Retention.PURGE_FAILED: frozenset(
        {Retention.PURGE_REQUESTED, Retention.PURGING, Retention.PURGED}
    ),
    Retention.PURGED: frozenset(),
}
"""Of what exists remotely; PURGING without a request was asked for elsewhere."""

CANCEL_SENDS = 2
"""How often a cancel is sent before the user is asked."""

_CLEAN_UP_CODE = "CODE12"


class IllegalMove(ValueError):
    """A transition the table does not have: a bug of the caller, never of a user."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """A job with what the rules need to know and nobody else does."""

    job: Job
    server_uuid: str = ""
    deletion_status: str = ""
    obs_sent: float | None = None
    obs_received: float | None = None
    note_pending: bool = False
    reconcile_looks: int = 0
    missing_since: float | None = None

    @property
    def account_id(self) -> int:
        """Whose job it is."""
        return self.job.account_id


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at one run on the server.

    `sent` and `received` are local monotonic-ordered seconds of the request that
    brought it; they order looks, nothing else.

    A service other than CUBE is known by its `token` (`remote_id` is 0 then) and says
    the `phase` itself, with its own words in `detail` and `hint`.
    """

    remote_id: int
    remote_status: str
    error_code: str
    sent: float
    received: float
    source: str
    """submit, active, window, digest, feed, point, reconcile, adopt or user."""
    start_date: str = ""
    end_date: str = ""
    feed_id: int | None = None
    previous_id: int | None = None
    deletion_status: str = ""
    title: str = ""
    log: str = ""
    workflow_id: int | None = None
    owner: str = ""
    plugin_id: int = 0
    plugin_name: str = ""
    plugin_version: str = ""
    plugin_type: str = ""
    compute_resource: str = ""
    token: str = ""
    phase: Phase | None = None
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a job's history; `Step.tracked.job.seq` is that of the last."""

    kind: str
    from_phase: Phase | None
    to_phase: Phase
    source: str
    at: float
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """An outcome for the inbox; its toast is held back for `hold` seconds."""

    kind: str
    epoch: int
    hold: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one decision changes: all of it is committed together."""

    tracked: Tracked
    events: tuple[Event, ...] = ()
    notices: tuple[Notice, ...] = ()
    withdrawn: tuple[Notice, ...] = ()


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
    event = Event("adopted", None, job.phase, obs.source, now, _event_detail(job))
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
    return _same_phase(marked, "cancel_requested", source="user", now=now)


def may_become(tracked: Tracked, to: ResultState) -> bool:
    """Whether the user can decide so about the output as things are."""
    if to is ResultState.READY and tracked.job.phase not in _FETCHABLE:
        return False
    return to in RESULT_EDGES[tracked.job.result]


def decide_result(
    tracked: Tracked,
    to: ResultState,
    *,
    now: float,
    source: str = "user",
    until: float | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Step | None:
    """Note what the user did with the output; None when nothing changes.

    Parameters
    ----------
    until : float, optional
        End of a snooze, seconds since the epoch.

    Raises
    ------
    IllegalMove
        `RESULT_EDGES` has no such edge, or READY without a finished job.
    """
    old = tracked.job
    if old.result is to and old.snooze_until == until:
        return None
    snoozed_again = old.result is to is ResultState.SNOOZED
    if not snoozed_again and not may_become(tracked, to):
        raise IllegalMove(f"{old.result.value} -> {to.value} in {old.phase.value}")
    changed = replace(tracked, job=replace(old, result=to, snooze_until=until))
    said = {"result": to.value, **(detail or {})}
    return _same_phase(changed, "result", source=source, now=now, detail=said)


def retain(
    tracked: Tracked,
    to: Retention,
    *,
    now: float,
    source: str = "user",
    detail: str = "",
) -> Step | None:
    """Note what exists remotely; None when nothing changes.

    PURGED needs the server's word for it (invariant I13): only who got a 404, or the
    204 of an old server, says so.

    Raises
    ------
    IllegalMove
        `RETENTION_EDGES` has no such edge.
    """
    old = tracked.job
    if old.retention is to:
        return None
    if to not in RETENTION_EDGES[old.retention]:
        raise IllegalMove(f"{old.retention.value} -> {to.value}")
    job = replace(old, retention=to, detail=detail or old.detail)
    step = _same_phase(
        replace(tracked, job=job),
        "retention",
        source=source,
        now=now,
        detail={"retention": to.value},
    )
    if to is Retention.PURGE_FAILED and job.tracked:
        return replace(step, notices=(Notice("PURGE_FAILED", job.epoch),))
    return step


def tell(
    tracked: Tracked,
    kind: str,
    *,
    now: float,
    source: str = "local",
    detail: Mapping[str, Any] | None = None,
) -> Step:
    """Put a fact into the history and the inbox that changes no axis.

    Parameters
    ----------
    kind : str
        STALLED, STATE_CHANGED, CANCEL_IGNORED or SUBMIT_UNCERTAIN; once per epoch,
        whoever says it how often.
    """
    step = _same_phase(tracked, kind.lower(), source=source, now=now, detail=detail)
    if not tracked.job.tracked:
        return step
    return replace(step, notices=(Notice(kind, tracked.job.epoch),))


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
    return _same_phase(changed, what, source="local", now=now)


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


def classify(
    tracked: Tracked, error_code: str, *, parent: Phase | None
) -> tuple[Phase, str, str]:
    """Tell the meanings of CUBE's ``cancelled`` apart.

    Parameters
    ----------
    parent : Phase or None
        Phase of the parent run, when it is known.

    Returns
    -------
    tuple
        Phase, what happened, what to do.
    """
    job = tracked.job
    if error_code and error_code != _CLEAN_UP_CODE:
        text, hint = REASONS.get(
            error_code, ("The server gave the run up.", "Run it again.")
        )
        return Phase.FAILED, text, hint
    if job.cancel_requested_at is not None:
        return Phase.CANCELLED, "Cancelled by you.", ""
    failed = (
        Phase.FINISHED_WITH_ERRORS,
        Phase.FAILED,
        Phase.CANCELLED,
        Phase.CANCELLED_UPSTREAM,
    )
    waited = job.phase in (Phase.WAITING, Phase.SUBMITTED, Phase.SUBMITTING)
    if waited and parent in failed:
        return (
            Phase.CANCELLED_UPSTREAM,
            "It was not started, because the node before it did not succeed.",
            "Look at the node before it.",
        )
    return Phase.CANCELLED, "Cancelled on the server by someone else.", ""


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
        return None
    phase, detail, hint = _meaning(tracked, obs, parent)
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
    seen = replace(
        tracked,
        deletion_status=obs.deletion_status,
        obs_sent=obs.sent,
        obs_received=max(obs.received, tracked.obs_received or obs.received),
        missing_since=None,
    )
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
        seen = replace(seen, job=replace(old, **changes))
        return _same_phase(seen, kind, source=obs.source, now=now)
    changes |= {"detail": detail, "hint": hint}
    return _enter(
        seen,
        phase,
        kind=kind,
        source=obs.source,
        now=now,
        changes=changes,
        hold=settle if obs.remote_status == "cancelled" else 0.0,
    )


def _meaning(
    tracked: Tracked, obs: Observation, parent: Phase | None
) -> tuple[Phase, str, str]:
    """Return the phase a look shows, what happened and what to do."""
    if obs.phase is not None:
        return obs.phase, obs.detail, obs.hint
    if obs.remote_status == "cancelled":
        return classify(tracked, obs.error_code, parent=parent)
    phase = PHASE_OF_STATUS.get(obs.remote_status, Phase.UNKNOWN)
    if phase is Phase.FINISHED_WITH_ERRORS:
        kept = "The program ended with an error; what it wrote is kept."
        return phase, kept, "Look at its log."
    if phase is Phase.UNKNOWN:
        return phase, f"The server says “{obs.remote_status}”.", ""
    return phase, "", ""


def _enter(
    tracked: Tracked,
    phase: Phase,
    *,
    kind: str,
    source: str,
    now: float,
    changes: Mapping[str, Any],
    hold: float = 0.0,
) -> Step:
    """Build the step that changes the phase, with its result and notices."""
    old = tracked.job
    result = old.result
    if phase in _FETCHABLE and result in (ResultState.NONE, ResultState.READY):
        result = ResultState.READY
    elif phase not in _FETCHABLE and result is ResultState.READY:
        result = ResultState.NONE
    job = replace(
        old,
        **{
            "result": result,
            **changes,
            "phase": phase,
            "seq": old.seq + 1,
            "changed_at": now,
            "terminal_at": now if phase.terminal else None,
        },
    )
    event = Event(kind, old.phase, phase, source, now, _event_detail(job))
    notices: tuple[Notice, ...] = ()
    word = NOTICE_OF_PHASE.get(phase)
    asked = (phase is Phase.CANCELLED and job.cancel_requested_at is not None) or (
        phase is Phase.GONE and job.retention is Retention.PURGED
    )
    if word is not None and not asked and job.tracked:
        notices = (Notice(word, job.epoch, hold),)
    withdrawn: tuple[Notice, ...] = ()
    if kind == "reopen" and old.phase in NOTICE_OF_PHASE:
        withdrawn = (Notice(NOTICE_OF_PHASE[old.phase], old.epoch),)
    return Step(replace(tracked, job=job), (event,), notices, withdrawn)


def _same_phase(
    tracked: Tracked,
    kind: str,
    *,
    source: str,
    now: float,
    detail: Mapping[str, Any] | None = None,
) -> Step:
    job = replace(tracked.job, seq=tracked.job.seq + 1, changed_at=now)
    event = Event(kind, job.phase, job.phase, source, now, detail or {})
    return Step(replace(tracked, job=job), (event,))


def _event_detail(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = {"epoch": job.epoch}
    if job.remote_id is not None:
        found["remote_id"] = job.remote_id
    if job.remote_status:
        found["remote_status"] = job.remote_status
    if job.token:
        found["token"] = job.token
    if job.error_code:
        found["error_code"] = job.error_code
    return found
