"""The program: one Qt application on one asyncio loop, started and stopped in stages.

The main coroutine owns the end: the loop stops when it returns, never by
``QApplication.quit`` (which would leave tasks neither cancelled nor finished).
"""

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

from chrislib import qtguard
from chrislib.desktop import instance
from chrislib.logs import start_log
from chrislib.paths import Paths

_log = logging.getLogger(__name__)

_STAGE_SECONDS = 5.0


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
    if instance.hand_over(paths.state, link or "chris:"):
        return 0
    start_log(paths.state)

    from PySide6.QtWidgets import QApplication
    from qasync import QEventLoop

    QApplication.setApplicationName("chrislib")
    QApplication.setDesktopFileName("chrislib")
    application = QApplication(sys.argv[:1])
    # Closing the last window must not stop the loop under the main coroutine.
    application.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    with loop:
        code: int = loop.run_until_complete(
            _main(application, paths, link=link, painted=painted)
        )
    return code


async def _main(
    application: Any,
    paths: Paths,
    *,
    link: str,
    painted: Callable[[], None] | None,
) -> int:
    from chrislib import bootstrap

    stop = asyncio.Event()
    _install_hooks(asyncio.get_running_loop(), stop)
    services = await bootstrap.compose(paths)
    context = bootstrap.make_context(services)
    context.theme.apply(application)
    window = await bootstrap.build_window(services, context)
    window.quit_requested.connect(stop.set)
    if painted is not None:
        window.first_painted.connect(painted)
    window.show()
    listener = await instance.listen(paths.state, window.open_link)
    await bootstrap.start(services)
    if link:
        window.open_link(link)
    await stop.wait()
    window.hide()
    for name, closing in (
        ("single instance", listener.close),
        ("window", window.shutdown),
        ("jobs", services.jobs.stop),
        ("library", services.close),
        ("session", services.session.close),
        ("catalog", services.catalog.close),
    ):
        await _stage(name, closing)
    return 0


async def _stage(name: str, close: Callable[[], Awaitable[None]]) -> None:
    """Run one stage of the shutdown; a stage that fails does not stop the rest."""
    try:
        async with asyncio.timeout(_STAGE_SECONDS):
            await close()
    except TimeoutError:
        _log.warning("closing %s took longer than %.0f s", name, _STAGE_SECONDS)
    except Exception:  # noqa: BLE001 - the next stage must run all the same
        _log.exception("closing %s failed", name)


def _install_hooks(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Send every exception nobody caught to the log; stop on SIGINT and SIGTERM."""

    def uncaught(
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            stop.set()
            return
        _log.error("uncaught exception", exc_info=(kind, error, trace))

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    def in_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        _log.error("%s", context.get("message", "loop error"), exc_info=error)

    sys.excepthook = uncaught
    threading.excepthook = in_thread
    loop.set_exception_handler(in_loop)
    if sys.platform == "win32":
        # Windows has no add_signal_handler; the handler runs at the next event.
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
