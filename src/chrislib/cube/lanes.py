"""A connection for each request that is under way, and none that two could be given."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

import httpx

from chrislib.aio import spawn

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Lane:
    """One connection, made when it is first needed."""

    transport: httpx.AsyncBaseTransport
    free_since: float = 0.0


class Lanes(httpx.AsyncBaseTransport):
    """Hands each request to a connection nobody else has at that time.

    A pool that all share looks through all its connections twice for each request, asks
    the system about every idle one, and gives a free one to two requests that come
    together, of which one begins again: of a thousand small files that was a quarter
    of the event loop's work. Measured by tests/bench/download_1000.

    Parameters
    ----------
    count : int
        Connections at most; who comes then waits.
    make : callable
        Makes the transport of one connection.
    keep : float
        Seconds after which a connection that rests is closed, at the next request.
    """

    def __init__(
        self, count: int, *, make: Callable[[], httpx.AsyncBaseTransport], keep: float
    ) -> None:
        self._make = make
        self._keep = keep
        self._room = asyncio.Semaphore(count)
        self._free: deque[_Lane] = deque()
        self._busy: dict[int, _Lane] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request (network); the connection is free once the answer is closed.

        Raises
        ------
        httpx.TransportError
        """
        await self._room.acquire()
        lane = self._taken()
        try:
            await self._close_rested()
            response = await lane.transport.handle_async_request(request)
        except BaseException:
            self._give_back(lane, whole=False)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Stream(response.stream, partial(self._give_back, lane))
        return response

    async def aclose(self) -> None:
        """Close all connections, also those in use (network).

        One that cannot be closed in order leaves none of the others open.
        """
        lanes = [*self._free, *self._busy.values()]
        self._free.clear()
        await asyncio.gather(
            *map(_close, lanes), *self._closing, return_exceptions=True
        )

    def _taken(self) -> _Lane:
        # the one that rested least: the others may be closed
        lane = self._free.pop() if self._free else _Lane(self._make())
        self._busy[id(lane)] = lane
        return lane

    def _give_back(self, lane: _Lane, *, whole: bool) -> None:
        if self._busy.pop(id(lane), None) is None:
            return
        self._room.release()
        if whole:
            lane.free_since = time.monotonic()
            self._free.append(lane)
            return
        # Whoever is called off while an answer is closed leaves a connection that the
        # library takes to be in use for ever: nobody gets this one again.
        task = spawn(_close(lane), name="close a connection")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_rested(self) -> None:
        while self._free and time.monotonic() - self._free[0].free_since > self._keep:
            await _close(self._free.popleft())


async def _close(lane: _Lane) -> None:
    """Close a connection (network); nothing depends on whether that works."""
    try:
        await lane.transport.aclose()
    except Exception as error:  # noqa: BLE001 - transports raise anything
        _log.info("a connection was not closed in order: %s", type(error).__name__)


class _Stream(httpx.AsyncByteStream):
    """An answer's bytes; once closed, its connection is free if all of them came."""

    def __init__(
        self, stream: httpx.AsyncByteStream, done: Callable[..., None]
    ) -> None:
        self._stream = stream
        self._done = done
        self._whole = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk
        self._whole = True

    async def aclose(self) -> None:
        """Close the answer (network)."""
        closed = False
        try:
            await self._stream.aclose()
            closed = True
        finally:
            self._done(whole=closed and self._whole)
