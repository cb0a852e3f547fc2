"""Who gets in: every path of the table, without a token and with a wrong one."""

import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from chrislib.paths import Paths
from chrislib.station.app import make_app, make_context
from chrislib.station.context import StationConfig

# A CUBE shows these to anybody: what there is to run, and what is public.
_OPEN = (
    "",
    "filebrowser/",
    "filebrowser/search/",
    "plugins/",
    "plugins/search/",
    "plugins/metas/",
    "plugins/metas/search/",
    "computeresources/",
    "computeresources/search/",
    "publicfeeds/",
    "publicfeeds/search/",
    "users/",
)
_OPEN_ONE = re.compile(
    r"^(plugins/(metas/)?1/|plugins/parameters/1/|plugins/metas/1/plugins/"
    r"|plugins/1/(parameters|computeresources)/|computeresources/1/"
    r"|filebrowser/1/((children|files|linkfiles)/)?)$"
)


def _paths(tmp_path: Path) -> list[str]:
    places = Paths(*(tmp_path / name for name in ("a", "b", "c", "d", "e", "f")))
    context = make_context(places, StationConfig())
    app = make_app(context)
    found = [str(getattr(route, "path", "")) for route in app.routes]
    context.store.close()
    shown = [re.sub(r"\{\w+:int\}", "1", path) for path in found]
    return sorted({re.sub(r"\{\w+(:path)?\}", "x", path) for path in shown})


def test_no_path_gives_anything_without_a_token(
    station_factory: Any, tmp_path: Path
) -> None:
    # Its own: other tests publish feeds of the one they share.
    station = station_factory()
    paths = _paths(tmp_path)
    assert len(paths) > 60
    given = []
    with httpx.Client(headers={"Accept": "application/json"}, timeout=30) as http:
        for path in paths:
            if path.endswith("/pacs/ws/"):
                continue  # a websocket: tested with its own tokens
            for header in ({}, {"Authorization": "Token " + "0" * 40}):
                url = f"http://127.0.0.1:{station.port}{path}"
                answer = http.get(url, headers=header)
                inside = path.removeprefix("/api/v1/")
                if header or not (inside in _OPEN or _OPEN_ONE.match(inside)):
                    good = answer.status_code in (401, 404, 405)
                    if not good:
                        given.append((path, answer.status_code, bool(header)))
                else:
                    assert answer.status_code == 200, path
    assert given == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_written_without_a_token(
    station: Any, tmp_path: Path, method: str
) -> None:
    with httpx.Client(headers={"Accept": "application/json"}, timeout=30) as http:
        for path in _paths(tmp_path):
            if "/pacs/ws/" in path or path.endswith("/auth-token/"):
                continue
            url = f"http://127.0.0.1:{station.port}{path}"
            status = http.request(method, url).status_code
            assert status in (401, 404, 405), path


def test_another_users_things_are_neither_seen_nor_changed(api: Any) -> None:
    root = api.get("filebrowser/search/", path="home")["results"]
    assert root
    assert api.http.get("filebrowser/search/?path=home/chris").json()["count"] == 0
    answer = api.http.delete("filebrowser/1/")
    assert answer.status_code == 403
    renamed = api.http.put("filebrowser/2/", json={"path": "home/x"})
    assert renamed.status_code == 403


def test_what_the_station_keeps_is_private(station: Any) -> None:
    folder: Path = station.folder
    for name in ("station.db", "owner.secret", "station.json"):
        mode = stat.S_IMODE((folder / name).stat().st_mode)
        assert mode == 0o600, name
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own table")
def test_it_listens_on_this_machine_only(station: Any) -> None:
    table = Path("/proc/net/tcp")
    port = f":{station.port:04X}"
    listening = [
        line.split()[1]
        for line in table.read_text().splitlines()[1:]
        if line.split()[1].endswith(port) and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F{port}"]
    everywhere = Path("/proc/net/tcp6")
    if everywhere.exists():
        assert f"{port} " not in everywhere.read_text()


def test_no_token_is_written_into_the_log(station: Any, api: Any) -> None:
    api.upload("home/local/uploads/log/a.txt")
    root = api.run("pl-dircopy", dir="home/local/uploads/log")
    api.finish(root["id"])
    api.http.get("plugins/", params={"download_token": station.token})
    log = (station.folder / "station.log").read_text(encoding="utf-8")
    assert station.token not in log
    assert station.password not in log


def test_a_stopped_station_leaves_nothing_that_says_it_runs(
    station_factory: Any,
) -> None:
    station = station_factory()
    station.process.terminate()
    assert station.process.wait(15) == 0
    assert not (station.folder / "station.json").exists()
    assert not (station.folder / "station.db-wal").exists()
    if os.name == "posix":
        station.start()
        assert station.url
