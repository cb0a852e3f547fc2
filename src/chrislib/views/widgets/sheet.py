"""The sheet: a task of several steps over the veiled window, never a nested loop."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.paint import draw_glyph, draw_text
from chrislib.views.widgets.text import Label, line

TOP_BAR = 48


class StepList(QWidget):
    """The steps at the left: a number, or a tick once a step is complete."""

    pressed = Signal(int)

    def __init__(self, theme: Theme, steps: Sequence[str]) -> None:
        super().__init__()
        self._theme = theme
        self._steps = [(step, "", False) for step in steps]
        self._current = 0
        self.setObjectName("sheet.steps")
        self.setFixedWidth(200)
        self._say()

    @property
    def current(self) -> int:
        """Index of the step shown."""
        return self._current

    def set_current(self, index: int) -> None:
        """Show which step is worked on."""
        self._current = index
        self._say()
        self.update()

    def set_step(self, index: int, *, detail: str, complete: bool) -> None:
        """Change a step's second line and whether it is complete."""
        self._steps[index] = (self._steps[index][0], detail, complete)
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for all steps."""
        return QSize(200, len(self._steps) * 52 + 24)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go back to the step that was clicked, if it is complete."""
        index = (round(event.position().y()) - 12) // 52
        if 0 <= index < len(self._steps) and (
            index < self._current or self._steps[index][2]
        ):
            self.pressed.emit(index)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the steps."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._theme
        for index, (step, detail, complete) in enumerate(self._steps):
            row = QRect(0, 12 + index * 52, self.width(), 52)
            here = index == self._current
            if here:
                painter.fillRect(row, theme.color("bg.selected"))
                painter.fillRect(
                    QRect(0, row.top(), 2, 52), theme.color("accent.glyph")
                )
            disc = QRect(16, row.top() + 14, 24, 24)
            if complete and not here:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("state.ready"))
                painter.drawEllipse(disc)
                spot = QPoint(disc.left() + 5, disc.top() + 5)
                token = "text.on-label"
                draw_glyph(painter, spot, theme, icon="check", token=token, size=14)
            else:
                fill = theme.color("accent.fill") if here else QColor(0, 0, 0, 0)
                edge = fill if here else theme.color("border.control")
                painter.setPen(QPen(edge, 1))
                painter.setBrush(fill)
                painter.drawEllipse(disc)
                draw_text(
                    painter,
                    disc,
                    theme,
                    text=str(index + 1),
                    style="small-strong",
                    token="text.on-accent" if here else "text.secondary",
                    align=Qt.AlignmentFlag.AlignHCenter,
                )
            words = QRect(52, row.top() + (8 if detail else 16), 140, 20)
            style = "strong" if here or complete else "body"
            draw_text(painter, words, theme, text=step, style=style)
            if detail:
                below = QRect(52, row.top() + 28, 140, 16)
                draw_text(
                    painter,
                    below,
                    theme,
                    text=detail,
                    style="caption",
                    token="text.secondary",
                )
        painter.end()

    def _say(self) -> None:
        if self._steps:
            step = self._steps[self._current][0]
            self.setAccessibleName(
                f"Step {self._current + 1} of {len(self._steps)}: {step}"
            )


class Sheet(QDialog):
    """A sheet that drops from under the top bar of a window.

    It is drawn inside its window with a veil behind it, so it needs nothing from the
    window manager. ``open()`` shows it and returns at once; ``accepted`` and
    ``rejected`` tell how it ended.

    Parameters
    ----------
    steps : sequence of str
        Names of the steps; none hides the list at the left and Back.
    width, height : int
        Size wanted, px; never wider than the window − 80 or higher than − 96.
    """

    next_pressed = Signal()
    back_pressed = Signal()
    step_chosen = Signal(int)

    def __init__(
        self,
        parent_window: QWidget,
        theme: Theme,
        title: str,
        subtitle: str = "",
        *,
        steps: Sequence[str] = (),
        width: int = 1120,
        height: int = 760,
    ) -> None:
        super().__init__(parent_window)
        # inside its window, not a window of its own (the constructor insists on one)
        self.setWindowFlags(Qt.WindowType.Widget)
        self._theme = theme
        self._owned: list[PaneTasks] = []
        self._wanted = QSize(width, height)
        self.setObjectName("sheet")
        self.setAccessibleName(title)
        self._panel = QFrame(self)
        self._panel.setObjectName("sheet.panel")
        self.title = Label(theme, title, style="page", name="sheet.title")
        self.subtitle = Label(
            theme,
            subtitle,
            style="small",
            token="text.secondary",
            name="sheet.subtitle",
        )
        self.subtitle.setVisible(bool(subtitle))
        self.steps = StepList(theme, steps)
        self.steps.setVisible(bool(steps))
        self.steps.pressed.connect(self.step_chosen)
        self.body = QStackedWidget()
        self.cancel_button = button(theme, "Cancel", kind="quiet", name="sheet.cancel")
        self.back_button = button(theme, "Back", name="sheet.back")
        self.back_button.setVisible(bool(steps))
        self.next_button = button(
            theme,
            "Next",
            kind="primary",
            name="sheet.next",
            shortcut="Ctrl+Return",
        )
        self._note_glyph = QLabel()
        self._note = Label(theme, style="small", name="sheet.note", wrap=True)
        self._focus_before: QWidget | None = None
        self._build()
        self.cancel_button.clicked.connect(self.reject)
        self.back_button.clicked.connect(self.back_pressed)
        self.next_button.clicked.connect(self.next_pressed)
        parent_window.installEventFilter(self)
        theme.changed.connect(self.update)
        self.hide()

    def own(self, tasks: PaneTasks) -> PaneTasks:
        """Return `tasks`; what runs of them is dropped when the sheet closes."""
        self._owned.append(tasks)
        return tasks

    def open(self) -> None:
        """Show the sheet; returns at once."""
        self._focus_before = self.window().focusWidget()
        self._place()
        self.show()
        self.raise_()
        self._focus_first()

    def _focus_first(self) -> None:
        """Focus the first empty field of the page, else its first control."""
        page = self.body.currentWidget()
        found = page.findChildren(QWidget) if page is not None else []
        able = [
            piece
            for piece in found
            if piece.focusPolicy() & Qt.FocusPolicy.TabFocus
            and piece.isEnabled()
            and piece.isVisibleTo(self)
        ]
        fields = [one for one in able if isinstance(one, QLineEdit) and not one.text()]
        first = [*fields, *able, self.next_button][0]
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_note(self, text: str, *, kind: str = "info") -> None:
        """Say something in the foot; `kind` is "info" or "failed"."""
        failed = kind == "failed"
        self._note.setText(text)
        self._note.set_token("state.failed" if failed else "text.secondary")
        self._note_glyph.setVisible(failed and bool(text))
        if failed:
            ratio = self.devicePixelRatioF()
            self._note_glyph.setPixmap(
                self._theme.pixmap("circle-x", "state.failed", size=14, dpr=ratio)
            )

    def show_step(self, index: int) -> None:
        """Show page and step `index`."""
        self.body.setCurrentIndex(index)
        self.steps.set_current(index)
        self.back_button.setEnabled(index > 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the veil and the ground of the panel."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0, 168))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        panel = self._panel.geometry()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("bg.panel"))
        painter.drawRoundedRect(panel.adjusted(0, -8, 0, 0), 8, 8)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color("border.subtle"), 1))
        painter.drawRoundedRect(panel.adjusted(0, -8, 0, 0), 8, 8)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the panel in its place."""
        self._arrange()
        super().resizeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape cancels, Ctrl+Return goes on; Return alone ends nothing.

        The shell's own Ctrl+Return comes first where there is a shell; a shortcut
        here as well would make the key ambiguous.
        """
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() == Qt.Key.Key_Escape:
            self.reject()
        elif control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.next_button.click()
        else:
            event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Keep clicks on the veil away from what is behind it."""
        event.accept()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Keep Tab inside the sheet."""
        moved = super().focusNextPrevChild(forward)
        current = self.window().focusWidget()
        if current is None or not self.isAncestorOf(current):
            target = self.next_button if not forward else self.body
            target.setFocus(Qt.FocusReason.TabFocusReason)
        return moved

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the window."""
        if event.type() == QEvent.Type.Resize and watched is self.parent():
            self._place()
        return False

    def done(self, result: int) -> None:
        """Close, drop what runs, and give the focus back to where it was."""
        for tasks in self._owned:
            tasks.cancel_all()
        window, before = self.parentWidget(), self._focus_before
        super().done(result)
        if window is not None:
            window.removeEventFilter(self)
            # a list that was walked with keys is walked on; it may be gone meanwhile
            there = before is not None and isValid(before) and before.isVisible()
            place = before if before is not None and there else window
            place.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deleteLater()

    def _build(self) -> None:
        close = icon_button(self._theme, "x", name="sheet.close", tooltip="Close (Esc)")
        close.clicked.connect(self.reject)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        head = QHBoxLayout()
        head.setContentsMargins(24, 12, 16, 12)
        head.addLayout(words, 1)
        head.addWidget(close)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.steps)
        if not self.steps.isHidden():
            middle.addWidget(line(vertical=True))
        middle.addWidget(self.body, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(24, 12, 24, 12)
        foot.setSpacing(8)
        foot.addWidget(self._note_glyph)
        foot.addWidget(self._note, 1)
        for piece in (self.cancel_button, self.back_button, self.next_button):
            foot.addWidget(piece)
        column = QVBoxLayout(self._panel)
        column.setContentsMargins(1, 0, 1, 1)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(line())
        column.addLayout(middle, 1)
        column.addWidget(line())
        column.addLayout(foot)
        self._note_glyph.hide()

    def _place(self) -> None:
        window = self.parentWidget()
        if window is not None:
            self.setGeometry(
                0, TOP_BAR, window.width(), max(0, window.height() - TOP_BAR)
            )
            self._arrange()

    def _arrange(self) -> None:
        width = min(self._wanted.width(), self.width() - 80)
        height = min(self._wanted.height(), self.height() + TOP_BAR - 96)
        self._panel.setGeometry((self.width() - width) // 2, 0, width, height)
