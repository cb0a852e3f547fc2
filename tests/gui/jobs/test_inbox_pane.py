"""The inbox beside the job list."""

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from chrislib.jobs.model import Phase, ResultState
from chrislib.views.context import ViewContext
from chrislib.views.jobs.inbox_pane import InboxPane
from chrislib.views.navigation import ShowFeed
from tests.gui.jobs.conftest import end, outcome, run

Fakes = Any


@pytest.fixture
def inbox(ctx: ViewContext, fakes: Fakes, qtbot: QtBot) -> Iterator[InboxPane]:
    ready = run("ready", Phase.FINISHED, result=ResultState.READY)
    failed = run("failed", Phase.FAILED)
    fakes.jobs.rows = {ready.key: ready, failed.key: failed}
    fakes.jobs.inbox_rows = [
        outcome("f", "failed", "FAILED"),
        outcome("r", "ready", seen=50.0),
    ]
    made = InboxPane(ctx)
    made.resize(376, 850)
    made.show()
    qtbot.waitUntil(lambda: len(made.model.rows) == 2, timeout=2000)
    yield made
    end(made)


def test_the_inbox_counts_what_was_not_seen(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    unread = inbox.findChild(QLabel, "inbox.unread")
    assert isinstance(unread, QLabel)
    assert unread.text() == "1 unread"
    everything = inbox.findChild(QPushButton, "inbox.all-read")
    assert isinstance(everything, QPushButton)
    everything.click()
    qtbot.waitUntil(lambda: ("act", "f", "seen") in fakes.jobs.calls, timeout=2000)
    fakes.jobs.put_inbox(outcome("f", "failed", "FAILED", seen=60.0))
    qtbot.waitUntil(lambda: unread.text() == "", timeout=2000)


def test_outcomes_offer_get_later_discard_or_run_again(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    failed, ready = inbox.model.rows
    assert [v.word for v in inbox.model.verbs(ready)] == ["Get", "Later", "Discard"]
    assert [v.word for v in inbox.model.verbs(failed)] == [
        "Run again",
        "Show",
        "Discard",
    ]
    view = inbox.view
    rect = view.visualRect(inbox.model.index(1))
    later = view._delegate.buttons(ready, rect)[1][1]
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=later.center())
    until = ("later", "ready", str(fakes.now + 3600))
    qtbot.waitUntil(lambda: until in fakes.jobs.calls, timeout=2000)


def test_return_shows_exactly_that_node_and_marks_it_read(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot, ctx: ViewContext
) -> None:
    gone: list[object] = []
    ctx.navigator.requested.connect(gone.append)
    inbox.view.setCurrentIndex(inbox.model.index(0))
    QTest.keyClick(inbox.view, Qt.Key.Key_Return)
    assert gone == [ShowFeed(12, 34)]
    qtbot.waitUntil(lambda: ("act", "f", "seen") in fakes.jobs.calls, timeout=2000)


def test_an_empty_inbox_says_so(inbox: InboxPane, fakes: Fakes, qtbot: QtBot) -> None:
    fakes.jobs.put_inbox()
    qtbot.waitUntil(lambda: inbox._stack.currentIndex() == 1, timeout=2000)
