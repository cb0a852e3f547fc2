"""A log of 50 MB: opened, scrolled, searched and copied from, a little in each turn."""

import threading
from typing import Any, SupportsIndex

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from chrislib.feeds.logs import MOST, MOST_LINES, PIECE, Hits, clean, search
from chrislib.views.context import ViewContext
from chrislib.views.feeds import inspector_log
from chrislib.views.feeds.inspector_log import LogView

_SIZE = 50_000_000
_SOUGHT = "slice 4711 was left out"


class Watched(str):
    """A log that notes how much of it the window's thread reads at a time."""

    read: list[int]

    def __new__(cls, text: str) -> "Watched":
        made = super().__new__(cls, text)
        made.read = []
        return made

    def _note(self, count: int) -> None:
        if threading.current_thread() is threading.main_thread():
            self.read.append(count)

    def __getitem__(self, key: "SupportsIndex | slice[Any, Any, Any]") -> str:
        piece = super().__getitem__(key)
        self._note(len(piece))
        return piece

    def count(self, *given: Any) -> int:
        start, end = self._part(*given[1:])
        self._note(end - start)
        return super().count(*given)

    def find(self, *given: Any) -> int:
        found = super().find(*given)
        start, end = self._part(*given[1:])
        self._note((end if found < 0 else found) - start)
        return found

    def rfind(self, *given: Any) -> int:
        found = super().rfind(*given)
        start, end = self._part(*given[1:])
        self._note(end - (start if found < 0 else found))
        return found

    def _part(self, start: int = 0, end: int | None = None) -> tuple[int, int]:
        return start, len(self) if end is None else end


def test_a_log_of_50_mb_is_read_searched_and_copied_from(
    qtbot: QtBot,
    ctx: ViewContext,
    posted: list[Any],
    at_rest: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[threading.Thread] = []
    put: list[int] = []
    set_text = QPlainTextEdit.setPlainText

    def noted(text: str, words: str) -> Hits:
        threads.append(threading.current_thread())
        return search(text, words)

    def putting(box: QPlainTextEdit, text: str) -> None:
        put.append(len(text))
        set_text(box, text)

    monkeypatch.setattr(inspector_log, "search", noted)
    # cleaned once, as cleaning works on pieces
    block = clean("".join(f"[{n:05}] registered \U0001f9e0 \n" for n in range(5_000)))
    times = _SIZE // len(block.text.encode()) + 1
    sought = f"{_SOUGHT}\n"
    text = Watched(block.text + sought + block.text * times + "the end")
    assert len(text.encode()) > _SIZE

    view = LogView(ctx.theme, ctx.tasks("log test"), ctx.messages)
    qtbot.addWidget(view)
    view.resize(420, 360)
    monkeypatch.setattr(view.box, "setPlainText", lambda text: putting(view.box, text))
    view.show()
    view.show_log(text, live=False)
    assert view.box.toPlainText().endswith("\nthe end")
    assert view.later.isHidden()

    view.words.setText(_SOUGHT.upper())
    qtbot.waitUntil(lambda: view.count.text() == "1 of 1", timeout=60_000)
    qtbot.waitUntil(
        lambda: (
            [m.cursor.selectedText() for m in view.box.extraSelections()] == [_SOUGHT]
        ),
        timeout=60_000,
    )
    assert threads
    assert threading.main_thread() not in threads
    found = QTextCursor(view.box.document())
    (mark,) = view.box.extraSelections()
    for place, key in (
        (mark.cursor.selectionStart(), Qt.KeyboardModifier.NoModifier),
        (mark.cursor.selectionEnd(), Qt.KeyboardModifier.ShiftModifier),
    ):
        found.setPosition(place)
        spot = view.box.cursorRect(found).center()
        QTest.mouseClick(view.box.viewport(), Qt.MouseButton.LeftButton, key, spot)
    view.copy.click()
    assert QGuiApplication.clipboard().text() == _SOUGHT
    assert posted[-1].title == "The marked part is on the clipboard."

    view.go_to_end()
    bar = view.box.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert view.box.toPlainText().endswith("\nthe end")
    # nothing is marked: the lines shown, as all of them are too many
    view.copy.click()
    assert QGuiApplication.clipboard().text() == view.box.toPlainText()
    assert posted[-1].detail == "The whole log is too long for that."

    assert view.box.blockCount() <= MOST_LINES + 1
    assert 0 < max(put) <= MOST
    assert 0 < max(text.read) <= MOST + PIECE, "and no turn reads more than is shown"
    at_rest()
