"""What of the inbox is shown: a choice, a search, and one feed, batch or message."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.catalog.inbox import InboxCounts, InboxQuery
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, Segments, button

_SHOWN = (
    ("all", "All"),
    ("unread", "Unread"),
    ("ready", "Ready"),
    ("problems", "Problems"),
)
_TYPING_MS = 150
_MARGIN = 16


class _Search(Field):
    """The search field; Esc empties it."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Empty the field on Esc before anything else hears of the key."""
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            event.accept()
            return
        super().keyPressEvent(event)


class InboxFilters(QWidget):
    """Two lines over the inbox.

    Attributes
    ----------
    changed : Signal
        `query` is another one.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._scope = InboxQuery()
        self._counts = InboxCounts()
        self.setObjectName("inbox.filters")
        self.choice = Segments(
            theme, [(key, words, "") for key, words in _SHOWN], name="inbox.show"
        )
        self.choice.chosen.connect(lambda _key: self.changed.emit())
        self.search = _Search(
            theme,
            "Filter inbox",
            name="inbox.filter",
            icon="search",
            small=True,
            label="Filter the inbox by words or a feed's number",
        )
        self.search.setClearButtonEnabled(True)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.changed)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self._only = button(theme, "", icon="x", name="inbox.only", small=True)
        self._only.setToolTip("Show the whole inbox again")
        self._only.clicked.connect(lambda: self.narrow(InboxQuery()))
        self._only.hide()
        first = QHBoxLayout()
        first.addWidget(self.choice)
        first.addStretch(1)
        second = QHBoxLayout()
        second.setSpacing(8)
        second.addWidget(self.search, 1)
        second.addWidget(self._only)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(_MARGIN, 8, _MARGIN, 8)
        whole.setSpacing(8)
        whole.addLayout(first)
        whole.addLayout(second)

    @property
    def query(self) -> InboxQuery:
        """What is to be shown."""
        scope = self._scope
        return InboxQuery(
            show=self.choice.current,
            feed_id=scope.feed_id,
            batch_key=scope.batch_key,
            toast=scope.toast,
            text=self.search.text().strip(),
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return self.query != InboxQuery()

    def narrow(self, scope: InboxQuery) -> None:
        """Show one feed, batch or message only; an empty query shows all of them."""
        self._scope = scope
        words = ""
        if scope.feed_id is not None:
            words = f"Feed {scope.feed_id}"
        elif scope.batch_key:
            words = "One batch"
        elif scope.toast:
            words = "One message"
        self._only.setText(words)
        self._only.setAccessibleName(f"Only {words.lower()}: show all again")
        self._only.setVisible(bool(words))
        self.changed.emit()

    def reset(self) -> None:
        """Show everything."""
        self.choice.choose("all")
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self.narrow(InboxQuery())

    def show_counts(self, counts: InboxCounts) -> None:
        """Write counts beside the choices."""
        self._counts = counts
        self._label()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the counts out where they do not fit."""
        super().resizeEvent(event)
        self._label()

    def _label(self) -> None:
        counts = {"unread": self._counts.unread, "problems": self._counts.problems}
        for key, words in _SHOWN:
            count = counts.get(key, 0)
            self.choice.set_label(key, f"{words} {count:,}" if count else words)
        if self.choice.sizeHint().width() > self.width() - 2 * _MARGIN:
            for key, words in _SHOWN:
                self.choice.set_label(key, words)
