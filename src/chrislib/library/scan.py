"""What dropped or chosen files and folders contain (reads the disk)."""

import filecmp
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from chrislib.desktop.archives import BadArchive, is_archive, unpack
from chrislib.dicom.directory import find_listed, listed_files
from chrislib.dicom.errors import BrokenDicom, NotDicom
from chrislib.dicom.facts import FactReader
from chrislib.dicom.group import FileSeries, group
from chrislib.dicom.header import DicomHeader, read_header
from chrislib.errors import ChrislibError
from chrislib.jobs.model import Unpacking
from chrislib.library.model import LocalScan, LocalSeries, UnreadableFile

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_ABSENT_SHOWN = 200
_CONTENTS = "The table of contents of a disc: not needed on the server."


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
    archives: list[Unpacking] = []
    below: dict[Path, str] = {}
    files = size = 0
    places = list(roots)
    if unpack_into is not None:
        places, archives, unreadable = _unpacked(roots, unpack_into, stop)
    for path, relative, failure in _walk(_with_discs(places, reader)):
        _check(stop)
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
    for header in found.others:
        if header.is_directory:
            unreadable += _absent(header.path)
            unreadable.append(UnreadableFile(str(header.path), _CONTENTS))
        else:
            others.append((str(header.path), below[header.path], header.size))
    return LocalScan(
        title=_title(roots, archives),
        roots=tuple(str(root) for root in roots),
        series=tuple(_local(series, stop) for series in found.series),
        others=tuple(sorted(others, key=lambda other: other[1])),
        unreadable=tuple(unreadable),
        files=files,
        size=size,
        archives=tuple(archives),
    )


def _check(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise ScanStopped("The scan was stopped.", "Nothing was sent.")


def _with_discs(places: Sequence[Path], reader: FactReader) -> list[Path]:
    """Return the places, and with a DICOMDIR that was chosen what it lists (disk)."""
    found: dict[Path, None] = {}
    for place in places:
        found[place] = None
        if place.name.upper().startswith("DICOMDIR") and place.is_file():
            try:
                if read_header(place, reader=reader).is_directory:
                    listed = listed_files(place)
                    files = (find_listed(place.parent, parts) for parts in listed)
                    found.update((file, None) for file in files if file is not None)
            except (BrokenDicom, NotDicom, OSError):
                continue  # read as a file like any other, it says what is wrong
    return list(found)


def _absent(directory: Path) -> list[UnreadableFile]:
    """Return what a DICOMDIR lists and is not there (disk)."""
    try:
        listed = listed_files(directory)
    except BrokenDicom as error:
        return [UnreadableFile(str(directory), error.title)]
    parent = directory.parent
    absent = [parts for parts in listed if find_listed(parent, parts) is None]
    reason = "The disc's table of contents lists it, but it is not there."
    shown = [
        UnreadableFile(str(parent.joinpath(*parts)), reason)
        for parts in absent[:_ABSENT_SHOWN]
    ]
    if len(absent) > _ABSENT_SHOWN:
        rest = f"{len(absent) - _ABSENT_SHOWN:,} more are listed, but not there."
        shown.append(UnreadableFile(str(parent), rest))
    return shown


def _unpacked(
    roots: Sequence[Path], folder: Path, stop: threading.Event | None
) -> tuple[list[Path], list[Unpacking], list[UnreadableFile]]:
    """Return the roots with archives replaced by folders of what they hold."""
    places: list[Path] = []
    archives: list[Unpacking] = []
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
        archives.append(Unpacking(str(root.absolute()), str(place)))
        refused += [
            UnreadableFile(f"{root}/{name}", reason) for name, reason in found.refused
        ]
    return places, archives, refused


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
    given: set[Path] = set()
    several = len(roots) > 1
    for root in roots:
        if not root.is_dir():
            if root not in given:
                given.add(root)
                yield _file(root, root.name)
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
                if path in given:
                    continue  # chosen by itself as well
                given.add(path)
                relative = prefix + path.relative_to(root).as_posix()
                yield _file(path, relative)
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


def _file(path: Path, relative: str) -> tuple[Path, str, str]:
    if not path.exists():
        reason = "The link leads nowhere." if path.is_symlink() else "It is not there."
        return path, relative, reason
    if not path.is_file():
        return path, relative, "It is no ordinary file."
    return path, relative, ""


def _local(series: FileSeries, stop: threading.Event | None) -> LocalSeries:
    first = series.first
    rivals, same = _rivals(series, stop)
    names = tuple(header.patient_name for header in series.headers)
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
        duplicates=same,
        birth_date=first.birth_date,
        sex=first.sex,
        accession_number=first.accession_number,
        study_date_text=first.study_date_text,
        names=names if len(set(names)) > 1 else (),
        rivals=rivals,
    )


def _rivals(
    series: FileSeries, stop: threading.Event | None
) -> tuple[tuple[tuple[str, ...], ...], int]:
    """Return files that claim to be one image and differ, and count mere copies (disk).

    Of each group the newest comes last.
    """
    if not series.duplicates:
        return (), 0
    kept = {header.sop_uid: header for header in series.headers}
    groups: dict[str, list[DicomHeader]] = defaultdict(list)
    same = 0
    for one in series.duplicates:
        _check(stop)
        group_ = groups.get(one.sop_uid) or [kept[one.sop_uid]]
        if any(_equal(one, other) for other in group_):
            same += 1
        else:
            groups[one.sop_uid] = [*group_, one]
    return tuple(
        tuple(str(one.path) for one in sorted(group_, key=_written))
        for group_ in groups.values()
    ), same


def _equal(one: DicomHeader, other: DicomHeader) -> bool:
    try:
        return one.size == other.size and filecmp.cmp(
            one.path, other.path, shallow=False
        )
    except OSError:
        return False


def _written(header: DicomHeader) -> float:
    try:
        return header.path.stat().st_mtime
    except OSError:
        return 0.0


def _title(roots: Sequence[Path], archives: Sequence[Unpacking]) -> str:
    if not roots:
        return "Nothing"
    first = roots[0].name or str(roots[0])
    if any(one.archive == str(roots[0].absolute()) for one in archives):
        first = roots[0].stem
    return first if len(roots) == 1 else f"{first} and {len(roots) - 1} more"


def _reason(error: ChrislibError) -> str:
    if error.title.startswith("This file cannot be read"):
        return f"It cannot be read: {error.detail}"
    return "It is a damaged DICOM file."


def _os_reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "This computer gave no permission to read it."
    return f"{error.strerror or 'It cannot be read'}."
