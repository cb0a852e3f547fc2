"""The sheets of Feeds: adding a node and creating a feed."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget, QMainWindow, QPlainTextEdit
from pytestqt.qtbot import QtBot

from chrislib.cube.errors import Refused
from chrislib.errors import ChrislibError
from chrislib.feeds.recipes import Recipe
from chrislib.jobs.model import RunIntent
from chrislib.jobs.submission.held import Next
from chrislib.library.model import ItemState
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node import COMPUTE, PARAMETERS, REVIEW, AddNodeSheet
from chrislib.views.feeds.create_feed import CreateFeedSheet
from chrislib.views.feeds.pane import FeedsPane

LONG = 30_000


@pytest.fixture
def pane(qtbot: QtBot, feeds: Any, library: Any, ctx: ViewContext, at_rest: Any) -> Any:
    window = QMainWindow()
    made = FeedsPane(ctx)
    window.setCentralWidget(made)
    window.resize(1440, 900)
    qtbot.addWidget(window)
    window.show()
    made.show_feed(812, 3)
    qtbot.waitUntil(lambda: made.node is not None and made.node.id == 3)
    qtbot.waitUntil(lambda: not made._tasks.pending)
    yield made
    made.shutdown()
    window.close()
    at_rest()


def field(sheet: Any, name: str) -> QLineEdit:
    found = sheet.findChild(QLineEdit, name)
    assert isinstance(found, QLineEdit)
    return found


def command(sheet: Any) -> QPlainTextEdit:
    found = sheet.findChild(QPlainTextEdit, "form.command")
    assert isinstance(found, QPlainTextEdit)
    return found


def press(sheet: Any) -> None:
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)


def open_add(qtbot: QtBot, pane: FeedsPane) -> AddNodeSheet:
    QTest.mouseClick(pane.inspector.add_button, Qt.MouseButton.LeftButton)
    sheet = pane.window().findChild(AddNodeSheet)
    assert isinstance(sheet, AddNodeSheet)
    qtbot.waitUntil(lambda: sheet.plugins.model.total == 4)
    return sheet


def to_parameters(qtbot: QtBot, pane: FeedsPane, words: str) -> AddNodeSheet:
    sheet = open_add(qtbot, pane)
    QTest.keyClicks(sheet.plugins.search, words)
    press(sheet)
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == PARAMETERS)
    return sheet


def quiet(qtbot: QtBot, pane: FeedsPane) -> None:
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def test_a_node_is_added_by_keys_alone(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    sheet = open_add(qtbot, pane)
    QTest.keyClicks(sheet.plugins.search, "dcm2niix")
    QTest.keyClick(sheet.plugins.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == PARAMETERS)
    press(sheet)
    assert sheet.body.currentIndex() == REVIEW
    assert sheet.next_button.text() == "Add node"
    field(sheet, "review.title").setText("volumes")
    press(sheet)
    qtbot.waitUntil(lambda: bool(feeds.called("add_node")))
    values = feeds.called("add_node")[0][1]
    assert values["parent"].id == 3
    assert values["title"] == "volumes"
    assert values["compute"] == ""
    # the new node is highlighted
    qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == 6)
    quiet(qtbot, pane)


def test_next_goes_to_the_first_refused_field(qtbot: QtBot, pane: FeedsPane) -> None:
    sheet = to_parameters(qtbot, pane, "ants")
    assert "attention" not in sheet._note.text()
    press(sheet)
    assert sheet.body.currentIndex() == PARAMETERS
    assert sheet._note.text() == "2 fields need attention"
    assert pane.window().focusWidget() is field(sheet, "form.fixed")
    QTest.keyClicks(field(sheet, "form.fixed"), "home/alex/uploads/T1.nii")
    assert sheet._note.text() == "1 field needs attention"
    QTest.keyClicks(field(sheet, "form.transform"), "SyN")
    assert sheet._note.text() == ""
    press(sheet)
    assert sheet.body.currentIndex() == COMPUTE
    sheet.reject()


def test_form_and_command_line_are_one(qtbot: QtBot, pane: FeedsPane) -> None:
    sheet = to_parameters(qtbot, pane, "ants")
    QTest.keyClicks(field(sheet, "form.transform"), "two words")
    assert command(sheet).toPlainText() == "pl-ants_reg --transform 'two words'"
    command(sheet).setPlainText(
        "pl-ants_reg --fixed home/alex/a/b --threads 8 --verbose"
    )
    assert field(sheet, "form.fixed").text() == "home/alex/a/b"
    assert field(sheet, "form.threads").text() == "8"
    assert field(sheet, "form.transform").text() == ""
    command(sheet).setPlainText("pl-ants_reg --fixed home/alex/a/b --nope")
    assert sheet.form_view._problem.text() == "pl-ants_reg has no parameter --nope."
    assert command(sheet).toPlainText().endswith("--nope")
    assert sheet.findChild(QLineEdit, "form.threads") is None or (
        not field(sheet, "form.threads").isVisible()
    )
    sheet.reject()


def test_a_refused_create_keeps_what_was_typed(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    sheet = to_parameters(qtbot, pane, "ants")
    QTest.keyClicks(field(sheet, "form.fixed"), "home/alex/uploads/gone.nii")
    QTest.keyClicks(field(sheet, "form.transform"), "SyN")
    press(sheet)
    press(sheet)
    assert sheet.body.currentIndex() == REVIEW
    feeds.refusal = Refused(
        "The server refused the values.",
        fields={"fixed": "This path does not exist."},
    )
    press(sheet)
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == PARAMETERS)
    assert field(sheet, "form.fixed").text() == "home/alex/uploads/gone.nii"
    assert field(sheet, "form.fixed").property("refused") is True
    assert sheet.form_view.error("fixed") == "This path does not exist."
    assert sheet._note.text() == "1 field needs attention"
    assert sheet.isVisible()
    feeds.refusal = None
    field(sheet, "form.fixed").selectAll()
    QTest.keyClicks(field(sheet, "form.fixed"), "home/alex/uploads/T1.nii")
    for _ in range(3):
        press(sheet)
    qtbot.waitUntil(lambda: len(feeds.called("add_node")) == 2)
    qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == 6)
    quiet(qtbot, pane)


def test_a_refusal_without_a_field_is_told_in_the_foot(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    sheet = to_parameters(qtbot, pane, "simpledsapp")
    press(sheet)
    feeds.refusal = ChrislibError(
        "No answer from the server.", "Nothing is known of the run.", hint="Try again."
    )
    press(sheet)
    qtbot.waitUntil(lambda: "No answer" in sheet._note.text())
    assert sheet.body.currentIndex() == REVIEW
    assert sheet.next_button.isEnabled()
    sheet.reject()


def test_a_join_chooses_its_nodes(qtbot: QtBot, pane: FeedsPane, feeds: Any) -> None:
    sheet = to_parameters(qtbot, pane, "topological")
    joins = sheet.findChild(QListWidget, "form.joins")
    assert joins is not None
    assert joins.isVisible()
    for row in range(joins.count()):
        item = joins.item(row)
        if item.data(Qt.ItemDataRole.UserRole) == 5:
            item.setCheckState(Qt.CheckState.Checked)
    press(sheet)
    press(sheet)
    qtbot.waitUntil(lambda: bool(feeds.called("add_node")))
    parents = feeds.called("add_node")[0][1]["parents"]
    assert [node.id for node in parents] == [3, 5]
    qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == 6)
    quiet(qtbot, pane)


def test_run_again_starts_with_the_same_values(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    pane.actions_.run_again()
    sheet = pane.window().findChild(AddNodeSheet)
    assert isinstance(sheet, AddNodeSheet)
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == PARAMETERS)
    assert field(sheet, "form.fixed").text() == "home/alex/uploads/a.nii"
    assert feeds.called("form_again") == [("form_again", 3)]
    assert sheet.compute.limits is not None
    assert sheet.compute.limits.values == {"cpu_limit": 3000}
    # the new node stands beside the old one, not after it
    assert "After pl-dcm2niix 1.0.1" in sheet.subtitle.text()
    qtbot.waitUntil(lambda: sheet.plugins.model.total == 4)
    sheet.reject()


def test_no_plugins_says_why(qtbot: QtBot, pane: FeedsPane, feeds: Any) -> None:
    feeds.error = ChrislibError("No answer from chris.example.org.")
    pane.actions_.add_node()
    sheet = pane.window().findChild(AddNodeSheet)
    assert isinstance(sheet, AddNodeSheet)
    state = sheet.plugins._state
    qtbot.waitUntil(state.isVisible)
    assert state.accessibleName() == "No answer from chris.example.org."
    feeds.error = None
    sheet.plugins.retry.emit()
    qtbot.waitUntil(lambda: sheet.plugins.model.total == 4)
    sheet.reject()
    quiet(qtbot, pane)


def volumes() -> Recipe:
    intent = RunIntent(
        plugin_id=2,
        plugin_name="pl-dcm2niix",
        plugin_version="1.0.4",
        plugin_type="ds",
        parameters={},
    )
    return Recipe(
        key="volumes",
        title="Volumes, children",
        detail="dcm2niix → FastSurfer → fs_stats",
        steps=(Next(intent),),
        uses=6,
        last_at=1_773_000_000.0,
        usual=(2280.0, 3120.0),
    )


def open_create(pane: FeedsPane) -> CreateFeedSheet:
    pane.new_feed(())
    sheet = pane.window().findChild(CreateFeedSheet)
    assert isinstance(sheet, CreateFeedSheet)
    return sheet


def test_a_feed_is_made_of_the_tray(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    library.hold(make.item("a", "SAG T1"), make.item("b", "AX T2"))
    library.known["c"] = make.item("c", "COR T1")
    feeds.recipes_ = [volumes()]
    sheet = open_create(pane)
    # with data in the tray everything stands on one page: two clicks make a feed
    assert sheet.body.currentIndex() == 3
    assert sheet.next_button.text() == "Create feed"
    title = field(sheet, "create.title")
    assert "SAG T1 and 1 more" in title.text()
    assert "Doe" not in title.text()
    assert title.hasFocus()
    title.selectAll()
    QTest.keyClicks(title, "Pilot")
    note = sheet.findChild(QPlainTextEdit, "create.note")
    assert note is not None
    QTest.keyClicks(note, "second visit")
    tags = sheet.details.tags
    QTest.keyClicks(tags.edit, "chiari,follow-up")
    first = sheet.first.list
    qtbot.waitUntil(lambda: len(first.choices.rows) == 2, timeout=LONG)
    nothing = first.chosen
    assert nothing is None
    QTest.keyClick(first, Qt.Key.Key_Up)
    chosen = first.chosen
    assert chosen is not None
    # more of the Library is chosen in the sheet itself
    sheet.step_chosen.emit(1)
    picker = sheet._picker
    qtbot.waitUntil(lambda: picker.items.rowCount() == 3, timeout=LONG)
    QTest.keyClicks(picker.search, "cor")
    qtbot.waitUntil(lambda: picker.items.rowCount() == 1, timeout=LONG)
    picker.view.setCurrentIndex(picker.items.index(0, 0))
    QTest.keyClick(picker.view, Qt.Key.Key_Space)
    assert [item.item_id for item in sheet.items] == ["a", "b", "c"]
    press(sheet)
    press(sheet)
    press(sheet)
    qtbot.waitUntil(lambda: bool(feeds.called("create_feed")), timeout=LONG)
    values = feeds.called("create_feed")[0][1]
    assert values["title"] == "Pilot"
    assert values["note"] == "second visit"
    assert values["tags"] == ("chiari", "follow-up")
    assert values["first"] == volumes()
    assert [item.item_id for item in values["items"]] == ["a", "b", "c"]
    qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == 1, timeout=LONG)
    quiet(qtbot, pane)


def test_a_refused_title_is_shown_at_its_field(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    library.hold(make.item("a", "SAG T1"))
    sheet = open_create(pane)
    title = field(sheet, "create.title")
    error = sheet.details.title_error
    title.setText("")
    press(sheet)
    assert error.text() == "A feed needs a title."
    title.setText("x" * 101)
    press(sheet)
    assert "101 characters" in error.text()
    assert not feeds.called("create_feed")
    title.setText("Pilot / volumes")
    sheet.details.tags.add("mine")
    feeds.refusal = Refused("No.", fields={"title": "A title cannot contain “/”."})
    press(sheet)
    qtbot.waitUntil(lambda: "cannot contain" in error.text(), timeout=LONG)
    assert error.isVisible()
    assert title.text() == "Pilot / volumes"
    assert sheet.details.tags.words == ("mine",)
    assert sheet._note.text() == "1 field needs attention"
    assert sheet.next_button.isEnabled()
    sheet.reject()


def test_a_feed_of_what_is_on_the_way_waits_without_the_sheet(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    told: list[Any] = []
    pane._context.messages.posted.connect(told.append)
    library.hold(
        make.item("a", "SAG T1"),
        make.item("b", "AX T2", state=ItemState.WANTED, path=""),
        make.item("z", "Elsewhere"),
    )
    library.other_places["z"] = "chris.example.org"
    sheet = open_create(pane)
    assert "1 item is only ticked so far, and pulled now" in sheet._banner.text
    assert "1 item is on chris.example.org" in sheet._elsewhere.text
    # nothing is left out without a word
    dialogs: Any = pane._context.dialogs
    dialogs.answer = False
    press(sheet)
    qtbot.waitUntil(lambda: bool(dialogs.asked), timeout=LONG)
    assert dialogs.asked == ["1 item is on chris.example.org"]
    qtbot.waitUntil(lambda: not sheet._tasks.pending, timeout=LONG)
    assert not feeds.called("create_feed")
    dialogs.answer = True
    press(sheet)
    qtbot.waitUntil(lambda: bool(feeds.called("create_feed")), timeout=LONG)
    values = feeds.called("create_feed")[0][1]
    assert [item.item_id for item in values["items"]] == ["a", "b"]
    qtbot.waitUntil(lambda: bool(told), timeout=LONG)
    assert told[0].title == "The feed waits for its data."
    assert told[0].detail == "Starts when 1 more is here."
    quiet(qtbot, pane)


def test_another_plugin_becomes_the_first_step(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    library.hold(make.item("a", "SAG T1"))
    sheet = open_create(pane)
    sheet.first.another.emit()
    page = sheet._step_page
    qtbot.waitUntil(lambda: page.plugins.model.total > 0, timeout=LONG)
    press(sheet)
    assert sheet._note.text() == "Choose a plugin first."
    assert page.plugins.choose("pl-ants_reg")
    press(sheet)
    qtbot.waitUntil(lambda: page.part == 2, timeout=LONG)
    press(sheet)
    assert "attention" in sheet._note.text()
    form = page.form_view
    QTest.keyClicks(field(form, "form.fixed"), "home/alex/uploads/a.nii")
    QTest.keyClicks(field(form, "form.transform"), "SyN")
    press(sheet)
    assert page.part == 4  # there are two places where it can compute
    press(sheet)
    assert sheet.body.currentIndex() == 3
    assert sheet.first.list.chosen is not None
    press(sheet)
    qtbot.waitUntil(lambda: bool(feeds.called("create_feed")), timeout=LONG)
    (step,) = feeds.called("create_feed")[0][1]["first"].steps
    assert step.intent.plugin_name == "pl-ants_reg"
    assert step.intent.parameters["fixed"] == "home/alex/uploads/a.nii"
    qtbot.waitUntil(lambda: pane.node is not None and pane.node.id == 1, timeout=LONG)
    quiet(qtbot, pane)


def test_an_item_is_taken_out(
    qtbot: QtBot, pane: FeedsPane, library: Any, make: Any
) -> None:
    library.hold(
        make.item("a", "SAG T1"), make.item("b", "AX T2", state=ItemState.FAILED)
    )
    sheet = open_create(pane)
    assert "1 item did not arrive" in sheet._banner.text
    sheet.step_chosen.emit(1)
    shown = sheet._list
    shown.setCurrentIndex(shown.items.index(2, 0))
    QTest.keyClick(shown, Qt.Key.Key_Delete)
    assert [item.item_id for item in sheet.items] == ["a"]
    sheet.step_chosen.emit(3)
    assert sheet._banner.isHidden()
    sheet.reject()


def test_without_data_the_sheet_says_where_to_get_some(
    qtbot: QtBot, pane: FeedsPane, ctx: ViewContext
) -> None:
    places: list[Any] = []
    ctx.navigator.requested.connect(places.append)
    sheet = open_create(pane)
    press(sheet)
    assert sheet._nothing.isVisible()
    press(sheet)
    assert sheet.body.currentIndex() == 1
    sheet._to_library()
    assert places


def test_the_graph_shows_where_the_new_node_will_stand(
    qtbot: QtBot, pane: FeedsPane
) -> None:
    sheet = open_add(qtbot, pane)
    graph = pane.centre.graph
    assert graph.selected is not None
    assert graph.node_center(0).y() > graph.node_center(graph.selected).y()
    sheet.reject()
    qtbot.waitUntil(lambda: 0 not in graph._scene.boxes)
