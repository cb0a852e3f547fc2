"""A DICOMDIR: the table of contents of a disc or of a folder made like one (PS3.10)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chrislib.dicom.errors import BrokenDicom
from chrislib.dicom.reading import quiet

_MOST = 500_000


def listed_files(path: Path) -> tuple[tuple[str, ...], ...]:
    """Return the files a DICOMDIR lists, as their parts below its folder (disk).

    Parts that lead out of the folder are left out.

    Raises
    ------
    BrokenDicom
        It cannot be read.
    """
    import pydicom  # it takes long to load, and few discs are read

    try:
        with quiet():
            records = pydicom.dcmread(path, force=True).get("DirectoryRecordSequence")
            names = [_parts(record.get("ReferencedFileID")) for record in records or ()]
    except Exception as error:
        raise BrokenDicom(
            "What it lists is not known; the files beside it are read all the same.",
            title="The table of contents of this disc (DICOMDIR) is damaged.",
        ) from error
    return tuple(name for name in names[:_MOST] if name)


def find_listed(folder: Path, parts: Sequence[str]) -> Path | None:
    """Return the file a disc lists (disk), None when it is not there.

    Systems show the names of discs in small letters or with a version (``;1``).
    """
    place = folder
    for part in parts:
        exact = place / part
        place = exact if exact.exists() else _alike(place, part)
    return place if place != folder and place.is_file() else None


def _alike(folder: Path, name: str) -> Path:
    wanted = _plain(name)
    try:
        found = [one for one in folder.iterdir() if _plain(one.name) == wanted]
    except OSError:
        found = []
    return found[0] if found else folder / name


def _plain(name: str) -> str:
    return name.partition(";")[0].rstrip(".").casefold()


def _parts(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    several = (value,) if isinstance(value, str) else tuple(value)
    parts = tuple(str(part).strip() for part in several)
    if any(part in ("", ".", "..") or "/" in part or "\\" in part for part in parts):
        return ()
    return parts
