"""The model of My Library: pages, changes in place, highlight kept by id."""

from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QModelIndex
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.rows import ItemRow
from chrislib.library.mine.model import (
    Column,
    Filters,
    Level,
    Listing,
    Mark,
    Query,
    Row,
    RowId,
    Sort,
)
from chrislib.library.mine.service import MyLibrary
from chrislib.library.service import LibraryService
from chrislib.views.library.mine.model import IdRole, MineModel, RowRole
from chrislib.views.library.mine.moves import find, moves
from tests.gui.conftest import Aio
from tests.unit.library.conftest import FakeJobs, FakeLibrarySession

Select = QItemSelectionModel.SelectionFlag
BY_NAME = Sort(Column.TITLE, False)


def a_row(number: int, **values: Any) -> ItemRow:
    return ItemRow(
        **{
            "item_id": f"i{number}",
            "source": "pacs",
            "title": "",
            "state": "ready",
            "patient_id": f"P{number // 4}",
            "patient_name": f"Doe^{number // 4}",
            "study_uid": f"1.{number // 2}",
            "study_date": f"20{number % 30:02}-01-15",
            "series_uid": f"1.{number // 2}.{number}",
            "series_description": f"Series {number:05}",
            "modality": "CT" if number % 3 else "MR",
            "added_at": float(number),
            **values,
        }
    )


class Shown:
    def __init__(self, aio: Aio, folder: Path) -> None:
        self.aio = aio
        self.catalog = Catalog(folder / "catalog.db")
        aio.run(self.catalog.open())
        jobs, session = FakeJobs(), FakeLibrarySession()
        self.library = LibraryService(catalog=self.catalog, jobs=jobs, session=session)
        self.mine = MyLibrary(
            catalog=self.catalog, library=self.library, jobs=jobs, session=session
        )
        self.listed: list[bool] = []

    def model(self) -> MineModel:
        model = MineModel(self.mine)
        model.listed.connect(lambda: self.listed.append(True))
        return model

    def hold(self, *rows: ItemRow) -> None:
        self.aio.run(self.catalog.items.upsert(*rows))
        self.aio.run(self.mine.catch_up())

    def ask(self, qtbot: QtBot, model: MineModel, query: Query) -> None:
        self.listed.clear()
        model.show(query)
        self.wait(qtbot)

    def wait(self, qtbot: QtBot) -> None:
        qtbot.waitUntil(lambda: bool(self.listed), timeout=30_000)

    def row(self, qtbot: QtBot, model: MineModel, number: int) -> Row:
        def there() -> None:
            assert model.row(model.index(number, 0)) is not None

        qtbot.waitUntil(there, timeout=30_000)
        row = model.row(model.index(number, 0))
        assert row is not None
        return row


@pytest.fixture
def shown(aio: Aio, tmp_path: Path) -> Iterator[Shown]:
    made = Shown(aio, tmp_path)
    yield made
    aio.run(made.mine.stop())
    aio.run(made.library.stop())
    aio.run(made.catalog.close())


def test_rows_come_in_pages_and_highlight_stays_with_its_row(
    shown: Shown, qtbot: QtBot
) -> None:
    shown.hold(*(a_row(number) for number in range(500)))
    model = shown.model()
    shown.ask(qtbot, model, Query(Level.SERIES, sort=BY_NAME))
    assert model.rowCount() == 500
    # the first page is there with the list, the last one comes when it is looked at
    first = model.row(model.index(0, 0))
    assert first is not None
    assert first.title == "Series 00000"
    assert model.row(model.index(499, 0)) is None
    assert shown.row(qtbot, model, 499).title == "Series 00499"
    assert model.index(3, 2).data(RowRole).row_id == model.index(3, 0).data(IdRole)

    selection = QItemSelectionModel(model)
    for number in (7, 8, 300):
        index = model.index(number, 0)
        selection.select(index, Select.Select | Select.Rows)
    selection.setCurrentIndex(model.index(8, 0), Select.NoUpdate)
    ids = {model.id_at(index) for index in selection.selectedRows()}
    resets: list[bool] = []
    model.modelReset.connect(lambda: resets.append(True))
    last = Sort(Column.TITLE, True)
    shown.ask(qtbot, model, Query(Level.SERIES, sort=last))
    assert {model.id_at(index) for index in selection.selectedRows()} == ids
    assert selection.currentIndex().row() == 491
    # what is not in a list any more is not highlighted, what is stays so
    only = Filters(modalities=frozenset({"CT"}))
    shown.ask(qtbot, model, Query(Level.SERIES, only, last))
    assert model.rowCount() == 333
    assert len(selection.selectedRows()) == 2
    assert selection.currentIndex().data(IdRole) in ids
    assert not resets
    shown.ask(qtbot, model, Query(Level.PATIENT, sort=Sort(Column.NAME, False)))
    assert (model.rowCount(), resets) == (125, [True])
    assert shown.row(qtbot, model, 124).series == 4
    model.shutdown()


def test_changes_in_the_background_happen_in_place(shown: Shown, qtbot: QtBot) -> None:
    shown.hold(*(a_row(number) for number in range(100)))
    model = shown.model()
    tester = QAbstractItemModelTester(model)
    assert tester.failureReportingMode() is not None
    shown.ask(qtbot, model, Query(Level.ALL, sort=BY_NAME))
    kept = model.id_at(model.index(50, 0))
    assert kept is not None
    selection = QItemSelectionModel(model)
    selection.select(model.index(50, 0), Select.Select | Select.Rows)
    moved: list[str] = []
    model.modelReset.connect(lambda: moved.append("reset"))
    model.layoutChanged.connect(lambda: moved.append("layout"))
    model.rowsInserted.connect(lambda _p, a, b: moved.append(f"in {a} {b}"))
    model.rowsRemoved.connect(lambda _p, a, b: moved.append(f"out {a} {b}"))
    changed: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda a, b: changed.append((a.row(), b.row())))

    shown.row(qtbot, model, 50)
    changed.clear()
    shown.listed.clear()
    shown.aio.run(shown.mine.mark([kept], Mark(stars=4)))
    qtbot.waitUntil(lambda: shown.row(qtbot, model, 50).stars == 4, timeout=30_000)
    assert (50, 50) in changed
    # the list is asked for again, and nothing in it moves
    shown.wait(qtbot)
    assert moved == []

    shown.listed.clear()
    for number in (10, 11):
        row = a_row(number)
        shown.aio.run(shown.catalog.items.delete([row.item_id]))
    shown.hold(a_row(200, series_description="Series 00020b"))
    shown.wait(qtbot)
    assert moved == ["out 10 11", "in 19 19"]
    assert model.rowCount() == 99
    (at,) = selection.selectedRows()
    assert (at.row(), model.id_at(at)) == (49, kept)
    assert model.index_of(kept).row() == 49
    assert not model.index_of(RowId(1)).isValid()
    model.shutdown()


def test_words_narrow_what_is_shown_as_they_would_find_it_anew(
    shown: Shown, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        a_row(n, patient_name=f"{'Łucja' if n % 3 else 'Kim'}^A") for n in range(90)
    ]
    shown.hold(*rows)
    model = shown.model()
    listing = shown.mine.listing
    anew: list[str] = []

    async def counted(query: Query, *, near: int = 0, most: int = 0) -> Listing:
        anew.append(query.filters.text)
        return await listing(query, near=near, most=most)

    monkeypatch.setattr(shown.mine, "listing", counted)
    for sort in (BY_NAME, Sort(Column.STUDY_DATE, True)):
        only = Filters(modalities=frozenset({"CT"}))
        for text in ("luc", "Łucja seri", "kim", "P2", "nobody"):
            shown.ask(qtbot, model, Query(Level.SERIES, only, sort))
            wanted = Query(Level.SERIES, replace(only, text=text), sort)
            shown.ask(qtbot, model, wanted)
            expected = shown.aio.run(listing(wanted))
            assert list(model.ids) == list(expected.ids)
    assert set(anew) == {""}
    # what came since is in nobody's list yet
    shown.ask(qtbot, model, Query(Level.SERIES, sort=BY_NAME))
    shown.hold(a_row(500, patient_name="Kim^New"))
    shown.ask(qtbot, model, Query(Level.SERIES, Filters(text="new"), BY_NAME))
    qtbot.waitUntil(lambda: model.rowCount() == 1, timeout=30_000)
    assert anew[-1] == "new"
    model.shutdown()


def test_a_list_that_cannot_be_had_leaves_the_one_before(
    shown: Shown, qtbot: QtBot
) -> None:
    shown.hold(a_row(1))
    model = shown.model()
    shown.ask(qtbot, model, Query())
    errors: list[object] = []
    model.failed.connect(errors.append)
    shown.aio.run(shown.catalog.close())
    model.show(Query(Level.PATIENT))
    qtbot.waitUntil(lambda: bool(errors), timeout=30_000)
    assert model.rowCount() == 1
    model.shutdown()


IDS = st.lists(st.integers(0, 40), unique=True)


@given(IDS, IDS, st.booleans())
def test_moves_make_one_list_of_the_other(
    before: list[int], after: list[int], ordered: bool
) -> None:
    if ordered:
        before, after = sorted(before), sorted(after)
    old, new = array("q", before), array("q", after)
    found = moves(old, new)
    both = set(before) & set(after)
    kept = [[one for one in some if one in both] for some in (before, after)]
    assert (found is None) == (kept[0] != kept[1])
    for move in found or ():
        if move.insert:
            old[move.first : move.first] = new[move.first : move.first + move.number]
        else:
            del old[move.first : move.first + move.number]
    if found is not None:
        assert list(old) == after


@given(st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 2**17), max_size=30))
def test_an_id_is_found_where_it_stands(ids: list[int]) -> None:
    data = array("q", ids).tobytes()
    for one in (*ids, 0, 256, 65536, 1):
        assert find(data, one) == (ids.index(one) if one in ids else -1)


def test_an_invalid_index_has_no_row(shown: Shown) -> None:
    model = shown.model()
    assert model.row(QModelIndex()) is None
    assert model.id_at(QModelIndex()) is None
    model.shutdown()
