"""Feeds, notes and tags. A feed is made by an fs instance, never by itself."""

from collections.abc import AsyncIterator

from chrislib.cube import reading
from chrislib.cube.errors import Refused
from chrislib.cube.listing import Listed
from chrislib.cube.types import Feed, FeedId
from chrislib.cube.wire import Wire

_PAGE = 100
"""A feed row with its counts costs a CUBE 2.4 ms."""
_TAG_COLOR = "#3f8fd2"
"""CUBE wants one, free text of 20 characters at most."""


class FeedsApi:
    """``<id>/``. Every method uses the net and raises `CubeError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, *, ahead: bool = False) -> AsyncIterator[Feed]:
        """Iterate over the net over own and shared feeds, newest first.

        The counts in `Feed.jobs` are too high here for shared feeds (trap 7);
        `get` has the right ones.

        Parameters
        ----------
        ahead : bool
            Ask for the next page while one is read: for who wants all of them.
        """
        return self._wire.items("", reading.feed, limit=_PAGE, ahead=ahead)

    def public(self, *, ahead: bool = False) -> AsyncIterator[Feed]:
        """Iterate over the net over public feeds; see `list`."""
        return self._wire.items("publicfeeds/", reading.feed, limit=_PAGE, ahead=ahead)

    def with_files(self, words: str, *, public: bool = False) -> AsyncIterator[Feed]:
        """Iterate over the net over feeds with files whose paths hold all the words.

        Parameters
        ----------
        words : str
            Parts of paths, with spaces between them; case does not count.
        public : bool
            Search public feeds, which the search of own and shared ones leaves out.
        """
        return self._wire.items(
            "publicfeeds/search/" if public else "search/",
            reading.feed,
            limit=_PAGE,
            params={"files_fname_icontains": words},
        )

    async def page(self, **filters: object) -> Listed[Feed]:
        """Read one page of own and shared feeds over the net by one request.

        The filters are CUBE's (``min_id``, ``max_id`` …), ``limit`` and ``offset``.
        """
        return await self._wire.page("search/", reading.feed, params=filters)

    async def get(self, feed_id: FeedId | int) -> Feed:
        """Return one feed from the net, with counts that are right."""
        return await self._wire.one(f"{feed_id}/", reading.feed)

    async def rename(self, feed_id: FeedId | int, name: str) -> Feed:
        """Rename a feed over the net (200 characters at most)."""
        return await self._wire.changed(f"{feed_id}/", {"name": name}, reading.feed)

    async def note(self, feed_id: FeedId | int) -> str:
        """Return the text of a feed's note from the net, "" when it is empty."""
        path = await self._note_path(feed_id)
        return reading.Row(await self._wire.get(path)).text("content")

    async def set_note(self, feed_id: FeedId | int, title: str, content: str) -> None:
        """Write a feed's note over the net (title: 100 characters at most)."""
        path = await self._note_path(feed_id)
        await self._wire.put(path, {"title": title, "content": content})

    async def write_note(self, feed_id: FeedId | int, content: str) -> None:
        """Write the text of a feed's note over the net; its title stays."""
        await self._wire.put(await self._note_path(feed_id), {"content": content})

    async def tags(self, feed_id: FeedId | int) -> tuple[str, ...]:
        """Return the names of a feed's tags from the net."""
        rows = self._wire.items(f"{feed_id}/tags/", reading.Row, limit=_PAGE)
        return tuple([row.text("name") async for row in rows])

    async def tag_names(self) -> tuple[str, ...]:
        """Return the names of all tags of the server from the net, each once."""
        rows = self._wire.items("tags/", reading.Row, limit=_PAGE)
        return tuple(dict.fromkeys([row.text("name") async for row in rows]))

    async def add_tag(self, feed_id: FeedId | int, name: str) -> None:
        """Put a tag on a feed over the net; one of that name is made if need be."""
        found = self._wire.items(
            "tags/search/", reading.Row, limit=_PAGE, params={"name": name}
        )
        known = [row.need("id") async for row in found if row.text("name") == name]
        if known:
            tag = known[0]
        else:
            made = await self._wire.post("tags/", {"name": name, "color": _TAG_COLOR})
            tag = reading.Row(made).need("id")
        try:
            await self._wire.post(f"{feed_id}/taggings/", {"tag_id": tag})
        except Refused:
            # an earlier attempt, whose answer was lost, has put it there
            if name not in await self.tags(feed_id):
                raise

    async def delete(self, feed_id: FeedId | int) -> None:
        """Delete a feed with all its data over the net, also while it runs.

        Returns when the server has noted it; it is gone when `get` raises
        `NotFound`.
        """
        await self._wire.delete(f"{feed_id}/")

    async def weight(self, folder_path: str, *, most: int) -> tuple[int, int | None]:
        """Return from the net how many files of one's own a feed has, and their bytes.

        The bytes are None when there are more than `most` files, which are counted
        by one request. Files of others who work in the feed are not listed (trap 21).
        """
        asked = {"fname": f"{folder_path}/"}
        count = await self._wire.count("userfiles/search/", asked)
        if count > most:
            return count, None
        sizes = self._wire.items("userfiles/search/", _size, params=asked)
        found = [size async for size in sizes]
        return len(found), sum(found)

    async def _note_path(self, feed_id: FeedId | int) -> str:
        # notes have ids of their own, mostly equal to the feed's
        row = await self._wire.one(f"{feed_id}/", reading.Row)
        note_id = row.text("note").rstrip("/").rpartition("/note")[2]
        return f"note{note_id if note_id.isdecimal() else feed_id}/"


def _size(value: object) -> int:
    return reading.Row(value).number("fsize")
