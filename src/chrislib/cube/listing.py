"""One page of a list, for those who read a list by its pages."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

import httpx

from chrislib.cube.reading import BadRow

_T = TypeVar("_T")

# what a window's event loop may do at a time: 2 ms of reading rows
ROWS_AT_A_TIME = 100


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
