"""Jobs: everything that runs, waits for you, or has ended."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from chrislib.jobs.model import InboxRow, Job, JobChange, JobKey
from chrislib.views.context import ViewContext
from chrislib.views.jobs import batches
from chrislib.views.jobs.arranger import Arranger
from chrislib.views.jobs.batch_strip import BatchStrip
from chrislib.views.jobs.bulk import offers, which
from chrislib.views.jobs.detail import JobDetail
from chrislib.views.jobs.doing import JobVerbs
from chrislib.views.jobs.job_model import JobModel
from chrislib.views.jobs.job_view import JobView
from chrislib.views.jobs.jobs_head import JobsHead
from chrislib.views.jobs.row_times import RowTimes
from chrislib.views.jobs.words import GROUPS, RUNNING, checked_text
from chrislib.views.navigation import ShowJobs
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.state_view import StateView

_TICK_MS, _SLOW_MS = 1_000, 15_000
_TYPING_MS = 150
_GROUP = "jobs.group"


class JobsPane(QWidget):
    """The job list with its head, filter and the facts of the highlighted job."""

    sheet_requested = Signal(str)
    """A sheet of the shell: "health" or "track"."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.setObjectName("jobs")
        self.setAccessibleName("Jobs")
        self.setProperty("surface", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        theme = context.theme
        self._tasks = context.tasks("jobs")
        self._wanted: JobKey | None = None
        self._strip = BatchStrip(theme)
        self._wanted_row: str | None = None
        self._verbs = JobVerbs(context, self._tasks, self._no_row, window=self.window)
        self.head = JobsHead(theme)
        self.head.choose_group(str(context.layout.get(_GROUP) or ""))
        jobs = context.jobs
        self._arranger = Arranger(context, self._tasks, self)
        self.model = JobModel(
            self,
            read=jobs.get,
            now=context.now,
            stall=self._arranger.stall,
            left=jobs.durations.left,
        )
        self._arranger.model = self.model
        self.view = JobView(theme, self.model, self)
        self._times = RowTimes(self.view)
        # These are made when they are first shown: the list comes sooner.
        self._detail: JobDetail | None = None
        self._pages: dict[str, StateView] = {}
        self._new = button(theme, "", kind="primary", name="jobs.new", small=True)
        self._new.setParent(self.view)
        self._new.hide()
        self._stack = QStackedWidget()
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self._build()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._second)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._refilter)
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(0)
        self._counting.timeout.connect(self._show_many)
        self._connect()
        # rows are arranged once it is known which troubles are dealt with
        self._arranger.begin(self.head.wanted())
        self._arranger.read_batches()

    def show_job(self, job_key: str | None, batch_key: str = "") -> None:
        """Highlight a job; None leaves the highlight where it is.

        Parameters
        ----------
        batch_key : str
            Only the jobs of this batch are shown; "" shows all again.
        """
        if batch_key != self.head.batch:
            self._show_batch(batch_key)
        if job_key is None:
            self.view.setFocus()
            return
        self._wanted, self._wanted_row = JobKey(job_key), None
        record = self.model.arranged.records.get(self._wanted)
        if self._arranger.begun and (record is None or record.group < 0):
            self._clear_filter()
        self._highlight_wanted()
        self.view.setFocus()

    def refresh_list(self) -> None:
        """Read the jobs again from memory."""
        self._arranger.arrange(self.head.wanted())

    def refresh(self) -> None:
        """Show what is known now (the shell asks the server)."""
        self.refresh_list()
        self._arranger.read_problems()
        self._arranger.read_batches()

    def focus_filter(self) -> None:
        """Go to the filter field."""
        self.head.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.head.filter.selectAll()

    def escape(self) -> bool:
        """Clear the filter; False when there was none."""
        if self.head.wanted().filters:
            self._clear_filter()
            return True
        if self.head.batch:
            self._leave_batch()
            return True
        return False

    def shutdown(self) -> None:
        """Cancel what the pane asked for; jobs go on."""
        self._tick.stop()
        self._typing.stop()
        self._arranger.stop()
        if self._detail is not None:
            self._detail.shutdown()
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

    # -- inside --------------------------------------------------------------

    def _connect(self) -> None:
        self.head.wanted_changed.connect(self._wanted_changed)
        self.head.track_asked.connect(lambda: self.sheet_requested.emit("track"))
        self.head.health_asked.connect(lambda: self.sheet_requested.emit("health"))
        self.head.left.connect(self._into_list)
        self.head.many_asked.connect(
            lambda name: self._do_many(name, self.view.selected_jobs())
        )
        self.view.asked.connect(self._do)
        self.view.many_asked.connect(self._do_many)
        self.view.batch_asked.connect(self._verbs.do_batch)
        self._strip.left.connect(self._leave_batch)
        self._strip.asked.connect(
            lambda name: self._verbs.do_batch(name, self.head.batch)
        )
        self.view.get_all_asked.connect(self._verbs.get_all)
        self.view.highlighted.connect(self._highlight_changed)
        self.model.counted.connect(self._show_page)
        self.model.modelReset.connect(self._highlight_wanted)
        self._new.clicked.connect(self._to_top)
        self.view.verticalScrollBar().valueChanged.connect(self._announce)
        self._arranger.arranged.connect(self._highlight_changed)
        self._context.job_feed.changed.connect(self._changed)
        self._context.job_feed.inboxChanged.connect(self._arranger.read_problems)
        self._context.theme.changed.connect(self._show_checked)

    def _build(self) -> None:
        self.splitter.setObjectName("jobs.detail.splitter")
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.view)
        self.splitter.setStretchFactor(0, 1)
        self._stack.addWidget(self.splitter)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.head)
        whole.addWidget(self._strip)
        whole.addWidget(self._stack, 1)

    def _no_row(self, _key: JobKey) -> InboxRow | None:
        return None

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        self._arranger.take(changes)
        self._highlight_wanted()
        current = self.view.current_job()
        self._show_checked()
        if current is not None and any(c.after.key == current.key for c in changes):
            self._show_detail()

    def _wanted_changed(self) -> None:
        wanted = self.head.wanted()
        self._context.layout.put(_GROUP, self.head.groups.current)
        if wanted.words != self.model.rules.wanted.words:
            self._typing.start()
        else:
            self._refilter()

    def _refilter(self) -> None:
        self._typing.stop()
        current = self.view.current_job()
        if current is not None:
            self._wanted = current.key
        self._arranger.arrange(self.head.wanted())

    def _clear_filter(self) -> None:
        self.head.blockSignals(True)
        self.head.clear()
        self.head.blockSignals(False)
        self._refilter()

    def _show_batch(self, batch_key: str) -> None:
        """Show the jobs of one batch only, or all again."""
        before, self.head.batch = self.head.batch, batch_key
        self._strip.setVisible(bool(batch_key))
        self._tell_batch()
        self._refilter()
        if not batch_key:
            # one comes back to where one went in, if that is still there
            self._wanted_row = batches.name_of(before)
        elif self._wanted is None:
            self._wanted_row = ""
        self._highlight_wanted()

    def _into_list(self) -> None:
        """Go from the filter to what it left, to its first job if none is there."""
        self._refilter()
        if self.view.current_job() is None:
            self._wanted_row = ""
        self._highlight_wanted()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave_batch(self) -> None:
        self._context.navigator.go(ShowJobs())

    def _tell_batch(self) -> None:
        """Say over its jobs how far the batch is."""
        if self.head.batch:
            self._strip.show_view(self.model.batches.get(self.head.batch))

    def _highlight_wanted(self) -> None:
        wanted, ready = self._wanted_row, not self._arranger.busy
        if wanted is not None and ready and self._arranger.begun:
            self._wanted_row = None
            name = wanted or next(iter(self.model.shown_keys()), "")
            if name and self.view.show_row(name):
                self._wanted = None
        if self._wanted is not None and self.view.show_job(self._wanted):
            self._wanted = None

    def _show_page(self) -> None:
        self._announce()
        self._tell_batch()
        total = self.model.total()
        self.head.show_counts(total, self.model.arranged.states)
        shown = any(self.model.count_of(group) for group in GROUPS)
        if not shown and (self._arranger.busy or not self._arranger.begun):
            return
        shown = shown or bool(self.model.batches)
        page = self.splitter if shown else self._page("none" if total else "empty")
        self._stack.setCurrentWidget(page)

    def _page(self, name: str) -> StateView:
        """Return what is said instead of a list: "empty" or "none"."""
        page = self._pages.get(name)
        if page is not None:
            return page
        theme = self._context.theme
        if name == "empty":
            page = StateView(
                theme,
                "list",
                "Nothing has run yet",
                "Pulls, uploads, runs and downloads are listed here, and stay until "
                "their result is in your hands.",
                [
                    (
                        "Track a run by address …",
                        lambda: self.sheet_requested.emit("track"),
                    )
                ],
                primary=False,
            )
        else:
            page = StateView(
                theme,
                "scan-search",
                "No job like that",
                "No job has these words in its title, plugin, feed or state.",
                [("Show all", self._clear_filter)],
                primary=False,
            )
        self._pages[name] = page
        self._stack.addWidget(page)
        return page

    def _announce(self, _value: int = 0) -> None:
        """Say what came to need attention, where the list is not at its top."""
        risen = self.model.risen
        if not self.view.verticalScrollBar().value():
            risen.clear()
        if risen:
            verb = "needs" if len(risen) == 1 else "need"
            self._new.setText(f"{len(risen):,} {verb} attention, show")
            self._new.adjustSize()
            room = self.view.viewport().width() - self._new.width()
            self._new.move(room // 2, 8)
        self._new.setVisible(bool(risen))

    def _to_top(self) -> None:
        self.view.verticalScrollBar().setValue(0)

    def _highlight_changed(self) -> None:
        self._show_detail()
        self._counting.start()

    def _show_many(self) -> None:
        count = len(self.view.selected_keys())
        jobs = self.view.selected_jobs() if count > 1 else []
        self.head.show_selected(count, offers(jobs))

    def _show_detail(self) -> None:
        job = self.view.current_job()
        if self._detail is None:
            if job is None:
                return
            self._detail = JobDetail(self._context)
            self._detail.asked.connect(self._do)
            self.splitter.addWidget(self._detail)
            self.splitter.setStretchFactor(1, 0)
        self._detail.show_job(job)

    def _second(self) -> None:
        self._show_checked()
        self._arranger.look_for_stalls()

    def _show_checked(self) -> None:
        jobs = self._context.jobs
        idle = not self.model.count_of(RUNNING)
        # where nothing runs, nothing is counted every second
        pace = _SLOW_MS if idle else _TICK_MS
        if self._tick.interval() != pace:
            self._tick.setInterval(pace)
        icon, token, words = checked_text(
            jobs.checked_at, self._context.now(), coarse=idle
        )
        state = str(self._context.session.state.value)
        if state == "unreachable":
            icon, token = "cloud-off", "state.errors"
            words = f"Offline. {words}"
        elif state == "auth_required":
            icon, token, words = "triangle-alert", "state.errors", "Sign in again"
        self.head.show_checked(icon, token, words)
        # spans and times are drawn anew; nothing else of the rows has changed
        self._times.update()

    def _do(self, name: str, job: Job) -> None:
        self._verbs.do(name, job=self._context.jobs.get(job.key) or job)

    def _do_many(self, name: str, jobs: list[Job]) -> None:
        able = which(jobs, name)
        if able:
            self._verbs.do_many(name, able)
