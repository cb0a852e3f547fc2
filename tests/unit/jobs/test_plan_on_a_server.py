"""The sweep against the station's own lists, in virtual time."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.jobs.model import JobKey
from chrislib.jobs.polling.bookkeeper import seconds
from tests.sim import faults
from tests.sim.desk import SimDesk
from tests.sim.faults import Fault
from tests.sim.replay import replay
from tests.sim.rows import ENDED
from tests.sim.virtual import run_virtual

SLOW = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
PATH = ("waiting", "scheduled", "started", "registeringFiles")


async def a_while(folder: Path, seed: int, fault: str) -> None:
    """Let runs end in all ways; each end must be found within five minutes."""
    rng = random.Random(seed)
    desk = SimDesk(folder)
    server = desk.server
    feeds = [server.add_feed() for _ in range(4)]
    runs = [server.add_run(rng.choice(feeds), status="waiting") for _ in range(40)]
    await desk.start()
    keys = dict(zip(runs, await desk.follow_all(runs), strict=True))
    if fault == "third":
        server.faults.append(Fault(faults.status(500), times=None, every=3))
    elif fault == "pages":
        server.faults.append(Fault(faults.lower_limit(3), times=None))
    elif fault == "old":
        server.ignored.add("active")
    elif fault == "doubled":
        server.faults.append(Fault(faults.doubled(set(feeds)), times=None))
    at = dict.fromkeys(runs, 0)
    lows: list[float] = []
    for _ in range(40):
        await desk.sleep(rng.uniform(2, 20))
        for run in rng.sample(runs, 4):
            if at[run] >= len(PATH):
                continue
            at[run] += 1
            if at[run] == len(PATH):
                server.set(run, rng.choice(ENDED))
            elif rng.random() < 0.1:
                at[run] = len(PATH)
                server.set(run, "cancelled")
            else:
                server.set(run, PATH[at[run]])
        lows.append(await watermark(desk))
        # I9: behind by half a minute at least
        assert lows[-1] <= server.now().timestamp() - 30
    await desk.until(lambda: all_known(desk, keys), 300)
    assert server.most_in(60) <= 60
    ended = [key for key in keys.values() if desk.job(key).phase.terminal]
    before = {key: desk.job(key).seq for key in ended}
    await desk.jobs.refresh()
    await desk.sleep(120)
    # I17: seen again, nothing changes
    assert {key: desk.job(key).seq for key in ended} == before
    await desk.close()


async def watermark(desk: SimDesk) -> float:
    """Return the watermark the catalog holds."""
    account = await desk.catalog.jobs.account(
        desk.server.url, desk.server.username, server_uuid=desk.server.uuid
    )
    return seconds(await desk.catalog.jobs.low(account.account_id))


def all_known(desk: SimDesk, keys: dict[int, JobKey]) -> bool:
    """Whether everything that ended is known to have ended."""
    return all(
        desk.job(key).phase.terminal
        for run, key in keys.items()
        if desk.server.run(run)["status"] in ENDED
    )


@pytest.mark.parametrize("fault", ["", "third", "pages", "old", "doubled"])
def test_every_end_is_found_whatever_the_server_does(fault: str) -> None:
    @SLOW
    @given(st.integers(0, 10_000))
    def found(seed: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            run_virtual(a_while(Path(folder), seed, fault))

    if fault:
        with tempfile.TemporaryDirectory() as folder:
            run_virtual(a_while(Path(folder), 11, fault))
    else:
        found()


@pytest.mark.virtual_time
async def test_an_empty_list_ends_nothing(sim: SimDesk) -> None:
    feed = sim.server.add_feed()
    runs = [sim.server.add_run(feed, status="started") for _ in range(30)]
    await sim.start()
    keys = await sim.follow_all(runs)
    await sim.sleep(60)
    sim.server.faults.append(Fault(faults.empty_list, where="search/", times=None))
    sim.server.faults.append(Fault(faults.empty_list, where="instances/?", times=None))
    await sim.sleep(900)
    assert not any(sim.job(key).phase.terminal for key in keys)
    assert sim.server.most_in(60) <= 60


@pytest.mark.virtual_time
async def test_an_old_server_is_not_flooded(sim: SimDesk) -> None:
    feed = sim.server.add_feed()
    with sim.server.store.transaction():
        for _ in range(2_000):
            sim.server.add_run(feed, status="finishedSuccessfully", ended=9e5)
    runs = [sim.server.add_run(feed, status="started") for _ in range(5)]
    sim.server.ignored.add("active")
    await sim.start()
    await sim.follow_all(runs)
    await sim.sleep(600)
    asked = [a for a in sim.server.log if a.path == "plugins/instances/search/"]
    assert asked
    assert not any("active" in a.query for a in asked), "it was told beforehand"
    assert max(a.rows for a in asked) <= 100
    assert sim.server.most_in(60) <= 60


@pytest.mark.virtual_time
async def test_a_filter_that_is_ignored_in_silence_is_noticed_on_the_first_page(
    sim: SimDesk,
) -> None:
    feed = sim.server.add_feed()
    with sim.server.store.transaction():
        for _ in range(500):
            sim.server.add_run(feed, status="finishedSuccessfully", ended=9e5)
    runs = [sim.server.add_run(feed, status="started") for _ in range(3)]
    await sim.start()
    sim.server.faults.append(
        Fault(faults.without({"active"}), where="search/?", times=None)
    )
    keys = await sim.follow_all(runs)
    await sim.sleep(300)
    believing = [a for a in sim.server.log if "active" in a.query]
    assert len(believing) == 1
    assert believing[0].rows <= 100
    sim.server.set(runs[0], "registeringFiles")
    sim.server.set(runs[0], "finishedSuccessfully")
    await sim.until(lambda: sim.job(keys[0]).phase.terminal, 120)


def test_service_levels_hold_for_400_runs() -> None:
    figures = replay(live=400, feeds=20, minutes=10, history=0.5)
    assert figures.found > 30
    assert figures.missed == 0
    # Sixty ends are few to tell a 95th percentile by: at the goal itself one hour in
    # forty has 90 % below it. `make bench` measures thousands.
    assert figures.late <= 0.05 * figures.found + 2 * (0.0475 * figures.found) ** 0.5
    assert figures.longest <= 300
    assert figures.requests <= 14
    assert figures.server_ms <= 700
    assert figures.most_in_minute <= 60
    assert figures.vs_naive <= 0.01
