"""The tools of the tests: time that jumps, and a server that fails on purpose."""

import asyncio
import time
from pathlib import Path

import pytest

from chrislib.cube.errors import BadAnswer, CubeError, ServerFault, ServerUnreachable
from chrislib.jobs.model import Phase
from tests.sim import faults
from tests.sim.desk import SimDesk
from tests.sim.faults import Fault
from tests.sim.server import SimServer
from tests.sim.virtual import VirtualClock, VirtualLoop, run_virtual

pytestmark = pytest.mark.virtual_time


async def test_hours_pass_in_no_time() -> None:
    loop = asyncio.get_running_loop()
    began, real = loop.time(), time.monotonic()
    await asyncio.gather(*(asyncio.sleep(3600 * n) for n in range(5)))
    assert loop.time() == pytest.approx(began + 4 * 3600)
    assert time.monotonic() - real < 5


async def test_work_of_threads_takes_no_virtual_time() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await asyncio.sleep(1)
            ticks.append(loop.time())

    ticker = loop.create_task(tick())
    for _ in range(20):
        await asyncio.to_thread(time.sleep, 0.005)
    assert loop.time() == began
    assert not ticks
    ticker.cancel()


async def test_time_can_be_held_for_what_the_loop_cannot_see() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    jumped = loop.create_task(asyncio.sleep(60))
    with loop.hold():
        done = loop.create_future()
        loop.run_in_executor(None, time.sleep, 0.02).add_done_callback(
            lambda _: done.set_result(None)
        )
        await done
        assert not jumped.done()
    await jumped


def test_a_program_that_waits_for_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The real time-out is 30 s; nobody needs to wait for it here.
    monkeypatch.setattr("tests.sim.virtual._STUCK_SECONDS", 0.01)
    with pytest.raises(RuntimeError, match="for nothing"):
        run_virtual(asyncio.Event().wait())


async def test_the_lid_closes_without_monotonic_time() -> None:
    clock = VirtualClock()
    wall, steady = clock.time(), clock.monotonic()
    clock.suspend(8 * 3600)
    clock.wall_error = 86_400
    assert clock.monotonic() == steady
    assert clock.time() == wall + 8 * 3600 + 86_400
    assert clock.true_time() == wall + 8 * 3600


async def test_real_routes_answer_by_the_virtual_clock(tmp_path: Path) -> None:
    clock = VirtualClock()
    server = SimServer(tmp_path, clock, generation=6)
    feed = server.add_feed("brain")
    run = server.add_run(feed, status="started", started=60)
    async with server.client() as client:
        info = await client.identify()
        assert info.generation == 6
        await clock.sleep(7200)
        server.set(run, "registeringFiles")
        ended = server.now()
        await clock.sleep(30)
        server.set(run, "finishedSuccessfully")
        seen = await client.instances.get(run)
        assert seen.end_date == ended
        assert not seen.active
        found = await client.feeds.get(feed)
        assert found.jobs["finished"] == 1
    asked = server.log[-1]
    assert (asked.path, asked.rows, asked.status) == (f"{feed}/", 1, 200)
    server.close()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (faults.drop, ServerUnreachable),
        (faults.refuse, ServerUnreachable),
        (faults.status(500), ServerFault),
        (faults.status(429, retry_after=120), CubeError),
        (faults.truncated, BadAnswer),
        (faults.html, CubeError),
    ],
)
async def test_faults_are_what_the_client_takes_them_for(
    tmp_path: Path, change: faults.Change, error: type[CubeError]
) -> None:
    server = SimServer(tmp_path, VirtualClock())
    run = server.add_run(server.add_feed())
    # A broken connection is tried once more by the client itself.
    server.faults.append(Fault(change, where="GET /api/v1/plugins/", times=2))
    async with server.client() as client:
        with pytest.raises(error):
            await client.instances.get(run)
        server.faults.clear()
        assert (await client.instances.get(run)).id == run
    server.close()


async def test_a_server_that_hangs_is_left_at_the_time_out(tmp_path: Path) -> None:
    clock = VirtualClock()
    server = SimServer(tmp_path, clock)
    server.faults.append(Fault(faults.hang(clock.sleep), times=1))
    began = clock.monotonic()
    async with server.client() as client:
        with pytest.raises(ServerUnreachable):
            await client.instances.get(1)
    assert 20 <= clock.monotonic() - began <= 40
    server.close()


async def test_an_old_server_ignores_a_filter(tmp_path: Path) -> None:
    server = SimServer(tmp_path, VirtualClock())
    feed = server.add_feed()
    server.add_run(feed, status="started")
    server.add_run(feed, status="finishedSuccessfully")
    server.ignored.add("active")
    async with server.client() as client:
        found = [row.id async for row in client.instances.search(active=True)]
        assert len(found) == 2
    server.close()


async def test_lists_can_be_doubled_and_shortened(tmp_path: Path) -> None:
    server = SimServer(tmp_path, VirtualClock())
    feed = server.add_feed()
    for _ in range(5):
        server.add_run(feed, status="finishedSuccessfully")
    server.faults.append(Fault(faults.doubled({feed}), times=None))
    async with server.client() as client:
        (listed,) = [found async for found in client.feeds.list()]
        assert listed.jobs["finished"] == 10
        assert (await client.feeds.get(feed)).jobs["finished"] == 5
        server.faults[:] = [Fault(faults.lower_limit(2), times=None)]
        assert len([row async for row in client.instances.search()]) == 5
        assert [asked.rows for asked in server.log[-3:]] == [2, 2, 1]
    server.close()


async def test_a_whole_desk_follows_a_run(sim: SimDesk) -> None:
    await sim.start()
    key = await sim.follow(sim.server.add_run(sim.server.add_feed(), status="started"))
    await sim.until(lambda: sim.job(key).phase is Phase.RUNNING)
    run = sim.job(key).remote_id
    assert run is not None
    sim.server.set(run, "registeringFiles")
    await sim.sleep(30)
    sim.server.set(run, "finishedSuccessfully")
    waited = await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)
    assert waited <= 60
    assert [row.kind for row in await sim.inbox()] == ["READY"]
    assert sim.server.most_in(60) <= 60
