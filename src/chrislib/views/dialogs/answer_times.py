"""How fast a server answers: a calm line of the last hour, and the same in words."""

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from chrislib.jobs.polling.answer_times import AnswerLook
from chrislib.views.jobs.words import duration
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import Label

_HEIGHT = 28
_LEAST = 1.0
"""Seconds the height stands for at least: quick answers are no mountains."""


class AnswerLine(QWidget):
    """The median of each minute as a line; minutes without an answer are gaps."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._parts: tuple[float | None, ...] = ()
        self.setObjectName("health.answers.line")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(theme.px(_HEIGHT))
        theme.changed.connect(self._resize)

    def show_parts(self, parts: tuple[float | None, ...]) -> None:
        """Draw other minutes."""
        if parts != self._parts:
            self._parts = parts
            self.update()

    def sizeHint(self) -> QSize:
        """Return room for an hour."""
        return QSize(200, self._theme.px(_HEIGHT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground line and the answers over it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bottom = self.height() - 2.0
        painter.setPen(QPen(self._theme.color("border.subtle"), 1))
        painter.drawLine(QPointF(0, bottom + 0.5), QPointF(self.width(), bottom + 0.5))
        painter.setPen(QPen(self._theme.color("text.secondary"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for points in stretches(self._parts, self.width() - 4.0, bottom - 3.0):
            spots = [QPointF(x + 2.0, y + 2.0) for x, y in points]
            if len(spots) == 1:
                painter.drawPoint(spots[0])
            else:
                painter.drawPolyline(QPolygonF(spots))
        painter.end()

    def _resize(self) -> None:
        self.setFixedHeight(self._theme.px(_HEIGHT))
        self.update()


class AnswerPanel(QWidget):
    """The line, and below it median and worst in words."""

    def __init__(self, theme: Theme, host: str) -> None:
        super().__init__()
        self.setObjectName("health.answers")
        self.setAccessibleName(f"Answer times of {host}")
        self._line = AnswerLine(theme)
        self._words = Label(
            theme,
            "",
            style="caption",
            token="text.secondary",
            wrap=True,
            name="health.answers.words",
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._line)
        column.addWidget(self._words)

    def show_answers(self, look: AnswerLook) -> None:
        """Show other answers."""
        words = words_of(look)
        self._line.setVisible(bool(look.count))
        self._line.show_parts(look.parts)
        self._words.setText(words)
        self.setAccessibleDescription(words)


def words_of(look: AnswerLook) -> str:
    """Return answer times in words: "Median 0.2 s, worst 1.9 s in the last hour"."""
    if not look.count:
        return "No answer in the last hour"
    if look.count == 1:
        return f"One answer in the last hour, after {_seconds(look.worst)}"
    return (
        f"Median {_seconds(look.median)}, worst {_seconds(look.worst)} in the last hour"
    )


def stretches(
    parts: Sequence[float | None], width: float, height: float
) -> Iterator[list[tuple[float, float]]]:
    """Return the pieces of the line between gaps, as x and y from the top left."""
    known = [part for part in parts if part is not None]
    top = max(_LEAST, max(known, default=0.0))
    step = width / max(1, len(parts) - 1)
    piece: list[tuple[float, float]] = []
    for number, part in enumerate(parts):
        if part is None:
            if piece:
                yield piece
            piece = []
        else:
            piece.append((number * step, height * (1 - part / top)))
    if piece:
        yield piece


def _seconds(value: float) -> str:
    """Return a short span with one or two digits that mean something."""
    if value < 0.095:
        return f"{max(0.01, value):.2f} s"
    if value < 9.95:
        return f"{value:.1f} s"
    return duration(value)
