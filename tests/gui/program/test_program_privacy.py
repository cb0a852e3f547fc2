"""Seeded names, IDs, birth dates, accession numbers: in no log, toast or crash text.

One long run of the real program over everything that touches patients: bringing in,
looking at, sending with and without de-identification, PACS lookup and pull, good and
failing. What the window itself shows is for the person before it, and not looked at.
"""

import asyncio
import faulthandler
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from chrislib import bootstrap, program
from chrislib.aio import spawn
from chrislib.desktop.toast import Toast
from chrislib.errors import ChrislibError
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import JobKey
from chrislib.library.deidentify.model import Choice
from chrislib.library.mine.model import ImportState
from chrislib.library.model import ItemState, LocalScan
from chrislib.library.thumbnails.model import Made, Subject, Wanted
from chrislib.logs import start_log
from chrislib.pacs.types import Criteria
from chrislib.views.navigation import ShowJobs
from chrislib.views.shell.main_window import MainWindow

Program = Any
Station = Any

FAMILY, GIVEN = "Zwiebelfisch", "Hortensia"
PATIENT_ID, BIRTH_DATE, ACCESSION = "QX7743219", "19470203", "ACC998877"
SEEDS = (
    *(FAMILY, GIVEN, PATIENT_ID, BIRTH_DATE, "1947-02-03", ACCESSION, "Wattwurm"),
    *("Nirgendwo", "2.25.7743219"),
)
SIGNALS = (signal.SIGINT, signal.SIGTERM)
WAIT = 60_000


@dataclass
class Screen:
    """Keeps the toasts that a desktop would show."""

    toasts: list[Toast] = field(default_factory=list)

    async def show(self, toast: Toast) -> bool:
        self.toasts.append(toast)
        return True

    async def disturbed(self) -> bool:
        return False

    async def there(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A desktop on which everything is told."""
    made = Screen()
    manager: Any = JobManager
    monkeypatch.setattr(bootstrap, "desktop_sink", lambda *_args, **_more: made)
    monkeypatch.setattr(MainWindow, "is_showing", lambda *_args: False)
    monkeypatch.setattr(
        bootstrap,
        "JobManager",
        lambda **more: manager(**{**more, "notice_preset": "all"}),
    )
    return made


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The folder of the program's own log, with every line there is."""
    root = logging.getLogger()
    level = root.level
    handler = start_log(tmp_path / "logs", level=logging.DEBUG)
    yield tmp_path / "logs"
    root.removeHandler(handler)
    handler.close()
    root.setLevel(level)


@pytest.fixture
def hooks() -> Iterator[None]:
    """Exceptions that nobody catches go where the program sends them."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    handlers = [(number, signal.getsignal(number)) for number in SIGNALS]
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = before
    for number, handler in handlers:
        signal.signal(number, handler)


def images(folder: Path, series: int, count: int = 3) -> Path:
    """Write a series that names a patient wherever one can be named."""
    folder.mkdir(parents=True)
    image = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    image.PatientName, image.PatientID = f"{FAMILY}^{GIVEN}", PATIENT_ID
    image.PatientBirthDate, image.AccessionNumber = BIRTH_DATE, ACCESSION
    image.ReferringPhysicianName, image.InstitutionName = "Wattwurm^Knut", "Nirgendwo"
    image.StudyDescription = f"Head of {FAMILY}"
    image.SeriesDescription = f"T1 {GIVEN} {series}"
    image.StudyInstanceUID = "2.25.7743219.1"
    image.SeriesInstanceUID = f"2.25.7743219.2.{series}"
    image.BurnedInAnnotation = "NO"
    for number in range(count):
        image.InstanceNumber = number + 1
        image.SOPInstanceUID = f"2.25.7743219.3.{series}.{number}"
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.save_as(folder / f"{FAMILY} {GIVEN} {number}.dcm")
    return folder


def add_bad_files(folder: Path) -> None:
    """Add what cannot be read: cut off, lying, a link to nowhere, text."""
    whole = (folder / f"{FAMILY} {GIVEN} 0.dcm").read_bytes()
    (folder / f"{FAMILY} cut.dcm").write_bytes(whole[:400])
    (folder / f"{FAMILY} early.dcm").write_bytes(whole[:140])
    at = whole.index(b"PN", 400)
    bent = whole[:at] + b"\xff\xff" + whole[at + 2 :]
    (folder / f"{FAMILY} bent.dcm").write_bytes(bent)
    (folder / f"{GIVEN}.dcm").symlink_to(folder / f"{PATIENT_ID} not there")
    (folder / f"{FAMILY}.txt").write_text(f"{FAMILY}, born {BIRTH_DATE}")


async def crash(place: Path) -> None:
    """Let exceptions that quote a patient end wherever nobody catches them."""

    def fail() -> None:
        try:
            (place / FAMILY / PATIENT_ID).read_bytes()
        except OSError as error:
            raise ValueError(f"{GIVEN} was born on {BIRTH_DATE}") from error

    async def failing() -> None:
        try:
            fail()
        except ValueError as error:
            raise ExceptionGroup(f"of {FAMILY}", [error, KeyError(ACCESSION)]) from None

    async def refused() -> None:
        raise ChrislibError(f"{FAMILY} cannot be sent.", f"{PATIENT_ID} is in the way.")

    class Leaves:
        def __del__(self) -> None:
            fail()

    loop = asyncio.get_running_loop()
    program._install_hooks(loop, asyncio.Event())
    for number in SIGNALS:
        loop.remove_signal_handler(number)
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Leaves()
    loop.call_soon(fail)
    spawn(failing(), name="failing")
    spawn(refused(), name="refused")


@pytest.mark.logs("uncaught exception", "unexpected failure", "task ", "Exception in")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("hooks")
def test_nothing_of_a_patient_is_in_logs_toasts_and_crash_texts(  # noqa: PLR0917
    program_factory: Callable[..., Program],
    station_factory: Callable[..., Station],
    tmp_path: Path,
    screen: Screen,
    log: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    archive = images(tmp_path / "archive" / FAMILY, 7, count=6)
    disc = images(tmp_path / f"CD of {FAMILY}" / PATIENT_ID, 1)
    add_bad_files(disc)
    station = station_factory("--pacs-folder", str(archive.parent))
    running = program_factory(station)
    running.context.navigator.go(ShowJobs())
    run = Ways(running, disc, station)
    run.brings_in()
    run.looks_at_pictures()
    run.sends_as_it_is()
    run.sends_de_identified()
    run.sends_what_is_gone()
    run.looks_up_and_pulls()
    run.is_refused()
    running.run(crash(disc))
    running.context.messages.failed(OSError(2, "No such file", f"/home/{FAMILY}"))
    written = log / "chrislib.log"
    running.wait(lambda: "task refused failed" in written.read_text("utf-8"), WAIT)
    running.wait(lambda: len(screen.toasts) >= 3, WAIT)
    running.wait(lambda: any(toast.problem for toast in screen.toasts), WAIT)
    with (tmp_path / "fault.txt").open("w+") as stream:
        faulthandler.dump_traceback(stream)
        stream.seek(0)
        fault = stream.read()
    text = written.read_text("utf-8")
    assert text.count("Traceback") >= 5, "what crashed can be found"
    assert "FileNotFoundError (errno 2)" in text
    out, err = capfd.readouterr()
    told = {
        "log": text,
        "toasts": "\n".join(f"{toast}" for toast in screen.toasts),
        "crash": fault,
        "terminal": out + err,
    }
    for path in tmp_path.rglob("*.log*"):  # the embedded station's too
        told[path.name] = path.read_text("utf-8", errors="replace")
    found = [(seed, where) for where, one in told.items() for seed in SEEDS
             if seed.casefold() in one.casefold()]  # fmt: skip
    assert found == []


@dataclass
class Ways:
    """Everything a person does with what names a patient."""

    program: Program
    disc: Path
    station: Station

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.program.run(work, WAIT)

    def brings_in(self) -> None:
        mine = self.program.services.my_library
        (number,) = mine.bring_in([self.disc])

        def over() -> bool:
            states = {one.number: one.state for one in mine.imports}
            return states.get(number) in {ImportState.DONE, ImportState.FAILED}

        self.program.wait(over, WAIT)
        (found,) = [one for one in mine.imports if one.number == number]
        assert (found.state, found.images > 0) == (ImportState.DONE, True)
        assert found.unreadable >= 2
        index = self.program.services.catalog.index
        (self.series_key,) = self.do(index.search(PATIENT_ID))
        # an import that the disk refuses
        (self.disc / "deep").mkdir()
        (self.disc / "deep").rmdir()
        mine.bring_in([self.disc / f"{FAMILY} is not here"])

    def looks_at_pictures(self) -> None:
        thumbnails = self.program.services.thumbnails
        made: list[Made] = []
        stop = thumbnails.subscribe(made.extend)
        subject = Subject.of_series(self.series_key)
        thumbnails.wish("test", [Wanted(subject), Wanted(subject, 320)])
        self.program.wait(lambda: bool(made), WAIT)
        stop()

    def scanned(self) -> LocalScan:
        found: LocalScan = self.do(self.program.services.library.scan([self.disc]))
        return found

    def sends(self, found: LocalScan, **more: Any) -> Any:
        library, jobs = self.program.services.library, self.program.services.jobs
        items = self.do(library.upload(found, **more))
        key = JobKey(items[0].job_key)
        self.program.wait(lambda: jobs.get(key).phase.terminal, WAIT)
        return jobs.get(key)

    def sends_as_it_is(self) -> None:
        found = self.scanned()
        assert found.unreadable
        self.sends(found, title=f"CD of {FAMILY}")

    def sends_de_identified(self) -> None:
        library = self.program.services.library
        project = self.do(library.deidentification.create("Pilot"))
        choice = Choice(project.project_id, ("patient", "dates", "descriptors"))
        found = self.scanned()
        with pytest.raises(ChrislibError, match="names a patient"):
            self.do(library.upload(found, title=FAMILY, deidentify=choice))
        self.sends(found, title="Pilot", deidentify=choice)

    def sends_what_is_gone(self) -> None:
        found = self.scanned()
        gone = Path(found.series[0].files[0])
        data = gone.read_bytes()
        gone.unlink()
        failed = self.sends(found, title=f"{FAMILY} once more").failed_files
        gone.write_bytes(data)
        assert [file.path for file in failed] == [str(gone)]

    def looks_up_and_pulls(self) -> None:
        library = self.program.services.library
        fault = self.station.folder / "pacs-fault"
        for key, value in (
            ("PatientID", PATIENT_ID),
            ("PatientName", f"{FAMILY}*"),
            ("AccessionNumber", ACCESSION),
            ("PatientBirthDate", BIRTH_DATE),
        ):
            found = self.do(library.lookup(Criteria({key: (value,)})))
            assert len(found.patients) == 1, key
        wanted = [
            (patient, study, series)
            for patient in found.patients
            for study in patient.studies
            for series in study.series
        ]
        fault.write_text("stop:2", encoding="utf-8")
        (item,) = self.do(library.pull(wanted))

        def is_(state: ItemState) -> Callable[[], bool]:
            return lambda: library.item(item.item_id).state is state

        self.program.wait(is_(ItemState.FAILED), WAIT)
        fault.unlink()
        self.do(library.retry(item.item_id))
        self.program.wait(is_(ItemState.READY), WAIT)

    def is_refused(self) -> None:
        library = self.program.services.library
        fault = self.station.folder / "pacs-fault"
        fault.write_text("down", encoding="utf-8")
        with pytest.raises(ChrislibError):
            self.do(library.lookup(Criteria({"PatientID": (PATIENT_ID,)})))
        fault.unlink()
        with pytest.raises(ChrislibError):
            self.do(self.program.services.session.client.files.upload(
                self.disc / f"{FAMILY}.txt", f"home/nobody/{FAMILY}/{time.time()}"
            ))  # fmt: skip
