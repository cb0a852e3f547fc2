"""Run again with other values: of a first node, and of a join."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.feeds.model import Node
from chrislib.views.feeds.add_node import PARAMETERS, AddNodeSheet
from chrislib.views.feeds.create_feed import REVIEW, CreateFeedSheet
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.widgets.sheet import Sheet
from tests.gui.feeds.conftest import make_item, make_node, make_row

LONG = 30_000


class Acts:
    """What a first node was made of."""

    def __init__(self) -> None:
        self.paths: tuple[str, ...] = ()
        self.error: ChrislibError | None = None

    async def data_of(self, _node: Node) -> tuple[str, ...]:
        if self.error is not None:
            raise self.error
        return self.paths


@pytest.fixture
def acts(feeds: Any) -> Acts:
    made = feeds.acts = Acts()
    return made


def at(qtbot: QtBot, pane: FeedsPane, feed: int, node: int) -> None:
    pane.show_feed(feed, node)
    qtbot.waitUntil(
        lambda: pane.node is not None and pane.node.id == node, timeout=LONG
    )
    qtbot.waitUntil(lambda: not pane._tasks.pending, timeout=LONG)


def sheet_of(qtbot: QtBot, pane: FeedsPane, kind: type[Sheet]) -> Any:
    window = pane.window()
    qtbot.waitUntil(lambda: window.findChild(kind) is not None, timeout=LONG)
    found = window.findChild(kind)
    assert isinstance(found, kind)
    return found


def test_a_first_node_runs_again_on_its_own_data(
    qtbot: QtBot, pane: FeedsPane, acts: Acts, feeds: Any, library: Any
) -> None:
    t1 = make_item("t1", "T1w")
    library.known["t1"] = t1
    library.known["other"] = make_item("other", "Somebody else", path=t1.path)
    library.other_places["other"] = "chris.elsewhere.org"
    library.hold(make_item("ticked", "In the tray"))
    acts.paths = (t1.path, "home/alex/uploads/masks", "home/alex/feeds/feed_3/x_1/data")
    at(qtbot, pane, 812, 1)
    pane.actions_.run_again()
    pane.actions_.run_again()
    sheet: CreateFeedSheet = sheet_of(qtbot, pane, CreateFeedSheet)
    qtbot.waitUntil(lambda: not pane._tasks.pending, timeout=LONG)
    assert len(pane.window().findChildren(CreateFeedSheet)) == 1
    assert [item.title for item in sheet.items] == ["T1w", "masks", "x_1"]
    assert sheet.body.currentIndex() == REVIEW
    assert sheet.details.text == "Chiari pilot — volumes, again"
    # a place can be taken out like an item
    sheet._remove(sheet.items[2].item_id)
    qtbot.waitUntil(lambda: not sheet._tasks.pending, timeout=LONG)
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(feeds.called("create_feed")), timeout=LONG)
    sent = feeds.called("create_feed")[0][1]["items"]
    assert [(one.item_id, one.path) for one in sent] == [
        ("t1", t1.path),
        ("", "home/alex/uploads/masks"),
    ]
    qtbot.waitUntil(lambda: not pane._tasks.pending, timeout=LONG)


def test_what_a_feed_is_made_of_that_cannot_be_told_is_said(
    qtbot: QtBot, pane: FeedsPane, acts: Acts, feeds: Any, posted: Any
) -> None:
    acts.error = ChrislibError("What the feed was made of cannot be read.")
    at(qtbot, pane, 812, 1)
    pane.actions_.run_again()
    qtbot.waitUntil(lambda: bool(posted), timeout=LONG)
    assert posted[-1].title == "What the feed was made of cannot be read."
    # of data that a plugin makes itself no feed is put together here
    own = replace(feeds.nodes[812][0], plugin_name="pl-mri10yr")
    feeds.hold(make_row(900, "Reference", ready=1), [own])
    at(qtbot, pane, 900, 1)
    menu = pane.actions_.node_menu(own)
    entry = {one.text().partition("\t")[0]: one for one in menu.actions()}
    assert not entry["Run again …"].isEnabled()
    assert "Run again, same values" in entry["Run again …"].toolTip()
    assert entry["Run again, same values"].isEnabled()
    pane.actions_.run_again()
    assert "It makes its data itself" in posted[-1].detail
    assert pane.window().findChild(CreateFeedSheet) is None
    menu.close()


def test_a_join_runs_again_under_the_node_it_hung_under(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, posted: Any
) -> None:
    first, *_ = feeds.nodes[812]
    nodes = [
        first,
        make_node(2, "pl-a", "1", parents=[1]),
        make_node(3, "pl-b", "1", parents=[1]),
        make_node(4, "pl-topologicalcopy", "0.2", parents=[3, 2]),
        make_node(5, "pl-c", "1", parents=[77]),
    ]
    feeds.hold(make_row(901, "A join", ready=5), nodes)
    at(qtbot, pane, 901, 4)
    pane.actions_.run_again()
    sheet: AddNodeSheet = sheet_of(qtbot, pane, AddNodeSheet)
    assert sheet.subtitle.text().startswith("After pl-b")
    qtbot.waitUntil(
        lambda: sheet.body.currentIndex() == PARAMETERS and not sheet._tasks.pending,
        timeout=LONG,
    )
    sheet.reject()
    # what followed a node that was deleted is not made a feed of
    at(qtbot, pane, 901, 5)
    pane.actions_.run_again()
    assert "not in the feed any more" in posted[-1].title
    assert pane.window().findChild(CreateFeedSheet) is None
