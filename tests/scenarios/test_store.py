"""Scenarios 46 to 55: the catalog under kill, full disk, locks, damage and time."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog import opening
from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Identity, Lease, LeaseTimes
from chrislib.catalog.refusals import CatalogReadOnly
from chrislib.catalog.retention import Limits, RetentionTable
from chrislib.catalog.rows import InboxRowText
from chrislib.catalog.schema import MIGRATIONS
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.store import JobStore
from tests.scenarios import store_pages
from tests.scenarios.computer import Home

QUICK = LeaseTimes(beat=0.1, expiry=3.0, retry=0.1)


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


def ask(path: Path, query: str, *values: Any) -> list[Any]:
    """Ask a file itself."""
    with closing(sqlite3.connect(path)) as db:
        return [tuple(row) for row in db.execute(query, values).fetchall()]


async def test_s46_killed_at_any_statement_of_a_page(tmp_path: Path) -> None:
    await store_pages.prepare(tmp_path / "template.db")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.scenarios.store_pages", str(tmp_path)],
        timeout=120,
        check=False,
    )
    assert done.returncode == 0
    files = sorted(tmp_path.glob("[0-9]*.db"), key=lambda p: int(p.stem))
    assert len(files) > 3 * store_pages.JOBS, "rows, events and inbox were traced"
    wholes = 0
    for path in files:
        assert ask(path, "PRAGMA integrity_check") == [("ok",)]
        phases = {row[0] for row in ask(path, "SELECT DISTINCT phase FROM job")}
        events = ask(path, "SELECT count(*) FROM job_event")[0][0]
        inbox = ask(path, "SELECT count(*) FROM inbox")[0][0]
        low = [row[0] for row in ask(path, "SELECT low FROM watermark")]
        whole = phases == {"FINISHED"}
        wholes += whole
        if whole:
            found = (events, inbox, low)
            assert found == (2 * store_pages.JOBS, store_pages.JOBS, [store_pages.LOW])
        else:
            assert (phases, events, inbox, low) == (
                {"SUBMITTED"}, store_pages.JOBS, 0, [],
            )  # fmt: skip
    assert wholes == 1, "only who got past COMMIT has written"
    for path in files[:: len(files) // 6]:
        catalog = Catalog(path)
        await catalog.open()
        store = JobStore(catalog.jobs, SystemClock())
        await store.load()
        first = await store_pages.apply(store, 1)
        assert first == (0 if path == files[-1] else store_pages.JOBS)
        assert await store_pages.apply(store, 1) == 0, "a page twice is a page once"
        assert len(await catalog.jobs.inbox()) == store_pages.JOBS
        await catalog.close()


async def test_s47_the_disk_is_full(station: Any, tmp_path: Path) -> None:
    client = CubeClient(station.url, token=station.token)
    await client.identify()
    folder = f"home/local/uploads/full {time.monotonic_ns()}"
    local = tmp_path / "a.txt"
    local.write_bytes(b"hello")
    await client.files.upload(local, f"{folder}/a.txt")
    await client.aclose()
    path = tmp_path / "state" / "c.db"
    command = [sys.executable, "-m", "tests.scenarios.store_full_disk"]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, str(path), station.url, station.token, folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen == {
        "kind": "DISK",
        "title": "The catalog on this computer could not be written.",
        "asks while full": False,
        "low moved": False,
        "phase while full": seen["phase while full"],
        "phase": "FINISHED",
        "inbox": 1,
        "told": [""],
    }
    assert seen["phase while full"] not in ("FINISHED", "FAILED")
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


_BACKUP = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(8)
db.execute("ROLLBACK")
"""


def backup_tool(path: Path) -> "subprocess.Popen[str]":
    """Return a program that holds the file for 8 s."""
    child = subprocess.Popen(
        [sys.executable, "-c", _BACKUP, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    child.stdout.close()
    return child


async def test_s48_held_for_8_s_by_a_backup_tool(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    catalog = Catalog(path)
    await catalog.open()
    await catalog.settings_kv.set("a", "before")
    child = backup_tool(path)
    began = time.monotonic()
    longest, last = 0.0, began
    writing = asyncio.ensure_future(catalog.settings_kv.set("a", "after"))
    while not writing.done():
        await asyncio.sleep(0.02)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        assert await catalog.settings_kv.get("a") in ("before", "after")
    await writing
    assert time.monotonic() - began > 6, "it waited for the other to let go"
    assert longest < 4, "the loop went on meanwhile"
    assert await catalog.settings_kv.get("a") == "after"
    assert catalog.condition.trouble is None
    await asyncio.to_thread(child.wait)
    await catalog.close()


@pytest.mark.virtual_time
@pytest.mark.logs("catalog damaged")
async def test_s49_a_damaged_catalog_is_rebuilt_from_the_server(
    sim: Any, tmp_path: Path
) -> None:
    feed = sim.server.add_feed()
    runs = [sim.server.add_run(feed, status="started") for _ in range(5)]
    await sim.start()
    await sim.follow_all(runs)
    await sim.until(lambda: len(sim.jobs.jobs()) == 5)
    await sim.stop()
    path = tmp_path / "state" / "catalog.db"
    data = bytearray(path.read_bytes())
    for page in range(1, 9):  # torn pages, as a failing disk leaves them
        data[page * 4096 : page * 4096 + 2048] = os.urandom(2048)
    path.write_bytes(bytes(data))
    sim.adopts = True
    await sim.restart()
    assert "damaged" in sim.catalog.notice
    assert "cannot be rebuilt" in sim.catalog.notice
    assert not sim.catalog.read_only
    aside = list(path.parent.glob("catalog.damaged-*.db"))
    assert [p.read_bytes() == bytes(data) for p in aside] == [True], "nothing is lost"
    await sim.until(lambda: len(sim.jobs.jobs()) == 5, seconds=1200)
    found = {job.remote_id: job for job in sim.jobs.jobs()}
    assert set(found) == set(runs)
    assert all(job.tracked for job in found.values())
    for run in runs:
        sim.server.set(run, "finishedSuccessfully")
    await sim.until(
        lambda: all(job.phase.terminal for job in sim.jobs.jobs()), seconds=300
    )
    assert len(await sim.inbox()) == 5
    assert not [
        a for a in sim.server.log if a.method == "POST" and "instances" in a.path
    ]


def on_a_network_disk(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Have the folder look like one on NFS."""
    mounts = f"disk / ext4 rw 0 0\nserver:/home {path.resolve()} nfs4 rw 0 0\n"
    real = opening.journal_mode_for
    monkeypatch.setattr(opening, "journal_mode_for", lambda p: real(p, mounts))


async def test_s50_two_computers_with_one_home_on_nfs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_network_disk(monkeypatch, tmp_path)
    path = tmp_path / "state" / "c.db"

    def on(host: str) -> Catalog:
        identity = Identity(host, f"boot of {host}")
        return Catalog(path, lease=Lease(path, identity=identity, times=QUICK))

    here, there = on("here"), on("there")
    await here.open()
    await here.settings_kv.set("a", "1")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    await there.open()
    assert there.read_only
    assert there.condition.trouble is not None
    assert "on here" in there.condition.trouble.title
    for number in range(20):  # it stays so while the other one lives
        await here.settings_kv.set("a", str(number))
        with pytest.raises(CatalogReadOnly):
            await there.settings_kv.set("a", "x")
        assert await there.settings_kv.get("a") == str(number)
        await asyncio.sleep(0.05)
    assert not here.read_only
    await here.close()
    await asyncio.wait_for(there.condition.healthy(), 10)
    await there.settings_kv.set("a", "there")
    await there.close()
    assert sorted(p.name for p in path.parent.iterdir()) == ["c.db"]


@pytest.mark.logs("was not kept: CatalogReadOnly")
async def test_s51_a_newer_catalog_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    await store_pages.prepare(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE job ADD COLUMN of_the_future TEXT")
        db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    catalog = Catalog(path)
    await catalog.open()
    assert catalog.read_only
    assert "newer" in catalog.notice
    assert catalog.condition.trouble is not None
    assert catalog.condition.trouble.kind == "NEWER"
    store = JobStore(catalog.jobs, SystemClock())
    await store.load()
    assert len(store.all()) == store_pages.JOBS, "it is shown"
    with pytest.raises(CatalogReadOnly, match="newer"):
        await store_pages.apply(store, 1)
    assert {t.job.phase.value for t in store.all()} == {"SUBMITTED"}
    await catalog.close()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["c.db"]


_MIGRATION = """
import asyncio, sys, time
from pathlib import Path
from chrislib.catalog.database import Database
from chrislib.catalog.schema import MIGRATIONS

def third(db):
    db.execute("ALTER TABLE keyvalue ADD COLUMN more TEXT")
    db.execute("UPDATE keyvalue SET value='changed'")

def fourth(db):
    db.execute("DROP TABLE inbox")
    print("half", flush=True)
    time.sleep(60)

async def main():
    await Database(Path(sys.argv[1]), (*MIGRATIONS, third, fourth)).open()

asyncio.run(main())
"""


def killed_half_way(path: Path) -> None:
    """Have a newer program migrate the catalog, and kill it half-way."""
    child = subprocess.Popen(
        [sys.executable, "-c", _MIGRATION, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


@pytest.mark.logs("migration was cut off")
async def test_s52_a_migration_killed_half_way(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    await store_pages.prepare(path)
    catalog = Catalog(path)
    await catalog.open()
    await catalog.settings_kv.set("a", "as it was")
    await catalog.close()
    killed_half_way(path)
    version = ask(path, "PRAGMA user_version")[0][0]
    assert version == len(MIGRATIONS) + 1, "the kill came between two steps"
    catalog = Catalog(path)  # the previous version of the program
    await catalog.open()
    assert not catalog.read_only
    assert "restored" in catalog.notice
    assert await catalog.settings_kv.get("a") == "as it was"
    assert len(await catalog.jobs.load(("job_key",))) == store_pages.JOBS
    await catalog.settings_kv.set("a", "b")
    await catalog.close()
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    catalog = Catalog(path)
    await catalog.open()
    assert catalog.notice == ""
    assert await catalog.settings_kv.get("a") == "b", "restored once, not again"
    await catalog.close()


async def test_s53_a_second_start(
    station_factory: Callable[..., Any], tmp_path: Path
) -> None:
    station = await asyncio.to_thread(station_factory)
    home = Home(station)
    with home.window() as first:
        holder = home.asked("SELECT holder FROM lease")
        second = home.start("run", "chris:feed/1")
        out, err = await asyncio.to_thread(second.communicate, timeout=30)
        assert second.returncode == 0, out + err
        assert first.poll() is None, "the first goes on"
        assert home.asked("SELECT holder FROM lease") == holder
        lives = [p.name for p in home.catalog.parent.iterdir() if "lives" in p.name]
        assert len(lives) == 1, "only one process has the catalog open"
    assert home.asked("SELECT count(*) FROM lease") == [(0,)]


_WRITER = """
import asyncio, sys
from pathlib import Path
from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Lease, LeaseTimes
from chrislib.catalog.refusals import CatalogReadOnly

async def main():
    path = Path(sys.argv[1])
    times = LeaseTimes(beat=0.1, expiry=3.0, retry=0.1)
    catalog = Catalog(path, lease=Lease(path, times=times))
    await catalog.open()
    number, refused = 0, False
    while True:
        number += 1
        try:
            await catalog.settings_kv.set("first", str(number))
        except CatalogReadOnly as error:
            if not refused:
                print("refused", error.context["kind"], flush=True)
            refused = True
            await catalog.condition.healthy()
            print("again", await catalog.settings_kv.get("second"), flush=True)
        else:
            if number == 1:
                print("writing", flush=True)
        await asyncio.sleep(0.005)

asyncio.run(main())
"""


def writer(path: Path) -> "subprocess.Popen[str]":
    """Return a process that writes all the time."""
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "writing\n"
    return child


def freeze(child: "subprocess.Popen[str]", path: Path) -> None:
    """Stop a process between two of its transactions."""
    while True:
        child.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as db:
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                child.send_signal(signal.SIGCONT)
                time.sleep(0.003)
            else:
                db.execute("ROLLBACK")
                return


async def test_s54_the_holder_is_frozen_and_wakes(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    child = await asyncio.to_thread(writer, path)
    assert child.stdout is not None
    catalog = Catalog(path, lease=Lease(path, times=QUICK))
    await catalog.open()
    assert catalog.read_only, "the other one lives"
    await asyncio.sleep(3.2)  # longer than the expiry: its beats keep the lease
    assert catalog.read_only
    await asyncio.to_thread(freeze, child, path)
    await asyncio.wait_for(catalog.condition.healthy(), 30)
    await catalog.settings_kv.set("second", "mine")
    frozen_at = await catalog.settings_kv.get("first")
    child.send_signal(signal.SIGCONT)
    line = await asyncio.to_thread(child.stdout.readline)
    assert line == "refused ELSEWHERE\n", "it stopped writing at its first attempt"
    await asyncio.sleep(0.5)
    assert await catalog.settings_kv.get("first") == frozen_at
    assert catalog.condition.trouble is None
    await catalog.close()
    assert await asyncio.to_thread(child.stdout.readline) == "again mine\n"
    await asyncio.to_thread(lambda: _wait(lambda: ask(path, _FIRST)[0][0] != frozen_at))
    child.kill()
    child.wait()
    child.stdout.close()
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


_FIRST = "SELECT value FROM keyvalue WHERE key='first'"


def _wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


_ENDED = """INSERT INTO job (job_key, account_id, backend, kind, server_uuid, remote_id,
  phase, result, seq, title, intent_json, created_at, changed_at, terminal_at)
  VALUES (?, 1, 'cube', 'run', 's', ?, 'FINISHED', ?, 2, 't', ?, ?, ?, ?)"""
_INTENT = '{"plugin_id":1,"plugin_name":"p","plugin_version":"1","plugin_type":"ds","parameters":{}}'  # noqa: E501


def fill_with_ended_jobs(path: Path, count: int, now: float) -> None:
    """Put ended jobs into a catalog, the oldest first, a second apart."""
    with closing(sqlite3.connect(path)) as db, db:
        rows = []
        for number in range(count):
            at = now - count + number
            result = "MERGED"
            rows.append((f"k{number:06}", number + 1, result, _INTENT, at, at, at))
        db.executemany(_ENDED, rows)
        db.executemany(
            "INSERT INTO job_event (job_key, seq, kind, to_phase, source, at) "
            "VALUES (?,?,'advance','FINISHED','active',?)",
            [(row[0], seq, row[4]) for row in rows for seq in (1, 2)],
        )


async def test_s55_20_001_ended_jobs(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    now = 1_800_000_000.0
    catalog = Catalog(path)
    await catalog.open()
    await catalog.jobs.account("http://x/", "u", server_uuid="s")
    extra = 8
    await asyncio.to_thread(fill_with_ended_jobs, path, 20_000 + extra, now)
    # Of the eight oldest: one with an unseen outcome, one whose result waits, one
    # whose deletion is under way and one that runs again are never forgotten.
    await catalog.jobs.add_inbox(
        InboxRowText(
            dedupe_key="k000000:READY:0", account_id=1, kind="READY", created_at=now,
            job_key="k000000",
        )
    )  # fmt: skip
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE job SET result='READY' WHERE job_key='k000001'")
        db.execute("UPDATE job SET retention='PURGING' WHERE job_key='k000002'")
        db.execute("UPDATE job SET terminal_at=NULL WHERE job_key='k000003'")
    pruned = await catalog.retention.prune(now)
    assert pruned.job_keys == ("k000004", "k000005", "k000006", "k000007")
    assert (await catalog.retention.prune(now)).job_keys == ()
    buried = await catalog.retention.buried(1)
    assert buried == {("s", "cube", number, "") for number in (5, 6, 7, 8)}
    for table in ("job", "job_event"):
        gone = ask(path, f"SELECT 1 FROM {table} WHERE job_key='k000004'")
        assert gone == []
    await catalog.jobs.mark_inbox("k000000:READY:0", seen_at=now)
    assert (await catalog.retention.prune(now)).job_keys == ("k000000",)
    later = now + 365 * 86_400 - 19_999
    assert (await catalog.retention.prune(later)).job_keys == ("k000008",)
    store = JobStore(catalog.jobs, SystemClock())
    await store.load()
    assert len(store.all()) == 20_002
    await catalog.close()
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


async def test_old_histories_lose_their_beginning_and_never_their_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "c.db"
    catalog = Catalog(path)
    await catalog.open()
    await catalog.jobs.account("http://x/", "u", server_uuid="s")
    day = 86_400.0
    now = 1_800_000_000.0
    fill_with_ended_jobs(path, 3, now - 200 * day)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "UPDATE job SET seq=3, terminal_at=? WHERE job_key='k000001'", (now,)
        )
        db.execute("UPDATE job SET terminal_at=NULL WHERE job_key='k000002'")
    table = RetentionTable(catalog._database, Limits())
    assert (await table.prune(now)).events == 1
    left = ask(path, "SELECT job_key, seq FROM job_event ORDER BY 1, 2")
    assert left == [
        ("k000000", 2), ("k000001", 1), ("k000001", 2), ("k000002", 1), ("k000002", 2),
    ]  # fmt: skip
    await catalog.close()
