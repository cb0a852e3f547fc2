"""Pasted lists: many values at once, however they were separated."""

import re
from collections import Counter

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.criteria import Criterion
from chrislib.library.names import clean

MOST_VALUES = 200
"""So many values are asked as one lookup; a longer list is a work list."""
_GUESSED = 200


def values_in(text: str) -> list[str]:
    """Return the values of a list, in their order, each once.

    Lines, tabs, semicolons and commas separate. One comma in a line without digits
    does not: "Doe, Jonathan" is one name.
    """
    values: list[str] = []
    for line in re.split(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+", text):
        for piece in re.split(r"[\t;]+", line):
            parts = [clean(part).strip("\"'").strip() for part in piece.split(",")]
            parts = [part for part in parts if part]
            if len(parts) == 2 and not any(c.isdigit() for c in piece):
                parts = [f"{parts[0]}, {parts[1]}"]
            values += parts
    return list(dict.fromkeys(values))


def is_list(text: str) -> bool:
    """Whether a text holds more than one value."""
    return len(values_in(text)) > 1


def is_table(text: str) -> bool:
    """Whether a text is a piece of a spreadsheet: lines of several cells each."""
    lines = [line for line in text.splitlines() if line.strip()]
    cells = {line.count("\t") for line in lines}
    return len(lines) > 1 and len(cells) == 1 and cells != {0}


def from_list(text: str, *, key: str = "") -> Criterion | None:
    """Return one condition for a pasted list; None when it holds nothing.

    Parameters
    ----------
    text : str
        The list.
    key : str
        What the values are; "" lets most of them decide.

    Raises
    ------
    ChrislibError
        A value cannot be asked for; it is named, and nothing else is taken.
    """
    values = values_in(text)
    if values and not key:
        key = _kind(values)
    made: list[str] = []
    for value in values:
        condition = asked.make(key, value)
        made += condition.values if condition is not None else ()
    return Criterion(key, tuple(dict.fromkeys(made))) if made else None


def _kind(values: list[str]) -> str:
    kinds: Counter[str] = Counter()
    for value in values[:_GUESSED]:
        try:
            condition = asked.guess(value)
        except ChrislibError:
            continue
        if condition is not None:
            kinds[condition.key] += 1
    return kinds.most_common(1)[0][0] if kinds else asked.PATIENT_ID
