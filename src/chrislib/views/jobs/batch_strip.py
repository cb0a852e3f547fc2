"""What stands over the jobs of one batch: its name, how far it is, and the way back."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chrislib.shown import one_line
from chrislib.views.jobs import batches
from chrislib.views.jobs.verbs import Verb
from chrislib.views.models.batch_words import BatchView
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import ElidedLabel, Label, line

_HIGH = 44
_VERBS: tuple[Verb, ...] = (batches.PAUSE, batches.RESUME, batches.CANCEL_REST)


class BatchStrip(QWidget):
    """Shown while the list is that of one batch.

    Signals
    -------
    left : ()
        All jobs are wanted again.
    asked : str
        A verb for the batch: those of its row, or "subjects".
    """

    left = Signal()
    asked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("jobs.batch")
        self._back = button(
            theme,
            "All jobs",
            kind="quiet",
            icon="arrow-left",
            name="jobs.batch.back",
            small=True,
        )
        self._back.setToolTip("Back to all jobs (Esc)")
        self._glyph = QLabel()
        self._title = Label(theme, style="small-strong", name="jobs.batch.title")
        self._words = ElidedLabel(
            theme, style="small", token="text.secondary", name="jobs.batch.words"
        )
        self._subjects = button(
            theme, "By subject …", name="jobs.batch.subjects", small=True
        )
        self._subjects.setToolTip("A line for each subject, and what failed once more")
        self._buttons = {
            verb.name: button(
                theme, verb.word, name=f"jobs.batch.{verb.name}", small=True
            )
            for verb in _VERBS
        }
        self._build()
        self._back.clicked.connect(self.left)
        self._subjects.clicked.connect(lambda: self.asked.emit("subjects"))
        for name, made in self._buttons.items():
            made.clicked.connect(lambda _on=False, name=name: self.asked.emit(name))
        theme.changed.connect(self._dress)
        self._dress()
        self.hide()

    def show_view(self, view: BatchView | None) -> None:
        """Say how a batch is; None is one that is not known any more."""
        title = one_line(view.title) if view is not None else "Jobs started together"
        words = batches.words(view) if view is not None else ""
        self._title.setText(title)
        self._words.setText(words)
        self.setAccessibleName(", ".join(part for part in (title, words) if part))
        offered = batches.steering(view) if view is not None else ()
        names = {verb.name for verb in offered}
        for name, made in self._buttons.items():
            made.setVisible(name in names)
        self._subjects.setVisible(view is not None)

    def _build(self) -> None:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(8)
        row.addWidget(self._back)
        row.addSpacing(8)
        row.addWidget(self._glyph)
        row.addWidget(self._title)
        row.addWidget(self._words, 1)
        row.addWidget(self._subjects)
        for made in self._buttons.values():
            row.addWidget(made)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar, 1)
        column.addWidget(line())

    def _dress(self) -> None:
        self.setFixedHeight(self._theme.px(_HIGH))
        ratio = self.devicePixelRatioF()
        self._glyph.setPixmap(
            self._theme.pixmap("layers", "text.secondary", size=16, dpr=ratio)
        )
