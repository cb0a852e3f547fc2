"""A pane's tasks: named, reported once, cancelled together with the pane."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from chrislib.aio import TaskOwner
from chrislib.views.messages import Messages

_T = TypeVar("_T")


class PaneTasks:
    """Starts a pane's coroutines; an unhandled failure becomes a message.

    Parameters
    ----------
    name : str
        Prefix of the task names.
    """

    def __init__(self, messages: Messages, name: str) -> None:
        self._messages = messages
        self._owner = TaskOwner(name)

    def start(
        self,
        coro: Coroutine[Any, Any, _T],
        *,
        name: str,
        done: Callable[[_T], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
    ) -> "asyncio.Task[_T]":
        """Start `coro`; `done` gets its result, `failed` its exception."""
        report = failed or self._messages.failed
        return self._owner.start(coro, name=name, done=done, failed=report)

    def cancel_all(self) -> None:
        """Cancel everything this pane has started; returns at once."""
        self._owner.cancel()

    async def close(self) -> None:
        """Cancel everything and wait until it has ended."""
        await self._owner.close()

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        return self._owner.pending
