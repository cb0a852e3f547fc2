"""Subjects and values out of people's tables: columns guessed, rows matched. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chrislib.dicom.headings import named, plain_word
from chrislib.errors import ChrislibError
from chrislib.feeds.many_model import Column, Slot
from chrislib.feeds.subjects import PathItem, Subject, SubjectItem, marks_of, plain_name
from chrislib.feeds.values import path_problem
from chrislib.tables import Table

IDENTIFYING: Mapping[str, str] = {
    "PatientID": "Patient ID",
    "AccessionNumber": "Accession number",
    "StudyInstanceUID": "Study UID",
    "SeriesInstanceUID": "Series UID",
    "PatientName": "Patient name",
    "path": "Path in the storage",
    "item": "Name in the library",
}
"""What can say which data a row means."""
NARROWING: Mapping[str, str] = {
    "StudyDate": "Study date",
    "StudyDescription": "Study description",
    "SeriesDescription": "Series description",
}
"""What leaves fewer of what a row means; nothing by itself."""
TITLE = "title"
_PATHS = ("path", "folder", "storage", "storagepath", "file", "files", "data")
_ITEMS = ("item", "upload", "dataset", "libraryname")
_TITLES = ("feed", "feedtitle", "feedname", "titleofthefeed", "title")
_DIGITS = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the columns of a table are for.

    Attributes
    ----------
    heads : tuple of str
        What stands above them, or "Column 1".
    kinds : tuple
        A key of `IDENTIFYING` or `NARROWING`, `TITLE`, a parameter, or "" for one
        that only titles can use.
    headed : bool
        Whether the first row names the columns.
    """

    heads: tuple[str, ...]
    kinds: tuple["str | Column", ...]
    headed: bool

    def with_kind(self, column: int, kind: "str | Column") -> "Meaning":
        """Return these with another meaning of a column; each meaning stands once."""
        kinds = ["" if kind and kind == other else other for other in self.kinds]
        kinds[column] = kind
        return replace(self, kinds=tuple(kinds))

    def check(self) -> None:
        """Refuse a table whose rows mean no data.

        Raises
        ------
        ChrislibError
            No column says which data a row is about.
        """
        if not any(kind in IDENTIFYING for kind in self.kinds):
            raise ChrislibError(
                "No column says which data a row is about.",
                "Nothing was taken over.",
                hint="Choose the column with patient IDs, accession numbers, UIDs, "
                "names or paths.",
            )


def guess(table: Table, slots: Sequence[Slot], *, headed: bool = True) -> Meaning:
    """Return what the columns most likely are for.

    A head that is a flag ("--sid") is that parameter; a word that is both a parameter
    and a DICOM attribute is the attribute only where nothing else says who is meant.
    """
    first = table.rows[0] if table.rows else ()
    heads = tuple(
        (first[at].strip() if headed and at < len(first) else "") or f"Column {at + 1}"
        for at in range(table.width)
    )
    if not headed:
        return Meaning(heads, ("",) * len(heads), headed=False)
    kinds: list[str | Column] = [_parameter(head, slots) or "" for head in heads]
    attributes = {
        at: kind
        for at, kind in named(heads).items()
        if kind in IDENTIFYING or kind in NARROWING
    }
    for at, head in enumerate(heads):
        word = plain_word(head)
        own = next(
            (
                kind
                for kind, words in (
                    ("path", _PATHS),
                    ("item", _ITEMS),
                    (TITLE, _TITLES),
                )
                if word in words
            ),
            "",
        )
        if not kinds[at]:
            kinds[at] = attributes.get(at, "") or own
    if not any(kind in IDENTIFYING for kind in kinds):
        for at, attribute in attributes.items():
            if attribute in IDENTIFYING and not heads[at].startswith("-"):
                kinds[at] = attribute
                break
    seen: set[str | Column] = set()
    for at, kind in enumerate(kinds):
        kinds[at] = "" if kind in seen else kind
        seen.add(kind)
    return Meaning(heads, tuple(kinds), headed=True)


def _parameter(head: str, slots: Sequence[Slot]) -> Column | None:
    """Return the parameter a head names: "--sid", "sid", "pl-fs --sid"."""
    plugin, _, flag = head.rpartition(" ")
    for at, slot in enumerate(slots):
        if plugin and plugin.strip() != slot.title:
            continue
        for parameter in slot.form.parameters:
            if flag in (parameter.flag, parameter.name, parameter.short_flag):
                return Column(at, parameter.name)
    return None


class Matcher:
    """Finds the items that rows of a table mean.

    Parameters
    ----------
    items : sequence of SubjectItem
        What the library has on this server; looked through once.
    """

    def __init__(self, items: Sequence[SubjectItem]) -> None:
        self._by: dict[str, dict[str, list[SubjectItem]]] = {
            kind: {} for kind in IDENTIFYING
        }
        for item in items:
            for kind, word in (
                ("PatientID", item.patient_id),
                ("AccessionNumber", item.accession_number),
                ("StudyInstanceUID", item.study_uid),
                ("SeriesInstanceUID", item.series_uid),
                ("PatientName", _name(item.patient_name)),
                ("item", item.title),
                ("path", item.path.strip("/")),
            ):
                if word:
                    found = self._by[kind].setdefault(word.strip().casefold(), [])
                    found.append(item)

    def subject(self, cells: Sequence[str], meaning: Meaning) -> Subject:
        """Return the subject of a row; its `problem` says what is missing."""
        words = {
            kind: cells[at].strip()
            for at, kind in enumerate(meaning.kinds)
            if isinstance(kind, str) and kind and at < len(cells) and cells[at].strip()
        }
        marks = {
            head.casefold(): cells[at].strip() if at < len(cells) else ""
            for at, head in enumerate(meaning.heads)
        }
        said = {kind: word for kind, word in words.items() if kind in IDENTIFYING}
        name = words.get("PatientName", "")
        title = plain_name(name) or next(iter(said.values()), "(empty row)")
        if not said:
            return Subject(title, "", (), marks=marks, problem="The row says no data.")
        items, problem = self._items(said)
        for kind in NARROWING:
            if kind in words and items:
                items = [i for i in items if _fits(i, kind, words[kind])]
                if not items:
                    label = NARROWING[kind].lower()
                    problem = f"Nothing of it has this {label} in your library."
        if not items:
            return Subject(
                title,
                words.get("PatientID", "") if name else "",
                (),
                patient_name=name,
                marks=marks,
                problem=problem or "Nothing of this is in your library.",
            )
        first = items[0]
        return Subject(
            title=plain_name(first.patient_name) or title,
            detail=first.patient_id,
            items=tuple(items),
            patient_name=first.patient_name,
            marks={**marks_of(items), **marks},
        )

    def _items(self, said: Mapping[str, str]) -> tuple[list[SubjectItem], str]:
        """Return what all the words mean together, and why that is nothing."""
        path = said.get("path", "").strip("/")
        known = self._by["path"].get(path.casefold(), []) if path else []
        if path and not known:
            problem = path_problem(path)
            return ([], problem) if problem else ([PathItem(path)], "")
        found: list[SubjectItem] | None = list(known) if path else None
        for kind, word in said.items():
            if kind == "path":
                continue
            key = _name(word) if kind == "PatientName" else word
            these = self._by[kind].get(key.casefold(), [])
            ids = {id(item) for item in these}
            found = (
                list(these)
                if found is None
                else [item for item in found if id(item) in ids]
            )
        return found or [], ""


def rows_of(
    table: Table, meaning: Meaning, items: Sequence[SubjectItem]
) -> tuple[list[Subject], list[dict[Column, str]], list[str]]:
    """Return subjects, values and titles of a table's rows.

    Parameters
    ----------
    items : sequence of SubjectItem
        What the library has on this server.
    """
    matcher = Matcher(items)
    subjects, values, titles = [], [], []
    for cells in table.rows[int(meaning.headed) :]:
        subjects.append(matcher.subject(cells, meaning))
        given: dict[Column, str] = {}
        title = ""
        for at, kind in enumerate(meaning.kinds):
            text = cells[at].strip() if at < len(cells) else ""
            if isinstance(kind, Column):
                given[kind] = text
            elif kind == TITLE:
                title = text
        values.append(given)
        titles.append(title)
    return subjects, values, titles


def _fits(item: SubjectItem, kind: str, word: str) -> bool:
    if kind == "StudyDate":
        day = item.study_date
        return day is not None and _DIGITS.sub("", word)[:8] == f"{day:%Y%m%d}"
    text = (
        item.series_description
        if kind == "SeriesDescription"
        else item.study_description
    )
    return word.casefold() in (text or item.title).casefold()


def _name(name: str) -> str:
    """Return a name by its words, whatever separates them."""
    return " ".join(plain_name(name.replace(",", " ")).casefold().split())
