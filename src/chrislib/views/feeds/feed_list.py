"""The list of feeds: search, tabs with counts, rows with a state donut."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.feeds.arranging import ORDERS, UNFILTERED, days_of
from chrislib.feeds.model import FeedRow
from chrislib.views.context import ViewContext
from chrislib.views.feeds.feed_rows import FeedDelegate, FeedListModel
from chrislib.views.feeds.feed_table import FeedTable
from chrislib.views.feeds.list_bar import ListBar
from chrislib.views.feeds.list_head import ListHead
from chrislib.views.feeds.list_memory import ListMemory
from chrislib.views.feeds.list_pages import ListPages
from chrislib.views.feeds.tabs import Tabs
from chrislib.views.models.index import Index
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.text import line

_ORDER = "feeds.order"
_REST_MS = 300
"""The list rests so long before what is in sight is looked at, and typing, too."""


class FeedList(QWidget):
    """The column at the left."""

    opened = Signal(int)
    new_feed = Signal()
    menu_wanted = Signal(QPoint)
    act_wanted = Signal(str)
    """"download", "delete", "rename" or "more" for what is highlighted."""
    retry = Signal()
    in_sight = Signal()
    """Other rows are in sight, for a moment already."""
    files_wanted = Signal(str)
    """Words that names of files are to hold."""
    tags_needed = Signal(str)
    """A tag whose feeds are to be known; "" for all tags."""
    tags_changed = Signal()
    words_rest = Signal(str)
    """Words were typed, a moment ago: feeds that have such tags are to be known."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._layout = context.layout
        self._scopes: dict[str, dict[int, FeedRow]] = {}
        self._quiet = False
        self._reveal = False
        self._days = ""
        self._tags = "known"
        self.setObjectName("feeds.list.panel")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        theme = context.theme
        self.memory = ListMemory(context)
        self.model = FeedListModel()
        self.view = FeedTable()
        self.view.setModel(self.model)
        self.view.setItemDelegate(FeedDelegate(context, self.view))
        self.head = ListHead(theme)
        self.bar = ListBar(theme)
        self.search = Field(
            theme,
            "Search feeds",
            name="feeds.search",
            icon="search",
            small=True,
            label="Search feeds",
        )
        self.search.setClearButtonEnabled(True)
        self.tabs = Tabs(
            theme,
            [("mine", "Mine"), ("shared", "Shared"), ("public", "Public")],
            name="feeds.tabs",
        )
        self._pages = ListPages(theme, self.view)
        self._build()
        self._still, self._typed = QTimer(self), QTimer(self)
        for timer in (self._still, self._typed):
            timer.setSingleShot(True)
            timer.setInterval(_REST_MS)
        self._still.timeout.connect(self.in_sight)
        self._typed.timeout.connect(
            lambda: self.words_rest.emit(self.search.text().strip())
        )
        kept = context.layout.get(_ORDER)
        if isinstance(kept, str) and kept in dict(ORDERS):
            self.model.arrange(order=kept)
        self._connect()
        self._show_bar()

    def _connect(self) -> None:
        self.view.verticalScrollBar().valueChanged.connect(self._still.start)
        self.search.textChanged.connect(self._search)
        self.tabs.chosen.connect(lambda _key: self._show_tab())
        self.head.new_feed.connect(self.new_feed)
        self.head.act.connect(self.act_wanted)
        self.head.one_wanted.connect(self.highlight_one)
        self.bar.wished.connect(self.arrange)
        self.bar.offer_owners(
            lambda: sorted({row.owner for row in self.rows(self.tabs.current)})
        )
        self.bar.all_wanted.connect(self.show_all)
        self.bar.files_wanted.connect(
            lambda: self.files_wanted.emit(self.search.text().strip())
        )
        chosen = self.view.selectionModel()
        chosen.currentChanged.connect(self._current)
        chosen.selectionChanged.connect(self._highlighted)
        self.view.activated.connect(self._current)
        self.view.chosen_again.connect(self._again)
        self.view.one_wanted.connect(self.highlight_one)
        self.view.delete_pressed.connect(lambda: self.act_wanted.emit("delete"))
        self.view.rename_pressed.connect(lambda: self.act_wanted.emit("rename"))
        self.view.customContextMenuRequested.connect(self._menu)
        self._context.theme.changed.connect(self.view.viewport().update)

    @property
    def loaded(self) -> bool:
        """Whether the server has answered once."""
        return bool(self._scopes)

    def clear(self) -> None:
        """Forget what a server had."""
        self._scopes = {}
        self.model.open_id = None
        self._reveal = self._pages.finding = False
        self.model.forget_measures()
        self.bar.offer_tags(())
        self.model.arrange(tags={}, tag="", owner="", only=None)
        self._show_scope()
        for key in ("mine", "shared", "public"):
            self.tabs.set_count(key, None)
        self.start_loading()

    def start_loading(self) -> None:
        """Show placeholders, unless older rows are there to be looked at."""
        if not self._scopes:
            self._pages.show_loading("Asking for feeds")

    def set_scopes(
        self, scopes: Mapping[str, list[FeedRow]], *, fresh: FeedRow | None = None
    ) -> None:
        """Show what the server has; `fresh` is a row that is known better."""
        first = not self._scopes
        if first:
            self.look_at_tags()
        self._scopes = {
            scope: {row.id: row for row in rows} for scope, rows in scopes.items()
        }
        if fresh is not None:
            for rows in self._scopes.values():
                if fresh.id in rows:
                    rows[fresh.id] = fresh
        for key in ("mine", "shared", "public"):
            self.tabs.set_count(key, len(self._scopes.get(key, [])))
        here = self.model.open_id
        if self._reveal and here is not None and (scope := self.scope_of(here)):
            self.tabs.choose(scope)
            self._reveal = False
        if first:
            self._pages.skeleton.stop(self._show_scope)
        else:
            self._show_scope()

    def show_failure(self, error: BaseException) -> None:
        """Show an error page, unless there are older rows."""
        if self._scopes:
            return
        self._pages.skeleton.stop(lambda: None)
        self._pages.show_error(error, self.retry.emit)

    def replace(self, row: FeedRow) -> None:
        """Show a fresher look at one feed."""
        for rows in self._scopes.values():
            if row.id in rows:
                rows[row.id] = row
        quiet, self._quiet = self._quiet, True
        self.model.replace(row)
        self._quiet = quiet

    def drop(self, feed_ids: Collection[int]) -> None:
        """Take feeds out that are gone from the server."""
        for scope, rows in self._scopes.items():
            for feed_id in feed_ids:
                rows.pop(feed_id, None)
            self.tabs.set_count(scope, len(rows))
        self.memory.forget(feed_ids)
        self._show_scope()

    def scope_of(self, feed_id: int) -> str:
        """Return the tab that holds a feed, "" for none."""
        for scope, rows in self._scopes.items():
            if feed_id in rows:
                return scope
        return ""

    def rows(self, scope: str = "mine") -> Sequence[FeedRow]:
        """Return the rows of a tab."""
        return list(self._scopes.get(scope, {}).values())

    @property
    def highlighted(self) -> list[FeedRow]:
        """The highlighted feeds, in the order in which they stand."""
        return self.model.feeds_at(self.view.highlighted)

    def highlight_one(self) -> None:
        """End a highlight of several: only the open feed is highlighted."""
        self.view.clearSelection()
        self._mark()

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
        self.model.open_id = feed_id
        self._mark()

    def _mark(self) -> None:
        """Highlight the open feed, unless somebody has highlighted several."""
        if self.view.several:
            return
        here = self.model.open_id
        row = -1 if here is None else self.model.row_of(here)
        quiet, self._quiet = self._quiet, True
        if row >= 0:
            self.view.setCurrentIndex(self.model.index(row))
        else:
            self.view.setCurrentIndex(QModelIndex())
        self._quiet = quiet

    def _build(self) -> None:
        find = QHBoxLayout()
        find.setContentsMargins(12, 0, 12, 8)
        find.addWidget(self.search)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addLayout(find)
        column.addWidget(self.tabs)
        column.addWidget(line())
        column.addWidget(self.bar)
        column.addWidget(line())
        column.addWidget(self._pages, 1)

    def _search(self, words: str) -> None:
        self._pages.finding = False
        self.look_at_tags()
        self._arrange(words=words, only=None)

    def look_at_tags(self) -> None:
        """Let the tags of feeds be read that the words are looked for in."""
        words = bool(self.search.text().strip())
        self._tags = "asked" if words else "known"
        (self._typed.start if words else self._typed.stop)()

    def show_looked(self, *, failed: bool = False) -> None:
        """Say that the tags were read for the words, or that this failed."""
        self._tags = "failed" if failed else "known"
        self._show_page()

    def _show_tab(self) -> None:
        self._pages.finding = False
        self._show_scope()

    def _show_scope(self) -> None:
        # Qt makes a neighbor current when the current row goes: nobody chose that
        self._quiet = True
        self._remember()
        self.model.set_rows(self._scopes.get(self.tabs.current, {}).values())
        self._mark()
        self._quiet = False
        total = self.model.total
        self.search.setPlaceholderText(
            "Search 1 feed" if total == 1 else f"Search {total:,} feeds"
        )
        self._show_page()

    def _remember(self) -> None:
        """Let the model know what is pinned and was opened, if that is news."""
        now, memory = self.model.arranging, self.memory
        if (now.pinned, now.recent) != (memory.pinned, memory.recent):
            self.model.arrange(pinned=memory.pinned, recent=memory.recent)

    def _show_bar(self) -> None:
        self.bar.offer_files(bool(self.search.text().strip()))
        self.bar.show_state(
            self.model.arranging,
            shown=self.model.rowCount(),
            total=self.model.total,
            days=self._days,
            tags=self._tags,
        )

    def _show_page(self) -> None:
        self._show_bar()
        if self._pages.finding:
            return  # what the server is asked for stays on screen
        if self.model.rowCount():
            self._pages.setCurrentWidget(self.view)
            self._still.start()
            if self.window().focusWidget() in {None, self.head.new_button}:
                # Qt gave the keys to the first button: rows are what one came for.
                # A view that gets the focus makes its first row the current one.
                quiet, self._quiet = self._quiet, True
                self.view.setFocus(Qt.FocusReason.OtherFocusReason)
                self._quiet = quiet
            return
        words = self.search.text().strip()
        self._pages.show_why(
            self.model.arranging,
            self.tabs.current,
            total=self.model.total,
            tags=self._tags,
            ways={
                "Show all": self.show_all,
                "Search file names": lambda: self.files_wanted.emit(words),
                "Try again": lambda: self._search(self.search.text()),
            },
        )

    def shutdown(self) -> None:
        """Ask for nothing any more."""
        self._still.blockSignals(True)
        self._still.stop()
        self._typed.blockSignals(True)
        self._typed.stop()

    def arrange(self, wish: str, value: object) -> None:
        """Take another wish of `ListBar.wished`."""
        self._pages.finding = False
        if wish == "order":
            self._layout.put(_ORDER, value)
        if wish == "days":
            since, until = days_of(str(value), date.fromtimestamp(self._context.now()))
            self.show_days(since, until, key=str(value))
            return
        self._arrange(**{wish: value})
        if (wish == "tag" and value) or (wish, value) == ("order", "tag"):
            self.tags_needed.emit(str(value) if wish == "tag" else "")

    def show_days(
        self, since: date | None, until: date | None, *, key: str = "between"
    ) -> None:
        """Show feeds that were made between two days, both included."""
        self._days = key if since or until else ""
        self._arrange(since=since, until=until)

    def show_tags(self, tags: Mapping[int, tuple[str, ...]]) -> None:
        """Take which tags feeds have; the order, a filter, words wait for them."""
        self._arrange(tags=tags)

    def end_finding(self) -> None:
        """Show rows again: what the server was asked for is known."""
        self._pages.finding = False

    def pin(self, feed_ids: Collection[int], *, pinned: bool) -> None:
        """Put feeds on top, or back to their places."""
        self.memory.pin(feed_ids, pinned=pinned)
        self._arrange(pinned=self.memory.pinned)

    def was_opened(self, feed_id: int) -> None:
        """Remember that a feed was opened.

        The order by that changes with the next answer, not under the pointer.
        """
        self.memory.opened(feed_id)

    def _arrange(self, **wishes: object) -> None:
        # Qt makes a neighbor current when the current row goes: nobody chose that
        self._quiet = True
        self.model.arrange(**wishes)
        self._mark()
        self._quiet = False
        self._show_page()

    def show_all(self) -> None:
        """Leave no feed out."""
        self._pages.finding = False
        self.search.clear()
        self._days = ""
        self._arrange(**UNFILTERED)

    def show_finding(self, what: str = "Looking at the names of files") -> None:
        """Say what the server is asked for the list, until that is known."""
        self._pages.show_finding(what)

    def show_found(self, words: str, found: set[int]) -> None:
        """Show the feeds that hold such files, if they are still asked for."""
        if words != self.search.text().strip():
            return
        self._pages.finding = False
        self._arrange(only=frozenset(found))

    def show_not_found(self, error: BaseException) -> None:
        """Say why the names of files could not be looked at."""
        self._pages.show_error(error, self._show_page)

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
        return self.model.feeds_at(range(first.row(), end + 1))

    def _menu(self, at: QPoint) -> None:
        index = self.view.indexAt(at)
        if index.isValid():
            if not self.view.several:
                self.view.setCurrentIndex(index)
            self.menu_wanted.emit(self.view.viewport().mapToGlobal(at))

    def _current(self, index: Index, _before: object = None) -> None:
        row = self.model.feed_at(index)
        if row is not None and not self._quiet and not self.view.extending:
            self.opened.emit(row.id)

    def _again(self) -> None:
        row = self.model.feed_at(self.view.currentIndex())
        if row is not None and row.id != self.model.open_id:
            self.opened.emit(row.id)

    def _highlighted(self, *_change: object) -> None:
        self.head.show_highlighted(len(self.view.highlighted))
