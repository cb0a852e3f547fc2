"""Scenarios 1 to 10: what can happen between the wish for a run and its token.

Crashes are real: a process that kills itself, or is killed, at the exact point, and
the program started again on its catalog before the same station.
"""

import asyncio
import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from chrislib.cube.client import CubeClient
from chrislib.jobs.model import Job, JobKey, Phase, RunIntent
from chrislib.jobs.stall import stalled
from chrislib.jobs.submission import outbox
from chrislib.jobs.submission.reconcile import AMBIGUOUS
from tests.scenarios.proxy import Passing, Proxy
from tests.scenarios.submitting import Place, Program
from tests.sim import faults
from tests.sim.desk import SimDesk
from tests.sim.faults import Answer, Fault

KILLED = -signal.SIGKILL
POST = "POST /api/v1/plugins/"
SOAK = bool(os.environ.get("CHRISLIB_SOAK"))


@pytest.fixture
async def place(station: Any, tmp_path: Path) -> AsyncIterator[Place]:
    """Return a feed on a real station, and a catalog for processes to die on."""
    made = await Place.make(station, tmp_path)
    yield made
    await made.close()


def events_of(path: Path, phase: str) -> int:
    """Count the events that entered a phase, as they are in the file."""
    with closing(sqlite3.connect(path)) as db:
        query = "SELECT count(*) FROM job_event WHERE to_phase=? AND kind<>'looked'"
        return int(db.execute(query, (phase,)).fetchone()[0])


async def test_s01_crash_before_the_post(place: Place) -> None:
    child = place.child([await place.intent("s01")], die="journaled")
    assert await place.wait(child) == KILLED
    async with Program(place.catalog_path, place.client) as program:
        await program.until(lambda: program.only().phase is Phase.NOT_SUBMITTED)
        job = program.only()
        assert await place.made() == 0
        assert job.hint == "Run it again."
        # "Run again" is a new intent: its own key, its own POST.
        again = await program.jobs.retry(job.key)
        assert again != job.key
        await program.until(lambda: program.job(again).remote_id)
        assert await place.made() == 1
        assert program.job(job.key).phase is Phase.NOT_SUBMITTED
    with closing(sqlite3.connect(place.catalog_path)) as db:
        looks = db.execute(
            "SELECT reconcile_looks FROM job WHERE job_key=?", (job.key,)
        ).fetchone()
    assert looks == (3,)


async def test_s02_crash_after_the_post_before_the_reply(place: Place) -> None:
    killed = threading.Event()

    def kill(passing: Passing) -> None:
        if passing.method == "POST":
            # The server has the run; nobody is there any more to hear of it.
            place.children[0].kill()
            killed.set()
            passing.drop()

    with Proxy(place.station.url, after=kill) as proxy:
        child = place.child([await place.intent("s02")], url=proxy.url)
        assert await place.wait(child) == KILLED
    assert killed.is_set()
    # Beside the search a scan of the whole server is under way: it must not take it.
    async with Program(place.catalog_path, place.client, adopts=True) as program:
        await program.until(lambda: program.only().remote_id)
        assert await place.made() == 1
        assert program.rows_of(program.only().remote_id) == 1
        await program.until(lambda: program.only().phase.terminal)


@pytest.mark.virtual_time
@pytest.mark.logs("outcome of a submission unknown")
async def test_s03_time_out_and_success_90_s_later(
    sim: SimDesk, draft: RunIntent
) -> None:
    late: list[asyncio.Task[httpx.Response]] = []

    async def slow(request: httpx.Request, answer: Answer) -> httpx.Response:
        patience = float(request.extensions["timeout"]["read"])

        async def taken() -> httpx.Response:
            await asyncio.sleep(patience + 90)
            return await answer()

        late.append(asyncio.ensure_future(taken()))
        await asyncio.sleep(patience)
        raise httpx.ReadTimeout("no bytes", request=request)

    sim.server.faults.append(Fault(slow, where=POST))
    key = await sim.jobs.submit(draft)
    await sim.until(lambda: sim.job(key).phase is Phase.SUBMIT_UNCERTAIN)
    waited = await sim.until(lambda: sim.job(key).remote_id)
    assert 90 < waited < 130
    await asyncio.gather(*late)
    assert posts(sim) == 1
    assert len(runs_of(sim)) == 1


async def test_s04_power_lost_between_the_reply_and_its_commit(place: Place) -> None:
    child = place.child([await place.intent("s04")], die="answered")
    assert await place.wait(child) == KILLED
    async with Program(place.catalog_path, place.client) as program:
        await program.until(lambda: program.only().remote_id)
        assert await place.made() == 1
        assert program.rows_of(program.only().remote_id) == 1


async def test_s05_power_lost_right_after_the_commit(place: Place) -> None:
    child = place.child([await place.intent("s05")], die="committed")
    assert await place.wait(child) == KILLED
    # Before anybody asks the server: the token is in the file.
    with closing(sqlite3.connect(place.catalog_path)) as db:
        (token,) = db.execute("SELECT remote_id FROM job WHERE kind='run'").fetchone()
    assert token is not None
    async with Program(place.catalog_path, place.client) as program:
        assert program.only().remote_id == token
        # FULL: SQLite waits for the disk before it says a token is kept.
        mode = await program.catalog._database.write(
            lambda db: db.execute("PRAGMA synchronous").fetchone()[0]
        )
        assert mode == 2
    assert events_of(place.catalog_path, "SUBMIT_UNCERTAIN") == 0
    assert await place.made() == 1


@pytest.mark.logs("outcome of a submission unknown")
async def test_s06_two_identical_runs_and_one_lost_reply(place: Place) -> None:
    intent = await place.intent("s06")

    def lose(passing: Passing) -> None:
        if passing.method == "POST" and passing.number == 1:
            passing.drop()

    with Proxy(place.station.url, after=lose) as proxy:
        client = CubeClient(proxy.url, token=place.station.token)
        await client.identify()
        async with Program(place.catalog_path, client) as program:
            first, second = await asyncio.gather(
                program.jobs.submit(intent), program.jobs.submit(intent)
            )
            await program.until(
                lambda: program.job(first).remote_id and program.job(second).remote_id
            )
            tokens = {program.job(first).remote_id, program.job(second).remote_id}
            assert len(tokens) == 2
        await client.aclose()
        assert len(proxy.posts) == 2
    assert await place.made() == 2
    assert events_of(place.catalog_path, "SUBMIT_UNCERTAIN") >= 1


async def test_s07_refused_with_field_errors(place: Place) -> None:
    bad = await place.intent("s07", parameters={"dummyInt": "three"})
    async with Program(place.catalog_path, place.client) as program:
        key = await program.jobs.submit(bad)
        await program.until(lambda: program.job(key).field_errors)
        job = program.job(key)
        assert job.phase is Phase.DRAFT
        assert job.remote_id is None
        assert "integer" in " ".join(job.field_errors.values())
        await program.jobs.refresh()
        assert program.job(key).phase is Phase.DRAFT
    assert await place.made() == 0
    assert events_of(place.catalog_path, "SUBMIT_UNCERTAIN") == 0


@pytest.mark.virtual_time
@pytest.mark.logs("outcome of a submission unknown")
async def test_s08_made_but_its_parameters_were_not_saved(
    sim: SimDesk, draft: RunIntent
) -> None:
    async def half(request: httpx.Request, answer: Answer) -> httpx.Response:
        sim.server.add_run(1, status="created", previous_id=1, title="copy")
        return httpx.Response(500, json={"error": "Internal server error"})

    sim.server.faults.append(Fault(half, where=POST))
    key = await sim.jobs.submit(draft)
    await sim.until(lambda: sim.job(key).remote_id)
    assert sim.job(key).phase is Phase.SUBMITTED
    assert posts(sim) == 1
    await sim.sleep(15 * 60)
    job = sim.job(key)
    assert job.phase is Phase.SUBMITTED
    assert stalled(job, now=sim.clock.time())
    # The way out that is offered works.
    assert await sim.jobs.cancel_scope(key) == 1
    await sim.jobs.cancel(key)
    assert sim.server.log[-1].method == "PUT"
    sim.server.set(sim.job(key).remote_id or 0, "cancelled")
    await sim.until(lambda: sim.job(key).phase is Phase.CANCELLED)


@pytest.mark.logs("outcome of a submission unknown")
async def test_s09_ten_thousand_killed_in_the_middle(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PER_SECOND", 500.0)
    total, stop_at = 10_000, 3_217 if SOAK else 217
    base = await place.intent("s09", previous_id=await place.sleeper())
    intents = [replace(base, parameters={"prefix": f"p{n:05}"}) for n in range(total)]

    def kill(passing: Passing) -> None:
        if passing.method == "POST" and passing.number >= stop_at:
            place.children[0].kill()
            passing.drop()

    with Proxy(place.station.url, after=kill) as proxy:
        child = place.child(intents, url=proxy.url)
        assert await place.wait(child, 900) == KILLED
        before = len(proxy.posts)
    assert before >= stop_at
    more = 60
    with Proxy(place.station.url) as proxy:
        client = CubeClient(proxy.url, token=place.station.token)
        await client.identify()
        async with Program(place.catalog_path, client, base=3.0) as program:
            (view,) = program.jobs.batches.batches()
            assert (view.state, view.written, view.total) == ("RUNNING", total, total)
            lost = before - view.sent
            assert 1 <= lost <= 4
            await program.until(lambda: _sent(program, view.key) >= before + more, 600)
            await program.jobs.batches.pause(view.key)
            await program.until(lambda: _settled(program, view.key), 600)
            members = _members(program, view.key)
            sent = [job for job in members if job.remote_id is not None]
            # The process may also have died between writing a run down as being
            # sent and its first byte: that one the server never saw.
            in_doubt = events_of(place.catalog_path, "SUBMIT_UNCERTAIN")
            assert lost <= in_doubt <= 4
            unsent = set(_in(program, view.key, Phase.NOT_SUBMITTED))
            assert len(unsent) == in_doubt - lost
            # In order: what was taken up is the beginning of the list, each once.
            taken_up = [job for job in members if job.remote_id or job.key in unsent]
            prefixes = [_run(job).parameters["prefix"] for job in taken_up]
            assert prefixes == [f"p{n:05}" for n in range(len(taken_up))]
            assert set(Counter(job.remote_id for job in sent).values()) == {1}
            assert before + len(proxy.posts) == len(sent)
            taken = await program.jobs.batches.cancel(view.key)
            assert taken == total - len(taken_up)
        await client.aclose()
    assert await place.made(below=base.previous_id or 0) == len(sent)
    assert events_of(place.catalog_path, "SUBMIT_UNCERTAIN") == in_doubt


@pytest.mark.virtual_time
async def test_s10_another_client_submits_in_the_same_feed(
    sim: SimDesk, draft: RunIntent
) -> None:
    key = await sim.jobs.submit(draft)
    await sim.until(lambda: sim.job(key).remote_id)
    theirs = sim.server.add_run(1, status="started", previous_id=1, title="theirs")
    guest = sim.server.add_run(1, status="started", previous_id=1, owner="guest")
    await sim.sleep(20 * 60)
    by_id = {job.remote_id: job for job in sim.jobs.jobs()}
    del by_id[1]  # it had ended before: offered to a new catalog
    assert set(by_id) == {sim.job(key).remote_id, theirs, guest}
    assert not by_id[theirs].tracked
    assert not by_id[guest].tracked
    for run_id in (theirs, guest):
        sim.server.set(run_id, "finishedSuccessfully")
    await sim.until(
        lambda: all(
            sim.job(by_id[n].key).phase is Phase.FINISHED for n in (theirs, guest)
        )
    )
    await sim.sleep(120)
    assert await sim.inbox() == ()
    assert sim.sink.toasts == []
    # Unless the user wants to be told of it.
    third = sim.server.add_run(1, status="started", previous_id=1, title="theirs too")
    job = await sim.jobs.adoption.track(third)
    sim.server.set(third, "finishedSuccessfully")
    await sim.until(lambda: sim.job(job.key).phase is Phase.FINISHED)
    assert [row.job_key for row in await sim.inbox()] == [job.key]


@pytest.mark.virtual_time
@pytest.mark.logs("outcome of a submission unknown")
async def test_more_runs_than_intents_are_asked_about(
    sim: SimDesk, draft: RunIntent
) -> None:
    # Somebody else's program made a run of the very same values at the same moment.
    assert sim.client is not None
    values = {"previous_id": 1, "title": "copy", "prefix": "a", "dummyInt": 3}
    await sim.client.instances.create(draft.plugin_id, values)
    sim.server.faults.append(Fault(faults.drop_answer, where=POST))
    key = await sim.jobs.submit(draft)
    await sim.until(lambda: sim.job(key).error_code == AMBIGUOUS)
    assert sim.job(key).phase is Phase.SUBMIT_UNCERTAIN
    assert [row.kind for row in await sim.inbox()] == ["SUBMIT_UNCERTAIN"]
    choices = await sim.jobs.submissions.choices(key)
    assert len(choices) == 2
    await sim.restart()
    await sim.jobs.refresh()
    assert sim.job(key).error_code == AMBIGUOUS
    job = await sim.jobs.submissions.choose(key, choices[1].remote_id)
    assert job.remote_id == choices[1].remote_id
    assert job.error_code == ""
    assert posts(sim) == 2


@pytest.mark.virtual_time
@pytest.mark.logs("outcome of a submission unknown")
async def test_a_nonce_finds_the_run_among_like_ones(
    sim: SimDesk, draft: RunIntent
) -> None:
    account = (await sim.catalog.accounts.known())[0].account_id
    await sim.jobs.preferences.set_nonce(account, on=True)
    assert sim.client is not None
    values = {"previous_id": 1, "title": "copy", "prefix": "a", "dummyInt": 3}
    await sim.client.instances.create(draft.plugin_id, values)
    sim.server.faults.append(Fault(faults.drop_answer, where=POST))
    long = replace(draft, title="t" * 100)
    key = await sim.jobs.submit(long)
    await sim.until(lambda: sim.job(key).remote_id)
    row = sim.server.run(sim.job(key).remote_id or 0)
    assert len(row["title"]) == 100
    nonce = _run(sim.job(key)).nonce
    assert row["title"] == f"{'t' * 93} {nonce}"
    again = await sim.jobs.retry(key)
    await sim.until(lambda: sim.job(again).remote_id)
    assert _run(sim.job(again)).nonce not in ("", nonce)


# Helpers.


def _run(job: Job) -> RunIntent:
    assert isinstance(job.intent, RunIntent)
    return job.intent


def _sent(program: Program, batch_key: str) -> int:
    view = program.jobs.batches.get(batch_key)
    return view.sent if view is not None else 0


@pytest.fixture
async def draft(sim: SimDesk) -> RunIntent:
    """Start the program; return a run under the one node there is."""
    feed = sim.server.add_feed()
    root = sim.server.add_run(feed, status="finishedSuccessfully", folders=True)
    assert (feed, root) == (1, 1)
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


def posts(sim: SimDesk) -> int:
    """Count the POSTs of runs."""
    return sum(
        asked.method == "POST" and asked.path.endswith("instances/")
        for asked in sim.server.log
    )


def runs_of(sim: SimDesk) -> list[Any]:
    """Return the runs under the first node."""
    return list(sim.server.store.rows("SELECT id FROM instances WHERE previous_id = 1"))


def _members(program: Program, batch_key: str) -> list[Job]:
    members = [job for job in program.jobs.jobs() if job.batch_key == batch_key]
    return sorted(members, key=lambda job: job.key)


def _settled(program: Program, batch_key: str) -> bool:
    """Whether it is known of each run of a batch what became of it, or it waits."""
    view = program.jobs.batches.get(batch_key)
    assert view is not None
    settled = view.sent + view.waiting + view.failed == view.total
    return settled and not program.jobs.submissions.sending


def _in(program: Program, batch_key: str, phase: Phase) -> list[JobKey]:
    return [job.key for job in _members(program, batch_key) if job.phase is phase]
