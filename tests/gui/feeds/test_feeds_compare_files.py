"""Files of compared feeds, listed behind the scenes: never the same without a look."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from chrislib.feeds.compare_model import FilesCompared
from chrislib.feeds.model import Node, OutputEntry
from chrislib.views.context import ViewContext
from chrislib.views.feeds import compare_behind, compare_page
from chrislib.views.feeds.compare_page import ComparePage
from chrislib.views.feeds.compare_sides import Side
from tests.gui.feeds.conftest import sample_outputs
from tests.gui.feeds.test_feeds_compare import MemoryComparing, settled

PICTURES = Path(__file__).parents[3] / "build" / "pictures"
BET = 3


class SameValues(MemoryComparing):
    """Two runs of one recipe: values are the same, and one node's files are not."""

    def __init__(self, outputs: Any) -> None:
        super().__init__(outputs)
        self.values = {}
        self.gate = asyncio.Event()
        self.listed: list[int] = []

    async def files(self, left: Node, right: Node) -> FilesCompared:
        self.listed.append(left.id)
        await self.gate.wait()
        return await super().files(left, right)

    async def _files(self, _client: Any, node: Node) -> list[OutputEntry]:
        entries = sample_outputs()[1:]
        if node.id == BET + 100:
            return [
                replace(one, file_id=(one.file_id or 0) + 50, size=9) for one in entries
            ]
        return entries


@pytest.fixture
def comparing(feeds: Any) -> SameValues:
    feeds.comparing = SameValues(feeds)
    return feeds.comparing  # type: ignore[no-any-return]


@pytest.fixture
def open_page(
    qtbot: QtBot, comparing: SameValues, ctx: ViewContext, at_rest: Callable[[], None]
) -> Iterator[Callable[..., ComparePage]]:
    made: list[ComparePage] = []

    def opened(left: Side, right: Side, *, high: int = 850) -> ComparePage:
        page = ComparePage(
            ctx, [(812, "Chiari pilot"), (790, "Again")], left=left, right=right
        )
        made.append(page)
        page.resize(1200, high)
        qtbot.addWidget(page)
        page.show()
        return page

    yield opened
    for page in made:
        page.shutdown()
    at_rest()


def rows(page: ComparePage) -> list[str]:
    return [page.pair_model.words(pair)[1] for pair in page.pair_model.pairs]


def test_two_runs_with_other_files_are_never_called_the_same(
    qtbot: QtBot, open_page: Callable[..., ComparePage], comparing: SameValues
) -> None:
    page = open_page(Side(812, BET), Side(790, BET + 100))
    qtbot.waitUntil(
        lambda: page.subtitle.text() == "Differs in: Version · files not compared",
        timeout=60_000,
    )
    comparing.gate.set()
    settled(qtbot, page)
    assert page.subtitle.text() == "Differs in: Version, 5 files"


def test_files_of_a_feed_are_listed_behind_the_scenes(
    qtbot: QtBot, open_page: Callable[..., ComparePage], comparing: SameValues
) -> None:
    page = open_page(Side(812), Side(790))
    qtbot.waitUntil(lambda: rows(page).count("Same values") == 8, timeout=60_000)
    assert "Same" not in rows(page)
    assert page.subtitle.text() == (
        "9 nodes on both sides · 1 differs · 1 only on one side"
        " · files of 9 pairs not compared"
    )
    assert page.behind.words.text() == "Comparing files: 0 of 9"
    page.behind.stop_button.click()
    assert page.behind.words.text() == "Files of 9 pairs not compared"
    assert page.behind.stop_button.isHidden()
    comparing.gate.set()
    settled(qtbot, page)
    # the highlighted pair is compared by itself, the others were stopped
    assert rows(page).count("Same") == 1
    page.pair_list.choose(5)
    settled(qtbot, page)
    assert rows(page).count("Same") == 2
    page.behind.go_button.click()
    settled(qtbot, page)
    assert rows(page).count("Same") == 8
    assert rows(page)[2] == "Version, 5 files"
    assert page.subtitle.text() == (
        "9 nodes on both sides · 1 differs · 1 only on one side"
    )
    assert page.behind.words.text() == "Files compared by name and size"
    assert page.behind.go_button.isHidden()
    assert page.pair_list.currentIndex().row() == 5
    # nothing stopped was begun twice, and nothing that was known was asked again
    assert len(comparing.listed) == len(set(comparing.listed)) + 2


def test_of_very_many_nodes_those_in_sight_are_looked_at(
    qtbot: QtBot,
    open_page: Callable[..., ComparePage],
    comparing: SameValues,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for part in (compare_behind, compare_page):
        monkeypatch.setattr(part, "MOST", 4)
    comparing.gate.set()
    page = open_page(Side(812), Side(790), high=430)
    qtbot.waitUntil(lambda: bool(page.pair_model.pairs), timeout=60_000)
    seen = page.pair_list.in_sight()
    assert 0 < len(seen) < 9
    qtbot.waitUntil(
        lambda: all(page.known.counted(one.place) for one in seen), timeout=60_000
    )
    settled(qtbot, page)
    left = page.pair_model.pairs[8]
    assert not page.known.counted(left.place)
    assert "files of " in page.subtitle.text()
    assert page.behind.go_button.isVisible()
    page.pair_list.scrollTo(
        page.pair_model.index(8), QListView.ScrollHint.PositionAtCenter
    )
    qtbot.waitUntil(lambda: page.known.counted(left.place), timeout=60_000)
    settled(qtbot, page)
    # its values were read as well
    assert rows(page)[8] == "Same"
    assert page.pair_list.currentIndex().row() == 0


def test_pictures(
    qtbot: QtBot,
    open_page: Callable[..., ComparePage],
    comparing: SameValues,
    ctx: ViewContext,
) -> None:
    page = open_page(Side(812), Side(790), high=712)
    qtbot.waitUntil(lambda: "Same values" in rows(page), timeout=60_000)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        ctx.theme.choose(theme)
        qtbot.wait(50)
        page.grab().save(str(PICTURES / f"compare-behind-{theme}.png"))
    page.behind.stop_button.click()
    qtbot.wait(20)
    page.grab().save(str(PICTURES / "compare-behind-stopped.png"))
    comparing.gate.set()
    settled(qtbot, page)
    page.grab().save(str(PICTURES / "compare-behind-done.png"))
