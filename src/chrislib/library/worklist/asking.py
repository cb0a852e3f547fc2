"""From the cells of a row to what a PACS is asked, and what its answer means."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from chrislib.dicom.headings import GIVEN
from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library import words
from chrislib.library.dates import show_date
from chrislib.library.names import clean, show_name
from chrislib.library.pull import Found
from chrislib.library.worklist.columns import Columns
from chrislib.library.worklist.model import RowState
from chrislib.pacs.types import Criteria, FoundPatient, FoundStudy
from chrislib.tables import Table

_ONE_STUDY = {asked.ACCESSION, asked.STUDY_UID, asked.SERIES_UID, asked.DATE}
_AS_ONE = {asked.PATIENT_ID, asked.ACCESSION, asked.STATION}
_DATED = re.compile(
    r"(\d{1,4})[-./ ](\d{1,2})[-./ ](\d{1,4})(?:[T ]+\d{1,2}:\d\d.*)?", re.ASCII
)
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.ASCII | re.IGNORECASE)
_QUOTED = re.compile(r'="([^"]*)"')


def criteria_of(
    cells: Sequence[str], columns: Columns, *, pacs: str = "", dates: str = "ymd"
) -> Criteria:
    """Return what a row asks for.

    Raises
    ------
    ChrislibError
        It cannot be asked; the title says which cell and why.
    """
    values: dict[str, tuple[str, ...]] = {}
    for at, kind in enumerate(columns.kinds):
        cell = _plain(cells[at]) if at < len(cells) else ""
        if not kind or kind == GIVEN or not cell:
            continue
        if kind == asked.NAME and "," not in cell and "^" not in cell:
            given = _given(cells, columns)
            cell = f"{cell}, {given}" if given else cell
        if kind in (asked.DATE, asked.BIRTH):
            cell = _iso(cell, dates)
        if kind in _AS_ONE:
            values[kind] = (cell,)
        elif (made := asked.make(kind, cell)) is not None:
            values[kind] = made.values
    if not any(values.values()):
        raise ChrislibError("There is nothing to look for in this row.")
    criteria = Criteria(values=values, pacs=pacs)
    asked.check(criteria)
    return criteria


def names_one_study(columns: Columns, cells: Sequence[str]) -> bool:
    """Whether a row means one study, not everything of a patient."""
    return any(
        kind in _ONE_STUDY and at < len(cells) and clean(cells[at]) != ""
        for at, kind in enumerate(columns.kinds)
    )


def date_order(table: Table, columns: Columns) -> str:
    """Return the order of days, months and years in a table's dates.

    "ymd" where the year comes first (or there is none), else "dmy" or "mdy" where a
    number over 12 or a dot tells; "?" where "03/04/2026" could be both.
    """
    order = "ymd"
    for at, kind in enumerate(columns.kinds):
        if kind not in (asked.DATE, asked.BIRTH):
            continue
        for row in table.rows[columns.headed :]:
            found = _DATED.fullmatch(clean(row[at])) if len(row) > at else None
            if found is None or len(found[1]) == 4:
                continue
            if int(found[1]) > 12 or "." in found[0][:6]:
                return "dmy"
            if int(found[2]) > 12:
                return "mdy"
            order = "?"
    return order


def _iso(cell: str, dates: str) -> str:
    """Return a date as the PACS form takes it; what is none is left as it is."""
    found = _DATED.fullmatch(cell)
    if found is None:
        return cell
    parts = (found[1], found[2], found[3])
    if len(parts[0]) == 4:
        year, month, day = parts
    elif len(parts[2]) != 4:
        return cell
    elif dates == "mdy":
        month, day, year = parts
    elif dates == "dmy":
        day, month, year = parts
    else:
        raise ChrislibError(
            f"“{cell}” could mean two days.",
            hint="Say whether the day or the month comes first.",
        )
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return cell


def _given(cells: Sequence[str], columns: Columns) -> str:
    if GIVEN not in columns.kinds:
        return ""
    at = columns.kinds.index(GIVEN)
    return _plain(cells[at]) if at < len(cells) else ""


def _plain(cell: str) -> str:
    """Return a cell's text without what spreadsheet programs wrap around it.

    Raises
    ------
    ChrislibError
        It is a formula, or a number that such a program has shortened.
    """
    text = clean(cell)
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return clean(quoted[1])
    text = text.removeprefix("'")
    if text.startswith("="):
        raise ChrislibError(f"“{text[:24]}” is a formula, not a value.")
    if _SHORTENED.fullmatch(text):
        raise ChrislibError(
            f"“{text}” was shortened by a spreadsheet program.",
            hint="Format the column as text there, and save it again.",
        )
    return text


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing a row can mean: a patient, or one study of a patient."""

    key: str
    patient: FoundPatient
    """With the studies that are meant, each from one PACS."""

    @property
    def words(self) -> tuple[str, str]:
        """Title and second line for a person who chooses."""
        studies = self.patient.studies
        series = sum(len(study.series) for study in studies)
        born = self.patient.birth_date
        who = words.join(
            self.patient.patient_id,
            self.patient.sex,
            f"born {born}" if born else "",
        )
        if self.key.startswith("study:"):
            study = studies[0]
            what = words.join(
                show_date(study.date),
                clean(study.description),
                study.accession_number,
                words.series(series),
            )
        else:
            what = words.join(words.studies(len(studies)), words.series(series))
        return show_name(self.patient.name), words.join(who, what)

    def found(self) -> list[Found]:
        """Return what a pull of it asks for."""
        return [
            (self.patient, study, series)
            for study in self.patient.studies
            for series in study.series
        ]


def candidates(
    patients: Iterable[FoundPatient], *, one_study: bool
) -> tuple[Candidate, ...]:
    """Return what a row can mean by what was found for it.

    One study in two PACS is one study, taken from the first.
    """
    seen: set[str] = set()
    found: list[Candidate] = []
    for patient in patients:
        kept: list[FoundStudy] = []
        for study in patient.studies:
            if study.study_uid not in seen:
                seen.add(study.study_uid)
                kept.append(study)
        if one_study:
            found += [
                Candidate(
                    f"study:{study.study_uid}", replace(patient, studies=(study,))
                )
                for study in kept
            ]
        elif kept:
            key = f"patient:{patient.patient_id}\t{patient.name}"
            found.append(Candidate(key, replace(patient, studies=tuple(kept))))
    return tuple(found)


def judge(found: Sequence[Candidate], *, one_study: bool) -> tuple[RowState, str]:
    """Return the state of a row that every PACS answered, and why."""
    if not found:
        return RowState.MISSING, "No PACS that was asked has it"
    if len(found) > 1:
        number = len(found)
        what = words.studies(number) if one_study else words.count(number, "patient")
        return RowState.AMBIGUOUS, f"{what} fit"
    return RowState.FOUND, ""
