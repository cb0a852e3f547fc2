"""Where toasts go: to the desktop's service, else to the tray, else only the inbox."""

import logging
from enum import Enum
from typing import Protocol

from chrislib.desktop.toast import Toast

_log = logging.getLogger(__name__)


class Where(Enum):
    """Where toasts are shown."""

    DESKTOP = "desktop"
    TRAY = "tray"
    NOWHERE = "nowhere"


class Service(Protocol):
    """The desktop's own notification service."""

    async def show(self, toast: Toast) -> bool:
        """Show a toast; False when it could not be shown."""

    async def disturbed(self) -> bool:
        """Whether the desktop does not want to be disturbed."""

    async def there(self) -> bool:
        """Whether there is one."""

    def close(self) -> None:
        """Let it go."""


class Tray(Protocol):
    """An icon in the tray of the desktop."""

    def available(self) -> bool:
        """Whether there is a tray that shows messages."""

    def show(self, toast: Toast) -> bool:
        """Show a toast at the icon; False without a tray."""

    def close(self) -> None:
        """Take the icon away."""


class Ways:
    """A sink that shows toasts wherever they can be shown.

    Parameters
    ----------
    desktop : Service

    Attributes
    ----------
    tray : Tray or None
        Comes with the window; without it there is only the service.
    """

    def __init__(self, desktop: Service) -> None:
        self._desktop = desktop
        self.tray: Tray | None = None

    async def show(self, toast: Toast) -> bool:
        """Show a toast (process, D-Bus); False when there is nowhere to show it."""
        if await self._desktop.show(toast):
            return True
        if self.tray is None or not self.tray.show(toast):
            return False
        _log.info("a message is shown at the tray")
        return True

    async def disturbed(self) -> bool:
        """Whether the desktop does not want to be disturbed (process, D-Bus)."""
        return await self._desktop.disturbed()

    async def where(self) -> Where:
        """Return where a toast would be shown now (process, D-Bus)."""
        if await self._desktop.there():
            return Where.DESKTOP
        if self.tray is not None and self.tray.available():
            return Where.TRAY
        return Where.NOWHERE

    def close(self) -> None:
        """Let everything go; toasts of the desktop's service stay."""
        self._desktop.close()
        if self.tray is not None:
            self.tray.close()
