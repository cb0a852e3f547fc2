"""What was chosen before stays in sight as chips: patients, studies, filters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QToolButton, QVBoxLayout, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.paint import draw_glyph, draw_text
from chrislib.views.widgets.pills import Flow
from chrislib.views.widgets.text import Label, plain_tooltip

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was chosen: glyph, words, and how to take it back."""

    icon: str
    words: str
    drop: Callable[[], object]


class StepChip(QToolButton):
    """A step with a cross; a click or Del takes it back."""

    dropped = Signal()

    def __init__(self, theme: Theme, step: Step) -> None:
        super().__init__()
        self._theme = theme
        self._icon = step.icon
        self.setObjectName("pacs.step")
        self.setText(step.words)
        self.setAccessibleName(f"Only {step.words}, remove")
        self.setToolTip(plain_tooltip(f"Only {step.words}\nClick to take it back"))
        self.clicked.connect(self.dropped)
        theme.changed.connect(self._dress)
        self._dress()

    def sizeHint(self) -> QSize:
        """Return glyph, words and cross, 24 px high, at most 280 wide."""
        width = self.fontMetrics().horizontalAdvance(self.text()) + 32 + 26
        return QSize(min(width, 280), self._theme.px(24))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take it back with Del."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.dropped.emit()
            return
        super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a pill with glyph, words and cross."""
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hot = self.underMouse() or self.hasFocus()
        painter.setBrush(theme.color("bg.pressed" if hot else "bg.highlight"))
        painter.setPen(
            theme.color("border.focus") if self.hasFocus() else Qt.PenStyle.NoPen
        )
        box = self.rect().adjusted(0, 0, -1, -1)
        painter.drawRoundedRect(box, self.height() / 2, self.height() / 2)
        middle = (self.height() - 12) // 2
        draw_glyph(painter, QPoint(10, middle), theme, icon=self._icon, size=12)
        words = self.rect().adjusted(28, 0, -24, 0)
        draw_text(painter, words, theme, text=self.text(), style="small")
        spot = QPoint(self.width() - 20, middle)
        draw_glyph(painter, spot, theme, icon="x", size=12)
        painter.end()

    def _dress(self) -> None:
        self.setFont(self._theme.font("small"))
        self.updateGeometry()


class StepBand(QFrame):
    """The steps above the results, and one way to take all of them back."""

    cleared = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._steps: tuple[Step, ...] = ()
        self.setObjectName("pacs.steps")
        self.setProperty("surface", "panel")
        self._inside = QWidget()
        self._flow = Flow(self._inside, last_width=1)
        self._flow.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 6, 16, 6)
        column.addWidget(self._inside)
        self._word = Label(theme, "Only", style="small", token="text.secondary")
        self._clear = button(
            theme, "Show all", kind="quiet", name="pacs.steps.clear", small=True
        )
        self._clear.clicked.connect(self.cleared)
        self._word.setFixedHeight(theme.px(24))
        # the last one of a flow takes what is left of the line
        self._rest = QWidget()
        self.hide()

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is shown."""
        return self._steps

    def show_steps(self, steps: Sequence[Step]) -> None:
        """Show other steps; none hides the band."""
        self._steps = tuple(steps)
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if isinstance(widget, StepChip):
                widget.hide()
                widget.deleteLater()
        self._flow.addWidget(self._word)
        for step in self._steps[:_SHOWN]:
            chip = StepChip(self._theme, step)
            chip.dropped.connect(step.drop)
            self._flow.addWidget(chip)
        more = len(self._steps) - _SHOWN
        self._word.setText(f"Only {len(self._steps)}:" if more > 0 else "Only")
        self._flow.addWidget(self._clear)
        self._flow.addWidget(self._rest)
        self._clear.setText(f"and {more} more · Show all" if more > 0 else "Show all")
        self.setVisible(bool(self._steps))
        self._flow.invalidate()
        self.updateGeometry()
