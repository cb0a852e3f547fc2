"""A program that dies at the n-th thing it does, and leaves nothing but its effects.

Points are counted at every step of a coroutine (so at every await), before every SQL
statement, after every COMMIT, before and after every request and every toast. When the
chosen one is reached the program is dead: no statement, request or toast of it has any
effect from then on, as if the process had been killed there.
"""

import asyncio
import contextvars
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

from chrislib.catalog import database, opening
from chrislib.desktop.toast import Toast
from tests.sim.virtual import VirtualLoop


class Crashed(BaseException):
    """The process is dead; nothing may catch this and go on."""


class Crasher:
    """Counts what one process does, and ends it at a chosen point.

    Attributes
    ----------
    dead : bool
    where : str
        What kind of point it died at.
    passed : Counter
        Points by kind.
    """

    def __init__(self) -> None:
        self.dead = False
        self.where = ""
        self.passed: Counter[str] = Counter()
        self.left: int | None = None
        self._only: frozenset[str] = frozenset()

    def arm(self, after: int | None, only: frozenset[str] = frozenset()) -> None:
        """Die at the `after`-th point from now on, or not at all.

        Parameters
        ----------
        only : frozenset of str
            Count only points of these kinds; empty: all.
        """
        self.left, self._only = after, only

    def step(self, kind: str) -> bool:
        """Count a point; True when the process is dead."""
        if self.dead:
            return True
        self.passed[kind] += 1
        if self.left is None or (self._only and kind not in self._only):
            return False
        self.left -= 1
        if self.left <= 0:
            self.dead, self.where = True, kind
        return self.dead

    def point(self, kind: str) -> None:
        """Count a point of something with effects; a dead process has none."""
        if self.step(kind):
            raise Crashed(kind)


class CrashLoop(VirtualLoop):
    """A virtual loop that counts the steps of coroutines for the living process."""

    def __init__(self) -> None:
        self.crasher: Crasher | None = None
        super().__init__()

    def call_soon(  # type: ignore[override]
        self,
        callback: Callable[..., Any],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Schedule a callback, counted when it runs."""
        if self.crasher is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(self._counted, callback, args, context=context)

    def _counted(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        if self.crasher is not None:
            self.crasher.step("await")
        callback(*args)


class CrashingConnection(sqlite3.Connection):
    """A connection whose every statement is a point."""

    crasher: Crasher | None = None

    def execute(self, *args: Any) -> sqlite3.Cursor:
        """Run a statement of the living process."""
        if args[0] == "PRAGMA synchronous=FULL":
            args = ("PRAGMA synchronous=OFF",)  # nobody pulls the plug here
        verb = str(args[0]).lstrip().split(None, 1)[0].upper()
        ending = verb in ("COMMIT", "ROLLBACK")
        if self.crasher is not None and verb != "ROLLBACK":
            self.crasher.point("commit" if ending else "statement")
        cursor = super().execute(*args)
        if self.crasher is not None and verb == "COMMIT":
            self.crasher.point("committed")
        return cursor

    def executemany(self, query: str, rows: Any) -> sqlite3.Cursor:
        """Run a statement for many rows, each a point."""
        cursor = self.cursor()
        for row in rows:
            if self.crasher is not None:
                self.crasher.point("statement")
            cursor.execute(query, row)
        return cursor


class CrashingTransport(httpx.AsyncBaseTransport):
    """Requests of one process; before and after each it may die."""

    def __init__(self, inner: httpx.AsyncBaseTransport, crasher: Crasher) -> None:
        self._inner = inner
        self._crasher = crasher

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one on."""
        self._crasher.point("request")
        response = await self._inner.handle_async_request(request)
        self._crasher.point("answer")
        return response


class CrashingSink:
    """Shows toasts to a person who forgets nothing."""

    def __init__(self, shown: list[Toast], crasher: Crasher) -> None:
        self._shown = shown
        self._crasher = crasher

    async def show(self, toast: Toast) -> None:
        """Show one."""
        self._crasher.point("toast")
        self._shown.append(toast)
        self._crasher.point("shown")


class _Inline:
    """A pool whose work is done at once: the same order of things in every run."""

    def __init__(self, *_: Any, **__: Any) -> None:
        return

    def submit(self, work: Callable[..., Any], *args: Any) -> "Future[Any]":
        """Do it."""
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args))
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits
            future.set_exception(error)
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Nothing is left to be done."""


class _Dice(random.Random):
    """Seeded, whoever makes it."""

    def __init__(self, seed: Any = 4711) -> None:
        super().__init__(seed)


@contextmanager
def repeatable(crasher_of: Callable[[], Crasher | None]) -> Iterator[None]:
    """Have chrislib do everything in one order, with statements counted."""

    def connect(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            factory=CrashingConnection,
        )
        connection.row_factory = sqlite3.Row
        for pragma in ("foreign_keys=ON", "busy_timeout=0", "synchronous=OFF"):
            sqlite3.Connection.execute(connection, f"PRAGMA {pragma}")
        connection.crasher = crasher_of()
        return connection

    dice = _Dice()
    stub = SimpleNamespace(Random=_Dice, uniform=dice.uniform)
    bytes_of = SimpleNamespace(urandom=dice.randbytes)
    put: list[tuple[Any, str, Any]] = []

    def place(where: Any, name: str, what: Any) -> None:
        put.append((where, name, getattr(where, name)))
        setattr(where, name, what)

    for name, module in list(sys.modules.items()):
        if name.startswith("chrislib.jobs") and getattr(module, "random", 0) is random:
            place(module, "random", stub)
    from chrislib.jobs import store

    place(store, "os", bytes_of)
    place(opening, "connect", connect)
    place(database, "ThreadPoolExecutor", _Inline)
    try:
        yield
    finally:
        for where, name, what in reversed(put):
            setattr(where, name, what)
