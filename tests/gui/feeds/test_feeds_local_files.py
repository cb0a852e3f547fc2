"""Files of this computer dropped on the data of Create feed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from chrislib.library.model import Item, ItemState, LocalScan
from chrislib.views.context import ViewContext
from chrislib.views.feeds.create_feed import DATA, CreateFeedSheet
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.navigation import ShowLibrary

LONG = 30_000
_NO = Qt.KeyboardModifier.NoModifier
_LEFT = Qt.MouseButton.LeftButton

# sheets on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def disk(library: Any, make: Any) -> SimpleNamespace:
    """What lies on this computer, and what was done with it."""
    found = SimpleNamespace(series=(), sent=[], away=[])

    async def scan(paths: list[Path], *, progress: Any) -> LocalScan:
        progress(2)
        others = (("/here/a.csv", "a.csv", 10), ("/here/b.csv", "b.csv", 20))
        return LocalScan("tables", (str(paths[0]),), found.series, others, (), 2, 30)

    async def upload(scan: LocalScan, *, title: str) -> list[Item]:
        found.sent.append((scan, title))
        item: Item = make.item("up", title, state=ItemState.ON_THE_WAY, path="")
        library.known["up"] = item
        return [item]

    library.scan, library.upload = scan, upload
    library.intake = SimpleNamespace(put_away=found.away.append)
    return found


def drop(sheet: CreateFeedSheet, path: Path) -> None:
    """Drop a file of this computer on the page that is shown."""
    page = sheet.body.currentWidget()
    assert isinstance(page, QWidget)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy = Qt.DropAction.CopyAction
    middle = page.rect().center()
    for event in (
        QDragEnterEvent(middle, copy, data, _LEFT, _NO),
        QDropEvent(QPointF(middle), copy, data, _LEFT, _NO),
    ):
        QApplication.sendEvent(page, event)


def opened(pane: FeedsPane) -> CreateFeedSheet:
    """Open the sheet at its data."""
    pane.new_feed(())
    sheet = pane.window().findChild(CreateFeedSheet)
    assert isinstance(sheet, CreateFeedSheet)
    sheet.step_chosen.emit(DATA)
    return sheet


def test_dropped_files_are_sent_once_agreed_and_become_part_of_the_feed(
    qtbot: QtBot, pane: FeedsPane, disk: Any, ctx: ViewContext, tmp_path: Path
) -> None:
    dialogs: Any = ctx.dialogs
    dialogs.answer = False
    sheet = opened(pane)
    local = sheet._local
    drop(sheet, tmp_path)
    qtbot.waitUntil(lambda: bool(disk.away), timeout=LONG)
    assert dialogs.asked == [f"Send 2 files to {ctx.session.host}?"]
    assert not disk.sent
    qtbot.waitUntil(lambda: not local.busy, timeout=LONG)
    dialogs.answer = True
    dialogs.folder = tmp_path
    QTest.mouseClick(local.folder, _LEFT)
    qtbot.waitUntil(lambda: bool(sheet.items), timeout=LONG)
    assert [item.item_id for item in sheet.items] == ["up"]
    assert [title for _, title in disk.sent] == ["tables"]
    # a feed of what is on its way waits for it
    qtbot.waitUntil(lambda: not local.busy, timeout=LONG)
    assert "1 item is still on the way" in sheet._banner.text
    sheet.reject()


def test_images_go_by_upload_data(
    qtbot: QtBot, pane: FeedsPane, disk: Any, ctx: ViewContext, tmp_path: Path
) -> None:
    places: list[Any] = []
    ctx.navigator.requested.connect(places.append)
    disk.series = (SimpleNamespace(files=("a", "b")),)
    sheet = opened(pane)
    drop(sheet, tmp_path)
    qtbot.waitUntil(lambda: bool(disk.away), timeout=LONG)
    assert places == [ShowLibrary("upload", [tmp_path])]
    assert not disk.sent
    dialogs: Any = ctx.dialogs
    assert dialogs.asked == ["These are images: 1 series · 2 images"]
    qtbot.waitUntil(
        lambda: not pane.window().findChildren(CreateFeedSheet), timeout=LONG
    )
