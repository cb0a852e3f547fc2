"""Patients, studies and series as a tree of ids that fetches the rows in sight."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, Qt, QTimer, Signal

from chrislib.aio import TaskOwner
from chrislib.library.mine.model import Level, MineChange, Query, Row, RowId
from chrislib.library.mine.service import MyLibrary
from chrislib.views.models.index import Index

RowRole = Qt.ItemDataRole.UserRole + 1

Key = tuple[Level, RowId]

_BELOW = {Level.PATIENT: Level.STUDY, Level.STUDY: Level.SERIES}
_BLOCK = 64
"""Rows that are fetched together."""
_KEPT = 4096
_AGAIN_MS = 250
_NOWHERE = QModelIndex()


@dataclass(slots=True)
class _Node:
    """A patient or study that was unfolded."""

    number: int
    key: Key
    parent: int
    """Number of the node it is below, 0 for a patient."""
    children: list[RowId] = field(default_factory=list)
    at: dict[RowId, int] = field(default_factory=dict)

    def hold(self, children: Sequence[RowId]) -> None:
        self.children = list(children)
        self.at = {one: place for place, one in enumerate(self.children)}


@dataclass(frozen=True, slots=True)
class _Lists:
    """The ids of a tree: patients, and what is below nodes."""

    patients: list[RowId]
    below: dict[int, list[RowId]]


class PatientsModel(QAbstractItemModel):
    """Patients → studies → series, by a query for patients.

    What is below a patient or study is asked for when it is unfolded. Changes in the
    background keep indexes with their ids: nothing is folded, highlighted or moved.

    Attributes
    ----------
    listed : signal
        A list has arrived and is shown.
    failed : signal of exception
        It could not be had; what was shown before is still there.
    unfolded : signal of index
        What is below it has arrived.
    aged : signal
        Rows may differ from what is drawn: draw those in sight, that asks for them.
    """

    listed = Signal()
    failed = Signal(object)
    unfolded = Signal(QModelIndex)
    aged = Signal()

    def __init__(
        self,
        mine: MyLibrary,
        *,
        words: Callable[[Row], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._mine = mine
        self._words = words
        self._query = Query(Level.PATIENT)
        self._oldest_first = False
        self._patients: list[RowId] = []
        self._at: dict[RowId, int] = {}
        self._nodes: dict[int, _Node] = {}
        self._node_of: dict[Key, _Node] = {}
        self._parent_of: dict[Key, int] = {}
        self._numbers = itertools.count(1)
        self._loading: set[Key] = set()
        self._rows: dict[Key, Row] = {}
        self._old: set[Key] = set()
        self._wanted: dict[Key, None] = {}
        self._fetching = False
        self._turn = 0
        self._tasks = TaskOwner("patients")
        self._fetch_soon = self._timer(0, self._fetch)
        self._ask_soon = self._timer(_AGAIN_MS, self._ask)
        self._stop = mine.subscribe(self._on_change)

    def _timer(self, interval: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(call)
        return timer

    # --- what is shown --------------------------------------------------------

    @property
    def query(self) -> Query:
        """What is shown, or on its way."""
        return self._query

    def show(self, query: Query) -> None:
        """Show other patients; they come in the background, `listed` says when."""
        self._query = query
        self._ask()

    def set_oldest_first(self, oldest_first: bool) -> None:
        """Turn the order of studies."""
        if oldest_first != self._oldest_first:
            self._oldest_first = oldest_first
            self._ask()

    def shutdown(self) -> None:
        """Stop listening and asking."""
        self._stop()
        self._turn += 1
        self._fetch_soon.stop()
        self._ask_soon.stop()
        self._tasks.cancel()

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        return self._tasks.pending

    def key_at(self, index: Index) -> Key | None:
        """Return level and id of an index."""
        if not index.isValid():
            return None
        node = self._nodes.get(index.internalId())
        if node is None:
            if not 0 <= index.row() < len(self._patients):
                return None
            return Level.PATIENT, self._patients[index.row()]
        if index.row() >= len(node.children):
            return None
        return _BELOW[node.key[0]], node.children[index.row()]

    def index_of(self, key: Key) -> QModelIndex:
        """Return the index of a row, an invalid one if it is not there."""
        level, row_id = key
        if level is Level.PATIENT:
            row = self._at.get(row_id)
            return _NOWHERE if row is None else self.createIndex(row, 0, 0)
        node = self._nodes.get(self._parent_of.get(key, 0))
        row = node.at.get(row_id) if node is not None else None
        if node is None or row is None:
            return _NOWHERE
        return self.createIndex(row, 0, node.number)

    def row(self, index: Index) -> Row | None:
        """Return the row of an index, None while it is on its way."""
        key = self.key_at(index)
        if key is None:
            return None
        found = self._rows.get(key)
        if found is None or key in self._old:
            self._wanted[key] = None
            self._fetch_soon.start()
        return found

    # --- Qt -------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        """Return the index of a place."""
        if column != 0 or not 0 <= row < self.rowCount(parent):
            return _NOWHERE
        key = self.key_at(parent)
        number = self._node_of[key].number if key is not None else 0
        return self.createIndex(row, 0, number)

    def parent(self, index: Index = _NOWHERE) -> QModelIndex:  # type: ignore[override]
        """Return what an index is below."""
        node = self._nodes.get(index.internalId()) if index.isValid() else None
        return _NOWHERE if node is None else self.index_of(node.key)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return how many rows are below an index."""
        key = self.key_at(parent)
        if key is None:
            return 0 if parent.isValid() else len(self._patients)
        node = self._node_of.get(key)
        return len(node.children) if node is not None else 0

    def columnCount(self, _parent: Index = _NOWHERE) -> int:
        """Return 1: rows are drawn whole."""
        return 1

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        """Return whether an index can be unfolded."""
        key = self.key_at(parent)
        return bool(self._patients) if key is None else key[0] in _BELOW

    def canFetchMore(self, parent: Index) -> bool:
        """Return whether an index has never been unfolded."""
        key = self.key_at(parent)
        if key is None or key[0] not in _BELOW:
            return False
        return key not in self._node_of and key not in self._loading

    def fetchMore(self, parent: Index) -> None:
        """Ask for what is below an index (disk, in the background)."""
        key = self.key_at(parent)
        if key is not None and self.canFetchMore(parent):
            self._loading.add(key)
            self._tasks.start(self._unfold(key), name="unfold", failed=self.failed.emit)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the row, or its words for screen readers."""
        spoken = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        if role != RowRole and role not in spoken:
            return None
        row = self.row(index)
        if role == RowRole or row is None:
            return row
        return self._words(row)

    # --- lists ----------------------------------------------------------------

    def _ask(self) -> None:
        self._turn += 1
        self._tasks.start(
            self._list(self._turn), name="patients", failed=self.failed.emit
        )

    async def _list(self, turn: int) -> None:
        listing = await self._mine.listing(self._query)
        below: dict[int, list[RowId]] = {}
        for node in tuple(self._nodes.values()):
            below[node.number] = await self._children(node.key)
        if turn == self._turn:
            self._take(_Lists(list(listing.ids), below))
            self.listed.emit()

    async def _children(self, key: Key) -> list[RowId]:
        found = await self._mine.children(*key)
        if key[0] is Level.PATIENT and self._oldest_first:
            found = found[::-1]
        return list(found)

    def _take(self, lists: _Lists) -> None:
        """Show other ids; indexes stay with what they were of."""
        nodes = self._nodes.values()
        if lists.patients == self._patients and all(
            lists.below.get(node.number, node.children) == node.children
            for node in nodes
        ):
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        keys = [self.key_at(index) for index in before]
        self._patients = lists.patients
        self._at = {one: place for place, one in enumerate(lists.patients)}
        for node in tuple(nodes):
            if node.number in lists.below:
                self._hold(node, lists.below[node.number])
        self._drop_lost()
        after = [_NOWHERE if key is None else self.index_of(key) for key in keys]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _hold(self, node: _Node, children: Sequence[RowId]) -> None:
        level = _BELOW[node.key[0]]
        for one in node.children:
            self._parent_of.pop((level, one), None)
        node.hold(children)
        for one in node.children:
            self._parent_of[level, one] = node.number

    def _drop_lost(self) -> None:
        """Forget nodes that are in no list any more, and those below them."""
        for level in (Level.PATIENT, Level.STUDY):
            for node in tuple(self._nodes.values()):
                if node.key[0] is level and not self.index_of(node.key).isValid():
                    self._hold(node, ())
                    del self._nodes[node.number], self._node_of[node.key]

    async def _unfold(self, key: Key) -> None:
        try:
            children = await self._children(key)
            level = _BELOW[key[0]]
            for start in range(0, len(children), _BLOCK):
                part = children[start : start + _BLOCK]
                found = await self._mine.rows(part, level)
                self._rows.update({(level, one): row for one, row in found.items()})
        finally:
            self._loading.discard(key)
        parent = self.index_of(key)
        if not parent.isValid() or key in self._node_of or not children:
            return
        self.beginInsertRows(parent, 0, len(children) - 1)
        node = _Node(next(self._numbers), key, self._parent_of.get(key, 0))
        self._nodes[node.number] = self._node_of[key] = node
        self._hold(node, children)
        self.endInsertRows()
        self.unfolded.emit(self.index_of(key))

    # --- rows -----------------------------------------------------------------

    def _fetch(self) -> None:
        if not self._fetching and self._wanted:
            self._fetching = True
            self._tasks.start(self._fetch_rows(), name="rows", failed=self.failed.emit)

    async def _fetch_rows(self) -> None:
        try:
            while self._wanted:
                # what was asked for last is in sight
                keys = list(self._wanted)[-_BLOCK:]
                level = keys[-1][0]
                part = [key for key in keys if key[0] is level]
                for key in part:
                    del self._wanted[key]
                found = await self._mine.rows([key[1] for key in part], level)
                self._remember({(level, one): row for one, row in found.items()})
                self._old.difference_update(part)
        finally:
            self._fetching = False

    def _remember(self, rows: dict[Key, Row]) -> None:
        for key, row in rows.items():
            self._rows.pop(key, None)
            self._rows[key] = row
        for key in itertools.islice(tuple(self._rows), max(len(self._rows) - _KEPT, 0)):
            del self._rows[key]
        self._tell(rows)

    def _tell(self, keys: Iterable[Key]) -> None:
        for key in keys:
            index = self.index_of(key)
            if index.isValid():
                self.dataChanged.emit(index, index)

    def _on_change(self, change: MineChange) -> None:
        if change.lists or change.everything:
            self._ask_soon.start()
        if change.lists or change.everything or change.rows or change.items:
            # their words are drawn on until the new ones are here
            self._old = set(self._rows)
            self.aged.emit()
