"""What looks bring, and what they do not: jobs.md §4, scenarios 11 to 28."""

from pathlib import Path
from typing import Any

import pytest

from chrislib.aio import spawn
from chrislib.cube.client import CubeClient
from chrislib.jobs.model import JobKey, Phase, Reach, ResultState, Retention
from tests.scenarios.several import (
    Switch,
    all_in,
    end,
    remote,
    rows_of,
    running,
)
from tests.sim import faults
from tests.sim.desk import SimDesk
from tests.sim.faults import Fault
from tests.sim.server import SimServer

pytestmark = pytest.mark.virtual_time

BUCKET = 70
"""Requests in any minute: 60, and a burst of 10."""


async def history(sim: SimDesk, key: JobKey) -> list[tuple[str, str]]:
    """Return a job's events as (kind, phase it led to)."""
    return [(e.kind, e.to_phase) for e in await sim.catalog.jobs.events(key)]


async def changes_of_phase(sim: SimDesk, key: JobKey) -> list[str]:
    """Return the phases a job went through."""
    trace = await sim.jobs.trace(key)
    assert trace is not None
    return [phase.value for phase, _ in trace.entered]


async def point(sim: SimDesk, key: JobKey) -> None:
    """Look at one run now, through the gate, as the follower does."""
    follower = sim.jobs._followers.present
    backend, account = follower.link.backend, follower.link.account
    assert backend is not None
    assert account is not None
    await follower._looks.point(backend, account, remote(sim, key))


async def test_s11_an_older_answer_comes_later(sim: SimDesk) -> None:
    (key,) = await running(sim, 1)
    run = remote(sim, key)
    sim.server.faults.append(
        Fault(faults.late(8, sim.clock.sleep), where=f"plugins/instances/{run}/")
    )
    slow = spawn(point(sim, key), name="slow look")
    await sim.sleep(1)
    sim.server.set(run, "registeringFiles")
    await point(sim, key)
    assert sim.job(key).phase is Phase.REGISTERING
    before = await history(sim, key)
    await slow
    assert sim.job(key).phase is Phase.REGISTERING
    assert await history(sim, key) == before
    assert "regress" not in {kind for kind, _ in before}


async def test_s12_from_scheduled_to_finished_between_ticks(sim: SimDesk) -> None:
    run = sim.server.add_run(sim.server.add_feed(), status="scheduled")
    await sim.start()
    key = await sim.follow(run)
    await sim.until(lambda: sim.job(key).phase is Phase.QUEUED)
    await sim.sleep(60)
    before = len(await history(sim, key))
    for status in ("started", "registeringFiles", "finishedSuccessfully"):
        sim.server.set(run, status)
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED, 60)
    await sim.sleep(300)
    assert len(await history(sim, key)) == before + 1
    assert (await changes_of_phase(sim, key))[-2:] == ["QUEUED", "FINISHED"]
    assert await rows_of(sim, "READY") == [key]
    assert len(sim.sink.toasts) == 1


async def test_s13_two_hours_of_registering(sim: SimDesk) -> None:
    keys = await running(sim, 30, feeds=3)
    slow, others = keys[0], keys[1:]
    sim.server.set(remote(sim, slow), "registeringFiles")
    began = sim.server.now()
    await sim.until(lambda: sim.job(slow).phase is Phase.REGISTERING, 60)
    for number in range(24):
        end(sim, others[number : number + 1])
        await sim.sleep(300)
        assert sim.job(others[number]).phase is Phase.FINISHED
    job = sim.job(slow)
    assert (job.phase, job.result) == (Phase.REGISTERING, ResultState.NONE)
    assert str(slow) not in await rows_of(sim, "READY")
    low = await sim.catalog.jobs.low(1)
    held = (sim.server.now() - began).total_seconds()
    if low:
        behind = sim.server.now().timestamp() - stamp(low)
        assert behind <= 900 + 600
        assert held > 7000
    sim.server.set(remote(sim, slow), "finishedSuccessfully")
    await sim.until(lambda: sim.job(slow).phase is Phase.FINISHED, 300)
    assert (await rows_of(sim, "READY")).count(str(slow)) == 1


def stamp(text: str) -> float:
    """Return the seconds since the epoch of an ISO time, or of a number as text."""
    from datetime import datetime

    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text).timestamp()


async def test_s14_a_cancel_that_is_taken_back(sim: SimDesk) -> None:
    (key,) = await running(sim, 1)
    run = remote(sim, key)
    sim.server.set(run, "cancelled")
    await sim.until(lambda: sim.job(key).phase is Phase.CANCELLED, 60)
    await sim.sleep(1)
    sim.server.set(run, "registeringFiles")
    sim.server.set(run, "finishedSuccessfully")
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED, 60)
    await sim.sleep(600)
    assert await rows_of(sim, "READY") == [key]
    assert len(sim.sink.toasts) == 1
    ((_, toast),) = sim.sink.toasts
    assert not toast.problem


async def test_s15_a_told_cancel_is_finished_after_all(sim: SimDesk) -> None:
    keys = await running(sim, 3)
    key = keys[0]
    sim.server.set(remote(sim, key), "cancelled")
    await sim.until(lambda: sim.job(key).phase is Phase.CANCELLED, 200)
    await sim.sleep(600)
    assert await rows_of(sim, "CANCELLED_EXTERNALLY") == [key]
    told = len(sim.sink.toasts)
    assert told == 1
    end(sim, [key])
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED, 1200)
    assert sim.job(key).epoch == 1
    assert sim.job(key).result is ResultState.READY
    assert await rows_of(sim, "READY") == [key]
    assert ("reopen", "FINISHED") in await history(sim, key)


async def test_s16_cancelled_with_a_code_is_a_failure(sim: SimDesk) -> None:
    (key,) = await running(sim, 1)
    sim.server.set(remote(sim, key), "cancelled", error_code="CODE14")
    await sim.until(lambda: sim.job(key).phase is Phase.FAILED, 120)
    assert "files" in sim.job(key).detail
    assert "ancelled" not in sim.job(key).detail
    assert await rows_of(sim, "FAILED") == [key]
    assert await rows_of(sim, "CANCELLED_EXTERNALLY") == []


async def test_s17_a_parent_fails(sim: SimDesk) -> None:
    feed = sim.server.add_feed()
    runs = [sim.server.add_run(feed, status="started")]
    for _ in range(4):
        runs.append(sim.server.add_run(feed, status="waiting", previous_id=runs[-1]))
    await sim.start()
    keys = await sim.follow_all(runs)
    await sim.until(lambda: all_in(sim, keys[1:], Phase.WAITING))
    end(sim, keys[:1], "finishedWithError")
    end(sim, keys[1:], "cancelled")
    await sim.until(lambda: all(sim.job(k).phase.terminal for k in keys), 300)
    assert sim.job(keys[0]).phase is Phase.FINISHED_WITH_ERRORS
    assert all_in(sim, keys[1:], Phase.CANCELLED_UPSTREAM)
    await sim.sleep(600)
    assert [row.kind for row in await sim.inbox()] == ["ERRORS"]
    assert len(sim.sink.toasts) == 1


def without(*runs: int) -> faults.Change:
    """Leave rows out of lists, as pages do that shift while they are read."""

    def cut(body: Any) -> Any:
        rows = body.get("results") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            return body
        return {**body, "results": [r for r in rows if r.get("id") not in runs]}

    return faults.rewrite(cut)


async def test_s18_a_row_slips_between_two_pages(sim: SimDesk) -> None:
    keys = await running(sim, 120, feeds=6)
    lost = keys[60]
    before = await history(sim, lost)
    sim.server.faults.append(
        Fault(without(remote(sim, lost)), where="plugins/instances/search/", times=None)
    )
    end(sim, keys[:2])
    began = sim.clock.monotonic()
    await sim.sleep(900)
    assert sim.job(lost).phase is Phase.RUNNING
    assert await history(sim, lost) == before
    assert sorted(await rows_of(sim, "READY")) == sorted(keys[:2])
    assert len(await sim.inbox()) == 2
    assert sim.server.requests(began)


async def test_s19_a_row_comes_twice(sim: SimDesk) -> None:
    keys = await running(sim, 10)
    feed = sim.job(keys[0]).feed_id
    assert feed is not None
    sim.server.faults.append(Fault(faults.doubled({feed}), times=None))
    end(sim, keys[:5])
    await sim.until(lambda: all_in(sim, keys[:5], Phase.FINISHED), 120)
    await sim.sleep(120)
    for key in keys[:5]:
        assert (await changes_of_phase(sim, key)).count("FINISHED") == 1
    assert await rows_of(sim, "READY") == sorted(keys[:5])
    assert all_in(sim, keys[5:], Phase.RUNNING)


async def test_s20_an_old_server_ignores_active(sim: SimDesk) -> None:
    sim.server.ignored.add("active")
    feed = sim.server.add_feed("long ago")
    for _ in range(600):
        sim.server.add_run(feed, status="finishedSuccessfully", ended=86_400.0)
    keys = await running(sim, 10)
    began = sim.clock.monotonic()
    end(sim, keys[:5])
    await sim.until(lambda: all_in(sim, keys[:5], Phase.FINISHED), 120)
    await sim.sleep(600)
    rows = [a.rows for a in sim.server.requests(began)]
    assert all_in(sim, keys[5:], Phase.RUNNING)
    # no flood: the 600 of long ago are never listed again
    assert sum(rows) <= 600
    assert await rows_of(sim, "READY") == sorted(keys[:5])


async def test_s21_a_status_nobody_knows(sim: SimDesk) -> None:
    keys = await running(sim, 2)
    run = remote(sim, keys[0])
    sim.server.store.execute("PRAGMA ignore_check_constraints=ON")
    sim.server.set(run, "archiving")
    await sim.until(lambda: sim.job(keys[0]).phase is Phase.UNKNOWN, 60)
    await sim.sleep(900)
    job = sim.job(keys[0])
    assert (job.phase, job.remote_status) == (Phase.UNKNOWN, "archiving")
    assert "archiving" in job.detail
    assert not job.phase.terminal
    assert await sim.inbox() == ()
    end(sim, keys[:1])
    await sim.until(lambda: sim.job(keys[0]).phase is Phase.FINISHED, 120)


async def test_s22_a_proxy_sends_fewer_rows_than_asked(sim: SimDesk) -> None:
    sim.server.faults.append(Fault(faults.lower_limit(7), times=None))
    keys = await running(sim, 60, feeds=6)
    end(sim, keys[::3])
    await sim.until(lambda: all_in(sim, keys[::3], Phase.FINISHED), 300)
    rest = [key for number, key in enumerate(keys) if number % 3]
    for key in rest:
        sim.server.set(remote(sim, key), "uploading")
    await sim.until(lambda: all_in(sim, rest, Phase.STAGING_OUT), 600)
    assert sim.server.most_in(60) <= BUCKET


async def test_s23_counts_of_a_shared_feed_are_inflated(sim: SimDesk) -> None:
    keys = await running(sim, 240, feeds=12)
    feed = sim.job(keys[0]).feed_id
    assert feed is not None
    sim.server.faults.append(Fault(faults.doubled({feed}), times=None))
    await sim.sleep(900)
    assert all_in(sim, keys, Phase.RUNNING)
    assert await sim.inbox() == ()
    mine = [key for key in keys if sim.job(key).feed_id == feed]
    end(sim, mine[:3])
    await sim.until(lambda: all_in(sim, mine[:3], Phase.FINISHED), 180)
    await sim.sleep(300)
    assert all_in(sim, mine[3:], Phase.RUNNING)
    assert await rows_of(sim, "READY") == sorted(mine[:3])


async def test_s24_a_feed_is_deleted_elsewhere(sim: SimDesk) -> None:
    keys = await running(sim, 40, feeds=2)
    feed = sim.job(keys[0]).feed_id
    assert feed is not None
    gone = [key for key in keys if sim.job(key).feed_id == feed]
    rest = [key for key in keys if sim.job(key).feed_id != feed]
    for key in gone:
        sim.server.delete_run(remote(sim, key))
    sim.server.delete_feed(feed)
    began = sim.clock.monotonic()
    await sim.sleep(20)
    # one look is no proof
    assert all_in(sim, gone, Phase.RUNNING)
    await sim.until(lambda: all_in(sim, gone, Phase.GONE), 600)
    assert all_in(sim, rest, Phase.RUNNING)
    assert {job.key for job in sim.jobs.jobs()} == set(keys)
    await sim.sleep(600)
    assert len(sim.sink.toasts) == 1
    # nobody asks for each of twenty runs twice
    single = [
        a for a in sim.server.requests(began) if a.status == 404 and "/inst" in a.path
    ]
    assert len(single) <= 20


async def test_s25_a_deletion_under_way_is_no_loss(sim: SimDesk) -> None:
    keys = await running(sim, 3)
    run = remote(sim, keys[0])
    end(sim, keys[:1])
    await sim.until(lambda: sim.job(keys[0]).phase is Phase.FINISHED, 60)
    live = keys[1]
    sim.server.set(remote(sim, live), "started", deletion_status="pending")
    sim.server.set(run, "finishedSuccessfully", deletion_status="pending")
    await point(sim, keys[0])
    assert sim.job(keys[0]).retention is Retention.PURGING
    sim.server.delete_run(run)
    await point(sim, keys[0])
    assert sim.job(keys[0]).phase is Phase.FINISHED
    assert sim.job(keys[0]).retention is Retention.PURGED
    await sim.sleep(300)
    assert {row.kind for row in await sim.inbox()} == {"READY"}
    assert all("lost" not in t.title + t.text for _, t in sim.sink.toasts)


async def test_s26_sharing_is_taken_back(sim: SimDesk) -> None:
    keys = await running(sim, 30, feeds=3)
    feed = sim.job(keys[0]).feed_id
    hidden = [key for key in keys if sim.job(key).feed_id == feed]
    rest = [key for key in keys if sim.job(key).feed_id != feed]
    runs = [remote(sim, key) for key in hidden]
    sim.server.faults += [
        Fault(faults.status(403), where=f"/{feed}/plugininstances/", times=None),
        Fault(faults.status(403), where=f"GET /api/v1/{feed}/", times=None),
        *[
            Fault(faults.status(404), where=f"plugins/instances/{run}/", times=None)
            for run in runs
        ],
        Fault(without(*runs), where="plugins/instances/search/", times=None),
    ]
    began = sim.clock.monotonic()
    await sim.until(
        lambda: all(sim.job(key).reach is Reach.FORBIDDEN for key in hidden), 600
    )
    await sim.sleep(3600)
    assert all_in(sim, hidden, Phase.RUNNING)
    assert {sim.job(key).reach for key in rest} == {Reach.FRESH}
    assert await sim.inbox() == ()
    denied = [a for a in sim.server.requests(began + 300) if a.status in (403, 404)]
    # each is looked at once in a quarter of an hour at most
    assert len(denied) <= 2 * len(hidden) * 5
    sim.server.faults.clear()
    end(sim, hidden)
    await sim.until(lambda: all_in(sim, hidden, Phase.FINISHED), 1200)
    assert {sim.job(key).reach for key in hidden} == {Reach.FRESH}


@pytest.mark.parametrize("signed_in_again", [False, True])
async def test_s27_the_server_is_set_up_anew(
    sim: SimDesk, tmp_path: Path, *, signed_in_again: bool
) -> None:
    switch = Switch(sim.server)
    sim.client = client_of(sim.server, switch, sim.server.token)
    keys = await running(sim, 6)
    anew = SimServer(tmp_path / "anew", sim.clock, seed=5)
    feed = anew.add_feed("somebody's")
    twins = [anew.add_run(feed, status="finishedSuccessfully") for _ in range(3)]
    assert set(twins) <= {remote(sim, key) for key in keys}
    old = sim.server
    if signed_in_again:
        # the usual case: the new server does not know the old token
        switch.server = anew
        await sim.until(lambda: sim.jobs.reach is Reach.AUTH_REQUIRED, 120)
        assert all_in(sim, keys, Phase.RUNNING)
        sim.client = client_of(anew, switch, anew.token)
        await sim.jobs.refresh()
    else:
        anew.store.execute("UPDATE users SET token=? WHERE username='local'", old.token)
        old.faults.append(Fault(faults.refuse, times=None))
        await sim.sleep(120)
        switch.server = anew
    await sim.until(lambda: all_in(sim, keys, Phase.ORPHANED), 400)
    assert {sim.job(key).reach for key in keys} == {Reach.SERVER_CHANGED}
    assert await rows_of(sim, "READY") == []
    assert {job.key for job in sim.jobs.jobs()} == set(keys)
    # a run of the new server is somebody else's, whatever its number
    key = (await follow_there(sim, anew, twins[:1]))[0]
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED, 60)
    assert all_in(sim, keys, Phase.ORPHANED)
    # and should the old one come back, its runs are known again
    old.faults.clear()
    switch.server = old
    sim.client = client_of(old, switch, old.token)
    await sim.jobs.refresh()
    await sim.until(lambda: all_in(sim, keys, Phase.RUNNING), 120)
    await sim.stop()
    anew.close()


def client_of(server: SimServer, switch: Switch, token: str) -> CubeClient:
    """Return a client of the address behind which the server is exchanged."""
    client = CubeClient(server.url, token=token, transport=switch)
    client.username = server.username
    return client


async def follow_there(
    sim: SimDesk, server: SimServer, runs: list[int]
) -> list[JobKey]:
    """Have runs of the server that answers now followed."""
    before, sim.server = sim.server, server
    try:
        return await sim.follow_all(runs)
    finally:
        sim.server = before


async def test_s28_a_backup_is_restored(sim: SimDesk) -> None:
    keys = await running(sim, 12, feeds=2)
    back, lost = keys[0], keys[1]
    sim.server.set(remote(sim, back), "uploading")
    end(sim, keys[2:4])
    await sim.until(lambda: sim.job(back).phase is Phase.STAGING_OUT, 120)
    await sim.until(lambda: all_in(sim, keys[2:4], Phase.FINISHED), 120)
    # yesterday: one was not that far, one was not there, one had not ended
    sim.server.set(remote(sim, back), "started")
    sim.server.delete_run(remote(sim, lost))
    sim.server.set(remote(sim, keys[2]), "started")
    await sim.until(lambda: sim.job(back).phase is Phase.RUNNING, 300)
    await sim.until(lambda: sim.job(lost).phase is Phase.GONE, 600)
    assert ("regress", "RUNNING") in await history(sim, back)
    assert {job.key for job in sim.jobs.jobs()} == set(keys)
    assert await rows_of(sim, "READY") == sorted(keys[2:4])
