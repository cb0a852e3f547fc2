"""Searches are kept under a name; what was asked before stands on the first page."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPushButton

from chrislib.errors import ChrislibError
from chrislib.library.worklist.columns import guess
from chrislib.pacs.types import Criteria
from chrislib.tables import read_text
from chrislib.views.library.archives import SeveralPacs
from chrislib.views.library.found_tree import FoundTree
from chrislib.views.library.lookup_start import LookupStart, _List
from chrislib.views.library.name_sheet import NameSheet

_LEFT = Qt.MouseButton.LeftButton


def start(stage: Any) -> _List:
    """Return the list of the first page."""
    found: _List = stage.find(_List, "pacs.start")
    return found


def titles(stage: Any, kind: str) -> list[str]:
    """Return the titles of one kind of entries."""
    return [one.title for one in start(stage).entries() if one.kind == kind]


def index_of(view: _List, title: str) -> Any:
    """Return the index of an entry."""
    model = view.model()
    for row in range(model.rowCount()):
        head = model.index(row, 0)
        for at in range(model.rowCount(head)):
            if model.index(at, 0, head).data() == title:
                return model.index(at, 0, head)
    raise AssertionError(f"no {title}")


def test_a_search_is_saved_found_and_asked_again(stage: Any, aio: Any) -> None:
    stage.pane.show_section("pacs")
    edit = stage.find(QLineEdit, "pacs.criteria.edit")
    save = stage.find(QPushButton, "pacs.save")
    QTest.mouseClick(save, _LEFT)  # nothing to save yet: said at the field
    assert "nothing to look for" in stage.pane.findChild(object, "pacs.refusal").text()
    QTest.keyClicks(edit, "Doe")
    QTest.mouseClick(save, _LEFT)
    sheet = stage.pane.window().findChild(NameSheet)
    name = sheet.findChild(QLineEdit, "name.field")
    name.clear()
    sheet.next_button.click()
    assert sheet.isVisible()  # a name is needed
    QTest.keyClicks(name, "All the <b>Does</b>")
    sheet.next_button.click()
    stage.until(lambda: titles(stage, "search") == ["All the <b>Does</b>"])
    table = read_text("MRN\n4543673\n", title="pilot.csv")
    aio.run(stage.library.work_lists.make(table, guess(table)))
    aio.run(stage.library.lookup(Criteria(values={"PatientID": ("77",)})))
    stage.pane.show_section("overview")
    stage.pane.show_section("pacs")
    stage.until(lambda: titles(stage, "list") == ["pilot.csv"])
    assert titles(stage, "recent") == ["77"]
    stage.picture("library-pacs-start")
    stage.ctx.theme.choose("light")
    stage.picture("library-pacs-start")
    before = len(stage.pacs.asked)
    view = start(stage)
    view.setCurrentIndex(index_of(view, "All the <b>Does</b>"))
    QTest.keyClick(view, Qt.Key.Key_Return)
    stage.until(lambda: len(stage.pacs.asked) == before + 1)
    assert stage.pacs.asked[-1].values == {"PatientName": ("Doe*",)}
    tree = stage.find(FoundTree, "pacs.results")
    stage.until(tree.isVisible)
    back = stage.find(QPushButton, "pacs.before")
    QTest.mouseClick(back, _LEFT)
    stage.until(view.isVisible)
    QTest.mouseClick(back, _LEFT)
    stage.until(tree.isVisible)
    (kept,) = stage.library.searches.all()
    stage.until(lambda: stage.library.searches.all()[0].uses == 1)
    assert kept.criteria == Criteria(values={"PatientName": ("Doe*",)})


def test_what_was_kept_can_be_forgotten(
    stage: Any, fakes: Any, aio: Any, tmp_path: Path
) -> None:
    aio.run(stage.library.searches.save("Brains", Criteria({"PatientID": ("1",)})))
    table = read_text("MRN\n1\n", title="pilot.csv")
    aio.run(stage.library.work_lists.make(table, guess(table)))
    stage.pane.show_section("pacs")
    stage.until(lambda: titles(stage, "search") == ["Brains"])
    view = start(stage)
    view.setCurrentIndex(index_of(view, "Brains"))
    QTest.keyClick(view, Qt.Key.Key_Delete)
    stage.until(lambda: titles(stage, "search") == [])
    fakes.dialogs.answer = False
    view.setCurrentIndex(index_of(view, "pilot.csv"))
    QTest.keyClick(view, Qt.Key.Key_Delete)
    stage.until(lambda: fakes.dialogs.actions == ["Forget list"])
    assert stage.library.work_lists.heads()
    fakes.dialogs.answer = True
    view.setCurrentIndex(index_of(view, "pilot.csv"))
    QTest.keyClick(view, Qt.Key.Key_Delete)
    stage.until(lambda: not stage.library.work_lists.heads())
    stage.until(lambda: titles(stage, "list") == [])
    assert stage.pane.findChild(LookupStart).isVisible()


def test_saved_searches_last(stage: Any, neighbours: Any, aio: Any) -> None:
    wanted = Criteria({"PatientName": ("Doe*",)}, pacs="Main PACS")
    aio.run(stage.library.searches.save("Mine", wanted))
    aio.run(stage.library.searches.save("Mine", wanted))  # the same name: one search
    other = neighbours.service()
    aio.run(other.start())
    assert [one.criteria for one in other.searches.all()] == [wanted]
    aio.run(other.stop())
    with pytest.raises(ChrislibError, match="needs a name"):
        aio.run(stage.library.searches.save(" ", wanted))
    with pytest.raises(ChrislibError, match="nothing to look for"):
        aio.run(stage.library.searches.save("x", Criteria({})))


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_some_of_several_pacs_are_ticked_and_kept_with_the_search(
    stage: Any, aio: Any
) -> None:
    stage.pane.show_section("pacs")
    stage.pane._archives._show(("Main PACS", "Research", "Old & slow"))
    box = stage.find(QComboBox, "pacs.archive")
    stage.until(lambda: box.count() == 6)
    several = box.findText("Several …")
    box.setCurrentIndex(several)
    box.activated.emit(several)
    popup = box.findChild(SeveralPacs)
    assert isinstance(popup, SeveralPacs)
    assert box.currentText() == "All PACS"  # until something is ticked
    boxes = popup.findChildren(QCheckBox)
    take = popup.findChild(QPushButton, "pacs.several.take")
    assert take is not None
    assert not take.isEnabled()
    QTest.mouseClick(boxes[0], _LEFT, pos=boxes[0].rect().center())
    QTest.keyClick(boxes[2], Qt.Key.Key_Space)
    assert take.text() == "Ask 2 PACS"
    QTest.mouseClick(take, _LEFT)
    assert box.currentText() == "Main PACS and Old & slow"
    edit = stage.find(QLineEdit, "pacs.criteria.edit")
    QTest.keyClicks(edit, "4543673")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    stage.until(lambda: stage.pacs.asked)
    assert stage.pacs.asked[-1].archives == ("Main PACS", "Old & slow")
    kept = aio.run(stage.library.searches.save("both", stage.pacs.asked[-1]))
    assert kept.criteria.where == "Main PACS and Old & slow"
    entry = next(iter(aio.run(stage.library.history())))
    assert "Main PACS and Old & slow" in entry.detail
