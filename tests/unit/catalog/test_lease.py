"""Who may write: one process at a time, known by its sign of life."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Held, Identity, Lease, LeaseLost, LeaseTimes
from chrislib.catalog.refusals import CatalogReadOnly

HERE = Identity("here", "boot-1")
QUICK = LeaseTimes(beat=0.05, expiry=60.0, retry=0.05)


class Watch:
    """Two clocks a test moves by hand."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000.0, 50.0

    def lease(self, path: Path, identity: Identity = HERE) -> Lease:
        """Return a process's side of the lease."""
        return Lease(
            path,
            identity=identity,
            wall=lambda: self.wall,
            monotonic=lambda: self.steady,
        )


@pytest.fixture
def table(tmp_path: Path) -> sqlite3.Connection:
    """Return a connection with an empty lease."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute(
        "CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK(id=1), holder TEXT NOT NULL,"
        "host TEXT NOT NULL, boot_id TEXT NOT NULL, beat_at REAL NOT NULL) STRICT"
    )
    return db


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


def test_the_living_holder_of_this_computer_keeps_it_for_120_s_without_a_beat(
    tmp_path: Path, table: sqlite3.Connection
) -> None:
    watch = Watch()
    first, second = watch.lease(tmp_path / "c"), watch.lease(tmp_path / "c")
    first.live()
    assert first.take(table)
    assert not second.take(table)
    watch.steady += 119.9
    assert not second.take(table)
    first.beat(table)
    watch.wall += 30
    first.beat(table)
    assert not second.take(table)
    watch.steady += 119.9
    assert not second.take(table)
    watch.steady += 0.2
    assert second.take(table)
    with pytest.raises(LeaseLost):
        first.confirm(table)
    with pytest.raises(LeaseLost):
        first.beat(table)
    first.end()


def test_a_process_that_ended_or_an_earlier_boot_hold_nothing(
    tmp_path: Path, table: sqlite3.Connection
) -> None:
    watch = Watch()
    first, second = watch.lease(tmp_path / "c"), watch.lease(tmp_path / "c")
    first.live()
    assert first.take(table)
    first.end()  # the system drops the lock with the process
    assert second.take(table)
    second.live()
    rebooted = watch.lease(tmp_path / "c", Identity("here", "boot-2"))
    assert rebooted.take(table)
    second.end()


def test_clocks_of_two_computers_need_not_agree(
    tmp_path: Path, table: sqlite3.Connection
) -> None:
    near, far = Watch(), Watch()
    far.wall += 1800
    first = near.lease(tmp_path / "c")
    second = far.lease(tmp_path / "c", Identity("there", "boot-9"))
    assert first.take(table)
    assert not second.take(table), "a fast clock must not take a living lease"
    far.steady += 121
    near.wall += 30
    first.beat(table)
    assert not second.take(table)
    far.steady += 121
    assert second.take(table)


def test_a_lease_an_hour_and_more_old_is_not_waited_for(
    tmp_path: Path, table: sqlite3.Connection
) -> None:
    watch = Watch()
    assert watch.lease(tmp_path / "c").take(table)
    watch.wall += 86_400
    other = watch.lease(tmp_path / "c", Identity("there", "boot-9"))
    assert other.take(table)
    assert other.look(table) == Held(other.holder, "there", "boot-9", watch.wall)


async def test_the_second_reads_and_goes_on_when_the_first_closes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "c.db"
    first = Catalog(path, lease=Lease(path, times=QUICK))
    second = Catalog(path, lease=Lease(path, times=QUICK))
    await first.open()
    await first.settings_kv.set("a", "1")
    await second.open()
    assert second.read_only
    assert second.condition.trouble is not None
    assert second.condition.trouble.kind == "ELSEWHERE"
    assert "on this computer" in second.condition.trouble.title
    assert await second.settings_kv.get("a") == "1"
    with pytest.raises(CatalogReadOnly, match="nother chrislib"):
        await second.settings_kv.set("a", "2")
    told: list[bool] = []
    second.condition.subscribe(lambda: told.append(second.read_only))
    await first.close()
    await asyncio.wait_for(second.condition.healthy(), 10)
    assert told == [False]
    assert second.condition.regained == 1
    await second.settings_kv.set("a", "3")
    await second.close()
    assert not [p.name for p in tmp_path.iterdir() if "lives" in p.name]


@pytest.mark.parametrize("yields", [False, True])
async def test_a_command_gives_way_to_whoever_comes(
    tmp_path: Path, yields: bool
) -> None:
    path = tmp_path / "c.db"
    command = Catalog(path, lease=Lease(path, yields=True, times=QUICK))
    await command.open()
    assert not command.read_only
    other = Catalog(path, lease=Lease(path, yields=yields, times=QUICK))
    await other.open()
    await until(lambda: not other.read_only)
    await until(lambda: command.read_only)
    with pytest.raises(CatalogReadOnly):
        await command.settings_kv.set("a", "b")
    await other.settings_kv.set("a", "c")
    await other.close()
    await asyncio.wait_for(command.condition.healthy(), 10)
    await command.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.db"]


def test_a_command_that_gave_way_leaves_it_to_whoever_asked(
    tmp_path: Path, table: sqlite3.Connection
) -> None:
    path = tmp_path / "c"
    command, window = Lease(path, yields=True), Lease(path)
    command.live()
    window.live()
    assert command.take(table)
    assert not command.gives_way()
    window.ask()
    command.give_back(table)
    assert command.gives_way()
    assert window.take(table)
    assert not command.gives_way()
    window.ask()
    window.end()
    assert not command.gives_way(), "who asked has ended"
    command.end()


async def test_a_window_has_it_also_from_a_command_too_busy_to_give_way_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.db"
    monkeypatch.setattr("chrislib.catalog.database._GIVE_WAY_SECONDS", 0.0)
    command = Catalog(path, lease=Lease(path, yields=True, times=QUICK))
    await command.open()
    with monkeypatch.context() as busy:
        busy.setattr(Lease, "ask", lambda _lease: None)
        window = Catalog(path, lease=Lease(path, times=QUICK))
        await window.open()
        assert window.read_only
    await until(lambda: not window.read_only)
    assert command.read_only
    await window.close()
    await command.close()


async def test_a_look_changes_nothing_and_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    writer = Catalog(path)
    await writer.open()
    await writer.settings_kv.set("a", "1")
    looker = Catalog(path)
    await looker.open(look=True)
    assert looker.read_only
    assert await looker.settings_kv.get("a") == "1"
    await writer.settings_kv.set("a", "2")
    assert await looker.settings_kv.get("a") == "2"
    await looker.close()
    await writer.settings_kv.set("a", "3")
    await writer.close()


_HOLDER = """
import asyncio, sys
from pathlib import Path
from chrislib.catalog.catalog import Catalog

async def main():
    catalog = Catalog(Path(sys.argv[1]))
    await catalog.open()
    print("open", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def held_by_a_process(path: Path) -> "subprocess.Popen[str]":
    """Return a process that has the catalog open."""
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    child.stdout.close()
    return child


async def test_what_a_killed_process_held_is_had_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    child = held_by_a_process(path)
    catalog = Catalog(path)
    await catalog.open()
    assert catalog.read_only
    await catalog.close()
    child.send_signal(signal.SIGKILL)
    child.wait()
    started = time.monotonic()
    catalog = Catalog(path)
    await catalog.open()
    assert not catalog.read_only
    assert time.monotonic() - started < 60, "no wait for the 120 s to pass"
    await catalog.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM lease").fetchone()[0] == 0


async def test_a_damaged_file_is_not_taken_from_under_another(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    first = Catalog(path)
    await first.open()
    try:
        alone = Lease(path)
        assert alone.others_live()
    finally:
        await first.close()
    assert not Lease(path).others_live()
    assert os.listdir(tmp_path) == ["c.db"]
