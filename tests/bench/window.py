"""The real window in a process of its own, and how evenly its thread beats.

Children call `play` with what is done in the window; parents start them with `child`.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BEAT_MS = 4
SECONDS = 6.0
"""How long the window is looked at while it rests."""


class Pulse:
    """Beats on the window's thread and keeps the gaps between beats (seconds)."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

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

    async def rest(self) -> float:
        """Let the window settle, and return the percentile while nothing is done."""
        await asyncio.sleep(2)
        self.take()
        await asyncio.sleep(SECONDS)
        return self.take()


def play(act: Callable[[Any, Any], Awaitable[dict[str, float]]]) -> None:
    """Open the window, do something with services and context, print what came of it.

    The window and all behind it is closed in the order the program closes it.
    """
    from PySide6.QtWidgets import QApplication
    from qasync import QEventLoop

    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)

    async def main() -> None:
        async with _furnished(app) as (services, context):
            sys.stdout.write(json.dumps(await act(services, context)))
            sys.stdout.flush()

    with loop:
        loop.run_until_complete(main())


@asynccontextmanager
async def _furnished(application: Any) -> AsyncIterator[tuple[Any, Any]]:
    from chrislib import bootstrap
    from chrislib.paths import Paths
    from chrislib.views.shell.main_window import MainWindow

    services = await bootstrap.compose(Paths.of_user())
    context = bootstrap.make_context(services)
    context.theme.apply(application)
    window = MainWindow()
    window.show()
    await bootstrap.furnish(services, window, context)
    yield services, context
    await window.shutdown()
    await services.jobs.stop()
    await services.close()
    await services.session.close()
    await services.catalog.close()


def child(
    script: str, *arguments: str, display: Mapping[str, str], home: Path
) -> dict[str, Any]:
    """Run a script of this folder on a display with a home of its own."""
    said = subprocess.run(
        [sys.executable, str(HERE / script), *arguments],
        env={
            **display,
            "CHRISLIB_HOME": str(home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONPATH": str(HERE.parents[1]),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if said.returncode:
        raise RuntimeError(said.stderr)
    found: dict[str, Any] = json.loads(said.stdout)
    return found
