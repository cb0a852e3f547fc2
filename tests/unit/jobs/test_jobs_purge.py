"""Deleting on the server: confirmed, followed to its end, believed only with a 404."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chrislib.cube.errors import CubeError
from chrislib.jobs import decisions
from chrislib.jobs.model import JobKey, Phase, Retention
from chrislib.jobs.outputs.purge import PurgeRefused
from tests.scenarios.outputs import deletes, finished
from tests.sim import faults
from tests.sim.faults import Fault

pytestmark = pytest.mark.virtual_time


async def confirmed(sim: Any, key: JobKey) -> None:
    """Delete a run as its plan says."""
    plan = await sim.jobs.results.purge_plan(key)
    await sim.jobs.results.purge(key, plan.token)


def fail(sim: Any, words: str) -> Path:
    """Have deletions of the server go wrong."""
    path: Path = sim.server._context.paths.station / "deletion-fault"
    path.write_text(words)
    return path


async def kinds(sim: Any, key: JobKey) -> list[str]:
    """Return what the inbox says of a job."""
    return [row.kind for row in await sim.inbox() if row.job_key == key]


async def test_what_hangs_on_a_run_goes_with_it_and_is_said_before(sim: Any) -> None:
    key = await finished(sim)
    run, feed = sim.job(key).remote_id, sim.job(key).feed_id
    child = sim.server.add_run(feed, status="started", previous_id=run)
    below = sim.server.add_run(feed, status="waiting", previous_id=child)
    beside = sim.server.add_run(feed, status="started", previous_id=1)
    keys = await sim.follow_all([child, below, beside])
    await sim.until(lambda: sim.job(keys[0]).phase is Phase.RUNNING)
    plan = await sim.jobs.results.purge_plan(key)
    assert (plan.nodes, plan.running) == (3, 2)
    await sim.jobs.results.purge(key, plan.token)
    sim.server.delete_pending()
    await sim.until(lambda: sim.job(keys[1]).retention is Retention.PURGED)
    assert sim.job(key).retention is Retention.PURGED
    assert sim.job(keys[0]).retention is Retention.PURGED
    assert sim.job(keys[2]).retention is Retention.PRESENT
    assert sim.job(key).phase is Phase.FINISHED
    assert sim.job(keys[0]).phase is Phase.GONE
    await sim.sleep(120)
    assert [await kinds(sim, k) for k in keys[:2]] == [[], []]
    assert deletes(sim) == [f"plugins/instances/{run}/"]


async def test_another_number_of_nodes_than_confirmed_is_not_deleted(sim: Any) -> None:
    key = await finished(sim)
    plan = await sim.jobs.results.purge_plan(key)
    sim.server.add_run(
        sim.job(key).feed_id, status="started", previous_id=sim.job(key).remote_id
    )
    for token in (plan.token, ""):
        with pytest.raises(PurgeRefused, match="not what you confirmed") as refused:
            await sim.jobs.results.purge(key, token)
        assert "2 nodes" in refused.value.detail
    assert deletes(sim) == []
    assert sim.job(key).retention is Retention.PRESENT


async def test_a_lost_answer_is_looked_after(sim: Any) -> None:
    key = await finished(sim)
    sim.server.faults.append(Fault(faults.drop_answer, where="DELETE"))
    await confirmed(sim, key)
    await sim.until(lambda: sim.job(key).retention is Retention.PURGING)
    sim.server.delete_pending()
    await sim.until(lambda: sim.job(key).retention is Retention.PURGED)
    assert len(deletes(sim)) == 1


async def test_a_request_that_never_arrived_is_told_not_repeated(sim: Any) -> None:
    key = await finished(sim)
    sim.server.faults.append(Fault(faults.drop, where="DELETE"))
    await confirmed(sim, key)
    await sim.until(lambda: sim.job(key).retention is Retention.PURGE_FAILED)
    assert "did not take" in sim.job(key).detail
    assert len(deletes(sim)) == 1
    assert "PURGE_FAILED" in await kinds(sim, key)


async def test_without_a_server_nothing_is_begun(sim: Any) -> None:
    key = await finished(sim)
    plan = await sim.jobs.results.purge_plan(key)
    sim.server.faults.append(Fault(faults.refuse, where="DELETE"))
    with pytest.raises(CubeError):
        await sim.jobs.results.purge(key, plan.token)
    assert sim.job(key).retention is Retention.PRESENT


async def test_a_refusal_is_told(sim: Any) -> None:
    key = await finished(sim)
    plan = await sim.jobs.results.purge_plan(key)
    sim.server.faults.append(Fault(faults.status(403), where="DELETE"))
    with pytest.raises(CubeError):
        await sim.jobs.results.purge(key, plan.token)
    assert sim.job(key).retention is Retention.PURGE_FAILED
    assert "does not allow" in sim.job(key).detail


async def test_an_older_server_that_answers_204_is_asked_all_the_same(sim: Any) -> None:
    key = await finished(sim)
    fail(sim, "at-once")
    await confirmed(sim, key)
    await sim.until(lambda: sim.job(key).retention is Retention.PURGED)
    looks = [a for a in sim.server.log if a.status == 404 and a.method == "GET"]
    assert looks


async def test_a_deletion_under_way_is_followed_after_a_restart(sim: Any) -> None:
    key = await finished(sim)
    fail(sim, "hold")
    await confirmed(sim, key)
    assert sim.job(key).retention is Retention.PURGING
    await sim.restart()
    await sim.jobs.refresh()
    assert sim.job(key).retention is Retention.PURGING
    fail(sim, "")
    sim.server.delete_pending()
    await sim.until(lambda: sim.job(key).retention is Retention.PURGED)
    assert len(deletes(sim)) == 1


async def test_one_that_was_killed_before_it_asked_has_deleted_nothing(
    sim: Any,
) -> None:
    key = await finished(sim)
    await sim.jobs._store.apply(
        key, lambda t: decisions.retain(t, Retention.PURGE_REQUESTED, now=0.0)
    )
    await sim.restart()
    await sim.jobs.refresh()
    await sim.until(lambda: sim.job(key).retention is Retention.PURGE_FAILED)
    assert deletes(sim) == []
    await confirmed(sim, key)
    sim.server.delete_pending()
    await sim.until(lambda: sim.job(key).retention is Retention.PURGED)


async def test_a_server_that_is_away_meanwhile_is_asked_again(sim: Any) -> None:
    key = await finished(sim)
    fail(sim, "hold")
    await confirmed(sim, key)
    await sim.sleep(0.2)
    fault = Fault(faults.refuse, times=None)
    sim.server.faults.append(fault)
    fail(sim, "")
    sim.server.delete_pending()
    await sim.sleep(300)
    assert sim.job(key).retention is Retention.PURGING
    sim.server.faults.remove(fault)
    await sim.until(lambda: sim.job(key).retention is Retention.PURGED)


@pytest.mark.parametrize("what", ["again", "get"])
async def test_what_is_deleted_cannot_be_deleted_or_got(sim: Any, what: str) -> None:
    key = await finished(sim)
    await confirmed(sim, key)
    sim.server.delete_pending()
    await sim.until(lambda: sim.job(key).retention is Retention.PURGED)
    ask: Callable[[JobKey], Any] = {
        "again": sim.jobs.results.purge_plan,
        "get": sim.jobs.results.get,
    }[what]
    with pytest.raises(Exception, match=r"deleted already|no output"):
        await ask(key)


async def test_a_deletion_asked_for_elsewhere_is_followed_to_its_end(sim: Any) -> None:
    feed = sim.server.add_feed()
    root = sim.server.add_run(feed, status="finishedSuccessfully", plugin="pl-dircopy")
    runs = [
        sim.server.add_run(feed, status="started", previous_id=root, folders=True)
        for _ in range(40)
    ]
    await sim.start()
    keys = await sim.follow_all(runs)
    await sim.until(lambda: all(sim.job(k).phase is Phase.RUNNING for k in keys))
    for run in runs:
        sim.server.set(run, "finishedSuccessfully", deletion_status="pending")
    await sim.until(
        lambda: all(sim.job(k).retention is Retention.PURGING for k in keys)
    )
    began = sim.clock.monotonic()
    await sim.sleep(60)
    assert len(sim.server.requests(began)) <= 100
    sim.server.delete_pending()
    await sim.until(lambda: all(sim.job(k).retention is Retention.PURGED for k in keys))
    assert deletes(sim) == []
    told = {row.kind for row in await sim.inbox()}
    assert told <= {"READY"}
