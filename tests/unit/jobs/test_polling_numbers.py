"""Ends that are told by numbers: never one that the server does not have."""

import random
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.jobs.model import JobChange, Phase
from chrislib.jobs.polling.ledger import Ledger, Run
from chrislib.jobs.polling.proving import Claim, Prover
from chrislib.jobs.polling.queries import REGISTERING, CountEnded, Ended
from chrislib.jobs.polling.tally import Tally
from tests.sim.desk import SimDesk
from tests.sim.faults import Answer, Fault
from tests.sim.rows import ENDED
from tests.sim.virtual import run_virtual

SUCCESS, ERROR, CANCELLED = ENDED


class Storm:
    """Runs that end between any two questions, in all ways there are."""

    def __init__(self, desk: SimDesk, rng: random.Random, failing: float) -> None:
        self.desk = desk
        self._rng = rng
        self._failing = failing
        self.registering: list[int] = []
        self._ended: list[int] = []

    async def __call__(self, request: httpx.Request, answer: Answer) -> httpx.Response:
        """Move some runs, then let the server answer."""
        for _ in range(self._rng.choice((0, 0, 1, 1, 2, 5))):
            if self.registering:
                place = self._rng.randrange(len(self.registering))
                self._move(self.registering.pop(place))
        return await answer()

    def _move(self, run: int) -> None:
        drawn = self._rng.random()
        server = self.desk.server
        failed = drawn < self._failing
        server.set(run, self._rng.choice((ERROR, CANCELLED)) if failed else SUCCESS)
        self._ended.append(run)
        if drawn > 0.97:
            # Somebody removes what has ended: there are fewer than is known.
            place = self._rng.randrange(len(self._ended))
            server.delete_run(self._ended.pop(place))


async def stormy(folder: Path, seed: int, failing: float) -> int:
    """Check each end that is told; returns how many were told by numbers."""
    rng = random.Random(seed)
    desk = SimDesk(folder)
    server = desk.server
    feeds = [server.add_feed() for _ in range(25)]
    mine = [server.add_run(rng.choice(feeds), status="started") for _ in range(150)]
    others = [server.add_run(rng.choice(feeds), status="started") for _ in range(20)]
    await desk.start()
    wrong: list[tuple[int, str]] = []

    def heard(changes: tuple[JobChange, ...]) -> None:
        for change in changes:
            job = change.after
            if job.phase is Phase.FINISHED:
                assert job.remote_id is not None
                status = status_of(desk, job.remote_id)
                if status not in (SUCCESS, ""):
                    wrong.append((job.remote_id, status))

    desk.jobs.subscribe(heard)
    keys = dict(zip(mine, await desk.follow_all(mine), strict=True))
    storm = Storm(desk, rng, failing)
    server.faults.append(Fault(storm, where="GET", times=None))
    # Some answers come so late that the order of the questions changes.
    server.latency = lambda: rng.choice((0.1, 0.5, 1.0, 3.0))
    waiting = [*mine, *others]
    rng.shuffle(waiting)
    # They register for as long as this lasts: never listed after a while.
    slow, waiting = waiting[:15], waiting[15:]
    for run in slow:
        server.set(run, REGISTERING)
    await desk.sleep(300)
    while waiting:
        await desk.sleep(rng.uniform(1, 4))
        run = waiting.pop()
        server.set(run, REGISTERING)
        storm.registering.append(run)
    server.faults.clear()
    server.latency = 0.1
    for run in (*storm.registering, *slow):
        server.set(run, SUCCESS)
    await desk.sleep(400)
    assert wrong == []
    for run, key in keys.items():
        status = status_of(desk, run)
        # What was deleted is looked for elsewhere, and that has its own tests.
        assert desk.job(key).phase.terminal or not status, (run, status)
    told = await desk.catalog._database.read(
        lambda db: db.execute(
            "SELECT count(*) FROM job_event WHERE source='count'"
        ).fetchone()[0]
    )
    await desk.close()
    return int(told)


def status_of(desk: SimDesk, run: int) -> str:
    """Return what the server says of a run, "" when it was deleted."""
    try:
        return str(desk.server.run(run)["status"])
    except KeyError:
        return ""


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 100_000), st.sampled_from((0.0, 0.08, 0.4)))
def test_what_numbers_tell_is_true_whatever_ends_between_two_questions(
    seed: int, failing: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run_virtual(stormy(Path(folder), seed, failing))


def test_ends_are_told_by_numbers() -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert run_virtual(stormy(Path(folder), 3, 0.05)) >= 3


def test_a_tally_counts_own_runs_and_knows_since_when() -> None:
    tally = Tally()
    tally.begin(100.0)
    tally.enter(1, SUCCESS, 110.0, own=True)
    tally.enter(2, REGISTERING, 120.0, own=True)
    tally.enter(3, SUCCESS, 120.0, own=False)
    assert tally.successes(100.0, 200.0) == 1
    assert tally.successes(111.0, 200.0) == 0
    assert tally.registering(100.0, 200.0) == {2}
    tally.enter(2, ERROR, 120.0, own=False)
    assert tally.failed([1, 2, 3]) == {2}
    tally.enter(1, "started", 0.0, own=True)
    assert tally.successes(100.0, 200.0) == 0
    tally.prune(2_000.0)
    assert tally.whole_from == pytest.approx(800.0)
    tally.begin(3_000.0)
    assert tally.registering(0.0, 9_999.0) == set()


async def test_whom_nobody_follows_any_more_is_counted_all_the_same() -> None:
    ledger, tally = Ledger(), Tally()
    tally.begin(100.0)
    for run in (1, 2, 3):
        tally.enter(run, REGISTERING, 110.0 + run, own=True)
    ledger.saw(1, 7, REGISTERING, start=90.0, end=111.0, mine=True)
    asked: list[Ended] = []
    told: list[int] = []

    async def listed(backend: object, query: Ended) -> tuple[set[int], int]:
        asked.append(query)
        tally.enter(3, query.status, 113.0, own=True)
        return {3}, 0

    async def applied(account: object, rows: list[Run]) -> int:
        told.extend(run.remote_id for run in rows)
        return len(rows)

    prover: Any = Prover(
        cast("Any", SimpleNamespace(caps=SimpleNamespace(page=100))),
        cast("Any", SimpleNamespace(tally=tally, list=listed)),
        books=cast("Any", SimpleNamespace(ledger=ledger, enter_rows=lambda rows: None)),
        looks=cast(
            "Any", SimpleNamespace(ended_well=lambda _, run: run, apply=applied)
        ),
    )
    window = CountEnded(SUCCESS, min_end=100.0, max_end=200.0)
    claim = Claim(window, more=2, gone={1, 2, 3})
    # Runs 2 and 3 were taken off the list of jobs since R was read.
    assert await prover.settle(None, None, claim, few=0) == 1
    assert [(query.status, round(query.min_end or 0)) for query in asked] == [
        (ERROR, 111)
    ]
    assert told == [1]
    assert tally.successes(100.0, 200.0) == 2
    assert tally.registering(100.0, 200.0) == set()
