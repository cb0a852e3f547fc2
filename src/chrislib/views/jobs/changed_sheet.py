"""What is not as it was when a run was sent, and what to do about it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.jobs.model import Job
from chrislib.jobs.outputs.fingerprint import Comparison
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, plain_tooltip

_HEADS = ("What", "Name", "When it was sent", "Now")
_WHAT = {
    "node before": "Node before it",
    "parameter": "Parameter",
    "input file": "Input file",
    "library item": "In your library",
    "local file": "File here",
}


class ChangedSheet(Sheet):
    """A table of differences; add as separate, replace, or leave it."""

    def __init__(
        self, window: QWidget, context: ViewContext, *, job: Job, found: Comparison
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Not as it was when this was sent" if not found.same else "As it was",
            one_line(job.title),
            width=860,
            height=min(520, 232 + 30 * (len(found.differences) + 1)),
        )
        theme = context.theme
        self.setObjectName("changed.sheet")
        self._context = context
        self._job = job
        self._tasks = self.own(context.tasks("state changed"))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(
            Label(theme, _sentence(found), token="text.secondary", wrap=True)
        )
        self.table = _table(theme.font("small"), found)
        self.table.verticalHeader().setDefaultSectionSize(theme.px(28))
        self.table.setVisible(not found.same)
        column.addWidget(self.table, 1)
        if found.same:
            column.addStretch(1)
        self.body.addWidget(page)
        self.cancel_button.setText("Leave it" if not found.same else "Close")
        self.next_button.setText("Add as separate")
        self.next_button.setToolTip("Beside what is there; nothing is overwritten")
        self.next_button.setVisible(not found.same)
        self.replace_button = self.back_button
        self.replace_button.setText("Replace")
        self.replace_button.setToolTip(
            "In place of what is there; the old files are overwritten"
        )
        self.replace_button.setVisible(not found.same)
        self.next_pressed.connect(lambda: self._settle("separate"))
        self.replace_button.clicked.connect(lambda: self._settle("replace"))

    def _settle(self, how: str) -> None:
        for piece in (self.next_button, self.replace_button):
            piece.setEnabled(False)
        self._tasks.start(
            self._context.jobs.results.settle(self._job.key, how),
            name=how,
            done=self._settled,
            failed=self._failed,
        )

    def _settled(self, applied: bool) -> None:
        if not applied:
            self._context.messages.info(
                "There is nothing here yet to add.", hint="Get its files first."
            )
        self.accept()

    def _failed(self, error: BaseException) -> None:
        for piece in (self.next_button, self.replace_button):
            piece.setEnabled(True)
        self.set_note(str(error), kind="failed")


def _sentence(found: Comparison) -> str:
    if not found.known:
        return (
            "It is not known how things were when this was sent, so nothing can be "
            "compared."
        )
    missing = "" if found.inputs_compared else " Its input files were not compared."
    if found.same:
        return f"Nothing is known to have changed since it was sent.{missing}"
    count = len(found.differences)
    some = "1 thing is" if count == 1 else f"{count:,} things are"
    return (
        f"{some} not as they were. The result was computed from how it was then."
        f"{missing}"
    )


def _table(font: object, found: Comparison) -> QTableWidget:
    table = QTableWidget(len(found.differences), len(_HEADS))
    table.setObjectName("changed.table")
    table.setAccessibleName("What has changed")
    table.setHorizontalHeaderLabels(list(_HEADS))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    # cells begin where their heads do
    table.setStyleSheet("QTableWidget::item { padding-left: 6px; }")
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    for row, one in enumerate(found.differences):
        values = (
            _WHAT.get(one.what, one.what),
            one.name,
            one.before or "not there",
            one.after or "not there",
        )
        for column, value in enumerate(values):
            item = QTableWidgetItem(value)
            item.setToolTip(plain_tooltip(value))
            item.setFont(font)  # type: ignore[arg-type]
            table.setItem(row, column, item)
    return table
