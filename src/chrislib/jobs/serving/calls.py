"""Calls into plug-ins, behind a guard: nothing they do gets past it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from chrislib.aio import spawn
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Intent, Phase
from chrislib.jobs.protocols import (
    JobStatus,
    PurgeTicket,
    ServiceError,
    ServiceUnreachable,
    UnknownToken,
)

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_OURS = frozenset({Phase.NOT_SUBMITTED, Phase.GONE, Phase.ORPHANED})
"""Phases only the job manager decides on."""
_TOKEN_LIMIT = 500


class PluginFault(Exception):
    """A plug-in did what its protocol does not allow: a bug of the plug-in."""


async def guarded(
    work: Coroutine[Any, Any, _T], *, clock: Clock, limit: float, name: str
) -> _T:
    """Await a call into a plug-in.

    Parameters
    ----------
    limit : float
        Seconds after which it is given up.

    Raises
    ------
    ServiceError
        What the plug-in says; also for broken connections and for no answer in time.
    PluginFault
        Anything else it raised.
    """
    task = spawn(_contained(work), name=f"service: {name}", on_error=_seen)
    # Cancelled before its first step the task has not begun the work it was given.
    task.add_done_callback(lambda _ended: work.close())
    alarm = spawn(clock.sleep(limit), name="service: time limit")
    try:
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
        if task.done() and not task.cancelled():
            return task.result()
        late = not task.done()
    finally:
        alarm.cancel()
        task.cancel()
    if late:
        raise ServiceUnreachable(
            "The service did not answer.", f"Nothing came for {limit:.0f} seconds."
        )
    raise PluginFault("it cancelled a task that is not its own")


async def _contained(work: Coroutine[Any, Any, _T]) -> _T:
    try:
        return await work
    except ServiceError:
        raise
    except OSError as error:
        # A plug-in need not translate every broken connection.
        raise ServiceUnreachable(
            "The service is not reached.", f"{type(error).__name__}: {error}"[:200]
        ) from error
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        # SystemExit would end the whole program out of a task.
        said = str(error).strip().splitlines()
        text = f"{type(error).__name__}: {said[0][:200]}" if said else repr(error)
        raise PluginFault(text) from error


def _seen(_error: BaseException) -> None:
    """Take the failure as known: who waits for the call gets it."""


async def gathered(items: AsyncIterator[_T]) -> list[_T]:
    """Return everything a plug-in yields."""
    return [item async for item in items]


def checked(status: object, *, token: str | None = None) -> JobStatus:
    """Return a plug-in's word about a job after making sure that it is one.

    Parameters
    ----------
    token : str, optional
        Whose status was asked for.

    Raises
    ------
    PluginFault
        It is something else.
    """
    if not isinstance(status, JobStatus) or not isinstance(status.phase, Phase):
        raise PluginFault(f"it answered with {type(status).__name__}")
    if status.phase in _OURS or status.phase.rank < Phase.SUBMITTED.rank:
        raise PluginFault(f"it answered with the phase {status.phase.value}")
    if not isinstance(status.token, str) or len(status.token) > _TOKEN_LIMIT:
        raise PluginFault("it answered with a token that is none")
    if status.intent is not None and not isinstance(status.intent, Intent):
        raise PluginFault("it answered with an intent that is none")
    if token is not None and status.token != token:
        raise PluginFault("it answered for another token")
    if not status.token and not status.phase.terminal:
        raise PluginFault("it took a job and gave it no token")
    return status


async def observed(
    backend: Any, tokens: Sequence[str]
) -> Mapping[str, JobStatus | None]:
    """Ask for a batch; one token the service refuses to know spoils no other."""
    try:
        found = await backend.observe(tuple(tokens))
    except UnknownToken:
        if len(tokens) == 1:
            return {tokens[0]: None}
        found = {}
        for token in tokens:
            found |= await observed(backend, (token,))
    if not isinstance(found, Mapping):
        raise PluginFault(f"it answered with {type(found).__name__}")
    return {
        token: None if found[token] is None else checked(found[token], token=token)
        for token in tokens
        if token in found
    }


async def purged(backend: Any, token: str) -> PurgeTicket:
    """Ask for the deletion of a job; one that is not there is deleted."""
    try:
        ticket = await backend.purge(token)
    except UnknownToken:
        return PurgeTicket(done=True)
    if not isinstance(ticket, PurgeTicket):
        raise PluginFault(f"it answered with {type(ticket).__name__}")
    return ticket
