"""Feeds that were started together: one bar, a line each, what failed once more."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.many_runs import SubjectRun
from chrislib.jobs.submission.batches import BatchView
from chrislib.library.dates import show_day
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.models.batch_words import counted
from chrislib.views.models.index import Index
from chrislib.views.navigation import ShowFeed, ShowJobs
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_row, draw_state, draw_text
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, line, plain_tooltip

RUN_ROLE = Qt.ItemDataRole.UserRole + 1
_ROW = 44
_LATER = 250
_PENDING = frozenset({"queued", "running"})


class RunsModel(QAbstractListModel):
    """The subjects of a batch, or those that need a person."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[SubjectRun] = []
        self._shown: list[SubjectRun] = []
        self._kind = "all"

    @property
    def bad(self) -> list[SubjectRun]:
        """What failed."""
        return [run for run in self.all if run.is_bad]

    def show_runs(self, runs: Sequence[SubjectRun]) -> None:
        """Show how they are now; a row keeps its place."""
        self.all = list(runs)
        self._apply()

    def narrow(self, kind: str) -> None:
        """Show all, those under way, or those that failed."""
        self._kind = kind
        self._apply()

    def _apply(self) -> None:
        shown = [
            run
            for run in self.all
            if self._kind == "all"
            or (self._kind == "bad" and run.is_bad)
            or (self._kind == "open" and run.state in _PENDING)
        ]
        if [run.key for run in shown] == [run.key for run in self._shown]:
            self._shown = shown
            if shown:
                self.dataChanged.emit(self.index(0), self.index(len(shown) - 1))
            return
        self.beginResetModel()
        self._shown = shown
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a subject's words, or the subject itself."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        run = self._shown[index.row()]
        if role == RUN_ROLE:
            return run
        if role == Qt.ItemDataRole.DisplayRole:
            return run.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{run.title}, {run.words}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(" ".join(part for part in (run.words, run.hint)))
        return None


class _Delegate(SizedDelegate):
    """Title, and below it the state in words."""

    wide, high = 240, _ROW

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        run = index.data(RUN_ROLE)
        if not isinstance(run, SubjectRun):
            return
        theme, rect = self.theme, option.rect
        draw_row(painter, option, theme)
        half = rect.width() * 2 // 5
        feed = f"feed {run.feed_id}" if run.feed_id is not None else ""
        wide = theme.width("small", feed) + 8 if feed else 0
        words = QRect(rect.left() + 24, rect.top(), half - wide - 32, rect.height())
        draw_text(painter, words, theme, text=run.title)
        if feed:
            place = QRect(words.right() + 4, rect.top(), wide, rect.height())
            draw_text(
                painter, place, theme, text=feed, style="small", token="text.muted"
            )
        state = QRect(
            rect.left() + half + 8, rect.top(), rect.width() - half - 32, rect.height()
        )
        draw_state(painter, state, theme, run.state, run.words)


class _Bar(QWidget):
    """How much is ready, failed, and with the server."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._parts: tuple[tuple[int, str], ...] = ()
        self._total = 0
        self.setFixedHeight(6)

    def show_view(self, view: BatchView) -> None:
        """Show how far a batch is."""
        pending = max(0, view.sent - view.done - view.failed - view.uncertain)
        self._total = view.total
        self._parts = (
            (view.done, "state.ready"),
            (view.failed, "state.failed"),
            (view.uncertain, "state.errors"),
            (pending, "state.running"),
        )
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the parts one beside the other."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("bg.pressed"))
        left = 0.0
        for number, token in self._parts:
            if number and self._total:
                wide = self.width() * number / self._total
                # what exists is seen, however little it is
                box = QRect(round(left), 0, max(2, round(wide)), self.height())
                painter.fillRect(box, self._theme.color(token))
                left += wide
        painter.end()


class ManyRunsSheet(Sheet):
    """How feeds that were started together are; closing it stops nothing.

    Signals
    -------
    started : (str, str)
        What failed runs once more as another batch: its key and its title.
    """

    started = Signal(str, str)

    def __init__(self, window: QWidget, context: ViewContext, batch_key: str) -> None:
        view = context.feeds.many.batch(batch_key)
        title = view.title if view is not None else "Feeds started together"
        super().__init__(window, context.theme, title, "One feed for each subject")
        self.setObjectName("many.runs")
        theme = context.theme
        self._context = context
        self._key = batch_key
        self._looking = False
        self._tasks = self.own(context.tasks("feeds started together"))
        self.model = RunsModel()
        self._bar = _Bar(theme)
        self._words = Label(
            theme, style="small", token="text.secondary", name="many.how"
        )
        self._kinds = Segments(
            theme,
            (("all", "All", ""), ("open", "Under way", ""), ("bad", "Failed", "")),
            name="many.runs.kinds",
        )
        self._pause = button(theme, "Pause", name="many.pause", small=True)
        self._stop_rest = button(
            theme, "Cancel the rest …", kind="danger", name="many.cancel", small=True
        )
        self._again = button(
            theme, "Retry what failed", icon="rotate-cw", name="many.retry", small=True
        )
        self._which = combo("many.runs.which", "Started together", small=True)
        self._which.setMaximumWidth(theme.px(260))
        for one in context.feeds.many.started():
            day = show_day(one.created_at, now=context.now())
            self._which.addItem(f"{one.title}, {day}", one.key)
        self._which.setCurrentIndex(max(0, self._which.findData(batch_key)))
        self._which.setVisible(self._which.count() > 1)
        self._list = QListView()
        self._list.setObjectName("many.runs.list")
        self._list.setAccessibleName("Subjects")
        self._list.setModel(self.model)
        self._list.setItemDelegate(_Delegate(theme, self._list))
        self._list.setMouseTracking(True)
        self._list.setUniformItemSizes(True)
        self._list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._list.activated.connect(self._open)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER)
        self._later.timeout.connect(self._look)
        self._lay_out()
        self.cancel_button.hide()
        self.next_button.setText("Close")
        self.next_pressed.connect(self.accept)
        self._pause.clicked.connect(self._turn)
        self._stop_rest.clicked.connect(self._cancel_rest)
        self._again.clicked.connect(self._retry)
        self._kinds.chosen.connect(self._narrow)
        self._which.activated.connect(lambda _at: self._switch())
        self._unsubscribe = context.feeds.many.subscribe(self._changed)
        context.job_feed.changed.connect(self._moved)
        self._look()

    def done(self, result: int) -> None:
        """Close and stop listening; the feeds go on."""
        self._unsubscribe()
        self._context.job_feed.changed.disconnect(self._moved)
        self._later.stop()
        super().done(result)

    # -- inside ----------------------------------------------------------------

    def _lay_out(self) -> None:
        page = QWidget()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._kinds)
        head.addWidget(self._words, 1)
        for piece in (self._again, self._pause, self._stop_rest, self._which):
            head.addWidget(piece)
        above = QVBoxLayout()
        above.setContentsMargins(24, 16, 24, 12)
        above.setSpacing(12)
        above.addLayout(head)
        above.addWidget(self._bar)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(above)
        column.addWidget(line())
        column.addWidget(self._list, 1)
        self.body.addWidget(page)

    def _changed(self, keys: tuple[str, ...]) -> None:
        if self._key in keys and not self._later.isActive():
            self._later.start()

    def _moved(self, _changes: object) -> None:
        if not self._later.isActive():
            self._later.start()

    def _look(self) -> None:
        """Ask how the subjects are; while one look is made no other is begun."""
        if self._looking:
            self._later.start()
            return
        self._looking = True
        self._tasks.start(
            self._context.feeds.many.runs(self._key),
            name="look at them",
            done=partial(self._show, self._key),
            failed=self._not_seen,
        )

    def _not_seen(self, error: BaseException) -> None:
        self._looking = False
        self._context.messages.failed(error)

    def _show(self, key: str, runs: Sequence[SubjectRun]) -> None:
        self._looking = False
        if key != self._key:
            self._look()
            return
        view = self._context.feeds.many.batch(self._key)
        self.model.show_runs(runs)
        if view is None:
            self._words.setText("This batch is not known any more.")
            return
        self._bar.show_view(view)
        bad = self.model.bad
        under_way = sum(run.state in _PENDING for run in self.model.all)
        for kind, words, number in (
            ("all", "All", len(self.model.all)),
            ("open", "Under way", under_way),
            ("bad", "Failed", len(bad)),
        ):
            self._kinds.set_label(kind, f"{words} {number:,}")
        self._words.setText(_how(view))
        self._again.setVisible(bool(bad))
        self._again.setText(f"Retry {count(len(bad), 'subject')}")
        running, paused = view.state == "RUNNING", view.state == "PAUSED"
        waits = view.waiting > 0
        self._pause.setVisible(paused or (running and waits))
        self._pause.setText("Resume" if paused else "Pause")
        self._stop_rest.setVisible((running or paused) and waits)
        if paused and view.detail:
            self.set_note(view.detail, kind="failed")
        else:
            self.set_note("You can close this and chrislib: it goes on by itself.")

    def _switch(self) -> None:
        """Show what was started at another time."""
        self._key = str(self._which.currentData())
        view = self._context.feeds.many.batch(self._key)
        self.title.setText(view.title if view is not None else "")
        self._look()

    def _narrow(self, kind: str) -> None:
        self.model.narrow(kind)

    def _turn(self) -> None:
        many = self._context.feeds.many
        view = many.batch(self._key)
        if view is None:
            return
        work = many.resume if view.state == "PAUSED" else many.pause
        self._tasks.start(work(self._key), name="pause", done=lambda _: self._look())

    def _cancel_rest(self) -> None:
        self._tasks.start(self._ask_cancel(), name="cancel the rest")

    async def _ask_cancel(self) -> None:
        many = self._context.feeds.many
        view = many.batch(self._key)
        if view is None:
            return
        sure = await self._context.dialogs.confirm(
            f"Cancel {count(view.waiting, 'run')}?",
            "They were not sent yet and are taken back. What the server has goes on.",
            action=f"Cancel {count(view.waiting, 'run')}",
            danger=True,
        )
        if sure:
            await many.cancel(self._key)

    def _retry(self) -> None:
        bad = self.model.bad
        title = f"{self.title.text()}, once more"[:100]
        self._tasks.start(
            self._context.feeds.many.retry(bad, title),
            name="retry",
            done=lambda key: self._retried(key, title),
            failed=lambda error: self.set_note(str(error), kind="failed"),
        )

    def _retried(self, key: str, title: str) -> None:
        self.accept()
        self.started.emit(key, title)

    def _open(self, index: QModelIndex) -> None:
        run = index.data(RUN_ROLE)
        if not isinstance(run, SubjectRun):
            return
        go = self._context.navigator.go
        feed_id = run.feed_id
        self.accept()
        go(ShowFeed(feed_id) if feed_id is not None else ShowJobs(run.key))


def _how(view: BatchView) -> str:
    """Return how far a batch is, in words."""
    parts = counted(view, sent="runs sent")
    if view.state == "PAUSED":
        parts.insert(0, "Paused")
    return " · ".join(parts)
