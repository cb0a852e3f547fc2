"""Steps with their time and picture, and the report of the whole tour."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.e2e.tour.themes import Camera


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it went."""

    name: str
    ok: bool
    seconds: float
    screenshot: str
    reason: str = ""


class Report:
    """Runs steps, takes a picture after each, and keeps ``report.json`` current.

    Parameters
    ----------
    folder : Path
        Where pictures and report go.
    camera : Camera
        Saves the screen to a path.
    """

    def __init__(self, folder: Path, camera: Camera) -> None:
        self._folder = folder
        self._camera = camera
        self._steps: list[Step] = []

    @property
    def ok(self) -> bool:
        """Whether every step so far went well, and there was one."""
        return bool(self._steps) and all(step.ok for step in self._steps)

    def play(self, name: str, act: Callable[[], object]) -> None:
        """Run a step; a failure is recorded with its picture and raised."""
        began = time.monotonic()
        file = self._folder / f"{len(self._steps) + 1:02d}-{_slug(name)}.png"
        reason = ""
        try:
            act()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise
        finally:
            seconds = round(time.monotonic() - began, 2)
            if reason:
                self._camera.one(file)
            else:
                self._camera.both(file)
            step = Step(name, not reason, seconds, file.name, reason)
            self._steps.append(step)
            self.write()
            mark = "ok  " if step.ok else "FAIL"
            print(f"{mark} {seconds:6.1f} s  {name}  {reason}", flush=True)

    def picture(self, name: str, *, both: bool = True) -> None:
        """Save one more picture of the step that is being played.

        It is made in both themes, unless the theme was chosen in the settings.
        """
        number = len(self._steps) + 1
        path = self._folder / f"{number:02d}-{_slug(name)}.png"
        if both:
            self._camera.both(path)
        else:
            self._camera.one(path)

    def write(self) -> None:
        """Write ``report.json``."""
        steps = []
        for step in self._steps:
            facts = asdict(step)
            if not facts["reason"]:
                del facts["reason"]
            steps.append(facts)
        content = {"ok": self.ok, "steps": steps}
        path = self._folder / "report.json"
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _slug(name: str) -> str:
    kept = "".join(char if char.isalnum() else "-" for char in name.lower())
    return "-".join(part for part in kept.split("-") if part)[:60]
