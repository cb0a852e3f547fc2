"""A collected table: its columns, order, filter and export. Pure functions."""

import csv
import io
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chrislib.catalog.folding import fold
from chrislib.errors import ChrislibError
from chrislib.feeds.collect_model import Row, Table
from chrislib.feeds.collect_values import Value, value_of

FIXED: Mapping[str, str] = {
    "@subject": "Subject",
    "@feed": "Feed",
    "@node": "Node",
    "@version": "Version",
    "@file": "File",
}
"""Key to head of the columns that say where a row comes from; others are values."""

_NOTHING = Value("")
_MOST_GROUPS = 60
_PARTS = re.compile(r"(\d+)")
_CONDITION = re.compile(r"^\s*(.+?)\s*(>=|<=|!=|=|>|<)\s*(.*?)\s*$")
_TESTS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def columns_of(rows: Iterable[Row]) -> list[str]:
    """Return the names of all values: those in the most rows first, then as met."""
    counts: dict[str, int] = {}
    for row in rows:
        for name in row.values:
            counts[name] = counts.get(name, 0) + 1
    most = max(counts.values(), default=0)
    # what nearly every file has keeps the files' own order
    common = [name for name, count in counts.items() if 2 * count >= most]
    rare = [name for name, count in counts.items() if 2 * count < most]
    return common + sorted(rare, key=lambda name: -counts[name])


def head_of(column: str) -> str:
    """Return the words over a column."""
    return FIXED.get(column, column)


def cell(row: Row, column: str) -> Value:
    """Return the value of a row in a column, an empty one where it has none."""
    if column not in FIXED:
        return row.values.get(column, _NOTHING)
    source, node = row.source, row.source.node
    if column == "@subject":
        return Value(row.subject)
    if column == "@feed":
        return Value(str(source.feed_id), float(source.feed_id))
    if column == "@file":
        return Value("" if row.file is None else row.file.relative)
    if node is None:
        return _NOTHING
    if column == "@node":
        return Value(str(node.id), float(node.id))
    return Value(node.plugin_version)


def is_numeric(rows: Iterable[Row], column: str) -> bool:
    """Whether there are numbers in a column, and more of them than words."""
    numbers = words = 0
    for row in rows:
        value = cell(row, column)
        numbers += value.number is not None
        words += value.number is None and bool(value.text)
    return numbers > words


def order(rows: Sequence[Row], column: str, *, descending: bool = False) -> list[int]:
    """Return the places of rows by a column: numbers, then words as people sort them.

    Rows without a value are last either way; equal ones keep their order.
    """
    filled = [n for n, row in enumerate(rows) if cell(row, column).text]
    empty = [n for n, row in enumerate(rows) if not cell(row, column).text]
    filled.sort(key=lambda n: _rank(cell(rows[n], column)), reverse=descending)
    return filled + empty


def _rank(value: Value) -> tuple[int, float, list[tuple[int, int, str]]]:
    if value.number is not None:
        return (0, value.number, [])
    parts = _PARTS.split(fold(value.text))
    # digits that are none for int(), as "²", never get here: \d is decimal
    return (1, 0.0, [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts])


@dataclass(frozen=True, slots=True)
class Arranged:
    """What is shown of a table, worked out at once.

    Attributes
    ----------
    places : tuple of int
        The rows that are shown, in their order.
    columns : tuple of str
        Every column of values.
    numeric : tuple of str
        Those of them that hold numbers.
    groups : tuple of str
        Columns whose words divide the rows into a few groups.
    reasons : bool
        Whether something is said of a row beside its values.
    problems : int
        So many rows have no values.
    """

    places: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    reasons: bool = False
    problems: int = 0


def arrange(
    rows: Sequence[Row], kept: "Filter", *, by: str = "", descending: bool = False
) -> Arranged:
    """Order and filter rows, and find out what their columns are."""
    columns = columns_of(rows)
    numeric = [name for name in columns if is_numeric(rows, name)]
    numbers = set(numeric)
    words = [name for name in columns if name not in numbers]
    groups = [
        name
        for name in ("@version", "@feed", *words)
        if 1 < len({cell(row, name).text for row in rows}) <= _MOST_GROUPS
    ]
    places = order(rows, by, descending=descending) if by else range(len(rows))
    return Arranged(
        tuple(place for place in places if kept.keeps(rows[place])),
        tuple(columns),
        tuple(numeric),
        tuple(groups),
        any(row.problem or row.note or row.waits for row in rows),
        sum(1 for row in rows if row.problem),
    )


# -- filter ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """A column compared with a value; `sign` is >, <, >=, <=, = or !=."""

    column: str
    sign: str
    value: Value

    def holds(self, row: Row) -> bool:
        """Whether a row has a value there, and it is so."""
        found = cell(row, self.column)
        if self.sign in _TESTS:
            if found.number is None or self.value.number is None:
                return False
            return _TESTS[self.sign](found.number, self.value.number)
        return self._equal(found) == (self.sign == "=")

    def _equal(self, found: Value) -> bool:
        if found.number is not None and self.value.number is not None:
            same_unit = self.value.unit in {"", found.unit}
            return found.number == self.value.number and same_unit
        return fold(found.text) == fold(self.value.text)


@dataclass(frozen=True, slots=True)
class Filter:
    """Words that a row holds somewhere, and conditions that hold for it."""

    words: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def keeps(self, row: Row) -> bool:
        """Whether a row is shown."""
        if not all(condition.holds(row) for condition in self.conditions):
            return False
        if not self.words:
            return True
        texts = [cell(row, column).text for column in FIXED]
        texts += [value.text for value in row.values.values()]
        text = fold(" \n".join([*texts, row.problem]))
        return all(word in text for word in self.words)


def parse_filter(text: str, columns: Sequence[str]) -> Filter:
    """Return the filter that was typed: "left volume > 1200; version = 1.0.4".

    Parts stand between ";". A part with a sign is a condition, others are words.

    Parameters
    ----------
    columns : sequence of str
        Keys of all columns.

    Raises
    ------
    ChrislibError
        A condition names no column, or compares with no number.
    """
    words: list[str] = []
    conditions: list[Condition] = []
    for part in text.split(";"):
        found = _CONDITION.match(part)
        if found is None:
            words += fold(part).split()
            continue
        name, sign, wanted = found.groups()
        value = value_of(wanted)
        if not wanted:
            continue  # still being typed
        if sign in _TESTS and value.number is None:
            raise ChrislibError(
                f"“{wanted}” is not a number.", hint=f"“{sign}” compares numbers."
            )
        conditions.append(Condition(_column(name, columns), sign, value))
    return Filter(tuple(words), tuple(conditions))


def _column(name: str, columns: Sequence[str]) -> str:
    """Return the column that is meant: its name, else the only one that holds it."""
    wanted = fold(name.strip("“”\"'"))
    heads = {column: fold(head_of(column)) for column in (*FIXED, *columns)}
    for fits in (
        [c for c, head in heads.items() if head == wanted],
        [c for c, head in heads.items() if head.rsplit(".", 1)[-1] == wanted],
        [c for c, head in heads.items() if wanted in head],
    ):
        if len(fits) == 1:
            return fits[0]
        if len(fits) > 1:
            some = ", ".join(head_of(one) for one in fits[:3])
            raise ChrislibError(
                f"“{name}” may be several columns: {some} …",
                hint="Write more of its name.",
            )
    raise ChrislibError(f"There is no column “{name}”.", hint="Look at the heads.")


# -- taking along --------------------------------------------------------------------


def to_csv(table: Table, rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Return rows as CSV (RFC 4180), with where each comes from at the end.

    A number with a unit is written as a number, its unit in the column's head when
    all of them have the same.
    """
    shown = list(rows)
    lines = any(row.line for row in shown)
    units = {column: _unit(shown, column) for column in columns}
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(
        [
            *(_safe(_with_unit(head_of(c), units[c])) for c in columns),
            "Problem",
            "Feed number",
            "Feed title",
            "Node number",
            "Plugin",
            "Plugin version",
            "Path",
            *(["Line"] if lines else []),
            "Server",
            "Collected",
        ]
    )
    at = datetime.fromtimestamp(table.collected_at, UTC).isoformat(timespec="seconds")
    for row in shown:
        node = row.source.node
        writer.writerow(
            [
                *(_written(cell(row, c), units[c]) for c in columns),
                _safe(row.problem or row.note),
                row.source.feed_id,
                _safe(row.source.feed_title),
                "" if node is None else node.id,
                "" if node is None else _safe(node.plugin_name),
                "" if node is None else _safe(node.plugin_version),
                "" if row.file is None else _safe(row.file.path),
                *([row.line or ""] if lines else []),
                table.server,
                at,
            ]
        )
    return out.getvalue()


def to_text(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Return rows for the clipboard: one a line, tabs between the cells."""
    lines = ["\t".join(head_of(column) for column in columns)]
    for row in rows:
        texts = (cell(row, column).text for column in columns)
        lines.append("\t".join(" ".join(text.split()) for text in texts))
    return "\n".join(lines) + "\n"


def _unit(rows: Iterable[Row], column: str) -> str:
    """Return the unit all numbers of a column have; "" for none or several."""
    found = {
        value.unit for row in rows if (value := cell(row, column)).number is not None
    }
    return found.pop() if len(found) == 1 else ""


def _with_unit(head: str, unit: str) -> str:
    return f"{head} ({unit})" if unit else head


def _written(value: Value, unit: str) -> str:
    if value.number is None:
        return _safe(value.text)
    if not unit:
        return value.text if not value.unit else _safe(value.text)
    number = value.number
    return (
        str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    )


def _safe(text: str) -> str:
    """Keep a text from being a formula where the file is opened in a spreadsheet."""
    return f"'{text}" if text.startswith(_FORMULA) else text
