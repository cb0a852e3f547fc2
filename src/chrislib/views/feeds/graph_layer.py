"""A picture of the graph as large as the view: moved and mended, seldom made anew."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap

Draw = Callable[[QPainter, QRectF], None]
"""Draws what an area (scene units) holds; the painter is scaled and moved."""

_MANY = 300
"""Single places to mend; beyond, all of it is drawn again."""


class Layer:
    """What is on screen of a scene, kept from frame to frame.

    Parameters
    ----------
    draw : callable

    Attributes
    ----------
    ground : QColor
        What lies under everything.
    """

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self.ground = QColor()
        self._pixmap = QPixmap()
        self._scale = 0.0
        self._origin = QPoint()
        self._stale = True
        self._worn: list[QRectF] = []

    @property
    def pixmap(self) -> QPixmap:
        """The picture, as `bring` left it."""
        return self._pixmap

    def renew(self) -> None:
        """Draw all of it the next time."""
        self._stale = True

    def wear(self, areas: Iterable[QRectF]) -> None:
        """Draw these areas (scene units) again the next time."""
        self._worn.extend(areas)
        if len(self._worn) > _MANY:
            self._stale = True
            self._worn.clear()

    def bring(
        self, size: QSize, *, scale: float, origin: QPoint, ratio: float
    ) -> QPixmap:
        """Return the picture for a view.

        Parameters
        ----------
        size : QSize
            Of the view, logical pixels.
        scale : float
            Logical pixels a scene unit.
        origin : QPoint
            What stands at the view's top left corner, logical pixels of the scene.
        ratio : float
            Device pixels a logical pixel.
        """
        wanted = size * ratio
        if self._pixmap.size() != wanted or self._pixmap.devicePixelRatio() != ratio:
            self._pixmap = QPixmap(wanted)
            self._pixmap.setDevicePixelRatio(ratio)
            self._stale = True
        view = QRect(QPoint(), size)
        moved = self._origin - origin
        far = abs(moved.x()) >= size.width() or abs(moved.y()) >= size.height()
        # A fraction of a device pixel cannot be moved by.
        if scale != self._scale or far or (not moved.isNull() and ratio % 1):
            self._stale = True
        self._scale, self._origin = scale, origin
        if self._stale:
            bare = [view]
        else:
            bare = []
            if not moved.isNull():
                step = moved * ratio
                self._pixmap.scroll(step.x(), step.y(), QRect(QPoint(), wanted))
                bare = _uncovered(view, moved)
            bare += [self._on_view(area) & view for area in self._worn]
        self._stale = False
        self._worn.clear()
        self._paint([rect for rect in bare if not rect.isEmpty()])
        return self._pixmap

    def _on_view(self, area: QRectF) -> QRect:
        scaled = QRectF(
            area.x() * self._scale - self._origin.x(),
            area.y() * self._scale - self._origin.y(),
            area.width() * self._scale,
            area.height() * self._scale,
        )
        return scaled.toAlignedRect().adjusted(-2, -2, 2, 2)

    def _paint(self, bare: list[QRect]) -> None:
        if not bare:
            return
        painter = QPainter(self._pixmap)
        for rect in bare:
            painter.save()
            painter.setClipRect(rect)
            painter.fillRect(rect, self.ground)
            painter.translate(-self._origin.x(), -self._origin.y())
            painter.scale(self._scale, self._scale)
            corner = QPoint(self._origin) + rect.topLeft()
            self._draw(
                painter,
                QRectF(
                    corner.x() / self._scale,
                    corner.y() / self._scale,
                    rect.width() / self._scale,
                    rect.height() / self._scale,
                ),
            )
            painter.restore()
        painter.end()


def _uncovered(view: QRect, moved: QPoint) -> list[QRect]:
    """Return what is bare when a picture as large as the view has moved."""
    found = []
    if moved.x():
        left = 0 if moved.x() > 0 else view.width() + moved.x()
        found.append(QRect(left, 0, abs(moved.x()), view.height()))
    if moved.y():
        top = 0 if moved.y() > 0 else view.height() + moved.y()
        found.append(QRect(0, top, view.width(), abs(moved.y())))
    return found
