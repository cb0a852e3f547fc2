"""Tags with colors: everybody's are seen and used, own ones are changed."""

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chrislib.aio import Progress
from chrislib.cube.errors import CubeError
from chrislib.errors import ChrislibError
from chrislib.feeds.outcome import Outcome, each
from chrislib.feeds.refusals import ADMIN, explained
from chrislib.feeds.server import FeedServer

if TYPE_CHECKING:
    from chrislib.cube.tags import Tag as ServerTag

_KEPT_SECONDS = 60.0
_NAME, _COLOR = 100, 20
"""Characters a CUBE has for a tag's name and color."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a server."""

    id: int
    name: str
    color: str
    """As the server has it: "#3f8fd2", a name, or anything."""
    owner: str
    mine: bool
    """Whether this account may rename, recolor and delete it."""

    @property
    def label(self) -> str:
        """The name; a CUBE takes empty ones as well."""
        return self.name.strip() or "(no name)"


class FeedTags:
    """Tags of a server and of its feeds; all tags are kept for a minute.

    Parameters
    ----------
    clock : callable
        Seconds that only go forward.
    """

    def __init__(
        self, server: FeedServer, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = server.client
        self._clock = clock
        self._all: tuple[Tag, ...] = ()
        self._read_at: float | None = None
        server.on_change(self.forget)

    def forget(self) -> None:
        """Read everything anew the next time."""
        self._all, self._read_at = (), None

    async def all(self) -> tuple[Tag, ...]:
        """Return all tags by name, own ones first (network)."""
        now = self._clock()
        if self._read_at is None or now - self._read_at > _KEPT_SECONDS:
            rows = [self._tag(row) for row in await self._client().tags.all()]
            self._all, self._read_at = _sorted(rows), now
        return self._all

    async def of(self, feed_id: int) -> tuple[Tag, ...]:
        """Return the tags of a feed (network)."""
        rows = await self._client().tags.of(feed_id)
        return _sorted([self._tag(row) for row in rows])

    async def feeds_of(
        self, tag_id: int, *, told: Callable[[set[int]], None] | None = None
    ) -> set[int]:
        """Return the feeds with a tag, as far as this account sees them (network).

        `told` gets those known so far, page by page.
        """
        return await self._client().tags.feeds_of(tag_id, told=told)

    async def create(self, name: str, color: str) -> Tag:
        """Make a tag (network).

        Raises
        ------
        ChrislibError
            It has no name, one that is taken among one's own, or was refused.
        """
        name, color = await self._checked(name, color)
        try:
            made = await self._client().tags.create(name, color)
        except CubeError as error:
            raise explained(error, what="No tag was made.") from error
        self._read_at = None
        return self._tag(made)

    async def change(self, tag: Tag, *, name: str, color: str) -> Tag:
        """Rename and recolor an own tag, on all feeds that have it (network)."""
        name, color = await self._checked(name, color, but=tag.id)
        try:
            changed = await self._client().tags.change(tag.id, name=name, color=color)
        except CubeError as error:
            raise explained(
                error, what="The tag stays as it was.", hint=_only(tag)
            ) from error
        self.forget()
        return self._tag(changed)

    async def delete(self, tag: Tag) -> None:
        """Delete an own tag; the feeds that have it stay (network)."""
        try:
            await self._client().tags.delete(tag.id)
        except CubeError as error:
            raise explained(
                error, what="The tag stays as it was.", hint=_only(tag)
            ) from error
        self.forget()

    async def add(
        self, tag: Tag, feed_ids: Sequence[int], *, progress: Progress | None = None
    ) -> Outcome:
        """Put a tag on feeds; where it is already it stays (network)."""

        async def put(feed_id: int) -> None:
            await self._do(feed_id, self._client().tags.put(feed_id, tag.id))

        return await each(feed_ids, put, progress)

    async def remove(
        self, tag: Tag, feed_ids: Sequence[int], *, progress: Progress | None = None
    ) -> Outcome:
        """Take a tag off feeds (network)."""

        async def take(feed_id: int) -> None:
            await self._do(feed_id, self._client().tags.take(feed_id, tag.id))

        return await each(feed_ids, take, progress)

    async def _do(self, feed_id: int, act: Coroutine[Any, Any, None]) -> None:
        try:
            await act
        except CubeError as error:
            raise explained(
                error,
                what="The tags of this feed stay as they were.",
                hint="Only those a feed is shared with change its tags.",
            ) from error

    async def _checked(self, name: str, color: str, *, but: int = 0) -> tuple[str, str]:
        name = " ".join(name.split())
        if not name:
            raise ChrislibError(
                "The tag has no name.", "Nothing was sent.", hint="Write one."
            )
        if len(name) > _NAME or len(color) > _COLOR:
            raise ChrislibError(
                "The name is too long.",
                "Nothing was sent.",
                hint=f"A tag has {_NAME} characters at most.",
            )
        for tag in await self.all():
            if tag.mine and tag.id != but and tag.name.strip() == name:
                raise ChrislibError(
                    f"You have a tag “{name}” already.",
                    "Nothing was sent.",
                    hint="Take that one, or write another name.",
                )
        return name, color

    def _tag(self, row: "ServerTag") -> Tag:
        mine = self._client().username in (row.owner, ADMIN)
        return Tag(row.id, row.name, row.color, row.owner, mine)


def _sorted(rows: Sequence[Tag]) -> tuple[Tag, ...]:
    return tuple(
        sorted(rows, key=lambda tag: (not tag.mine, tag.label.casefold(), tag.id))
    )


def _only(tag: Tag) -> str:
    return f"Only {tag.owner}, who made it, may change it."
