"""Uploads that run, and those with files that did not make it."""

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.library.model import ItemId
from chrislib.library.uploads import UploadRun
from chrislib.library.words import count, join, roughly, size
from chrislib.views.context import ViewContext
from chrislib.views.library.upload_failures import FailureList
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.paint import draw_glyph, draw_state
from chrislib.views.widgets.text import ElidedLabel, Label, line

_SHOWN = 4
_RECENT_SECONDS = 3600.0
_MEASURED_SECONDS = 20.0
_LEAST_SECONDS = 3.0


class Speed:
    """How long an upload still takes, by how fast it was in the last seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: deque[tuple[float, int, int]] = deque()

    def left(self, run: UploadRun) -> str:
        """Return "about 40 s", or "" while nobody can tell."""
        if run.state != "running":
            self._seen.clear()
            return ""
        now = self._now()
        self._seen.append((now, run.done, run.bytes_done))
        while now - self._seen[0][0] > _MEASURED_SECONDS:
            self._seen.popleft()
        began, files, bytes_ = self._seen[0]
        if now - began < _LEAST_SECONDS or run.done <= files:
            return ""
        # whichever is slower: many small files cost time by number
        rest = (run.total - run.done) / (run.done - files)
        if run.bytes_done > bytes_ and run.size:
            rest = max(rest, (run.size - run.bytes_done) / (run.bytes_done - bytes_))
        seconds = rest * (now - began)
        return f"about {roughly(seconds)}"


class StateCell(QWidget):
    """A state with its bar, as delegates draw it, on its own."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._args: tuple[str, str, int, int] = ("queued", "", 0, 0)
        self.setFixedSize(theme.px(220), theme.px(40))
        theme.changed.connect(self.update)

    def show_state(self, key: str, words: str, done: int = 0, total: int = 0) -> None:
        """Show another state."""
        self._args = (key, words, done, total)
        self.setAccessibleName(words)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        key, words, done, total = self._args
        painter = QPainter(self)
        draw_state(
            painter, self.rect(), self._theme, key, words, done=done, total=total
        )
        painter.end()


class _Run(QFrame):
    """One upload: title, state, button, and its failed files."""

    def __init__(self, ctx: ViewContext, verbs: "RunningUploads") -> None:
        super().__init__()
        theme = ctx.theme
        self._theme = theme
        self._verbs = verbs
        self._run: UploadRun | None = None
        self.setObjectName("upload.run")
        self._title = ElidedLabel(theme, name="upload.run.title")
        self._detail = ElidedLabel(theme, style="caption", token="text.muted")
        self._state = StateCell(theme)
        self._left = Label(
            theme, style="caption", token="text.muted", name="upload.run.left"
        )
        self._left.setFixedWidth(theme.px(88))
        self._pause = button(theme, "Pause", name="upload.run.pause", small=True)
        self._pause.clicked.connect(self._toggle)
        self._speed = Speed()
        self._act = button(theme, "Cancel", name="upload.run.cancel", small=True)
        self._act.clicked.connect(self._pressed)
        self._record = button(
            theme,
            "What was changed …",
            kind="quiet",
            name="upload.run.record",
            small=True,
        )
        self._record.clicked.connect(self._show_record)
        self._head = Label(theme, style="small", token="state.failed")
        self._copy = button(
            theme, "Copy list", kind="quiet", name="upload.run.copy", small=True
        )
        self._copy.clicked.connect(self._copy_list)
        self._again = button(
            theme, "Retry", kind="danger", name="upload.run.retry", small=True
        )
        self._again.clicked.connect(self._retry)
        self._failed = QWidget()
        self._files = FailureList(theme)
        self._lay_out()

    def _lay_out(self) -> None:
        theme = self._theme
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._detail)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(_Glyph(theme, "upload", "text.secondary"))
        row.addLayout(words, 1)
        row.addWidget(self._state)
        row.addWidget(self._left)
        row.addWidget(self._record)
        row.addWidget(self._pause)
        row.addWidget(self._act)
        failed = QHBoxLayout()
        failed.setContentsMargins(28, 0, 0, 0)
        failed.addWidget(self._head, 1)
        failed.addWidget(self._copy)
        failed.addWidget(self._again)
        files = QHBoxLayout()
        files.setContentsMargins(28, 0, 0, 4)
        files.addWidget(self._files)
        inner = QVBoxLayout(self._failed)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        inner.addLayout(failed)
        inner.addLayout(files)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 6, 16, 6)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._failed)

    def show_run(self, run: UploadRun) -> None:
        """Show how far it is."""
        before, self._run = self._run, run
        self._title.setText(run.title)
        place = run.folder.partition("/uploads/")[2] or run.folder
        cleaned = "de-identified" if run.deidentified else ""
        told = run.detail if run.state == "ready" else ""
        words = join(f"to uploads / {place}", size(run.size), cleaned, told)
        self._detail.setText(words)
        self._record.setVisible(run.deidentified and run.ended)
        so_far = f"{run.done:,} of {count(run.total, 'file')}"
        words = {
            "running": so_far,
            "queued": f"Paused at {so_far}" if run.paused else "Waiting",
            "ready": "Ready",
        }.get(run.state, "")
        moving = run.state == "running" or run.paused
        bar = run.total if moving else 0
        self._state.show_state(run.state, words, run.done, bar)
        self._left.setText(self._speed.left(run))
        self._left.setVisible(not run.ended)
        self._pause.setText("Resume" if run.paused else "Pause")
        self._pause.setVisible(not run.ended)
        self._act.setText("Show" if run.ended else "Cancel")
        if before is None or before.failed != run.failed or before.state != run.state:
            self._show_failed(run)

    def _show_failed(self, run: UploadRun) -> None:
        wrong = bool(run.failed) or run.state == "failed"
        self._failed.setVisible(wrong)
        if not wrong:
            return
        number = len(run.failed)
        rest = ", the others go on" if not run.ended else ", the others are safe"
        if number:
            self._head.setText(f"{count(number, 'file')} not sent{rest}")
        else:
            self._head.setText(run.detail or "The upload stopped. Nothing is lost.")
        self._copy.setVisible(number > 0)
        self._again.setText(f"Retry {number}" if number else "Retry")
        self._again.setVisible(run.ended)
        self._files.show_files(run.failed, run.sizes)
        self._files.setVisible(number > 0)

    def _pressed(self) -> None:
        if self._run is not None:
            verb = self._verbs.shown if self._run.ended else self._verbs.cancelled
            verb.emit(self._run)

    def _toggle(self) -> None:
        if self._run is not None:
            self._verbs.paused.emit(self._run)

    def _show_record(self) -> None:
        if self._run is not None:
            self._verbs.recorded.emit(self._run)

    def _retry(self) -> None:
        if self._run is not None:
            self._verbs.retried.emit(self._run)

    def _copy_list(self) -> None:
        if self._run is not None:
            lines = (f"{file.path}\t{file.reason}" for file in self._run.failed)
            QGuiApplication.clipboard().setText("\n".join(lines))


class _Glyph(QWidget):
    """An icon beside words."""

    def __init__(self, theme: Theme, icon: str, token: str, *, size: int = 16) -> None:
        super().__init__()
        self._theme, self._icon, self._token, self._size = theme, icon, token, size
        self.setFixedSize(size, size)
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_glyph(
            painter,
            self.rect().topLeft(),
            self._theme,
            icon=self._icon,
            token=self._token,
            size=self._size,
        )
        painter.end()


class RunningUploads(QWidget):
    """The uploads above the scan: running ones, failures, and the one just done.

    Signals
    -------
    paused, cancelled, retried, shown, recorded : UploadRun
    """

    paused = Signal(object)
    """It is to be paused, or to go on if it is."""
    cancelled = Signal(object)
    retried = Signal(object)
    shown = Signal(object)
    recorded = Signal(object)

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._rows: dict[str, _Run] = {}
        self.setObjectName("upload.running")
        self.setAccessibleName("Uploads")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._line = line()
        self._column.addWidget(self._line)
        self.hide()

    def show_runs(self, runs: list[UploadRun]) -> None:
        """Show what runs and what went wrong lately."""
        now = self._ctx.now()
        recent = [
            run
            for run in runs
            if not run.ended
            or (
                run.state in {"failed", "errors", "ready"}
                and now - run.changed_at < _RECENT_SECONDS
            )
        ]
        kept = recent[:_SHOWN]
        for key in [key for key in self._rows if key not in {r.job_key for r in kept}]:
            row = self._rows.pop(key)
            row.hide()
            row.deleteLater()
        for at, run in enumerate(kept):
            row_ = self._rows.get(run.job_key)
            if row_ is None:
                row_ = _Run(self._ctx, self)
                self._rows[run.job_key] = row_
                self._column.insertWidget(at, row_)
            row_.show_run(run)
        self.setVisible(bool(kept))


def item_of_run(run: UploadRun) -> ItemId | None:
    """Return one item of an upload, by which its job is named."""
    return ItemId(run.item_ids[0]) if run.item_ids else None
