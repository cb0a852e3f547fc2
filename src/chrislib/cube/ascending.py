"""The lists of a folder from their start, though a CUBE only knows their end."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from chrislib.aio import spawn
from chrislib.cube.folder_types import Part, Thing

if TYPE_CHECKING:
    # it loads the HTTP library, which waits for the first paint
    from chrislib.cube.listing import Listed


class Pages(Protocol):
    """The part of the client that lists folders."""

    async def page(
        self, folder_id: int, part: Part, *, offset: int = 0, limit: int = 500
    ) -> "Listed[Thing]":
        """Return a page, paths descending (network)."""


class Ascending:
    """One list of a folder from its start, though the server only knows its end.

    A CUBE sorts by path, descending (cube-api.md §10), so the pages are asked for
    from the back; the first answer, which is the list's end, is kept for last. What
    is added or deleted meanwhile moves the pages: nothing is given twice, and as many
    rows as the count has changed by are looked at again.

    Parameters
    ----------
    size : int
        Rows of a page.
    first : int, optional
        Rows of the two pages that are waited for before there is anything to show.
    ahead : bool
        Ask for the next page while one is on its way; `close` it then.
    """

    def __init__(
        self,
        api: Pages,
        folder_id: int,
        part: Part,
        *,
        size: int,
        first: int | None = None,
        ahead: bool = False,
    ) -> None:
        self._api = api
        self._folder_id = folder_id
        self._part = part
        self._size = size
        self._first = first or size
        self._ahead = ahead
        self._coming: tuple[int, int, asyncio.Task[Listed[Thing]]] | None = None
        self._seen: set[int] = set()
        self._end: list[Thing] = []
        self._left: int | None = None
        self.total = 0

    @property
    def more(self) -> bool:
        """Whether there is something that was not read yet."""
        return self._left is None or self._left > 0

    @property
    def given(self) -> int:
        """Number of things that were read."""
        return len(self._seen)

    async def next(self) -> list[Thing]:
        """Return the next page (network)."""
        if self._left is None:
            first = await self._ask(0, self._first)
            self.total = _total(first)
            if not first.more:
                self._left = 0
                return self._fresh(first.rows)
            self._end = list(first.rows)
            self._left = self.total
        floor = len(self._end)
        if self._left <= floor:
            self._left, end = 0, self._end
            self._end = []
            return self._fresh(end)
        size = self._size if self._seen else self._first
        offset = max(floor, self._left - size)
        page = await self._page(offset, self._left - offset)
        moved = abs(_total(page) - self.total)
        self.total = _total(page)
        # twice the same page would go on for ever where things come and go
        self._left = min(self._left - 1, offset + moved, max(self.total, floor))
        return self._fresh(page.rows)

    def close(self) -> None:
        """Do not wait for what was asked for ahead."""
        if self._coming is not None:
            self._coming[2].cancel()
            self._coming = None

    async def _page(self, offset: int, limit: int) -> "Listed[Thing]":
        """Return a page that may be on its way already, and have the next one come."""
        coming, self._coming = self._coming, None
        if coming is not None and coming[:2] != (offset, limit):
            coming[2].cancel()  # the list moved meanwhile
            coming = None
        floor = len(self._end)
        if self._ahead and offset > floor:
            start = max(floor, offset - self._size)
            asked = self._ask(start, offset - start)
            # who waits for it hears of what goes wrong with it
            task = spawn(asked, name="page ahead", on_error=_heard)
            self._coming = start, offset - start, task
        if coming is None:
            return await self._ask(offset, limit)
        try:
            return await coming[2]
        finally:
            coming[2].cancel()

    async def _ask(self, offset: int, limit: int) -> "Listed[Thing]":
        return await self._api.page(
            self._folder_id, self._part, offset=offset, limit=limit
        )

    def _fresh(self, rows: Sequence[Thing]) -> list[Thing]:
        found = [row for row in reversed(rows) if row.id not in self._seen]
        self._seen.update(row.id for row in found)
        return found


def _total(page: "Listed[Thing]") -> int:
    return page.total if page.total is not None else len(page.rows)


def _heard(_error: BaseException) -> None:
    """It is raised where the page is waited for."""
