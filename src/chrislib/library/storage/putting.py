"""Files of this computer into one folder of the server: what goes where."""

import os
from dataclasses import dataclass
from pathlib import Path

from chrislib.errors import ChrislibError
from chrislib.jobs.model import UploadFile, UploadIntent
from chrislib.library import words
from chrislib.library.upload import safe_name

_MOST = 100_000


@dataclass(frozen=True, slots=True)
class PutPlan:
    """The upload, and how many files or folders got another name than theirs."""

    intent: UploadIntent
    renamed: int


def put_plan(paths: list[Path], *, folder: str, taken: set[str]) -> PutPlan:
    """Return where local files go below `folder` (disk: names and sizes).

    Folders keep what is in them in place; links are not followed, so loops end.

    Parameters
    ----------
    taken : set of str
        Names in the folder: a server would store a second file under a name that
        nobody chose (cube-api.md, trap 15).

    Raises
    ------
    ChrislibError
        There is no readable file, or far too many.
    """
    used = {name.casefold() for name in taken}
    files: list[UploadFile] = []
    renamed = 0
    for path in paths:
        name = _free(safe_name(path.name), used)
        used.add(name.casefold())
        renamed += name != path.name
        if path.is_dir():
            files += _inside(path, f"{folder}/{name}")
        elif path.is_file():
            size = path.stat().st_size
            files.append(UploadFile(str(path), f"{folder}/{name}", size))
        if len(files) > _MOST:
            raise ChrislibError(
                f"These are more than {_MOST:,} files.",
                "Nothing was sent.",
                hint="Send them folder by folder.",
            )
    if not files:
        raise ChrislibError(
            "There is nothing to send.",
            "No readable file was found. Nothing was sent.",
            hint="Choose other files or folders.",
        )
    title = paths[0].name if len(paths) == 1 else words.count(len(files), "file")
    return PutPlan(
        UploadIntent(folder=folder, files=tuple(files), title=title), renamed
    )


def _inside(top: Path, place: str) -> list[UploadFile]:
    found: list[UploadFile] = []
    for parent, folders, names in os.walk(top):
        folders.sort()
        below = Path(parent).relative_to(top).parts
        inner = "/".join([place, *(safe_name(part) for part in below)])
        used: set[str] = set()
        for name in sorted(names):
            local = Path(parent, name)
            if local.is_symlink() or not local.is_file():
                continue
            free = _free(safe_name(name), used)
            used.add(free.casefold())
            found.append(
                UploadFile(str(local), f"{inner}/{free}", local.stat().st_size)
            )
        if len(found) > _MOST:
            return found
    return found


def _free(name: str, used: set[str]) -> str:
    stem, dot, ending = name.partition(".")
    number, free = 1, name
    while free.casefold() in used:
        number += 1
        free = f"{stem}-{number}{dot}{ending}"
    return free
