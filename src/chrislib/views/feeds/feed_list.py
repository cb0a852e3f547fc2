"""The list of feeds: search, tabs with counts, rows with a state donut."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.model import FeedRow
from chrislib.feeds.states import feed_words
from chrislib.views.context import ViewContext
from chrislib.views.feeds.list_note import ListNote
from chrislib.views.feeds.rows import sync
from chrislib.views.feeds.tabs import Tabs
from chrislib.views.feeds.words import when
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.paint import donut, draw_row, draw_text
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.text import Label, line

_Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole + 1


class FeedListModel(QAbstractListModel):
    """Feeds of one tab, filtered by the search words."""

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[FeedRow, ...] = ()
        self._shown: list[FeedRow] = []
        self._words = ""

    def set_rows(self, rows: Sequence[FeedRow]) -> None:
        """Show other rows; those that stay keep their place and selection."""
        self._all = tuple(rows)
        self._apply()

    def set_words(self, words: str) -> None:
        """Show only feeds whose title, owner or number has all the words."""
        self._words = words
        self._apply()

    def replace(self, row: FeedRow) -> None:
        """Take a fresher look at one feed."""
        self._all = tuple(row if old.id == row.id else old for old in self._all)
        self._apply()

    @property
    def total(self) -> int:
        """How many feeds there are without the search."""
        return len(self._all)

    def row_of(self, feed_id: int) -> int:
        """Return the row of a feed, -1 where it is not shown."""
        return next((n for n, row in enumerate(self._shown) if row.id == feed_id), -1)

    def feed_at(self, index: _Index) -> FeedRow | None:
        """Return the feed of an index."""
        return self._shown[index.row()] if index.isValid() else None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many feeds are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a feed's title, the row itself, or its words for screen readers."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        row = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.title}, feed {row.id}, {feed_words(row.states)}"
        return None

    def _apply(self) -> None:
        words = self._words.casefold().split()
        new = [row for row in self._all if _matches(row, words)]
        sync(
            self,
            self._shown,
            new,
            key=lambda row: row.id,
            begin_remove=self.beginRemoveRows,
            end_remove=self.endRemoveRows,
            begin_insert=self.beginInsertRows,
            end_insert=self.endInsertRows,
        )


def _matches(row: FeedRow, words: Sequence[str]) -> bool:
    text = f"{row.title} {row.owner} {row.id}".casefold()
    return all(word in text for word in words)


class FeedDelegate(QStyledItemDelegate):
    """A feed in 52 px: donut, title and time, words and owner."""

    def __init__(self, context: ViewContext, *, owner: str = "") -> None:
        super().__init__()
        self._context = context
        self._theme: Theme = context.theme

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the fixed height of a row."""
        return QSize(200, self._theme.px(52))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        """Draw the row."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, FeedRow):
            return
        theme = self._theme
        rect: QRect = option.rect
        draw_row(painter, option, theme, bar=True)
        ring = QRect(QPoint(rect.left() + 12, rect.top() + 14), QSize(24, 24))
        donut(painter, ring, theme, row.states)
        left, right = rect.left() + 48, rect.right() - 12
        half = theme.px(18)
        top = rect.top() + (rect.height() - 2 * half) // 2
        stamp = ""
        if row.created is not None:
            stamp = when(row.created.timestamp(), now=self._context.now())
        time_width = draw_text(
            painter,
            QRect(left, top, right - left, half),
            theme,
            text=stamp,
            style="caption",
            token="text.muted",
            align=Qt.AlignmentFlag.AlignRight,
        )
        draw_text(
            painter,
            QRect(left, top, right - left - time_width - 8, half),
            theme,
            text=row.title,
        )
        draw_text(
            painter,
            QRect(left, top + half, right - left, half),
            theme,
            text=feed_words(row.states),
            style="caption",
            token="text.secondary",
        )


class FeedList(QWidget):
    """The column at the left."""

    opened = Signal(int)
    new_feed = Signal()
    menu_wanted = Signal(QPoint)
    retry = Signal()

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
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
        self._build(context.theme)
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
        find.addWidget(self.search)
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
        self.model.set_words(words)
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
            if self.window().focusWidget() in {None, self._new}:
                # Qt gave the keys to the first button: rows are what one came for.
                # A view that gets the focus makes its first row the current one.
                quiet, self._quiet = self._quiet, True
                self.view.setFocus(Qt.FocusReason.OtherFocusReason)
                self._quiet = quiet
            return
        if self.model.total:
            self._state.show_note(
                "No feed has these words",
                "The search looks at titles, people and feed numbers.",
                ("Show all", self.search.clear),
            )
        else:
            self._state.show_note(*_EMPTY[self.tabs.current])
        self._stack.setCurrentWidget(self._state)

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
