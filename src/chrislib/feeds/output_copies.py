"""Outputs as files of this computer by their own names: for drags and programs."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from chrislib.errors import ChrislibError
from chrislib.feeds.model import OutputEntry
from chrislib.jobs.outputs.local_names import claim_free, legal_name, legal_path

MOST_FILES = 200
MOST_BYTES = 500_000_000
"""What is fetched for one drag; more is downloaded into a folder instead."""
_KEPT = 3 * 86_400.0
"""Seconds a copy stays after it was made."""

Key = tuple[int | None, str]


class OutputCopies:
    """Copies with the names outputs have on the server, as far as this disk can.

    They are copies: whatever a program does to them, what is looked at here and what
    is on the server stays as it is.

    Parameters
    ----------
    folder : Path
        Where they are kept; the oldest are deleted.
    fetch : coroutine function
        Returns a file of this computer with an output's content.
    """

    def __init__(
        self, folder: Path, fetch: Callable[[OutputEntry], Awaitable[Path]]
    ) -> None:
        self._folder = folder
        self._fetch = fetch
        self._here: dict[Key, Path] = {}
        self._swept = False

    def forget(self) -> None:
        """Forget what was copied: another server's numbers mean other things."""
        self._here.clear()

    def local(self, entry: OutputEntry) -> Path | None:
        """Return the copy of a file or folder, None while there is none."""
        return self._here.get(_key(entry))

    async def bring(
        self, entry: OutputEntry, inside: Sequence[OutputEntry] = ()
    ) -> Path:
        """Return a copy of a file, or of a folder with the files in it (network, disk).

        Raises
        ------
        ChrislibError
            It cannot be fetched, or it is too much for a copy.
        """
        known = self.local(entry)
        if known is not None and await asyncio.to_thread(known.exists):
            return known
        if not self._swept:
            self._swept = True
            await asyncio.to_thread(_sweep, self._folder)
        place = self._folder / f"{time.time_ns():x}"
        if entry.is_folder:
            made = await self._bring_folder(entry, inside, place)
        else:
            found = await self._fetch(entry)
            target = place / legal_name(_name(entry))
            made = await asyncio.to_thread(_copied, found, target)
        self._here[_key(entry)] = made
        return made

    async def _bring_folder(
        self, entry: OutputEntry, inside: Sequence[OutputEntry], place: Path
    ) -> Path:
        check_amount(inside)
        top = place / legal_name(entry.title or _name(entry))
        taken: set[str] = set()
        below = len(entry.relative) + 1
        for file in inside:
            found = await self._fetch(file)
            target = top.joinpath(*legal_path(file.relative[below:]))
            # names that differ in case only are one file on many disks
            free = claim_free(target, taken, exists=lambda _path: False)
            await asyncio.to_thread(_copied, found, free)
        await asyncio.to_thread(top.mkdir, parents=True, exist_ok=True)
        return top


def check_amount(files: Sequence[OutputEntry]) -> None:
    """Refuse what is too much to be copied on the way.

    Raises
    ------
    ChrislibError
        With how much it is.
    """
    size = sum(file.size or 0 for file in files)
    if len(files) > MOST_FILES or size > MOST_BYTES:
        raise ChrislibError(
            f"{len(files):,} files are too many to be carried out of the window."
            if len(files) > MOST_FILES
            else "This is too large to be carried out of the window.",
            "Nothing was copied.",
            hint="Press Get (D): it saves them in a folder, and can be interrupted.",
        )


def _key(entry: OutputEntry) -> Key:
    return entry.file_id, entry.path


def _name(entry: OutputEntry) -> str:
    return entry.relative.rsplit("/", 1)[-1]


def _copied(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(source, target)
    return target


def _sweep(folder: Path) -> None:
    """Delete copies of earlier days (disk)."""
    with suppress(OSError):
        for old in folder.iterdir():
            if old.stat().st_mtime < time.time() - _KEPT:
                shutil.rmtree(old, ignore_errors=True)
