"""Values out of small result files: JSON, CSV, "key: value" text. Pure functions.

A value keeps the words it was written with; a number is recognized beside them, so
that "12.5 mm" sorts as a number and is still shown as it stands in the file.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field

from chrislib.feeds.text import unused as unused_name

MAX_VALUES = 2_000
"""More values of one file are left out, and that is said."""
MAX_TEXT = 400
"""Characters kept of one value."""
_DEPTH = 40

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_WITH_UNIT = re.compile(
    rf"\s*({_NUMBER})(?:\s?([A-Za-zµμΩ°%‰Å][\w/^*·²³°%‰.\-]{{0,15}}))?\s*", re.ASCII
)
_GROUPED = re.compile(r"\s*[+-]?\d{1,3}(?:(?:,\d{3}){2,}|(?:,\d{3})+\.\d+)(?!\d)")
_COMMA = re.compile(r"\s*[+-]?\d+,\d+(?:[eE][+-]?\d+)?(?![\d,])")
_PAIR = re.compile(r"^\s*([^:=\t]{1,120}?)\s*(?::\s|:$|=|\t)\s*(.*?)\s*$")
TABLES = (".csv", ".tsv")
"""Endings of files that are tables."""
_NO_MEASURE = frozenset({"StructName", "Index", "SegId"})


@dataclass(frozen=True, slots=True)
class Value:
    """One value: as written, and the number and unit in it if it is one."""

    text: str
    number: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: name to value, in its order; or why it cannot be read."""

    values: dict[str, Value] = field(default_factory=dict)
    problem: str = ""
    left_out: int = 0


def value_of(text: str, *, decimal_comma: bool = False) -> Value:
    """Return a text as a value, with the number and unit it consists of.

    Parameters
    ----------
    decimal_comma : bool
        "1,5" means one and a half, as in tables separated by semicolons.
    """
    kept = text.strip()
    if len(kept) > MAX_TEXT:
        kept = kept[: MAX_TEXT - 1] + "…"
    plain = kept
    if decimal_comma and _COMMA.match(plain):
        plain = plain.replace(",", ".", 1)
    elif _GROUPED.match(plain):
        plain = plain.replace(",", "")
    found = _WITH_UNIT.fullmatch(plain)
    if found is None:
        return Value(kept)
    number = float(found[1])
    if not math.isfinite(number):
        return Value(kept)
    return Value(kept, number, found[2] or "")


def read_values(name: str, content: bytes) -> Reading:
    """Return the values of a file.

    Parameters
    ----------
    name : str
        The file's name; its ending says how it is read, the content where it does
        not.
    content : bytes
        All of it, UTF-8; other bytes are marked, never refused.
    """
    if not content.strip():
        return Reading(problem="The file is empty.")
    if b"\0" in content[:4096]:
        return Reading(problem="The file is not text.")
    text = text_of(content)
    lowered = name.lower()
    if lowered.endswith(".json"):
        return _reading(text, _json)
    if lowered.endswith(TABLES):
        return _reading(text, lambda t: _table(t, tabs=lowered.endswith(".tsv")))
    if text.lstrip()[:1] in "{[":
        reading = _reading(text, _json)
        if reading.values:
            return reading
    return _reading(text, _pairs)


def text_of(content: bytes) -> str:
    """Return a file's text: UTF-8, other bytes marked."""
    return content.decode("utf-8-sig", errors="replace").replace("\0", "\ufffd")


class Unreadable(Exception):
    """A file is not what its name says; the words are for the person."""


def _reading(text: str, parse: Callable[[str], Iterator[tuple[str, Value]]]) -> Reading:
    values: dict[str, Value] = {}
    left_out = 0
    try:
        for name, value in parse(text):
            if len(values) >= MAX_VALUES:
                left_out += 1
            else:
                values[unused(name, values)] = value
    except Unreadable as error:
        return Reading(problem=str(error))
    if not values:
        return Reading(problem="No values were found in the file.")
    return Reading(values, left_out=left_out)


def unused(name: str, taken: Container[str]) -> str:
    """Return a column's name, with a number where it is taken."""
    return unused_name(" ".join(name.split())[:200] or "value", taken)


# -- JSON ------------------------------------------------------------------------


def _json(text: str) -> Iterator[tuple[str, Value]]:
    try:
        # whole numbers of any length, without the limit of int()
        root = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"The file is not JSON{_where(error)}.") from error
    return _flat(root)


def _whole(text: str) -> int | float:
    return int(text) if len(text) < 400 else float(text)


def _where(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    return f": line {line} cannot be read" if line else ""


def _flat(root: object) -> Iterator[tuple[str, Value]]:
    return ((path, _leaf(value)) for path, value in leaves(root))


def leaves(root: object) -> Iterator[tuple[str, object]]:
    """Yield the leaves of JSON with their paths, "a.b[0].c"; without recursion."""
    waiting: list[tuple[str, object, int]] = [("", root, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if isinstance(value, dict | list) and value and depth < _DEPTH:
            below = value.items() if isinstance(value, dict) else enumerate(value)
            named = isinstance(value, dict)
            waiting += [
                (_step(path, key, named=named), one, depth + 1) for key, one in below
            ][::-1]
        else:
            yield path or "value", value


def _step(path: str, key: object, *, named: bool) -> str:
    if not named:
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def _leaf(value: object) -> Value:
    if isinstance(value, bool):
        return Value("true" if value else "false")
    if isinstance(value, int | float):
        return _number_leaf(value)
    if isinstance(value, str):
        return value_of(value)
    if value is None or value in ([], {}):
        return Value("")
    # nested deeper than any path should be
    return Value("…")


def _number_leaf(value: float) -> Value:
    try:
        number = float(value)
    except OverflowError:
        return Value(str(value)[:MAX_TEXT])
    words = repr(value) if isinstance(value, float) else str(value)
    return Value(words, number) if math.isfinite(number) else Value(words)


# -- tables ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a table; `head` is empty where the first row is a value already.

    `lines` has the line of the file in which each row ends, from 1.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    decimal_comma: bool


def cells_of(text: str, *, tabs: bool) -> Cells:
    """Return the cells of a CSV file, tabs between them where its name says so.

    Raises
    ------
    Unreadable
        It is no table, or has a head only.
    """
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = "\t" if tabs else max((",", ";", "\t"), key=first.count)
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for found in reader:
            row = tuple(cell.strip() for cell in found)
            if any(row):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise Unreadable("The file is not a table.") from error
    comma = delimiter == ";"
    if not rows or _headless(rows[0]):
        return Cells((), tuple(rows), tuple(lines), comma)
    if len(rows) == 1:
        raise Unreadable("The table has a head and no rows.")
    return Cells(rows[0], tuple(rows[1:]), tuple(lines[1:]), comma)


def _table(text: str, *, tabs: bool) -> Iterator[tuple[str, Value]]:
    table = cells_of(text, tabs=tabs)
    head, rows, comma = table.head, table.rows, table.decimal_comma
    if not rows:
        return iter(())
    if not head:
        return _keyed([str(n + 1) for n in range(len(rows[0]))], rows, comma=comma)
    if len(rows) == 1:
        return _one_row(head, rows[0], comma=comma)
    return _keyed(head, rows, comma=comma)


def _headless(head: Sequence[str]) -> bool:
    """Whether the first row holds values already: any number in it says so."""
    return any(value_of(cell).number is not None for cell in head[1:] or head)


def _one_row(
    head: Sequence[str], row: Sequence[str], *, comma: bool
) -> Iterator[tuple[str, Value]]:
    for place, cell in enumerate(row):
        yield head_cell(head, place), value_of(cell, decimal_comma=comma)


def _keyed(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, comma: bool
) -> Iterator[tuple[str, Value]]:
    """Yield every cell as "row.column"; of two columns the row's name is enough."""
    keys = [row[0] for row in rows]
    named = len(set(keys)) == len(keys) and all(
        key and value_of(key).number is None for key in keys
    )
    wide = any(len(row) > 2 for row in rows) or not named
    for number, row in enumerate(rows):
        start = row[0] if named else str(number + 1)
        for place in range(1 if named else 0, len(row)):
            name = f"{start}.{head_cell(head, place)}" if wide else start
            yield name, value_of(row[place], decimal_comma=comma)


def head_cell(head: Sequence[str], place: int) -> str:
    """Return what stands over a column, its place where nothing does."""
    name = head[place] if place < len(head) else ""
    return name or f"column {place + 1}"


# -- text ------------------------------------------------------------------------


def _pairs(text: str) -> Iterator[tuple[str, Value]]:
    """Yield "key: value", "key = value" and "key<tab>value" lines; others say nothing.

    Also the measures and tables of FreeSurfer's ``.stats`` files.
    """
    heads: list[str] = []
    for line in text.splitlines():
        if line.startswith("# ColHeaders "):
            heads = line[13:].split()
        elif line.startswith("# Measure "):
            yield from _measure(line[10:])
        elif line.startswith("#"):
            continue
        elif heads:
            yield from _structure(heads, line.split())
        elif (pair := _PAIR.match(line)) is not None and pair[1]:
            yield pair[1], value_of(pair[2])
    lone = text.strip()
    if "\n" not in lone and _PAIR.match(lone) is None:
        found = value_of(lone)
        if found.number is not None:
            yield "value", found


def _measure(text: str) -> Iterator[tuple[str, Value]]:
    """Yield a measure: "name, field, description, value, unit"."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 4:
        return
    unit = parts[4] if len(parts) > 4 and parts[4] != "unitless" else ""
    yield parts[1], Value(f"{parts[3]} {unit}".strip(), value_of(parts[3]).number, unit)


def _structure(
    heads: Sequence[str], cells: Sequence[str]
) -> Iterator[tuple[str, Value]]:
    """Yield the cells of a structure's row as "structure.column"."""
    if len(cells) != len(heads) or "StructName" not in heads:
        return
    start = cells[heads.index("StructName")]
    for name, cell in zip(heads, cells, strict=True):
        if name not in _NO_MEASURE:
            yield f"{start}.{name}", value_of(cell)
