"""A card that is one big button, and can take dropped files."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, key_text
from chrislib.views.widgets.dragging import dropped_paths
from chrislib.views.widgets.paint import draw_ring
from chrislib.views.widgets.text import Label


class Card(QFrame):
    """Icon, title, words and a button; all of it is the click target.

    Parameters
    ----------
    drops : bool
        Whether files may be dropped on it.
    """

    clicked = Signal()
    dropped = Signal(list)

    def __init__(
        self,
        theme: Theme,
        *,
        name: str,
        icon: str,
        title: str,
        text: str,
        action: str,
        keys: str,
        drops: bool = False,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._icon = icon
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setProperty("surface", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(drops)
        self.setMinimumWidth(272)
        self._glyph = QLabel()
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._glyph)
        head.addWidget(Label(theme, title, style="section"), 1)
        words = Label(theme, text, token="text.secondary", wrap=True)
        words.setMinimumHeight(theme.px(40))
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._button = button(theme, action, name=f"{name}.open")
        # the card itself takes the focus: two stops for one action are one too many
        self._button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._button.clicked.connect(self.clicked)
        foot = QHBoxLayout()
        foot.addWidget(self._button)
        foot.addStretch(1)
        foot.addWidget(
            Label(theme, key_text(keys), style="caption", token="text.muted")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(words)
        column.addLayout(foot)
        theme.changed.connect(self._dress)
        self._dress()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Be a button wherever it is clicked."""
        inside = self.rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and inside:
            self.clicked.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the press, so that the release comes here."""
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer Return and Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
            return
        super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show that it can be clicked."""
        self._hot(True)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Take that back."""
        self._hot(False)
        super().leaveEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring back."""
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card, and the ring while it has the focus."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            draw_ring(painter, self.rect(), self._theme)
            painter.end()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files of this computer."""
        if dropped_paths(event):
            self._hot(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Take the look back."""
        self._hot(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on what was dropped."""
        self._hot(False)
        paths = dropped_paths(event)
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def _hot(self, hot: bool) -> None:
        self.setProperty("hot", "true" if hot else "false")
        self.style().unpolish(self)
        self.style().polish(self)

    def _dress(self) -> None:
        ratio = self.devicePixelRatioF()
        self._glyph.setPixmap(
            self._theme.pixmap(self._icon, "accent.text", size=24, dpr=ratio)
        )
