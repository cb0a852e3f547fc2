"""The real window, idle and then during a pull: prints both 99th percentiles.

A precise 4 ms timer beats on the window's thread; the gap is the time between two
beats. Prints JSON: {"idle": seconds, "pull": seconds, "images": int}.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from chrislib import bootstrap
from chrislib.library.model import ItemState
from chrislib.pacs.types import Criteria
from chrislib.paths import Paths
from chrislib.views.navigation import ShowLibrary
from chrislib.views.shell.main_window import MainWindow

BEAT_MS = 4
SECONDS = 6.0


class Pulse:
    """Beats on the window's thread and keeps the gaps between beats (seconds)."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self._last = now

    def take(self) -> float:
        """Return the 99th percentile since the last call."""
        gaps = sorted(self.gaps)
        self.gaps = []
        return gaps[int(len(gaps) * 0.99)]


async def main(application: QApplication, url: str, user: str, password: str) -> None:
    """Sign in, rest, pull, and print what the pulse showed."""
    services = await bootstrap.compose(Paths.of_user())
    context = bootstrap.make_context(services)
    context.theme.apply(application)
    window = MainWindow()
    window.show()
    await bootstrap.furnish(services, window, context)
    await services.session.sign_in(url, user, password)
    await bootstrap.follow(services)
    library = services.library
    found = await library.lookup(Criteria({"PatientID": ("CL-9001",)}))
    wanted = [
        (patient, study, series)
        for patient in found.patients
        for study in patient.studies
        for series in study.series
        if series.description == "AXIAL 300"
    ]
    context.navigator.go(ShowLibrary("pacs"))
    await asyncio.sleep(2)
    pulse = Pulse()
    await asyncio.sleep(SECONDS)
    idle = pulse.take()
    items = await library.pull(wanted)
    began = time.monotonic()
    while True:
        item = library.item(items[0].item_id)
        if item is None or item.state in {ItemState.READY, ItemState.FAILED}:
            break
        if time.monotonic() - began > 120:
            break
        await asyncio.sleep(0.05)
    pulled = pulse.take()
    images = item.images if item and item.state is ItemState.READY else 0
    sys.stdout.write(json.dumps({"idle": idle, "pull": pulled, "images": images}))
    sys.stdout.flush()
    await window.shutdown()
    await services.jobs.stop()
    await services.close()
    await services.session.close()
    await services.catalog.close()


if __name__ == "__main__":
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        url, user, secret = sys.argv[1:4]
        password = Path(secret).read_text("utf-8").strip()
        loop.run_until_complete(main(app, url, user, password))
