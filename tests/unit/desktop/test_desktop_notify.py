"""Desktop toasts: the real service where there is one, no trouble without one."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chrislib.desktop.notify import DesktopNotifier, KeptNotifier, desktop_sink
from chrislib.desktop.toast import Toast, ToastAction
from tests.notices.bus import Service, private_bus

TOAST = Toast("1", "Feed 12: run finished", "Click to open it.", "feed/12/node/34")
WITH_BUTTONS = Toast(
    "2",
    "Feed 12: 1 < 2",
    "Ready & waiting",
    "feed/12",
    group="1:feed:12",
    actions=(
        ToastAction("get", "Get", "get/key:READY:0"),
        ToastAction("later", "Later", "later/key:READY:0"),
    ),
)


class Notifier:
    """Stands for the library of other systems: keeps what it is asked to send."""

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
    assert await on(fake, links.append).show(WITH_BUTTONS)
    assert fake.sent[0]["title"] == WITH_BUTTONS.title
    fake.sent[0]["on_clicked"]()
    fake.sent[0]["buttons"][1].on_pressed()
    assert links == ["feed/12", "later/key:READY:0"]


@pytest.mark.logs("could not be followed")
async def test_a_missing_service_and_a_broken_click_are_survived() -> None:
    def broken(_link: str) -> None:
        raise RuntimeError

    assert not await on(Notifier(broken=True), broken).show(TOAST)
    fake = Notifier()
    assert await on(fake, broken).show(TOAST)
    fake.sent[0]["on_clicked"]()


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a bus without a notification service; children find it."""
    for name in ("XDG_CURRENT_DESKTOP", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    with private_bus(tmp_path / "bus") as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


@pytest.fixture
def links() -> list[str]:
    """What was clicked."""
    return []


@pytest.fixture
def notifier(bus: str, links: list[str], tmp_path: Path) -> Iterator[KeptNotifier]:
    """Return the notifier of Linux, its process found on the bus of the test."""
    made = desktop_sink(
        links.append, icon=tmp_path / "none.png", state=tmp_path / "state"
    )
    assert isinstance(made, KeptNotifier)
    yield made
    made.close()


async def test_buttons_and_replacing_where_the_service_has_them(
    bus: str, notifier: KeptNotifier, links: list[str]
) -> None:
    service = await Service(bus, ["actions", "body", "body-markup"]).start()
    assert await notifier.show(WITH_BUTTONS)
    assert await notifier.show(TOAST)
    assert await notifier.show(WITH_BUTTONS)
    first, other, again = service.shown
    assert (first.replaces, other.replaces, again.replaces) == (0, 0, first.id)
    assert list(first.actions) == ["default", "get", "later"]
    assert first.text == "Ready &amp; waiting"
    assert first.title == "Feed 12: 1 < 2"
    assert first.hints["desktop-entry"] == "chrislib"
    service.click(other.id)
    service.click(again.id, "later")
    service.click(again.id, "get")  # closed already: nobody's any more
    await until(lambda: len(links) == 2)
    assert links == ["feed/12/node/34", "later/key:READY:0"]
    await service.stop()


async def test_a_plain_service_gets_no_buttons_and_no_markup(
    bus: str, notifier: KeptNotifier
) -> None:
    service = await Service(bus, ["body"]).start()
    assert await notifier.show(WITH_BUTTONS)
    assert list(service.shown[0].actions) == ["default"]
    assert service.shown[0].text == "Ready & waiting"
    await service.stop()


async def test_no_service_is_said_and_one_that_comes_later_is_used(
    bus: str, notifier: KeptNotifier
) -> None:
    assert not await notifier.show(TOAST)
    assert not await notifier.disturbed()
    service = await Service(bus).start()
    assert await notifier.show(TOAST)
    await service.stop()
    assert not await notifier.show(TOAST)


async def test_a_service_that_was_started_again_replaces_nothing(
    bus: str, notifier: KeptNotifier
) -> None:
    first = await Service(bus).start()
    assert await notifier.show(WITH_BUTTONS)
    await first.stop()
    second = await Service(bus).start()
    assert await notifier.show(WITH_BUTTONS)
    assert second.shown[0].replaces == 0
    await second.stop()


async def test_the_desktop_says_whether_it_may_be_disturbed(
    bus: str, notifier: KeptNotifier
) -> None:
    service = await Service(bus).start()
    service.set_quiet(True)
    assert await notifier.disturbed()
    service.set_quiet(False)
    assert await notifier.disturbed(), "the answer holds for some seconds"
    notifier._quiet = (float("-inf"), False)
    assert not await notifier.disturbed()
    await service.stop()


async def test_a_killed_process_is_started_again(
    bus: str, notifier: KeptNotifier
) -> None:
    service = await Service(bus).start()
    assert await notifier.show(TOAST)
    assert notifier._process is not None
    first = notifier._process.pid
    os.kill(first, signal.SIGKILL)
    notifier._process.wait(10)
    assert await notifier.show(TOAST)
    assert notifier._process.pid != first
    await service.stop()


async def test_the_process_stays_as_long_as_a_toast_can_be_clicked(
    bus: str, notifier: KeptNotifier, links: list[str]
) -> None:
    service = await Service(bus).start()
    assert await notifier.show(TOAST)
    process = notifier._process
    assert process is not None
    notifier.close()
    with pytest.raises(subprocess.TimeoutExpired):
        await asyncio.to_thread(process.wait, 0.5)
    service.close(service.shown[0].id)
    assert await asyncio.to_thread(process.wait, 10) == 0
    assert links == []
    await service.stop()


async def test_without_an_open_toast_the_process_ends_with_us(
    bus: str, notifier: KeptNotifier
) -> None:
    assert not await notifier.disturbed()
    process = notifier._process
    assert process is not None
    notifier.close()
    assert await asyncio.to_thread(process.wait, 10) == 0


async def test_without_any_bus_there_is_no_toast_and_no_trouble(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    made = KeptNotifier(lambda _link: None, icon=tmp_path, state=tmp_path)
    assert not await made.show(TOAST)
    made.close()


_REAL = """
import asyncio, subprocess
from pathlib import Path
from chrislib.desktop.notify import KeptNotifier
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
    notifier = KeptNotifier(click, icon=Path('none'), state=Path('state'))
    await notifier.show(Toast("1", "Feed 12: run finished", "Open", "feed/12/node/34"))
    async with asyncio.timeout(20):
        while await told("dunstctl", "count", "displayed") != "1":
            await asyncio.sleep(0.05)
        await told("dunstctl", "action")
        await clicked.wait()
    notifier.close()
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


async def test_whether_there_is_a_service_is_known_before_anything_is_shown(
    bus: str, notifier: KeptNotifier
) -> None:
    assert not await notifier.there()
    service = await Service(bus).start()
    assert await notifier.there()
    # both questions go to one process, answered in their order
    there, disturbed = await asyncio.gather(notifier.there(), notifier.disturbed())
    assert (there, disturbed) == (True, False)
    assert not service.shown
    await service.stop()
    assert not await notifier.there()
    assert await DesktopNotifier(lambda _link: None).there()
