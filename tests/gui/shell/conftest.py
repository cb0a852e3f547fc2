"""The window with stand-ins for the panes of other modules."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import shiboken6
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from chrislib.jobs.model import Job, JobKey, Kind, Phase, PullIntent
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.views.context import ViewContext
from chrislib.views.jobs.inbox_pane import InboxPane
from chrislib.views.jobs.jobs_pane import JobsPane
from chrislib.views.shell.main_window import MainWindow
from chrislib.views.shell.panes import PaneFactories


class StandIn(QWidget):
    """Notes what the shell asks of a pane."""

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []
        self.field = QLineEdit()
        self.field.setObjectName("stand-in.field")
        self.field.setAccessibleName("Field")
        column = QVBoxLayout(self)
        column.addWidget(self.field)

    def show_section(self, section: str, payload: object = None) -> None:
        self.calls.append(("section", section, payload))

    def show_feed(self, feed_id: int | None, node_id: int | None = None) -> None:
        self.calls.append(("feed", feed_id, node_id))

    def show_started(self, batch_key: str) -> None:
        self.calls.append(("started", batch_key))

    def new_feed(
        self, item_ids: tuple[str, ...], *, many: bool = False, recipe: Any = None
    ) -> None:
        self.calls.append(("new", item_ids))

    def show_content(self, content: object) -> None:
        self.calls.append(("content", content))

    def refresh(self) -> None:
        self.calls.append(("refresh",))

    def focus_filter(self) -> None:
        self.field.setFocus()

    async def shutdown(self) -> None:
        self.calls.append(("shutdown",))


@pytest.fixture
def made() -> list[str]:
    """Which panes were made, in order."""
    return []


@pytest.fixture
def window(
    ctx: ViewContext, qtbot: QtBot, made: list[str], aio: Any
) -> Iterator[MainWindow]:
    """The window, shown, with its first paint behind it."""

    def factory(name: str) -> Any:
        def make(context: ViewContext) -> QWidget:
            made.append(name)
            if name == "jobs":
                return JobsPane(context)
            if name == "inbox":
                return InboxPane(context)
            return StandIn(context)

        return make

    win = MainWindow(
        ctx,
        PaneFactories(
            library=factory("library"),
            feeds=factory("feeds"),
            jobs=factory("jobs"),
            inbox=factory("inbox"),
            viewer=factory("viewer"),
        ),
    )
    # not given to qtbot: it deletes its widgets before fixtures are taken down
    with qtbot.waitSignal(win.first_painted, timeout=5000):
        win.show()
    qtbot.waitUntil(lambda: win.shell._tasks.pending == 0, timeout=5000)
    yield win
    aio.run(win.shutdown())
    win.hide()
    shiboken6.delete(win)


@pytest.fixture
def items() -> Callable[..., Item]:
    """Make series of somebody invented."""
    return an_item


@pytest.fixture
def pulls() -> Callable[..., Job]:
    """Make pulls."""
    return a_pull


def an_item(number: int, **more: Any) -> Item:
    """Return a series of somebody invented."""
    return Item(
        ItemId(str(number)),
        Source.PACS,
        f"Series {number}",
        more.pop("state", ItemState.READY),
        patient_id="1",
        patient_name="Doe^Jonathan",
        series_uid=f"1.2.{number}",
        images=192,
        size=51_000_000,
        **more,
    )


def a_pull(key: str, phase: Phase = Phase.RUNNING, **more: Any) -> Job:
    """Return a pull."""
    return Job(
        JobKey(key),
        Kind.PULL,
        phase,
        PullIntent("P", "1", "2", 192, "t", "item"),
        f"Pull {key}",
        **more,
    )
