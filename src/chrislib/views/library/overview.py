"""The Library's first page: three ways in, a quick lookup, and History."""

import asyncio

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from chrislib.library.history_model import HistoryListing, Wanted
from chrislib.library.model import (
    EntryId,
    HistoryEntry,
    ItemState,
    LibraryChange,
)
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.history_acts import HistoryActs
from chrislib.views.library.history_head import HistoryFoot, HistoryHead
from chrislib.views.library.history_list import HistoryList
from chrislib.views.library.history_model import (
    HistoryModel,
    Steps,
    steps_between,
)
from chrislib.views.library.overview_start import QuickLookup, ways_in
from chrislib.views.models.timers import soon
from chrislib.views.navigation import ShowLibrary
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label

_FRESH_SECONDS = 60.0
"""So long after a look the server is not asked again only because it is shown."""


class Overview(QScrollArea):
    """One scrolling page; the head of History stays in sight."""

    def __init__(self, ctx: ViewContext, archives: ArchiveChoice) -> None:
        super().__init__()
        self._ctx = ctx
        self._tasks = ctx.tasks("library overview")
        self.setObjectName("library.overview")
        self.setAccessibleName("Overview")
        self._model = HistoryModel(
            live=ctx.history.live,
            uses=ctx.history.feeds_of,
            failed=self._failed_parts,
            hidden=lambda: bool(ctx.settings.get("hide_names")),
            parent=self,
        )
        self._acts = HistoryActs(ctx, self, self._model)
        self._version = -1
        self._asking = False
        self._ask_again = False
        self._came = 0
        self._read_at = 0.0
        self._shown = Wanted()
        self._list = HistoryList(ctx.theme, self._model)
        self._build(archives)
        self._connect()
        self._unsubscribe = (
            ctx.library.subscribe(self._on_change),
            ctx.history.subscribe(self._soon),
        )
        self._again = soon(self, 120, self._look)
        self._type = soon(self, 60, lambda: self._list_anew(anew=True))
        self._seen = soon(self, 150, self._look_at_seen)
        self._yield_to_tray()
        self.refresh()

    def _connect(self) -> None:
        acts = self._acts
        self._list.entry_opened.connect(acts.show)
        self._list.entry_acted.connect(acts.act)
        self._list.feeds_asked.connect(acts.feeds)
        self._list.removal_asked.connect(acts.remove)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._menu)
        self._list.selectionModel().currentChanged.connect(self._keep_in_sight)
        self._model.wanted.connect(self._fetch)
        self._head.changed.connect(self._filter)
        self._head.top_asked.connect(self._to_top)
        self._foot.asked.connect(self._ctx.history.read_on)

    def _build(self, archives: ArchiveChoice) -> None:
        theme = self._ctx.theme
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._page = QWidget()
        self._page.setProperty("surface", "window")
        self._page.setMaximumWidth(theme.px(1680))
        column = QVBoxLayout(self._page)
        column.setContentsMargins(24, 16, 24, 24)
        column.setSpacing(0)
        column.addWidget(Label(theme, "Overview", style="page"))
        column.addSpacing(12)
        column.addLayout(ways_in(theme, self._go))
        column.addSpacing(16)
        self._quick = QuickLookup(theme, archives, self._go)
        column.addWidget(self._quick)
        column.addSpacing(8)
        self._place = QWidget()
        self._place.setFixedHeight(theme.px(44))
        column.addWidget(self._place)
        self._banner = Banner(theme, "offline", "")
        self._banner.hide()
        column.addWidget(self._banner)
        column.addSpacing(4)
        column.addWidget(self._list)
        self._foot = HistoryFoot(theme)
        column.addWidget(self._foot)
        self._empty = StateView(theme, "history", "", primary=False)
        self._empty.setMinimumHeight(theme.px(280))
        column.addWidget(self._empty)
        column.addStretch(1)
        self.setWidget(self._page)
        self._head = HistoryHead(theme)
        self._head.setParent(self.viewport())
        self._head.show()
        self._page.installEventFilter(self)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    # --- what it does --------------------------------------------------------------

    def refresh(self) -> None:
        """Read History again, and what is new on the server (disk, network)."""
        self._read_at = self._ctx.now()
        self._ctx.history.refresh()
        self._list_anew(anew=False)

    def shutdown(self) -> None:
        """Stop listening and cancel what runs."""
        for timer in (self._again, self._type, self._seen):
            timer.stop()
        for leave in self._unsubscribe:
            leave()
        self._acts.shutdown()
        self._tasks.cancel_all()

    def focus_filter(self) -> None:
        """Put the cursor into the filter of History."""
        self._head.focus_filter()

    def _go(self, section: str, payload: object = None) -> None:
        self._ctx.navigator.go(ShowLibrary(section, payload))

    def _on_change(self, change: LibraryChange) -> None:
        if change.tray:
            self._yield_to_tray()
        if change.history or change.items:
            self._soon()

    def _yield_to_tray(self) -> None:
        # one primary button a screen: the tray's, while it holds something
        full = len(self._ctx.library.tray) > 0
        self._quick.yield_to_tray(full)

    # --- the list ------------------------------------------------------------------

    def _soon(self) -> None:
        # many things change at once: one look for all of them
        if self.isVisible() and not self._again.isActive():
            self._again.start()

    def _look(self) -> None:
        """Take over what changed: counts in place, rows only when there are others."""
        self._tell_state()
        self._model.refresh_seen(self._rows_seen())
        if self._version != self._ctx.history.version:
            self._list_anew(anew=False)

    def _list_anew(self, *, anew: bool) -> None:
        if self._asking:
            self._ask_again = True
            return
        self._asking = True
        version = self._ctx.history.version
        wanted = self._head.wanted

        rows = self._model.rows

        async def look() -> tuple[HistoryListing, Steps | None]:
            listing = await self._ctx.history.listing(wanted)
            if anew or wanted != self._shown:
                return listing, None
            return listing, await asyncio.to_thread(steps_between, rows, listing.rows)

        def done(found: tuple[HistoryListing, Steps | None]) -> None:
            self._asking = False
            self._version = version
            self._shown = wanted
            self._show(*found)
            if self._ask_again:
                self._ask_again = False
                self._list_anew(anew=False)

        def failed(error: BaseException) -> None:
            self._asking = False
            self._ctx.messages.failed(error)

        self._tasks.start(
            look(),
            name="list history",
            done=done,
            failed=failed,
        )

    def _show(self, listing: HistoryListing, steps: Steps | None) -> None:
        bar = self.verticalScrollBar()
        top = bar.value() - self._list_top()
        rows = self._list.rows_between(max(0, top), top + self.viewport().height())
        entries = (self._model.id_at(row) for row in rows)
        anchor = next(filter(None, entries), None) if top > 0 and steps else None
        before, known = self._row_top(anchor), self._model.shown
        self._model.show(listing, now=self._ctx.now(), steps=steps)
        self._after()
        moved = self._row_top(anchor) - before if anchor is not None else 0
        if anchor is None:
            self._came = 0
        elif moved:
            # rows keep their place under the eyes of who reads them
            self._came += max(0, listing.shown - known) if moved > 0 else 0
            self._page.adjustSize()
            bar.setValue(bar.value() + moved)
        self._head.tell_new(self._came)
        if self._shown.text.strip() and not self._ctx.history.state.complete:
            # who searches means all of it, also what is only on the server
            self._ctx.history.read_on()
        self._seen.start()

    def _row_top(self, entry_id: EntryId | None) -> int:
        row = self._model.row_of(entry_id) if entry_id is not None else -1
        return self._list.row_rect(row).top() if row >= 0 else 0

    def _fetch(self, ids: list[EntryId]) -> None:
        self._tasks.start(
            self._ctx.history.entries(ids), name="read entries", done=self._model.take
        )

    def _filter(self) -> None:
        self._type.start()

    def _after(self) -> None:
        total, shown = self._model.count, self._model.shown
        self._head.tell_count(shown, total)
        self._list.setVisible(shown > 0)
        self._empty.setVisible(shown == 0)
        self._tell_state()
        if total and shown == 0:
            self._empty.show_state(
                "scan-search",
                "No entry fits",
                "History holds other entries.",
                [("Show all", self._head.show_all)],
            )

    def _tell_empty(self) -> None:
        if self._ctx.history.state.reading:
            self._empty.show_state(
                "history",
                "Looking at what the server remembers",
                "Lookups, uploads and fetches of other computers come here too.",
            )
            return
        self._empty.show_state(
            "history",
            "Nothing was brought in yet",
            "Lookups, uploads and reference fetches stand here with their state, "
            "newest first.",
        )

    def _tell_state(self) -> None:
        """Say how far the server's memory is in the list."""
        state = self._ctx.history.state
        narrowed = self._head.wanted != Wanted()
        self._foot.tell(state, shown=self._model.shown, searching=narrowed)
        self._banner.setVisible(not state.connected or state.error is not None)
        if not state.connected:
            self._banner.show_text(
                "offline",
                "Not connected. History shows what this computer knows; what other "
                "computers brought in since then is missing.",
            )
        elif state.error is not None:
            self._banner.show_text(
                "warn",
                f"What the server remembers was not read. {state.error.title} "
                "What this computer knows is shown.",
                ("Try again", self.refresh),
            )
        if self._model.count == 0:
            self._tell_empty()

    def _failed_parts(self, entry: HistoryEntry) -> int:
        found = (self._ctx.library.item(one) for one in entry.item_ids)
        return sum(1 for item in found if item and item.state is ItemState.FAILED)

    def _menu(self, at: QPoint) -> None:
        entry = self._list.entry_at(at)
        if entry is not None:
            spot = self._list.viewport().mapToGlobal(at)
            self._acts.menu(entry, self._list.highlighted(), spot)

    # --- what is seen --------------------------------------------------------------

    def _list_top(self) -> int:
        return self._list.mapTo(self._page, QPoint(0, 0)).y()

    def _rows_seen(self) -> range:
        top = self.verticalScrollBar().value() - self._list_top()
        return self._list.rows_between(top, top + self.viewport().height())

    def _look_at_seen(self) -> None:
        """Find out more about what is seen, and read on at the end of the list."""
        if not self.isVisible():
            return
        rows = self._rows_seen()
        entries = [self._model.entry(self._model.index(row, 0)) for row in rows]
        self._ctx.history.look([entry for entry in entries if entry is not None])
        at_end = bool(rows) and rows[-1] >= self._model.rowCount() - 5
        if at_end and self.verticalScrollBar().value() > 0:
            self._ctx.history.read_on()

    def _scrolled(self) -> None:
        self._stick()
        self._tell_day()
        self._seen.start()
        if self._came and self.verticalScrollBar().value() <= self._list_top():
            self._came = 0
            self._head.tell_new(0)

    def _tell_day(self) -> None:
        """Say in the head which day the topmost row is of, once its head is gone."""
        below = self.verticalScrollBar().value() + self._place.height()
        rows = self._list.rows_between(below - self._list_top(), below)
        scrolled = below - self._place.height() > self._list_top()
        self._head.tell_day(self._model.day_of(rows[0]) if scrolled and rows else "")

    def _to_top(self) -> None:
        self._came = 0
        self._head.tell_new(0)
        self.verticalScrollBar().setValue(max(0, self._list_top() - 60))

    # --- the head stays in sight -----------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Place the head after the page was laid out."""
        if watched is self._page and event.type() in (
            QEvent.Type.LayoutRequest,
            QEvent.Type.Resize,
        ):
            QTimer.singleShot(0, self, self._stick)
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        """Read what happened meanwhile."""
        super().showEvent(event)
        if self._ctx.now() - self._read_at > _FRESH_SECONDS:
            self.refresh()
        else:
            self._list_anew(anew=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the head after a new size."""
        super().resizeEvent(event)
        self._stick()

    def _stick(self) -> None:
        at = self._place.mapTo(self._page, self._place.rect().topLeft())
        top = max(0, at.y() - self.verticalScrollBar().value())
        self._head.setGeometry(at.x(), top, self._place.width(), self._place.height())
        self._head.raise_()

    def _keep_in_sight(self) -> None:
        if self._model.changing or not self._list.hasFocus():
            return
        rect = self._list.row_rect()
        middle = self._list.mapTo(self._page, rect.center())
        margin = rect.height() // 2 + self._place.height()
        self.ensureVisible(middle.x(), middle.y(), 0, margin)
