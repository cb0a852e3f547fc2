"""The list of feeds: search, tabs with counts, rows with a state donut."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.arranging import KINDS, ORDERS, works
from chrislib.feeds.model import FeedRow
from chrislib.views.context import ViewContext
from chrislib.views.feeds.feed_rows import FeedDelegate, FeedListModel
from chrislib.views.feeds.list_note import ListNote
from chrislib.views.feeds.tabs import Tabs
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, button, icon_button
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.text import Label, line

_Index = QModelIndex | QPersistentModelIndex
_ORDER = "feeds.order"
_REST_MS = 300
"""The list rests so long before what is in sight is looked at."""


class FeedList(QWidget):
    """The column at the left."""

    opened = Signal(int)
    new_feed = Signal()
    menu_wanted = Signal(QPoint)
    retry = Signal()
    in_sight = Signal()
    """Other rows are in sight, for a moment already."""
    files_wanted = Signal(str)
    """Words that names of files are to hold."""

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self._layout = context.layout
        self._theme = context.theme
        self._scopes: dict[str, list[FeedRow]] = {}
        self._quiet = False
        self._open: int | None = None
        self._reveal = False
        self.setObjectName("feeds.list.panel")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = FeedListModel()
        self.view = QListView()
        self.view.setObjectName("feeds.list")
        self.view.setAccessibleName("Feeds")
        self.view.setModel(self.model)
        self.view.setItemDelegate(FeedDelegate(context))
        self.view.itemDelegate().setParent(self.view)
        self.view.setUniformItemSizes(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setMouseTracking(True)
        self.search = Field(
            context.theme,
            "Search feeds",
            name="feeds.search",
            icon="search",
            small=True,
            label="Search feeds",
        )
        self.search.setClearButtonEnabled(True)
        self.tabs = Tabs(
            context.theme,
            [("mine", "Mine"), ("shared", "Shared"), ("public", "Public")],
            name="feeds.tabs",
        )
        self._skeleton = Skeleton(context.theme, row_height=52, picture=True)
        self._state = ListNote(context.theme, name="feeds.list.note")
        self._stack = QStackedWidget()
        for page in (self.view, self._skeleton, self._state):
            self._stack.addWidget(page)
        self._order = icon_button(
            context.theme,
            "arrow-up-down",
            name="feeds.order",
            tooltip="Order, and which feeds are shown",
        )
        self._order.clicked.connect(
            lambda: self.order_menu().popup(
                self._order.mapToGlobal(self._order.rect().bottomLeft())
            )
        )
        self._build(context.theme)
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(_REST_MS)
        self._still.timeout.connect(self.in_sight)
        self.view.verticalScrollBar().valueChanged.connect(self._still.start)
        kept = context.layout.get(_ORDER)
        if isinstance(kept, str) and kept in dict(ORDERS):
            self.model.arrange(order=kept)
        self.search.textChanged.connect(self._search)
        self.tabs.chosen.connect(lambda _key: self._show_scope())
        self.view.selectionModel().currentChanged.connect(self._current)
        self.view.activated.connect(self._current)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._menu)
        context.theme.changed.connect(self.view.viewport().update)

    @property
    def loaded(self) -> bool:
        """Whether the server has answered once."""
        return bool(self._scopes)

    def clear(self) -> None:
        """Forget what a server had."""
        self._scopes = {}
        self._open = None
        self._reveal = False
        self._show_scope()
        for key in ("mine", "shared", "public"):
            self.tabs.set_count(key, None)
        self.start_loading()

    def start_loading(self) -> None:
        """Show placeholders, unless older rows are there to be looked at."""
        if not self._scopes:
            self._skeleton.start("Asking for feeds")
            self._stack.setCurrentWidget(self._skeleton)

    def set_scopes(self, scopes: Mapping[str, list[FeedRow]]) -> None:
        """Show what the server has."""
        first = not self._scopes
        self._scopes = dict(scopes)
        for key in ("mine", "shared", "public"):
            self.tabs.set_count(key, len(self._scopes.get(key, [])))
        if self._reveal and self._open is not None and self.scope_of(self._open):
            self.tabs.choose(self.scope_of(self._open))
            self._reveal = False
        if first:
            self._skeleton.stop(self._show_scope)
        else:
            self._show_scope()

    def show_failure(self, error: BaseException) -> None:
        """Show an error page, unless there are older rows."""
        if self._scopes:
            return
        self._skeleton.stop(lambda: None)
        self._state.show_error(error, self.retry.emit)
        self._stack.setCurrentWidget(self._state)

    def replace(self, row: FeedRow) -> None:
        """Show a fresher look at one feed."""
        for scope, rows in self._scopes.items():
            self._scopes[scope] = [row if old.id == row.id else old for old in rows]
        self._quiet = True
        self.model.replace(row)
        self._quiet = False

    def scope_of(self, feed_id: int) -> str:
        """Return the tab that holds a feed, "" for none."""
        for scope, rows in self._scopes.items():
            if any(row.id == feed_id for row in rows):
                return scope
        return ""

    def rows(self, scope: str = "mine") -> Sequence[FeedRow]:
        """Return the rows of a tab."""
        return self._scopes.get(scope, [])

    def select(self, feed_id: int) -> None:
        """Highlight a feed without opening it again."""
        scope = self.scope_of(feed_id)
        # the list may not know it yet: it is shown with the next answer
        self._reveal = not scope
        if scope and scope != self.tabs.current:
            self.tabs.choose(scope)
            self._show_scope()
        row = self.model.row_of(feed_id)
        if row < 0 and scope and self.search.text():
            self.search.clear()
            row = self.model.row_of(feed_id)
        self._open = feed_id
        self._mark()

    def _mark(self) -> None:
        """Highlight the open feed, whatever happened to the rows."""
        row = -1 if self._open is None else self.model.row_of(self._open)
        quiet, self._quiet = self._quiet, True
        if row >= 0:
            self.view.setCurrentIndex(self.model.index(row))
        else:
            self.view.setCurrentIndex(QModelIndex())
        self._quiet = quiet

    def _build(self, theme: Theme) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 12, 12, 8)
        head.addWidget(Label(theme, "Feeds", style="section", name="feeds.title"), 1)
        self._new = new = button(
            theme,
            "New feed",
            icon="plus",
            name="feeds.new",
            tooltip="Make a feed of what is in the tray (Ctrl+N)",
            small=True,
        )
        new.clicked.connect(self.new_feed)
        head.addWidget(new)
        find = QHBoxLayout()
        find.setContentsMargins(12, 0, 12, 8)
        find.setSpacing(4)
        find.addWidget(self.search, 1)
        find.addWidget(self._order)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(find)
        column.addWidget(self.tabs)
        column.addWidget(line())
        column.addWidget(self._stack, 1)

    def _search(self, words: str) -> None:
        self._quiet = True
        self.model.arrange(words=words, only=None)
        self._mark()
        self._quiet = False
        self._show_page()

    def _show_scope(self) -> None:
        # Qt makes a neighbor current when the current row goes: nobody chose that
        self._quiet = True
        self.model.set_rows(self._scopes.get(self.tabs.current, []))
        self._mark()
        self._quiet = False
        total = self.model.total
        self.search.setPlaceholderText(
            "Search 1 feed" if total == 1 else f"Search {total:,} feeds"
        )
        self._show_page()

    def _show_page(self) -> None:
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.view)
            self._still.start()
            if self.window().focusWidget() in {None, self._new}:
                # Qt gave the keys to the first button: rows are what one came for.
                # A view that gets the focus makes its first row the current one.
                quiet, self._quiet = self._quiet, True
                self.view.setFocus(Qt.FocusReason.OtherFocusReason)
                self._quiet = quiet
            return
        words = self.search.text().strip()
        if self.model.total and words and self.model.arranging.only is None:
            self._state.show_note(
                "No feed has these words",
                "The search looks at titles, people and feed numbers.",
                ("Show all", self.show_all),
                ("Search file names", lambda: self.files_wanted.emit(words)),
            )
        elif self.model.total:
            self._state.show_note(
                "No feed is shown",
                "None has such files."
                if self.model.arranging.only is not None
                else "None is in the states that are shown.",
                ("Show all", self.show_all),
            )
        else:
            self._state.show_note(*_EMPTY[self.tabs.current])
        self._stack.setCurrentWidget(self._state)

    def shutdown(self) -> None:
        """Ask for nothing any more."""
        self._still.blockSignals(True)
        self._still.stop()

    def order_menu(self) -> QMenu:
        """Return in which order feeds can stand, and which can be left out."""
        menu = QMenu(self)
        menu.setObjectName("feeds.order.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        now = self.model.arranging
        for wish, words, chosen in (
            ("order", ORDERS, now.order),
            ("kind", KINDS, now.kind),
        ):
            group = QActionGroup(menu)
            for key, word in words:
                action = menu.addAction(word)
                action.setCheckable(True)
                action.setChecked(key == chosen)
                group.addAction(action)
                action.triggered.connect(
                    lambda _on=False, wish=wish, key=key: self.arrange(wish, key)
                )
            menu.addSeparator()
        menu.addAction("Search file names").triggered.connect(
            lambda: self.files_wanted.emit(self.search.text().strip())
        )
        menu.actions()[-1].setEnabled(bool(self.search.text().strip()))
        return menu

    def arrange(self, wish: str, key: str) -> None:
        """Take another "order" or "kind"."""
        if wish == "order":
            self._layout.put(_ORDER, key)
        self._quiet = True
        self.model.arrange(**{wish: key})
        self._mark()
        self._quiet = False
        self._show_page()

    def show_all(self) -> None:
        """Leave no feed out."""
        self.search.clear()
        self.model.arrange(words="", only=None)
        self.arrange("kind", "all")

    def show_finding(self) -> None:
        """Say that the server looks at the names of files."""
        self._state.show_note("Looking at the names of files", "The server does this.")
        self._stack.setCurrentWidget(self._state)

    def show_found(self, words: str, found: set[int]) -> None:
        """Show the feeds that hold such files, if they are still asked for."""
        if words != self.search.text().strip():
            return
        self._quiet = True
        self.model.arrange(only=frozenset(found))
        self._mark()
        self._quiet = False
        self._show_page()

    def show_not_found(self, error: BaseException) -> None:
        """Say why the names of files could not be looked at."""
        self._state.show_error(error, self._show_page)
        self._stack.setCurrentWidget(self._state)

    def rows_in_sight(self) -> list[FeedRow]:
        """Return the feeds whose rows can be seen."""
        if not self.view.isVisible():
            return []
        port = self.view.viewport().rect()
        first = self.view.indexAt(port.topLeft())
        last = self.view.indexAt(port.bottomLeft())
        if not first.isValid():
            return []
        end = last.row() if last.isValid() else self.model.rowCount() - 1
        rows = [self.model.index(row) for row in range(first.row(), end + 1)]
        return [row for index in rows if (row := self.model.feed_at(index)) is not None]

    @staticmethod
    def works(row: FeedRow) -> bool:
        """Whether a node of a feed has not ended."""
        return works(row)

    def _menu(self, at: QPoint) -> None:
        index = self.view.indexAt(at)
        if index.isValid():
            self.view.setCurrentIndex(index)
            self.menu_wanted.emit(self.view.viewport().mapToGlobal(at))

    def _current(self, index: _Index, _before: object = None) -> None:
        row = self.model.feed_at(index)
        if row is not None and not self._quiet:
            self.opened.emit(row.id)


_EMPTY = {
    "mine": (
        "No feeds yet",
        "Tick something in the Library, then Create feed.",
    ),
    "shared": ("Nothing shared", "Feeds that others share with you appear here."),
    "public": ("No public feeds", "Feeds that are open to everybody appear here."),
}
