"""The whole program in one process: real services, real station, real window."""

import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLabel,
    QWidget,
)
from pytestqt.qtbot import QtBot

from chrislib import bootstrap
from chrislib.paths import Paths
from chrislib.views.context import ViewContext
from chrislib.views.shell.main_window import MainWindow
from tests.services.fixtures import service, site, textworks, textworks_wheel

__all__ = ["service", "site", "textworks", "textworks_wheel"]

_T = TypeVar("_T")


class Runs(Protocol):
    """The fixture ``aio`` of the GUI tests."""

    def run(self, coro: Coroutine[Any, Any, _T], timeout: int = 5000) -> _T:
        """Run to the end."""


class Address(Protocol):
    """A station of the tests."""

    url: str
    username: str
    password: str


def texts_of(widget: QWidget) -> str:
    """Return every text a person can read in `widget`, one a line."""
    lines: list[str] = []
    for label in widget.findChildren(QLabel):
        if label.isVisibleTo(widget):
            lines.append(label.text())
    for button in widget.findChildren(QAbstractButton):
        if button.isVisibleTo(widget):
            lines.append(button.text())
    for view in widget.findChildren(QAbstractItemView):
        model = view.model()
        if view.isVisibleTo(widget) and model is not None:
            _rows(model, QModelIndex(), lines)
    return "\n".join(lines)


def _rows(model: QAbstractItemModel, parent: QModelIndex, lines: list[str]) -> None:
    for row in range(model.rowCount(parent)):
        # a list model's columnCount is private
        lists = isinstance(model, QAbstractListModel)
        for column in range(1 if lists else model.columnCount(parent)):
            index = model.index(row, column, parent)
            for role in (
                Qt.ItemDataRole.DisplayRole,
                Qt.ItemDataRole.AccessibleTextRole,
            ):
                text = index.data(role)
                if isinstance(text, str) and text:
                    lines.append(text)
        _rows(model, model.index(row, 0, parent), lines)


@dataclass
class Program:
    """A program under test."""

    services: bootstrap.Services
    window: MainWindow
    context: ViewContext
    aio: Runs
    qtbot: QtBot

    def run(self, coro: Coroutine[Any, Any, _T], timeout: int = 20_000) -> _T:
        """Run `coro` to its end and return its result."""
        return self.aio.run(coro, timeout)

    def reads(self, *words: str) -> bool:
        """Whether every one of `words` can be read in the window, in any case."""
        shown = texts_of(self.window).casefold()
        return all(word.casefold() in shown for word in words)

    def wait_to_read(self, *words: str, timeout: int = 20_000) -> None:
        """Wait until every one of `words` can be read in the window."""
        deadline = time.monotonic() + timeout / 1000

        def there() -> bool:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{words} not in the window:\n{texts_of(self.window)}"
                )
            return self.reads(*words)

        self.qtbot.waitUntil(there, timeout=timeout + 5000)

    def wait(self, condition: Callable[[], bool], timeout: int = 20_000) -> None:
        """Wait until `condition` holds."""
        self.qtbot.waitUntil(condition, timeout=timeout)


ProgramFactory = Callable[..., Program]


@pytest.fixture
def program_factory(
    qtbot: QtBot, aio: Runs, qapp: QApplication, tmp_path: Path
) -> Iterator[ProgramFactory]:
    """Return a function that starts the program, signed in to a station.

    ``program_factory(station)``; ``program_factory(None)`` starts it unconnected. The
    same home is used again by a second call after ``program.close()``.
    """
    started: list[Program] = []
    home = tmp_path / "home"

    def make(station: Address | None) -> Program:
        paths = Paths(
            state=home / "state",
            cache=home / "cache",
            config=home / "config",
            station=home / "data" / "station",
            plugin_envs=home / "envs",
            downloads=home / "downloads",
        )
        paths.config.mkdir(parents=True, exist_ok=True)
        (paths.config / "settings.json").write_text(
            '{"poll_seconds": 0.3, "pull_stall_seconds": 3.0, "notifications": "off"}',
            encoding="utf-8",
        )
        services = aio.run(bootstrap.compose(paths))
        context = bootstrap.make_context(services)
        context.theme.apply(qapp)
        window = MainWindow()
        window.show()
        aio.run(bootstrap.furnish(services, window, context))
        qtbot.waitUntil(window.isVisible)
        program = Program(services, window, context, aio, qtbot)
        started.append(program)
        if station is not None:
            aio.run(
                services.session.sign_in(
                    station.url, station.username, station.password
                ),
                20_000,
            )
        aio.run(bootstrap.follow(services), 20_000)
        return program

    yield make
    for program in started:
        aio.run(close(program), 20_000)


async def close(program: Program) -> None:
    """End a program as Ctrl+Q does."""
    await program.window.shutdown()
    await program.services.jobs.stop()
    await program.services.close()
    await program.services.session.close()
    await program.services.catalog.close()
    program.window.deleteLater()
