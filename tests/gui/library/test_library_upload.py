"""Files dropped, read, chosen, sent and followed."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget

from chrislib.jobs.model import FailedFile, Phase, UploadIntent
from chrislib.library.model import ItemState, LocalScan
from chrislib.library.thumbnails.makers import Makers
from chrislib.library.uploads import UploadRun
from chrislib.views.library.cards import Card
from chrislib.views.library.drop_area import DropArea
from chrislib.views.library.running import Speed
from chrislib.views.library.scan_model import PictureRole, ScanModel
from chrislib.views.library.scan_tree import ScanTree
from chrislib.views.library.upload_failures import FailureList


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with DICOM (one image missing), a table and a broken file."""
    place = tmp_path / "Teaching cases"
    place.mkdir()
    source = dcmread(str(get_testdata_file("MR_small.dcm")))
    for number in (1, 2, 4):
        source.InstanceNumber = number
        source.SOPInstanceUID = f"1.2.826.0.1.{number}"
        source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
        source.save_as(place / f"mr{number}.dcm", enforce_file_format=True)
    ct = dcmread(str(get_testdata_file("CT_small.dcm")))
    ct.save_as(place / "ct.dcm", enforce_file_format=True)
    (place / "notes.csv").write_text("a,b\n1,2\n")
    whole = (place / "ct.dcm").read_bytes()
    (place / "broken.dcm").write_bytes(whole[:140])
    return place


def drop(widget: QWidget, *paths: Path) -> None:
    """Drop files on a widget, as a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    at = QPointF(widget.rect().center())
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copy = Qt.DropAction.CopyAction
    entered = QDragEnterEvent(at.toPoint(), copy, data, buttons, keys)
    widget.dragEnterEvent(entered)
    assert entered.isAccepted()
    widget.dropEvent(QDropEvent(at, copy, data, buttons, keys))


def test_a_folder_is_dropped_on_the_card_read_and_sent(
    stage: Any, folder: Path
) -> None:
    stage.until(lambda: stage.pane.findChild(Card, "overview.card.upload") is not None)
    drop(stage.find(Card, "overview.card.upload"), folder)
    tree = stage.find(ScanTree, "upload.scan")
    stage.until(tree.isVisible)
    model: Any = tree.model()
    chosen = model.chosen()
    assert sorted(len(one.files) for one in chosen.series) == [1, 3]
    assert [other[1] for other in chosen.others] == ["notes.csv"]
    assert len(model.scan.unreadable) == 1
    stage.ctx.theme.choose("light")
    stage.picture("library-upload-scan")
    stage.ctx.theme.choose("dark")
    stage.picture("library-upload-scan")
    send = stage.find(QPushButton, "upload.send")
    QTest.mouseClick(send, Qt.MouseButton.LeftButton)
    stage.until(lambda: len(stage.jobs.submitted) == 1)
    intent = stage.jobs.submitted[0]
    assert isinstance(intent, UploadIntent)
    assert len(intent.files) == 5
    assert intent.folder.startswith("home/alex/uploads/")
    (key,) = stage.jobs.rows
    stage.jobs.move(key, Phase.RUNNING, done=2, total=5)
    stage.until(lambda: stage.pane.findChild(QWidget, "upload.run.title") is not None)
    stage.until(stage.find(QWidget, "upload.run.title").isVisible)
    stage.qtbot.wait(400)
    stage.picture("library-upload-running")
    stage.jobs.move(
        key,
        Phase.FINISHED_WITH_ERRORS,
        done=4,
        total=5,
        detail="One file was not sent.",
        failed_files=(FailedFile("notes.csv", "It changed while it was read."),),
        changed_at=stage.ctx.now(),
    )
    again = stage.find(QPushButton, "upload.run.retry")
    stage.until(again.isVisible)
    assert again.text() == "Retry 1"
    stage.picture("library-upload-failed")
    QTest.mouseClick(again, Qt.MouseButton.LeftButton)
    stage.until(lambda: ("retry", key) in stage.jobs.calls)
    stage.jobs.move(key, Phase.FINISHED, done=5, total=5, failed_files=())

    def ready() -> bool:
        return all(
            stage.library.item(one).state is ItemState.READY for one in intent.item_ids
        )

    stage.until(ready)


def test_files_are_chosen_unticked_and_put_away(
    stage: Any, folder: Path, fakes: Any
) -> None:
    fakes.dialogs.files = (folder / "mr1.dcm", folder / "notes.csv")
    stage.pane.show_section("upload")
    stage.picture("library-upload-empty")
    choose = stage.find(QPushButton, "upload.choose_files")
    QTest.mouseClick(choose, Qt.MouseButton.LeftButton)
    tree = stage.find(ScanTree, "upload.scan")
    stage.until(tree.isVisible)
    tree.setCurrentIndex(tree.model().index(0, 0))
    QTest.keyClick(tree, Qt.Key.Key_T)
    assert tree.model().chosen().series == ()
    QTest.keyClick(tree, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(tree, Qt.Key.Key_T)
    chosen = tree.model().chosen()
    assert (len(chosen.series), len(chosen.others)) == (1, 1)
    QTest.keyClick(tree, Qt.Key.Key_T)
    assert tree.model().chosen().files == 0
    name = stage.find(QLineEdit, "upload.name")
    assert name.text()
    close = stage.find(QWidget, "upload.clear")
    QTest.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not tree.isVisible()
    assert stage.find(DropArea, "upload.drop").isVisible()


def test_what_is_not_there_is_said(stage: Any, tmp_path: Path) -> None:
    stage.pane.show_section("upload", [tmp_path / "gone.dcm"])
    tree = stage.find(ScanTree, "upload.scan")
    stage.until(tree.isVisible)
    assert tree.model().scan.unreadable[0].reason == "It is not there."
    send = stage.find(QPushButton, "upload.send")
    QTest.mouseClick(send, Qt.MouseButton.LeftButton)
    assert not stage.jobs.submitted


@pytest.fixture
def contradicting(tmp_path: Path) -> Path:
    """A ZIP archive in which one patient ID has two names."""
    source = dcmread(str(get_testdata_file("MR_small.dcm")))
    path = tmp_path / "Teaching cases 2026-11.zip"
    source.PatientID = "4543673"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(1, 8):
            name = "Zwiebel^Johnathan" if number > 5 else "Zwiebel^Jonathan"
            source.PatientName = name
            source.InstanceNumber = number
            source.SOPInstanceUID = f"1.2.826.0.1.{number}"
            source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
            if number == 6:
                source.SeriesInstanceUID = "1.2.3.4.5"
                source.SeriesDescription = "AX T2 FLAIR FS"
            data = io.BytesIO()
            source.save_as(data, enforce_file_format=True)
            made.writestr(f"scans/{number}.dcm", data.getvalue())
    return path


def pictured(model: Any) -> list[Any]:
    """Return the pictures of all series."""
    leaves = model._leaves(model.invisibleRootItem())
    return [one for leaf in leaves if (one := leaf.data(PictureRole)) is not None]


def focused(stage: Any, widget: QWidget) -> bool:
    """Whether a widget has the focus; a window that ended late may have taken it."""
    if not stage.pane.isActiveWindow():
        stage.pane.activateWindow()
    return widget.hasFocus()


def test_a_contradiction_in_an_archive_is_decided_before_it_is_sent(
    stage: Any, contradicting: Path
) -> None:
    stage.library.intake._pictures = Makers(0)
    stage.pane.show_section("upload", [contradicting])
    tree = stage.find(ScanTree, "upload.scan")
    stage.until(tree.isVisible)
    stage.until(lambda: len(pictured(tree.model())) == 2)
    unpacked = Path(tree.model().scan.archives[0].folder)
    assert unpacked.is_dir()
    question = stage.find(QLabel, "upload.question")
    stage.until(lambda: question.text() == "1 conflict to decide")
    stage.ctx.theme.choose("light")
    stage.picture("library-upload-conflict")
    stage.ctx.theme.choose("dark")
    stage.picture("library-upload-conflict")
    stage.pane.primary()
    assert not stage.jobs.submitted
    same = stage.find(QPushButton, "upload.conflict.same")
    stage.until(lambda: focused(stage, same))
    QTest.keyClick(same, Qt.Key.Key_Space)
    change = stage.find(QPushButton, "upload.conflict.change")
    stage.until(lambda: focused(stage, change))
    stage.until(lambda: question.text() == "")
    stage.picture("library-upload-decided")
    QTest.mouseClick(change, Qt.MouseButton.LeftButton)
    stage.until(lambda: question.text() == "1 conflict to decide")
    stage.until(same.isVisible)
    QTest.mouseClick(same, Qt.MouseButton.LeftButton)
    stage.until(lambda: question.text() == "")
    stage.pane.primary()
    stage.until(lambda: len(stage.jobs.submitted) == 1)
    (intent,) = stage.jobs.submitted
    assert len(intent.files) == 7
    names = {stage.library.item(one).patient_name for one in intent.item_ids}
    assert (len(intent.item_ids), names) == (2, {"Zwiebel^Jonathan"})
    (key,) = stage.jobs.rows
    stage.until(lambda: not tree.isVisible())
    assert unpacked.is_dir()
    stage.jobs.move(key, Phase.FINISHED, done=7, total=7)
    stage.until(lambda: not unpacked.exists())


def test_an_upload_is_paused_and_all_it_could_not_send_is_listed(
    stage: Any, tmp_path: Path
) -> None:
    paths = [tmp_path / f"func-physio_{number:02}.tsv" for number in range(30)]
    for path in paths:
        path.write_text("x" * 1100)
    stage.pane.show_section("upload", paths)
    tree = stage.find(ScanTree, "upload.scan")
    stage.until(tree.isVisible)
    stage.pane.primary()
    stage.until(lambda: len(stage.jobs.submitted) == 1)
    (key,) = stage.jobs.rows
    stage.jobs.move(key, Phase.RUNNING, done=12, total=30)
    stage.until(lambda: stage.pane.findChild(QPushButton, "upload.run.pause"))
    pause = stage.find(QPushButton, "upload.run.pause")
    stage.until(lambda: pause.isVisible() and pause.text() == "Pause")
    QTest.mouseClick(pause, Qt.MouseButton.LeftButton)
    stage.until(lambda: ("pause", key) in stage.ctx.jobs.calls)
    stage.jobs.move(key, Phase.QUEUED, paused=True, detail="Paused by you.")
    stage.until(lambda: pause.text() == "Resume")
    stage.picture("library-upload-paused")
    QTest.mouseClick(pause, Qt.MouseButton.LeftButton)
    stage.until(lambda: ("resume", key) in stage.ctx.jobs.calls)
    failed = tuple(
        FailedFile(str(path), "This computer gave no permission to read it.")
        for path in paths[:9]
    )
    stage.jobs.move(
        key,
        Phase.FINISHED_WITH_ERRORS,
        paused=False,
        done=21,
        total=30,
        failed_files=failed,
        changed_at=stage.ctx.now(),
    )
    listed = stage.find(FailureList, "upload.run.failures")
    stage.until(listed.isVisible)
    assert listed.model().rowCount() == 9
    last = listed.model().index(8, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert last.startswith("func-physio_08.tsv · This computer gave no permission")
    assert last.endswith("1.1 kB")
    stage.picture("library-upload-failures")


def test_thousands_of_other_files_are_one_row_and_all_sent(qapp: Any) -> None:
    others = tuple((f"/x/{n}", f"x/{n}", 10) for n in range(2500))
    model = ScanModel()
    model.show(LocalScan("x", ("/x",), (), others, (), 2500, 25_000))
    group = model.item(0)
    assert group.rowCount() == 1001
    assert group.child(1000).text() == "and 1,500 files more"

    def chosen() -> int:
        found = model.chosen()
        return len(found.others) if found is not None else 0

    assert chosen() == 2500
    model.toggle(group.child(1000).index())
    assert chosen() == 1000
    model.toggle(group.child(3).index())
    assert chosen() == 999


def test_how_long_it_takes_is_said_by_the_last_seconds() -> None:
    clock = [0.0]
    speed = Speed(lambda: clock[0])

    def run(done: int, state: str = "running") -> UploadRun:
        return UploadRun(
            job_key="k",
            item_ids=(),
            title="t",
            folder="f",
            state=state,
            detail="",
            done=done,
            total=1000,
            size=1_000_000,
            failed=(),
            changed_at=0.0,
            bytes_done=done * 1000,
        )

    assert speed.left(run(10)) == ""
    clock[0] = 5.0
    assert speed.left(run(110)) == "about 45 s"
    clock[0] = 30.0
    assert speed.left(run(120)) == ""  # nothing is known of the last seconds yet
    clock[0] = 40.0
    assert speed.left(run(220)) == "about 1 min"
    assert speed.left(run(220, "queued")) == ""
