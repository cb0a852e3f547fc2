"""One transaction per change: tokens once, events without gaps, rows not lost."""

import json
import sqlite3
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.job_pages import JobWrite, StaleJob
from chrislib.jobs import codec, fsm, steps
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.model import (
    Deidentify,
    DownloadIntent,
    FailedFile,
    Job,
    JobKey,
    Kind,
    OpaqueIntent,
    Phase,
    Progress,
    PullIntent,
    Reach,
    RunIntent,
    Unpacking,
    UploadFile,
    UploadIntent,
)
from chrislib.jobs.store import JobStore, new_key

RUN = RunIntent(1, "p", "1", "ds", {"a": 1, "b": True}, previous_id=2, item_ids=("i",))
INTENTS = (
    RUN,
    PullIntent("MINI", "1.2", "1.2.3", None, "t", "item"),
    UploadIntent("home/u/x", (UploadFile("/a", "home/u/x/a", 3),), "t", ("i",)),
    UploadIntent(
        "home/u/y",
        (),
        "t",
        deidentify=Deidentify("p", ("dates",), True, ("A",), (("1.2", 1, 2, 3, 4),)),
        archives=(Unpacking("/a.zip", "/unpacked/a"),),
    ),
    DownloadIntent(("home/u/x",), "/tmp/x", "t", instance_id=3, feed_id=4),
)


class Kept:
    """A store over an open catalog."""

    def __init__(self, catalog: Catalog, account_id: int) -> None:
        self.catalog = catalog
        self.account_id = account_id
        self.store = JobStore(catalog.jobs, SystemClock())

    def tracked(self, **changes: Any) -> steps.Tracked:
        """Return a job that is not journaled yet."""
        mine = {"account_id": self.account_id, "backend": "cube", **changes}
        job = Job(new_key(), Kind.RUN, Phase.SUBMITTING, RUN, "t", **mine)
        return steps.Tracked(job, server_uuid="s")

    async def added(self, **changes: Any) -> JobKey:
        """Journal a job."""
        tracked = self.tracked(**changes)
        await self.store.add([fsm.begin(tracked, now=1.0)])
        return tracked.job.key

    def sql(self, query: str) -> list[Any]:
        """Ask the file itself."""
        with sqlite3.connect(self.catalog._database.path) as db:
            return db.execute(query).fetchall()


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    """Return a store."""
    catalog = Catalog(tmp_path / "c.db")
    await catalog.open()
    account = await catalog.jobs.account("http://x/", "u", server_uuid="s")
    yield Kept(catalog, account.account_id)
    await catalog.close()


def finished(remote_id: int, at: float = 1.0) -> steps.Observation:
    """Return a look at a finished run."""
    return steps.Observation(remote_id, "finishedSuccessfully", "", at, at, "active")


@pytest.mark.parametrize("intent", INTENTS)
def test_a_job_comes_back_as_it_was(intent: Any) -> None:
    job = Job(
        JobKey("k"),
        codec.kind_of(intent),
        Phase.RUNNING,
        intent,
        "t",
        epoch=2,
        seq=5,
        remote_id=9,
        progress=Progress(1, 2, "files", 3, 4),
        failed_files=(FailedFile("a", "b"),),
        field_errors={"x": "y"},
        created_at=1.0,
        changed_at=2.0,
        account_id=1,
        backend=codec.backend_of(intent),
    )
    tracked = steps.Tracked(job, server_uuid="s", note_pending=True)
    assert codec.from_row(codec.to_row(tracked)) == tracked


@pytest.mark.parametrize("intent", INTENTS)
def test_an_intent_is_kept_without_what_goes_without_saying(intent: Any) -> None:
    tracked = steps.Tracked(Job(JobKey("k"), Kind.RUN, Phase.RUNNING, intent, "t"))
    whole = codec.intent_to_json(intent)
    row = codec.to_row(tracked)
    assert len(row.intent_json) <= len(whole)
    # Catalogs of before have all of it.
    for text in (row.intent_json, whole):
        kind = codec.kind_of(intent)
        if not isinstance(intent, OpaqueIntent):
            assert codec.intent_from_json(kind, text) == intent


async def test_a_loaded_memory_finds_what_the_first_one_did(kept: Kept) -> None:
    feeds, batches = (1, 2, 2, None), ("b", "b", "", "")
    made = [
        kept.tracked(feed_id=feed, batch_key=batch, remote_id=number)
        for number, (feed, batch) in enumerate(zip(feeds, batches, strict=True))
    ]
    made[3] = replace(made[3], note_pending=True)
    service = replace(made[0].job, key=new_key(), remote_id=None, token="t-1")
    ended = replace(made[0].job, key=new_key(), remote_id=9, phase=Phase.ORPHANED)
    made += [replace(made[0], job=service), replace(made[0], job=ended)]
    await kept.store.add([fsm.begin(tracked, now=1.0) for tracked in made])
    again = JobStore(kept.catalog.jobs, SystemClock())
    seen: list[Any] = []
    again.subscribe(seen.extend)
    await again.load()
    for name in ("tokens", "names", "of_feed", "of_batch", "live", "owing", "jobs"):
        first, second = (getattr(s._known, name) for s in (kept.store, again))
        assert first, name
        assert second == first, name
    assert {change.after.key for change in seen} == set(again._known.jobs)
    assert all(change.before is None for change in seen)
    seen.clear()
    gone: list[Any] = []
    again.subscribe_gone(gone.extend)
    key = ended.key
    await kept.catalog._database.write(
        lambda db: [
            db.execute(f"DELETE FROM {table} WHERE job_key=?", (key,))
            for table in ("job_event", "job")
        ]
    )
    await again.load()
    assert [job.key for job in gone] == [key]
    assert again.get(key) is None
    assert all(change.before == change.after for change in seen)
    assert len(seen) == len(made) - 1


def test_a_row_of_another_version_harms_nobody() -> None:  # I18
    tracked = steps.Tracked(Job(JobKey("k"), Kind.RUN, Phase.RUNNING, RUN, "t"))
    row = codec.to_row(tracked)
    more = json.loads(row.intent_json) | {"from_the_future": 1}
    again = codec.from_row(
        replace(row, intent_json=json.dumps(more), phase="NEW", result="NEW")
    )
    assert again.job.intent == RUN
    assert again.job.phase is Phase.UNKNOWN
    strange = replace(row, kind="dream", intent_json='{"what": 1}', plugin=None)
    strange = replace(strange, token="t-1")
    kept = codec.from_row(strange)
    assert kept.job.token == "t-1"
    assert kept.job.intent == OpaqueIntent("cube", "dream", '{"what": 1}', "t")
    assert codec.to_row(kept) == replace(strange, obs_sent=None)


async def test_a_job_of_an_unknown_kind_is_kept_and_shown(kept: Kept) -> None:  # I18
    key = await kept.added()
    await kept.catalog._database.write(
        lambda db: db.execute("UPDATE job SET kind='teleport'")
    )
    again = JobStore(kept.catalog.jobs, SystemClock())
    await again.load()
    assert [t.job.key for t in again.all()] == [key]
    assert isinstance(again.all()[0].job.intent, OpaqueIntent)


@pytest.mark.logs("is not shown")
async def test_a_job_that_cannot_be_read_stays_in_the_catalog(kept: Kept) -> None:
    key = await kept.added()
    await kept.catalog._database.write(
        lambda db: db.execute("UPDATE job SET failed_json='{'")
    )
    again = JobStore(kept.catalog.jobs, SystemClock())
    await again.load()
    assert again.all() == []
    assert kept.sql("SELECT job_key FROM job") == [(key,)]


@pytest.mark.logs("was not kept")
async def test_a_token_is_in_one_row_only(kept: Kept) -> None:  # I1, I2
    first, second = await kept.added(), await kept.added()
    await kept.store.apply(first, lambda t: fsm.reduce(t, finished(7), now=2.0))
    with pytest.raises(sqlite3.IntegrityError):
        await kept.store.apply(second, lambda t: fsm.reduce(t, finished(7), now=2.0))
    assert kept.sql("SELECT job_key FROM job WHERE remote_id=7") == [(first,)]
    after = kept.store.get(second)
    assert after is not None
    assert after.job.phase is Phase.SUBMITTING
    assert kept.sql(f"SELECT count(*) FROM inbox WHERE job_key='{second}'") == [(0,)]


@pytest.mark.logs("was not kept")
async def test_a_page_is_written_whole_or_not_at_all(kept: Kept) -> None:
    keys = [await kept.added() for _ in range(3)]
    from chrislib.jobs.store import Decision

    def all_the_same(tracked: steps.Tracked) -> steps.Step | None:
        return fsm.reduce(tracked, finished(7), now=2.0)

    with pytest.raises(sqlite3.IntegrityError):
        await kept.store.apply_page([Decision(key, all_the_same) for key in keys])
    assert kept.sql("SELECT count(*) FROM inbox") == [(0,)]
    assert kept.sql("SELECT max(seq) FROM job") == [(1,)]


async def test_who_was_overtaken_decides_again(kept: Kept) -> None:
    key = await kept.added()
    other = JobStore(kept.catalog.jobs, SystemClock())
    await other.load()
    await other.apply(key, lambda t: fsm.request_cancel(t, now=2.0))
    seen: list[int] = []

    def decide(tracked: steps.Tracked) -> steps.Step | None:
        seen.append(tracked.job.seq)
        return fsm.reduce(tracked, finished(7), now=3.0)

    await kept.store.apply(key, decide)
    assert seen == [1, 2]
    events = kept.sql("SELECT seq, kind FROM job_event ORDER BY seq")
    assert events == [(1, "created"), (2, "cancel_requested"), (3, "advance")]
    step = fsm.begin(kept.tracked(), now=1.0)
    stale = JobWrite(codec.to_row(step.tracked), expected_seq=5)
    with pytest.raises(StaleJob):
        await kept.catalog.jobs.commit([stale])


async def test_history_is_never_rewritten(kept: Kept) -> None:
    await kept.added()
    with pytest.raises(sqlite3.IntegrityError, match="append only"):
        await kept.catalog._database.write(
            lambda db: db.execute("UPDATE job_event SET kind='x'")
        )


async def test_reach_and_progress_are_no_events(kept: Kept) -> None:  # I11
    key = await kept.added()
    before = kept.store.get(key)
    assert before is not None
    kept.store.looked([key], Reach.OFFLINE, None)
    kept.store.progress(key, Progress(1, 2, "images"))
    after = kept.store.get(key)
    assert after is not None
    assert (after.job.phase, after.job.seq, after.job.result) == (
        before.job.phase,
        before.job.seq,
        before.job.result,
    )
    assert after.job.reach is Reach.OFFLINE


async def test_a_claimed_toast_is_never_shown_again(kept: Kept) -> None:  # I7, I8
    key = await kept.added()
    await kept.store.apply(key, lambda t: fsm.reduce(t, finished(7), now=2.0))
    outbox, account = kept.catalog.outbox, kept.account_id
    claimed = await outbox.claim(account, None, batch="one", now=1e12)
    assert claimed is not None
    assert claimed.keys == (f"{key}:READY:0",)
    assert await outbox.claim(account, None, batch="two", now=1e12) is None
    assert await outbox.forget_claims() == 1
    assert (await outbox.read(1e12)).waiting == ()
    assert len(await kept.catalog.jobs.inbox()) == 1


async def test_accounts_follow_the_server_not_its_address(kept: Kept) -> None:
    table = kept.catalog.jobs
    moved = await table.account("http://y/", "u", server_uuid="s")
    assert moved.account_id == kept.account_id
    other = await table.account("http://y/", "u", server_uuid="new")
    assert other.account_id != kept.account_id
    back = await table.account("http://z/", "u", server_uuid="s")
    assert back.account_id == kept.account_id
    assert (await table.account("http://z/", "v", server_uuid="s")) != back


async def test_a_log_keeps_its_end(kept: Kept) -> None:
    key = await kept.added()
    await kept.catalog.jobs.save_log(key, epoch=0, text="x" * 400_000 + "end", at=1.0)
    log = await kept.catalog.jobs.log(key)
    assert log.endswith("end")
    assert len(log) == 256 * 1024


def test_keys_are_uuids_in_the_order_they_were_made() -> None:
    keys = [new_key(1_700_000_000.0 + number) for number in range(50)]
    assert keys == sorted(keys)
    assert {uuid.UUID(key).version for key in keys} == {7}
