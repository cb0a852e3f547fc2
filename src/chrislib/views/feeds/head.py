"""The head of an open feed: title, number, people, dates, and what can be done."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from chrislib.feeds.model import FeedView
from chrislib.feeds.states import duration, feed_words
from chrislib.views.context import ViewContext
from chrislib.views.feeds.words import show_date
from chrislib.views.widgets.buttons import Segments, button, icon_button
from chrislib.views.widgets.text import ElidedLabel, Label


class FeedHead(QWidget):
    """What stands above the graph."""

    note_pressed = Signal()
    rename_pressed = Signal()
    refresh_pressed = Signal()
    add_pressed = Signal()
    fold_pressed = Signal()
    mode_chosen = Signal(str)

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self._view: FeedView | None = None
        self.setObjectName("feeds.head")
        self._title = ElidedLabel(theme, style="page", name="feeds.head.title")
        self._number = Label(
            theme, style="small", token="text.muted", name="feeds.head.number"
        )
        self._facts = ElidedLabel(
            theme, style="small", token="text.secondary", name="feeds.head.facts"
        )
        self.add_button = button(
            theme,
            "Add node",
            kind="primary",
            icon="plus",
            name="feeds.head.add",
            shortcut="A",
            tooltip="Add a node after the highlighted one (A)",
            small=True,
        )
        self.add_button.clicked.connect(self.add_pressed)
        self.modes = Segments(
            theme,
            [("graph", "Graph", "workflow"), ("list", "List", "list")],
            name="feeds.head.mode",
        )
        self.modes.chosen.connect(self.mode_chosen)
        self.note_button = button(
            theme,
            "Note",
            icon="message-square",
            name="feeds.head.note",
            tooltip="Read and write the feed's note",
            small=True,
        )
        self.note_button.clicked.connect(self.note_pressed)
        self._menu_button = icon_button(
            theme, "ellipsis", name="feeds.head.menu", tooltip="More for this feed"
        )
        self._menu_button.clicked.connect(self._menu)
        self.fold_button = icon_button(
            theme,
            "panel-right",
            name="feeds.head.fold",
            tooltip="Fold or show the inspector (F8)",
        )
        self.fold_button.clicked.connect(self.fold_pressed)
        titles = QHBoxLayout()
        titles.setSpacing(12)
        titles.addWidget(self._title, 1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(titles)
        words.addWidget(self._facts)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 8, 16, 8)
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addWidget(self._number, 0, Qt.AlignmentFlag.AlignVCenter)
        for piece in (
            self.add_button,
            self.modes,
            self.note_button,
            self._menu_button,
            self.fold_button,
        ):
            row.addWidget(piece)
        self.setFixedHeight(theme.px(64))

    def show_feed(self, view: FeedView) -> None:
        """Show another feed, or a fresher look at it."""
        self._view = view
        row = view.row
        self._title.setText(row.title)
        self._number.setText(f"Feed {row.id}")
        facts = [row.owner] if row.owner else []
        if row.created is not None:
            local = row.created.astimezone()
            facts.append(f"created {show_date(local.date())} {local:%H:%M}")
        facts.append(feed_words(row.states))
        spans = [
            (node.ended - node.started).total_seconds()
            for node in view.nodes
            if node.started is not None and node.ended is not None
        ]
        if spans:
            facts.append(f"run time {duration(sum(spans))}")
        self._facts.setText(" · ".join(facts))
        self.note_button.setText("Note" if view.note else "Add note")

    def set_folded(self, folded: bool) -> None:
        """Carry Add node here while the inspector is folded."""
        self.add_button.setVisible(folded)

    def _menu(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("feeds.head.menu.popup")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Rename …").triggered.connect(self.rename_pressed)
        menu.addAction("Look again\tF5").triggered.connect(self.refresh_pressed)
        below = self._menu_button.rect().bottomLeft()
        menu.popup(self._menu_button.mapToGlobal(below))
