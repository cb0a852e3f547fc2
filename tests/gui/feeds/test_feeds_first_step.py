"""A first step the server refuses: the sheet of Create feed stays, and corrects it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from chrislib.cube.errors import Refused
from chrislib.feeds.recipes import Recipe, recipe_of
from chrislib.jobs.model import RunIntent, WorkflowIntent
from chrislib.jobs.submission.held import Next
from chrislib.views.feeds.create_feed import DATA, FIRST, REVIEW, CreateFeedSheet
from chrislib.views.feeds.create_feed_step import COMPUTE, PARAMETERS
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.navigation import ShowJobs

LONG = 30_000

# sheets on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def smooth() -> Recipe:
    """Return a recipe of one run that was put together just now."""
    intent = RunIntent(31, "pl-smooth", "1.0.0", "ds", {"prefix": "smooth_"})
    return recipe_of([Next(intent)])


@pytest.fixture
def sheet(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> CreateFeedSheet:
    """The sheet with data, a title and a first step, ready to be sent."""
    library.hold(make.item("a", "SAG T1"))
    with_prefix = [*feeds.plugins.taken["pl-ants_reg"]][3:4]
    feeds.many.parameters["pl-smooth"] = with_prefix
    pane.new_feed(())
    made = pane.window().findChild(CreateFeedSheet)
    assert isinstance(made, CreateFeedSheet)
    made.details.title.setText("Pilot")
    made.details.note.setPlainText("second visit")
    made.first.list.take(smooth())
    qtbot.waitUntil(lambda: made.compute.table is not None, timeout=LONG)
    return made


def press(sheet: CreateFeedSheet) -> None:
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)


def quiet(qtbot: QtBot, pane: FeedsPane) -> None:
    qtbot.waitUntil(lambda: not pane._tasks.pending, timeout=LONG)


def note(sheet: CreateFeedSheet) -> str:
    return sheet._note.text()


def test_what_is_refused_is_put_right_at_its_field_and_the_feed_made_once(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, sheet: CreateFeedSheet
) -> None:
    # a pipeline is refused in words only: another first step takes its place
    pipeline = WorkflowIntent(1, "Brain volumes", 0, nodes_info=())
    sheet.first.list.take(recipe_of([Next(pipeline)]))
    qtbot.waitUntil(lambda: sheet.compute.table is not None, timeout=LONG)
    feeds.first_steps.refusals = [
        Refused("No.", "The pipeline is gone."),
        Refused("The server refused it.", fields={"prefix": "No blanks, please."}),
        Refused("No.", fields={"compute_resource_name": "Not registered with it."}),
        Refused("No.", fields={"cpu_limit": "This field value is out of range."}),
    ]
    added = feeds.first_steps.added
    words = "The feed is made; its first step was refused: 1 field needs attention"
    press(sheet)
    gone = "The feed is made; its first step was refused: No. The pipeline is gone."
    qtbot.waitUntil(lambda: note(sheet) == gone, timeout=LONG)
    sheet.first.list.take(smooth())
    qtbot.waitUntil(lambda: sheet.compute.table is not None, timeout=LONG)
    press(sheet)
    press(sheet)
    page = sheet._step_page
    qtbot.waitUntil(lambda: page.part == PARAMETERS, timeout=LONG)
    assert sheet.body.currentIndex() == FIRST
    assert note(sheet) == words
    assert "No blanks" in page.form_view.error("prefix")
    field = page.form_view.findChild(QLineEdit, "form.prefix")
    assert field is not None
    assert field.text() == "smooth_"
    assert sheet.window().focusWidget() is field
    # the feed is there: what it is made of is not changed here any more
    assert sheet.cancel_button.text() == "Close"
    assert sheet.details.title.text() == "Pilot"
    assert sheet.details.note.toPlainText() == "second visit"
    assert not sheet.details.isEnabled()
    press(sheet)
    assert page.part == PARAMETERS
    field.selectAll()
    QTest.keyClicks(field, "other_")
    press(sheet)
    assert sheet.body.currentIndex() == REVIEW
    assert sheet.next_button.text() == "Add first step"
    sheet.step_chosen.emit(0)
    assert sheet.body.currentIndex() == REVIEW
    assert "title and data are changed in the feed itself" in note(sheet)

    press(sheet)
    qtbot.waitUntil(lambda: page.part == COMPUTE, timeout=LONG)
    assert added[1].steps[0].intent.parameters == {"prefix": "other_"}
    assert note(sheet) == words
    assert page.compute.view._error.text() == "Not registered with it."
    page.compute.view._group.buttons()[1].click()
    press(sheet)
    press(sheet)
    qtbot.waitUntil(lambda: "out of range" in limit_error(sheet), timeout=LONG)
    assert added[2].steps[0].intent.compute_resource == "host"
    field = page.compute.view.findChild(QLineEdit, "first.limit.cpu_limit")
    assert field is not None
    QTest.keyClicks(field, "2")
    press(sheet)
    press(sheet)
    qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == 1, timeout=LONG)
    assert added[3].steps[0].intent.cpu_limit == 2000
    assert len(feeds.called("create_feed")) == 1
    quiet(qtbot, pane)


def limit_error(sheet: CreateFeedSheet) -> str:
    return str(sheet._step_page.compute.view._fields["cpu_limit"][1].text())


def test_a_slow_answer_lets_the_person_go(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, sheet: CreateFeedSheet
) -> None:
    told: list[Any] = []
    places: list[Any] = []
    pane._context.messages.posted.connect(told.append)
    pane._context.navigator.requested.connect(places.append)
    feeds.first_steps.gate = asyncio.Event()
    press(sheet)
    qtbot.waitUntil(lambda: "is being sent" in note(sheet), timeout=LONG)
    assert "goes on when this is closed" in note(sheet)
    assert sheet.cancel_button.text() == "Close"
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert told[0].title == "The feed is made; its first step is still being sent."
    told[0].action[1]()
    assert places[-1] == ShowJobs("step-0")
    qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == 1, timeout=LONG)
    quiet(qtbot, pane)


def test_refused_data_are_shown_and_closing_while_it_is_sent_is_told(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, sheet: CreateFeedSheet
) -> None:
    told: list[Any] = []
    made: list[Any] = []
    pane._context.messages.posted.connect(told.append)
    sheet.created.connect(made.append)
    library.known["b"] = replace(library.known["a"], item_id="b", title="AX T2")
    sheet._turn("b")
    place = library.known["b"].path
    words = f"This field may not reference an invalid path '{place}'."
    library.known["a"] = replace(library.known["a"], path="home/alex/other")
    sheet._refresh()
    feeds.refusal = Refused("The server refused it.", fields={"value": words})
    press(sheet)
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == DATA, timeout=LONG)
    assert note(sheet) == f"AX T2: The server refused it. {words}"
    assert sheet._list.currentIndex().data() == "AX T2"
    assert sheet.window().focusWidget() is sheet._list
    assert sheet.details.isEnabled()
    assert sheet.cancel_button.text() == "Cancel"
    QTest.keyClick(sheet._list, Qt.Key.Key_Delete)
    assert [item.item_id for item in sheet.items] == ["a"]

    feeds.refusal = None
    sheet.step_chosen.emit(REVIEW)
    qtbot.waitUntil(lambda: not sheet._tasks.pending, timeout=LONG)
    feeds.gate = asyncio.Event()
    press(sheet)
    qtbot.waitUntil(lambda: "goes on when this is closed" in note(sheet), timeout=LONG)
    assert not sheet.next_button.isEnabled()
    QTest.mouseClick(sheet.cancel_button, Qt.MouseButton.LeftButton)
    assert [message.title for message in told] == ["The feed is being sent."]
    assert not made
    feeds.gate.set()
    quiet(qtbot, pane)
