"""The sheet of an action on several feeds: a preview, progress, and what failed."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from chrislib.aio import Progress
from chrislib.feeds.bulk import AT_ONCE, Report
from chrislib.feeds.model import FeedRow
from chrislib.views.context import ViewContext
from chrislib.views.feeds.bulk_table import BulkModel, BulkTable
from chrislib.views.widgets.sheet import Sheet

Act = Callable[[Sequence[FeedRow], Progress], Coroutine[Any, Any, Report]]


@dataclass(frozen=True, slots=True)
class BulkWords:
    """What a bulk sheet says.

    Attributes
    ----------
    verb : str
        "Rename": the button says "Rename 3 feeds".
    past : str
        "renamed": "37 are renamed, 3 are not."
    heading : str
        Head of the second column.
    told : bool
        Whether a message says that it is over.
    """

    title: str
    subtitle: str
    verb: str
    past: str
    heading: str
    told: bool = True


def feeds_words(count: int) -> str:
    """Return "1 feed" or "12 feeds"."""
    return "1 feed" if count == 1 else f"{count:,} feeds"


class BulkSheet(Sheet):
    """Shows what will be done, does it, and keeps what failed for another try.

    Parameters
    ----------
    act : callable
        Does it to some feeds; gets whom to tell how many were seen to.
    danger : bool
        It cannot be taken back.
    """

    changed = Signal(object)
    """Numbers of feeds it was done to (a tuple), also when others failed; an empty
    one when it was stopped half-way."""

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        rows: Sequence[FeedRow],
        *,
        words: BulkWords,
        act: Act,
        name: str,
        danger: bool = False,
    ) -> None:
        super().__init__(
            window, context.theme, words.title, words.subtitle, width=760, height=560
        )
        self.setObjectName(name)
        self._context = context
        self._rows = tuple(rows)
        self._words = words
        self._act = act
        self._running = self._leaving = False
        self._tasks = self.own(context.tasks(name))
        self.model = BulkModel(rows, words.heading)
        self.table = BulkTable(context.theme, self.model)
        self._progress = QProgressBar()
        self._progress.setObjectName(f"{name}.progress")
        self._progress.setAccessibleName("Feeds that were seen to")
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(4)
        self._progress.hide()
        page = QWidget()
        self.column = QVBoxLayout(page)
        self.column.setContentsMargins(24, 16, 24, 0)
        self.column.setSpacing(8)
        self.column.addWidget(self.table, 1)
        self.column.addWidget(self._progress)
        self.body.addWidget(page)
        self.cancel_button.setText("Keep" if danger else "Cancel")
        self.next_button.set_kind("danger" if danger else "primary")
        self.next_pressed.connect(self._press)
        self.cancel_button.clicked.disconnect(self.reject)
        self.cancel_button.clicked.connect(self._leave)
        self._say_verb()

    @property
    def rows(self) -> tuple[FeedRow, ...]:
        """The feeds it is still to be done to."""
        return self._rows

    @property
    def running(self) -> bool:
        """Whether it is being done."""
        return self._running

    def add_above(self, widget: QWidget) -> None:
        """Put a field or words above the table."""
        self.column.insertWidget(self.column.count() - 2, widget)

    def only_failures(self) -> None:
        """Take away what was said of the feeds that are seen to."""

    def reject(self) -> None:
        """Close; while it is being done only the second time, or by Stop."""
        if self._running and not self._leaving:
            self._leaving = True
            self._say_how_far()
            return
        super().reject()

    def done(self, result: int) -> None:
        """Close; what is being done stops after the feeds that were begun."""
        if self._running:
            self._running = False
            self._say_stopped()
            self.changed.emit(())
        super().done(result)

    # Inside.

    def _say_verb(self) -> None:
        self.next_button.setText(f"{self._words.verb} {feeds_words(len(self._rows))}")

    def _press(self) -> None:
        if self._running:
            return
        self._running, self._leaving = True, False
        self.model.forget_failures()
        self.next_button.setEnabled(False)
        self.cancel_button.setText("Stop")
        self.cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._progress.setRange(0, len(self._rows))
        self._progress.setValue(0)
        self._progress.show()
        self._say_how_far()
        self._tasks.start(
            self._act(self._rows, self._told),
            name="bulk",
            done=self._ended,
            failed=self._broke,
        )

    def _told(self, done: int, total: int) -> None:
        if self._running:
            self._progress.setValue(done)
            self._say_how_far()

    def _say_how_far(self) -> None:
        done, total = self._progress.value(), len(self._rows)
        words = f"{done:,} of {feeds_words(total)}"
        if self._leaving:
            words += ". Close again to stop: feeds not begun yet stay as they are."
        self.set_note(words, kind="failed" if self._leaving else "info")

    def _leave(self) -> None:
        """Close, and stop what is being done without another question."""
        self._leaving = True
        self.reject()

    def _say_stopped(self) -> None:
        """Say what a stop leaves undone: the sheet that showed it closes."""
        done, total = self._progress.value(), len(self._rows)
        begun = min(AT_ONCE, total - done)
        more = f", and up to {begun} more were begun" if begun else ""
        self._context.messages.warning(
            f"{self._words.verb} was stopped before the end.",
            f"{done:,} of {feeds_words(total)} were seen to{more}. "
            "The others stay as they are.",
        )

    def _ended(self, report: Report) -> None:
        self._stop()
        if report.done:
            self.changed.emit(report.done)
        if not report.failed:
            if self._words.told:
                self._say_done(report)
            self.accept()
            return
        self._rows = tuple(failure.row for failure in report.failed)
        self.model.show_failures([(one.row, one.error) for one in report.failed])
        self.only_failures()
        count, past = len(report.failed), self._words.past
        left = f"{feeds_words(count)} {'is' if count == 1 else 'are'} not {past}."
        done = len(report.done)
        self.set_note(
            f"{done:,} {'is' if done == 1 else 'are'} {past}. {left}" if done else left,
            kind="failed",
        )
        self.cancel_button.setText("Close")
        self.next_button.setText(f"Retry {count:,}")
        self.next_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _say_done(self, report: Report) -> None:
        count, busy = len(report.done), len(report.pending)
        self._context.messages.success(
            f"{feeds_words(count)} {'is' if count == 1 else 'are'} {self._words.past}.",
            f"The server is still busy with {busy:,} of them." if busy else "",
        )

    def _broke(self, error: BaseException) -> None:
        self._stop()
        self.cancel_button.setText("Close")
        self.set_note(str(error), kind="failed")

    def _stop(self) -> None:
        self._running = False
        self._progress.hide()
        self.next_button.setEnabled(True)
