"""What is in a folder as a flat table: thousands of rows, sorted and filtered here."""

from collections.abc import Callable, Collection, Iterable, Sequence, Set
from typing import ClassVar

from PySide6.QtCore import QMimeData, QModelIndex, QObject, Qt

from chrislib.aio import Breather
from chrislib.library.storage.model import Entry, Key, Leads
from chrislib.views.library.files import words
from chrislib.views.library.files.arranging import CHANGED, NAME, SIZE, TYPE, arranged
from chrislib.views.library.files.dragging import Dragging
from chrislib.views.library.files.ticks import Ticks
from chrislib.views.models.headed import HeadedTable
from chrislib.views.models.index import Index
from chrislib.views.widgets.text import plain_tooltip

ENTRY_ROLE = int(Qt.ItemDataRole.UserRole) + 1
_FILE = (
    Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemIsUserCheckable
    | Qt.ItemFlag.ItemNeverHasChildren
)
_FOLDER = _FILE | Qt.ItemFlag.ItemIsDropEnabled
_STEP = 200
_AT_ONCE = 2_000
"""Rows that are filtered in one turn."""
_SPOKEN = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)


class FilesModel(HeadedTable):
    """Entries of one folder. Rows keep their place while more arrive."""

    heads: ClassVar[Sequence[str]] = ("Name", "Type", "Size", "Changed")
    numeric: ClassVar[Collection[int]] = (SIZE,)

    def __init__(
        self, now: Callable[[], float], dragging: Dragging, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._now = now
        self._dragging = dragging
        self._all: dict[Key, Entry] = {}
        self._ordered: list[Key] = []
        self._folded: dict[Key, str] = {}
        self._paths: dict[str, Key] = {}
        self._waiting: list[Entry] = []
        self._shown: list[Entry] = []
        self._rows: dict[Key, int] = {}
        self._words: list[str] = []
        self._turn = self._refits = 0
        self.size = 0
        """Bytes of all rows."""
        self._order = (NAME, False)
        self.arranged: tuple[int, bool] | None = None
        """Column and direction that the rows are in, once all are."""
        self.ticks = Ticks()
        self.cut: frozenset[Key] = frozenset()

    # --- what is shown ----------------------------------------------------------

    @property
    def everything(self) -> Collection[Entry]:
        """Every entry of the folder that arrived, shown or not."""
        return self._all.values()

    @property
    def shown(self) -> Sequence[Entry]:
        """The rows."""
        return self._shown

    @property
    def order(self) -> tuple[int, bool]:
        """Column that is sorted by, and whether downwards."""
        return self._order

    @property
    def text(self) -> str:
        """What is filtered by."""
        return " ".join(self._words)

    def count(self) -> int:
        """Return the number of rows."""
        return len(self._shown)

    def clear(self) -> None:
        """Show another folder: nothing yet."""
        self.beginResetModel()
        self._all, self._shown, self._rows = {}, [], {}
        self._ordered, self._folded, self._paths = [], {}, {}
        self._waiting = []
        self._turn += 1
        self.arranged = None
        self.size = 0
        self.endResetModel()

    def add(self, entries: Iterable[Entry]) -> None:
        """Take entries that arrived; those known change in place.

        `flush` shows the new ones: each insertion paints what is in sight again.
        """
        self._turn += 1
        for entry in entries:
            known = entry.key in self._all
            self._take(entry)
            if known:
                self._changed(entry)
                continue
            self._ordered.append(entry.key)
            if self._fits(entry.key):
                self._waiting.append(entry)

    def flush(self) -> None:
        """Show what was added, below the other rows."""
        new, self._waiting = self._waiting, []
        if not new:
            return
        first = len(self._shown)
        self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
        self._rows.update((entry.key, row) for row, entry in enumerate(new, first))
        self._shown += new
        self.size += sum(entry.size or 0 for entry in new)
        self.endInsertRows()

    def change(self, entry: Entry) -> None:
        """Show what is known of an entry now."""
        if entry.key in self._all:
            self._turn += 1
            self._take(entry)
            self._changed(entry)

    def remove(self, keys: Iterable[Key]) -> None:
        """Take entries out."""
        self.flush()
        gone = set(keys)
        if not gone:
            return
        self._turn += 1
        for key in gone:
            entry = self._all.pop(key, None)
            self._folded.pop(key, None)
            if entry is not None:
                self._paths.pop(entry.path, None)
        self._ordered = [key for key in self._ordered if key not in gone]
        self._become([entry for entry in self._shown if entry.key not in gone])

    def keep_only(self, keys: Set[Key]) -> None:
        """Take out what a fresh listing does not have any more."""
        if not self._all.keys() <= keys:
            self.remove([key for key in self._all if key not in keys])

    def filter(self, text: str) -> bool:
        """Show what has every word of `text` in its name.

        Returns
        -------
        bool
            False for a large folder: `refit` does it in steps.
        """
        self.flush()
        self._turn += 1
        self._words = text.casefold().split()
        self._refits += 1
        if len(self._all) > _AT_ONCE:
            return False
        self._become(self._fitting())
        return True

    async def refit(self) -> None:
        """Show what fits the filter, worked out in steps; the order stays."""
        begun = self._refits
        while begun == self._refits:
            self.flush()
            found = await self._placed(list(self._ordered), self._turn)
            if found is not None:
                self._apply(*found)
                return

    def set_order(self, column: int, *, downwards: bool) -> None:
        """Say what the next folder is sorted by."""
        self._order = (column, downwards)

    async def arrange(self, column: int, *, downwards: bool) -> None:
        """Sort by a column, folders above; highlighted rows stay highlighted.

        Thousands of rows are sorted in steps, so that the window is not held up.
        """
        self._order = order = (column, downwards)
        while self._order == order:
            turn = self._turn
            every = list(self._all.values())
            ordered = await arranged(every, column, downwards=downwards)
            found = await self._placed(ordered, turn)
            # rows or words that came meanwhile are arranged with the others
            if found is not None and self._order == order:
                self._ordered = ordered
                self.arranged = order
                self._apply(*found)
                return

    async def _placed(
        self, ordered: list[Key], turn: int
    ) -> tuple[list[Entry], dict[Key, int], int] | None:
        """Return rows, their places and bytes; None when something changed."""
        breather = Breather()
        shown: list[Entry] = []
        rows: dict[Key, int] = {}
        size = 0
        for number, key in enumerate(ordered):
            if self._turn != turn:
                return None
            if self._fits(key):
                rows[key] = len(shown)
                entry = self._all[key]
                shown.append(entry)
                size += entry.size or 0
            if number % _STEP == 0:
                await breather.rest()
        return (shown, rows, size) if self._turn == turn else None

    def entry(self, index: Index) -> Entry | None:
        """Return the entry of a row."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        return self._shown[index.row()]

    def index_of(self, key: Key) -> QModelIndex:
        """Return the row of an entry, invalid when it is not shown."""
        row = self._rows.get(key)
        return QModelIndex() if row is None else self.index(row, 0)

    def find(self, name: str) -> QModelIndex:
        """Return the row of a name."""
        for row, entry in enumerate(self._shown):
            if name in (entry.thing.name, entry.name):
                return self.index(row, 0)
        return QModelIndex()

    def ticked(self, folder: str) -> tuple[Sequence[Entry], bool]:
        """Return the rows that are ticked, and whether others hold something ticked.

        It is asked often and goes by what is ticked, not by the rows.
        """
        ticks = self.ticks
        if not ticks.paths:
            return (), False
        if ticks.state(folder) == Qt.CheckState.Checked:
            return self._shown, False
        found = []
        for path in ticks.paths:
            key = self._paths.get(path)
            if key is not None and key in self._rows:
                found.append(self._shown[self._rows[key]])
        holding = any(path in self._paths for path in ticks.above)
        return found, holding

    def set_ticks(self, ticks: Ticks) -> None:
        """Draw other boxes."""
        self.ticks = ticks
        self._repaint()

    def set_cut(self, keys: Iterable[Key]) -> None:
        """Grey what is to be moved."""
        self.cut = frozenset(keys)
        self._repaint()

    # --- QAbstractTableModel ------------------------------------------------------

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a cell, or the entry."""
        entry = self.entry(index)
        if entry is None:
            return None
        if role == ENTRY_ROLE:
            return entry
        column = index.column()
        if column == NAME:
            if role == Qt.ItemDataRole.CheckStateRole:
                return self.ticks.state(entry.path)
            if role == Qt.ItemDataRole.AccessibleTextRole:
                return _spoken(entry)
            if role == Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(_tooltip(entry))
        if role not in _SPOKEN:
            return None
        return self.words(entry, column)

    def words(self, entry: Entry, column: int) -> str:
        """Return the words of a cell."""
        if column == NAME:
            return words.name(entry)
        if column == TYPE:
            return words.type_words(entry)
        if column == SIZE:
            return words.size_words(entry)
        return words.changed_words(entry, now=self._now())

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a cell: folders take what is dropped."""
        entry = self.entry(index)
        if entry is None:
            return Qt.ItemFlag.ItemIsDropEnabled
        return _FOLDER if entry.leads is Leads.FOLDER else _FILE

    def mimeTypes(self) -> list[str]:
        """Return what can be dropped here."""
        return self._dragging.types

    def mimeData(self, indexes: Sequence[Index]) -> QMimeData:
        """Return rows as entries, items of the tray, and files that are here."""
        rows = sorted({index.row() for index in indexes})
        return self._dragging.data([self._shown[row] for row in rows])

    def drag_over(self) -> None:
        """Note that what was dragged is dropped, or not."""
        self._dragging.end()

    def supportedDropActions(self) -> Qt.DropAction:
        """Return what a drop can do: move entries, copy files."""
        return Qt.DropAction.CopyAction | Qt.DropAction.MoveAction

    def supportedDragActions(self) -> Qt.DropAction:
        """Return what a drag can do."""
        return Qt.DropAction.CopyAction | Qt.DropAction.MoveAction

    def canDropMimeData(
        self, data: QMimeData, _action: Qt.DropAction, _row: int, _column: int,
        parent: Index,
    ) -> bool:  # fmt: skip
        """Return whether it may be dropped on a row, or beside the rows."""
        return self._dragging.fits(data, self.entry(parent))

    def dropMimeData(
        self, data: QMimeData, _action: Qt.DropAction, _row: int, _column: int,
        parent: Index,
    ) -> bool:  # fmt: skip
        """Hand on what was dropped; False, so that nothing is removed here."""
        self._dragging.dropped(data, self.entry(parent))
        return False

    # --- inside -----------------------------------------------------------------

    def _take(self, entry: Entry) -> None:
        self._all[entry.key] = entry
        self._folded[entry.key] = entry.label.casefold()
        self._paths[entry.path] = entry.key

    def _fits(self, key: Key) -> bool:
        name = self._folded[key]
        return all(word in name for word in self._words)

    def _fitting(self) -> list[Entry]:
        every, folded = self._all, self._folded
        if not self._words:
            return [every[key] for key in self._ordered]
        if len(self._words) == 1:
            word = self._words[0]
            return [every[key] for key in self._ordered if word in folded[key]]
        return [every[key] for key in self._ordered if self._fits(key)]

    def _changed(self, entry: Entry) -> None:
        row = self._rows.get(entry.key)
        if row is not None and self._shown[row] != entry:
            self.size += (entry.size or 0) - (self._shown[row].size or 0)
            self._shown[row] = entry
            self.dataChanged.emit(self.index(row, 0), self.index(row, CHANGED))

    def _become(self, shown: list[Entry]) -> None:
        rows = {entry.key: row for row, entry in enumerate(shown)}
        self._apply(shown, rows, sum(entry.size or 0 for entry in shown))

    def _apply(self, shown: list[Entry], rows: dict[Key, int], size: int) -> None:
        self.size = size
        if len(rows) == len(self._rows) and list(rows) == list(self._rows):
            self._shown = shown
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        kept = [self._shown[index.row()].key for index in before]
        self._shown, self._rows = shown, rows
        after = [
            self.index(rows[key], index.column()) if key in rows else QModelIndex()
            for key, index in zip(kept, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _repaint(self) -> None:
        if self._shown:
            last = self.index(len(self._shown) - 1, CHANGED)
            self.dataChanged.emit(self.index(0, 0), last)


def _spoken(entry: Entry) -> str:
    parts = [words.name(entry), words.type_words(entry), words.size_words(entry)]
    if entry.is_link:
        parts.append(f"leads to {words.full_path(entry.thing.target)}")
    return ", ".join(part for part in parts if part)


def _tooltip(entry: Entry) -> str:
    said = words.full_path(entry.thing.path)
    if entry.is_link:
        said += f"\nleads to {words.full_path(entry.thing.target)}"
    return said
