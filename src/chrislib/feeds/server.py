"""The connection of the feeds: one server at a time, and what to forget with it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chrislib.errors import ChrislibError
from chrislib.feeds.ports import SessionLike

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient


class FeedServer:
    """The server feeds are kept on.

    Parameters
    ----------
    session : SessionLike
        The connection of the window.
    """

    def __init__(self, session: SessionLike) -> None:
        self._session = session
        self._place = ""
        self._forget: list[Callable[[], None]] = []

    def on_change(self, forget: Callable[[], None]) -> None:
        """Call `forget` before another server or user is asked.

        There, numbers mean other things.
        """
        self._forget.append(forget)

    def client(self) -> "CubeClient":
        """Return the client of the present server.

        Raises
        ------
        ChrislibError
            There is no connection.
        """
        client = self._session.client
        if client is None:
            raise ChrislibError(
                "There is no connection to a server.",
                "Feeds are kept on the server; nothing is lost.",
                hint="Connect, then try again.",
                retryable=True,
            )
        place = f"{client.username} {client.base_url}"
        if place != self._place:
            self._place = place
            for forget in self._forget:
                forget()
        return client

    def now(self) -> datetime:
        """Return the present time by the server's clock."""
        client = self._session.client
        return datetime.now(UTC) if client is None else client.server_now()
