"""Words in a narrow column that has no rows: what is the case, and one way out."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import Label


class ListNote(QWidget):
    """A title, a sentence and at most two buttons, as wide as the column is."""

    def __init__(self, theme: Theme, *, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._callback: Callable[[], object] | None = None
        self._title = Label(theme, style="small-strong", wrap=True)
        self._text = Label(theme, style="small", token="text.secondary", wrap=True)
        self._button = button(theme, "", name=f"{name}.action", small=True)
        self._button.clicked.connect(self._press)
        self._also: Callable[[], object] | None = None
        self._second = button(theme, "", name=f"{name}.second", small=True)
        self._second.clicked.connect(self._press_second)
        self._second.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 24, 16, 24)
        column.setSpacing(8)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._second, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def show_note(
        self,
        title: str,
        text: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        also: tuple[str, Callable[[], object]] | None = None,
    ) -> None:
        """Show other words; an action of None hides its button."""
        self._title.setText(title)
        self._text.setText(text)
        self._callback = None if action is None else action[1]
        self._button.setVisible(action is not None)
        if action is not None:
            self._button.setText(action[0])
        self._also = None if also is None else also[1]
        self._second.setVisible(also is not None)
        if also is not None:
            self._second.setText(also[0])
        self.setAccessibleName(f"{title} {text}".strip())

    def show_error(self, error: BaseException, retry: Callable[[], object]) -> None:
        """Show what went wrong in words, with Try again."""
        title, text = "Something went wrong in chrislib.", "Nothing was changed."
        if isinstance(error, ChrislibError):
            title = error.title
            text = " ".join(part for part in (error.detail, error.hint) if part)
        self.show_note(title, text, ("Try again", retry))

    def _press_second(self) -> None:
        if self._also is not None:
            self._also()

    def _press(self) -> None:
        if self._callback is not None:
            self._callback()
