"""Toasts through the desktop's own notification service, where there is one."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar

from chrislib.desktop.toast import Toast

if TYPE_CHECKING:
    import desktop_notifier

_log = logging.getLogger(__name__)

__all__ = ["DesktopNotifier", "DesktopSink", "Toast", "desktop_sink"]

_T = TypeVar("_T")
_SECONDS = 15.0
_ASKED_EVERY = 10.0


def desktop_sink(
    on_click: Callable[[str], None], *, icon: Path, state: Path
) -> "KeptNotifier | DesktopNotifier":
    """Return what shows toasts on this system; nothing is started yet.

    Parameters
    ----------
    on_click : callable
        Gets `Toast.target`, or that of a button, on the event loop.
    icon : Path
        Picture shown with each toast.
    state : Path
        Folder in which a running chrislib listens, see `chrislib.desktop.instance`.
    """
    over_dbus = sys.platform == "linux"
    if over_dbus:
        return KeptNotifier(on_click, icon=icon, state=state)
    return DesktopNotifier(on_click, icon=icon)


class _Answer(Generic[_T]):
    """What the process will say, or `otherwise` when it ends first."""

    def __init__(self, otherwise: _T) -> None:
        self.otherwise = otherwise
        self.future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self.sent_to: subprocess.Popen[str] | None = None

    def give(self, value: _T) -> None:
        """Answer, unless somebody has."""
        if not self.future.done():
            self.future.set_result(value)

    def give_up(self) -> None:
        """Answer that nobody answers."""
        self.give(self.otherwise)


class KeptNotifier:
    """Shows toasts over D-Bus by a process that outlives us (`desktop.keeper`).

    A missing notification service is no error: `show` answers False, and the inbox
    has every outcome.

    Parameters
    ----------
    on_click : callable
        Gets a link on the event loop, for example ``feed/12/node/34``.
    """

    def __init__(
        self, on_click: Callable[[str], None], *, icon: Path, state: Path
    ) -> None:
        self._on_click = on_click
        self._icon = icon
        self._state = state
        self._process: subprocess.Popen[str] | None = None
        self._waiting: dict[str, _Answer[str]] = {}
        self._asked: list[_Answer[bool]] = []
        self._quiet: tuple[float, bool] = (float("-inf"), False)
        self._lock = asyncio.Lock()

    async def show(self, toast: Toast) -> bool:
        """Show a toast (process, D-Bus); False when it could not be shown."""
        answer: _Answer[str] = _Answer("it ended")
        self._waiting[toast.id] = answer
        icon = str(self._icon) if self._icon.exists() else ""
        values = asdict(toast) | {
            "icon": icon,
            "actions": [(a.name, a.label, a.target) for a in toast.actions],
            "keys": (),
        }
        try:
            why = await self._send({"show": values}, answer)
        except (OSError, TimeoutError) as error:
            why = type(error).__name__
        finally:
            self._waiting.pop(toast.id, None)
        if why:
            _log.info("no desktop notification: %s", why)
        return not why

    async def disturbed(self) -> bool:
        """Whether the desktop does not want to be disturbed (process, D-Bus)."""
        at, known = self._quiet
        if time.monotonic() - at < _ASKED_EVERY:
            return known
        known = await self._ask("quiet")
        self._quiet = time.monotonic(), known
        return known

    async def there(self) -> bool:
        """Whether the desktop has a notification service (process, D-Bus)."""
        return await self._ask("there")

    async def _ask(self, what: str) -> bool:
        answer: _Answer[bool] = _Answer(False)
        self._asked.append(answer)
        try:
            return await self._send({"ask": what}, answer)
        except (OSError, TimeoutError):
            return False
        finally:
            if answer in self._asked:
                self._asked.remove(answer)

    def close(self) -> None:
        """Let the process go; it stays while a toast of it can still be clicked."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()

    async def _send(self, order: dict[str, Any], answer: "_Answer[_T]") -> _T:
        line = json.dumps(order) + "\n"
        loop = asyncio.get_running_loop()
        async with self._lock:
            process = await asyncio.to_thread(self._write, line, loop)
        answer.sent_to = process
        if process.poll() is not None:
            answer.give_up()
        async with asyncio.timeout(_SECONDS):
            return await answer.future

    def _write(
        self, line: str, loop: asyncio.AbstractEventLoop
    ) -> "subprocess.Popen[str]":
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = self._start(loop)
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.flush()
        return process

    def _start(self, loop: asyncio.AbstractEventLoop) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "chrislib.desktop.keeper", "--state", self._state],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # Ctrl+C in the program's terminal is not meant for it
            start_new_session=True,
        )
        assert process.stdout is not None
        listening = threading.Thread(
            target=self._listen, args=(process, process.stdout, loop), daemon=True
        )
        listening.start()
        return process

    def _listen(
        self,
        process: "subprocess.Popen[str]",
        lines: IO[str],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        with lines:
            for line in lines:
                with suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._heard, line)
        process.wait()
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._ended, process)

    def _heard(self, line: str) -> None:
        said = json.loads(line)
        if "click" in said:
            if said.get("token"):
                # Wayland lets a window come to the front only with it
                os.environ["XDG_ACTIVATION_TOKEN"] = said["token"]
            try:
                self._on_click(str(said["click"]))
            except Exception:  # noqa: BLE001 - the window's trouble is not the toast's
                _log.exception("a click on a notification could not be followed")
        elif "shown" in said:
            answer = self._waiting.pop(str(said["shown"]), None)
            if answer is not None:
                answer.give(str(said["why"]))
        elif self._asked:
            self._asked.pop(0).give(bool(said["answer"]))

    def _ended(self, process: "subprocess.Popen[str]") -> None:
        """Answer whoever waits for a process that has gone."""
        answers: list[_Answer[Any]] = [*self._waiting.values(), *self._asked]
        for answer in answers:
            if answer.sent_to is process:
                answer.give_up()


class DesktopNotifier:
    """Shows toasts through desktop-notifier: macOS and Windows.

    Parameters
    ----------
    on_click : callable
        Gets `Toast.target` on the event loop, for example ``feed/12/node/34``.
    icon : Path, optional
        Picture shown with each toast.
    """

    def __init__(
        self, on_click: Callable[[str], None], *, icon: Path | None = None
    ) -> None:
        self._on_click = on_click
        self._icon = icon
        self._notifier: desktop_notifier.DesktopNotifier | None = None

    async def show(self, toast: Toast) -> bool:
        """Show a toast (system call); False when it could not be shown."""
        try:
            notifier = self._made()
            await notifier.send(
                title=toast.title,
                message=toast.text,
                on_clicked=lambda: self._clicked(toast.target),
                timeout=15,
                **self._buttons(toast),
            )
        except Exception as error:  # noqa: BLE001 - each system has errors of its own
            _log.info("no desktop notification: %s", type(error).__name__)
            return False
        return True

    async def disturbed(self) -> bool:
        """Whether the desktop does not want to be disturbed (system call)."""
        return _windows_is_quiet() if sys.platform == "win32" else False

    async def there(self) -> bool:
        """Whether the desktop shows messages: macOS and Windows always do."""
        return True

    def close(self) -> None:
        """Nothing stays behind."""

    def _buttons(self, toast: Toast) -> dict[str, Any]:
        if not toast.actions:
            return {}
        from desktop_notifier import Button

        return {
            "buttons": [
                Button(action.label, partial(self._clicked, action.target))
                for action in toast.actions
            ]
        }

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
        except Exception:  # noqa: BLE001 - called from the library
            _log.exception("a click on a notification could not be followed")


def _windows_is_quiet() -> bool:
    """Ask Windows: busy, full screen, presentation or quiet time."""
    import ctypes

    windows: Any = ctypes
    state = ctypes.c_int()
    shell = windows.windll.shell32
    asked = shell.SHQueryUserNotificationState(ctypes.byref(state))
    return asked == 0 and state.value in {2, 3, 4, 6}


DesktopSink = KeptNotifier | DesktopNotifier
"""What shows toasts on this system."""
