"""Walks folders quickly and finds an end in every tangle of links."""

import os
import stat as modes
import sys
from collections.abc import Iterator
from typing import NamedTuple

from chrislib.catalog.index_rows import Stat

_LITTER = frozenset({b".DS_Store", b"Thumbs.db", b"desktop.ini"})
_LITTER_BEGINS = frozenset(b".Td")
_WINDOWS = sys.platform == "win32"
_AT_ONCE = 8192
"""Files of one folder that are told at once."""


class Folder(NamedTuple):
    """A folder, or part of a large one.

    Attributes
    ----------
    path : bytes
    files : list of Stat
        Its ordinary files; what links lead to counts as what it is.
    problems : list of (bytes, str)
        Paths that cannot be read, and why.
    closed : bool
        The folder itself could not be listed.
    part : bool
        Other parts of the same folder come before or after.
    """

    path: bytes
    files: list[Stat]
    problems: list[tuple[bytes, str]]
    closed: bool = False
    part: bool = False


def walk(root: bytes) -> Iterator[Folder]:  # noqa: C901, PLR0912
    """Yield a root and every folder below it (disk).

    Links are followed; a link to a folder that is walked anyway, or was, is not.
    """
    if not os.path.isdir(root):
        yield _single(root)
        return
    # One loop: a call for each file would cost a third of the time.
    walked = {_real(root)}
    waiting = [root]
    while waiting:
        path = waiting.pop()
        try:
            entries = os.scandir(path)
        except OSError as error:
            yield Folder(path, [], [(path, os_reason(error))], closed=True)
            continue
        files: list[Stat] = []
        problems: list[tuple[bytes, str]] = []
        part = False
        add = files.append
        with entries:
            for entry in entries:
                name = entry.name
                try:
                    if entry.is_file(follow_symlinks=False) and not _WINDOWS:
                        found = entry.stat()
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    elif entry.is_dir():
                        if _enter(entry.path, walked):
                            waiting.append(entry.path)
                        continue
                    else:
                        # Windows tells the inode only when the file is asked itself
                        found = os.stat(entry.path)
                        if not modes.S_ISREG(found.st_mode):
                            problems.append((entry.path, "It is no ordinary file."))
                            continue
                except OSError as error:
                    problems.append((entry.path, _link_reason(entry, error)))
                    continue
                if name[0] in _LITTER_BEGINS and (name in _LITTER or name[:2] == b"._"):
                    continue
                add((name, found.st_size, found.st_mtime_ns, found.st_ino))
                if len(files) >= _AT_ONCE:
                    part = True
                    yield Folder(path, files, problems, part=True)
                    files, problems = [], []
                    add = files.append
        yield Folder(path, files, problems, part=part)


def _single(path: bytes) -> Folder:
    folder, name = os.path.split(path)
    try:
        found = os.stat(path)
    except OSError as error:
        return Folder(folder, [], [(path, os_reason(error))], part=True)
    if not modes.S_ISREG(found.st_mode):
        return Folder(folder, [], [(path, "It is no ordinary file.")], part=True)
    stat = (name, found.st_size, found.st_mtime_ns, found.st_ino)
    return Folder(folder, [stat], [], part=True)


def _real(path: bytes) -> bytes:
    return os.path.realpath(path)


def _enter(path: bytes, walked: set[bytes]) -> bool:
    """Whether a link leads to a folder that would not be walked otherwise."""
    target = _real(path)
    if any(_within(target, one) or _within(one, target) for one in walked):
        return False
    walked.add(target)
    return True


def _within(path: bytes, folder: bytes) -> bool:
    separator = os.sep.encode()
    return path == folder or path.startswith(folder.rstrip(separator) + separator)


def _link_reason(entry: "os.DirEntry[bytes]", error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and entry.is_symlink():
        return "The link leads nowhere."
    if entry.is_symlink() and not isinstance(error, PermissionError):
        return "The link leads in a circle."
    return os_reason(error)


def os_reason(error: OSError) -> str:
    """Return what the system said, in words for people."""
    if isinstance(error, PermissionError):
        return "This computer gave no permission to read it."
    if isinstance(error, FileNotFoundError):
        return "It is not there."
    return f"{error.strerror or 'It cannot be read'}."
