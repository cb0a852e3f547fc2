"""The folders of the storage as a tree, a few at a time."""

import itertools
from collections.abc import Iterator, Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QMimeData,
    QModelIndex,
    QObject,
    Qt,
)

from chrislib.library.storage.listing import Branch
from chrislib.library.storage.model import Entry
from chrislib.views.library.files import words
from chrislib.views.library.files.dragging import Dragging
from chrislib.views.library.files.ticks import Ticks
from chrislib.views.models.index import Index
from chrislib.views.widgets.text import plain_tooltip

_NUMBERS = itertools.count(1)
NODE_ROLE = int(Qt.ItemDataRole.UserRole) + 1


class Node:
    """A folder of the tree, or the line "Show 211 more" below one."""

    __slots__ = (
        "branch", "children", "entry", "loading", "more", "number", "parent", "row"
    )  # fmt: skip

    def __init__(self, entry: Entry | None, parent: "Node | None", row: int) -> None:
        self.number = next(_NUMBERS)
        self.entry = entry
        self.parent = parent
        self.row = row
        self.children: list[Node] = []
        self.branch: Branch | None = None
        self.loading = False
        self.more: Node | None = None

    @property
    def known(self) -> bool:
        """Whether its folders were asked for."""
        return self.branch is not None and not self.loading

    def above(self) -> "Iterator[Node]":
        """Iterate over the folders it lies in, from the nearest."""
        node = self.parent
        while node is not None and node.entry is not None:
            yield node
            node = node.parent

    @property
    def loops(self) -> bool:
        """Whether it is a link that leads back to a folder above it."""
        if self.entry is None or not self.entry.is_link:
            return False
        return any(
            one.entry is not None and one.entry.folder_id == self.entry.folder_id
            for one in self.above()
        )


class FolderTree(QAbstractItemModel):
    """Folders and links to folders; children come when they are asked for."""

    def __init__(self, dragging: Dragging, parent: QObject) -> None:
        super().__init__(parent)
        self._dragging = dragging
        self._root = Node(None, None, 0)
        # an index holds the number of a node: an index that outlives its node is
        # harmless then
        self._numbered: dict[int, Node] = {}
        self.ticks = Ticks()

    # --- what is shown ----------------------------------------------------------

    def show_roots(self, entries: Sequence[Entry]) -> None:
        """Begin anew with the folders at the top."""
        self.beginResetModel()
        self._root = Node(None, None, 0)
        self._numbered = {}
        self._root.children = [
            self._made(entry, self._root, row) for row, entry in enumerate(entries)
        ]
        self.endResetModel()

    def node(self, index: Index) -> Node:
        """Return the node of an index; the root of an invalid one."""
        if not index.isValid():
            return self._root
        return self._numbered.get(index.internalId(), self._root)

    def index_of(self, node: Node) -> QModelIndex:
        """Return the index of a node."""
        if node is self._root:
            return QModelIndex()
        return self.createIndex(node.row, 0, node.number)

    def child(self, node: Node, entry: Entry) -> Node | None:
        """Return the node of an entry directly below another."""
        return next(
            (
                one
                for one in node.children
                if one.entry is not None and one.entry.key == entry.key
            ),
            None,
        )

    def by_path(self, node: Node | None, path: str) -> Node | None:
        """Return the node of a path directly below another (None: the top)."""
        for one in (node or self._root).children:
            if one.entry is not None and one.entry.thing.path == path:
                return one
        return None

    def nodes(self) -> Iterator[Node]:
        """Iterate over all folders that are known."""
        waiting = list(self._root.children)
        while waiting:
            node = waiting.pop()
            if node.entry is not None:
                yield node
            waiting += node.children

    def start(self, node: Node) -> None:
        """Note that a folder's folders are asked for."""
        node.loading = True
        self._changed(node)

    def add(
        self, node: Node, entries: Sequence[Entry], *, left: int, more: bool
    ) -> None:
        """Put folders below another; `left` of them were not asked for yet."""
        node.loading = False
        self._drop_more(node)
        known = {one.entry.key for one in node.children if one.entry is not None}
        new = [entry for entry in entries if entry.key not in known]
        first = len(node.children)
        if new:
            self.beginInsertRows(self.index_of(node), first, first + len(new) - 1)
            node.children += [
                self._made(entry, node, row) for row, entry in enumerate(new, first)
            ]
            self.endInsertRows()
        if more and left > 0:
            row = len(node.children)
            self.beginInsertRows(self.index_of(node), row, row)
            node.more = self._made(None, node, row)
            node.children.append(node.more)
            self.endInsertRows()
        self._changed(node)

    def left(self, node: Node) -> int:
        """Return how many folders "Show more" would still bring."""
        owner = node.parent
        if owner is None or owner.branch is None:
            return 0
        return owner.branch.left

    def forget(self, node: Node) -> None:
        """Drop what is below a folder, so that it is asked for again."""
        if node.children:
            self.beginRemoveRows(self.index_of(node), 0, len(node.children) - 1)
            node.children = []
            node.more = None
            self.endRemoveRows()
        node.branch = None
        node.loading = False
        self._changed(node)

    def remove(self, node: Node) -> None:
        """Take a folder out."""
        parent = node.parent
        if parent is None:
            return
        self.beginRemoveRows(self.index_of(parent), node.row, node.row)
        del parent.children[node.row]
        for row, one in enumerate(parent.children):
            one.row = row
        self.endRemoveRows()

    def change(self, node: Node, entry: Entry) -> None:
        """Show what a folder is called now."""
        node.entry = entry
        self._changed(node)

    def set_ticks(self, ticks: Ticks) -> None:
        """Draw other boxes; the view repaints."""
        self.ticks = ticks

    # --- QAbstractItemModel -------------------------------------------------------

    def index(
        self,
        row: int,
        column: int,
        parent: Index = QModelIndex(),  # noqa: B008 - Qt's own
    ) -> QModelIndex:
        """Return an index by place."""
        node = self.node(parent)
        if column == 0 and 0 <= row < len(node.children):
            return self.createIndex(row, 0, node.children[row].number)
        return QModelIndex()

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        """Return the folder a folder lies in."""
        node = self.node(index)
        if node.parent is None or node.parent is self._root:
            return QModelIndex()
        return self.createIndex(node.parent.row, 0, node.parent.number)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many rows are below a folder now."""
        return len(self.node(parent).children)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return 1."""
        return 1

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        """Whether a folder can be unfolded: it can until it turned out empty."""
        node = self.node(parent)
        if node is self._root:
            return bool(node.children)
        if node.entry is None or node.loops:
            return False
        return not node.known or bool(node.children)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a folder."""
        node = self.node(index)
        if node is self._root:
            return None
        if role == NODE_ROLE:
            return node
        entry = node.entry
        if entry is None:
            if role in (
                Qt.ItemDataRole.DisplayRole,
                Qt.ItemDataRole.AccessibleTextRole,
            ):
                return f"Show {self.left(node):,} more"
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return words.name(entry)
        if role == Qt.ItemDataRole.CheckStateRole:
            return self.ticks.state(entry.path)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            leads = ", leads back to a folder above" if node.loops else ""
            return f"{words.name(entry)}{', link' if entry.is_link else ''}{leads}"
        if role == Qt.ItemDataRole.ToolTipRole:
            said = words.full_path(entry.thing.path)
            if entry.is_link:
                said += f"\nleads to {words.full_path(entry.thing.target)}"
            if node.loops:
                said += "\nThis is a folder above: it is not unfolded again."
            return plain_tooltip(said)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a row."""
        found = super().flags(index)
        if self.node(index).entry is None:
            return found & ~Qt.ItemFlag.ItemIsSelectable
        return (
            found
            | Qt.ItemFlag.ItemIsUserCheckable
            | Qt.ItemFlag.ItemIsDragEnabled
            | Qt.ItemFlag.ItemIsDropEnabled
        )

    def mimeTypes(self) -> list[str]:
        """Return what can be dropped here."""
        return self._dragging.types

    def mimeData(self, indexes: Sequence[Index]) -> QMimeData:
        """Return folders as a drag carries them."""
        entries = [self.node(index).entry for index in indexes]
        return self._dragging.data([entry for entry in entries if entry is not None])

    def drag_over(self) -> None:
        """Note that what was dragged is dropped, or not."""
        self._dragging.end()

    def supportedDropActions(self) -> Qt.DropAction:
        """Return what a drop can do."""
        return Qt.DropAction.CopyAction | Qt.DropAction.MoveAction

    def canDropMimeData(
        self, data: QMimeData, _action: Qt.DropAction, _row: int, _column: int,
        parent: Index,
    ) -> bool:  # fmt: skip
        """Return whether it may be dropped on a folder."""
        entry = self.node(parent).entry
        return entry is not None and self._dragging.fits(data, entry)

    def dropMimeData(
        self, data: QMimeData, _action: Qt.DropAction, _row: int, _column: int,
        parent: Index,
    ) -> bool:  # fmt: skip
        """Hand on what was dropped; False, so that nothing is removed here."""
        entry = self.node(parent).entry
        if entry is not None:
            self._dragging.dropped(data, entry)
        return False

    # --- inside -----------------------------------------------------------------

    def _made(self, entry: Entry | None, parent: Node, row: int) -> Node:
        made = Node(entry, parent, row)
        self._numbered[made.number] = made
        return made

    def _changed(self, node: Node) -> None:
        if node is not self._root:
            index = self.index_of(node)
            self.dataChanged.emit(index, index)

    def _drop_more(self, node: Node) -> None:
        if node.more is not None:
            row = node.more.row
            self.beginRemoveRows(self.index_of(node), row, row)
            del node.children[row]
            node.more = None
            self.endRemoveRows()
