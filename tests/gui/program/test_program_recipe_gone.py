"""One press at the tray where the server offers less than it did: it is said first."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QRadioButton

from chrislib.feeds.recipes import Recipe, of_plugin
from chrislib.jobs.model import Job, RunIntent
from chrislib.views.feeds.create_feed import FIRST, REVIEW, CreateFeedSheet
from chrislib.views.shell.tray import TrayPanel
from tests.gui.program.person import Person
from tests.gui.program.test_program_many import copy_step, sent

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

# sheets and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def made_of(program: Program, item: Any) -> list[Job]:
    """Return the jobs that make a feed of an item."""
    jobs = program.services.jobs.jobs()
    return [
        job
        for job in jobs
        if isinstance(job.intent, RunIntent)
        and str(item.item_id) in job.intent.item_ids
    ]


def said(sheet: CreateFeedSheet, name: str) -> str:
    """Return what a label of the sheet says, "" while it is not seen."""
    label = sheet.findChild(QLabel, name)
    return label.text() if label is not None and label.isVisible() else ""


def press_run(person: Person, recipe: Recipe) -> CreateFeedSheet:
    """Press the tray's one button; returns the sheet that opens instead."""
    person.window.shell.choose_module("library")
    panel = person.window.findChild(TrayPanel)
    panel.set_recipes([recipe])
    person.press("Run simpledsapp")

    def shown() -> list[CreateFeedSheet]:
        found = person.window.findChildren(CreateFeedSheet)
        return [one for one in found if one.isVisible()]

    person.wait(shown, "the sheet")
    return shown()[-1]


def test_a_recipe_whose_place_or_plugin_is_gone_is_put_right_first(
    program_factory: ProgramFactory,
    station: Station,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = program_factory(station)
    person = Person(program)
    library, tray = program.services.library, program.services.library.tray
    (item,) = sent(program, tmp_path / "gone", 1)
    tray.clear()
    tray.add(item.item_id)
    step = replace(copy_step(program), compute_resource="titan-old")
    offered = [of_plugin(step)]

    async def recipes() -> list[Recipe]:
        return offered

    monkeypatch.setattr(program.services.feeds.making, "recipes", recipes)

    # its plugin was taken away: another first step is to be chosen
    removed = replace(step, plugin_id=987_654, plugin_version="0.9")
    offered[:] = [of_plugin(removed)]
    sheet = press_run(person, offered[0])
    person.wait(
        lambda: "is not on this server" in said(sheet, "sheet.note"), "the fault"
    )
    assert sheet.body.currentIndex() == FIRST
    program.wait_to_read("simpledsapp was not run.", "Nothing was sent")
    sheet.reject()
    assert not made_of(program, item)

    # so was the place it computed at: another one is chosen at the field
    offered[:] = [of_plugin(step)]
    sheet = press_run(person, offered[0])
    words = "titan-old is not offered any more"
    person.wait(lambda: words in said(sheet, "first.compute.error"), "the fault")
    assert not made_of(program, item)
    assert tray.ids == (item.item_id,)
    (place, *_) = (
        one
        for one in sheet.findChildren(QRadioButton)
        if one.objectName().startswith("first.compute.") and one.isVisible()
    )
    person.click(place)
    person.click(sheet.next_button)
    person.wait(lambda: sheet.body.currentIndex() == REVIEW, "the review")
    person.press("Create feed", within=sheet)

    def below() -> list[Job]:
        jobs = program.services.jobs.jobs()
        roots = [one.remote_id for one in made_of(program, item) if one.remote_id]
        return [job for job in jobs if job.previous_id in roots]

    person.wait(below, "the run")
    (run,) = below()
    assert isinstance(run.intent, RunIntent)
    assert run.intent.compute_resource != "titan-old"
    tray.clear()
    assert library.item(item.item_id) is not None
