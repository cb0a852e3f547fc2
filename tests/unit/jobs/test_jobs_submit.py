"""Tokens find their jobs: never two rows of one run, whatever came in between."""

from collections.abc import Callable
from typing import Any

import pytest

from chrislib.catalog.job_pages import JobChanges, JobWrite
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.refusals import CatalogError
from chrislib.jobs.model import JobKey, Phase, RunIntent
from tests.sim.desk import SimDesk

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def draft(sim: SimDesk) -> RunIntent:
    """Start the program; return a run under the one node there is."""
    feed = sim.server.add_feed()
    root = sim.server.add_run(feed, status="finishedSuccessfully", folders=True)
    await sim.start()
    await sim.jobs.refresh()
    return RunIntent(
        plugin_id=sim.server.plugin_id(),
        plugin_name="pl-simpledsapp",
        plugin_version="2.1.0",
        plugin_type="ds",
        parameters={"prefix": "a"},
        previous_id=root,
        feed_id=feed,
        title="copy",
    )


async def journaled(sim: SimDesk, intent: RunIntent) -> JobKey:
    """Write a run down as being sent, and send nothing."""
    account = (await sim.catalog.accounts.known())[0]
    (key,) = await sim.jobs._submitter.journal(
        [intent],
        account_id=account.account_id,
        server_uuid=account.server_uuid,
        sending=True,
    )
    return key


async def test_a_row_that_only_followed_the_run_makes_way(
    sim: SimDesk, draft: RunIntent
) -> None:
    run = sim.server.add_run(1, status="started", previous_id=1, title="copy")
    shadow = await sim.jobs.adoption.track(run)
    key = await journaled(sim, draft)
    (place,) = sim.jobs._connected()
    assert await sim.jobs._submitter.own(key, await place.backend.look(run))
    assert sim.job(key).remote_id == run
    assert sim.jobs.get(shadow.key) is None
    await sim.restart()
    assert [job.key for job in sim.jobs.jobs()] == [key]
    sim.server.set(run, "finishedSuccessfully")
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)
    assert [row.job_key for row in await sim.inbox()] == [key]


@pytest.mark.logs("given to another job")
async def test_a_twin_that_has_the_run_keeps_it(sim: SimDesk, draft: RunIntent) -> None:
    run = sim.server.add_run(1, status="started", previous_id=1, title="copy")
    (place,) = sim.jobs._connected()
    seen = await place.backend.look(run)
    first, second = await journaled(sim, draft), await journaled(sim, draft)
    assert await sim.jobs._submitter.own(first, seen)
    assert not await sim.jobs._submitter.own(second, seen)
    assert sim.job(first).remote_id == run
    assert sim.job(second).remote_id is None
    assert sim.job(second).phase is Phase.SUBMIT_UNCERTAIN


def _takes_a_token(write: JobWrite) -> bool:
    return isinstance(write.row, JobChanges) and "remote_id" in write.row.columns


def failing_commit(times: int) -> Callable[..., Any]:
    """Return a commit that fails at a row with a token, as a full disk does."""
    commit, left = JobTable.commit, [times]

    async def fail(self: JobTable, writes: Any, **kwargs: Any) -> None:
        made = writes() if callable(writes) else writes
        if left[0] and any(_takes_a_token(write) for write in made):
            left[0] -= 1
            raise CatalogError("The disk is full.")
        await commit(self, made, **kwargs)

    return fail


@pytest.mark.logs("was not kept", "could not be sent")
async def test_a_token_the_disk_refused_is_found_again(
    sim: SimDesk, draft: RunIntent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobTable, "commit", failing_commit(1))
    key = await sim.jobs.submit(draft)
    await sim.until(lambda: sim.job(key).remote_id is not None)
    posts = [asked for asked in sim.server.log if asked.method == "POST"]
    assert len(posts) == 1
    assert len(sim.jobs.jobs()) == 1


async def test_run_again_has_marks_of_its_own(sim: SimDesk, draft: RunIntent) -> None:
    key = await sim.jobs.submit(draft)
    await sim.until(lambda: sim.job(key).remote_id is not None)
    await sim.sleep(100)
    again = await sim.jobs.retry(key)
    await sim.until(lambda: sim.job(again).remote_id is not None)
    one, other = sim.job(key).intent, sim.job(again).intent
    assert isinstance(one, RunIntent)
    assert isinstance(other, RunIntent)
    assert one.issued_at < other.issued_at
    assert sim.job(key).remote_id != sim.job(again).remote_id


async def test_intents_are_dated_by_the_servers_clock(
    sim: SimDesk, draft: RunIntent
) -> None:
    sim.server.skew = 7200.0
    await sim.restart()
    await sim.jobs.refresh()
    (place,) = sim.jobs._connected()
    await place.backend.probe()
    key = await sim.jobs.submit(draft)
    await sim.until(lambda: sim.job(key).remote_id is not None)
    intent = sim.job(key).intent
    assert isinstance(intent, RunIntent)
    assert intent.issued_at[:16] == sim.server.now().isoformat()[:16]
