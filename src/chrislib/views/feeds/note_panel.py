"""A feed's note: read, written, and set beside what somebody else wrote meanwhile."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.markdown import clean
from chrislib.feeds.notes import NoteConflict
from chrislib.feeds.unsent import Draft
from chrislib.views.context import ViewContext
from chrislib.views.feeds.draft_keeper import DraftKeeper, when_words
from chrislib.views.tasks import PaneTasks
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.markdown_view import MarkdownView
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import ElidedLabel, Label

_HINT = "# heading · **bold** · *italic* · - list · `code` · [words](https://…)"


class NotePanel(QWidget):
    """Read and Write, and a second text beside it while two disagree.

    Parameters
    ----------
    text : str
        The note as it is known; it is read anew at once.

    Signals
    -------
    changed : ()
        What `dirty` says may be otherwise.
    saved : ()
        The server has what was written.
    """

    changed = Signal()
    saved = Signal()

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, feed_id: int, text: str
    ) -> None:
        super().__init__()
        theme = context.theme
        self._notes = context.feeds.notes
        self._tasks = tasks
        self._feed_id = feed_id
        self._base = text
        self._theirs: str | None = None
        self._modes = Segments(
            theme,
            [("read", "Read", "eye"), ("write", "Write", "file-text")],
            name="note.mode",
        )
        self._hint = ElidedLabel(
            theme, _HINT, style="caption", token="text.muted", name="note.hint"
        )
        self._banner = Banner(theme, "info", "")
        self._banner.setObjectName("note.banner")
        self._banner.hide()
        self._view = MarkdownView(theme, name="note.view", label="Note")
        self._empty = StateView(
            theme,
            "message-square",
            "No note yet",
            "A note says what this feed is for: what was asked, what was found.",
            [("Write a note", self.write)],
            primary=False,
        )
        self.box = _box(context, "note.text", "Note, as Markdown")
        self._their_box = _box(context, "note.theirs", "What the server has now")
        self._their_box.setReadOnly(True)
        self._pages = QStackedWidget()
        self._build(context)
        self._modes.chosen.connect(self._turn)
        self.box.textChanged.connect(self.changed)
        self._begin(text)
        self._turn("read")
        self._keeper = DraftKeeper(
            self.box,
            draft=lambda: self._draft(context.now()),
            keep=lambda draft: self._notes.keep_draft(feed_id, draft),
        )
        # a moment: what was typed before comes first, then what others wrote
        self.box.setReadOnly(True)
        tasks.start(
            self._notes.draft(feed_id),
            name="draft",
            done=lambda draft: self._offer(draft, context.now()),
        )

    @property
    def dirty(self) -> bool:
        """Whether something was written that the server does not have."""
        return self.box.toPlainText() != self._base

    def write(self) -> None:
        """Go on writing."""
        self._modes.choose("write")
        self._turn("write")
        self.box.setFocus(Qt.FocusReason.OtherFocusReason)

    def save(self) -> None:
        """Send what was written; while it is on the way nothing can be typed."""
        text = self.box.toPlainText()
        self.box.setReadOnly(True)
        self._tasks.start(
            self._notes.write(self._feed_id, text, base=self._base),
            name="save note",
            done=lambda _none: self._done(text),
            failed=self._failed,
        )

    def keep(self) -> bool:
        """Keep what was not saved for the next time; says whether there is any."""
        self._keeper.now()
        return self.dirty

    failed = Signal(object)
    """Why the note was not saved."""

    # -- inside ------------------------------------------------------------------

    def _draft(self, now: float) -> Draft | None:
        text = self.box.toPlainText()
        return Draft(text, self._base, now) if self.dirty else None

    def _offer(self, draft: Draft | None, now: float) -> None:
        """Show what was typed and not saved the last time, then look anew."""
        self.box.setReadOnly(False)
        if draft is not None and draft.text != self._base:
            self._base = draft.base
            self._keeper.took(draft)
            self._begin(draft.text)
            self._banner.show_text(
                "info",
                f"Your draft of {when_words(draft.at, now=now)} was not saved. It is "
                "below: save it, or throw it away.",
                ("Throw away", self._throw_away),
            )
            self._banner.show()
            self.write()
            self.changed.emit()
        elif draft is not None:
            self._notes.keep_draft(self._feed_id, None)
        self._tasks.start(
            self._notes.read(self._feed_id),
            name="note",
            done=self._fresh,
            failed=self._unread,
        )

    def _begin(self, text: str) -> None:
        if self.box.toPlainText() != text:
            self.box.setPlainText(text)
        self._show_read()

    def _turn(self, mode: str) -> None:
        if mode == "read":
            self._show_read()
        else:
            self._pages.setCurrentWidget(self._writing)
        self._hint.setVisible(mode == "write")

    def _show_read(self) -> None:
        text = self.box.toPlainText()
        self._view.show_text(text)
        if self._modes.current == "read":
            shown = self._view if text.strip() else self._empty
            self._pages.setCurrentWidget(shown)

    def _fresh(self, text: str) -> None:
        if text == self._base:
            return
        if self.dirty and text == self.box.toPlainText():
            # it was saved after all: the answer was not heard
            self._base = text
            self._agree()
            self._keeper.now()
            self.changed.emit()
            return
        if self.dirty:
            self._disagree(text)
            return
        self._base = text
        self._begin(text)
        self.changed.emit()

    def _unread(self, error: BaseException) -> None:
        title = getattr(error, "title", "The server could not be asked.")
        words = f"{title} You see the note as it was read last."
        self._banner.show_text("offline", words)
        self._banner.show()

    def _done(self, text: str) -> None:
        self.box.setReadOnly(False)
        self._base = text
        self._keeper.now()
        self._agree()
        self._modes.choose("read")
        self._turn("read")
        self.changed.emit()
        self.saved.emit()

    def _failed(self, error: BaseException) -> None:
        self.box.setReadOnly(False)
        if isinstance(error, NoteConflict):
            self._disagree(error.theirs)
        self.failed.emit(error)

    def _disagree(self, theirs: str) -> None:
        """Show both texts, and what can be done about them."""
        self._theirs = theirs
        self._their_box.setPlainText(clean(theirs))
        self._banner.show_text(
            "warn",
            "Somebody else changed this note meanwhile. Yours is not saved: "
            "copy over what you want to keep, then choose.",
        )
        self._banner.show()
        self._their_side.show()
        self._mine.show()
        self.write()
        self.changed.emit()

    def _agree(self) -> None:
        self._theirs = None
        self._banner.hide()
        self._their_side.hide()
        self._mine.hide()

    def _keep_mine(self) -> None:
        """Let what is written here count; Save sends it."""
        if self._theirs is not None:
            self._base = self._theirs
        self._agree()
        self.changed.emit()

    def _take_theirs(self) -> None:
        if self._theirs is None:
            return
        self._base = self._theirs
        # one step, so that Ctrl+Z brings one's own words back
        cursor = self.box.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.insertText(self._theirs)
        self._agree()
        self.changed.emit()

    def _throw_away(self) -> None:
        self._banner.hide()
        cursor = self.box.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.insertText(self._base)
        self._keeper.now()
        self._modes.choose("read")
        self._turn("read")
        self.changed.emit()

    def _build(self, context: ViewContext) -> None:
        theme = context.theme
        mine = button(theme, "Keep mine", name="note.mine", small=True)
        mine.setToolTip("Let your text count; Save writes it over theirs")
        mine.clicked.connect(self._keep_mine)
        theirs = button(theme, "Take theirs", name="note.take", small=True)
        theirs.setToolTip("Put their text in place of yours (Ctrl+Z takes it back)")
        theirs.clicked.connect(self._take_theirs)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(
            Label(theme, "On the server now", style="small-strong", name="note.other"),
            1,
        )
        head.addWidget(mine)
        head.addWidget(theirs)
        self._their_side = QWidget()
        side = QVBoxLayout(self._their_side)
        side.setContentsMargins(8, 0, 0, 0)
        side.setSpacing(8)
        side.addLayout(head)
        side.addWidget(self._their_box, 1)
        self._their_side.hide()
        self._writing = QSplitter(Qt.Orientation.Horizontal)
        self._writing.setChildrenCollapsible(False)
        self._mine = Label(theme, "Yours", style="small-strong", name="note.yours")
        self._mine.setFixedHeight(mine.sizeHint().height())
        self._mine.hide()
        own = QWidget()
        left = QVBoxLayout(own)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(8)
        left.addWidget(self._mine)
        left.addWidget(self.box, 1)
        self._writing.addWidget(own)
        self._writing.addWidget(self._their_side)
        for page in (self._view, self._empty, self._writing):
            self._pages.addWidget(page)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._modes)
        row.addWidget(self._hint, 1)
        row.addStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 16, 16)
        column.setSpacing(12)
        column.addLayout(row)
        column.addWidget(self._banner)
        column.addWidget(self._pages, 1)


def _box(context: ViewContext, name: str, label: str) -> QPlainTextEdit:
    box = QPlainTextEdit()
    box.setObjectName(name)
    box.setAccessibleName(label)
    box.setTabChangesFocus(True)
    context.theme.follow(box, lambda: box.setFont(context.theme.font("body")))
    return box
