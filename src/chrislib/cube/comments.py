"""Comments of feeds. A CUBE keeps their dates and does not tell them."""

from dataclasses import dataclass

from chrislib.cube.listing import Listed
from chrislib.cube.reading import Row
from chrislib.cube.types import FeedId
from chrislib.cube.wire import Wire


@dataclass(frozen=True, slots=True)
class Comment:
    """``comments/<id>/``."""

    id: int
    title: str
    """100 characters at most, often empty."""
    content: str
    owner: str


def _comment(value: object) -> Comment:
    row = Row(value)
    return Comment(
        id=row.need("id"),
        title=row.text("title"),
        content=row.text("content"),
        owner=row.text("owner_username"),
    )


class CommentsApi:
    """``<feed id>/comments/``. Every method uses the net and raises `CubeError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def page(
        self, feed_id: FeedId | int, *, offset: int = 0, limit: int = 50
    ) -> Listed[Comment]:
        """Return one page of a feed's comments, newest first, from the net."""
        params = {"limit": limit, "offset": offset or None}
        return await self._wire.page(f"{feed_id}/comments/", _comment, params=params)

    async def get(self, comment_id: int) -> Comment:
        """Return one comment from the net."""
        return await self._wire.one(f"comments/{comment_id}/", _comment)

    async def add(self, feed_id: FeedId | int, title: str, *, content: str) -> Comment:
        """Write a comment over the net."""
        values = {"title": title, "content": content}
        return await self._wire.made(f"{feed_id}/comments/", values, _comment)

    async def change(self, comment_id: int, title: str, *, content: str) -> Comment:
        """Change a comment over the net: an own one, or one of an own feed."""
        values = {"title": title, "content": content}
        return await self._wire.changed(f"comments/{comment_id}/", values, _comment)

    async def delete(self, comment_id: int) -> None:
        """Delete a comment over the net: an own one, or one of an own feed."""
        await self._wire.delete(f"comments/{comment_id}/")
