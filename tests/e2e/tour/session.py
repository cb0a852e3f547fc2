"""A desktop of the tour's own: display, window manager, notifications, the program.

Everything runs inside one ``dbus-run-session`` (see `run.py`), so nothing of it is
seen by, or sees, the desktop of the person who plays the tour.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

SCREEN = (1440, 900)
_LAUNCHERS = (
    Path("/usr/libexec/at-spi-bus-launcher"),
    Path("/usr/lib/at-spi2-core/at-spi-bus-launcher"),
)
_NEEDED = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "wmctrl": "wmctrl",
    "import": "imagemagick",
    "dunst": "dunst",
    "dbus-run-session": "dbus",
}
_OPENBOX = """<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <placement><policy>Smart</policy><center>yes</center></placement>
  <applications>
    <application type="normal">
      <decor>no</decor><maximized>yes</maximized><focus>yes</focus>
    </application>
    <application type="dialog"><decor>no</decor><focus>yes</focus></application>
  </applications>
</openbox_config>
"""
_DUNST = """[global]
    width = 360
    origin = top-right
    offset = 12x60
    font = DejaVu Sans 10
    frame_width = 1
    frame_color = "#888888"
    background = "#2e2e2f"
    foreground = "#ededed"
    corner_radius = 6
    show_indicators = no
    mouse_left_click = do_action, close_current
    mouse_right_click = close_current
[urgency_low]
    timeout = 6
[urgency_normal]
    timeout = 6
[urgency_critical]
    timeout = 6
"""


class TourError(Exception):
    """The tour cannot go on; the message says why."""


def missing() -> list[str]:
    """Return the Debian packages that are not installed and needed."""
    packages = {
        package for program, package in _NEEDED.items() if shutil.which(program) is None
    }
    if not any(path.exists() for path in _LAUNCHERS):
        packages.add("at-spi2-core")
    probe = "import gi; gi.require_version('Atspi', '2.0')"
    system = Path("/usr/bin/python3")
    if (
        not system.exists()
        or subprocess.run(
            [str(system), "-c", probe], capture_output=True, check=False
        ).returncode
    ):
        packages |= {"python3-pyatspi", "gir1.2-atspi-2.0"}
    return sorted(packages)


def wait_until(
    ready: Callable[[], object], what: str, *, seconds: float, every: float = 0.05
) -> None:
    """Poll until `ready` returns something true; TourError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TourError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(every)


class Desktop:
    """Xvfb, openbox, the accessibility bus and dunst; then the program.

    Parameters
    ----------
    folder : Path
        Where logs, configuration and the program's home go.
    home : Path
        ``CHRISLIB_HOME`` of the program.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.home = home
        self.logs = folder / "logs"
        self.env: dict[str, str] = dict(os.environ)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._files: list[IO[bytes]] = []

    @property
    def memory(self) -> Path:
        """The file the display draws into (an XWD file)."""
        return self.folder / "display" / "Xvfb_screen0"

    def start(self) -> None:
        """Start everything but the program."""
        runtime = self.folder / "runtime"
        for path in (self.logs, self.home, runtime, self.memory.parent):
            path.mkdir(parents=True, exist_ok=True)
        runtime.chmod(0o700)
        self.env |= {
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_DATA_HOME": str(self.folder / "share"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_SESSION_TYPE": "x11",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "QT_QPA_PLATFORM": "xcb",
            # the one that follows the settings portal, without GTK
            "QT_QPA_PLATFORMTHEME": "gnome",
            "LC_ALL": "C.UTF-8",
            "NO_AT_BRIDGE": "1",
            # a fault below Python says in the log where it happened
            "PYTHONFAULTHANDLER": "1",
            "CHRISLIB_HOME": str(self.home),
        }
        for name in ("WAYLAND_DISPLAY", "XAUTHORITY", "SESSION_MANAGER"):
            self.env.pop(name, None)
        self.env["DISPLAY"] = self._display()
        self._window_manager()
        launcher = next(path for path in _LAUNCHERS if path.exists())
        self.launch("at-spi", [str(launcher), "--launch-immediately"])
        dunst = self.folder / "config" / "dunst" / "dunstrc"
        dunst.parent.mkdir(parents=True, exist_ok=True)
        dunst.write_text(_DUNST)
        self.launch("dunst", ["dunst", "-conf", str(dunst)])

    def _display(self) -> str:
        reader, writer = os.pipe()
        wide, high = SCREEN
        self.launch(
            "xvfb",
            [
                "Xvfb",
                "-displayfd",
                str(writer),
                "-screen",
                "0",
                f"{wide}x{high}x24",
                "-nolisten",
                "tcp",
                "-dpi",
                "96",
                "-fbdir",
                str(self.memory.parent),
            ],
            keep=(writer,),
        )
        os.close(writer)
        with os.fdopen(reader) as answer:
            number = answer.readline().strip()
        if not number:
            raise TourError("Xvfb did not start; see logs/xvfb.log")
        return f":{number}"

    def _window_manager(self) -> None:
        config = self.folder / "config" / "openbox" / "rc.xml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(_OPENBOX)
        self.launch("openbox", ["openbox", "--sm-disable", "--config-file", config])

        def there() -> bool:
            return self.run(["wmctrl", "-m"]).returncode == 0

        wait_until(there, "the window manager", seconds=15)

    def launch(
        self, name: str, command: list[str | Path], *, keep: tuple[int, ...] = ()
    ) -> "subprocess.Popen[bytes]":
        """Start a program on this desktop; its words go to ``logs/NAME.log``."""
        log = (self.logs / f"{name}.log").open("ab")
        self._files.append(log)
        process = subprocess.Popen(
            command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=keep,
            start_new_session=True,
        )
        self._running[name] = process
        return process

    def run(self, command: list[str | Path]) -> "subprocess.CompletedProcess[str]":
        """Run a small tool on this desktop and return what it said."""
        return subprocess.run(
            command,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def start_program(self, extra: Mapping[str, str] | None = None) -> None:
        """Start ``chrislib run`` as a person would."""
        self.env |= dict(extra or {})
        self.launch("chrislib", [sys.executable, "-m", "chrislib", "run"])

    @property
    def program_runs(self) -> bool:
        """Whether the program's process lives."""
        process = self._running.get("chrislib")
        return process is not None and process.poll() is None

    @property
    def program_code(self) -> int | None:
        """The program's exit code, None while it runs."""
        process = self._running.get("chrislib")
        return process.poll() if process is not None else None

    @property
    def station_runs(self) -> bool:
        """Whether the embedded station's process lives."""
        number = self._station_number()
        if number is None:
            return False
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return False
        return True

    def _station_number(self) -> int | None:
        runtime = self.home / "data" / "station" / "station.json"
        try:
            return int(json.loads(runtime.read_text())["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def stop(self) -> None:
        """End everything this desktop started, the program first."""
        last = ("dunst", "at-spi", "openbox", "xvfb")
        for name in (*(n for n in tuple(self._running) if n not in last), *last):
            process = self._running.pop(name, None)
            if process is not None:
                _end(process)
        self._stop_station()
        for log in self._files:
            log.close()

    def _stop_station(self) -> None:
        """End the station the program left running, as it should."""
        number = self._station_number()
        if number is None:
            return
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGTERM)
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                os.kill(number, 0)
                time.sleep(0.1)
            os.kill(number, signal.SIGKILL)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=8)
