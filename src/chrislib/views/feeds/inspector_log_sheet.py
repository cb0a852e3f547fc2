"""The log of a node as large as the window allows."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.views.context import ViewContext
from chrislib.views.feeds.inspector_log import LogView
from chrislib.views.widgets.sheet import Sheet


class LogSheet(Sheet):
    """The log as large as the window allows."""

    def __init__(self, window: QWidget, context: ViewContext, node: str) -> None:
        super().__init__(window, context.theme, "Log", node)
        self._tasks = self.own(context.tasks("log"))
        self.view = LogView(
            context.theme, self._tasks, context.messages, name="log", lines=0
        )
        self.view.larger.hide()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.addWidget(self.view)
        self.body.addWidget(page)
        self.cancel_button.hide()
        self.next_button.setText("Close")
        self.next_pressed.connect(self.accept)

    def open(self) -> None:
        """Show the sheet with the focus in the search."""
        super().open()
        self.view.words.setFocus(Qt.FocusReason.OtherFocusReason)
