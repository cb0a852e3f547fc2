"""Asking for the rows of a work list, several at once, each answer kept at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from chrislib.aio import several
from chrislib.catalog.worklists import WorkListTable
from chrislib.errors import ChrislibError
from chrislib.library.worklist.asking import criteria_of, names_one_study
from chrislib.library.worklist.model import ListChange, ListRow, RowState
from chrislib.library.worklist.opened import OpenList, judged
from chrislib.library.worklist.packing import pack
from chrislib.library.worklist.rows import list_row, work_row
from chrislib.pacs.types import Criteria, LookupResult

_AT_ONCE = 4
_READ = 200
_KEEP_ROWS = 40
_KEEP_SECONDS = 0.25
_SILENT = 8
"""So many rows in a row without an answer, and the PACS is not asked on."""

Key = tuple[tuple[str, tuple[str, ...]], ...]


class Runner:
    """One run over the rows of a list that wait, used once."""

    def __init__(
        self,
        known: OpenList,
        *,
        table: WorkListTable,
        lookup: Callable[[Criteria], Awaitable[LookupResult]],
        tell: Callable[[ListChange], None],
    ) -> None:
        self._known = known
        self._table = table
        self._lookup = lookup
        self._tell = tell
        self._answers: dict[Key, LookupResult] = {}
        self._asking: dict[Key, asyncio.Lock] = {}
        self._silent = 0
        self._away: set[str] = set()
        self._kept: list[ListRow] = []
        self._kept_at = 0.0

    @property
    def left(self) -> int:
        """Rows that still wait."""
        return self._known.counts[RowState.WAITING]

    async def run(self) -> str:
        """Ask until all rows have an answer; return why it ended before, or "".

        Raises
        ------
        ChrislibError
            The server refuses, or is away. What was answered is kept.
        """
        waiting = self._known.numbers([RowState.WAITING])
        try:
            for at in range(0, len(waiting), _READ):
                await self._ask_all(waiting[at : at + _READ])
                if self._silent >= _SILENT:
                    break
        finally:
            await asyncio.shield(self._keep(force=True))
        if self._away and self.left:
            names = ", ".join(sorted(self._away))
            return f"No answer from {names}. Rows it was asked for are not missing."
        return ""

    async def _ask_all(self, numbers: Sequence[int]) -> None:
        raw = await self._table.rows(self._known.head.list_id, numbers)
        rows = [list_row(one) for one in raw]
        await several(rows, self._work, at_once=_AT_ONCE)

    async def _work(self, row: ListRow) -> None:
        if self._silent >= _SILENT:
            return
        # first the answer: the list to put it into may be another one by then
        answered = await self._ask(row)
        self._kept.append(answered)
        await self._keep()

    async def _ask(self, row: ListRow) -> ListRow:
        head = self._known.head
        try:
            criteria = criteria_of(
                row.cells, head.columns, pacs=head.pacs, dates=head.dates
            )
        except ChrislibError as error:
            reason = " ".join(filter(None, (error.title, error.hint)))
            self._known.put(row.number, RowState.REFUSED)
            return replace(row, state=RowState.REFUSED, reason=reason)
        result = await self._answer(criteria)
        if result.unreachable and not result.patients:
            self._silent += 1
            self._away.update(result.unreachable)
            reason = f"No answer from {', '.join(result.unreachable)}"
            return replace(row, reason=reason)
        self._silent = 0
        one = names_one_study(head.columns, row.cells)
        found = pack(result.patients)
        state, reason, chosen = judged(found, one_study=one)
        if chosen is not None:
            state, reason = self._known.settle(row.number, chosen)
        else:
            self._known.put(row.number, state)
        if state is RowState.MISSING and result.unproven:
            names = ", ".join(result.unproven)
            reason = f"{reason}; {names} may be switched off"
        return replace(row, state=state, reason=reason, found=found, choice="")

    async def _answer(self, criteria: Criteria) -> LookupResult:
        key: Key = tuple(sorted((k, tuple(v)) for k, v in criteria.values.items()))
        # rows that ask the same at the same time wait for the first of them
        async with self._asking.setdefault(key, asyncio.Lock()):
            known = self._answers.get(key)
            if known is None:
                known = await self._lookup(criteria)
                if not known.unreachable:
                    if len(self._answers) > 1000:
                        self._answers.clear()
                        self._asking.clear()
                    self._answers[key] = known
        return known

    async def _keep(self, *, force: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        full = len(self._kept) >= _KEEP_ROWS or now - self._kept_at >= _KEEP_SECONDS
        if not self._kept or not (full or force):
            return
        rows, self._kept, self._kept_at = self._kept, [], now
        list_id = self._known.head.list_id
        try:
            await self._table.put_rows([work_row(list_id, row) for row in rows])
        except BaseException:
            # also when it was called off in between: the end writes them once more
            self._kept += rows
            raise
        self._tell(ListChange(list_id, tuple(row.number for row in rows)))
