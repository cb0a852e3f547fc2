"""One page of a list, for those who read a list by its pages."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

import httpx

from chrislib.cube.errors import BadAnswer
from chrislib.cube.reading import BadRow

_T = TypeVar("_T")

# what a window's event loop may do at a time: 3 ms of reading rows
ROWS_AT_A_TIME = 200
# how a page begins; one link without escapes
_NEXT = re.compile(rb'\s*\{"count":\s*\d+,\s*"next":\s*"([^"\\]+)"')


@dataclass(frozen=True, slots=True)
class Listed(Generic[_T]):
    """One page.

    Attributes
    ----------
    rows : tuple
        Those that could be read.
    total : int or None
        Rows of the whole list, as the server says.
    more : bool
        Whether the server names a next page.
    received : int
        Rows on the wire, with those that could not be read.
    date : datetime or None
        The server's clock when it answered.
    """

    rows: tuple[_T, ...]
    total: int | None
    more: bool
    received: int
    date: datetime | None

    @property
    def bad(self) -> int:
        """Rows that could not be read."""
        return self.received - len(self.rows)


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as it came, and how many rows the server says there are."""

    rows: list[object]
    count: int | None


async def read_rows(
    rows: Sequence[object], read: Callable[[object], _T]
) -> tuple[_T, ...]:
    """Read the rows that can be read, with a pause for the loop now and then."""
    found = []
    for number, row in enumerate(rows, 1):
        if number % ROWS_AT_A_TIME == 0:
            await asyncio.sleep(0)
        try:
            found.append(read(row))
        except BadRow:
            continue
    return tuple(found)


def date_of(response: httpx.Response) -> datetime | None:
    """Return the server's clock as an answer tells it, to the second."""
    try:
        there = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return there if there.tzinfo is not None else None


def next_in(content: bytes) -> str:
    """Return the link to the next page without reading the page, "" if unsure."""
    head = _NEXT.match(content)
    return head[1].decode("ascii", "replace") if head is not None else ""


def identity_of(row: object, key: str) -> object:
    """Return what tells a row from others; a row without it equals no other."""
    value = row.get(key) if isinstance(row, dict) else None
    if type(value) is int:  # nearly always
        return value
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    # without an id nothing can be told apart; such a row is refused when read
    return object()


def circle(response: httpx.Response) -> BadAnswer:
    """Return the error for pages that lead in a circle."""
    return BadAnswer(
        "The server's list leads in a circle.",
        "Nothing was changed; the list may be incomplete.",
        hint="Try again; if it stays so, tell whoever runs the server.",
        context={"path": response.request.url.path},
    )


def without_ids(path: str) -> str:
    """Return the path without ids, for the log."""
    return "".join("#" if char.isdigit() else char for char in path)
