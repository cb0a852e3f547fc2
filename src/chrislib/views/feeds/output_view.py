"""What a node or a whole feed left behind, and a look at the highlighted entry."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.model import Node, OutputEntry
from chrislib.feeds.output_book import TOP
from chrislib.feeds.output_walk import Root
from chrislib.feeds.states import ACTIVE, SENTENCES, WORDS
from chrislib.views.context import ViewContext
from chrislib.views.feeds.output_head import FEED, NODE, OutputHead
from chrislib.views.feeds.output_loader import OutputLoader
from chrislib.views.feeds.output_model import OutputModel
from chrislib.views.feeds.output_preview import OutputPreview
from chrislib.views.feeds.output_table import OutputTable
from chrislib.views.feeds.words import files_words, size_words
from chrislib.views.models.index import Index
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.buttons import Button
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView

_WITHOUT = (ACTIVE | {"gone"}) - {"registering"}
"""States in which a node has no files (yet)."""


class OutputView(QWidget):
    """Outputs of the highlighted node, or of all nodes of the feed as one tree.

    Signals
    -------
    highlighted : OutputEntry
        Another entry is the current one.
    open_entry : OutputEntry
        It is to be shown in the viewer.
    get_all : ()
        All that is listed is to be saved.
    menu_wanted : (list of OutputEntry, QPoint)
        What can be done with some entries, at a point of the screen.
    """

    highlighted = Signal(object)
    open_entry = Signal(object)
    get_all = Signal()
    menu_wanted = Signal(object, QPoint)

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self._node: Node | None = None
        self._nodes: tuple[Node, ...] = ()
        self._listed: dict[int, str] = {}
        self._place = self._restored = ""
        self._open: dict[str, set[str]] = {}
        self._chosen: dict[str, str] = {}
        self._quiet = False
        self.setObjectName("feeds.outputs.panel")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = OutputModel(context.now, self)
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._left = QWidget(self._splitter)
        self._stack = QStackedWidget(self._left)
        self.head = OutputHead(theme)
        self.view = OutputTable(theme, self.model)
        self.loader = OutputLoader(context, self.model, self)
        self.preview = OutputPreview(context, self._splitter)
        self._skeleton = Skeleton(theme, row_height=28)
        self._state = StateView(theme, "folder-open", "No outputs", primary=False)
        self._build()
        self._connect()
        theme.changed.connect(self.view.viewport().update)

    @property
    def scope(self) -> str:
        """`NODE` or `FEED`."""
        return self.head.scopes.current

    @property
    def get_button(self) -> Button:
        """The button that saves everything."""
        return self.head.get_button

    @property
    def files(self) -> list[OutputEntry]:
        """All files listed so far."""
        book = self.model.book
        return [book.entries[one] for one in book.below(TOP) if book.files[one]]

    @property
    def top(self) -> list[OutputEntry]:
        """The outermost entries."""
        return self.inside(TOP)

    @property
    def current(self) -> OutputEntry | None:
        """The highlighted entry."""
        return self.model.entry(self.view.currentIndex())

    @property
    def selected(self) -> list[OutputEntry]:
        """All highlighted entries."""
        return self.model.entries_at(self.view.highlighted_rows())

    def inside(self, number: int) -> list[OutputEntry]:
        """Return what is directly in a folder, by its number."""
        book = self.model.book
        return [book.entries[one] for one in book.inside(number)]

    def below(self, entry: OutputEntry) -> list[OutputEntry]:
        """Return the files in a folder, as far as they were listed."""
        book = self.model.book
        number = book.number(entry.relative)
        if number is None:
            return []
        return [book.entries[one] for one in book.below(number) if book.files[one]]

    def beside(self, entry: OutputEntry) -> list[OutputEntry]:
        """Return the files of an entry's folder that are of its kind."""
        book = self.model.book
        number = book.number(entry.relative)
        if number is None:
            return []
        around = (book.entries[one] for one in book.inside(book.above(number)))
        return [one for one in around if one.kind == entry.kind and one.file_id]

    def show_node(self, node: Node | None) -> None:
        """Begin with a node: nothing is known of its outputs yet."""
        self._node = node
        if self.scope == NODE or node is None:
            self._begin()

    def show_nodes(self, nodes: Sequence[Node]) -> None:
        """Show a fresher look at all nodes of the feed."""
        self._nodes = tuple(nodes)
        if self.scope == FEED:
            self._look()

    def look(self, node: Node) -> None:
        """List outputs once for a state; while files are registered, each time."""
        self._node = node
        if self.scope == NODE:
            self._look()

    def look_again(self) -> None:
        """List what is shown anew (network)."""
        self._listed = {}
        self._look()

    def choose_scope(self, scope: str) -> None:
        """Show the outputs of the highlighted node, or of all nodes."""
        self.head.scopes.choose(scope)
        self._begin()
        self._look()

    def go_in(self) -> None:
        """Take the focus, and highlight the first row where none is."""
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.model.index(0, 0))

    def focus_filter(self) -> bool:
        """Go to the filter if the keys are here; says whether they are."""
        here = self.view.hasFocus() or self.head.field.hasFocus()
        if here:
            self.head.focus_filter()
        return here

    def reveal(self, relative: str) -> bool:
        """Highlight an entry by its path; False where there is none."""
        index = self.model.find(relative)
        if index.isValid():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)
        return index.isValid()

    def turn(self, entry: OutputEntry) -> None:
        """Unfold or fold a folder."""
        index = self.model.find(entry.relative)
        self._turn(index, not self.model.is_open(index))

    def set_narrow(self, narrow: bool) -> None:
        """Hide the preview where there is no room for it."""
        self.preview.setHidden(narrow)

    def shutdown(self) -> None:
        """Stop asking."""
        self.head.rest()
        self.loader.shutdown()

    # -- listing ---------------------------------------------------------------

    def _begin(self) -> None:
        """Show other outputs: nothing is known of them yet."""
        self._remember()
        self.loader.stop()
        self._listed = {}
        self._place = self._restored = ""
        self._quiet = True
        self.model.clear()
        self._quiet = False
        self.preview.clear()
        self._count()
        if self._node is None:
            self._say("folder-open", "No node highlighted", "Click one in the graph.")
        elif self.scope == NODE:
            self._wait(self._node)

    def _look(self) -> None:
        shown = (self._node,) if self.scope == NODE else self._nodes
        nodes = [one for one in shown if one is not None]
        there = [one for one in nodes if one.state not in _WITHOUT]
        if not there:
            if self.model.empty:
                self._wait(nodes[0] if nodes else None)
            return
        states = {int(one.id): one.state for one in there}
        moving = any(one.state == "registering" for one in there)
        if states == self._listed and not (moving and self.loader.complete):
            return
        place, before = self._where(), self._listed
        # nodes that ended meanwhile come beside the others
        more = before.keys() <= states.keys() and self.loader.complete
        more = more and self.scope == FEED and bool(before)
        fresh = [
            one
            for one in there
            if before.get(int(one.id)) != one.state or one.state == "registering"
        ]
        self._listed = states
        if self.model.empty:
            self.model.book.opened = set(self._open.get(place, ()))
            if self._place != place and not moving:
                self._skeleton.start("Listing outputs")
                self._stack.setCurrentWidget(self._skeleton)
        self._place = place
        if self.scope == NODE:
            roots = [Root(there[0].output_path)]
        else:
            roots = _roots(fresh if more else there)
        self.loader.load(roots, more=more)

    def _where(self) -> str:
        if self.scope == FEED:
            return "feed " + str(self._nodes[0].id if self._nodes else "")
        return f"node {self._node.id}" if self._node is not None else ""

    def _arrived(self, complete: bool) -> None:
        if self.model.empty and not complete:
            return
        if complete and self._restored != self._place and not self.model.empty:
            self._restored = self._place
            self._restore()
        self._count()
        self._skeleton.stop(self._show_page)

    def _failed(self, error: BaseException) -> None:
        self._listed = {}
        if self.model.empty:
            self._state.show_error(error, self.look_again)
            self._skeleton.stop(lambda: self._stack.setCurrentWidget(self._state))

    def _count(self) -> None:
        """Say how much is there, and offer its kinds."""
        book = self.model.book
        if book.narrowing.narrows:
            words = f"{book.found_count:,} of {files_words(book.file_count, None)}"
            words += f" · {size_words(book.found_size)}"
        else:
            words = files_words(book.file_count, book.size) if book.file_count else ""
        if words and not self.loader.complete and not self.loader.held:
            words += " so far"
        if self.loader.held:
            words += f" · {self.loader.held:,} folders not looked into"
        self.head.show_summary(words, held=self.loader.held, files=book.file_count)
        if self.loader.complete:
            self.head.offer_kinds(book.kinds())

    def _wait(self, node: Node | None) -> None:
        if node is None:
            self._say("folder-open", "No outputs", "No node has left files yet.")
        elif node.state in ACTIVE:
            icon = STATES[node.state].glyph
            self._say(icon, WORDS[node.state], "Outputs appear here when it is ready.")
        else:
            self._say("folder-open", "No outputs", _none_words(node))

    def _say(self, icon: str, title: str, text: str) -> None:
        self._state.show_state(icon, title, text)
        self._stack.setCurrentWidget(self._state)

    def _show_page(self) -> None:
        if self.model.count():
            self._stack.setCurrentWidget(self.view)
        elif not self.model.empty:
            self._state.show_state(
                "search",
                "Nothing fits the filter",
                "",
                [("Show all", self.head.clear_filter)],
            )
            self._stack.setCurrentWidget(self._state)
        else:
            self._wait(self._node if self.scope == NODE else None)

    # -- what stays ------------------------------------------------------------

    def _remember(self) -> None:
        if not self._place or self.model.empty:
            return
        self._open[self._place] = set(self.model.book.opened)
        current = self.current
        if current is not None:
            self._chosen[self._place] = current.relative

    def _restore(self) -> None:
        top = self.model.book.inside(TOP)
        if self._place not in self._open and len(top) == 1:
            # a lone folder is in the way, many are a table of contents
            self._turn(self.model.index_of(top[0]), True)
        chosen = self._chosen.get(self._place)
        if chosen is not None and not self.view.currentIndex().isValid():
            index = self.model.find(chosen)
            if index.isValid():
                self._quiet = True
                self.view.setCurrentIndex(index)
                self._quiet = False

    # -- what a person does ----------------------------------------------------

    def _narrow(self) -> None:
        self.model.narrow(self.head.narrowing, flat=self.head.flat)
        if self.head.narrowing.narrows or self.head.flat:
            self.loader.look_into_all()
        self.loader.arrange()

    def _sort(self, column: int, order: Qt.SortOrder) -> None:
        if column > 3:
            return
        self.model.order(column, downwards=order == Qt.SortOrder.DescendingOrder)
        self.loader.arrange()

    def _turn(self, index: Index, unfolded: bool) -> None:
        entry = self.model.entry(index)
        if entry is None:
            return
        if unfolded:
            self.loader.look_into(entry.relative)
        self.model.turn(index, unfolded=unfolded)

    def _current(self, index: Index, before: Index) -> None:
        entry = self.model.entry(index)
        same = before.isValid() and before.row() == index.row()
        if entry is not None and not self._quiet and not same:
            self.highlighted.emit(entry)

    def _activated(self, index: Index) -> None:
        entry = self.model.entry(index)
        if entry is None:
            return
        if entry.is_folder:
            self._turn(index, not self.model.is_open(index))
        else:
            self.open_entry.emit(entry)

    def _open_current(self) -> None:
        entry = self.current
        if entry is not None:
            self.open_entry.emit(entry)

    def _menu(self, at: QPoint) -> None:
        entry = self.model.entry(self.view.indexAt(at))
        if entry is not None:
            chosen = self.selected or [entry]
            self.menu_wanted.emit(chosen, self.view.viewport().mapToGlobal(at))

    def _connect(self) -> None:
        head = self.head
        head.scope_chosen.connect(self.choose_scope)
        head.narrowed.connect(self._narrow)
        head.get_pressed.connect(self.get_all)
        head.more_pressed.connect(self.loader.look_into_all)
        head.left.connect(self.go_in)
        self.loader.arrived.connect(self._arrived)
        self.loader.failed.connect(self._failed)
        self.preview.open_pressed.connect(self._open_current)
        self.view.turned.connect(self._turn)
        self.view.activated_row.connect(self._activated)
        self.view.selectionModel().currentChanged.connect(self._current)
        self.view.customContextMenuRequested.connect(self._menu)
        with QSignalBlocker(self.view.head):
            self.view.head.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.view.head.sortIndicatorChanged.connect(self._sort)

    def _build(self) -> None:
        for page in (self.view, self._skeleton, self._state):
            self._stack.addWidget(page)
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self._stack, 1)
        self._splitter.addWidget(self._left)
        self._splitter.addWidget(self.preview)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self._splitter.setSizes([500, 376])
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._splitter)


def _roots(nodes: Sequence[Node]) -> list[Root]:
    """Return the outputs of nodes as folders beside each other."""
    found = []
    for node in nodes:
        parts = node.output_path.strip("/").split("/")
        name = parts[-2] if parts[-1] == "data" and len(parts) > 1 else parts[-1]
        title = f"{node.plugin_name} {node.plugin_version} · node {node.id}"
        found.append(Root(node.output_path, name, title))
    return found


def _none_words(node: Node) -> str:
    if node.state in {"ready", "errors"}:
        return "This node left no files."
    return SENTENCES[node.state]
