"""Compare: the lines and values in which two files differ."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from chrislib.feeds.model import Node, OutputEntry
from chrislib.views.context import ViewContext
from chrislib.views.feeds.compare_page import ComparePage
from chrislib.views.feeds.compare_sides import Side
from chrislib.views.feeds.pane import FeedsPane
from tests.gui.feeds.conftest import file_entry
from tests.gui.feeds.test_feeds_compare import PICTURES, MemoryComparing, settled

LOG = [f"step {number}: done" for number in range(40)]


class Texts(MemoryComparing):
    """Two nodes with files of the same names and other contents."""

    def __init__(self, outputs: Any, folder: Path) -> None:
        super().__init__(self)
        self.folder = folder
        folder.mkdir()
        other = [*LOG[:20], "step 20: <b>failed</b>", *LOG[21:], "gave up"]
        self.texts = {
            11: "\n".join(LOG), 12: "\n".join(other),
            21: json.dumps({"frac": 0.5, "volume": {"left": 3.25}, "old": True}),
            22: json.dumps({"frac": 0.35, "volume": {"left": 3.25}, "seed": "7"}),
        }  # fmt: skip

    async def fetch(self, entry: OutputEntry) -> Path:
        path = self.folder / f"{entry.file_id}"
        path.write_text(self.texts[entry.file_id or 0], encoding="utf-8")
        return path

    async def _files(self, _client: Any, node: Node) -> list[OutputEntry]:
        last = 2 if node.id > 100 else 1
        return [
            file_entry("log.txt", 400 + last, "text", 10 + last),
            file_entry("report.json", 60, "json", 20 + last),
            replace(file_entry("brain.png", 9, "image", 30 + last), size=9 + last),
        ]


@pytest.fixture
def page(
    qtbot: QtBot, feeds: Any, ctx: ViewContext, tmp_path: Path,
    at_rest: Callable[[], None],
) -> Iterator[ComparePage]:  # fmt: skip
    feeds.comparing = Texts(feeds, tmp_path / "texts")
    titles = [(812, "Chiari pilot — volumes"), (790, "FastSurfer, batch 4")]
    made = ComparePage(ctx, titles, left=Side(812, 3), right=Side(790, 103))
    made.resize(1440, 850)
    qtbot.addWidget(made)
    made.show()
    settled(qtbot, made)
    yield made
    made.shutdown()
    at_rest()


def choose(qtbot: QtBot, page: ComparePage, name: str) -> None:
    """Highlight a file."""
    files = page.model.index(2, 0)
    rows = range(page.model.rowCount(files))
    at = next(row for row in rows if page.model.index(row, 0, files).data() == name)
    page.tree.setCurrentIndex(page.model.index(at, 0, files))
    qtbot.waitUntil(lambda: not page.pictures._looking.pending, timeout=60_000)


def rows_of(page: ComparePage) -> list[tuple[str, ...]]:
    model = page.pictures.difference.model
    return [
        tuple(str(model.index(row, one).data()) for one in range(model.columnCount()))
        for row in range(model.rowCount())
    ]


def test_a_text_shows_the_lines_that_differ(
    qtbot: QtBot, page: ComparePage, ctx: ViewContext
) -> None:
    choose(qtbot, page, "log.txt")
    view = page.pictures.difference
    assert view.isVisible()
    assert view.words.text() == "1 line only left · 2 lines only right"
    sides = rows_of(page)
    assert ("21", LOG[20], "21", "step 20: <b>failed</b>") in sides
    assert sides[-1] == ("", "", "41", "gave up")
    said = [
        str(view.model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole))
        for row in range(view.model.rowCount())
    ]
    assert f"line 21 changed: {LOG[20]} to step 20: <b>failed</b>" in said
    assert "line 41 added: gave up" in said
    view.ways._buttons["one"].click()
    column = rows_of(page)
    at = column.index(("21", "", LOG[20]))
    assert column[at + 1] == ("", "21", "step 20: <b>failed</b>")
    assert ctx.layout.get("feeds.compare.way") == "one"
    QTest.keySequence(view.table, "Ctrl+C")
    copied = QApplication.clipboard().text().splitlines()
    assert f"-{LOG[20]}" in copied
    assert "+step 20: <b>failed</b>" in copied
    assert copied[0] == " … 17 lines are the same"


def test_json_shows_the_values_that_differ(qtbot: QtBot, page: ComparePage) -> None:
    choose(qtbot, page, "report.json")
    assert rows_of(page) == [
        ("frac", "0.5", "0.35"), ("old", "true", ""), ("seed", "", "“7”"),
    ]  # fmt: skip
    pictures = page.pictures
    assert pictures.shown.isVisible()
    choose(qtbot, page, "brain.png")
    assert not pictures.shown.isVisible()
    assert not pictures.difference.isVisible()
    qtbot.waitUntil(
        lambda: not (pictures.left._tasks.pending or pictures.right._tasks.pending),
        timeout=60_000,
    )


def test_the_page_begins_with_the_file_it_was_opened_for(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, tmp_path: Path
) -> None:
    feeds.comparing = Texts(feeds, tmp_path / "texts")
    qtbot.waitUntil(lambda: pane.feed is not None, timeout=60_000)
    entry = file_entry("report.json", 60, "json", 21)
    pane.comparing.compare_nodes((812, 3), (812, 4), entry.path)
    page = pane.covers.page
    assert isinstance(page, ComparePage)
    settled(qtbot, page)
    assert page.tree.currentIndex().data() == "report.json"
    qtbot.waitUntil(lambda: not page.pictures._looking.pending, timeout=60_000)
    assert pane.escape()


def test_pictures_of_differences(
    qtbot: QtBot, page: ComparePage, ctx: ViewContext
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for theme in ("dark", "light"):
        ctx.theme.choose(theme)
        for name in ("log.txt", "report.json"):
            choose(qtbot, page, name)
            stem = name.partition(".")[0]
            assert page.grab().save(str(PICTURES / f"difference-{stem}-{theme}.png"))
        choose(qtbot, page, "log.txt")
        page.pictures.difference.ways._buttons["one"].click()
        assert page.grab().save(str(PICTURES / f"difference-one-{theme}.png"))
        page.pictures.difference.ways._buttons["sides"].click()
