"""A plot as a picture that is painted over several turns."""

import math
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from chrislib.views.models.timers import soon

RADIUS = 4.0
_SECONDS = 0.002
"""Processor time of a turn after which other pieces wait for the next turn."""
_HALF = math.ceil(RADIUS) + 2
"""Half the edge of a dot's picture, with its pen."""


class Look(NamedTuple):
    """How a dot is drawn; the width of its edge in px."""

    fill: QColor
    edge: QColor
    width: int


class Scale:
    """Where values are in an area of a widget."""

    def __init__(
        self, x: tuple[float, float], y: tuple[float, float], area: QRectF
    ) -> None:
        self._x, self._y = x[0], y[0]
        self._dx, self._dy = (x[1] - x[0]) or 1.0, (y[1] - y[0]) or 1.0
        self._left, self._wide = area.left(), area.width()
        self._bottom, self._high = area.bottom(), area.height()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of two values; none is finite where their span is not."""
        return (
            self._left + (x - self._x) / self._dx * self._wide,
            self._bottom - (y - self._y) / self._dy * self._high,
        )

    def across(self, pixel: float) -> float:
        """Return the value at a pixel of the x axis."""
        return self._x + (pixel - self._left) / self._wide * self._dx


class Slowly:
    """The picture of a widget, painted piece by piece; until then the last one shows.

    Parameters
    ----------
    pieces : callable
        Paints a piece, yields, paints the next.
    """

    def __init__(
        self, widget: QWidget, pieces: Callable[[QPainter], Iterator[None]]
    ) -> None:
        self._widget = widget
        self._pieces = pieces
        self._shown = QPixmap()
        self._next = QPixmap()
        self._painter = QPainter()
        self._waiting: Iterator[None] | None = None
        self._turn = soon(widget, 0, self._paint_some)

    @property
    def painted(self) -> bool:
        """Whether all of it is as it is now."""
        return not self._turn.isActive()

    def outdate(self) -> None:
        """Paint all of it anew."""
        self._waiting = None
        self._turn.start()

    def draw(self, painter: QPainter) -> None:
        """Draw what was painted last."""
        painter.drawPixmap(0, 0, self._shown)

    def _paint_some(self) -> None:
        until = time.thread_time() + _SECONDS
        if self._waiting is None:
            ratio = self._widget.devicePixelRatioF()
            self._next = QPixmap(self._widget.size() * ratio)
            self._next.setDevicePixelRatio(ratio)
            self._next.fill(Qt.GlobalColor.transparent)
            self._waiting = self._pieces(self._painter)
        self._painter.begin(self._next)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for _ in self._waiting:
            if time.thread_time() > until:
                self._turn.start()
                break
        else:
            self._waiting = None
        self._painter.end()
        if self._waiting is None:
            self._shown = self._next
            self._widget.update()


def dot(look: Look, ratio: float) -> QPixmap:
    """Return a dot's picture: to draw an ellipse takes ten times as long.

    Parameters
    ----------
    ratio : float
        Pixels of the device for each of the widget.
    """
    made = QPixmap(round(2 * _HALF * ratio), round(2 * _HALF * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(look.edge, look.width))
    painter.setBrush(look.fill)
    low = _HALF - RADIUS
    painter.drawEllipse(QRectF(low, low, 2 * RADIUS, 2 * RADIUS))
    painter.end()
    return made


def stamp(painter: QPainter, x: float, y: float, picture: QPixmap) -> None:
    """Draw a dot's picture around a point; none where the point is not finite."""
    if math.isfinite(x + y):
        painter.drawPixmap(round(x) - _HALF, round(y) - _HALF, picture)
