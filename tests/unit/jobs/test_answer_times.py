"""What the last hour of answers was like: bounded, by the minute, of each account."""

from typing import Any

import pytest

from chrislib.jobs.polling.answer_times import MOST, PARTS, AnswerTimes
from chrislib.views.dialogs.answer_times import stretches, words_of
from tests.scenarios.outputs import finished


class Hand:
    """A clock that is set by hand."""

    now = 10_000.0

    def time(self) -> float:
        """Return it."""
        return self.now

    def monotonic(self) -> float:
        """Return it."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


def test_median_worst_and_minutes() -> None:
    clock = Hand()
    times = AnswerTimes(clock)
    for ago, took in ((3000.0, 0.2), (130.0, 0.1), (125.0, 0.3), (1.0, 1.9)):
        sent = clock.now - ago - took
        times.note(sent, clock.now - ago)
    look = times.look()
    assert (look.count, round(look.median, 6), round(look.worst, 6)) == (4, 0.25, 1.9)
    assert len(look.parts) == PARTS
    known = {n: round(p, 6) for n, p in enumerate(look.parts) if p is not None}
    assert known == {9: 0.2, 57: 0.2, 59: 1.9}
    assert words_of(look) == "Median 0.2 s, worst 1.9 s in the last hour"


def test_what_is_older_than_an_hour_is_forgotten_and_no_more_is_kept() -> None:
    clock = Hand()
    times = AnswerTimes(clock)
    for number in range(MOST + 500):
        times.note(clock.now - 0.5, clock.now)
        clock.now += 0.1 if number else 0.0
    assert times.look().count == MOST
    clock.now += 3601
    assert times.look().count == 0
    assert words_of(times.look()) == "No answer in the last hour"
    # a clock that went back is no answer in no time
    times.note(clock.now, clock.now - 5)
    assert times.look().count == 0


def test_gaps_stay_gaps_and_quick_answers_are_no_mountains() -> None:
    parts = (0.1, 0.2, None, None, 0.1)
    first, second = list(stretches(parts, 40.0, 20.0))
    assert [x for x, _ in first] == [0.0, 10.0]
    assert [x for x, _ in second] == [40.0]
    assert min(y for _, y in first) >= 15.0
    assert not list(stretches((None, None), 40.0, 20.0))


@pytest.mark.virtual_time
async def test_each_answer_of_a_server_counts(sim: Any) -> None:
    sim.server.latency = 0.4
    await finished(sim)
    await sim.sleep(120)
    look = sim.jobs.answers(sim.jobs.account_id)
    assert look.count >= 3
    assert 0.35 < look.median < 0.6
    sim.server.latency = 2.5
    await sim.follow(sim.server.add_run(1, status="started"))
    await sim.until(lambda: sim.jobs.answers(sim.jobs.account_id).worst > 2.4)
    assert sim.jobs.answers(987_654).count == 0
