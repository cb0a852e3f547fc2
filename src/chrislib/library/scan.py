"""What dropped or chosen files and folders contain (reads the disk)."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from chrislib.dicom.errors import BrokenDicom, NotDicom
from chrislib.dicom.facts import FactReader
from chrislib.dicom.group import FileSeries, group
from chrislib.dicom.header import DicomHeader, read_header
from chrislib.errors import ChrislibError
from chrislib.desktop.archives import BadArchive, is_archive, unpack
from chrislib.library.model import LocalScan, LocalSeries, UnreadableFile

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


class ScanStopped(ChrislibError):
    """A scan was stopped by the person who began it."""


def scan(
    roots: Sequence[Path],
    *,
    progress: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
    unpack_into: Path | None = None,
) -> LocalScan:
    """Read the headers of all files below `roots` (disk; call it in a thread).

    Parameters
    ----------
    roots : sequence of Path
        Files and folders. Links are followed once; loops end by themselves.
    progress : callable, optional
        Gets the number of files looked at, in this thread.
    stop : threading.Event, optional
        Ends the scan when set.
    unpack_into : Path, optional
        Where ZIP archives among `roots` are unpacked; the caller removes it when their
        files were sent. Without it an archive is a file like any other.

    Raises
    ------
    ScanStopped
        `stop` was set.
    """
    reader = FactReader()
    headers: list[DicomHeader] = []
    others: list[tuple[str, str, int]] = []
    unreadable: list[UnreadableFile] = []
    below: dict[Path, str] = {}
    files = size = 0
    places = list(roots)
    if unpack_into is not None:
        places, unreadable = _unpacked(roots, unpack_into, stop)
    for path, relative, failure in _walk(places):
        if stop is not None and stop.is_set():
            raise ScanStopped("The scan was stopped.", "Nothing was sent.")
        if failure:
            unreadable.append(UnreadableFile(str(path), failure))
            continue
        files += 1
        try:
            bytes_ = path.stat().st_size
            size += bytes_
            header = read_header(path, reader=reader)
            headers.append(header)
            below[header.path] = relative
        except NotDicom:
            others.append((str(path), relative, bytes_))
        except BrokenDicom as error:
            unreadable.append(UnreadableFile(str(path), _reason(error)))
        except OSError as error:
            unreadable.append(UnreadableFile(str(path), _os_reason(error)))
        if progress is not None:
            progress(files)
    found = group(headers)
    others += [
        (str(header.path), below[header.path], header.size) for header in found.others
    ]
    return LocalScan(
        title=_title(roots),
        roots=tuple(str(root) for root in roots),
        series=tuple(_local(series) for series in found.series),
        others=tuple(sorted(others, key=lambda other: other[1])),
        unreadable=tuple(unreadable),
        files=files,
        size=size,
    )


def _unpacked(
    roots: Sequence[Path], folder: Path, stop: threading.Event | None
) -> tuple[list[Path], list[UnreadableFile]]:
    """Return the roots with archives replaced by folders of what they hold."""
    places: list[Path] = []
    refused: list[UnreadableFile] = []
    for number, root in enumerate(roots):
        if not root.is_file() or not is_archive(root):
            places.append(root)
            continue
        place = folder / str(number) / root.stem
        try:
            found = unpack(root, place, stop=stop)
        except BadArchive as error:
            reason = f"{error.title} {error.detail}"
            refused.append(UnreadableFile(str(root), reason))
            continue
        places.append(place)
        refused += [
            UnreadableFile(f"{root}/{name}", reason) for name, reason in found.refused
        ]
    return places, refused


def only(
    found: LocalScan, *, series: Iterable[int], others: Iterable[str]
) -> LocalScan:
    """Return the part of a scan that is to be sent.

    Parameters
    ----------
    found : LocalScan
        All of it.
    series : iterable of int
        Places in ``found.series``.
    others : iterable of str
        Local paths of other files.
    """
    places, kept_others = set(series), set(others)
    kept = tuple(one for at, one in enumerate(found.series) if at in places)
    rest = tuple(other for other in found.others if other[0] in kept_others)
    return replace(
        found,
        series=kept,
        others=rest,
        files=sum(len(one.files) for one in kept) + len(rest),
        size=sum(one.size for one in kept) + sum(other[2] for other in rest),
    )


def _walk(roots: Sequence[Path]) -> Iterator[tuple[Path, str, str]]:
    """Yield (file, path below the drop, what is wrong with it or "")."""
    seen: set[tuple[int, int]] = set()
    several = len(roots) > 1
    for root in roots:
        if not root.is_dir():
            yield _file(root, root.name, seen)
            continue
        problems: list[OSError] = []
        prefix = f"{root.name}/" if several else ""
        for folder, folders, names in os.walk(
            root, onerror=problems.append, followlinks=True
        ):
            folders[:] = sorted(
                name for name in folders if _enter(Path(folder, name), seen)
            )
            for name in sorted(names):
                if name in _LITTER or name.startswith("._"):
                    continue
                path = Path(folder, name)
                relative = prefix + path.relative_to(root).as_posix()
                yield _file(path, relative, seen)
        for problem in problems:
            yield Path(problem.filename or root), "", _os_reason(problem)


def _enter(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether a folder was not walked before; a link may lead back up."""
    try:
        facts = folder.stat()
    except OSError:
        return True  # os.walk reports it
    key = (facts.st_dev, facts.st_ino)
    if key in seen:
        return False
    seen.add(key)
    return not any(
        os.path.samefile(folder, parent)
        for parent in folder.parents
        if folder.is_symlink()
    )


def _file(
    path: Path, relative: str, seen: set[tuple[int, int]]
) -> tuple[Path, str, str]:
    if not path.exists():
        reason = "The link leads nowhere." if path.is_symlink() else "It is not there."
        return path, relative, reason
    if not path.is_file():
        return path, relative, "It is no ordinary file."
    return path, relative, ""


def _local(series: FileSeries) -> LocalSeries:
    first = series.first
    return LocalSeries(
        patient_id=series.patient_id,
        patient_name=first.patient_name,
        study_uid=series.study_uid,
        study_date=first.study_date,
        study_description=first.study_description,
        series_uid=series.series_uid,
        description=first.series_description,
        modality=first.modality,
        files=tuple(str(header.path) for header in series.headers),
        size=series.size,
        missing=series.missing,
        duplicates=len(series.duplicates),
        birth_date=first.birth_date,
        sex=first.sex,
        accession_number=first.accession_number,
        study_date_text=first.study_date_text,
    )


def _title(roots: Sequence[Path]) -> str:
    if not roots:
        return "Nothing"
    first = roots[0].name or str(roots[0])
    return first if len(roots) == 1 else f"{first} and {len(roots) - 1} more"


def _reason(error: ChrislibError) -> str:
    if error.title.startswith("This file cannot be read"):
        return f"It cannot be read: {error.detail}"
    return "It is a damaged DICOM file."


def _os_reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "This computer gave no permission to read it."
    return f"{error.strerror or 'It cannot be read'}."
