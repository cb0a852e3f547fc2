"""The columns of the list: heads, widths, and the words of their cells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chrislib.library.dates import show_age, show_day, show_time
from chrislib.library.mine.model import Column, Level, Row
from chrislib.library.names import clean, isolate, show_full_name
from chrislib.library.words import size
from chrislib.views.library.mine import words
from chrislib.views.library.mine.paint import LABEL_WORDS, flag_words


@dataclass(frozen=True, slots=True)
class Head:
    """A column of the list; `width` px at text size 1."""

    text: str
    width: int
    numeric: bool = False


HEADS: Mapping[Column, Head] = {
    Column.TITLE: Head("Name", 300),
    Column.NAME: Head("Patient", 140),
    Column.PATIENT_ID: Head("Patient ID", 110),
    Column.SEX: Head("Sex", 48),
    Column.BIRTH_DATE: Head("Born", 92),
    Column.AGE: Head("Age", 60, numeric=True),
    Column.STUDY: Head("Study", 180),
    Column.STUDY_DATE: Head("Study date", 96),
    Column.ACCESSION: Head("Accession", 110),
    Column.MODALITY: Head("Modality", 76),
    Column.NUMBER: Head("Number", 64, numeric=True),
    Column.BODY_PART: Head("Body part", 96),
    Column.STATION: Head("Station", 110),
    Column.STUDIES: Head("Studies", 64, numeric=True),
    Column.SERIES: Head("Series", 64, numeric=True),
    Column.IMAGES: Head("Images", 60, numeric=True),
    Column.SIZE: Head("Size", 72, numeric=True),
    Column.FEEDS: Head("Feeds", 56, numeric=True),
    Column.ADDED: Head("Added", 128),
    Column.STARS: Head("Stars", 84),
    Column.FLAG: Head("Flag", 44),
    Column.LABEL: Head("Label", 48),
    Column.SOURCE: Head("Source", 110),
    Column.PLACE: Head("Place", 156),
}
ORDER = tuple(HEADS)
_SERIES = frozenset(
    {
        Column.TITLE,
        Column.NAME,
        Column.STUDY_DATE,
        Column.MODALITY,
        Column.IMAGES,
        Column.STARS,
        Column.LABEL,
        Column.PLACE,
    }
)
_STUDIES = frozenset(
    {
        Column.TITLE,
        Column.NAME,
        Column.STUDY_DATE,
        Column.ACCESSION,
        Column.MODALITY,
        Column.SERIES,
        Column.IMAGES,
        Column.PLACE,
    }
)
_PATIENTS = frozenset(
    {
        Column.TITLE,
        Column.PATIENT_ID,
        Column.SEX,
        Column.BIRTH_DATE,
        Column.STUDY_DATE,
        Column.STUDIES,
        Column.SERIES,
        Column.IMAGES,
        Column.PLACE,
    }
)
_ONLY: Mapping[Level, frozenset[Column]] = {
    Level.PATIENT: frozenset(ORDER)
    - {
        Column.NAME,
        Column.STUDY,
        Column.ACCESSION,
        Column.AGE,
        Column.NUMBER,
        Column.BODY_PART,
        Column.STATION,
        Column.SOURCE,
    },
    Level.STUDY: frozenset(ORDER)
    - {
        Column.STUDY,
        Column.STUDIES,
        Column.NUMBER,
        Column.BODY_PART,
        Column.STATION,
        Column.SOURCE,
    },
}


def possible(level: Level) -> tuple[Column, ...]:
    """Return the columns that mean something for rows of a level."""
    only = _ONLY.get(level, frozenset(ORDER) - {Column.STUDIES, Column.SERIES})
    return tuple(column for column in ORDER if column in only)


def usual(level: Level) -> frozenset[Column]:
    """Return the columns shown until somebody chooses others."""
    return {Level.PATIENT: _PATIENTS, Level.STUDY: _STUDIES}.get(level, _SERIES)


def sort_of(column: Column, level: Level) -> Column:
    """Return what a click on a head sorts by: the first column of patients by name."""
    if column is Column.TITLE:
        return {Level.PATIENT: Column.NAME, Level.STUDY: Column.STUDY}.get(
            level, column
        )
    return column


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


_PERSONAL: Mapping[Column, Callable[[Row], str]] = {
    Column.NAME: lambda row: (
        show_full_name(row.patient_name) if row.patient_name or row.patient_id else ""
    ),
    Column.PATIENT_ID: lambda row: isolate(clean(row.patient_id)),
    Column.BIRTH_DATE: words.born,
    Column.ACCESSION: lambda row: isolate(clean(row.accession_number)),
}
_PLAIN: Mapping[Column, Callable[[Row], str]] = {
    Column.SEX: lambda row: clean(row.sex),
    Column.AGE: lambda row: show_age(row.age_days),
    Column.STUDY: lambda row: isolate(clean(row.study_description)),
    Column.STUDY_DATE: words.day,
    Column.MODALITY: lambda row: clean(row.modality),
    Column.NUMBER: lambda row: _number(row.number),
    Column.BODY_PART: lambda row: clean(row.body_part),
    Column.STATION: lambda row: isolate(clean(row.station)),
    Column.STUDIES: lambda row: _number(row.studies),
    Column.SERIES: lambda row: _number(row.series),
    Column.IMAGES: lambda row: _number(row.images),
    Column.SIZE: lambda row: size(row.size),
    Column.FEEDS: lambda row: _number(row.feeds or None),
    Column.STARS: lambda row: _number(row.stars or None),
    Column.FLAG: lambda row: flag_words(row.flag),
    Column.LABEL: lambda row: LABEL_WORDS.get(row.label, ""),
    Column.SOURCE: words.source,
    Column.PLACE: lambda row: words.where(row).words,
}


def cell(row: Row, column: Column, *, hidden: bool, now: float) -> str:
    """Return the words of a cell.

    Parameters
    ----------
    hidden : bool
        Nothing that names a person is to be shown.
    now : float
        Seconds since the epoch.
    """
    if column is Column.TITLE:
        return words.title(row, hidden=hidden)
    if column is Column.ADDED:
        return f"{show_day(row.added_at, now=now)} {show_time(row.added_at)}"
    if column in _PERSONAL:
        return "" if hidden else _PERSONAL[column](row)
    return _PLAIN[column](row)
