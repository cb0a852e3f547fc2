"""Local files and folders, good and bad, and where an upload puts them."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_testdata_file

from chrislib.errors import ChrislibError
from chrislib.library.scan import ScanStopped, only, scan
from chrislib.library.upload import folder_for, plan, safe_name


def write_mr(folder: Path, *numbers: int) -> None:
    source = dcmread(str(get_testdata_file("MR_small.dcm")))
    for number in numbers:
        source.InstanceNumber = number
        source.SOPInstanceUID = f"1.2.826.0.1.{number}"
        source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
        source.save_as(folder / f"mr {number}.dcm", enforce_file_format=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """DICOM with a gap, others, a broken file and litter."""
    place = tmp_path / "cases"
    (place / "deep" / "er").mkdir(parents=True)
    write_mr(place / "deep", 1, 2, 4)
    (place / "deep" / "er" / "notes.txt").write_text("hello")
    (place / "empty.bin").write_bytes(b"")
    (place / ".DS_Store").write_bytes(b"litter")
    whole = (place / "deep" / "mr 1.dcm").read_bytes()
    (place / "broken.dcm").write_bytes(whole[:140])
    return place


def test_a_mixed_folder(folder: Path) -> None:
    seen: list[int] = []
    found = scan([folder], progress=seen.append)
    assert found.title == "cases"
    (series,) = found.series
    assert series.missing == (3,)
    assert len(series.files) == 3
    assert {other[1] for other in found.others} == {"deep/er/notes.txt", "empty.bin"}
    (broken,) = found.unreadable
    assert broken.path.endswith("broken.dcm")
    assert "damaged" in broken.reason
    assert found.files == 6
    assert seen[-1] == 6


def test_links_that_lead_in_circles_end(folder: Path) -> None:
    (folder / "deep" / "round").symlink_to(folder)
    (folder / "deep" / "self").symlink_to(folder / "deep" / "self")
    found = scan([folder])
    assert len(found.series[0].files) == 3
    assert any("link" in file.reason.lower() for file in found.unreadable)


def test_a_link_to_a_folder_elsewhere_is_followed(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "far.txt").write_text("x")
    (folder / "link").symlink_to(elsewhere)
    assert "link/far.txt" in {other[1] for other in scan([folder]).others}


@contextmanager
def without_privileges(*folders: Path) -> Iterator[None]:
    """Be nobody for a while: root may read everything, and tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    for folder in folders:
        folder.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_may_not_be_read_is_said(folder: Path) -> None:
    scan([folder])  # what is imported late is here before the rights go
    (folder / "empty.bin").chmod(0)
    (folder / "deep").chmod(0)
    above = [p for p in folder.parents if p != Path("/") and p != Path("/tmp")]
    with without_privileges(*above):
        found = scan([folder])
    (folder / "deep").chmod(0o755)
    names = {Path(file.path).name for file in found.unreadable}
    assert {"empty.bin", "deep"} <= names


def test_permission_denied_has_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.stat

    def refuse(self: Path, **options: bool) -> os.stat_result:
        if self.name == "notes.txt" and not options:
            raise PermissionError(13, "Permission denied")
        return real(self, **options)

    monkeypatch.setattr(Path, "is_file", lambda _self: True)
    monkeypatch.setattr(Path, "exists", lambda _self: True)
    monkeypatch.setattr(Path, "stat", refuse)
    found = scan([folder])
    reasons = {Path(file.path).name: file.reason for file in found.unreadable}
    assert reasons["notes.txt"] == "This computer gave no permission to read it."


def test_several_drops_keep_their_names_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.txt").write_text(name)
    found = scan([tmp_path / "a", tmp_path / "b", tmp_path / "gone"])
    assert found.title == "a and 2 more"
    assert [other[1] for other in found.others] == ["a/same.txt", "b/same.txt"]
    assert found.unreadable[0].reason == "It is not there."


def test_a_scan_can_be_stopped(folder: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(ScanStopped):
        scan([folder], stop=stop)


def test_a_part_can_be_chosen(folder: Path) -> None:
    found = scan([folder])
    part = only(found, series=[], others=[found.others[0][0]])
    assert part.series == ()
    assert len(part.others) == 1
    assert part.files == 1


def test_the_plan_of_an_upload(folder: Path) -> None:
    found = scan([folder])
    place = "home/alex/uploads/2026-11-22-cases"
    planned = plan(found, folder=place)
    series, others = planned.items
    assert series.series_uid == found.series[0].series_uid
    assert series.images == 3
    remotes = [file.remote for file in planned.intent.files]
    assert len(set(remotes)) == len(remotes) == 5
    assert all(remote.startswith(place + "/") for remote in remotes)
    assert all(" " not in remote for remote in remotes)
    assert others.path == f"{place}/other-files"
    assert sum(r.startswith(series.path + "/") for r in remotes) == 3
    assert planned.intent.item_ids == (series.item_id, others.item_id)
    sizes = {file.local: file.size for file in planned.intent.files}
    assert all(Path(local).stat().st_size == n for local, n in sizes.items())


def test_nothing_is_no_upload(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ChrislibError, match="nothing to send"):
        plan(scan([empty]), folder="home/alex/uploads/x")


@given(st.text())
def test_safe_names_are_safe(text: str) -> None:
    name = safe_name(text)
    assert name
    assert not set(name) & set("/\\, \n")
    assert ".." not in name
    assert not name.startswith(".")
    assert safe_name(name) == name


def test_folders_of_uploads() -> None:
    from datetime import date

    on = date(2026, 11, 22)
    assert (
        folder_for("Teaching, cases/../x", username="alex", on=on)
        == "home/alex/uploads/2026-11-22-Teaching_cases_._x"
    )
