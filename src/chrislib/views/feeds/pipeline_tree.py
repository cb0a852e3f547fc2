"""A small picture of a pipeline's tree, drawn as feeds are; a node can be chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from chrislib.feeds.graph import layout
from chrislib.views.feeds.graph_paint import GraphPainter, Look
from chrislib.views.feeds.graph_scene import GraphScene
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import plain_tooltip

_MARGIN = 12
_MOST = 1.0


@dataclass(frozen=True, slots=True)
class Shape:
    """One box: two lines, what it hangs under, and whether it needs a look."""

    id: int
    title: str
    detail: str
    parents: tuple[int, ...]
    problems: int = 0


class PipelineTreeView(QWidget):
    """The tree fitted into its place; arrows walk, a click highlights.

    Parameters
    ----------
    choosing : bool
        Whether one node is highlighted; `chosen` tells its number.
    """

    chosen = Signal(int)

    def __init__(self, theme: Theme, *, name: str, choosing: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._painter = GraphPainter(theme)
        self._choosing = choosing
        self._shapes: dict[int, Shape] = {}
        self._scene: GraphScene | None = None
        self._current: int | None = None
        self.setObjectName(name)
        self.setAccessibleName("Tree of the pipeline")
        self.setMouseTracking(True)
        self.setMinimumHeight(120)
        if choosing:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.changed.connect(self.update)

    def show_shapes(self, shapes: Sequence[Shape]) -> None:
        """Draw a tree; the highlight stays where its node is still there."""
        parents = {one.id: one.parents for one in shapes}
        known = {one.id: one.parents for one in self._shapes.values()}
        self._shapes = {one.id: one for one in shapes}
        if parents != known or self._scene is None:
            self._scene = GraphScene(layout(parents), sideways=False)
        if self._current not in self._shapes:
            self._current = shapes[0].id if shapes and self._choosing else None
        self._say()
        self.update()

    @property
    def current(self) -> int | None:
        """Number of the highlighted node."""
        return self._current

    def choose(self, node: int) -> None:
        """Highlight a node, and tell."""
        if node in self._shapes and node != self._current:
            self._current = node
            self._say()
            self.update()
            self.chosen.emit(node)

    def sizeHint(self) -> QSize:
        """Return a comfortable size; the layout decides."""
        return QSize(360, 240)

    # -- events ----------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the tree."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("bg.canvas"))
        scene = self._scene
        if scene is None or not self._shapes:
            painter.end()
            return
        scale, shift = self._fit()
        painter.translate(shift)
        painter.scale(scale, scale)
        looks = {number: self._look(one) for number, one in self._shapes.items()}
        self._painter.draw(painter, scene, looks=looks, area=scene.area, scale=scale)
        box = scene.boxes.get(self._current) if self._current is not None else None
        if self._choosing and box is not None:
            self._painter.draw_frame(painter, box, scale=scale)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Highlight what was pressed."""
        node = self._at(event.position())
        if self._choosing and node is not None:
            self.choose(node)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk: up to the parent, down to a child, left and right in the row."""
        to = self._step(event.key())
        if to is None:
            super().keyPressEvent(event)
        else:
            self.choose(to)

    def event(self, event: QEvent) -> bool:
        """Say what a box is that is too small to be read."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            node = self._at(QPointF(event.pos()))
            shape = self._shapes.get(node) if node is not None else None
            words = f"{shape.title}\n{shape.detail}" if shape is not None else ""
            QToolTip.showText(event.globalPos(), plain_tooltip(words), self)
            return True
        return super().event(event)

    # -- inside ----------------------------------------------------------------

    def _step(self, key: int) -> int | None:
        scene, here = self._scene, self._current
        if scene is None or here is None or not self._choosing:
            return None
        if key == Qt.Key.Key_Up:
            return next(iter(scene.parents(here)), None)
        if key == Qt.Key.Key_Down:
            return scene.first_child(here)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            return scene.beside(here, -1 if key == Qt.Key.Key_Left else 1)
        return None

    def _fit(self) -> tuple[float, QPointF]:
        scene = self._scene
        assert scene is not None
        area = scene.area
        wide = max(1, self.width() - 2 * _MARGIN)
        high = max(1, self.height() - 2 * _MARGIN)
        scale = min(_MOST, wide / area.width(), high / area.height())
        left = (self.width() - area.width() * scale) / 2
        top = min(_MARGIN * 2.0, (self.height() - area.height() * scale) / 2)
        return scale, QPointF(left, top)

    def _at(self, spot: QPointF) -> int | None:
        if self._scene is None or not self._shapes:
            return None
        scale, shift = self._fit()
        return self._scene.at((spot - shift) / scale)

    def _look(self, shape: Shape) -> Look:
        wrong = shape.problems > 0
        token = "state.failed" if wrong else "accent.glyph"
        detail = shape.detail
        if wrong:
            values = "1 value" if shape.problems == 1 else f"{shape.problems} values"
            detail = f"{values} missing or wrong"
        return Look(
            shape.title,
            detail,
            "circle-x" if wrong else "workflow",
            token,
            self._theme.color(token),
        )

    def _say(self) -> None:
        shape = self._shapes.get(self._current) if self._current is not None else None
        words = f"{len(self._shapes)} nodes"
        if shape is not None:
            words = f"{shape.title}, {shape.detail}"
            if shape.problems:
                words += f", {shape.problems} need attention"
        self.setAccessibleDescription(words)
