"""How the graph is drawn: each of it by key, from the palette and from its menu."""

from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from chrislib.views.feeds.graph_tools import KEYS, GraphTools
from chrislib.views.feeds.graph_view import GraphView
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.shell.keys import CONTEXTS
from chrislib.views.shell.palette_entries import PaneCommands


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> list[GraphView]:
    """Tell who was asked to fold what is finished: nothing is in the sample feed."""
    asked: list[GraphView] = []

    def fold(graph: GraphView) -> None:
        asked.append(graph)

    monkeypatch.setattr(GraphView, "fold_finished", fold)
    return asked


@pytest.fixture
def drawn(qtbot: QtBot, finished: list[GraphView], pane: FeedsPane) -> FeedsPane:
    qtbot.waitUntil(lambda: pane.feed is not None, timeout=60_000)
    placed(qtbot, pane)
    pane.centre.graph.setFocus()
    return pane


def placed(qtbot: QtBot, pane: FeedsPane) -> None:
    qtbot.waitUntil(lambda: not pane.centre.graph.arranging, timeout=60_000)


def test_keys_draw_the_graph_another_way(
    qtbot: QtBot, drawn: FeedsPane, finished: list[GraphView]
) -> None:
    graph = drawn.centre.graph
    for key, way in (("2", "time"), ("3", "plugin"), ("1", "state")):
        QTest.keySequence(graph, key)
        assert graph.way == way
    aside = graph.sideways
    QTest.keySequence(graph, "O")
    assert graph.sideways is not aside
    placed(qtbot, drawn)
    QTest.keySequence(graph, "F")
    assert finished == [graph]
    drawn.centre.select(1)
    for key in ("B", "Shift+F"):
        QTest.keySequence(graph, "B")
        placed(qtbot, drawn)
        assert graph.folded == {1}
        QTest.keySequence(graph, key)
        placed(qtbot, drawn)
        assert not graph.folded


def test_the_palette_offers_it_and_leads_to_the_graph(
    qtbot: QtBot, drawn: FeedsPane
) -> None:
    entries = {entry.text: entry for entry in PaneCommands().entries(drawn)}
    graph = drawn.centre.graph
    drawn.centre.set_mode("list")
    color, find = (
        entries[words]
        for words in ("Color the graph by plugin", "Find a node in the graph")
    )
    assert color.run is not None
    assert find.run is not None
    assert color.detail == "3"
    color.run()
    assert graph.isVisible()
    assert graph.way == "plugin"
    assert entries["Let the graph grow down or to the right"].detail == "O"
    assert entries["Fold finished branches"].detail == "F"
    find.run()
    assert graph.end_search()


def test_every_key_is_told_and_none_means_two_things(drawn: FeedsPane) -> None:
    told = {key for key, _words in CONTEXTS["Feed graph"]}
    # the filter of the pane in front: it is told of everywhere
    assert {*KEYS.values()} - {"Ctrl+F"} <= told
    assert len({*KEYS.values()}) == len(KEYS)
    tools = drawn.centre.graph.findChild(GraphTools)
    assert tools is not None
    menu: Any = tools.menu()
    assert isinstance(menu, QMenu)
    keys = {action.text().partition("\t")[2] for action in menu.actions()}
    assert {"1", "2", "3", "O", "W", "F"} <= keys
    menu.deleteLater()
