"""Waiting for an answer only so long; the question goes on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from chrislib.aio import spawn
from chrislib.jobs.clock import Clock

_T = TypeVar("_T")


async def within(
    clock: Clock, seconds: float, work: Coroutine[Any, Any, _T], *, name: str
) -> "asyncio.Task[_T]":
    """Begin `work` and wait for its end, at most so long.

    Returns
    -------
    asyncio.Task
        Done or not; whoever gets it takes its result or cancels it.
    """
    task = spawn(work, name=name, on_error=lambda _error: None)
    sleeper = spawn(clock.sleep(seconds), name="jobs: late")
    try:
        await asyncio.wait({task, sleeper}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await call_off(task)
        raise
    finally:
        sleeper.cancel()
    return task


async def call_off(task: "asyncio.Task[Any]") -> None:
    """Cancel a question and wait until its connection is let go."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
