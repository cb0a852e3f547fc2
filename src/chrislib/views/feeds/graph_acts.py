"""How the graph is drawn, by key and from the palette."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence

from chrislib.views.context import ViewContext
from chrislib.views.feeds.graph_colors import WAYS
from chrislib.views.feeds.graph_tools import KEYS

if TYPE_CHECKING:
    from chrislib.views.feeds.graph_view import GraphView
    from chrislib.views.feeds.pane import FeedsPane

Rows = tuple[tuple[str, str, Callable[[], object]], ...]


class GraphActs:
    """What can be said about how the graph of a pane is drawn."""

    def __init__(self, context: ViewContext, *, pane: "FeedsPane") -> None:
        self._context = context
        self._pane = pane

    def commands(self) -> list[QAction]:
        """Return what the palette offers."""
        made = []
        for words, name, act in (*self.rows(), *self._looks()):
            action = QAction(words, self._pane)
            action.setObjectName(f"feeds.command.graph {name}")
            # told only: the keys themselves are bound to the graph
            action.setShortcut(QKeySequence(KEYS[name]))
            action.triggered.connect(lambda _on=False, act=act: self._do(act))
            made.append(action)
        return made

    def rows(self) -> Rows:
        """Return words, name of the key and act of what has a key in the graph."""
        graph = self._pane.centre.graph
        return (
            *(
                (f"Color the graph by {words.lower()}", way, _coloring(graph, way))
                for way, words in WAYS
            ),
            ("Let the graph grow down or to the right", "rotate", graph.rotate),
            ("Show all of the graph", "all", graph.see_all),
            ("Fold or open the branch", "branch", self._turn_branch),
            ("Fold finished branches", "finished", graph.fold_finished),
            ("Open all branches", "open", graph.unfold_all),
        )

    def _looks(self) -> Rows:
        """Return what has its key elsewhere, or with Ctrl."""
        graph = self._pane.centre.graph
        return (
            ("Find a node in the graph", "find", graph.begin_search),
            ("Zoom the graph in", "in", graph.zoom_in),
            ("Zoom the graph out", "out", graph.zoom_out),
            ("Fit the graph", "fit", graph.fit),
        )

    def _do(self, act: Callable[[], object]) -> None:
        """Act on the graph, which is brought to the front."""
        centre = self._pane.centre
        if self._pane.feed is None:
            self._context.messages.info(
                "No feed is open.", hint="Click one in the list first."
            )
            return
        if not centre.graph.isVisible():
            centre.set_mode("graph")
        centre.graph.setFocus(Qt.FocusReason.OtherFocusReason)
        act()

    def _turn_branch(self) -> None:
        """Fold what hangs under the highlighted node, or open it."""
        graph = self._pane.centre.graph
        here = graph.selected
        if here is None:
            words, hint = "No node is highlighted.", "Click one in the graph first."
            self._context.messages.info(words, hint=hint)
        elif here in graph.folded:
            graph.unfold(here)
        elif graph.can_fold(here):
            graph.fold_below(here)
        else:
            self._context.messages.info(
                "There is no branch to fold.",
                "Fewer than two nodes hang under the highlighted one alone.",
            )


def _coloring(graph: "GraphView", way: str) -> Callable[[], object]:
    return lambda: graph.color_by(way)
