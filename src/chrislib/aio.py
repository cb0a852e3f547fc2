"""The one place that starts asyncio tasks: named, kept alive, failures reported."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_alive: set[asyncio.Task[Any]] = set()


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
