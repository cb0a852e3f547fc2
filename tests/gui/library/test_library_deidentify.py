"""De-identification beside a scan: project, options, before and after, questions."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QTableView,
    QWidget,
)

from chrislib.catalog.deidentify import FileRow, RecordRow
from chrislib.dicom.deidentify.blackout import Area
from chrislib.jobs.model import Phase, UploadIntent
from chrislib.library.thumbnails.makers import Makers
from chrislib.views.library.blackout_sheet import AreaCanvas, BlackoutSheet
from chrislib.views.library.deidentify_panel import DeidentifyPanel
from chrislib.views.library.history_list import HistoryList
from chrislib.views.library.record_sheet import RecordSheet
from chrislib.views.library.scan_tree import ScanTree
from chrislib.views.library.tags_model import AFTER, BEFORE, NAME
from chrislib.views.library.tags_sheet import TagsSheet

NAMES = "Zwiebelfisch^Hortensia"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two CT images, an ultrasound and a letter."""
    place = tmp_path / "Zwiebelfisch CD"
    place.mkdir()
    image = dcmread(str(get_testdata_file("CT_small.dcm")))
    image.PatientName, image.PatientID = NAMES, "QX7743219"
    image.PatientBirthDate = "19470203"
    image.SeriesDescription = "AX abdomen Zwiebelfisch"
    image.BurnedInAnnotation = "NO"
    for number in (1, 2):
        image.InstanceNumber, image.SOPInstanceUID = number, f"1.2.3.{number}"
        image.save_as(place / f"ct{number}.dcm")
    image.Modality, image.SeriesInstanceUID = "US", "1.2.3.9"
    image.SeriesDescription = "PLAX"
    image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"
    del image.BurnedInAnnotation
    image.SOPInstanceUID = "1.2.3.9.1"
    image.save_as(place / "us.dcm")
    (place / "Zwiebelfisch letter.txt").write_text("Dear Hortensia")
    return place


@pytest.fixture
def page(stage: Any, folder: Path) -> Any:
    """The upload page with the folder read."""
    stage.pane.show_section("upload", [folder])
    until(stage, stage.find(ScanTree, "upload.scan").isVisible)
    panel = stage.find(DeidentifyPanel, "deidentify")
    until(stage, panel.isVisible)
    until(stage, stage.find(QComboBox, "deidentify.project").isEnabled)
    return stage


def until(page: Any, condition: Any) -> None:
    """Wait as long as it takes on a busy machine."""
    page.until(condition, timeout=30000)


def begin(page: Any, title: str = "Chiari pilot") -> None:
    """Begin a project as a person does."""
    box = page.find(QComboBox, "deidentify.project")
    box.setCurrentIndex(box.findData("+"))
    box.activated.emit(box.currentIndex())
    name = page.find(QLineEdit, "deidentify.new.name")
    until(page, name.isVisible)
    QTest.keyClicks(name, title)
    QTest.keyClick(name, Qt.Key.Key_Return)
    until(page, lambda: box.currentText() == title)


def shown(page: Any) -> str:
    """Return what the panel tells to people who do not see it."""
    return str(page.find(QWidget, "deidentify.changes").accessibleDescription())


def test_off_is_said_and_sends_as_before(page: Any) -> None:
    panel = page.find(DeidentifyPanel, "deidentify")
    assert page.find(QLabel, "deidentify.state").text() == "Off"
    assert panel.choice() is None
    page.picture("library-deidentify-off")
    QTest.mouseClick(page.find(QPushButton, "upload.send"), Qt.MouseButton.LeftButton)
    until(page, lambda: len(page.jobs.submitted) == 1)
    intent = page.jobs.submitted[0]
    assert intent.deidentify is None
    assert len(intent.files) == 4


def test_nothing_goes_before_the_last_choice_is_read(stage: Any, folder: Path) -> None:
    stage.pane.show_section("upload", [folder])
    box = stage.find(QComboBox, "deidentify.project")
    until(stage, box.isEnabled)
    begin(stage)
    stage.pane.show_section("upload", [folder])
    tree = stage.find(ScanTree, "upload.scan")
    until(stage, tree.isVisible)
    if not box.isEnabled():  # or the reading was quicker than this test
        QTest.mouseClick(
            stage.find(QPushButton, "upload.send"), Qt.MouseButton.LeftButton
        )
        assert stage.jobs.submitted == []
    until(stage, box.isEnabled)
    assert stage.find(DeidentifyPanel, "deidentify").choice() is not None


def test_a_project_that_is_only_named_sends_nothing(page: Any) -> None:
    box = page.find(QComboBox, "deidentify.project")
    box.setCurrentIndex(box.findData("+"))
    box.activated.emit(box.currentIndex())
    question = page.find(QLabel, "upload.question")
    until(page, lambda: "Begin the new project" in question.text())
    send = page.find(QPushButton, "upload.send")
    QTest.mouseClick(send, Qt.MouseButton.LeftButton)
    box.setCurrentIndex(0)
    box.activated.emit(0)
    until(page, lambda: question.text() == "")
    assert page.jobs.submitted == []
    QTest.mouseClick(send, Qt.MouseButton.LeftButton)
    until(page, lambda: len(page.jobs.submitted) == 1)


def test_a_project_is_begun_looked_at_and_sent(page: Any) -> None:
    begin(page)
    until(page, lambda: "Birth date: 1947-02-03, as sent empty" in shown(page))
    assert "Name: Zwiebelfisch, Hortensia, as sent CHI-" in shown(page)
    texts = page.find(QWidget, "deidentify.texts")
    until(page, texts.isVisible)
    assert page.find(QLineEdit, "upload.name").text() == "CHI"
    question = page.find(QLabel, "upload.question")
    until(page, lambda: question.text() == "1 picture may show text")
    page.ctx.theme.choose("light")
    page.picture("library-deidentify")
    page.ctx.theme.choose("dark")
    page.picture("library-deidentify")
    send = page.find(QPushButton, "upload.send")
    QTest.mouseClick(send, Qt.MouseButton.LeftButton)
    assert page.jobs.submitted == []
    leave = page.find(QPushButton, "deidentify.texts.leave")
    QTest.mouseClick(leave, Qt.MouseButton.LeftButton)
    until(page, lambda: question.text() == "")
    QTest.mouseClick(send, Qt.MouseButton.LeftButton)
    until(page, lambda: len(page.jobs.submitted) == 1)
    intent = page.jobs.submitted[0]
    assert isinstance(intent, UploadIntent)
    assert intent.deidentify is not None
    assert len(intent.files) == 2
    told = intent.folder + "".join(file.remote for file in intent.files)
    assert "Zwiebelfisch" not in told
    (item,) = [page.library.item(one) for one in intent.item_ids]
    assert item.patient_name.startswith("CHI-")
    assert item.title == "AX abdomen"


def test_pictures_with_text_are_sent_when_agreed(page: Any) -> None:
    begin(page)
    agree = page.find(QCheckBox, "deidentify.texts.agree")
    until(page, agree.isVisible)
    QTest.mouseClick(agree, Qt.MouseButton.LeftButton, pos=agree.rect().center() * 0.2)
    others = page.find(QLabel, "deidentify.others")
    assert others.text().startswith("1 other file stays here")
    tree = page.find(ScanTree, "upload.scan")
    last = tree.model().index(tree.model().rowCount() - 1, 0)
    tree.model().toggle(last)
    until(page, lambda: others.text().startswith("1 other file goes unchanged"))
    until(page, lambda: page.find(QLabel, "upload.question").text() == "")
    QTest.mouseClick(page.find(QPushButton, "upload.send"), Qt.MouseButton.LeftButton)
    until(page, lambda: len(page.jobs.submitted) == 1)
    intent = page.jobs.submitted[0]
    assert [file.as_it_is for file in intent.files] == [False, False, False, True]
    assert intent.files[-1].remote.endswith("other-files/0001.txt")
    assert intent.deidentify.text_agreed


def test_text_is_blacked_out_where_somebody_draws(page: Any) -> None:
    page.library.intake._pictures = Makers(0)
    begin(page)
    black = page.find(QPushButton, "deidentify.texts.black")
    until(page, black.isVisible)
    QTest.mouseClick(black, Qt.MouseButton.LeftButton)
    sheet = page.pane.window().findChild(BlackoutSheet)
    until(page, sheet.next_button.isEnabled)
    canvas = sheet.findChild(AreaCanvas)
    shown = canvas._shown()
    start = shown.topLeft().toPoint()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(canvas, shown.center().toPoint())
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=shown.center().toPoint())
    (drawn,) = canvas.areas
    assert (drawn.left, drawn.top) == (0, 0)
    assert 60 <= drawn.width <= 68
    assert 60 <= drawn.height <= 68
    QTest.mouseClick(
        sheet.findChild(QPushButton, "blackout.bottom"), Qt.MouseButton.LeftButton
    )
    QTest.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas.areas[1] == Area(0, 111, 128, 13)
    page.ctx.theme.choose("light")
    page.picture("library-blackout")
    page.ctx.theme.choose("dark")
    page.picture("library-blackout")
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    until(page, lambda: page.find(QLabel, "upload.question").text() == "")
    page.picture("library-blacked-out")
    QTest.mouseClick(page.find(QPushButton, "upload.send"), Qt.MouseButton.LeftButton)
    until(page, lambda: len(page.jobs.submitted) == 1)
    how = page.jobs.submitted[0].deidentify
    assert not how.text_agreed
    assert [one[0] for one in how.black] == ["1.2.3.9", "1.2.3.9"]
    assert how.black[1][1:] == (0, 111, 128, 13)


def test_the_project_is_remembered(page: Any, folder: Path) -> None:
    begin(page)
    page.find(QCheckBox, "deidentify.option.device").setChecked(True)
    page.pane.show_section("upload", [folder])
    panel = page.find(DeidentifyPanel, "deidentify")
    until(page, lambda: panel.isVisible() and panel.choice() is not None)
    assert "device" in panel.choice().options
    assert panel.project.title == "Chiari pilot"
    box = page.find(QComboBox, "deidentify.project")
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert panel.choice() is None


def test_all_tags_of_any_image_can_be_looked_through(page: Any) -> None:
    begin(page)
    until(page, lambda: "as sent CHI-" in shown(page))
    more = page.find(QPushButton, "deidentify.tags")
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    sheet = page.find(TagsSheet, "tags.sheet")
    table = sheet.findChild(QTableView, "tags.table")
    model = table.model()
    until(page, lambda: model.rowCount() > 10)

    def cell(row: int, column: int) -> str:
        return str(model.index(row, column).data())

    assert "Kept" not in {cell(row, 5) for row in range(model.rowCount())}
    page.ctx.theme.choose("light")
    page.picture("library-deidentify-tags")
    page.ctx.theme.choose("dark")
    page.picture("library-deidentify-tags")
    search = sheet.findChild(QLineEdit, "tags.search")
    QTest.keyClicks(search, "0010,0010")
    assert model.rowCount() == 1
    assert (cell(0, NAME), cell(0, BEFORE)) == ("Patient's Name", NAMES)
    assert cell(0, AFTER).startswith("CHI-")
    search.clear()
    sheet.findChild(QCheckBox, "tags.changed").setChecked(False)
    assert "Kept" in {cell(row, 5) for row in range(model.rowCount())}
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    until(page, lambda: not sheet.isVisible())


def test_the_list_of_names_is_saved_on_purpose_only(
    page: Any, fakes: Any, tmp_path: Path
) -> None:
    begin(page)
    agree = page.find(QCheckBox, "deidentify.texts.agree")
    until(page, agree.isVisible)
    agree.setChecked(True)
    until(page, lambda: page.find(QLabel, "upload.question").text() == "")
    QTest.mouseClick(page.find(QPushButton, "upload.send"), Qt.MouseButton.LeftButton)
    until(page, lambda: len(page.jobs.submitted) == 1)
    panel = page.find(DeidentifyPanel, "deidentify")
    until(page, lambda: not panel.isVisible())
    page.pane.show_section("upload", [tmp_path / "Zwiebelfisch CD"])
    save = page.find(QPushButton, "deidentify.names")
    until(page, save.isVisible)
    fakes.dialogs.folder = tmp_path
    fakes.dialogs.answer = True
    QTest.mouseClick(save, Qt.MouseButton.LeftButton)
    until(page, (tmp_path / "names-CHI.csv").exists)
    written = (tmp_path / "names-CHI.csv").read_text()
    assert "QX7743219" in written
    assert "CHI-" in written


async def note(table: Any, key: str) -> None:
    """Write the record an upload would have."""
    body = {
        "standard": "DICOM PS3.15 2026c",
        "profile": "Basic Application Level Confidentiality Profile",
        "options": ["patient", "dates"],
        "tool": "chrislib, de-identification 1",
        "project": "CHI",
    }
    await table.begin_record(
        RecordRow(job_key=key, project_id="p", at=1764e6, body=json.dumps(body))
    )
    await table.save_files(
        [
            FileRow(
                job_key=key,
                remote_path=f"home/alex/uploads/CHI/CHI-0A/001-CT/0000{number}.dcm",
                size=39_000,
                sha256=str(number) * 64,
                pseudonym="CHI-0A1B2C3D4E",
                counts='{"removed": 190, "kept": 70, "moved": 5}',
            )
            for number in range(2)
        ]
    )


def test_the_record_is_shown_and_saved(
    page: Any,
    aio: Any,
    neighbours: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a menu without a window manager warns of the keyboard it cannot have
    monkeypatch.setattr(QMenu, "popup", lambda _menu, _at: None)
    begin(page)
    agree = page.find(QCheckBox, "deidentify.texts.agree")
    until(page, agree.isVisible)
    agree.setChecked(True)
    until(page, lambda: page.find(QLabel, "upload.question").text() == "")
    QTest.mouseClick(page.find(QPushButton, "upload.send"), Qt.MouseButton.LeftButton)
    until(page, lambda: len(page.jobs.rows) == 1)
    (key,) = page.jobs.rows
    aio.run(note(neighbours.catalog.deidentify, key))
    page.jobs.move(key, Phase.FINISHED, done=3, total=3, changed_at=page.ctx.now())
    until(page, lambda: page.pane.findChild(QPushButton, "upload.run.record"))
    show = page.find(QPushButton, "upload.run.record")
    until(page, show.isVisible)
    QTest.mouseClick(show, Qt.MouseButton.LeftButton)
    until(page, lambda: page.pane.findChild(RecordSheet, "record.sheet") is not None)
    sheet = page.find(RecordSheet, "record.sheet")
    assert sheet.findChild(QLabel, "record.line.0").text().startswith("2 files")
    page.ctx.theme.choose("light")
    page.picture("library-deidentify-record")
    page.ctx.theme.choose("dark")
    page.picture("library-deidentify-record")
    page.ctx.dialogs.folder = tmp_path
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    until(page, lambda: list(tmp_path.glob("de-identification-CHI-*.json")))
    (file,) = tmp_path.glob("de-identification-CHI-*.json")
    until(page, lambda: file.stat().st_size > 0)
    saved = json.loads(file.read_text())
    assert [one["sha256"] for one in saved["files"]] == ["0" * 64, "1" * 64]
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    until(page, lambda: not page.pane.findChildren(RecordSheet))
    # and from History
    page.pane.show_section("overview")
    history = page.find(HistoryList, "overview.history")
    until(page, lambda: history.model().shown == 1)
    row = history.model().index(1, 0)
    history.setCurrentIndex(row)
    history.customContextMenuRequested.emit(history.visualRect(row).center())
    until(page, lambda: page.pane.findChild(QMenu) is not None)
    menu = page.pane.findChild(QMenu)
    (action,) = [one for one in menu.actions() if one.text() == "What was changed …"]
    action.trigger()
    until(page, lambda: len(page.pane.findChildren(RecordSheet)) == 1)
