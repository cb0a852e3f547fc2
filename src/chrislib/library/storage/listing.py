"""Reading what is in a folder, page by page, in the order people expect."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from chrislib.cube.ascending import Ascending, Pages
from chrislib.cube.folder_types import PARTS, Thing
from chrislib.library.storage.model import Entry, Key, Page, entry_of

FIRST = 100
"""Folders of the tree that are asked for at a time."""
PAGE = 500
"""Rows of the table that are asked for at a time: what is read in a few ms."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that arrived, how many there are in all, and whether that is all."""

    entries: tuple[Entry, ...]
    total: int
    complete: bool


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
