"""Several series in one viewer: linked through the patient's space, by keys too."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from chrislib.dicom.volume import Stack, open_stacks
from chrislib.views.context import ViewContext
from chrislib.views.messages import Message
from chrislib.views.viewer.linking import Anchor, direction, goes_along, same_place
from chrislib.views.viewer.viewer import Viewer
from chrislib.views.viewer_content import ViewContent

WAIT = 30_000


@pytest.fixture
def viewer(ctx: ViewContext, qtbot: QtBot) -> Iterator[Viewer]:
    made = Viewer(ctx)
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.shutdown()
    qtbot.waitUntil(lambda: made.pending == 0, timeout=WAIT)


def series(
    folder: Path, name: str, places: list[float], **others: Any
) -> tuple[Path, ...]:
    """Write a series with one slice at each place (mm) along the patient's axis."""
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.SeriesInstanceUID = f"1.2.3.{zlib.crc32(name.encode())}"
    dataset.SeriesDescription = name
    dataset.StudyInstanceUID = others.get("study", "1.2.3")
    dataset.Modality = others.get("modality", "CT")
    if others.get("side"):
        dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    if others.get("down"):
        dataset.ImageOrientationPatient = [1, 0, 0, 0, -1, 0]
    paths = []
    for number, place in enumerate(places):
        y, x = np.mgrid[0:128, 0:128]
        disc = ((x - 64) ** 2 + (y - 64) ** 2 < (4 * number + 9) ** 2).astype(np.int16)
        dataset.PixelData = (disc * 400 + 1024).tobytes()
        dataset.WindowCenter, dataset.WindowWidth = 200, 400
        dataset.SOPInstanceUID = f"{dataset.SeriesInstanceUID}.{number}"
        dataset.InstanceNumber = number + 1
        dataset.ImagePositionPatient = [0, 0, place]
        paths.append(folder / f"{name}-{number:02}.dcm")
        dataset.save_as(paths[-1])
    return tuple(paths)


def stack(paths: tuple[Path, ...]) -> Stack:
    return open_stacks(paths).stacks[0]


def follow(mine: Stack, theirs: Stack, index: int, anchor: Anchor) -> int:
    counts = (len(mine.slices), len(theirs.slices))
    return same_place(mine, theirs, index=index, counts=counts, anchor=anchor)


def test_what_belongs_together(tmp_path: Path) -> None:
    thin = stack(series(tmp_path, "thin", [float(mm) for mm in range(0, 40)]))
    thick = stack(series(tmp_path, "thick", [0.0, 10.0, 20.0, 30.0]))
    down = stack(series(tmp_path, "down", [0.0, 10.0, 20.0, 30.0], down=True))
    later = stack(series(tmp_path, "later", [100.0, 110.0, 120.0], study="1.2.4"))
    begin = Anchor(0, 0)
    # one study: the nearest slice of the patient's space, whichever way it is numbered
    assert direction(thin, thick) == 1
    assert [follow(thin, thick, at, begin) for at in (0, 4, 6, 29, 39)] == [
        *(0, 0, 1, 3, 3)
    ]
    assert follow(thick, thin, 2, begin) == 20
    assert direction(thin, down) == -1
    place = down.slices[follow(thin, down, 29, begin)].header.position
    assert place is not None
    assert place[2] == 30.0
    # slices that cross each other do not go along
    side = stack(series(tmp_path, "side", [0.0, 1.0], side=True))
    assert direction(thin, side) == 0
    assert not goes_along(thin, side)
    assert goes_along(thin, thick)
    assert goes_along(thin, None)
    # two studies: the distance since they were linked
    assert follow(thin, later, 15, Anchor(5, 0)) == 1
    assert follow(thin, later, 0, Anchor(5, 1)) in (0, 1)
    # no place in common: the same share of the way
    assert same_place(None, thick, index=5, counts=(11, 4), anchor=begin) == 2
    assert same_place(None, None, index=0, counts=(1, 4), anchor=Anchor(0, 3)) == 3


def on_show(viewer: Viewer, page: object) -> bool:
    return viewer.page is page


def shown(viewer: Viewer) -> list[int]:
    return [page.index for page in viewer.side_page.views]


def test_two_series_side_by_side(viewer: Viewer, qtbot: QtBot, tmp_path: Path) -> None:
    # asked for as B, A: the order of the files is that of the views
    first = series(tmp_path, "b thick", [0.0, 10.0, 20.0, 30.0])
    second = series(tmp_path, "a thin", [float(mm) for mm in range(0, 36, 2)])
    viewer.show_content(ViewContent("dicom", "Two", (*first, *second), "compare"))
    page = viewer.side_page
    qtbot.waitUntil(lambda: viewer.page is page and len(page.views) == 2, timeout=WAIT)
    left, right = page.views
    for view in (left, right):
        qtbot.waitUntil(lambda: view.canvas.image is not None, timeout=WAIT)  # noqa: B023
    titles = [view.canvas.corners.top_right[0] for view in page.views]
    assert titles == ["b thick", "a thin"]
    assert right.canvas.corners.bottom_left[-1] == "Linked to view A"
    assert "In view B" in viewer.strip.list.item(1).text()

    QTest.keyClick(left.canvas, Qt.Key.Key_Home)
    assert shown(viewer) == [0, 0]
    QTest.keyClick(left.canvas, Qt.Key.Key_Down)
    assert shown(viewer) == [1, 5]  # both at 10 mm
    left.canvas.zoom_by(2.0)
    left.canvas.pan_by(QPointF(left.canvas.width() / 4, 0))
    assert right.canvas.zoom == 2.0
    assert right.canvas.shift.x() == pytest.approx(right.canvas.width() / 4, abs=2)
    left.canvas.window_dragged.emit(0.5, 0.0)
    assert right.window_used == left.window_used

    # the right view by keys; unlinked, it goes by itself
    QTest.keyClick(left.canvas, Qt.Key.Key_Right)
    assert page.active == 1
    assert right.canvas.hasFocus()
    assert left.canvas.corners.bottom_left[-1] == "Linked to view B"
    QTest.keyClick(right.canvas, Qt.Key.Key_S)
    QTest.keyClick(right.canvas, Qt.Key.Key_End)
    assert shown(viewer) == [1, 17]
    QTest.keyClick(right.canvas, Qt.Key.Key_S)
    assert page.linked
    assert shown(viewer) == [3, 17]

    # what is chosen in the strip comes into the active view
    viewer.strip.choose(0)
    assert [one.title for one in page.entries] == ["b thick", "b thick"]
    QTest.keyClick(right.canvas, Qt.Key.Key_E)
    assert on_show(viewer, viewer.stack_page)
    qtbot.waitUntil(lambda: viewer.stack_page.canvas.image is not None, timeout=WAIT)
    QTest.keyClick(viewer.stack_page.canvas, Qt.Key.Key_C)
    assert on_show(viewer, page)
    assert [one.title for one in page.entries] == ["b thick", "a thin"]
    single = viewer.findChild(QAbstractButton, "viewer.layout.single")
    assert isinstance(single, QAbstractButton)
    single.click()
    assert on_show(viewer, viewer.stack_page)


def test_many_are_surveyed_and_one_cannot_be_compared(
    viewer: Viewer, qtbot: QtBot, tmp_path: Path, posted: list[Message]
) -> None:
    paths: tuple[Path, ...] = ()
    for number in range(14):
        paths += series(tmp_path, f"s{number:02}", [float(number)])
    viewer.show_content(ViewContent("dicom", "Many", paths, "survey"))
    page = viewer.side_page
    qtbot.waitUntil(lambda: viewer.page is page, timeout=WAIT)
    assert len(page.views) == 12
    assert "first 12 of 14" in posted[-1].title
    qtbot.waitUntil(
        lambda: all(view.canvas.image is not None for view in page.views), timeout=WAIT
    )
    viewer.show_content(ViewContent("dicom", "One", paths[:1], "compare"))
    qtbot.waitUntil(lambda: viewer.page is viewer.stack_page, timeout=WAIT)
    QTest.keyClick(viewer.stack_page.canvas, Qt.Key.Key_C)
    assert on_show(viewer, viewer.stack_page)
    qtbot.waitUntil(lambda: viewer.stack_page.canvas.image is not None, timeout=WAIT)
