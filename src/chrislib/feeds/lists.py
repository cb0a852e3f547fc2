"""The lists of feeds: own ones, shared ones, public ones."""

from collections.abc import Sequence

from chrislib.cube.errors import Forbidden, NotFound
from chrislib.feeds.book import FeedBook, Scopes, Told
from chrislib.feeds.model import FeedRow
from chrislib.feeds.server import FeedServer


class FeedLists:
    """Which feeds there are, as far as was read; kept for the next look."""

    def __init__(self, server: FeedServer) -> None:
        self._client = server.client
        self._book = FeedBook()
        server.on_change(self.forget)

    def forget(self) -> None:
        """Read everything anew the next time."""
        self._book.forget()

    async def of(self, scope: str = "mine") -> list[FeedRow]:
        """Return the feeds of a scope, newest first (network).

        Parameters
        ----------
        scope : str
            "mine" (own ones), "shared" (of others) or "public".
        """
        return (await self.all_feeds())[scope]

    async def all_feeds(
        self, *, whole: bool = True, told: Told | None = None
    ) -> Scopes:
        """Return "mine", "shared" and "public" feeds, each newest first (network).

        Parameters
        ----------
        whole : bool
            Read every page; otherwise the newest feeds, unless not all are known yet.
        told : callable, optional
            Gets what is known so far, page by page.
        """
        client = self._client()
        whole = whole or not self._book.whole
        return await self._book.read(client, whole=whole, told=told)

    def drop(self, ids: Sequence[int]) -> None:
        """Take feeds out that are deleted, or not open to us any more."""
        self._book.drop(ids)

    async def check_counts(
        self, ids: Sequence[int], *, again: Sequence[int] = (), most: int = 12
    ) -> list[FeedRow]:
        """Return feeds with counts that are right, once for each (network).

        Lists count the nodes of shared feeds too often (trap 7).

        Parameters
        ----------
        again : sequence of int
            Look at these even if they were looked at before.
        most : int
            Not more than so many.
        """
        client = self._client()
        found = []
        asked = dict.fromkeys([*again, *self._book.unchecked(ids)])
        for feed_id in list(asked)[:most]:
            try:
                row = self._book.exact(await client.feeds.get(feed_id))
            except (NotFound, Forbidden):
                self._book.leave(feed_id)
                continue  # the next list will not hold it
            if row is not None:
                found.append(row)
        return found

    async def with_files(self, words: str) -> set[int]:
        """Return the feeds that hold files with all the words, public ones as well.

        Over the network.
        """
        feeds = self._client().feeds
        return {
            int(feed.id)
            for public in (False, True)
            async for feed in feeds.with_files(words, public=public)
        }

    async def tag_names(self) -> tuple[str, ...]:
        """Return the tags there are on the server (network)."""
        return await self._client().feeds.tag_names()
