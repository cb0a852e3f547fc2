"""A contradiction in what was scanned, and the buttons by which it is decided."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from chrislib.library.conflicts import Conflict
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import ElidedLabel

HEIGHT = 36


class ConflictBar(QWidget):
    """One line across the tree: what contradicts itself, and what to do about it.

    Signals
    -------
    decided : str, str
        Key of the conflict and the choice, "" when it is taken back.
    """

    decided = Signal(str, str)

    def __init__(self, theme: Theme, conflict: Conflict) -> None:
        super().__init__()
        self._theme = theme
        self._conflict = conflict
        self._choice = ""
        self.setObjectName("upload.conflict")
        self.setAccessibleName(conflict.text)
        self._text = ElidedLabel(theme, style="small", name="upload.conflict.text")
        self._choices: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(46), 0, 16, 0)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        for choice, words in conflict.choices:
            made = button(theme, words, name=f"upload.conflict.{choice}", small=True)
            made.setAccessibleDescription(conflict.text)
            made.clicked.connect(lambda _on=False, choice=choice: self._decide(choice))
            self._choices[choice] = made
            row.addWidget(made)
        self._change = button(
            theme, "Change", kind="quiet", name="upload.conflict.change", small=True
        )
        self._change.clicked.connect(lambda: self._decide(""))
        row.addWidget(self._change)
        theme.changed.connect(self.update)
        self._show()

    @property
    def key(self) -> str:
        """What the conflict is about."""
        return self._conflict.key

    def sizeHint(self) -> QSize:
        """Return the height of its row."""
        return QSize(super().sizeHint().width(), self._theme.px(HEIGHT))

    def ask(self) -> None:
        """Put the focus where it is decided."""
        first = self._change if self._choice else next(iter(self._choices.values()))
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Fill with the tint of what must be decided, or of what is."""
        painter = QPainter(self)
        token = "bg.panel" if self._choice else "tint.warn"
        painter.fillRect(self.rect(), self._theme.color(token))
        painter.setPen(self._theme.color("border.subtle"))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()

    def _decide(self, choice: str) -> None:
        focused = any(one.hasFocus() for one in (*self._choices.values(), self._change))
        self._choice = choice
        self._show()
        if focused:
            self.ask()
        self.decided.emit(self.key, choice)

    def _show(self) -> None:
        words = dict(self._conflict.choices).get(self._choice, "")
        text = f"{words}. {self._conflict.text}" if words else self._conflict.text
        self._text.setText(text)
        self._text.set_token("text.secondary" if words else "text.primary")
        for one in self._choices.values():
            one.setVisible(not words)
        self._change.setVisible(bool(words))
        self.update()
