"""A table becomes a work list, as a person does it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QToolButton

from chrislib.cube.errors import Forbidden
from chrislib.library.worklist.model import RowState
from chrislib.pacs.types import Criteria, FoundPatient, LookupResult
from chrislib.views.library.choice_sheet import ChoiceSheet
from chrislib.views.library.columns_sheet import ColumnsSheet
from chrislib.views.library.criteria_field import CriteriaField
from chrislib.views.library.worklist_page import WorkListPage
from chrislib.views.library.worklist_view import WorkListView

_LEFT = Qt.MouseButton.LeftButton
TABLE = (
    "MRN;Patient name;Exam;Remark\n"
    "4543673;Doe, Jonathan;04.03.2026;first\n"
    "2210045;;01.05.2025;\n"
    "9999999;Nobody;;\n"
    "4543673;;;ambiguous\n"
    "1;<b>Roe</b>;30.02.2026;=1+1\n"
)


def only(patient: FoundPatient, day: str) -> FoundPatient:
    """Return a patient with the studies of a day."""
    kept = [s for s in patient.studies if s.date and f"{s.date:%Y%m%d}" == day]
    return replace(patient, studies=tuple(kept))


class ById:
    """A PACS that knows patients by their ID."""

    def __init__(self, pacs: Any) -> None:
        self._pacs = pacs
        self.error: Exception | None = None

    async def lookup(
        self, criteria: Criteria, *, found: Any = None, passing: bool = False
    ) -> LookupResult:
        self._pacs.asked.append(criteria)
        if self.error is not None:
            raise self.error
        (wanted,) = criteria.values.get("PatientID", ("",))
        day = criteria.values.get("StudyDate", ("",))[0]
        patients = [p for p in self._pacs.patients if p.patient_id == wanted]
        if day:
            patients = [only(patient, day) for patient in patients]
        patients = [patient for patient in patients if patient.studies]
        if found is not None:
            found(tuple(patients))
        return LookupResult(criteria, tuple(patients), 0.1)

    async def archives(self) -> tuple[str, ...]:
        return ("Main PACS", "Archive")


@pytest.fixture
def by_id(stage: Any) -> ById:
    """The PACS of the session, by ID."""
    found = ById(stage.pacs)
    stage.session.pacs = found
    return found


def press(stage: Any, name: str) -> None:
    """Press a button of the pane."""
    QTest.mouseClick(stage.find(QPushButton, name), _LEFT)


def sheet(stage: Any, fakes: Any, path: Path, text: str = TABLE) -> ColumnsSheet:
    """Open a table and wait until its sheet shows it."""
    path.write_text(text, encoding="utf-8-sig")
    fakes.dialogs.files = (path,)
    stage.pane.show_section("pacs")
    press(stage, "pacs.csv")
    stage.until(lambda: stage.pane.window().findChild(ColumnsSheet) is not None)
    found: ColumnsSheet = stage.pane.window().findChild(ColumnsSheet)
    stage.until(found.next_button.isEnabled)
    return found


def kinds(found: ColumnsSheet) -> list[str]:
    """Return what the sheet takes the columns for."""
    boxes = [found.findChild(QComboBox, f"columns.kind.{at}") for at in range(4)]
    return [box.currentText() for box in boxes if box is not None]


def choose(found: ColumnsSheet, column: int, words: str) -> None:
    """Say what a column is."""
    box = found.findChild(QComboBox, f"columns.kind.{column}")
    assert box is not None
    box.setCurrentIndex(box.findText(words))
    box.activated.emit(box.currentIndex())


def listed(stage: Any) -> tuple[WorkListPage, Any]:
    """Return page and list once every row has its answer."""
    stage.until(lambda: stage.pane.findChild(WorkListPage) is not None)
    page: WorkListPage = stage.pane.findChild(WorkListPage)
    lists = stage.library.work_lists
    stage.until(lambda: page.list_id and lists.opened(page.list_id))
    known = lists.opened(page.list_id)
    stage.until(lambda: RowState.WAITING not in known.states)
    return page, known


def test_the_story_of_a_work_list(
    stage: Any, fakes: Any, tmp_path: Path, by_id: ById
) -> None:
    shown = sheet(stage, fakes, tmp_path / "pilot.csv")
    assert kinds(shown) == ["Patient ID", "Name", "Study date", "Not used"]
    dates = shown.findChild(QComboBox, "columns.dates")
    assert dates is not None
    assert dates.currentData() == "dmy"
    choose(shown, 2, "Study description")
    choose(shown, 3, "Study date")
    assert kinds(shown)[2:] == ["Study description", "Study date"]
    choose(shown, 2, "Study date")
    assert kinds(shown)[2:] == ["Study date", "Not used"]
    note = shown.findChild(QLabel, "sheet.note")
    assert note is not None
    stage.until(lambda: "Line 6" in note.text())
    assert "1 row cannot be asked" in note.text()
    stage.picture("worklist-columns")
    assert shown.next_button.text() == "Look up 5 rows"
    shown.next_button.click()
    page, known = listed(stage)
    assert known.states == [
        RowState.FOUND,
        RowState.FOUND,
        RowState.MISSING,
        RowState.AMBIGUOUS,
        RowState.REFUSED,
    ]
    view = stage.find(WorkListView, "worklist.rows")
    stage.until(lambda: "Roe" in str(view.model().index(4, 1).data()))
    stage.until(lambda: "not a date" in str(view.model().index(4, 2).data()))
    stage.qtbot.wait(300)
    stage.picture("worklist")
    stage.ctx.theme.choose("light")
    stage.picture("worklist")
    # choose the one that is meant
    QTest.mouseClick(view.viewport(), _LEFT, pos=view.action_point(3))
    stage.until(lambda: stage.pane.window().findChild(ChoiceSheet) is not None)
    choice = stage.pane.window().findChild(ChoiceSheet)
    stage.picture("worklist-choice")
    choice.next_button.click()
    stage.until(lambda: known.states[3] is RowState.FOUND)
    # add everything, and save the report
    add = stage.find(QPushButton, "worklist.add")
    stage.until(lambda: add.text() == "Add 3 rows")
    QTest.mouseClick(add, _LEFT)
    # rows one and four mean the same series: none is pulled twice
    series = {uid for number in (0, 1, 3) for uid in known.series(number)}
    stage.until(lambda: len(stage.jobs.submitted) == len(series))
    stage.until(lambda: known.states[0] is RowState.PULLING)
    fakes.dialogs.folder = tmp_path
    press(stage, "worklist.report")
    report = tmp_path / "pilot report.csv"
    stage.until(report.exists)
    text = report.read_text(encoding="utf-8-sig")
    assert "'=1+1" in text
    assert "On the way" in text
    # back, and a row in PACS Lookup
    press(stage, "worklist.back")
    assert stage.find(QPushButton, "pacs.csv").isVisible()
    assert page.list_id is not None


def test_keys_and_filters_of_a_work_list(
    stage: Any, fakes: Any, tmp_path: Path, by_id: ById
) -> None:
    sheet(stage, fakes, tmp_path / "keys.csv").next_button.click()
    _page, known = listed(stage)
    view = stage.find(WorkListView, "worklist.rows")
    stage.find(QToolButton, "worklist.filter.missing").click()
    assert view.model().rowCount() == known.counts[RowState.MISSING]
    number = view.model().number(view.model().index(0, 0))
    view.selectRow(0)
    view.setFocus()
    before = len(stage.pacs.asked)
    QTest.keyClick(view, Qt.Key.Key_R)
    stage.until(lambda: len(stage.pacs.asked) > before)
    stage.until(lambda: known.states[number] is RowState.MISSING)
    stage.until(lambda: view.model().row(number) is not None)
    QTest.keyClick(view, Qt.Key.Key_Return)
    field = stage.find(CriteriaField, "pacs.criteria")
    stage.until(lambda: field.isVisible() and field.conditions)


def test_a_refusal_is_told_above_the_rows(
    stage: Any, fakes: Any, tmp_path: Path, by_id: ById
) -> None:
    by_id.error = Forbidden("You may not ask this PACS.", hint="Ask for access.")
    sheet(stage, fakes, tmp_path / "refused.csv").next_button.click()
    banner = None

    def told() -> bool:
        nonlocal banner
        banner = stage.pane.findChild(object, "worklist.banner")
        return banner is not None and banner.isVisible()

    stage.until(told)
    assert banner is not None
    assert "You may not ask this PACS" in banner.text
    by_id.error = None
    press(stage, "worklist.run")
    listed(stage)
    stage.until(lambda: not banner.isVisible())


def test_a_bad_file_is_told_in_the_sheet(
    stage: Any, fakes: Any, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"PK\x03\x04")
    fakes.dialogs.files = (bad,)
    stage.pane.show_section("pacs")
    press(stage, "pacs.csv")
    stage.until(lambda: stage.pane.window().findChild(ColumnsSheet) is not None)
    shown = stage.pane.window().findChild(ColumnsSheet)
    note = shown.findChild(QLabel, "sheet.note")
    stage.until(lambda: "spreadsheet" in note.text())
    assert not shown.next_button.isEnabled()
    shown.reject()


def test_a_table_of_nothing_to_ask_is_refused(
    stage: Any, fakes: Any, tmp_path: Path
) -> None:
    shown = sheet(stage, fakes, tmp_path / "x.csv", "Remark,Comment\nfine,bad\n")
    shown.next_button.click()
    note = shown.findChild(QLabel, "sheet.note")
    assert note is not None
    assert "No column says" in note.text()
    assert shown.isVisible()
    shown.reject()


def test_cells_pasted_from_a_spreadsheet_are_a_table(stage: Any) -> None:
    stage.pane.show_section("pacs")
    edit = stage.find(QLineEdit, "pacs.criteria.edit")
    edit.setFocus()
    QGuiApplication.clipboard().setText("MRN\tDate\n1\t2026-03-04\n2\t2026-03-05\n")
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    stage.until(lambda: stage.pane.window().findChild(ColumnsSheet) is not None)
    shown = stage.pane.window().findChild(ColumnsSheet)
    stage.until(lambda: shown.next_button.text() == "Look up 2 rows")
    shown.reject()
    QGuiApplication.clipboard().setText("77, 78\t79; 80")
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    field = stage.find(CriteriaField, "pacs.criteria")
    (condition,) = field.conditions
    assert condition.values == ("77", "78", "79", "80")


def test_a_long_list_becomes_a_work_list(stage: Any) -> None:
    stage.pane.show_section("pacs")
    QGuiApplication.clipboard().setText(", ".join(str(n) for n in range(1000, 1300)))
    press(stage, "pacs.paste")
    stage.until(lambda: stage.pane.window().findChild(ColumnsSheet) is not None)
    shown = stage.pane.window().findChild(ColumnsSheet)
    stage.until(lambda: shown.next_button.text() == "Look up 300 rows")
    box = shown.findChild(QComboBox, "columns.kind.0")
    assert box.currentText() == "Patient ID"
    shown.reject()


def test_a_list_with_a_bad_date_keeps_what_was_pasted(stage: Any) -> None:
    stage.pane.show_section("pacs")
    edit = stage.find(QLineEdit, "pacs.criteria.edit")
    edit.setFocus()
    QGuiApplication.clipboard().setText("2026-03-04\n2026-02-30\n2026-03-05")
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    refusal = stage.pane.findChild(QLabel, "pacs.refusal")
    assert refusal.isVisible()
    assert "2026-02-30" in refusal.text()
    assert "2026-02-30" in edit.text()
    edit.setText("2026-02-30")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert "not a date" in refusal.text()
    assert edit.text() == "2026-02-30"
