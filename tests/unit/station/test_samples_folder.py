"""A folder of the user's own files as the archive."""

import io
import os
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from chrislib.station.pacs_folder import FolderArchive
from chrislib.station.samples.archive import SampleArchive


def fill(folder: Path) -> str:
    """Write six images of a Japanese patient, and return their series UID."""
    samples = SampleArchive()
    (study,) = samples.find({"PatientID": "CL-1003"})
    uid = study.series[0].uid
    for number, (_, content) in enumerate(samples.images(uid)):
        if number == 6:
            break
        target = folder / "deep" / f"file {9 - number}"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
    return uid


@pytest.mark.logs("phantoms only", "cannot be used")
def test_studies_are_found_among_rubbish(tmp_path: Path) -> None:
    uid = fill(tmp_path)
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "torn.dcm").write_bytes(bytes(128) + b"DICM" + b"\x02\0\0\0UL\4")
    archive = FolderArchive(tmp_path)
    (study,) = archive.find({"PatientName": "星空*"})
    assert study.tags["PatientName"] == "Hoshizora^Haruka=星空^遥=ほしぞら^はるか"
    assert [series.count for series in study.series] == [6]
    assert archive.skipped == 3
    sent = list(archive.images(uid))
    numbers = [dcmread(io.BytesIO(content)).InstanceNumber for _, content in sent]
    assert numbers == [1, 2, 3, 4, 5, 6]


@pytest.mark.logs("phantoms only", "cannot be used")
def test_new_changed_and_deleted_files_are_noticed(tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path)
    assert archive.find({}) == []
    fill(tmp_path)
    assert archive.find({})[0].series[0].count == 6
    for path in sorted((tmp_path / "deep").iterdir())[:2]:
        path.unlink()
    assert archive.find({})[0].series[0].count == 4
    rest = next((tmp_path / "deep").iterdir())
    rest.write_bytes(b"no longer DICOM")
    assert archive.find({})[0].series[0].count == 3


def test_copies_count_once_and_links_are_not_followed(tmp_path: Path) -> None:
    source = Path(str(get_testdata_file("CT_small.dcm")))
    for name in ("a.dcm", "b.dcm"):
        (tmp_path / name).write_bytes(source.read_bytes())
    if hasattr(os, "symlink"):
        (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    archive = FolderArchive(tmp_path)
    (study,) = archive.find({})
    assert [series.count for series in study.series] == [1]


def test_a_missing_folder_is_an_empty_archive(tmp_path: Path) -> None:
    assert FolderArchive(tmp_path / "nothing").find({}) == []


@pytest.mark.logs("phantoms only", "went away")
def test_a_file_that_goes_away_is_left_out(tmp_path: Path) -> None:
    uid = fill(tmp_path)
    archive = FolderArchive(tmp_path)
    images = archive.images(uid)
    next(images)
    for path in (tmp_path / "deep").iterdir():
        path.unlink()
    assert list(images) == []
