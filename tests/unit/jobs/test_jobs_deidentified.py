"""De-identified copies of an upload: made by a process, cleared away, never guessed."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import pydicom
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.deidentify import ProjectRow
from chrislib.cube.client import CubeClient
from chrislib.dicom.deidentify.worker import serve
from chrislib.errors import ChrislibError
from chrislib.jobs.backends.deidentified import Copies, Maker
from chrislib.jobs.backends.upload import UploadBackend
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.codec import intent_from_json, intent_to_json
from chrislib.jobs.model import (
    Deidentify,
    Job,
    JobKey,
    Kind,
    Phase,
    UploadFile,
    UploadIntent,
)

PROJECT = {"key": "ab" * 32, "code": "CHI", "options": ["dates"]}
CT = Path(str(get_testdata_file("CT_small.dcm")))


@pytest.fixture
def maker() -> Iterator[Maker]:
    """Return what has copies made."""
    made = Maker(PROJECT)
    yield made
    made.close()


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    """Return a catalog of this test."""
    made = Catalog(tmp_path / "catalog.db")
    await made.open()
    yield made
    await made.close()


def intent(project: str = "p1", local: Path = CT) -> UploadIntent:
    """Return an upload of one file."""
    return UploadIntent(
        "home/u/x",
        (UploadFile(str(local), "home/u/x/CHI-1/001/1.dcm", local.stat().st_size),),
        "CHI",
        deidentify=Deidentify(project, ("dates",)),
    )


async def begin(catalog: Catalog) -> None:
    """Keep a project."""
    await catalog.deidentify.save_project(
        ProjectRow(
            project_id="p1",
            title="A",
            code="CHI",
            secret="ab" * 32,
            options="",
            created_at=0.0,
        )
    )


def test_another_process_goes_on_where_one_died(maker: Maker, tmp_path: Path) -> None:
    first = maker.make(CT, tmp_path / "1.dcm", text_agreed=False)
    process = maker._process
    assert process is not None
    # a key is no argument: arguments can be read by everybody
    assert str(PROJECT["key"]) not in str(process.args)
    process.kill()
    process.wait()
    second = maker.make(CT, tmp_path / "2.dcm", text_agreed=False)
    assert second == first
    assert maker._process is not process


def test_the_process_blacks_out_and_tells_people_apart(tmp_path: Path) -> None:
    before = dcmread(CT)
    uid, patient = str(before.SeriesInstanceUID), str(before.PatientID)
    told = {**PROJECT, "black": [[uid, 0, 0, 9, 9]], "apart": [patient]}
    one, other = Maker(told), Maker({**PROJECT, "apart": []})
    try:
        made = one.make(CT, tmp_path / "1.dcm", text_agreed=False)
        plain = other.make(CT, tmp_path / "2.dcm", text_agreed=False)
    finally:
        one.close()
        other.close()
    assert made.pseudonym != plain.pseudonym
    assert made.sha256 != plain.sha256
    pixels = dcmread(tmp_path / "1.dcm").pixel_array
    assert set(pixels[:9, :9].ravel().tolist()) == {-32768}
    assert (pixels[9:] == before.pixel_array[9:]).all()


def test_a_file_that_kills_is_given_up(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    start = maker._started

    def dying() -> Any:
        process = start()
        process.kill()
        process.wait()
        started.append(process)
        return process

    monkeypatch.setattr(maker, "_started", dying)
    with pytest.raises(ChrislibError, match="could not be de-identified"):
        maker.make(CT, tmp_path / "1.dcm", text_agreed=False)
    assert len(started) == 2


def test_what_is_wrong_comes_back_in_words(maker: Maker, tmp_path: Path) -> None:
    junk = tmp_path / "junk.dcm"
    junk.write_bytes(b"nothing")
    with pytest.raises(ChrislibError, match="not a DICOM file"):
        maker.make(junk, tmp_path / "1.dcm", text_agreed=False)
    with pytest.raises(OSError, match="No such file"):
        maker.make(CT, tmp_path / "no" / "1.dcm", text_agreed=False)
    image = pydicom.dcmread(CT)
    image.BurnedInAnnotation = "YES"
    image.save_as(tmp_path / "text.dcm")
    with pytest.raises(ChrislibError, match="text in the picture"):
        maker.make(tmp_path / "text.dcm", tmp_path / "1.dcm", text_agreed=False)
    assert maker.make(tmp_path / "text.dcm", tmp_path / "1.dcm", text_agreed=True).size


def test_the_process_answers_line_by_line(tmp_path: Path) -> None:
    out = tmp_path / "answers.txt"
    asked = [
        json.dumps(PROJECT),
        json.dumps(
            {"source": str(CT), "target": str(tmp_path / "a"), "text_agreed": False}
        ),
    ]
    (tmp_path / "asked.txt").write_text("\n".join(asked))
    with (tmp_path / "asked.txt").open() as lines, out.open("w") as answers:
        serve(lines, answers)
    (answer,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert answer["pseudonym"].startswith("CHI-")
    assert answer["size"] == (tmp_path / "a").stat().st_size


async def test_what_an_ended_process_left_is_removed(
    catalog: Catalog, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    (folder / "de-identified").mkdir(parents=True)
    left = folder / "de-identified" / "4711-1.dcm"
    left.write_bytes(b"copy")
    copies = Copies(catalog.deidentify, folder)
    assert not left.exists()
    await begin(catalog)
    run = await copies.open(JobKey("j"), intent(), now=1.0)
    async with run.copy(CT) as ready:
        assert ready.path.stat().st_size == ready.copy.size
        assert ready.path.stat().st_mode & 0o077 == 0
    assert not ready.path.exists()
    await run.close()


async def test_a_cancelled_copy_leaves_nothing(
    catalog: Catalog, tmp_path: Path
) -> None:
    await begin(catalog)
    copies = Copies(catalog.deidentify, tmp_path / "own")
    run = await copies.open(JobKey("j"), intent(), now=1.0)

    async def hold() -> None:
        async with run.copy(CT):
            await asyncio.sleep(60)

    held = asyncio.ensure_future(hold())
    folder = tmp_path / "own" / "de-identified"
    deadline = time.monotonic() + 30
    while not any(folder.iterdir()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)
    held.cancel()
    await asyncio.wait([held])
    assert not any(folder.iterdir())
    await run.close()


async def test_without_the_key_nothing_is_sent(
    catalog: Catalog, tmp_path: Path
) -> None:
    class NoClient:
        """Fails when it is used."""

    backend = UploadBackend(
        cast("CubeClient", NoClient()),
        catalog.jobs,
        SystemClock(),
        copies=Copies(catalog.deidentify, tmp_path / "own"),
    )
    for one in (backend, UploadBackend(backend._client, catalog.jobs, SystemClock())):
        job = Job(
            key=JobKey("j"),
            kind=Kind.UPLOAD,
            phase=Phase.RUNNING,
            intent=intent("gone"),
            title="CHI",
        )
        outcome = await one.run(job, cast("Any", None))
        assert outcome.phase is Phase.FAILED
        assert "No original was sent." in outcome.detail


def test_how_files_are_changed_survives_the_catalog() -> None:
    whole = intent()
    assert intent_from_json(Kind.UPLOAD, intent_to_json(whole)) == whole
    agreed = UploadIntent(
        "f",
        (UploadFile("a", "f/a", 1, as_it_is=True),),
        "t",
        deidentify=Deidentify("p", (), text_agreed=True),
    )
    assert intent_from_json(Kind.UPLOAD, intent_to_json(agreed)) == agreed
