"""Subjects: what the same recipe is run on, one feed each. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Protocol

from chrislib.feeds.ports import FeedItem
from chrislib.feeds.title_marks import filled

GROUPINGS = (
    ("series", "series"),
    ("study", "study"),
    ("patient", "patient"),
    ("item", "item"),
)
"""What becomes a row: key and word."""


class SubjectItem(FeedItem, Protocol):
    """A library item, as far as rows are made of it."""

    @property
    def patient_id(self) -> str:
        """DICOM Patient ID."""

    @property
    def patient_name(self) -> str:
        """DICOM Patient's Name, as it stands there."""

    @property
    def study_uid(self) -> str:
        """DICOM Study Instance UID."""

    @property
    def study_date(self) -> date | None:
        """DICOM Study Date."""

    @property
    def study_description(self) -> str:
        """DICOM Study Description."""

    @property
    def accession_number(self) -> str:
        """DICOM Accession Number."""

    @property
    def series_uid(self) -> str:
        """DICOM Series Instance UID."""

    @property
    def series_description(self) -> str:
        """DICOM Series Description."""


class Here(Enum):
    """The state of what a table names by its place in the storage."""

    READY = "ready"


@dataclass(frozen=True, slots=True)
class PathItem:
    """A file or folder of the server's storage that a table names."""

    path: str
    item_id: str = ""
    state: Here = Here.READY
    patient_id: str = ""
    patient_name: str = ""
    study_uid: str = ""
    study_date: date | None = None
    study_description: str = ""
    accession_number: str = ""
    series_uid: str = ""
    series_description: str = ""

    @property
    def title(self) -> str:
        """The last part of the path."""
        return self.path.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Subject:
    """One row: its data, and the words its feed can be named by.

    Attributes
    ----------
    title, detail : str
        What it is called, and what tells it from others of that name.
    patient_name : str
        As it stands in the data; "" where it is no patient's.
    marks : mapping
        Words for the pattern of titles: "study", "date", a column of a table.
    problem : str
        Why nothing can be run on it, "" else.
    """

    title: str
    detail: str
    items: tuple[SubjectItem, ...]
    patient_name: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def subjects_of(items: Sequence[SubjectItem], by: str) -> list[Subject]:
    """Return a subject for each item, series, study or patient, in their order.

    What is no image belongs to no series: each such item is a subject of its own.
    """
    groups: dict[tuple[str, ...], list[SubjectItem]] = {}
    for item in items:
        groups.setdefault(_key(item, by), []).append(item)
    return [_subject(group, by) for group in groups.values()]


def _key(item: SubjectItem, by: str) -> tuple[str, ...]:
    if by == "series" and item.series_uid:
        return ("series", item.series_uid)
    if by == "study" and item.study_uid:
        return ("study", item.study_uid)
    if by == "patient" and (item.patient_id or item.patient_name):
        return ("patient", item.patient_id, item.patient_name)
    return ("item", str(item.item_id) or item.path)


def _subject(items: Sequence[SubjectItem], by: str) -> Subject:
    first = items[0]
    patient = first.patient_name or first.patient_id
    detail = first.patient_id if patient else ""
    if by == "study" and first.study_date is not None:
        detail = first.study_date.isoformat()
    return Subject(
        title=plain_name(first.patient_name) or first.patient_id or first.title,
        detail=detail,
        items=tuple(items),
        patient_name=first.patient_name,
        marks=marks_of(items),
    )


def marks_of(items: Sequence[SubjectItem]) -> dict[str, str]:
    """Return the words for patterns that data gives."""
    first = items[0]
    day = first.study_date
    data = first.series_description or first.title
    if len(items) > 1:
        data = first.study_description or f"{len(items)} items"
    return {
        "patient": plain_name(first.patient_name),
        "id": first.patient_id,
        "study": first.study_description,
        "date": day.isoformat() if day is not None else "",
        "series": first.series_description,
        "accession": first.accession_number,
        "data": data,
    }


def plain_name(name: str) -> str:
    """Return a DICOM person name as plain words: "Doe^Jane" is "Doe Jane"."""
    return " ".join(name.partition("=")[0].replace("^", " ").split())


def fill_marks(pattern: str, marks: Mapping[str, str], number: int) -> str:
    """Return a pattern with its marks replaced; unknown ones stay as typed.

    Parameters
    ----------
    marks : mapping
        Word in braces to what takes its place; small letters.
    number : int
        What {n} is; {n:3} has at least three digits.
    """
    return _tidy(filled(pattern, number, marks.get))


def _tidy(text: str) -> str:
    """Take away what an empty mark leaves behind: doubled blanks, lone commas."""
    text = re.sub(r"\s+,", ",", re.sub(r"(?:,\s*){2,}", ", ", text))
    return " ".join(text.split()).strip(" ,-·")
