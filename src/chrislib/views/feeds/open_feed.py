"""The feed on screen and the node one looks at, each asked again as they change."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from chrislib.errors import ChrislibError
from chrislib.feeds.model import FeedView, Node, NodeDetails
from chrislib.feeds.refusals import closed
from chrislib.feeds.states import ACTIVE
from chrislib.library.dates import show_time
from chrislib.views.context import ViewContext
from chrislib.views.feeds.asking import Asker
from chrislib.views.feeds.centre import Centre
from chrislib.views.feeds.inspector import Inspector


class OpenFeed(QObject):
    """Shows one feed in the centre and one of its nodes in the inspector.

    Parameters
    ----------
    asker : Asker
        Shared with the list: a change of the server drops every open question.
    again : callable
        Looks at everything anew, for who presses "Try now".
    """

    looked = Signal(object)
    """A fresh `FeedView` of the feed on screen."""
    drawn = Signal(object)
    """The same, when its graph has been painted: now more can be asked."""
    lost = Signal(int)
    """A feed that was deleted, or closed to this account, while it was open."""

    def __init__(
        self,
        context: ViewContext,
        asker: Asker,
        *,
        centre: Centre,
        inspector: Inspector,
        again: Callable[[], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._asker = asker
        self._centre = centre
        self._inspector = inspector
        self._again = again
        self._node_id: int | None = None
        self._wanted_node: int | None = None
        self._last_node: dict[int, int] = {}
        self._detailed_as = ""
        self.feed_id: int | None = None
        """The feed that was opened, also while it is read for the first time."""
        self.view: FeedView | None = None
        """What is shown of it, None before the first answer."""
        self._places: dict[int, int] = {}
        """Where each node of it stands among the others."""

    @property
    def node_id(self) -> int | None:
        """Number of the highlighted node."""
        return self._node_id

    @property
    def node(self) -> Node | None:
        """The highlighted node."""
        if self.view is None or self._node_id not in self._places:
            return None
        return self.view.nodes[self._places[self._node_id]]

    @property
    def active(self) -> bool:
        """Whether a node of it still works."""
        view = self.view
        return view is not None and any(node.state in ACTIVE for node in view.nodes)

    def open(self, feed_id: int, node_id: int | None) -> None:
        """Show a feed and highlight a node, the last one without `node_id`."""
        if self.feed_id is not None and self._node_id is not None:
            self._last_node[self.feed_id] = self._node_id
        self.feed_id, self._node_id = feed_id, None
        self._wanted_node = node_id or self._last_node.get(feed_id)
        self._centre.outputs.show_node(None)
        known = self._context.feeds.known(feed_id)
        self.view = None
        if known is not None:
            self._show_view(feed_id, known)
        else:
            self._inspector.show_node(None)
            self._centre.show_loading(
                f"Opening feed {feed_id}",
                share=lambda: self._context.feeds.share_read(feed_id),
            )
        self.look()

    def look(self) -> None:
        """Look at the feed again (network)."""
        feed_id = self.feed_id
        if feed_id is None:
            return
        self._asker.once(
            f"feed {feed_id}",
            lambda: self._context.feeds.open(feed_id),
            lambda view: self._show_view(feed_id, view),
            failed=lambda error: self._look_failed(feed_id, error),
        )

    def look_closely(self) -> None:
        """Ask for the details of the node at the next look, whatever is known."""
        self._detailed_as = ""

    def choose(self, node_id: int | None) -> None:
        """Highlight a node, or one that will be there after the next look."""
        if self.view is None:
            self._wanted_node = node_id
            return
        if node_id is not None and node_id not in self._places:
            self._wanted_node = node_id
            return
        changed = node_id != self._node_id
        self._node_id = node_id
        self._centre.select(node_id)
        if changed:
            self._detailed_as = ""
            self._centre.outputs.show_node(self.node)
        self._show_node()

    def close(self) -> None:
        """Forget it: another server's numbers mean other things."""
        self.view = None
        self.feed_id = self._node_id = self._wanted_node = None
        self._last_node.clear()
        self._centre.outputs.show_node(None)
        self._inspector.show_node(None)

    def offline(self, error: BaseException) -> None:
        """Say that what is shown is old, and why."""
        if self.view is None:
            return
        title = getattr(error, "title", "The server could not be asked.")
        self._centre.banner.show_text(
            "offline",
            f"{title} You see what was there at {show_time(self.view.checked_at)}.",
            ("Try now", self._again),
        )
        self._centre.banner.show()

    def well(self) -> None:
        """Take back what `offline` said."""
        self._centre.banner.hide()

    # Inside.

    def _look_failed(self, feed_id: int, error: BaseException) -> None:
        if feed_id != self.feed_id:
            return
        gone = closed(error, owner=self.view.row.owner if self.view else "")
        if gone is not None:
            self._lose(feed_id, gone)
        elif self.view is None:
            self._centre.show_failure(error)
        else:
            self.offline(error)

    def _lose(self, feed_id: int, gone: ChrislibError) -> None:
        """Say what became of the feed; nothing of it stays on screen."""
        self.view = None
        self._node_id = None
        self._detailed_as = ""
        self._centre.outputs.show_node(None)
        self._inspector.show_node(None)
        self.well()
        self._centre.show_state(
            "ghost",
            gone.title,
            f"{gone.detail} {gone.hint}",
            action="Look again",
        )
        self._context.feeds.lose(feed_id)
        self.lost.emit(feed_id)

    def _show_view(self, feed_id: int, view: FeedView) -> None:
        if feed_id != self.feed_id:
            return
        self.view = view
        self._places = {node.id: at for at, node in enumerate(view.nodes)}
        self.well()
        if not self._places.keys() & {self._wanted_node, self._node_id}:
            # nobody asked for it: no folded branch is opened, and placed anew, for it
            self._centre.graph.select(max(self._places, default=None))
        self._centre.place(view, lambda: self._show_placed(view))

    def _show_placed(self, view: FeedView) -> None:
        if view is not self.view:
            return  # it was left, or looked at again, meanwhile
        self._centre.show_feed(view)
        self._centre.outputs.show_nodes(view.nodes)
        self.looked.emit(view)
        if self._wanted_node in self._places:
            wanted, self._wanted_node = self._wanted_node, None
            self.choose(wanted)
        elif self._node_id not in self._places:
            self.choose(max(self._places, default=None))
        else:
            self._show_node()
        self._centre.when_drawn(self._tell_drawn)

    def _tell_drawn(self) -> None:
        if self.view is not None:
            self.drawn.emit(self.view)

    def _show_node(self) -> None:
        node, view = self.node, self.view
        if node is None or view is None:
            self._inspector.show_node(None)
            return
        works = node.state in ACTIVE  # else there is nothing to press
        self._inspector.show_node(
            node,
            place=f"Node {self._places[node.id] + 1} of {len(view.nodes)}",
            cancels=self._context.feeds.cancel_count(node) if works else 0,
        )
        self._centre.when_drawn(self._look_closely)

    def _look_closely(self) -> None:
        node, view = self.node, self.view
        if node is not None and view is not None:
            self._details(view.row.id, node)
            self._centre.outputs.look(node)

    def _details(self, feed_id: int, node: Node) -> None:
        """Look closely: again and again while it works, once when it has ended."""
        key = f"{node.id} {node.state}"
        if key == self._detailed_as and node.state not in ACTIVE:
            return

        def show(details: NodeDetails) -> None:
            if node.id == self._node_id:
                self._detailed_as = key
                self._inspector.show_details(details)

        self._asker.once(
            f"details {key}",
            lambda: self._context.feeds.details(feed_id, node.id),
            show,
            failed=self.offline,
        )
