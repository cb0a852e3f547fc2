"""A session bus of a test's own, and a notification service that tells what it shows.

No service file is on its search path: nothing is started by itself, so a bus without
`Service` is a desktop without notifications.
"""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.constants import PropertyAccess
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

_CONFIG = """<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@contextmanager
def private_bus(folder: Path) -> Iterator[str]:
    """Run a bus; yields its address (process)."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "bus.conf"
    config.write_text(_CONFIG.format(folder=folder), encoding="utf-8")
    bus = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert bus.stdout is not None
    try:
        yield bus.stdout.readline().strip()
    finally:
        bus.terminate()
        bus.wait(10)
        bus.stdout.close()


@dataclass(frozen=True)
class Shown:
    """One call of ``Notify``."""

    id: int
    replaces: int
    title: str
    text: str
    actions: dict[str, str]
    hints: dict[str, Any]


class _Interface(ServiceInterface):
    def __init__(self, features: list[str]) -> None:
        super().__init__("org.freedesktop.Notifications")
        self.shown: list[Shown] = []
        self.features = features
        self.quiet = False
        self._next = 1

    @dbus_method()
    def GetCapabilities(self) -> "as":  # type: ignore[valid-type]  # noqa: F722
        return self.features

    @dbus_method()
    def Notify(  # noqa: PLR0917
        self,
        name: "s",  # type: ignore[name-defined]  # noqa: F821
        replaces: "u",  # type: ignore[name-defined]  # noqa: F821
        icon: "s",  # type: ignore[name-defined]  # noqa: F821
        title: "s",  # type: ignore[name-defined]  # noqa: F821
        text: "s",  # type: ignore[name-defined]  # noqa: F821
        actions: "as",  # type: ignore[valid-type]  # noqa: F722
        hints: "a{sv}",  # type: ignore[valid-type]  # noqa: F722
        expires: "i",  # type: ignore[name-defined]  # noqa: F821
    ) -> "u":  # type: ignore[name-defined]  # noqa: F821
        number = replaces or self._next
        self._next = max(self._next, number + 1)
        pairs = dict(zip(actions[::2], actions[1::2], strict=True))
        plain = {key: value.value for key, value in hints.items()}
        self.shown.append(Shown(number, replaces, title, text, pairs, plain))
        return number

    @dbus_signal()
    def ActionInvoked(self, number: int, action: str) -> "us":  # type: ignore[name-defined]  # noqa: F821
        return [number, action]

    @dbus_signal()
    def NotificationClosed(self, number: int, reason: int) -> "uu":  # type: ignore[name-defined]  # noqa: F821
        return [number, reason]

    @dbus_property(access=PropertyAccess.READ)
    def Inhibited(self) -> "b":  # type: ignore[name-defined]  # noqa: F821
        return self.quiet


class Service:
    """A notification service on a bus.

    Parameters
    ----------
    address : str
        Of the bus.
    features : list of str
        What ``GetCapabilities`` answers.
    """

    def __init__(self, address: str, features: list[str] | None = None) -> None:
        self._address = address
        self._interface = _Interface(features or ["actions", "body"])
        self._bus: MessageBus | None = None

    @property
    def shown(self) -> list[Shown]:
        """Every notification, oldest first."""
        return self._interface.shown

    def set_quiet(self, quiet: bool) -> None:
        """Say that the desktop does not want to be disturbed."""
        self._interface.quiet = quiet

    async def start(self) -> "Service":
        """Own the name."""
        self._bus = await MessageBus(self._address).connect()
        self._bus.export("/org/freedesktop/Notifications", self._interface)
        await self._bus.request_name("org.freedesktop.Notifications")
        return self

    async def stop(self) -> None:
        """Go away."""
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None
            await asyncio.sleep(0)

    def click(self, number: int, action: str = "default") -> None:
        """Play a click on a notification, then its end."""
        self._interface.ActionInvoked(number, action)
        self._interface.NotificationClosed(number, 2)

    def close(self, number: int) -> None:
        """Play that somebody closes it."""
        self._interface.NotificationClosed(number, 2)


def environment(address: str, **more: str) -> dict[str, str]:
    """Return an environment on that bus and no desktop of the machine."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("XDG_", "DBUS_", "WAYLAND", "GNOME"))
    }
    return kept | {"DBUS_SESSION_BUS_ADDRESS": address} | more
