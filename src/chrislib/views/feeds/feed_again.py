"""Run again of a first node: Create feed with the data the feed was made of."""

from typing import TYPE_CHECKING

from chrislib.feeds.acts import why_not
from chrislib.feeds.making import title_again
from chrislib.feeds.model import FeedView, Node
from chrislib.views.context import ViewContext
from chrislib.views.feeds.create_feed import CreateFeedSheet
from chrislib.views.feeds.create_feed_again import SameData, items_at
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.tasks import PaneTasks

if TYPE_CHECKING:
    from chrislib.views.feeds.pane import FeedsPane


class FeedAgain:
    """Looks up what a feed was made of, and opens the sheet with it.

    Parameters
    ----------
    pane : FeedsPane
        Shows the feed that is made.
    """

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, pane: "FeedsPane"
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._pane = pane
        self._asking = False

    def begin(self, view: FeedView, node: Node) -> None:
        """Open Create feed with the data of a first node, or say why not."""
        if self._asking:
            return
        reason = why_not("change", node, view.nodes)
        if reason:
            self._context.messages.info(f"Not with {node_name(node)}.", reason)
            return
        self._asking = True
        self._tasks.start(
            self._same(view, node),
            name="data of the feed",
            done=lambda same: self._show(view, same),
            failed=self._failed,
        )

    async def _same(self, view: FeedView, node: Node) -> SameData:
        """Find the data in the Library, or by its place (network, disk)."""
        library = self._context.library
        paths = await self._context.feeds.acts.data_of(node)
        everything = await library.items()
        elsewhere = library.tray.elsewhere
        here = (item for item in everything if not elsewhere(item.item_id))
        return SameData(items_at(paths, here), title_again(view.row.title))

    def _show(self, view: FeedView, same: SameData) -> None:
        self._asking = False
        feed = self._pane.feed
        if feed is None or feed.row.id != view.row.id:
            return  # somebody looks at another feed by now
        sheet = CreateFeedSheet(self._pane.window(), self._context, again=same)
        sheet.created.connect(self._pane.actions_.feed_made)
        sheet.open()

    def _failed(self, error: BaseException) -> None:
        self._asking = False
        self._context.messages.failed(error)
