"""What will be run: every command of a row or of all, and what is left out."""

import time

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_model import LEFT, REFUSED
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.feeds.many_model import ManyModel
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.text import Label

AT_ONCE = 50
"""Rows whose commands are put on screen in one turn, at most."""
_TURN = 0.003
"""Seconds one turn may take."""
_PAUSE = 8
"""Milliseconds between turns: the window answers meanwhile."""


class ReviewPage(QWidget):
    """The last page: what is made, what is not, and every command."""

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self._context = context
        self.dry = DryRun(context, tall=True)
        self._summary = Label(
            context.theme, style="body", wrap=True, name="many.summary"
        )
        head = QVBoxLayout()
        head.setContentsMargins(16, 16, 16, 8)
        head.addWidget(self._summary)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.dry, 1)

    def show_rows(self, model: ManyModel) -> None:
        """Show what the rows come to now."""
        table = model.table
        if table is None:
            return
        can = len(table.to_start())
        lines = [
            f"{count(can, 'feed')} with {count(table.runs_each, 'node')} each "
            f"{'is' if can == 1 else 'are'} made on {self._context.session.host}, "
            "sent a few at a time. One progress and one message for all: it can be "
            "paused, and goes on after a restart."
        ]
        left = left_words(table)
        if left:
            lines.append(f"Not started: {left}.")
        self._summary.setText("\n".join(lines))
        self.dry.show_all(model)


class DryRun(QWidget):
    """What a row, or all of them, come to: commands that can be copied and saved.

    Parameters
    ----------
    tall : bool
        Whether it fills its place, as in the review.
    """

    save_wanted = Signal(str)

    def __init__(self, context: ViewContext, *, tall: bool = False) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._model: ManyModel | None = None
        self._row = -1
        self._ahead: list[int] = []
        self._scroll = 0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE)
        self._later.timeout.connect(self._go_on)
        self._head = Label(theme, style="small", token="text.secondary")
        self._which = Segments(
            theme, (("row", "This row", ""), ("all", "All", "")), name="many.which"
        )
        self._copy = button(
            theme, "Copy", kind="quiet", icon="copy", name="many.copy", small=True
        )
        self._save = button(
            theme, "Save as text …", kind="quiet", name="many.save", small=True
        )
        self._text = QPlainTextEdit()
        self._text.setObjectName("many.dry")
        self._text.setAccessibleName("Dry run")
        self._text.setReadOnly(True)
        self._text.setUndoRedoEnabled(False)
        self._text.setFont(theme.font("mono"))
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setTabChangesFocus(True)
        if not tall:
            self._text.setFixedHeight(theme.px(92))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Label(theme, "Dry run", style="small-strong"))
        row.addWidget(self._head, 1)
        row.addWidget(self._which)
        row.addWidget(self._copy)
        row.addWidget(self._save)
        self._which.setVisible(not tall)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 12)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self._text, 1)
        self._which.chosen.connect(lambda _key: self._show())
        self._copy.clicked.connect(self._copied)
        self._save.clicked.connect(lambda: self.save_wanted.emit(self.whole_text()))

    def show_row(self, model: ManyModel, number: int) -> None:
        """Show what a row comes to, or all of them, as chosen."""
        self._model, self._row = model, number
        self._show()

    def show_all(self, model: ManyModel) -> None:
        """Show what all rows come to."""
        self._model = model
        self._which.choose("all")
        self._show()

    def whole_text(self) -> str:
        """Return all that was chosen, also what is not shown."""
        table = self._model.table if self._model is not None else None
        if table is None:
            return ""
        if self._which.current == "row" and self._row >= 0:
            return table.dry_run([self._row])
        return table.dry_run()

    def _show(self) -> None:
        model = self._model
        table = model.table if model is not None else None
        if model is None or table is None:
            return
        self._later.stop()
        self._ahead = []
        if self._which.current == "row":
            if not 0 <= self._row < len(table.rows):
                self._head.setText("")
                self._text.setPlainText("")
                return
            name = model.subject_words(table.rows[self._row])[0]
            self._head.setText(f"Row {self._row + 1}, {name} · nothing is sent")
            self._text.setPlainText(table.dry_run([self._row]))
            return
        rows = table.to_start()
        self._head.setText(f"{count(len(rows), 'feed')} · nothing is sent")
        self._scroll = self._text.verticalScrollBar().value()
        self._text.setPlainText("")
        self._ahead = rows[::-1]
        self._go_on()

    def _go_on(self) -> None:
        """Put the commands of some more rows below those that are there."""
        model = self._model
        table = model.table if model is not None else None
        if table is None or any(n >= len(table.rows) for n in self._ahead[:1]):
            return  # other rows are shown next
        lines: list[str] = []
        began = time.perf_counter()
        for _ in range(AT_ONCE):
            if not self._ahead or time.perf_counter() - began > _TURN:
                break
            lines.append(table.dry_run([self._ahead.pop()]))
        document = self._text.document()
        cursor = QTextCursor(document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        between = "" if document.isEmpty() else "\n\n"
        cursor.insertText(between + "\n\n".join(lines))
        # who looked further down stays there
        bar = self._text.verticalScrollBar()
        if 0 < self._scroll <= bar.maximum():
            bar.setValue(self._scroll)
            self._scroll = 0
        if self._ahead:
            self._later.start()

    def _copied(self) -> None:
        QGuiApplication.clipboard().setText(self.whole_text())
        self._context.messages.info("Copied what would be run", seconds=4)


def left_words(table: ManyTable) -> str:
    """Return what does not start: "3 rows need attention, 1 is left out"."""
    counts = table.counts()
    refused, left = counts.get(REFUSED, 0), counts.get(LEFT, 0)
    parts = []
    if refused:
        parts.append(
            f"{count(refused, 'row')} need{'s' if refused == 1 else ''} attention"
        )
    if left:
        parts.append(f"{left:,} {'is' if left == 1 else 'are'} left out")
    return ", ".join(parts)
