"""The manager on a scripted server: nothing is lost, sent twice or told twice."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from chrislib.catalog.refusals import CatalogReadOnly
from chrislib.cube.errors import (
    Refused,
    ServerFault,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.jobs.model import JobChange, Phase, Reach, ResultState, RunIntent
from chrislib.jobs.submission.held import Next
from tests.unit.jobs.conftest import ScriptedRuns

Bench = Any


async def test_a_run_is_followed_to_its_end(bench: Bench, intent: RunIntent) -> None:
    job = await bench.jobs.submit_now(intent)
    assert (job.remote_id, job.feed_id) == (1, 7)
    assert [one.key for one in bench.jobs.of_feed(7)] == [job.key]
    assert bench.jobs.of_feed(8) == ()
    phases: list[Phase] = []
    bench.jobs.subscribe(lambda cs: phases.extend(c.after.phase for c in cs))
    for status in ("started", "registeringFiles", "finishedSuccessfully"):
        bench.server.set(1, status, log="the log")
        expected = {
            "started": Phase.RUNNING,
            "registeringFiles": Phase.REGISTERING,
            "finishedSuccessfully": Phase.FINISHED,
        }[status]
        await bench.until(lambda p=expected: bench.job(job.key).phase is p)
    assert bench.job(job.key).result is ResultState.READY
    trace = await bench.jobs.trace(1)
    assert trace.log == "the log"
    assert [p for p, _ in trace.entered] == [
        Phase.SUBMITTING,
        Phase.QUEUED,
        Phase.RUNNING,
        Phase.REGISTERING,
        Phase.FINISHED,
    ]
    rows = await bench.jobs.inbox()
    assert [(row.kind, row.feed_id, row.instance_id) for row in rows] == [
        ("READY", 7, 1)
    ]
    await bench.until(lambda: bench.sink.toasts)
    (toast,) = bench.sink.toasts
    assert toast.target == "feed/7/node/1"
    assert "copy" not in toast.title + toast.text


async def test_a_refused_form_is_corrected_by_its_author(
    bench: Bench, intent: RunIntent
) -> None:
    refusal = Refused("no", fields={"prefix": "too long"})
    bench.server.post_errors = [(refusal, False)]
    with pytest.raises(Refused) as caught:
        await bench.jobs.submit_now(intent)
    assert caught.value.fields == {"prefix": "too long"}
    assert bench.jobs.jobs() == ()
    await bench.jobs.refresh()
    assert len(bench.server.posts) == 1


async def test_a_refused_background_run_keeps_its_reasons(
    bench: Bench, intent: RunIntent
) -> None:
    refusal = Refused("no", "bad", fields={"prefix": "too long"})
    bench.server.post_errors = [(refusal, False)]
    key = await bench.jobs.submit(intent)
    await bench.until(lambda: bench.job(key).field_errors)
    assert bench.job(key).phase is Phase.DRAFT
    await bench.jobs.refresh()
    assert len(bench.server.posts) == 1


@pytest.mark.logs("outcome of a submission unknown")
@pytest.mark.parametrize("made", [True, False])
async def test_a_lost_answer_is_reconciled_and_never_sent_again(
    bench: Bench, intent: RunIntent, *, made: bool
) -> None:
    lost = ServerUnreachable("no answer", context={"sent": "yes"})
    bench.server.post_errors = [(lost, made)]
    job = await bench.jobs.submit_now(intent)
    assert job.phase is Phase.SUBMIT_UNCERTAIN
    end = Phase.QUEUED if made else Phase.NOT_SUBMITTED
    await bench.until(lambda: bench.job(job.key).phase is end)
    assert len(bench.server.posts) == 1
    assert bench.job(job.key).remote_id == (1 if made else None)
    kinds = [row.kind for row in await bench.jobs.inbox()]
    assert kinds == ([] if made else ["SUBMIT_UNCERTAIN"])


@pytest.mark.logs("outcome of a submission unknown")
async def test_uncertain_twins_get_one_run_each(
    bench: Bench, intent: RunIntent
) -> None:
    fault = ServerFault("500")
    bench.server.post_errors = [(fault, True), (fault, True)]
    first = await bench.jobs.submit_now(intent)
    second = await bench.jobs.submit_now(intent)
    await bench.until(
        lambda: (
            {bench.job(first.key).remote_id, bench.job(second.key).remote_id} == {1, 2}
        )
    )
    assert bench.job(first.key).remote_id == 1


async def test_what_was_never_sent_is_sent_when_the_server_is_back(
    bench: Bench, intent: RunIntent
) -> None:
    bench.server.down = ServerUnreachable("down", context={"sent": "no"})
    key = await bench.jobs.submit(intent)
    await bench.until(lambda: bench.jobs.reach is Reach.OFFLINE)
    assert bench.job(key).phase is Phase.DRAFT
    bench.server.down = None
    await bench.until(lambda: bench.job(key).phase is Phase.QUEUED)
    assert len(bench.server.posts) == 1
    assert bench.jobs.reach is Reach.FRESH


async def test_nothing_is_kept_of_a_run_its_author_saw_fail(
    bench: Bench, intent: RunIntent
) -> None:
    bench.server.down = ServerUnreachable("down", context={"sent": "no"})
    with pytest.raises(ServerUnreachable):
        await bench.jobs.submit_now(intent)
    bench.server.down = None
    await bench.jobs.refresh()
    assert bench.server.posts == []
    assert bench.jobs.jobs() == ()


async def test_a_dead_server_changes_reach_and_nothing_else(
    bench: Bench, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    bench.server.set(1, "started")
    await bench.until(lambda: bench.job(job.key).phase is Phase.RUNNING)
    bench.server.down = ServerUnreachable("down", context={"sent": "no"})
    await bench.until(lambda: bench.job(job.key).reach is Reach.OFFLINE)
    assert bench.job(job.key).phase is Phase.RUNNING
    bench.server.set(1, "finishedSuccessfully")
    bench.server.down = None
    await bench.until(lambda: bench.job(job.key).phase is Phase.FINISHED)
    assert bench.job(job.key).reach is Reach.FRESH


async def test_a_refused_token_is_told_once_and_asked_no_more(
    bench: Bench, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    bench.server.down = TokenRejected("401")
    await bench.until(lambda: bench.job(job.key).reach is Reach.AUTH_REQUIRED)
    asked = bench.server.requests
    await asyncio.sleep(0.6)
    assert bench.server.requests == asked
    for _ in range(3):
        await bench.jobs.refresh()
    assert bench.server.requests == asked + 3
    assert [row.kind for row in await bench.jobs.inbox()] == ["AUTH"]
    assert bench.job(job.key).phase is Phase.QUEUED
    bench.server.down = None
    bench.server.set(1, "finishedSuccessfully")
    bench.connection = replace(bench.connection, token="new")
    await bench.jobs.refresh()
    await bench.until(lambda: bench.job(job.key).phase is Phase.FINISHED)


async def test_a_run_that_ends_while_we_are_closed_is_found_and_told(
    bench: Bench, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    await bench.stop()
    bench.server.set(1, "finishedSuccessfully")
    await bench.restart()
    await bench.until(lambda: bench.job(job.key).phase is Phase.FINISHED)
    await bench.until(lambda: bench.sink.toasts)
    await bench.restart()
    await bench.jobs.refresh()
    await asyncio.sleep(0.2)
    assert [toast.target for toast in bench.sink.toasts] == ["feed/7/node/1"]


@pytest.mark.parametrize("stays", [True, False])
async def test_whoever_goes_away_finds_a_refused_run_only_where_it_is_to_stay(
    bench: Bench, intent: RunIntent, monkeypatch: pytest.MonkeyPatch, *, stays: bool
) -> None:
    asked, gate = asyncio.Event(), asyncio.Event()
    submit = ScriptedRuns.submit

    async def slowly(backend: ScriptedRuns, run: RunIntent) -> Any:
        asked.set()
        await gate.wait()
        return await submit(backend, run)

    monkeypatch.setattr(ScriptedRuns, "submit", slowly)
    bench.server.post_errors = [(Refused("no", fields={"title": "bad"}), False)]
    sending = asyncio.ensure_future(bench.jobs.submit_now(intent, stays=stays))
    await asked.wait()
    (job,) = bench.jobs.jobs()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    gate.set()
    await bench.until(lambda: bench.job(job.key).phase is Phase.DRAFT)
    assert bench.job(job.key).field_errors == {"title": "bad"}
    assert bool(bench.jobs.jobs()) is stays


async def test_whoever_goes_away_while_it_is_written_down_has_it_sent(
    bench: Bench, intent: RunIntent
) -> None:
    chain = [Next(replace(intent, title="after", plugin_type="ds"))]
    waits = bench.jobs.submit_now(intent, chain, stays=True)
    sending = asyncio.ensure_future(waits)
    bench.jobs.subscribe(lambda _changes: sending.cancel())
    with pytest.raises(asyncio.CancelledError):
        await sending
    await bench.until(lambda: len(bench.server.posts) == 2)
    assert len(bench.jobs.jobs()) == 2


async def test_a_process_killed_while_it_sends_does_not_send_again(
    bench: Bench, intent: RunIntent
) -> None:
    bench.server.post_delay = 30
    sending = asyncio.ensure_future(bench.jobs.submit_now(intent))
    await bench.until(
        lambda: any(j.phase is Phase.SUBMITTING for j in bench.jobs.jobs())
    )
    (job,) = bench.jobs.jobs()
    sending.cancel()
    bench.server.post_delay = 0
    await bench.restart()
    await bench.until(lambda: bench.job(job.key).phase is Phase.NOT_SUBMITTED)
    assert bench.server.posts == []


async def test_a_lost_cancel_is_sent_again(bench: Bench, intent: RunIntent) -> None:
    job = await bench.jobs.submit_now(intent)
    bench.server.loses_cancels = 1
    assert await bench.jobs.cancel(job.key) == 1
    await bench.until(lambda: bench.job(job.key).phase is Phase.CANCELLED)
    assert len(bench.server.cancels) == 2
    assert await bench.jobs.inbox() == ()


async def test_a_cancel_taken_back_by_the_server_reopens_the_job(
    bench: Bench, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    bench.server.set(1, "cancelled")
    await bench.until(lambda: bench.job(job.key).phase is Phase.CANCELLED)
    bench.server.set(1, "started")
    await bench.until(lambda: bench.job(job.key).phase is Phase.RUNNING)
    assert bench.job(job.key).epoch == 1
    bench.server.set(1, "finishedSuccessfully")
    await bench.until(lambda: bench.job(job.key).phase is Phase.FINISHED)
    await bench.until(lambda: bench.sink.toasts)
    await asyncio.sleep(0.8)
    assert [t.title for t in bench.sink.toasts] == ["Feed 7: run finished"]


@pytest.mark.parametrize(
    ("status", "code", "phase", "kind"),
    [
        ("finishedWithError", "", Phase.FINISHED_WITH_ERRORS, "ERRORS"),
        ("cancelled", "CODE07", Phase.FAILED, "FAILED"),
        ("cancelled", "", Phase.CANCELLED, "CANCELLED_EXTERNALLY"),
    ],
)
async def test_every_bad_end_is_told(
    bench: Bench, intent: RunIntent, *, status: str, code: str, phase: Phase, kind: str
) -> None:
    job = await bench.jobs.submit_now(intent)
    bench.server.set(1, status, code=code)
    await bench.until(lambda: bench.job(job.key).phase is phase)
    assert bench.job(job.key).detail
    assert [row.kind for row in await bench.jobs.inbox()] == [kind]
    await bench.until(lambda: bench.sink.toasts)


async def test_a_deleted_run_is_gone_after_two_looks(
    bench: Bench, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    del bench.server.runs[1]
    await bench.until(lambda: bench.job(job.key).phase is Phase.GONE)


async def test_the_note_is_written_once_the_feed_is_made(
    bench: Bench, intent: RunIntent
) -> None:
    first = replace(intent, plugin_type="fs", feed_id=None, note="Why we do this.")
    job = await bench.jobs.submit_now(first)
    await bench.until(lambda: bench.server.notes)
    assert bench.server.notes == {job.feed_id: "Why we do this."}
    await bench.restart()
    bench.server.notes.clear()
    await bench.jobs.refresh()
    assert bench.server.notes == {}


async def test_many_runs_are_found_by_lists(
    bench: Bench, another: Callable[[str], RunIntent]
) -> None:
    keys = [
        (await bench.jobs.submit_now(another(f"p{number}"))).key for number in range(12)
    ]
    for number in range(1, 13):
        bench.server.set(number, "finishedSuccessfully")
    await bench.until(
        lambda: all(bench.job(key).phase is Phase.FINISHED for key in keys)
    )
    assert len(await bench.jobs.inbox()) == 12
    await bench.until(lambda: bench.sink.toasts)


@pytest.mark.logs("a subscriber of the jobs failed")
async def test_a_broken_subscriber_harms_nobody(
    bench: Bench, intent: RunIntent
) -> None:
    def broken(_changes: tuple[JobChange, ...]) -> None:
        raise RuntimeError

    seen: list[JobChange] = []
    bench.jobs.subscribe(broken)
    bench.jobs.subscribe(seen.extend)
    job = await bench.jobs.submit_now(intent)
    bench.server.set(1, "finishedSuccessfully")
    await bench.until(lambda: bench.job(job.key).phase is Phase.FINISHED)
    assert seen[0].before is None
    assert seen[-1].after.phase is Phase.FINISHED


async def test_acting_on_an_outcome_is_local_and_kept(
    bench: Bench, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    bench.server.set(1, "finishedSuccessfully")
    await bench.until(lambda: bench.job(job.key).phase is Phase.FINISHED)
    (row,) = await bench.jobs.inbox()
    asked = bench.server.requests
    await bench.jobs.act(row.dedupe_key, "seen")
    assert (await bench.jobs.inbox())[0].seen_at is not None
    await bench.jobs.act(row.dedupe_key, "discard")
    assert await bench.jobs.inbox() == ()
    assert bench.job(job.key).result is ResultState.DISCARDED
    await bench.jobs.act(row.dedupe_key, "undo")
    assert len(await bench.jobs.inbox()) == 1
    assert bench.job(job.key).result is ResultState.READY
    assert bench.server.requests == asked


async def test_without_work_nothing_is_asked(bench: Bench) -> None:
    await bench.jobs.refresh()
    await asyncio.sleep(0.5)
    assert bench.server.requests == 0


async def test_jobs_stay_without_a_connection(bench: Bench, intent: RunIntent) -> None:
    job = await bench.jobs.submit_now(intent)
    bench.connection = None
    await bench.restart()
    await bench.jobs.refresh()
    assert bench.job(job.key).phase is Phase.QUEUED


async def test_another_server_at_the_same_address_gets_no_old_jobs(
    bench: Bench, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    old = bench.connection
    bench.connection = replace(old, server=replace(old.server, uuid="uuid-2"))
    bench.server.set(1, "finishedSuccessfully")
    await bench.restart()
    await bench.jobs.refresh()
    assert bench.job(job.key).phase is Phase.ORPHANED
    assert bench.job(job.key).reach is Reach.SERVER_CHANGED
    bench.connection = replace(old, base_url="http://there/api/v1/")
    await bench.jobs.refresh()
    await bench.until(lambda: bench.job(job.key).phase is Phase.FINISHED)
    assert bench.job(job.key).epoch == 1


async def test_a_run_after_a_quiet_time_is_swept_again(
    bench: Bench, intent: RunIntent
) -> None:
    await bench.jobs.refresh()  # nothing to follow: the next sweep is far away
    job = await bench.jobs.submit_now(intent)
    bench.server.set(1, "started")
    await bench.until(lambda: bench.job(job.key).phase is Phase.RUNNING)
    await asyncio.sleep(0.15)  # the quick looks are over
    bench.server.set(1, "finishedSuccessfully")
    await bench.until(lambda: bench.job(job.key).phase is Phase.FINISHED, 2.0)


async def test_a_start_without_the_server_shows_the_jobs_as_not_looked_at(
    bench: Bench, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    good = bench.connection

    async def nobody() -> None:
        raise ServerUnreachable("down", context={"sent": "no"})

    bad = replace(good, server=None)
    bad.identify = nobody
    bench.connection = bad
    await bench.restart()
    await bench.jobs.refresh()
    assert bench.job(job.key).reach is Reach.OFFLINE
    assert bench.job(job.key).phase is Phase.QUEUED
    with pytest.raises(ServerUnreachable):
        await bench.jobs.submit(intent)
    bench.connection = good
    bench.server.set(1, "finishedSuccessfully")
    await bench.jobs.refresh()
    await bench.until(lambda: bench.job(job.key).phase is Phase.FINISHED)
    assert bench.job(job.key).reach is Reach.FRESH


@pytest.mark.logs("outcome of a submission unknown")
async def test_an_uncertain_run_is_known_by_its_title_among_its_like(
    bench: Bench, intent: RunIntent
) -> None:
    lost = ServerUnreachable("no answer", context={"sent": "yes"})
    bench.server.post_errors = [(lost, False), (lost, True)]
    first = await bench.jobs.submit_now(replace(intent, title="first"))
    second = await bench.jobs.submit_now(replace(intent, title="second"))
    await bench.until(lambda: bench.job(first.key).phase.terminal)
    assert bench.job(first.key).phase is Phase.NOT_SUBMITTED
    assert bench.job(second.key).remote_id == 1


async def test_one_toast_for_a_feed_opens_its_last_node(
    bench: Bench, intent: RunIntent, another: Callable[[str], RunIntent]
) -> None:
    await bench.jobs.submit_now(intent)
    await bench.jobs.submit_now(another("b"))
    await bench.stop()
    for number in (1, 2):
        bench.server.set(number, "finishedSuccessfully")
    await bench.restart()
    await bench.until(lambda: bench.sink.toasts)
    await asyncio.sleep(0.2)
    assert [toast.target for toast in bench.sink.toasts] == ["feed/7/node/2"]


async def test_a_newer_catalog_shows_its_jobs_and_takes_no_more(
    bench: Bench, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    await bench.stop()
    with closing(sqlite3.connect(bench.path)) as db:
        db.execute("PRAGMA user_version=99")
    await bench.restart()
    await bench.jobs.refresh()
    assert bench.job(job.key).phase is Phase.QUEUED
    with pytest.raises(CatalogReadOnly):
        await bench.jobs.submit(intent)
    assert len(bench.server.posts) == 1
