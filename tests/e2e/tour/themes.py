"""Both themes of one moment: the desktop's wish, and what is on the screen.

The program's theme is *System* while the tour runs. What a desktop tells programs by
its settings portal is told here, so a picture is taken dark and light without a key
or the pointer: menus and sheets stay open.
"""

import asyncio
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from numpy.typing import NDArray
from PIL import Image

from chrislib.views.theme.colors import DARK, LIGHT
from tests.e2e.tour.session import Desktop, TourError, wait_until

_NAME = "org.freedesktop.portal.Desktop"
_PATH = "/org/freedesktop/portal/desktop"
_SETTINGS = "org.freedesktop.portal.Settings"
_LOOKS = "org.freedesktop.appearance"
_KEY = "color-scheme"
_SCHEMES = {"dark": 1, "light": 2}
_THEMES = {"dark": DARK, "light": LIGHT}
_GROUNDS = ("bg.window", "bg.panel", "bg.raised", "bg.canvas")
_APART = 6
"""Every sixth pixel is enough to tell the themes apart."""
_WINDOW = 0.02
"""The part of the screen in a theme's own grounds that makes it a window."""


class Portal:
    """A settings portal that knows the color scheme, in a thread of its own.

    Sources: ``org.freedesktop.portal.Settings`` of xdg-desktop-portal, version 2.
    """

    def __init__(self) -> None:
        self._theme = "dark"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._bus: MessageBus | None = None

    def start(self) -> None:
        """Take the portal's name on the session bus (D-Bus, a thread)."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._connect(), self._loop).result(15)

    def show(self, theme: str) -> None:
        """Tell every program that the person prefers "dark" or "light" (D-Bus)."""
        asyncio.run_coroutine_threadsafe(self._tell(theme), self._loop).result(15)

    def stop(self) -> None:
        """Leave the bus and end the thread."""
        if self._thread.is_alive():
            if self._bus is not None:
                self._loop.call_soon_threadsafe(self._bus.disconnect)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    async def _connect(self) -> None:
        self._bus = await MessageBus().connect()
        self._bus.add_message_handler(self._answer)
        await self._bus.request_name(_NAME)

    async def _tell(self, theme: str) -> None:
        self._theme = theme
        if self._bus is not None:
            await self._bus.send(
                Message.new_signal(
                    _PATH,
                    _SETTINGS,
                    "SettingChanged",
                    "ssv",
                    [_LOOKS, _KEY, self._scheme],
                )
            )

    @property
    def _scheme(self) -> Variant:
        return Variant("u", _SCHEMES[self._theme])

    def _answer(self, message: Message) -> Message | None:
        if (
            message.message_type is not MessageType.METHOD_CALL
            or message.interface != _SETTINGS
        ):
            return None
        if message.member == "ReadAll":
            known = {_LOOKS: {_KEY: self._scheme}}
            return Message.new_method_return(message, "a{sa{sv}}", [known])
        if message.body != [_LOOKS, _KEY]:
            return Message.new_error(
                message, "org.freedesktop.portal.Error.NotFound", "Not known here"
            )
        if message.member == "ReadOne":
            return Message.new_method_return(message, "v", [self._scheme])
        return Message.new_method_return(message, "v", [Variant("v", self._scheme)])


class Camera:
    """Takes what is on the screen, in both themes where the program shows them.

    Reads the display's memory: that costs a few ms, `import` some hundred.
    """

    def __init__(self, desktop: Desktop, portal: Portal) -> None:
        self._desktop = desktop
        self._portal = portal
        self._last: tuple[NDArray[np.uint8], dict[str, Path]] | None = None
        self.turned = 0.0
        """How long changing themes took so far, s."""

    def one(self, path: Path) -> None:
        """Save what is on the screen (disk)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(self._frame()).save(path, compress_level=3)

    def both(self, path: Path) -> None:
        """Save what is on the screen as it is dark, and as ``NAME-light.png`` light.

        The theme that is there is the first, and the other one stays: to go back
        each time would take twice as long. A desktop without a window has one
        picture.
        """
        light = path.with_name(f"{path.stem}-light{path.suffix}")
        files = {"dark": path, "light": light}
        frame = self._frame()
        if self._last is not None and np.array_equal(self._last[0], frame):
            # the end of a step is often what was pictured last
            for theme, file in files.items():
                shutil.copyfile(self._last[1][theme], file)
            return
        first = self._on_screen()
        if not self._desktop.program_runs or not first:
            self.one(path)
            return
        second = "dark" if first == "light" else "light"
        self.one(files[first])
        began = time.monotonic()
        self._turn(second)
        self.turned += time.monotonic() - began
        self.one(files[second])
        self._last = self._frame(), files

    def _turn(self, theme: str) -> None:
        self._portal.show(theme)
        wait_until(
            lambda: self._on_screen() == theme,
            f"the {theme} theme",
            seconds=10,
            every=0.02,
        )
        # the last of it; what moves all the time (a bar of progress) is not awaited
        ends = time.monotonic() + 0.4
        before = self._frame()
        while time.monotonic() < ends:
            time.sleep(0.05)
            after = self._frame()
            if np.array_equal(before, after):
                return
            before = after

    def _on_screen(self) -> str:
        """Return the theme of the window, "" where there is none."""
        frame = self._frame()[::_APART, ::_APART].astype(np.uint32)
        colors = frame[..., 0] << 16 | frame[..., 1] << 8 | frame[..., 2]
        parts = {
            name: float(np.isin(colors, _grounds(table)).mean())
            for name, table in _THEMES.items()
        }
        most = max(parts, key=lambda name: parts[name])
        return most if parts[most] > _WINDOW else ""

    def _frame(self) -> NDArray[np.uint8]:
        """Return the screen as rows of red, green, blue (disk)."""
        memory = np.fromfile(self._desktop.memory, dtype=np.uint8)
        head: Any = memory[:100].view(">u4")
        # XWDFileHeader: size, ..., width 4, height 5, bytes per line 12, colors 19
        wide, high, line = int(head[4]), int(head[5]), int(head[12])
        start = int(head[0]) + int(head[19]) * 12
        if memory.size < start + high * line:
            raise TourError("the display's memory is cut short")
        rows = memory[start : start + high * line].reshape(high, line)
        return rows[:, : wide * 4].reshape(high, wide, 4)[..., 2::-1].copy()


def _grounds(table: Any) -> list[int]:
    return [int(table[name][1:], 16) for name in _GROUNDS]
