"""What stands above and below the list of History."""

from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chrislib.library.dates import show_date
from chrislib.library.history_model import BookState, Wanted
from chrislib.library.words import count
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, Segments, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.text import Label

_KINDS = [
    ("all", "All", ""),
    ("lookups", "Lookups", "search"),
    ("uploads", "Uploads", "upload"),
    ("references", "References", "library"),
    ("outputs", "Outputs", "workflow"),
]
_STATES = (
    ("Any state", ""),
    ("On the way", "moving"),
    ("Ready", "ready"),
    ("Needs attention", "attention"),
    ("Nothing came", "nothing"),
)


class HistoryHead(QWidget):
    """Title, counts and what the list is narrowed to."""

    changed = Signal()
    """Another list is wanted."""
    top_asked = Signal()
    """The words about new rows were clicked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("overview.history.head")
        self.setProperty("surface", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(8)
        row.addWidget(Label(theme, "History", style="section"))
        row.addSpacing(4)
        self._count = Label(theme, style="small", token="text.muted")
        row.addWidget(self._count)
        self._day = Label(theme, style="group", token="text.muted")
        row.addWidget(self._day)
        self._new = button(
            theme, "", kind="quiet", name="overview.history.new", small=True
        )
        self._new.hide()
        self._new.clicked.connect(self.top_asked)
        row.addWidget(self._new)
        row.addStretch(1)
        self._kinds = Segments(theme, _KINDS, name="overview.history.kind")
        self._kinds.chosen.connect(lambda _key: self.changed.emit())
        row.addWidget(self._kinds)
        self._states = combo("overview.history.state", "State", small=True)
        self._states.setToolTip("Show only entries in this state")
        for words, key in _STATES:
            self._states.addItem(words, key)
        self._states.currentIndexChanged.connect(lambda _at: self.changed.emit())
        row.addWidget(self._states)
        self._text = Field(
            theme,
            "Filter history",
            name="overview.history.filter",
            icon="filter",
            small=True,
        )
        self._text.setMinimumWidth(theme.px(120))
        self._text.setMaximumWidth(theme.px(200))
        self._text.textChanged.connect(lambda _text: self.changed.emit())
        row.addWidget(self._text, 1)

    @property
    def wanted(self) -> Wanted:
        """What the list is narrowed to."""
        kind = self._kinds.current
        return Wanted(
            kind="" if kind == "all" else kind,
            state=str(self._states.currentData() or ""),
            text=self._text.text(),
        )

    def show_all(self) -> None:
        """Take everything that narrows the list away."""
        self._kinds.choose("all")
        self._states.setCurrentIndex(0)
        self._text.clear()
        self.changed.emit()

    def focus_filter(self) -> None:
        """Put the cursor into the filter."""
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def tell_count(self, shown: int, total: int) -> None:
        """Say how many entries are shown."""
        words = count(total, "entry", "entries") if total else ""
        if total and shown != total:
            words = f"{shown:,} of {words}"
        self._count.setText(words)

    def tell_day(self, words: str) -> None:
        """Say which day is seen when its own head is not."""
        self._day.setText(words)

    def tell_new(self, number: int) -> None:
        """Say that rows came above what is seen; 0 for none."""
        self._new.setVisible(number > 0)
        self._new.setText(f"{number:,} new, show")


class HistoryFoot(QWidget):
    """Says how far back the server was read; reads on when asked."""

    asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("overview.history.foot")
        self._words = Label(theme, style="small", token="text.muted")
        self._button = button(
            theme, "Read on", kind="quiet", name="overview.history.more", small=True
        )
        self._button.clicked.connect(self.asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 10, 0, 4)
        row.setSpacing(8)
        row.addWidget(self._words)
        row.addWidget(self._button)
        row.addStretch(1)
        self.hide()

    def tell(self, state: BookState, *, shown: int, searching: bool) -> None:
        """Say what is missing from the list, where something is."""
        self.setVisible(state.connected and not state.complete and state.error is None)
        self._button.setVisible(not state.reading and bool(state.since))
        since = show_date(date.fromtimestamp(state.since)) if state.since else ""
        if state.reading:
            words = "Reading what the server remembers"
            words += f", back to {since} so far" if since else ""
        elif searching and not shown:
            words = f"Searched back to {since}. Older entries are on the server."
        else:
            words = f"Back to {since}. Older entries are on the server."
        self._words.setText(words)
