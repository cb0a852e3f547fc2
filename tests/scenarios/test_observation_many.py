"""Looks at many runs, and at none: jobs.md §4, scenarios 30 and 31, and how often."""

import asyncio

import pytest

from chrislib.jobs.model import Phase
from tests.scenarios.several import all_in, end, remote, running
from tests.sim.desk import SimDesk

pytestmark = pytest.mark.virtual_time

BUCKET = 70
"""Requests in any minute: 60, and a burst of 10."""


async def test_s30_only_the_counts_tell_of_a_cancel(sim: SimDesk) -> None:
    keys = await running(sim, 260, feeds=13)
    await sim.sleep(300)
    chosen = keys[100]
    sim.server.set(remote(sim, chosen), "cancelled")
    took = await sim.until(lambda: sim.job(chosen).phase is Phase.CANCELLED, 300)
    assert took <= 120
    assert all_in(sim, [key for key in keys if key != chosen], Phase.RUNNING)
    assert sim.server.most_in(60) <= BUCKET


async def test_s31_six_hundred_cancels_at_once(sim: SimDesk) -> None:
    keys = await running(sim, 640)
    for number, key in enumerate(keys[600:]):
        if number % 20 == 0:
            feed = sim.server.add_feed()
        sim.server.store.update("instances", remote(sim, key), feed_id=feed)
    await sim.sleep(240)
    sim.server.log.clear()
    end(sim, keys[:600], "cancelled")
    took = await sim.until(lambda: all_in(sim, keys[:600], Phase.CANCELLED), 600)
    assert took <= 180
    assert all_in(sim, keys[600:], Phase.RUNNING)
    assert sim.server.most_in(60) <= BUCKET
    await sim.sleep(900)
    assert sim.server.most_in(60) <= BUCKET
    counted = await sim.catalog._database.read(
        lambda db: db.execute("SELECT kind, count(*) FROM inbox GROUP BY 1").fetchall()
    )
    assert [tuple(row) for row in counted] == [("CANCELLED_EXTERNALLY", 600)]
    # its two pages may fall on both sides of the moment at which toasts are let go
    assert 1 <= len(sim.sink.toasts) <= 2
    assert all(toast.target.startswith("feed/1/") for _, toast in sim.sink.toasts)


async def test_cancels_in_thirty_feeds_are_found_within_the_budget(
    sim: SimDesk,
) -> None:
    keys = await running(sim, 640, feeds=32)
    await sim.sleep(120)
    sim.server.log.clear()
    end(sim, keys[:600], "cancelled")
    began = sim.clock.monotonic()
    await sim.until(lambda: all_in(sim, keys[:600], Phase.CANCELLED), 600)
    assert all_in(sim, keys[600:], Phase.RUNNING)
    assert sim.server.most_in(60) <= BUCKET
    opened = sorted(
        a.sent - began
        for a in sim.server.log
        if a.path.endswith("/plugininstances/") or "feed_id" in a.query
    )
    # At most six feeds a tick, and a tick is 12 s at the least; the searches follow
    # what else is asked in it, for at most three seconds.
    assert all(
        sum(1 for at in opened if start <= at < start + 9) <= 6 for start in opened
    )


async def test_idle_asks_four_times_an_hour_at_most(sim: SimDesk) -> None:
    sim.adopts = True
    keys = await running(sim, 3)
    end(sim, keys)
    await sim.until(lambda: all_in(sim, keys, Phase.FINISHED), 60)
    await sim.sleep(900)
    began = sim.clock.monotonic()
    await asyncio.sleep(4 * 3600)
    assert 8 <= len(sim.server.requests(began)) <= 16


@pytest.mark.parametrize(
    ("focused", "visible", "saving", "period"),
    [
        (True, True, False, 15.0),
        (False, True, False, 22.5),
        (False, False, False, 30.0),
        (False, False, True, 60.0),
    ],
)
async def test_ticks_follow_who_looks(
    sim: SimDesk, *, focused: bool, visible: bool, saving: bool, period: float
) -> None:
    keys = await running(sim, 3)
    sim.jobs.attention(focused=focused, visible=visible, saving=saving)
    follower = sim.jobs._followers.present
    follower._quiet = 0
    assert follower.period == pytest.approx(period, rel=0.01)
    follower._quiet = 1000
    grown = period if focused else min(300.0, 4 * period)
    assert follower.period == pytest.approx(grown, rel=0.01)
    end(sim, keys)
    took = await sim.until(lambda: all_in(sim, keys, Phase.FINISHED), 320)
    assert took <= 320
