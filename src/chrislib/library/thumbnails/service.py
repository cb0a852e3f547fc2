"""Small pictures for whoever wishes for them: kept ones at once, others are made.

Of a series on this computer one file is read. Of one that lies on a server exactly one
instance is fetched, the middle one, and only while somebody wishes for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from chrislib.aio import Breather, TaskOwner
from chrislib.catalog.thumbnails import Chosen, Kept, Spot, ThumbnailCache
from chrislib.dicom.thumbnail import VERSION
from chrislib.dicom.wanted import UNCHECKED, WHOLE
from chrislib.errors import ChrislibError
from chrislib.library.model import Item
from chrislib.library.thumbnails.makers import Makers
from chrislib.library.thumbnails.model import (
    LARGE,
    SMALL,
    Listener,
    Made,
    Outcome,
    Wanted,
    item_key,
    series_subject,
)
from chrislib.library.thumbnails.wishes import Wishes

_log = logging.getLogger(__name__)

_FETCHED_AT_ONCE = 3
_LOOKED_UP_AT_ONCE = 120
_WRITTEN_AFTER = 0.5
"""Seconds that new pictures wait for others, to be written together."""
_NOTHING_SMALL = "It holds no picture that is small enough to be fetched unasked."
_NO_FILE = "None of its files can be shown."

Fetch = Callable[[Item], Awaitable[Path | None]]
"""Brings one file that speaks for an item (network, disk); the file is ours then.

None when it holds no picture; an error when it cannot be had now."""


class Chooser(Protocol):
    """Knows which file shows a series; `catalog.thumbnails.SeriesFiles` is one."""

    async def choose(
        self, wanted: Sequence[tuple[int, int]], *, pixels: Sequence[int]
    ) -> dict[tuple[int, int], Chosen]:
        """Return files by series key and share in percent."""

    async def known(self) -> tuple[set[int], list[tuple[str, str]]]:
        """Return all series keys, and id and path of all library items."""


class Thumbnails:
    """Makes, keeps and tells small pictures. Nothing is touched before a first wish.

    Parameters
    ----------
    cache : ThumbnailCache
        Where they are kept.
    chooser : Chooser
        Of files on this computer.
    fetch : callable
        For what lies on a server.
    processes : int
        How many make pictures; 0 makes them in threads.
    """

    def __init__(
        self, cache: ThumbnailCache, *, chooser: Chooser, fetch: Fetch, processes: int
    ) -> None:
        self._cache = cache
        self._chooser = chooser
        self._fetch = fetch
        self._makers = Makers(processes)
        self._wishes = Wishes()
        self._listeners: list[Listener] = []
        self._tasks = TaskOwner("thumbnails")
        self._opened: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._chosen: dict[Wanted, Chosen | None] = {}
        """What is not kept, by wish; None for what lies on a server."""
        self._making: dict[Wanted, asyncio.Task[None]] = {}
        self._unwritten: dict[Spot, Kept] = {}
        self._closed = False

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each batch of answers; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def wish(
        self, owner: object, seen: Sequence[Wanted], near: Sequence[Wanted] = ()
    ) -> None:
        """Ask for pictures (disk, processes, network), in this order.

        It replaces what `owner` asked for before: what nobody wishes for any more is
        not begun, and no longer fetched.
        """
        if self._closed:
            return
        self._wishes.replace(owner, seen, near)
        self._let_go()
        self._look()

    async def forget(self, subjects: Sequence[str]) -> None:
        """Remove the pictures of subjects by their keys (disk)."""
        await self._ready()
        await self._cache.forget(subjects)

    async def forget_lost(self) -> None:
        """Remove the pictures of what is in the library no more (disk)."""
        await self._ready()
        kept = await self._cache.subjects()
        if not kept:
            return
        series, items = await self._chooser.known()
        lost = kept.difference(
            (series_subject(key) for key in series),
            (item_key(item_id, path) for item_id, path in items),
        )
        if lost:
            await self._cache.forget(lost)

    async def size(self) -> int:
        """Return the bytes of all pictures that are kept (disk)."""
        await self._ready()
        return await self._cache.size()

    async def clear(self) -> None:
        """Remove every picture (disk)."""
        await self._ready()
        await self._cache.clear()

    async def close(self) -> None:
        """Stop, write what was made and end the processes (disk)."""
        if self._closed:
            return
        self._closed = True
        if self._opened is not None:
            with suppress(asyncio.CancelledError):
                await self._opened
        await self._tasks.close()
        await self._makers.close()
        await self._cache.put(self._unwritten)
        self._unwritten = {}
        await self._cache.close()

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        return self._tasks.pending

    def process_ids(self) -> list[int]:
        """Return the processes that make pictures."""
        return self._makers.process_ids()

    # --- what is kept ---------------------------------------------------------

    async def _ready(self) -> None:
        if self._opened is None:
            self._opened = self._tasks.start(self._cache.open(), name="open")
        await asyncio.shield(self._opened)

    def _look(self) -> None:
        if self._closed:
            return
        if self._looking is None or self._looking.done():
            self._looking = self._tasks.start(self._look_up(), name="look up")

    async def _look_up(self) -> None:
        """Answer what is kept, and have the rest made."""
        await self._ready()
        breather = Breather()
        while True:
            part: list[Wanted] = []
            for wanted in self._wishes:
                await breather.rest()
                if wanted not in self._chosen and wanted not in self._making:
                    part.append(wanted)
                if len(part) >= _LOOKED_UP_AT_ONCE:
                    break
            if not part:
                return
            try:
                await self._answer(part)
            except ChrislibError as error:
                _log.info("files cannot be chosen now: %s", type(error).__name__)
                self._tell([Made(wanted, Outcome.LATER) for wanted in part])
            self._begin()

    async def _answer(self, part: list[Wanted]) -> None:
        files = await self._files(part)
        kept = await self._cache.get(_spot(wanted) for wanted in part)
        kept.update(self._unwritten)
        told = []
        for wanted in part:
            key = wanted.subject.series_key
            chosen = files.get((key, wanted.share)) if key is not None else None
            if key is not None and chosen is None:
                told.append(Made(wanted, Outcome.NONE, reason=_NO_FILE))
                continue
            found = kept.get(_spot(wanted))
            if found is not None and found.version == _version(wanted, chosen):
                told.append(_made(wanted, found))
            else:
                self._chosen[wanted] = chosen
        self._tell(told)

    async def _files(self, part: list[Wanted]) -> dict[tuple[int, int], Chosen]:
        keys = [
            (wanted.subject.series_key, wanted.share)
            for wanted in part
            if wanted.subject.series_key is not None
        ]
        if not keys:
            return {}
        return await self._chooser.choose(keys, pixels=(WHOLE, UNCHECKED))

    def _tell(self, made: Sequence[Made]) -> None:
        for one in made:
            self._wishes.settle(one.wanted)
            self._chosen.pop(one.wanted, None)
        if made:
            for listener in tuple(self._listeners):
                listener(tuple(made))

    # --- what is made ---------------------------------------------------------

    def _begin(self) -> None:
        """Begin as many as there is room for, the most urgent first."""
        while not self._closed:
            remote = sum(self._is_remote(wanted) for wanted in self._making)
            fetches = remote < _FETCHED_AT_ONCE
            reads = len(self._making) - remote < self._makers.count
            wanted = self._wishes.next(partial(self._fits, fetches, reads))
            if wanted is None:
                return
            task = self._tasks.start(self._make(wanted), name="make")
            self._making[wanted] = task
            task.add_done_callback(partial(self._ended, wanted))

    def _ended(self, wanted: Wanted, _task: object) -> None:
        # by the task's end, not within it: one may be cancelled before it begins
        del self._making[wanted]
        self._chosen.pop(wanted, None)
        self._begin()
        self._look()

    def _fits(self, fetches: bool, reads: bool, wanted: Wanted) -> bool:
        if wanted not in self._chosen or wanted in self._making:
            return False
        if not self._is_remote(wanted):
            return reads
        return fetches and not any(
            one.subject == wanted.subject for one in self._making
        )

    def _is_remote(self, wanted: Wanted) -> bool:
        return self._chosen.get(wanted) is None

    def _let_go(self) -> None:
        """Drop what nobody wishes for any more, fetching included."""
        for wanted in [one for one in self._chosen if one not in self._wishes]:
            task = self._making.get(wanted)
            if task is None:
                del self._chosen[wanted]
            elif self._is_remote(wanted):
                task.cancel()

    async def _make(self, wanted: Wanted) -> None:
        """Make one picture and tell of it (disk, processes, network)."""
        chosen = self._chosen.get(wanted)
        answers = [Made(wanted, Outcome.LATER)]
        try:
            if chosen is None:
                found = await self._from_server(wanted)
            else:
                found = {wanted: await self._from(chosen.path, wanted, chosen.share)}
            if not self._closed:
                answers = [self._keep(*one, chosen=chosen) for one in found.items()]
        except ChrislibError as error:
            _log.info("no file for a thumbnail: %s", type(error).__name__)
        self._tell(answers)

    def _keep(
        self, wanted: Wanted, found: tuple[bytes, str], *, chosen: Chosen | None
    ) -> Made:
        kept = Kept(_version(wanted, chosen), *found)
        if not self._unwritten:
            self._tasks.start(self._write(), name="write")
        self._unwritten[_spot(wanted)] = kept
        return _made(wanted, kept)

    async def _from(
        self, path: Path, wanted: Wanted, share: float
    ) -> tuple[bytes, str]:
        return await self._makers.make(path, side=wanted.side, share=share)

    async def _from_server(self, wanted: Wanted) -> dict[Wanted, tuple[bytes, str]]:
        """Fetch one file and make every size of it, so that it is fetched once."""
        sizes = [replace(wanted, side=side) for side in (SMALL, LARGE)]
        item = wanted.subject.item
        path = await self._fetch(item) if item is not None else None
        if path is None:
            return dict.fromkeys(sizes, (b"", _NOTHING_SMALL))
        try:
            return {one: await self._from(path, one, share=0.5) for one in sizes}
        finally:
            path.unlink(missing_ok=True)

    async def _write(self) -> None:
        """Keep what was made since, together (disk)."""
        await asyncio.sleep(_WRITTEN_AFTER)
        pictures = dict(self._unwritten)
        await self._cache.put(pictures)
        for spot, kept in pictures.items():
            if self._unwritten.get(spot) is kept:
                del self._unwritten[spot]
        if self._unwritten:
            self._tasks.start(self._write(), name="write")


def _spot(wanted: Wanted) -> Spot:
    return Spot(wanted.subject.key, wanted.share, wanted.side)


def _version(wanted: Wanted, chosen: Chosen | None) -> str:
    """Return what tells a picture from one of other files, or made in another way."""
    if chosen is not None:
        return f"{VERSION}:{chosen.version}"
    item = wanted.subject.item
    return f"{VERSION}:{item.images if item is not None else ''}"


def _made(wanted: Wanted, kept: Kept) -> Made:
    outcome = Outcome.READY if kept.jpeg else Outcome.NONE
    return Made(wanted, outcome, kept.jpeg, kept.reason)
