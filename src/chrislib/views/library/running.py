"""Uploads that run, and those with files that did not make it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.library.model import ItemId
from chrislib.library.uploads import UploadRun
from chrislib.library.words import count, join, size
from chrislib.views.context import ViewContext
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.paint import draw_glyph, draw_state
from chrislib.views.widgets.text import ElidedLabel, Label, line

_SHOWN = 4
_FAILED_SHOWN = 6
_RECENT_SECONDS = 3600.0


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
        self._act = button(theme, "Cancel", name="upload.run.cancel", small=True)
        self._act.clicked.connect(self._pressed)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._detail)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(_Glyph(theme, "upload", "text.secondary"))
        row.addLayout(words, 1)
        self._record = button(
            theme,
            "What was changed …",
            kind="quiet",
            name="upload.run.record",
            small=True,
        )
        self._record.clicked.connect(self._show_record)
        row.addWidget(self._state)
        row.addWidget(self._record)
        row.addWidget(self._act)
        self._head = Label(theme, style="small", token="state.failed")
        self._copy = button(
            theme, "Copy list", kind="quiet", name="upload.run.copy", small=True
        )
        self._copy.clicked.connect(self._copy_list)
        self._again = button(
            theme, "Retry", kind="danger", name="upload.run.retry", small=True
        )
        self._again.clicked.connect(self._retry)
        failed = QHBoxLayout()
        failed.setContentsMargins(28, 0, 0, 0)
        failed.addWidget(self._head, 1)
        failed.addWidget(self._copy)
        failed.addWidget(self._again)
        self._failed = QWidget()
        self._files = QGridLayout()
        self._files.setContentsMargins(28, 0, 0, 4)
        self._files.setHorizontalSpacing(16)
        self._files.setVerticalSpacing(2)
        inner = QVBoxLayout(self._failed)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        inner.addLayout(failed)
        inner.addLayout(self._files)
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
        self._detail.setText(join(f"to uploads / {place}", size(run.size), cleaned))
        self._record.setVisible(run.deidentified and run.ended)
        words = {
            "running": f"{run.done:,} of {count(run.total, 'file')}",
            "queued": "Waiting",
            "ready": "Ready",
        }.get(run.state, "")
        bar = run.total if run.state == "running" else 0
        self._state.show_state(run.state, words, run.done, bar)
        self._act.setText("Show" if run.ended else "Cancel")
        if before is None or before.failed != run.failed or before.state != run.state:
            self._show_failed(run)

    def _show_failed(self, run: UploadRun) -> None:
        while (item := self._files.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
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
        for row, file in enumerate(run.failed[:_FAILED_SHOWN]):
            name = ElidedLabel(self._theme, file.path.rsplit("/", 1)[-1], style="small")
            reason = ElidedLabel(
                self._theme, file.reason, style="small", token="text.secondary"
            )
            self._files.addWidget(
                _Glyph(self._theme, "circle-x", "state.failed", size=14), row, 0
            )
            self._files.addWidget(name, row, 1)
            self._files.addWidget(reason, row, 2)
        self._files.setColumnStretch(1, 2)
        self._files.setColumnStretch(2, 3)
        if number > _FAILED_SHOWN:
            more = Label(
                self._theme,
                f"and {number - _FAILED_SHOWN:,} more",
                style="small",
                token="text.muted",
            )
            self._files.addWidget(more, _FAILED_SHOWN, 1)

    def _pressed(self) -> None:
        if self._run is not None:
            verb = self._verbs.shown if self._run.ended else self._verbs.cancelled
            verb.emit(self._run)

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
    cancelled, retried, shown, recorded : UploadRun
    """

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
