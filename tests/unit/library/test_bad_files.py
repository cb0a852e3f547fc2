"""Folders full of bad files: everything in them is read as pydicom reads it, or told.

`make soak` takes every known file and many cuts of each; `make test` a sample.
"""

import os
import random
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog.index_rows import APART, INSTANCE, OTHER, UNREADABLE
from chrislib.dicom.header import read_header
from chrislib.dicom.reading import is_directory
from chrislib.dicom.wanted import Facts
from chrislib.library.indexing import rows
from chrislib.library.indexing.indexer import Indexer
from chrislib.library.indexing.pool import ReaderPool
from chrislib.library.model import LocalScan
from chrislib.library.scan import scan
from tests.data import bad_dicom
from tests.data.dicom_files import expected, known_files, lengths
from tests.unit.library.indexing_files import opened, series

SOAK = bool(os.environ.get("CHRISLIB_SOAK"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that may be met, in one folder with a link that leads back up."""
    root = tmp_path_factory.mktemp("bad") / "files"
    rng = random.Random(0 if SOAK else 20_261_124)
    for folder in ("made", "known", "cut", "links"):
        (root / folder).mkdir(parents=True)
    for name, data in bad_dicom.cases():
        place = os.fsencode(root / "made") + b"/" + bad_dicom.name_on_disk(name)
        with open(place, "wb") as stream:
            stream.write(data)
    for number, path in enumerate(known_files()[:: 1 if SOAK else 7]):
        (root / "known" / f"{number} {path.name}").symlink_to(path)
        data = path.read_bytes()
        for length in lengths(len(data), rng, 6 if SOAK else 0):
            (root / "cut" / f"{number} {length}").write_bytes(data[:length])
    (root / "links" / "up").symlink_to(root)
    (root / "links" / "self").symlink_to(root / "links" / "self")
    (root / "links" / "nowhere").symlink_to(root / "not there")
    os.mkfifo(root / "links" / "pipe")
    with zipfile.ZipFile(root / "links" / "slip.zip", "w") as archive:
        archive.writestr("../../slipped", "x")
    return root


@pytest.fixture(scope="module")
def truth(tree: Path) -> dict[bytes, Facts | str]:
    """What pydicom makes of each of the files: its facts, or the name of the error."""
    places = (os.fsencode(path) for path in tree.rglob("*") if path.is_file())
    return {place: expected(Path(os.fsdecode(place))) for place in places}


async def test_all_of_it_is_brought_in_with_the_rows_of_pydicom(
    tree: Path, truth: dict[bytes, Facts | str], tmp_path: Path
) -> None:
    catalog = await opened(tmp_path)
    report = await Indexer(catalog.index, processes=1).bring_in(tree)
    again = await Indexer(catalog.index, processes=1).bring_in(tree)
    await catalog.close()
    assert {path.name for path, _ in report.problems} > {"self", "nowhere", "pipe"}
    assert all(reason.endswith(".") for _, reason in report.problems)
    assert again.read == 0
    with closing(sqlite3.connect(tmp_path / "state" / "catalog.db")) as db:
        files = {
            os.path.join(row[0], row[1]): row[2:]
            for row in db.execute(f"{_FILES} JOIN local_folder f USING (folder_id)")
        }
        told = {row[0]: row[:-2] for row in db.execute("SELECT * FROM local_series")}
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert set(files) == set(truth)
    maker, batches = rows.RowMaker(), []
    for place, facts in truth.items():
        row = files[place]
        if isinstance(facts, str):
            assert row[3] == (OTHER if facts == "NotDicom" else UNREADABLE), place
            continue
        batch = rows.empty()
        batches.append(batch)
        stat = (os.path.basename(place), *row[:3])
        maker.add(batch, os.path.dirname(place), stat, facts)
        assert row == batch.files[0][2:-1], place
    # a series is described by one of its files, word by word
    described: dict[int, list[Any]] = {}
    for batch in batches:
        for key, row in batch.series.items():
            described.setdefault(key, []).append(row)
    assert set(told) == set(described)
    for key, row in told.items():
        assert row[: len(described[key][0])] in described[key]


_FILES = (
    "SELECT path, name, size, mtime_ns, inode, state, reason, series_key, sop_uid, "
    "sop_class, instance_number, acquisition_number, temporal_position, echo_number, "
    "trigger_time, content_time, place, orientation, slice_location, rows, columns, "
    "frames, photometric, transfer_syntax FROM local_file"
)


def test_all_of_it_is_scanned_for_an_upload_as_pydicom_sees_it(
    tree: Path, truth: dict[bytes, Facts | str]
) -> None:
    found = scan([tree])
    sent = {os.fsencode(one[0]) for one in found.others}
    refused = {os.fsencode(one.path): one.reason for one in found.unreadable}
    assert all(reason.endswith(".") for reason in refused.values())
    images: set[bytes] = set()
    for one in found.series:
        for path in map(os.fsencode, one.files):
            facts = truth[path]
            assert isinstance(facts, Facts)
            assert facts.patient_id == one.patient_id
            assert (facts.study_uid, facts.series_uid) == (
                one.study_uid,
                one.series_uid,
            )
            images.add(path)
    rivals = _rivals(found)
    for path, facts in truth.items():
        if facts == "NotDicom":
            assert path in sent
        elif facts == "BrokenDicom":
            assert path in refused
        else:
            assert isinstance(facts, Facts)
            state = _state(facts)
            if state == APART:
                assert (path in refused) == is_directory(
                    facts.sop_class or facts.media_class
                )
            else:
                copies = images | rivals
                assert path in copies or _has_a_copy(facts, truth, copies), path
    assert not images & sent
    assert not (images | sent) & set(refused)
    # two files that claim to be one image and differ are both shown
    twins = {b"values-twin one.dcm", b"values-twin two.dcm"}
    assert twins <= {os.path.basename(path) for path in rivals | images}


def _state(facts: Facts) -> int:
    directory = is_directory(facts.sop_class or facts.media_class)
    return APART if directory or not facts.series_uid else INSTANCE


def _rivals(found: LocalScan) -> set[bytes]:
    return {
        os.fsencode(path)
        for one in found.series
        for group in one.rivals
        for path in group
    }


def _has_a_copy(
    facts: Facts, truth: dict[bytes, Facts | str], kept: set[bytes]
) -> bool:
    """Whether another file holds the same image: of copies one is sent."""
    for path in kept:
        other = truth[path]
        if isinstance(other, Facts) and (other.sop_uid, other.series_uid) == (
            facts.sop_uid,
            facts.series_uid,
        ):
            return True
    return False


async def test_files_that_vanish_before_they_are_read_were_never_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    series(root, 5)
    real = ReaderPool.put

    def put(self: ReaderPool, portion: Any) -> None:
        (root / "1-0002.dcm").unlink(missing_ok=True)
        real(self, portion)

    monkeypatch.setattr(ReaderPool, "put", put)
    catalog = await opened(tmp_path)
    report = await Indexer(catalog.index, processes=0).bring_in(root)
    await catalog.close()
    assert (report.images, report.unreadable) == (4, 0)


def _grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(bytes(50_000))


@pytest.mark.parametrize(
    ("name", "happens", "images"),
    [
        ("vanishes", lambda path: path.unlink(), 4),
        ("becomes empty", lambda path: path.write_bytes(b""), 4),
        ("becomes a folder", lambda path: (path.unlink(), path.mkdir()), 4),
        ("grows", _grow, 5),
    ],
)
def test_what_changes_while_it_is_scanned_is_told_and_ends_nothing(
    name: str,
    happens: Callable[[Path], object],
    images: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = tmp_path / "files"
    series(root, 5)
    real = read_header

    def read(path: Path, **more: Any) -> Any:
        if path.name == "1-0003.dcm":
            happens(path)
        return real(path, **more)

    monkeypatch.setattr("chrislib.library.scan.read_header", read)
    found = scan([root])
    assert [len(one.files) for one in found.series] == [images], name
    if images == 4:
        told = [*found.unreadable, *found.others]
        assert "1-0003.dcm" in f"{told}", name
