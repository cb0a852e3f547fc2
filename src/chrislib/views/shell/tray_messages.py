"""Messages at an icon in the tray, where the desktop has no notification service."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QSystemTrayIcon

from chrislib.desktop.toast import Toast

_SHOWN_MS = 15_000


class TrayMessages(QObject):
    """Shows toasts by `QSystemTrayIcon`; the icon comes with the first one.

    A click on a message does not say which message it was: it opens what the last
    one was about. So does a click on the icon, as long as nobody has followed it.

    Parameters
    ----------
    picture : Path
        Of the icon.
    on_click : callable
        Gets `Toast.target`, or "inbox" when there is nothing to follow.
    """

    def __init__(
        self, picture: Path, on_click: Callable[[str], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._picture = QIcon(str(picture))
        self._on_click = on_click
        self._icon: QSystemTrayIcon | None = None
        self._target = ""

    def available(self) -> bool:
        """Whether there is a tray.

        `supportsMessages` alone says yes without one, and nothing would be seen.
        """
        available = QSystemTrayIcon.isSystemTrayAvailable()
        return available and QSystemTrayIcon.supportsMessages()

    def show(self, toast: Toast) -> bool:
        """Show a toast at the icon; False without a tray."""
        if not self.available():
            return False
        icon = self._shown()
        self._target = toast.target
        icon.showMessage(toast.title, toast.text, self._picture, _SHOWN_MS)
        return True

    def close(self) -> None:
        """Take the icon away."""
        if self._icon is not None:
            self._icon.hide()
            self._icon.deleteLater()
            self._icon = None

    def _shown(self) -> QSystemTrayIcon:
        if self._icon is None:
            self._icon = QSystemTrayIcon(self._picture, self)
            self._icon.setToolTip("chrislib")
            self._icon.messageClicked.connect(self._clicked)
            self._icon.activated.connect(self._activated)
        # it must be seen for its messages to be
        self._icon.show()
        return self._icon

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self._clicked()

    def _clicked(self) -> None:
        target, self._target = self._target or "inbox", ""
        self._on_click(target)
