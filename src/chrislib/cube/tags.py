"""Tags: names with colors that everybody sees and puts on feeds."""

from collections.abc import Callable
from dataclasses import dataclass

from chrislib.cube.errors import Refused
from chrislib.cube.reading import Row
from chrislib.cube.types import FeedId
from chrislib.cube.wire import Wire

_PAGE = 500
_FEED_PAGE = 100
"""A feed row with its counts costs a CUBE 2.4 ms."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One row of ``tags/``; several may have the same name."""

    id: int
    name: str
    color: str
    """Free text of 20 characters at most: a name, "#3f8fd2", or anything."""
    owner: str


def _tag(value: object) -> Tag:
    row = Row(value)
    return Tag(
        id=row.need("id"),
        name=row.text("name"),
        color=row.text("color"),
        owner=row.text("owner_username"),
    )


class TagsApi:
    """``tags/`` and ``taggings/``. Every method uses the net and raises `CubeError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def all(self) -> tuple[Tag, ...]:
        """Return all tags of the server, of everybody, from the net."""
        return tuple([row async for row in self._wire.items("tags/", _tag)])

    async def of(self, feed_id: FeedId | int) -> tuple[Tag, ...]:
        """Return the tags of a feed from the net."""
        rows = self._wire.items(f"{feed_id}/tags/", _tag, limit=_PAGE)
        return tuple([row async for row in rows])

    async def create(self, name: str, color: str) -> Tag:
        """Make a tag over the net (100 and 20 characters at most)."""
        return await self._wire.made("tags/", {"name": name, "color": color}, _tag)

    async def change(self, tag_id: int, *, name: str, color: str) -> Tag:
        """Give an own tag another name and color over the net."""
        values = {"name": name, "color": color}
        return await self._wire.changed(f"tags/{tag_id}/", values, _tag)

    async def delete(self, tag_id: int) -> None:
        """Delete an own tag over the net; it goes from all feeds, which stay."""
        await self._wire.delete(f"tags/{tag_id}/")

    async def feeds_of(
        self, tag_id: int, *, told: Callable[[set[int]], None] | None = None
    ) -> set[int]:
        """Return the feeds with a tag that this account may see, from the net.

        Parameters
        ----------
        told : callable, optional
            Gets those known so far, after each hundred.
        """
        found: set[int] = set()
        rows = self._wire.items(f"tags/{tag_id}/feeds/", Row, limit=_FEED_PAGE)
        async for row in rows:
            found.add(row.need("id"))
            if told is not None and len(found) % _FEED_PAGE == 0:
                told(set(found))
        return found

    async def put(self, feed_id: FeedId | int, tag_id: int) -> None:
        """Put a tag on a feed over the net; it may be there already."""
        try:
            await self._wire.post(f"{feed_id}/taggings/", {"tag_id": tag_id})
        except Refused:
            if all(tag.id != tag_id for tag in await self.of(feed_id)):
                raise

    async def take(self, feed_id: FeedId | int, tag_id: int) -> None:
        """Take a tag off a feed over the net; it may be gone already."""
        rows = self._wire.items(f"{feed_id}/taggings/", Row, limit=_PAGE)
        held = [row.need("id") async for row in rows if row.number("tag_id") == tag_id]
        for tagging in held:
            await self._wire.delete(f"taggings/{tagging}/")
