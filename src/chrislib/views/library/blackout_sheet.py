"""Areas of a picture drawn with the mouse or set with keys, to be made black."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from chrislib.dicom.deidentify.blackout import Area
from chrislib.library.deidentify.model import RoomForBlack
from chrislib.library.model import LocalSeries
from chrislib.library.names import clean, isolate
from chrislib.library.words import count, join
from chrislib.views.context import ViewContext
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

_SIDE = 1024
_BAND = 0.1
_STEP = 4


def _rect(area: Area) -> QRectF:
    return QRectF(area.left, area.top, area.width, area.height)


class AreaCanvas(QWidget):
    """A picture with areas: drag to add one, arrows move it, Del takes it away.

    Signals
    -------
    changed
        Areas were added, moved or taken away.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._picture = QPixmap()
        self._size = QSize(1, 1)
        self._areas: list[Area] = []
        self._current = -1
        self._from: QPointF | None = None
        self.setObjectName("blackout.canvas")
        self.setAccessibleName("Picture. Drag over what is to be black")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)

    @property
    def areas(self) -> tuple[Area, ...]:
        """The areas, in pixels of the picture."""
        return tuple(self._areas)

    def show_picture(
        self, picture: QImage, *, columns: int, rows: int, areas: Sequence[Area]
    ) -> None:
        """Show a picture of so many pixels, and areas in it."""
        self._picture = QPixmap.fromImage(picture)
        self._size = QSize(max(1, columns), max(1, rows))
        self._areas = list(areas)
        self._current = len(self._areas) - 1
        self.update()

    def add_band(self, *, top: bool) -> None:
        """Add an area along the upper or lower edge."""
        high = max(1, round(self._size.height() * _BAND))
        at = 0 if top else self._size.height() - high
        self._add(Area(0, at, self._size.width(), high))

    def remove(self) -> None:
        """Take the current area away."""
        if 0 <= self._current < len(self._areas):
            del self._areas[self._current]
            self._current = len(self._areas) - 1
            self._tell()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin an area, or make the one under the pointer the current one."""
        at = self._pixel(event.position())
        inside = [n for n, one in enumerate(self._areas) if _rect(one).contains(at)]
        if inside:
            self._current = inside[-1]
            self.update()
            return
        self._from = at
        self._areas.append(Area(int(at.x()), int(at.y()), 1, 1))
        self._current = len(self._areas) - 1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw the area out."""
        if self._from is not None:
            rect = QRectF(self._from, self._pixel(event.position())).normalized()
            self._areas[self._current] = self._within(rect.toAlignedRect())
            self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Keep the area, unless it is a mere click."""
        if self._from is None:
            return
        self._from = None
        drawn = self._areas[self._current]
        if drawn.width < 2 or drawn.height < 2:
            self.remove()
            return
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the current area with arrows, size it with Shift, Del removes it."""
        steps = {
            Qt.Key.Key_Left: (-_STEP, 0),
            Qt.Key.Key_Right: (_STEP, 0),
            Qt.Key.Key_Up: (0, -_STEP),
            Qt.Key.Key_Down: (0, _STEP),
        }
        step = steps.get(Qt.Key(event.key()))
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove()
        elif step is not None and 0 <= self._current < len(self._areas):
            rect = _rect(self._areas[self._current]).toRect()
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                rect.setSize(rect.size() + QSize(*step))
            else:
                rect.translate(*step)
            self._areas[self._current] = self._within(rect)
            self._tell()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the picture, its areas black, the current one with a bright edge."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("bg.image"))
        shown = self._shown()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if not self._picture.isNull():
            painter.drawPixmap(shown.toRect(), self._picture)
        wide = shown.width() / self._size.width()
        high = shown.height() / self._size.height()
        for number, one in enumerate(self._areas):
            rect = QRectF(
                shown.left() + one.left * wide,
                shown.top() + one.top * high,
                one.width * wide,
                one.height * high,
            )
            painter.fillRect(rect, Qt.GlobalColor.black)
            current = number == self._current
            token = "border.focus" if current and self.hasFocus() else "state.errors"
            painter.setPen(QPen(self._theme.color(token), 2 if current else 1))
            painter.drawRect(rect)
        painter.end()

    def _shown(self) -> QRectF:
        size = self._picture.size() if not self._picture.isNull() else self._size
        fitted = size.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left = (self.width() - fitted.width()) / 2
        top = (self.height() - fitted.height()) / 2
        return QRectF(left, top, fitted.width(), fitted.height())

    def _pixel(self, at: QPointF) -> QPointF:
        shown = self._shown()
        x = (at.x() - shown.left()) / max(1.0, shown.width()) * self._size.width()
        y = (at.y() - shown.top()) / max(1.0, shown.height()) * self._size.height()
        return QPointF(
            min(max(x, 0.0), self._size.width() - 1.0),
            min(max(y, 0.0), self._size.height() - 1.0),
        )

    def _within(self, rect: QRect) -> Area:
        wide, high = self._size.width(), self._size.height()
        width = min(max(1, rect.width()), wide)
        height = min(max(1, rect.height()), high)
        left = min(max(0, rect.left()), wide - width)
        top = min(max(0, rect.top()), high - height)
        return Area(left, top, width, height)

    def _add(self, area: Area) -> None:
        self._areas.append(area)
        self._current = len(self._areas) - 1
        self._tell()

    def _tell(self) -> None:
        self.update()
        self.changed.emit()


class BlackoutSheet(Sheet):
    """The middle picture of a series; what is drawn is black in all of them.

    Signals
    -------
    chosen : tuple of Area
        Empty when nothing is to be black.
    """

    chosen = Signal(tuple)

    def __init__(
        self,
        window: QWidget,
        ctx: ViewContext,
        series: LocalSeries,
        *,
        areas: Sequence[Area] = (),
    ) -> None:
        title = isolate(clean(series.description)) or series.modality or "Series"
        super().__init__(
            window,
            ctx.theme,
            "Black out",
            f"{title}: the same areas in {count(len(series.files), 'file')}",
            width=960,
        )
        self.setObjectName("blackout.sheet")
        self._ctx, self._series, self._before = ctx, series, tuple(areas)
        self._tasks = self.own(ctx.tasks("black out"))
        self._at = len(series.files) // 2
        self._room = RoomForBlack(1, 1)
        self._canvas = AreaCanvas(ctx.theme)
        self._canvas.changed.connect(self._say)
        self.body.addWidget(self._page())
        self.next_button.setText("Black out")
        self.next_button.setEnabled(False)
        self.next_pressed.connect(self._take)
        self._tasks.start(
            ctx.library.deidentification.room_for_black(series.files),
            name="look",
            done=self._looked,
        )

    def _page(self) -> QWidget:
        theme = self._ctx.theme
        page = QWidget()
        row = QHBoxLayout()
        row.setSpacing(8)
        words = Label(
            theme,
            "Drag over every place that shows text, and look at other pictures: it "
            "may move.",
            style="small",
            token="text.secondary",
            wrap=True,
        )
        row.addWidget(words, 1)
        for text, name, press in (
            ("Previous", "previous", lambda: self._turn(-1)),
            ("Next", "next", lambda: self._turn(1)),
            ("Upper edge", "top", lambda: self._canvas.add_band(top=True)),
            ("Lower edge", "bottom", lambda: self._canvas.add_band(top=False)),
            ("Remove", "remove", self._canvas.remove),
        ):
            made = button(theme, text, name=f"blackout.{name}", small=True)
            made.clicked.connect(press)
            row.addWidget(made)
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 12, 24, 8)
        column.setSpacing(10)
        column.addLayout(row)
        column.addWidget(self._canvas, 1)
        return page

    def _looked(self, room: RoomForBlack) -> None:
        if room.reason:
            self.set_note(f"{room.reason} Leave the series out.", kind="failed")
            return
        self._room = room
        self._canvas.show_picture(
            QImage(), columns=room.columns, rows=room.rows, areas=self._before
        )
        self.next_button.setEnabled(True)
        self._canvas.setFocus()
        self._turn(0)

    def _turn(self, steps: int) -> None:
        """Show another picture of the series; the areas stay."""
        self._at = min(max(0, self._at + steps), len(self._series.files) - 1)
        self._say()
        self._tasks.start(
            self._ctx.library.intake.picture(
                Path(self._series.files[self._at]), side=_SIDE
            ),
            name="picture",
            done=self._show,
        )

    def _show(self, jpeg: bytes) -> None:
        self._canvas.show_picture(
            QImage.fromData(jpeg),
            columns=self._room.columns,
            rows=self._room.rows,
            areas=self._canvas.areas,
        )

    def _say(self) -> None:
        number = len(self._canvas.areas)
        black = count(number, "area") if number else "Nothing is black yet."
        place = f"Picture {self._at + 1:,} of {len(self._series.files):,}"
        self.set_note(join(black, place))

    def _take(self) -> None:
        self.chosen.emit(self._canvas.areas)
        self.accept()
