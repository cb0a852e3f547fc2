"""Links from outside the window: read, compared with the sign-in, then followed."""

import asyncio
from collections.abc import Callable

from chrislib.accounts.session import ConnectionState
from chrislib.errors import ChrislibError
from chrislib.jobs.adopting import links
from chrislib.jobs.adopting.links import ForeignLink, Link, LinkRefused, SignedIn
from chrislib.views.context import ViewContext
from chrislib.views.navigation import Place, ShowFeed, parse_link

_PATIENCE = 60.0
"""Seconds a link waits for the connection it needs, right after the start."""

_ON_THE_WAY = (ConnectionState.NONE, ConnectionState.CONNECTING)


class LinkOpener:
    """Opens exactly what a link names, or says why not.

    Parameters
    ----------
    context : ViewContext
    go : callable
        Shows a place.
    """

    def __init__(self, context: ViewContext, go: Callable[[Place], None]) -> None:
        self._context = context
        self._go = go
        self._tasks = context.tasks("links")

    def open(self, text: str) -> None:
        """Follow a link that names a server, or tell what is wrong with it."""
        try:
            link = links.parse(text)
        except LinkRefused as refused:
            self._context.messages.failed(refused)
            return
        self._tasks.start(self._follow(link), name="follow")

    async def shutdown(self) -> None:
        """Drop links that still wait."""
        await self._tasks.close()

    async def _follow(self, link: Link, accept_host: str = "") -> None:
        """Wait for the connection, then go there if it is the one meant (network)."""
        await self._connected()
        session = self._context.session
        signed_in = []
        if session.client is not None and session.url:
            server = session.client.server
            uuid = server.uuid if server is not None else ""
            signed_in.append(SignedIn(0, session.url, uuid))
        try:
            links.owner(link, signed_in, accept_host=accept_host)
        except ForeignLink as foreign:
            self._tell(foreign, link)
            return
        place = parse_link(link.place)
        if link.feed_id is None and link.node_id is not None:
            assert session.client is not None
            node = await session.client.instances.get(link.node_id)
            place = ShowFeed(int(node.feed_id), link.node_id)
        if place is None:
            raise ChrislibError(
                "This link leads to nothing that chrislib can show.",
                "Nothing was changed.",
                hint="Ask who sent it for the link of a run or a feed.",
            )
        self._go(place)

    def _tell(self, foreign: ForeignLink, link: Link) -> None:
        action = None
        if foreign.context.get("web") == "yes":

            def here() -> None:
                host = foreign.context["host"]
                self._tasks.start(self._follow(link, host), name="follow")

            action = ("Open it here", here)
        self._context.messages.error(
            foreign.title, foreign.detail, hint=foreign.hint, action=action
        )

    async def _connected(self) -> None:
        session = self._context.session
        if session.state not in _ON_THE_WAY:
            return
        settled = asyncio.Event()

        def changed() -> None:
            if session.state not in _ON_THE_WAY:
                settled.set()

        stop = session.subscribe(changed)
        try:
            async with asyncio.timeout(_PATIENCE):
                await settled.wait()
        except TimeoutError:
            return  # what follows says that no server is connected
        finally:
            stop()
