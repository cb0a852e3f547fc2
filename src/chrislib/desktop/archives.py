"""ZIP files opened without harm: nothing outside the folder, nothing without end."""

import errno
import os
import shutil
import stat as modes
import threading
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from chrislib.errors import ChrislibError

MOST_FILES = 500_000
MOST_BYTES = 200 << 30
"""What all files of an archive may come to, unpacked."""
_LARGEST_RATIO = 200
"""Unpacked to packed; pictures of nothing but black reach some 100."""
_HARMLESS = 64 << 20
"""Bytes below which the ratio does not matter."""
_PIECE = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BadArchive(ChrislibError):
    """An archive that is not unpacked; nothing of it was kept."""


@dataclass(slots=True)
class Unpacked:
    """What came out of an archive, and what did not, and why."""

    files: list[Path] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP archive (reads its end)."""
    try:
        return zipfile.is_zipfile(path)
    except OSError:
        return False


def unpack(
    path: Path, folder: Path, *, stop: threading.Event | None = None
) -> Unpacked:
    """Unpack a ZIP archive into a folder of its own (disk; call it in a thread).

    Members that would land elsewhere, links, encrypted and damaged ones are refused,
    each with a reason; archives within are left as they are.

    Parameters
    ----------
    path : Path
        The archive.
    folder : Path
        Where to; made when missing.
    stop : threading.Event, optional
        Ends it when set; what was unpacked until then is there.

    Raises
    ------
    BadArchive
        It is no archive, it is not there, or it would fill the disk.
    """
    found = Unpacked()
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _refuse_bombs(members, path, folder)
            folder.mkdir(parents=True, exist_ok=True)
            left = min(MOST_BYTES, _ratio_limit(path))
            for member, target in _safe(members, folder, found):
                if stop is not None and stop.is_set():
                    break
                left -= _write(archive, member, target, left=left, found=found)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            raise _no_room() from error
        if isinstance(error, FileNotFoundError):
            raise BadArchive(
                "This archive is not there any more.",
                "What it holds cannot be sent.",
                hint="Put it back where it was, then retry.",
            ) from error
        raise BadArchive(
            "This archive cannot be opened.",
            "It is damaged, or no ZIP archive. Nothing of it was taken.",
            hint="Fetch it again, or unpack it yourself and drop the folder.",
        ) from error
    return found


def _refuse_bombs(members: list[zipfile.ZipInfo], path: Path, folder: Path) -> None:
    claimed = sum(member.file_size for member in members)
    if len(members) > MOST_FILES or claimed > min(MOST_BYTES, _ratio_limit(path)):
        raise BadArchive(
            "This archive would unpack to far more than it holds.",
            f"It claims {len(members)} files and {claimed} bytes. It was not unpacked.",
            hint="If you trust it, unpack it yourself and drop the folder.",
        )
    place = folder
    while not place.exists():
        place = place.parent
    if claimed > shutil.disk_usage(place).free:
        raise _no_room()


def _no_room() -> BadArchive:
    return BadArchive(
        "There is no room on this computer to unpack this archive.",
        "It was not unpacked.",
        hint="Make room on the disk, then try again.",
    )


def _ratio_limit(path: Path) -> int:
    return max(_HARMLESS, path.stat().st_size * _LARGEST_RATIO)


def _safe(
    members: list[zipfile.ZipInfo], folder: Path, found: Unpacked
) -> Iterator[tuple[zipfile.ZipInfo, Path]]:
    """Yield the members that may be written, and where."""
    taken: set[str] = set()
    for member in members:
        if member.is_dir():
            continue
        reason = _reason_against(member)
        target = folder / PurePosixPath(member.filename)
        if not reason and os.path.normcase(target) in taken:
            reason = "Another file of the archive has the same name."
        if reason:
            found.refused.append((member.filename, reason))
            continue
        taken.add(os.path.normcase(target))
        yield member, target


def _reason_against(member: zipfile.ZipInfo) -> str:
    name = member.filename
    windows = PureWindowsPath(name)
    if (
        not name.strip("/")
        or "\0" in name
        or name.startswith("/")
        or windows.drive
        or windows.root
        or ".." in windows.parts
    ):
        return "Its name leads out of the archive."
    if modes.S_IFMT(member.external_attr >> 16) not in (0, modes.S_IFREG):
        return "It is a link or no ordinary file."
    if member.flag_bits & 1:
        return "It is encrypted."
    return ""


def _write(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    target: Path,
    *,
    left: int,
    found: Unpacked,
) -> int:
    """Write one member; return its bytes. What it claims is not believed."""
    written = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, target.open("xb") as sink:
            while piece := source.read(_PIECE):
                written += len(piece)
                if written > left:
                    found.refused.append(
                        (member.filename, "It unpacks to far more than it claims.")
                    )
                    break
                sink.write(piece)
            else:
                found.files.append(target)
                return written
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        found.refused.append((member.filename, "It is damaged."))
    except (FileExistsError, NotADirectoryError):
        reason = "Another file of the archive has the same name."
        found.refused.append((member.filename, reason))
        return written
    target.unlink(missing_ok=True)
    return written
