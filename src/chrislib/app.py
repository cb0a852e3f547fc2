"""The start: a window on the screen first, everything else afterwards.

Nothing that the first paint does not need is imported before it; `program` has the
rest.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from chrislib import qtguard
from chrislib.locks import is_held
from chrislib.paths import Paths

if TYPE_CHECKING:
    from chrislib.views.shell.main_window import MainWindow


def run_app(*, link: str = "", painted: Callable[[], None] | None = None) -> int:
    """Open the window and run until the user quits (blocking).

    Parameters
    ----------
    link : str
        ``chris:`` link to show at once; a running chrislib gets it instead.
    painted : callable, optional
        Called once after the first paint of the window; measurements use it.

    Returns
    -------
    int
        The exit code.
    """
    qtguard.check()
    paths = Paths.of_user()
    if is_held(paths.instance):
        from chrislib.desktop import instance

        if instance.hand_over(paths.state, link or "chris:"):
            return 0

    from PySide6.QtWidgets import QApplication

    from chrislib.views.shell.main_window import MainWindow
    from chrislib.views.theme.colors import DARK, LIGHT

    QApplication.setApplicationName("chrislib")
    QApplication.setDesktopFileName("chrislib")
    application = QApplication(sys.argv[:1])
    # Closing the last window must not stop the loop under the main coroutine.
    application.setQuitOnLastWindowClosed(False)
    window = MainWindow(colors=LIGHT if _prefers_light(paths) else DARK)
    if painted is not None:
        window.first_painted.connect(painted)
    window.show()
    _until_painted(window)
    from chrislib.program import run_program

    return run_program(application, window, paths=paths, link=link)


def _until_painted(window: "MainWindow") -> None:
    """Let Qt run until the window is on the screen (at most two seconds).

    No coroutine exists yet, so this loop is nested in nothing; the asyncio loop and
    all that it needs are imported after it.
    """
    from PySide6.QtCore import QEventLoop, QTimer

    first = QEventLoop()
    window.first_painted.connect(first.quit)
    QTimer.singleShot(2000, first.quit)
    first.exec()


def _prefers_light(paths: Paths) -> bool:
    """Whether the first paint is light; the settings themselves load later."""
    try:
        return '"theme": "light"' in (paths.config / "settings.json").read_text("utf-8")
    except OSError:
        return False
