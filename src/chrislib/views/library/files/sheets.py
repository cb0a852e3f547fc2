"""Small sheets of Browse Files: a name, a folder to move to."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label


class TextSheet(Sheet):
    """One field that is checked while it is typed in.

    Parameters
    ----------
    problem : callable
        Returns what is wrong with a text, in words; "" for nothing.

    Signals
    -------
    given : str
        The text, once it is right.
    """

    given = Signal(str)

    def __init__(
        self,
        window: QWidget,
        ctx: ViewContext,
        title: str,
        *,
        words: str,
        text: str,
        action: str,
        problem: Callable[[str], str],
        label: str = "Name",
    ) -> None:
        theme = ctx.theme
        super().__init__(window, theme, title, width=560, height=260)
        self._messages = ctx.messages
        self.setObjectName("files.text")
        self._problem = problem
        self._field = Field(theme, name="files.text.field", label=label)
        self._field.setText(text)
        stem = text.rpartition(".")[0] if "/" not in text else ""
        self._field.setSelection(0, len(stem) or len(text))
        self._field.returnPressed.connect(self._press)
        self._field.textEdited.connect(self._edited)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(8)
        column.addWidget(
            Label(theme, words, style="small", token="text.secondary", wrap=True)
        )
        column.addWidget(self._field)
        self._wrong = Label(
            theme, style="small", token="state.failed", wrap=True,
            name="files.text.wrong",
        )  # fmt: skip
        column.addWidget(self._wrong)
        column.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText(action)
        self.next_pressed.connect(self._press)

    def open(self) -> None:
        """Show the sheet with the cursor in its field, the stem marked."""
        super().open()
        start, length = self._field.selectionStart(), self._field.selectionLength()
        self._field.setFocus()
        if start >= 0:
            self._field.setSelection(start, length)

    def refuse(self, words: str) -> None:
        """Say under the field what is wrong; "" for nothing."""
        self._wrong.setText(words)
        self._field.set_refused(bool(words))
        self.set_note("1 field needs attention" if words else "", kind="failed")

    def fail(self, error: BaseException) -> None:
        """Show why the text was refused; what was typed is kept."""
        if isinstance(error, ChrislibError):
            self.refuse(f"{error.title} {error.hint}".strip())
            return
        self._messages.failed(error)

    def _edited(self, text: str) -> None:
        # an empty field is being filled, not wrong
        self.refuse(self._problem(text) if text.strip() else "")

    def _press(self) -> None:
        text = self._field.text().strip()
        wrong = self._problem(text)
        self.refuse(wrong)
        if not wrong:
            self.given.emit(text)
