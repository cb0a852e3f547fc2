"""Draws the nodes and links of a graph: as much of each as its size on screen bears."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from chrislib.feeds.graph import NODE_HEIGHT, NODE_WIDTH
from chrislib.feeds.model import Node
from chrislib.feeds.states import WORDS
from chrislib.views.feeds.graph_scene import GraphScene
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.paint import draw_text

READABLE, SHAPED = 0.5, 0.2
"""Scales from which on words can be read, and bodies be told from edges."""
_EDGE = 4.0
_SHARP = 3.0
"""Glyphs are drawn finer than needed: a graph is seldom seen at its own scale."""
_MOST_CURVES = 1_500


def node_name(node: Node) -> str:
    """Return what a node is called in graph, list and inspector."""
    return f"{node.plugin_name} {node.plugin_version}"


def node_words(node: Node) -> str:
    """Return a node in one line for tooltips and screen readers."""
    word = WORDS[node.state]
    detail = "" if node.detail.startswith(word) else f", {word}"
    title = f" “{node.title}”" if node.title else ""
    return f"{node_name(node)}{title}{detail}, {node.detail}"


@dataclass(frozen=True, slots=True)
class Look:
    """What is drawn in a box: two lines, a glyph, a color.

    Attributes
    ----------
    kind : str
        "node", "fold" (stands for a branch) or "ghost" (is not there yet).
    """

    name: str
    detail: str
    glyph: str
    token: str
    color: QColor
    kind: str = "node"


def look_of(node: Node, color: QColor) -> Look:
    """Return how a node is drawn; `color` is that of its edge."""
    state = STATES[node.state]
    token = f"state.{node.state}"
    return Look(node_name(node), node.detail, state.glyph, token, color)


class GraphPainter:
    """Draws a part of a graph. The painter given is scaled and moved already."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._body = QPainterPath()
        self._body.addRoundedRect(QRectF(0, 0, NODE_WIDTH, NODE_HEIGHT), 4, 4)
        strip = QPainterPath()
        strip.addRect(QRectF(0, 0, _EDGE, NODE_HEIGHT))
        self._strip = self._body.intersected(strip)

    def draw(
        self,
        painter: QPainter,
        scene: GraphScene,
        *,
        looks: Mapping[int, Look],
        area: QRectF,
        scale: float,
        dashed: Collection[tuple[int, int]] = (),
    ) -> None:
        """Draw everything in `area` (scene units)."""
        self._links(painter, scene, area=area, scale=scale, dashed=dashed)
        inside = [node for node in scene.nodes_in(area) if node in looks]
        if scale >= READABLE:
            for node in inside:
                self.draw_node(painter, scene.boxes[node], looks[node])
        else:
            self._boxes(painter, scene, looks=looks, inside=inside, scale=scale)

    def draw_node(
        self, painter: QPainter, box: QRectF, look: Look, *, hot: bool = False
    ) -> None:
        """Draw one box with its words."""
        theme = self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(box.topLeft())
        if look.kind == "fold":
            # Two more edges below it say that there is more.
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("bg.pressed"))
            painter.drawRoundedRect(QRectF(8, 6, NODE_WIDTH - 16, NODE_HEIGHT), 4, 4)
        ground = "bg.hover" if hot else "bg.raised"
        if look.kind == "ghost":
            pen = QPen(theme.color("border.control"), 1.5, Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.setBrush(theme.color("bg.canvas"))
            painter.drawPath(self._body)
        else:
            painter.fillPath(self._body, theme.color(ground))
            painter.fillPath(self._strip, look.color)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        glyph = theme.pixmap(look.glyph, look.token, size=16, dpr=_SHARP)
        painter.drawPixmap(QPointF(15, 14), glyph)
        room = int(NODE_WIDTH) - 40 - 8
        draw_text(
            painter,
            QRect(40, 4, room, 20),
            theme,
            text=look.name,
            style="small-strong",
        )
        draw_text(
            painter,
            QRect(40, 23, room, 16),
            theme,
            text=look.detail,
            style="caption",
            token="text.secondary",
        )
        painter.translate(-box.topLeft())

    def draw_frame(self, painter: QPainter, box: QRectF, *, scale: float) -> None:
        """Frame the highlighted box; the frame stays visible from afar."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 2.0 / min(scale, 1.0)
        painter.setPen(QPen(self._theme.color("accent.glyph"), width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 4, 4)

    # Inside.

    def _links(
        self,
        painter: QPainter,
        scene: GraphScene,
        *,
        area: QRectF,
        scale: float,
        dashed: Collection[tuple[int, int]],
    ) -> None:
        links = list(scene.links_in(area))
        pen = QPen(self._theme.color("border.control"), 1.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if scale < READABLE or len(links) > _MOST_CURVES:
            pen.setWidth(0)
            painter.setPen(pen)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            lines = [scene.lines[edge] for edge in links]
            painter.drawLines(lines + scene.trunks_in(area))
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen)
        painter.drawLines(scene.trunks_in(area))
        for edge in links:
            if edge not in dashed:
                painter.drawPath(scene.curve(edge))
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        for edge in links:
            if edge in dashed:
                painter.drawPath(scene.curve(edge))

    def _boxes(
        self,
        painter: QPainter,
        scene: GraphScene,
        *,
        looks: Mapping[int, Look],
        inside: list[int],
        scale: float,
    ) -> None:
        """Draw many boxes without words, one call a color."""
        colors: dict[int, list[QRectF]] = defaultdict(list)
        for node in inside:
            colors[looks[node].color.rgba()].append(scene.boxes[node])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        if scale >= SHAPED:
            painter.setBrush(self._theme.color("bg.raised"))
            painter.drawRects([scene.boxes[node] for node in inside])
        share = 0.12 if scale >= SHAPED else 1.0
        for rgba, boxes in colors.items():
            painter.setBrush(QColor.fromRgba(rgba))
            if share == 1.0:
                painter.drawRects(boxes)
            else:
                painter.drawRects(
                    [
                        QRectF(box.x(), box.y(), NODE_WIDTH * share, NODE_HEIGHT)
                        for box in boxes
                    ]
                )
