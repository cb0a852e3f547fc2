"""Outputs brought to this computer to be looked at."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.aio import Progress, several
from chrislib.errors import ChrislibError
from chrislib.feeds.cache import PreviewCache
from chrislib.feeds.model import OutputEntry

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

PREVIEW_LIMIT = 512_000_000
"""Bytes; larger files are downloaded, not shown."""
_PARALLEL = 6


class Fetcher:
    """Fetches files into the preview cache, each at most once at a time.

    Parameters
    ----------
    folder : Path
        Where previews are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._cache = PreviewCache(folder)
        self._locks: dict[Path, asyncio.Lock] = {}

    async def fetch(
        self,
        client: "CubeClient",
        entry: OutputEntry,
        *,
        limit: int = PREVIEW_LIMIT,
        progress: Callable[[int], None] | None = None,
    ) -> Path:
        """Return a file on this computer with an output's content (network, disk).

        Raises
        ------
        ChrislibError
            It is no file, is larger than `limit` bytes, or arrived incomplete.
        """
        if entry.file_id is None:
            raise ChrislibError(
                f"{entry.relative} cannot be opened.",
                "What it links to is not there any more, or is not yours to open.",
            )
        if entry.size is not None and entry.size > limit:
            raise ChrislibError(
                f"{entry.relative} is too large to be shown here.",
                "It is safe on the server.",
                hint="Get it to a folder and open it there.",
            )
        name = entry.relative.rsplit("/", 1)[-1]
        place = self._cache.place(
            client.base_url, entry.file_id, name=name, size=entry.size
        )
        # two looks at the same file must not write the same part
        lock = self._locks.setdefault(place, asyncio.Lock())
        try:
            async with lock:
                if not self._cache.has(place, entry.size):
                    await self._bring(client, entry, place, progress=progress)
        finally:
            if not lock.locked():
                self._locks.pop(place, None)
        return place

    async def fetch_all(
        self,
        client: "CubeClient",
        entries: Sequence[OutputEntry],
        *,
        progress: Progress | None = None,
    ) -> tuple[Path, ...]:
        """Fetch several files, a few at a time, in the order given (network, disk).

        Raises
        ------
        ChrislibError
            The first failure; the rest is given up.
        """
        paths = await several(
            entries,
            lambda entry: self.fetch(client, entry),
            at_once=_PARALLEL,
            progress=progress,
        )
        return tuple(paths)

    async def _bring(
        self,
        client: "CubeClient",
        entry: OutputEntry,
        place: Path,
        *,
        progress: Callable[[int], None] | None,
    ) -> None:
        if entry.file_id is None:
            return
        part = self._cache.start(place)
        got = 0
        try:
            with part.open("wb") as out:
                async with aclosing(client.files.stream(entry.file_id)) as chunks:
                    async for chunk in chunks:
                        out.write(chunk)
                        got += len(chunk)
                        if progress is not None:
                            progress(got)
            if entry.size is not None and got != entry.size:
                raise ChrislibError(
                    f"{place.name} arrived incomplete.",
                    f"{got:,} of {entry.size:,} bytes came. The file is safe on the "
                    "server.",
                    hint="Try again.",
                    retryable=True,
                )
            await asyncio.to_thread(self._cache.finish, part, place)
        finally:
            part.unlink(missing_ok=True)
