"""Moves a graph of 5,000 nodes, with states changing, and prints the time of frames.

Its last line is the 99th percentile in ms; a frame is what lies between the change and
the picture: the new states are taken over, and everything is painted.
"""

import asyncio
import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication

from chrislib.cube.types import InstanceId, StoragePath
from chrislib.feeds.model import Node
from chrislib.paths import resources
from chrislib.views.feeds.graph_view import GraphView
from chrislib.views.messages import Messages
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme

_NODES, _FRAMES, _CHANGES = 5_000, 240, 25
_STATES = ("queued", "running", "registering", "ready", "failed")
_BEGAN = datetime(2026, 3, 4, 12, tzinfo=UTC)


def _node(key: int, parents: tuple[int, ...], state: str) -> Node:
    return Node(
        id=InstanceId(key),
        title=f"run {key}",
        plugin_id=key % 7,
        plugin_name=f"pl-step{key % 7}",
        plugin_version="1.0.3",
        plugin_type="ts" if len(parents) > 1 else "ds",
        parents=tuple(InstanceId(parent) for parent in parents),
        state=state,
        detail=f"{state.capitalize()} · {key % 60} s",
        output_path=StoragePath(f"home/me/feeds/feed_1/{key}"),
        started=_BEGAN,
        ended=_BEGAN + timedelta(seconds=key % 900),
        compute="host",
    )


def feed(rng: random.Random) -> list[Node]:
    """Return a tree with joins: 1,250 subjects of four steps each."""
    nodes = [_node(1, (), "ready")]
    while len(nodes) < _NODES:
        above = 1
        for step in range(4):
            key = len(nodes) + 1
            parents = (above,) if step != 2 or key < 30 else (above, key - 5)
            nodes.append(_node(key, parents, rng.choice(_STATES)))
            above = key
    return nodes[:_NODES]


def frames(graph: GraphView, nodes: list[Node], rng: random.Random) -> list[float]:
    """Return ms a frame, dragged and zoomed in turn."""
    spent = []
    for number in range(_FRAMES):
        for place in rng.sample(range(1, _NODES), _CHANGES):
            old = nodes[place]
            nodes[place] = _node(
                old.id, tuple(map(int, old.parents)), rng.choice(_STATES)
            )
        began = time.perf_counter()
        graph.set_nodes(nodes)
        if number % 40 == 39:
            graph.zoom_in() if number % 80 == 39 else graph.zoom_out()
        else:
            graph.pan(QPoint(-9, 3) if number % 80 < 40 else QPoint(9, -3))
        graph.viewport().repaint()
        spent.append((time.perf_counter() - began) * 1000)
    return spent


async def main() -> float:
    """Show the graph at three sizes; return the 99th percentile of all frames."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme = Theme(resources())
    theme.apply(application)
    rng = random.Random(5)
    graph = GraphView(theme, PaneTasks(Messages(), "graph"))
    graph.resize(1400, 800)
    graph.show()
    nodes = feed(rng)
    placed = asyncio.Event()
    graph.arranged.connect(placed.set)
    graph.set_nodes(nodes)
    await placed.wait()
    placed.clear()
    graph.unfold_all()
    await placed.wait()
    application.processEvents()
    painted = graph.viewport().isVisible() and graph.windowHandle().isExposed()
    assert painted, "nothing is painted that is not on a screen"
    spent: list[float] = []
    for show in (graph.fit, graph.see_all, graph.zoom_in):
        show()
        if show == graph.zoom_in:
            for _ in range(9):
                graph.zoom_in()
        graph.viewport().repaint()
        part = frames(graph, nodes, rng)
        cuts = statistics.quantiles(part, n=100)
        print(
            f"scale {graph.zoom:.2f}: median {statistics.median(part):.2f} ms, "
            f"p99 {cuts[98]:.2f} ms, most {max(part):.2f} ms"
        )
        spent += part
    return statistics.quantiles(spent, n=100)[98]


if __name__ == "__main__":
    app = QApplication(sys.argv)
    print(f"{asyncio.run(main()):.3f}")
