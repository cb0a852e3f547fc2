"""Reading what is in a folder, page by page, in the order people expect."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chrislib.cube.folder_types import PARTS, Part, Thing
from chrislib.library.storage.model import Entry, Key, Page, entry_of

if TYPE_CHECKING:
    # it loads the HTTP library, which waits for the first paint
    from chrislib.cube.listing import Listed

FIRST = 100
"""Folders of the tree that are asked for at a time."""
PAGE = 500
"""Rows of the table that are asked for at a time: what is read in a few ms."""


class Pages(Protocol):
    """The part of the client that lists folders."""

    async def page(
        self, folder_id: int, part: Part, *, offset: int = 0, limit: int = 500
    ) -> "Listed[Thing]":
        """Return a page, paths descending (network)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that arrived, how many there are in all, and whether that is all."""

    entries: tuple[Entry, ...]
    total: int
    complete: bool


class Ascending:
    """One list of a folder from its start, though the server only knows its end.

    A CUBE sorts by path, descending (cube-api.md §10), so the pages are asked for
    from the back; the first answer, which is the list's end, is kept for last. What
    is added or deleted meanwhile moves the pages: nothing is given twice, and as many
    rows as the count has changed by are looked at again.
    """

    def __init__(self, api: Pages, folder_id: int, part: Part, *, size: int) -> None:
        self._api = api
        self._folder_id = folder_id
        self._part = part
        self._size = size
        self._seen: set[int] = set()
        self._end: list[Thing] = []
        self._left: int | None = None
        self.total = 0

    @property
    def more(self) -> bool:
        """Whether there is something that was not read yet."""
        return self._left is None or self._left > 0

    @property
    def given(self) -> int:
        """Number of things that were read."""
        return len(self._seen)

    async def next(self) -> list[Thing]:
        """Return the next page (network)."""
        if self._left is None:
            first = await self._ask(0, self._size)
            self.total = _total(first)
            if not first.more:
                self._left = 0
                return self._fresh(first.rows)
            self._end = list(first.rows)
            self._left = self.total
        floor = len(self._end)
        if self._left <= floor:
            self._left, end = 0, self._end
            self._end = []
            return self._fresh(end)
        offset = max(floor, self._left - self._size)
        page = await self._ask(offset, self._left - offset)
        moved = abs(_total(page) - self.total)
        self.total = _total(page)
        # twice the same page would go on for ever where things come and go
        self._left = min(self._left - 1, offset + moved, max(self.total, floor))
        return self._fresh(page.rows)

    async def _ask(self, offset: int, limit: int) -> "Listed[Thing]":
        return await self._api.page(
            self._folder_id, self._part, offset=offset, limit=limit
        )

    def _fresh(self, rows: Sequence[Thing]) -> list[Thing]:
        found = [row for row in reversed(rows) if row.id not in self._seen]
        self._seen.update(row.id for row in found)
        return found


async def contents(
    api: Pages, folder_id: int, *, labels: Callable[[], Mapping[str, str]]
) -> AsyncIterator[Batch]:
    """Iterate over everything in a folder, folders first (network).

    The first batch comes with the counts of all three lists, so that a window can
    say how many there will be.
    """
    lists = [Ascending(api, folder_id, part, size=PAGE) for part in PARTS]
    head: list[Entry] = []
    for one in lists:
        things = await one.next()
        head += [entry_of(thing, labels()) for thing in things]
    yield Batch(
        tuple(head), sum(one.total for one in lists), not any(one.more for one in lists)
    )
    for one in lists:
        while one.more:
            things = await one.next()
            entries = tuple(entry_of(thing, labels()) for thing in things)
            complete = not any(other.more for other in lists)
            yield Batch(entries, sum(other.total for other in lists), complete)


class Branch:
    """The folders of one folder, and links to folders, a few at a time (the tree)."""

    def __init__(
        self,
        api: Pages,
        folder_id: int,
        *,
        labels: Callable[[], Mapping[str, str]],
        size: int = FIRST,
    ) -> None:
        self._labels = labels
        self._folders = Ascending(api, folder_id, "children", size=size)
        self._links = Ascending(api, folder_id, "linkfiles", size=size)
        self._known: set[Key] = set()

    async def next(self) -> Page:
        """Return the next folders (network)."""
        found: list[Entry] = []
        source = self._folders if self._folders.more else self._links
        found += self._entries(await source.next())
        if source is self._folders and not self._folders.more:
            found += self._entries(await self._links.next())
        total = self._folders.total + len(self._known)
        return Page(
            entries=tuple(found),
            total=total,
            more=self._folders.more or self._links.more,
        )

    @property
    def left(self) -> int:
        """Folders that were not asked for yet."""
        return max(0, self._folders.total - self._folders.given)

    def _entries(self, things: list[Thing]) -> list[Entry]:
        entries = [entry_of(thing, self._labels()) for thing in things]
        kept = [entry for entry in entries if entry.folder_id is not None]
        self._known.update(entry.key for entry in kept if entry.is_link)
        return kept


def _total(page: "Listed[Thing]") -> int:
    return page.total if page.total is not None else len(page.rows)
