"""Labels, hairlines and small text helpers; server text is never rich text."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from chrislib.views.theme.theme import Theme


class Label(QLabel):
    """Plain text in a style and color of the theme."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        *,
        style: str = "body",
        token: str = "text.primary",
        wrap: bool = False,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._style = style
        self._token = token
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.setObjectName(name)
        self.setText(text)
        self._dress()
        theme.changed.connect(self._dress)

    def set_token(self, token: str) -> None:
        """Change the color."""
        if token != self._token:
            self._token = token
            self._dress()

    def _dress(self) -> None:
        self.setFont(self._theme.font(self._style))
        palette = self.palette()
        palette.setColor(self.foregroundRole(), self._theme.color(self._token))
        self.setPalette(palette)


class ElidedLabel(Label):
    """A `Label` on one line that ends in "…" when there is no room."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        *,
        style: str = "body",
        token: str = "text.primary",
        name: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        self._mode = mode
        super().__init__(theme, text, style=style, token=token, name=name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def setText(self, text: str) -> None:
        """Show `text`; the whole of it is in the tooltip."""
        super().setText(text)
        self.setToolTip(plain_tooltip(text))

    def minimumSizeHint(self) -> QSize:
        """Return a width of nothing: text gives way."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the text with an ellipsis where it does not fit."""
        painter = QPainter(self)
        metrics = QFontMetrics(self.font())
        text = metrics.elidedText(self.text(), self._mode, self.width())
        painter.setPen(self._theme.color(self._token))
        painter.drawText(
            self.rect(), int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), text
        )
        painter.end()


def plain_tooltip(text: str) -> str:
    """Return `text` so that a tooltip shows it literally, whatever it holds."""
    if not text:
        return ""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "<span>" + safe.replace("\n", "<br/>") + "</span>"


def line(vertical: bool = False) -> QFrame:
    """Return a hairline of ``border.subtle``."""
    frame = QFrame()
    frame.setProperty("line", "v" if vertical else "h")
    return frame


def isolate(text: str) -> str:
    """Wrap `text` so that its direction does not disturb what follows (UAX #9)."""
    return f"\u2068{text}\u2069" if text else ""
