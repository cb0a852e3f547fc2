"""The rules of the state machine, over any order of looks and any server."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.jobs import causes, fsm, steps
from chrislib.jobs.model import (
    Job,
    JobKey,
    Kind,
    Phase,
    PullIntent,
    Reach,
    ResultState,
    Retention,
    RunIntent,
)
from chrislib.jobs.steps import Event, Notice, Observation, Step, Tracked

RUN = RunIntent(1, "p", "1", "ds", {}, previous_id=3)
STATUSES = (*causes.PHASE_OF_STATUS, "cancelled", "somethingNew")


def run(phase: Phase = Phase.SUBMITTING, **changes: object) -> Tracked:
    """Return a run in some phase."""
    job = Job(JobKey("k"), Kind.RUN, phase, RUN, "t", seq=1)
    own = {k: v for k, v in changes.items() if k in Tracked.__dataclass_fields__}
    rest = {k: v for k, v in changes.items() if k not in own}
    return replace(Tracked(replace(job, **rest)), **own)  # type: ignore[arg-type]


def look(status: str, at: float, *, code: str = "", end: str = "") -> Observation:
    """Return a look at a run."""
    return Observation(9, status, code, at, at + 0.5, "active", end_date=end)


looks = st.lists(
    st.builds(
        look,
        st.sampled_from(STATUSES),
        st.floats(0, 100, allow_nan=False),
        code=st.sampled_from(["", "CODE01", "CODE12", "CODE99"]),
        end=st.sampled_from(["", "2026-01-01T00:00:00+00:00"]),
    ),
    max_size=25,
)
parents = st.sampled_from([None, *Phase])


def play(
    start: Tracked, observations: list[Observation], parent: Phase | None
) -> tuple[Tracked, list[Event], list[Notice], list[Step]]:
    """Apply looks one after the other."""
    tracked = start
    events: list[Event] = []
    notices: list[Notice] = []
    steps: list[Step] = []
    for number, observation in enumerate(observations):
        step = fsm.reduce(tracked, observation, now=float(number), parent=parent)
        if step is not None:
            tracked = step.tracked
            events += step.events
            notices += step.notices
            steps.append(step)
    return tracked, events, notices, steps


@given(looks, parents)
def test_seq_counts_events_without_a_gap(
    observations: list[Observation], parent: Phase | None
) -> None:  # I4
    tracked, events, _, _ = play(run(), observations, parent)
    assert tracked.job.seq == 1 + len(events)


@given(looks, parents)
def test_phase_is_the_fold_of_the_events(
    observations: list[Observation], parent: Phase | None
) -> None:  # I5
    tracked, events, _, _ = play(run(), observations, parent)
    phase = Phase.SUBMITTING
    for event in events:
        assert event.from_phase is phase
        phase = event.to_phase
    assert tracked.job.phase is phase


@given(looks, parents)
def test_one_notice_for_each_outcome_and_epoch(
    observations: list[Observation], parent: Phase | None
) -> None:  # I6, I7
    _, events, notices, _ = play(run(), observations, parent)
    assert len({(n.kind, n.epoch) for n in notices}) == len(notices)
    entered = [
        event
        for event in events
        if event.to_phase in fsm.NOTICE_OF_PHASE
        and event.from_phase is not event.to_phase
    ]
    assert len(entered) == len(notices)


@given(looks, parents)
def test_only_a_later_look_reopens_and_the_epoch_counts(
    observations: list[Observation], parent: Phase | None
) -> None:  # I10
    tracked = run()
    for number, observation in enumerate(observations):
        step = fsm.reduce(tracked, observation, now=float(number), parent=parent)
        if step is None:
            continue
        old, new = tracked, step.tracked
        if old.job.phase.terminal and new.job.phase is not old.job.phase:
            assert new.job.epoch == old.job.epoch + 1
            assert old.obs_received is None or observation.sent > old.obs_received
        else:
            assert new.job.epoch == old.job.epoch
        if new.job.phase.rank < old.job.phase.rank and not old.job.phase.terminal:
            assert old.obs_received is None or observation.sent > old.obs_received
        tracked = new


@given(looks, parents, st.sampled_from(Reach), st.sampled_from(Retention))
def test_axes_do_not_touch_each_other(
    observations: list[Observation],
    parent: Phase | None,
    reach: Reach,
    retention: Retention,
) -> None:  # I11
    start = run(reach=reach, retention=retention)
    tracked, _, _, _ = play(start, observations, parent)
    assert (tracked.job.reach, tracked.job.retention) == (reach, retention)
    plain, _, _, _ = play(run(), observations, parent)
    assert (tracked.job.phase, tracked.job.result) == (
        plain.job.phase,
        plain.job.result,
    )


@given(looks, parents)
def test_ready_only_when_there_is_something_to_fetch(
    observations: list[Observation], parent: Phase | None
) -> None:  # I12
    _, _, _, steps = play(run(), observations, parent)
    for step in steps:
        ready = step.tracked.job.result is ResultState.READY
        done = step.tracked.job.phase in (Phase.FINISHED, Phase.FINISHED_WITH_ERRORS)
        assert ready == done


@given(looks, parents)
def test_a_page_applied_twice_is_applied_once(
    observations: list[Observation], parent: Phase | None
) -> None:  # I17
    tracked = run()
    for observation in observations:
        step = fsm.reduce(tracked, observation, now=0.0, parent=parent)
        tracked = step.tracked if step else tracked
        assert fsm.reduce(tracked, observation, now=0.0, parent=parent) is None


@given(st.text(max_size=20), st.text(max_size=8))
def test_any_status_is_survived_and_never_final(status: str, code: str) -> None:  # I18
    step = fsm.reduce(run(), look(status, 1.0, code=code), now=0.0)
    assert step is not None
    if status not in STATUSES[:-1]:
        assert step.tracked.job.phase is Phase.UNKNOWN
        assert not step.tracked.job.phase.terminal
        assert step.tracked.job.remote_status == status


@pytest.mark.parametrize(
    ("start", "code", "parent", "phase"),
    [
        (run(Phase.RUNNING), "CODE13", None, Phase.FAILED),
        (run(Phase.RUNNING, cancel_requested_at=1.0), "", None, Phase.CANCELLED),
        (run(Phase.RUNNING, cancel_requested_at=1.0), "CODE01", None, Phase.FAILED),
        (run(Phase.WAITING), "", Phase.FAILED, Phase.CANCELLED_UPSTREAM),
        (run(Phase.WAITING), "", Phase.FINISHED, Phase.CANCELLED),
        (run(Phase.WAITING), "CODE12", None, Phase.CANCELLED),
        (run(Phase.RUNNING), "", Phase.FAILED, Phase.CANCELLED),
    ],
)
def test_the_meanings_of_cancelled(
    start: Tracked, code: str, parent: Phase | None, phase: Phase
) -> None:
    step = fsm.reduce(start, look("cancelled", 1.0, code=code), now=0.0, parent=parent)
    assert step is not None
    assert step.tracked.job.phase is phase
    assert step.tracked.job.detail


def test_an_unasked_cancel_is_held_back_and_can_be_withdrawn() -> None:
    step = fsm.reduce(run(Phase.RUNNING), look("cancelled", 1.0), now=0.0, settle=60)
    assert step is not None
    assert step.notices == (Notice("CANCELLED_EXTERNALLY", 0, 60),)
    back = fsm.reduce(step.tracked, look("started", 5.0), now=1.0)
    assert back is not None
    assert back.withdrawn == (Notice("CANCELLED_EXTERNALLY", 0),)
    assert back.tracked.job.epoch == 1


def test_two_looks_at_nothing_mean_gone() -> None:
    first = fsm.missing(run(Phase.RUNNING), now=0.0)
    assert first is not None
    assert first.tracked.job.phase is Phase.RUNNING
    assert fsm.missing(first.tracked, now=10.0) is None
    second = fsm.missing(first.tracked, now=31.0)
    assert second is not None
    assert second.tracked.job.phase is Phase.GONE


LOCAL = {
    (Phase.DRAFT, Phase.SUBMITTING),
    (Phase.SUBMITTING, Phase.SUBMITTED),
    (Phase.SUBMITTING, Phase.SUBMIT_UNCERTAIN),
    (Phase.SUBMITTING, Phase.DRAFT),
    (Phase.SUBMIT_UNCERTAIN, Phase.NOT_SUBMITTED),
}


@pytest.mark.parametrize("start", list(Phase))
@pytest.mark.parametrize(
    "to",
    [
        Phase.DRAFT,
        Phase.SUBMITTING,
        Phase.SUBMITTED,
        Phase.SUBMIT_UNCERTAIN,
        Phase.NOT_SUBMITTED,
    ],
)
def test_local_edges_are_those_of_the_table(start: Phase, to: Phase) -> None:
    if (start, to) in LOCAL:
        assert fsm.move(run(start), to, now=0.0).tracked.job.phase is to
        return
    with pytest.raises(steps.IllegalMove):
        fsm.move(run(start), to, now=0.0)


def test_a_transfer_goes_on_under_a_new_epoch() -> None:
    intent = PullIntent("MINI", "1", "2", 10, "t", "i")
    job = Job(JobKey("k"), Kind.PULL, Phase.QUEUED, intent, "t", seq=1)
    tracked = fsm.move(Tracked(job), Phase.RUNNING, now=0.0).tracked
    failed = fsm.move(tracked, Phase.FAILED, now=1.0, detail="stopped").tracked
    assert failed.job.terminal_at == 1.0
    step = fsm.again(failed, now=2.0)
    assert (step.tracked.job.phase, step.tracked.job.epoch) == (Phase.QUEUED, 1)
    assert step.tracked.job.terminal_at is None
    assert [n.kind for n in step.withdrawn] == ["FAILED"]
    with pytest.raises(steps.IllegalMove):
        fsm.again(run(Phase.FAILED), now=0.0)
    with pytest.raises(steps.IllegalMove):
        fsm.move(failed, Phase.RUNNING, now=0.0)
