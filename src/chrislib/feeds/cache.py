"""Files fetched to be looked at: a folder of limited size that may be deleted."""

import contextlib
import hashlib
import logging
import os
import re
from pathlib import Path

_log = logging.getLogger(__name__)

_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SUFFIX = re.compile(r"(\.nii\.gz|\.tar\.gz|\.[A-Za-z0-9]{1,8})$")


def safe_name(name: str) -> str:
    """Return a name that is a plain file name on every system, ending kept."""
    suffix_match = _SUFFIX.search(name)
    suffix = suffix_match.group(1) if suffix_match else ""
    stem = name[: len(name) - len(suffix)] if suffix else name
    stem = _SAFE.sub("_", stem).strip("._-") or "file"
    # a leading letter keeps reserved device names (CON, NUL, COM1) harmless
    return f"f_{stem[:80]}{suffix}"


class PreviewCache:
    """Where previews are kept, by server, file and size; oldest go first.

    Parameters
    ----------
    folder : Path
        The folder; made when it is first needed.
    limit : int
        Bytes; after each addition the least recently used files go until it fits.
    """

    def __init__(self, folder: Path, *, limit: int = 2_000_000_000) -> None:
        self._folder = folder
        self._limit = limit

    def place(self, server: str, file_id: int, *, name: str, size: int | None) -> Path:
        """Return where a file is or would be kept."""
        key = hashlib.sha256(f"{server}|{file_id}|{name}|{size}".encode()).hexdigest()
        return self._folder / key[:2] / key[2:18] / safe_name(name)

    def has(self, place: Path, size: int | None) -> bool:
        """Whether the file is there in full (disk); marks it as just used."""
        try:
            found = place.stat()
        except OSError:
            return False
        if size is not None and found.st_size != size:
            return False
        with contextlib.suppress(OSError):
            os.utime(place)
        return True

    def start(self, place: Path) -> Path:
        """Make the folder (disk) and return where to write until it is complete."""
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return place.with_name(place.name + ".part")

    def finish(self, part: Path, place: Path) -> None:
        """Put a complete file in its place and make room (disk)."""
        part.replace(place)
        self._shrink(keep=place)

    def _shrink(self, *, keep: Path) -> None:
        files: list[tuple[float, int, Path]] = []
        for path in self._folder.rglob("*"):
            try:
                if path.is_file():
                    found = path.stat()
                    files.append((found.st_mtime, found.st_size, path))
            except OSError:
                continue
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files, key=lambda row: row[0]):
            if total <= self._limit:
                return
            if path == keep or path.name.endswith(".part"):
                continue
            try:
                path.unlink()
            except OSError as error:
                _log.info("a cached preview could not be removed: %s", error)
                continue
            with contextlib.suppress(OSError):
                path.parent.rmdir()
            total -= size
