"""Bugs of our own in one place end nothing in another: jobs.md §4, scenario 79."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog.refusals import CatalogError
from chrislib.jobs.model import JobKey, Phase
from tests.scenarios.several import (
    Ring,
    adopt_account,
    all_in,
    another_server,
    connections_to,
    end,
    running,
)
from tests.scenarios.test_network import follow_on
from tests.sim.desk import SimDesk
from tests.sim.server import SimServer

pytestmark = pytest.mark.virtual_time


class Broken:
    """Fails in place of something, a few times."""

    def __init__(
        self, instead_of: Any, times: int, error: Exception | None = None
    ) -> None:
        self.instead_of = instead_of
        self.times = times
        self.error = error or ZeroDivisionError("nobody expected this")

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.times > 0:
            self.times -= 1
            raise self.error
        return await self.instead_of(*args, **kwargs)


async def two_accounts(
    sim: SimDesk, tmp_path: Path
) -> tuple[SimServer, list[JobKey], list[JobKey]]:
    """Return another server, and live jobs here and there."""
    other = another_server(tmp_path, sim.clock, 1)
    ring = Ring()
    ring.tokens[f"{other.url}|local"] = other.token
    sim.more["connections"] = connections_to(ring, {other.url: other})
    keys = await running(sim, 3)
    await adopt_account(sim, other)
    feed = other.add_feed()
    there = await follow_on(
        sim, other, [other.add_run(feed, status="started") for _ in range(3)]
    )
    await sim.jobs.refresh()
    await sim.until(lambda: all_in(sim, there, Phase.RUNNING), 60)
    return other, keys, there


@pytest.mark.logs("a turn of a follower failed")
@pytest.mark.parametrize("times", [1, 4])
async def test_s79_a_bug_in_one_account(
    sim: SimDesk, tmp_path: Path, times: int
) -> None:
    other, keys, there = await two_accounts(sim, tmp_path)
    follower = sim.jobs._followers.present
    sweep: Any = follower._sweep
    sweep.tick = Broken(sweep.tick, times)
    end(sim, keys)
    for key in there:
        run = sim.job(key).remote_id
        assert run is not None
        other.set(run, "registeringFiles")
        other.set(run, "finishedSuccessfully")
    took = await sim.until(lambda: all_in(sim, there, Phase.FINISHED), 60)
    assert took <= 30, "the other account had to wait"
    await sim.until(lambda: all_in(sim, keys, Phase.FINISHED), 400)
    (row,) = [row for row in sim.jobs.health.rows() if row.part == "loop"]
    assert row.state == "ok"
    assert row.failures == times
    assert "ZeroDivisionError" in row.what
    assert row.restarted_at is not None
    assert row.last_at is not None
    assert row.restarted_at >= row.last_at
    await sim.stop()
    other.close()


@pytest.mark.logs("a chore failed")
async def test_a_bug_in_a_chore_keeps_nobody_from_looking(sim: SimDesk) -> None:
    keys = await running(sim, 3)
    chore: Any = sim.jobs.submissions
    chore.turn = Broken(chore.turn, 3)
    end(sim, keys)
    took = await sim.until(lambda: all_in(sim, keys, Phase.FINISHED), 60)
    assert took <= 30
    await sim.jobs.refresh()
    await sim.until(lambda: chore.turn.times == 0, 200)
    await sim.sleep(120)
    rows = {row.name: row for row in sim.jobs.health.rows() if row.part == "loop"}
    assert rows["Submissions"].state == "ok"
    assert rows["Submissions"].failures == 3


@pytest.mark.logs("a loop of the job manager ended")
async def test_a_loop_that_ends_is_started_anew(sim: SimDesk) -> None:
    keys = await running(sim, 3)
    follower: Any = sim.jobs._followers.present
    pause = follower._pause
    follower._pause = Broken(pause, 2)
    follower.wake()
    await sim.until(lambda: follower._pause.times == 0, 120)
    end(sim, keys)
    await sim.until(lambda: all_in(sim, keys, Phase.FINISHED), 60)
    (row,) = [row for row in sim.jobs.health.rows() if row.part == "loop"]
    assert (row.state, row.failures) == ("ok", 2)


@pytest.mark.logs("a subscriber of the health rows failed")
async def test_a_view_of_the_health_rows_that_fails(sim: SimDesk) -> None:
    seen: list[int] = []

    def broken() -> None:
        raise ZeroDivisionError

    sim.jobs.health.subscribe(broken)
    stop = sim.jobs.health.subscribe(lambda: seen.append(1))
    sim.jobs.health.failed("sink", "Desktop", "It is away.")
    sim.jobs.health.ok("sink", "Desktop")
    assert len(seen) == 2
    stop()
    sim.jobs.health.forget("sink", "Desktop")
    assert len(seen) == 2
    assert sim.jobs.health.rows() == ()


async def test_while_nothing_can_be_written_nothing_is_asked(sim: SimDesk) -> None:
    keys = await running(sim, 3)
    follower: Any = sim.jobs._followers.present
    well = asyncio.Event()
    follower._healthy = well.wait
    sweep: Any = follower._sweep
    full = CatalogError("The disk is full.", "Nothing is written.")
    sweep.tick = Broken(sweep.tick, 1, full)
    end(sim, keys)
    await sim.until(lambda: sweep.tick.times == 0, 60)
    await sim.sleep(5)
    began = sim.clock.monotonic()
    await sim.sleep(1800)
    # who asks for a look is not left waiting either
    await sim.jobs.refresh()
    assert sim.server.requests(began) == []
    assert all_in(sim, keys, Phase.RUNNING)
    (row,) = [row for row in sim.jobs.health.rows() if row.part == "loop"]
    assert (row.state, row.what) == ("waiting", "The disk is full.")
    well.set()
    await sim.until(lambda: all_in(sim, keys, Phase.FINISHED), 10)
    await sim.sleep(1)
    (row,) = [row for row in sim.jobs.health.rows() if row.part == "loop"]
    assert row.state == "ok"
