"""The graph of a large feed: folded branches, search, colors, direction."""

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from chrislib.views.feeds.graph_tools import GraphSearch, Legend
from chrislib.views.feeds.graph_view import GraphView
from chrislib.views.messages import Messages
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme


def feed(make: Any, *, branches: int, deep: int = 3, running: int = 0) -> list[Any]:
    """Return a root with chains under it; the last ones still run."""
    nodes = [make.node(1, "pl-dircopy", "2.1.3", parents=[], state="ready")]
    for branch in range(branches):
        above = 1
        for step in range(deep):
            key = len(nodes) + 1
            state = "running" if branch >= branches - running else "ready"
            name = ("pl-dcm2niix", "pl-bet", "pl-volumes")[step % 3]
            node = make.node(key, name, "1.0", parents=[above], state=state)
            nodes.append(node)
            above = key
    return nodes


@pytest.fixture
def graph(qtbot: QtBot, theme: Theme, aio: Any) -> Iterator[GraphView]:
    tasks = PaneTasks(Messages(), "graph")
    view = GraphView(theme, tasks)
    qtbot.addWidget(view)
    view.resize(900, 500)
    with qtbot.waitExposed(view):
        view.show()
    yield view
    qtbot.waitUntil(lambda: not tasks.pending)


def pictured(graph: GraphView) -> QImage:
    return graph.viewport().grab().toImage()


def alike(one: QImage, other: QImage) -> bool:
    """Whether pictures differ by no more than how edges were smoothed."""
    pairs = zip(bytes(one.constBits()), bytes(other.constBits()), strict=True)
    return all(abs(a - b) <= 8 for a, b in pairs)


def placed(qtbot: QtBot, graph: GraphView) -> None:
    qtbot.waitUntil(lambda: not graph.arranging)


def test_a_small_feed_shows_every_node(graph: GraphView, make: Any) -> None:
    graph.set_nodes(feed(make, branches=3))
    assert sorted(graph.shown) == list(range(1, 11))


def test_a_large_feed_folds_what_is_finished_and_opens_it(
    qtbot: QtBot, graph: GraphView, make: Any
) -> None:
    graph.set_nodes(feed(make, branches=90, running=2))
    assert sorted(graph.shown) == [-1, 1, *range(266, 272)]
    spot = graph.node_center(-1).toPoint()
    QTest.mouseClick(graph.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert sorted(graph.shown) == list(range(1, 272))
    graph.select(200)
    graph.fold_finished()
    assert -1 in graph.shown
    # What is highlighted from elsewhere is not left in a fold.
    graph.select(100)
    assert 100 in graph.shown


def test_five_thousand_nodes_are_placed_beside_the_window(
    qtbot: QtBot, graph: GraphView, make: Any
) -> None:
    nodes = feed(make, branches=1_666, running=20)
    graph.set_nodes(nodes)
    assert graph.arranging
    placed(qtbot, graph)
    assert len(graph.shown) == 1 + 1 + 60
    graph.unfold_all()
    placed(qtbot, graph)
    assert len(graph.shown) == len(nodes)
    graph.see_all()
    assert graph.node_at(graph.node_center(4_000).toPoint()) is not None


def test_a_branch_that_begins_again_opens(graph: GraphView, make: Any) -> None:
    nodes = feed(make, branches=90, running=2)
    graph.set_nodes(nodes)
    nodes[10] = make.node(11, "pl-bet", "1.0", parents=[10], state="running")
    graph.set_nodes(nodes)
    assert 11 in graph.shown


def test_a_fold_by_hand_stays_while_things_run(graph: GraphView, make: Any) -> None:
    nodes = feed(make, branches=3, running=1)
    graph.set_nodes(nodes)
    graph.fold_below(8)
    assert sorted(graph.shown) == [-8, *range(1, 9)]
    nodes[9] = make.node(10, "pl-volumes", "1.0", parents=[9], state="failed")
    graph.set_nodes(nodes)
    assert sorted(graph.shown) == [-8, *range(1, 9)]
    assert "1 failed" in graph._looks.words(-8)
    graph.unfold(8)
    assert sorted(graph.shown) == list(range(1, 11))


def test_states_change_in_the_picture_without_placing(
    graph: GraphView, make: Any
) -> None:
    nodes = feed(make, branches=4, running=1)
    graph.set_nodes(nodes)
    before = pictured(graph)
    places: list[bool] = []
    graph.arranged.connect(lambda: places.append(True))
    nodes[10] = make.node(11, "pl-dcm2niix", "1.0", parents=[1], state="failed")
    graph.set_nodes(nodes)
    mended = pictured(graph)
    assert mended != before
    assert places == []
    graph._renew()
    assert pictured(graph) == mended


def test_a_dragged_picture_is_the_same_as_one_drawn_anew(
    graph: GraphView, make: Any
) -> None:
    graph.set_nodes(feed(make, branches=12))
    graph.zoom_in()
    pictured(graph)
    for step in (QPoint(-7, 3), QPoint(-40, -11), QPoint(23, 60)):
        graph.pan(step)
        moved = pictured(graph)
        graph._renew()
        assert alike(pictured(graph), moved)


def test_the_search_dims_the_rest_and_walks(
    qtbot: QtBot, graph: GraphView, make: Any
) -> None:
    graph.set_nodes(feed(make, branches=4))
    bright = pictured(graph)
    chosen: list[int] = []
    graph.chosen.connect(chosen.append)
    graph.begin_search()
    finder = graph.findChild(GraphSearch)
    assert finder is not None
    QTest.keyClicks(finder.field, "bet")
    assert finder._count.text() == "4 nodes"
    QTest.keyClick(finder.field, Qt.Key.Key_Return)
    QTest.keyClick(finder.field, Qt.Key.Key_Return)
    assert chosen == [3, 6]
    assert finder._count.text() == "2 of 4"
    QTest.keyClicks(finder.field, " nothing")
    assert finder._count.text() == "No node"
    QTest.keyClick(finder.field, Qt.Key.Key_Escape)
    assert finder.isHidden()
    graph.select(None)
    graph.setFocus()
    assert pictured(graph) == bright


def test_colors_say_what_was_asked(graph: GraphView, make: Any) -> None:
    graph.set_nodes(feed(make, branches=4))
    legend = graph.findChild(Legend)
    assert legend is not None
    assert legend.isHidden()
    plain = pictured(graph)
    graph.color_by("plugin")
    assert pictured(graph) != plain
    assert "pl-bet · 4" in legend.accessibleName()
    graph.color_by("time")
    assert "up to" in legend.accessibleName()
    graph.color_by("state")
    assert legend.isHidden()
    assert pictured(graph) == plain


def test_it_grows_to_the_right_and_is_walked_so(graph: GraphView, make: Any) -> None:
    graph.set_nodes(feed(make, branches=3))
    graph.rotate()
    assert graph.node_center(2).x() > graph.node_center(1).x()
    graph.select(1)
    QTest.keyClick(graph, Qt.Key.Key_Right)
    assert graph.selected == 2
    QTest.keyClick(graph, Qt.Key.Key_Down)
    assert graph.selected == 5
    QTest.keyClick(graph, Qt.Key.Key_Left)
    assert graph.selected == 1


def test_a_ghost_stands_where_a_node_will_be(graph: GraphView, make: Any) -> None:
    graph.set_nodes(feed(make, branches=2))
    graph.set_ghost([4, 7], "pl-collect 1.0\nWill be added")
    assert graph.node_center(0).y() > graph.node_center(4).y()
    assert sorted(n for n in graph.shown if n) == list(range(1, 8))
    chosen: list[int] = []
    graph.chosen.connect(chosen.append)
    spot = graph.node_center(0).toPoint()
    QTest.mouseClick(graph.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert chosen == []
    graph.set_ghost([])
    assert 0 not in graph._scene.boxes


def test_what_one_looks_at_stays_when_something_is_added(
    graph: GraphView, make: Any
) -> None:
    nodes = feed(make, branches=6)
    graph.set_nodes(nodes)
    graph.zoom_in()
    graph.select(9)
    at = graph.node_center(9)
    graph.set_nodes([*nodes, make.node(50, "pl-x", "1", parents=[2], state="queued")])
    assert (graph.node_center(9) - at).manhattanLength() < 1.0
