"""``chrislib jobs`` as real processes on a real station, with and without a window."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chrislib.cube.client import CubeClient
from tests.scenarios.computer import Home, submitted

Station = Any
StationFactory = Callable[..., Station]


@pytest.fixture
async def home(station_factory: StationFactory) -> Home:
    """Return a computer whose station and commands are quick."""
    station = await asyncio.to_thread(station_factory)
    config = Path(station.home) / "config"
    config.mkdir(parents=True)
    (config / "settings.json").write_text('{"poll_seconds": 0.5}')
    return Home(station)


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
    slow, _root = await submitted(home, {"sleepLength": "120"})
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
    good, slow, _root = await submitted(home, {"prefix": "x"}, {"sleepLength": "12"})
    watch = home.start("jobs", "watch")  # it follows the runs, until the window comes
    assert watch.stdout is not None
    first = await asyncio.to_thread(watch.stdout.readline)
    with home.window():
        listed = await home.ran("list", "--json")
        assert listed.code == 0, listed.err
        assert len(json.loads(listed.out)) == 3
        out, err = await asyncio.to_thread(watch.communicate, timeout=60)
        assert watch.returncode == 0, out + err
        assert slow.key[-8:] in first + out
        folder = tmp_path / "got"
        got = await home.ran("get", str(good.remote_id), "--to", str(folder))
        assert got.code == 0, got.err + got.out
        assert [p for p in folder.rglob("*") if p.is_file()]
        wrong = await home.ran("get", "no such job", "--to", str(folder))
        assert wrong.code == 2
        assert home.asked("SELECT holder LIKE 'window%' FROM lease") == [(1,)]
    assert home.asked("SELECT count(*) FROM lease") == [(0,)]


async def test_adopt_by_number_by_address_and_by_looking(home: Home) -> None:
    _node, root = await submitted(home, {"prefix": "x"})
    made = []
    client = CubeClient(home.station.url, token=home.station.token)
    async for plugin in client.plugins.list(name_exact="pl-simpledsapp"):
        for seconds in ("1", "25", "25"):
            parameters = {"previous_id": root.remote_id, "sleepLength": seconds}
            made.append(await client.instances.create(plugin.id, parameters))
    await client.aclose()
    assert len(made) == 3
    said = await home.ran("adopt", str(made[0].id))
    assert said.code == 0, said.err
    assert "1 followed now." in said.out
    address = f"{home.station.url}plugins/instances/{made[1].id}/"
    said = await home.ran("adopt", address)
    assert said.code == 0, said.err
    said = await home.ran("adopt", "--scan")
    assert said.code == 0, said.err
    rows = json.loads((await home.ran("list", "--json")).out)
    runs = [row["run"] for row in rows if row["run"] is not None]
    assert sorted(runs) == sorted(set(runs)), "each run is one job"
    assert {m.id for m in made} <= set(runs)
    for wrong, words in (("999999", ""), ("ftp://x/", "address")):
        said = await home.ran("adopt", wrong)
        assert said.code == 2, said.out
        assert said.err.startswith("chrislib: ")
        assert words in said.err
        assert "Traceback" not in said.err
