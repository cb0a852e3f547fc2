"""My Library on screen: a model of ids that fetches the rows in sight."""

import asyncio
import logging
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    Qt,
    Signal,
)

from chrislib.aio import TaskOwner
from chrislib.library.mine.model import (
    Column,
    Filters,
    Level,
    MineChange,
    Query,
    Row,
    RowId,
)
from chrislib.library.mine.service import MyLibrary
from chrislib.views.library.mine.cells import HEADS, ORDER
from chrislib.views.library.mine.moves import Move, find, moves
from chrislib.views.models.headed import HeadedTable
from chrislib.views.models.index import Index
from chrislib.views.models.timers import soon

_log = logging.getLogger(__name__)

RowRole = int(Qt.ItemDataRole.UserRole) + 1
IdRole = int(Qt.ItemDataRole.UserRole) + 2
# as numbers: every cell is asked for a dozen roles
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

_BLOCK = 64
"""Rows that are fetched together."""
_KEPT = 4096
"""Rows that are kept."""
_ABOVE = (Level.PATIENT, Level.STUDY)
_FEW = 32
_MANY = 2000
_AGAIN_MS = 250
_PAINTED = 0.1
"""Seconds in which the first rows of a list are painted."""


class MineModel(HeadedTable):
    """The rows of one list; only ids are there for all of them.

    What changes in the background changes in place: rows come and go where they
    stand, highlight and current row stay with their ids, nothing is reset.

    Parameters
    ----------
    mine : MyLibrary
    words : callable, optional
        The text of a cell, for whoever reads cells instead of rows.

    Attributes
    ----------
    columns : tuple of Column
        The same at every level.
    listed : signal
        A list has arrived and is shown.
    failed : signal of exception
        It could not be had; what was shown before is still there.
    """

    heads = tuple(HEADS[column].text for column in ORDER)
    numeric = frozenset(
        number for number, column in enumerate(ORDER) if HEADS[column].numeric
    )
    columns: tuple[Column, ...] = ORDER

    listed = Signal()
    failed = Signal(object)

    def __init__(
        self,
        mine: MyLibrary,
        parent: QObject | None = None,
        *,
        words: Callable[[Row, Column], str] | None = None,
    ) -> None:
        super().__init__(parent)
        self._mine = mine
        self._words = words
        self._query = Query()
        self._shown = Query()
        self._ids: array[int] = array("q")
        self._rows: dict[int, Row] = {}
        self._gone: set[int] = set()
        self._old: set[int] = set()
        """Rows that are told of and may differ by now; read again when looked at."""
        self._renew: dict[int, None] = {}
        self._wanted: dict[int, None] = {}
        self._fetching = False
        self._turn = 0
        self._looked = 0
        """The number of the row somebody asked for last."""
        self._partial = False
        """Only the first ids are known; the others are 0."""
        # how often lists changed, and had when what is shown was asked for
        self._lists_told, self._lists_heard = 0, -1
        self._tasks = TaskOwner("my library list")
        self._fetch_soon = soon(self, 0, self._fetch)
        self._ask_soon = soon(self, _AGAIN_MS, self._ask)
        self._stop = mine.subscribe(self._on_change)

    # --- what is shown --------------------------------------------------------

    @property
    def query(self) -> Query:
        """What is shown, or on its way."""
        return self._query

    @property
    def ids(self) -> Sequence[RowId]:
        """The ids of all rows, in order."""
        if self._partial:
            return [RowId(one) for one in self._ids if one]
        return self._ids  # type: ignore[return-value] # RowId is int

    def show(self, query: Query) -> None:
        """Show another list; it comes in the background, `listed` says when."""
        self._query = query
        self._ask()

    def again(self) -> None:
        """Ask for the list once more, soon."""
        self._lists_told += 1
        self._ask_soon.start()

    def shutdown(self) -> None:
        """Stop listening and asking."""
        self._stop()
        self._turn += 1
        self._fetch_soon.stop()
        self._ask_soon.stop()
        self._tasks.cancel()

    def row(self, index: Index) -> Row | None:
        """Return the row of an index, None while it is on its way."""
        number = index.row()
        if not 0 <= number < len(self._ids):
            return None
        return self._row_at(number)

    def id_at(self, index: Index) -> RowId | None:
        """Return the id of an index, whether its row is there or not."""
        number = index.row()
        if not 0 <= number < len(self._ids):
            return None
        return RowId(self._ids[number]) if self._ids[number] else None

    def index_of(self, row_id: RowId | int) -> QModelIndex:
        """Return where a row stands, an invalid index if it is not in the list."""
        at = find(self._ids.tobytes(), row_id)
        return QModelIndex() if at < 0 else self.index(at, 0)

    # --- Qt -------------------------------------------------------------------

    def count(self) -> int:
        """Return how many rows the list has."""
        return len(self._ids)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the row, its id, or the text of a cell."""
        if role == _DISPLAY:
            row = None if self._words is None else self._row_at(index.row())
            if row is None or self._words is None:
                return None
            return self._words(row, self.columns[index.column()])
        if role == _ALIGNMENT:
            return _RIGHT if index.column() in self.numeric else None
        if role == RowRole:
            return self.row(index)
        return self.id_at(index) if role == IdRole else None

    # --- the list -------------------------------------------------------------

    def _ask(self) -> None:
        self._ask_soon.stop()
        self._turn += 1
        self._tasks.start(
            self._list(self._query, self._turn), name="list", failed=self._not_had
        )

    async def _list(self, query: Query, turn: int) -> None:
        fresh = not self._ids or query.level is not self._shown.level
        told = self._lists_told
        if fresh and query.filters == Filters():
            # the first rows can be painted before all ids are there
            await self._list_head(query, turn)
            if self._partial:
                # reading 100,000 ids at once would slow the painting
                await asyncio.sleep(_PAINTED)
            if turn != self._turn:
                return
        # what is in sight comes with the list: nothing is drawn twice
        near = 0 if fresh else self._looked
        if not fresh and self._narrows(query):
            told = self._lists_heard
            listing = await self._mine.narrowed(
                query, self._ids[:], near=near, most=_BLOCK
            )
        else:
            listing = await self._mine.listing(query, near=near, most=_BLOCK)
        if turn != self._turn:
            return
        self._lists_heard = told
        ids = listing.ids if isinstance(listing.ids, array) else array("q", listing.ids)
        if self._partial and query.level is self._shown.level:
            self._complete(query, ids)
        elif fresh:
            self._begin(query, ids, listing.rows)
        else:
            for one, row in listing.rows.items():
                # those known are told of when they change
                self._rows.setdefault(one, row)
            await self._become(query, ids, turn)
        if turn == self._turn:
            self.listed.emit()

    def _narrows(self, query: Query) -> bool:
        """Whether a list holds some of what is shown, in the same order.

        What changes meanwhile is told of, and the list is asked for again.
        """
        bare = replace(query, filters=replace(query.filters, text=""))
        known = self._lists_told == self._lists_heard and bare == self._shown
        return known and query != bare and query.level not in _ABOVE

    async def _list_head(self, query: Query, turn: int) -> None:
        head, number = await self._mine.head(query, _BLOCK)
        if turn != self._turn or number <= _MANY:
            return
        first = await self._mine.rows(head, query.level)
        if turn != self._turn:
            return
        unknown = array("q", [0]) * (number - len(head))
        self._begin(query, array("q", head) + unknown, first)
        self._partial, self._lists_heard = True, -1
        self.listed.emit()

    def _complete(self, query: Query, ids: "array[int]") -> None:
        """Take over all ids of a list whose first ones are shown."""
        self._shown, self._partial = query, False
        if len(ids) == len(self._ids) and ids[:_BLOCK] == self._ids[:_BLOCK]:
            self._ids = ids
            self._say_all_changed()
        else:  # something came or went just now
            self._lay_out(ids)

    def _not_had(self, error: BaseException) -> None:
        self.failed.emit(error)

    def _begin(
        self, query: Query, ids: "array[int]", rows: Mapping[RowId, Row]
    ) -> None:
        self.beginResetModel()
        self._shown, self._ids, self._partial = query, ids, False
        self._forget()
        self._rows.update((int(one), row) for one, row in rows.items())
        self._looked = 0
        self.endResetModel()

    def _forget(self) -> None:
        self._rows.clear()
        self._gone.clear()
        self._old.clear()
        self._renew.clear()
        self._wanted.clear()

    async def _become(self, query: Query, ids: "array[int]", turn: int) -> None:
        """Turn the list that is shown into another one of the same level."""
        found = None
        if query == self._shown:
            if len(ids) > _MANY:
                found = await asyncio.to_thread(moves, self._ids, ids)
                if turn != self._turn:
                    return
            else:
                found = moves(self._ids, ids)
        self._shown = query
        self._gone.clear()
        if found is None:
            self._lay_out(ids)
            return
        for one in found:
            self._move(one, ids)

    def _move(self, one: Move, ids: "array[int]") -> None:
        none = QModelIndex()
        if one.insert:
            self.beginInsertRows(none, one.first, one.first + one.number - 1)
            self._ids[one.first : one.first] = ids[one.first : one.first + one.number]
            self.endInsertRows()
        else:
            self.beginRemoveRows(none, one.first, one.first + one.number - 1)
            del self._ids[one.first : one.first + one.number]
            self.endRemoveRows()

    def _lay_out(self, ids: "array[int]") -> None:
        """Put all rows into another order; marks of views stay with their ids."""
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        before = [(one, self._ids[one.row()]) for one in held]
        self._ids = ids
        if before:
            at = self._places({row_id for _, row_id in before})
            self.changePersistentIndexList(
                held,
                [
                    self.index(at[row_id], one.column())
                    if row_id in at
                    else QModelIndex()
                    for one, row_id in before
                ],
            )
        self._wanted.clear()
        self.layoutChanged.emit()

    def _places(self, some: set[int]) -> dict[int, int]:
        """Return where some ids stand now; those that do not are left out."""
        if len(some) > _FEW:
            return {one: at for at, one in enumerate(self._ids) if one in some}
        data = self._ids.tobytes()
        found = {one: find(data, one) for one in some}
        return {one: at for one, at in found.items() if at >= 0}

    # --- the rows -------------------------------------------------------------

    def _row_at(self, number: int) -> Row | None:
        one = self._ids[number]
        self._looked = number
        row = self._rows.get(one)
        if row is None:
            if not one or one in self._gone:
                return None
            self._wanted.pop(number // _BLOCK, None)
            self._wanted[number // _BLOCK] = None
        elif one in self._old:
            self._renew[one] = None
        else:
            return row
        if not self._fetching and not self._fetch_soon.isActive():
            self._fetch_soon.start()
        return row

    def _fetch(self) -> None:
        """Have the blocks fetched that were looked at last, then those before."""
        if self._fetching:
            return
        some: dict[int, None] = {}
        while self._wanted and len(some) < _BLOCK * 4:
            block, _ = self._wanted.popitem()
            part = self._ids[block * _BLOCK : (block + 1) * _BLOCK]
            some.update(
                (one, None)
                for one in part
                if one and one not in self._rows and one not in self._gone
            )
        some.update(self._renew)
        self._renew.clear()
        self._old.difference_update(some)
        if some:
            self._fetching = True
            self._tasks.start(self._take(tuple(some)), name="rows", failed=self._lost)

    async def _take(self, some: tuple[int, ...]) -> None:
        level = self._shown.level
        try:
            found = await self._mine.rows(_row_ids(some), level)
        finally:
            self._fetching = False
        if level is not self._shown.level:
            return
        changed = [one for one in some if self._rows.get(one) != found.get(RowId(one))]
        for one in some:
            row = found.get(RowId(one))
            if row is None:
                self._gone.add(one)
            else:
                self._rows.pop(one, None)  # to be the newest
                self._rows[one] = row
        while len(self._rows) > _KEPT:
            del self._rows[next(iter(self._rows))]
        self._say_changed(changed)
        if self._wanted or self._renew:
            self._fetch_soon.start()

    def _lost(self, error: BaseException) -> None:
        # the list says it if it goes on; one page is asked for again when looked at
        _log.info("a page of my library could not be read: %s", type(error).__name__)

    def _say_changed(self, some: Iterable[int]) -> None:
        """Have rows drawn again, in as few strokes as possible."""
        places = set(some)
        last = len(self.columns) - 1
        if len(places) > _BLOCK:
            self._say_all_changed()
            return
        at = sorted(self._places(places).values())
        if not at:
            return
        ends = [n for n, (one, two) in enumerate(pairwise(at)) if two > one + 1]
        start = 0
        for end in (*ends, len(at) - 1):
            self.dataChanged.emit(self.index(at[start], 0), self.index(at[end], last))
            start = end + 1

    def _say_all_changed(self) -> None:
        if self._ids:
            last = self.index(len(self._ids) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    # --- changes --------------------------------------------------------------

    def _on_change(self, change: MineChange) -> None:
        if change.lists:
            self.again()
        if change.everything:
            old = set(self._rows)
        elif self._shown.level in _ABOVE:
            # they say what is below them
            old = set(self._rows) if change.rows or change.items else set()
        else:
            old = {one for one in change.rows if one in self._rows}
            if change.items:
                old |= {
                    row_id
                    for row_id, row in self._rows.items()
                    if row.item is not None and row.item.item_id in change.items
                }
        if old:
            self._old |= old
            self._say_changed(old)


def _row_ids(some: Iterable[int]) -> list[RowId]:
    return [RowId(one) for one in some]
