"""Settings: how much small pictures take, and the button that removes them."""

import asyncio
from typing import Any

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext
from chrislib.views.dialogs.kept_pictures import PicturesKept


class Kept:
    """Pictures that can be counted, and removed unless the disk refuses."""

    def __init__(self) -> None:
        self.bytes = 84_000_000
        self.refuses = True

    async def size(self) -> int:
        await asyncio.sleep(0)
        return self.bytes

    async def clear(self) -> None:
        await asyncio.sleep(0)
        if self.refuses:
            raise ChrislibError("The disk is full.", "Nothing was changed.")
        self.bytes = 0


def test_small_pictures_are_counted_and_removed(ctx: ViewContext, qtbot: QtBot) -> None:
    kept = Kept()
    tasks = ctx.tasks("settings")
    page = PicturesKept(ctx.theme, kept, tasks=tasks)
    page.show()
    words: Any = page.findChild(QLabel, "settings.pictures")
    remove: Any = page.findChild(QAbstractButton, "settings.pictures.clear")

    def says(text: str) -> None:
        qtbot.waitUntil(lambda: text in words.text(), timeout=30_000)

    says("take 84 MB")
    assert remove.isEnabled()
    QTest.mouseClick(remove, Qt.MouseButton.LeftButton)
    says("The disk is full. The pictures are still there.")
    kept.refuses = False
    QTest.mouseClick(remove, Qt.MouseButton.LeftButton)
    says("No small pictures")
    assert not remove.isEnabled()
    tasks.cancel_all()
    page.hide()
    shiboken6.delete(page)
