"""Progress of PACS retrieves over CUBE's websocket."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)
from websockets.typing import Origin

from chrislib.cube.errors import (
    BadAnswer,
    CubeError,
    Forbidden,
    ServerFault,
    ServerUnreachable,
)
from chrislib.cube.reading import Row
from chrislib.cube.wire import Wire

_OPEN_SECONDS = 10.0
_CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Count:
    """So many images of a series arrived so far."""

    series_uid: str
    images: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One image could not be stored; the series goes on. `text` is the server's."""

    series_uid: str
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The transfer of a series ended. It is not registered yet (trap 5)."""

    series_uid: str


Event = Count | Problem | Done


class ProgressSocket:
    """One websocket; used with ``async with``, then `subscribe`, then iterated.

    Every coroutine uses the net. Messages before a subscription are lost, and there
    is no replay: subscribe before asking for the retrieve, and after a reconnect ask
    ``pacs/series/search/``. Not for two tasks at once.

    Raises
    ------
    Forbidden
        The server refuses the socket (not in the group that may use PACS, or the
        address is not one of its allowed hosts).
    ServerUnreachable
        No connection, or it dropped.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._connection: ClientConnection | None = None
        self._early: deque[Event] = deque()

    async def __aenter__(self) -> Self:
        # a download token is good for one connection; the API token is refused
        # (trap 6)
        made = Row(await self._wire.post("downloadtokens/", {}))
        address = self._wire.address
        # the library writes the request line, and the token is in it
        quiet = logging.getLogger(f"{__name__}.frames")
        quiet.setLevel(logging.WARNING)
        try:
            self._connection = await connect(
                f"{address.socket_url}?token={quote(made.text('token'), safe='')}",
                # a native program has no origin, and the server insists on one
                origin=Origin(address.origin),
                open_timeout=_OPEN_SECONDS,
                close_timeout=_CLOSE_SECONDS,
                proxy=None if address.loopback else True,
                logger=quiet,
            )
        except InvalidStatus as error:
            raise _refused(error.response.status_code) from error
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            raise _dropped(error) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def subscribe(self, pacs: str, series_uid: str) -> None:
        """Ask for news of one series over the net and wait until it is granted.

        Parameters
        ----------
        pacs : str
            The PACS' identifier (also the title under which it sends).
        series_uid : str
            Series Instance UID.
        """
        connection = self._open()
        message = {
            "action": "subscribe",
            "pacs_name": pacs,
            "SeriesInstanceUID": series_uid,
        }
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await connection.send(json.dumps(message))
                while True:
                    uid, body = _parse(await connection.recv())
                    granted = body.get("subscribed")
                    if uid == series_uid and granted is True:
                        return
                    if granted is False:
                        raise _refused(403)
                    self._early.extend(_events(uid, body))
        except (ConnectionClosed, TimeoutError, WebSocketException, OSError) as error:
            raise _dropped(error) from error

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Iterate over the net over news of everything that is subscribed."""
        while True:
            yield await self.next_event()

    async def next_event(self) -> Event:
        """Return the next news from the net; safe to cancel."""
        connection = self._open()
        while not self._early:
            try:
                text = await connection.recv()
            except (ConnectionClosed, WebSocketException, OSError) as error:
                raise _dropped(error) from error
            uid, body = _parse(text)
            self._early.extend(_events(uid, body))
        return self._early.popleft()

    def _open(self) -> ClientConnection:
        if self._connection is None:
            raise _dropped(RuntimeError("not open"))
        return self._connection


def _parse(text: str | bytes) -> tuple[str, dict[str, object]]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    message = value.get("message") if isinstance(value, dict) else None
    if not isinstance(message, dict):
        raise BadAnswer(
            "The server's news of a pull cannot be understood.",
            "Images that arrived are safe.",
            hint="Try again; if it stays so, tell whoever runs the server.",
        )
    return Row(value).text("SeriesInstanceUID"), message


def _events(uid: str, body: dict[str, object]) -> list[Event]:
    found: list[Event] = []
    images = body.get("ndicom")
    if isinstance(images, int) and not isinstance(images, bool):
        found.append(Count(series_uid=uid, images=images))
    if isinstance(body.get("error"), str):
        found.append(Problem(series_uid=uid, text=str(body["error"])))
    if body.get("done") is True:
        found.append(Done(series_uid=uid))
    return found


def _refused(status: int) -> CubeError:
    context = {"status": str(status)}
    if status >= 500:
        return ServerFault(
            "The server cannot give news of pulls at the moment.",
            "The pull itself is not affected.",
            hint="chrislib looks from time to time instead.",
            retryable=True,
            context=context,
        )
    return Forbidden(
        "The server does not give news of pulls to this account.",
        "The pull itself is not affected.",
        hint="Ask whoever runs the server whether the account may use its PACS, and "
        "whether this address is one of its allowed hosts.",
        context=context,
    )


def _dropped(error: BaseException) -> ServerUnreachable:
    return ServerUnreachable(
        "The connection for news of pulls broke.",
        "Images that arrived are safe, and the pull goes on.",
        hint="Check the network.",
        retryable=True,
        context={"cause": type(error).__name__, "sent": "yes"},
    )
