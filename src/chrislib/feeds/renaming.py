"""New titles of many feeds by one pattern: "{name} {n:2}". Pure."""

import re
from datetime import tzinfo

from chrislib.feeds.model import FeedRow

LIMIT = 200
"""Characters of a feed's title (CUBE, ``<id>/``)."""
PLACEHOLDERS = (
    ("{name}", "its title now"),
    ("{n}", "1, 2, 3 … ({n:3} is 001)"),
    ("{date}", "the day it was created"),
    ("{id}", "its number"),
    ("{owner}", "who owns it"),
)
_MARK = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"n(?::([1-9]))?")


def new_title(
    pattern: str, row: FeedRow, number: int, *, zone: tzinfo | None = None
) -> str:
    """Return a feed's title by a pattern; marks nobody knows stay as typed.

    Parameters
    ----------
    number : int
        What {n} is.
    zone : tzinfo, optional
        Where days begin; local time without it.
    """

    def value(found: re.Match[str]) -> str:
        mark = found[1].strip().casefold()
        digits = _NUMBER.fullmatch(mark)
        if digits is not None:
            return str(number).zfill(int(digits[1] or 1))
        match mark:
            case "name":
                return row.title
            case "id":
                return str(row.id)
            case "owner":
                return row.owner
            case "date" if row.created is not None:
                return row.created.astimezone(zone).date().isoformat()
            case "date":
                return ""
        return found[0]

    return " ".join(_MARK.sub(value, pattern).split())


def problem_of(title: str) -> str:
    """Return why a server would refuse a title, "" where it would not."""
    if not title:
        return "The new title is empty."
    if len(title) > LIMIT:
        return f"It has {len(title)} characters; {LIMIT} are allowed."
    return ""


def unknown_marks(pattern: str) -> list[str]:
    """Return what stands in braces and means nothing."""
    known = {"name", "id", "owner", "date"}
    return [
        found[0]
        for found in _MARK.finditer(pattern)
        if (mark := found[1].strip().casefold()) not in known
        and _NUMBER.fullmatch(mark) is None
    ]
