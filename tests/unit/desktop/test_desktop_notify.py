"""Desktop toasts: the real service where there is one, silence where there is none."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chrislib.desktop.notify import DesktopNotifier
from chrislib.desktop.toast import Toast

TOAST = Toast("1", "Feed 12: run finished", "Click to open it.", "feed/12/node/34")


class Notifier:
    """Stands for the library: keeps what it is asked to send, or fails."""

    def __init__(self, *, broken: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        self.broken = broken

    async def send(self, **values: Any) -> str:
        """Keep a message."""
        if self.broken:
            raise RuntimeError("no such service")
        self.sent.append(values)
        return "id"


def on(notifier: Notifier, clicked: Callable[[str], None]) -> DesktopNotifier:
    """Return our notifier on that one."""
    made = DesktopNotifier(clicked)
    made._notifier = notifier  # type: ignore[assignment]
    return made


async def test_a_click_hands_over_the_link() -> None:
    links: list[str] = []
    fake = Notifier()
    await on(fake, links.append).show(TOAST)
    assert fake.sent[0]["title"] == TOAST.title
    fake.sent[0]["on_clicked"]()
    assert links == ["feed/12/node/34"]


@pytest.mark.logs("no desktop notification", "could not be followed")
async def test_a_missing_service_and_a_broken_click_are_survived() -> None:
    def broken(_link: str) -> None:
        raise RuntimeError

    await on(Notifier(broken=True), broken).show(TOAST)
    fake = Notifier()
    await on(fake, broken).show(TOAST)
    fake.sent[0]["on_clicked"]()


async def test_what_is_not_wanted_is_not_shown() -> None:
    fake = Notifier()
    made = DesktopNotifier(lambda _link: None, wanted=lambda toast: toast.problem)
    made._notifier = fake  # type: ignore[assignment]
    await made.show(TOAST)
    assert fake.sent == []


_REAL = """
import asyncio, subprocess
from chrislib.desktop.notify import DesktopNotifier
from chrislib.desktop.toast import Toast

async def told(*command):
    done = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out, _ = await done.communicate()
    return out.decode().strip()

async def main():
    clicked = asyncio.Event()
    links = []
    def click(link):
        links.append(link)
        clicked.set()
    notifier = DesktopNotifier(click)
    await notifier.show(Toast("1", "Feed 12: run finished", "Open", "feed/12/node/34"))
    async with asyncio.timeout(20):
        while await told("dunstctl", "count", "displayed") != "1":
            await asyncio.sleep(0.05)
        await told("dunstctl", "action")
        await clicked.wait()
    print(links)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="D-Bus and dunst are Linux's")
def test_a_real_notification_service_shows_it_and_tells_of_the_click(
    tmp_path: Path,
) -> None:
    script = (
        "Xvfb -displayfd 3 -nolisten tcp 3>display >/dev/null 2>&1 & x=$!; "
        "until [ -s display ]; do sleep 0.05; done; export DISPLAY=:$(cat display); "
        "dunst >dunst.log 2>&1 & d=$!; "
        "until dunstctl count >/dev/null 2>&1; do sleep 0.05; done; "
        '"$0" -c "$1"; code=$?; kill $d $x; wait; exit $code'
    )
    env = os.environ | {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, sys.executable, _REAL],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "['feed/12/node/34']", done.stderr[-2000:]
