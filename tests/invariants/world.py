"""One person's chrislib, killed and started again, and a server that goes on."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Coroutine
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Lease, LeaseTimes
from chrislib.cube.client import CubeClient
from chrislib.desktop.toast import Toast
from chrislib.errors import ChrislibError
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import Job, JobChange, JobKey, RunIntent
from tests.invariants.crashing import (
    Crashed,
    Crasher,
    CrashingSink,
    CrashingTransport,
    CrashLoop,
)
from tests.sim.server import SimServer
from tests.sim.virtual import VirtualClock

_T = TypeVar("_T")

_NO_BEATS = LeaseTimes(beat=1e9, expiry=1e9, retry=1e9)
"""Beats come from a thread of their own, in real time: nothing for a repeatable run."""


class Complaints(logging.Handler):
    """Keeps what chrislib complained of while nothing was meant to go wrong."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []
        self.deaf = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        if self.deaf:
            return
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, Crashed | asyncio.CancelledError):
            self.said.append(f"{record.name}: {record.getMessage()} ({error!r})")


class Process:
    """One life of chrislib."""

    def __init__(self, world: "World") -> None:
        self.crasher = Crasher()
        self.began = world.clock.monotonic()
        transport = CrashingTransport(world.server.transport, self.crasher)
        self.client: CubeClient = world.server.client(transport=transport)
        self.catalog = Catalog(world.path, lease=Lease(world.path, times=_NO_BEATS))
        self.jobs = JobManager(
            catalog=self.catalog,
            client_for=lambda: self.client,
            pacs=lambda: None,
            clock=world.clock,
            sinks=[CrashingSink(world.toasts, self.crasher)],
            downloads=lambda: world.folder / "downloads",
        )

    async def start(self) -> None:
        """Do what the program does at its start: a server may not be there yet."""
        await self.catalog.open()
        while True:
            try:
                await self.client.identify()
                break
            except ChrislibError:
                await asyncio.sleep(5)
        await self.jobs.start()

    async def stop(self) -> None:
        """End politely."""
        await self.jobs.stop()
        await self.catalog.close()
        await self.client.aclose()


class World:
    """Everything of one example; used from plain functions.

    Attributes
    ----------
    meant : list of str
        Titles of the runs a person started, as often as they did.
    fuse : int or None
        After so many more points, of the kinds `fuse_of`, the process dies.
    """

    newest: "World | None" = None

    def __init__(self, folder: Path) -> None:
        World.newest = self
        self.process: Process | None = None
        self.folder = folder
        self.path = folder / "state" / "catalog.db"
        self.loop = CrashLoop()
        self.clock = VirtualClock(self.loop)
        self.server = SimServer(folder / "server", self.clock)
        self.toasts: list[Toast] = []
        self.lives: list[Process] = []
        self.meant: list[str] = []
        self.reached: list[str] = []
        self.crashes = 0
        self.fuse: int | None = None
        self.fuse_of: frozenset[str] = frozenset()
        self.tokens: dict[tuple[Any, ...], str] = {}
        self.outcomes: set[str] = set()
        self.complaints = Complaints()
        self._log = logging.getLogger("chrislib")
        self._propagate = self._log.propagate
        self._log.addHandler(self.complaints)
        self._log.propagate = False
        self.feed = self.server.add_feed("a feed")
        self.root = self.server.add_run(
            self.feed, status="finishedSuccessfully", plugin="pl-dircopy"
        )
        self._plugin = self.server.plugin_id("pl-simpledsapp")
        self.loop.set_exception_handler(lambda _loop, _context: None)
        self.do(None)

    @property
    def jobs(self) -> JobManager:
        """The living manager."""
        assert self.process is not None
        return self.process.jobs

    def all_jobs(self) -> list[Job]:
        """Return the jobs, oldest first, by the order they were made."""
        return sorted(self.jobs.jobs(), key=lambda job: (job.created_at, job.title))

    def intent(self, title: str) -> RunIntent:
        """Return a run of that name; one of the same name is interchangeable."""
        return RunIntent(
            plugin_id=self._plugin,
            plugin_name="pl-simpledsapp",
            plugin_version="2.1.0",
            plugin_type="ds",
            parameters={"prefix": title},
            previous_id=self.root,
            feed_id=self.feed,
            title=title,
        )

    def do(
        self, work: Coroutine[Any, Any, _T] | None, *, crash: int | None = None
    ) -> _T | None:
        """Carry something out; the process may be killed at a point on the way.

        Returns
        -------
        object
            What came of it, None when the process died or refused.
        """
        answer: _T | None = self.loop.run_until_complete(self._do(work, crash))
        return answer

    def advance(self, seconds: float, *, crash: int | None = None) -> None:
        """Let time pass."""
        self.do(asyncio.sleep(seconds), crash=crash)

    def restart(self, *, crash: int | None = None) -> None:
        """End politely (perhaps not quite) and start again."""
        process = self.process
        assert process is not None
        self.do(process.stop(), crash=crash)
        if self.process is process:
            self.process = None
        self.do(None)

    def finish_all(self) -> None:
        """Have the server end whatever is on its way."""
        for row in self.server.store.rows(
            "SELECT id FROM instances WHERE status NOT IN ('finishedSuccessfully', "
            "'finishedWithError', 'cancelled')"
        ):
            self.server.set(int(row[0]), "finishedSuccessfully")

    def ask(self, query: str, *values: Any) -> list[Any]:
        """Ask the catalog's file itself."""
        with closing(sqlite3.connect(self.path)) as db:
            return [tuple(row) for row in db.execute(query, values).fetchall()]

    def close(self) -> None:
        """End everything."""
        process = self.process
        if process is not None:
            self.process = None
            self.loop.run_until_complete(process.stop())
        self._log.removeHandler(self.complaints)
        self._log.propagate = self._propagate
        self.server.close()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

    # Inside.

    async def _do(self, work: Coroutine[Any, Any, _T] | None, crash: int | None) -> Any:
        answer = None
        if self.process is not None and work is not None:
            answer = await self._guarded(self.process, work, crash)
        elif work is not None:
            work.close()
        while self.process is None:
            process = Process(self)
            self.lives.append(process)
            self.process = process
            process.jobs.subscribe(self._changed)
            await self._guarded(process, process.start(), None)
        return answer

    async def _guarded(
        self, process: Process, work: Coroutine[Any, Any, _T], crash: int | None
    ) -> _T | None:
        # A fuse burns on over several deeds, and over no more than one death.
        armed = crash if crash is not None else self.fuse
        only = self.fuse_of if crash is None else frozenset[str]()
        process.crasher.arm(armed, only)
        self.loop.crasher = process.crasher
        task = self.loop.create_task(work)
        while not task.done() and not process.crasher.dead:
            # In steps short enough to see the end of the process when it comes.
            await asyncio.wait({task}, timeout=0.5)
        if crash is None and self.fuse is not None:
            self.fuse = None if process.crasher.dead else process.crasher.left
        process.crasher.arm(None)
        if process.crasher.dead:
            await self._bury(process)
            return None
        self.loop.crasher = None
        try:
            return task.result()
        except ChrislibError:
            return None  # what it refuses it may refuse; nothing may be lost by it

    async def _bury(self, process: Process) -> None:
        """Take away what a killed process leaves to the system."""
        self.crashes += 1
        self.process = None
        self.complaints.deaf = True
        mine = asyncio.current_task()
        while True:
            left = [task for task in asyncio.all_tasks() if task is not mine]
            if not left:
                break
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=1.0)
        await asyncio.sleep(0)
        self.loop.crasher = None
        self.complaints.deaf = False
        database = process.catalog._database
        database._ending.set()
        for connection in [database._writer, *database._readers]:
            if connection is not None:
                sqlite3.Connection.close(connection)
        lease = database._lease
        if lease is not None and lease._lock is not None:
            with suppress(OSError):
                os.close(lease._lock)  # the system drops it, the file stays

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        for change in changes:
            before, after = change.before, change.after
            if before is None or before.seq != after.seq:
                continue
            axes = (after.phase, after.result, after.retention)
            if (before.phase, before.result, before.retention) != axes:
                self.reached.append(f"I11: {after.key} changed without an event")


def job_of(world: World, number: int) -> Job | None:
    """Return one of the jobs, by any number."""
    jobs = world.all_jobs()
    return jobs[number % len(jobs)] if jobs else None


def key_of(world: World, number: int) -> JobKey | None:
    """Return the key of one of the jobs, by any number."""
    job = job_of(world, number)
    return job.key if job is not None else None
