"""Shows toasts over D-Bus in a process of its own, so that a click is never lost.

Whoever sent a notification is told of the click, and nobody else: a program that has
ended meanwhile would never hear of it. So a small process sends them, reads what to
show from its standard input and writes clicks to its standard output. When the
program has gone it stays until its toasts have gone too, and a click starts the
program again, or is handed to one that runs.

desktop-notifier, which other systems use, cannot do this: it never gives the server
the id of a notification to be replaced, and it keeps failures to itself.
"""

import argparse
import asyncio
import html
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio.message_bus import MessageBus

from chrislib.desktop.instance import hand_over

_NAME = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_SECONDS = 5.0
_SHOWN_FOR = 15_000
"""Milliseconds a toast stays, where the server lets us say."""
_STAYS = 8 * 3600.0
"""Seconds the process stays at most for a toast nobody has closed."""
_NORMAL = 1


class Keeper:
    """The connection to the notification service and the toasts that are open.

    Parameters
    ----------
    say : callable
        Writes a line to the program; False when it has gone.
    clicked : callable
        Follows a link without the program.
    """

    def __init__(
        self, say: Callable[[dict[str, Any]], bool], clicked: Callable[[str, str], None]
    ) -> None:
        self._say = say
        self._clicked = clicked
        self._bus: MessageBus | None = None
        self._features: frozenset[str] | None = None
        self._open: dict[int, dict[str, str]] = {}
        self._of_group: dict[str, int] = {}
        self._tokens: dict[int, str] = {}
        self.emptied = asyncio.Event()

    @property
    def open(self) -> int:
        """How many toasts are on the screen or in the desktop's list."""
        return len(self._open)

    async def show(self, toast: dict[str, Any]) -> str:
        """Show a toast (D-Bus); returns "" or why that was not possible."""
        try:
            async with asyncio.timeout(_SECONDS):
                await self._show(toast)
        except Exception as error:  # noqa: BLE001 - each desktop has errors of its own
            return f"{type(error).__name__}: {error}"
        return ""

    async def quiet(self) -> bool | None:
        """Return whether the desktop wants no disturbance, None if it does not say."""
        for interface, name in (
            (_NAME, "Inhibited"),  # Plasma
            ("org.dunstproject.cmd0", "paused"),
        ):
            try:
                async with asyncio.timeout(_SECONDS):
                    answer = await self._call(
                        "Get",
                        "ss",
                        [interface, name],
                        interface="org.freedesktop.DBus.Properties",
                    )
            except Exception:  # noqa: BLE001 - the next one may answer
                continue
            value = answer[0].value if answer else None
            if isinstance(value, bool):
                return value
        if "GNOME" in os.environ.get("XDG_CURRENT_DESKTOP", "").upper():
            return await asyncio.to_thread(_gnome_is_quiet)
        return None

    async def there(self) -> bool:
        """Whether there is a notification service (D-Bus)."""
        try:
            async with asyncio.timeout(_SECONDS):
                await self._call("GetCapabilities")
        except Exception:  # noqa: BLE001 - no bus, no service, no answer: all the same
            return False
        return True

    async def gone(self) -> None:
        """Return when the session bus has gone."""
        if self._bus is not None:
            with suppress(Exception):
                await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def _show(self, toast: dict[str, Any]) -> None:
        await self._connect()
        if self._features is None:
            answer = await self._call("GetCapabilities")
            self._features = frozenset(answer[0])
        links = {"default": str(toast["target"])}
        actions = ["default", "Open"]
        if "actions" in self._features:
            for name, label, target in toast["actions"]:
                links[str(name)] = str(target)
                actions += [str(name), str(label)]
        text = str(toast["text"])
        if "body-markup" in self._features:
            text = html.escape(text, quote=False)
        hints = {
            "urgency": Variant("y", _NORMAL),
            "category": Variant(
                "s", "transfer.error" if toast["problem"] else "transfer.complete"
            ),
            "desktop-entry": Variant("s", "chrislib"),
        }
        group = str(toast["group"])
        answer = await self._call(
            "Notify",
            "susssasa{sv}i",
            [
                "chrislib",
                self._of_group.get(group, 0) if group else 0,
                str(toast["icon"]),
                str(toast["title"]),
                text,
                actions,
                hints,
                _SHOWN_FOR,
            ],
        )
        number = int(answer[0])
        self._open[number] = links
        if group:
            self._of_group[group] = number

    async def _connect(self) -> None:
        if self._bus is not None and self._bus.connected:
            return
        self._features = None
        self._open.clear()
        self._of_group.clear()
        bus = await MessageBus(bus_type=BusType.SESSION).connect()
        bus.add_message_handler(self._heard)
        for rule in (
            f"type='signal',interface='{_NAME}'",
            "type='signal',interface='org.freedesktop.DBus',"
            f"member='NameOwnerChanged',arg0='{_NAME}'",
        ):
            await bus.call(
                Message(
                    destination="org.freedesktop.DBus",
                    path="/org/freedesktop/DBus",
                    interface="org.freedesktop.DBus",
                    member="AddMatch",
                    signature="s",
                    body=[rule],
                )
            )
        self._bus = bus

    async def _call(
        self,
        member: str,
        signature: str = "",
        body: list[Any] | None = None,
        *,
        interface: str = _NAME,
    ) -> list[Any]:
        await self._connect()
        assert self._bus is not None
        answer = await self._bus.call(
            Message(
                destination=_NAME,
                path=_PATH,
                interface=interface,
                member=member,
                signature=signature,
                body=body or [],
            )
        )
        if answer is None or answer.message_type is MessageType.ERROR:
            reason = answer.error_name if answer is not None else "no answer"
            raise OSError(reason)
        return list(answer.body)

    def _heard(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        body = message.body
        match message.member:
            case "ActivationToken" if body and body[0] in self._open:
                self._tokens[body[0]] = str(body[1])
            case "ActionInvoked" if body and body[0] in self._open:
                self._act(int(body[0]), str(body[1]))
            case "NotificationClosed" if body:
                self._drop(int(body[0]))
            case "NameOwnerChanged" if body and body[0] == _NAME:
                # another service, or none: what the old one showed has gone
                self._features = None
                self._of_group.clear()
                for number in tuple(self._open):
                    self._drop(number)

    def _act(self, number: int, action: str) -> None:
        link = self._open[number].get(action)
        token = self._tokens.pop(number, "")
        self._drop(number)
        if link and not self._say({"click": link, "token": token}):
            self._clicked(link, token)

    def _drop(self, number: int) -> None:
        self._open.pop(number, None)
        self._tokens.pop(number, None)
        for group, known in tuple(self._of_group.items()):
            if known == number:
                del self._of_group[group]
        if not self._open:
            self.emptied.set()


def _gnome_is_quiet() -> bool | None:
    command = ["gsettings", "get", "org.gnome.desktop.notifications", "show-banners"]
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip() == "false"


def follow(state: Path, link: str, token: str) -> None:
    """Open a link in the program that runs, or start it (processes)."""
    if hand_over(state, f"chris:{link}"):
        return
    env = dict(os.environ)
    if token:
        env |= {"XDG_ACTIVATION_TOKEN": token, "DESKTOP_STARTUP_ID": token}
    subprocess.Popen(
        [sys.executable, "-m", "chrislib", "run", f"chris:{link}"],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def serve(state: Path) -> None:
    """Show what standard input asks for until it ends and the toasts have gone."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()
    # a pipe read in a thread works on every loop and with every kind of input
    threading.Thread(target=_read, args=(loop, lines), daemon=True).start()
    alone = False

    def say(message: dict[str, Any]) -> bool:
        if alone:
            return False
        try:
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            return False
        return True

    keeper = Keeper(say, lambda link, token: follow(state, link, token))
    while line := await lines.get():
        order = json.loads(line)
        if "show" in order:
            toast = order["show"]
            said = await keeper.show(toast)
            say({"shown": toast["id"], "why": said})
        elif order["ask"] == "there":
            say({"answer": await keeper.there()})
        else:
            say({"answer": await keeper.quiet()})
    alone = True
    if keeper.open:
        keeper.emptied.clear()
        waits = {
            loop.create_task(keeper.emptied.wait()),
            loop.create_task(keeper.gone()),
        }
        await asyncio.wait(waits, timeout=_STAYS, return_when=asyncio.FIRST_COMPLETED)


def _read(loop: asyncio.AbstractEventLoop, lines: "asyncio.Queue[str]") -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(lines.put_nowait, line)
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(lines.put_nowait, "")


def main() -> None:
    """Run the process; the program starts it."""
    parser = argparse.ArgumentParser(description="Shows the toasts of chrislib.")
    parser.add_argument("--state", type=Path, required=True)
    state: Path = parser.parse_args().state
    asyncio.run(serve(state))


if __name__ == "__main__":
    main()
