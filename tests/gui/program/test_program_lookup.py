"""PACS Lookup in the whole program on a real station: lists, refusals, restarts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from chrislib.errors import ChrislibError
from chrislib.library.model import ItemState
from chrislib.library.worklist.columns import guess
from chrislib.library.worklist.model import ListHead, RowState, RunState
from chrislib.pacs.types import Criteria
from chrislib.tables import read_file
from chrislib.views.library.places import Lookup
from chrislib.views.navigation import ShowLibrary

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]
StationFactory = Callable[..., Station]

# sheets and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

TABLE = (
    "MRN;Name;Study date\n"
    "CL-1016;Samplewell, Sam;\n"
    "CL-2001;;\n"
    "CL-7777;Nobody;\n"
    "CL-1001;;30.02.2026\n"
)


def make_list(program: Program, path: Path) -> ListHead:
    """Make a work list of a file and ask all of it."""
    table = read_file(path)
    lists = program.services.library.work_lists
    head: ListHead = program.run(lists.make(table, guess(table), dates="dmy"))
    return head


def state(program: Program, head: ListHead) -> RunState:
    """Return what a list does."""
    found = program.services.library.work_lists.head(head.list_id)
    assert found is not None
    return RunState(found.state)


def ask(program: Program, head: ListHead) -> None:
    """Ask all rows that wait."""
    program.run(program.services.library.work_lists.start(head.list_id))
    program.wait(lambda: state(program, head) is not RunState.ASKING, 60_000)


def test_a_work_list_from_table_to_library_over_a_restart(
    program_factory: ProgramFactory, station_factory: StationFactory, tmp_path: Path
) -> None:
    station = station_factory()
    program = program_factory(station)
    path = tmp_path / "pilot.csv"
    path.write_text(TABLE, encoding="cp1252")
    head = make_list(program, path)
    ask(program, head)
    lists = program.services.library.work_lists
    known = program.run(lists.open(head.list_id))
    assert known.states == [
        RowState.FOUND,
        RowState.AMBIGUOUS,  # the ID was given out twice
        RowState.MISSING,
        RowState.REFUSED,
    ]
    # rows leave nothing in the server's list of queries
    queries = program.run(program.services.session.client.pacs.queries())
    assert queries == ()
    assert program.run(lists.pull(head.list_id)) > 0
    program.wait(lambda: known.states[0] is RowState.PULLED, 90_000)
    program.context.navigator.go(ShowLibrary("pacs"))
    program.wait_to_read("pilot.csv", "every row has its answer")
    folder = tmp_path / "reports"
    folder.mkdir()
    report = program.run(lists.report(head.list_id, folder))
    text = report.read_text(encoding="utf-8-sig")
    assert "Pulled" in text
    assert "Ambiguous" in text
    # another program over the same catalog and server knows all of it
    program.run(program.services.library.stop())
    again = type(program.services.library)(
        catalog=program.services.catalog,
        jobs=program.services.jobs,
        session=program.services.session,
    )
    program.run(again.start())
    kept = program.run(again.work_lists.open(head.list_id))
    assert kept.states == known.states
    program.run(again.stop())


def test_a_lookup_service_that_is_down_is_never_zero_results(
    program_factory: ProgramFactory, station_factory: StationFactory, tmp_path: Path
) -> None:
    station = station_factory()
    program = program_factory(station)
    fault = station.folder / "pacs-fault"
    fault.write_text("down", encoding="utf-8")
    wanted = Criteria({"PatientID": ("CL-1016",)})
    program.context.navigator.go(ShowLibrary("pacs", Lookup(wanted, run=True)))
    program.wait_to_read("cannot reach its PACS service", "not “nothing found”")
    path = tmp_path / "down.csv"
    path.write_text(TABLE, encoding="utf-8")
    head = make_list(program, path)
    ask(program, head)
    assert state(program, head) is RunState.PAUSED
    known = program.run(program.services.library.work_lists.open(head.list_id))
    assert RowState.MISSING not in known.states
    fault.unlink()
    ask(program, head)
    assert state(program, head) is RunState.ASKED
    assert RowState.WAITING not in known.states
    for button in program.window.findChildren(QPushButton):
        if button.text() == "Try again" and button.isVisible():
            button.click()
            break
    program.wait_to_read("Samplewell", "answered in")


def test_what_was_pulled_elsewhere_is_in_the_library(
    program_factory: ProgramFactory, station_factory: StationFactory
) -> None:
    program = program_factory(station_factory())
    library = program.services.library
    wanted = Criteria({"PatientID": ("CL-1016",)})
    (patient,) = program.run(library.lookup(wanted)).patients
    study = patient.studies[0]
    (item,) = program.run(library.pull([(patient, study, study.series[0])]))
    program.wait(lambda: library.item(item.item_id).state is ItemState.READY, 90_000)
    # as on another computer: this one has never heard of it
    program.run(library.forget([item.item_id]))
    assert library.state_of_series(item.series_uid) is None
    program.context.navigator.go(ShowLibrary("pacs", Lookup(wanted, run=True)))
    program.wait(lambda: library.state_of_series(item.series_uid) is not None)
    program.wait_to_read("In your library", "series here", "View")
    jobs = len(program.services.jobs.jobs())
    program.run(library.pull([(patient, study, study.series[0])]))
    assert len(program.services.jobs.jobs()) == jobs


def test_a_silent_archive_is_told_apart_from_no_match(
    program_factory: ProgramFactory, station: Station
) -> None:
    program = program_factory(station)
    wanted = Criteria({"PatientID": ("CL-0000",)})
    program.context.navigator.go(ShowLibrary("pacs", Lookup(wanted, run=True)))
    program.wait_to_read("No match", "OLDARCHIVE", "may be switched off")
    assert not program.window.findChild(QLabel, "pacs.summary").text()


def test_what_nobody_may_ask_is_refused_before_it_is_sent(
    program_factory: ProgramFactory, station: Station
) -> None:
    program = program_factory(station)
    library = program.services.library
    with pytest.raises(ChrislibError, match="everything"):
        program.run(library.lookup(Criteria({"PatientSex": ("F",)})))
    born = Criteria({"PatientBirthDate": ("19640229",), "PatientSex": ("M",)})
    found = program.run(library.lookup(born))
    assert [one.patient_id for one in found.patients] == ["CL-1016"]
    study = found.patients[0].studies[0]
    by_uid = Criteria({"StudyInstanceUID": (study.study_uid,)})
    (patient,) = program.run(library.lookup(by_uid)).patients
    assert [one.study_uid for one in patient.studies] == [study.study_uid]
