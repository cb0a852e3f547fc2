"""The head of an open feed: title, number, people, dates, and what can be done."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from chrislib.feeds.markdown import clean
from chrislib.feeds.model import FeedView
from chrislib.feeds.states import duration
from chrislib.feeds.tags import Tag
from chrislib.library.words import count as counted
from chrislib.views.context import ViewContext
from chrislib.views.feeds.tag_strip import TagStrip
from chrislib.views.feeds.words import show_date
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Segments, button, icon_button
from chrislib.views.widgets.paint import draw_text
from chrislib.views.widgets.text import ElidedLabel, plain_tooltip


class TitleLine(QWidget):
    """A feed's title, ending in "…" where it must, and its number behind it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._title = ""
        self._number = ""
        self.setObjectName("feeds.head.title")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_title(self, title: str, number: str) -> None:
        """Show another title and number."""
        self._title, self._number = title, number
        self.setToolTip(plain_tooltip(title))
        self.setAccessibleName(f"{title}, {number}")
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of a line of the page style."""
        return QSize(200, self._theme.px(28))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw title and number on one base line."""
        painter = QPainter(self)
        small = QFontMetrics(self._theme.font("small"))
        tail = small.horizontalAdvance(self._number) + 12
        room = self.rect().adjusted(0, 0, -tail, 0)
        used = draw_text(painter, room, self._theme, text=self._title, style="page")
        draw_text(
            painter,
            self.rect().adjusted(used + 12, 3, 0, 3),
            self._theme,
            text=self._number,
            style="small",
            token="text.muted",
        )
        painter.end()


class FeedHead(QWidget):
    """What stands above the graph."""

    note_pressed = Signal()
    share_pressed = Signal()
    tags_pressed = Signal()
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
        self._people = 0
        self._comments = 0
        self._title = TitleLine(theme)
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
            tooltip="Read and write the feed's note and its comments",
            small=True,
        )
        self.note_button.clicked.connect(self.note_pressed)
        self.share_button = button(
            theme,
            "Share",
            icon="users",
            name="feeds.head.share",
            tooltip="Who may open this feed",
            small=True,
        )
        self.share_button.clicked.connect(self.share_pressed)
        self.tags = TagStrip(theme)
        self.tags.clicked.connect(self.tags_pressed)
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
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        below = QHBoxLayout()
        below.setSpacing(12)
        # as wide as its words where there is room, and the tags right behind it
        shrinks = QSizePolicy.Policy.Preferred
        self._facts.setSizePolicy(shrinks, QSizePolicy.Policy.Fixed)
        below.addWidget(self._facts)
        below.addWidget(self.tags)
        below.addStretch(1)
        words.addLayout(below)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 8, 16, 8)
        row.setSpacing(8)
        row.addLayout(words, 1)
        for piece in (
            self.add_button,
            self.modes,
            self.note_button,
            self.share_button,
            self._menu_button,
            self.fold_button,
        ):
            row.addWidget(piece)
        theme.follow(self, lambda: self.setFixedHeight(theme.px(64)))

    def show_feed(self, view: FeedView) -> None:
        """Show another feed, or a fresher look at it."""
        if self._view is None or self._view.row.id != view.row.id:
            self._people = 0
            self._comments = 0
            self.tags.show_tags(())
        self._view = view
        self._write()

    def show_talk(
        self, tags: Sequence[Tag], *, people: int | None, comments: int
    ) -> None:
        """Show what people made of the feed.

        Parameters
        ----------
        people : int or None
            How many users and groups it is shared with; None where that is not told.
        """
        self._people, self._comments = people or 0, comments
        self.tags.show_tags(tags)
        if self._view is not None:
            self._write()

    def _write(self) -> None:
        view = self._view
        assert view is not None
        row = view.row
        self._title.show_title(row.title, f"Feed {row.id}")
        facts = [clean(row.owner)] if row.owner else []
        if facts and self._people:
            others = "1 other" if self._people == 1 else f"{self._people} others"
            facts = [f"{facts[0]} and {others}"]
        if row.public:
            facts.append("public")
        if row.created is not None:
            local = row.created.astimezone()
            facts.append(f"created {show_date(local.date())} {local:%H:%M}")
        facts.append(counted(row.nodes, "node"))
        spans = [
            (node.ended - node.started).total_seconds()
            for node in view.nodes
            if node.started is not None and node.ended is not None
        ]
        if spans:
            facts.append(f"run time {duration(sum(spans))}")
        self._facts.setText(" · ".join(facts))
        words = "Note" if view.note else "Add note"
        self.note_button.setText(
            f"{words} · {self._comments:,}" if self._comments else words
        )
        said = "1 comment" if self._comments == 1 else f"{self._comments:,} comments"
        self.note_button.setAccessibleName(
            f"{words}, {said}" if self._comments else words
        )

    def set_folded(self, folded: bool) -> None:
        """Carry Add node here while the inspector is folded."""
        self.add_button.setVisible(folded)

    def _menu(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("feeds.head.menu.popup")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Rename …").triggered.connect(self.rename_pressed)
        menu.addAction("Tags …").triggered.connect(self.tags_pressed)
        menu.addAction("Look again\tF5").triggered.connect(self.refresh_pressed)
        below = self._menu_button.rect().bottomLeft()
        menu.popup(self._menu_button.mapToGlobal(below))
