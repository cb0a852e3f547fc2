"""Fixtures for all tests: real station processes."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from chrislib.station.process import Process, kill
from tests.sim.virtual import VirtualLoop

if TYPE_CHECKING:
    from tests.sim.desk import SimDesk

# How long an example takes says more about the machine than about the code.
settings.register_profile(
    "chrislib", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("chrislib")

# Until all tests are known nothing is garbage; see `pytest_collection_finish`.
gc.disable()
gc.set_threshold(10_000, 20, 10)

_ROOT = Path(__file__).resolve().parents[1]
_START_SECONDS = 60.0


@dataclass
class Station:
    """A station process of the tests.

    Attributes
    ----------
    url : str
        Base address, ends in ``/api/v1/``.
    home : Path
        Its ``--home``.
    """

    home: Path
    options: tuple[str, ...]
    url: str = ""
    username: str = "local"
    password: str = ""
    token: str = ""
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def folder(self) -> Path:
        """Folder of the station's database, storage and runs."""
        return self.home / "data" / "station"

    def start(self) -> "Station":
        """Start the process and wait until it answers."""
        env = dict(os.environ)
        env.setdefault("CHRISLIB_PLUGIN_ENVS", str(_ROOT / "build" / "plugin-envs"))
        env.pop("CHRISLIB_HOME", None)
        command = [sys.executable, "-m", "chrislib", "station", "serve"]
        self.home.mkdir(parents=True, exist_ok=True)
        runtime = self.folder / "station.json"
        runtime.unlink(missing_ok=True)
        with (self.home / "console.txt").open("ab") as console:
            self.process = subprocess.Popen(
                [*command, "--home", str(self.home), *self.options],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not runtime.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.home / "console.txt").read_text(errors="replace")
                pytest.fail(f"the station did not start: {said[-2000:]}")
            time.sleep(0.02)
        known = json.loads(runtime.read_text(encoding="utf-8"))
        self.url, self.port = known["url"], known["port"]
        secret = self.folder / "owner.secret"
        self.password = secret.read_text(encoding="utf-8").strip()
        self.token = self._sign_in()
        return self

    def _sign_in(self) -> str:
        body = json.dumps({"username": self.username, "password": self.password})
        request = urllib.request.Request(
            f"{self.url}auth-token/",
            data=body.encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(json.load(answer)["token"])

    def _ask(self, method: str, url: str, body: object = None) -> Any:
        request = urllib.request.Request(
            url,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Authorization": f"Token {self.token}",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def quieten(self) -> None:
        """Cancel what still runs (network).

        A station runs only a few programs at a time: two that sleep an hour would
        let nothing of any later test begin.
        """
        query = "plugins/instances/search/?active=true&limit=1000"
        active = self._ask("GET", f"{self.url}{query}")["results"]
        stopped = set()
        for row in sorted(active, key=lambda row: int(row["id"])):
            stopped.add(row["id"])
            if row.get("previous_id") in stopped:
                continue  # goes with the one above it
            # It may have ended meanwhile.
            with contextlib.suppress(urllib.error.HTTPError):
                self._ask("PUT", row["url"], {"status": "cancelled"})

    def kill(self) -> None:
        """End the process the hard way, as a crash would; its programs go on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the process politely, and whatever programs it started."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for path in self.folder.glob("runs/*/process.json"):
            program = Process.load(path)
            if program is not None:
                kill(program)


StationFactory = Callable[..., Station]


@pytest.fixture
def station_factory(tmp_path: Path) -> Iterator[StationFactory]:
    """Return a function that starts a station of one's own.

    ``station_factory("--quota", "1000", home=path)``; stopped after the test.
    """
    started: list[Station] = []

    def make(*options: str, home: Path | None = None) -> Station:
        place = home or tmp_path / f"station-{len(started)}"
        defaults = ("--pace", "0.01", "--poll", "0.05")
        station = Station(place, (*defaults, *options))
        started.append(station)
        return station.start()

    yield make
    for station in started:
        station.stop()


@pytest.fixture(scope="session")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """Return a running station all tests of the session share."""
    options = ("--pace", "0.01", "--poll", "0.1")
    running = Station(tmp_path_factory.mktemp("station"), options).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def old_station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """Return a running station that answers as CUBE 6.11."""
    options = ("--pace", "0.01", "--poll", "0.05", "--generation", "6")
    running = Station(tmp_path_factory.mktemp("station6"), options).start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _stations_left_quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave nothing running on the stations that all tests share."""
    yield
    for name in {"station", "old_station"}.intersection(request.fixturenames):
        request.getfixturevalue(name).quieten()


def pytest_collection_finish() -> None:
    """Let collections of garbage pass over what stays: modules and all the tests."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_unexpected_warnings(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fail a test in which the program warned of something nobody expected.

    ``@pytest.mark.logs("part of a message", ...)`` names what may be said.
    """
    yield
    expected = [
        part for mark in request.node.iter_markers("logs") for part in mark.args
    ]
    said = [
        f"{record.name}: {record.getMessage()}"
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.levelno >= logging.WARNING and record.name.startswith("chrislib")
    ]
    unexpected = [line for line in said if not any(part in line for part in expected)]
    assert not unexpected, unexpected


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give tests marked ``virtual_time`` a loop whose hours pass in seconds."""
    if item.get_closest_marker("virtual_time") is not None:
        return {"virtual": VirtualLoop}
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture
async def sim(tmp_path: Path) -> "AsyncIterator[SimDesk]":
    """Return a job manager over a real catalog and the station, in virtual time."""
    from tests.sim.desk import SimDesk

    desk = SimDesk(tmp_path)
    yield desk
    await desk.close()
