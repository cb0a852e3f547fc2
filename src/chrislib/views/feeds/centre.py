"""The middle of the Feeds module: head, graph or list of nodes, outputs."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from chrislib.feeds.model import FeedView, Node
from chrislib.views.context import ViewContext
from chrislib.views.feeds.graph_view import GraphView
from chrislib.views.feeds.head import FeedHead
from chrislib.views.feeds.node_list import NodeList
from chrislib.views.feeds.output_view import OutputView
from chrislib.views.tasks import PaneTasks
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import line

_MODE_KEY = "feeds.mode"
_OUTPUT_SHARE = 0.34
_NARROW = 720
_AT_ONCE = 200
"""Nodes that are listed at once, though the graph is shown."""
_PAINTED_MS = 30
"""A graph that was placed is on screen by then."""


class Centre(QWidget):
    """An open feed, or words on why there is none."""

    chosen = Signal(int)
    node_opened = Signal(int)
    retry = Signal()

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        theme = context.theme
        self._context = context
        self._sized = False
        self._unlisted: tuple[Node, ...] | None = None
        self._then: Callable[[], object] | None = None
        self._later: list[Callable[[], object]] = []
        self._painted = QTimer(self, singleShot=True, interval=_PAINTED_MS)
        self._painted.timeout.connect(self._drawn)
        # Each is born in its place: moved there, all below it would be styled anew.
        self._stack = QStackedWidget(self)
        self._feed = feed = QWidget(self._stack)
        self._splitter = QSplitter(Qt.Orientation.Vertical, feed)
        self._modes = QStackedWidget(self._splitter)
        self.head = FeedHead(context)
        self.graph = GraphView(theme, tasks)
        self.nodes = NodeList(theme)
        self.outputs = OutputView(context, self._splitter)
        self.banner = Banner(theme, "offline", "")
        self.banner.setObjectName("feeds.banner")
        self.banner.hide()
        self._state = StateView(theme, "workflow", "", primary=False)
        self._skeleton = Skeleton(theme, row_height=64)
        self._modes.addWidget(self.graph)
        self._modes.addWidget(self.nodes)
        self._splitter.addWidget(self._modes)
        self._splitter.addWidget(self.outputs)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(1)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self.outputs.setMinimumHeight(160)
        inner = QVBoxLayout(feed)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.head)
        inner.addWidget(line())
        inner.addWidget(self._splitter, 1)
        for page in (feed, self._state, self._skeleton):
            self._stack.addWidget(page)
        self._stack.setCurrentWidget(self._skeleton)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self._stack, 1)
        self._wire()
        if context.layout.get(_MODE_KEY) == "list":
            self.set_mode("list")

    def _wire(self) -> None:
        self.graph.arranged.connect(self._arranged)
        self.graph.chosen.connect(self.chosen)
        self.nodes.chosen.connect(self.chosen)
        self.graph.opened.connect(self.node_opened)
        self.nodes.opened.connect(self.node_opened)
        self.head.mode_chosen.connect(self.set_mode)

    @property
    def shows_feed(self) -> bool:
        """Whether a feed is on screen."""
        return self._stack.currentWidget() is self._feed

    def set_mode(self, mode: str) -> None:
        """Show the nodes as "graph" or as "list"."""
        if mode == "list":
            self._list_nodes()
        self.head.modes.choose(mode)
        self._modes.setCurrentWidget(self.nodes if mode == "list" else self.graph)
        self._context.layout.put(_MODE_KEY, mode)

    def show_loading(
        self, what: str, *, share: Callable[[], float] | None = None
    ) -> None:
        """Show placeholders; `share` says how much has come, 0 to 1."""
        self._skeleton.start(what, share=share)
        self._stack.setCurrentWidget(self._skeleton)

    def place(self, view: FeedView, then: Callable[[], object]) -> None:
        """Give the graph its nodes; `then` is called when they have their places.

        At once, but for a large feed: what the window does meanwhile would be paid
        for with its picture.
        """
        self.graph.set_nodes(view.nodes)
        self._then = None
        if self.graph.arranging:
            self._then = then
        else:
            then()

    def show_feed(self, view: FeedView) -> None:
        """Show a feed that was placed, or a fresher look at it."""
        self.head.show_feed(view)
        self._unlisted = view.nodes
        if len(view.nodes) <= _AT_ONCE or self._modes.currentWidget() is self.nodes:
            self._list_nodes()
        if not self.shows_feed:
            self._skeleton.stop(lambda: self._stack.setCurrentWidget(self._feed))

    def when_drawn(self, then: Callable[[], object]) -> None:
        """Call `then` when the graph is on screen: at once, but for a large feed."""
        if self._painted.isActive():
            self._later.append(then)
        else:
            then()

    def show_state(self, icon: str, title: str, text: str, *, action: str = "") -> None:
        """Show words instead of a feed; `action` asks again."""
        actions = [(action, self.retry.emit)] if action else []
        self._state.show_state(icon, title, text, actions)
        self._skeleton.stop(lambda: self._stack.setCurrentWidget(self._state))

    def show_failure(self, error: BaseException) -> None:
        """Show why a feed could not be opened."""
        self._state.show_error(error, self.retry.emit)
        self._skeleton.stop(lambda: self._stack.setCurrentWidget(self._state))

    def select(self, node_id: int | None) -> None:
        """Highlight a node in graph and list."""
        self.graph.select(node_id)
        self.nodes.select(node_id)

    def _arranged(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            self._painted.start()
            then()

    def _drawn(self) -> None:
        later, self._later = self._later, []
        for then in later:
            then()

    def _list_nodes(self) -> None:
        """Fill the list of nodes; that of a large feed is filled when it is shown."""
        if self._unlisted is not None:
            self.nodes.set_nodes(self._unlisted)
            self._unlisted = None
            self.nodes.select(self.graph.selected)

    def focus_nodes(self) -> None:
        """Give the keys to the graph, or to the list of nodes."""
        current = self._modes.currentWidget()
        if current is not None:
            current.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the outputs' share of the height until somebody drags it."""
        super().resizeEvent(event)
        self.outputs.set_narrow(self.width() < _NARROW)
        if not self._sized and self.height() > 400:
            self._sized = True
            low = round(self.height() * _OUTPUT_SHARE)
            self._splitter.setSizes([self.height() - low, low])
