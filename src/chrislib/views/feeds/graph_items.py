"""What the graph is drawn of: nodes and the links between them."""

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsSceneHoverEvent,
    QStyleOptionGraphicsItem,
    QWidget,
)

from chrislib.feeds.graph import NODE_HEIGHT, NODE_WIDTH
from chrislib.feeds.model import Node
from chrislib.feeds.states import WORDS
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.paint import draw_text
from chrislib.views.widgets.text import plain_tooltip

_EDGE = 4.0
_RATIO = 1.5


def node_name(node: Node) -> str:
    """Return what a node is called in graph, list and inspector."""
    return f"{node.plugin_name} {node.plugin_version}"


def node_words(node: Node) -> str:
    """Return a node in one line for tooltips and screen readers."""
    word = WORDS[node.state]
    detail = "" if node.detail.startswith(word) else f", {word}"
    title = f" “{node.title}”" if node.title else ""
    return f"{node_name(node)}{title}{detail}, {node.detail}"


class NodeItem(QGraphicsItem):
    """One node: an edge in the state's color, glyph, name, second line."""

    def __init__(self, theme: Theme, node: Node) -> None:
        super().__init__()
        self._theme = theme
        self.node = node
        self._hot = False
        self.setAcceptHoverEvents(True)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setZValue(1)
        self.show_node(node)

    def show_node(self, node: Node) -> None:
        """Show a fresher look at the node."""
        self.node = node
        self.setToolTip(plain_tooltip(node_words(node)))
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the node's rectangle with room for its frame."""
        return QRectF(-2, -2, NODE_WIDTH + 4, NODE_HEIGHT + 4)

    def shape(self) -> QPainterPath:
        """Return where clicks count."""
        path = QPainterPath()
        path.addRect(QRectF(0, 0, NODE_WIDTH, NODE_HEIGHT))
        return path

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        """Brighten the node under the pointer."""
        self._hot = True
        self.update()
        super().hoverEnterEvent(event)

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        """Take the brightness back."""
        self._hot = False
        self.update()
        super().hoverLeaveEvent(event)

    def paint(
        self,
        painter: QPainter,
        _option: QStyleOptionGraphicsItem,
        _widget: QWidget | None = None,
    ) -> None:
        """Draw the node."""
        theme, state = self._theme, self.node.state
        token = f"state.{state}"
        box = QRectF(0, 0, NODE_WIDTH, NODE_HEIGHT)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addRoundedRect(box, 4, 4)
        painter.fillPath(path, theme.color("bg.hover" if self._hot else "bg.raised"))
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(QRectF(0, 0, _EDGE, NODE_HEIGHT), theme.color(token))
        painter.restore()
        # twice as fine as needed: the graph is seldom drawn at its own scale
        glyph = theme.pixmap(STATES[state].glyph, token, size=16, dpr=2 * _RATIO)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(QPointF(15, 14), glyph)
        room = int(NODE_WIDTH) - 40 - 8
        draw_text(
            painter,
            QRect(40, 4, room, 20),
            theme,
            text=node_name(self.node),
            style="small-strong",
        )
        draw_text(
            painter,
            QRect(40, 23, room, 16),
            theme,
            text=self.node.detail,
            style="caption",
            token="text.secondary",
        )
        if self.isSelected():
            painter.setPen(QPen(theme.color("accent.glyph"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 4, 4)


class LinkItem(QGraphicsPathItem):
    """A smooth link from a parent to a child; dashed while a join waits for it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._dashed = False
        self.dress()

    def lead(self, parent: QPointF, child: QPointF) -> None:
        """Draw from the top left corner of a parent to that of a child."""
        begin = QPointF(parent.x() + NODE_WIDTH / 2, parent.y() + NODE_HEIGHT)
        end = QPointF(child.x() + NODE_WIDTH / 2, child.y())
        bend = min((end.y() - begin.y()) * 0.8, 60.0)
        path = QPainterPath(begin)
        path.cubicTo(begin + QPointF(0, bend), end - QPointF(0, bend), end)
        self.setPath(path)

    def set_dashed(self, dashed: bool) -> None:
        """Draw dashes, for a join whose parent is not ready."""
        if dashed != self._dashed:
            self._dashed = dashed
            self.dress()

    def dress(self) -> None:
        """Take the theme's color."""
        pen = QPen(self._theme.color("border.control"), 1.5)
        if self._dashed:
            pen.setDashPattern([3, 3])
        self.setPen(pen)
