"""The sheet of a feed's words: its note, and what people say to each other."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chrislib.feeds.model import FeedView
from chrislib.feeds.notes import NoteConflict
from chrislib.views.context import ViewContext
from chrislib.views.feeds.comment_panel import CommentPanel
from chrislib.views.feeds.note_panel import NotePanel
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import line

_COMMENTS = 360


class NoteSheet(Sheet):
    """Note at the left, comments at the right; each is sent by itself.

    Parameters
    ----------
    again : callable
        Opens the sheet once more, for who left something unsaved.
    """

    saved = Signal()
    counted = Signal(int)

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        view: FeedView,
        again: Callable[[], None],
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Note and comments",
            f"{view.row.title}, feed {view.row.id}",
        )
        self.setObjectName("note")
        self._context = context
        self._again = again
        self._tasks = self.own(context.tasks("feeds note"))
        self.note = NotePanel(context, self._tasks, feed_id=view.row.id, text=view.note)
        self.comments = CommentPanel(
            context, self._tasks, feed_id=view.row.id, owner=view.row.owner
        )
        context.theme.follow(
            self.comments,
            lambda: self.comments.setFixedWidth(context.theme.px(_COMMENTS)),
        )
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.note, 1)
        row.addWidget(line(vertical=True))
        row.addWidget(self.comments)
        self.body.addWidget(page)
        self.cancel_button.setText("Close")
        self.next_button.setText("Save note")
        self.next_pressed.connect(self._save)
        self.note.changed.connect(self._changed)
        self.note.saved.connect(self._saved)
        self.note.failed.connect(self._failed)
        self.comments.counted.connect(self.counted)
        self._changed()

    def done(self, result: int) -> None:
        """Close; a note that was not saved is kept and said."""
        left = ["The note is not saved."] if self.note.keep() else []
        left += ["The comment is not sent."] if self.comments.keep() else []
        super().done(result)
        if left:
            self._context.messages.warning(
                " ".join(left),
                "What you wrote is kept on this computer and offered here again.",
                action=("Go on writing", self._again),
            )

    def _changed(self) -> None:
        self.next_button.setEnabled(self.note.dirty)

    def _save(self) -> None:
        self.next_button.setEnabled(False)
        self.set_note("Saving …")
        self.note.save()

    def _saved(self) -> None:
        self.set_note("The note is saved.")
        self.saved.emit()

    def _failed(self, error: BaseException) -> None:
        self._changed()
        words = error.title if isinstance(error, NoteConflict) else str(error)
        self.set_note(words, kind="failed")
