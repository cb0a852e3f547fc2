"""The facts of the highlighted job: why, what to do, which files did not make it."""

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from chrislib.jobs.model import Job
from chrislib.views.jobs.words import look_of, second_line
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import ElidedLabel


def facts_of(job: Job, now: float) -> str:
    """Return what is known about a job, one fact a line; plain text."""
    lines = [look_of(job, now).text]
    if second_line(job):
        lines.append(second_line(job))
    if job.hint:
        lines.append(job.hint)
    started = datetime.fromtimestamp(job.created_at).astimezone()
    lines.append(f"Asked for {started:%Y-%m-%d %H:%M}")
    if job.error_code:
        lines.append(f"Error code {job.error_code}")
    if job.field_errors:
        lines.extend(f"{field}: {text}" for field, text in job.field_errors.items())
    if job.failed_files:
        count = len(job.failed_files)
        lines.append(f"{count:,} file{'s' * (count > 1)} did not make it:")
        lines.extend(f"{one.path}: {one.reason}" for one in job.failed_files[:500])
    return "\n".join(lines)


class JobDetail(QWidget):
    """A strip of 148 px below the list, there while a job is highlighted."""

    asked = Signal(str, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._job: Job | None = None
        self.setObjectName("jobs.detail")
        self._title = ElidedLabel(theme, style="section", name="jobs.detail.title")
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
        copy = button(theme, "Copy", kind="quiet", name="jobs.detail.copy", small=True)
        copy.setToolTip("Copy these facts")
        copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self._facts.toPlainText())
        )
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(44, 10, 16, 8)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._facts, 1)
        self.setFixedHeight(148)
        self.hide()
        self._dress()
        theme.changed.connect(self._dress)

    def show_job(self, job: Job | None, *, now: float) -> None:
        """Show the facts of `job`; None hides the strip."""
        self._job = job
        self.setVisible(job is not None)
        if job is None:
            return
        self._title.setText(job.title)
        text = facts_of(job, now)
        if text != self._facts.toPlainText():
            self._facts.setPlainText(text)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the hairline above."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("bg.panel"))
        painter.setPen(self._theme.color("border.subtle"))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()

    def _dress(self) -> None:
        self._facts.setFont(self._theme.font("small"))
        palette = self._facts.palette()
        palette.setColor(
            self._facts.foregroundRole(), self._theme.color("text.secondary")
        )
        self._facts.setPalette(palette)
        self.update()
