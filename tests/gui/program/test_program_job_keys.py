"""Jobs with the keyboard alone, in the whole program on a real station."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from chrislib.jobs.model import Phase
from tests.gui.program.person import Person, child_intent, feed, submit

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
Key = Qt.Key


def test_the_job_list_is_worked_without_a_mouse(
    program_factory: ProgramFactory, station: Station
) -> None:
    person = Person(program_factory(station))
    program, window = person.program, person.window
    _, root = feed(program, "With keys")
    person.wait(lambda: person.job(root.key).phase is Phase.FINISHED, "the root")
    run = submit(program, child_intent(program, root, "long one", sleepLength="900"))
    view = person.jobs_list()
    person.wait(lambda: view.jobs.row_of(run.key) >= 0, "its row")

    def highlighted() -> str:
        job = view.current_job()
        return job.title if job is not None else ""

    QTest.keyClick(view, Key.Key_End)
    assert view.currentIndex().row() == view.jobs.rowCount() - 1
    QTest.keyClick(view, Key.Key_Home)
    assert view.currentIndex().row() == 0

    # the filter is left downwards, onto what it left
    program.context.navigator.go(program.window.shell._here)
    window.shell.ask_pane("focus_filter")
    field = window.focusWidget()
    assert isinstance(field, QLineEdit)
    QTest.keyClicks(field, "long")
    QTest.keyClick(field, Key.Key_Down)
    person.wait(lambda: highlighted() == "long one", "the first it left")
    assert window.focusWidget() is view
    QTest.keyClick(view, Key.Key_Escape)
    person.wait(lambda: view.jobs.row_of(root.key) >= 0, "all of them")
    assert highlighted() == "long one"

    # a menu asked for with a key opens at its row
    person.wait(lambda: view.visualRect(view.currentIndex()).isValid(), "its place")
    middle = view.viewport().rect().center()
    asked = QContextMenuEvent(
        QContextMenuEvent.Reason.Keyboard, middle, view.viewport().mapToGlobal(middle)
    )
    QApplication.sendEvent(view.viewport(), asked)
    (menu,) = (one for one in view.findChildren(QMenu, "jobs.menu") if one.isVisible())
    row = view.visualRect(view.currentIndex())
    top = view.viewport().mapFromGlobal(menu.pos()).y()
    assert abs(top - row.bottom()) <= row.height()
    menu.close()

    # who leaves a question is where one was, and goes on from there
    QTest.keyClick(view, Key.Key_X)
    sheet = person.sheet("confirm")
    QTest.keyClick(sheet, Key.Key_Escape)
    person.no_sheet("confirm")
    assert window.focusWidget() is view
    assert highlighted() == "long one"
    QTest.keyClick(view, Key.Key_X)
    person.press("Cancel 1 node", within=person.sheet("confirm"))
    person.wait(lambda: person.job(run.key).phase is Phase.CANCELLED, "it stopped")
    person.wait(lambda: highlighted() == "long one", "it is highlighted where it is")
