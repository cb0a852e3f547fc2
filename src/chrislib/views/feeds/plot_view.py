"""A histogram, a scatter or boxes by group, drawn by hand on the theme's colors."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QToolTip, QWidget

from chrislib.feeds.collect_model import Row
from chrislib.feeds.collect_plot import Bin, Dot, Plot, Stand, number_words, ticks
from chrislib.library.words import count
from chrislib.views.feeds.plot_picture import RADIUS, Look, Scale, Slowly, dot, stamp
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_text
from chrislib.views.widgets.text import plain_tooltip

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 32, 48
_REACH = 9.0
"""A dot is meant within so many pixels."""
_DOTS = 100
"""Dots painted between two looks at the clock."""


class PlotView(QWidget):
    """Draws a `Plot`; hover names the subject, a click chooses its rows.

    `chosen` tells the places of rows.
    """

    chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._plot = Plot()
        self._rows: Sequence[Row] = ()
        self._selected: frozenset[int] = frozenset()
        self._current = -1
        self._picture = Slowly(self, self._pieces)
        self.setObjectName("collect.plot")
        self.setAccessibleName("Plot")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 200)
        theme.changed.connect(self._changed)

    @property
    def painted(self) -> bool:
        """Whether all of it is painted as it is now."""
        return self._picture.painted

    @property
    def marks(self) -> list[tuple[QRectF, tuple[int, ...], str]]:
        """Where something can be pointed at, its rows, and what is said of it."""
        return [
            (self._rect(mark), _members(mark), self._words(mark))
            for mark in self._plot.marks
        ]

    def show_plot(self, plot: Plot, rows: Sequence[Row]) -> None:
        """Show a plot of rows."""
        self._plot, self._rows = plot, rows
        self._current = -1
        self.setAccessibleDescription(self._summary())
        self._picture.outdate()

    def select(self, rows: Collection[int]) -> None:
        """Highlight what belongs to rows."""
        selected = frozenset(rows)
        if selected == self._selected:
            return
        self._selected = selected
        self._picture.outdate()

    def sizeHint(self) -> QSize:
        """Return a size in which axes can be read."""
        return QSize(360, 320)

    # -- pointing ----------------------------------------------------------------

    def resizeEvent(self, _event: object) -> None:
        """Lay the marks out anew."""
        self._picture.outdate()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the rows of what is clicked."""
        at = self._mark_at(event.position())
        if at >= 0:
            self._current = at
            self.chosen.emit(_members(self._plot.marks[at]))
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
            words = self._words(self._plot.marks[at]) if at >= 0 else ""
            QToolTip.showText(event.globalPos(), plain_tooltip(words), self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk over the marks with Left and Right, Home and End."""
        last = len(self._plot.marks) - 1
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
        mark = self._plot.marks[wanted]
        self.setAccessibleDescription(self._words(mark))
        self.chosen.emit(_members(mark))
        self.update()

    def _mark_at(self, at: QPointF) -> int:
        marks, scale = self._plot.marks, self._scale()
        if self._plot.bins or self._plot.boxes:
            # later marks (values outside a box) lie over earlier ones
            for number in reversed(range(len(marks))):
                mark = marks[number]
                if isinstance(mark, Dot):
                    x, y = scale.at(mark.x, mark.y)
                    inside = max(abs(x - at.x()), abs(y - at.y())) <= RADIUS
                else:
                    inside = self._rect(mark).contains(at)
                if inside:
                    return number
            return -1
        # dots come in the order of x: only those near are looked at
        near = (scale.across(at.x() - _REACH), scale.across(at.x() + _REACH))
        low = bisect_left(marks, near[0], key=_across)
        best, nearest = -1, _REACH
        for number in range(low, bisect_right(marks, near[1], key=_across)):
            mark = marks[number]
            if isinstance(mark, Dot):
                x, y = scale.at(mark.x, mark.y)
                length = ((x - at.x()) ** 2 + (y - at.y()) ** 2) ** 0.5
                if length <= nearest:
                    best, nearest = number, length
        return best

    # -- laying out ----------------------------------------------------------------

    def _changed(self) -> None:
        self._picture.outdate()

    def _area(self) -> QRectF:
        width = max(10, self.width() - _LEFT - _RIGHT)
        height = max(10, self.height() - _TOP - _BOTTOM)
        return QRectF(_LEFT, _TOP, width, height)

    def _scale(self) -> Scale:
        return Scale(self._plot.x, self._plot.y, self._area())

    def _point(self, x: float, y: float) -> QPointF:
        return QPointF(*self._scale().at(x, y))

    def _rect(self, mark: Bin | Stand | Dot) -> QRectF:
        """Return where a mark is."""
        if isinstance(mark, Dot):
            at = self._point(mark.x, mark.y)
            return QRectF(at.x() - RADIUS, at.y() - RADIUS, 2 * RADIUS, 2 * RADIUS)
        if isinstance(mark, Bin):
            corner = self._point(mark.low, len(mark.members))
            foot = self._point(mark.high, 0)
            return QRectF(corner, foot).adjusted(0.5, 0, -0.5, 0)
        low = self._point(mark.number + 0.25, mark.box.first)
        high = self._point(mark.number + 0.75, mark.box.third)
        rect = QRectF(low.x(), high.y(), high.x() - low.x(), low.y() - high.y())
        if rect.height() < 6:
            rect.adjust(0, -3, 0, 3)
        return rect

    def _words(self, mark: Bin | Stand | Dot) -> str:
        """Return what is said of a mark."""
        if isinstance(mark, Dot):
            name = self._name(mark.place)
            if self._plot.boxes:
                return f"{name}\n{number_words(mark.y)}"
            return (
                f"{name}\n{self._plot.across}: {number_words(mark.x)}\n"
                f"{self._plot.up}: {number_words(mark.y)}"
            )
        if isinstance(mark, Bin):
            span = f"{number_words(mark.low)} to {number_words(mark.high)}"
            rows = count(len(mark.members), "row")
            return "\n".join([f"{span}: {rows}", *self._some(mark.members)])
        box = mark.box
        return (
            f"{box.group or 'All'}: {len(box.members):,} rows\n"
            f"median {number_words(box.median)}, half of them "
            f"{number_words(box.first)} to {number_words(box.third)}"
        )

    def _some(self, places: Sequence[int]) -> list[str]:
        names = [self._name(place) for place in places[:6]]
        return [*names, f"and {len(places) - 6:,} more"] if len(places) > 6 else names

    def _name(self, place: int) -> str:
        return self._rows[place].subject if place < len(self._rows) else ""

    def _summary(self) -> str:
        if self._plot.bins:
            return f"Histogram of {self._plot.across}, {len(self._plot.marks)} bars"
        if self._plot.boxes:
            return f"{len(self._plot.boxes)} boxes of {self._plot.up}"
        points = count(len(self._plot.marks), "point")
        return f"{points}, {self._plot.up} against {self._plot.across}"

    # -- drawing -------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what is painted, and where the keys are."""
        painter = QPainter(self)
        self._picture.draw(painter)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_focus(painter)
        painter.end()

    def _pieces(self, painter: QPainter) -> Iterator[None]:
        """Paint axes, bars, boxes and dots, and stop now and then."""
        yield from self._draw_axes(painter)
        if self._plot.boxes:
            self._draw_boxes(painter)
        for mark in self._plot.bins or self._stands():
            self._draw_mark(painter, mark)
            yield
        self._draw_medians(painter)
        for number, (picture, x, y) in enumerate(self._stamps(), 1):
            stamp(painter, x, y, picture)
            if number % _DOTS == 0:
                yield

    def _stands(self) -> list[Stand]:
        return [Stand(number, box) for number, box in enumerate(self._plot.boxes)]

    def _draw_mark(self, painter: QPainter, mark: Bin | Stand) -> None:
        """Draw a bar or a box; of bars the highlighted rows show."""
        members = _members(mark)
        if not members:
            return
        rect = self._rect(mark)
        fill = self._theme.color("accent.glyph")
        painter.setPen(QPen(fill, 1))
        fill.setAlpha(110)
        painter.setBrush(fill)
        painter.drawRect(rect)
        if self._selected and self._plot.bins:
            chosen = sum(1 for place in members if place in self._selected)
            part = QRectF(rect)
            part.setTop(part.bottom() - part.height() * chosen / len(members))
            painter.fillRect(part, self._theme.color("accent.glyph"))

    def _stamps(self) -> Iterator[tuple[QPixmap, float, float]]:
        """Yield picture and point of each dot, the highlighted ones last."""
        scale, selected = self._scale(), self._selected
        boxes, ratio = self._plot.boxes, self.devicePixelRatioF()
        fill, edge = (
            self._theme.color("accent.glyph"),
            self._theme.color("text.primary"),
        )
        dim = self._theme.color("accent.glyph")
        dim.setAlpha(190)
        plain, chosen = dot(Look(dim, fill, 1), ratio), dot(Look(fill, edge, 2), ratio)
        dots = [mark for mark in self._plot.marks if isinstance(mark, Dot)]
        for place, x, y in dots:
            if boxes or place not in selected:
                yield (plain, *scale.at(x, y))
        if not selected:
            return
        for number, box in enumerate(boxes):
            for place, value in box.members:
                if place in selected:
                    yield (chosen, *scale.at(number + 0.5, value))
        for place, x, y in () if boxes else dots:
            if place in selected:
                yield (chosen, *scale.at(x, y))

    def _draw_focus(self, painter: QPainter) -> None:
        """Draw a ring around the widget, and around the mark the keys are at."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color("border.focus"), 2))
        painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        if self._current < 0:
            return
        mark = self._plot.marks[self._current]
        painter.setPen(QPen(self._theme.color("text.primary"), 2))
        if isinstance(mark, Dot):
            painter.drawEllipse(self._rect(mark))
        else:
            painter.drawRect(self._rect(mark))

    def _draw_axes(self, painter: QPainter) -> Iterator[None]:
        theme, area = self._theme, self._area()
        painter.setPen(QPen(theme.color("border.subtle"), 1))
        line = round(theme.px(16))
        for value in ticks(*self._plot.y, most=max(2, int(area.height() / 44))):
            if self._plot.bins and value != int(value):
                continue
            y = round(self._point(self._plot.x[0], value).y()) + 0.5
            painter.setPen(QPen(theme.color("border.subtle"), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            rect = QRect(4, round(y) - line // 2, _LEFT - 12, line)
            self._write(
                painter, rect, number_words(value), at=Qt.AlignmentFlag.AlignRight
            )
            yield
        base = QRect(round(area.left()), round(area.bottom()) + 4, 10, line)
        if self._plot.boxes:
            wide = round(area.width() / len(self._plot.boxes))
            for number, box in enumerate(self._plot.boxes):
                rect = base.translated(number * wide, 0)
                rect.setWidth(wide - 4)
                self._write(painter, rect, box.group)
                yield
        else:
            for value in ticks(*self._plot.x, most=max(2, int(area.width() / 76))):
                x = round(self._point(value, self._plot.y[0]).x())
                painter.fillRect(
                    QRectF(x, area.bottom(), 1, 4), theme.color("text.muted")
                )
                self._write(
                    painter, QRect(x - 38, base.top(), 76, line), number_words(value)
                )
                yield
        painter.setPen(QPen(theme.color("border.control"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        below = QRect(
            round(area.left()), self.height() - line - 4, round(area.width()), line
        )
        self._write(painter, below, self._plot.across, token="text.secondary")
        above = QRect(12, 6, self.width() - 24, line)
        left = Qt.AlignmentFlag.AlignLeft
        self._write(painter, above, self._plot.up, at=left, token="text.secondary")

    def _write(
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


def _members(mark: Bin | Stand | Dot) -> tuple[int, ...]:
    """Return the places of a mark's rows."""
    if isinstance(mark, Dot):
        return (mark.place,)
    if isinstance(mark, Bin):
        return mark.members
    return tuple(place for place, _ in mark.box.members)


def _across(mark: Bin | Stand | Dot) -> float:
    return mark.x if isinstance(mark, Dot) else 0.0
