"""The panel below the list: how one job stands, its past, log, parameters, files."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from chrislib.jobs.history.past import Past
from chrislib.jobs.model import Job, JobKey
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.jobs.facts import (
    facts_of,
    files_of,
    history_of,
    parameters_of,
)
from chrislib.views.jobs.verbs import Verb, more_verbs_of, verbs_of
from chrislib.views.widgets.buttons import Segments, button, icon_button
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.text import ElidedLabel

_HEIGHT = 232
_MENU_ONLY = frozenset({"later-evening", "later-tomorrow"})
_PAGES = (
    ("state", "State"),
    ("history", "History"),
    ("log", "Log"),
    ("parameters", "Parameters"),
    ("files", "Files"),
)


class JobDetail(QWidget):
    """What is known of the highlighted job; hidden while none is highlighted.

    `asked` carries a verb's name and the job.
    """

    asked = Signal(str, object)

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._theme = theme
        self._tasks = context.tasks("job details")
        self._job: Job | None = None
        self._past: Past | None = None
        self._read_as: tuple[JobKey, int, int] | None = None
        self.stall = ""
        self.setObjectName("jobs.detail")
        self.setAccessibleName("Details of the job")
        self._title = ElidedLabel(theme, style="section", name="jobs.detail.title")
        self._pages = Segments(
            theme, [(key, word, "") for key, word in _PAGES], name="jobs.detail.pages"
        )
        self._facts = QPlainTextEdit()
        self._facts.setObjectName("jobs.detail.facts")
        self._facts.setAccessibleName("Facts of the job")
        self._facts.setReadOnly(True)
        self._facts.setFrameStyle(0)
        self._facts.setTabChangesFocus(True)
        self._facts.viewport().setAutoFillBackground(False)
        self._facts.setStyleSheet(
            "QPlainTextEdit { background: transparent; border: none; }"
        )
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        self._shown: tuple[Verb, ...] = ()
        self._build()
        self.hide()
        self._dress()
        self._pages.chosen.connect(lambda _key: self._fill())
        theme.changed.connect(self._dress)

    def show_job(self, job: Job | None, *, stall: str = "") -> None:
        """Show what is known of `job`; None hides the panel."""
        other = job is None or self._job is None or job.key != self._job.key
        self._job = job
        self.stall = stall
        self.setVisible(job is not None)
        if job is None:
            self._past = None
            self._read_as = None
            return
        if other:
            self._past = None
        self._title.setText(one_line(job.title))
        self._show_buttons(job)
        self._fill()
        read = (job.key, job.seq, job.epoch)
        if read != self._read_as:
            self._read_as = read
            key = job.key
            self._tasks.start(
                self._context.jobs.history.of(key),
                name="read the past",
                done=lambda past: self._take_past(key, past),
            )

    def show_page(self, name: str) -> None:
        """Turn to "state", "history", "log", "parameters" or "files"."""
        self._pages.choose(name)
        self._fill()

    def shutdown(self) -> None:
        """Drop what is being read."""
        self._tasks.cancel_all()

    def sizeHint(self) -> QSize:
        """Return the height the panel begins with."""
        return QSize(600, self._theme.px(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        """Return room for the head and a few lines."""
        return QSize(200, self._theme.px(120))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the hairline above."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("bg.panel"))
        painter.setPen(self._theme.color("border.subtle"))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()

    # -- inside --------------------------------------------------------------

    def _build(self) -> None:
        theme = self._theme
        copy = icon_button(
            theme, "copy", name="jobs.detail.copy", tooltip="Copy what is shown"
        )
        copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self._facts.toPlainText())
        )
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addLayout(self._row)
        tabs = QHBoxLayout()
        tabs.addWidget(self._pages)
        tabs.addStretch(1)
        tabs.addWidget(copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 12, 16, 8)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(tabs)
        column.addWidget(self._facts, 1)

    def _take_past(self, key: JobKey, past: Past) -> None:
        if self._job is not None and self._job.key == key:
            self._past = past
            self._fill()

    def _fill(self) -> None:
        job = self._job
        if job is None:
            return
        text = self._text(job)
        if text == self._facts.toPlainText():
            return
        bar = self._facts.verticalScrollBar()
        place = bar.value()
        self._facts.setPlainText(text)
        self._facts.setFont(
            self._theme.font("mono" if self._pages.current == "log" else "small")
        )
        bar.setValue(place)

    def _text(self, job: Job) -> str:
        page = self._pages.current
        now = self._context.now()
        if page == "state":
            return facts_of(job, now, stall=self.stall)
        if page == "parameters":
            return parameters_of(job)
        if self._past is None:
            return "Reading …"
        if page == "history":
            return history_of(self._past, now)
        if page == "files":
            return files_of(self._past)
        return self._past.log or (
            "No log is kept yet. It is fetched when the computation is over."
            if not job.phase.terminal
            else "No log was kept."
        )

    def _show_buttons(self, job: Job) -> None:
        more = [verb for verb in more_verbs_of(job) if verb.name not in _MENU_ONLY]
        verbs = (*verbs_of(job), *more)
        if verbs == self._shown:
            return
        self._shown = verbs
        empty(self._row)
        for verb in verbs:
            word = "Open feed" if verb.name == "show" and job.feed_id else verb.word
            kind = verb.kind if verb.kind != "primary" else "secondary"
            made = button(
                self._theme,
                word,
                kind=kind,
                icon=verb.icon,
                name=f"jobs.detail.{verb.name}",
                tooltip=f"{word} ({verb.key})" if verb.key else word,
                small=True,
            )
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            made.clicked.connect(lambda _on=False, name=verb.name: self._press(name))
            self._row.addWidget(made)

    def _press(self, name: str) -> None:
        if self._job is not None:
            self.asked.emit(name, self._job)

    def _dress(self) -> None:
        self._facts.setFont(self._theme.font("small"))
        palette = self._facts.palette()
        palette.setColor(
            self._facts.foregroundRole(), self._theme.color("text.secondary")
        )
        self._facts.setPalette(palette)
        self.updateGeometry()
        self.update()
