"""Projects, their names, policies and plans, over a real catalog."""

import csv
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from chrislib.dicom.deidentify.profile import Option
from chrislib.errors import ChrislibError
from chrislib.jobs.model import UploadIntent
from chrislib.library.deidentify.model import (
    Choice,
    choice_of,
    names_server,
    with_server,
)
from chrislib.library.deidentify.service import code_of
from chrislib.library.model import EntryKind
from chrislib.library.service import LibraryService


def written(folder: Path, patient: str = "QX7743219", **values: str) -> Path:
    """Write a small image of a patient."""
    folder.mkdir(parents=True, exist_ok=True)
    image = pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))
    image.PatientName, image.PatientID = "Zwiebelfisch^Hortensia", patient
    for keyword, value in values.items():
        setattr(image, keyword, value)
    image.save_as(folder / f"{patient.strip('=')}.dcm")
    return folder


async def choice(library: LibraryService, title: str = "Chiari pilot") -> Choice:
    """Begin a project."""
    project = await library.deidentification.create(title)
    return Choice(project.project_id, project.options)


async def test_projects_are_begun_listed_and_remembered(
    library: LibraryService,
) -> None:
    service = library.deidentification
    assert await service.projects() == []
    assert await service.chosen() == ""
    first = await service.create(" Chiari pilot ")
    assert (first.title, first.code) == ("Chiari pilot", "CHI")
    assert {Option(name) for name in first.options} == set(first.profile.options)
    with pytest.raises(ChrislibError, match="already"):
        await service.create("chiari PILOT")
    with pytest.raises(ChrislibError, match="needs a name"):
        await service.create("  ")
    await service.choose(first.project_id, ("device", "nonsense"))
    assert await service.chosen() == first.project_id
    (now,) = await service.projects()
    assert now.options == ("device",)
    await service.choose("")
    assert await service.chosen() == ""


async def test_the_choice_is_of_one_account(
    library: LibraryService, neighbours: Any
) -> None:
    service = library.deidentification
    project = await service.create("A b c")
    await service.choose(project.project_id)
    neighbours.session.fake.username = "somebody"
    assert await service.chosen() == ""


async def test_a_patient_is_called_the_same_in_a_project_only(
    library: LibraryService, neighbours: Any, tmp_path: Path
) -> None:
    here, there = await choice(library), await choice(library, "Other")
    names = []
    for how in (here, here, there):
        found = await library.scan([written(tmp_path / "in")])
        (item,) = await library.upload(found, title="x", deidentify=how)
        names.append(item.patient_name)
        assert "Zwiebelfisch" not in repr(item)
        assert "QX7743219" not in repr(item)
    assert names[0] == names[1] != names[2]
    first, second = (row.patients for row in await library.deidentification.projects())
    assert (first, second) == (1, 1)


async def test_an_upload_is_repeated_the_same_way(
    library: LibraryService, neighbours: Any, tmp_path: Path
) -> None:
    how = await choice(library)
    found = await library.scan([written(tmp_path / "in")])
    await library.upload(found, title="x", deidentify=how)
    (entry,) = [e for e in await library.history() if e.kind is EntryKind.UPLOAD]
    assert choice_of(entry.request) == how
    assert "de-identified" in entry.detail
    await library.again(entry.entry_id)
    intents = list(neighbours.jobs.submitted)
    assert [isinstance(one, UploadIntent) for one in intents] == [True, True]
    assert intents[0].deidentify == intents[1].deidentify
    assert choice_of({}) is None


async def test_other_files_go_only_when_agreed_and_never_a_dicomdir(
    library: LibraryService, neighbours: Any, tmp_path: Path
) -> None:
    place = written(tmp_path / "in")
    (place / "Hortensia.tar.gz").write_bytes(b"1")
    (place / "letter.Zwiebelfisch").write_bytes(b"22")
    source = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests"
    (place / "DICOMDIR").write_bytes((source / "DICOMDIR").read_bytes())
    found = await library.scan([place])
    assert len(found.others) == 2
    how = await choice(library)
    await library.upload(found, title="x", deidentify=how)
    agreed = Choice(how.project_id, how.options, others=True)
    await library.upload(found, title="x", deidentify=agreed)
    without, with_others = (
        [file.remote.rpartition("/")[2] for file in one.files]
        for one in neighbours.jobs.submitted
    )
    assert without == ["00001.dcm"]
    assert with_others == ["00001.dcm", "0001.tar.gz", "0002"]
    assert "Hortensia" not in repr([one.folder for one in neighbours.jobs.submitted])


async def test_nothing_left_to_send_is_said(
    library: LibraryService, neighbours: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("x")
    found = await library.scan([tmp_path / "a.txt"])
    with pytest.raises(ChrislibError, match="nothing to send"):
        await library.upload(found, deidentify=await choice(library))
    gone = Choice("gone", ())
    with pytest.raises(ChrislibError, match="not on this computer"):
        await library.upload(found, deidentify=gone)
    assert neighbours.jobs.submitted == []


async def test_the_list_of_names_is_written_for_the_user_alone(
    library: LibraryService, neighbours: Any, tmp_path: Path
) -> None:
    how = await choice(library)
    found = await library.scan([written(tmp_path / "in", patient="=1+1")])
    (item,) = await library.upload(found, title="x", deidentify=how)
    file = tmp_path / "names.csv"
    assert await library.deidentification.export_names(how.project_id, file) == 1
    assert file.stat().st_mode & 0o077 == 0
    with file.open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert row["pseudonym"] == item.patient_name
    assert row["patient_id"] == "'=1+1", "no spreadsheet takes it for a formula"
    assert -3650 <= int(row["days"]) <= -1
    with pytest.raises(ChrislibError, match="could not be written"):
        await library.deidentification.export_names(how.project_id, tmp_path)
    assert not list(tmp_path.parent.glob("*.new"))


async def test_there_is_no_record_of_what_was_sent_as_it_is(
    library: LibraryService, tmp_path: Path
) -> None:
    service = library.deidentification
    assert await service.record("none") is None
    assert await service.recorded() == frozenset()
    with pytest.raises(ChrislibError, match="no record"):
        await service.save_record("none", tmp_path / "r.json")


@pytest.mark.parametrize(
    ("title", "taken", "code"),
    [
        ("Chiari pilot", set(), "CHI"),
        ("Chiari pilot", {"CHI", "CHI2"}, "CHI3"),
        ("Müller study", set(), "MUL"),
        ("山田", set(), "PRJ"),
        ("7", {"PRJ"}, "PRJ2"),
    ],
)
def test_codes_are_short_and_of_one_project(
    title: str, taken: set[str], code: str
) -> None:
    assert code_of(title, taken=taken) == code


@pytest.mark.parametrize(
    ("setting", "url", "named"),
    [
        ("", "https://cube.org/api/v1/", False),
        ("*", "https://cube.org/api/v1/", True),
        ("*", "", False),
        ("cube.org", "https://cube.org:8443/api/v1/", True),
        ("cube.org:8000", "https://cube.org:8443/api/v1/", False),
        ("a.org https://CUBE.org/x", "https://cube.org/api/v1/", True),
        ("evilcube.org", "https://cube.org/api/v1/", False),
        ("cube.org:port", "https://cube.org/", True),
    ],
)
def test_servers_are_named_by_address(setting: str, url: str, named: bool) -> None:
    assert names_server(setting, url) is named
    if url:
        assert names_server(with_server(setting, url, on=True), url)
        assert not names_server(with_server(setting, url, on=False), url)
