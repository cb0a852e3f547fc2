"""Title, note and tags of a new feed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from chrislib.cube.errors import Refused
from chrislib.feeds.checks import TITLE_LIMIT
from chrislib.feeds.making import TAG_LIMIT
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.pills import WordsField
from chrislib.views.widgets.text import Label


class DetailsForm(QWidget):
    """The fields, each with what is wrong with it below.

    Signals
    -------
    checked : str
        What is wrong with the title by now, "" for nothing.
    """

    checked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.title = Field(theme, name="create.title", label="Title")
        self.title_error = Label(
            theme, style="small", token="state.failed", wrap=True, name="create.error"
        )
        self.note = QPlainTextEdit()
        self.note.setObjectName("create.note")
        self.note.setAccessibleName("Note")
        self.note.setPlaceholderText("Optional")
        self.note.setTabChangesFocus(True)
        self.note.setFont(theme.font("body"))
        self.note.setFixedHeight(theme.px(76))
        self.tags = WordsField(
            theme, name="create.tags", label="Tags", hint="Add tag", limit=TAG_LIMIT
        )
        self.tags_error = Label(
            theme, style="small", token="state.failed", wrap=True, name="create.tagserr"
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(Label(theme, "Title and note", style="section"))
        column.addSpacing(6)
        for words, field, error in (
            ("Title", self.title, self.title_error),
            ("Note", self.note, None),
            ("Tags", self.tags, self.tags_error),
        ):
            column.addWidget(Label(theme, words, style="small", token="text.secondary"))
            column.addWidget(field)
            if error is not None:
                column.addWidget(error)
                error.hide()
            column.addSpacing(4)
        self.title.textEdited.connect(lambda _text: self.check())

    @property
    def text(self) -> str:
        """The title."""
        return self.title.text().strip()

    @property
    def problem(self) -> str:
        """What is wrong with the title, "" for nothing."""
        if not self.text:
            return "A feed needs a title."
        if len(self.text) > TITLE_LIMIT:
            return (
                f"The title has {len(self.text)} characters. "
                f"Up to {TITLE_LIMIT} are allowed."
            )
        return ""

    def check(self) -> bool:
        """Say what is wrong with the title; whether nothing is."""
        self.refuse_title(self.problem)
        return not self.problem

    def refuse_title(self, words: str) -> None:
        """Show what is wrong with the title; "" takes that back."""
        self.title.set_refused(bool(words))
        self.title_error.setText(words)
        self.title_error.setVisible(bool(words))
        self.checked.emit(words)

    def refuse_tags(self, words: str) -> None:
        """Show what is wrong with the tags; "" takes that back."""
        self.tags_error.setText(words)
        self.tags_error.setVisible(bool(words))
        self.checked.emit(words)

    def refuse(self, error: BaseException) -> bool:
        """Show a refusal that is about title or tags; whether it is."""
        title = error.fields.get("title") if isinstance(error, Refused) else None
        if title is not None:
            self.refuse_title(title)
            self.title.setFocus(Qt.FocusReason.OtherFocusReason)
        elif str(error).startswith("The tag "):
            self.refuse_tags(str(error))
            self.tags.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            return False
        return True

    def go_in(self) -> None:
        """Put the cursor into the title, ready to be typed over."""
        self.title.setFocus(Qt.FocusReason.OtherFocusReason)
        self.title.selectAll()
