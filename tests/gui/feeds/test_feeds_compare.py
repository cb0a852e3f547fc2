"""Compare two feeds or two runs: the page over feeds held in memory."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from chrislib.cube.types import InstanceId
from chrislib.feeds.collect_model import FeedNodes
from chrislib.feeds.compare import Comparing
from chrislib.feeds.compare_nodes import places_of
from chrislib.feeds.model import Node, OutputEntry
from chrislib.views.context import ViewContext
from chrislib.views.feeds.compare_page import ComparePage
from chrislib.views.feeds.compare_sides import Side
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.jobs.bulk import offers
from chrislib.views.jobs.doing import JobVerbs
from chrislib.views.navigation import CompareRuns
from tests.gui.feeds.conftest import chiari, file_entry, make_job, sample_outputs

PICTURES = Path(__file__).parents[3] / "build" / "pictures"


class MemoryComparing(Comparing):
    """Two feeds: the second has another version, other values and one node less."""

    def __init__(self, outputs: Any) -> None:
        self.values = {
            1: {"dir": "home/alex/uploads/a"},
            3: {"frac": "0.5", "robust": "true", "mask": "true"},
            103: {"frac": "0.35", "robust": "true", "seed": "7"},
        }
        client = SimpleNamespace(
            base_url="https://cube.example/api/v1/",
            instances=SimpleNamespace(get=self._instance, parameters=self._values_of),
            plugins=SimpleNamespace(parameters=self._none),
        )
        server: Any = SimpleNamespace(
            client=lambda: client,
            now=lambda: datetime.now(UTC),
            on_change=lambda _forget: None,
        )
        super().__init__(server, outputs)

    async def nodes(self, feed_id: int) -> FeedNodes:
        await asyncio.sleep(0)
        nodes = chiari()
        if feed_id == 790:
            nodes = tuple(_other(node) for node in nodes[:9])
        return FeedNodes(feed_id, f"Feed {feed_id}", nodes, places_of(nodes))

    async def _instance(self, node_id: int) -> Any:
        return SimpleNamespace(
            cpu_limit=2000, memory_limit=16_000, gpu_limit=0, number_of_workers=1,
            error_code="", owner_username="alex",
        )  # fmt: skip

    async def _values_of(self, node_id: int) -> dict[str, str]:
        return self.values.get(int(node_id), {})

    async def _none(self, _plugin_id: int) -> tuple[()]:
        return ()

    async def _files(self, _client: Any, node: Node) -> list[OutputEntry]:
        entries = sample_outputs()
        if node.id > 100:
            fresh = [replace(one, file_id=(one.file_id or 0) + 50) for one in entries]
            fresh[3] = replace(fresh[3], size=9)
            return [*fresh[1:5], file_entry("extra.txt", 10, "text", 99)]
        return entries


def _other(node: Node) -> Node:
    return replace(
        node,
        id=InstanceId(node.id + 100),
        parents=tuple(InstanceId(parent + 100) for parent in node.parents),
        plugin_version="2.0" if node.plugin_name == "pl-bet" else node.plugin_version,
    )


@pytest.fixture
def page(
    qtbot: QtBot, feeds: Any, ctx: ViewContext, at_rest: Callable[[], None]
) -> Iterator[ComparePage]:
    feeds.comparing = MemoryComparing(feeds)
    titles = [(812, "Chiari pilot — volumes"), (790, "FastSurfer, batch 4")]
    made = ComparePage(ctx, titles, left=Side(812), right=Side(790))
    made.resize(1440, 850)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shutdown()
    at_rest()


def settled(qtbot: QtBot, page: ComparePage) -> None:
    qtbot.waitUntil(
        lambda: (
            not any(
                (
                    page._tasks.pending,
                    page._pair_tasks.pending,
                    page._value_tasks.pending,
                )
            )
            and not page.behind.busy
        ),
        timeout=60_000,
    )


def verdicts(page: ComparePage, section: str) -> dict[str, str]:
    """Return what stands in the last column of a part, by its first."""
    at = [one.title for one in page.model.sections].index(section)
    parent = page.model.index(at, 0)
    return {
        str(page.model.index(row, 0, parent).data()): str(
            page.model.index(row, 3, parent).data()
        )
        for row in range(page.model.rowCount(parent))
    }


def choose_bet(qtbot: QtBot, page: ComparePage) -> None:
    """Highlight the pair that differs most."""
    settled(qtbot, page)
    page.pair_list.choose(2)
    settled(qtbot, page)


def test_feeds_are_compared_node_by_node(qtbot: QtBot, page: ComparePage) -> None:
    choose_bet(qtbot, page)
    words = [page.pair_model.words(pair)[1] for pair in page.pair_model.pairs]
    assert words[0] == "1 parameter, 5 files"
    assert words[2] == "Version, 3 parameters, 5 files"
    assert words[-1] == "Only left"
    assert words.count("5 files") == 7
    assert page.subtitle.text() == (
        "9 nodes on both sides · 9 differ · 1 only on one side"
        " · contents of 27 files not compared"
    )
    assert verdicts(page, "Run")["Version"] == "Different"
    assert verdicts(page, "Parameters") == {
        "frac": "Different",
        "robust": "Same",
        "mask": "Only left",
        "seed": "Only right",
    }
    files = verdicts(page, "Files")
    assert files["anat/0001.dcm"] == "Only left"
    assert files["report.json"] == "Different" or files["extra.txt"] == "Only right"
    page.only.click()
    assert set(verdicts(page, "Parameters")) == {"frac", "mask", "seed"}
    assert "Same size" not in verdicts(page, "Files").values()
    page.pair_list.choose(9)
    settled(qtbot, page)
    assert page.model.sections[0].note.startswith("Only the feed at the left")


def test_contents_are_compared_when_asked(qtbot: QtBot, page: ComparePage) -> None:
    choose_bet(qtbot, page)
    before = verdicts(page, "Files")
    assert "Same size" in before.values()
    assert page.pictures.contents.isEnabled()
    page.pictures.contents.click()
    qtbot.waitUntil(
        lambda: "Same size" not in verdicts(page, "Files").values(), timeout=60_000
    )
    settled(qtbot, page)
    after = verdicts(page, "Files")
    assert {after[n] for n, word in before.items() if word == "Same size"} == {"Same"}
    assert not page.pictures.contents.isEnabled()


def test_pictures_stand_side_by_side(qtbot: QtBot, page: ComparePage) -> None:
    choose_bet(qtbot, page)
    parent = page.model.index(2, 0)
    row = list(verdicts(page, "Files")).index("brain.png")
    page.tree.setCurrentIndex(page.model.index(row, 0, parent))
    halves = (page.pictures.left, page.pictures.right)
    qtbot.waitUntil(lambda: all(h.preview.images for h in halves), timeout=60_000)
    row = list(verdicts(page, "Files")).index("extra.txt")
    page.tree.setCurrentIndex(page.model.index(row, 0, parent))
    assert page.pictures.left.preview.words == "This side has no such file."
    qtbot.waitUntil(lambda: not page.pictures.right._tasks.pending, timeout=60_000)


def test_all_of_it_is_saved_and_sides_are_turned(
    qtbot: QtBot, page: ComparePage, fakes: Any, tmp_path: Path
) -> None:
    settled(qtbot, page)
    fakes.dialogs.folder = tmp_path
    page.taking.save("json")
    saved = tmp_path / "comparison-812-790.json"
    qtbot.waitUntil(
        lambda: saved.exists() and not page.taking._tasks.pending, timeout=60_000
    )
    read = json.loads(saved.read_text(encoding="utf-8"))
    assert len(read["nodes"]) == 10
    assert all(one["files"] for one in read["nodes"] if one["left"] and one["right"])
    page.taking.copy()
    qtbot.waitUntil(lambda: not page.taking._tasks.pending, timeout=60_000)
    assert "Chiari pilot" in QApplication.clipboard().text()
    turn = page.findChild(QToolButton, "compare.turn")
    assert turn is not None
    turn.click()
    settled(qtbot, page)
    assert page.sides.left.side.feed_id == 790
    words = [page.pair_model.words(pair)[1] for pair in page.pair_model.pairs]
    assert words[-1] == "Only right"


def test_a_node_is_compared_with_a_node(qtbot: QtBot, page: ComparePage) -> None:
    settled(qtbot, page)
    page.sides.left.node.setCurrentIndex(page.sides.left.node.findData(3))
    page.sides.left.changed.emit()
    settled(qtbot, page)
    assert not page.pair_model.pairs or page._stack.currentIndex() == 0
    page.sides.right.node.setCurrentIndex(page.sides.right.node.findData(103))
    page.sides.right.changed.emit()
    settled(qtbot, page)
    assert page.pair_list.isHidden()
    assert page.subtitle.text() == (
        "Differs in: Version, 3 parameters, 5 files · contents of 3 files not compared"
    )


def test_menus_offer_it(qtbot: QtBot, pane: FeedsPane, feeds: Any) -> None:
    feeds.comparing = MemoryComparing(feeds)
    qtbot.waitUntil(lambda: pane.feed is not None, timeout=60_000)
    pane.comparing.compare_feeds(790, 812)
    page = pane.covers.page
    assert isinstance(page, ComparePage)
    settled(qtbot, page)
    assert page.pair_model.pairs
    assert page.sides.left.feed.currentText() == "FastSurfer, batch 4 · 790"
    pane.comparing.compare_nodes((812, 3), (812, 4))
    page = pane.covers.page
    assert isinstance(page, ComparePage)
    settled(qtbot, page)
    assert page.subtitle.text().startswith("Differs in: Plugin, Version")
    assert pane.escape()


def test_pictures(qtbot: QtBot, page: ComparePage, ctx: ViewContext) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    choose_bet(qtbot, page)
    parent = page.model.index(2, 0)
    row = list(verdicts(page, "Files")).index("brain.png")
    page.tree.setCurrentIndex(page.model.index(row, 0, parent))
    for theme in ("dark", "light"):
        ctx.theme.choose(theme)
        qtbot.wait(200)
        page.grab().save(str(PICTURES / f"compare-{theme}.png"))
    page.resize(1200, 712)
    qtbot.wait(50)
    page.grab().save(str(PICTURES / "compare-small-light.png"))


def test_two_runs_of_jobs_can_be_compared() -> None:
    runs = [make_job(812, 3), make_job(812, 4), make_job(None, None)]
    (offer,) = [one for one in offers(runs[:2]) if one.name == "compare"]
    assert offer.words == "Compare 2 …"
    for jobs in (runs, runs[:1], runs[1:]):
        assert all(one.name != "compare" for one in offers(jobs))


def test_the_way_from_jobs_leads_to_the_page(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, ctx: ViewContext
) -> None:
    feeds.comparing = MemoryComparing(feeds)
    went: list[object] = []
    ctx.navigator.requested.connect(went.append)
    verbs = JobVerbs(ctx, ctx.tasks("jobs"), lambda _key: None)
    verbs.do_many("compare", [make_job(812, 3), make_job(812, 4)])
    assert went == [CompareRuns((812, 3), (812, 4))]
    pane.compare_runs((812, 3), (812, 4))
    page = pane.covers.page
    assert isinstance(page, ComparePage)
    settled(qtbot, page)
    assert page.pair_list.isHidden()
    assert pane.escape()


def test_titles_are_hidden_with_patients_names(
    qtbot: QtBot, page: ComparePage, ctx: ViewContext
) -> None:
    settled(qtbot, page)
    box = page.sides.left.feed
    assert box.currentText() == "Chiari pilot — volumes · 812"
    ctx.settings.set("hide_names", True)
    page.update()
    qtbot.waitUntil(lambda: box.currentText() == "Feed 812", timeout=60_000)
    assert "Chiari" not in page.report.left
    assert "Title" not in verdicts(page, "Run")
    assert page.sides.left.side == Side(812)
    ctx.settings.set("hide_names", False)
    page.update()
    qtbot.waitUntil(lambda: "Chiari" in box.currentText(), timeout=60_000)
