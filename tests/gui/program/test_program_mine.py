"""My Library in the whole program on a real station: pulled, marked, gathered, kept."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QMenu

from chrislib.library.mine.model import Field, Flag, Label, Row
from chrislib.library.model import ItemState
from chrislib.pacs.types import Criteria
from chrislib.views.library.mine.dragging import mime_of
from chrislib.views.library.mine.page import MinePage
from chrislib.views.library.mine.smart_sheet import SmartSheet
from chrislib.views.navigation import ShowLibrary
from chrislib.views.shell.places import PlacesPanel
from chrislib.views.shell.places_paint import PlaceDelegate
from chrislib.views.widgets.sheet import Sheet
from tests.gui.program.person import Person

Program = Any
ProgramFactory = Callable[..., Program]
LONG = 60_000

# sheets and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

PICTURES = os.environ.get("CHRISLIB_PICTURES")
"""A folder for pictures of the window, for people to look at."""


def page_of(person: Person) -> MinePage:
    found = person.window.findChild(MinePage, "mine")
    assert found is not None
    made: MinePage = found
    return made


def pull(program: Program, patient: str, number: int) -> None:
    """Bring in the smallest series of a patient."""
    library = program.services.library
    result = program.run(library.lookup(Criteria({"PatientID": (patient,)})), LONG)
    found = [
        (one, study, series)
        for one in result.patients
        for study in one.studies
        for series in study.series
    ]
    found.sort(key=lambda triple: triple[2].images or 0)
    items = program.run(library.pull(found[:number]), LONG)

    def ready() -> bool:
        states = [library.item(one.item_id).state for one in items]
        return all(state is ItemState.READY for state in states)

    program.wait(ready, LONG)
    program.run(program.services.my_library.catch_up(), LONG)


def show(person: Person, section: str, rows: int) -> MinePage:
    person.program.context.navigator.go(ShowLibrary(section))
    person.wait(lambda: person.window.findChild(MinePage, "mine") is not None, "page")
    page = page_of(person)
    person.wait(lambda: page.views.length == rows, f"{rows} rows of {section}")
    person.wait(page.views.isVisible, "the rows")
    return page


def field(sheet: Sheet, name: str) -> QLineEdit:
    found = sheet.findChild(QLineEdit, name)
    assert found is not None
    return found


def panel_of(person: Person) -> PlacesPanel:
    found = person.window.findChild(PlacesPanel, "places.panel")
    assert found is not None
    made: PlacesPanel = found
    return made


def place(person: Person, text: str) -> QModelIndex:
    """Return a place of the left panel by its words, once it is there."""
    panel = panel_of(person)
    found: list[QModelIndex] = []

    def there() -> bool:
        model = panel.tree.model()
        flags = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
        found[:] = model.match(
            model.index(0, 0), Qt.ItemDataRole.DisplayRole, text, 1, flags
        )
        return bool(found)

    person.wait(there, f"the place {text}")
    return found[0]


def test_series_are_marked_gathered_and_found_again_after_a_restart(
    program_factory: ProgramFactory, station: Any
) -> None:
    program = program_factory(station)
    person = Person(program)
    pull(program, "CL-1001", 3)
    page = show(person, "all", 3)
    grid = page.views.grid
    grid.setFocus()
    first = page.model.index(0, 0)
    person.wait(lambda: page.model.row(first) is not None, "the first row")

    def row() -> Row:
        found = page.model.row(page.model.index(0, 0))
        assert found is not None
        return found

    person.wait(lambda: page.views.number == 1, "a highlight")
    # a picture of what lies on the server comes by itself
    pictures = page._pictures
    person.wait(lambda: pictures.of(row(), 100) is not None, "a thumbnail")
    QTest.keyClick(grid, Qt.Key.Key_5)
    QTest.keyClick(grid, Qt.Key.Key_8)
    QTest.keyClick(grid, Qt.Key.Key_P)
    person.wait(lambda: row().flag is Flag.PICK, "the flag")
    QTest.keyClick(grid, Qt.Key.Key_T)
    person.wait(lambda: len(program.services.library.tray) == 1, "the tick")
    person.wait(
        lambda: "1 highlighted · 1 ticked" in page._line._counts.text(), "counts"
    )
    person.picture("mine-grid", Path(PICTURES) if PICTURES else None)
    # Ctrl+Z anywhere in the window
    program.window.activateWindow()
    QTest.keyClick(grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    person.wait(lambda: row().flag is Flag.NONE, "undo")
    program.wait_to_read("Undone:")
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(grid, Qt.Key.Key_Z, both)
    person.wait(lambda: row().flag is Flag.PICK, "redo")
    marked = row().row_id

    # a collection, by the button of its head
    panel = panel_of(person)
    head = place(person, "Collections")
    delegate = panel.tree.itemDelegate()
    assert isinstance(delegate, PlaceDelegate)
    person.click(
        panel.tree.viewport(), delegate.plus(panel.tree.visualRect(head)).center()
    )
    sheet = person.sheet("name")
    field(sheet, "name.field").setText("Pilot <b>")
    person.press("Save", within=sheet)
    program.wait_to_read("Pilot <b>", "This collection is empty")
    page = show(person, "all", 3)
    level, ids = page.highlighted()
    section = place(person, "Pilot <b>").data(Qt.ItemDataRole.UserRole)
    data = mime_of(level, ids)
    assert panel.tree.takes(section, data)
    assert not panel.tree.takes("all", data)
    panel.tree.dropped.emit(section, data)
    person.wait(
        lambda: place(person, "Pilot <b>").data(Qt.ItemDataRole.UserRole + 2) == 1,
        "the count of the collection",
    )

    # a smart collection by its rules
    head = place(person, "Smart collections")
    person.click(
        panel.tree.viewport(), delegate.plus(panel.tree.visualRect(head)).center()
    )
    smart = person.sheet("smart")
    assert isinstance(smart, SmartSheet)
    field(smart, "smart.name").setText("Best")
    person.wait(lambda: "1 item fits now" in smart._note.text(), "how many fit")
    (rule,) = smart.rows
    number = rule.findChild(QLineEdit, "smart.rule.number")
    assert number is not None
    number.setText("5")
    added = smart.add_rule()
    what = added.findChild(QComboBox, "smart.rule.field")
    which = added.findChild(QComboBox, "smart.rule.choice")
    assert what is not None
    assert which is not None
    what.setCurrentIndex(what.findData(Field.LABEL))
    which.setCurrentText("Red")
    person.wait(lambda: "0 items fit now" in smart._note.text(), "nothing is red")
    which.setCurrentText("Green")
    person.wait(lambda: "1 item fits now" in smart._note.text(), "one is green")
    person.picture("mine-smart", Path(PICTURES) if PICTURES else None)
    person.press("Create", within=smart)
    person.no_sheet("smart")
    person.wait(lambda: page_of(person).spot.section.startswith("collection:"), "it")
    person.wait(lambda: page_of(person).views.length == 1, "what fits")

    # deleted, and back by Undo
    index = place(person, "Pilot <b>")
    spot = panel.tree.visualRect(index).center()
    panel.tree.customContextMenuRequested.emit(spot)
    menu = person.window.findChild(QMenu, "mine.collection.menu")
    assert menu is not None
    (delete,) = [one for one in menu.actions() if one.text() == "Delete"]
    delete.trigger()
    menu.close()
    mine = program.services.my_library
    person.wait(lambda: len(mine.collections) == 1, "it is gone")
    person.press("Undo")
    person.wait(lambda: len(mine.collections) == 2, "it is back")
    place(person, "Pilot <b>")

    # another program over the same catalog knows all of it
    found = program.run(mine.rows([marked]))[marked]
    assert (found.stars, found.label, found.flag) == (5, Label.GREEN, Flag.PICK)


def test_patients_unfold_on_a_line_of_time_and_mark_below(
    program_factory: ProgramFactory, station: Any
) -> None:
    program = program_factory(station)
    person = Person(program)
    pull(program, "CL-1001", 2)
    page = show(person, "patients", 1)
    tree = page.views.people
    tree.view.setFocus()
    person.wait(lambda: page.views.number == 1, "a highlight")
    QTest.keyClick(tree.view, Qt.Key.Key_Right)
    person.wait(lambda: tree.model.rowCount(tree.model.index(0, 0)) > 0, "studies")
    person.picture("mine-patients", Path(PICTURES) if PICTURES else None)
    QTest.keyClick(tree.view, Qt.Key.Key_4)
    mine = program.services.my_library

    def stars() -> set[int]:
        level, ids = page.highlighted()
        below = program.run(mine.series_below(level, ids))
        return {one.stars for one in program.run(mine.rows(below)).values()}

    person.wait(lambda: stars() == {4}, "stars of all series below")
    QTest.keyClick(tree.view, Qt.Key.Key_T)
    person.wait(lambda: len(program.services.library.tray) == 2, "all ticked")
    QTest.keyClick(tree.view, Qt.Key.Key_G)
    person.wait(lambda: page.views.currentWidget() is page.views.grid, "the grid")
    person.wait(lambda: page.views.length == 1, "one patient")
    grid = page.views.grid
    spot = grid.visualRect(page.model.index(0, 0)).center() + QPoint(0, 20)
    QTest.mouseDClick(
        grid.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot
    )
    person.wait(lambda: page.spot.below is not None, "its studies")
