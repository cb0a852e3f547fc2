"""Scans before an upload: archives opened and cleared away, discs, contradictions."""

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
from hypothesis import given
from hypothesis import strategies as st

from chrislib.jobs.model import Phase, Unpacking, UploadIntent
from chrislib.library.conflicts import (
    APART,
    BOTH,
    EVERY,
    LEAVE,
    NEWEST,
    SAME,
    conflicts,
    decided,
)
from chrislib.library.deidentify.model import Choice
from chrislib.library.intake import Intake
from chrislib.library.model import LocalScan, LocalSeries
from chrislib.library.scan import scan
from chrislib.library.service import LibraryService
from tests.unit.library.indexing_files import dicom
from tests.unit.library.test_library_archives import archive

DISC = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests"


async def until(condition: Any) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def images(*numbers: int) -> dict[str, bytes]:
    """Return members of an archive."""
    return {f"a/{n}.dcm": dicom(sop=f"1.{n}", number=n) for n in numbers}


async def test_an_archive_is_opened_sent_and_cleared_away(
    library: LibraryService, neighbours: Any, tmp_path: Path
) -> None:
    path = archive(tmp_path / "study.zip", images(1, 2, 4))
    found = await library.scan([path])
    (opened,) = found.archives
    place = Path(opened.folder)
    root = place.parents[2]
    assert root.name == "unpacked"
    assert root.stat().st_mode & 0o077 == 0
    await library.upload(found)
    (intent,) = neighbours.jobs.submitted
    assert isinstance(intent, UploadIntent)
    assert intent.archives == found.archives
    assert all(Path(file.local).is_file() for file in intent.files)
    library.intake.put_away(found)  # the page is cleared; the upload still needs it
    await library.intake.clear()
    await asyncio.sleep(0.05)
    assert place.is_dir()
    (key,) = neighbours.jobs.rows
    neighbours.jobs.move(key, Phase.FINISHED)
    await until(lambda: list(root.iterdir()) == [])


async def test_what_is_not_sent_is_cleared_away(
    library: LibraryService, tmp_path: Path
) -> None:
    path = archive(tmp_path / "study.zip", images(1))
    found = await library.scan([path])
    root = Path(found.archives[0].folder).parents[2]
    library.intake.put_away(found)
    await until(lambda: list(root.iterdir()) == [])
    await library.scan([archive(tmp_path / "bad.zip", {"a": bytes(80 << 20)})])
    assert list(root.iterdir()) == []


async def test_the_next_start_clears_what_a_killed_one_left(
    neighbours: Any, tmp_path: Path
) -> None:
    root = tmp_path / "unpacked"
    first = Intake(folder=root, jobs=neighbours.jobs)
    left = await first.scan([archive(tmp_path / "a.zip", images(1))])
    needed = await first.scan([archive(tmp_path / "b.zip", images(2))])
    await neighbours.jobs.submit(
        UploadIntent("home/x", (), "t", archives=needed.archives)
    )
    (root / "half" / "0").mkdir(parents=True)
    await first.close()
    second = Intake(folder=root, jobs=neighbours.jobs)
    await second.clear()
    assert not Path(left.archives[0].folder).exists()
    assert Path(needed.archives[0].folder).exists()
    assert len(list(root.iterdir())) == 1
    await second.close()


async def test_a_scan_that_is_stopped_leaves_nothing(
    library: LibraryService, tmp_path: Path
) -> None:
    path = archive(tmp_path / "big.zip", images(*range(400)))
    looking = asyncio.create_task(library.scan([path]))
    root = tmp_path / "unpacked"
    await until(lambda: any(root.rglob("*.dcm")))
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await until(lambda: list(root.iterdir()) == [])


async def test_only_folders_of_its_own_are_removed(
    neighbours: Any, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs" / "0" / "x"
    theirs.mkdir(parents=True)
    made = Intake(folder=tmp_path / "unpacked", jobs=neighbours.jobs)
    found = await made.scan([theirs])
    made.put_away(
        replace(found, archives=(Unpacking("a.zip", str(theirs)),)),
    )
    await asyncio.sleep(0.05)
    assert theirs.is_dir()
    await made.close()


def test_a_disc_is_read_by_its_folder_or_its_table_of_contents(tmp_path: Path) -> None:
    whole, alone = scan([DISC]), scan([DISC / "DICOMDIR"])
    assert len(alone.series) > 1
    listed = {path for one in alone.series for path in one.files}
    assert listed <= {path for one in whole.series for path in one.files}
    reasons = [file.reason for file in alone.unreadable]
    assert any("table of contents of a disc" in reason for reason in reasons)
    assert not any(Path(other[0]).name == "DICOMDIR" for other in whole.others)
    (tmp_path / "DICOMDIR").write_bytes((DISC / "DICOMDIR").read_bytes())
    empty = scan([tmp_path])
    assert not empty.series
    absent = [file for file in empty.unreadable if "not there" in file.reason]
    assert len(absent) == len(listed)


def write(folder: Path, file: str, **facts: Any) -> Path:
    """Write a DICOM file."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dicom(**facts))
    return path


def test_one_id_with_two_names_is_asked_about(tmp_path: Path) -> None:
    for n in (1, 2, 3):
        write(tmp_path, f"{n}", sop=f"1.{n}", number=n, name="Zwiebel^Anna")
    write(tmp_path, "4", sop="1.4", number=4, name="Zwiebel^Hanna")
    found = scan([tmp_path])
    (one,) = conflicts(found)
    assert one.title == "One ID, two names"
    assert "“Zwiebel, Anna” in 3 files and “Zwiebel, Hanna” in 1" in one.text
    (hidden,) = conflicts(found, hidden=True)
    assert "Zwiebel" not in hidden.text
    assert [choice for choice, _ in one.choices] == [SAME, APART]
    same = decided(found, {one.key: SAME})
    assert [s.patient_name for s in same.series] == ["Zwiebel^Anna"]
    two = decided(found, {one.key: APART})
    assert [(s.patient_name, len(s.files)) for s in two.series] == [
        ("Zwiebel^Anna", 3),
        ("Zwiebel^Hanna", 1),
    ]
    assert two.files == found.files


def test_ways_of_writing_a_name_are_no_conflict(tmp_path: Path) -> None:
    names = ["Doe^Jon", "DOE^JON", "Doe^Jon^^", " doe ^ jon", ""]
    for n, name in enumerate(names):
        write(tmp_path, f"{n}", sop=f"1.{n}", number=n, name=name)
    assert conflicts(scan([tmp_path])) == ()


def test_a_series_of_two_patients_is_asked_about(tmp_path: Path) -> None:
    write(tmp_path, "1", sop="1.1", patient="A", name="X^Y")
    write(tmp_path, "2", sop="1.2", patient="B", name="Z^W")
    found = scan([tmp_path])
    (one,) = conflicts(found)
    assert one.title == "In two patients"
    assert len(decided(found, {one.key: BOTH}).series) == 2
    left = decided(found, {one.key: LEAVE})
    assert (left.series, left.files) == ((), 0)


def test_images_that_differ_under_one_number_are_asked_about(tmp_path: Path) -> None:
    old = write(tmp_path, "a/1", sop="1.1", number=1)
    new = write(tmp_path, "b/1", sop="1.1", number=1, text="Thick")
    copy = tmp_path / "c" / "1"
    copy.parent.mkdir()
    copy.write_bytes(old.read_bytes())
    os.utime(old, (1000, 1000))
    found = scan([tmp_path])
    ((series),) = found.series
    assert series.duplicates == 1
    (one,) = conflicts(found)
    newest = decided(found, {one.key: NEWEST})
    assert newest.series[0].files == (str(new),)
    every = decided(found, {one.key: EVERY})
    assert set(every.series[0].files) == {str(old), str(new)}


async def test_two_people_have_two_pseudonyms_and_one_has_one(
    library: LibraryService, neighbours: Any, tmp_path: Path
) -> None:
    write(tmp_path, "1", sop="1.1", name="Zwiebel^Anna", number=1)
    write(tmp_path, "2", sop="1.2", name="Lauch^Tim", number=2)
    found = await library.scan([tmp_path])
    (one,) = conflicts(found)
    project = await library.deidentification.create("Pilot")
    how = Choice(project.project_id, ())
    for choice in (SAME, APART):
        await library.upload(
            decided(found, {one.key: choice}), title="x", deidentify=how
        )
    same, two = (
        {file.remote.split("/")[-3] for file in intent.files}
        for intent in neighbours.jobs.submitted
    )
    assert (len(same), len(two)) == (1, 2)
    assert neighbours.jobs.submitted[1].deidentify.apart == ("P1",)


SERIES = st.builds(
    LocalSeries,
    patient_id=st.sampled_from(["", "A", "B"]),
    patient_name=st.sampled_from(["", "X^Y", "x^y", "Z"]),
    study_uid=st.sampled_from(["1", "2"]),
    study_date=st.none(),
    study_description=st.just(""),
    series_uid=st.sampled_from(["1.1", "1.2", "1.3"]),
    description=st.text(max_size=4),
    modality=st.just("MR"),
    files=st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True).map(
        tuple
    ),
    size=st.integers(0, 100),
    rivals=st.sampled_from([(), (("a", "z"),)]),
)


@given(st.lists(SERIES, max_size=6), st.randoms(use_true_random=False))
def test_decisions_never_lose_or_invent_a_file(
    series: list[LocalSeries], rng: Any
) -> None:
    found = LocalScan("t", (), tuple(series), (), (), 0, 0)
    asked = conflicts(found)
    chosen = {one.key: rng.choice(one.choices)[0] for one in asked}
    after = decided(found, chosen)
    left_out = {key for key, choice in chosen.items() if choice == LEAVE}
    before = {
        path
        for one in series
        if f"series:{one.series_uid}" not in left_out
        for path in one.files
    }
    sent = {path for one in after.series for path in one.files}
    assert sent - {"z"} <= before
    if NEWEST not in chosen.values():
        assert before <= sent
    assert decided(found, {}).series == found.series
