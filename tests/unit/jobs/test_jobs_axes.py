"""The axes of a job under any order of looks, decisions, purges and 404s."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.jobs import causes, decisions, fsm, steps
from chrislib.jobs.model import (
    Job,
    JobKey,
    Kind,
    Phase,
    ResultState,
    Retention,
    RunIntent,
)
from chrislib.jobs.stall import Limits, stalled

_RUN = RunIntent(5, "pl-x", "1.0", "ds", {})
_STATUSES = (*causes.PHASE_OF_STATUS, "cancelled", "archiving")
_FETCHABLE = (Phase.FINISHED, Phase.FINISHED_WITH_ERRORS)


@dataclass
class History:
    """A job, what happened to it, and which inbox rows that made."""

    tracked: steps.Tracked
    events: list[steps.Event] = field(default_factory=list)
    notices: list[tuple[str, int]] = field(default_factory=list)
    clock: float = 0.0
    confirmed: bool = False
    """Whether the server has ever said that the run is not there."""

    def take(self, step: steps.Step | None) -> None:
        """Commit a step and check what must be so after every one."""
        if step is None:
            return
        before, after = self.tracked.job, step.tracked.job
        assert after.seq == before.seq + len(step.events)  # I4
        reopened = before.phase.terminal and not after.phase.terminal
        assert not reopened or after.epoch > before.epoch  # I10
        ready = after.result is ResultState.READY
        assert not ready or after.phase in _FETCHABLE  # I12
        purged = after.retention is Retention.PURGED
        assert not purged or self.confirmed  # I13
        new = {(notice.kind, notice.epoch) for notice in step.notices}
        assert after.tracked or not new  # shadow rows tell nobody
        entered = after.phase is not before.phase or after.epoch != before.epoch
        if new & set(self.notices):
            # The same outcome in the same epoch: the inbox's key makes it one row.
            assert not entered or not before.phase.terminal
        self.tracked = step.tracked
        self.events += step.events
        self.notices += sorted(new)


moves = st.one_of(
    st.tuples(
        st.just("look"),
        st.sampled_from(_STATUSES),
        st.sampled_from(("", "CODE12", "CODE14")),
        st.sampled_from(("", "pending", "failed")),
        st.integers(-3, 3),
    ),
    st.tuples(st.just("decide"), st.sampled_from(ResultState)),
    st.tuples(st.just("retain"), st.sampled_from(Retention)),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("missing"), st.sampled_from((1.0, 31.0))),
    st.tuples(st.just("orphan")),
    st.tuples(st.just("tell"), st.sampled_from(("STALLED", "STATE_CHANGED"))),
)


def play(history: History, move: tuple[Any, ...]) -> None:
    """Make one move as the job manager would."""
    history.clock += 1
    tracked, now = history.tracked, history.clock
    if move[0] == "look":
        _, status, code, deletion, late = move
        sent = now + late
        looked = steps.Observation(
            7, status, code, sent, sent + 0.5, "active", deletion_status=deletion
        )
        history.take(fsm.reduce(tracked, looked, now=now))
    elif move[0] == "decide":
        if decisions.may_become(tracked, move[1]):
            history.take(decisions.decide_result(tracked, move[1], now=now))
        elif move[1] is not tracked.job.result:
            with pytest.raises(steps.IllegalMove):
                decisions.decide_result(tracked, move[1], now=now)
    elif move[0] == "retain":
        to = move[1]
        if to is Retention.PURGED:
            return  # only a 404 says so: "missing"
        if to in decisions.RETENTION_EDGES[tracked.job.retention]:
            history.take(decisions.retain(tracked, to, now=now))
        elif to is not tracked.job.retention:
            with pytest.raises(steps.IllegalMove):
                decisions.retain(tracked, to, now=now)
    elif move[0] == "cancel":
        history.take(fsm.request_cancel(tracked, now=now))
    elif move[0] == "missing":
        history.clock += move[1]
        history.confirmed = True
        history.take(fsm.missing(tracked, now=history.clock))
    elif move[0] == "orphan":
        history.take(fsm.orphan(tracked, now=now))
    else:
        history.take(decisions.tell(tracked, move[1], now=now))


def begun(*, tracked: bool = True) -> History:
    """Return a run the server has just taken."""
    job = Job(JobKey("k"), Kind.RUN, Phase.SUBMITTED, _RUN, "t", remote_id=7)
    return History(steps.Tracked(replace(job, tracked=tracked)))


@given(st.lists(moves, max_size=40), st.booleans())
def test_whatever_happens_the_axes_stay_legal(
    story: list[tuple[Any, ...]], tracked: bool
) -> None:
    history = begun(tracked=tracked)
    for move in story:
        play(history, move)
    fold = Phase.SUBMITTED
    for event in history.events:
        assert event.from_phase is fold  # I5
        fold = event.to_phase
    assert history.tracked.job.phase is fold


@given(st.lists(moves, max_size=30))
def test_decisions_and_purges_never_change_the_phase(
    story: list[tuple[Any, ...]],
) -> None:
    history = begun()
    for move in story:
        before = history.tracked.job
        play(history, move)
        after = history.tracked.job
        if move[0] in ("decide", "retain", "cancel", "tell"):
            assert after.phase is before.phase
            assert after.epoch == before.epoch
        if move[0] in ("decide", "cancel", "tell"):
            assert after.retention is before.retention  # I14: discarding is local
        if move[0] in ("retain", "cancel", "tell"):
            assert after.result is before.result


@given(st.lists(moves, max_size=30))
def test_a_discard_can_be_taken_back_while_there_is_something(
    story: list[tuple[Any, ...]],
) -> None:
    history = begun()
    for move in story:
        play(history, move)
    job = history.tracked.job
    if job.result is ResultState.DISCARDED and job.phase in _FETCHABLE:
        step = decisions.decide_result(history.tracked, ResultState.READY, now=1e9)
        assert step is not None
        assert step.tracked.job.result is ResultState.READY


def test_a_failed_purge_tells_and_can_be_asked_for_again() -> None:
    history = begun()
    play(history, ("look", "finishedSuccessfully", "", "", 0))
    for to in (Retention.PURGE_REQUESTED, Retention.PURGING, Retention.PURGE_FAILED):
        play(history, ("retain", to))
    assert ("PURGE_FAILED", 0) in history.notices
    play(history, ("retain", Retention.PURGE_REQUESTED))
    play(history, ("missing", 0.0))
    assert history.tracked.job.retention is Retention.PURGED
    assert history.tracked.job.phase is Phase.FINISHED


def test_a_deletion_asked_for_elsewhere_is_seen_and_needs_no_second_look() -> None:
    history = begun()
    play(history, ("look", "started", "", "pending", 0))
    seen = [history.tracked.job]
    play(history, ("missing", 0.0))
    seen.append(history.tracked.job)
    assert [job.retention for job in seen] == [Retention.PURGING, Retention.PURGED]
    assert seen[1].phase is Phase.GONE
    assert not history.notices


@pytest.mark.parametrize(
    ("phase", "after", "told"),
    [
        (Phase.SUBMITTED, 599, False),
        (Phase.SUBMITTED, 601, True),
        (Phase.QUEUED, 1799, False),
        (Phase.QUEUED, 1801, True),
        (Phase.REGISTERING, 601, True),
        (Phase.RUNNING, 1e6, False),
        (Phase.WAITING, 1e6, False),
        (Phase.FINISHED, 1e6, False),
    ],
)
def test_what_stands_still_for_too_long_is_said(
    phase: Phase, after: float, told: bool
) -> None:
    job = Job(JobKey("k"), Kind.RUN, phase, _RUN, "t", changed_at=100.0)
    assert bool(stalled(job, now=100.0 + after)) is told


def test_limits_come_from_the_compute_resource_and_from_experience() -> None:
    job = Job(JobKey("k"), Kind.RUN, Phase.RUNNING, _RUN, "t", changed_at=0.0)
    assert stalled(job, now=61, limits=Limits(running=60))
    assert not stalled(job, now=59, limits=Limits(running=60))
    registering = replace(job, phase=Phase.REGISTERING)
    assert not stalled(registering, now=900, limits=Limits(registering=1200))
