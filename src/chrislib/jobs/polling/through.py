"""Lets looks that belong to no poll through the gate of their account."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

_T = TypeVar("_T")


class Through(Protocol):
    """How requests for an account are sent.

    Paced work waits for the account's requests a minute; what a person asked for goes
    at once. Both wait while the server has asked to be left alone.
    """

    async def __call__(
        self, account_id: int, work: Callable[[], Awaitable[_T]], /, *, paced: bool
    ) -> _T:
        """Do a piece of work (network).

        Raises
        ------
        ServerUnreachable
            The server has asked to be left alone; nothing was sent.
        """


class Gate(Protocol):
    """What an account's requests pass (`chrislib.jobs.polling.gate.Gated`)."""

    async def through(self, work: Callable[[], Awaitable[_T]], *, paced: bool) -> _T:
        """Do a piece of work within what may be asked (network)."""


class ByAccount:
    """Lets work through the gate of its account, where there is one.

    Parameters
    ----------
    gate_of : callable
        The gate of an account that is connected, or None.
    """

    def __init__(self, gate_of: Callable[[int], Gate | None]) -> None:
        self._gate_of = gate_of

    async def __call__(
        self, account_id: int, work: Callable[[], Awaitable[_T]], /, *, paced: bool
    ) -> _T:
        """Do a piece of work (network)."""
        gate = self._gate_of(account_id)
        if gate is None:
            # Not connected: the work finds that out and says so.
            return await work()
        return await gate.through(work, paced=paced)


async def directly(
    _account_id: int, work: Callable[[], Awaitable[_T]], *, paced: bool
) -> _T:
    """Do a piece of work at once (network)."""
    return await work()
