"""Asking before something that cannot be taken back."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label


class ConfirmSheet(Sheet):
    """A small sheet with one sentence and the verb as its button."""

    def __init__(
        self,
        window: QWidget,
        theme: Theme,
        title: str,
        text: str,
        *,
        action: str,
        danger: bool = False,
    ) -> None:
        super().__init__(window, theme, title, width=520, height=240)
        self.setObjectName("confirm")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 20, 24, 20)
        words = Label(theme, text, token="text.secondary", wrap=True)
        words.setObjectName("confirm.text")
        column.addWidget(words)
        column.addStretch(1)
        self.body.addWidget(page)
        self.cancel_button.setText("Keep" if danger else "Cancel")
        self.next_button.setText(action)
        self.next_button.set_kind("danger" if danger else "primary")
        self.next_pressed.connect(self.accept)
        self._danger = danger

    def open(self) -> None:
        """Show the sheet; the key first pressed takes nothing away for good."""
        super().open()
        if self._danger:
            self.cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)
