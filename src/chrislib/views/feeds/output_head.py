"""What stands over the outputs: whose they are, how much, and what to show of them."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.feeds.output_book import Narrowing
from chrislib.feeds.outputs import KIND_WORDS
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, Segments, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.text import ElidedLabel, Label

NODE, FEED = "node", "feed"
TREE, TABLE = "tree", "table"
_TYPING_MS = 150


class OutputHead(QWidget):
    """Two lines over the rows.

    Signals
    -------
    scope_chosen : str
        `NODE` or `FEED`.
    narrowed : ()
        Words, kind or the way of showing changed.
    get_pressed, more_pressed, left : ()
        Get all; look into what was held back; the keys are to go to the rows.
    """

    scope_chosen = Signal(str)
    narrowed = Signal()
    get_pressed = Signal()
    more_pressed = Signal()
    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._kinds: list[str] = []
        title = Label(theme, "Outputs", style="section", name="feeds.outputs.title")
        self.scopes = Segments(
            theme,
            [(NODE, "Node", ""), (FEED, "Whole feed", "")],
            name="feeds.outputs.scope",
        )
        self._summary = ElidedLabel(
            theme, style="small", token="text.muted", name="feeds.outputs.summary"
        )
        self._more = button(
            theme,
            "Look into all",
            kind="quiet",
            name="feeds.outputs.more",
            tooltip="List the folders that were left out because there are so many",
            small=True,
        )
        self._more.hide()
        self.get_button = button(
            theme,
            "Get all",
            icon="download",
            name="feeds.outputs.get",
            tooltip="Save all these outputs in a folder (D)",
            small=True,
        )
        self.field = Field(
            theme,
            "Filter by name",
            name="feeds.outputs.filter",
            icon="search",
            small=True,
        )
        self.kind = combo("feeds.outputs.kind", "Kind of files", small=True)
        self.kind.addItem("All kinds", "")
        self.modes = Segments(
            theme,
            [(TREE, "Tree", ""), (TABLE, "Table", "")],
            name="feeds.outputs.mode",
        )
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.narrowed)
        self.scopes.chosen.connect(self.scope_chosen)
        self.modes.chosen.connect(lambda _mode: self.narrowed.emit())
        self.kind.activated.connect(lambda _row: self.narrowed.emit())
        self.field.textChanged.connect(lambda _text: self._typing.start())
        self.field.installEventFilter(self)
        self.get_button.clicked.connect(self.get_pressed)
        self._more.clicked.connect(self.more_pressed)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(title)
        first.addWidget(self.scopes)
        first.addWidget(self._summary, 1)
        first.addWidget(self._more)
        first.addWidget(self.get_button)
        second.addWidget(self.field, 1)
        second.addWidget(self.kind)
        second.addWidget(self.modes)
        for row in (first, second):
            row.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 12, 6)
        column.setSpacing(6)
        column.addLayout(first)
        column.addLayout(second)

    @property
    def narrowing(self) -> Narrowing:
        """What is to be shown of the outputs."""
        return Narrowing(self.field.text(), str(self.kind.currentData() or ""))

    @property
    def flat(self) -> bool:
        """Whether files are to stand in one list."""
        return self.modes.current == TABLE

    def offer_kinds(self, kinds: Sequence[str]) -> None:
        """Offer to narrow by the kinds there are; the chosen one stays."""
        if list(kinds) == self._kinds:
            return
        self._kinds = list(kinds)
        chosen = str(self.kind.currentData() or "")
        while self.kind.count() > 1:
            self.kind.removeItem(1)
        for kind in kinds:
            self.kind.addItem(KIND_WORDS.get(kind, kind), kind)
        row = self.kind.findData(chosen)
        self.kind.setCurrentIndex(max(0, row))
        if chosen and row < 0:
            self.narrowed.emit()

    def show_summary(self, words: str, *, held: int, files: int) -> None:
        """Say how much there is."""
        self._summary.setText(words)
        self._more.setVisible(held > 0)
        self.get_button.setEnabled(files > 0)

    def focus_filter(self) -> None:
        """Go to the field of the filter."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def rest(self) -> None:
        """Forget what was typed just now."""
        self._typing.stop()

    def clear_filter(self) -> None:
        """Show everything again."""
        self.kind.setCurrentIndex(0)
        self.field.clear()
        self.rest()
        self.narrowed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave the field downwards; Esc clears it first."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return):
                self.left.emit()
                return True
            if event.key() == Qt.Key.Key_Escape and self.field.text():
                self.field.clear()
                return True
        return super().eventFilter(watched, event)
