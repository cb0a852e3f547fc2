"""What is compared: a feed, or one of its nodes, on each side."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.feeds.collect_model import FeedNodes
from chrislib.feeds.model import Node
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import icon_button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.text import Label

WHOLE = -1
"""Stands for a whole feed where a node could be chosen."""


@dataclass(frozen=True, slots=True)
class Side:
    """A feed, and in it a node; None is the whole feed, feed 0 nothing yet."""

    feed_id: int
    node_id: int | None = None

    def find(self, feed: FeedNodes) -> Node | None:
        """Return its node, None where the feed has it no more."""
        return next((node for node in feed.nodes if node.id == self.node_id), None)


class SidePicker(QWidget):
    """A feed and a node of it, to be chosen."""

    changed = Signal()

    def __init__(self, theme: Theme, words: str, *, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.feed = combo(f"{name}.feed", f"{words}: feed", chars=18)
        self.feed.setEditable(True)
        self.feed.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.feed.setMaxVisibleItems(16)
        completer = self.feed.completer()
        if completer is not None:
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.node = combo(f"{name}.node", f"{words}: node", chars=14)
        self.node.setMaxVisibleItems(16)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.feed, 5)
        row.addWidget(self.node, 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(Label(theme, words, style="caption", token="text.muted"))
        column.addLayout(row)
        self.feed.activated.connect(self._feed_chosen)
        self.node.activated.connect(lambda _index: self.changed.emit())

    @property
    def side(self) -> Side:
        """What is chosen."""
        node = self.node.currentData()
        feed = self.feed.currentData()
        return Side(int(feed or 0), None if node in {None, WHOLE} else int(node))

    def offer_feeds(
        self, feeds: Sequence[tuple[int, str]], chosen: int, *, hidden: bool = False
    ) -> None:
        """Offer feeds by (number, title); titles may be hidden."""
        self.feed.clear()
        for feed_id, title in feeds:
            words = f"Feed {feed_id}" if hidden else f"{title} · {feed_id}"
            self.feed.addItem(words, feed_id)
        at = self.feed.findData(chosen)
        self.feed.setCurrentIndex(at)

    def offer_nodes(self, feed: FeedNodes | None, chosen: int | None) -> None:
        """Offer the nodes of the chosen feed."""
        self.node.clear()
        self.node.addItem("Whole feed", WHOLE)
        for node in feed.nodes if feed is not None else ():
            self.node.addItem(f"{node_name(node)} · {node.id}", int(node.id))
        at = 0 if chosen is None else self.node.findData(chosen)
        self.node.setCurrentIndex(max(0, at))

    def _feed_chosen(self, _index: int) -> None:
        self.node.setCurrentIndex(0)
        self.changed.emit()


class Sides(QWidget):
    """Both pickers, and a button that turns them round."""

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("compare.sides")
        self.left = SidePicker(theme, "Left", name="compare.left")
        self.right = SidePicker(theme, "Right", name="compare.right")
        turn = icon_button(
            theme, "arrow-up-down", name="compare.turn", tooltip="Swap left and right"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 10)
        row.setSpacing(12)
        row.addWidget(self.left, 1)
        row.addWidget(turn, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.right, 1)
        self.turned = turn.clicked
        self.left.changed.connect(self.changed)
        self.right.changed.connect(self.changed)
