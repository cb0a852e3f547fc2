"""Outputs of a node as a Qt tree: name, type, size, state."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt

from chrislib.feeds.model import OutputEntry
from chrislib.feeds.outputs import KIND_WORDS
from chrislib.views.feeds.words import size_words
from chrislib.views.widgets.heads import head_cell

_Index = QModelIndex | QPersistentModelIndex
ENTRY_ROLE = Qt.ItemDataRole.UserRole + 1
COLUMNS = ("Name", "Type", "Size", "")


class OutputModel(QAbstractItemModel):
    """The tree. Entries never change; another listing resets the model."""

    def __init__(self) -> None:
        super().__init__()
        self._flat: list[OutputEntry] = []
        self._parents: list[int] = []
        self._children: dict[int, list[int]] = {}
        self._rows: list[int] = []
        self.entries: tuple[OutputEntry, ...] = ()

    def set_entries(self, entries: Sequence[OutputEntry]) -> None:
        """Show another listing."""
        self.beginResetModel()
        self.entries = tuple(entries)
        self._flat, self._parents, self._rows = [], [], []
        self._children = {}
        waiting: list[tuple[int, tuple[OutputEntry, ...]]] = [(-1, self.entries)]
        while waiting:
            parent, below = waiting.pop()
            ids = []
            for row, entry in enumerate(below):
                number = len(self._flat)
                self._flat.append(entry)
                self._parents.append(parent)
                self._rows.append(row)
                ids.append(number)
                if entry.children:
                    waiting.append((number, entry.children))
            self._children[parent] = ids
        self.endResetModel()

    def entry(self, index: _Index) -> OutputEntry | None:
        """Return the entry of an index."""
        return self._flat[index.internalId()] if index.isValid() else None

    def find(self, relative: str) -> QModelIndex:
        """Return the index of the entry shown at a path below the output folder."""
        for number, entry in enumerate(self._flat):
            if entry.relative == relative:
                return self.createIndex(self._rows[number], 0, number)
        return QModelIndex()

    def index(
        self,
        row: int,
        column: int,
        parent: _Index = QModelIndex(),  # noqa: B008
    ) -> QModelIndex:
        """Return an index by place."""
        below = self._children.get(self._number(parent), [])
        if 0 <= row < len(below) and 0 <= column < len(COLUMNS):
            return self.createIndex(row, column, below[row])
        return QModelIndex()

    def parent(self, index: _Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        """Return the folder of an entry."""
        if not index.isValid():
            return QModelIndex()
        number = self._parents[index.internalId()]
        if number < 0:
            return QModelIndex()
        return self.createIndex(self._rows[number], 0, number)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many entries a folder has."""
        if parent.isValid() and parent.column() > 0:
            return 0
        return len(self._children.get(self._number(parent), []))

    def columnCount(self, _parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return len(COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the head of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        return head_cell(COLUMNS[section], role, numeric=section == 2)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the texts of a row, or the entry itself."""
        entry = self.entry(index)
        if entry is None:
            return None
        if role == ENTRY_ROLE:
            return entry
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(entry, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if index.column() == 0:
                name = _name(entry)
                link = f", link to {entry.link_target}" if entry.link_target else ""
                return f"{name}, {_text(entry, 1)} {_text(entry, 2)}{link}"
            if index.column() == 3:
                return state_words(entry)
            return _text(entry, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 0:
            return entry.link_target or entry.path
        return None

    def _number(self, index: _Index) -> int:
        return int(index.internalId()) if index.isValid() else -1


def state_words(entry: OutputEntry) -> str:
    """Return whether an entry can be opened, in words."""
    if entry.is_folder or entry.file_id is not None:
        return "Ready"
    return "Gone from server"


def _name(entry: OutputEntry) -> str:
    return entry.relative.rsplit("/", 1)[-1]


def _text(entry: OutputEntry, column: int) -> str:
    if column == 0:
        return _name(entry)
    if column == 1:
        if entry.kind == "file":
            suffix = _name(entry).rpartition(".")[2]
            return suffix.upper() if 0 < len(suffix) <= 5 else "File"
        return KIND_WORDS.get(entry.kind, "")
    if column == 2:
        if entry.is_folder:
            count = len(entry.children)
            return "1 entry" if count == 1 else f"{count:,} entries"
        return size_words(entry.size)
    return ""
