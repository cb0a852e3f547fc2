"""Where the bytes of the station are kept, and what a full disk does to them.

Contents are kept under names of our own, never under names a client chose: no path
of a request can reach the disk, and every name works on every file system.
"""

import errno
import os
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 20


class Disk:
    """The storage folder, with an optional quota.

    Parameters
    ----------
    root : Path
        Folder of the contents; made when it is not there.
    quota : int, optional
        Bytes that fit. More is refused with the very error of a full disk.
    """

    def __init__(self, root: Path, *, quota: int | None = None) -> None:
        self.root = root
        self._quota = quota
        self._lock = threading.Lock()
        self._used = 0
        for name in ("blobs", "incoming"):
            (root / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def limited(self) -> bool:
        """Whether a quota is in force."""
        return self._quota is not None

    def start_with(self, used: int) -> None:
        """Say how many bytes are in use already."""
        self._used = used

    def charge(self, size: int) -> None:
        """Count `size` more bytes.

        Raises
        ------
        OSError
            ENOSPC when they do not fit.
        """
        with self._lock:
            if self._quota is not None and self._used + size > self._quota:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._used += size

    def release(self, size: int) -> None:
        """Count `size` bytes less."""
        with self._lock:
            self._used = max(0, self._used - size)

    def new_incoming(self) -> "Incoming":
        """Open a new file for writing, on disk; `keep` or `drop` it at the end."""
        return Incoming(self, self.root / "incoming" / uuid.uuid4().hex)

    def blob(self) -> Path:
        """Return a place for new content, its folder made on disk."""
        name = uuid.uuid4().hex
        folder = self.root / "blobs" / name[:2]
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def write(self, content: bytes) -> str:
        """Store `content` on disk and return the name for the database."""
        incoming = self.new_incoming()
        try:
            incoming.write(content)
        except OSError:
            incoming.drop()
            raise
        return incoming.keep()

    def locate(self, name: str) -> Path:
        """Return the file of a name the database holds."""
        return self.root / name

    def name_of(self, path: Path) -> str:
        """Return the name under which the database keeps `path`.

        Files inside the storage folder are kept relative, so that the folder can be
        moved; others (the user's own DICOM files) as they are.
        """
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)

    def remove(self, names: Iterable[tuple[str, int]]) -> None:
        """Delete contents from disk; one that is gone already is fine.

        Parameters
        ----------
        names : iterable of (str, int)
            Names as the database holds them, with their sizes. Names outside the
            storage folder are left alone: they are not ours.
        """
        for name, size in names:
            if os.path.isabs(name):
                continue
            path = self.root / name
            if path.exists():
                path.unlink(missing_ok=True)
                self.release(size)

    def clear_incoming(self) -> None:
        """Delete what a station that was killed left half-written on disk."""
        for path in (self.root / "incoming").iterdir():
            path.unlink(missing_ok=True)

    def drop_unknown(self, known: Collection[str]) -> None:
        """Delete contents on disk that no row names; only while nobody writes."""
        for path in (self.root / "blobs").glob("*/*"):
            if self.name_of(path) not in known:
                path.unlink(missing_ok=True)


class Incoming:
    """A file being written; nobody sees it until `keep`."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self._path = path
        self._handle: BinaryIO = path.open("wb")
        self.size = 0

    def write(self, block: bytes) -> None:
        """Append `block` on disk; OSError when it is full."""
        self._disk.charge(len(block))
        self.size += len(block)
        self._handle.write(block)

    def keep(self) -> str:
        """Give the file its place on disk and return the name for the database."""
        self._handle.close()
        target = self._disk.blob()
        os.replace(self._path, target)
        return self._disk.name_of(target)

    def drop(self) -> None:
        """Forget the file, on disk as well."""
        self._handle.close()
        self._path.unlink(missing_ok=True)
        self._disk.release(self.size)


def blocks(path: Path) -> Iterator[bytes]:
    """Read `path` from disk in blocks of 1 MiB."""
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            yield block
