"""Scenarios 71 to 73: a cancel is a wish until a look confirms it."""

import httpx
import pytest

from chrislib.cube.errors import ServerUnreachable
from chrislib.jobs.model import JobKey, Phase, ResultState
from chrislib.jobs.submission.cancels import IGNORED, REQUESTED
from tests.sim import faults
from tests.sim.desk import SimDesk
from tests.sim.faults import Answer, Fault

pytestmark = pytest.mark.virtual_time


async def running(sim: SimDesk, depth: int = 1) -> list[JobKey]:
    """Start a program that follows a chain of runs, the first of them under way."""
    feed = sim.server.add_feed()
    ids = [sim.server.add_run(feed, status="started")]
    for _ in range(depth - 1):
        ids.append(sim.server.add_run(feed, status="waiting", previous_id=ids[-1]))
    await sim.start()
    keys = await sim.follow_all(ids)
    await sim.until(lambda: sim.job(keys[0]).checked_at is not None)
    return keys


def lose_cancels(sim: SimDesk, run_id: int) -> Fault:
    """Have a worker that holds a run set it back to ``started`` after each cancel."""

    async def lose(request: httpx.Request, answer: Answer) -> httpx.Response:
        response = await answer()
        sim.server.set(run_id, "started")
        return response

    fault = Fault(lose, where="PUT ", times=None)
    sim.server.faults.append(fault)
    return fault


def puts(sim: SimDesk) -> int:
    """Count the cancels the server got."""
    return sum(asked.method == "PUT" for asked in sim.server.log)


async def test_s71_cancel_while_the_worker_is_submitting(sim: SimDesk) -> None:
    (key,) = await running(sim)
    run_id = sim.job(key).remote_id or 0
    assert await sim.jobs.cancel(key) == 1
    await sim.until(lambda: sim.job(key).phase is Phase.CANCELLED)
    lose_cancels(sim, run_id)
    asked_at = sim.clock.monotonic()
    sim.server.set(run_id, "started")  # by the worker that held it already
    await sim.until(lambda: sim.job(key).phase is Phase.RUNNING)
    job = sim.job(key)
    assert job.epoch == 1
    assert job.cancel_requested_at is not None  # "cancel requested" on screen
    assert puts(sim) == 1
    await sim.until(lambda: puts(sim) == 2)
    assert 50 <= sim.clock.monotonic() - asked_at <= 100
    # The second one is lost as well: now the user is asked, and nothing more is sent.
    await sim.until(lambda: sim.job(key).detail == IGNORED)
    assert [row.kind for row in await sim.inbox()] == ["CANCEL_IGNORED"]
    await sim.sleep(3600)
    assert puts(sim) == 2
    assert sim.job(key).phase is Phase.RUNNING
    # Asked for once more, it is sent once more; or it is let run.
    await sim.jobs.cancel(key)
    assert puts(sim) == 3
    assert sim.job(key).detail == REQUESTED
    await sim.jobs.cancels.let_run(key)
    await sim.sleep(600)
    assert puts(sim) == 3
    sim.server.set(run_id, "finishedSuccessfully")
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)
    assert sim.job(key).result is ResultState.READY


async def test_a_cancel_goes_on_after_a_restart(sim: SimDesk) -> None:
    (key,) = await running(sim)
    lose_cancels(sim, sim.job(key).remote_id or 0)
    await sim.jobs.cancel(key)
    await sim.sleep(5)
    await sim.restart()
    began = sim.clock.monotonic()
    await sim.until(lambda: puts(sim) == 2)
    assert sim.clock.monotonic() - began >= 50
    await sim.until(lambda: sim.job(key).detail == IGNORED)
    await sim.restart()
    await sim.sleep(1800)
    assert puts(sim) == 2


@pytest.mark.parametrize("effective", [True, False])
async def test_s72_cancel_times_out(sim: SimDesk, *, effective: bool) -> None:
    (key,) = await running(sim)

    async def held(request: httpx.Request, answer: Answer) -> httpx.Response:
        await sim.clock.sleep(float(request.extensions["timeout"]["read"]))
        raise httpx.ReadTimeout("no bytes", request=request)

    change = faults.hang(sim.clock.sleep) if effective else held
    sim.server.faults.append(Fault(change, where="PUT "))
    with pytest.raises(ServerUnreachable):
        await sim.jobs.cancel(key)
    job = sim.job(key)
    assert job.cancel_requested_at is not None
    assert job.phase is (Phase.CANCELLED if effective else Phase.RUNNING)
    await sim.restart()
    assert sim.job(key).cancel_requested_at is not None
    await sim.until(lambda: sim.job(key).phase is Phase.CANCELLED)
    assert sim.job(key).detail == "Cancelled by you."
    await sim.sleep(300)
    assert await sim.inbox() == ()
    assert puts(sim) == (1 if effective else 2)


async def test_s73_cancel_of_a_finished_run(sim: SimDesk) -> None:
    (key,) = await running(sim)
    run_id = sim.job(key).remote_id or 0

    async def refuse(request: httpx.Request, answer: Answer) -> httpx.Response:
        # It ends between the look before the cancel and the cancel itself.
        sim.server.set(run_id, "finishedSuccessfully")
        text = "Can not change status from 'finishedSuccessfully' to 'cancelled'."
        return httpx.Response(400, json={"status": [text]})

    sim.server.faults.append(Fault(refuse, where="PUT "))
    await sim.jobs.cancel(key)
    assert sim.job(key).cancel_requested_at is None
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)
    assert [row.kind for row in await sim.inbox()] == ["READY"]
    before = sim.job(key)
    assert await sim.jobs.cancel(key) == 0
    assert sim.job(key) == before
    assert puts(sim) == 1


async def test_a_cancel_says_and_marks_what_it_takes_along(sim: SimDesk) -> None:
    keys = await running(sim, depth=4)
    assert await sim.jobs.cancel_scope(keys[0]) == 4
    # Somebody else has added a node below: it would be stopped too.
    beside = sim.server.add_run(
        sim.job(keys[0]).feed_id or 0,
        status="waiting",
        previous_id=sim.job(keys[3]).remote_id,
        owner="guest",
    )
    assert await sim.jobs.cancel_scope(keys[0]) == 5
    sim.server.faults.append(Fault(faults.refuse, where="plugininstances", times=None))
    assert await sim.jobs.cancel_scope(keys[0]) == 4
    sim.server.faults.clear()
    sim.server.set(beside, "cancelled")
    assert await sim.jobs.cancel_scope(keys[2]) == 2
    assert await sim.jobs.cancel(keys[1]) == 3
    marked = [sim.job(key).cancel_requested_at is not None for key in keys]
    assert marked == [False, True, True, True]
    await sim.until(
        lambda: all(sim.job(key).phase is Phase.CANCELLED for key in keys[1:])
    )
    await sim.sleep(300)
    assert {sim.job(key).detail for key in keys[1:]} == {"Cancelled by you."}
    assert await sim.inbox() == ()
    assert puts(sim) == 1  # the server stops the branch with its top


async def test_a_cancel_without_a_server_is_sent_when_it_is_back(
    sim: SimDesk,
) -> None:
    (key,) = await running(sim)
    down = Fault(faults.refuse, times=None)
    sim.server.faults.append(down)
    with pytest.raises(ServerUnreachable):
        await sim.jobs.cancel(key)
    assert sim.job(key).cancel_requested_at is not None
    await sim.sleep(300)
    sim.server.faults.remove(down)
    await sim.until(lambda: puts(sim) > 0 and sim.server.log[-1].status == 200)
    await sim.until(lambda: sim.job(key).phase is Phase.CANCELLED)
