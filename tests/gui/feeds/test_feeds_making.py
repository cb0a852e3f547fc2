"""Add node to the end: pipelines, pickers, earlier runs, and all that is refused."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QMainWindow
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from chrislib.cube.errors import NotFound, Refused
from chrislib.cube.folder_types import Thing, ThingKind
from chrislib.cube.types import StoragePath
from chrislib.feeds.drafts import Problem
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.model import FeedView
from chrislib.feeds.pipeline_files import read_pipeline
from chrislib.feeds.plugins import EarlierRun
from chrislib.jobs.model import WorkflowIntent
from chrislib.library.storage.listing import Batch
from chrislib.library.storage.model import Entry, Place, entry_of
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node import (
    COMPUTE,
    PARAMETERS,
    PLUGIN,
    REVIEW,
    AddNodeSheet,
)
from chrislib.views.feeds.create_feed import CreateFeedSheet
from chrislib.views.feeds.form_view import FormView
from chrislib.views.feeds.pipeline_sheets import MakePipelineSheet
from chrislib.views.feeds.pipelines_sheet import PipelinesSheet
from tests.gui.feeds.conftest import (
    NOW,
    chiari,
    make_item,
    make_parameter,
    make_plugin,
    make_row,
)

LONG = 30_000
Open = Callable[..., AddNodeSheet]


@pytest.fixture
def view() -> FeedView:
    folder = StoragePath("home/alex/feeds/feed_812")
    return FeedView(make_row(812, "Chiari pilot"), chiari(), "", folder, NOW)


@pytest.fixture
def window(qtbot: QtBot, feeds: Any, library: Any, at_rest: Any) -> Iterator[Any]:
    made = QMainWindow()
    made.resize(1200, 760)
    qtbot.addWidget(made)
    made.show()
    yield made
    # pytest-qt may have closed and deleted it by now
    if isValid(made):
        for sheet in made.findChildren(AddNodeSheet):
            sheet.reject()
        made.close()
    at_rest()


@pytest.fixture
def opened(qtbot: QtBot, window: Any, ctx: ViewContext, view: FeedView) -> Open:
    def show(parent: int = 3, **more: Any) -> AddNodeSheet:
        node = next(one for one in view.nodes if one.id == parent)
        sheet = AddNodeSheet(window, ctx, view=view, parent=node, **more)
        sheet.open()
        qtbot.waitUntil(lambda: sheet.plugins.model.total == 4, timeout=LONG)
        return sheet

    return show


def typed(sheet: Any, name: str, text: str) -> None:
    field = sheet.findChild(QLineEdit, name)
    assert isinstance(field, QLineEdit), name
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    QTest.keyClicks(field, text)


def on(qtbot: QtBot, sheet: AddNodeSheet, step: int) -> None:
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == step, timeout=LONG)


def note(sheet: Any) -> str:
    text = sheet._note.text()
    assert isinstance(text, str)
    return text


def to_values(qtbot: QtBot, sheet: AddNodeSheet) -> None:
    sheet.plugins.choose("pl-ants_reg")
    sheet.next_button.click()
    on(qtbot, sheet, PARAMETERS)
    typed(sheet, "form.fixed", "home/alex/uploads/a.nii")
    typed(sheet, "form.transform", "SyN")


# -- pipelines -----------------------------------------------------------------


def test_a_pipeline_is_run_with_what_it_leaves_open(
    qtbot: QtBot, opened: Open, feeds: Any
) -> None:
    sheet = opened(pipelines=True)
    browser = sheet.what.pipelines
    qtbot.waitUntil(lambda: browser.tree is not None, timeout=LONG)
    assert browser.tree_view.accessibleDescription() == "2 nodes"
    QTest.keyClicks(browser.list.search, "volumes author")
    assert browser.list.model.rowCount() == 1
    QTest.keyClick(browser.list.search, Qt.Key.Key_Return)
    on(qtbot, sheet, PARAMETERS)
    # the second node lacks a value: that is where one is
    assert sheet.plan.box.currentText() == "register"
    assert note(sheet) == "1 field needs attention"
    sheet.next_button.click()
    assert sheet.body.currentIndex() == PARAMETERS
    typed(sheet, "plan.form.transform", "SyN")
    assert note(sheet) == ""
    sheet.next_button.click()
    on(qtbot, sheet, COMPUTE)
    sheet.plan_compute.show_node(12)
    typed(sheet, "plan.compute.limit.cpu_limit", "0.1")
    sheet.next_button.click()
    assert sheet.body.currentIndex() == COMPUTE
    error = sheet.findChild(QLabel, "plan.compute.limit.cpu_limit.error")
    assert isinstance(error, QLabel)
    assert "too little" in error.text()
    typed(sheet, "plan.compute.limit.cpu_limit", "2")
    sheet.next_button.click()
    on(qtbot, sheet, REVIEW)
    assert sheet.next_button.text() == "Run pipeline"
    assert sheet.review.command.toPlainText().count("pl-") == 2

    feeds.pipelines.refusal = Refused(
        "The server refused the values.",
        fields={"nodes_info": "Parameter 'transform' of 'register' has no value."},
    )
    sheet.next_button.click()
    on(qtbot, sheet, PARAMETERS)
    assert "of 'register' has no value" in note(sheet)
    assert sheet.plan.box.currentText() == "register"
    field = sheet.findChild(QLineEdit, "plan.form.transform")
    assert isinstance(field, QLineEdit)
    assert field.text() == "SyN"

    feeds.pipelines.refusal = None
    made: list[Any] = []
    sheet.created.connect(made.append)
    sheet._go(REVIEW)
    sheet.next_button.click()
    qtbot.waitUntil(lambda: bool(made), timeout=LONG)
    intent = feeds.pipelines.calls[-1][1]
    assert isinstance(intent, WorkflowIntent)
    assert (intent.pipeline_id, intent.previous_id, intent.feed_id) == (1, 3, 812)
    assert intent.nodes_info == (
        {
            "piping_id": 12,
            "plugin_parameter_defaults": [{"name": "transform", "default": "SyN"}],
            "cpu_limit": 2000,
        },
    )


def test_a_new_feed_begins_with_a_pipeline(
    qtbot: QtBot, window: Any, ctx: ViewContext, feeds: Any, library: Any
) -> None:
    library.hold(make_item("a", "T1"))
    sheet = CreateFeedSheet(window, ctx, ("a",))
    sheet.open()
    page = sheet._step_page
    sheet.first.another.emit()
    page.what.show_kind("pipelines")
    qtbot.waitUntil(lambda: page.what.pipelines.tree is not None, timeout=LONG)
    sheet.next_button.click()
    qtbot.waitUntil(lambda: page.part == 3, timeout=LONG)
    sheet.next_button.click()
    assert note(sheet) == "1 field needs attention"
    typed(sheet, "plan.form.transform", "SyN")
    # where it computes is asked, where there is a choice; Back leads to the values
    sheet.next_button.click()
    assert page.part == 4
    sheet.back_button.click()
    assert page.part == 3
    sheet.next_button.click()
    typed(sheet, "first.limit.cpu_limit", "2")
    sheet.next_button.click()
    chosen = sheet.first.list.chosen
    assert chosen is not None
    assert chosen.title == "Brain volumes"
    sheet.next_button.click()
    qtbot.waitUntil(lambda: bool(feeds.called("create_feed")), timeout=LONG)
    (first,) = feeds.called("create_feed")[0][1]["first"].steps
    assert isinstance(first.intent, WorkflowIntent)
    assert first.intent.pipeline_id == 1
    assert [one.get("cpu_limit") for one in first.intent.nodes_info][:1] == [2000]


_FILE = "name: New one\nplugin_tree:\n- title: one\n  plugin: pl-a v1.0.0\n"


def test_a_file_is_looked_at_before_a_pipeline_is_made_of_it(
    qtbot: QtBot, window: Any, ctx: ViewContext, *, feeds: Any, fakes: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    sheet = PipelinesSheet(window, ctx)
    sheet.open()
    browser = sheet.browser
    qtbot.waitUntil(lambda: browser.tree is not None, timeout=LONG)
    file = tmp_path / "new.yml"
    fakes.dialogs.files = (file,)

    def upload() -> MakePipelineSheet:
        browser._upload.click()
        shown: list[Any] = []

        def is_shown() -> bool:
            sheets = window.findChildren(MakePipelineSheet)
            shown[:] = [one for one in sheets if one.isVisible()]
            return bool(shown)

        qtbot.waitUntil(is_shown, timeout=LONG)
        made = shown[0]
        assert isinstance(made, MakePipelineSheet)
        qtbot.waitUntil(lambda: not made._busy, timeout=LONG)
        return made

    file.write_text(_FILE + "  previous: two\n", encoding="utf-8")
    bad = upload()
    words = [bad.list.item(n).text() for n in range(bad.list.count())]
    assert any("Line 3, node “one”: There is no node “two”." in one for one in words)
    assert not bad.next_button.isEnabled()
    bad.reject()
    feeds.pipelines.problems = [Problem("This server has no pl-a 1.0.0.", "one", 3)]
    file.write_text(_FILE, encoding="utf-8")
    bad = upload()
    assert bad.list.item(0).text().startswith("Line 3, node “one”: This server has no")
    bad.reject()

    feeds.pipelines.problems = []
    good = upload()
    assert good.list.isHidden()
    assert good.name.text() == "New one"
    feeds.pipelines.refusal = Refused("Refused.", fields={"name": "This is taken."})
    good.next_button.click()
    qtbot.waitUntil(lambda: not good._name_error.isHidden(), timeout=LONG)
    assert good._name_error.text() == "This is taken."
    feeds.pipelines.refusal = None
    typed(good, "make.name", "Newer one")
    good.next_button.click()
    qtbot.waitUntil(lambda: feeds.pipelines.rows[-1].id == 9, timeout=LONG)
    # the list shows it, highlighted
    qtbot.waitUntil(
        lambda: browser.tree is not None and browser.tree.pipeline.id == 9,
        timeout=LONG,
    )
    sheet.reject()


def test_a_pipeline_is_taken_along_and_one_of_ones_own_deleted(
    qtbot: QtBot, window: Any, ctx: ViewContext, *, feeds: Any, fakes: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    sheet = PipelinesSheet(window, ctx)
    sheet.open()
    browser = sheet.browser
    qtbot.waitUntil(lambda: browser.tree is not None, timeout=LONG)
    fakes.dialogs.folder = tmp_path

    def act(name: str) -> bool:
        assert browser.list.current is not None
        menu = browser.menu_of(browser.list.current)
        action = next(one for one in menu.actions() if one.objectName() == name)
        able = action.isEnabled()
        action.trigger()
        menu.close()
        return able

    for kind, ending in (("yaml", "yml"), ("json", "json")):
        assert act(f"pipelines.export.{kind}")
        file = tmp_path / f"Brain volumes.{ending}"
        qtbot.waitUntil(file.exists, timeout=LONG)
        qtbot.waitUntil(lambda: not browser._tasks.pending, timeout=LONG)
        draft, problems = read_pipeline(file.read_text(encoding="utf-8"), kind=kind)
        assert problems == ()
        assert draft is not None
        assert [node.title for node in draft.nodes] == ["convert", "register"]
    # that one belongs to somebody else
    assert not act("pipelines.delete")
    assert browser.list.choose(2)
    qtbot.waitUntil(lambda: browser.tree is not None, timeout=LONG)
    assert act("pipelines.delete")
    qtbot.waitUntil(lambda: browser.list.model.total == 1, timeout=LONG)
    assert feeds.pipelines.calls == [("delete", 2)]
    assert fakes.dialogs.asked[-1] == "Delete “My trial” on the server?"
    sheet.reject()


def test_a_branch_becomes_a_pipeline(
    qtbot: QtBot, window: Any, ctx: ViewContext, feeds: Any, view: FeedView
) -> None:
    sheet = MakePipelineSheet(window, ctx, title="Make a pipeline")
    sheet.open()
    sheet.show_branch(view, view.nodes[2])
    qtbot.waitUntil(lambda: not sheet._busy, timeout=LONG)
    sheet.next_button.click()
    assert sheet._name_error.text() == "A pipeline needs a name."
    typed(sheet, "make.name", "Of a branch")
    typed(sheet, "make.category", "MRI")
    sheet.next_button.click()
    qtbot.waitUntil(lambda: bool(feeds.pipelines.calls), timeout=LONG)
    draft = feeds.pipelines.calls[0][1]
    assert (draft.name, draft.category, len(draft.nodes)) == ("Of a branch", "MRI", 2)


# -- what is refused -----------------------------------------------------------


def test_a_gone_compute_resource_and_bad_limits_are_shown_where_they_are(
    qtbot: QtBot, opened: Open, feeds: Any
) -> None:
    sheet = opened()
    to_values(qtbot, sheet)
    sheet.next_button.click()
    on(qtbot, sheet, COMPUTE)
    typed(sheet, "limit.memory_limit", "100")
    sheet.next_button.click()
    assert sheet.body.currentIndex() == COMPUTE
    assert note(sheet) == "1 field needs attention"
    typed(sheet, "limit.memory_limit", "1 GiB")
    sheet.next_button.click()
    on(qtbot, sheet, REVIEW)
    said = "Plugin 'pl-ants_reg' has not been registered with 'slurm-gpu'."
    feeds.refusal = Refused("Refused.", fields={"compute_resource_name": said})
    sheet.next_button.click()
    on(qtbot, sheet, COMPUTE)
    error = sheet.findChild(QLabel, "compute.error")
    assert isinstance(error, QLabel)
    assert error.text() == said
    assert sheet.compute.limits is not None
    assert sheet.compute.limits.values == {"memory_limit": 1024}
    feeds.refusal = Refused("Refused.", fields={"memory_limit": "Out of range."})
    next(b for b in sheet.compute._group.buttons() if b.text() == "host").click()
    sheet.next_button.click()
    on(qtbot, sheet, REVIEW)
    sheet.next_button.click()
    on(qtbot, sheet, COMPUTE)
    assert sheet.compute.limits.errors() == {"memory_limit": "Out of range."}
    values = feeds.called("add_node")[-1][1]
    assert (values["compute"], values["limits"]) == ("host", {"memory_limit": 1024})
    assert sheet.form_view.form is not None
    assert sheet.form_view.form.text("transform") == "SyN"


def test_a_value_the_server_does_not_name_is_found(
    qtbot: QtBot, opened: Open, feeds: Any
) -> None:
    sheet = opened()
    to_values(qtbot, sheet)
    sheet.form_view.add_parameter("threads")
    sheet._go(REVIEW)
    feeds.refusal = Refused(
        "Refused.", fields={"value": "A valid integer is required."}
    )
    sheet.next_button.click()
    on(qtbot, sheet, PARAMETERS)
    assert sheet.form_view.error("threads") == "A valid integer is required."
    sheet._go(REVIEW)
    assert sheet.body.currentIndex() == PARAMETERS
    typed(sheet, "form.threads", "2")
    said = "Couldn't find any path home/alex/uploads/a.nii."
    feeds.refusal = Refused("Refused.", fields={"value": said})
    sheet._go(REVIEW)
    sheet.next_button.click()
    on(qtbot, sheet, PARAMETERS)
    assert sheet.form_view.error("fixed") == said


def test_a_removed_plugin_loses_nothing_that_was_typed(
    qtbot: QtBot, opened: Open, feeds: Any
) -> None:
    feeds.plugins.others = [make_plugin(99, "pl-ants_reg", "2.2.0")]
    sheet = opened()
    to_values(qtbot, sheet)
    sheet._go(REVIEW)
    feeds.refusal = NotFound("Not found.")
    sheet.next_button.click()
    on(qtbot, sheet, PLUGIN)
    assert "pl-ants_reg 2.3.1 was removed from the server" in note(sheet)
    assert feeds.called("forget")
    facts = sheet.what.facts
    qtbot.waitUntil(lambda: facts.box.count() == 2, timeout=LONG)
    qtbot.waitUntil(lambda: not sheet.what._tasks.pending, timeout=LONG)
    facts.box.setCurrentIndex(1)
    facts.box.activated.emit(1)
    feeds.refusal = None
    sheet.next_button.click()
    on(qtbot, sheet, PARAMETERS)
    form = sheet.form_view.form
    assert form is not None
    assert form.plugin.version == "2.2.0"
    assert form.text("fixed") == "home/alex/uploads/a.nii"
    assert form.text("transform") == "SyN"


def test_a_deleted_parent_and_a_failed_one_are_said(
    qtbot: QtBot, opened: Open, feeds: Any, view: FeedView
) -> None:
    sheet = opened(8)
    assert "pl-mri_deface 1.1 failed" in note(sheet)
    to_values(qtbot, sheet)
    sheet._go(REVIEW)
    assert not sheet.review.banner.isHidden()
    feeds.refusal = Refused("Refused.", fields={"previous_id": "Couldn't find any."})
    sheet.next_button.click()
    qtbot.waitUntil(lambda: "is not there any more" in note(sheet), timeout=LONG)
    assert sheet.body.currentIndex() == REVIEW
    assert "--transform SyN" in sheet.review.command.toPlainText()
    # deleted while the sheet was open: the last look at the feed says so
    gone = replace(view, nodes=tuple(n for n in view.nodes if n.id != 3))
    feeds.known = lambda _feed_id: gone
    other = opened(3)
    to_values(qtbot, other)
    assert note(other) == ""
    other._go(REVIEW)
    assert not other.review.banner.isHidden()


# -- values --------------------------------------------------------------------


def thing(number: int, path: str, kind: ThingKind = "folder") -> Thing:
    where = StoragePath(path)
    return Thing(kind, number, where, owner="a", public=False, created=None)


class MemoryStorage:
    """Folders of files, given a few at a time."""

    def __init__(self) -> None:
        self.read: list[str] = []

    async def roots(self) -> tuple[Entry, ...]:
        return (entry_of(thing(1, "home")), entry_of(thing(2, "PIPELINES")))

    async def place(self, path: str) -> Place:
        return Place(entry_of(thing(7, path)))

    async def contents(self, entry: Entry) -> AsyncIterator[Batch]:
        self.read.append(entry.path)
        names = [f"{entry.path}/{n}.nii" for n in range(4)]
        rows = [entry_of(thing(n, name, "file")) for n, name in enumerate(names, 50)]
        yield Batch(tuple(rows[:2]), 4, complete=False)
        yield Batch(tuple(rows[2:]), 4, complete=True)


@pytest.fixture
def storage(fakes: Any) -> MemoryStorage:
    fakes.storage = MemoryStorage()
    return fakes.storage  # type: ignore[no-any-return]


def test_paths_are_picked_from_feed_library_and_storage(
    qtbot: QtBot, storage: MemoryStorage, opened: Open, library: Any
) -> None:
    library.hold(make_item("a", "SAG T1"), make_item("b", "AX T2"))
    sheet = opened()
    sheet.plugins.choose("pl-ants_reg")
    sheet.next_button.click()
    on(qtbot, sheet, PARAMETERS)
    picker = sheet.page.picker
    sheet.form_view.path_wanted.emit("fixed")
    model, tree = picker.model, picker.view

    def titles() -> list[str]:
        return [model.item(row).text() for row in range(model.rowCount())]

    wanted = ["This feed", "Tray", "My library", "home"]
    qtbot.waitUntil(lambda: titles() == wanted, timeout=LONG)
    QTest.keyClicks(picker.search, "T2")
    tray = model.item(1)
    assert tree.isRowHidden(0, tray.index())
    assert not tree.isRowHidden(1, tray.index())
    picker.search.clear()
    node = model.item(0).child(2)
    tree.expand(node.index())
    qtbot.waitUntil(lambda: node.rowCount() == 3, timeout=LONG)
    assert node.child(2).text() == "Show 2 more"
    tree.setCurrentIndex(node.child(2).index())
    QTest.keyClick(tree, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: node.rowCount() == 4, timeout=LONG)
    assert len(storage.read) == 1
    tree.setCurrentIndex(node.child(3).index())
    QTest.keyClick(tree, Qt.Key.Key_Return)
    path = "home/alex/feeds/feed_812/pl-bet_3/data/3.nii"
    form = sheet.form_view.form
    assert form is not None
    assert form.text("fixed") == path
    assert path in sheet.form_view.command.toPlainText()
    assert picker.isHidden() or not picker.isVisible()
    # Esc puts the column away before it closes the sheet
    sheet.form_view.path_wanted.emit("fixed")
    assert picker.isVisible()
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not picker.isVisible()
    assert sheet.isVisible()


def test_an_earlier_run_fills_in_what_it_was_given(
    qtbot: QtBot, opened: Open, feeds: Any, posted: list[Any]
) -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    plugins = feeds.plugins
    plugins.runs = [
        EarlierRun(
            *(41, 790, "Adults", "2.3.1", "finishedSuccessfully", at),
            compute="host",
            limits={"cpu_limit": 3000, "memory_limit": 200},
        ),
        EarlierRun(40, 770, "", "2.1", "cancelled", None),
    ]
    plugins.values[41] = {"fixed": "home/x/y", "threads": "8", "old": "1"}
    sheet = opened()
    to_values(qtbot, sheet)
    sheet.form_view.add_parameter("prefix")
    sheet.form_view.earlier.click()
    runs = sheet.page.runs
    qtbot.waitUntil(lambda: runs.list.count() == 2, timeout=LONG)
    assert "Adults, feed 790" in runs.list.item(0).text()
    QTest.keyClick(runs.list, Qt.Key.Key_Return)
    form = sheet.form_view.form
    assert form is not None
    qtbot.waitUntil(lambda: form.text("fixed") == "home/x/y", timeout=LONG)
    # that, and nothing of what was there before
    assert [p.name for p in form.given] == ["fixed", "transform", "threads"]
    assert form.text("transform") == ""
    assert sheet.compute.compute == "host"
    assert sheet.compute.limits is not None
    assert sheet.compute.limits.values == {"cpu_limit": 3000}
    assert "does not know old" in str(posted[-1])


def test_unknown_types_are_text_and_long_forms_are_complete(
    qtbot: QtBot, window: Any, ctx: ViewContext
) -> None:
    strange = make_parameter("matrix", type="matrix3x3", optional=False, default=None)
    many = [
        make_parameter(f"value{n}", optional=False, default="a", help="Some words.")
        for n in range(60)
    ]
    view = FormView(ctx)
    window.setCentralWidget(view)
    form = ParameterForm(make_plugin(5, "pl-many"), [strange, *many])
    view.set_form(form)
    note_ = view.findChild(QLabel, "form.matrix.help")
    assert isinstance(note_, QLabel)
    assert "does not know type “matrix3x3”" in note_.text()
    typed(view, "form.matrix", "1 0 0")
    assert form.payload()["matrix"] == "1 0 0"
    # only what is on screen is there at once; what is asked for comes at once too
    assert view.rows < 61
    form.set("value3", "b")
    view.command.setPlainText(form.made_command_line())
    assert view.ask() is True
    view.command.setPlainText("pl-many --matrix 1 --value59 x")
    view.go_to("value59")
    assert window.focusWidget().objectName() == "form.value59"
    qtbot.waitUntil(lambda: view.complete, timeout=LONG)
    assert view.rows == 61


def test_the_facts_of_a_plugin_stand_beside_the_list(
    qtbot: QtBot, opened: Open, feeds: Any
) -> None:
    plugins = feeds.plugins
    plugins.others = [make_plugin(99, "pl-ants_reg", "2.2.0")]
    plugins.plugins = [
        replace(one, authors="N. Body", description="Moves images.")
        for one in plugins.plugins
    ]
    sheet = opened()
    model = sheet.plugins.model
    words = [
        model.data(model.index(row), Qt.ItemDataRole.AccessibleTextRole)
        for row in range(2)
    ]
    assert str(words[0]).endswith("used recently")
    assert str(words[1]).endswith("used 3 times")
    QTest.keyClicks(sheet.plugins.search, "n. body moves reg")
    assert sheet.plugins.model.rowCount() == 1
    facts = sheet.what.facts
    qtbot.waitUntil(lambda: facts._head.text() == "Parameters (6)", timeout=LONG)
    assert "--fixed  (data, required)" in facts._parameters.text()
    assert [facts.box.itemText(n) for n in range(facts.box.count())] == [
        "2.3.1",
        "2.2.0",
    ]
    assert facts.findChild(QLabel, "plugin.text").text() == "Moves images."  # type: ignore[union-attr]
