"""Comments of a feed: read page by page, written, changed, deleted."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.feeds.comments import CommentPage, Said
from chrislib.feeds.markdown import clean
from chrislib.feeds.unsent import Draft
from chrislib.views.context import ViewContext
from chrislib.views.feeds.draft_keeper import DraftKeeper, when_words
from chrislib.views.feeds.list_note import ListNote
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.markdown_view import MarkdownView
from chrislib.views.widgets.text import ElidedLabel, Label, line


class CommentRow(QWidget):
    """One comment: who wrote it, what, and what may be done with it."""

    edit_pressed = Signal(object)
    delete_pressed = Signal(object)

    def __init__(self, theme: Theme, said: Said) -> None:
        super().__init__()
        self.said = said
        self.setObjectName(f"comment.{said.id}")
        name = ElidedLabel(theme, clean(said.owner), style="small-strong")
        words = MarkdownView(
            theme,
            name=f"comment.text.{said.id}",
            label=f"Comment of {clean(said.owner)}",
            grows=True,
        )
        words.show_text(said.text)
        name.setMinimumHeight(theme.px(24))
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(name, 1)
        if said.may_change:
            for label, signal, key in (
                ("Edit", self.edit_pressed, "edit"),
                ("Delete …", self.delete_pressed, "delete"),
            ):
                made = button(
                    theme,
                    label,
                    kind="quiet",
                    name=f"comment.{key}.{said.id}",
                    small=True,
                )
                made.clicked.connect(lambda _on=False, signal=signal: signal.emit(said))
                head.addWidget(made)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 8, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(words)
        column.addSpacing(12)
        column.addWidget(line())


class CommentPanel(QWidget):
    """A composer above, comments below it, newest first.

    Parameters
    ----------
    owner : str
        Whose the feed is.
    """

    counted = Signal(int)
    """How many comments there are."""

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, feed_id: int, owner: str
    ) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._tasks = tasks
        self._feed_id = feed_id
        self._owner = owner
        self._editing: Said | None = None
        self._read = 0
        self._total = 0
        self.setObjectName("comments")
        self._title = Label(theme, "Comments", style="section", name="comments.title")
        self.box = QPlainTextEdit()
        self.box.setObjectName("comments.text")
        self.box.setAccessibleName("Comment")
        self.box.setPlaceholderText("Write a comment")
        self.box.setTabChangesFocus(True)
        self._send = button(theme, "Send", name="comments.send", small=True)
        self._leave = button(
            theme, "Cancel", kind="quiet", name="comments.leave", small=True
        )
        self._leave.hide()
        self._trouble = Label(
            theme, style="small", token="state.failed", wrap=True, name="comments.error"
        )
        self._trouble.hide()
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self._older = button(
            theme, "Show older", kind="quiet", name="comments.older", small=True
        )
        self._older.hide()
        self._note = ListNote(theme, name="comments.note")
        self._pages = QStackedWidget()
        self._build(theme)
        self.box.textChanged.connect(self._typed)
        self._send.clicked.connect(self._press)
        self._leave.clicked.connect(self._stop_editing)
        self._older.clicked.connect(self._load_older)
        self._keeper = DraftKeeper(
            self.box,
            draft=self._draft,
            keep=lambda draft: context.feeds.comments.keep_draft(feed_id, draft),
        )
        tasks.start(
            context.feeds.comments.draft(feed_id), name="draft", done=self._offer
        )
        self._typed()
        self.load()

    def keep(self) -> bool:
        """Keep what was not sent for the next time; says whether there is any."""
        self._keeper.now()
        return self._draft() is not None

    def _draft(self) -> Draft | None:
        before = self._editing.text if self._editing is not None else ""
        text = self.box.toPlainText()
        left = text.strip() != before.strip()
        return Draft(text, at=self._context.now()) if left else None

    def _offer(self, draft: Draft | None) -> None:
        """Show what was typed and not sent the last time."""
        if draft is not None and not self.box.toPlainText():
            self._keeper.took(draft)
            self.box.setPlainText(draft.text)
            when = when_words(draft.at, now=self._context.now())
            self.box.setToolTip(f"Your draft of {when} was not sent")

    def load(self) -> None:
        """Read the newest comments (network)."""
        self._note.show_note("Asking for comments", "")
        self._pages.setCurrentWidget(self._note)
        self._ask(0)

    # -- reading -----------------------------------------------------------------

    def _ask(self, offset: int) -> None:
        self._older.setEnabled(False)
        self._tasks.start(
            self._context.feeds.comments.page(
                self._feed_id, offset=offset, owner=self._owner
            ),
            name="comments",
            done=lambda page: self._show(page, offset),
            failed=lambda error: self._unread(error, offset),
        )

    def _load_older(self) -> None:
        self._ask(self._read)

    def _show(self, page: CommentPage, offset: int) -> None:
        if offset == 0:
            for row in self.rows():
                self._drop(row)
            self._read = 0
        # one that was written meanwhile moves the others on by a place
        known = {row.said.id for row in self.rows()}
        for said in page.rows:
            if said.id not in known:
                self._rows.addWidget(self._made(said))
        self._read += len(page.rows)
        self._total = max(page.total, len(self.rows()))
        self._older.setVisible(page.more)
        self._older.setEnabled(True)
        left = max(0, page.total - self._read)
        self._older.setText(f"Show older, {left:,} more")
        self._count()

    def _unread(self, error: BaseException, offset: int) -> None:
        self._older.setEnabled(True)
        if offset:
            self._say(error)
            return
        self._note.show_error(error, self.load)
        self._pages.setCurrentWidget(self._note)

    def rows(self) -> list[CommentRow]:
        """Return the comments on screen, newest first."""
        items = (self._rows.itemAt(at) for at in range(self._rows.count()))
        found = (item.widget() for item in items if item is not None)
        return [row for row in found if isinstance(row, CommentRow)]

    def _made(self, said: Said) -> CommentRow:
        row = CommentRow(self._context.theme, said)
        row.edit_pressed.connect(self._edit)
        row.delete_pressed.connect(self._delete)
        return row

    def _drop(self, row: CommentRow) -> None:
        self._rows.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _count(self) -> None:
        total = self._total
        self._title.setText(f"Comments {total:,}" if total else "Comments")
        self.counted.emit(total)
        if total:
            self._pages.setCurrentWidget(self._area)
            return
        self._note.show_note(
            "No comments yet",
            "All who can open this feed read what is written here.",
        )
        self._pages.setCurrentWidget(self._note)

    # -- writing -----------------------------------------------------------------

    def _typed(self) -> None:
        self._send.setEnabled(bool(self.box.toPlainText().strip()))

    def _press(self) -> None:
        text, said = self.box.toPlainText(), self._editing
        comments = self._context.feeds.comments
        self._busy(True)
        self._tasks.start(
            comments.add(self._feed_id, text)
            if said is None
            else comments.change(said, text, owner=self._owner),
            name="send comment",
            done=self._sent,
            failed=self._refused,
        )

    def _sent(self, said: Said) -> None:
        editing, self._editing = self._editing, None
        self._busy(False)
        self._stop_editing()
        made = self._made(said)
        if editing is None:
            self._rows.insertWidget(0, made)
            self._read += 1
            self._total += 1
        else:
            for at, row in enumerate(self.rows()):
                if row.said.id == said.id:
                    self._rows.insertWidget(at, made)
                    self._drop(row)
                    break
        self._count()

    def _refused(self, error: BaseException) -> None:
        self._busy(False)
        self._say(error)

    def _say(self, error: BaseException) -> None:
        if not isinstance(error, ChrislibError):
            self._context.messages.failed(error)
            return
        self._trouble.setText(str(error))
        self._trouble.show()

    def _busy(self, busy: bool) -> None:
        self.box.setReadOnly(busy)
        self._send.setEnabled(not busy and bool(self.box.toPlainText().strip()))
        self._leave.setEnabled(not busy)
        self._trouble.hide()

    def _edit(self, said: Said) -> None:
        self._editing = said
        self.box.setPlainText(said.text)
        self._send.setText("Save comment")
        self._leave.show()
        self._trouble.hide()
        self.box.setFocus(Qt.FocusReason.OtherFocusReason)

    def _stop_editing(self) -> None:
        self._editing = None
        self.box.clear()
        self.box.setToolTip("")
        self._keeper.now()
        self._send.setText("Send")
        self._leave.hide()
        self._trouble.hide()

    # -- deleting ----------------------------------------------------------------

    def _delete(self, said: Said) -> None:
        self._tasks.start(
            self._deleted(said), name="delete comment", failed=self._refused
        )

    async def _deleted(self, said: Said) -> None:
        whose = "your" if said.owner == self._me else f"{said.owner}’s"
        sure = await self._context.dialogs.confirm(
            f"Delete {whose} comment?",
            "It is gone for everybody and cannot be brought back.",
            action="Delete comment",
            danger=True,
        )
        if not sure:
            return
        await self._context.feeds.comments.delete(said)
        for row in self.rows():
            if row.said.id == said.id:
                self._drop(row)
        if self._editing is not None and self._editing.id == said.id:
            self._stop_editing()
        self._read -= 1
        self._total -= 1
        self._count()

    @property
    def _me(self) -> str:
        client = self._context.session.client
        return client.username if client is not None else ""

    def _build(self, theme: Theme) -> None:
        theme.follow(self.box, lambda: self.box.setFont(theme.font("body")))
        theme.follow(self.box, lambda: self.box.setFixedHeight(theme.px(76)))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self._leave)
        buttons.addWidget(self._send)
        listed = QWidget()
        inner = QVBoxLayout(listed)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(self._rows)
        inner.addWidget(self._older, 0, Qt.AlignmentFlag.AlignLeft)
        inner.addStretch(1)
        self._area = QScrollArea()
        self._area.setObjectName("comments.list")
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(listed)
        self._area.viewport().setAutoFillBackground(False)
        listed.setAutoFillBackground(False)
        for page in (self._area, self._note):
            self._pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(self._title)
        column.addWidget(self.box)
        column.addWidget(self._trouble)
        column.addLayout(buttons)
        column.addWidget(self._pages, 1)
