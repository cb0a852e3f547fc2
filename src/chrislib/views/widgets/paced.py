"""Tables that paint their rows a few at a time, so that painting holds up nobody."""

import time
from collections.abc import Iterator, Mapping

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import (
    QBackingStore,
    QColor,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QTableView, QWidget

from chrislib.views.theme.theme import Theme

_SECONDS = 0.003
"""Processor time of a turn after which the other rows wait for the next turn."""
_ROWS = 1
"""Rows painted between two looks at the clock: one with many columns takes 1.5 ms."""
_GROUNDS: Mapping[str, str] = {
    "panel": "bg.panel",
    "window": "bg.window",
    "canvas": "bg.canvas",
    "card": "bg.raised",
}


class PacedTable(QTableView):
    """A table of rows of one height that is painted over several turns.

    Rows that wait keep their look of before for some milliseconds. A picture of the
    table (`grab`) is always painted whole.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._pace_theme = theme
        self._waiting = QRegion()
        self._fresh = True
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._go_on)
        # the ground is filled row by row: else rows that wait would be wiped out
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def painted(self) -> bool:
        """Whether every row in sight is painted as it is now."""
        return self._waiting.isEmpty()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint rows for some milliseconds; the others come with the next turn."""
        until = time.thread_time() + _SECONDS
        region = event.region()
        color = self._pace_theme.color(_ground(self))
        paced = self._on_screen()
        if self._fresh and paced:
            self._fill(region, color)
        self._fresh = self._fresh and not paced
        left = QRegion(region)
        for band in self._bands(region.boundingRect()):
            part = region.intersected(band)
            if part.isEmpty():
                continue
            self._fill(part, color)
            super().paintEvent(QPaintEvent(part))
            left -= part
            if paced and time.thread_time() > until:
                break
        if not paced:
            return
        self._waiting = self._waiting.subtracted(region).united(left)
        if not self._waiting.isEmpty():
            # with a timer: what is typed and clicked meanwhile has its turn first
            self._turn.start()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Scroll, also what is not painted yet."""
        super().scrollContentsBy(dx, dy)
        if not self._waiting.isEmpty():
            self._waiting = QRegion(self.viewport().rect())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Note that nothing may be there to keep its look."""
        super().resizeEvent(event)
        self._fresh = True
        self._waiting &= self.viewport().rect()

    def showEvent(self, event: QShowEvent) -> None:
        """Note that something else was there before."""
        super().showEvent(event)
        self._fresh = True

    # -- inside ----------------------------------------------------------------

    def _go_on(self) -> None:
        self.viewport().update(self._waiting)

    def _bands(self, area: QRect) -> Iterator[QRect]:
        """Yield some rows at a time, then what is below the last of them."""
        high = max(1, self.verticalHeader().defaultSectionSize())
        rows = self.verticalHeader().length() - self.verticalHeader().offset()
        first = area.top() + self.verticalHeader().offset()
        top = area.top() - first % high
        while top <= area.bottom():
            low = area.bottom() + 1 if top >= rows else top + high * _ROWS
            yield QRect(area.left(), top, area.width(), low - top)
            top = low

    def _on_screen(self) -> bool:
        """Whether it is painted in its window, and not in a picture."""
        store: QBackingStore | None = self.window().backingStore()
        painter = QPainter(self.viewport())
        device = painter.paintEngine().paintDevice()
        painter.end()
        return store is not None and device is store.paintDevice()

    def _fill(self, region: QRegion, color: QColor) -> None:
        painter = QPainter(self.viewport())
        painter.setClipRegion(region)
        painter.fillRect(region.boundingRect(), color)
        painter.end()


def _ground(widget: QWidget | None) -> str:
    """Return the color behind a widget that has none of its own."""
    while widget is not None:
        found = _GROUNDS.get(str(widget.property("surface")))
        if found:
            return found
        widget = widget.parentWidget()
    return "bg.window"
