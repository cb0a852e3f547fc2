"""Outputs listed folder by folder, in the order a person looks at them."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from chrislib.aio import Breather, several
from chrislib.cube.ascending import Ascending, Pages
from chrislib.cube.errors import Forbidden, NotFound
from chrislib.cube.folder_types import Part, Thing, ThingKind
from chrislib.cube.types import StoragePath
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.output_entries import (
    SAME_FOLDER,
    by_folder,
    by_name,
    file_entry,
    folder_entry,
    link_entry,
    link_name,
    resolved,
)
from chrislib.feeds.text import unused

if TYPE_CHECKING:
    # it loads the HTTP library, which waits for the first paint
    from chrislib.cube.listing import Listed

FIRST = 200
"""Rows of a folder's first page: they are on screen at once."""
PAGE = 500
"""Rows of the pages behind it: what is read without holding a window up."""
MOST = 500
"""Folders that are looked into by themselves; others when they are asked for."""
_AT_ONCE = 3
_STEP = 100
"""Rows that are taken in at a time: 1 ms of a window's event loop."""
_LINKS_AT_ONCE = 4


class FoldersLike(Pages, Protocol):
    """The part of the client that outputs are listed with."""

    async def at(self, path: str) -> Thing | None:
        """Return the folder at `path`, None where there is none (network)."""

    async def get(self, kind: ThingKind, thing_id: int) -> Thing:
        """Return one thing by its id (network)."""

    async def page(
        self, folder_id: int, part: Part, *, offset: int = 0, limit: int = 500
    ) -> "Listed[Thing]":
        """Return a page, paths descending (network)."""


@dataclass(frozen=True, slots=True)
class Root:
    """Where a listing begins.

    Attributes
    ----------
    path : str
        Of a folder of the server.
    relative : str
        "" for the outputs of one node; of several, the folder each is shown as.
    title : str
        What that folder is called on screen.
    """

    path: str
    relative: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one folder that arrived, or that are better known now.

    Attributes
    ----------
    parent : str
        The folder's `relative`.
    complete : bool
        The folder has no more.
    """

    parent: str
    entries: tuple[OutputEntry, ...] = ()
    complete: bool = False


@dataclass(slots=True)
class _Folder:
    relative: str
    path: str
    trail: frozenset[str]
    id: int | None = None
    entry: OutputEntry | None = None
    used: set[str] = field(default_factory=set)


class OutputWalk:
    """Lists what is below some folders; links are followed.

    An entry's `path` is that of the file itself, `relative` what is shown. A link
    into a folder that is being listed already is shown without content, so that
    circles end.

    Parameters
    ----------
    most : int or None
        Folders that are looked into by themselves, None for all.
    """

    def __init__(
        self, api: FoldersLike, roots: Sequence[Root], *, most: int | None = MOST
    ) -> None:
        self._api = api
        self._left = most
        self._roots = roots
        self._waiting: deque[_Folder] = deque()
        self._held: dict[str, _Folder] = {}
        self._begun = self._failed = False
        self._busy = 0
        self._group: asyncio.TaskGroup | None = None
        self._tell: Callable[[Batch], None] = _untold

    @property
    def held(self) -> int:
        """Folders that were not looked into, because there are so many."""
        return len(self._held)

    def want(self, relative: str) -> bool:
        """Look into a folder next; returns whether `run` has to be called again."""
        for folder in self._waiting:
            if folder.relative == relative:
                self._waiting.remove(folder)
                self._waiting.appendleft(folder)
                return False
        held = self._held.pop(relative, None)
        if held is not None:
            self._waiting.appendleft(held)
            self._hire()
        return held is not None and self._group is None

    def want_all(self) -> None:
        """Look into every folder, however many there are; call `run` (again)."""
        self._left = None
        self._waiting += self._held.values()
        self._held.clear()
        self._hire()

    async def run(self, tell: Callable[[Batch], None]) -> None:
        """Look into folders until none is left that is to be looked into (network).

        Parameters
        ----------
        tell : callable
            Gets what is found, as it arrives.

        Raises
        ------
        CubeError
            The server cannot be asked. A folder that is gone or closed is told of by
            an entry of the kind "gone" instead, unless it is the only root.
        """
        self._tell, self._failed = tell, False
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._begin()
                self._hire()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            self._group = None

    def _hire(self) -> None:
        """Have as many folders read at once as there are, up to a few."""
        group = self._group
        if group is None or self._failed:
            return
        for _ in range(min(_AT_ONCE - self._busy, len(self._waiting))):
            self._busy += 1
            group.create_task(self._work(), name="list outputs")

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._look(self._waiting.popleft())
        except BaseException:
            self._failed = True
            raise
        finally:
            self._busy -= 1

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        told = []
        for root in self._roots:
            folder = _Folder(root.relative, root.path, frozenset({root.path}))
            if root.relative:
                folder.entry = OutputEntry(
                    path=StoragePath(root.path),
                    relative=root.relative,
                    is_folder=True,
                    size=None,
                    file_id=None,
                    kind="folder",
                    title=root.title,
                )
                told.append(folder.entry)
            self._enter(folder)
        if told:
            self._tell(Batch("", tuple(told), complete=True))

    def _enter(self, folder: _Folder) -> None:
        if self._left is not None:
            if self._left <= 0:
                self._held[folder.relative] = folder
                return
            self._left -= 1
        self._waiting.append(folder)
        self._hire()

    async def _look(self, folder: _Folder) -> None:
        try:
            if folder.id is None:
                thing = await self._api.at(folder.path)
                if thing is None:
                    self._tell(Batch(folder.relative, complete=True))
                    return
                folder.id = thing.id
            await self._list(folder)
        except (Forbidden, NotFound):
            if folder.entry is None:
                raise
            # a link may be seen where its target may not be opened
            gone = replace(folder.entry, kind="gone", is_folder=False)
            above = folder.relative.rpartition("/")[0]
            self._tell(Batch(above, (gone,)))

    async def _list(self, folder: _Folder) -> None:
        assert folder.id is not None
        parts: tuple[Part, ...] = ("children", "files", "linkfiles")
        lists = [
            Ascending(self._api, folder.id, part, size=PAGE, first=FIRST, ahead=True)
            for part in parts
        ]
        links: list[Thing] = []
        try:
            heads = await several(lists, Ascending.next, at_once=len(lists))
            for one, part, head in zip(lists, parts, heads, strict=True):
                async with aclosing(_pages(one, head)) as pages:
                    async for things in pages:
                        if part == "linkfiles":
                            links += things
                        else:
                            await self._take(folder, things)
        finally:
            for one in lists:
                one.close()
        if links:
            await self._links(folder, links)
        self._tell(Batch(folder.relative, complete=True))

    async def _take(self, folder: _Folder, things: Sequence[Thing]) -> None:
        breather = Breather()
        for at in range(0, len(things), _STEP):
            await breather.rest()
            entries = []
            for thing in things[at : at + _STEP]:
                name = thing.name
                folder.used.add(name)
                relative = f"{folder.relative}/{name}" if folder.relative else name
                if thing.kind == "folder":
                    entry = folder_entry(thing, relative)
                    self._below(folder, entry, thing.id)
                else:
                    entry = file_entry(thing, relative)
                entries.append(entry)
            self._tell(Batch(folder.relative, tuple(entries)))

    def _below(self, above: _Folder, entry: OutputEntry, folder_id: int | None) -> None:
        if entry.path in above.trail:
            self._tell(Batch(entry.relative, complete=True))
            return
        self._enter(
            _Folder(
                relative=entry.relative,
                path=entry.path,
                trail=above.trail | {entry.path},
                id=folder_id,
                entry=entry,
            )
        )

    async def _links(self, folder: _Folder, links: Sequence[Thing]) -> None:
        """Show what links lead to; the sizes of files follow when they are known."""
        entries, files = [], []
        for link in links:
            name = unused(link_name(link), folder.used)
            folder.used.add(name)
            relative = f"{folder.relative}/{name}" if folder.relative else name
            entry = link_entry(link, relative)
            entries.append(entry)
            if link.target_kind == "folder":
                self._below(folder, entry, link.target_id)
            elif link.target_kind == "file":
                files.append(entry)
        self._tell(Batch(folder.relative, tuple(entries)))
        for together in by_folder(files):
            known = await self._targets(together)
            self._tell(Batch(folder.relative, known))

    async def _targets(self, entries: Sequence[OutputEntry]) -> tuple[OutputEntry, ...]:
        """Return links to files with what is known of the files (network)."""
        if len(entries) > SAME_FOLDER:
            # a file may be open to us where its folder is not
            with suppress(Forbidden, NotFound):
                return await self._of_one_folder(entries)

        async def one(entry: OutputEntry) -> OutputEntry:
            assert entry.file_id is not None
            try:
                thing = await self._api.get("file", entry.file_id)
            except (Forbidden, NotFound):
                return resolved(entry, None)
            return resolved(entry, thing)

        return tuple(await several(entries, one, at_once=_LINKS_AT_ONCE))

    async def _of_one_folder(
        self, entries: Sequence[OutputEntry]
    ) -> tuple[OutputEntry, ...]:
        """Return links to files of one folder, which is listed once (network)."""
        parent = await self._api.at(entries[0].path.rpartition("/")[0])
        if parent is None:
            raise NotFound("The folder is not shown to us.")
        wanted = {entry.path for entry in entries}
        found: dict[str, Thing] = {}
        source = Ascending(self._api, parent.id, "files", size=PAGE)
        while source.more:
            for thing in await source.next():
                if thing.path in wanted:
                    found[thing.path] = thing
        return tuple(resolved(one, found.get(one.path)) for one in entries)


async def _pages(
    source: Ascending, head: list[Thing]
) -> AsyncGenerator[list[Thing], None]:
    """Iterate over all pages of a list (network)."""
    yield head
    while source.more:
        yield await source.next()


async def listed(api: FoldersLike, roots: Sequence[Root]) -> list[OutputEntry]:
    """Return everything below some folders as a tree (network)."""
    below: dict[str, dict[str, OutputEntry]] = {}

    def take(batch: Batch) -> None:
        held = below.setdefault(batch.parent, {})
        held.update((entry.relative, entry) for entry in batch.entries)

    await OutputWalk(api, roots, most=None).run(take)

    def tree(parent: str) -> tuple[OutputEntry, ...]:
        entries = (
            replace(entry, children=tree(entry.relative)) if entry.is_folder else entry
            for entry in below.get(parent, {}).values()
        )
        return tuple(sorted(entries, key=by_name))

    return list(tree(""))


def _untold(_batch: Batch) -> None:
    """Nobody listens yet."""
