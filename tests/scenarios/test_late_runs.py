"""Runs that appear on the server after their submission was given up (> 120 s)."""

import asyncio
from typing import Any

import httpx
import pytest

from chrislib.jobs.model import Job, JobKey, Phase, RunIntent
from chrislib.jobs.submission.reconcile import AMBIGUOUS
from tests.sim.desk import SimDesk
from tests.sim.faults import Answer, Fault

POST = "POST /api/v1/plugins/"
MINUTE, HOUR = 60.0, 3600.0

pytestmark = [
    pytest.mark.virtual_time,
    pytest.mark.logs("outcome of a submission unknown"),
]


class Held:
    """A proxy that says that it waited too long, and passes the POST on later."""

    def __init__(self, sim: SimDesk, after: float) -> None:
        self.after = after
        self.tasks: list[asyncio.Task[httpx.Response]] = []
        sim.server.faults.append(Fault(self._hold, where=POST))

    async def _hold(self, request: httpx.Request, answer: Answer) -> httpx.Response:
        async def later() -> httpx.Response:
            await asyncio.sleep(self.after)
            return await answer()

        self.tasks.append(asyncio.ensure_future(later()))
        return httpx.Response(504, json={"error": "Gateway Timeout"})

    async def passed(self) -> None:
        """Wait until everything was passed on."""
        for task in self.tasks:
            made = await task
            assert made.status_code == 201


@pytest.fixture
async def draft(sim: SimDesk) -> RunIntent:
    """Start the program; return a run under the one node there is."""
    feed = sim.server.add_feed()
    root = sim.server.add_run(feed, status="finishedSuccessfully", folders=True)
    sim.adopts = True
    await sim.start()
    await sim.jobs.refresh()
    return RunIntent(
        plugin_id=sim.server.plugin_id(),
        plugin_name="pl-simpledsapp",
        plugin_version="2.1.0",
        plugin_type="ds",
        parameters={"prefix": "a", "dummyInt": 3},
        previous_id=root,
        feed_id=feed,
        title="copy",
    )


def children(sim: SimDesk) -> list[int]:
    """Return the runs under the first node, in the order they were made."""
    found = sim.server.store.rows("SELECT id FROM instances WHERE previous_id = 1")
    return sorted(int(row["id"]) for row in found)


def rows_of(sim: SimDesk, run_id: int) -> list[Job]:
    """Return the jobs that stand for a run."""
    return [job for job in sim.jobs.jobs() if job.remote_id == run_id]


async def given_up(sim: SimDesk, key: JobKey) -> None:
    """Wait until nobody expects a run any more."""
    await sim.until(lambda: sim.job(key).phase is Phase.NOT_SUBMITTED)


@pytest.mark.parametrize("minutes", [4, 20, 50])
async def test_a_run_that_comes_late_is_joined_to_its_job(
    sim: SimDesk, draft: RunIntent, minutes: int
) -> None:
    held = Held(sim, minutes * MINUTE)
    key = await sim.jobs.submit(draft)
    await given_up(sim, key)
    told = {row.kind for row in await sim.inbox() if row.job_key == key}
    assert told == {"SUBMIT_UNCERTAIN"}
    await held.passed()
    (run,) = children(sim)
    # at the next scan at the latest, and never as a row of its own before that
    while not sim.job(key).remote_id:
        assert not rows_of(sim, run)
        await sim.sleep(1.0)
        assert sim.clock.monotonic() < 3 * HOUR
    assert sim.job(key).remote_id == run
    assert [job.key for job in rows_of(sim, run)] == [key]
    assert sim.job(key).epoch == 1
    # what the inbox said of it needs nobody any more
    for _ in range(60):
        rows = [row for row in await sim.inbox() if row.job_key == key]
        if rows[0].acted_at is not None:
            break
        await sim.sleep(0.1)
    assert [row.kind for row in rows] == ["SUBMIT_UNCERTAIN"]
    assert rows[0].acted_at is not None
    sim.server.set(run, "started")
    await sim.until(lambda: sim.job(key).phase is Phase.RUNNING)
    sim.server.set(run, "finishedSuccessfully")
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)
    assert len(held.tasks) == 1, "nothing was sent again"
    told = {row.kind for row in await sim.inbox() if row.job_key == key}
    assert "READY" in told


async def test_a_run_that_came_and_ended_between_two_scans_is_found_too(
    sim: SimDesk, draft: RunIntent
) -> None:
    held = Held(sim, 16 * MINUTE)
    key = await sim.jobs.submit(draft)
    await given_up(sim, key)
    await held.passed()
    (run,) = children(sim)
    sim.server.set(run, "finishedSuccessfully")
    took = await sim.until(lambda: sim.job(key).phase is Phase.FINISHED, 2 * HOUR)
    assert took < HOUR
    assert [job.key for job in rows_of(sim, run)] == [key]


async def test_a_run_that_came_while_the_program_was_closed(
    sim: SimDesk, draft: RunIntent
) -> None:
    held = Held(sim, 30 * MINUTE)
    key = await sim.jobs.submit(draft)
    await given_up(sim, key)
    await sim.stop()
    await held.passed()
    (run,) = children(sim)
    sim.server.set(run, "started")
    await sim.sleep(3 * HOUR)
    await sim.restart()
    took = await sim.until(lambda: sim.job(key).remote_id == run)
    assert took < MINUTE
    assert [job.key for job in rows_of(sim, run)] == [key]


async def test_a_run_of_other_values_is_none_of_it(
    sim: SimDesk, draft: RunIntent
) -> None:
    held = Held(sim, 400 * HOUR)
    key = await sim.jobs.submit(draft)
    await given_up(sim, key)
    for task in held.tasks:
        task.cancel()
    other = sim.server.add_run(1, status="started", previous_id=1, title="copy")
    await sim.until(lambda: rows_of(sim, other), 2 * HOUR)
    (shadow,) = rows_of(sim, other)
    assert shadow.key != key
    sim.jobs.attention(focused=False, visible=False)
    await sim.sleep(30 * HOUR)
    assert sim.job(key).phase is Phase.NOT_SUBMITTED
    # it is not asked for ever: after a day it is let go
    assert not sim.jobs.submissions._latecomers._late[shadow.account_id]


async def test_the_mark_in_the_title_tells_it_from_a_twin(
    sim: SimDesk, draft: RunIntent
) -> None:
    account = sim.jobs.account_id
    await sim.jobs.preferences.set_nonce(account, on=True)
    held = Held(sim, 20 * MINUTE)
    key = await sim.jobs.submit(draft)
    await given_up(sim, key)
    # somebody starts the same from elsewhere, without the mark
    sim.server.faults.clear()
    client = sim.client
    assert client is not None
    twin = await client.instances.create(
        draft.plugin_id,
        {**draft.parameters, "previous_id": 1, "title": "copy"},
    )
    await held.passed()
    (mine,) = set(children(sim)) - {twin.id}
    await sim.until(lambda: sim.job(key).remote_id, HOUR)
    assert sim.job(key).remote_id == mine
    await sim.until(lambda: rows_of(sim, twin.id), HOUR)
    assert key not in {job.key for job in rows_of(sim, twin.id)}


async def test_what_was_run_again_keeps_its_own_run(
    sim: SimDesk, draft: RunIntent
) -> None:
    held = Held(sim, 20 * MINUTE)
    key = await sim.jobs.submit(draft)
    await given_up(sim, key)
    sim.server.faults.clear()
    again = await sim.jobs.retry(key)
    await sim.until(lambda: sim.job(again).remote_id)
    first = sim.job(again).remote_id
    await held.passed()
    (late,) = set(children(sim)) - {first}
    await sim.until(lambda: sim.job(key).remote_id, HOUR)
    assert (sim.job(key).remote_id, sim.job(again).remote_id) == (late, first)


async def test_whoever_said_that_it_is_none_of_them_is_not_contradicted(
    sim: SimDesk, draft: RunIntent
) -> None:
    client = sim.client
    assert client is not None
    values: dict[str, Any] = {**draft.parameters, "previous_id": 1, "title": "copy"}
    held = Held(sim, 60.0)
    key = await sim.jobs.submit(draft)
    await sim.until(lambda: sim.job(key).phase is Phase.SUBMIT_UNCERTAIN)
    sim.server.faults.clear()
    for _ in range(2):
        await client.instances.create(draft.plugin_id, values)
    await sim.until(lambda: sim.job(key).error_code == AMBIGUOUS)
    await sim.jobs.submissions.choose(key, None)
    await held.passed()
    sim.jobs.attention(focused=False, visible=False)
    await sim.sleep(26 * HOUR)
    assert sim.job(key).phase is Phase.NOT_SUBMITTED
    await sim.restart()
    await sim.sleep(HOUR)
    assert sim.job(key).phase is Phase.NOT_SUBMITTED
    assert sim.job(key).remote_id is None
