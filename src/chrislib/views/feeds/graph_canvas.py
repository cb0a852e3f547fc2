"""A picture of nodes that is moved, zoomed and drawn."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame

from chrislib.views.feeds.graph_layer import Layer
from chrislib.views.feeds.graph_looks import Looks
from chrislib.views.feeds.graph_paint import GraphPainter
from chrislib.views.feeds.graph_scene import GraphScene
from chrislib.views.theme.theme import Theme

_MARGIN = 32.0
_FIT_LOW, _FIT_HIGH = 0.6, 1.0
_ZOOM_LOW, _ZOOM_HIGH = 0.02, 3.0
_STEP = 1.2
_NEAR = 24.0
_DIM = 0.72


class GraphCanvas(QAbstractScrollArea):
    """Shows a scene: fits it until somebody zooms or drags."""

    def __init__(self, theme: Theme, scene: GraphScene) -> None:
        super().__init__()
        self._theme = theme
        self._scene = scene
        self._looks = Looks(theme)
        self._painter = GraphPainter(theme)
        self._layer = Layer(self._draw)
        self._layer.ground = theme.color("bg.canvas")
        self._dashed: set[tuple[int, int]] = set()
        self._selected: int | None = None
        self._hot: int | None = None
        self._found: frozenset[int] | None = None
        self._picks: tuple[int, ...] = ()
        self._own_zoom = False
        self._scale = 1.0
        self._origin = QPointF()
        self._grabbed: QPoint | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self._dress)

    @property
    def zoom(self) -> float:
        """Logical pixels on screen for a pixel of the drawing."""
        return self._scale

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

    def see_all(self) -> None:
        """Zoom out until everything is in sight, however small."""
        self._own_zoom = True
        self._fit(low=_ZOOM_LOW)

    def pan(self, by: QPoint) -> None:
        """Move the picture by pixels."""
        self._own_zoom = True
        self._origin = self._clamped(self._origin - QPointF(by))
        self.viewport().update()

    def node_center(self, node_id: int) -> QPointF:
        """Return where a node is in the viewport (tests, tours)."""
        middle = self._scene.boxes[node_id].center()
        return middle * self._scale - self._origin

    def node_at(self, spot: QPoint) -> int | None:
        """Return the node, or fold, at a place of the viewport."""
        return self._scene.at((QPointF(spot) + self._origin) / self._scale)

    # -- events ------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Ask for what a small feed needs."""
        return QSize(480, 320)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again, unless the user zoomed."""
        super().resizeEvent(event)
        if not self._own_zoom:
            self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Fit as soon as the size is known."""
        super().showEvent(event)
        if not self._own_zoom:
            self._fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the layer, and over it what changes from moment to moment."""
        origin = self._origin.toPoint()
        ratio = self.viewport().devicePixelRatioF()
        size = self.viewport().size()
        picture = self._layer.bring(size, scale=self._scale, origin=origin, ratio=ratio)
        painter = QPainter(self.viewport())
        painter.drawPixmap(0, 0, picture)
        painter.translate(-origin.x(), -origin.y())
        painter.scale(self._scale, self._scale)
        if self._found is not None:
            self._draw_found(painter)
        boxes = self._scene.boxes
        if self._hot in boxes and self._hot is not None:
            look = self._looks[self._hot]
            self._painter.draw_node(painter, boxes[self._hot], look, hot=True)
        for node in {self._selected, *self._picks}:
            if node is not None and node in boxes:
                self._painter.draw_frame(painter, boxes[node], scale=self._scale)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        notches = event.angleDelta().y() / 120
        if notches:
            self._zoom(_STEP**notches, about=event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the picture."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._grabbed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the picture, or brighten what is under the pointer."""
        spot = event.position().toPoint()
        if self._grabbed is not None:
            moved, self._grabbed = spot - self._grabbed, spot
            self.pan(moved)
            return
        hot = self.node_at(spot)
        if hot != self._hot:
            self._hot = hot
            self.viewport().update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """End dragging."""
        self._grabbed = None

    def leaveEvent(self, event: QEvent) -> None:
        """Take the brightness back."""
        super().leaveEvent(event)
        self._hot = None
        self.viewport().update()

    # -- inside ------------------------------------------------------------------

    def _hold(self, node_id: int, spot: QPointF) -> None:
        """Move the picture so that a node is at a place of the viewport."""
        center = self._scene.boxes[node_id].center()
        self._origin = self._clamped(center * self._scale - spot)

    def _show_node(self, node_id: int) -> None:
        """Move the picture as little as needed to have a node in sight."""
        box = self._scene.boxes.get(node_id)
        if box is None:
            return
        low = box.topLeft() * self._scale - self._origin
        high = box.bottomRight() * self._scale - self._origin
        room = self.viewport().size()
        dx = min(0.0, low.x() - _NEAR) or max(0.0, high.x() + _NEAR - room.width())
        dy = min(0.0, low.y() - _NEAR) or max(0.0, high.y() + _NEAR - room.height())
        if dx or dy:
            self._origin += QPointF(dx, dy)
            self.viewport().update()

    def _draw(self, painter: QPainter, area: QRectF) -> None:
        self._painter.draw(
            painter,
            self._scene,
            looks=self._looks,
            area=area,
            scale=self._scale,
            dashed=self._dashed,
        )

    def _draw_found(self, painter: QPainter) -> None:
        area = self._in_sight()
        veil = self._theme.color("bg.canvas")
        veil.setAlphaF(_DIM)
        painter.fillRect(area, veil)
        for node in self._scene.nodes_in(area):
            if self._found is not None and node in self._found:
                box = self._scene.boxes[node]
                self._painter.draw_node(painter, box, self._looks[node])

    def _in_sight(self) -> QRectF:
        size = self.viewport().size()
        return QRectF(
            self._origin.x() / self._scale,
            self._origin.y() / self._scale,
            size.width() / self._scale,
            size.height() / self._scale,
        )

    def _fit(self, low: float = _FIT_LOW) -> None:
        area, room = self._scene.area, self.viewport().size()
        if area.width() <= 0 or room.width() < 10:
            return
        wide = room.width() / (area.width() + 2 * _MARGIN)
        high = room.height() / (area.height() + 2 * _MARGIN)
        scale = max(low, min(_FIT_HIGH, wide, high))
        left = area.center().x() * scale - room.width() / 2
        top = area.center().y() * scale - room.height() / 2
        if room.height() / scale - area.height() > 2 * _MARGIN:
            # a small graph hangs from the top, as a tree is read
            top = -_MARGIN * scale
        elif not self._scene.sideways and area.height() * scale > room.height():
            top = -_MARGIN * scale
        self._scale, self._origin = scale, QPointF(left, top)
        self.viewport().update()

    def _zoom(self, factor: float, about: QPointF | None = None) -> None:
        now = self._scale
        then = max(_ZOOM_LOW, min(_ZOOM_HIGH, now * factor))
        spot = about or QPointF(self.viewport().rect().center())
        self._own_zoom = True
        self._scale = then
        self._origin = self._clamped((self._origin + spot) * (then / now) - spot)
        self.viewport().update()

    def _clamped(self, origin: QPointF) -> QPointF:
        """Return an origin at which something of the graph stays in sight."""
        room, area = self.viewport().size(), self._scene.area
        x = min(max(origin.x(), _NEAR * 2 - room.width()), area.width() * self._scale)
        y = min(max(origin.y(), _NEAR * 2 - room.height()), area.height() * self._scale)
        return QPointF(x, y)

    def _renew(self) -> None:
        self._layer.renew()
        self.viewport().update()

    def _dress(self) -> None:
        self._looks.dress()
        self._layer.ground = self._theme.color("bg.canvas")
        self._renew()
