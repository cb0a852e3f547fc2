"""Jobs: everything that runs, waits for you, or has ended."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.jobs.model import InboxRow, Job, JobChange, JobKey, Kind
from chrislib.views.context import ViewContext
from chrislib.views.jobs.detail import JobDetail
from chrislib.views.jobs.job_model import JobModel
from chrislib.views.jobs.job_view import JobView
from chrislib.views.jobs.verbs import JobVerbs
from chrislib.views.jobs.words import GROUPS, checked_text
from chrislib.views.widgets.buttons import Field, Segments
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line

_KINDS: dict[str, Kind | None] = {
    "all": None,
    "pull": Kind.PULL,
    "upload": Kind.UPLOAD,
    "run": Kind.RUN,
    "download": Kind.DOWNLOAD,
}
_TICK_MS = 1000


class JobsPane(QWidget):
    """The job list with its head, filter and the facts of the highlighted job."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.setObjectName("jobs")
        self.setAccessibleName("Jobs")
        self.setProperty("surface", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        theme = context.theme
        self._tasks = context.tasks("jobs")
        self._inbox: dict[JobKey, InboxRow] | None = None
        self._wanted: JobKey | None = None
        self._verbs = JobVerbs(context, self._tasks, self._row_of)
        self.model = JobModel(self, settled=self._settled, now=context.now)
        self.view = JobView(theme, self.model, self)
        self._detail = JobDetail(theme)
        self._detail.asked.connect(self._do)
        self._glyph = QLabel()
        self._checked = Label(theme, style="small", name="jobs.checked")
        self._kinds = Segments(
            theme,
            [
                ("all", "All", ""),
                ("pull", "Pulls", ""),
                ("upload", "Uploads", ""),
                ("run", "Runs", ""),
                ("download", "Downloads", ""),
            ],
            name="jobs.kinds",
        )
        self._filter = Field(
            theme, "Filter jobs", name="jobs.filter", icon="search", small=True
        )
        self._filter.setFixedWidth(200)
        self._filter.setClearButtonEnabled(True)
        self._empty = StateView(
            theme,
            "list",
            "Nothing has run yet",
            "Pulls, uploads, runs and downloads are listed here, and stay until "
            "their result is in your hands.",
        )
        self._none = StateView(
            theme,
            "scan-search",
            "No job like that",
            "No job has these words in its title or detail.",
            [("Show all", self._clear_filter)],
            primary=False,
        )
        self._stack = QStackedWidget()
        self._build()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_checked)
        self._kinds.chosen.connect(lambda _key: self._refilter())
        self._filter.textChanged.connect(lambda _text: self._refilter())
        self.view.asked.connect(self._do)
        self.view.get_all_asked.connect(self._verbs.get_all)
        self.view.selectionModel().currentChanged.connect(
            lambda _new, _old: self._show_detail()
        )
        context.job_feed.changed.connect(self._changed)
        context.job_feed.inboxChanged.connect(self._read_inbox)
        theme.changed.connect(self._show_checked)
        self.refresh_list()
        self._read_inbox()

    def show_job(self, job_key: str | None) -> None:
        """Highlight a job; None leaves the highlight where it is."""
        if job_key is None:
            self.view.setFocus()
            return
        self._wanted = JobKey(job_key)
        if not self.model.index_of(self._wanted).isValid():
            self._clear_filter()
        self._highlight_wanted()
        self.view.setFocus()

    def refresh_list(self) -> None:
        """Read the jobs again from memory."""
        current = self.view.current_job()
        self.model.show_jobs(self._context.jobs.jobs())
        if current is not None:
            self._wanted = current.key
            self._highlight_wanted()
        self._show_page()
        self._show_checked()

    def refresh(self) -> None:
        """Show what is known now (the shell asks the server)."""
        self.refresh_list()
        self._read_inbox()

    def focus_filter(self) -> None:
        """Go to the filter field."""
        self._filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._filter.selectAll()

    def escape(self) -> bool:
        """Clear the filter; False when there was none."""
        if self._filter.text():
            self._clear_filter()
            return True
        return False

    def shutdown(self) -> None:
        """Cancel what the pane asked for; jobs go on."""
        self._tick.stop()
        self._tasks.cancel_all()

    def showEvent(self, event: QShowEvent) -> None:
        """Count seconds only while somebody looks."""
        super().showEvent(event)
        self._tick.start()
        self._show_checked()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop counting."""
        super().hideEvent(event)
        self._tick.stop()

    def _build(self) -> None:
        theme = self._context.theme
        head = QHBoxLayout()
        head.setContentsMargins(24, 0, 16, 0)
        head.setSpacing(8)
        head.addWidget(Label(theme, "Jobs", style="page", name="jobs.title"))
        head.addSpacing(4)
        head.addWidget(self._glyph)
        head.addWidget(self._checked)
        head.addStretch(1)
        head.addWidget(self._kinds)
        head.addSpacing(4)
        head.addWidget(self._filter)
        bar = QWidget()
        bar.setFixedHeight(theme.px(55))
        bar.setLayout(head)
        listing = QWidget()
        column = QVBoxLayout(listing)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        column.addWidget(self._detail)
        for page in (listing, self._empty, self._none):
            self._stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(bar)
        whole.addWidget(line())
        whole.addWidget(self._stack, 1)

    def _row_of(self, key: JobKey) -> InboxRow | None:
        return (self._inbox or {}).get(key)

    def _settled(self, job: Job) -> bool:
        if self._inbox is None:
            return False
        row = self._inbox.get(job.key)
        return row is None or row.acted_at is not None

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        self.model.apply(changes)
        self._show_page()
        self._highlight_wanted()
        self._show_checked()
        current = self.view.current_job()
        if current is not None and any(c.after.key == current.key for c in changes):
            self._show_detail()

    def _read_inbox(self) -> None:
        self._tasks.start(
            self._context.jobs.inbox(), name="read inbox", done=self._take_inbox
        )

    def _take_inbox(self, rows: tuple[InboxRow, ...]) -> None:
        self._inbox = {}
        for row in rows:
            if row.job_key is not None:
                self._inbox.setdefault(row.job_key, row)
        self.refresh_list()

    def _refilter(self) -> None:
        current = self.view.current_job()
        self.model.set_filter(_KINDS[self._kinds.current], self._filter.text())
        if current is not None:
            self._wanted = current.key
            self._highlight_wanted()
        self._show_page()

    def _clear_filter(self) -> None:
        self._kinds.choose("all")
        self._filter.clear()
        self._refilter()

    def _highlight_wanted(self) -> None:
        if self._wanted is None:
            return
        self.model.reveal(self._wanted)
        index = self.model.index_of(self._wanted)
        if index.isValid():
            self._wanted = None
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)

    def _show_page(self) -> None:
        total = self.model.total()
        self._kinds.set_label("all", f"All   {total:,}" if total else "All")
        shown = any(self.model.count_of(group) for group in GROUPS)
        self._stack.setCurrentIndex(0 if shown else 1 if not total else 2)

    def _show_detail(self) -> None:
        self._detail.show_job(self.view.current_job(), now=self._context.now())

    def _show_checked(self) -> None:
        jobs = self._context.jobs
        icon, token, words = checked_text(jobs.checked_at, self._context.now())
        state = str(self._context.session.state.value)
        if state == "unreachable":
            icon, token = "cloud-off", "state.errors"
            words = f"Offline. {words}"
        elif state == "auth_required":
            icon, token, words = "triangle-alert", "state.errors", "Sign in again"
        if words != self._checked.text() or not self._glyph.pixmap():
            self._checked.setText(words)
            self._checked.set_token(token)
            ratio = self.devicePixelRatioF()
            self._glyph.setPixmap(
                self._context.theme.pixmap(icon, token, size=14, dpr=ratio)
            )
        # spans and times are drawn anew; nothing else of the rows has changed
        self.view.viewport().update()

    def _do(self, name: str, job: Job) -> None:
        self._verbs.do(name, job=self._context.jobs.get(job.key) or job)
