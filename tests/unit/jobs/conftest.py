"""A scripted server for runs, and a job manager on it with a real catalog."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.cube.errors import CubeError, NotFound, Refused
from chrislib.cube.types import ServerInfo
from chrislib.desktop.toast import Toast
from chrislib.jobs.backends.base import Abilities
from chrislib.jobs.clock import Clock, SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import Job, JobKey, RunIntent
from chrislib.jobs.polling import queries
from chrislib.jobs.steps import Observation

ENDED = ("finishedSuccessfully", "finishedWithError", "cancelled")


@dataclass
class Run:
    """A run as the scripted server keeps it."""

    id: int
    intent: RunIntent
    status: str = "scheduled"
    error_code: str = ""
    feed_id: int = 1
    end_date: str = ""
    log: str = ""
    born: float = field(default_factory=time.time)


class ScriptedServer:
    """Runs in memory; errors are put in line and raised one after the other."""

    def __init__(self) -> None:
        self.runs: dict[int, Run] = {}
        self.posts: list[RunIntent] = []
        self.notes: dict[int, str] = {}
        self.tags: dict[int, tuple[str, ...]] = {}
        self.cancels: list[int] = []
        self.requests = 0
        self.post_errors: list[tuple[CubeError, bool]] = []
        """(error, whether the run is made all the same)."""
        self.errors: list[CubeError] = []
        self.down: CubeError | None = None
        self.loses_cancels = 0
        self.uuid = ""
        self.post_delay = 0.0

    def set(self, run_id: int, status: str, *, code: str = "", log: str = "") -> None:
        """Change a run as CUBE would."""
        run = self.runs[run_id]
        run.status, run.error_code = status, code
        run.log = log or run.log
        if status in (*ENDED, "registeringFiles"):
            run.end_date = datetime.now(UTC).isoformat()

    def check(self) -> None:
        """Fail as scripted."""
        self.requests += 1
        if self.down is not None:
            raise self.down
        if self.errors:
            raise self.errors.pop(0)


def fits(run: Run, query: queries.Query) -> bool:
    """Whether a run is among what was asked for."""
    ended = run.status in ENDED
    if isinstance(query, queries.FeedRuns):
        return run.feed_id == query.feed_id and query.status in ("", run.status)
    if isinstance(query, queries.Ended):
        since = query.min_end or 0.0
        late = not run.end_date or (
            datetime.fromisoformat(run.end_date).timestamp() >= since
        )
        return ended and late and query.status in ("", run.status)
    if isinstance(query, queries.Registering):
        return run.status == "registeringFiles"
    return not ended


class ScriptedRuns:
    """The `RunBackend` of a `ScriptedServer`."""

    def __init__(self, server: ScriptedServer, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    async def probe(self) -> str:
        """Answer or not."""
        self._server.check()
        return self._server.uuid

    async def submit(self, intent: RunIntent) -> Observation:
        """Take a POST."""
        await asyncio.sleep(self._server.post_delay)
        self._server.check()
        self._server.posts.append(intent)
        error = self._server.post_errors.pop(0) if self._server.post_errors else None
        if error is None or error[1]:
            number = len(self._server.runs) + 1
            feed = intent.feed_id or number
            self._server.runs[number] = Run(number, intent, feed_id=feed)
        if error is not None:
            raise error[0]
        return self._seen(self._server.runs[number], "submit")

    async def candidates(
        self, intent: RunIntent, *, since: float, known: Callable[[int], bool]
    ) -> list[Observation]:
        """Find runs of the same intent."""
        self._server.check()
        return [
            self._seen(run, "reconcile")
            for run in self._server.runs.values()
            if run.intent.parameters == intent.parameters
            and run.intent.plugin_id == intent.plugin_id
            and run.born >= since - 60
            and not known(run.id)
        ]

    async def run(self, query: queries.Query) -> queries.QueryResult:
        """Answer any question with one page."""
        self._server.check()
        now = self._clock.monotonic()
        if isinstance(query, queries.Digest | queries.FeedCount):
            digests = self._digests(query)
            return queries.QueryResult(
                digests=digests, sent=now, received=now, received_rows=len(digests)
            )
        if isinstance(query, queries.Point):
            rows = [await self.look(query.remote_id)]
        else:
            rows = [
                self._seen(run, "window")
                for run in self._server.runs.values()
                if fits(run, query)
            ]
        return queries.QueryResult(
            rows=tuple(rows),
            total=len(rows),
            received_rows=len(rows),
            sent=now,
            received=now,
            server_date=self.server_now(),
        )

    async def abilities(self) -> Abilities:
        """Know all there is."""
        self._server.check()
        return Abilities(frozenset({"active", "min_end_date"}), 7)

    def _digests(
        self, query: queries.Digest | queries.FeedCount
    ) -> tuple[queries.FeedCounts, ...]:
        exact = isinstance(query, queries.FeedCount)
        found: dict[int, Counter[str]] = {}
        for run in self._server.runs.values():
            found.setdefault(run.feed_id, Counter())[run.status] += 1
        if isinstance(query, queries.FeedCount):
            if query.feed_id not in found:
                raise NotFound("gone")
            found = {query.feed_id: found[query.feed_id]}
        return tuple(
            queries.FeedCounts(feed_id, counts, exact=exact)
            for feed_id, counts in found.items()
        )

    async def active(self) -> list[Observation]:
        """List what has not ended."""
        self._server.check()
        return [
            self._seen(run, "active")
            for run in self._server.runs.values()
            if run.status not in ENDED
        ]

    async def finished_since(self, low: datetime) -> list[Observation]:
        """List what ended."""
        self._server.check()
        return [
            self._seen(run, "window")
            for run in self._server.runs.values()
            if run.status in ENDED
            and (not run.end_date or datetime.fromisoformat(run.end_date) >= low)
        ]

    async def of_feed(self, feed_id: int) -> list[Observation]:
        """List a feed."""
        self._server.check()
        return [
            self._seen(run, "feed")
            for run in self._server.runs.values()
            if run.feed_id == feed_id
        ]

    async def look(self, remote_id: int) -> Observation:
        """Look at one run."""
        self._server.check()
        if remote_id not in self._server.runs:
            raise NotFound("gone")
        return self._seen(self._server.runs[remote_id], "point")

    async def cancel(self, remote_id: int) -> int:
        """Take a cancel, or lose it as CUBE does."""
        self._server.check()
        self._server.cancels.append(remote_id)
        run = self._server.runs[remote_id]
        if run.status in ENDED:
            raise Refused("has ended")
        if self._server.loses_cancels:
            self._server.loses_cancels -= 1
            return 1
        self._server.set(remote_id, "cancelled")
        return 1

    async def write_note(self, feed_id: int, text: str) -> None:
        """Keep a note."""
        self._server.check()
        self._server.notes[feed_id] = text

    async def write_tags(self, feed_id: int, tags: Sequence[str]) -> None:
        """Keep tags."""
        self._server.check()
        self._server.tags[feed_id] = tuple(tags)

    def server_now(self) -> datetime:
        """Our own time."""
        return datetime.now(UTC)

    def _seen(self, run: Run, source: str) -> Observation:
        now = self._clock.monotonic()
        return Observation(
            remote_id=run.id,
            remote_status=run.status,
            error_code=run.error_code,
            sent=now,
            received=now,
            source=source,
            end_date=run.end_date,
            feed_id=run.feed_id,
            previous_id=run.intent.previous_id,
            log=run.log,
            title=run.intent.title,
        )


@dataclass
class Connection:
    """What the manager needs of a `CubeClient`."""

    base_url: str = "http://here/api/v1/"
    token: str = "t"
    username: str = "local"
    server: ServerInfo = field(
        default_factory=lambda: ServerInfo(
            "http://here/api/v1/", "uuid-1", "", 7, "local"
        )
    )


class RecordingSink:
    """Keeps the toasts it is asked to show."""

    def __init__(self) -> None:
        self.toasts: list[Toast] = []

    async def show(self, toast: Toast) -> None:
        """Keep it."""
        self.toasts.append(toast)


class Bench:
    """A manager over a catalog file, made anew to play a restart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.server = ScriptedServer()
        self.connection: Connection | None = Connection()
        self.sink = RecordingSink()
        self.pacs: Any = None
        self.catalog = Catalog(path)
        self.jobs = self._manager()

    def _manager(self, base: float = 0.15) -> JobManager:
        return JobManager(
            catalog=self.catalog,
            client_for=lambda: cast("CubeClient | None", self.connection),
            pacs=lambda: self.pacs,
            clock=SystemClock(),
            sinks=[self.sink],
            base_period=base,
            adopts=False,
            make_backend=lambda _client, clock: ScriptedRuns(self.server, clock),
        )

    async def start(self) -> "Bench":
        """Open and start."""
        await self.catalog.open()
        await self.jobs.start()
        return self

    async def stop(self) -> None:
        """Stop and close."""
        await self.jobs.stop()
        await self.catalog.close()

    async def restart(self) -> None:
        """Play the end of this process and the start of the next."""
        await self.stop()
        self.catalog = Catalog(self.path)
        self.jobs = self._manager()
        await self.start()

    def job(self, key: JobKey) -> Job:
        """Return a job that must be there."""
        found = self.jobs.get(key)
        assert found is not None
        return found

    async def until(
        self, condition: Callable[[], object], seconds: float = 8.0
    ) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            await asyncio.sleep(0.005)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Return a started manager on a scripted server."""
    made = await Bench(tmp_path / "state" / "catalog.db").start()
    yield made
    await made.stop()


@pytest.fixture
def intent() -> RunIntent:
    """Return a run to be made."""
    return RunIntent(
        plugin_id=5,
        plugin_name="pl-simpledsapp",
        plugin_version="2.1.0",
        plugin_type="ds",
        parameters={"prefix": "a", "dummyInt": 3},
        previous_id=None,
        feed_id=7,
        title="copy",
    )


@pytest.fixture
def another(intent: RunIntent) -> Callable[[str], RunIntent]:
    """Return a maker of runs with other parameters."""
    return lambda prefix: replace(intent, parameters={"prefix": prefix})


Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
def make_bench(tmp_path: Path) -> Callable[[], Awaitable[Bench]]:
    """Return a maker of started managers, each with a catalog of its own."""
    count = iter(range(10_000))

    async def make() -> Bench:
        return await Bench(tmp_path / f"state-{next(count)}" / "catalog.db").start()

    return make
