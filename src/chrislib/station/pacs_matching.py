"""Attribute matching of a C-FIND (DICOM PS3.4, C.2.2.2), on plain texts."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from chrislib.station.pacs_archive import Series, Study

_PATIENT_STUDY_KEYS = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientAge",
    "PatientSex",
    "StudyDate",
    "AccessionNumber",
    "StudyDescription",
    "StudyInstanceUID",
)
_SERIES_KEYS = (
    "Modality",
    "SeriesDate",
    "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesNumber",
    "ProtocolName",
    "PerformedStationAETitle",
    "BodyPartExamined",
)
_DATES = {"PatientBirthDate", "StudyDate", "SeriesDate"}
_UIDS = {"StudyInstanceUID", "SeriesInstanceUID"}
_EARLIEST, _LATEST = "00000000", "99999999"


def matching(studies: Iterable[Study], query: Mapping[str, str]) -> list[Study]:
    """Return the studies that a query matches.

    Parameters
    ----------
    studies : iterable of Study
        Everything there is.
    query : mapping of str to str
        DICOM keyword to matching text. Unknown keywords are ignored, as the
        lookup service does; an empty text matches everything.

    Returns
    -------
    list of Study
        Each with its matching series only; a study none of whose series matches
        is left out.
    """
    asked = {key: value.strip() for key, value in query.items() if value.strip()}
    modalities = asked.get("ModalitiesInStudy", "")
    found: list[Study] = []
    for study in studies:
        if not all(
            attribute_matches(key, study.tags.get(key, ""), asked[key])
            for key in _PATIENT_STUDY_KEYS
            if key in asked
        ):
            continue
        if modalities and not any(
            attribute_matches("Modality", series.tags.get("Modality", ""), modalities)
            for series in study.series
        ):
            continue
        series = tuple(item for item in study.series if _series_matches(item, asked))
        if series:
            found.append(Study(study.uid, study.tags, series))
    return found


def attribute_matches(keyword: str, value: str, wanted: str) -> bool:
    """Say whether one attribute of the archive matches one text of a query.

    Several values separated by backslashes are alternatives. Names and texts
    compare without regard to case and to how an accent is composed; a name
    matches as a whole or by one of its component groups (alphabetic,
    ideographic, phonetic).
    """
    if not wanted.strip():
        return True
    alternatives = [part.strip() for part in wanted.split("\\") if part.strip()]
    return any(_matches_one(keyword, value, part) for part in alternatives)


def _matches_one(keyword: str, value: str, wanted: str) -> bool:
    if keyword in _UIDS:
        return value == wanted
    if keyword in _DATES:
        return date_matches(value, wanted)
    if keyword == "PatientName":
        pattern = _pattern(_bare_name(wanted))
        groups = [value, *value.split("=")]
        return any(pattern.fullmatch(_folded(_bare_name(group))) for group in groups)
    if set(wanted) == {"*"}:
        return True
    return _pattern(wanted).fullmatch(_folded(value)) is not None


def date_matches(value: str, wanted: str) -> bool:
    """Match a DICOM date, which may be partial or missing, with a date or range.

    A partial date (``196103``) stands for every day it may mean. A missing one
    matches nothing, because nobody can tell.
    """
    value = value.strip()
    if set(wanted) == {"*"}:
        return True
    if not value.isdigit() or len(value) > 8:
        return False
    first = value + _EARLIEST[len(value) :]
    last = value + _LATEST[len(value) :]
    start, dash, end = wanted.partition("-")
    start, end = start.strip(), end.strip()
    if not dash:
        if not start.isdigit() or len(start) > 8:
            return _pattern(wanted).fullmatch(value) is not None
        end = start
    if any(part and (not part.isdigit() or len(part) > 8) for part in (start, end)):
        return False
    low = start + _EARLIEST[len(start) :]
    high = (end or _LATEST) + _LATEST[len(end or _LATEST) :]
    return first <= high and last >= low


def _series_matches(series: Series, asked: Mapping[str, str]) -> bool:
    return all(
        attribute_matches(key, series.tags.get(key, ""), asked[key])
        for key in _SERIES_KEYS
        if key in asked
    )


def _bare_name(text: str) -> str:
    """Return a person name without the empty components at its end."""
    return text.rstrip("^= ")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


@lru_cache(maxsize=256)
def _pattern(wanted: str) -> re.Pattern[str]:
    parts = (
        ".*" if char == "*" else "." if char == "?" else re.escape(char)
        for char in _folded(wanted)
    )
    return re.compile("".join(parts), re.DOTALL)
