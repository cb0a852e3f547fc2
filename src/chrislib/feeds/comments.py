"""Comments of feeds, a page at a time, newest first."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chrislib.cube.errors import CubeError
from chrislib.errors import ChrislibError
from chrislib.feeds.refusals import ADMIN, explained
from chrislib.feeds.server import FeedServer
from chrislib.feeds.unsent import Draft, Unsent

if TYPE_CHECKING:
    from chrislib.cube.comments import Comment

PAGE = 50


@dataclass(frozen=True, slots=True)
class Said:
    """One comment as it is shown."""

    id: int
    text: str
    """Title and content together: chrislib writes no titles, others do."""
    owner: str
    may_change: bool


@dataclass(frozen=True, slots=True)
class CommentPage:
    """Some comments, and how many there are in all."""

    rows: tuple[Said, ...]
    total: int
    more: bool


class FeedComments:
    """What people wrote to each other about feeds.

    Parameters
    ----------
    unsent : Unsent
        Keeps what was typed and not sent.
    """

    def __init__(self, server: FeedServer, unsent: Unsent) -> None:
        self._client = server.client
        self._unsent = unsent

    async def page(
        self, feed_id: int, *, offset: int = 0, owner: str = ""
    ) -> CommentPage:
        """Return comments from `offset` on, newest first (network).

        Parameters
        ----------
        owner : str
            Whose the feed is: owners may change and delete what others wrote.
        """
        found = await self._client().comments.page(feed_id, offset=offset, limit=PAGE)
        rows = tuple(self._said(row, owner) for row in found.rows)
        total = found.total if found.total is not None else offset + len(rows)
        return CommentPage(rows, total, found.more)

    async def count(self, feed_id: int) -> int:
        """Return how many comments a feed has (network)."""
        page = await self._client().comments.page(feed_id, limit=1)
        return page.total or 0

    async def add(self, feed_id: int, text: str) -> Said:
        """Write a comment (network).

        Raises
        ------
        ChrislibError
            It is empty, or this account may not.
        """
        text = _wanted(text)
        try:
            made = await self._client().comments.add(feed_id, "", content=text)
        except CubeError as error:
            raise explained(
                error,
                what="The comment was not sent. What you wrote stays here.",
                hint="Only those a feed is shared with write comments.",
            ) from error
        return self._said(made, made.owner)

    async def change(self, said: Said, text: str, *, owner: str = "") -> Said:
        """Write a comment anew (network).

        Raises
        ------
        ChrislibError
            It is empty, refused, or somebody changed it since it was read.
        """
        text = _wanted(text)
        api = self._client().comments
        try:
            before = await api.get(said.id)
            if _text_of(before) not in (said.text, text):
                raise ChrislibError(
                    "Somebody changed this comment meanwhile.",
                    "Yours was not saved and stays here.",
                    hint="Look again, then decide.",
                )
            changed = await api.change(said.id, "", content=text)
        except CubeError as error:
            raise explained(
                error, what="The comment was not changed. What you wrote stays here."
            ) from error
        return self._said(changed, owner)

    async def delete(self, said: Said) -> None:
        """Delete a comment for good (network)."""
        try:
            await self._client().comments.delete(said.id)
        except CubeError as error:
            raise explained(error, what="The comment was not deleted.") from error

    async def draft(self, feed_id: int) -> Draft | None:
        """Return what was typed for a feed and not sent (disk)."""
        return await self._unsent.get("comment", feed_id)

    def keep_draft(self, feed_id: int, draft: Draft | None) -> None:
        """Keep what was typed until it is sent; None throws it away."""
        self._unsent.put("comment", feed_id, draft)

    def _said(self, row: "Comment", owner: str) -> Said:
        me = self._client().username
        return Said(row.id, _text_of(row), row.owner, me in (row.owner, owner, ADMIN))


def _text_of(row: "Comment") -> str:
    return "\n".join(part for part in (row.title, row.content) if part)


def _wanted(text: str) -> str:
    text = text.strip()
    if not text:
        raise ChrislibError(
            "The comment is empty.", "Nothing was sent.", hint="Write something first."
        )
    return text
