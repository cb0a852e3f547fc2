"""The sheet of a feed's words: its note, and what people say to each other."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chrislib.feeds.model import FeedView
from chrislib.feeds.notes import NoteConflict
from chrislib.views.context import ViewContext
from chrislib.views.feeds.comment_panel import CommentPanel
from chrislib.views.feeds.note_panel import NotePanel
from chrislib.views.models.timers import OneByOne
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import line

_COMMENTS = 360


class NoteSheet(Sheet):
    """Note at the left, comments at the right; each is sent by itself.

    It is on screen at once; note and comments come in the next turns.

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
        self._view = view
        self._again = again
        self._tasks = self.own(context.tasks("feeds note"))
        self._turns = OneByOne(self)
        self._note_panel: NotePanel | None = None
        self._comment_panel: CommentPanel | None = None
        page = QWidget()
        # what is put into a page that is in its place already is dressed once
        self.body.addWidget(page)
        self._row = QHBoxLayout(page)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self.cancel_button.setText("Close")
        self.next_button.setText("Save note")
        self.next_button.setEnabled(False)
        self.next_pressed.connect(self._save)

    @property
    def complete(self) -> bool:
        """Whether note and comments are there."""
        return self._comment_panel is not None

    @property
    def note(self) -> NotePanel:
        """The note, once it is there."""
        assert self._note_panel is not None
        return self._note_panel

    @property
    def comments(self) -> CommentPanel:
        """The comments, once they are there."""
        assert self._comment_panel is not None
        return self._comment_panel

    def open(self) -> None:
        """Show the sheet, and then what is in it."""
        super().open()
        self._turns.add(self._add_note, self._add_comments)

    def _add_note(self) -> None:
        view = self._view
        self._note_panel = note = NotePanel(
            self._context, self._tasks, feed_id=view.row.id, text=view.note
        )
        self._row.addWidget(note, 1)
        self._row.addWidget(line(vertical=True))
        note.changed.connect(self._changed)
        note.saved.connect(self._saved)
        note.failed.connect(self._failed)
        self._changed()

    def _add_comments(self) -> None:
        theme, row = self._context.theme, self._view.row
        self._comment_panel = comments = CommentPanel(
            self._context, self._tasks, feed_id=row.id, owner=row.owner
        )
        theme.follow(comments, lambda: comments.setFixedWidth(theme.px(_COMMENTS)))
        self._row.addWidget(comments)
        comments.counted.connect(self.counted)
        held = self.window().focusWidget()
        if held is None or not self.body.isAncestorOf(held):
            self._focus_first()

    def done(self, result: int) -> None:
        """Close; a note that was not saved is kept and said."""
        self._turns.clear()
        note, comments = self._note_panel, self._comment_panel
        left = ["The note is not saved."] if note and note.keep() else []
        left += ["The comment is not sent."] if comments and comments.keep() else []
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
