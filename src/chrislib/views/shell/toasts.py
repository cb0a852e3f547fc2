"""Toasts: what the program tells, at the lower right, never over a decision."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QEnterEvent, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chrislib.views.messages import Message
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.text import Label

_WIDTH = 376
_MOST = 3
_LOOKS = {
    "info": ("info", "state.running"),
    "success": ("circle-check", "state.ready"),
    "warning": ("triangle-alert", "state.errors"),
    "error": ("circle-x", "state.failed"),
}


class Toast(QWidget):
    """One message with at most one action, Details and a cross."""

    def __init__(
        self, theme: Theme, message: Message, closed: Callable[["Toast"], None]
    ) -> None:
        super().__init__()
        self.message = message
        self._theme = theme
        self._closed = closed
        self.setObjectName("toast")
        self.setAccessibleName(f"{message.title} {message.detail}".strip())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close_toast)
        icon, token = _LOOKS[message.kind]
        glyph = QLabel()
        glyph.setPixmap(
            theme.pixmap(icon, token, size=16, dpr=self.devicePixelRatioF())
        )
        # in line with the cross and the first line of the title
        glyph.setFixedHeight(24)
        title = Label(theme, message.title, style="strong", name="toast.title")
        title.setWordWrap(True)
        close = icon_button(theme, "x", name="toast.close", tooltip="Close", size=24)
        close.clicked.connect(self.close_toast)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(title, 1)
        head.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 10, 12)
        column.setSpacing(4)
        column.addLayout(head)
        words = " ".join(part for part in (message.detail, message.hint) if part)
        if words:
            body = Label(
                theme,
                words,
                style="small",
                token="text.secondary",
                wrap=True,
                name="toast.detail",
            )
            body.setContentsMargins(26, 0, 26, 0)
            column.addWidget(body)
        self._add_actions(column)
        self.setFixedWidth(_WIDTH)
        if message.seconds:
            self._timer.start(round(message.seconds * 1000))

    def act(self) -> bool:
        """Do the message's action and close; False when it has none."""
        if self.message.action is None:
            return False
        self.message.action[1]()
        self.close_toast()
        return True

    def close_toast(self) -> None:
        """Take the toast away."""
        self._timer.stop()
        self._closed(self)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Stay while the pointer is on it."""
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Go on counting once the pointer has left."""
        if self.message.seconds:
            self._timer.start(round(self.message.seconds * 1000))
        super().leaveEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground with its edge."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._theme.color("bg.raised"))
        painter.setPen(QPen(self._theme.color("border.control"), 1))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, 8, 8)
        painter.end()

    def _add_actions(self, column: QVBoxLayout) -> None:
        message = self.message
        if message.action is None and not message.technical:
            return
        row = QHBoxLayout()
        row.setContentsMargins(26, 4, 6, 0)
        row.addStretch(1)
        if message.technical:
            copy = button(
                self._theme,
                "Copy details",
                kind="quiet",
                name="toast.details",
                small=True,
            )
            copy.setToolTip("Copy the technical text")
            copy.clicked.connect(
                lambda: QGuiApplication.clipboard().setText(message.technical)
            )
            row.addWidget(copy)
        if message.action is not None:
            act = button(
                self._theme, message.action[0], name="toast.action", small=True
            )
            act.clicked.connect(self.act)
            row.addWidget(act)
        column.addLayout(row)


class ToastHost(QObject):
    """Keeps at most three toasts in the corner of a window, newest below.

    Parameters
    ----------
    foot : callable
        Height at the foot of the window that stays free, px.
    """

    def __init__(
        self, window: QWidget, theme: Theme, foot: Callable[[], int] = lambda: 0
    ) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._foot = foot
        self.toasts: list[Toast] = []
        window.installEventFilter(self)

    def show_message(self, message: Message) -> None:
        """Show `message`; the same words twice are shown once."""
        for old in tuple(self.toasts):
            same = (old.message.title, old.message.detail)
            if same == (message.title, message.detail):
                self._drop(old)
        while len(self.toasts) >= _MOST:
            self._drop(self.toasts[0])
        toast = Toast(self._theme, message, self._drop)
        toast.setParent(self._window)
        self.toasts.append(toast)
        toast.show()
        self.arrange()

    def undo_last(self) -> bool:
        """Do the action of the newest toast that offers Undo."""
        for toast in reversed(self.toasts):
            if toast.message.action is not None and toast.message.action[0] == "Undo":
                return toast.act()
        return False

    def clear(self) -> None:
        """Take all toasts away."""
        for toast in tuple(self.toasts):
            self._drop(toast)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size, and make room for sheets that come and go."""
        if watched is self._window and self.toasts:
            if event.type() == QEvent.Type.Resize:
                self.arrange()
            elif event.type() in (
                QEvent.Type.ChildPolished,
                QEvent.Type.ChildRemoved,
            ):
                # what comes is not in its place yet
                QTimer.singleShot(0, self, self.arrange)
        return False

    def _drop(self, toast: Toast) -> None:
        if toast in self.toasts:
            self.toasts.remove(toast)
            toast.hide()
            toast.deleteLater()
            self.arrange()

    def arrange(self) -> None:
        """Place the toasts above what the foot of the window holds now."""
        bottom = self._window.height() - 16 - self._foot()
        for toast in reversed(self.toasts):
            height = toast.heightForWidth(_WIDTH)
            hint = toast.sizeHint().height()
            size = QSize(_WIDTH, max(height, hint))
            toast.setGeometry(
                self._window.width() - size.width() - 8,
                bottom - size.height(),
                size.width(),
                size.height(),
            )
            toast.raise_()
            bottom -= size.height() + 8
