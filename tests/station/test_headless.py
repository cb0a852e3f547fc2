"""``chrislib jobs`` as real processes on a real station, with and without a window."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Lease
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import Job, RunIntent

Station = Any
StationFactory = Callable[..., Station]


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


@dataclass
class Home:
    """One person's computer: a station, a catalog beside it, and the commands."""

    station: Station

    @property
    def env(self) -> dict[str, str]:
        """Return the environment of the commands."""
        return {
            **os.environ,
            "CHRISLIB_HOME": str(self.station.home),
            "QT_QPA_PLATFORM": "offscreen",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }

    @property
    def catalog(self) -> Path:
        """Return the file of the catalog."""
        return Path(self.station.home) / "state" / "catalog.db"

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "chrislib", *arguments],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, seconds: float = 60) -> Said:
        """Run ``chrislib jobs`` to its end."""
        process = self.start("jobs", *arguments)
        out, err = process.communicate(timeout=seconds)
        return Said(process.returncode, out, err)

    async def ran(self, *arguments: str) -> Said:
        """Run ``chrislib jobs`` without holding the loop up."""
        return await asyncio.to_thread(self.run, *arguments)

    @contextmanager
    def window(self) -> Iterator["subprocess.Popen[str]"]:
        """Have the window open."""
        process = self.start("run")
        try:
            deadline = time.monotonic() + 30
            while (
                self.asked("SELECT count(*) FROM lease WHERE holder LIKE 'window%'")
                != [(1,)]
                or not self.listens
            ):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=30)

    @property
    def listens(self) -> bool:
        """Whether the window can be asked."""
        return (Path(self.station.home) / "state" / "instance.sock").exists()

    def asked(self, query: str) -> list[Any]:
        """Ask the catalog itself."""
        if not self.catalog.exists():
            return []
        with closing(sqlite3.connect(self.catalog)) as db:
            return db.execute(query).fetchall()


@pytest.fixture
async def home(station_factory: StationFactory) -> Home:
    """Return a computer whose station and commands are quick."""
    station = await asyncio.to_thread(station_factory)
    config = Path(station.home) / "config"
    config.mkdir(parents=True)
    (config / "settings.json").write_text('{"poll_seconds": 0.5}')
    return Home(station)


async def submitted(home: Home, *parameters: dict[str, Any]) -> list[Job]:
    """Start runs below one root as the window would; returns them, the root last."""
    client = CubeClient(home.station.url, token=home.station.token)
    await client.identify()
    folder = "home/local/uploads/x"
    local = Path(home.station.home) / "a.txt"
    local.write_bytes(b"hello")
    await client.files.upload(local, f"{folder}/a.txt")
    catalog = Catalog(home.catalog, lease=Lease(home.catalog, yields=True))
    await catalog.open()
    jobs = JobManager(
        catalog=catalog,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        base_period=0.5,
    )
    await jobs.start()

    async def run(name: str, parent: Job | None, given: dict[str, Any]) -> Job:
        async for plugin in client.plugins.list(name_exact=name):
            return await jobs.submit_now(
                RunIntent(
                    plugin_id=plugin.id,
                    plugin_name=name,
                    plugin_version=plugin.version,
                    plugin_type="ds" if parent else "fs",
                    parameters=given,
                    previous_id=parent.remote_id if parent else None,
                    feed_id=parent.feed_id if parent else None,
                    title=f"{name} of a test",
                )
            )
        raise AssertionError(name)

    root = await run("pl-dircopy", None, {"dir": folder})
    made = [await run("pl-simpledsapp", root, given) for given in parameters]
    await jobs.stop()
    await catalog.close()
    await client.aclose()
    return [*made, root]


async def test_without_a_catalog_nothing_is_made_up(tmp_path: Path) -> None:
    class Nowhere:
        home = tmp_path

    home = Home(Nowhere())
    listed = await home.ran("list")
    assert (listed.code, listed.out, listed.err) == (0, "There are no jobs.\n", "")
    said = await home.ran("export", "--to", str(tmp_path / "x.json"))
    assert said.code == 2
    assert "Say which jobs." in said.err
    said = await home.ran("export", "abcdef", "--to", str(tmp_path / "x.json"))
    assert said.code == 2
    assert "No job is called “abcdef”" in said.err
    assert "chrislib jobs list" in said.err
    assert not (tmp_path / "x.json").exists()


async def test_no_window_system_is_loaded(home: Home) -> None:
    await submitted(home)
    code = (
        "import sys; from chrislib.cli import main; code = main(['jobs', 'list']);"
        "assert not [n for n in sys.modules if n.startswith(('PySide6', 'qasync'))];"
        "sys.exit(code)"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], env=home.env, check=False
    )
    assert done.returncode == 0


async def test_list_watch_get_export(home: Home, tmp_path: Path) -> None:
    good, slow, root = await submitted(home, {"prefix": "x"}, {"sleepLength": "2"})
    listed = await home.ran("list", "--json")
    assert listed.code == 0, listed.err
    rows = json.loads(listed.out)
    assert {row["key"] for row in rows} == {good.key, slow.key, root.key}
    assert {row["feed"] for row in rows} == {root.feed_id}
    none = await home.ran("list", "--feed", "4711")
    assert none.out == "There are no jobs.\n"
    watched = await home.ran("watch")
    assert watched.code == 0, watched.err + watched.out
    ends = [line for line in watched.out.splitlines() if "  finished  " in line]
    assert len(ends) >= 2
    assert (await home.ran("watch")).out == "Nothing is on its way.\n"
    assert (await home.ran("list", "--live")).out == "Nothing is on its way.\n"
    folder = tmp_path / "got"
    got = await home.ran("get", good.key[-8:], "--to", str(folder))
    assert got.code == 0, got.err + got.out
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert files
    assert not [p for p in files if p.suffix == ".part"]
    to = tmp_path / "where from.json"
    told = await home.ran("export", "--feed", str(root.feed_id), "--to", str(to))
    assert told.code == 0, told.err
    exported = json.loads(to.read_text(encoding="utf-8"))
    assert {job["key"] for job in exported["jobs"]} >= {good.key, slow.key, root.key}
    assert home.asked("SELECT count(*) FROM inbox WHERE toast='SHOWN'") == [(0,)]


async def test_watch_ends_with_1_when_a_run_failed(home: Home) -> None:
    bad, _root = await submitted(home, {"sleepLength": "not a number"})
    watched = await home.ran("watch", str(bad.remote_id))
    assert watched.code == 1, watched.out + watched.err
    assert "finished with errors" in watched.out or "failed" in watched.out


async def test_ctrl_c_ends_watch_and_loses_nothing(home: Home) -> None:
    slow, _root = await submitted(home, {"sleepLength": "20"})
    process = home.start("jobs", "watch", slow.key)
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    assert slow.key[-8:] in line
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.to_thread(process.communicate, timeout=20)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert home.asked("SELECT count(*) FROM lease") == [(0,)]
    assert home.asked("PRAGMA integrity_check") == [("ok",)]


async def test_beside_a_window(home: Home, tmp_path: Path) -> None:
    good, slow, _root = await submitted(home, {"prefix": "x"}, {"sleepLength": "8"})
    watch = home.start("jobs", "watch")  # it follows the runs, until the window comes
    assert watch.stdout is not None
    await asyncio.to_thread(watch.stdout.readline)
    with home.window():
        listed = await home.ran("list", "--json")
        assert listed.code == 0, listed.err
        assert len(json.loads(listed.out)) == 3
        out, err = await asyncio.to_thread(watch.communicate, timeout=60)
        assert watch.returncode == 0, out + err
        assert slow.key[-8:] in out
        folder = tmp_path / "got"
        got = await home.ran("get", str(good.remote_id), "--to", str(folder))
        assert got.code == 0, got.err + got.out
        assert [p for p in folder.rglob("*") if p.is_file()]
        wrong = await home.ran("get", "no such job", "--to", str(folder))
        assert wrong.code == 2
        assert home.asked("SELECT holder LIKE 'window%' FROM lease") == [(1,)]
    assert home.asked("SELECT count(*) FROM lease") == [(0,)]
