"""Saving fetched files: legal names, never outside the folder, whole or not at all."""

import asyncio
import errno
import hashlib
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chrislib.errors import ChrislibError

RESERVE = 50 * 1024 * 1024
"""Bytes that stay free on the disk whatever is fetched."""
PART = ".part"
_BLOCK = 1024 * 1024
"""Bytes gathered before a thread writes them: the window's thread never waits."""
_LONGEST = 240
"""Bytes of a file name; disks take 255, ".part" and " (12)" need room."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"com{n}" for n in range(10)}
    | {f"lpt{n}" for n in range(10)}
)


class DiskFull(ChrislibError):
    """There is no room for what is to be saved."""


class OutsideFolder(ChrislibError):
    """A path would leave the chosen folder."""


def legal_name(name: str) -> str:
    """Return `name` changed as little as needed to be one file name on any disk.

    Server text is never trusted: no separators, no ``.`` or ``..``, no control or
    bidirectional characters, none of Windows' reserved names, not too long. Two
    different names stay different as long as they differ in legal characters; the
    caller handles collisions.
    """
    text = unicodedata.normalize("NFC", name)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cs"))
    text = _FORBIDDEN.sub("_", text).strip(" ").rstrip(". ")
    if not text.strip("._"):
        text = "_" * max(1, len(text))
    if text.split(".", 1)[0].strip().lower() in _DEVICES:
        text = f"_{text}"
    if text.endswith(PART):
        text += "_"
    return _shortened(text)


def legal_path(relative: str) -> tuple[str, ...]:
    """Return the legal names of a relative server path's parts."""
    parts = [part for part in relative.replace("\\", "/").split("/") if part]
    kept = [part for part in parts if part not in (".", "..")]
    return tuple(legal_name(part) for part in kept) or ("_",)


def inside(folder: Path, parts: tuple[str, ...]) -> Path:
    """Return ``folder/parts`` after making sure that it lies inside (disk).

    Raises
    ------
    OutsideFolder
        A link on the way leads elsewhere.
    """
    root = folder.resolve()
    target = root.joinpath(*parts)
    parent = target.parent.resolve()
    if parent != root and root not in parent.parents:
        raise OutsideFolder(
            "A file would have been saved outside the chosen folder.",
            "It was not saved.",
            hint="A link inside the folder leads elsewhere; choose another folder.",
        )
    return target


def claim_free(
    target: Path, taken: set[str], *, exists: Callable[[Path], bool] = os.path.lexists
) -> Path:
    """Return `target`, or the next free ``name (2).ext``; adds it to `taken`.

    Names that differ in case only are the same file on many disks.
    """
    stem, suffix = _split(target.name)
    number = 1
    candidate = target
    while str(candidate).casefold() in taken or exists(candidate):
        number += 1
        candidate = target.with_name(f"{stem} ({number}){suffix}")
    taken.add(str(candidate).casefold())
    return candidate


def check_space(folder: Path, wanted: int) -> None:
    """Refuse a set of files that does not fit (disk).

    Raises
    ------
    DiskFull
        With how much is missing.
    """
    free = shutil.disk_usage(folder).free
    if wanted + RESERVE > free:
        raise DiskFull(
            "There is not enough free space in the chosen folder.",
            f"{_megabytes(wanted)} are wanted, {_megabytes(free)} are free. "
            "Nothing was saved.",
            hint="Free some space or choose another folder, then retry.",
        )


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that is whole on this disk."""

    path: Path
    size: int
    sha256: str


async def save(
    chunks: AsyncIterator[bytes],
    target: Path,
    *,
    size: int | None,
    moved: Callable[[int], None],
) -> Saved:
    """Write a stream next to `target` and put it in place when it is whole (disk).

    A reader of `target` sees the whole file or none: it is written to ``.part``,
    checked, synced and then renamed, never over something else.

    Parameters
    ----------
    chunks : async iterator of bytes
        The content.
    size : int or None
        Bytes the server announced; None is not checked.
    moved : callable
        Gets the bytes written so far.

    Raises
    ------
    DiskFull
        The disk ran full; the part is removed.
    ChrislibError
        The stream was shorter or longer than announced.
    """
    part = target.with_name(target.name + PART)
    digest = hashlib.sha256()
    count = 0
    try:
        with part.open("wb") as out:
            waiting = bytearray()
            async for chunk in chunks:
                waiting += chunk
                count += len(chunk)
                if len(waiting) >= _BLOCK:
                    await asyncio.to_thread(_write, out, bytes(waiting), digest)
                    waiting.clear()
                moved(count)
            await asyncio.to_thread(_write, out, bytes(waiting), digest)
            _check_size(count, size)
            await asyncio.to_thread(_sync, out)
        placed = await asyncio.to_thread(_put_in_place, part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                "The disk is full.",
                "Files that were already saved are whole; this one was not saved.",
                hint="Free some space, then retry: it goes on with what is missing.",
            ) from error
        raise
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Saved(placed, count, digest.hexdigest())


def sha256_of(path: Path) -> str:
    """Return the digest of a local file's content (disk)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(out: BinaryIO, data: bytes, digest: "hashlib._Hash") -> None:
    out.write(data)
    digest.update(data)


def _sync(out: BinaryIO) -> None:
    out.flush()
    os.fsync(out.fileno())


def _check_size(count: int, size: int | None) -> None:
    if size is not None and count != size:
        raise ChrislibError(
            "A file arrived incomplete.",
            f"{count:,} of {size:,} bytes came. It was not saved.",
            hint="Retry.",
            retryable=True,
        )


def _put_in_place(part: Path, target: Path) -> Path:
    """Rename without ever replacing a file that came into being meanwhile."""
    if sys.platform == "win32":
        part.rename(target)  # fails there when the target exists
        return target
    while True:
        try:
            os.link(part, target)
        except FileExistsError:
            target = claim_free(target, set())
            continue
        except OSError:
            # No hard links on this disk: the check before the rename must do.
            if os.path.lexists(target):
                target = claim_free(target, set())
            part.rename(target)
            _sync_folder(target.parent)
            return target
        part.unlink()
        _sync_folder(target.parent)
        return target


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST:
        return name
    stem, suffix = _split(name)
    if len(suffix.encode()) > 20:
        stem, suffix = name, ""
    mark = "~" + hashlib.sha256(name.encode()).hexdigest()[:8]
    room = _LONGEST - len(suffix.encode()) - len(mark)
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return f"{stem}{mark}{suffix}"


def _split(name: str) -> tuple[str, str]:
    """Return stem and suffix; ``.nii.gz`` and the like count as one suffix."""
    stem, suffix = os.path.splitext(name)
    if suffix.lower() in (".gz", ".bz2", ".xz") and "." in stem.lstrip("."):
        stem, inner = os.path.splitext(stem)
        suffix = inner + suffix
    return stem, suffix


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"
