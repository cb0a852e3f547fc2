"""The catalog's file: private, versioned, never half written."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.database import Database
from chrislib.catalog.opening import journal_mode_for
from chrislib.catalog.refusals import CatalogError, CatalogReadOnly
from chrislib.catalog.rows import HistoryRow, ItemRow
from chrislib.catalog.schema import MIGRATIONS


async def opened(path: Path) -> Catalog:
    """Open a catalog."""
    catalog = Catalog(path)
    await catalog.open()
    return catalog


async def test_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "catalog.db"
    catalog = await opened(path)
    await catalog.settings_kv.set("a", "b")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for part in path.parent.iterdir():
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
    await catalog.close()


async def test_what_is_kept_is_there_next_time(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    catalog = await opened(path)
    row = ItemRow(item_id="i", source="pacs", title="t", state="ready", images=3)
    await catalog.items.upsert(row)
    entry = HistoryRow(entry_id="e", kind="lookup", title="t", at=1.0, state="ready")
    await catalog.history.update(entry)
    await catalog.settings_kv.set("tray", "[1]")
    await catalog.close()
    catalog = await opened(path)
    assert await catalog.items.all() == [row]
    assert await catalog.items.get("i") == row
    assert await catalog.items.get("x") is None
    assert await catalog.history.newest(5) == [entry]
    assert await catalog.settings_kv.with_prefix("tr") == {"tray": "[1]"}
    assert catalog.notice == ""
    await catalog.close()


async def test_readers_cannot_write(tmp_path: Path) -> None:
    database = Database(tmp_path / "c.db", MIGRATIONS)
    await database.open()
    with pytest.raises(sqlite3.OperationalError):
        await database.read(lambda db: db.execute("DELETE FROM job"))
    await database.close()


async def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    catalog = await opened(tmp_path / "c.db")

    def half(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO keyvalue VALUES ('a', 'b')")
        raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        await catalog._database.write(half)
    assert await catalog.settings_kv.get("a") is None
    await catalog.settings_kv.set("a", "c")
    await catalog.close()


async def test_a_migration_is_backed_up_first(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    catalog = await opened(path)
    await catalog.settings_kv.set("a", "old")
    await catalog.close()

    def more(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE keyvalue ADD COLUMN more TEXT")
        db.execute("UPDATE keyvalue SET value='new'")

    newer = Database(path, (*MIGRATIONS, more))
    await newer.open()
    assert await newer.read(
        lambda db: db.execute("SELECT value FROM keyvalue").fetchone()[0]
    ) == ("new")
    await newer.close()
    backup = tmp_path / f"catalog.v{len(MIGRATIONS)}.backup.db"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT value FROM keyvalue").fetchone()[0] == "old"


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    await (await opened(path)).close()

    def broken(db: sqlite3.Connection) -> None:
        db.execute("DROP TABLE keyvalue")
        db.execute("NONSENSE")

    with pytest.raises(CatalogError, match="left as it was"):
        await Database(path, (*MIGRATIONS, broken)).open()
    catalog = await opened(path)
    await catalog.settings_kv.set("still", "there")
    assert not catalog.read_only
    await catalog.close()


async def test_a_newer_catalog_is_shown_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    catalog = await opened(path)
    await catalog.settings_kv.set("a", "b")
    await catalog.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    catalog = await opened(path)
    assert catalog.read_only
    assert "newer" in catalog.notice
    assert await catalog.settings_kv.get("a") == "b"
    with pytest.raises(CatalogReadOnly):
        await catalog.settings_kv.set("a", "c")
    await catalog.close()


@pytest.mark.logs("catalog damaged")
@pytest.mark.parametrize("content", [b"not a database at all" * 500, None])
async def test_a_damaged_file_is_set_aside_and_told(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "catalog.db"
    catalog = await opened(path)
    for number in range(500):
        await catalog.settings_kv.set(f"key {number}", "x" * 200)
    await catalog.close()
    data = bytearray(path.read_bytes())
    data[4096:12288] = os.urandom(8192)
    path.write_bytes(content if content is not None else bytes(data))
    catalog = await opened(path)
    assert "damaged" in catalog.notice
    assert await catalog.settings_kv.get("key 1") is None
    await catalog.settings_kv.set("a", "b")
    await catalog.close()
    assert len(list(tmp_path.glob("catalog.damaged-*.db"))) == 1


def test_a_network_disk_gets_no_shared_memory_journal() -> None:
    mounts = "disk / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\n"
    assert journal_mode_for(Path("/var/x"), mounts) == "WAL"
    assert journal_mode_for(Path("/home/me/x"), mounts) == "DELETE"


_WRITER = """
import asyncio, dataclasses, sys
from datetime import UTC, datetime
from pathlib import Path
from chrislib.catalog.catalog import Catalog
from chrislib.jobs.clock import SystemClock
from chrislib.jobs import fsm, steps
from chrislib.jobs.model import *
from chrislib.jobs.store import JobStore
from chrislib.jobs.submission.submit import Submitter

async def main():
    catalog = Catalog(Path(sys.argv[1]))
    await catalog.open()
    account = await catalog.jobs.account("http://x/", "u", server_uuid="s")
    store = JobStore(catalog.jobs, SystemClock())
    await store.load()
    now = lambda _account: datetime.now(UTC)
    submitter = Submitter(store=store, clock=SystemClock(), settle=1, server_now=now)
    print("ready", flush=True)
    number = 0
    while True:
        number += 1
        intent = RunIntent(1, "p", "1", "ds", {"n": number}, feed_id=1)
        (key,) = await submitter.journal(
            [intent], account_id=account.account_id, server_uuid="s", sending=True)
        print("journaled", key, flush=True)
        remote = steps.Observation(hash(key) & 0x7fffffff,
            "finishedSuccessfully", "", number, number, "submit")
        await store.apply(key, lambda t: fsm.reduce(t, remote, now=number))
        print("finished", key, flush=True)

asyncio.run(main())
"""


def test_a_process_killed_at_any_moment_leaves_whole_rows(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    said: dict[str, str] = {}
    for round_number in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.02 + 0.017 * round_number)
        child.send_signal(signal.SIGKILL)
        for line in child.stdout.read().splitlines():
            word, _, key = line.partition(" ")
            if len(key) == 36:
                said[key] = word
        child.stdout.close()
        child.wait()
    assert said
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        phases = dict(db.execute("SELECT job_key, phase FROM job").fetchall())
        for key, word in said.items():  # what was said to be kept is kept
            assert phases[key] == "FINISHED" or word == "journaled"
        for key, phase in phases.items():
            events = db.execute(
                "SELECT seq, to_phase FROM job_event WHERE job_key=? ORDER BY seq",
                (key,),
            ).fetchall()
            seq = db.execute("SELECT seq FROM job WHERE job_key=?", (key,)).fetchone()
            assert [event[0] for event in events] == list(range(1, seq[0] + 1))
            assert events[-1][1] == phase
            inbox = db.execute("SELECT count(*) FROM inbox WHERE job_key=?", (key,))
            assert inbox.fetchone()[0] == (1 if phase == "FINISHED" else 0)


async def test_many_writers_of_one_loop_take_turns(tmp_path: Path) -> None:
    catalog = await opened(tmp_path / "c.db")
    await asyncio.gather(*[catalog.settings_kv.set(str(n), str(n)) for n in range(50)])
    assert len(await catalog.settings_kv.with_prefix("")) == 50
    await catalog.close()


async def test_a_large_file_is_checked_after_an_unclean_end_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chrislib.catalog import opening

    checked: list[Path] = []

    def sound(path: Path) -> str:
        checked.append(path)
        return ""

    monkeypatch.setattr(opening, "damage", sound)
    monkeypatch.setattr(opening, "_CHECKED_ALWAYS", 0)
    path = tmp_path / "c.db"
    await (await opened(path)).close()
    await (await opened(path)).close()
    assert checked == []
    (tmp_path / "c.db.in-use").touch()
    await (await opened(path)).close()
    assert checked == [path]
    assert not (tmp_path / "c.db.in-use").exists()


async def test_a_write_leaves_no_open_cursor_for_the_callers_thread(
    tmp_path: Path,
) -> None:
    """A cursor freed on another thread resets the statement the writer runs next."""

    def first(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE t(x)")

    database = Database(tmp_path / "c.db", [first])
    await database.open()
    try:
        cursor = await database.write(lambda db: db.execute("INSERT INTO t VALUES (1)"))
        assert isinstance(cursor, sqlite3.Cursor)
        with pytest.raises(sqlite3.ProgrammingError, match="closed cursor"):
            cursor.fetchone()
        with pytest.raises(TypeError):
            await database.read(lambda db: db.execute("SELECT x FROM t"))
        rows = await database.read(lambda db: db.execute("SELECT x FROM t").fetchall())
        assert [row[0] for row in rows] == [1]
    finally:
        await database.close()
