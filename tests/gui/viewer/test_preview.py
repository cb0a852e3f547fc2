"""The small preview shows every kind of file, and words for the rest."""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from pydicom.data import get_testdata_file
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from chrislib.views.context import ViewContext
from chrislib.views.widgets.preview import Preview

nib: Any = nibabel


@pytest.fixture
def preview(ctx: ViewContext, qtbot: QtBot) -> Preview:
    made = Preview(ctx)
    qtbot.addWidget(made)
    made.resize(376, 260)
    made.show()
    return made


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


def test_nifti_is_two_planes(preview: Preview, qtbot: QtBot, tmp_path: Path) -> None:
    data = np.zeros((20, 30, 40), np.int16)
    data[5:15, 5:25, 5:35] = 700
    path = tmp_path / "T1.nii.gz"
    nib.save(nib.Nifti1Image(data, np.eye(4)), path)
    preview.show_file(path, "nifti", "T1")
    qtbot.waitUntil(lambda: len(preview.images) == 2)
    coronal, sagittal = preview.images
    assert (coronal.width(), coronal.height()) == (20, 40)
    assert (sagittal.width(), sagittal.height()) == (30, 40)


def test_dicom_picture_and_image(
    preview: Preview, qtbot: QtBot, tmp_path: Path
) -> None:
    preview.show_file(sample("rtdose.dcm"), "dicom")
    qtbot.waitUntil(lambda: len(preview.images) == 1)
    image = QImage(33, 22, QImage.Format.Format_RGB32)
    image.fill(0xFF336699)
    assert image.save(str(tmp_path / "a.png"))
    preview.show_file(tmp_path / "a.png", "image")
    qtbot.waitUntil(lambda: [i.width() for i in preview.images] == [33])


def test_text_json_table(preview: Preview, qtbot: QtBot, tmp_path: Path) -> None:
    html = tmp_path / "run.log"
    html.write_text("<b>bold</b>\n" * 3)
    preview.show_file(html, "text")
    qtbot.waitUntil(lambda: "<b>" in preview._text.toPlainText())
    facts = tmp_path / "a.json"
    facts.write_text(json.dumps({"a": 1}))
    preview.show_file(facts, "json")
    qtbot.waitUntil(lambda: '"a"' in preview._text.toPlainText())
    table = tmp_path / "v.csv"
    table.write_text("region,volume\nLeft-Putamen,12.5\n")
    preview.show_file(table, "table")
    qtbot.waitUntil(lambda: preview._table.model() is not None)
    assert preview._table.model().index(0, 1).data() == "12.5"


def test_what_cannot_be_shown_is_said(
    preview: Preview, qtbot: QtBot, tmp_path: Path
) -> None:
    preview.show_file(sample("rtplan.dcm"), "dicom")
    qtbot.waitUntil(lambda: preview.words == "There is no picture in this file.")
    odd = tmp_path / "a.mat"
    odd.write_bytes(bytes(range(256)) * 8)
    preview.show_file(odd, "other", "a.mat")
    qtbot.waitUntil(lambda: preview.words == "a.mat")
    preview.show_file(tmp_path / "gone.png", "image")
    qtbot.waitUntil(lambda: preview.words == "This picture cannot be shown.")
    preview.show_file(None)
    assert preview.words
    assert preview.path is None


def test_only_the_last_file_asked_for_is_shown(
    preview: Preview, qtbot: QtBot, tmp_path: Path
) -> None:
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text(f"file {number}")
        preview.show_file(tmp_path / f"{number}.txt", "text")
    qtbot.waitUntil(lambda: preview._text.toPlainText() == "file 4")
    preview.shutdown()


def test_of_a_long_text_the_beginning_is_shown(
    preview: Preview, qtbot: QtBot, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    long.write_text("".join(f"line {number}\n" for number in range(20_000)))
    preview.show_file(long, "text")
    qtbot.waitUntil(lambda: "line 399" in preview._text.toPlainText())
    assert preview._text.document().blockCount() == 400
    assert preview._note.text() == "The first 400 lines are shown, in part."
    wide = tmp_path / "wide.json"
    wide.write_text(json.dumps({"a": "x" * 30_000, "b": [1, 2]}))
    preview.show_file(wide, "json")
    qtbot.waitUntil(lambda: preview._text.document().blockCount() == 7)
    assert '"b": [' in preview._text.toPlainText()
    assert max(map(len, preview._text.toPlainText().split("\n"))) == 1001
    small = tmp_path / "small.txt"
    small.write_text("one line")
    preview.show_file(small, "text")
    qtbot.waitUntil(lambda: preview._text.toPlainText() == "one line")
    assert not preview._note.isVisible()
