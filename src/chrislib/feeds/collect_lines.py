"""A row of values for each line of a table in a result file. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chrislib.feeds.collect_values import (
    TABLES,
    Unreadable,
    Value,
    cells_of,
    head_cell,
    read_values,
    text_of,
    unused,
    value_of,
)

MAX_LINES = 5_000
"""More lines of one file are left out, and that is said."""
_MAX_COLUMNS = 2_000
_STATS_HEAD = "# ColHeaders "
_STATS_NAME = "StructName"


@dataclass(frozen=True, slots=True)
class LineValues:
    """What stands in a line: its number in the file, name to value.

    The number is 0 where the values are those of a whole file.
    """

    line: int
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file; or why it cannot be read."""

    rows: tuple[LineValues, ...] = ()
    problem: str = ""
    note: str = ""
    """What is said of the lines that are there, e.g. how many were left out."""


def read_lines(name: str, content: bytes) -> Lines:
    """Return the lines of a table; a file that is none is one row, as it always was.

    Parameters
    ----------
    name : str
        The file's name; its ending says how it is read.
    content : bytes
        All of it, UTF-8; other bytes are marked, never refused.
    """
    lowered = name.lower()
    table = lowered.endswith(TABLES)
    if b"\0" in content[:4096] or not content.strip():
        table = False
    text = text_of(content)
    try:
        if table:
            return _table(text, tabs=lowered.endswith(".tsv"))
        if _STATS_HEAD in text and not lowered.endswith(".json"):
            found = _stats(text)
            if found.rows:
                return found
    except Unreadable as error:
        return Lines(problem=str(error))
    return whole_file(name, content)


def whole_file(name: str, content: bytes) -> Lines:
    """Return all values of a file as one row."""
    reading = read_values(name, content)
    if reading.problem:
        return Lines(problem=reading.problem)
    note = ""
    if reading.left_out:
        note = f"{reading.left_out:,} more values of the file are left out."
    return Lines((LineValues(0, reading.values),), note=note)


def _table(text: str, *, tabs: bool) -> Lines:
    table = cells_of(text, tabs=tabs)
    wide = max(map(len, table.rows), default=0)
    heads = _heads(table.head, min(wide, _MAX_COLUMNS))
    return _lines(
        heads,
        list(zip(table.lines, table.rows, strict=True)),
        decimal_comma=table.decimal_comma,
    )


def _stats(text: str) -> Lines:
    """Return the structures of FreeSurfer's ``.stats`` file, their names first."""
    heads: list[str] = []
    rows: list[tuple[int, Sequence[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(_STATS_HEAD):
            heads = line[len(_STATS_HEAD) :].split()
        elif heads and not line.startswith("#"):
            cells = line.split()
            if len(cells) == len(heads):
                rows.append((number, cells))
    if _STATS_NAME in heads:
        at = heads.index(_STATS_NAME)
        heads = _first(heads, at)
        rows = [(number, _first(cells, at)) for number, cells in rows]
    return _lines(heads, rows, decimal_comma=False)


def _first(cells: Sequence[str], place: int) -> list[str]:
    return [cells[place], *cells[:place], *cells[place + 1 :]]


def _heads(head: Sequence[str], wide: int) -> list[str]:
    """Return a name for every column, each its own."""
    found: dict[str, None] = {}
    for place in range(wide):
        found[unused(head_cell(head, place), found)] = None
    return list(found)


def _lines(
    heads: Sequence[str],
    rows: Sequence[tuple[int, Sequence[str]]],
    *,
    decimal_comma: bool,
) -> Lines:
    if not rows:
        return Lines(problem="No values were found in the file.")
    kept = rows[:MAX_LINES]
    found = tuple(
        LineValues(number, _values(heads, cells, decimal_comma=decimal_comma))
        for number, cells in kept
    )
    left_out = len(rows) - len(kept)
    note = f"{left_out:,} more lines of the file are left out." if left_out else ""
    if left_out == 1:
        note = "1 more line of the file is left out."
    return Lines(found, note=note)


def _values(
    heads: Iterable[str], cells: Iterable[str], *, decimal_comma: bool
) -> dict[str, Value]:
    # a line may be shorter than the widest one
    return {
        head: value_of(cell, decimal_comma=decimal_comma)
        for head, cell in zip(heads, cells, strict=False)
    }
