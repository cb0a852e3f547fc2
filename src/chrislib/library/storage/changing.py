"""Changes in storage: new folders, names, places, deletions; all with a way back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chrislib.aio import several
from chrislib.cube.errors import CubeError, Forbidden, NotFound, ServerFault
from chrislib.cube.folder_types import PARTS, Thing
from chrislib.errors import ChrislibError
from chrislib.library.storage import rules
from chrislib.library.storage.listing import PAGE
from chrislib.library.storage.model import (
    LINK_ENDING,
    Entry,
    Weight,
    entry_of,
    parent_of,
)
from chrislib.library.storage.names import name_problem

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient
    from chrislib.cube.folders import FoldersApi

_WAIT = 120.0
"""Seconds a deletion is followed; a CUBE needs 0.1 to 2 (trap 20)."""
_LOOK = (0.1, 0.2, 0.4, 0.8)
_AT_ONCE = 4
WEIGHED = 5000


@dataclass(frozen=True, slots=True)
class Moved:
    """One thing that has another path now."""

    thing: Thing
    before: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of several entries: each is moved, done, or failed with a reason."""

    moved: tuple[Moved, ...] = ()
    done: tuple[Entry, ...] = ()
    failed: tuple[tuple[Entry, ChrislibError], ...] = ()
    pending: tuple[Entry, ...] = ()
    """Noted for deletion by the server, which is still at it."""


class Changing:
    """The verbs that change storage. Errors come in people's words.

    Parameters
    ----------
    client : callable
        The present connection; raises when there is none.
    """

    def __init__(self, client: "Callable[[], CubeClient]") -> None:
        self._client = client

    @property
    def _api(self) -> "FoldersApi":
        return self._client().folders

    async def make(self, folder: Entry, name: str) -> Entry:
        """Make a folder in a folder (network).

        Raises
        ------
        ChrislibError
            The name cannot be used or is taken, or nothing may be made there.
        """
        problem = rules.creation_refusal(folder)
        if problem:
            raise ChrislibError(
                "A folder cannot be made here.", "Nothing was made.", hint=problem
            )
        name = _checked(name, folder=folder.path)
        try:
            return entry_of(await self._api.create(f"{folder.path}/{name}"))
        except CubeError as error:
            raise rules.explained(error, what="made", name=name) from error

    async def rename(self, entry: Entry, name: str) -> Moved:
        """Give an entry another name (network).

        Raises
        ------
        ChrislibError
            The name cannot be used or is taken, or it may not be changed.
        """
        parent = parent_of(entry.thing.path)
        name = _checked(name, folder=parent)
        return await self._to(entry, f"{parent}/{name}", what="renamed")

    async def move(self, entries: Sequence[Entry], folder: Entry) -> Outcome:
        """Put entries into another folder (network); names that are taken stay out.

        Raises
        ------
        ChrislibError
            Nothing may be put there at all.
        """
        problem = rules.creation_refusal(folder)
        if problem or folder.folder_id is None:
            raise ChrislibError(
                "Nothing can be put there.", "Nothing was moved.", hint=problem
            )
        taken = await self.names_in(folder.folder_id)
        moved: list[Moved] = []
        failed: list[tuple[Entry, ChrislibError]] = []
        for entry in entries:
            name = entry.thing.name
            target = f"{folder.path}/{name}"
            if target == entry.thing.path:
                continue
            try:
                moved.append(await self._to(entry, target, what="moved", taken=taken))
                taken.add(name)
            except ChrislibError as error:
                failed.append((entry, error))
        return Outcome(moved=tuple(moved), failed=tuple(failed))

    async def undo(self, moved: Sequence[Moved]) -> Outcome:
        """Put things back where they were (network)."""
        done: list[Moved] = []
        failed: list[tuple[Entry, ChrislibError]] = []
        for one in reversed(moved):
            entry = entry_of(one.thing)
            try:
                target = one.before.removesuffix(LINK_ENDING)
                done.append(await self._to(entry, target, what="moved back"))
            except ChrislibError as error:
                failed.append((entry, error))
        return Outcome(moved=tuple(done), failed=tuple(failed))

    async def weigh(self, entries: Sequence[Entry], *, most: int = WEIGHED) -> Weight:
        """Count what goes with some entries (network), up to `most` things.

        Links are counted, not followed: what they stand for stays.
        """
        files = folders = links = size = 0
        shared: set[str] = set()
        public = False
        feeds: set[int] = set()
        waiting: list[int] = []
        for entry in entries:
            feed = rules.feed_of(entry.thing.path)
            if feed is not None:
                feeds.add(feed)
            public = public or entry.thing.public
            shared.update(await self._sees(entry.thing))
            if entry.thing.kind == "folder":
                folders += 1
                waiting.append(entry.thing.id)
            elif entry.is_link:
                links += 1
            else:
                files += 1
                size += entry.size or 0
        at_least = False
        while waiting and not at_least:
            async for thing in self._below(waiting.pop()):
                if thing.kind == "folder":
                    folders += 1
                    waiting.append(thing.id)
                elif thing.kind == "link":
                    links += 1
                else:
                    files += 1
                    size += thing.size or 0
                if files + folders + links > most:
                    at_least = True
                    break
        return Weight(
            files=files,
            folders=folders,
            links=links,
            size=size,
            at_least=at_least,
            shared=tuple(sorted(shared)),
            public=public,
            feeds=tuple(sorted(feeds)),
        )

    async def delete(
        self,
        entries: Sequence[Entry],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        """Delete entries and all below them (network); folders until they are gone.

        A link goes, what it stands for stays. `progress` gets how many are gone.
        """
        done: list[Entry] = []
        pending: list[Entry] = []
        failed: list[tuple[Entry, ChrislibError]] = []

        async def one(entry: Entry) -> None:
            try:
                gone = await self._delete(entry)
            except ChrislibError as error:
                failed.append((entry, error))
                return
            (done if gone else pending).append(entry)
            if progress is not None:
                progress(len(done))

        await several(entries, one, at_once=_AT_ONCE)
        return Outcome(done=tuple(done), failed=tuple(failed), pending=tuple(pending))

    async def names_in(self, folder_id: int) -> set[str]:
        """Return every name that is taken in a folder (network)."""
        return {thing.name async for thing in self._below(folder_id)}

    # --- inside -----------------------------------------------------------------

    async def _to(
        self,
        entry: Entry,
        path: str,
        *,
        what: str,
        taken: set[str] | None = None,
    ) -> Moved:
        thing = entry.thing
        problem = rules.refusal(entry, self._client().username)
        if problem:
            raise ChrislibError(
                f"“{entry.label}” was not {what}.", "Nothing was changed.", hint=problem
            )
        if entry.is_link and not path.endswith(LINK_ENDING):
            path += LINK_ENDING
        name = path.rpartition("/")[2]
        if path == thing.path:
            return Moved(thing, thing.path)
        if path.startswith(f"{thing.path}/"):
            raise ChrislibError(
                "A folder cannot be put into itself.", "Nothing was moved."
            )
        try:
            if taken is None:
                taken = await self._around(path)
            # a file would take the place, and the content, of what is there
            if name in taken:
                raise _taken(name, what=what)
            try:
                now = await self._api.move(thing, path)
            except ServerFault:
                now = await self._empty_to(thing, path)
        except CubeError as error:
            raise rules.explained(error, what=what, name=name) from error
        return Moved(now, thing.path)

    async def _around(self, path: str) -> set[str]:
        parent = await self._api.at(parent_of(path))
        return set() if parent is None else await self.names_in(parent.id)

    async def _empty_to(self, thing: Thing, path: str) -> Thing:
        """Move a folder that has nothing on the server's disk, so it cannot (trap 28).

        It is made anew at its new place and deleted at the old one.
        """
        if thing.kind != "folder":
            raise _fault()
        inner: list[str] = []
        waiting = [thing]
        while waiting:
            folder = waiting.pop()
            async for one in self._below(folder.id):
                if one.kind != "folder":
                    raise _fault()
                inner.append(one.path)
                waiting.append(one)
        made = await self._api.at(path) or await self._api.create(path)
        for old in sorted(inner):
            await self._api.create(path + old[len(thing.path) :])
        await self._api.delete(thing)
        return made

    async def _delete(self, entry: Entry) -> bool:
        problem = rules.refusal(entry, self._client().username)
        if problem:
            raise ChrislibError(
                f"“{entry.label}” was not deleted.",
                "Nothing was changed.",
                hint=problem,
            )
        try:
            await self._api.delete(entry.thing)
            if entry.thing.kind != "folder":
                return True
            return await self._gone(entry.thing.id)
        except NotFound:
            return True  # somebody else was quicker
        except CubeError as error:
            raise rules.explained(error, what="deleted") from error

    async def _gone(self, folder_id: int) -> bool:
        """Follow a deletion to its end; False while the server is still at it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _WAIT
        number = 0
        while loop.time() < end:
            left = await self._api.deletion(folder_id)
            if left is None:
                return True
            if not left.deleting:
                raise ChrislibError(
                    "The server could not delete a folder.",
                    "Some of it may be gone already.",
                    hint="Look again (F5), then delete what is left.",
                    context={"said": left.deletion_error},
                )
            await asyncio.sleep(_LOOK[min(number, len(_LOOK) - 1)])
            number += 1
        return False

    async def _below(self, folder_id: int) -> AsyncIterator[Thing]:
        for part in PARTS:
            offset, more = 0, True
            while more:
                page = await self._api.page(folder_id, part, offset=offset, limit=PAGE)
                for thing in page.rows:
                    yield thing
                offset += page.received
                more = page.more and page.received > 0

    async def _sees(self, thing: Thing) -> set[str]:
        try:
            return {grant.name for grant in await self._api.grants(thing)}
        except (Forbidden, NotFound):
            return set()


def renamed(entry: Entry, moved: Moved) -> Entry:
    """Return an entry as it is after a move."""
    fresh = entry_of(moved.thing)
    return replace(fresh, size=entry.size, closed=entry.closed)


def _checked(name: str, *, folder: str) -> str:
    problem = name_problem(name, folder=folder)
    if problem:
        raise ChrislibError(
            "This name cannot be used.", "Nothing was changed.", hint=problem
        )
    return name.strip()


def _taken(name: str, *, what: str) -> ChrislibError:
    shown = name.removesuffix(LINK_ENDING)
    return ChrislibError(
        f"It was not {what}: “{shown}” is there already.",
        "Nothing was changed, nothing was written over.",
        hint="Choose another name.",
    )


def _fault() -> ServerFault:
    return ServerFault("The server failed.", "Nothing else is known.")
