"""Saving fetched files: whole or not at all, and never onto a full disk."""

import asyncio
import errno
import hashlib
import os
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import BinaryIO

from chrislib.errors import ChrislibError
from chrislib.jobs.outputs import parts
from chrislib.jobs.outputs.local_names import part_of
from chrislib.jobs.outputs.parts import Saved
from chrislib.jobs.outputs.shelf import Shelf

RESERVE = 50 * 1024 * 1024
"""Bytes that stay free on the disk whatever is fetched."""
LOW = 250 * 1024 * 1024
"""With less than this left nothing is fetched that was not asked for by hand."""
_BLOCK = 1024 * 1024
"""Bytes gathered before a thread writes them: the window's thread never waits."""
_STRIDE = 16 * 1024 * 1024
"""Bytes between two syncs of a part: what a power cut may cost of a big file."""

Opener = Callable[[int], AbstractAsyncContextManager[tuple[int, AsyncIterator[bytes]]]]
"""Opens the content from about a byte on; gives the byte it really starts at.

A server without ranges starts at 0 whatever it was asked for.
"""


class DiskFull(ChrislibError):
    """There is no room for what is to be saved."""


def check_space(folder: Path, wanted: int) -> bool:
    """Refuse a set of files that does not fit (disk).

    Returns
    -------
    bool
        Whether less than `LOW` would be left.

    Raises
    ------
    DiskFull
        With how much is missing.
    """
    free = shutil.disk_usage(folder).free
    if wanted + RESERVE > free:
        raise DiskFull(
            "There is not enough free space in the chosen folder.",
            f"{megabytes(wanted)} are wanted, {megabytes(free)} are free. "
            "Nothing of it was saved.",
            hint="Free some space or choose another folder, then retry.",
        )
    return wanted + LOW > free


async def save(
    fetch: Opener,
    target: Path,
    *,
    size: int | None,
    moved: Callable[[int], None],
    start: int = 0,
    synced: Callable[[int], Awaitable[None]] | None = None,
    make: Callable[[Path], Path] | None = None,
    shelf: Shelf | None = None,
) -> Saved:
    """Write a stream next to `target` and put it in place when it is whole (disk).

    A reader of `target` sees the whole file or none: it is written to ``.part``,
    checked, synced and then given its name, never over something else. The part of a
    file that takes several blocks stays when it is interrupted, and is gone on with
    if the server can start in the middle. What a power cut cannot take any more is
    the content; the name is safe after `sync_folders`.

    Parameters
    ----------
    fetch : Opener
        The content.
    size : int or None
        Bytes the server announced; None is not checked.
    moved : callable
        Gets the bytes written so far.
    start : int
        Bytes of an earlier part known to be on the disk.
    synced : coroutine function, optional
        Gets the bytes that a power cut cannot take any more.
    make : callable, optional
        Makes the folder of `target` in a thread and returns where that really is.
    shelf : Shelf, optional
        Puts small files in place, for several calls of this together.

    Raises
    ------
    DiskFull
        The disk ran full; the part is removed.
    ChrislibError
        The stream was shorter or longer than announced; the part is removed.
    """
    wanted = await asyncio.to_thread(_usable, part_of(target), start) if start else 0
    try:
        async with fetch(wanted) as (offset, chunks):
            begun, ended = bytearray(), False
            if not offset:
                ended = await _begin(chunks, begun, size=size, moved=moved)
            if not ended:
                if make is not None:
                    target = await asyncio.to_thread(make, target)
                writer = _Writer(part_of(target), size=size, moved=moved, synced=synced)
                try:
                    await asyncio.to_thread(writer.open, offset)
                    await writer.take(chunks, begun)
                finally:
                    try:
                        await asyncio.to_thread(writer.close)
                    finally:
                        writer.drop()  # where the closing was called off as well
        if ended:
            # nothing of it is written before all of it is here
            return await (shelf or Shelf()).put(bytes(begun), target, make=make)
        placed = await asyncio.to_thread(parts.put_in_place, part_of(target), target)
    except OSError as error:
        part_of(target).unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full() from error
        raise
    except (DiskFull, _WrongSize):
        part_of(target).unlink(missing_ok=True)
        raise
    return Saved(placed, writer.count, writer.digest.hexdigest())


def sync_folders(folders: Iterable[Path]) -> None:
    """Make sure that the names in some folders are on the disk (disk)."""
    if sys.platform == "win32":
        return  # folders cannot be synced there; the system writes names at once
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the digest of a local file's content (disk)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def megabytes(count: int) -> str:
    """Return bytes as people read them."""
    return f"{count / 1_000_000:,.1f} MB"


class _WrongSize(ChrislibError):
    """What came is not what was announced."""


class _Writer:
    """The part of one file while it is written; its calls belong in a thread."""

    def __init__(
        self,
        part: Path,
        *,
        size: int | None,
        moved: Callable[[int], None],
        synced: Callable[[int], Awaitable[None]] | None,
    ) -> None:
        self._part = part
        self._size = size
        self._moved = moved
        self._synced = synced
        self._out: BinaryIO | None = None
        self._closed = threading.Event()
        self._opening = threading.Lock()
        self.digest = hashlib.sha256()
        self.count = 0

    def open(self, offset: int) -> None:
        """Open the part behind its first `offset` bytes (disk)."""
        # Whoever waited may have been called off meanwhile; this thread goes on.
        with self._opening:
            if self._closed.is_set():
                return
            self._out = parts.open_part(self._part)
            self._rewind(self._out, offset)
        if self._closed.is_set():
            self.close()

    def _rewind(self, out: BinaryIO, offset: int) -> None:
        """Read the digest of what is there already and stand behind it."""
        left = offset
        while left > 0:
            block = out.read(min(left, _BLOCK))
            if not block:
                break
            self.digest.update(block)
            left -= len(block)
        self.count = offset - left
        out.seek(self.count)
        out.truncate()

    async def take(self, chunks: AsyncIterator[bytes], begun: bytearray) -> None:
        """Write what came and what comes until it ends (network, disk)."""
        assert self._out is not None
        waiting = begun
        came, due = self.count + len(begun), self.count + _STRIDE
        async for chunk in chunks:
            waiting += chunk
            came += len(chunk)
            if self._size is not None and came > self._size:
                raise _wrong_size(came, self._size)
            if len(waiting) >= _BLOCK:
                await self._put(waiting)
            if self.count >= due:
                due = self.count + _STRIDE
                await self._settle()
            self._moved(came)
        await self._put(waiting)
        self._check()
        await asyncio.to_thread(parts.sync, self._out)

    def close(self) -> None:
        """Close the part (disk), also one that is still being opened."""
        self._closed.set()
        with self._opening:
            if self._out is not None:
                self._out.close()

    def drop(self) -> None:
        """Close the part now, or have the thread do so that is opening it."""
        self._closed.set()
        if self._opening.acquire(blocking=False):
            try:
                if self._out is not None:
                    self._out.close()
            finally:
                self._opening.release()

    async def _put(self, waiting: bytearray) -> None:
        assert self._out is not None
        await asyncio.to_thread(parts.write, self._out, bytes(waiting), self.digest)
        self.count += len(waiting)
        waiting.clear()

    async def _settle(self) -> None:
        """Make sure of what is there, and that the rest still fits."""
        assert self._out is not None
        await asyncio.to_thread(parts.sync, self._out)
        if self._synced is not None:
            await self._synced(self.count)
        if self._size is not None:
            left = max(0, self._size - self.count)
            await asyncio.to_thread(check_space, self._part.parent, left)

    def _check(self) -> None:
        if self._size is not None and self.count != self._size:
            raise _wrong_size(self.count, self._size)


async def _begin(
    chunks: AsyncIterator[bytes],
    begun: bytearray,
    *,
    size: int | None,
    moved: Callable[[int], None],
) -> bool:
    """Gather the first block; returns whether that is the whole file."""
    async for chunk in chunks:
        begun += chunk
        if size is not None and len(begun) > size:
            raise _wrong_size(len(begun), size)
        moved(len(begun))
        if len(begun) >= _BLOCK:
            return False
    if size is not None and len(begun) != size:
        raise _wrong_size(len(begun), size)
    return True


def _wrong_size(count: int, size: int) -> _WrongSize:
    return _WrongSize(
        "A file arrived incomplete."
        if count < size
        else "A file is longer than announced.",
        f"{count:,} of {size:,} bytes came. It was not saved.",
        hint="Retry.",
        retryable=True,
    )


def _full() -> DiskFull:
    return DiskFull(
        "The disk is full.",
        "Files that were already saved are whole; this one was not saved.",
        hint="Free some space, then retry: it goes on with what is missing.",
    )


def _usable(part: Path, start: int) -> int:
    """Return how much of an earlier part can be gone on with."""
    try:
        return min(start, part.stat().st_size) if start > 0 else 0
    except OSError:
        return 0
