"""What people decide: about outputs, and about what exists on the server. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chrislib.jobs.model import Phase, ResultState, Retention
from chrislib.jobs.steps import IllegalMove, Notice, Step, Tracked, same_phase

FETCHABLE = frozenset({Phase.FINISHED, Phase.FINISHED_WITH_ERRORS})
"""Phases in which there is an output to be had."""

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


def may_become(tracked: Tracked, to: ResultState) -> bool:
    """Whether the user can decide so about the output as things are."""
    if to is ResultState.READY and tracked.job.phase not in FETCHABLE:
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
    return same_phase(changed, "result", source=source, now=now, detail=said)


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
    step = same_phase(
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
    step = same_phase(tracked, kind.lower(), source=source, now=now, detail=detail)
    if not tracked.job.tracked:
        return step
    return replace(step, notices=(Notice(kind, tracked.job.epoch),))
