"""The one place that starts asyncio tasks: named, kept alive, failures reported."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar, overload

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_In = TypeVar("_In")
_One = TypeVar("_One")
_Two = TypeVar("_Two")
_Three = TypeVar("_Three")
_alive: set[asyncio.Task[Any]] = set()

Progress = Callable[[int, int], None]
"""Gets how many have ended, of how many."""


def spawn(
    coro: Coroutine[Any, Any, _T],
    *,
    name: str,
    on_error: Callable[[BaseException], None] | None = None,
) -> "asyncio.Task[_T]":
    """Start `coro` as a task that cannot be lost.

    Parameters
    ----------
    coro : coroutine
        What to run.
    name : str
        Shown in logs and by the leak detector of the tests.
    on_error : callable, optional
        Called once with the exception; without it the failure is logged.
        Cancellation is never reported.
    """
    task = asyncio.get_running_loop().create_task(coro, name=name)
    _alive.add(task)

    def finished(done: "asyncio.Task[_T]") -> None:
        _alive.discard(done)
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            return
        if on_error is None:
            _log.error("task %s failed", name, exc_info=error)
        else:
            on_error(error)

    task.add_done_callback(finished)
    return task


class Breather:
    """Lets a long piece of work on the event loop stop for breath.

    Parameters
    ----------
    seconds : float
        So long others have to wait at most.
    """

    def __init__(self, seconds: float = 0.003) -> None:
        self._seconds = seconds
        self._since = time.perf_counter()

    async def rest(self) -> None:
        """Let others run when it is their turn; call it after each small step."""
        if time.perf_counter() - self._since >= self._seconds:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


async def several(
    items: Sequence[_In],
    work: Callable[[_In], Awaitable[_T]],
    *,
    at_once: int,
    progress: Progress | None = None,
) -> list[_T]:
    """Work on items, so many at a time; returns the results in the order of the items.

    Parameters
    ----------
    items : sequence
    work : callable
        Called with each item, in order. What it lets through ends all: nothing more
        is begun, what is under way is cancelled, and has ended when this raises.
    at_once : int
    progress : callable, optional
        Called after each item.

    Raises
    ------
    BaseException
        The first failure of `work`, itself.
    """
    waiting = deque(enumerate(items))
    results: dict[int, _T] = {}
    breather = Breather()

    async def take() -> None:
        while waiting:
            number, item = waiting.popleft()
            try:
                results[number] = await work(item)
            except BaseException:
                waiting.clear()  # the others are cancelled a turn later
                raise
            if progress is not None:
                progress(len(results), len(items))
            await breather.rest()

    await _side_by_side(take() for _ in range(min(at_once, len(items))))
    return [results[number] for number in range(len(items))]


@overload
async def together(
    one: Coroutine[Any, Any, _One], two: Coroutine[Any, Any, _Two], /
) -> tuple[_One, _Two]: ...


@overload
async def together(
    one: Coroutine[Any, Any, _One],
    two: Coroutine[Any, Any, _Two],
    three: Coroutine[Any, Any, _Three],
    /,
) -> tuple[_One, _Two, _Three]: ...


async def together(*works: Coroutine[Any, Any, Any]) -> tuple[Any, ...]:
    """Run a few different coroutines at once; returns what each returned.

    Unlike `asyncio.gather`, a failure leaves none of the others running.

    Raises
    ------
    BaseException
        The first failure, itself.
    """
    return tuple(await _side_by_side(works))


async def _side_by_side(works: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(work, name=getattr(work, "__qualname__", None))
                for work in works
            ]
    except BaseExceptionGroup as failures:
        first = failures.exceptions[0]
    else:
        return [task.result() for task in tasks]
    try:
        raise first  # out here it keeps the cause it has
    finally:
        del first  # its traceback leads to this frame


class TaskOwner:
    """The tasks of one pane or manager, cancelled together with it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(
        self,
        coro: Coroutine[Any, Any, _T],
        *,
        name: str,
        done: Callable[[_T], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
    ) -> "asyncio.Task[_T]":
        """Start `coro`; `done` gets its result, `failed` its exception."""
        task = spawn(coro, name=f"{self._name}: {name}", on_error=failed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if done is not None:

            def deliver(finished: "asyncio.Task[_T]") -> None:
                if not finished.cancelled() and finished.exception() is None:
                    done(finished.result())

            task.add_done_callback(deliver)
        return task

    def cancel(self) -> None:
        """Cancel everything; returns at once."""
        for task in tuple(self._tasks):
            task.cancel()

    async def close(self) -> None:
        """Cancel everything and wait until it has ended."""
        self.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        return len(self._tasks)
