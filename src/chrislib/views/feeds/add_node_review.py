"""The last page of Add node: what will be sent, in full."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.section import Facts
from chrislib.views.widgets.text import Label


class ReviewPage(QWidget):
    """Facts, title and command line."""

    compute_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.banner = Banner(theme, "warn", "")
        self.banner.setObjectName("review.banner")
        self.banner.hide()
        self._facts = Facts(theme, share=120)
        self._facts.setObjectName("review.facts")
        self._title_label = Label(theme, "Title of the node", style="small")
        self.title = Field(theme, "Optional", name="review.title", label="Title")
        self.title.setMaxLength(100)
        self._title_error = Label(
            theme, style="small", token="state.failed", wrap=True, name="review.error"
        )
        self._title_error.hide()
        self._command_label = Label(theme, "Command line", style="small")
        self.command = QPlainTextEdit()
        self.command.setObjectName("review.command")
        self.command.setAccessibleName("Command line")
        self.command.setReadOnly(True)
        self.command.setTabChangesFocus(True)
        self.change = button(
            theme, "Compute and limits …", kind="quiet", name="review.compute"
        )
        self.change.clicked.connect(self.compute_wanted)
        self.title.textEdited.connect(lambda _text: self.refuse_title(""))
        self._build()
        theme.changed.connect(self._dress)
        self._dress()

    def fill(
        self, rows: Sequence[tuple[str, str]], command: str, *, title: str
    ) -> None:
        """Show what will be sent; `title` says whose title is asked for."""
        self._facts.show_facts(list(rows))
        self.command.setPlainText(command)
        self._title_label.setText(title)

    def warn(self, words: str) -> None:
        """Say what will go wrong before it does; "" for nothing."""
        self.banner.setVisible(bool(words))
        if words:
            self.banner.show_text("warn", words)

    def refuse_title(self, message: str) -> None:
        """Say what a server has against the title, or take that back."""
        self.title.set_refused(bool(message))
        self.title.setAccessibleDescription(message)
        self._title_error.setText(message)
        self._title_error.setVisible(bool(message))

    def _build(self) -> None:
        theme = self._theme
        head = QHBoxLayout()
        head.addWidget(Label(theme, "Review", style="section"), 1)
        head.addWidget(self.change)
        facts = QVBoxLayout()
        facts.setContentsMargins(0, 0, 8, 0)
        facts.addWidget(self._facts)
        facts.addStretch(1)
        inner = QWidget()
        inner.setLayout(facts)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addWidget(scrolled(inner), 1)
        column.addWidget(self._title_label)
        column.addWidget(self.title)
        column.addWidget(self._title_error)
        column.addSpacing(4)
        column.addWidget(self._command_label)
        column.addWidget(self.command)

    def _dress(self) -> None:
        self.command.setFont(self._theme.font("mono"))
        self.command.setFixedHeight(self.command.fontMetrics().lineSpacing() * 4 + 16)


def stacked(*pages: QWidget) -> QStackedWidget:
    """Return pages of which one is shown at a time."""
    stack = QStackedWidget()
    for page in pages:
        stack.addWidget(page)
    return stack
