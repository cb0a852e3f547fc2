"""A job manager that follows nothing by itself: the test says how runs end."""

import asyncio
import gc
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.rows import AccountRow
from chrislib.desktop.toast import Toast
from chrislib.jobs import fsm, steps
from chrislib.jobs.clock import Clock, SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import Job, JobKey, Kind, Phase, PullIntent, RunIntent
from chrislib.jobs.store import Decision, new_key

FAILED: dict[str, Any] = {"status": "cancelled", "code": "CODE13"}
URL = "https://chris.example.org/api/v1/"


class Recording:
    """A sink that keeps what it shows, and when; `answer` is what it says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.shown: list[tuple[float, Toast]] = []
        self.answer: bool | None = None
        self.quiet = False
        self.on_show: Callable[[Toast], None] = lambda _toast: None

    async def show(self, toast: Toast) -> bool | None:
        """Keep it."""
        self.on_show(toast)
        self.shown.append((self._clock.time(), toast))
        return self.answer

    async def disturbed(self) -> bool:
        """Say whether toasts are not wanted now."""
        return self.quiet

    @property
    def toasts(self) -> list[Toast]:
        """What was shown, oldest first."""
        return [toast for _, toast in self.shown]

    @property
    def titles(self) -> list[str]:
        """Their titles."""
        return [toast.title for toast in self.toasts]


class NoticeDesk:
    """A catalog with one account, and a manager whose toasts are recorded."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock | None = None,
        base: float = 15.0,
        **more: Any,
    ) -> None:
        self.path = folder / "state" / "catalog.db"
        self.clock = clock or SystemClock()
        self._base, self._more = base, more
        self.sink = Recording(self.clock)
        self.account = AccountRow(0, 0, URL, "", "")
        self._numbers = 0
        self._make()

    def _make(self) -> None:
        self.catalog = Catalog(self.path)
        self.jobs = JobManager(
            catalog=self.catalog,
            client_for=lambda: None,
            pacs=lambda: None,
            clock=self.clock,
            sinks=[self.sink],
            base_period=self._base,
            **self._more,
        )

    async def start(self) -> "NoticeDesk":
        """Open and start."""
        await self.catalog.open()
        self.account = await self.catalog.jobs.account(URL, "alex", server_uuid="u")
        ((self._numbers,),) = self.ask("SELECT coalesce(max(remote_id), 1000) FROM job")
        await self.jobs.start()
        return self

    async def stop(self) -> None:
        """Stop and close."""
        await self.jobs.stop()
        await self.catalog.close()

    async def restart(self) -> None:
        """Play the end of this process and the start of the next."""
        await self.stop()
        self._make()
        await self.start()

    async def runs(
        self,
        count: int = 1,
        *,
        feed: int | None = 12,
        feeds: int = 1,
        title: str = "run",
        **more: Any,
    ) -> list[JobKey]:
        """Have runs on their way, all in one transaction.

        Parameters
        ----------
        feeds : int
            Number of feeds they are spread over, `feed` and the next ones.
        """
        begun: list[steps.Step] = []
        keys = []
        now = self.clock.time()
        for number in range(count):
            self._numbers += 1
            kind = more.get("kind", Kind.RUN)
            intent: Any = RunIntent(1, "pl-a", "1", "ds", {})
            if kind is Kind.PULL:
                intent = PullIntent("P", "1", "2", 3, title, "item")
            job = Job(
                key=new_key(now),
                kind=kind,
                phase=Phase.RUNNING,
                intent=intent,
                title=title,
                feed_id=feed + number % feeds if feed is not None else None,
                remote_id=self._numbers if kind is Kind.RUN else None,
                backend="cube" if kind is Kind.RUN else kind.value,
                account_id=self.account.account_id,
            )
            made = replace(job, **{k: v for k, v in more.items() if k != "kind"})
            tracked = steps.Tracked(job=made, server_uuid="u")
            begun.append(fsm.begin(tracked, now=now))
            keys.append(job.key)
        await self.jobs._store.add(begun)
        return keys

    async def end(
        self,
        keys: Sequence[JobKey],
        *,
        status: str = "finishedSuccessfully",
        code: str = "",
        source: str = "active",
        settle: float = 0.0,
    ) -> None:
        """Have the server say that runs have ended, in one page.

        Parameters
        ----------
        settle : float
            Seconds a ``cancelled`` may still be taken back; 60 in the product.
        """
        now, sent = self.clock.time(), self.clock.monotonic()

        def look(tracked: steps.Tracked) -> steps.Step | None:
            job = tracked.job
            seen = steps.Observation(
                remote_id=job.remote_id or 0,
                remote_status=status,
                error_code=code,
                sent=sent,
                received=sent,
                source=source,
                feed_id=job.feed_id,
            )
            return fsm.reduce(tracked, seen, now=now, settle=settle)

        await self.jobs._store.apply_page([Decision(key, look) for key in keys])

    async def finish_pull(self, key: JobKey, to: Phase = Phase.FINISHED) -> None:
        """Have a pull end."""
        now = self.clock.time()
        await self.jobs._store.apply(key, lambda t: fsm.move(t, to, now=now))

    async def until(
        self, condition: Callable[[], object], seconds: float = 20.0
    ) -> None:
        """Wait until something is so, in the time of the running loop."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            assert loop.time() < deadline, "it did not happen"
            await asyncio.sleep(0.01)

    def ask(self, query: str, *values: Any) -> list[Any]:
        """Ask the file itself."""
        with closing(sqlite3.connect(self.path)) as db:
            return [tuple(row) for row in db.execute(query, values).fetchall()]

    def states(self) -> dict[str, int]:
        """Return how many inbox rows are in which state of their toast."""
        query = "SELECT toast, count(*) FROM inbox GROUP BY toast"
        return {str(row[0]): int(row[1]) for row in self.ask(query)}


class Lag:
    """Measures how long the event loop worked on one thing before the next.

    Processor time of the loop's thread counts, so that other programs of a busy
    machine do not; `wall` has the time that passed. What earlier tests of the process
    left is kept from the garbage collector, which takes its time for all of it.
    """

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        self.worst = 0.0
        self.wall = 0.0
        self._running = True

    async def watch(self) -> None:
        """Measure until `stop`."""
        worked, last = time.thread_time(), time.perf_counter()
        while self._running:
            await asyncio.sleep(0.002)
            working, now = time.thread_time(), time.perf_counter()
            self.worst = max(self.worst, working - worked)
            self.wall = max(self.wall, now - last - 0.002)
            worked, last = working, now

    def stop(self) -> float:
        """Return the longest time, seconds."""
        self._running = False
        gc.unfreeze()
        return self.worst
