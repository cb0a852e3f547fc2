"""A histogram, a scatter or boxes by group, drawn by hand on the theme's colors."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from chrislib.feeds.collect_plot import Bin, Box, number_words, ticks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_text
from chrislib.views.widgets.text import plain_tooltip

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 32, 48
_DOT = 4.0
_REACH = 9.0
"""A dot is meant within so many pixels."""


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn: bins, boxes or points (place, x, y), and the axes' words."""

    across: str = ""
    up: str = ""
    bins: tuple[Bin, ...] = ()
    boxes: tuple[Box, ...] = ()
    points: tuple[tuple[int, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class _Mark:
    """Something that can be pointed at: where, which rows, what is said of it."""

    rect: QRectF
    rows: tuple[int, ...]
    words: str


class PlotView(QWidget):
    """Draws a `Plot`; hover names the subject, a click chooses its rows.

    `chosen` tells the places of rows.
    """

    chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._plot = Plot()
        self._names: Sequence[str] = ()
        self._marks: list[_Mark] = []
        self._selected: frozenset[int] = frozenset()
        self._current = -1
        self._x = self._y = (0.0, 1.0)
        self.setObjectName("collect.plot")
        self.setAccessibleName("Plot")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 200)
        theme.changed.connect(self.update)

    @property
    def marks(self) -> list[tuple[QRectF, tuple[int, ...], str]]:
        """Where something can be pointed at, its rows, and what is said of it."""
        return [(mark.rect, mark.rows, mark.words) for mark in self._marks]

    def show_plot(self, plot: Plot, names: Sequence[str]) -> None:
        """Show a plot; `names` are the subjects by the places of rows."""
        self._plot, self._names = plot, names
        self._current = -1
        self._arrange()
        self.setAccessibleDescription(self._summary())
        self.update()

    def select(self, rows: Collection[int]) -> None:
        """Highlight what belongs to rows."""
        self._selected = frozenset(rows)
        self.update()

    def sizeHint(self) -> QSize:
        """Return a size in which axes can be read."""
        return QSize(360, 320)

    # -- pointing ----------------------------------------------------------------

    def resizeEvent(self, _event: object) -> None:
        """Lay the marks out anew."""
        self._arrange()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the rows of what is clicked."""
        at = self._mark_at(event.position())
        if at >= 0:
            self._current = at
            self.chosen.emit(self._marks[at].rows)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show a hand over what can be clicked."""
        over = self._mark_at(event.position()) >= 0
        shape = (
            Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        )
        self.setCursor(shape)

    def event(self, event: QEvent) -> bool:
        """Name what is under the pointer."""
        if isinstance(event, QHelpEvent):
            at = self._mark_at(QPointF(event.pos()))
            words = self._marks[at].words if at >= 0 else ""
            QToolTip.showText(event.globalPos(), plain_tooltip(words), self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk over the marks with Left and Right, Home and End."""
        last = len(self._marks) - 1
        steps = {
            Qt.Key.Key_Right: min(self._current + 1, last),
            Qt.Key.Key_Left: max(self._current - 1, 0),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        wanted = steps.get(Qt.Key(event.key()))
        if wanted is None or last < 0:
            super().keyPressEvent(event)
            return
        self._current = wanted
        self.setAccessibleDescription(self._marks[wanted].words)
        self.chosen.emit(self._marks[wanted].rows)
        self.update()

    def _mark_at(self, at: QPointF) -> int:
        if not self._plot.points:
            # later marks (values outside a box) lie over earlier ones
            for number in reversed(range(len(self._marks))):
                if self._marks[number].rect.contains(at):
                    return number
            return -1
        best, nearest = -1, _REACH
        for number, mark in enumerate(self._marks):
            away = mark.rect.center() - at
            length = (away.x() ** 2 + away.y() ** 2) ** 0.5
            if length <= nearest:
                best, nearest = number, length
        return best

    # -- laying out ----------------------------------------------------------------

    def _area(self) -> QRectF:
        width = max(10, self.width() - _LEFT - _RIGHT)
        height = max(10, self.height() - _TOP - _BOTTOM)
        return QRectF(_LEFT, _TOP, width, height)

    def _arrange(self) -> None:
        plot = self._plot
        if plot.bins:
            self._x = (plot.bins[0].low, plot.bins[-1].high)
            self._y = (0.0, max(len(one.members) for one in plot.bins) * 1.05 or 1.0)
            self._marks = [self._bar(one) for one in plot.bins if one.members]
        elif plot.boxes:
            values = [v for box in plot.boxes for _, v in box.members]
            self._x = (0.0, float(len(plot.boxes)))
            self._y = _padded(values)
            self._marks = [
                mark
                for number, box in enumerate(plot.boxes)
                for mark in self._box_marks(number, box)
            ]
        else:
            self._x = _padded([x for _, x, _ in plot.points])
            self._y = _padded([y for _, _, y in plot.points])
            ordered = sorted(plot.points, key=lambda point: point[1:])
            self._marks = [self._dot(place, x, y) for place, x, y in ordered]

    def _point(self, x: float, y: float) -> QPointF:
        area = self._area()
        (x0, x1), (y0, y1) = self._x, self._y
        across = (x - x0) / ((x1 - x0) or 1.0)
        up = (y - y0) / ((y1 - y0) or 1.0)
        return QPointF(
            area.left() + across * area.width(), area.bottom() - up * area.height()
        )

    def _bar(self, one: Bin) -> _Mark:
        corner = self._point(one.low, len(one.members))
        foot = self._point(one.high, 0)
        rect = QRectF(corner, foot).adjusted(0.5, 0, -0.5, 0)
        rows = "1 row" if len(one.members) == 1 else f"{len(one.members):,} rows"
        span = f"{number_words(one.low)} to {number_words(one.high)}"
        words = "\n".join([f"{span}: {rows}", *self._some(one.members)])
        return _Mark(rect, one.members, words)

    def _dot(self, place: int, x: float, y: float) -> _Mark:
        words = (
            f"{self._name(place)}\n{self._plot.across}: {number_words(x)}\n"
            f"{self._plot.up}: {number_words(y)}"
        )
        return _Mark(_around(self._point(x, y)), (place,), words)

    def _box_marks(self, number: int, box: Box) -> list[_Mark]:
        low = self._point(number + 0.25, box.first)
        high = self._point(number + 0.75, box.third)
        rect = QRectF(low.x(), high.y(), high.x() - low.x(), low.y() - high.y())
        if rect.height() < 6:
            rect.adjust(0, -3, 0, 3)
        rows = tuple(place for place, _ in box.members)
        words = (
            f"{box.group or 'All'}: {len(rows):,} rows\n"
            f"median {number_words(box.median)}, half of them "
            f"{number_words(box.first)} to {number_words(box.third)}"
        )
        marks = [_Mark(rect, rows, words)]
        for place, value in box.outside:
            at = self._point(number + 0.5, value)
            said = f"{self._name(place)}\n{number_words(value)}"
            marks.append(_Mark(_around(at), (place,), said))
        return marks

    def _some(self, places: Sequence[int]) -> list[str]:
        names = [self._name(place) for place in places[:6]]
        return [*names, f"and {len(places) - 6:,} more"] if len(places) > 6 else names

    def _name(self, place: int) -> str:
        return self._names[place] if place < len(self._names) else ""

    def _summary(self) -> str:
        if self._plot.bins:
            return f"Histogram of {self._plot.across}, {len(self._marks)} bars"
        if self._plot.boxes:
            return f"{len(self._plot.boxes)} boxes of {self._plot.up}"
        count = len(self._plot.points)
        return f"{count} points, {self._plot.up} against {self._plot.across}"

    # -- drawing -------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw axes, marks and the focus."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_axes(painter)
        if self._plot.boxes:
            self._draw_boxes(painter)
        for number, mark in enumerate(self._marks):
            self._draw_mark(painter, mark, here=number == self._current)
        self._draw_medians(painter)
        self._draw_chosen(painter)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("border.focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _draw_mark(self, painter: QPainter, mark: _Mark, *, here: bool) -> None:
        """Draw a bar, a box or a dot; of bars and boxes the highlighted rows show."""
        fill = self._theme.color("accent.glyph")
        chosen = sum(1 for place in mark.rows if place in self._selected)
        dot = mark.rect.width() <= 2 * _DOT + 1 and not self._plot.bins
        ringed = (chosen > 0 and dot) or (here and self.hasFocus())
        token = "text.primary" if ringed else "accent.glyph"
        fill.setAlpha(110 if not dot else 255 if chosen else 190)
        painter.setPen(QPen(self._theme.color(token), 2 if ringed else 1))
        painter.setBrush(fill)
        if dot:
            painter.drawEllipse(mark.rect)
            return
        painter.drawRect(mark.rect)
        if chosen and self._plot.bins:
            part = QRectF(mark.rect)
            part.setTop(part.bottom() - part.height() * chosen / len(mark.rows))
            painter.fillRect(part, self._theme.color("accent.glyph"))

    def _draw_chosen(self, painter: QPainter) -> None:
        """Draw the highlighted rows over their boxes."""
        painter.setPen(QPen(self._theme.color("text.primary"), 2))
        painter.setBrush(self._theme.color("accent.glyph"))
        for number, box in enumerate(self._plot.boxes):
            for place, value in box.members:
                if place in self._selected:
                    painter.drawEllipse(_around(self._point(number + 0.5, value)))

    def _draw_axes(self, painter: QPainter) -> None:
        theme, area = self._theme, self._area()
        painter.setPen(QPen(theme.color("border.subtle"), 1))
        line = round(theme.px(16))
        for value in ticks(*self._y, most=max(2, int(area.height() / 44))):
            if self._plot.bins and value != int(value):
                continue
            y = round(self._point(self._x[0], value).y()) + 0.5
            painter.setPen(QPen(theme.color("border.subtle"), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            rect = QRect(4, round(y) - line // 2, _LEFT - 12, line)
            self._words(
                painter, rect, number_words(value), at=Qt.AlignmentFlag.AlignRight
            )
        base = QRect(round(area.left()), round(area.bottom()) + 4, 10, line)
        if self._plot.boxes:
            wide = round(area.width() / len(self._plot.boxes))
            for number, box in enumerate(self._plot.boxes):
                rect = base.translated(number * wide, 0)
                rect.setWidth(wide - 4)
                self._words(painter, rect, box.group)
        else:
            for value in ticks(*self._x, most=max(2, int(area.width() / 76))):
                x = round(self._point(value, self._y[0]).x())
                painter.fillRect(
                    QRectF(x, area.bottom(), 1, 4), theme.color("text.muted")
                )
                self._words(
                    painter, QRect(x - 38, base.top(), 76, line), number_words(value)
                )
        painter.setPen(QPen(theme.color("border.control"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        below = QRect(
            round(area.left()), self.height() - line - 4, round(area.width()), line
        )
        self._words(painter, below, self._plot.across, token="text.secondary")
        above = QRect(12, 6, self.width() - 24, line)
        left = Qt.AlignmentFlag.AlignLeft
        self._words(painter, above, self._plot.up, at=left, token="text.secondary")

    def _words(
        self,
        painter: QPainter,
        rect: QRect,
        text: str,
        *,
        at: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignHCenter,
        token: str = "text.muted",
    ) -> None:
        draw_text(
            painter,
            rect,
            self._theme,
            text=text,
            style="caption",
            token=token,
            align=at,
        )

    def _draw_boxes(self, painter: QPainter) -> None:
        """Draw the whiskers, behind the boxes."""
        painter.setPen(QPen(self._theme.color("text.secondary"), 1))
        for number, box in enumerate(self._plot.boxes):
            for inner, end in ((box.first, box.low), (box.third, box.high)):
                painter.drawLine(
                    self._point(number + 0.5, inner), self._point(number + 0.5, end)
                )
                painter.drawLine(
                    self._point(number + 0.4, end), self._point(number + 0.6, end)
                )

    def _draw_medians(self, painter: QPainter) -> None:
        painter.setPen(QPen(self._theme.color("text.primary"), 2))
        for number, box in enumerate(self._plot.boxes):
            painter.drawLine(
                self._point(number + 0.25, box.median),
                self._point(number + 0.75, box.median),
            )


def _padded(values: Sequence[float]) -> tuple[float, float]:
    """Return the span of values with a little room at both ends."""
    if not values:
        return (0.0, 1.0)
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or abs(low) * 0.05 or 0.5
    return (low - room, high + room)


def _around(at: QPointF) -> QRectF:
    return QRectF(at.x() - _DOT, at.y() - _DOT, 2 * _DOT, 2 * _DOT)
