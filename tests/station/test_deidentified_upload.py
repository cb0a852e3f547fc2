"""Seeded names, IDs and birth dates: none of them gets to the station."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pydicom
import pytest
from pydicom.data import get_testdata_file

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.desktop.toast import Toast
from chrislib.errors import ChrislibError
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import FailedFile, Job, JobKey, Phase
from chrislib.library.deidentify.model import Choice
from chrislib.library.model import LocalScan
from chrislib.library.ports import SessionPort
from chrislib.library.service import LibraryService

Station = Any
StationFactory = Callable[..., Station]

NAMES = ("Zwiebelfisch", "Hortensia")
PATIENT_ID = "QX7743219"
BIRTH_DATE = "19470203"
SEEDS = (*NAMES, PATIENT_ID, BIRTH_DATE, "ACC-998877", "Sankt Nirgendwo", "Wattwurm")
ALL = ("patient", "dates", "descriptors")


class Sink:
    """Keeps toasts."""

    def __init__(self) -> None:
        self.toasts: list[Toast] = []

    async def show(self, toast: Toast) -> None:
        """Keep one."""
        self.toasts.append(toast)


@dataclass
class Desk:
    """A library with its jobs, signed in to a station."""

    folder: Path
    client: CubeClient
    sink: Sink = field(default_factory=Sink)
    only_clean: bool = False

    async def open(self) -> "Desk":
        """Open catalog, jobs and library."""
        self.catalog = Catalog(self.folder / "state" / "catalog.db")
        await self.catalog.open()
        self.jobs = JobManager(
            catalog=self.catalog,
            client_for=lambda: self.client,
            pacs=lambda: None,
            clock=SystemClock(),
            sinks=[self.sink],
            base_period=0.6,
        )
        session = SimpleNamespace(
            client=self.client,
            pacs=None,
            error=None,
            host="here",
            username="local",
            subscribe=lambda _listener: lambda: None,
        )
        self.library = LibraryService(
            catalog=self.catalog,
            jobs=self.jobs,
            session=cast("SessionPort", session),
            deidentified_only=lambda: self.only_clean,
        )
        await self.jobs.start()
        await self.library.start()
        return self

    async def close(self) -> None:
        """Close all of it."""
        await self.library.stop()
        await self.jobs.stop()
        await self.catalog.close()

    def job(self, key: str) -> Job:
        """Return a job."""
        found = self.jobs.get(JobKey(key))
        assert found is not None
        return found

    def done(self, key: str) -> int:
        """Return how many files of a job are there."""
        progress = self.job(key).progress
        return progress.done if progress is not None else 0

    async def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.jobs.jobs()
            await asyncio.sleep(0.01)

    async def ends(self, key: str) -> Job:
        """Wait until a job has ended."""
        await self.until(lambda: self.job(key).phase.terminal)
        return self.job(key)


@asynccontextmanager
async def desk_on(station: Station, folder: Path) -> AsyncIterator[Desk]:
    """Have a desk signed in to a station."""
    client = CubeClient(station.url, token=station.token)
    await client.identify()
    desk = await Desk(folder, client).open()
    try:
        yield desk
    finally:
        await desk.close()
        await client.aclose()


def seeded(folder: Path, count: int = 3) -> Path:
    """Write a series whose tags, file names and folders name a patient."""
    place = folder / f"{NAMES[0]}_{PATIENT_ID}"
    place.mkdir(parents=True)
    source = cast("str", get_testdata_file("CT_small.dcm"))
    for number in range(count):
        image = pydicom.dcmread(source)
        image.PatientName = "^".join(NAMES)
        image.PatientID = PATIENT_ID
        image.PatientBirthDate = BIRTH_DATE
        image.AccessionNumber = "ACC-998877"
        image.InstitutionName = "Sankt Nirgendwo"
        image.ReferringPhysicianName = "Wattwurm^Knut"
        image.SeriesDescription = f"T1 axial {NAMES[0]}"
        image.ImageComments = f"{NAMES[1]} was born on {BIRTH_DATE}"
        image.BurnedInAnnotation = "NO"
        image.InstanceNumber = number + 1
        image.SOPInstanceUID = f"1.2.3.4.{number}"
        image.save_as(place / f"{NAMES[0]} {number}.dcm")
    (place / f"{NAMES[1]}.txt").write_text(f"{PATIENT_ID} is {NAMES[1]}")
    return place


def occurrences(folder: Path) -> list[str]:
    """Return where below a folder a seed is: in files (databases, logs) or names."""
    found = []
    for path in folder.rglob("*"):
        told = [path.relative_to(folder).as_posix().encode()]
        if path.is_file():
            told.append(path.read_bytes())
        for seed in SEEDS:
            for text in {seed, seed.upper(), seed.replace(" ", "_")}:
                if any(text.encode() in one for one in told):
                    found.append(f"{text} in {path.name}")
    return found


async def project_of(desk: Desk, *options: str, title: str = "Chiari pilot") -> Choice:
    """Begin a project and return the choice of it."""
    project = await desk.library.deidentification.create(title)
    return Choice(project.project_id, options or ALL)


async def scanned(desk: Desk, place: Path) -> LocalScan:
    """Scan a folder."""
    return await desk.library.scan([place])


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return what gives the text of every log line."""
    caplog.set_level(logging.DEBUG, logger="chrislib")
    return lambda: "\n".join(record.getMessage() for record in caplog.records)


async def test_nothing_of_a_patient_gets_to_the_station(
    station_factory: StationFactory, tmp_path: Path, told: Callable[[], str]
) -> None:
    station = station_factory()
    place = seeded(tmp_path)
    assert occurrences(tmp_path / place.name), "the seeds are found where they are"
    async with desk_on(station, tmp_path) as desk:
        choice = await project_of(desk)
        found = await scanned(desk, place)
        (item,) = await desk.library.upload(found, title="CHI", deidentify=choice)
        job = await desk.ends(item.job_key)
        assert job.phase is Phase.FINISHED, job
        stored = [file async for file in desk.client.files.tree(item.path)]
        record = await desk.library.deidentification.record(item.job_key)
        assert record is not None
        assert item.patient_name.startswith("CHI-")
        assert item.series_description == "T1 axial"
        # what is stored is what the record says: hash by hash
        by_path = {one["path"]: one for one in cast("list[Any]", record["files"])}
        assert set(by_path) == {file.path for file in stored}
        for file in stored:
            pieces = [piece async for piece in desk.client.files.stream(file)]
            data = b"".join(pieces)
            assert hashlib.sha256(data).hexdigest() == by_path[file.path]["sha256"]
            assert len(data) == by_path[file.path]["bytes"]
        assert not list((tmp_path / "state" / "plugins" / "upload").rglob("*.dcm"))
        assert not any(seed in json.dumps(record) for seed in SEEDS)
        assert record["options"] == list(ALL)
        assert record["files_unchanged"] == 0
        assert str(record["tool"]).startswith("chrislib ")
        for toast in desk.sink.toasts:
            assert not any(seed in f"{toast}" for seed in SEEDS)
    station.stop()
    assert occurrences(station.home) == []
    assert not any(seed in told() for seed in SEEDS)


async def test_an_interrupted_upload_goes_on_with_the_same_pseudonyms(
    station: Station, tmp_path: Path
) -> None:
    place = seeded(tmp_path, count=40)
    async with desk_on(station, tmp_path) as desk:
        choice = await project_of(desk)
        found = await scanned(desk, place)
        title = f"resume {time.monotonic_ns()}"
        (item,) = await desk.library.upload(found, title=title, deidentify=choice)
        await desk.until(lambda: desk.done(item.job_key) >= 3)
        # the window is killed: nothing of this attempt is written down any more
        await desk.jobs.stop()
        rows = await desk.catalog.jobs.artifacts(JobKey(item.job_key))
        await desk.catalog.jobs.save_artifacts(
            [_forgotten(row) for row in rows[: len(rows) // 2]]
        )
        await desk.library.stop()
        await desk.catalog.close()
        await desk.open()
        await desk.jobs.refresh()
        job = await desk.ends(item.job_key)
        assert job.phase is Phase.FINISHED, job
        stored = [file async for file in desk.client.files.tree(item.path)]
        assert len(stored) == 40, "each once, under the name it was given"
        record = await desk.library.deidentification.record(item.job_key)
        assert record is not None
        files = cast("list[Any]", record["files"])
        assert {one["path"] for one in files} == {file.path for file in stored}
        assert len({one["subject"] for one in files}) == 1


def _forgotten(row: Any) -> Any:
    from dataclasses import replace

    return replace(row, state="WAITING", sha256=None, remote_id=None)


async def test_pictures_with_text_need_a_word(station: Station, tmp_path: Path) -> None:
    place = seeded(tmp_path)
    for path in place.glob("*.dcm"):
        image = pydicom.dcmread(path)
        image.BurnedInAnnotation = "YES"
        image.save_as(path)
    async with desk_on(station, tmp_path) as desk:
        choice = await project_of(desk)
        found = await scanned(desk, place)
        (warning,) = await desk.library.deidentification.warnings(found)
        assert (warning.at, warning.images) == (0, 3)
        with pytest.raises(ChrislibError, match="3 pictures may show text"):
            await desk.library.upload(found, title="text", deidentify=choice)
        agreed = Choice(choice.project_id, choice.options, text_agreed=True)
        (item,) = await desk.library.upload(found, title="text", deidentify=agreed)
        assert (await desk.ends(item.job_key)).phase is Phase.FINISHED


async def test_what_cannot_be_cleaned_stays_here(
    station: Station, tmp_path: Path
) -> None:
    place = seeded(tmp_path)
    async with desk_on(station, tmp_path) as desk:
        choice = await project_of(desk)
        found = await scanned(desk, place)
        (item,) = await desk.library.upload(found, title="damage", deidentify=choice)
        await desk.ends(item.job_key)
        series = found.series[0]
        damaged = Path(series.files[1])
        damaged.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 50)
        (again,) = await desk.library.upload(found, title="damage", deidentify=choice)
        job = await desk.ends(again.job_key)
        assert job.phase is Phase.FINISHED_WITH_ERRORS
        (failed,) = job.failed_files
        assert isinstance(failed, FailedFile)
        assert failed.path == str(damaged)
        stored = [file async for file in desk.client.files.tree(again.path)]
        assert len(stored) == 2


async def test_a_server_may_want_clean_files_only(
    station: Station, tmp_path: Path
) -> None:
    place = seeded(tmp_path)
    async with desk_on(station, tmp_path) as desk:
        desk.only_clean = True
        found = await scanned(desk, place)
        with pytest.raises(ChrislibError, match="only gets de-identified files"):
            await desk.library.upload(found)
        choice = await project_of(desk)
        with pytest.raises(ChrislibError, match="names a patient"):
            await desk.library.upload(found, deidentify=choice)
