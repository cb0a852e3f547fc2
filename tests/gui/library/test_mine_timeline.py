"""Patients on a line of time: unfolded by keys, kept in place while things change."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from chrislib.library.mine.model import (
    Column,
    Filters,
    Level,
    Mark,
    Query,
    Row,
    RowId,
    Sort,
)
from chrislib.library.mine.service import MyLibrary
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.library.service import LibraryService
from chrislib.views.context import ViewContext
from chrislib.views.library.mine.compare import earlier_like
from chrislib.views.library.mine.timeline import PatientsTree
from chrislib.views.library.mine.timeline_rows import Moment, moment, places_in
from tests.gui.conftest import Aio

WAIT = 30_000
PICTURES = Path(__file__).parents[3] / "build" / "pictures"
BY_NAME = Query(Level.PATIENT, Filters(), Sort(Column.NAME, False))
BORN = date(2009, 8, 29)


def scan(name: str, day: date | None, modality: str = "MR", **others: Any) -> Item:
    made = Item(
        ItemId(name),
        Source.PACS,
        others.pop("title", "SAG T1"),
        ItemState.READY,
        path=f"SERVICES/PACS/{name}",
        patient_id="4543673",
        patient_name="Doe^Jonathan",
        birth_date=BORN,
        study_uid=f"1.2.{day}",
        study_date=day,
        study_description=f"Study of {day}",
        series_uid=f"1.2.{day}.{name}",
        series_description="SAG T1",
        modality=modality,
        images=192,
        added_at=1.0,
    )
    return replace(made, **others)


DAYS = (date(2026, 3, 4), date(2024, 2, 1), date(2011, 10, 9), date(2009, 9, 3))


class Pictures:
    """No pictures; remembers what was in sight."""

    def __init__(self) -> None:
        self.looked: list[Row] = []

    def of(self, row: Row, side: float) -> None:
        return None

    def look_at(self, shown: Any, near: Any, side: float) -> None:
        self.looked = list(shown)


class Stage:
    def __init__(self, ctx: ViewContext, aio: Aio, qtbot: QtBot) -> None:
        self.ctx, self.aio, self.qtbot = ctx, aio, qtbot
        self.pictures = Pictures()
        self.tree = PatientsTree(
            ctx, self.pictures, ticked=lambda _row: Qt.CheckState.Unchecked
        )
        self.model = self.tree.model
        self.view = self.tree.view
        qtbot.addWidget(self.tree)
        self.tree.resize(912, 640)
        self.tree.show()
        qtbot.waitExposed(self.tree)

    def hold(self, *items: Item) -> None:
        library: Any = self.ctx.library
        self.aio.run(library._items.save(items), timeout=WAIT)
        mine: Any = self.ctx.my_library
        self.aio.run(mine.catch_up(), timeout=WAIT)

    def until(self, true: Any) -> None:
        self.qtbot.waitUntil(true, timeout=WAIT)

    def show(self) -> None:
        with self.qtbot.waitSignal(self.tree.listed, timeout=WAIT):
            self.tree.show_query(BY_NAME)

    def key(self, key: Qt.Key) -> None:
        QTest.keyClick(self.view, key)

    def patient(self, number: int = 0) -> QModelIndex:
        return self.model.index(number, 0)

    def row(self, index: QModelIndex) -> Row:
        self.until(lambda: self.model.row(index) is not None)
        found = self.model.row(index)
        assert found is not None
        return found


@pytest.fixture
def mine(
    library: LibraryService, neighbours: Any, fakes: Any, aio: Aio
) -> Iterator[None]:
    """My Library over this test's catalog."""
    if isinstance(fakes.my_library, MyLibrary):
        yield
        return
    found = MyLibrary(
        catalog=neighbours.catalog,
        library=library,
        jobs=neighbours.jobs,
        session=neighbours.session,
        processes=0,
    )
    aio.run(found.start())
    fakes.my_library = found
    yield
    aio.run(found.stop())


@pytest.fixture
def stage(mine: None, ctx: ViewContext, aio: Aio, qtbot: QtBot) -> Iterator[Stage]:
    found = Stage(ctx, aio, qtbot)
    found.hold(*(scan(f"s{day}", day) for day in DAYS))
    found.hold(
        scan(
            "other",
            date(2026, 1, 14),
            "CT",
            patient_id="4543981",
            patient_name="Doe^Jane",
            study_uid="9.9",
        )
    )
    yield found
    found.tree.shutdown()
    found.until(lambda: found.model.pending == 0)


def test_patients_unfold_into_studies_by_time(stage: Stage) -> None:
    tester = QAbstractItemModelTester(
        stage.model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    stage.show()
    assert stage.model.rowCount() == 2
    names = [stage.row(stage.patient(at)).patient_name for at in (0, 1)]
    assert names == ["Doe^Jane", "Doe^Jonathan"]
    stage.tree.highlight_first()
    stage.view.setFocus()
    stage.key(Qt.Key.Key_Down)
    stage.key(Qt.Key.Key_Right)
    patient = stage.patient(1)
    stage.until(lambda: stage.model.rowCount(patient) == 4)
    studies = [stage.row(stage.model.index(at, 0, patient)) for at in range(4)]
    assert [moment(row) for row in studies] == [
        Moment("2026", "Mar", "16 y"),
        Moment("2024", "Feb", "14 y"),
        Moment("2011", "Oct", "2 y"),
        Moment("2009", "Sep", "5 d"),
    ]
    said = stage.model.data(stage.model.index(3, 0, patient))
    assert str(said).startswith("Sep 2009 · 5 d")
    # into the first study and its series, and out again
    stage.key(Qt.Key.Key_Right)
    stage.key(Qt.Key.Key_Right)
    study = stage.model.index(0, 0, patient)
    stage.until(lambda: stage.model.rowCount(study) == 1)
    stage.key(Qt.Key.Key_Right)
    current = stage.tree.current_row()
    assert current is not None
    assert current.level is Level.SERIES
    assert stage.tree.highlighted() == (Level.SERIES, [current.row_id])
    stage.until(lambda: [row.level for row in stage.pictures.looked] == [Level.SERIES])
    stage.key(Qt.Key.Key_Left)
    stage.key(Qt.Key.Key_Left)
    assert not stage.view.isExpanded(study)
    stage.tree.set_oldest_first(True)
    stage.until(lambda: stage.row(stage.model.index(0, 0, patient)) == studies[3])
    # what was current is current: not the place, the study
    now = stage.tree.current_row()
    assert now is not None
    assert now.row_id == studies[0].row_id
    del tester


def test_nothing_moves_while_studies_come(stage: Stage, aio: Aio) -> None:
    stage.show()
    patient = stage.patient(1)
    stage.view.expand(patient)
    stage.until(lambda: stage.model.rowCount(patient) == 4)
    second = stage.model.index(1, 0, patient)
    stage.view.expand(second)
    stage.until(lambda: stage.model.rowCount(second) == 1)
    stage.view.setCurrentIndex(second)
    chosen = stage.row(second)
    stage.hold(
        scan("new", date(2025, 5, 2)),
        scan("first", date(2020, 1, 1), patient_id="1", patient_name="Aa^Bb"),
    )
    stage.until(lambda: stage.model.rowCount() == 3)
    patient = stage.patient(2)
    stage.until(lambda: stage.model.rowCount(patient) == 5)
    assert stage.view.isExpanded(patient)
    third = stage.model.index(2, 0, patient)
    assert stage.view.currentIndex() == third
    assert stage.row(third).row_id == chosen.row_id
    assert stage.view.isExpanded(third)
    assert not stage.view.isExpanded(stage.model.index(1, 0, patient))
    # marks change in place
    series = stage.model.index(0, 0, third)
    mine = stage.ctx.my_library
    aio.run(mine.mark([stage.row(series).row_id], Mark(stars=4)), timeout=WAIT)
    stage.until(lambda: stage.row(series).stars == 4)


def test_boxes_keys_and_hidden_names(stage: Stage, qtbot: QtBot) -> None:
    stage.show()
    stage.row(stage.patient())
    heard: list[object] = []
    stage.tree.ticked.connect(lambda row: heard.append(("tick", row.patient_name)))
    stage.tree.opened.connect(lambda row: heard.append(("open", row.patient_name)))
    stage.tree.key_pressed.connect(heard.append)
    rect = stage.view.visualRect(stage.patient())
    view = stage.view.viewport()

    def click(x: int) -> None:
        at = QPoint(rect.left() + x, rect.center().y())
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)

    click(24)
    click(50)
    assert stage.view.isExpanded(stage.patient())
    click(50)
    assert not stage.view.isExpanded(stage.patient())
    click(200)
    stage.view.setFocus()
    for key in (Qt.Key.Key_T, Qt.Key.Key_4, Qt.Key.Key_Space, Qt.Key.Key_Return):
        stage.key(key)
    assert heard == [("tick", "Doe^Jane"), "T", "4", "Space", ("open", "Doe^Jane")]
    assert "Jane" in str(stage.model.data(stage.patient()))
    settings: Any = stage.ctx.settings
    settings.put("hide_names", True)
    assert "Jane" not in str(stage.model.data(stage.patient()))


def test_the_earlier_series_of_the_kind_is_found(stage: Stage, aio: Aio) -> None:
    stage.hold(scan("ct", DAYS[1], "CT"), scan("t2", DAYS[1], title="AX T2"))
    mine = stage.ctx.my_library
    ids = aio.run(mine.listing(Query(Level.SERIES)), timeout=WAIT).ids
    rows = aio.run(mine.rows(ids), timeout=WAIT)

    def of(day: date, modality: str = "MR") -> Row:
        fitting = (
            r.study_date == day and r.modality == modality for r in rows.values()
        )
        return next(r for r, fits in zip(rows.values(), fitting, strict=True) if fits)

    def earlier(row: Row) -> Row | None:
        return aio.run(earlier_like(mine, row), timeout=WAIT)

    found = earlier(of(DAYS[0]))
    assert found is not None
    assert (found.study_date, found.modality) == (DAYS[1], "MR")
    assert found.title == of(DAYS[0]).title
    assert earlier(of(DAYS[3])) is None
    assert earlier(of(DAYS[1], "CT")) is None


def test_dates_that_are_not_whole() -> None:
    row = Row(row_id=RowId(1), level=Level.STUDY)
    assert moment(row) == Moment("", "No date", "")
    assert moment(replace(row, study_date_text="201803")) == Moment("2018", "Mar", "")
    assert moment(replace(row, study_date_text="2018")) == Moment("2018", "", "")
    known = replace(row, study_date=date(2020, 1, 2), age_days=40)
    assert moment(known) == Moment("2020", "Jan", "5 w")


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_pictures_of_the_timeline(stage: Stage, mode: str, theme: Any) -> None:
    theme.choose(mode, 1.0)
    for width in (912, 640, 1300):
        at = places_in(width, theme)
        order = [at.patient_id, at.born, at.studies, at.counted, at.feeds, at.state]
        shown = [place for place in order if place > 0]
        assert shown == sorted(shown)
        assert 200 < at.title_end < at.counted
    stage.show()
    stage.view.expand(stage.patient(1))
    stage.until(lambda: stage.model.rowCount(stage.patient(1)) == 4)
    PICTURES.mkdir(parents=True, exist_ok=True)
    assert stage.tree.grab().save(str(PICTURES / f"patients-timeline-{mode}.png"))
