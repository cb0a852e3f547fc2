"""A name for something that is kept."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label


class NameSheet(Sheet):
    """One field, and Save.

    Signals
    -------
    named : str
        The name; it is not blank.
    """

    named = Signal(str)

    def __init__(
        self, window: QWidget, theme: Theme, title: str, *, text: str, words: str
    ) -> None:
        super().__init__(window, theme, title, width=560, height=260)
        self.setObjectName("name")
        self._field = Field(theme, name="name.field", label="Name")
        self._field.setText(text)
        self._field.selectAll()
        self._field.setMaxLength(80)
        self._field.returnPressed.connect(self._press)
        self._field.textEdited.connect(lambda _text: self._refuse(""))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(8)
        column.addWidget(
            Label(theme, words, style="small", token="text.secondary", wrap=True)
        )
        column.addWidget(self._field)
        column.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText("Save")
        self.next_pressed.connect(self._press)

    def open(self) -> None:
        """Show the sheet with the cursor in its field."""
        super().open()
        self._field.setFocus()

    def _press(self) -> None:
        text = self._field.text().strip()
        if not text:
            self._refuse("Write a name, so that you find it again.")
            return
        self.named.emit(text)
        self.accept()

    def _refuse(self, words: str) -> None:
        self._field.set_refused(bool(words))
        self.set_note(words, kind="failed" if words else "info")
