"""A first step a real station refuses: the feed is made once, the step put right."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit

from chrislib.feeds.recipes import of_plugin
from chrislib.jobs.model import Job, Phase, RunIntent
from chrislib.views.feeds.create_feed import FIRST, REVIEW, CreateFeedSheet
from chrislib.views.feeds.item_list import is_here
from chrislib.views.navigation import NewFeed
from tests.gui.program.person import LONG, Person
from tests.gui.program.test_program_many import copy_step

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

# sheets and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def pictures() -> Path | None:
    """Return where pictures are kept, None where nobody looks."""
    folder = os.environ.get("CHRISLIB_PICTURES", "")
    return Path(folder) if folder else None


def named(program: Program, title: str) -> list[Job]:
    """Return the jobs that make a feed of that title."""
    return [
        job
        for job in program.services.jobs.jobs()
        if isinstance(job.intent, RunIntent) and job.intent.title == title
    ]


def test_a_refused_first_step_is_put_right_in_the_feed_that_is_made(
    program_factory: ProgramFactory, station: Station, tmp_path: Path
) -> None:
    program = program_factory(station)
    person = Person(program)
    program.services.library.tray.clear()
    program.context.navigator.go(NewFeed())
    person.wait(lambda: program.window.findChild(CreateFeedSheet), "the sheet")
    sheet = program.window.findChild(CreateFeedSheet)
    title = sheet.findChild(QLineEdit, "create.title")
    title.selectAll()
    QTest.keyClicks(title, "Made only once")
    # what it is made of is on this computer: sent from here once that is agreed
    person.click(sheet.next_button)
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "ages.csv").write_text("a,b", encoding="utf-8")
    local = sheet._local
    local.add([folder])
    person.wait(lambda: program.reads("Send 1 file to"), "the question")
    person.picture("local-question", pictures())
    person.press("Send")
    person.wait(lambda: [item.title for item in sheet.items] == ["tables"], "its item")
    person.picture("local-sent", pictures())
    person.wait(lambda: all(map(is_here, sheet.items)), "its files")
    person.click(sheet.next_button)
    # as an earlier version of the plugin took it
    step = copy_step(program)
    values = {**step.parameters, "dummyInt": "many"}
    sheet.first.list.take(of_plugin(replace(step, parameters=values)))
    person.wait(lambda: sheet.compute.table is not None, "its form")
    person.click(sheet.next_button)
    person.press("Create feed", within=sheet)

    page, note = sheet._step_page, sheet.findChild(QLabel, "sheet.note")
    person.wait(lambda: "its first step was refused" in note.text(), "the refusal")
    assert sheet.body.currentIndex() == FIRST
    field = page.form_view.findChild(QLineEdit, "form.dummyInt")
    assert field.isVisible()
    assert field.text() == "many"
    assert page.form_view.error("dummyInt")
    (root,) = named(program, "Made only once")
    assert root.feed_id is not None
    person.picture("first-step-refused", pictures())

    field.selectAll()
    QTest.keyClicks(field, "7")
    person.click(sheet.next_button)
    assert sheet.body.currentIndex() == REVIEW
    person.picture("first-step-review", pictures())
    person.press("Add first step", within=sheet)

    def below() -> list[Job]:
        jobs = program.services.jobs.jobs()
        return [job for job in jobs if job.previous_id == root.remote_id]

    person.wait(lambda: [job for job in below() if job.remote_id], "the run")
    assert len(named(program, "Made only once")) == 1
    done = [job for job in below() if job.phase is not Phase.CANCELLED]
    (run,) = done
    assert isinstance(run.intent, RunIntent)
    assert run.intent.parameters["dummyInt"] == 7
    view = program.run(program.services.feeds.open(root.feed_id), LONG)
    assert [node.plugin_name for node in view.nodes] == ["pl-dircopy", step.plugin_name]
    # the refused draft asks for nothing any more
    refused = [job for job in below() if job.phase is Phase.CANCELLED]
    assert all(not job.remote_id for job in refused)
