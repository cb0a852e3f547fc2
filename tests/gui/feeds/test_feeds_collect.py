"""Collect results: the page over feeds whose files are held in memory."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from chrislib.cube.errors import NotFound
from chrislib.feeds.collect import Collecting
from chrislib.feeds.collect_model import FeedNodes, Listing, Source
from chrislib.feeds.compare_nodes import places_of
from chrislib.feeds.model import OutputEntry
from chrislib.views.context import ViewContext
from chrislib.views.feeds.collect_choice import FeedChoice
from chrislib.views.feeds.collect_page import CollectPage
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.navigation import OpenViewer, ShowFeed
from tests.gui.feeds.conftest import file_entry, make_node

PICTURES = Path(__file__).parents[3] / "build" / "pictures"
COUNT = 40


class MemoryCollecting(Collecting):
    """Forty feeds with a segmentation each; some of them are in trouble."""

    def __init__(self) -> None:
        self.contents: dict[int, bytes] = {}
        self.gone = {1007}
        self.held: asyncio.Event | None = None
        self.texts: dict[str, str] = {}
        files = SimpleNamespace(read=self._read_file)
        self.client = SimpleNamespace(
            base_url="https://cube.example/api/v1/",
            username="alex",
            server=None,
            files=files,
        )
        server: Any = SimpleNamespace(
            client=lambda: self.client,
            now=lambda: datetime.now(UTC),
            on_change=lambda _forget: None,
        )
        super().__init__(server, self)
        for number in range(COUNT):
            values = {
                "age": f"{3 + number % 14} y",
                "side": "left" if number % 2 else "right",
                "volume": {"total": 1200.5 + 37 * (number * 7 % 11), "unit": "mm³"},
                "mean": f"{0.5 + number / 100:.3f} mm",
                "rank": number,
            }
            self.contents[1000 + number] = json.dumps(values).encode()
        self.contents[1005] = b'{"age": '

    async def get(self, key: str) -> str | None:
        return self.texts.get(key)

    async def set(self, key: str, value: str) -> None:
        self.texts[key] = value

    async def delete(self, key: str) -> None:
        self.texts.pop(key, None)

    async def survey(self, feed_ids: Any, **_: Any) -> list[FeedNodes]:
        await asyncio.sleep(0)
        return [self._feed(feed_id) for feed_id in feed_ids]

    def _feed(self, feed_id: int) -> FeedNodes:
        number = feed_id - 800
        state = "failed" if number == 9 else "ready"
        nodes = (
            make_node(10 * feed_id, "pl-dircopy", "2.1.2"),
            make_node(
                10 * feed_id + 1,
                "pl-fastsurfer",
                "1.3.8" if number % 3 else "1.4.0",
                parents=[10 * feed_id],
                state=state,
            ),
        )
        title = f"Chiari pilot, subject {number:02d}"
        return FeedNodes(feed_id, title, nodes, places_of(nodes))

    async def _listing(self, client: Any, source: Source) -> Listing:
        await asyncio.sleep(0)
        node = source.node
        if node is None or node.plugin_name == "pl-dircopy" or node.state == "failed":
            return Listing(source)
        number = source.feed_id - 800
        files: list[OutputEntry] = [
            file_entry("volumes.json", 120, "json", 1000 + number),
            file_entry("brain.png", 48_000, "image", 4),
        ]
        return Listing(source, tuple(files))

    async def _read_file(self, file_id: int, _limit: int) -> bytes:
        await asyncio.sleep(0)
        if self.held is not None:
            await self.held.wait()
        if file_id in self.gone:
            raise NotFound("This file is not there any more.")
        content = self.contents[file_id]
        return content.ljust(120)

    async def images(self, row: Any) -> Any:
        return "image", (file_entry("brain.png", 48_000, "image", 4),)


@pytest.fixture
def page(
    qtbot: QtBot, feeds: Any, ctx: ViewContext, at_rest: Callable[[], None]
) -> Iterator[CollectPage]:
    feeds.collecting = MemoryCollecting()
    choices = [FeedChoice("40 feeds highlighted", tuple(range(800, 800 + COUNT)))]
    made = CollectPage(ctx, choices)
    made.resize(1440, 850)
    qtbot.addWidget(made)
    made.show()
    wait(qtbot, lambda: made.choice.pattern == "volumes.json")
    yield made
    made.shutdown()
    at_rest()


def wait(qtbot: QtBot, until: Callable[[], bool]) -> None:
    qtbot.waitUntil(until, timeout=60_000)


def collect(qtbot: QtBot, page: CollectPage) -> None:
    wait(qtbot, page.choice.collect_button.isEnabled)
    page.choice.collect_button.click()
    wait(qtbot, lambda: page.table is not None)
    arranged(qtbot, page)


def arranged(qtbot: QtBot, page: CollectPage) -> None:
    shown = page.shown
    wait(qtbot, lambda: not shown._typing.isActive() and not shown._tasks.pending)
    wait(qtbot, lambda: shown.plot.settled and shown.plot.view.painted)


def column(page: CollectPage, name: str) -> list[str]:
    model = page.shown.model
    at = model.columns.index(name)
    return [str(model.index(row, at).data()) for row in range(model.rowCount())]


def press(page: QWidget, name: str) -> None:
    button = page.findChild(QPushButton, name)
    assert button is not None
    assert button.isEnabled()
    button.click()


def test_values_come_into_one_table(qtbot: QtBot, page: CollectPage) -> None:
    assert page.choice.wanted.plugin == "pl-fastsurfer"
    collect(qtbot, page)
    shown = page.shown
    assert len(column(page, "@subject")) == COUNT
    assert column(page, "age")[:3] == ["3 y", "4 y", "5 y"]
    reasons = {n: text for n, text in enumerate(column(page, "@problem")) if text}
    assert reasons == {
        5: "The file is not JSON: line 1 cannot be read.",
        7: "This file is not there any more.",
        9: "Failed; it left no such file.",
    }
    assert shown.summary.text() == "40 rows · 6 columns · 3 without values"
    # by a head: up, down, as it was
    for first in ("0.500 mm", "0.890 mm", "0.500 mm"):
        shown.table.head_pressed.emit("mean")
        arranged(qtbot, page)
        assert column(page, "mean")[0] == first
    shown.filter.setText("side = left; age > 10; subject")
    wait(qtbot, lambda: shown.model.rowCount() < COUNT)
    arranged(qtbot, page)
    assert set(column(page, "side")) == {"left"}
    shown.filter.setText("nothing > 3")
    wait(qtbot, lambda: "no column" in shown.summary.text())
    assert page.escape() is False
    shown.filter.setFocus()
    shown.filter.clear()
    wait(qtbot, lambda: shown.model.rowCount() == COUNT)


def test_rows_are_tried_again(qtbot: QtBot, page: CollectPage, feeds: Any) -> None:
    collect(qtbot, page)
    feeds.collecting.gone.clear()
    page.shown.table.choose([7], scroll=False)
    press(page, "collect.retry")
    wait(qtbot, lambda: column(page, "age")[7] == "10 y")
    wait(qtbot, lambda: not page.work.isVisible())
    arranged(qtbot, page)
    assert page.shown.summary.text().endswith("2 without values")


def test_a_plot_names_and_chooses_rows(qtbot: QtBot, page: CollectPage) -> None:
    collect(qtbot, page)
    plot = page.shown.plot
    plot.restore({"kind": "scatter", "up": "volume.total", "across": "mean"})
    wait(qtbot, lambda: plot.settled)
    rect, rows, words = plot.view.marks[0]
    assert words == ("Chiari pilot, subject 00\nmean (mm): 0.5\nvolume.total: 1,200.5")
    QTest.mouseClick(plot.view, Qt.MouseButton.LeftButton, pos=rect.center().toPoint())
    assert page.shown.table.chosen == list(rows) == [0]
    QTest.keyClick(plot.view, Qt.Key.Key_Right)
    assert page.shown.table.chosen == [1]
    plot.restore({"kind": "histogram", "up": "age"})
    wait(qtbot, lambda: plot.settled)
    assert sum(len(rows) for _, rows, _ in plot.view.marks) == COUNT - 3
    plot.restore({"kind": "box", "up": "age", "group": "side"})
    wait(qtbot, lambda: plot.settled)
    heads = [words.partition(":")[0] for _, _, words in plot.view.marks]
    assert heads == ["left", "right"]


def test_it_is_saved_and_copied(
    qtbot: QtBot, page: CollectPage, fakes: Any, tmp_path: Path
) -> None:
    collect(qtbot, page)
    fakes.dialogs.folder = tmp_path
    for _ in range(2):
        press(page, "collect.export")
        wait(qtbot, lambda: not page.taking._tasks.pending)
    saved = sorted(path.name for path in tmp_path.glob("*.csv"))
    assert saved == ["pl-fastsurfer-results-2.csv", "pl-fastsurfer-results.csv"]
    lines = (tmp_path / saved[1]).read_text(encoding="utf-8").splitlines()
    assert len(lines) == COUNT + 1
    assert lines[0].startswith("Subject,age (y),side,volume.total")
    assert "https://cube.example/api/v1/" in lines[1]
    page.shown.table.choose([2], scroll=False)
    press(page, "collect.copy")
    assert QApplication.clipboard().text().splitlines()[1].startswith("Chiari pilot")


def test_a_row_opens_its_images_and_its_node(
    qtbot: QtBot, page: CollectPage, ctx: ViewContext
) -> None:
    collect(qtbot, page)
    went: list[Any] = []
    ctx.navigator.requested.connect(went.append)
    page.shown.table.choose([2], scroll=False)
    QTest.keyClick(page.shown.table, Qt.Key.Key_E)
    wait(qtbot, lambda: bool(went))
    assert isinstance(went[0], OpenViewer)
    assert went[0].content.title == "Chiari pilot, subject 02"
    press(page, "collect.node")
    assert went[1] == ShowFeed(802, 8021)
    wait(qtbot, lambda: not page.taking._tasks.pending)


def test_the_last_table_and_its_order_are_there_again(
    qtbot: QtBot, page: CollectPage, ctx: ViewContext
) -> None:
    collect(qtbot, page)
    page.shown.table.head_pressed.emit("mean")
    page.shown.table.head_pressed.emit("mean")
    arranged(qtbot, page)
    wait(qtbot, lambda: not page._tasks.pending)
    again = CollectPage(ctx, [FeedChoice("40", tuple(range(800, 800 + COUNT)))])
    qtbot.addWidget(again)
    again.show()
    wait(qtbot, lambda: again.table is not None)
    arranged(qtbot, again)
    assert column(again, "mean")[0] == "0.890 mm"
    again.shutdown()


def test_what_is_cancelled_keeps_what_was_read(
    qtbot: QtBot, page: CollectPage, feeds: Any
) -> None:
    wait(qtbot, page.choice.collect_button.isEnabled)
    feeds.collecting.held = asyncio.Event()
    page.choice.collect_button.click()
    wait(qtbot, lambda: bool(page.shown.rows) and page.work.isVisible())
    press(page, "collect.work.cancel")
    assert page.table is not None
    arranged(qtbot, page)
    assert column(page, "@problem")[0] == "It was not read."
    assert not page.work.isVisible()


def test_a_page_covers_the_room_until_esc(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    feeds.collecting = MemoryCollecting()
    wait(qtbot, lambda: pane.feed is not None)
    pane.collecting.collect([801, 802])
    page = pane.covers.page
    assert isinstance(page, CollectPage)
    wait(qtbot, lambda: page.choice.pattern == "volumes.json")
    # while it looked, nothing here took keys: they stay in the page all the same
    assert page.window().focusWidget() is page.choice.files
    assert page.isVisible()
    assert not pane.splitter.isVisible()
    assert page.choice.feeds.itemText(0) == "2 feeds highlighted"

    def shown() -> object:
        return pane.covers.page

    # back from the viewer it is still there; another place takes it away
    pane.show_feed(pane.here.feed_id, pane.here.node_id)
    assert shown() is page
    pane.show_feed(790)
    assert shown() is None
    pane.collecting.collect([801])
    wait(qtbot, lambda: shown() is not None)
    assert pane.escape()
    assert shown() is None
    assert pane.splitter.isVisible()
    assert not pane.escape()


def test_pictures(qtbot: QtBot, page: CollectPage, ctx: ViewContext) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.grab().save(str(PICTURES / "collect-first-dark.png"))
    collect(qtbot, page)
    page.shown.table.choose([3, 4], scroll=True)
    for theme, kind in (("dark", "scatter"), ("light", "histogram"), ("light", "box")):
        ctx.theme.choose(theme)
        page.shown.plot.restore({"kind": kind, "up": "age", "group": "side"})
        arranged(qtbot, page)
        page.grab().save(str(PICTURES / f"collect-{kind}-{theme}.png"))
    page.resize(1200, 712)
    qtbot.wait(50)
    page.grab().save(str(PICTURES / "collect-small-light.png"))
