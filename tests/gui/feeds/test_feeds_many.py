"""Same recipe on many, and where a new feed computes, over fakes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMainWindow, QRadioButton
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_csv import Meaning
from chrislib.feeds.many_model import Column
from chrislib.feeds.recipes import Recipe, of_plugin, recipe_of
from chrislib.feeds.subjects import subjects_of
from chrislib.jobs.model import RunIntent
from chrislib.jobs.submission.held import Next
from chrislib.tables import Table
from chrislib.views.context import ViewContext
from chrislib.views.feeds.create_feed import CreateFeedSheet
from chrislib.views.feeds.create_feed_first import NOTHING
from chrislib.views.feeds.create_feed_step import COMPUTE as STEP_COMPUTE
from chrislib.views.feeds.many_columns import ManyColumnsSheet
from chrislib.views.feeds.many_model import ManyModel
from chrislib.views.feeds.many_review import AT_ONCE, DryRun
from chrislib.views.feeds.many_sheet import COMPUTE, RECIPE, REVIEW, SUBJECTS, ManySheet
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.widgets.text import ElidedLabel
from tests.gui.feeds.conftest import make_parameter

LONG = 30_000


@pytest.fixture
def pane(qtbot: QtBot, feeds: Any, library: Any, ctx: ViewContext, at_rest: Any) -> Any:
    feeds.many.parameters = {
        "pl-fs": (
            make_parameter("sid", optional=False, default=None),
            make_parameter("threads", type="integer", default=1),
        )
    }
    window = QMainWindow()
    made = FeedsPane(ctx)
    window.setCentralWidget(made)
    window.resize(1440, 900)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: not made._tasks.pending, timeout=LONG)
    yield made
    made.shutdown()
    window.close()
    at_rest()


def fs(**parameters: Any) -> RunIntent:
    return RunIntent(7, "pl-fs", "1.0", "ds", parameters or {"sid": "s"})


def press(sheet: Any) -> None:
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)


def choose(sheet: Any, name: str) -> None:
    choice = sheet.findChild(QRadioButton, name)
    assert isinstance(choice, QRadioButton), name
    choice.click()


def typed(sheet: Any, name: str, text: str) -> None:
    field = sheet.findChild(QLineEdit, name)
    assert isinstance(field, QLineEdit), name
    field.selectAll()
    QTest.keyClicks(field, text)


def open_many(qtbot: QtBot, pane: FeedsPane, recipe: Recipe) -> ManySheet:
    pane.many.open((), recipe)
    sheet = pane.window().findChild(ManySheet)
    assert isinstance(sheet, ManySheet)
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == SUBJECTS, timeout=LONG)
    return sheet


def test_a_table_of_a_person_becomes_feeds(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    library.known["a"] = make.item("a", "sub-a")
    library.known["b"] = make.item("b", "sub-b")
    folder: Path = pane._context.paths.downloads
    folder.mkdir(parents=True)
    csv = folder / "people.csv"
    csv.write_text(
        "Item;--sid;threads;age\nsub-a;A1;x;7\nsub-b;B1;4;8\nsub-c;C1;4;9\n",
        encoding="utf-8",
    )
    dialogs: Any = pane._context.dialogs
    dialogs.files = (csv,)
    sheet = open_many(qtbot, pane, of_plugin(fs()))
    assert sheet._nothing.isVisible()
    sheet._open_csv()
    found: list[ManyColumnsSheet] = []

    def there() -> bool:
        found[:] = pane.window().findChildren(ManyColumnsSheet)
        return bool(found) and found[0].next_button.isEnabled()

    qtbot.waitUntil(there, timeout=LONG)
    columns = found[0]
    assert [box.currentText() for box in columns._kinds] == [
        "Name in the library",
        "pl-fs --sid",
        "pl-fs --threads",
        "For titles only",
    ]
    assert columns.next_button.text() == "Take over 3 rows"
    # without saying who is meant nothing is taken over
    columns._kinds[0].setCurrentIndex(0)
    columns._retype(0)
    press(columns)
    assert "No column says" in columns._note.text()
    item = columns._kinds[0].findText("Name in the library")
    columns._kinds[0].setCurrentIndex(item)
    columns._retype(0)
    press(columns)
    table = sheet.table
    assert table is not None
    qtbot.waitUntil(lambda: len(table.rows) == 3, timeout=LONG)
    assert [table.verdict(n).kind for n in range(3)] == ["refused", "can", "refused"]

    # Next goes to the first refused cell, and says what is left out
    press(sheet)
    assert sheet.body.currentIndex() == SUBJECTS
    view = sheet.page.view
    threads = sheet.page.model.column_of(Column(0, "threads"))
    assert (view.currentIndex().row(), view.currentIndex().column()) == (0, threads)
    sheet.page.model.setData(view.currentIndex(), "2")
    press(sheet)
    assert "1 row needs attention" in sheet._note.text()
    press(sheet)
    assert sheet.body.currentIndex() == COMPUTE
    choose(sheet, "many.compute.host")
    typed(sheet, "many.limit.cpu_limit", "0.1")
    # what the plugin does not take keeps from going on, also by the step list
    press(sheet)
    sheet._jump(REVIEW)
    assert sheet.body.currentIndex() == COMPUTE
    assert sheet._note.text() == "1 field needs attention"
    typed(sheet, "many.limit.cpu_limit", "2")
    assert not sheet._note.text()
    press(sheet)
    assert sheet.body.currentIndex() == REVIEW
    assert "1 row needs attention" in sheet.review._summary.text()
    text = sheet.review.dry.whole_text()
    assert "pl-fs --sid B1 --threads 4  # after 1, on host, CPU 2" in text
    dialogs.folder = folder
    sheet._save(text)
    saved = folder / f"dry run {_day(pane)}.txt"
    # it is there before anything is in it
    qtbot.waitUntil(lambda: saved.exists() and saved.stat().st_size > 0, timeout=LONG)
    assert saved.read_text(encoding="utf-8").rstrip() == text
    press(sheet)
    qtbot.waitUntil(lambda: bool(feeds.many.sent), timeout=LONG)
    ((plans, title),) = feeds.many.sent
    assert title == "fs on 2 subjects"
    assert [plan.items[0].item_id for plan in plans] == ["a", "b"]
    given = [plan.steps[0].intent.parameters for plan in plans]
    assert given == [{"sid": "A1", "threads": 2}, {"sid": "B1", "threads": 4}]
    used = [plan.steps[0].intent for plan in plans]
    assert [one.compute_resource for one in used] == ["host"] * 2
    assert [(one.cpu_limit, one.memory_limit) for one in used] == [(2000, None)] * 2


def test_what_was_typed_stays_while_one_goes_back(
    qtbot: QtBot, pane: FeedsPane, library: Any, make: Any
) -> None:
    library.hold(make.item("a", "SAG T1"), make.item("z", "Elsewhere"))
    library.other_places["z"] = "chris.example.org"
    sheet = open_many(qtbot, pane, of_plugin(fs()))
    table = sheet.table
    assert table is not None
    assert len(table.rows) == 1
    assert "1 item is on chris.example.org" in sheet._banner.text
    table.set_title(0, "Mine")
    sheet._go(RECIPE)
    press(sheet)
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == SUBJECTS, timeout=LONG)
    assert sheet.table is table
    assert table.titles() == ["Mine"]
    sheet.reject()


def test_rows_of_a_table_stay_when_another_recipe_is_chosen(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    library.known["a"] = make.item("a", "sub-a")
    library.hold(make.item("t", "In the tray"))
    feeds.many.parameters["pl-bet"] = (make_parameter("threads", type="integer"),)
    sheet = open_many(qtbot, pane, of_plugin(fs()))
    kinds = ("item", Column(0, "sid"), Column(0, "threads"))
    rows = (("sub-a", "A1", "3"), ("sub-c", "C1", "4"))
    sheet.take_table(
        Table("people", rows, (1, 2), "utf-8", ","),
        Meaning(("Item", "sid", "n"), kinds, headed=False),
    )
    table = sheet.table
    assert table is not None
    qtbot.waitUntil(lambda: len(table.rows) == 2, timeout=LONG)
    table.set_title(1, "Mine")
    sheet._go(RECIPE)
    sheet.recipe.take(of_plugin(RunIntent(8, "pl-bet", "1.0", "ds", {})))
    sheet._jump(SUBJECTS)
    qtbot.waitUntil(lambda: sheet.body.currentIndex() == SUBJECTS, timeout=LONG)
    now = sheet.table
    assert now is not None
    assert now is not table
    assert [row.subject for row in now.rows] == [row.subject for row in table.rows]
    assert [row.cells[Column(0, "threads")] for row in now.rows] == ["3", "4"]
    assert now.titles()[1] == "Mine"
    assert "does not take --sid" in sheet._note.text()
    assert sheet.page.model.rowCount() == 2
    sheet.reject()


def test_a_dry_run_shows_the_commands_of_all_rows(
    qtbot: QtBot, ctx: ViewContext, make: Any
) -> None:
    number = 3 * AT_ONCE
    items = [make.item(f"i{at}", f"sub-{at}") for at in range(number)]
    table = ManyTable(NOTHING)
    table.set_subjects(subjects_of(items, "item"))
    model = ManyModel(lambda: False)
    model.show_table(table)
    dry = DryRun(ctx, tall=True)
    qtbot.addWidget(dry)
    dry.show()
    dry.show_all(model)
    # never all in one turn
    assert 0 < dry._text.toPlainText().count("pl-dircopy") <= AT_ONCE
    whole = dry.whole_text()
    assert whole.count("pl-dircopy") == number
    qtbot.waitUntil(lambda: dry._text.toPlainText() == whole, timeout=LONG)
    # where one looks stays while it is put once more
    bar = dry._text.verticalScrollBar()
    at = bar.maximum() - 1
    bar.setValue(at)
    dry.show_all(model)
    qtbot.waitUntil(lambda: dry._text.toPlainText() == whole, timeout=LONG)
    assert bar.value() == at


def test_where_the_first_step_computes_is_chosen_on_the_review(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    library.hold(make.item("a", "SAG T1"))
    pane.new_feed(())
    sheet = pane.window().findChild(CreateFeedSheet)
    assert isinstance(sheet, CreateFeedSheet)
    assert not sheet.compute.isVisible()
    sheet.first.list.take(recipe_of([Next(fs()), Next(fs(sid="b"), under=0)]))
    qtbot.waitUntil(sheet.compute.isVisible, timeout=LONG)
    QTest.mouseClick(sheet.compute._change, Qt.MouseButton.LeftButton)
    page = sheet._step_page
    assert page.part == STEP_COMPUTE
    page.compute.list.setCurrentRow(1)
    choose(sheet, "first.compute.host")
    typed(sheet, "first.limit.memory_limit", "1 PiB")
    page.compute.list.setCurrentRow(0)
    press(sheet)
    # the run with the mistake is shown again
    assert (page.part, page.compute.list.currentRow()) == (STEP_COMPUTE, 1)
    assert sheet._note.text() == "1 field needs attention"
    typed(sheet, "first.limit.memory_limit", "1 GiB")
    press(sheet)
    assert sheet.body.currentIndex() == 3
    facts = sheet.compute._facts.findChildren(ElidedLabel)
    assert [one.accessibleName().split(" ", 1)[1] for one in facts] == [
        "slurm-gpu · the plugin's least",
        "host · Memory 1 GiB",
    ]
    press(sheet)
    qtbot.waitUntil(lambda: bool(feeds.called("create_feed")), timeout=LONG)
    steps = feeds.called("create_feed")[0][1]["first"].steps
    assert [one.intent.compute_resource for one in steps] == ["", "host"]
    assert [one.intent.memory_limit for one in steps] == [None, 1024]
    assert [one.intent.parameters["sid"] for one in steps] == ["s", "b"]


def test_a_gone_compute_resource_of_a_recipe_is_chosen_anew(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    library.hold(make.item("a", "SAG T1"))
    pane.new_feed(())
    sheet = pane.window().findChild(CreateFeedSheet)
    assert isinstance(sheet, CreateFeedSheet)
    old = replace(fs(), compute_resource="titan", cpu_limit=2000)
    sheet.first.list.take(of_plugin(old))
    qtbot.waitUntil(sheet.compute.isVisible, timeout=LONG)
    assert "titan is not offered any more" in sheet.compute._error.text()
    press(sheet)
    assert sheet._step_page.part == STEP_COMPUTE
    assert not feeds.called("create_feed")
    # the first of the list is no choice before it is chosen
    choose(sheet, "first.compute.slurm-gpu")
    press(sheet)
    assert not sheet.compute._error.isVisible()
    press(sheet)
    qtbot.waitUntil(lambda: bool(feeds.called("create_feed")), timeout=LONG)
    (one,) = feeds.called("create_feed")[0][1]["first"].steps
    assert (one.intent.compute_resource, one.intent.cpu_limit) == ("", 2000)


def test_a_recipe_whose_plugin_is_gone_is_said_before_anything_is_sent(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, library: Any, make: Any
) -> None:
    library.hold(make.item("a", "SAG T1"))
    feeds.many.error = ChrislibError("pl-fs 1.0 is not on this server any more.")
    pane.new_feed(())
    sheet = pane.window().findChild(CreateFeedSheet)
    assert isinstance(sheet, CreateFeedSheet)
    sheet.first.list.take(of_plugin(fs()))
    error = sheet.compute._error
    qtbot.waitUntil(error.isVisible, timeout=LONG)
    assert "not on this server any more" in error.text()
    sheet.reject()


def _day(pane: FeedsPane) -> str:
    from datetime import datetime

    now = pane._context.now()
    return datetime.fromtimestamp(now).astimezone().date().isoformat()
