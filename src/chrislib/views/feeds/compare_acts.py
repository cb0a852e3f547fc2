"""Ways to Compare: two feeds of the list, two nodes of the graph, one and another."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from chrislib.feeds.model import FeedRow, Node
from chrislib.views.context import ViewContext

if TYPE_CHECKING:
    from chrislib.views.feeds.pane import FeedsPane


_Place = tuple[int, int | None]
"""A feed and a node of it, None for all of it."""
_NOTHING: _Place = (0, None)


class CompareActs:
    """Opens the page that compares."""

    def __init__(self, context: ViewContext, *, pane: "FeedsPane") -> None:
        self._context = context
        self._pane = pane

    def commands(self) -> list[QAction]:
        """Return what palette and menu offer."""
        action = QAction("Compare feeds or nodes …", self._pane)
        action.setObjectName("feeds.command.compare feeds or nodes")
        action.triggered.connect(lambda _on=False: self.compare_here())
        return [action]

    def add_to_list_menu(self, menu: QMenu, rows: Sequence[FeedRow]) -> None:
        """Offer it for one feed, or two."""
        if len(rows) > 2:
            return
        ids = [int(row.id) for row in rows]
        words = "Compare the two …" if len(rows) == 2 else "Compare with …"
        menu.addAction(words).triggered.connect(lambda _on=False: self._rows(ids))

    def add_to_node_menu(self, menu: QMenu, node: Node) -> None:
        """Offer it for a node, or for the two that are highlighted."""
        picked = self._picked(node)
        words = "Compare with …" if len(picked) < 2 else "Compare the two nodes …"
        menu.addAction(words).triggered.connect(lambda _on=False: self._nodes(picked))

    def compare_here(self, file: str = "") -> None:
        """Compare what is highlighted: feeds of the list, else nodes of the graph.

        Parameters
        ----------
        file : str
            Path of a file to begin with, of the node of the graph then.
        """
        rows = self._pane.list.highlighted
        if len(rows) == 2 and not file:
            self._rows([int(row.id) for row in rows])
        elif self._pane.node is not None:
            self._nodes(self._picked(self._pane.node), file)
        else:
            self._rows([int(row.id) for row in rows[:1]])

    def compare_feeds(self, left: int, right: int) -> None:
        """Open the page for two feeds."""
        self._open((left, None), (right, None))

    def compare_nodes(
        self, left: tuple[int, int], right: tuple[int, int], file: str = ""
    ) -> None:
        """Open the page for two nodes, each as (feed, node); begin with a file."""
        self._open(left, right, file)

    # -- inside ------------------------------------------------------------------

    def _picked(self, node: Node) -> list[int]:
        """Return the node, or the two that are highlighted in graph or list."""
        ids = [int(one) for one in self._pane.node_acts.picks.ids]
        return ids if len(ids) == 2 and node.id in ids else [int(node.id)]

    def _rows(self, ids: Sequence[int]) -> None:
        if len(ids) == 2:
            self.compare_feeds(*sorted(ids))
        else:
            self._open((ids[0] if ids else 0, None), _NOTHING)

    def _nodes(self, ids: Sequence[int], file: str = "") -> None:
        view = self._pane.feed
        if view is None:
            return
        feed = int(view.row.id)
        if len(ids) == 2:
            self.compare_nodes((feed, ids[0]), (feed, ids[1]), file)
            return
        node = next(one for one in view.nodes if one.id == ids[0])
        alike = [
            int(one.id)
            for one in view.nodes
            if one.plugin_name == node.plugin_name and one.id != node.id
        ]
        other = (feed, alike[-1]) if alike else _NOTHING
        self._open((feed, int(node.id)), other, file)

    def _open(self, left: _Place, right: _Place, file: str = "") -> None:
        # read when the page is first opened: it would hold up the first paint
        from chrislib.views.feeds.compare_page import ComparePage
        from chrislib.views.feeds.compare_sides import Side

        rows = {
            int(row.id): row
            for scope in ("mine", "shared", "public")
            for row in self._pane.list.rows(scope)
        }
        feeds = [(feed_id, row.title) for feed_id, row in rows.items()]
        known = {feed_id for feed_id, _ in feeds}
        feeds += [
            (feed_id, "Feed")
            for feed_id, _node in (left, right)
            if feed_id and feed_id not in known
        ]
        feeds.sort(reverse=True)
        page = ComparePage(
            self._context, feeds, left=Side(*left), right=Side(*right), file=file
        )
        self._pane.covers.show(page)
