"""Measure lists of 100,000 rows in one window; the figures go to the standard output.

``library_100k_child.py HOME RUNS``
"""

import asyncio
import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import qasync
from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QTableView

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.folding import fold, searchable
from chrislib.catalog.mine_writing import catch_up
from chrislib.library.mine.model import Column, Filters, Level, Query, Row, Sort
from chrislib.library.mine.service import MyLibrary
from chrislib.views.library.mine.cells import cell
from chrislib.views.library.mine.model import MineModel

ROWS = 100_000
COLUMNS = (
    *(Column.TITLE, Column.NAME, Column.PATIENT_ID, Column.STUDY_DATE),
    *(Column.STUDY, Column.ACCESSION, Column.MODALITY, Column.IMAGES),
)
WORD = "Ngu"
"""What is searched for: the beginning of a name that one in fifty rows has."""
_NAMES = (
    *("Müller", "Doe", "Łucja", "García", "Papadopoulos", "Nguyen", "Smith", "Иванов"),
    *("Kim=金=김", "Yamada=山田=やまだ", "Øberg", "Haddad", "Silva", "Jansen"),
)
_TEXTS = ("AX T1", "SAG T2 FLAIR", "COR T1 MPRAGE", "DTI 64 DIR", "THIN 1.0 B30f")
Index = QModelIndex | QPersistentModelIndex


def fill(db: sqlite3.Connection) -> None:
    """Put 100,000 series of 6,250 patients into the tables of the index."""
    rng = random.Random(1)
    patients, studies, series = [], [], []
    words, parts = [], []
    for number in range(ROWS):
        patient, study = number // 16, number // 4
        if number % 16 == 0:
            first = "Nguyen" if patient % 50 == 0 else rng.choice(_NAMES)
            name = f"{first}^P{patient:05}"
            born = f"{rng.randint(1930, 2020)}-{rng.randint(1, 12):02}-11"
            patients.append(
                (patient, f"ID{rng.randrange(10**7):07}", "", name, fold(name), born)
            )
        person = patients[-1]
        if number % 4 == 0:
            day = f"{rng.randint(1995, 2025)}-{rng.randint(1, 12):02}-15"
            accession = f"ACC{rng.randrange(10**8):08}"
            text = rng.choice(("Brain", "Abdomen", "Spine", "Follow up"))
            studies.append((study, patient, f"1.2.{study}", day, text, accession))
        now = studies[-1]
        text = rng.choice(_TEXTS)
        kind = rng.choice(("CT", "MR", "US", "PT"))
        series.append(
            (number, study, f"1.2.{study}.{number}", kind, text, rng.randrange(1, 400))
        )
        words.append(
            (number, searchable(f"{person[3]} {person[1]}"), searchable(now[4]), text)
        )
        parts.append((number, fold(f"{now[5]} {person[1]}")))
    db.executemany(
        "INSERT INTO local_patient(patient_key, patient_id, issuer, name, sort_name, "
        "birth_date, birth_date_text, sex, added_at) "
        "VALUES (?, ?, ?, ?, ?, ?, '', 'F', 1)",
        patients,
    )
    db.executemany(
        "INSERT INTO local_study(study_key, patient_key, study_uid, study_date, "
        "description, accession_number, study_date_text, study_time, study_id, "
        "referring_physician, institution, age, added_at) "
        "VALUES (?, ?, ?, ?, ?, ?, '', '', '', '', '', '', 1)",
        studies,
    )
    blank = ", ".join(["''"] * 10)
    db.executemany(
        "INSERT INTO local_series(series_key, study_key, series_uid, modality, "
        "description, images, added_at, body_part, laterality, protocol, station, "
        "manufacturer, model, series_time, image_type, sop_class, frame_of_reference, "
        f"burned_in) VALUES (?, ?, ?, ?, ?, ?, 1, {blank}, '')",
        series,
    )
    db.executemany(
        "INSERT INTO local_search(rowid, patient, study, series) VALUES (?, ?, ?, ?)",
        words,
    )
    db.executemany("INSERT INTO local_parts(rowid, numbers) VALUES (?, ?)", parts)


class Plain(QAbstractTableModel):
    """Rows of plain Python values."""

    def __init__(self, rows: list[tuple[str, ...]]) -> None:
        super().__init__()
        self._rows = rows

    def rowCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self._rows)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()][index.column()]
        return None


class AnyColumn(QSortFilterProxyModel):
    """Qt's own filter, over all columns."""

    def __init__(self, source: QAbstractTableModel) -> None:
        super().__init__()
        self.setSourceModel(source)
        self.setFilterKeyColumn(-1)
        self.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)


class Ours(MineModel):
    """My Library's model with the eight columns of the measurement."""

    columns = COLUMNS
    heads = tuple(one.value for one in COLUMNS)
    numeric = frozenset({7})


def words(row: Row, column: Column) -> str:
    """Return the text of a cell."""
    return cell(row, column, hidden=False, now=0.0)


class Nobody:
    """Stands for the Library, jobs and session of an empty program."""

    client = None

    def item(self, _item_id: str) -> None:
        return None

    def jobs(self) -> tuple[Any, ...]:
        return ()

    def subscribe(self, _listener: Any) -> Callable[[], None]:
        return lambda: None


class View(QTableView):
    """A table that says when it was first painted."""

    def __init__(self) -> None:
        super().__init__()
        self.painted = asyncio.Event()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self.painted.set()


class Bench:
    """One application, one catalog, one view at a time."""

    def __init__(self, app: QApplication, mine: MyLibrary) -> None:
        self.app = app
        self.mine = mine
        self.view: View | None = None

    async def open(self, model: QAbstractItemModel) -> None:
        """Show a model in a new view and wait until it is painted."""
        self.view = View()
        self.view.resize(1200, 800)
        self.view.setModel(model)
        self.view.show()
        await self.view.painted.wait()

    def paint(self) -> None:
        """Paint what is there now."""
        assert self.view is not None
        # not by the loop: it is in the midst of a task
        self.view.viewport().repaint()

    def close(self) -> None:
        """Put the view away."""
        assert self.view is not None
        self.view.close()
        self.view.deleteLater()
        self.view = None

    async def listed(self, model: MineModel, query: Query) -> None:
        """Show a list and wait until all of it that is in sight is painted."""
        there = asyncio.Event()
        model.listed.connect(there.set)
        model.show(query)
        await there.wait()
        model.listed.disconnect(there.set)
        if self.view is None:
            await self.open(model)
        else:
            await self.in_sight(model)

    async def in_sight(self, model: MineModel) -> None:
        """Wait until the rows in sight are there, and paint them."""
        # the rows in sight, not only the empty places for them
        come = asyncio.Event()
        model.dataChanged.connect(come.set)
        while model.rowCount() and model.row(model.index(0, 0)) is None:
            come.clear()
            await come.wait()
        model.dataChanged.disconnect(come.set)
        self.paint()


async def run(app: QApplication, home: Path, runs: int) -> dict[str, list[float]]:
    """Measure everything."""
    catalog = Catalog(home / "catalog.db")
    await catalog.open()
    built = 0.0
    if not (await catalog.mine.counts(account=""))["all"]:
        await catalog._database.write(fill)
        began = time.perf_counter()
        while (await catalog._database.write(lambda db: catch_up(db, 5000))).left:
            pass
        built = time.perf_counter() - began
    nobody: Any = Nobody()
    mine = MyLibrary(catalog=catalog, library=nobody, jobs=nobody, session=nobody)
    bench = Bench(app, mine)
    by_date = Query(Level.SERIES, sort=Sort(Column.STUDY_DATE, True))
    ids = list((await mine.listing(by_date)).ids)
    rows: list[tuple[str, ...]] = []
    for at in range(0, len(ids), 2000):
        page = await mine.rows(ids[at : at + 2000], Level.SERIES)
        rows += (tuple(words(one, c) for c in COLUMNS) for one in page.values())
    took: dict[str, list[float]] = {
        name: []
        for name in (
            *("first", "first_plain", "sort", "sort_proxy", "filter", "filter_proxy"),
        )
    }
    took["built"] = [built]

    def clock(name: str, began: float) -> None:
        took[name].append(time.perf_counter() - began)

    for _ in range(runs):
        began = time.perf_counter()
        await bench.open(Plain(rows))
        clock("first_plain", began)
        bench.close()
        began = time.perf_counter()
        model = Ours(mine, words=words)
        await bench.listed(model, by_date)
        clock("first", began)
        while len(model.ids) < ROWS:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        # the words of rows that are kept already would be had for nothing
        orders = (Column.NAME, Column.TITLE, Column.ACCESSION, Column.IMAGES)
        began = time.perf_counter()
        by = Sort(orders[len(took["sort"]) % len(orders)], False)
        await bench.listed(model, Query(Level.SERIES, sort=by))
        clock("sort", began)
        began = time.perf_counter()
        await bench.listed(model, Query(Level.SERIES, Filters(text=WORD), by))
        clock("filter", began)
        if model.rowCount() < ROWS // 50:
            raise RuntimeError("the search found too little")
        model.shutdown()
        bench.close()
    proxy = AnyColumn(Plain(rows))
    await bench.open(proxy)
    began = time.perf_counter()
    proxy.setFilterFixedString(WORD)
    bench.paint()
    clock("filter_proxy", began)
    proxy.setFilterFixedString("")
    bench.paint()
    began = time.perf_counter()
    proxy.sort(1, Qt.SortOrder.AscendingOrder)
    bench.paint()
    clock("sort_proxy", began)
    bench.close()
    await mine.stop()
    await catalog.close()
    return took


def main(home: str, runs: int) -> None:
    """Run in Qt's loop, as the program does."""
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        found = loop.run_until_complete(run(app, Path(home), runs))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
