"""What a person does with a screen: look, point, click, type, wait."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.tour.session import Desktop, TourError, wait_until

PROGRAM = "chrislib"
_HELPER = Path(__file__).with_name("atspi_helper.py")


@dataclass(frozen=True, slots=True)
class Spot:
    """A widget on the screen, in screen pixels."""

    name: str
    role: str
    id: str
    description: str
    text: str
    states: tuple[str, ...]
    x: int
    y: int
    w: int
    h: int

    @property
    def middle(self) -> tuple[int, int]:
        """The point in its middle."""
        return self.x + self.w // 2, self.y + self.h // 2

    @property
    def is_on_screen(self) -> bool:
        """Whether there is something to point at."""
        return self.w > 0 and self.h > 0 and self.x > -self.w and self.y > -self.h


class Screen:
    """Finds widgets through AT-SPI, and touches them only with mouse and keys."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._helper: subprocess.Popen[str] | None = None

    # --- looking -------------------------------------------------------------

    def find(
        self,
        name: str | None = None,
        *,
        contains: str | None = None,
        role: str | None = None,
        id: str | None = None,  # noqa: A002 - the word AT-SPI uses
        limit: int = 50,
    ) -> list[Spot]:
        """Return every widget on the screen that matches all that is given."""
        query: dict[str, Any] = {"app": PROGRAM, "limit": limit}
        for key, value in (
            ("name", name),
            ("contains", contains),
            ("role", role),
            ("id", id),
        ):
            if value is not None:
                query[key] = value
        spots = [
            Spot(**{**found, "states": tuple(found["states"])})
            for found in self._ask(query)
        ]
        return [spot for spot in spots if spot.is_on_screen]

    def wait(
        self,
        name: str | None = None,
        *,
        contains: str | None = None,
        role: str | None = None,
        id: str | None = None,  # noqa: A002 - the word AT-SPI uses
        seconds: float = 20,
        which: Callable[[Spot], bool] | None = None,
    ) -> Spot:
        """Wait until such a widget is on the screen and return the first."""
        found: list[Spot] = []

        def there() -> bool:
            code = self._desktop.program_code
            if code is not None:
                raise TourError(f"the program ended with {code} meanwhile")
            found[:] = [
                spot
                for spot in self.find(
                    name,
                    contains=contains,
                    role=role,
                    id=id,
                    limit=1 if which is None else 50,
                )
                if which is None or which(spot)
            ]
            return bool(found)

        words = " ".join(
            f"{key}={value!r}"
            for key, value in (
                ("name", name),
                ("contains", contains),
                ("role", role),
                ("id", id),
            )
            if value is not None
        )
        wait_until(there, f"a widget with {words}", seconds=seconds, every=0.15)
        return found[0]

    def gone(self, *, seconds: float = 20, **query: Any) -> None:
        """Wait until no such widget is on the screen."""
        wait_until(
            lambda: not self.find(**query, limit=1),
            f"{query} to go",
            seconds=seconds,
            every=0.2,
        )

    def settle(self, *, seconds: float = 5) -> None:
        """Wait until the window looks the same twice in a row."""
        deadline = time.monotonic() + seconds
        before = self._look()
        while time.monotonic() < deadline:
            time.sleep(0.15)
            after = self._look()
            if after == before:
                return
            before = after

    def _look(self) -> bytes:
        """Return the screen as bytes, small: only whether it changes matters."""
        command = [
            "import",
            "-window",
            "root",
            "-resize",
            "50%",
            "-depth",
            "8",
            "ppm:-",
        ]
        done = subprocess.run(
            command, env=self._desktop.env, capture_output=True, check=False
        )
        return done.stdout

    def words(self) -> str:
        """Return every name on the screen, for messages about what went wrong."""
        return " | ".join(spot.name for spot in self.find(limit=400) if spot.name)

    def _ask(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        for _ in range(2):
            helper = self._running_helper()
            if helper.stdin is None or helper.stdout is None:
                raise TourError("the accessibility helper has no pipes")
            try:
                helper.stdin.write(json.dumps(query) + "\n")
                helper.stdin.flush()
                line = helper.stdout.readline()
            except BrokenPipeError:
                line = ""
            if line:
                answer: dict[str, Any] = json.loads(line)
                return list(answer["found"])
            self.close()
        raise TourError("the accessibility helper does not answer; see logs/helper.log")

    def _running_helper(self) -> "subprocess.Popen[str]":
        if self._helper is None or self._helper.poll() is not None:
            log = (self._desktop.logs / "helper.log").open("ab")
            with log:
                self._helper = subprocess.Popen(
                    ["/usr/bin/python3", str(_HELPER)],
                    env=self._desktop.env,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        return self._helper

    @property
    def works(self) -> bool:
        """Whether the helper runs, so that the screen can be read."""
        return self._helper is not None and self._helper.poll() is None

    def close(self) -> None:
        """End the helper."""
        if self._helper is not None:
            self._helper.kill()
            self._helper.wait(timeout=5)
            self._helper = None

    # --- touching ------------------------------------------------------------

    def click(
        self, spot: Spot, *, button: int = 1, times: int = 1, at: float = 0.5
    ) -> None:
        """Point at a widget and click; `at` is how far across it."""
        x, y = (
            spot.x + min(max(int(spot.w * at), 1), max(spot.w - 1, 1)),
            spot.middle[1],
        )
        bubble = self.notification()
        if bubble is not None and _inside(bubble, x, y):
            # A person also puts a bubble away that lies over what is meant.
            self.dismiss_notifications()
        self.click_at(x, y, button=button, times=times)

    def click_at(self, x: int, y: int, *, button: int = 1, times: int = 1) -> None:
        """Move the pointer to a point of the screen and click."""
        self._xdotool("mousemove", str(x), str(y))
        time.sleep(0.08)  # a hand also rests before it presses
        repeat = ["--repeat", str(times), "--delay", "80"] if times > 1 else []
        self._xdotool("click", *repeat, str(button))

    def press(
        self,
        name: str | None = None,
        *,
        seconds: float = 20,
        which: Callable[[Spot], bool] | None = None,
        **query: Any,
    ) -> Spot:
        """Wait for an enabled widget and click it."""

        def usable(spot: Spot) -> bool:
            return "ENABLED" in spot.states and (which is None or which(spot))

        spot = self.wait(name, seconds=seconds, which=usable, **query)
        self.click(spot)
        return spot

    def hover(self, spot: Spot) -> None:
        """Point at a widget."""
        self._xdotool("mousemove", *(str(part) for part in spot.middle))

    def wheel(self, spot: Spot, notches: int) -> None:
        """Turn the wheel over a widget; positive is toward the person."""
        self.hover(spot)
        button = "5" if notches > 0 else "4"
        self._xdotool("click", "--repeat", str(abs(notches)), "--delay", "60", button)

    def drag(
        self, start: tuple[int, int], end: tuple[int, int], *, button: int = 1
    ) -> None:
        """Press at one point, move in small steps, release at another."""
        self._xdotool("mousemove", str(start[0]), str(start[1]))
        self._xdotool("mousedown", str(button))
        steps = 12
        for step in range(1, steps + 1):
            x = start[0] + (end[0] - start[0]) * step // steps
            y = start[1] + (end[1] - start[1]) * step // steps
            self._xdotool("mousemove", str(x), str(y))
            time.sleep(0.03)
        self._xdotool("mouseup", str(button))

    def key(self, *keys: str) -> None:
        """Press keys such as "ctrl+k", "Return", "Down"."""
        self._xdotool("key", "--clearmodifiers", *keys)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self._xdotool("type", "--clearmodifiers", "--delay", "25", text)

    def fill(self, spot: Spot, text: str) -> None:
        """Click a field and replace what it holds."""
        self.click(spot)
        self.key("ctrl+a")
        self.type(text)

    def close_window(self) -> None:
        """Close the program's window as the × button does."""
        self._desktop.run(["wmctrl", "-c", "chrislib"])

    def windows(self) -> list[str]:
        """Return the titles of the windows the window manager knows."""
        listed = self._desktop.run(["wmctrl", "-l"]).stdout.splitlines()
        return [line.split(None, 3)[3] for line in listed if line.count(" ") >= 3]

    def notification(self) -> tuple[int, int, int, int] | None:
        """Return x, y, width, height of the bubble on the screen, None without one."""
        found = self._desktop.run(
            ["xdotool", "search", "--onlyvisible", "--class", "Dunst"]
        ).stdout.split()
        for window in found:
            facts = self._desktop.run(
                ["xdotool", "getwindowgeometry", "--shell", window]
            ).stdout
            values = dict(
                line.split("=", 1) for line in facts.splitlines() if "=" in line
            )
            if {"X", "Y", "WIDTH", "HEIGHT"} <= values.keys():
                x, y, w, h = (int(values[k]) for k in ("X", "Y", "WIDTH", "HEIGHT"))
                return x, y, w, h
        return None

    def dismiss_notifications(self) -> None:
        """Close the bubbles on the screen, as a person does with a right click."""
        for _ in range(20):
            bubble = self.notification()
            if bubble is None:
                return
            x, y, w, h = bubble
            # several are stacked in one window: the first is at its top
            self.click_at(x + w // 2, y + min(h // 2, 20), button=3)
            time.sleep(0.3)

    def _xdotool(self, *arguments: str) -> None:
        done = self._desktop.run(["xdotool", *arguments])
        if done.returncode:
            raise TourError(f"xdotool {arguments[0]}: {done.stderr.strip()}")


def _inside(area: tuple[int, int, int, int], x: int, y: int) -> bool:
    left, top, width, height = area
    return left <= x < left + width and top <= y < top + height
