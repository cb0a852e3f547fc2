"""Which rows are in the tray: boxes of series, and of what holds them."""

from collections import Counter
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, Qt, Signal

from chrislib.library.mine.model import Level, Query, Row, RowId
from chrislib.library.model import ItemId, LibraryChange
from chrislib.views.context import ViewContext

_ON = Qt.CheckState.Checked
_OFF = Qt.CheckState.Unchecked
_SOME = Qt.CheckState.PartiallyChecked


class Ticks(QObject):
    """Follows the tray.

    Signals
    -------
    changed
        Boxes look different now.
    only_here : list of RowId
        Series that cannot be ticked: they are on this computer only.
    """

    changed = Signal()
    only_here = Signal(object)

    def __init__(self, ctx: ViewContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._tasks = ctx.tasks("ticks")
        self._reading = ctx.tasks("rows of the tray")
        self._of: Counter[tuple[Level, RowId]] = Counter()
        self._unsubscribe = ctx.library.subscribe(self._on_change)
        self._read()

    def state(self, row: Row) -> Qt.CheckState:
        """Return how a row's box is drawn."""
        if row.level in (Level.SERIES, Level.DATA):
            return _ON if item_of(row) in self._ctx.library.tray else _OFF
        ticked = self._of[row.level, row.row_id]
        if not ticked:
            return _OFF
        return _ON if ticked >= row.series else _SOME

    def among(self, rows: Iterable[Row]) -> int:
        """Return how many rows are ticked."""
        return sum(self.state(row) is _ON for row in rows)

    def toggle(self, level: Level, ids: Sequence[RowId]) -> None:
        """Tick rows, or untick them where all are in the tray (disk)."""
        if ids:
            self._tasks.start(self._toggle(level, list(ids)), name="tick")

    def add(self, level: Level, ids: Sequence[RowId]) -> None:
        """Tick rows (disk)."""
        if ids:
            self._tasks.start(self._add(level, list(ids)), name="tick")

    def toggle_all(self, query: Query) -> None:
        """Tick every row of a list, or untick them where all are in the tray (disk)."""

        async def toggle() -> None:
            listing = await self._ctx.my_library.listing(query)
            await self._toggle(query.level, list(listing.ids))

        self._tasks.start(toggle(), name="tick all")

    def shutdown(self) -> None:
        """Stop listening and cancel what runs."""
        self._unsubscribe()
        self._tasks.cancel_all()
        self._reading.cancel_all()

    async def _rows(self, level: Level, ids: list[RowId]) -> list[Row]:
        mine = self._ctx.my_library
        below = await mine.series_below(level, ids)
        found = await mine.rows(below)
        return [found[one] for one in below if one in found]

    async def _toggle(self, level: Level, ids: list[RowId]) -> None:
        rows = await self._rows(level, ids)
        tray = self._ctx.library.tray
        items = _items(rows)
        if items and all(one in tray for one in items):
            tray.remove(*items)
        else:
            self._put(rows, items)

    async def _add(self, level: Level, ids: list[RowId]) -> None:
        rows = await self._rows(level, ids)
        self._put(rows, _items(rows))

    def _put(self, rows: Sequence[Row], items: Sequence[ItemId]) -> None:
        self._ctx.library.tray.add(*items)
        here = [row.row_id for row in rows if row.item is None]
        if here:
            self.only_here.emit(here)

    def _on_change(self, change: LibraryChange) -> None:
        if change.tray:
            self.changed.emit()
            self._read()

    def _read(self) -> None:
        self._reading.cancel_all()
        self._reading.start(self._count(), name="read", done=self._counted)

    async def _count(self) -> Counter[tuple[Level, RowId]]:
        """Count what is ticked below each study and patient (disk)."""
        mine = self._ctx.my_library
        ids = [await mine.row_of_item(one) for one in self._ctx.library.tray.ids]
        rows = await mine.rows([one for one in dict.fromkeys(ids) if one is not None])
        found: Counter[tuple[Level, RowId]] = Counter()
        for row in rows.values():
            if row.study is not None:
                found[Level.STUDY, row.study] += 1
            if row.patient is not None:
                found[Level.PATIENT, row.patient] += 1
        return found

    def _counted(self, found: Counter[tuple[Level, RowId]]) -> None:
        if found != self._of:
            self._of = found
            self.changed.emit()


def item_of(row: Row) -> ItemId | None:
    """Return the library item of a series or data item, which the tray takes."""
    return None if row.item is None else row.item.item_id


def _items(rows: Sequence[Row]) -> list[ItemId]:
    return [row.item.item_id for row in rows if row.item is not None]
