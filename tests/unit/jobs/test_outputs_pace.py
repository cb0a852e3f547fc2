"""Fingerprints, compares and deletions stay within what an account may ask."""

from pathlib import Path
from typing import Any

import pytest

from chrislib.cube.errors import CubeError, ServerUnreachable
from chrislib.jobs.model import JobKey, Phase, Retention, RunIntent
from tests.scenarios.outputs import finished
from tests.sim import faults
from tests.sim.faults import Fault

pytestmark = pytest.mark.virtual_time

BUCKET = 70
"""Requests in any minute: 60, and a burst of 10."""


async def finished_runs(sim: Any, count: int) -> list[JobKey]:
    """Have so many finished runs in a feed, besides the first one."""
    first = sim.job(await finished(sim))
    ids = [
        sim.server.add_run(
            first.feed_id, status="finishedSuccessfully", previous_id=1, folders=True
        )
        for _ in range(count)
    ]
    keys: list[JobKey] = await sim.follow_all(ids)
    await sim.until(lambda: all(sim.job(key).phase is Phase.FINISHED for key in keys))
    return keys


async def test_looks_at_many_deletions_stay_within_the_bucket(sim: Any) -> None:
    keys = await finished_runs(sim, 40)
    path: Path = sim.server._context.paths.station / "deletion-fault"
    path.write_text("hold")
    for key in keys:
        plan = await sim.jobs.results.purge_plan(key)
        await sim.jobs.results.purge(key, plan.token)
    await sim.sleep(61)
    sim.server.log.clear()
    await sim.sleep(600)
    assert sim.server.most_in(60) <= BUCKET
    # what is polled goes on meanwhile
    assert sim.jobs.checked_at > sim.clock.time() - 60
    path.unlink()
    sim.server.delete_pending()
    await sim.until(
        lambda: all(sim.job(key).retention is Retention.PURGED for key in keys)
    )
    assert sim.server.most_in(60) <= BUCKET


async def test_what_runs_read_is_noted_within_the_bucket(sim: Any) -> None:
    first = sim.job(await finished(sim))
    sim.server.add_file(1, "a.txt", b"a")
    await sim.sleep(61)
    submitted = [
        await sim.jobs.submit(
            RunIntent(
                plugin_id=sim.server.plugin_id(),
                plugin_name="pl-simpledsapp",
                plugin_version="2.1.0",
                plugin_type="ds",
                parameters={"prefix": f"p{number}"},
                previous_id=1,
                feed_id=first.feed_id,
                title="copy",
            )
        )
        for number in range(25)
    ]
    await sim.until(lambda: all(sim.job(key).remote_id for key in submitted))
    await sim.sleep(61)
    sim.server.log.clear()
    for key in submitted:
        sim.server.set(sim.job(key).remote_id, "started")
    fingerprints = sim.jobs.results.fingerprints
    await sim.until(
        lambda: not any(fingerprints.lacks_inputs(key) for key in submitted)
    )
    assert sim.server.most_in(60) <= BUCKET
    walked = [asked for asked in sim.server.log if "files" in asked.path]
    assert len(walked) >= 25
    state = await fingerprints.of(sim.job(submitted[0]))
    assert state is not None
    assert state.inputs is not None


async def test_a_compare_somebody_waits_for_is_not_paced(sim: Any) -> None:
    key = await finished(sim)
    gate = sim.jobs._followers.present.link.gate
    while gate.can_spare(0):
        await gate.token()
    began = sim.clock.monotonic()
    await sim.jobs.results.compare(key)
    plan = await sim.jobs.results.purge_plan(key)
    assert plan.nodes == 1
    assert sim.clock.monotonic() - began < 1.0


async def test_while_the_server_wants_to_be_left_alone_nothing_is_asked(
    sim: Any,
) -> None:
    key = await finished(sim)
    results = sim.jobs.results
    plan = await results.purge_plan(key)
    sim.server.faults.append(Fault(faults.status(429, retry_after=120)))
    with pytest.raises(CubeError):
        await results.purge_plan(key)
    sim.server.log.clear()
    askings: list[tuple[Any, ...]] = [
        (results.compare, key),
        (results.purge_plan, key),
        (results.purge, key, plan.token),
    ]
    for ask, *what in askings:
        with pytest.raises(ServerUnreachable) as refused:
            await ask(*what)
        assert refused.value.title.startswith("The server has asked to be left alone")
    assert not sim.server.log
    assert sim.job(key).retention is Retention.PRESENT
    await sim.sleep(110)
    assert not sim.server.log
    await sim.sleep(15)
    await results.purge(key, plan.token)
    sim.server.delete_pending()
    await sim.until(lambda: sim.job(key).retention is Retention.PURGED)
