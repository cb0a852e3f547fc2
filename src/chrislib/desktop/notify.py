"""Toasts through the desktop's own notification service, where there is one."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.desktop.toast import Toast

if TYPE_CHECKING:
    import desktop_notifier

_log = logging.getLogger(__name__)

__all__ = ["DesktopNotifier", "Toast"]


class DesktopNotifier:
    """Shows toasts; a click hands over the toast's deep link.

    A missing notification service is no error: the inbox has every outcome.

    Parameters
    ----------
    on_click : callable
        Gets `Toast.target` on the event loop, for example ``feed/12/node/34``.
    icon : Path, optional
        Picture shown with each toast.
    wanted : callable, optional
        Asked before each toast; False leaves it out (the inbox row stays).
    """

    def __init__(
        self,
        on_click: Callable[[str], None],
        *,
        icon: Path | None = None,
        wanted: Callable[[Toast], bool] | None = None,
    ) -> None:
        self._on_click = on_click
        self._icon = icon
        self._wanted = wanted
        self._notifier: desktop_notifier.DesktopNotifier | None = None

    async def show(self, toast: Toast) -> None:
        """Show a toast (D-Bus or system call); never raises."""
        if self._wanted is not None and not self._wanted(toast):
            return
        try:
            notifier = self._made()
            await notifier.send(
                title=toast.title,
                message=toast.text,
                on_clicked=lambda: self._clicked(toast.target),
                timeout=15,
            )
        except Exception as error:  # noqa: BLE001 - each system has errors of its own
            _log.warning("no desktop notification: %s", type(error).__name__)

    def _made(self) -> "desktop_notifier.DesktopNotifier":
        """Make the notifier once; it must live as long as its callbacks."""
        if self._notifier is None:
            from desktop_notifier import DesktopNotifier as Notifier
            from desktop_notifier import Icon

            # Without an icon of ours the library shows its own.
            there = self._icon is not None and self._icon.exists()
            icon = Icon(path=self._icon) if there else None
            self._notifier = Notifier(app_name="chrislib", app_icon=icon)
        return self._notifier

    def _clicked(self, target: str) -> None:
        try:
            self._on_click(target)
        except Exception:  # noqa: BLE001 - called from the D-Bus library
            _log.exception("a click on a notification could not be followed")
