"""The Feeds module: list, feed, inspector, kept fresh while somebody looks."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QHideEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QWidget

from chrislib.feeds.model import FeedRow, FeedView, Node
from chrislib.feeds.recipes import Recipe
from chrislib.jobs.model import Job, JobChange
from chrislib.views.context import ViewContext
from chrislib.views.feeds.actions import FeedActions
from chrislib.views.feeds.asking import Asker
from chrislib.views.feeds.centre import Centre
from chrislib.views.feeds.collect_acts import CollectActs
from chrislib.views.feeds.collect_cover import Covers
from chrislib.views.feeds.compare_acts import CompareActs
from chrislib.views.feeds.feed_list import FeedList
from chrislib.views.feeds.graph_acts import GraphActs
from chrislib.views.feeds.inspector import Inspector
from chrislib.views.feeds.inspector_acts import NodeActions
from chrislib.views.feeds.keys import bind_keys
from chrislib.views.feeds.list_acts import FeedListActs
from chrislib.views.feeds.list_keeper import ListKeeper
from chrislib.views.feeds.many_acts import ManyActs
from chrislib.views.feeds.note_acts import NoteActs
from chrislib.views.feeds.open_feed import OpenFeed
from chrislib.views.navigation import ShowFeed

POLL_MS = 2_500
_IDLE_TICKS = 6
_SOON_MS = 300
_FOLD_WIDTH = 1320
_LAST = "feeds.last"
_COMING = frozenset({"none", "connecting"})
"""States of a session in which a server may be there in a moment."""


class FeedsPane(QWidget):
    """List, graph, inspector and outputs of feeds."""

    fold_changed = Signal()

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._tasks = context.tasks("feeds")
        self._asker = Asker(self._tasks)
        self._server = self._server_now()
        self._ticks = 0
        self._folded_by_hand: bool | None = None
        self._left = False
        self.setObjectName("feeds")
        # Born in its place: moved there, all below it would be styled once more.
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.list = FeedList(context, self.splitter)
        self._graph_tasks = context.tasks("feeds.graph")
        self.centre = Centre(context, self._graph_tasks, parent=self.splitter)
        self.inspector = Inspector(context, self.splitter)
        self._open_feed = OpenFeed(
            context,
            self._asker,
            centre=self.centre,
            inspector=self.inspector,
            again=self.refresh,
            parent=self,
        )
        self.actions_ = FeedActions(context, self._tasks, pane=self)
        self.node_acts = NodeActions(context, self._tasks, pane=self)
        self.talk = NoteActs(context, self._tasks, pane=self)
        self.listing = FeedListActs(context, self._tasks, pane=self)
        self.many = ManyActs(context, self)
        self.covers = Covers(context, self, self.splitter)
        self.collecting = CollectActs(context, pane=self)
        self.comparing = CompareActs(context, pane=self)
        self.drawing = GraphActs(context, pane=self)
        self._keeper = ListKeeper(
            context,
            self.list,
            self._asker,
            shown=self._show_list,
            failed=self._list_failed,
        )
        self._build()
        self._connect()
        self._poll = QTimer(self)
        self._poll.setInterval(POLL_MS)
        self._poll.timeout.connect(self._tick)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._look_again)
        context.job_feed.changed.connect(self._jobs_changed)
        self._stop_listening = context.session.subscribe(self._session_changed)

    # -- what the shell calls --------------------------------------------------

    @property
    def feed(self) -> FeedView | None:
        """The feed on screen."""
        return self._open_feed.view

    @property
    def node(self) -> Node | None:
        """The highlighted node."""
        return self._open_feed.node

    @property
    def here(self) -> ShowFeed:
        """Where one is, for the way back from the viewer."""
        return ShowFeed(self._open_feed.feed_id, self._open_feed.node_id)

    def show_feed(self, feed_id: int | None, node_id: int | None = None) -> None:
        """Open a feed and highlight a node; without a feed, show the last one."""
        if feed_id is None:
            self._load_list()
            return
        if self.here != ShowFeed(feed_id, node_id):
            # who comes back from the viewer finds the page as it was
            self.covers.close()
        if feed_id != self._open_feed.feed_id:
            self._open(feed_id, node_id)
            return
        if node_id is None and self.feed is not None:
            return
        self.refresh()
        if node_id is not None:
            self._open_feed.choose(node_id)

    def new_feed(
        self,
        item_ids: Sequence[str],
        *,
        many: bool = False,
        recipe: Recipe | None = None,
    ) -> None:
        """Open the sheet that makes a feed; no ids means what is in the tray.

        With `many` it makes a feed of each. A recipe is chosen there already.
        """
        if many:
            self.many.open(item_ids, recipe)
        else:
            self.actions_.create_feed(item_ids, recipe)

    def show_started(self, batch_key: str) -> None:
        """Show feeds that were started together; those started last without a key."""
        self.many.show(batch_key)

    def compare_runs(self, left: tuple[int, int], right: tuple[int, int]) -> None:
        """Show two nodes side by side, each as (feed, node)."""
        self.comparing.compare_nodes(left, right)

    def refresh(self) -> None:
        """Look again at the list, the open feed and its node, or the page over them."""
        if not self.covers.look_again():
            self._look_again(whole=True)

    def _look_again(self, *, whole: bool = False) -> None:
        self._open_feed.look_closely()
        self._load_list(whole=whole)
        self._open_feed.look()

    def focus_filter(self) -> None:
        """Go to the search field: of the graph when one is there, else of the list."""
        graph = self.centre.graph
        if self.covers.focus_filter():
            return
        if self.centre.outputs.focus_filter():
            return
        if graph.hasFocus():
            graph.begin_search()
            return
        self.list.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.list.search.selectAll()

    def escape(self) -> bool:
        """End what Esc ends here; says whether there was anything."""
        return self.covers.escape() or self.centre.graph.end_search()

    def folded(self, side: str) -> bool:
        """Return whether the list ("left") or the inspector ("right") is folded."""
        return self.list.isHidden() if side == "left" else self.inspector.isHidden()

    def fold(self, side: str, folded: bool) -> None:
        """Fold or show the list ("left") or the inspector ("right")."""
        if side == "left":
            self.list.setVisible(not folded)
            self.fold_changed.emit()
        elif side == "right":
            self._folded_by_hand = folded
            self._fold_right(folded)

    def commands(self) -> list[QAction]:
        """Return what palette and menu offer for this module."""
        return [
            *self.actions_.commands(),
            *self.talk.commands(),
            *self.node_acts.commands(),
            *self.listing.commands(),
            *self.collecting.commands(),
            *self.comparing.commands(),
            *self.drawing.commands(),
        ]

    def shutdown(self) -> None:
        """Stop looking and cancel what runs."""
        self._poll.stop()
        self._soon.stop()
        self.covers.close()
        self.list.shutdown()
        self._stop_listening()
        self._tasks.cancel_all()
        self._graph_tasks.cancel_all()
        self.inspector.shutdown()
        self.actions_.outputs.hand.shutdown()
        self.centre.outputs.shutdown()

    # -- events ----------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Look at once, then every few seconds."""
        super().showEvent(event)
        self._poll.start()
        self._context.feeds.watch(self._open_feed.feed_id)
        self._look_again(whole=True)
        if not self.covers.focus():
            self.list.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop looking; the job manager goes on by itself."""
        super().hideEvent(event)
        self._poll.stop()
        self._context.feeds.watch(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold the inspector by itself where there is no room for it."""
        super().resizeEvent(event)
        if self._folded_by_hand is None:
            self._fold_right(self.width() < _FOLD_WIDTH)

    # -- looking ---------------------------------------------------------------

    def _load_list(self, *, whole: bool = False) -> None:
        if self._keeper.asking:
            return
        self.list.start_loading()
        if self._open_feed.feed_id is None and not self.list.loaded:
            self.centre.show_loading("Asking for feeds")
        session = self._context.session
        if session.client is None and session.state.value in _COMING:
            return
        self._keeper.load(whole=whole)

    def _show_list(self, scopes: dict[str, list[FeedRow]], whole: bool) -> None:
        # the nodes know better than the counters of a list
        self.list.set_scopes(scopes, fresh=self.feed.row if self.feed else None)
        self._open_feed.well()
        if self._open_feed.feed_id is not None or self._left:
            return
        rows = [*scopes["mine"], *scopes["shared"]]
        last = self._context.layout.get(_LAST)
        wanted = next((row.id for row in rows if row.id == last), None)
        if wanted is None and rows and (whole or last is None):
            wanted = rows[0].id
        if wanted is not None:
            self._open(wanted, None)
        elif whole:
            self._no_feeds()

    def _list_failed(self, error: BaseException) -> None:
        self.list.show_failure(error)
        if self._open_feed.feed_id is None:
            self.centre.show_failure(error)
        else:
            self._open_feed.offline(error)

    def _open(self, feed_id: int, node_id: int | None) -> None:
        self._left = False
        self._context.layout.put(_LAST, feed_id)
        self.list.was_opened(feed_id)
        self.list.select(feed_id)
        self._open_feed.open(feed_id, node_id)

    def _looked(self, view: FeedView) -> None:
        self.list.replace(view.row)

    def _drawn(self, view: FeedView) -> None:
        self.talk.looked(view)
        if self.isVisible():
            # not before: both would ask for all nodes of a large feed at once
            self._context.feeds.watch(view.row.id)

    # -- staying fresh ---------------------------------------------------------

    def _tick(self) -> None:
        """Look at the open feed: soon while it works, seldom while it rests."""
        self._ticks += 1
        if self.feed is None:
            return
        if self._open_feed.active or self._ticks % _IDLE_TICKS == 0:
            self._open_feed.look()
        self._keeper.tick()

    def _jobs_changed(self, changes: Sequence[JobChange]) -> None:
        if not self.isVisible():
            return
        for change in changes:
            feed_id = change.after.feed_id
            if feed_id is not None and (
                feed_id == self._open_feed.feed_id or not self.list.scope_of(feed_id)
            ):
                self._soon.start()
                return

    def _session_changed(self) -> None:
        if self._context.session.state.value != "connected":
            return
        before, self._server = self._server, self._server_now()
        if before not in {"", self._server}:
            self._start_over()
        if self.isVisible():
            self._soon.start()

    def _server_now(self) -> str:
        """Return what tells a server from others; the station changes its port."""
        client = self._context.session.client
        if client is None or client.server is None:
            return ""
        return f"{client.server.uuid} {client.username}"

    def _start_over(self) -> None:
        """Forget a server's feeds: another one's numbers mean other things."""
        self._asker.forget()
        self._keeper.forget()
        self._left = False
        self.covers.close()
        self._open_feed.close()
        self.list.clear()
        self.centre.show_loading("Asking for feeds")

    # -- putting together ------------------------------------------------------

    def made(self, job: Job) -> None:
        """Show what was just made: the feed of a job and the node itself."""
        if job.feed_id is None:
            self.refresh()
            return
        self.show_feed(job.feed_id, job.remote_id)
        self._load_list()
        self.centre.focus_nodes()

    def leave(self, feed_ids: Sequence[int]) -> None:
        """Show another feed if the one on screen is among these: they are deleted."""
        if self._open_feed.feed_id not in feed_ids:
            return
        self._open_feed.close()
        self._context.feeds.watch(None)
        shown = self.list.model.feed_at(self.list.model.index(0))
        if shown is not None:
            self._open(int(shown.id), None)
        elif self.list.rows() or self.list.rows("shared"):
            # what is searched for stays: nothing opens by itself now
            self._left = True
            self.centre.show_state(
                "workflow", "No feed is open", "Choose one in the list."
            )
        else:
            self._no_feeds()

    def _no_feeds(self) -> None:
        self.centre.show_state(
            "workflow",
            "No feeds yet",
            "A feed is data and what is made of it. Tick something in the "
            "Library, then press Create feed at the tray.",
        )

    def _fold_right(self, folded: bool) -> None:
        if folded != self.inspector.isHidden():
            self.inspector.setVisible(not folded)
            self.fold_changed.emit()
        self.centre.head.set_folded(folded)

    def _build(self) -> None:
        for piece in (self.list, self.centre, self.inspector):
            self.splitter.addWidget(piece)
        self.list.setMinimumWidth(184)
        self.list.setMaximumWidth(360)
        self.inspector.setMinimumWidth(264)
        self.inspector.setMaximumWidth(480)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setStretchFactor(2, 0)
        self.splitter.setHandleWidth(1)
        self.splitter.setSizes([264, 872, 304])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.splitter)

    def _connect(self) -> None:
        acts = self.actions_
        self.list.opened.connect(self.show_feed)
        self.list.new_feed.connect(lambda: self.new_feed(()))
        self.list.retry.connect(self.refresh)
        centre = self.centre
        centre.chosen.connect(self._open_feed.choose)
        centre.node_opened.connect(lambda _node: centre.outputs.go_in())
        centre.retry.connect(self.refresh)
        centre.graph.menu_wanted.connect(acts.show_node_menu)
        centre.nodes.menu_wanted.connect(acts.show_node_menu)
        head = centre.head
        head.rename_pressed.connect(acts.rename)
        head.refresh_pressed.connect(self.refresh)
        head.add_pressed.connect(acts.add_node)
        head.fold_pressed.connect(lambda: self.fold("right", not self.folded("right")))
        self.inspector.add_node.connect(acts.add_node)
        self.inspector.cancel_node.connect(acts.stops.cancel)
        self.inspector.several.cancel.connect(acts.stops.cancel)
        self._open_feed.looked.connect(self._looked)
        self._open_feed.looked.connect(lambda _view: self.node_acts.feed_looked())
        self._open_feed.drawn.connect(self._drawn)
        self._open_feed.lost.connect(lambda _feed_id: self._load_list(whole=True))
        bind_keys(self)
