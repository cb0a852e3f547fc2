"""Rows of History as pictures: with each step of the wheel all of them are drawn.

The head that stays in sight lies over the page, so that Qt copies nothing when the
page moves. A row that was drawn before is only put in its place.
"""

from collections.abc import Callable

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter, QPixmap

_KEPT = 80
"""Rows: more than are seen at once on a tall screen."""


class RowPictures:
    """Pictures of rows by their number, as wide as the list.

    Parameters
    ----------
    draw : callable
        Draws a row with its top left corner at the origin.
    """

    def __init__(self, draw: Callable[[QPainter, int], None]) -> None:
        self._draw = draw
        self._held: dict[int, tuple[object, QPixmap]] = {}
        self._look: tuple[int, float, str] = (0, 1.0, "")

    def put(
        self,
        painter: QPainter,
        row: int,
        rect: QRect,
        *,
        what: object,
        ground: QColor,
    ) -> None:
        """Draw a row at its place, from its picture if there is one.

        Parameters
        ----------
        what : object
            All that the row says: a picture of anything else is not it.
        ground : QColor
            What lies behind; another one means another theme.
        """
        device = painter.device()
        ratio = device.devicePixelRatioF() if device is not None else 1.0
        size = rect.size()
        look = (size.width(), ratio, ground.name())
        if look != self._look:
            self._look = look
            self._held.clear()
        known = self._held.pop(row, None)
        if known is None or known[0] != (size.height(), what):
            picture = QPixmap(size * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(ground)
            inner = QPainter(picture)
            self._draw(inner, row)
            inner.end()
            known = (size.height(), what), picture
        self._held[row] = known  # as the newest
        if len(self._held) > _KEPT:
            del self._held[next(iter(self._held))]
        painter.drawPixmap(rect.topLeft(), known[1])

    def clear(self) -> None:
        """Draw everything anew the next time."""
        self._held.clear()
