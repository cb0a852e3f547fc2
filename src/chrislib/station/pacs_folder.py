"""A folder of the user's own DICOM files as the archive behind the PACS."""

import logging
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from chrislib.station.pacs_archive import Series, Study
from chrislib.station.pacs_matching import matching

log = logging.getLogger(__name__)

_STUDY_TAGS = (
    *("SpecificCharacterSet", "PatientID", "PatientName", "PatientBirthDate"),
    *("PatientSex", "PatientAge", "StudyInstanceUID", "StudyDate", "StudyTime"),
    *("StudyDescription", "AccessionNumber"),
)
_SERIES_TAGS = (
    *("Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription"),
    *("SeriesDate", "ProtocolName", "BodyPartExamined", "PerformedStationAETitle"),
)
_READ = [*_STUDY_TAGS, *_SERIES_TAGS, "SOPInstanceUID", "InstanceNumber"]


@dataclass(frozen=True, slots=True)
class _Image:
    path: Path
    sop_uid: str
    number: int
    study: Mapping[str, str]
    series: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    stamp: tuple[int, int]
    image: _Image | None


class FolderArchive:
    """Finds studies in a folder by reading the headers of its files.

    Files that are not DICOM, or that cannot be read, are skipped and counted. Only
    what is new or changed since the last query is read again.

    Parameters
    ----------
    folder : Path
        Searched with everything below it; links to folders are not followed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: dict[Path, _Seen] = {}
        self.skipped = 0

    def find(self, query: Mapping[str, str]) -> list[Study]:
        """Return the matching studies (reads disk)."""
        return matching(self._studies(self._images()), query)

    def images(self, series_uid: str) -> Iterator[tuple[str, bytes]]:
        """Yield the files of a series as they are (reads disk)."""
        wanted = [
            image
            for image in self._images()
            if image.series["SeriesInstanceUID"] == series_uid
        ]
        for image in sorted(wanted, key=lambda item: (item.number, item.sop_uid)):
            try:
                content = image.path.read_bytes()
            except OSError:
                log.warning("A file of the DICOM folder went away during a pull.")
                continue
            yield image.sop_uid, content

    def _images(self) -> list[_Image]:
        with self._lock:
            found: dict[Path, _Seen] = {}
            for path in self._files():
                try:
                    status = path.stat()
                except OSError:
                    continue
                stamp = (status.st_mtime_ns, status.st_size)
                known = self._seen.get(path)
                if known is None or known.stamp != stamp:
                    known = _Seen(stamp, _read(path))
                found[path] = known
            self._seen = found
            unique: dict[str, _Image] = {}
            for seen in found.values():
                if seen.image is not None:
                    unique.setdefault(seen.image.sop_uid, seen.image)
            skipped = sum(seen.image is None for seen in found.values())
            if skipped != self.skipped:
                log.warning("%d files of the DICOM folder cannot be used", skipped)
            self.skipped = skipped
            return list(unique.values())

    def _files(self) -> Iterator[Path]:
        for parent, folders, names in os.walk(self._folder):
            folders.sort()
            for name in sorted(names):
                yield Path(parent) / name

    def _studies(self, images: list[_Image]) -> list[Study]:
        by_study: dict[str, dict[str, list[_Image]]] = {}
        for image in images:
            series = by_study.setdefault(image.study["StudyInstanceUID"], {})
            series.setdefault(image.series["SeriesInstanceUID"], []).append(image)
        studies = [
            Study(
                uid,
                next(iter(groups.values()))[0].study,
                tuple(
                    sorted(
                        (
                            Series(series_uid, members[0].series, len(members))
                            for series_uid, members in groups.items()
                        ),
                        key=_series_order,
                    )
                ),
            )
            for uid, groups in by_study.items()
        ]
        return sorted(
            studies,
            key=lambda study: (
                study.tags.get("PatientID", ""),
                study.tags.get("StudyDate", ""),
            ),
        )


def _series_order(series: Series) -> tuple[int, str]:
    return _number(series.tags.get("SeriesNumber", "")), series.uid


def _read(path: Path) -> _Image | None:
    """Return what a query needs of a file on disk, None if it is of no use."""
    try:
        dataset = dcmread(path, stop_before_pixels=True, specific_tags=list(_READ))
        study = _texts(dataset, _STUDY_TAGS)
        series = _texts(dataset, _SERIES_TAGS)
        sop_uid = str(dataset.get("SOPInstanceUID") or "")
        number = _number(str(dataset.get("InstanceNumber") or ""))
    except InvalidDicomError:
        return None
    except Exception:  # a broken file can fail in any way it likes
        log.debug("a file of the DICOM folder is broken", exc_info=True)
        return None
    complete = (
        sop_uid and study.get("StudyInstanceUID") and series.get("SeriesInstanceUID")
    )
    return _Image(path, sop_uid, number, study, series) if complete else None


def _texts(dataset: Dataset, keywords: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for keyword in keywords:
        value = dataset.get(keyword)
        if value is None or value == "":
            continue
        multiple = not isinstance(value, str) and hasattr(value, "__iter__")
        if multiple and keyword != "PatientName":
            text = "\\".join(str(part) for part in value)
        else:
            text = str(value)
        # A NUL or a lone surrogate would not survive JSON and paths.
        text = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
        if text.strip():
            found[keyword] = text.strip()
    return found


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 1 << 31
