"""The station's own routes in process, with rows set by hand and faults on demand.

::

    server = SimServer(tmp_path / "station", VirtualClock())
    feed = server.add_feed("brain")
    run = server.add_run(feed, status="started")
    client = server.client()                     # a real CubeClient, signed in
    server.set(run, "registeringFiles")          # dates move as a CUBE moves them
    server.faults.append(Fault(faults.drop, where="status=registering"))
    server.log[-1].path, server.cost_ms()        # what was asked, what it cost

Nothing moves by itself: no programs run, no deletion is carried out before
`delete_pending`. Rows may be read and changed in ``server.store`` directly.
"""

import importlib
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from chrislib.cube.client import CubeClient
from chrislib.paths import Paths
from chrislib.station import feed_sharing, sharing
from chrislib.station.app import make_app
from chrislib.station.context import StationConfig, StationContext
from chrislib.station.disk import Disk
from chrislib.station.first_start import fill
from chrislib.station.store import Store
from chrislib.station.tree import Tree
from tests.sim import faults as ways
from tests.sim.faults import Fault
from tests.sim.rows import ENDED, Rows
from tests.sim.virtual import VirtualClock

URL = "http://127.0.0.1:8010/api/v1/"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the server's log has it; times are virtual `monotonic`."""

    sent: float
    received: float
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    """0 when there was no answer."""
    rows: int
    cost_ms: float
    """What a CUBE would have worked for it (cube-baselines 4)."""


def cost_of(path: str, query: Mapping[str, str], rows: int) -> float:
    """Return milliseconds of a CUBE for a GET, by the measured cost of a row.

    A single thing costs a little less than a list of one: 12.3 ms were measured.
    """
    if re.fullmatch(r"plugins/instances/\d+/|\d+/", path):
        return 12.5 if rows else 10.0
    if re.fullmatch(r"\d+/plugininstances/", path):
        return 10.0 + 4.0 * rows
    if path.startswith("plugins/instances/"):
        # One row of a list was measured with 24 ms, none with 11.
        return 10.0 + 4.7 * rows + (9.3 if query.get("limit") == "1" and rows else 0.0)
    if path in ("", "search/", "publicfeeds/"):
        return 10.0 + 2.2 * rows
    return 10.0 + 1.0 * rows


class SimServer(Rows):
    """One CUBE of the tests.

    Parameters
    ----------
    folder : Path
        Its database and storage.
    clock : VirtualClock
        True time; the server's own clock is `skew` seconds ahead of it.
    generation : int
        6 or 7.
    seed : int
        Of everything random here.

    Attributes
    ----------
    latency : float or callable
        Seconds from question to answer; half of it passes before the server looks.
    faults : list of Fault
        The first that takes a request decides about it.
    ignored : set of str
        Query parameters an old server does not know: ignored, and not advertised.
    skew : float
        Seconds the server's clock is ahead of true time.
    log : list of Asked
    """

    def __init__(
        self,
        folder: Path,
        clock: VirtualClock,
        *,
        generation: int = 7,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.rng = random.Random(seed)
        self.latency: float | Callable[[], float] = 0.05
        self.faults: list[Fault] = []
        self.ignored: set[str] = set()
        self.skew = 0.0
        self.log: list[Asked] = []
        self.url = URL
        self.username = "local"
        self._context = _context(folder, self.now, generation)
        super().__init__(self._context.store)
        self._app = httpx.ASGITransport(app=make_app(self._context))
        self.transport = _Transport(self)
        self.token = str(
            self.store.value("SELECT token FROM users WHERE username='local'")
        )
        self.uuid = str(self.store.value("SELECT value FROM meta WHERE key='uuid'"))

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def now(self) -> datetime:
        """Return the time by the server's clock."""
        return datetime.fromtimestamp(self.clock.true_time() + self.skew, UTC)

    def client(
        self, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> CubeClient:
        """Return a client that is signed in as the server's one user."""
        client = CubeClient(
            self.url, token=self.token, transport=transport or self.transport
        )
        client.username = self.username
        return client

    def delete_pending(self) -> None:
        """Carry out the deletions that were asked for (a CUBE needs 0.1 s)."""
        tree: Tree = self._context.shared["tree"]
        tree.sweep()

    def add_file(self, run_id: int, name: str, content: bytes) -> str:
        """Put a file into a run's output; returns its storage path."""
        path = f"{self.run(run_id)['output_path']}/{name}"
        disk = self._context.disk.write(content)
        self.store.register_file(path, len(content), disk, owner=self.username)
        folder = self.store.folder_id(path.rpartition("/")[0])
        self.store.update("instances", run_id, output_folder_id=folder)
        return path

    # What was asked.

    def requests(self, since: float = 0.0) -> list[Asked]:
        """Return what was asked since then (virtual `monotonic`)."""
        return [asked for asked in self.log if asked.sent >= since]

    def cost_ms(self, since: float = 0.0) -> float:
        """Return what a CUBE would have worked for it since then, milliseconds."""
        return sum(asked.cost_ms for asked in self.requests(since))

    def most_in(self, seconds: float) -> int:
        """Return the largest number of requests in any window of so many seconds."""
        times = sorted(asked.sent for asked in self.log)
        most, first = 0, 0
        for number, at in enumerate(times):
            while times[first] <= at - seconds:
                first += 1
            most = max(most, number - first + 1)
        return most

    # Inside.

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of the transport (virtual time passes)."""
        sent = self.clock.monotonic()
        wait = self.latency() if callable(self.latency) else self.latency
        path = request.url.path.removeprefix("/api/v1/")
        query = dict(request.url.params)
        response: httpx.Response | None = None
        fault = next((f for f in self.faults if f.takes(request)), None)

        async def ask() -> httpx.Response:
            return await self._ask(request)

        try:
            await self.clock.sleep(wait / 2)
            if fault is None:
                response = await ask()
            else:
                response = await fault.change(request, ask)
            await self.clock.sleep(wait / 2)
        finally:
            rows = _rows(response)
            self.log.append(
                Asked(
                    sent=sent,
                    received=self.clock.monotonic(),
                    method=request.method,
                    path=path,
                    query=query,
                    status=response.status_code if response is not None else 0,
                    rows=rows,
                    cost_ms=cost_of(path, query, rows) if response is not None else 0,
                )
            )
        return response

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        if self.ignored:
            kept = [(k, v) for k, v in request.url.params.multi_items()
                    if k not in self.ignored]  # fmt: skip
            request = httpx.Request(
                request.method,
                request.url.copy_with(query=urlencode(kept).encode()),
                headers=request.headers,
                stream=request.stream,
            )
        with _inline():
            response = await self._app.handle_async_request(request)
            body = await response.aread()
        if self.ignored:
            for name in self.ignored:
                told = f'{{"name":"{name}","value":""}}'.encode()
                body = body.replace(told + b",", b"").replace(b"," + told, b"")
        headers = dict(response.headers)
        headers.pop("content-length", None)
        headers["date"] = format_datetime(self.now(), usegmt=True)
        return httpx.Response(response.status_code, content=body, headers=headers)


class _Transport(httpx.AsyncBaseTransport):
    """What a client talks to in place of connections."""

    def __init__(self, server: SimServer) -> None:
        self._server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._server.answer(request)


class _Inline:
    """Runs the station's handlers on the loop's own thread while a request lasts.

    They would run on threads that virtual time does not see, and slower.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._http: Any = importlib.import_module("chrislib.station.http")
        self._threaded = self._http.run_in_threadpool

    def __enter__(self) -> None:
        if self._depth == 0:
            self._http.run_in_threadpool = _at_once
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._http.run_in_threadpool = self._threaded


_inlined = _Inline()


def _inline() -> _Inline:
    return _inlined


async def _at_once(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return work(*args, **kwargs)


class _SimStore(Store):
    """The station's store on the server's clock; nothing here must outlive a crash."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._now = now
        super().__init__(path)
        self._db.execute("PRAGMA synchronous=OFF")

    def now(self) -> str:
        return self._now().isoformat(timespec="microseconds")


class _SimContext(StationContext):
    """The station's context on the server's clock."""

    def now(self) -> datetime:
        moment: datetime = self.shared["sim now"]()
        return moment


def _context(
    folder: Path, now: Callable[[], datetime], generation: int
) -> StationContext:
    station = folder / "station"
    station.mkdir(parents=True, exist_ok=True)
    paths = Paths(
        state=folder / "state",
        cache=folder / "cache",
        config=folder / "config",
        station=station,
        plugin_envs=folder / "plugin-envs",
        downloads=folder / "downloads",
    )
    config = StationConfig(generation=generation)
    store = _SimStore(station / "station.db", now)
    store.add_schema(sharing.TABLES)
    store.add_schema(feed_sharing.TABLES)
    disk = Disk(station / "storage", quota=None)
    fill(store, disk, paths, config=config)
    disk.start_with(int(store.value("SELECT COALESCE(SUM(fsize), 0) FROM files")))
    context = _SimContext(store=store, disk=disk, config=config, paths=paths)
    context.shared["sim now"] = now
    return context


def _rows(response: httpx.Response | None) -> int:
    """Return how many rows an answer has, or 1 for a single object."""
    if response is None or response.status_code >= 400:
        return 0
    head = response.content[:200]
    if not head.startswith(b"{"):
        return 0
    if not head.startswith(b'{"count"'):
        return 1
    return response.content.count(b'"url":')


__all__ = ["ENDED", "URL", "Asked", "Fault", "SimServer", "cost_of", "ways"]
