"""The nodes of a feed as a tree: the same as the graph, for keys and screen readers."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHeaderView,
    QStyleOptionViewItem,
    QTreeView,
)

from chrislib.feeds.model import Node
from chrislib.views.feeds.graph_paint import node_name, node_words
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_row, draw_state, draw_text

NODE_ROLE = Qt.ItemDataRole.UserRole + 1


class NodeModel(QAbstractItemModel):
    """Nodes below their first parent; ids are the internal ids of the indexes."""

    def __init__(self) -> None:
        super().__init__()
        self._nodes: dict[int, Node] = {}
        self._children: dict[int, list[int]] = {}

    def set_nodes(self, nodes: Sequence[Node]) -> bool:
        """Show nodes; return whether the tree itself changed (and was reset)."""
        fresh = {int(node.id): node for node in nodes}
        children = _children(fresh)
        if children != self._children:
            self.beginResetModel()
            self._nodes, self._children = fresh, children
            self.endResetModel()
            return True
        old, self._nodes = self._nodes, fresh
        for node_id, node in fresh.items():
            if old.get(node_id) != node:
                index = self.index_of(node_id)
                self.dataChanged.emit(index, index.siblingAtColumn(1))
        return False

    def index_of(self, node_id: int) -> QModelIndex:
        """Return the index of a node."""
        node = self._nodes.get(node_id)
        if node is None:
            return QModelIndex()
        row = self._children[_parent(node, self._nodes)].index(node_id)
        return self.createIndex(row, 0, node_id)

    def index(
        self,
        row: int,
        column: int,
        parent: Index = QModelIndex(),  # noqa: B008
    ) -> QModelIndex:
        """Return an index by place."""
        below = self._children.get(parent.internalId() if parent.isValid() else 0, [])
        if 0 <= row < len(below) and 0 <= column < 2:
            return self.createIndex(row, column, below[row])
        return QModelIndex()

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        """Return the index of a node's first parent."""
        node = self._nodes.get(index.internalId()) if index.isValid() else None
        if node is None:
            return QModelIndex()
        return self.index_of(_parent(node, self._nodes))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many children a node has."""
        if parent.isValid() and parent.column() > 0:
            return 0
        return len(
            self._children.get(parent.internalId() if parent.isValid() else 0, [])
        )

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the two columns: node and state."""
        return 2

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the head of a column."""
        if orientation == Qt.Orientation.Horizontal and (
            role == Qt.ItemDataRole.DisplayRole
        ):
            return ("Node", "State")[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a node's name, its state, or all of it for screen readers."""
        node = self._nodes.get(index.internalId()) if index.isValid() else None
        if node is None:
            return None
        if role == NODE_ROLE:
            return node
        if role == Qt.ItemDataRole.DisplayRole:
            return node_name(node) if index.column() == 0 else node.detail
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return node_words(node) if index.column() == 0 else node.detail
        return None


def _parent(node: Node, nodes: dict[int, Node]) -> int:
    return next((int(p) for p in node.parents if p in nodes), 0)


def _children(nodes: dict[int, Node]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for node_id, node in sorted(nodes.items()):
        children.setdefault(_parent(node, nodes), []).append(node_id)
    return children


class _NodeDelegate(SizedDelegate):
    wide, high = 200, 36

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        node = index.data(NODE_ROLE)
        if not isinstance(node, Node):
            return
        first = index.column() == 0
        draw_row(painter, option, self.theme, first=first, last=not first)
        rect: QRect = option.rect
        inner = rect.adjusted(8, 0, -8, -1)
        if first:
            draw_text(painter, inner, self.theme, text=node_name(node))
        else:
            draw_state(painter, inner, self.theme, node.state, node.detail)


class NodeList(QTreeView):
    """The tree; `chosen` tells the highlighted node's id."""

    chosen = Signal(int)
    picked = Signal(list)
    """All that is highlighted together, by Ctrl or Shift."""
    opened = Signal(int)
    menu_wanted = Signal(QPoint)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._quiet = False
        self._telling = False
        self._nodes = NodeModel()
        self.setObjectName("feeds.nodes")
        self.setAccessibleName("Nodes of the feed")
        self.setModel(self._nodes)
        self.setItemDelegate(_NodeDelegate(theme, self))
        self.setUniformRowHeights(True)
        self.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self.setIndentation(20)
        self.setMouseTracking(True)
        self.setAllColumnsShowFocus(True)
        self.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self.setExpandsOnDoubleClick(False)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(1, 240)
        self.selectionModel().currentChanged.connect(self._current)
        self.selectionModel().selectionChanged.connect(self._selected)
        self.activated.connect(self._activated)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        theme.changed.connect(self.viewport().update)

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        """Show nodes; the highlight and the place stay."""
        here = self.currentIndex()
        node_id = here.internalId() if here.isValid() else None
        at = self.verticalScrollBar().value()
        self._quiet = True
        if self._nodes.set_nodes(nodes):
            self.expandAll()
            if node_id is not None:
                self.setCurrentIndex(self._nodes.index_of(node_id))
            self.verticalScrollBar().setValue(at)
        self._quiet = False

    def select(self, node_id: int | None) -> None:
        """Highlight a node without telling."""
        self._quiet = True
        index = QModelIndex() if node_id is None else self._nodes.index_of(node_id)
        if index != self.currentIndex().siblingAtColumn(0):
            self.setCurrentIndex(index)
        self._quiet = False

    @property
    def several(self) -> bool:
        """Whether more than one node is highlighted here."""
        return self.isVisible() and len(self.selectionModel().selectedRows()) > 1

    def set_picks(self, ids: Sequence[int]) -> None:
        """Highlight these together, without telling."""
        if self._telling:
            return  # they were highlighted here
        self._quiet = True
        model = self.selectionModel()
        chosen = QItemSelection()
        for index in map(self._nodes.index_of, ids):
            chosen.select(index, index.siblingAtColumn(1))
        if ids:
            model.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        elif len(model.selectedRows()) > 1:
            here = QItemSelection(self.currentIndex(), self.currentIndex())
            flags = QItemSelectionModel.SelectionFlag
            model.select(here, flags.ClearAndSelect | flags.Rows)
        self._quiet = False

    def _selected(self, *_changes: object) -> None:
        if self._quiet:
            return
        rows = self.selectionModel().selectedRows()
        self._telling = True
        self.picked.emit([int(row.internalId()) for row in rows])
        self._telling = False

    def _current(self, index: Index, _before: object = None) -> None:
        if index.isValid() and not self._quiet:
            self._telling = True
            self.chosen.emit(int(index.internalId()))
            self._telling = False

    def _activated(self, index: Index) -> None:
        if index.isValid():
            self.opened.emit(int(index.internalId()))

    def _menu(self, at: QPoint) -> None:
        if self.indexAt(at).isValid():
            self.menu_wanted.emit(self.viewport().mapToGlobal(at))
