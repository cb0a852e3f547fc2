"""The same recipe on many subjects, started in the whole program on a real station."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QMenu

from chrislib.feeds.many_model import REFUSED
from chrislib.feeds.recipes import Recipe, of_pipeline, of_plugin, recipe_of
from chrislib.feeds.subjects import subjects_of
from chrislib.jobs.model import Job, Phase, RunIntent, WorkflowIntent
from chrislib.jobs.submission.held import Next
from chrislib.library.model import Item
from chrislib.views.feeds.many_runs import ManyRunsSheet
from chrislib.views.feeds.many_sheet import REVIEW, SUBJECTS, ManySheet
from chrislib.views.navigation import NewFeed
from tests.gui.program.person import LONG, Person, plugin
from tests.gui.program.test_program_create import ticked_series

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

# sheets and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def sent(program: Program, folder: Path, count: int) -> list[Item]:
    """Upload folders with a file each, as Upload Data does."""
    library = program.services.library
    found: list[Item] = []
    for number in range(count):
        one = folder / f"sub-{number + 1:02}"
        one.mkdir(parents=True)
        (one / "a.txt").write_text(f"{number}", encoding="utf-8")
        found += program.run(library.upload(program.run(library.scan([one]))), LONG)

    def here() -> bool:
        items = [library.item(item.item_id) for item in found]
        return all(item.state.value == "ready" and item.path for item in items)

    program.wait(here, LONG)
    return [library.item(item.item_id) for item in found]


def copy_step(program: Program) -> RunIntent:
    """Return a run that copies what it gets."""
    found = plugin(program, "pl-simpledsapp")
    return RunIntent(
        plugin_id=found.id,
        plugin_name=found.name,
        plugin_version=found.version,
        plugin_type="ds",
        parameters={"prefix": "made_"},
    )


def test_a_recipe_runs_on_each_subject_with_its_own_value(
    program_factory: ProgramFactory, station: Station, tmp_path: Path
) -> None:
    program = program_factory(station)
    person = Person(program)
    feeds, tray = program.services.feeds, program.services.library.tray
    items = sent(program, tmp_path / "many", 3)
    recipe = of_plugin(copy_step(program))
    made = program.run(
        feeds.making.create(title="Before many", items=items[:1], first=recipe), LONG
    )
    program.wait(
        lambda: any(
            job.previous_id == made.remote_id and job.remote_id is not None
            for job in program.services.jobs.jobs()
        ),
        LONG,
    )
    tray.clear()
    tray.add(*(item.item_id for item in items))
    program.context.navigator.go(NewFeed(many=True))
    sheet = person.sheet("many")
    assert isinstance(sheet, ManySheet)
    # what was run last is chosen: only Next is left
    person.wait(lambda: sheet.recipe.chosen is not None, "the recipe")
    person.click(sheet.next_button)
    person.wait(lambda: sheet.body.currentIndex() == SUBJECTS, "the table")
    table = sheet.table
    assert table is not None
    assert [row.subject.title for row in table.rows] == ["sub-01", "sub-02", "sub-03"]

    # a value for each row: typed, filled down, pasted from a spreadsheet
    column = next(one for one in table.addable() if one.name == "dummyInt")
    sheet.page._add_column(column)
    view, model = sheet.page.view, sheet.page.model
    at = model.column_of(column)
    view.show_cell(0, column)
    QTest.keyClicks(view, "x")
    editor = view.viewport().focusWidget() or view.focusWidget()
    assert editor is not None
    QTest.keyClick(editor, Qt.Key.Key_Return)
    person.wait(lambda: table.verdict(0).kind == REFUSED, "the refusal")
    assert "whole number" in table.verdict(0).words
    view.fill_down()
    person.wait(lambda: len(table.to_start()) == 0, "filled down")
    view.show_cell(0, column)
    view.paste("1\n2\n3\n")
    assert [row.cells[column] for row in table.rows] == ["1", "2", "3"]
    assert model.index(2, at).data() == "3"
    # one row is left out
    index = model.index(1, 0)
    person.click(view.viewport(), view.visualRect(index).center())
    person.wait(lambda: table.to_start() == [0, 2], "left out")

    person.click(sheet.next_button)
    field = sheet.findChild(QLineEdit, "many.limit.memory_limit")
    assert isinstance(field, QLineEdit)
    QTest.keyClicks(field, "300 MiB")
    person.click(sheet.next_button)
    person.wait(lambda: sheet.body.currentIndex() == REVIEW, "the review")
    text = sheet.review.dry.whole_text()
    assert text.count("  # after 1, Memory 300 MiB") == 2
    assert text.count("pl-dircopy --dir ") == 2
    assert "--dummyInt 3" in text
    assert "--dummyInt 2" not in text
    assert sheet.next_button.text() == "Start 2 feeds"
    person.click(sheet.next_button)

    runs = person.sheet("many.runs")
    assert isinstance(runs, ManyRunsSheet)
    (view_,) = program.services.jobs.batches.batches()
    assert view_.total == 4
    program.wait(
        lambda: program.services.jobs.batches.get(view_.key).state == "DONE", 90_000
    )
    person.wait(
        lambda: [run.state for run in runs.model.all] == ["ready", "ready"], "ready"
    )
    members = [
        job for job in program.services.jobs.jobs() if job.batch_key == view_.key
    ]
    steps = [job for job in members if job.previous_id is not None]
    assert all(job.phase is Phase.FINISHED for job in members)
    assert {job.intent.parameters["dummyInt"] for job in steps} == {1, 3}
    client = program.services.session.client
    made = program.run(client.instances.get(steps[0].remote_id), LONG)
    assert (made.memory_limit, made.cpu_limit) == (300, 1000)
    rows = program.run(program.services.jobs.inbox(), LONG)
    told = [row for row in rows if row.dedupe_key.startswith("batch:")]
    assert [(row.kind, row.text) for row in told] == [("READY", "4 finished.")]
    person.click(runs.next_button)
    tray.clear()


def test_what_failed_runs_once_more(
    program_factory: ProgramFactory, station: Station, tmp_path: Path
) -> None:
    program = program_factory(station)
    person = Person(program)
    feeds = program.services.feeds
    items = sent(program, tmp_path / "retry", 2)
    table = program.run(feeds.many.table(pipeline_recipe(program)), LONG)
    table.set_subjects(subjects_of(items, "item"))
    # a pipeline's node has a value of its own in each row as well
    (column,) = (one for one in table.addable() if one.name == "prefix")
    table.add_column(column)
    table.paste("one_\ntwo_", [0, 1], [column])
    one, two = table.plans()
    # the server does not know what one of them is made of
    lost = replace(items[0], path="home/local/uploads/not-there-many")
    plans = [replace(one, items=(lost,)), two]
    key = program.run(feeds.many.start(plans, "Twice"), LONG)
    program.wait(lambda: program.services.jobs.batches.get(key).state == "DONE", 90_000)
    program.window.shell.choose_module("feeds")
    pane = person.window.findChild(object, "feeds")
    pane.many.show(key)
    runs = person.sheet("many.runs")
    assert isinstance(runs, ManyRunsSheet)
    person.wait(lambda: len(runs.model.bad) == 1, "the failure")
    assert runs.model.bad[0].feed_id is None
    # its data is there by now: the very same runs
    program.run(
        program.services.session.client.files.upload(
            tmp_path / "retry" / "sub-01" / "a.txt", f"{lost.path}/a.txt"
        ),
        LONG,
    )
    person.press("Retry 1 subject", within=runs)
    person.wait(lambda: len(program.services.jobs.batches.batches()) == 2, "again")
    again = program.services.jobs.batches.batches()[0]
    assert again.total == 2
    program.wait(lambda: program.services.jobs.batches.get(again.key).done == 2, 90_000)
    given = [
        info["plugin_parameter_defaults"]
        for job in program.services.jobs.jobs()
        if job.batch_key == again.key and isinstance(job.intent, WorkflowIntent)
        for info in job.intent.nodes_info
    ]
    assert given == [[{"name": "prefix", "default": "one_"}]]
    person.click(person.sheet("many.runs").next_button)


def pipeline_recipe(program: Program) -> Recipe:
    """Return a pipeline of one node, made for this test."""
    name = f"many {time.monotonic_ns()}"
    node = {
        "title": "copy",
        "previous": None,
        "plugin_name": "pl-simpledsapp",
        "plugin_version": plugin(program, "pl-simpledsapp").version,
        "plugin_parameter_defaults": [{"name": "prefix", "default": "made_"}],
    }
    client = program.services.session.client
    made = program.run(client.workflows.create_pipeline(name, [node]), LONG)
    return of_pipeline(WorkflowIntent(made.id, made.name, 0, nodes=1))


class Clicks(QObject):
    """Counts presses of the mouse, wherever they go."""

    def __init__(self) -> None:
        super().__init__()
        self.spots: set[int] = set()
        self.count = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress:
            # one press goes to several widgets, one inside the other
            self.count += isinstance(_watched, QAbstractButton | QMenu)
        return False


def test_from_a_ticked_series_to_a_started_pipeline_in_one_click(
    program_factory: ProgramFactory, station: Station, tmp_path: Path, qapp: Any
) -> None:
    program = program_factory(station)
    person = Person(program)
    feeds, library = program.services.feeds, program.services.library
    (upload,) = sent(program, tmp_path / "clicks", 1)
    # the first time: two plugins, one behind the other
    step = copy_step(program)
    long = replace(step, parameters={"prefix": "a", "sleepLength": "3600"})
    recipe = recipe_of([Next(long), Next(step, under=0)])
    first = program.run(
        feeds.making.create(title="First time", items=[upload], first=recipe), LONG
    )
    program.wait(lambda: sum_of(program, first) == 3, LONG)
    series = ticked_series(program)
    library.tray.clear()
    library.tray.add(series.item_id)
    program.window.shell.choose_module("library")
    title = "simpledsapp to simpledsapp"
    button = person.button("Run simpledsapp to simp…")
    assert title in button.toolTip()

    clicks = Clicks()
    qapp.installEventFilter(clicks)
    person.click(button)
    toasts = program.window.shell._toasts
    person.wait(
        lambda: any(title in t.message.title for t in toasts.toasts),
        "the message",
    )
    job = newest_root(program)
    # its series is pulled by itself, its runs are sent by themselves
    program.wait(lambda: sum_of(program, job) == 3, 90_000)
    qapp.removeEventFilter(clicks)
    assert 1 <= clicks.count <= 3
    now = program.services.jobs.get(job.key)
    assert now.intent.title.startswith(series.study_description or series.title)

    # and by the keyboard; taken back by the button of its message
    library.tray.clear()
    library.tray.add(upload.item_id)
    person.wait(button.isEnabled, "the button")
    toasts.clear()
    QTest.keyClick(
        program.window,
        Qt.Key.Key_Return,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert (button.text(), button.isEnabled()) == ("Starting …", False)
    person.wait(lambda: newest_root(program).key != job.key, "another feed")
    person.wait(lambda: button.text() == "Run simpledsapp to simp…", "the words")
    person.press("Cancel", within=program.window)
    again = newest_root(program)
    program.wait(
        lambda: all(
            one.phase.terminal for one in feeds.making.with_all_below(again.key)
        ),
        90_000,
    )
    ends = {one.phase for one in feeds.making.with_all_below(again.key)[1:]}
    assert Phase.FINISHED not in ends
    library.tray.clear()
    for one in (first, job):
        program.run(feeds.making.stop(one.key), LONG)


def newest_root(program: Program) -> Job:
    """Return the newest job that makes a feed."""
    found = [
        job
        for job in program.services.jobs.jobs()
        if isinstance(job.intent, RunIntent) and job.intent.plugin_type == "fs"
    ]
    newest: Job = max(found, key=lambda job: job.key)
    return newest


def sum_of(program: Program, first: Job) -> int:
    """Count the runs of a feed that are on the server."""
    below = program.services.feeds.making.with_all_below(first.key)
    return sum(job.remote_id is not None for job in below)
