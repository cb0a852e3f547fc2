"""The five honest steps of a node, with times where they were seen."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from chrislib.feeds.model import Step
from chrislib.feeds.states import WORDS, duration
from chrislib.views.feeds.words import clock
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.paint import badge_width, draw_badge, draw_glyph, draw_text

_ROW = 28


class Badge(QWidget):
    """A state as an outlined badge."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._state = "queued"
        self.setObjectName("inspector.state")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_state(self, state: str) -> None:
        """Show another state."""
        self._state = state
        self.setAccessibleName(WORDS[state])
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of the badge."""
        return QSize(badge_width(self._theme, self._state) + 2, 22)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the badge."""
        painter = QPainter(self)
        draw_badge(painter, QPoint(0, 1), self._theme, self._state)
        painter.end()


class StepsView(QWidget):
    """Queued, preparing, running, registering files, ready: a line of discs."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._steps: tuple[Step, ...] = ()
        self._state = "queued"
        self.setObjectName("inspector.steps")
        theme.changed.connect(self.update)

    def show_steps(self, steps: Sequence[Step], state: str) -> None:
        """Show the steps of a node in a state."""
        self._steps = tuple(steps)
        self._state = state
        words = []
        for step in steps:
            if step.status == "next":
                continue
            long = "" if step.seconds is None else f" {duration(step.seconds)}"
            at = "" if step.at is None else f" at {clock(step.at)}"
            words.append(f"{WORDS[step.word]}{at}{long}")
        self.setAccessibleName("Steps: " + ", ".join(words))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for five rows."""
        return QSize(240, 5 * self._theme.px(_ROW))

    def minimumSizeHint(self) -> QSize:
        """Return the hint: steps are never cut."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the rows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        row = self._theme.px(_ROW)
        for index, step in enumerate(self._steps):
            top = index * row
            if index + 1 < len(self._steps):
                self._line(painter, top + row // 2, row, past=step.status == "past")
            self._disc(painter, QPoint(0, top + (row - 16) // 2), step)
            self._words(painter, QRect(28, top, self.width() - 28, row), step)
        painter.end()

    def _line(self, painter: QPainter, middle: int, row: int, *, past: bool) -> None:
        token = "state.ready" if past else "border.subtle"
        painter.setPen(QPen(self._theme.color(token), 2))
        painter.drawLine(8, middle + 8, 8, middle + row - 8)

    def _disc(self, painter: QPainter, at: QPoint, step: Step) -> None:
        theme = self._theme
        box = QRectF(at.x() + 1, at.y() + 1, 14, 14)
        if step.status == "past":
            painter.setPen(Qt.PenStyle.NoPen)
            errors = step.word == "ready" and self._state == "errors"
            painter.setBrush(theme.color("state.errors" if errors else "state.ready"))
            painter.drawEllipse(box.adjusted(-1, -1, 1, 1))
            spot = QPoint(at.x() + 3, at.y() + 3)
            icon = "triangle-alert" if errors else "check"
            token = "bg.panel"
            draw_glyph(painter, spot, theme, icon=icon, token=token, size=10)
            return
        if step.status == "failed":
            name = STATES[self._state].glyph
            token = f"state.{self._state}"
            draw_glyph(painter, at, theme, icon=name, token=token, size=16)
            return
        now = step.status == "now"
        token = f"state.{self._state}" if now else "border.control"
        painter.setPen(QPen(theme.color(token), 2 if now else 1.5))
        painter.setBrush(QColor(0, 0, 0, 0))
        painter.drawEllipse(box)
        if now:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(token))
            painter.drawEllipse(box.adjusted(4, 4, -4, -4))

    def _words(self, painter: QPainter, rect: QRect, step: Step) -> None:
        theme = self._theme
        here = step.status in {"now", "failed"}
        token = "text.muted" if step.status == "next" else "text.primary"
        at = "" if step.at is None else clock(step.at)
        time_box = QRect(rect.right() - theme.px(56), rect.top(), theme.px(56), _ROW)
        time_box.setHeight(rect.height())
        right = Qt.AlignmentFlag.AlignRight
        draw_text(
            painter,
            time_box,
            theme,
            text=at,
            style="small-strong" if here else "small",
            token=token if here else "text.secondary",
            align=right,
        )
        middle = QRect(rect.left(), rect.top(), time_box.left() - rect.left() - 10, 0)
        middle.setHeight(rect.height())
        long = "" if step.seconds is None else duration(step.seconds)
        used = draw_text(
            painter,
            middle,
            theme,
            text=long,
            style="small",
            token=token if here else "text.secondary",
            align=right,
        )
        word = WORDS[step.word]
        if step.status == "failed":
            word = WORDS[self._state]
        elif step.word == "ready" and self._state == "errors":
            word = WORDS["errors"]
        draw_text(
            painter,
            QRect(rect.left(), rect.top(), middle.width() - used - 8, rect.height()),
            theme,
            text=word,
            style="small-strong" if here else "small",
            token=token,
        )
