"""Placeholders while something loads: late, still, and honest about the wait."""

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QRect, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import Label

_APPEAR_MS = 300
_STAY_MS = 300
_AGAIN_MS = 50
_LATEST_MS = 1_000
"""Later than this shapes come for anything."""
_WORDS_S = 2
_CANCEL_S = 10


class _Rows(QWidget):
    """The grey shapes of the rows that are to come."""

    def __init__(self, theme: Theme, row: int, *, picture: bool) -> None:
        super().__init__()
        self._theme = theme
        self._row = row
        self._picture = picture

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        shape = self._theme.color("bg.pressed")
        hair = self._theme.color("border.subtle")
        row = self._theme.px(self._row)
        for index in range(min(self.height() // row, 12)):
            top = index * row
            left = 16
            painter.setBrush(shape)
            if self._picture:
                side = row - 12
                painter.drawRoundedRect(QRect(left, top + 6, side, side), 2, 2)
                left += side + 16
            wide = (self.width() - left) // 3
            width = wide - 24 * ((index * 7) % 4)
            middle = top + row // 2
            painter.drawRoundedRect(QRect(left, middle - 11, width, 8), 3, 3)
            painter.drawRoundedRect(QRect(left, middle + 4, width * 3 // 4, 7), 3, 3)
            end = QRect(self.width() - 16 - 72, middle - 5, 72, 9)
            painter.drawRoundedRect(end, 3, 3)
            painter.fillRect(QRect(0, top + row - 1, self.width(), 1), hair)
        painter.end()


class Skeleton(QWidget):
    """Nothing for 300 ms, then shapes, after 2 s words, after 10 s Cancel.

    Shapes that came stay 300 ms. They do not come for what, as far as it is by then,
    will be there before they might go again.

    Parameters
    ----------
    row_height : int
        Height of the rows this stands for, px at text size 1.
    picture : bool
        Whether they begin with a picture.
    """

    def __init__(
        self,
        theme: Theme,
        *,
        row_height: int = 48,
        picture: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._what = ""
        self._cancel: Callable[[], object] | None = None
        self._share: Callable[[], float] | None = None
        self._then: Callable[[], object] | None = None
        self._clock = QElapsedTimer()
        self._shown = QElapsedTimer()
        self._tick = QTimer(self)
        self._tick.setInterval(250)
        self._tick.timeout.connect(self._look)
        self._appear = QTimer(self)
        self._appear.setSingleShot(True)
        self._appear.timeout.connect(self._show_rows)
        self._stay = QTimer(self)
        self._stay.setSingleShot(True)
        self._stay.timeout.connect(self._end)
        self._rows = _Rows(theme, row_height, picture=picture)
        self._words = Label(theme, style="small", name="loading.text")
        self._button = button(theme, "Cancel", name="loading.cancel", small=True)
        self._button.clicked.connect(self._pressed)
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 16, 8)
        head.addWidget(self._words, 1)
        head.addWidget(self._button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._rows, 1)
        self._hide_all()
        theme.changed.connect(self._rows.update)

    def start(
        self,
        what: str,
        cancel: Callable[[], object] | None = None,
        *,
        share: Callable[[], float] | None = None,
    ) -> None:
        """Begin to wait for `what` ("Asking Main PACS").

        Parameters
        ----------
        share : callable, optional
            Says how much of it has come, 0 to 1; 0 while nobody knows.
        """
        self._what = what
        self._cancel = cancel
        self._share = share
        self._stay.stop()
        self._hide_all()
        self._clock.start()
        self._appear.start(_APPEAR_MS)
        self._tick.start()

    def stop(self, then: Callable[[], object]) -> None:
        """End the wait and call `then`; shapes already shown stay 300 ms."""
        self._appear.stop()
        self._tick.stop()
        self._then = then
        shown = self._shown.elapsed() if self._rows.isVisible() else _STAY_MS
        if shown < _STAY_MS:
            self._stay.start(_STAY_MS - shown)
        else:
            self._end()

    def _end(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()

    def _hide_all(self) -> None:
        self._rows.hide()
        self._words.setText("")
        self._button.hide()

    def _show_rows(self) -> None:
        if self._is_near():
            self._appear.start(_AGAIN_MS)
            return
        self._shown.start()
        self._rows.show()

    def _is_near(self) -> bool:
        """Whether it seems to be there before shapes might go again."""
        share = self._share() if self._share is not None else 0.0
        waited = self._clock.elapsed()
        if not share or waited >= _LATEST_MS:
            return False
        # more is on its way than is told
        return waited * (1 - share) / share < _STAY_MS * 1.5

    def _look(self) -> None:
        seconds = self._clock.elapsed() // 1000
        if seconds >= _WORDS_S:
            self._words.setText(f"{self._what}  {seconds} s")
        if seconds >= _CANCEL_S and self._cancel is not None:
            self._button.show()

    def _pressed(self) -> None:
        if self._cancel is not None:
            self._cancel()
