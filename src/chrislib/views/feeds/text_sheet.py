"""A small sheet with one field: the title or the note of a feed."""

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from chrislib.views.context import ViewContext
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet


class TextSheet(Sheet):
    """One text, and Save. A text that is refused stays as it was typed."""

    saved = Signal()

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        title: str,
        subtitle: str,
        text: str,
        several_lines: bool,
        save: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        super().__init__(
            window,
            context.theme,
            title,
            subtitle,
            width=640,
            height=420 if several_lines else 260,
        )
        self._save = save
        self._tasks = self.own(context.tasks("feeds text"))
        self._field: QLineEdit | QPlainTextEdit
        if several_lines:
            box = QPlainTextEdit(text)
            box.setObjectName("feeds.text")
            box.setAccessibleName(title)
            box.setTabChangesFocus(True)
            box.setFont(context.theme.font("body"))
            self._field = box
        else:
            line = Field(context.theme, name="feeds.text", label=title)
            line.setText(text)
            self._field = line
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 24, 24, 24)
        column.addWidget(self._field)
        if not several_lines:
            column.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText("Save")
        self.next_pressed.connect(self._press)

    def open(self) -> None:
        """Show the sheet with the focus in its field."""
        super().open()
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _press(self) -> None:
        if isinstance(self._field, QPlainTextEdit):
            text = self._field.toPlainText()
        else:
            text = self._field.text()
        self.next_button.setEnabled(False)
        self._tasks.start(
            self._save(text), name="save", done=self._done, failed=self._failed
        )

    def _done(self, _nothing: object) -> None:
        self.saved.emit()
        self.accept()

    def _failed(self, error: BaseException) -> None:
        self.next_button.setEnabled(True)
        self.set_note(str(error), kind="failed")
