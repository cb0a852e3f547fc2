"""A line above the work: information, success, stale or offline, failure."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import Label

_LOOKS = {
    "info": ("info", "state.running"),
    "ready": ("circle-check", "state.ready"),
    "warn": ("triangle-alert", "state.errors"),
    "offline": ("cloud-off", "state.errors"),
    "failed": ("circle-x", "state.failed"),
}


class Banner(QWidget):
    """One message across a pane, with at most one action.

    Parameters
    ----------
    kind : str
        "info", "ready", "warn", "offline" or "failed".
    action : (label, callback), optional
    """

    def __init__(
        self,
        theme: Theme,
        kind: str,
        text: str,
        action: tuple[str, Callable[[], object]] | None = None,
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kind = kind
        self._callback: Callable[[], object] | None = None
        self._glyph = QLabel()
        self._text = Label(theme, style="small", wrap=True, name="banner.text")
        self._button = button(theme, "", name="banner.action", small=True)
        self._button.clicked.connect(self._act)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(12)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        theme.changed.connect(self._dress)
        self.show_text(kind, text, action)

    def show_text(
        self,
        kind: str,
        text: str,
        action: tuple[str, Callable[[], object]] | None = None,
    ) -> None:
        """Show another message; an action of None hides the button."""
        self._kind = kind
        self._text.setText(text)
        self._callback = action[1] if action is not None else None
        self._button.setVisible(action is not None)
        if action is not None:
            self._button.setText(action[0])
        self.setAccessibleName(text)
        self._dress()

    @property
    def text(self) -> str:
        """The words shown."""
        return self._text.text()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Fill with the tint of the kind and close with a hairline."""
        painter = QPainter(self)
        tint = "warn" if self._kind == "offline" else self._kind
        painter.fillRect(self.rect(), self._theme.color(f"tint.{tint}"))
        painter.setPen(self._theme.color("border.subtle"))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()

    def _act(self) -> None:
        if self._callback is not None:
            self._callback()

    def _dress(self) -> None:
        icon, token = _LOOKS[self._kind]
        ratio = self.devicePixelRatioF()
        self._glyph.setPixmap(self._theme.pixmap(icon, token, size=16, dpr=ratio))
        self.update()
