"""What the columns of a table mean: guessed, and corrected by a person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chrislib.dicom.headings import named
from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.names import clean
from chrislib.tables import Table

KINDS = (
    asked.PATIENT_ID,
    asked.NAME,
    asked.ACCESSION,
    asked.DATE,
    asked.BIRTH,
    asked.SEX,
    asked.MODALITY,
    asked.STATION,
    asked.STUDY,
    asked.SERIES,
    asked.STUDY_UID,
    asked.SERIES_UID,
)
"""What a column can be, in the order in which they are offered."""
IDENTIFYING = (
    asked.PATIENT_ID,
    asked.ACCESSION,
    asked.STUDY_UID,
    asked.SERIES_UID,
    asked.NAME,
)
"""Without one of these a table cannot be looked up row by row."""

_SAMPLE = 50


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table's columns mean.

    Attributes
    ----------
    heads : tuple of str
        What stands above them, or "Column 1".
    kinds : tuple of str
        A key of `KINDS`, `GIVEN`, or "" for one that is not looked at.
    headed : bool
        Whether the first row names the columns.
    """

    heads: tuple[str, ...]
    kinds: tuple[str, ...]
    headed: bool

    def with_kind(self, column: int, kind: str) -> "Columns":
        """Return these with another meaning of a column; each kind stands once."""
        kinds = [("" if kind and kind == other else other) for other in self.kinds]
        kinds[column] = kind
        return replace(self, kinds=tuple(kinds))

    def check(self) -> None:
        """Refuse what cannot be looked up.

        Raises
        ------
        ChrislibError
            No column says who or what to look for.
        """
        if not set(self.kinds) & set(IDENTIFYING):
            raise ChrislibError(
                "No column says who or what to look for.",
                "Nothing was asked.",
                hint="Choose the column with patient IDs, accession numbers, names "
                "or UIDs.",
            )


def guess(table: Table, *, headed: bool | None = None) -> Columns:
    """Return what the columns most likely mean.

    Parameters
    ----------
    table : Table
        As read.
    headed : bool, optional
        Whether the first row names the columns; None finds out.
    """
    first = _padded(table.rows[0], table.width) if table.rows else ()
    if headed is None:
        headed = _is_head(table, first)
    sample = table.rows[headed : headed + _SAMPLE]
    by_head = named(first) if headed else {}
    kinds = [by_head.get(at, "") for at in range(table.width)]
    for at in range(table.width):
        unnamed = not headed or not first[at].strip()
        if not kinds[at] and unnamed:
            kind = _by_values([row[at] for row in sample if len(row) > at])
            if kind and kind not in kinds:
                kinds[at] = kind
    for at in range(table.width):
        # "Exam" stands above descriptions, and above days
        described = kinds[at] in (asked.STUDY, asked.SERIES)
        if described and asked.DATE not in kinds:
            cells = [row[at] for row in sample if len(row) > at]
            if _by_values(cells) == asked.DATE:
                kinds[at] = asked.DATE
    if not set(kinds) & set(IDENTIFYING):
        # heads nobody knows: the values may tell all the same
        for at in range(table.width):
            if not kinds[at] and not set(kinds) & set(IDENTIFYING):
                kind = _by_values([row[at] for row in sample if len(row) > at])
                if kind in IDENTIFYING:
                    kinds[at] = kind
    heads = tuple(
        (clean(first[at]) if headed else "") or f"Column {at + 1}"
        for at in range(table.width)
    )
    return Columns(heads, tuple(kinds), headed)


def _is_head(table: Table, first: Sequence[str]) -> bool:
    if not first:
        return False
    if named(first):
        return True
    if len(table.rows) < 2 or any(any(c.isdigit() for c in cell) for cell in first):
        return False
    second = table.rows[1]
    return any(any(c.isdigit() for c in cell) for cell in second)


def _by_values(cells: Sequence[str]) -> str:
    values = [value for cell in cells if (value := clean(cell))]
    if not values:
        return ""

    def most(test: re.Pattern[str]) -> bool:
        return sum(test.fullmatch(value) is not None for value in values) * 10 >= (
            len(values) * 8
        )

    if most(_UID):
        return asked.STUDY_UID
    if most(_SEX):
        return asked.SEX
    if most(_MODALITY):
        return asked.MODALITY
    if most(_DATE):
        return asked.DATE
    if most(_NAME):
        return asked.NAME
    return asked.PATIENT_ID if most(_ID) else ""


_UID = re.compile(r"[0-9]+(?:\.[0-9]+){4,}", re.ASCII)
_SEX = re.compile(r"[MFOmfo]")
_MODALITY = re.compile(r"(?:CR|CT|DX|MG|MR|NM|PT|RF|US|XA|SR|OT)", re.IGNORECASE)
_DATE = re.compile(
    r"(?:(?:18|19|20)\d\d[-./]?(?:0[1-9]|1[0-2])[-./]?(?:0[1-9]|[12]\d|3[01])"
    r"|\d{1,2}[-./]\d{1,2}[-./](?:18|19|20)\d\d)(?:[T ]+\d{1,2}:\d\d.*)?",
    re.ASCII,
)
_NAME = re.compile(r"[^\d]*[^\d\s][\s,^]+[^\d\s][^\d]*")
_ID = re.compile(r"(?=.*\d)[\w./-]{3,64}")


def _padded(row: Sequence[str], width: int) -> tuple[str, ...]:
    return (*row, *[""] * (width - len(row)))
