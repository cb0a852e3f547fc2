"""My Library as the window asks it: rows from everywhere, marks, collections, undo."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from chrislib.catalog.mine_marks import Image
from chrislib.errors import ChrislibError
from chrislib.jobs.model import Phase, RunIntent
from chrislib.library.mine.model import (
    PREVIOUS,
    QUICK,
    CollectionKind,
    Column,
    Field,
    Filters,
    Flag,
    Group,
    ImportState,
    Label,
    Level,
    Mark,
    MineChange,
    Op,
    Place,
    Query,
    Row,
    RowId,
    Rule,
    Sort,
)
from chrislib.library.mine.service import MyLibrary
from chrislib.library.mine.undo import Step, UndoLog
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.library.service import LibraryService
from tests.unit.library.conftest import Neighbours, until
from tests.unit.library.indexing_files import series

DOE = {
    "patient_id": "P1",
    "patient_name": "DOE^JANE",
    "birth_date": date(1970, 1, 1),
    "study_uid": "1.2.3",
    "study_date": date(2024, 1, 31),
    "accession_number": "A12345",
}


def item(name: str, **values: object) -> Item:
    made = Item(ItemId(name), Source.PACS, name, ItemState.READY, added_at=100.0)
    return replace(made, **values)  # type: ignore[arg-type]


class Shown:
    """My Library with a library to fill."""

    def __init__(self, mine: MyLibrary, library: LibraryService, near: Neighbours):
        self.mine = mine
        self.library = library
        self.near = near
        self.told: list[MineChange] = []
        mine.subscribe(self.told.append)

    async def hold(self, *items: Item) -> None:
        await self.library._items.save(items)
        await self.mine.catch_up()

    async def read(self, *roots: Path) -> None:
        numbers = self.mine.bring_in(roots)
        await until(
            lambda: all(
                one.state is ImportState.DONE
                for one in self.mine.imports
                if one.number in numbers
            )
        )
        await self.mine.catch_up()

    async def ids(self, level: Level = Level.ALL, **filters: object) -> list[RowId]:
        query = Query(level, Filters(**filters), Sort(Column.NAME, False))  # type: ignore[arg-type]
        return list((await self.mine.listing(query)).ids)

    async def all(self, level: Level = Level.ALL, **filters: object) -> list[Row]:
        return list(
            (await self.mine.rows(await self.ids(level, **filters), level)).values()
        )


@pytest.fixture
async def shown(
    neighbours: Neighbours, library: LibraryService
) -> AsyncIterator[Shown]:
    mine = MyLibrary(
        catalog=neighbours.catalog,
        library=library,
        jobs=neighbours.jobs,
        session=neighbours.session,
        processes=0,
    )
    await mine.start()
    yield Shown(mine, library, neighbours)
    await mine.stop()


async def test_files_here_and_items_on_the_server_are_one_catalog(
    shown: Shown, tmp_path: Path
) -> None:
    await shown.hold(
        item("pulled", series_uid="1.2.3.1", modality="CT", images=5, **DOE),
        item("far", series_uid="1.2.3.9", modality="PT", images=7, **DOE),
        item("atlas", source=Source.REFERENCE, images=3, path="home/atlas"),
        item("ticked", series_uid="1.2.3.8", state=ItemState.WANTED, **DOE),
        item("browsed", source=Source.FILES),
    )
    assert len(await shown.ids()) == 3
    series(tmp_path / "a", 5, which=1)
    series(tmp_path / "b", 2, which=2, modality="MR", text="Größe")
    await shown.read(tmp_path / "a", tmp_path / "b")
    rows = {row.series_uid or row.title: row for row in await shown.all()}
    assert set(rows) == {"1.2.3.1", "1.2.3.9", "1.2.3.2", "atlas"}
    both, far, here = rows["1.2.3.1"], rows["1.2.3.9"], rows["1.2.3.2"]
    assert [one.place for one in (both, far, here)] == [
        *(Place.BOTH, Place.SERVER, Place.HERE),
    ]
    assert both.item is not None
    assert both.item.item_id == "pulled"
    assert both.series_key is not None
    assert here.item is None
    assert here.source is None
    assert rows["atlas"].level is Level.DATA
    assert (await shown.mine.files(both.row_id))[0].path.parent == tmp_path / "a"
    (patient,) = await shown.all(Level.PATIENT)
    assert (patient.studies, patient.series, patient.here) == (1, 3, 2)
    assert patient.modality == "CT/MR/PT"
    assert patient.age_days is None
    (study,) = await shown.mine.children(Level.PATIENT, patient.row_id)
    assert (await shown.mine.rows([study], Level.STUDY))[study].age_days == 19753
    assert len(await shown.mine.children(Level.STUDY, study)) == 3
    counts = await shown.mine.counts()
    assert (counts.all, counts.data, counts.patients) == (4, 1, 1)


async def test_an_item_that_moves_changes_its_row_in_place(shown: Shown) -> None:
    moving = item("a", series_uid="1.2.3.1", state=ItemState.ON_THE_WAY, **DOE)
    await shown.hold(moving)
    (row,) = await shown.all()
    assert (row.state, row.received) == (ItemState.ON_THE_WAY, 0)
    shown.told.clear()
    shown.library._items.put([replace(moving, received=3, images=9)], keep=False)
    assert shown.told == [MineChange(items=frozenset({ItemId("a")}))]
    (row,) = await shown.all()
    assert (row.received, row.images) == (3, 9)
    await shown.hold(replace(moving, state=ItemState.GONE))
    assert len(await shown.ids(states=frozenset({ItemState.GONE}))) == 1
    await shown.library.forget([ItemId("a")])
    await until(lambda: any(one.lists for one in shown.told))
    await shown.mine.catch_up()
    assert await shown.ids(Level.PATIENT) == []


async def test_another_account_sees_its_own_items_only(shown: Shown) -> None:
    await shown.hold(item("a", series_uid="1.2.3.1", **DOE))
    await shown.mine.mark(await shown.ids(), Mark(stars=3))
    session = shown.near.session
    session.fake.username = "bo"
    session.tell()
    assert await shown.ids() == []
    assert await shown.ids(Level.PATIENT) == []
    assert (await shown.mine.counts()).studies == 0
    assert shown.mine.undo_text == ""
    session.fake.username = "alex"
    session.tell()
    assert [row.stars for row in await shown.all()] == [3]


async def test_search_finds_parts_of_names_numbers_and_marks(
    shown: Shown, tmp_path: Path
) -> None:
    series(tmp_path / "a", 1, which=2, text="Größe", accession="ZX98765")
    await shown.read(tmp_path / "a")
    await shown.hold(
        item(
            "i",
            series_uid="1.2.9.9",
            **{**DOE, "patient_name": "Yamada^Taro=山田^太郎=やまだ^たろう"},
        ),
        item("atlas of mice", source=Source.REFERENCE),
    )
    for text, found in (
        *(("grosse", 1), ("GRÖSSE", 1), ("9876", 1), ("x98", 1), ("987 doe", 1)),
        *(("yama taro", 1), ("山田", 1), ("太", 1), ("まだ", 1), ("mice", 1)),
        *(("1234", 1), ("nobody", 0), ('"', 3), ("", 3), ("doe mice", 0), ("p1", 2)),
    ):
        assert len(await shown.ids(text=text)) == found, text
    (row,) = await shown.ids(text="grosse")
    await shown.mine.mark([row], Mark(add_keywords=("Chiari",), note="ask Émile"))
    assert await shown.ids(text="chia emile") == [row]
    await shown.mine.undo()
    assert await shown.ids(text="chiari") == []


async def test_every_change_can_be_taken_back_exactly(shown: Shown) -> None:
    mine = shown.mine
    await shown.hold(*(item(f"i{n}", series_uid=f"1.2.3.{n}", **DOE) for n in range(4)))
    ids = await shown.ids()
    made = await mine.create_collection("Teaching", ids[:2])
    inner = await mine.create_collection("Inner", ids)
    group = await mine.create_set("Set")
    smart = await mine.create_smart("Good", Group((Rule(Field.STARS, Op.AT_LEAST, 3),)))

    async def seen() -> object:
        await mine._read_collections()
        return (
            {row.row_id: row for row in await shown.all()},
            mine.collections,
            [await shown.ids(collection=one) for one in (made, inner, smart, QUICK)],
            list(
                (
                    await mine.listing(
                        Query(
                            filters=Filters(collection=inner),
                            sort=Sort(Column.MANUAL, False),
                        )
                    )
                ).ids
            ),
            await mine.keywords(),
        )

    steps: list[Callable[[], object]] = [
        lambda: mine.mark(ids[:3], Mark(stars=4)),
        lambda: mine.mark(ids[1:], Mark(flag=Flag.REJECT, label=Label.RED)),
        lambda: mine.mark(ids, Mark(add_keywords=("A", "b"), note="seen")),
        lambda: mine.mark(ids[:2], Mark(stars=0, remove_keywords=("a",))),
        lambda: mine.mark(ids, Mark(stars=2), level=Level.ALL),
        lambda: mine.arrange(inner, [ids[3], ids[2]], before=ids[0]),
        lambda: mine.put_into(inner, group),
        lambda: mine.toggle_quick(ids[:2]),
        lambda: mine.toggle_quick(ids[:2]),
        lambda: mine.remove_from(made, [ids[0]]),
        lambda: mine.rename(made, "Cases"),
        lambda: mine.set_rules(smart, Group((Rule(Field.STARS, Op.IS, 0),))),
        lambda: mine.add_to(made, ids[2:]),
        lambda: mine.delete_collection(group),
        lambda: mine.delete_collection(smart),
    ]
    states = [await seen()]
    for step in steps:
        await step()  # type: ignore[misc]
        states.append(await seen())
    done = []
    for before in reversed(states[:-1]):
        done.append(await mine.undo())
        assert await seen() == before, done[-1]
    for after in states[1:]:
        assert await mine.redo() == done.pop()
        assert await seen() == after
    assert mine.redo_text == ""
    for _ in steps:
        await mine.undo()
    await mine.mark(ids, Mark(stars=1))
    assert mine.redo_text == ""
    assert mine.undo_text == "1 star for 4 series"


async def test_collections_say_what_they_are_and_refuse_nonsense(
    shown: Shown,
) -> None:
    mine = shown.mine
    await shown.hold(item("a", series_uid="1.2.3.1", **DOE))
    ids = await shown.ids()
    with pytest.raises(ChrislibError, match="needs a name"):
        await mine.create_collection("  \n")
    with pytest.raises(ChrislibError, match="cannot be understood"):
        await mine.create_smart("x", Group((Rule(Field.NAME, Op.AT_LEAST, 3),)))
    group = await mine.create_set("All of it")
    made = await mine.create_collection("One", ids, parent=group)
    with pytest.raises(ChrislibError, match="into itself"):
        await mine.put_into(group, group)
    kinds = {one.title: (one.kind, one.parent, one.count) for one in mine.collections}
    assert kinds == {
        "All of it": (CollectionKind.SET, None, 0),
        "One": (CollectionKind.MANUAL, group, 1),
    }
    assert await mine.toggle_quick(ids)
    assert (await mine.counts()).quick == 1
    assert await shown.ids(collection=made) == ids
    # what refers to itself has no rows, and does no harm
    smart = await mine.create_smart("S", Group((Rule(Field.STARS, Op.AT_LEAST, 1),)))
    await mine.set_rules(smart, Group((Rule(Field.COLLECTION, Op.IS, smart),)))
    assert mine.collection(smart) is not None
    with pytest.raises(ChrislibError, match="cannot be understood"):
        await shown.ids(collection=smart)


async def test_marks_come_back_with_a_series_that_was_gone(shown: Shown) -> None:
    one = item("a", series_uid="1.2.3.1", **DOE)
    await shown.hold(one)
    (patient,) = await shown.ids(Level.PATIENT)
    await shown.mine.mark([patient], Mark(stars=5), level=Level.PATIENT)
    await shown.library.forget([one.item_id])
    await shown.mine.catch_up()
    assert await shown.ids() == []
    await shown.hold(replace(one, item_id=ItemId("again")))
    assert [row.stars for row in await shown.all()] == [5]
    assert [row.stars for row in await shown.all(Level.PATIENT)] == [5]


async def test_a_folder_can_be_stopped_and_forgotten(
    shown: Shown, tmp_path: Path
) -> None:
    series(tmp_path / "a", 3)
    (tmp_path / "not.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    first, second, third = shown.mine.bring_in(
        [tmp_path / "a", tmp_path / "gone", tmp_path / "not.zip"]
    )
    shown.mine.cancel_import(third)
    await until(lambda: not shown.mine._imports._working)
    states = {one.number: one.state for one in shown.mine.imports}
    assert states == {
        first: ImportState.DONE,
        second: ImportState.FAILED,
        third: ImportState.STOPPED,
    }
    await until(lambda: any(one.lists for one in shown.told))
    assert tmp_path / "a" in await shown.mine.folders()
    await shown.mine.forget_folder(tmp_path / "a")
    await shown.mine.catch_up()
    assert await shown.ids() == []
    await asyncio.sleep(0)


async def test_feeds_that_used_a_series_are_counted_and_asked_for(
    shown: Shown,
) -> None:
    brought = item("brought", source=Source.REFERENCE)
    used = item("used", series_uid="1.2.3.1", **DOE)
    await shown.hold(used, item("other", series_uid="1.2.3.2", **DOE), brought)
    jobs = shown.near.jobs
    for feed_id, ids in ((7, ("used", "brought")), (8, ("used",)), (8, ("used",))):
        intent = RunIntent(1, "pl-dircopy", "1.0", "fs", {}, item_ids=ids)
        key = await jobs.submit(intent)
        if "brought" in ids:  # the run that brings an item does not use it
            await shown.hold(replace(brought, job_key=key))
        jobs.move(key, Phase.RUNNING, feed_id=feed_id)
    await shown.mine.catch_up()
    rows = {row.item.item_id: row for row in await shown.all() if row.item}
    assert {one: row.feeds for one, row in rows.items()} == {
        **{ItemId("used"): 2, ItemId("other"): 0, ItemId("brought"): 0}
    }
    assert await shown.mine.feeds(rows[ItemId("used")].row_id) == [8, 7]
    (patient,) = await shown.all(Level.PATIENT)
    assert patient.feeds == 2
    unused = Group((Rule(Field.FEEDS, Op.IS, 0), Rule(Field.KIND, Op.IS, "series")))
    smart = await shown.mine.create_smart("Not in any feed", unused)
    assert await shown.ids(collection=smart) == [rows[ItemId("other")].row_id]
    counts = {one.title: one.count for one in shown.mine.collections}
    assert counts == {"Not in any feed": 1}


async def test_what_came_last_is_the_previous_import(shown: Shown) -> None:
    await shown.hold(
        *(
            item(f"i{at}", series_uid=f"1.2.3.{at}", **{**DOE, "added_at": float(at)})
            for at in (0, 500, 5000, 5500, 6100)
        )
    )
    found = await shown.all(collection=PREVIOUS)
    assert sorted(row.added_at for row in found) == [5000, 5500, 6100]
    assert (await shown.mine.counts()).previous == 3


async def test_reading_that_was_cut_off_goes_on(
    neighbours: Neighbours, library: LibraryService, tmp_path: Path
) -> None:
    series(tmp_path / "a", 4)
    await neighbours.catalog.index.mark(os.fsencode(tmp_path / "a"), "RUNNING")
    mine = MyLibrary(
        catalog=neighbours.catalog,
        library=library,
        jobs=neighbours.jobs,
        session=neighbours.session,
        processes=0,
    )
    told: list[MineChange] = []
    mine.subscribe(told.append)
    await mine.start()
    await until(lambda: any(one.rows for one in told))
    (row,) = (await mine.listing(Query(Level.SERIES))).ids
    await until(lambda: mine.imports[0].state is ImportState.DONE)
    await mine.catch_up()
    assert (await mine.rows([row]))[row].images == 4
    await mine.stop()


def a_step(number: int, rows: int) -> Step:
    before = tuple((one, 1) for one in range(rows))
    return Step(str(number), (Image("mine_mark", (), before, ()),))


def taken_back(log: UndoLog) -> list[str]:
    found: list[str] = []
    while (step := log.last) is not None:
        found.append(step.words)
        log.undid()
    return found


def test_undo_goes_so_far_back_and_no_further() -> None:
    log = UndoLog()
    for number in range(300):
        log.did(a_step(number, 1))
    assert taken_back(log) == [str(number) for number in range(299, 99, -1)]
    log.redid()
    # the last change can be taken back however large it was, what was before cannot
    log.did(a_step(1, 600_000))
    assert taken_back(log) == ["1"]
