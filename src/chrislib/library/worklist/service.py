"""Work lists: made from tables, asked row by row, pulled, reported, taken up again."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from chrislib.aio import Breather, TaskOwner
from chrislib.catalog.worklists import WorkListTable, WorkRow
from chrislib.errors import ChrislibError
from chrislib.library import words
from chrislib.library.model import Item, LibraryChange
from chrislib.library.names import clean, show_name
from chrislib.library.pull import Found
from chrislib.library.worklist import report
from chrislib.library.worklist.columns import Columns
from chrislib.library.worklist.model import (
    ListChange,
    ListHead,
    ListId,
    ListRow,
    RowState,
    RunState,
)
from chrislib.library.worklist.opened import OpenList
from chrislib.library.worklist.rows import head_of, head_row, list_row, work_row
from chrislib.library.worklist.runner import Runner
from chrislib.pacs.types import Criteria, LookupResult
from chrislib.tables import Table

_log = logging.getLogger(__name__)
_CHUNK = 500
_CLOSED = "chrislib was closed while it was asked."


class Changes(Protocol):
    """The Library's changes."""

    def subscribe(
        self, listener: Callable[[LibraryChange], None]
    ) -> Callable[[], None]:
        """Call `listener` after each change."""


class WorkLists:
    """Every work list of the present account.

    Parameters
    ----------
    table : WorkListTable
        Of the catalog.
    lookup : callable
        Asks the PACS without a trace in History.
    item : callable
        Gives the Library's item of a series UID.
    pull : callable
        Brings found series into the Library; nothing twice.
    changes : Changes
        Tells when items change.
    account : callable
        Names the server and user lists belong to.
    """

    def __init__(
        self,
        table: WorkListTable,
        *,
        lookup: Callable[[Criteria], Awaitable[LookupResult]],
        item: Callable[[str], Item | None],
        pull: Callable[[Sequence[Found]], Awaitable[list[Item]]],
        changes: Changes,
        account: Callable[[], str],
    ) -> None:
        self._table = table
        self._lookup = lookup
        self._item = item
        self._pull = pull
        self._account = account
        self._heads: dict[ListId, ListHead] = {}
        self._accounts: dict[ListId, str] = {}
        self._open: dict[ListId, OpenList] = {}
        self._runs: dict[ListId, asyncio.Task[None]] = {}
        self._listeners: list[Callable[[ListChange], None]] = []
        self._gone_on: set[str] = set()
        self._tasks = TaskOwner("work lists")
        self._leave = changes.subscribe(self._on_library)

    async def load(self) -> None:
        """Read the lists (disk); one that was being asked is paused now."""
        for row in await self._table.lists():
            head = head_of(row)
            if head.state is RunState.ASKING:
                head = replace(head, state=RunState.PAUSED, reason=_CLOSED)
            self._heads[head.list_id] = head
            self._accounts[head.list_id] = row.account_key

    async def close(self) -> None:
        """Stop asking; what is not asked yet is asked when it is taken up again."""
        self._leave()
        await self._tasks.close()

    def subscribe(self, listener: Callable[[ListChange], None]) -> Callable[[], None]:
        """Call `listener` after each change; returns how to stop that."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def heads(self) -> list[ListHead]:
        """Return the lists of the present account, newest first."""
        account = self._account()
        mine = [
            head
            for head in self._heads.values()
            if not account or self._accounts.get(head.list_id, "") in {"", account}
        ]
        return sorted(mine, key=lambda head: head.made_at, reverse=True)

    def head(self, list_id: ListId) -> ListHead | None:
        """Return a list without its rows."""
        return self._heads.get(list_id)

    def opened(self, list_id: ListId) -> OpenList | None:
        """Return a list's rows as far as `open` has read them."""
        return self._open.get(list_id)

    async def make(
        self, table: Table, columns: Columns, *, pacs: str = "", dates: str = "ymd"
    ) -> ListHead:
        """Keep a table as a work list (disk); nothing is asked yet.

        Raises
        ------
        ChrislibError
            No column says what to look for, or there are no rows.
        """
        columns.check()
        rows = table.rows[columns.headed :]
        if not rows:
            raise ChrislibError(
                f"{table.title} holds only the names of its columns.",
                "Nothing was asked.",
                hint="Choose a file with one patient or study a line.",
            )
        head = ListHead(
            list_id=ListId(uuid4().hex),
            title=clean(table.title)[:120] or "Pasted list",
            columns=columns,
            pacs=pacs,
            dates=dates,
            total=len(rows),
            made_at=time.time(),
        )
        account = self._account()
        made = await asyncio.to_thread(_rows_of, head, table)
        await self._table.add(head_row(head, account=account), made)
        self._heads[head.list_id] = head
        self._accounts[head.list_id] = account
        self._open[head.list_id] = OpenList(head, item=self._item)
        self._tell(ListChange(head.list_id))
        return head

    async def open(self, list_id: ListId) -> OpenList:
        """Return a list with the states of its rows (disk).

        Raises
        ------
        ChrislibError
            It is gone.
        """
        known = self._open.get(list_id)
        if known is not None:
            return known
        head = self._need(list_id)
        fresh = OpenList(head, item=self._item)
        await fresh.fill(await self._table.states(list_id))
        return self._open.setdefault(list_id, fresh)

    async def rows(self, list_id: ListId, numbers: Sequence[int]) -> list[ListRow]:
        """Return rows with their words, by what the Library has now (disk)."""
        known = await self.open(list_id)
        found = []
        for raw in await self._table.rows(list_id, numbers):
            row = list_row(raw)
            if known.series(row.number):
                state, reason = known.look(row.number)
                row = replace(row, state=state, reason=reason)
            found.append(row)
        return found

    async def start(self, list_id: ListId) -> None:
        """Ask for the rows that have no answer yet, in the background (network)."""
        known = await self.open(list_id)
        running = self._runs.get(list_id)
        if running is not None and not running.done():
            if known.head.state is RunState.ASKING:
                return
            # it has stopped and is writing that down
            await asyncio.gather(running, return_exceptions=True)
        await self._put_head(list_id, state=RunState.ASKING, reason="")
        runner = Runner(known, table=self._table, lookup=self._lookup, tell=self._tell)
        self._runs[list_id] = self._tasks.start(
            self._run(list_id, runner), name="ask a work list"
        )

    async def pause(self, list_id: ListId) -> None:
        """Stop asking; what was answered stays."""
        running = self._runs.pop(list_id, None)
        if running is not None and not running.done():
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        if self._need(list_id).state is RunState.ASKING:
            await self._put_head(list_id, state=RunState.PAUSED, reason="")

    async def ask_again(self, list_id: ListId, numbers: Sequence[int]) -> None:
        """Forget the answers of rows and ask for them anew (disk, network)."""
        known = await self.open(list_id)
        # a run that is on its way has made up its mind which rows it asks for
        await self.pause(list_id)
        rows = [
            replace(row, state=RowState.WAITING, reason="", found="", choice="")
            for row in await self.rows(list_id, numbers)
            if not known.states[row.number].settled
        ]
        await self._keep(list_id, rows)
        await self.start(list_id)

    async def choose(self, list_id: ListId, number: int, key: str) -> ListRow:
        """Say which candidate an ambiguous row means (disk).

        Raises
        ------
        ChrislibError
            It is none of the row's candidates any more.
        """
        known = await self.open(list_id)
        row = (await self.rows(list_id, [number]))[0]
        chosen = next((one for one in known.choices(row) if one.key == key), None)
        if chosen is None:
            raise ChrislibError(
                "This row has changed.", hint="Look at its choices again."
            )
        state, reason = known.settle(number, chosen)
        row = replace(row, state=state, reason=reason, choice=key)
        await self._keep(list_id, [row])
        return row

    async def pull(self, list_id: ListId, numbers: Iterable[int] | None = None) -> int:
        """Bring what rows mean into the Library (disk; sent in the background).

        Parameters
        ----------
        list_id : ListId
        numbers : iterable of int, optional
            Which rows; by default all that were found and are not here.

        Returns
        -------
        int
            How many series were asked for.
        """
        known = await self.open(list_id)
        if numbers is None:
            numbers = known.numbers([RowState.FOUND, RowState.STOPPED])
        wanted = [number for number in numbers if known.series(number)]
        # an end in between leaves the wish, which the next start carries out
        await self._table.mark(list_id, wanted, RowState.PULLING.value)
        try:
            asked = await self._pull_rows(known, wanted)
        except ChrislibError:
            await self._table.mark(list_id, wanted, RowState.FOUND.value)
            raise
        await self._table.mark(list_id, wanted, RowState.FOUND.value)
        return asked

    def go_on(self) -> None:
        """Ask for what was to be pulled when the program ended (disk, behind)."""
        account = self._account()
        if account and account not in self._gone_on:
            self._gone_on.add(account)
            self._tasks.start(self._go_on(account), name="pull what was left")

    async def report(self, list_id: ListId, folder: Path) -> Path:
        """Write what became of every row as CSV; return the file (disk)."""
        known = await self.open(list_id)
        head = self._need(list_id)
        lines: list[list[str]] = []
        breather = Breather()
        for at in range(0, head.total, _CHUNK):
            numbers = range(at, min(at + _CHUNK, head.total))
            for row in await self.rows(list_id, numbers):
                lines.append(self._reported(known, row))
                await breather.rest()
        heads = [*head.columns.heads, *report.HEADS]
        stem = Path(head.title).stem[:80].replace("/", "-") or "list"

        def write() -> Path:
            text = report.report_text(heads, lines)
            return report.write_report(folder, f"{stem} report", text)

        return await asyncio.to_thread(write)

    async def delete(self, list_id: ListId) -> None:
        """Forget a list; what was pulled for it stays (disk)."""
        await self.pause(list_id)
        await self._table.delete(list_id)
        self._heads.pop(list_id, None)
        self._open.pop(list_id, None)
        self._accounts.pop(list_id, None)
        self._tell(ListChange(list_id))

    def settled(self, list_id: ListId) -> str:
        """Return in words how far a list is, for rows of lists."""
        head, known = self._heads.get(list_id), self._open.get(list_id)
        if head is None:
            return ""
        if known is None:
            return words.count(head.total, "row")
        waiting = known.counts[RowState.WAITING]
        return f"{head.total - waiting:,} of {words.count(head.total, 'row')} asked"

    # --- inside -------------------------------------------------------------------

    async def _run(self, list_id: ListId, runner: Runner) -> None:
        try:
            reason = await runner.run()
        except ChrislibError as error:
            reason = " ".join(filter(None, (error.title, error.hint)))
        left = runner.left
        state = RunState.PAUSED if reason or left else RunState.ASKED
        await self._put_head(list_id, state=state, reason=reason)

    async def _pull_rows(self, known: OpenList, wanted: Sequence[int]) -> int:
        asked = 0
        for at in range(0, len(wanted), _CHUNK):
            chunk = wanted[at : at + _CHUNK]
            for row in await self.rows(known.head.list_id, chunk):
                meant = known.meant(row)
                if meant is not None:
                    asked += len(await self._pull(meant.found()))
                    self._look(known, [row.number])
        return asked

    async def _go_on(self, account: str) -> None:
        left: dict[ListId, list[int]] = {}
        for list_id, number in await self._table.in_state(RowState.PULLING.value):
            left.setdefault(ListId(list_id), []).append(number)
        for list_id, numbers in left.items():
            if self._accounts.get(list_id, "") not in {"", account}:
                continue
            try:
                await self.pull(list_id, numbers)
            except ChrislibError as error:
                # the next connection tries it again
                self._gone_on.discard(account)
                await self._table.mark(list_id, numbers, RowState.PULLING.value)
                _log.info("a work list is not pulled further now: %s", error.title)

    async def _put_head(self, list_id: ListId, *, state: RunState, reason: str) -> None:
        head = replace(self._need(list_id), state=state, reason=reason)
        self._heads[list_id] = head
        known = self._open.get(list_id)
        if known is not None:
            known.head = head
        self._tell(ListChange(list_id))
        account = self._accounts.get(list_id, "")
        await self._table.put(head_row(head, account=account))

    async def _keep(self, list_id: ListId, rows: Sequence[ListRow]) -> None:
        known = self._open[list_id]
        for row in rows:
            if not row.state.settled:
                known.put(row.number, row.state)
        await self._table.put_rows([work_row(list_id, row) for row in rows])
        self._tell(ListChange(list_id, tuple(row.number for row in rows)))

    def _reported(self, known: OpenList, row: ListRow) -> list[str]:
        cells = [*row.cells, *[""] * (len(known.head.columns.heads) - len(row.cells))]
        meant = known.meant(row) if row.state.settled else None
        state = report.STATE_WORDS[row.state]
        if meant is None:
            return [*cells, str(row.line), state, row.reason, *[""] * 8]
        studies = meant.patient.studies
        series = [one for study in studies for one in study.series]
        items = [self._item(one.series_uid) for one in series]
        here = sum(item is not None and item.state.value == "ready" for item in items)
        images = sum(one.images or 0 for one in series)
        return [
            *cells,
            str(row.line),
            state,
            row.reason,
            meant.patient.patient_id,
            show_name(meant.patient.name),
            ", ".join(str(s.date) if s.date else "no date" for s in studies),
            ", ".join(filter(None, (s.accession_number for s in studies))),
            str(len(series)),
            str(here),
            str(images),
            ", ".join(dict.fromkeys(s.pacs for s in studies)),
        ]

    def _on_library(self, change: LibraryChange) -> None:
        if not self._open or not change.items:
            return
        uids = {item.series_uid for item in change.items if item.series_uid}
        for known in self._open.values():
            rows = {number for uid in uids for number in known.rows_of(uid)}
            if rows:
                self._look(known, sorted(rows))

    def _look(self, known: OpenList, numbers: Sequence[int]) -> None:
        for number in numbers:
            known.look(number)
        self._tell(ListChange(known.head.list_id, tuple(numbers)))

    def _need(self, list_id: ListId) -> ListHead:
        head = self._heads.get(list_id)
        if head is None:
            raise ChrislibError("This work list is gone.", hint="Open the file again.")
        return head

    def _tell(self, change: ListChange) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:  # noqa: BLE001 - one bad listener
                _log.exception("a listener of a work list failed")


def _rows_of(head: ListHead, table: Table) -> list[WorkRow]:
    start = head.columns.headed
    return [
        work_row(head.list_id, ListRow(at, table.lines[at + start], cells))
        for at, cells in enumerate(table.rows[start:])
    ]
