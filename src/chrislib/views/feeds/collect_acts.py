"""Ways to Collect results: from the list, a node, what the list shows, a batch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from chrislib.feeds.model import FeedRow, Node
from chrislib.library.words import count
from chrislib.views.context import ViewContext

if TYPE_CHECKING:
    # read when the page is first opened: they would hold up the first paint
    from chrislib.views.feeds.collect_choice import FeedChoice
    from chrislib.views.feeds.pane import FeedsPane

_MOST_BATCHES = 12


class CollectActs:
    """Opens the page that collects results."""

    def __init__(self, context: ViewContext, *, pane: "FeedsPane") -> None:
        self._context = context
        self._pane = pane

    def commands(self) -> list[QAction]:
        """Return what palette and menu offer."""
        action = QAction("Collect results …", self._pane)
        action.setObjectName("feeds.command.collect results")
        action.triggered.connect(lambda _on=False: self.collect_here())
        return [action]

    def add_to_list_menu(self, menu: QMenu, rows: Sequence[FeedRow]) -> None:
        """Offer it for highlighted feeds."""
        ids = [int(row.id) for row in rows]
        menu.addAction("Collect results …").triggered.connect(
            lambda _on=False: self.collect(ids)
        )

    def add_to_node_menu(self, menu: QMenu, node: Node) -> None:
        """Offer it for a node: the same node of other feeds is one choice away."""
        menu.addAction("Collect results …").triggered.connect(
            lambda _on=False: self.collect((), node)
        )

    def collect_here(self) -> None:
        """Collect from the highlighted feeds, else from the one on screen."""
        rows = self._pane.list.highlighted
        node = self._pane.node if len(rows) < 2 else None
        self.collect([int(row.id) for row in rows], node)

    def collect(self, feed_ids: Sequence[int], node: Node | None = None) -> None:
        """Open the page for some feeds; without any, for the one on screen.

        Parameters
        ----------
        node : Node, optional
            Its plugin is chosen at first.
        """
        from chrislib.views.feeds.collect_page import CollectPage

        choices = self._choices(feed_ids)
        if not choices:
            self._context.messages.info(
                "There are no feeds to collect from.", hint="Highlight some first."
            )
            return
        self._pane.covers.show(CollectPage(self._context, choices, node=node))

    # -- inside ------------------------------------------------------------------

    def _choices(self, feed_ids: Sequence[int]) -> "list[FeedChoice]":
        """Return the feeds that can be collected from, what was asked for first."""
        from chrislib.views.feeds.collect_choice import FeedChoice

        feed = self._pane.feed
        ids = tuple(dict.fromkeys(int(one) for one in feed_ids))
        if not ids and feed is not None:
            ids = (int(feed.row.id),)
        found: list[FeedChoice] = []
        if len(ids) == 1:
            found.append(FeedChoice(f"Feed {ids[0]}", ids))
        elif ids:
            found.append(FeedChoice(f"{count(len(ids), 'feed')} highlighted", ids))
        model = self._pane.list.model
        shown = tuple(int(row.id) for row in model.feeds_at(range(model.rowCount())))
        if shown and set(shown) != set(ids):
            words = f"All in the list ({len(shown):,})"
            found.append(FeedChoice(words, shown))
        known = {one.feed_ids for one in found}
        found += [one for one in self._batches() if one.feed_ids not in known]
        return found

    def _batches(self) -> "list[FeedChoice]":
        """Return batches with the feeds their runs made, the newest first."""
        from chrislib.views.feeds.collect_choice import FeedChoice

        jobs = self._context.jobs
        feeds: dict[str, dict[int, None]] = {}
        for job in jobs.jobs():
            mine = job.account_id == jobs.account_id
            if job.batch_key and job.feed_id is not None and mine:
                feeds.setdefault(job.batch_key, {})[job.feed_id] = None
        views = {view.key: view for view in jobs.batches.batches()}
        known = [(views[key], ids) for key, ids in feeds.items() if key in views]
        known.sort(key=lambda pair: -pair[0].created_at)
        return [
            FeedChoice(f"Batch {view.title} ({len(ids):,})", tuple(sorted(ids)))
            for view, ids in known[:_MOST_BATCHES]
        ]
