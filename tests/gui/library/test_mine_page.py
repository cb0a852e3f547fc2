"""My Library by hand: grid and list, marks, filters, ticks, inspector, undo."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.library.mine.model import Flag, ImportState, Label, Level, Mark, Row
from chrislib.library.mine.service import MyLibrary
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.views.library.mine.grid import Card, GridView
from chrislib.views.library.mine.page import MinePage
from chrislib.views.library.mine.table import MineTable
from chrislib.views.library.mine.views import Views
from chrislib.views.navigation import OpenViewer, ShowLibrary
from chrislib.views.widgets.state_view import StateView
from tests.unit.library.indexing_files import series

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def item(number: int, **values: Any) -> Item:
    """Return a series that the server has."""
    facts = {
        "source": Source.PACS,
        "title": f"Series {number:03}",
        "state": ItemState.READY,
        "path": f"SERVICES/PACS/x/{number}",
        "patient_id": f"P{number // 4}",
        "patient_name": f"DOE^ANN{number // 4}",
        "birth_date": date(2009, 8, 29),
        "study_uid": f"1.{number // 2}",
        "study_date": date(2024, 1, 1 + number % 28),
        "study_description": "Head",
        "series_uid": f"1.{number // 2}.{number}",
        "series_description": f"Series {number:03}",
        "modality": "CT" if number % 3 else "MR",
        "images": 5 + number,
        "added_at": 1_700_000_000.0 + number,
    }
    return Item(ItemId(f"i{number}"), **{**facts, **values})


class Hand:
    """A person at My Library."""

    def __init__(self, stage: Any, aio: Any, posted: list[Any]) -> None:
        self.stage, self.aio, self.posted = stage, aio, posted
        self.mine: MyLibrary = stage.ctx.my_library
        self.until: Callable[..., None] = stage.until

    def hold(self, *items: Item) -> None:
        self.aio.run(self.stage.library.keep(items), 30_000)
        self.aio.run(self.mine.catch_up(), 30_000)

    def read(self, folder: Path) -> None:
        self.mine.bring_in([folder])
        self.until(lambda: all(i.state is ImportState.DONE for i in self.mine.imports))
        self.aio.run(self.mine.catch_up(), 30_000)

    def go(self, section: str, rows: int) -> None:
        self.stage.pane.show_section(section)
        self.page: MinePage = self.stage.find(MinePage, "mine")
        self.until(lambda: self.page.model.rowCount() == rows)
        self.until(self.views.isVisible)
        self.until(self.views.selection.hasSelection)

    @property
    def views(self) -> Views:
        return self.page.views

    @property
    def view(self) -> GridView | MineTable:
        return self.views.view

    def press(self, *keys: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        for key in keys:
            QTest.keyClick(self.view, key, modifier)

    def row(self, number: int) -> Row:
        found: list[Row] = []

        def known() -> bool:
            row = self.page.model.row(self.page.model.index(number, 0))
            found[:] = [row] if row is not None else []
            return bool(found)

        self.until(known)
        return found[0]

    def choose(self, *numbers: int) -> None:
        flag = QItemSelectionModel.SelectionFlag
        select = self.views.selection
        select.setCurrentIndex(
            self.page.model.index(numbers[0], 0), flag.ClearAndSelect | flag.Rows
        )
        for number in numbers[1:]:
            select.select(self.page.model.index(number, 0), flag.Select | flag.Rows)

    def counts(self) -> str:
        label: QLabel = self.stage.find(QLabel, "mine.counts")
        return label.text()

    def inspector(self, kind: type[Any], name: str) -> Any:
        found = self.page.inspector.findChild(kind, name)
        assert found is not None, name
        return found

    def reads(self) -> str:
        """What the inspector says."""
        labels = self.page.inspector.findChildren(QLabel)
        return "\n".join(one.text() for one in labels if not one.isHidden())

    def part(self, number: int, part: str) -> QPoint:
        grid = self.views.grid
        index = self.page.model.index(number, 0)
        card = Card(grid.visualRect(index), self.stage.ctx.theme)
        rect = getattr(card, part)
        return QPoint(rect.left() + 8, rect.center().y())


@pytest.fixture
def hand(stage: Any, aio: Any, posted: list[Any]) -> Hand:
    return Hand(stage, aio, posted)


def test_keys_mark_what_is_highlighted_and_undo_takes_it_back(hand: Hand) -> None:
    hand.hold(*(item(number) for number in range(6)))
    hand.go("all", 6)
    hand.until(lambda: hand.counts() == "6 items · 1 highlighted")
    hand.choose(0, 1, 2)
    hand.press(Qt.Key.Key_P, Qt.Key.Key_4, Qt.Key.Key_8)
    hand.until(lambda: hand.row(2).label is Label.GREEN)
    first = hand.row(0)
    assert (first.stars, first.flag, first.label) == (4, Flag.PICK, Label.GREEN)
    assert hand.row(3).stars == 0
    hand.press(Qt.Key.Key_8)  # the same label again takes it away
    hand.until(lambda: hand.row(0).label is Label.NONE)
    pane = hand.stage.pane
    assert pane.undo()
    hand.until(lambda: hand.row(0).label is Label.GREEN)
    assert pane.undo()
    hand.until(lambda: hand.row(0).label is Label.NONE)
    assert pane.redo()
    hand.until(lambda: hand.row(0).label is Label.GREEN)
    hand.until(lambda: any("Done again" in one.title for one in hand.posted))
    said = [one.title for one in hand.posted]
    assert said[0].startswith("Undone: ")
    assert said[0].endswith("3 series")
    # highlight stays while rows change
    hand.until(lambda: hand.views.number == 3)


def test_parts_of_a_card_answer_the_pointer(hand: Hand) -> None:
    hand.hold(*(item(number) for number in range(4)))
    hand.go("series", 4)
    grid = hand.views.grid.viewport()
    ids = [hand.row(number).row_id for number in range(4)]
    QTest.mouseClick(grid, LEFT, NONE, hand.part(1, "box"))
    tray = hand.stage.library.tray
    hand.until(lambda: len(tray) == 1)
    ticked = hand.row(1).item
    assert ticked is not None
    assert ticked.item_id in tray
    assert hand.views.ids() == ids[:1]  # ticking highlights nothing else
    QTest.mouseClick(grid, LEFT, NONE, hand.part(2, "flag"))
    hand.until(lambda: hand.row(2).flag is Flag.PICK)
    third_star = hand.part(1, "stars") + QPoint(28, 0)
    QTest.mouseClick(grid, LEFT, NONE, third_star)
    hand.until(lambda: hand.row(1).stars == 3)
    QTest.mouseClick(grid, LEFT, NONE, third_star)
    hand.until(lambda: hand.row(1).stars == 0)
    QTest.mouseMove(grid, hand.part(3, "picture"))
    hand.until(lambda: hand.views.grid.scrub is not None)
    side = hand.views.grid.side
    hand.press(Qt.Key.Key_Equal, modifier=Qt.KeyboardModifier.ControlModifier)
    assert hand.views.grid.side == side + 24
    hand.press(Qt.Key.Key_T, modifier=Qt.KeyboardModifier.ShiftModifier)
    hand.until(lambda: len(tray) == 4)
    hand.until(lambda: "4 ticked" in hand.counts())
    hand.press(Qt.Key.Key_T)
    hand.until(lambda: len(tray) == 3)


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_search_and_filters_leave_rows_out_and_say_so(hand: Hand) -> None:
    hand.hold(*(item(number) for number in range(9)))
    hand.go("series", 9)
    hand.aio.run(hand.mine.mark([hand.row(0).row_id], Mark(stars=5)))
    field: QLineEdit = hand.stage.find(QLineEdit, "mine.search")
    QTest.keyClicks(field, "series 003")
    hand.until(lambda: hand.page.model.rowCount() == 1)
    hand.until(lambda: hand.counts().startswith("1 of 9 series"))
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert hand.view.hasFocus()
    field.setText("nobody has this name")
    states = hand.page.findChildren(StateView)
    hand.until(states[0].isVisible)
    assert states[0].accessibleName() == "Nothing here fits"
    clear = hand.stage.find(QWidget, "mine.filter.clear")
    hand.page.clear_filters()
    hand.until(lambda: hand.page.model.rowCount() == 9)
    assert clear.isHidden()
    stars = hand.stage.find(QWidget, "mine.filter.stars")
    QTest.keyClick(stars, Qt.Key.Key_4)
    hand.until(lambda: hand.page.model.rowCount() == 1)
    assert clear.isVisible()
    QTest.mouseClick(clear, LEFT)
    hand.until(lambda: hand.page.model.rowCount() == 9)
    chip = hand.stage.find(QWidget, "mine.filter.modality")
    # the menu has what the place holds, with counts
    hand.until(lambda: hand.page._line._facets.modalities.get("MR") == 3)
    QTest.keyClick(chip, Qt.Key.Key_Return)
    menu = hand.page.findChild(QMenu, "mine.filter.modality.menu")
    assert menu is not None
    assert [one.text() for one in menu.actions()] == ["CT\t6", "MR\t3"]
    menu.actions()[1].trigger()
    menu.close()
    hand.until(lambda: hand.page.model.rowCount() == 3)
    assert chip.text() == "MR"
    QTest.keyClick(chip, Qt.Key.Key_Delete)
    hand.until(lambda: hand.page.model.rowCount() == 9)


def test_background_changes_move_neither_highlight_nor_scroll(hand: Hand) -> None:
    hand.hold(*(item(number) for number in range(80)))
    hand.go("all", 80)
    hand.choose(44)
    hand.view.scrollTo(hand.page.model.index(44, 0))
    bar = hand.view.verticalScrollBar()
    hand.until(lambda: bar.value() > 0)
    chosen = hand.views.ids()
    rect = hand.view.visualRect(hand.views.selection.currentIndex())
    newer = {"study_date": date(2025, 1, 1)}
    hand.hold(*(item(number, **newer) for number in range(100, 108)))
    hand.until(lambda: hand.page.model.rowCount() == 88)
    assert hand.views.ids() == chosen
    hand.until(
        lambda: hand.view.visualRect(hand.views.selection.currentIndex()) == rect
    )
    hand.stage.library._items.put([item(3, state=ItemState.FAILED)])
    hand.aio.run(hand.mine.catch_up(), 30_000)
    assert hand.views.ids() == chosen


def test_list_sorts_by_any_head_and_remembers_its_layout(
    hand: Hand, fakes: Any
) -> None:
    hand.hold(*(item(number) for number in range(5)))
    hand.go("all", 5)
    hand.press(Qt.Key.Key_J)
    table = hand.stage.find(MineTable, "mine.list")
    assert table.isVisible()
    assert hand.views.number == 1
    head = table.head
    images = next(
        section
        for section, column in enumerate(hand.page.model.columns)
        if column.value == "images"
    )
    at = QPoint(head.sectionViewportPosition(images) + 12, head.height() // 2)
    QTest.mouseClick(head.viewport(), LEFT, NONE, at)
    hand.until(lambda: hand.row(0).images == 9)
    QTest.mouseClick(head.viewport(), LEFT, NONE, at)
    hand.until(lambda: hand.row(0).images == 5)
    head.resizeSection(images, 90)
    hand.press(Qt.Key.Key_G)
    assert hand.views.grid.isVisible()
    hand.press(Qt.Key.Key_J)
    hand.page.shutdown()
    kept = fakes.store
    assert kept.get("mine.view.all") == "list"
    assert kept.get("mine.sort.all") == ["images", False]
    assert kept.get("mine.columns.all")["widths"]["images"] == 90


def test_a_patient_is_gone_into_and_left(hand: Hand) -> None:
    hand.hold(*(item(number) for number in range(8)))
    hand.stage.ctx.layout.put("mine.view.patients", "list")
    hand.go("patients", 2)
    assert hand.row(0).level is Level.PATIENT
    hand.press(Qt.Key.Key_Return)
    hand.until(lambda: hand.page.spot.level is Level.STUDY)
    hand.until(lambda: hand.page.model.rowCount() == 2)
    hand.until(hand.views.selection.hasSelection)
    hand.press(Qt.Key.Key_T)  # all series of the study
    hand.until(lambda: len(hand.stage.library.tray) == 2)
    chip = hand.stage.find(QWidget, "mine.filter.place")
    hand.until(lambda: chip.text().startswith("DOE, ANN"))
    # names are hidden while they are on screen
    hand.stage.ctx.settings.set("hide_names", True)
    hand.page.update()
    hand.until(lambda: chip.text() == "Name hidden")
    assert "DOE" not in hand.reads()
    hand.stage.ctx.settings.set("hide_names", False)
    assert hand.stage.pane.escape()
    hand.until(lambda: hand.page.spot.level is Level.PATIENT)
    hand.until(lambda: hand.page.model.rowCount() == 2)
    states = hand.page.ticks.state
    some = Qt.CheckState.PartiallyChecked
    hand.until(lambda: some in (states(hand.row(0)), states(hand.row(1))))


def test_the_inspector_says_what_rows_share_and_marks_all(
    hand: Hand, tmp_path: Path
) -> None:
    series(tmp_path / "a", 3, which=1, text="Thin")
    series(tmp_path / "b", 2, which=2, text="Thick")
    hand.read(tmp_path)
    hand.go("series", 2)
    hand.choose(0, 1)
    hand.until(lambda: "2 series · 1 patient" in hand.reads())
    hand.until(lambda: "(several)" in hand.reads())
    hand.press(Qt.Key.Key_K)
    field = hand.inspector(QLineEdit, "mine.keyword.field")
    hand.until(field.hasFocus)
    QTest.keyClicks(field, "chiari, pre-op")
    QTest.keyClick(field, Qt.Key.Key_Return)
    hand.until(lambda: hand.row(1).keywords == ("chiari", "pre-op"))
    hand.until(lambda: hand.row(0).keywords == ("chiari", "pre-op"))
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert hand.view.hasFocus()
    hand.choose(0)
    chip: list[QWidget] = []

    def there() -> bool:
        found = hand.page.inspector.findChild(QWidget, "mine.keyword.chiari")
        chip[:] = [found] if found is not None and hand.views.number == 1 else []
        return bool(chip) and len(hand.page.inspector.rows) == 1

    hand.until(there)
    QTest.mouseClick(chip[0], LEFT)
    hand.until(lambda: hand.row(0).keywords == ("pre-op",))
    assert hand.row(1).keywords == ("chiari", "pre-op")
    notes = hand.inspector(QPlainTextEdit, "mine.notes")
    hand.page.inspector._sections["notes"].set_open(True)
    notes.setPlainText("moved a little")
    notes.write()
    hand.until(lambda: hand.row(0).note == "moved a little")
    hand.page.inspector._sections["tags"].set_open(True)
    tags = hand.inspector(QWidget, "mine.tags")
    hand.until(tags.isVisible)
    model: Any = tags.model()
    hand.until(lambda: model.rowCount() > 15)
    values = {model.index(at, 0).data(): model.index(at, 1).data() for at in range(20)}
    assert values["Modality"] == "CT"
    find = hand.inspector(QLineEdit, "mine.tags.find")
    find.setText("0010,0010")
    assert model.rowCount() == 1


def test_a_series_of_this_computer_opens_and_is_not_ticked_silently(
    hand: Hand, tmp_path: Path
) -> None:
    series(tmp_path / "a", 3, which=1)
    hand.read(tmp_path)
    hand.go("series", 1)
    hand.press(Qt.Key.Key_E)
    hand.until(lambda: any(isinstance(p, OpenViewer) for p in hand.stage.places))
    content = hand.stage.places[-1].content
    assert content.kind == "dicom"
    assert len(content.paths) == 3
    hand.press(Qt.Key.Key_T)
    hand.until(lambda: bool(hand.posted))
    assert hand.posted[-1].title == "1 series on this computer only"
    hand.posted[-1].action[1]()
    hand.until(lambda: isinstance(hand.stage.places[-1], ShowLibrary))
    assert hand.stage.places[-1].section == "upload"
    assert set(hand.stage.places[-1].payload) == set(content.paths)


def test_removing_can_be_taken_back(hand: Hand) -> None:
    hand.hold(*(item(number) for number in range(3)))
    hand.go("all", 3)
    hand.choose(1)
    gone = hand.row(1)
    hand.aio.run(hand.mine.mark([gone.row_id], Mark(stars=2)))
    hand.press(Qt.Key.Key_Delete)
    hand.until(lambda: hand.page.model.rowCount() == 2)
    hand.until(lambda: bool(hand.posted))
    assert hand.posted[-1].title == "Took 1 item out of My Library"
    hand.posted[-1].action[1]()
    hand.until(lambda: hand.page.model.rowCount() == 3)
    hand.until(lambda: hand.row(1).stars == 2)


def test_files_are_got_into_a_folder(hand: Hand, fakes: Any, tmp_path: Path) -> None:
    hand.hold(item(0), item(1, state=ItemState.ON_THE_WAY, path=""))
    hand.go("all", 2)
    hand.choose(0, 1)
    fakes.dialogs.folder = tmp_path
    asked: list[Any] = []

    async def submit(intent: Any) -> str:
        asked.append(intent)
        return "j1"

    fakes.jobs.submit = submit
    hand.press(Qt.Key.Key_D)
    hand.until(lambda: bool(hand.posted))
    assert hand.posted[-1].title == "Getting the files of 1 item"
    (intent,) = asked
    assert intent.sources == ("SERVICES/PACS/x/0",)
    assert intent.folder == str(tmp_path)


def test_space_shows_a_large_picture_and_closes_it(hand: Hand) -> None:
    hand.hold(*(item(number) for number in range(3)))
    hand.go("all", 3)
    hand.press(Qt.Key.Key_Space)
    peek = hand.stage.find(QWidget, "mine.peek")
    assert peek.isVisible()
    first = peek.accessibleDescription()
    hand.press(Qt.Key.Key_Right)
    hand.until(lambda: peek.accessibleDescription() != first)
    assert hand.stage.pane.escape()
    assert not peek.isVisible()


def test_an_empty_library_says_how_to_fill_it(hand: Hand) -> None:
    hand.stage.pane.show_section("all")
    states = hand.stage.pane.findChildren(StateView)
    hand.until(lambda: any(one.isVisible() for one in states))
    (shown,) = [one for one in states if one.isVisible()]
    assert shown.accessibleName() == "Your library is empty"


def test_what_goes_wrong_is_said_and_can_be_tried_again(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.hold(item(0))

    async def refuse(*_: Any) -> Any:
        raise ChrislibError("The catalog cannot be read.", "Nothing was changed.")

    with monkeypatch.context() as broken:
        for name in ("listing", "head"):
            broken.setattr(hand.mine, name, refuse)
        hand.stage.pane.show_section("all")
        page = hand.stage.find(MinePage, "mine")
        state = page.findChild(StateView)
        hand.until(state.isVisible)
        assert state.accessibleName() == "The catalog cannot be read."
    (again,) = [
        one for one in state.findChildren(QPushButton) if one.text() == "Try again"
    ]
    QTest.mouseClick(again, LEFT)
    hand.until(lambda: page.views.isVisible() and page.views.length == 1)


def test_hidden_names_are_nowhere_on_the_page(hand: Hand, fakes: Any, ctx: Any) -> None:
    fakes.store.set("hide_names", True)
    hand.hold(*(item(number) for number in range(3)))
    hand.go("all", 3)
    hand.until(lambda: "Series 0" in hand.reads())
    model = hand.page.model
    said = hand.reads()
    for number in range(3):
        hand.row(number)
        for column in range(model.columnCount()):
            index = model.index(number, column)
            for role in (
                Qt.ItemDataRole.DisplayRole,
                Qt.ItemDataRole.AccessibleTextRole,
                Qt.ItemDataRole.ToolTipRole,
            ):
                said += str(index.data(role) or "")
    assert "ANN" not in said
    assert "P0" not in said
    assert "Name hidden" in said
