"""The graph of a feed: fits itself until it is zoomed, walks by key."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QVBoxLayout

from chrislib.feeds.graph import NODE_HEIGHT, NODE_WIDTH, layout
from chrislib.feeds.model import Node
from chrislib.views.feeds.graph_items import LinkItem, NodeItem, node_words
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import icon_button

_MARGIN = 32.0
_FIT_LOW, _FIT_HIGH = 0.6, 1.0
_ZOOM_LOW, _ZOOM_HIGH = 0.1, 3.0
_STEP = 1.2


class GraphView(QGraphicsView):
    """Nodes as a picture; `chosen` tells the highlighted node's id."""

    chosen = Signal(int)
    opened = Signal(int)
    menu_wanted = Signal(QPoint)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._nodes: dict[int, NodeItem] = {}
        self._links: dict[tuple[int, int], LinkItem] = {}
        self._parents: dict[int, tuple[int, ...]] = {}
        self._selected: int | None = None
        self._own_zoom = False
        self._size = QRectF()
        self.setObjectName("feeds.graph")
        self.setScene(QGraphicsScene(self))
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        self._tools = self._make_tools()
        self._say()
        theme.changed.connect(self._dress)
        self._dress()

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        """Show nodes: those that stay are updated in place and keep the highlight."""
        parents = {int(node.id): tuple(map(int, node.parents)) for node in nodes}
        if parents != self._parents:
            self._rebuild(nodes, parents)
        for node in nodes:
            item = self._nodes[node.id]
            if item.node != node:
                item.show_node(node)
        self._dash()
        self._say()

    def select(self, node_id: int | None) -> None:
        """Highlight a node without telling."""
        if node_id == self._selected:
            return
        self._selected = node_id
        for key, item in self._nodes.items():
            item.setSelected(key == node_id)
        if node_id in self._nodes and self._own_zoom:
            self.ensureVisible(self._nodes[node_id], 24, 24)
        self._say()

    @property
    def selected(self) -> int | None:
        """Id of the highlighted node."""
        return self._selected

    def zoom_in(self) -> None:
        """Make everything larger."""
        self._zoom(_STEP)

    def zoom_out(self) -> None:
        """Make everything smaller."""
        self._zoom(1 / _STEP)

    def fit(self) -> None:
        """Show the whole graph, and keep doing so when the size changes."""
        self._own_zoom = False
        self._fit()

    def node_center(self, node_id: int) -> QPointF:
        """Return where a node is in the viewport (tests, tours)."""
        item = self._nodes[node_id]
        middle = item.mapToScene(QPointF(NODE_WIDTH / 2, NODE_HEIGHT / 2))
        return QPointF(self.mapFromScene(middle))

    # -- events ----------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again, unless the user zoomed."""
        super().resizeEvent(event)
        hint = self._tools.sizeHint()
        self._tools.setGeometry(
            self.width() - hint.width() - 12,
            self.height() - hint.height() - 12,
            hint.width(),
            hint.height(),
        )
        if not self._own_zoom:
            self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Fit as soon as the size is known."""
        super().showEvent(event)
        if not self._own_zoom:
            self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        notches = event.angleDelta().y() / 120
        if notches:
            self._zoom(_STEP**notches)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Highlight the node under the pointer; empty ground is for dragging."""
        item = self.itemAt(event.position().toPoint())
        if isinstance(item, NodeItem):
            if event.button() in {
                Qt.MouseButton.LeftButton,
                Qt.MouseButton.RightButton,
            }:
                self._choose(item.node.id)
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End dragging; the pointer stays an arrow."""
        super().mouseReleaseEvent(event)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go to the outputs of the node."""
        item = self.itemAt(event.position().toPoint())
        if isinstance(item, NodeItem):
            self.opened.emit(item.node.id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the highlighted node."""
        item = self.itemAt(event.pos())
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        if by_key and self._selected in self._nodes:
            middle = self.node_center(self._selected).toPoint()
            self.menu_wanted.emit(self.viewport().mapToGlobal(middle))
        elif isinstance(item, NodeItem):
            self._choose(item.node.id)
            self.menu_wanted.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk: parent, first child, siblings."""
        key = event.key()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if self._selected is not None:
                self.opened.emit(self._selected)
            return
        target = self._walk(Qt.Key(key))
        if target is None:
            event.ignore()
            return
        if target >= 0:
            self._choose(target)
            self.ensureVisible(self._nodes[target], 24, 24)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Say what is highlighted to who comes here."""
        super().focusInEvent(event)
        self._say()
        self.viewport().update()

    # -- inside ----------------------------------------------------------------

    def _walk(self, key: Qt.Key) -> int | None:
        """Return where a key leads: a node, -1 for nowhere, None for no such key."""
        if key == Qt.Key.Key_Home:
            return min(self._nodes, default=-1)
        if key not in {
            Qt.Key.Key_Up,
            Qt.Key.Key_Down,
            Qt.Key.Key_Left,
            Qt.Key.Key_Right,
        }:
            return None
        here = self._selected
        if here not in self._nodes or here is None:
            return min(self._nodes, default=-1)
        parents = self._parents.get(here, ())
        if key == Qt.Key.Key_Up:
            return parents[0] if parents else -1
        if key == Qt.Key.Key_Down:
            below = sorted(n for n, ups in self._parents.items() if here in ups)
            return below[0] if below else -1
        row = sorted(
            (item.pos().x(), node_id)
            for node_id, item in self._nodes.items()
            if item.pos().y() == self._nodes[here].pos().y()
        )
        place = [node_id for _, node_id in row].index(here)
        place += 1 if key == Qt.Key.Key_Right else -1
        return row[place][1] if 0 <= place < len(row) else -1

    def _choose(self, node_id: int) -> None:
        if node_id != self._selected:
            self.select(node_id)
            self.chosen.emit(node_id)

    def _rebuild(
        self, nodes: Sequence[Node], parents: dict[int, tuple[int, ...]]
    ) -> None:
        scene = self.scene()
        same_feed = bool(set(parents) & set(self._parents))
        placed = layout(parents)
        for key in set(self._nodes) - set(parents):
            scene.removeItem(self._nodes.pop(key))
        for edge in set(self._links) - set(placed.edges):
            scene.removeItem(self._links.pop(edge))
        for node in nodes:
            if node.id not in self._nodes:
                item = NodeItem(self._theme, node)
                self._nodes[node.id] = item
                scene.addItem(item)
            self._nodes[node.id].setPos(*placed.positions[node.id])
            self._nodes[node.id].setSelected(node.id == self._selected)
        for edge in placed.edges:
            if edge not in self._links:
                self._links[edge] = LinkItem(self._theme)
                scene.addItem(self._links[edge])
            begin, end = (QPointF(*placed.positions[n]) for n in edge)
            self._links[edge].lead(begin, end)
        self._parents = parents
        self._size = QRectF(0, 0, placed.width, placed.height)
        room = max(self._size.width(), self._size.height(), 400.0)
        scene.setSceneRect(self._size.adjusted(-room, -room, room, room))
        if not same_feed:
            self._own_zoom = False
        if not self._own_zoom:
            self._fit()

    def _dash(self) -> None:
        for (parent, child), link in self._links.items():
            join = len(self._parents[child]) > 1
            link.set_dashed(join and self._nodes[parent].node.state != "ready")

    def _fit(self) -> None:
        if self._size.isEmpty() or self.viewport().width() < 10:
            return
        wide = self.viewport().width() / (self._size.width() + 2 * _MARGIN)
        high = self.viewport().height() / (self._size.height() + 2 * _MARGIN)
        scale = max(_FIT_LOW, min(_FIT_HIGH, wide, high))
        self.resetTransform()
        self.scale(scale, scale)
        center = self._size.center()
        spare = self.viewport().height() / scale - self._size.height()
        if spare > 2 * _MARGIN:
            # a small graph hangs from the top, as a tree is read
            center.setY(self.viewport().height() / scale / 2 - _MARGIN)
        self.centerOn(center)

    def _zoom(self, factor: float) -> None:
        now = self.transform().m11()
        factor = max(_ZOOM_LOW, min(_ZOOM_HIGH, now * factor)) / now
        self._own_zoom = True
        self.scale(factor, factor)

    def _make_tools(self) -> QFrame:
        tools = QFrame(self)
        tools.setProperty("surface", "card")
        column = QVBoxLayout(tools)
        column.setContentsMargins(2, 2, 2, 2)
        column.setSpacing(0)
        for icon, name, words, act in (
            ("plus", "zoom-in", "Zoom in (Ctrl+=)", self.zoom_in),
            ("minus", "zoom-out", "Zoom out (Ctrl+-)", self.zoom_out),
            ("maximize", "fit", "Fit the graph (Ctrl+0)", self.fit),
        ):
            piece = icon_button(
                self._theme, icon, name=f"feeds.graph.{name}", tooltip=words
            )
            piece.clicked.connect(act)
            column.addWidget(piece)
        return tools

    def _say(self) -> None:
        item = self._nodes.get(self._selected) if self._selected is not None else None
        count = len(self._nodes)
        words = "Graph, 1 node" if count == 1 else f"Graph, {count} nodes"
        if item is not None:
            words = f"{words}, {node_words(item.node)}"
        if words != self.accessibleName():
            self.setAccessibleName(words)

    def _dress(self) -> None:
        self.setBackgroundBrush(self._theme.color("bg.canvas"))
        for link in self._links.values():
            link.dress()
        self.scene().update()
