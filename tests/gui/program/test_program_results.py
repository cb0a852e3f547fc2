"""What a person does with a result, in the whole program on a real station."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QTableWidget

from chrislib.jobs.model import Job, Phase, ResultState, Retention
from tests.gui.program.conftest import texts_of
from tests.gui.program.person import (
    Person,
    child_intent,
    feed,
    submit,
    upload,
)

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]
StationFactory = Callable[..., Station]

# dialogs and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def person(program_factory: ProgramFactory, station: Station) -> Person:
    """Return a person at a program on the station."""
    return Person(program_factory(station))


def ready(person: Person, title: str) -> tuple[str, Job]:
    """Run something to its end; returns the folder it read and the run."""
    folder, root = feed(person.program, f"Feed of {title}")
    made = submit(person.program, child_intent(person.program, root, title))
    person.wait(lambda: person.job(made.key).phase is Phase.FINISHED, title)
    return folder, person.job(made.key)


def result(person: Person, job: Job) -> ResultState:
    """Return what became of a result."""
    return person.job(job.key).result


def test_a_result_is_put_off_discarded_taken_back_and_got(
    person: Person, tmp_path: Path
) -> None:
    _, job = ready(person, "a result")
    person.press_row(job.key, "Later")
    person.wait(lambda: result(person, job) is ResultState.SNOOZED, "put off")
    person.wait(lambda: person.state(job.key) == "Ready, put off", "Ready, put off")

    person.press_row(job.key, "Discard")
    person.wait(lambda: result(person, job) is ResultState.DISCARDED, "discarded")
    person.program.wait_to_read("Nothing is deleted on the server")
    person.press("Undo")
    person.wait(lambda: result(person, job) is ResultState.READY, "taken back")
    # long after the message has gone it can be taken back at the row
    person.press_row(job.key, "Discard")
    person.wait(lambda: result(person, job) is ResultState.DISCARDED, "discarded")
    person.press_row(job.key, "Undo discard")
    person.wait(lambda: result(person, job) is ResultState.READY, "taken back")
    assert person.job(job.key).retention is Retention.PRESENT

    folder = tmp_path / "mine"
    folder.mkdir()
    person.press_row(job.key, "Get")
    person.choose_folder(folder)
    person.wait(lambda: result(person, job) is ResultState.FETCHED, "fetched")
    person.wait(lambda: person.state(job.key) == "Downloaded", "Downloaded")
    got = sorted(path.name for path in folder.rglob("*") if path.is_file())
    assert "made_a.txt" in got
    assert not list(folder.rglob("*.part"))


def test_removing_says_what_goes_is_confirmed_and_ends_when_the_server_says_so(
    program_factory: ProgramFactory, station_factory: StationFactory
) -> None:
    station = station_factory()
    person = Person(program_factory(station))
    _, parent = ready(person, "to be removed")
    below = submit(
        person.program, child_intent(person.program, parent, "below", sleepLength="900")
    )
    fault = station.folder / "deletion-fault"
    fault.write_text("hold", encoding="utf-8")

    person.menu(parent.key, "Remove from server …")
    asked = person.sheet("confirm")
    assert asked.title.text() == "Remove 2 nodes from the server?"
    words = texts_of(asked)
    for said in (
        "deleted on the server and cannot be brought back",
        "1 of them runs now and is stopped",
        "What was downloaded stays on this computer",
    ):
        assert said in words
    person.press("Keep", within=asked)
    person.no_sheet("confirm")
    assert person.job(parent.key).retention is Retention.PRESENT

    person.menu(parent.key, "Remove from server …")
    asked = person.sheet("confirm")
    person.press("Remove 2 nodes", within=asked)
    # the server has taken it and has not done it: nobody says that it is gone
    person.wait(
        lambda: person.job(parent.key).retention is Retention.PURGING, "under way"
    )
    person.wait(
        lambda: person.state(parent.key) == "Being removed from server", "its words"
    )
    person.program.run(person.program.services.jobs.refresh())
    assert person.job(parent.key).retention is Retention.PURGING

    fault.unlink()
    person.wait(lambda: person.job(parent.key).retention is Retention.PURGED, "removed")
    person.wait(lambda: person.state(parent.key) == "Removed from server", "its words")
    person.wait(
        lambda: person.job(below.key).retention is Retention.PURGED, "with it below"
    )


def test_a_removal_that_fails_is_said_and_can_be_asked_for_again(
    program_factory: ProgramFactory, station_factory: StationFactory
) -> None:
    station = station_factory()
    person = Person(program_factory(station))
    _, job = ready(person, "stays there")
    fault = station.folder / "deletion-fault"
    fault.write_text("fail:the storage is read-only", encoding="utf-8")
    person.menu(job.key, "Remove from server …")
    person.press("Remove 1 node", within=person.sheet("confirm"))
    person.wait(
        lambda: person.job(job.key).retention is Retention.PURGE_FAILED, "failed"
    )
    person.wait(lambda: person.state(job.key) == "Not removed from server", "words")
    person.program.wait_to_read("the storage is read-only")
    person.wait(
        lambda: any(row.kind == "PURGE_FAILED" for row in person.inbox_rows()),
        "in the inbox",
    )
    fault.unlink()
    person.menu(job.key, "Remove from server …")
    person.press("Remove 1 node", within=person.sheet("confirm"))
    person.wait(lambda: person.job(job.key).retention is Retention.PURGED, "removed")


def test_the_first_node_of_a_feed_is_not_removed_by_itself(person: Person) -> None:
    _, root = feed(person.program, "A feed")
    person.wait(lambda: person.job(root.key).phase is Phase.FINISHED, "the root")
    person.menu(root.key, "Remove from server …")
    person.program.wait_to_read("Delete the feed instead")
    assert person.job(root.key).retention is Retention.PRESENT


def test_inputs_that_have_changed_are_told_compared_and_decided(
    person: Person, tmp_path: Path
) -> None:
    program = person.program
    folder, root = feed(program, "Changes")
    person.wait(lambda: person.job(root.key).phase is Phase.FINISHED, "the root")
    fingerprints = program.services.jobs.results.fingerprints
    person.wait(lambda: not fingerprints.lacks_inputs(root.key), "inputs noted")

    def noted() -> bool:
        state = program.run(fingerprints.of(person.job(root.key)))
        return state is not None and state.inputs is not None

    person.wait(noted, "inputs noted")
    upload(program, f"{folder}/b.txt", "came later")
    place = tmp_path / "mine"
    place.mkdir()
    person.press_row(root.key, "Get")
    person.choose_folder(place)
    person.wait(lambda: result(person, root) is ResultState.FETCHED, "fetched")

    # the warning is in the inbox, and from there one compares
    person.press_inbox("STATE_CHANGED", root.key, "Compare …")
    sheet = person.sheet("changed.sheet")
    assert sheet.title.text() == "Not as it was when this was sent"
    table = sheet.findChild(QTableWidget, "changed.table")
    assert table is not None
    model = table.model()
    rows = [
        [str(model.index(row, column).data()) for column in range(4)]
        for row in range(model.rowCount())
    ]
    (row,) = rows
    assert row[0] == "Input file"
    assert "b.txt" in row[1]
    assert row[2:] == ["not there", "10 bytes"]
    person.press("Leave it", within=sheet)
    person.no_sheet("changed.sheet")
    assert result(person, root) is ResultState.FETCHED

    # the same at the row; then the files are taken beside what is there
    person.menu(root.key, "Compare with how it is now …")
    sheet = person.sheet("changed.sheet")
    person.press("Add as separate", within=sheet)
    person.no_sheet("changed.sheet")
    events = program.services.catalog.jobs.events

    def taken() -> bool:
        return "taken_in" in {e.kind for e in program.run(events(root.key))}

    person.wait(taken, "taken in")
    person.wait(
        lambda: all(
            row.acted_at is not None
            for row in person.inbox_rows()
            if row.kind == "STATE_CHANGED"
        ),
        "the question is answered",
    )


def test_nothing_changed_is_said_too(person: Person) -> None:
    _, job = ready(person, "unchanged")
    person.menu(job.key, "Compare with how it is now …")
    sheet = person.sheet("changed.sheet")
    assert sheet.title.text() == "As it was"
    assert "Nothing is known to have changed" in texts_of(sheet)
    person.press("Close", within=sheet)
    person.no_sheet("changed.sheet")


def test_where_a_result_comes_from_is_written_as_json(
    person: Person, tmp_path: Path
) -> None:
    _, job = ready(person, "PATIENT^NAME")
    place = tmp_path / "audit"
    place.mkdir()
    person.menu(job.key, "Export provenance …")
    person.choose_folder(place)
    person.program.wait_to_read("Provenance is in")
    (path,) = place.iterdir()
    assert path.name == f"provenance-run-{job.remote_id}.json"
    text = path.read_text("utf-8")
    found = json.loads(text)
    assert "PATIENT" not in text
    assert person.program.services.session.client.token not in text
    (one,) = found["jobs"]
    assert one["intent"]["plugin"] == "pl-simpledsapp"
    assert [event["seq"] for event in one["events"]]
    # a second one never takes the place of the first
    person.menu(job.key, "Export provenance …")
    person.choose_folder(place)
    person.wait(lambda: len(list(place.iterdir())) == 2, "the second file")


def test_a_folder_that_takes_no_file_is_told(person: Person, tmp_path: Path) -> None:
    _, job = ready(person, "nowhere")
    place = tmp_path / "gone"
    place.mkdir()
    person.menu(job.key, "Export provenance …")

    def go() -> None:
        person.choose_folder(place)

    # it is there while it is chosen, and gone when the file is written
    original = person.program.context.jobs.results.provenance

    async def slow(*arguments: Any, **more: Any) -> Any:
        place.rmdir()
        return await original(*arguments, **more)

    person.program.context.jobs.results.provenance = slow
    go()
    person.program.wait_to_read("The provenance was not written")
