"""Virtual time: hours pass in seconds, and threads that do real work are waited for.

`VirtualLoop` is an asyncio loop whose clock stands still while anything is ready or a
worker thread is busy, and jumps to the next timer otherwise. So the catalog's SQLite
threads run for real, and nothing that they do takes any (virtual) time.

Three ways to use it::

    @pytest.mark.virtual_time            # an async test and its async fixtures
    async def test_s32_wifi_off(tmp_path): ...

    pytestmark = pytest.mark.virtual_time    # a whole module

    run_virtual(coroutine())             # inside a plain function (Hypothesis)

What the loop cannot see are threads of other makers than `ThreadPoolExecutor`,
processes and real sockets: hold time while they work, with ``loop.hold()``.
"""

import asyncio
import selectors
import threading
from collections.abc import Coroutine, Generator
from concurrent.futures import thread as pool_threads
from contextlib import contextmanager
from typing import Any, TypeVar

_T = TypeVar("_T")

EPOCH = 1_800_000_000.0
"""True time when a virtual clock begins: 15 January 2027, 08:00 UTC."""
_START = 1_000.0
_STUCK_SECONDS = 30.0


class _Work:
    """Counts what worker threads were given and have not finished."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._waiting: set[VirtualLoop] = set()

    def begin(self) -> None:
        with self._lock:
            self._count += 1

    def end(self) -> None:
        with self._lock:
            self._count -= 1
            waiting = tuple(self._waiting) if self._count == 0 else ()
        for loop in waiting:
            loop.call_soon_threadsafe(_nothing)

    def wait(self, loop: "VirtualLoop") -> bool:
        """Note that `loop` will wait; False when there is nothing to wait for."""
        with self._lock:
            if self._count == 0:
                return False
            self._waiting.add(loop)
            return True

    def waited(self, loop: "VirtualLoop") -> None:
        with self._lock:
            self._waiting.discard(loop)


def _nothing() -> None:
    """Wake a loop."""


class _Selector(selectors.DefaultSelector):
    """Asks the system without waiting, and jumps where it would have waited."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if _work.wait(self.loop):
            try:
                return super().select(_STUCK_SECONDS)
            finally:
                _work.waited(self.loop)
        # What a thread finished just before the count was read lies there by now.
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            ready = super().select(_STUCK_SECONDS)
            if not ready:
                raise RuntimeError("virtual time: everybody waits, and for nothing")
            return ready
        self.loop.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that jumps to the next timer when nothing else is to be done."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Return virtual seconds."""
        return _START + self._elapsed

    def advance(self, seconds: float) -> None:
        """Let time pass; only the selector calls this."""
        self._elapsed += seconds

    @contextmanager
    def hold(self) -> Generator[None, None, None]:
        """Keep time still while something works that the loop cannot see."""
        _work.begin()
        try:
            yield
        finally:
            _work.end()


class VirtualClock:
    """`chrislib.jobs.clock.Clock` in virtual time, with a wall clock that may be wrong.

    Parameters
    ----------
    loop : VirtualLoop, optional
        The running one.

    Attributes
    ----------
    wall_error : float
        Seconds the computer's own clock is ahead of true time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._slept = 0.0
        self.wall_error = 0.0

    def true_time(self) -> float:
        """Return what a right clock shows, seconds since the epoch."""
        return EPOCH + self.monotonic() - _START + self._slept

    def time(self) -> float:
        """Return what the computer's clock shows, seconds since the epoch."""
        return self.true_time() + self.wall_error

    def monotonic(self) -> float:
        """Return seconds that never go back and stand still while it sleeps."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Pause the calling task."""
        await asyncio.sleep(seconds)

    def suspend(self, seconds: float) -> None:
        """Play a closed lid: true time passes, timers and `monotonic` do not notice."""
        self._slept += seconds


def run_virtual(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end on a virtual loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def _count_pool_threads() -> None:
    """Have every `ThreadPoolExecutor` of this process tell what it was given.

    The count goes down after the result was handed to the loop: before that the loop
    would see nobody busy and nothing ready, and jump.
    """
    item: Any = pool_threads._WorkItem
    made, ran = item.__init__, item.run

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        _work.begin()
        made(self, *args, **kwargs)

    def run(self: Any) -> None:
        try:
            ran(self)
        finally:
            _work.end()

    item.__init__, item.run = init, run


_work = _Work()
_count_pool_threads()
