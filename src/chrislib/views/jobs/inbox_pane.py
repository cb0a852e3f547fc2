"""Inbox: every outcome that waits to be seen, until it was got or discarded."""

from datetime import datetime

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.catalog.inbox import Cursor, InboxCounts, InboxQuery
from chrislib.jobs.model import InboxRow, JobChange
from chrislib.views.context import ViewContext
from chrislib.views.jobs.inbox_doing import InboxVerbs
from chrislib.views.jobs.inbox_filters import InboxFilters
from chrislib.views.jobs.inbox_model import PAGE, ROW_ROLE, InboxModel
from chrislib.views.jobs.inbox_view import InboxView
from chrislib.views.navigation import ShowInbox
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line


class InboxPane(QWidget):
    """The inbox beside the job list."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._reading = False
        self._again = False
        self._wanted: ShowInbox | None = None
        self._today = _day(context.now())
        self.setObjectName("inbox")
        self.setAccessibleName("Inbox")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        theme = context.theme
        self._tasks = context.tasks("inbox")
        self._verbs = InboxVerbs(
            context,
            self._tasks,
            only=self._only,
            changed=self.refresh,
            window=self.window,
        )
        self.model = InboxModel(self, context)
        self.model.older_wanted.connect(self._read_older)
        self.view = InboxView(context, self.model)
        self.view.asked.connect(self._verbs.do)
        self.filters = InboxFilters(theme)
        self.filters.changed.connect(self._other_query)
        self._unread = Label(
            theme, style="caption", token="text.muted", name="inbox.unread"
        )
        self._all_read = button(
            theme, "Mark all read", kind="quiet", name="inbox.all-read", small=True
        )
        self._all_read.clicked.connect(self._mark_all)
        self._news = button(theme, "", kind="quiet", name="inbox.news", small=True)
        self._news.clicked.connect(self._show_news)
        self._news.hide()
        self._state = StateView(theme, "bell", "", "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._state)
        self._lay_out()
        self.setFocusProxy(self.view)
        context.job_feed.inboxChanged.connect(self.refresh)
        context.job_feed.changed.connect(self._jobs_changed)
        self._show_counts(InboxCounts())
        self._show_empty()
        self.refresh()

    def sizeHint(self) -> QSize:
        """Return the default width of the panel."""
        return QSize(376, 600)

    def refresh(self) -> None:
        """Read the newest page and the counts again; what is older stays."""
        if self._reading:
            self._again = True
            return
        self._reading = True
        self._tasks.start(
            self._read(self.filters.query),
            name="read inbox",
            done=self._show,
            failed=self._failed,
        )

    def focus_filter(self) -> None:
        """Put the cursor into the filter."""
        self.filters.search.setFocus()
        self.filters.search.selectAll()

    def show_place(self, place: ShowInbox) -> None:
        """Show what a link leads to: one message, one batch, one outcome."""
        self._wanted = place if place.item else None
        scope = InboxQuery(batch_key=place.batch_key, toast=place.toast)
        if scope != InboxQuery() or (place.item and self.filters.narrowed):
            self.filters.choice.choose("all")
            self.filters.narrow(scope)
        elif place.item:
            self.refresh()

    def shutdown(self) -> None:
        """Cancel what the pane asked for."""
        self._tasks.cancel_all()

    def _lay_out(self) -> None:
        theme = self._context.theme
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 8, 0)
        head.setSpacing(8)
        head.addWidget(Label(theme, "Inbox", style="section", name="inbox.title"))
        head.addWidget(self._unread)
        head.addStretch(1)
        head.addWidget(self._all_read)
        bar = QWidget()
        bar.setFixedHeight(theme.px(55))
        bar.setLayout(head)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(bar)
        whole.addWidget(line())
        whole.addWidget(self.filters)
        whole.addWidget(line())
        whole.addWidget(self._news, 0, Qt.AlignmentFlag.AlignHCenter)
        whole.addWidget(self._stack, 1)

    # Reading.

    async def _read(
        self, query: InboxQuery, after: Cursor | None = None
    ) -> tuple[InboxQuery, tuple[InboxRow, ...], InboxCounts | None]:
        notices = self._context.jobs.notices
        rows = await notices.page(query, after=after, limit=PAGE)
        counts = await notices.counts(query) if after is None else None
        return query, rows, counts

    def _read_older(self) -> None:
        self._tasks.start(
            self._read(self.filters.query, self.model.last),
            name="read older outcomes",
            done=self._show_older,
        )

    def _show(
        self, found: tuple[InboxQuery, tuple[InboxRow, ...], InboxCounts | None]
    ) -> None:
        query, rows, counts = found
        self._reading = False
        if query == self.filters.query:
            self._show_rows(rows)
            assert counts is not None
            self._show_counts(counts)
            self._follow_link()
        else:
            self._again = True
        if self._again:
            self._again = False
            self.refresh()

    def _show_rows(self, rows: tuple[InboxRow, ...]) -> None:
        model, view = self.model, self.view
        more = len(rows) == PAGE
        fresh = model.count_new(rows)
        # Nothing moves under somebody who reads: new rows are announced.
        apart = bool(model.rowCount()) and not view.at_top and fresh > 0
        keep = [row.dedupe_key for row in view.highlighted()]
        current = view.current_row()
        anchor = view.verticalScrollBar().value()
        model.update_newest(rows, more=more, add=not apart)
        if current is not None:
            self._highlight(keep, current.dedupe_key)
        if not view.at_top or apart:
            view.verticalScrollBar().setValue(anchor)
        self._today = _day(self._context.now())
        self._news.setText(f"{fresh:,} new, show")
        self._news.setVisible(apart)
        if model.rowCount():
            self._stack.setCurrentIndex(0)
        else:
            self._show_empty()

    def _show_older(
        self, found: tuple[InboxQuery, tuple[InboxRow, ...], InboxCounts | None]
    ) -> None:
        query, rows, _ = found
        if query == self.filters.query:
            self.model.add_older(rows, more=len(rows) == PAGE)

    def _highlight(self, keys: list[str], current: str) -> None:
        view, selection = self.view, self.view.selectionModel()
        place = self.model.place_of(current)
        if not place.isValid() or view.currentIndex() == place:
            return
        bar = view.verticalScrollBar().value()
        selection.setCurrentIndex(place, selection.SelectionFlag.NoUpdate)
        for key in keys:
            index = self.model.place_of(key)
            if index.isValid():
                selection.select(
                    index,
                    selection.SelectionFlag.Select | selection.SelectionFlag.Rows,
                )
        view.verticalScrollBar().setValue(bar)

    def _failed(self, error: BaseException) -> None:
        self._reading = False
        self._again = False
        if self.model.rowCount():
            self._context.messages.failed(error)
            return
        self._state.show_error(error, self.refresh)
        self._stack.setCurrentIndex(1)

    def _show_empty(self) -> None:
        if self.filters.narrowed:
            self._state.show_state(
                "bell",
                "Nothing here fits",
                "The inbox has nothing with this filter.",
                [("Show all", self.filters.reset)],
            )
        else:
            self._state.show_state(
                "bell",
                "Nothing waits for you",
                "Results and failures are put here when they come.",
                [],
            )
        self._stack.setCurrentIndex(1)

    def _show_counts(self, counts: InboxCounts) -> None:
        self._unread.setText(f"{counts.unread:,} unread" if counts.unread else "")
        self._all_read.setVisible(counts.unread > 0)
        self.filters.show_counts(counts)

    # What was asked.

    def _other_query(self) -> None:
        self.model.show_rows(())
        self.view.scrollToTop()
        self.refresh()

    def _show_news(self) -> None:
        self.view.scrollToTop()
        self._news.hide()
        self.refresh()

    def _only(self, scope: str, row: InboxRow) -> None:
        if scope == "feed":
            self.filters.narrow(InboxQuery(feed_id=row.feed_id))
        else:
            self.filters.narrow(InboxQuery(batch_key=row.batch_key))

    def _follow_link(self) -> None:
        place = self._wanted
        if place is None:
            return
        index = self.model.place_of(place.item)
        self._wanted = None
        if index.isValid():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)
        if place.verb:
            self._tasks.start(
                self._context.jobs.notices.find(place.item),
                name="find outcome",
                done=lambda row: self._verbs.do(place.verb, (row,) if row else ()),
            )

    def _jobs_changed(self, changes: tuple[JobChange, ...]) -> None:
        shown = self.view.viewport().rect()
        first = self.view.rowAt(shown.top())
        last = self.view.rowAt(shown.bottom())
        last = last if last >= 0 else self.model.rowCount() - 1
        keys = {change.after.key for change in changes}
        for number in range(max(first, 0), last + 1):
            row = self.model.index(number, 0).data(ROW_ROLE)
            if isinstance(row, InboxRow) and row.job_key in keys:
                self.view.viewport().update()
                break
        if self._today != _day(self._context.now()):
            self._today = _day(self._context.now())
            self.model.day_changed()

    def _mark_all(self) -> None:
        async def mark() -> None:
            await self._context.jobs.notices.mark_all(self.filters.query)

        self._tasks.start(mark(), name="mark all read", done=lambda _: self._reread())

    def _reread(self) -> None:
        self.model.show_rows(())
        self.refresh()


def _day(moment: float) -> int:
    return datetime.fromtimestamp(moment).toordinal()
