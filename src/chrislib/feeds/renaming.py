"""New titles of many feeds by one pattern: "{name} {n:2}". Pure."""

from datetime import tzinfo

from chrislib.feeds import title_marks
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
_KNOWN = frozenset({"name", "id", "owner", "date"})


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

    def word(mark: str) -> str | None:
        match mark:
            case "name":
                return row.sent_title
            case "id":
                return str(row.id)
            case "owner":
                return row.owner
            case "date" if row.created is not None:
                return row.created.astimezone(zone).date().isoformat()
            case "date":
                return ""
        return None

    return " ".join(title_marks.filled(pattern, number, word).split())


def problem_of(title: str) -> str:
    """Return why a server would refuse a title, "" where it would not."""
    if not title:
        return "The new title is empty."
    if len(title) > LIMIT:
        return f"It has {len(title)} characters; {LIMIT} are allowed."
    return ""


def unknown_marks(pattern: str) -> list[str]:
    """Return what stands in braces and means nothing."""
    return title_marks.unknown_marks(pattern, _KNOWN.__contains__)
