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
        self._round = 0

    def start(
        self,
        coro: Coroutine[Any, Any, _T],
        *,
        name: str,
        done: Callable[[_T], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
    ) -> "asyncio.Task[_T]":
        """Start `coro`; `done` gets its result, `failed` its exception.

        Neither is called after `cancel_all`, not even for a task that had ended by
        itself just before: the pane's widgets may be gone by then.
        """
        began = self._round
        tell = failed or self.report

        def deliver(result: _T) -> None:
            if done is not None and began == self._round:
                done(result)

        def fail(error: BaseException) -> None:
            if began == self._round:
                tell(error)

        return self._owner.start(coro, name=name, done=deliver, failed=fail)

    def report(self, error: BaseException) -> None:
        """Tell of a failure that nothing else answers."""
        self._messages.failed(error)

    def cancel_all(self) -> None:
        """Cancel everything this pane has started; returns at once."""
        self._round += 1
        self._owner.cancel()

    async def close(self) -> None:
        """Cancel everything and wait until it has ended."""
        self._round += 1
        await self._owner.close()

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        return self._owner.pending
