"""Parts: what a file is written to before it has its name; work of threads."""

import hashlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chrislib.jobs.outputs.local_names import claim_free


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that is whole on this disk."""

    path: Path
    size: int
    sha256: str


def open_part(part: Path) -> BinaryIO:
    """Open a part (disk): at its start, to be read and written."""
    # with a size given, the system is not asked what kind of file this is
    return os.fdopen(_opened(part, os.O_RDWR), "r+b", io.DEFAULT_BUFFER_SIZE)


def new_part(part: Path) -> int:
    """Open a part (disk) that is emptied; returns its descriptor, to be closed."""
    return _opened(part, os.O_WRONLY | os.O_TRUNC)


def write(out: BinaryIO, data: bytes, digest: "hashlib._Hash") -> None:
    """Write bytes behind those that are there (disk)."""
    out.write(data)
    digest.update(data)


def fill(descriptor: int, data: bytes) -> None:
    """Write all bytes of a small file (disk)."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync(out: BinaryIO) -> None:
    """Make sure that what was written survives a power cut (disk)."""
    out.flush()
    os.fsync(out.fileno())


def _opened(part: Path, how: int) -> int:
    # A link put there by somebody else is not followed.
    flags = os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.open(part, flags | how, 0o666)


def settle(descriptor: int) -> None:
    """Make sure that what was filled survives a power cut (disk)."""
    os.fsync(descriptor)


def put_in_place(part: Path, target: Path) -> Path:
    """Rename without ever replacing a file that came into being meanwhile (disk).

    Returns
    -------
    Path
        `target`, or a free name beside it.
    """
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
            return target
        part.unlink()
        return target
