"""Local names for server text: legal on any disk, never outside the folder. No net."""

import hashlib
import os
import re
import sys
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from chrislib.errors import ChrislibError

PART = ".part"
_LONGEST = 240
"""Bytes of a file name; disks take 255, ".part" and " (12)" need room."""
_LONGEST_PATH = 240 if sys.platform == "win32" else 3900
"""Bytes of a whole path; Windows takes 260 characters, others 4096 bytes."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"com{n}" for n in range(10)}
    | {f"lpt{n}" for n in range(10)}
)


class OutsideFolder(ChrislibError):
    """A path would leave the chosen folder."""


@lru_cache(maxsize=4096)
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


def fitting(folder: Path, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return `parts`, or a flat name when the whole path were too long for a disk.

    The mark in it is taken from the folders, so files of different folders stay
    apart.
    """
    room = _LONGEST_PATH - len(os.fsencode(folder)) - len(PART) - 8
    if len("/".join(parts).encode()) <= room or len(parts) == 1:
        return parts
    mark = hashlib.sha256("/".join(parts[:-1]).encode()).hexdigest()[:12]
    return (_shortened(f"{mark}_{parts[-1]}"),)


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


def part_of(target: Path) -> Path:
    """Return where `target` is written while it is not whole."""
    return target.with_name(target.name + PART)


def is_taken(path: Path) -> bool:
    """Whether something is at `path` or where its part would be written (disk)."""
    return os.path.lexists(path) or os.path.lexists(part_of(path))


def claim_free(
    target: Path, taken: set[str], *, exists: Callable[[Path], bool] = is_taken
) -> Path:
    """Return `target`, or the next free ``name (2).ext``; adds it to `taken`.

    Names that differ in case only are the same file on many disks.
    """
    stem, suffix = split(target.name)
    number = 1
    candidate = target
    while str(candidate).casefold() in taken or exists(candidate):
        number += 1
        candidate = target.with_name(f"{stem} ({number}){suffix}")
    taken.add(str(candidate).casefold())
    return candidate


def split(name: str) -> tuple[str, str]:
    """Return stem and suffix; ``.nii.gz`` and the like count as one suffix."""
    stem, suffix = os.path.splitext(name)
    if suffix.lower() in (".gz", ".bz2", ".xz") and "." in stem.lstrip("."):
        stem, inner = os.path.splitext(stem)
        suffix = inner + suffix
    return stem, suffix


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST:
        return name
    stem, suffix = split(name)
    if len(suffix.encode()) > 20:
        stem, suffix = name, ""
    mark = "~" + hashlib.sha256(name.encode()).hexdigest()[:8]
    room = _LONGEST - len(suffix.encode()) - len(mark)
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return f"{stem}{mark}{suffix}"
