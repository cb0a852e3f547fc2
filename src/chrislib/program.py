"""The program on its event loop: furnished, connected, stopped in stages.

The main coroutine owns the end: the loop stops when it returns, never by
``QApplication.quit`` (which would leave tasks neither cancelled nor finished).
"""

import asyncio
import importlib
import logging
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from qasync import QEventLoop

from chrislib.aio import Breather
from chrislib.paths import Paths

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from chrislib.views.shell.main_window import MainWindow

_log = logging.getLogger(__name__)

_STAGE_SECONDS = 5.0
_FURNITURE = (
    "chrislib.bootstrap",
    "chrislib.desktop.instance",
    "chrislib.views.shell.assembly",
    "chrislib.views.library.pane",
)
"""What is loaded while the empty window is on screen already."""

_NETWORK = ("chrislib.cube.client", "chrislib.pacs.through_cube")
"""What is loaded once the window is furnished, before connecting."""

_MODULES = (
    "chrislib.views.feeds.pane",
    "chrislib.views.jobs.jobs_pane",
    "chrislib.views.viewer.viewer",
)
"""What is loaded at the end: who opens Feeds would wait 0.3 s for it."""


def run_program(
    application: "QApplication", window: "MainWindow", *, paths: Paths, link: str
) -> int:
    """Run until the user quits (blocking); `window` is on the screen."""
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    with loop:
        code: int = loop.run_until_complete(
            _main(application, window, paths=paths, link=link)
        )
    return code


async def _main(
    application: "QApplication", window: "MainWindow", *, paths: Paths, link: str
) -> int:
    stop = asyncio.Event()
    _install_hooks(asyncio.get_running_loop(), stop)
    window.quit_requested.connect(stop.set)
    await _load(_FURNITURE)
    from chrislib import bootstrap
    from chrislib.desktop import instance
    from chrislib.jobs.headless import Requests
    from chrislib.logs import start_log
    from chrislib.views.shell.readers import mend_areas

    start_log(paths.state)
    services = await bootstrap.compose(paths)
    context = bootstrap.make_context(services)
    context.theme.apply(application)
    mend_areas()
    await bootstrap.furnish(services, window, context)
    await _load(_NETWORK)
    try:
        listener = await instance.listen(
            paths.state, window.open_link, answer=Requests(services.jobs)
        )
    except instance.AlreadyRunning:
        # two starts within a second: the other one was quicker
        instance.hand_over(paths.state, link or "chris:")
        stop.set()
        listener = None
    else:
        await bootstrap.start(services)
    if link:
        window.open_link(link)
    await _load(_MODULES)
    await stop.wait()
    window.hide()
    if listener is not None:
        await _stage("single instance", listener.close)
    for name, closing in (
        ("window", window.shutdown),
        ("jobs", services.jobs.stop),
        ("library", services.close),
        ("session", services.session.close),
        ("catalog", services.catalog.close),
    ):
        await _stage(name, closing)
    return 0


async def _load(names: Sequence[str]) -> None:
    """Import what is slow to import: views here, step by step, the rest in a thread.

    Before Python 3.12 PySide keeps all classes made of Qt's in one table, which the
    window's thread reads without Python's lock for any event of a timer or a socket.
    A class that another thread makes at that moment moves the table away from under
    it, and the program ends (PySide 6.11).
    """
    others, views = await asyncio.to_thread(_find, names)
    await asyncio.to_thread(_import, others)
    breather = Breather()
    for name in views:
        importlib.import_module(name)
        await breather.rest()


def _find(names: Sequence[str]) -> tuple[list[str], list[str]]:
    from chrislib.imports import in_order

    return in_order(names, below="chrislib.views")


def _import(names: Sequence[str]) -> None:
    for name in names:
        importlib.import_module(name)


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

    def unraisable(args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    def in_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        _log.error("%s", context.get("message", "loop error"), exc_info=error)

    sys.excepthook = uncaught
    sys.unraisablehook = unraisable
    threading.excepthook = in_thread
    loop.set_exception_handler(in_loop)
    if sys.platform == "win32":
        # Windows has no add_signal_handler; the handler runs at the next event.
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
