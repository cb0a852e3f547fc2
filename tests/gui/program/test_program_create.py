"""A feed of everything at once, made in the whole program on a real station."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from chrislib.feeds.outputs import walk
from chrislib.feeds.recipes import of_plugin
from chrislib.jobs.model import Job, Phase, RunIntent, is_held
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.pacs.types import Criteria
from chrislib.views.feeds.create_feed import CreateFeedSheet
from tests.gui.program.person import LONG, Person, feed, plugin, upload

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

# sheets and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def ticked_series(program: Program) -> Item:
    """Tick one series of the PACS that nobody has pulled."""
    library = program.services.library
    found = program.run(library.lookup(Criteria({"PatientID": ("CL-1016",)})))
    patient = found.patients[0]
    study = patient.studies[0]
    series = min(study.series, key=lambda one: one.images or 0)
    (item,) = program.run(library.want([(patient, study, series)]))
    made: Item = item
    return made


def sent_files(program: Program, folder: Path) -> Item:
    """Upload a folder of two files, as Upload Data does."""
    library = program.services.library
    folder.mkdir()
    for name in ("one.txt", "two.txt"):
        (folder / name).write_text(name, encoding="utf-8")
    (item,) = program.run(library.upload(program.run(library.scan([folder]))))
    made: Item = item
    return made


def earlier_output(program: Program) -> Item:
    """Return the output of a feed that was made before."""
    _, root = feed(program, "Earlier")
    view = program.run(program.services.feeds.open(root.feed_id))
    program.wait(lambda: program.services.jobs.get(root.key).phase.terminal, LONG)
    return Item(
        item_id=ItemId(f"output-{root.remote_id}"),
        source=Source.FEED,
        title="Earlier output",
        state=ItemState.READY,
        path=str(view.nodes[0].output_path),
        feed_id=root.feed_id,
    )


def browsed_file(program: Program) -> Item:
    """Return one file of the storage, as Browse Files ticks it."""
    path = f"home/{program.services.session.username}/uploads/create-browsed.csv"
    upload(program, path, "a,b\n")
    return Item(
        item_id=ItemId("files-create-browsed"),
        source=Source.FILES,
        title="create-browsed.csv",
        state=ItemState.READY,
        path=path,
    )


def named(program: Program, title: str) -> Job | None:
    """Return the job that makes a feed of that title."""
    jobs = program.services.jobs.jobs()
    return next(
        (
            job
            for job in jobs
            if isinstance(job.intent, RunIntent) and job.intent.title == title
        ),
        None,
    )


def first_step(program: Program) -> RunIntent:
    """Return a run that copies what it gets."""
    found = plugin(program, "pl-simpledsapp")
    return RunIntent(
        plugin_id=found.id,
        plugin_name=found.name,
        plugin_version=found.version,
        plugin_type="ds",
        parameters={"prefix": "made_"},
    )


def test_four_sources_become_one_feed_whose_first_node_has_all_files(
    program_factory: ProgramFactory, station: Station, tmp_path: Path
) -> None:
    program = program_factory(station)
    person = Person(program)
    library, tray = program.services.library, program.services.library.tray
    series = ticked_series(program)
    sent = sent_files(program, tmp_path / "create-sent")
    others = [earlier_output(program), browsed_file(program)]
    program.run(library.keep(others))
    tray.clear()
    tray.add(series.item_id, sent.item_id, *(item.item_id for item in others))

    program.window.shell.choose_module("library")
    program.wait_to_read("4 items", "4 sources")
    person.press("Create feed")
    person.wait(lambda: program.window.findChild(CreateFeedSheet), "the sheet")
    sheet = program.window.findChild(CreateFeedSheet)
    title = sheet.findChild(QLineEdit, "create.title")
    title.selectAll()
    QTest.keyClicks(title, "Everything at once")
    sheet.details.tags.add("create-tag")
    assert "only ticked so far" in sheet._banner.text
    # the first step: what was run on a feed before is offered like this
    sheet.first.list.take(of_plugin(first_step(program)))
    person.click(sheet.next_button)

    # what was only ticked is pulled now; the feed waits by itself, and is made
    person.wait(lambda: named(program, "Everything at once"), "the job")
    made = named(program, "Everything at once")
    assert made is not None
    program.wait(lambda: library.item(series.item_id).state is ItemState.READY, 90_000)

    def job() -> Job:
        found: Job = program.services.jobs.get(made.key)
        return found

    program.wait(lambda: job().phase is Phase.FINISHED, 90_000)
    assert not is_held(job().intent)
    feed_id = job().feed_id
    feeds = program.services.feeds
    view = program.run(feeds.open(feed_id))
    assert view.row.title == "Everything at once"
    root = view.nodes[0]
    found = program.run(feeds.outputs.of(root), LONG)
    files = [entry for entry in walk(found) if not entry.is_folder]
    here = library.item(series.item_id)
    images = [entry for entry in files if entry.path.startswith("SERVICES/PACS")]
    assert len(images) == here.images
    names = {entry.path.rsplit("/", 1)[-1] for entry in files}
    assert {"one.txt", "two.txt", "create-browsed.csv"} <= names
    # and the file of the earlier feed
    assert len(files) == len(images) + 4
    client = program.services.session.client
    program.run(program.services.jobs.refresh(), LONG)
    assert program.run(client.feeds.tags(feed_id)) == ("create-tag",)
    tray.clear()

    def below() -> list[Job]:
        jobs = program.services.jobs.jobs()
        return [job for job in jobs if job.previous_id == root.id]

    program.wait(lambda: [job.phase for job in below()] == [Phase.FINISHED], 90_000)
    assert below()[0].feed_id == feed_id
    recipe = program.run(feeds.making.recipes())[0]
    assert (recipe.title, recipe.uses) == ("simpledsapp", 1)
