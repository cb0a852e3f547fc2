"""The viewer leafs, windows, zooms, and says what it cannot show."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from chrislib.dicom.reading import quiet
from chrislib.views.context import ViewContext
from chrislib.views.messages import Message
from chrislib.views.viewer.viewer import Viewer
from chrislib.views.viewer_content import ViewContent
from chrislib.views.widgets.canvas import Canvas

nib: Any = nibabel
SLICES = 12
PICTURES = Path(__file__).parents[3] / "build" / "pictures"


@pytest.fixture
def viewer(ctx: ViewContext, qtbot: QtBot) -> Iterator[Viewer]:
    made = Viewer(ctx)
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.shutdown()
    qtbot.waitUntil(lambda: made.pending == 0)


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """A CT series of a growing disc, its files in no order, number 5 damaged."""
    folder = tmp_path_factory.mktemp("series")
    paths = []
    for number in range(1, SLICES + 1):
        dataset = pydicom.dcmread(sample("CT_small.dcm"))
        y, x = np.mgrid[0:128, 0:128]
        disc = ((x - 64) ** 2 + (y - 64) ** 2 < (4 * number) ** 2).astype(np.int16)
        with quiet():
            dataset.PixelData = (disc * 400 + 1024).tobytes()
            dataset.SOPInstanceUID = f"1.2.3.{number}"
            dataset.SeriesInstanceUID = "1.2.3"
            dataset.SeriesDescription = "AX <b>disc</b>"
            dataset.InstanceNumber = number
            dataset.ImagePositionPatient = [0, 0, 5 * number]
            dataset.WindowCenter, dataset.WindowWidth = 200, 400
            path = folder / f"{(number * 7) % 13:02d}.dcm"
            dataset.save_as(path)
        if number == 5:
            path.write_bytes(path.read_bytes()[:-20_000])
        paths.append(path)
    return tuple(sorted(paths))


def wheel(target: Any, notches: int, *, ctrl: bool = False) -> None:
    middle = QPointF(target.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(target.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, -120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(target, event)


def opened(viewer: Viewer, qtbot: QtBot, paths: tuple[Path, ...]) -> Any:
    viewer.show_content(ViewContent("dicom", "CT", paths))
    page = viewer.stack_page
    qtbot.waitUntil(lambda: viewer.page is page and page.canvas.image is not None)
    return page


def test_stack_is_sorted_and_leafed_through(
    viewer: Viewer, qtbot: QtBot, series: tuple[Path, ...]
) -> None:
    page = opened(viewer, qtbot, series)
    assert page.count == SLICES
    assert page.index == SLICES // 2
    corners = page.canvas.corners
    assert corners.top_left[0] == "CompressedSamples, CT1"
    assert corners.top_right[0] == "AX <b>disc</b>"
    assert corners.bottom_left[0] == "Image 7 of 12"
    assert "Position +35 mm" in corners.bottom_left
    assert corners.bottom_right[-1] == "W 400   L 200"
    assert page.canvas._letters.left == "R"
    wheel(page.canvas, 1)
    assert page.index == 7
    for key, place in (
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Down, 1),
        (Qt.Key.Key_PageDown, 11),
        (Qt.Key.Key_Up, 10),
        (Qt.Key.Key_PageUp, 0),
        (Qt.Key.Key_End, 11),
    ):
        QTest.keyClick(page.canvas, key)
        assert page.index == place
    qtbot.waitUntil(lambda: page._shown is not None and page._shown.index == 11)
    qtbot.waitUntil(lambda: page.foot._decoded.text() == "12 decoded")
    assert page.foot.words == "12 of 12"
    # the disc of the last slice is the largest: the files were put in order
    middle = page.canvas.image
    assert middle.pixelColor(64 + 46, 64).red() > 200


def test_one_damaged_image_is_said_in_its_place(
    viewer: Viewer, qtbot: QtBot, series: tuple[Path, ...]
) -> None:
    page = opened(viewer, qtbot, series)
    page.go(4)
    qtbot.waitUntil(lambda: page.canvas.words[0] == "This DICOM file is damaged.")
    page.go(3)
    qtbot.waitUntil(lambda: page.canvas.image is not None)


def test_window_by_drag_and_key(
    viewer: Viewer, qtbot: QtBot, series: tuple[Path, ...]
) -> None:
    page = opened(viewer, qtbot, series)
    canvas = page.canvas
    start = QPoint(300, 300)
    QTest.mousePress(
        canvas, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, start
    )
    QTest.mouseMove(canvas, start + QPoint(60, 0))
    QTest.mouseMove(canvas, start + QPoint(120, 40))
    QTest.mouseRelease(
        canvas,
        Qt.MouseButton.RightButton,
        Qt.KeyboardModifier.NoModifier,
        start + QPoint(120, 40),
    )
    assert page.window_used.width > 450
    assert page.window_used.center > 210
    zoom = canvas.zoom
    wheel(canvas, -2, ctrl=True)
    assert canvas.zoom > zoom
    QTest.keyClick(canvas, Qt.Key.Key_M)
    assert canvas.tool == "pan"
    QTest.keyClick(canvas, Qt.Key.Key_R)
    assert page.window_used.width == 400
    assert canvas.zoom == 1
    dark = canvas.image.pixelColor(64, 64).red()
    QTest.keyClick(canvas, Qt.Key.Key_I)
    qtbot.waitUntil(lambda: canvas.image.pixelColor(64, 64).red() == 255 - dark)
    QTest.keyClick(canvas, Qt.Key.Key_V)
    assert not canvas._texts
    QTest.keyClick(canvas, Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier)
    assert page.window_used.name == "Bone"


def test_names_can_be_hidden(
    viewer: Viewer, qtbot: QtBot, ctx: ViewContext, series: tuple[Path, ...]
) -> None:
    ctx.settings.set("hide_names", True)
    page = opened(viewer, qtbot, series)
    words = " ".join(page.canvas.corners.top_left)
    assert "CompressedSamples" not in words
    assert "1CT1" not in words
    assert "Name hidden" in words


def test_every_sample_opens_without_an_error(
    viewer: Viewer, qtbot: QtBot, posted: list[Message]
) -> None:
    folder = sample("CT_small.dcm").parent
    files = tuple(sorted(folder.glob("*.dcm")))
    viewer.show_content(ViewContent("dicom", "All of them", files))
    qtbot.waitUntil(lambda: viewer.strip.list.count() > 20, timeout=10_000)
    for row in range(viewer.strip.list.count()):
        viewer.strip.choose(row)
        canvas = viewer.stack_page.canvas
        qtbot.waitUntil(partial(_answered, canvas))
    assert all(message.kind == "warning" for message in posted)


def test_a_second_content_replaces_the_first(
    viewer: Viewer, qtbot: QtBot, series: tuple[Path, ...], tmp_path: Path
) -> None:
    viewer.show_content(ViewContent("dicom", "CT", series))
    note = tmp_path / "note.txt"
    note.write_text("second")
    viewer.show_content(ViewContent("text", "note", (note,)))
    document = viewer.document_page
    qtbot.waitUntil(lambda: document.text.toPlainText() == "second")
    assert viewer.page is None


def _answered(canvas: Canvas) -> bool:
    return canvas.image is not None or bool(canvas.words[0])


def brain(path: Path) -> Path:
    data = np.zeros((30, 36, 24), np.int16)
    x, y, z = np.indices(data.shape)
    inside = (x - 15) ** 2 + (y - 18) ** 2 + (z - 12) ** 2 < 110
    data[inside] = (300 + 9 * x + 5 * y + 3 * z)[inside]
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    nib.save(nib.Nifti1Image(data, affine), path)
    return path


def test_three_planes_share_a_point(
    viewer: Viewer, qtbot: QtBot, tmp_path: Path
) -> None:
    path = brain(tmp_path / "T1.nii.gz")
    viewer.show_content(ViewContent("nifti", "T1", (path,)))
    page = viewer.planes_page
    qtbot.waitUntil(lambda: all(c.image is not None for c in page.canvases.values()))
    assert viewer.page is page
    assert page.point == (15, 18, 12)
    wheel(page.canvases["axial"], 2)
    assert page.point == (15, 18, 14)
    wheel(page.canvases["sagittal"], -3)
    assert page.point == (12, 18, 14)
    assert page.canvases["sagittal"].corners.bottom_left == ("13 of 30",)
    page.canvases["axial"].guide_dragged.emit(0, 30 - 20 - 0.5)
    assert page.point[0] == 20
    assert page.facts._values["value"].text() == str(300 + 180 + 90 + 42)
    assert "40, 36, 42 mm" in page.facts._values["cursor"].text()
    QTest.keyClick(page.canvases["axial"], Qt.Key.Key_E)
    assert page.facts.isHidden()
    QTest.keyClick(page.canvases["sagittal"], Qt.Key.Key_Q)
    assert not page.facts.isHidden()
    page.facts._width.setText("100")
    page.facts._width.editingFinished.emit()
    assert page.canvases["axial"].corners.bottom_right[0].startswith("W 100 ")


def test_series_of_volumes_is_turned_through(
    viewer: Viewer, qtbot: QtBot, tmp_path: Path
) -> None:
    data = np.stack([np.full((6, 7, 8), n, np.int16) for n in (10, 20, 30)], axis=-1)
    path = tmp_path / "bold.nii.gz"
    nib.save(nib.Nifti1Image(data, np.eye(4)), path)
    viewer.show_content(ViewContent("nifti", "bold", (path,)))
    page = viewer.planes_page
    qtbot.waitUntil(lambda: page.canvases["axial"].image is not None)
    page.go(2)
    QTest.keyClick(page.canvases["axial"], Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: page.facts._values["value"].text() == "20")
    assert page.point[2] == 2
    assert page.canvases["axial"].corners.top_right == ("Volume 2 of 3",)
    QTest.keyClick(page.canvases["axial"], Qt.Key.Key_Left)
    QTest.keyClick(page.canvases["axial"], Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: page.facts._values["value"].text() == "10")


def test_damaged_volume_offers_another_program(
    viewer: Viewer, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "T1.nii.gz"
    path.write_bytes(brain(tmp_path / "good.nii.gz").read_bytes()[:2000])
    viewer.show_content(ViewContent("nifti", "T1", (path,)))
    state = viewer.document_page.state
    qtbot.waitUntil(lambda: state.accessibleName() == "This volume cannot be read.")
    words = [b.text() for b in state.findChildren(QPushButton) if b.isVisible()]
    assert words == ["Open with another program"]


def test_json_table_and_other_files(
    viewer: Viewer, qtbot: QtBot, tmp_path: Path
) -> None:
    document = viewer.document_page
    facts = tmp_path / "report.json"
    facts.write_text(json.dumps({"a": {"b": [1, 2]}, "x": "<i>y</i>"}))
    viewer.show_content(ViewContent("text", "report", (facts,)))
    qtbot.waitUntil(lambda: document.page is document.tree)
    model = document.tree.model()
    assert model.rowCount() == 2
    document.tree.expand(model.index(0, 0))
    assert model.index(0, 0, model.index(0, 0)).data() == "b"
    broken = tmp_path / "broken.json"
    broken.write_text("{not json")
    viewer.show_content(ViewContent("json", "broken", (broken,)))
    qtbot.waitUntil(lambda: document.text.toPlainText() == "{not json")
    table = tmp_path / "big.tsv"
    table.write_text("a\tb\n" + "".join(f"{n}\t{n * 2}\n" for n in range(3000)))
    viewer.show_content(ViewContent("table", "big", (table,)))
    qtbot.waitUntil(lambda: document.page is document.table)
    assert document.table.model().rowCount() == 500
    assert "3,000 rows" in document._note.text()
    pdf = tmp_path / "qc.pdf"
    pdf.write_bytes(b"%PDF-1.7")
    viewer.show_content(ViewContent("other", "qc.pdf", (pdf,)))
    qtbot.waitUntil(lambda: document.state.accessibleName() == "qc.pdf")


def test_pictures_are_a_stack(viewer: Viewer, qtbot: QtBot, tmp_path: Path) -> None:
    for number in range(3):
        image = QImage(40 + number, 30, QImage.Format.Format_ARGB32)
        image.fill(0x80FF0000)
        assert image.save(str(tmp_path / f"{number}.png"))
    (tmp_path / "3.png").write_bytes(b"no picture")
    paths = tuple(sorted(tmp_path.glob("*.png")))
    viewer.show_content(ViewContent("image", "pictures", paths))
    page = viewer.stack_page
    qtbot.waitUntil(lambda: page.canvas.image is not None)
    assert page.count == 4
    page.go(2)
    qtbot.waitUntil(
        lambda: page.canvas.image is not None and page.canvas.image.width() == 42
    )
    page.go(3)
    qtbot.waitUntil(lambda: page.canvas.words[0] == "This picture cannot be shown.")


def test_g_and_the_button_lead_back(
    viewer: Viewer, qtbot: QtBot, series: tuple[Path, ...]
) -> None:
    opened(viewer, qtbot, series)
    with qtbot.waitSignal(viewer.back_requested):
        QTest.keyClick(viewer.stack_page.canvas, Qt.Key.Key_G)
    back = viewer.findChild(QPushButton, "viewer.back")
    assert back is not None
    with qtbot.waitSignal(viewer.back_requested):
        back.click()


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_pictures_of_the_viewer(
    viewer: Viewer,
    qtbot: QtBot,
    ctx: ViewContext,
    series: tuple[Path, ...],
    *,
    tmp_path: Path,
    mode: str,
) -> None:
    ctx.theme.choose(mode)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = opened(viewer, qtbot, series)
    qtbot.waitUntil(lambda: page.foot._decoded.text() == "12 decoded")
    assert viewer.grab().save(str(PICTURES / f"viewer-stack-{mode}.png"))
    path = brain(tmp_path / "T1.nii.gz")
    viewer.show_content(ViewContent("nifti", "T1", (path,)))
    planes = viewer.planes_page
    qtbot.waitUntil(lambda: all(c.image is not None for c in planes.canvases.values()))
    assert viewer.grab().save(str(PICTURES / f"viewer-planes-{mode}.png"))
