"""Small pictures wished for, made once, and told; a crash costs one picture."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_testdata_file

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.refusals import CatalogError
from chrislib.catalog.thumbnails import ThumbnailCache
from chrislib.errors import ChrislibError
from chrislib.library.indexing.indexer import Indexer
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.library.process import WorkerProcess
from chrislib.library.rows import item_row
from chrislib.library.thumbnails import makers as making
from chrislib.library.thumbnails.makers import CRASHED, Makers
from chrislib.library.thumbnails.model import (
    MIDDLE,
    STOPS,
    Made,
    Outcome,
    Subject,
    Wanted,
    nearest_stop,
    side_for,
)
from chrislib.library.thumbnails.service import Thumbnails
from chrislib.library.thumbnails.wishes import Wishes
from tests.unit.library.indexing_files import opened, series

_PATIENCE = 60.0


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


def wanted(number: int) -> Wanted:
    return Wanted(Subject.of_series(number))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not true():  # noqa: ASYNC110 - a condition, not an event
            await asyncio.sleep(0.01)


# Wishes.


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.lists(st.integers(0, 9), max_size=6),
            st.lists(st.integers(0, 9), max_size=6),
            st.integers(0, 9),
        ),
        max_size=12,
    )
)
def test_wishes_are_those_last_uttered(
    turns: list[tuple[str, list[int], list[int], int]],
) -> None:
    wishes = Wishes()
    open_: dict[str, tuple[list[int], list[int]]] = {}
    for owner, seen, near, settled in turns:
        wishes.replace(owner, [wanted(n) for n in seen], [wanted(n) for n in near])
        open_[owner] = seen, near
        wishes.settle(wanted(settled))
        open_ = {
            name: ([n for n in a if n != settled], [n for n in b if n != settled])
            for name, (a, b) in open_.items()
        }
        told = list(wishes)
        seen_now = {n for a, _ in open_.values() for n in a}
        near_now = {n for _, b in open_.values() for n in b}
        assert len(told) == len(set(told))
        assert set(told) == {wanted(n) for n in seen_now | near_now}
        # what is seen comes first
        assert set(told[: len(seen_now)]) == {wanted(n) for n in seen_now}
        for number in range(10):
            assert (wanted(number) in wishes) == (number in seen_now | near_now)


def test_the_order_of_wishes_is_kept_and_owners_take_turns() -> None:
    wishes = Wishes()
    wishes.replace("grid", [wanted(3), wanted(1)], [wanted(9)])
    wishes.replace("tray", [wanted(7)])
    assert list(wishes) == [wanted(3), wanted(7), wanted(1), wanted(9)]
    assert wishes.next(lambda one: one != wanted(3)) == wanted(7)
    wishes.replace("grid", [])
    assert list(wishes) == [wanted(7)]


def test_subjects_are_the_same_whatever_else_changes() -> None:
    item = Item(ItemId("one"), Source.PACS, "CT", ItemState.READY, path="a/b")
    again = Item(ItemId("one"), Source.PACS, "MR", ItemState.GONE, path="a/b")
    assert Subject.of_item(item) == Subject.of_item(again)
    assert "a/b" not in Subject.of_item(item).key
    assert Subject.of_both(5, item) == Subject.of_series(5)
    assert Subject.of_both(None, None) is None
    assert Subject.of_item(item).can_have_picture
    assert not Subject.of_item(again).can_have_picture
    assert [side_for(size) for size in (1, 128, 129, 900)] == [128, 128, 320, 320]
    assert all(nearest_stop(stop / 100) == stop for stop in STOPS)
    assert nearest_stop(-3) == STOPS[0]
    assert nearest_stop(3) == STOPS[-1]


# The service.


class Desk:
    """The service over a real index, and what it told."""

    def __init__(self, catalog: Catalog, folder: Path, processes: int = 0) -> None:
        self.fetched: list[Item] = []
        self.answer: Any = None
        self.told: dict[Wanted, Made] = {}
        self.made: list[Path] = []
        self.service = Thumbnails(
            ThumbnailCache(folder / "thumbnails.db"),
            chooser=catalog.series_files,
            fetch=self._fetch,
            processes=processes,
        )
        self.service.subscribe(
            lambda made: self.told.update({one.wanted: one for one in made})
        )
        make = self.service._makers.make

        async def making(path: Path, **options: Any) -> tuple[bytes, str]:
            self.made.append(path)
            return await make(path, **options)

        self.service._makers.make = making  # type: ignore[method-assign]

    async def _fetch(self, item: Item) -> Path | None:
        self.fetched.append(item)
        if isinstance(self.answer, Exception):
            raise self.answer
        found: Path | None = self.answer
        return found

    async def ask(self, *wishes: Wanted) -> list[Made]:
        self.service.wish("test", wishes)
        await until(lambda: all(one in self.told for one in wishes))
        return [self.told[one] for one in wishes]


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    found = await opened(tmp_path)
    yield found
    await found.close()


def scanned(folder: Path, count: int) -> None:
    """Write a series with pictures."""
    folder.mkdir(parents=True)
    dataset = dcmread(sample("CT_small.dcm"))
    dataset.SeriesInstanceUID = "1.2.3.1"
    for number in range(1, count + 1):
        dataset.InstanceNumber = number
        dataset.SOPInstanceUID = f"1.2.3.1.{number}"
        dataset.save_as(folder / f"1-{number:04}.dcm")


async def keys_of(catalog: Catalog, tmp_path: Path) -> dict[str, int]:
    """Index what is in a folder; return the keys of its series by their UID's end."""
    await Indexer(catalog.index, processes=0).bring_in(tmp_path / "files")
    rows = await catalog._database.read(
        lambda db: db.execute(
            "SELECT series_uid, series_key FROM local_series"
        ).fetchall()
    )
    return {str(uid).rpartition(".")[2]: key for uid, key in rows}


async def test_the_middle_image_is_read_once(catalog: Catalog, tmp_path: Path) -> None:
    scanned(tmp_path / "files", 9)
    key = (await keys_of(catalog, tmp_path))["1"]
    desk = Desk(catalog, tmp_path)
    middle = Wanted(Subject.of_series(key))
    (made,) = await desk.ask(middle)
    assert made.outcome is Outcome.READY
    assert made.jpeg[:2] == b"\xff\xd8"
    assert [path.name for path in desk.made] == ["1-0005.dcm"]
    stops = [Wanted(middle.subject, share=stop) for stop in STOPS]
    await desk.ask(*stops)
    assert {path.name for path in desk.made} >= {"1-0001.dcm", "1-0009.dcm"}
    await desk.service.close()

    again = Desk(catalog, tmp_path)
    assert (await again.ask(middle))[0].jpeg == made.jpeg
    assert again.made == []
    # another file in its place is another picture
    changed = tmp_path / "files" / "1-0005.dcm"
    changed.write_bytes(changed.read_bytes() + b"\0" * 16)
    await keys_of(catalog, tmp_path)
    again.told.clear()
    await again.ask(middle)
    assert len(again.made) == 1
    await again.service.close()


async def test_what_cannot_be_shown_is_remembered(
    catalog: Catalog, tmp_path: Path
) -> None:
    series(tmp_path / "files", 2, which=1)  # they do not say how pixels are stored
    key = (await keys_of(catalog, tmp_path))["1"]
    desk = Desk(catalog, tmp_path)
    (made,) = await desk.ask(Wanted(Subject.of_series(key)))
    assert (made.outcome, made.jpeg) == (Outcome.NONE, b"")
    assert made.reason
    (gone,) = await desk.ask(Wanted(Subject.of_series(12345)))
    assert gone.outcome is Outcome.NONE
    await desk.service.close()
    again = Desk(catalog, tmp_path)
    (made,) = await again.ask(Wanted(Subject.of_series(key)))
    assert made.outcome is Outcome.NONE
    assert again.made == []
    await again.service.clear()
    again.told.clear()
    await again.ask(Wanted(Subject.of_series(key)))
    assert len(again.made) == 1
    await again.service.close()


async def test_pictures_go_with_what_they_are_of(
    catalog: Catalog, tmp_path: Path
) -> None:
    scanned(tmp_path / "files", 1)
    key = (await keys_of(catalog, tmp_path))["1"]
    item = Item(ItemId("i"), Source.PACS, "CT", ItemState.READY, path="a/b")
    await catalog.items.upsert(item_row(item, account="me"))
    desk = Desk(catalog, tmp_path)
    here, there = Wanted(Subject.of_series(key)), Wanted(Subject.of_item(item))
    desk.answer = Path(shutil.copy(sample("CT_small.dcm"), tmp_path / "sample.dcm"))
    await desk.ask(here, there)
    await desk.service.close()

    async def left() -> set[str]:
        again = Desk(catalog, tmp_path)
        await again.service.forget_lost()
        found = await again.service._cache.subjects()
        await again.service.close()
        return found

    assert await left() == {here.subject.key, there.subject.key}
    await catalog.items.delete(["i"])
    assert await left() == {here.subject.key}
    (tmp_path / "files" / "1-0001.dcm").rename(tmp_path / "files" / "no.txt")
    (tmp_path / "files" / "no.txt").write_text("nothing")
    await keys_of(catalog, tmp_path)
    assert await left() == set()


async def test_a_server_that_does_not_answer_is_asked_again(
    catalog: Catalog, tmp_path: Path
) -> None:
    desk = Desk(catalog, tmp_path)
    item = Item(ItemId("i"), Source.PACS, "CT", ItemState.READY, path="a/b")
    far = Wanted(Subject.of_item(item))
    desk.answer = ChrislibError("No connection.")
    (made,) = await desk.ask(far)
    assert made.outcome is Outcome.LATER
    desk.told.clear()
    desk.answer = Path(shutil.copy(sample("CT_small.dcm"), tmp_path / "sample.dcm"))
    (made,) = await desk.ask(far)
    assert made.outcome is Outcome.READY
    assert len(desk.fetched) == 2
    assert not desk.answer.exists()
    await desk.service.close()


async def test_a_catalog_that_cannot_be_read_is_asked_again(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(tmp_path / "files", 1)
    here = Wanted(Subject.of_series((await keys_of(catalog, tmp_path))["1"]))
    desk = Desk(catalog, tmp_path)

    async def refuses(*_values: Any, **_options: Any) -> Any:
        raise CatalogError("The catalog is held by another program.")

    with monkeypatch.context() as patch:
        patch.setattr(catalog.series_files, "choose", refuses)
        (made,) = await desk.ask(here)
    assert made.outcome is Outcome.LATER
    desk.told.clear()
    (made,) = await desk.ask(here)
    assert made.outcome is Outcome.READY
    await desk.service.close()


async def test_a_decoder_that_crashes_costs_one_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = Path(shutil.copy(sample("CT_small.dcm"), tmp_path / "evil.dcm"))
    pids: list[int] = []

    class Mortal(WorkerProcess):
        def ask(self, question: Any) -> Any:
            pids.append(self.pid)
            if b"evil" in question[0]:
                self.kill()
            return super().ask(question)

    monkeypatch.setattr(making, "WorkerProcess", Mortal)
    makers = Makers(1)
    good = sample("CT_small.dcm")
    assert (await makers.make(good, side=32, share=0.5))[0]
    assert await makers.make(evil, side=32, share=0.5) == (b"", CRASHED)
    assert (await makers.make(good, side=32, share=0.5))[0]
    assert len(set(pids)) == 3
    assert makers.process_ids() == [pids[-1]]
    makers._end_behind()
    await until(lambda: makers.process_ids() == [])
    await makers.close()


async def test_closing_does_not_wait_for_a_slow_file(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series(tmp_path / "files", 1, which=1)
    key = (await keys_of(catalog, tmp_path))["1"]
    begun, killed = threading.Event(), threading.Event()

    class Slow:
        pid = 1

        def __init__(self, *_values: Any, **_options: Any) -> None:
            pass

        def ask(self, _question: Any) -> Any:
            begun.set()
            killed.wait(_PATIENCE)

        def kill(self) -> None:
            killed.set()

        def close(self) -> None:
            pass

    monkeypatch.setattr(making, "WorkerProcess", Slow)
    desk = Desk(catalog, tmp_path, processes=1)
    desk.service.wish("test", [Wanted(Subject.of_series(key), share=MIDDLE)])
    await asyncio.to_thread(begun.wait, _PATIENCE)
    await desk.service.close()
    assert killed.is_set()
    assert desk.told == {}
    assert desk.service.pending == 0
