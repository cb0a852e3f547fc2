"""The log of a node as large as the window allows."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.views.context import ViewContext
from chrislib.views.feeds.inspector_log import LogView
from chrislib.views.models.timers import OneByOne
from chrislib.views.widgets.sheet import Sheet


class LogSheet(Sheet):
    """The log as large as the window allows.

    It is on screen at once; what is in it comes in the next turns.
    """

    def __init__(self, window: QWidget, context: ViewContext, node: str) -> None:
        super().__init__(window, context.theme, "Log", node)
        self._context = context
        self._tasks = self.own(context.tasks("log"))
        self._turns = OneByOne(self)
        self.view: LogView | None = None
        self._log: tuple[str, bool, bool] = ("", False, False)
        self._column = QVBoxLayout()
        self._column.setContentsMargins(24, 16, 24, 16)
        page = QWidget()
        page.setLayout(self._column)
        self.body.addWidget(page)
        self.cancel_button.hide()
        self.next_button.setText("Close")
        self.next_pressed.connect(self.accept)

    def open(self) -> None:
        """Show the sheet; the focus goes to the search."""
        super().open()
        self._turns.add(self._add_view, self._show_log)

    def show_log(self, text: str, *, live: bool, kept: bool) -> None:
        """Show a log, see `LogView.show_log`."""
        self._log = (text, live, kept)
        if self.view is not None:
            self._turns.add(self._show_log)

    def _add_view(self) -> None:
        self.view = LogView(
            self._context.theme,
            self._tasks,
            self._context.messages,
            name="log",
            lines=0,
        )
        self.view.larger.hide()
        self._column.addWidget(self.view)
        self.view.words.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_log(self) -> None:
        text, live, kept = self._log
        if self.view is not None:
            self.view.show_log(text, live=live, kept=kept)
