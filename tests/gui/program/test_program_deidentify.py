"""A person drops a folder, begins a project and sends; the server learns no name."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pydicom
import pytest
from pydicom.data import get_testdata_file
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from chrislib.catalog.inbox import InboxQuery
from chrislib.jobs.model import Job, Kind, Phase
from chrislib.views.library.deidentify_panel import DeidentifyPanel
from chrislib.views.navigation import ShowLibrary

Program = Any
Station = Any

SEEDS = ("Zwiebelfisch", "Hortensia", "QX7743219", "19470203", "Wattwurm")
WAIT = 60_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name, files and tags name a patient."""
    place = tmp_path / "CD of Zwiebelfisch"
    place.mkdir()
    image = pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))
    image.PatientName, image.PatientID = "Zwiebelfisch^Hortensia", "QX7743219"
    image.PatientBirthDate = "19470203"
    image.ReferringPhysicianName = "Wattwurm^Knut"
    image.SeriesDescription = "SAG T1 Zwiebelfisch"
    image.PatientComments = "Hortensia, born 19470203, sent by Wattwurm"
    for number in range(6):
        image.InstanceNumber, image.SOPInstanceUID = number + 1, f"1.2.3.{number}"
        image.save_as(place / f"Zwiebelfisch_{number}.dcm")
    (place / "Hortensia.txt").write_text("QX7743219")
    return place


def find(program: Program, kind: type[Any], name: str) -> Any:
    """Return a widget of the window."""
    found = program.window.findChild(kind, name)
    assert found is not None, name
    return found


def seeds_in(folder: Path) -> list[str]:
    """Return which seeds are in the files below a folder, or in their names."""
    found = []
    for path in folder.rglob("*"):
        told = path.relative_to(folder).as_posix().encode()
        if path.is_file():
            told += path.read_bytes()
        found += [f"{seed} in {path.name}" for seed in SEEDS if seed.encode() in told]
    return found


def uploads(program: Program) -> list[Job]:
    """Return the uploads of the program."""
    jobs = program.services.jobs.jobs()
    return [cast("Job", job) for job in jobs if job.kind is Kind.UPLOAD]


def test_a_patient_on_a_disc_becomes_a_pseudonym_on_the_server(
    program_factory: Callable[..., Program],
    station_factory: Callable[..., Station],
    folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="chrislib")
    station = station_factory()
    program = program_factory(station)
    told: list[str] = []
    program.context.messages.posted.connect(lambda one: told.append(f"{one}"))
    program.context.navigator.go(ShowLibrary("upload", [folder]))
    window = program.window
    program.wait(lambda: bool(window.findChild(DeidentifyPanel, "deidentify")), WAIT)
    box = find(program, QComboBox, "deidentify.project")
    program.wait(lambda: box.isVisible() and box.isEnabled(), WAIT)
    box.setCurrentIndex(box.findData("+"))
    box.activated.emit(box.currentIndex())
    name = find(program, QLineEdit, "deidentify.new.name")
    program.wait(name.isVisible, WAIT)
    QTest.keyClicks(name, "Teaching set")
    QTest.keyClick(name, Qt.Key.Key_Return)
    program.wait(lambda: box.currentText() == "Teaching set", WAIT)
    changes = find(program, QWidget, "deidentify.changes")
    program.wait(lambda: "as sent TEA-" in changes.accessibleDescription(), WAIT)
    question = find(program, QLabel, "upload.question")
    program.wait(lambda: question.text() == "", WAIT)
    assert find(program, QLineEdit, "upload.name").text() == "TEA"
    send = find(program, QPushButton, "upload.send")
    QTest.mouseClick(send, Qt.MouseButton.LeftButton)
    program.wait(lambda: len(uploads(program)) == 1, WAIT)
    program.wait(lambda: uploads(program)[0].phase.terminal, WAIT)
    (job,) = uploads(program)
    assert job.phase is Phase.FINISHED, job
    (item,) = [
        one for one in program.run(program.services.library.items()) if one.job_key
    ]
    assert item.patient_name.startswith("TEA-")
    assert item.title == "SAG T1"

    async def stored() -> list[Any]:
        client = program.services.session.client
        return [file async for file in client.files.tree(item.path)]

    files = program.run(stored())
    assert len(files) == 6
    # what was done can be looked at
    record = find(program, QPushButton, "upload.run.record")
    program.wait(record.isVisible, WAIT)
    QTest.mouseClick(record, Qt.MouseButton.LeftButton)
    program.wait_to_read("What was changed", "6 files · 1 patient", timeout=WAIT)
    told += [record.getMessage() for record in caplog.records]
    rows = program.run(program.services.catalog.inbox.page(InboxQuery()))
    told += [f"{row}" for row in rows]
    assert [seed for seed in SEEDS if any(seed in text for text in told)] == []
    station.stop()
    assert seeds_in(station.home) == []


def test_a_setting_keeps_originals_from_a_server(
    program_factory: Callable[..., Program], station: Station, folder: Path
) -> None:
    program = program_factory(station)
    find(program, QAbstractButton, "settings").click()
    program.wait(
        lambda: program.window.findChild(QCheckBox, "settings.deidentified") is not None
    )
    only = find(program, QCheckBox, "settings.deidentified")
    only.setChecked(True)
    assert program.services.library.deidentification.required
    QTest.keyClick(find(program, QWidget, "settings.sheet"), Qt.Key.Key_Escape)
    program.context.navigator.go(ShowLibrary("upload", [folder]))
    program.wait_to_read("This server only gets de-identified files", timeout=WAIT)
    box = find(program, QComboBox, "deidentify.project")
    program.wait(box.isEnabled, WAIT)
    assert box.findText("Off, send as it is") < 0
    send = find(program, QPushButton, "upload.send")
    QTest.mouseClick(send, Qt.MouseButton.LeftButton)
    program.wait_to_read("Choose a project", timeout=WAIT)
    assert uploads(program) == []
