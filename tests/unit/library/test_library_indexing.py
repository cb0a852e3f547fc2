"""Folders brought into the catalog: what is found, and what a second look notices."""

import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_charset_files, get_testdata_file

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.folding import fold, searchable
from chrislib.catalog.index_rows import OTHER, UNREADABLE
from chrislib.library.indexing.indexer import Indexer
from tests.unit.library.indexing_files import content, dicom, opened, series


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    found = await opened(tmp_path)
    yield found
    await found.close()


@pytest.fixture
def here(catalog: Catalog) -> Indexer:
    """Reads in this process."""
    return Indexer(catalog.index, processes=0)


def held(tmp_path: Path) -> dict[str, Any]:
    return content(tmp_path / "state" / "catalog.db")


async def test_a_folder_becomes_patients_studies_and_series(
    catalog: Catalog, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    series(root / "a", 5, which=1)
    series(root / "b", 3, which=2, modality="MR", text="T1")
    series(root / "c", 2, which=3, name="Roe^Rick", patient="P2", study="1.2.9")
    (root / "note.txt").write_text("hello")
    (root / "broken.dcm").write_bytes(dicom()[:140])
    report = await Indexer(catalog.index, processes=1).bring_in(root)
    assert (report.seen, report.read, report.images) == (12, 12, 10)
    assert report.unreadable == 1
    ((path, reason),) = report.problems
    assert path == root / "broken.dcm"
    assert reason.startswith("This DICOM file is damaged.")
    found = held(tmp_path)
    assert sorted((row[1], row[2], *row[3:]) for row in found["patients"]) == [
        ("P1", "Doe^Jane", 1, 2, 8),
        ("P2", "Roe^Rick", 1, 1, 2),
    ]
    modalities = {row[2]: set(row[5].split(",")) for row in found["studies"]}
    assert modalities == {"1.2.3": {"CT", "MR"}, "1.2.9": {"CT"}}
    assert sorted(row[3] for row in found["series"]) == [2, 3, 5]
    states = {Path(row[0]).name: row[1] for row in found["files"]}
    assert states["note.txt"] == OTHER
    assert states["broken.dcm"] == UNREADABLE
    assert await catalog.index.unreadable() == [
        (os.fsencode(root / "broken.dcm"), reason)
    ]


async def test_processes_and_this_one_read_the_same(tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    for name in ("CT_small.dcm", "MR_small_bigendian.dcm", "DICOMDIR"):
        shutil.copy2(str(get_testdata_file(name)), root / name)
    shutil.copy2(get_charset_files("chrH31.dcm")[0], root)
    series(root / "a", 300)
    seen = []
    for count in (0, 2):
        catalog = await opened(tmp_path / str(count))
        await Indexer(catalog.index, processes=count).bring_in(root)
        await catalog.close()
        seen.append(content(tmp_path / str(count) / "state" / "catalog.db"))
    assert len(seen[0]["files"]) == 304
    assert seen[0] == seen[1]


async def test_what_did_not_change_is_not_read_again(
    here: Indexer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    series(root / "a", 5)
    series(root / "b", 5, which=2)
    first = await here.bring_in(root)
    before = held(tmp_path)

    def refuse(*_: object) -> None:
        raise AssertionError("a file was read again")

    monkeypatch.setattr("chrislib.dicom.facts.FactReader.read_open", refuse)
    again = await here.bring_in(root)
    assert (first.read, again.read, again.seen) == (10, 0, 10)
    assert held(tmp_path) == before


async def test_a_changed_file_is_read_again_and_counted_where_it_belongs(
    here: Indexer, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    series(root, 4)
    await here.bring_in(root)
    (root / "1-0002.dcm").write_bytes(
        dicom(sop="1.2.3.1.2", series="1.2.3.7", text="Thick", name="Poe^Ann")
    )
    report = await here.bring_in(root)
    assert report.read == 1
    found = held(tmp_path)
    assert {row[2]: row[3] for row in found["series"]} == {"1.2.3.1": 3, "1.2.3.7": 1}
    assert len(found["patients"]) == 2


async def test_a_series_that_is_described_anew_says_so(
    here: Indexer, catalog: Catalog, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    series(root, 2)
    await here.bring_in(root)
    assert await catalog.index.search("renamed") == []
    series(root, 2, text="Renamed at last")
    assert (await here.bring_in(root)).read == 2
    assert len(await catalog.index.search("renamed")) == 1
    assert await catalog.index.search("thin") == []


async def test_moved_files_are_not_read_again(here: Indexer, tmp_path: Path) -> None:
    root = tmp_path / "files"
    series(root / "a", 5)
    series(root / "b", 2, which=2)
    await here.bring_in(root)
    before = held(tmp_path)
    (root / "a").rename(root / "renamed")
    (root / "b" / "2-0001.dcm").rename(root / "elsewhere.dcm")
    report = await here.bring_in(root)
    assert (report.moved, report.read, report.removed) == (6, 0, 0)
    after = held(tmp_path)
    assert after["series"] == before["series"]
    assert {row[0] for row in after["files"]} == {
        str(path) for path in root.rglob("*.dcm")
    }
    assert (await here.bring_in(root)).moved == 0


async def test_a_copy_and_a_hard_link_are_no_moves(
    here: Indexer, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    series(root / "a", 1)
    await here.bring_in(root)
    os.link(root / "a" / "1-0001.dcm", root / "link.dcm")
    shutil.copy2(root / "a" / "1-0001.dcm", root / "copy.dcm")
    report = await here.bring_in(root)
    assert (report.moved, report.read) == (0, 2)
    ((_, _, _, images, files, _),) = held(tmp_path)["series"]
    assert (images, files) == (1, 3)


async def test_what_is_gone_is_forgotten_with_all_it_stood_for(
    here: Indexer, catalog: Catalog, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    series(root / "a", 3)
    series(root / "b", 2, which=2, patient="P2", name="Roe^Rick", study="1.9")
    await here.bring_in(root)
    (root / "a" / "1-0002.dcm").unlink()
    shutil.rmtree(root / "b")
    report = await here.bring_in(root)
    assert report.removed == 3
    found = held(tmp_path)
    assert len(found["files"]) == 2
    assert [row[3] for row in found["series"]] == [2]
    assert len(found["studies"]) == len(found["patients"]) == 1
    assert found["words"] == found["parts"] == [(found["series"][0][0],)]
    assert await catalog.index.search("roe") == []


async def test_a_disk_that_is_not_connected_forgets_nothing(
    here: Indexer, catalog: Catalog, tmp_path: Path
) -> None:
    root = tmp_path / "disk"
    series(root / "a", 3)
    await here.bring_in(root)
    before = held(tmp_path)
    root.rename(tmp_path / "unplugged")
    assert (await here.bring_in(root)).away
    assert held(tmp_path) == before
    root.mkdir()
    assert (await here.bring_in(root)).away
    assert held(tmp_path) == before
    assert [one.state for one in await catalog.index.roots()] == ["AWAY"]
    root.rmdir()
    (tmp_path / "unplugged").rename(root)
    report = await here.bring_in(root)
    assert (report.away, report.read, report.removed) == (False, 0, 0)
    assert [one.state for one in await catalog.index.roots()] == ["DONE"]


async def test_forgetting_a_root_leaves_the_others(
    here: Indexer, catalog: Catalog, tmp_path: Path
) -> None:
    series(tmp_path / "one", 3)
    series(tmp_path / "one-more", 2, which=2)
    await here.bring_in(tmp_path / "one")
    await here.bring_in(tmp_path / "one-more")
    assert await here.forget(tmp_path / "one") == 3
    assert [row[3] for row in held(tmp_path)["series"]] == [2]
    assert len(await catalog.index.roots()) == 1


async def test_links_in_circles_end_and_links_elsewhere_are_followed(
    here: Indexer, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    series(root / "deep", 2)
    series(tmp_path / "far", 1, which=2)
    (root / "deep" / "up").symlink_to(root)
    (root / "self").symlink_to(root / "self")
    (root / "nowhere").symlink_to(root / "not there")
    (root / "far").symlink_to(tmp_path / "far")
    (root / "far again").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "back").symlink_to(tmp_path / "far")
    os.mkfifo(root / "pipe")
    report = await here.bring_in(root)
    assert report.images == 3
    reasons = {path.name: reason for path, reason in report.problems}
    assert reasons == {
        "self": "The link leads in a circle.",
        "nowhere": "The link leads nowhere.",
        "pipe": "It is no ordinary file.",
    }


async def test_a_folder_without_permission_is_told_and_forgets_nothing(
    here: Indexer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    series(root / "closed" / "deep", 2)
    series(root / "open", 1, which=2)
    await here.bring_in(root)
    real = os.scandir
    closed = os.fsencode(root / "closed")

    def scandir(path: Any) -> Any:
        # The tests may run as root, who may read everything.
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    report = await here.bring_in(root)
    assert report.removed == 0
    assert report.problems == [
        (root / "closed", "This computer gave no permission to read it.")
    ]
    assert len(held(tmp_path)["files"]) == 3


async def test_a_file_that_grows_is_read_again_when_it_is_whole(
    here: Indexer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    root.mkdir()
    data = dicom()
    growing = root / "growing.dcm"
    growing.write_bytes(data[:200])
    real = os.read
    grown: list[bool] = []

    def read(descriptor: int, count: int) -> bytes:
        found = real(descriptor, count)
        if not grown:
            grown.append(True)
            growing.write_bytes(data)
            os.utime(growing, ns=(1, time.time_ns()))
        return found

    monkeypatch.setattr("chrislib.dicom.facts.os.read", read)
    report = await here.bring_in(root)
    assert report.images == 1
    assert [row[1] for row in held(tmp_path)["files"]] == [0]
    assert (await here.bring_in(root)).read == 0


async def test_names_that_are_no_text_and_odd_values(
    here: Indexer, catalog: Catalog, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    root.mkdir()
    odd = os.fsencode(root) + b"/\xff\xfe<b>.dcm"
    uid = "1." * 32 + "1"
    data = dicom(name="<b>Bold</b>^../..", series=uid, birth="1970")
    Path(os.fsdecode(odd)).write_bytes(data)
    assert len(uid) == 65
    report = await here.bring_in(root)
    assert report.images == 1
    ((_, _, name, *_),) = held(tmp_path)["patients"]
    assert name == "<b>Bold</b>^../.."
    assert held(tmp_path)["series"][0][2] == uid
    assert len(await catalog.index.search("bold")) == 1


async def test_people_are_not_merged_by_their_number_alone(
    here: Indexer, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    series(root / "a", 1, which=1)
    series(root / "b", 1, which=2, name="Other^Person")
    series(root / "c", 1, which=3, birth="")
    same = dicom(sop="1.2.3.1.1", series="1.2.3.99")
    (root / "twice.dcm").write_bytes(same)
    await here.bring_in(root)
    found = held(tmp_path)
    assert len(found["patients"]) == 3
    assert len([row for row in found["files"] if row[4] == "1.2.3.1.1"]) == 2
    assert len(found["series"]) == 4


@pytest.mark.parametrize("stored", ["", "00000000", "2019", "201902", "20190231"])
async def test_dates_that_are_not_whole_sort_nowhere(
    here: Indexer, catalog: Catalog, tmp_path: Path, stored: str
) -> None:
    series(tmp_path / "files", 1, date=stored)
    await here.bring_in(tmp_path / "files")

    def dates(db: Any) -> list[Any]:
        query = "SELECT study_date, study_date_text FROM local_study"
        return [tuple(row) for row in db.execute(query)]

    assert await catalog._database.read(dates) == [(None, stored)]


async def test_search_finds_names_numbers_and_signs(
    here: Indexer, catalog: Catalog, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    names = {
        1: "Müller^Jürgen",
        2: "Yamada^Tarou=山田^太郎=やまだ^たろう",
        3: "Łukasz^Ødegård",
        4: "Παπαδόπουλος^Γιώργος",
    }
    for which, name in names.items():
        series(root / str(which), 1, which=which, name=name, accession=f"X77{which}1Z")
    await here.bring_in(root)

    async def found(text: str) -> set[str]:
        keys = set(await catalog.index.search(text))
        rows = held(tmp_path)["series"]
        return {row[2].rpartition(".")[2] for row in rows if row[0] in keys}

    assert await found("muller") == {"1"}
    assert await found("MÜLL jurg") == {"1"}
    assert await found("山田") == {"2"}
    assert await found("田") == {"2"}
    assert await found("太郎") == {"2"}
    assert await found("たろう") == {"2"}
    assert await found("odegard lukasz") == {"3"}
    assert await found("παπαδοπουλος") == {"4"}
    assert await found("7731") == {"3"}
    assert await found("711z thin") == {"1"}
    assert await found("X77") == {"1", "2", "3", "4"}
    assert await found("muller yamada") == set()
    assert await found('"quoted* OR (') == set()
    assert await found("  ") == set()


def test_folding() -> None:
    assert fold("Müller^Jürgen") == "muller jurgen"
    assert fold("STRASSE=straße") == "strasse strasse"
    assert fold("Łódź Ærø") == "lodz aero"
    assert fold("  a\\b  ") == "a b"
    assert searchable("山田^太郎") == "山 田 太 郎"
    assert searchable("김희중 Hong") == "김 희 중 hong"
