"""What is collected: from which feeds, of which node, which files."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.feeds.collect_model import Offer, Wanted
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.combos import combo, offer
from chrislib.views.widgets.text import Label

EACH = (("file", "One row per file"), ("line", "One row per line"))
"""What becomes a row, and its words."""


@dataclass(frozen=True, slots=True)
class FeedChoice:
    """Feeds that can be collected from, in words: "12 chosen feeds"."""

    words: str
    feed_ids: tuple[int, ...]


class CollectChoice(QWidget):
    """Five choices in a row, and Collect."""

    feeds_chosen = Signal(int)
    node_chosen = Signal()
    files_chosen = Signal()
    each_chosen = Signal()
    collect_pressed = Signal()

    def __init__(self, theme: Theme, feeds: Sequence[FeedChoice]) -> None:
        super().__init__()
        self.setObjectName("collect.choice")
        self.feeds = _box("collect.feeds", "Feeds", chars=12)
        self.plugin = _box("collect.plugin", "Plugin", chars=12)
        self.place = _box("collect.place", "Where in the tree", chars=12)
        self.files = _box("collect.files", "Files", chars=12)
        self.files.setEditable(True)
        self.files.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.each = _box("collect.each", "Rows", chars=11)
        for key, rows in EACH:
            self.each.addItem(rows, key)
        self.each.setToolTip(
            "A table of several lines, as CSV, can give a row for each of them"
        )
        edit = self.files.lineEdit()
        if edit is not None:
            edit.setPlaceholderText("Name, with * for anything")
            edit.setAccessibleName("Files")
        self.collect_button = button(
            theme,
            "Collect",
            kind="primary",
            icon="table",
            name="collect.start",
            shortcut="Ctrl+Return",
            tooltip="Read the files into one table (Ctrl+Return)",
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 10)
        row.setSpacing(12)
        for words, box, share in (
            ("Feeds", self.feeds, 3),
            ("Plugin", self.plugin, 4),
            ("Where in the tree", self.place, 4),
            ("Files", self.files, 5),
            ("Rows", self.each, 2),
        ):
            column = QVBoxLayout()
            column.setSpacing(2)
            column.addWidget(Label(theme, words, style="caption", token="text.muted"))
            column.addWidget(box)
            row.addLayout(column, share)
        row.addWidget(self.collect_button, 0, Qt.AlignmentFlag.AlignBottom)
        for choice in feeds:
            self.feeds.addItem(choice.words)
        self.feeds.activated.connect(self.feeds_chosen)
        self.plugin.activated.connect(lambda _index: self.node_chosen.emit())
        self.place.activated.connect(lambda _index: self.node_chosen.emit())
        self.files.activated.connect(self._file_chosen)
        self.each.activated.connect(lambda _index: self.each_chosen.emit())
        self.collect_button.clicked.connect(self.collect_pressed)

    @property
    def wanted(self) -> Wanted:
        """What is chosen now."""
        return Wanted(
            plugin=str(self.plugin.currentData() or ""),
            place=str(self.place.currentData() or ""),
            pattern=self.pattern,
            each=str(self.each.currentData()),
        )

    @property
    def pattern(self) -> str:
        """The files chosen or typed."""
        return self.files.currentText().strip()

    def show_plugins(
        self, plugins: Sequence[tuple[str, int, int]], *, feeds: int, wanted: str
    ) -> None:
        """Offer plugins by (name, feeds, nodes)."""
        items = [
            (name, name if feeds == 1 else f"{name} · in {_of(count, feeds)}")
            for name, count, _nodes in plugins
        ]
        offer(self.plugin, items, wanted)

    def show_places(
        self, places: Sequence[tuple[str, int]], *, feeds: int, wanted: str
    ) -> None:
        """Offer the places of the chosen plugin by (place, feeds)."""
        items = [("", "Anywhere")]
        items += [
            (
                place,
                place.replace("/", " › ")
                + ("" if feeds == 1 else f" · {_of(count, feeds)}"),
            )
            for place, count in places
        ]
        offer(self.place, items, wanted)

    def show_each(self, wanted: str) -> None:
        """Show what becomes a row."""
        self.each.setCurrentIndex(max(0, self.each.findData(wanted)))

    def show_files(self, offers: Sequence[Offer], *, nodes: int, wanted: str) -> None:
        """Offer patterns; the wanted one stays, whether it is among them or not."""
        items = [(offer.pattern, _offer_words(offer, nodes)) for offer in offers]
        patterns = [offer.pattern for offer in offers]
        offer(self.files, items, wanted)
        # the list says where a file is found, the field only its name
        self.files.setEditText(wanted or (patterns[0] if patterns else ""))

    def _file_chosen(self, index: int) -> None:
        self.files.setEditText(str(self.files.itemData(index) or ""))
        self.files_chosen.emit()

    def set_busy(self, busy: bool) -> None:
        """Let nothing be begun while something is collected."""
        for box in (self.feeds, self.plugin, self.place, self.files, self.each):
            box.setEnabled(not busy)
        self.collect_button.setEnabled(not busy and bool(self.wanted.plugin))


def _offer_words(offer: Offer, nodes: int) -> str:
    words = f"{offer.pattern} · "
    if offer.files == offer.nodes:
        return words + ("1 file" if nodes == 1 else f"in {_of(offer.nodes, nodes)}")
    return words + f"{offer.files:,} files"


def _of(count: int, total: int) -> str:
    return f"all {total:,}" if count == total else f"{count:,} of {total:,}"


def _box(name: str, label: str, *, chars: int) -> QComboBox:
    box = combo(name, label, chars=chars)
    box.setMaxVisibleItems(16)
    return box
