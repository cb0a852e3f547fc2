"""Choosing data of the Library for a feed: everything it has, with boxes."""

import time
from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QListView,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.library.model import Item
from chrislib.library.names import show_name
from chrislib.views.feeds.item_list import item_state, item_words
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.delegates import SizedDelegate, draw_two_lines
from chrislib.views.widgets.paint import draw_check, draw_row, draw_state
from chrislib.views.widgets.text import Label

ITEM_ROLE = Qt.ItemDataRole.UserRole + 1
_LOOK_SECONDS = 0.003


class PickModel(QAbstractListModel):
    """The items of the Library that have some words, and whether each is in.

    A hundred thousand are looked through a piece at a time: the window goes on.
    """

    grown = Signal()

    def __init__(self, is_in: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_in = is_in
        self._all: dict[str, Item] = {}
        self._shown: list[str] = []
        self._rows: dict[str, int] = {}
        self._words: list[str] = []
        self._left: Iterator[Item] = iter(())
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._look_on)

    @property
    def looking(self) -> bool:
        """Whether there are items that were not looked at yet."""
        return self._later.isActive()

    def set_items(self, items: Sequence[Item]) -> None:
        """Show other items."""
        self._all = {str(item.item_id): item for item in items}
        self._apply()

    def set_words(self, words: str) -> None:
        """Show only items that have all the words."""
        self._words = words.casefold().split()
        self._apply()

    def renew(self, items: Sequence[Item]) -> None:
        """Take over fresher looks at items; no row moves."""
        for item in items:
            item_id = str(item.item_id)
            if item_id in self._all and self._all[item_id] is not item:
                self._all[item_id] = item
                self.tick_changed(item_id)

    def tick_changed(self, item_id: str) -> None:
        """Tell that the box of an item, or the item itself, changed."""
        if item_id in self._rows:
            index = self.index(self._rows[item_id])
            self.dataChanged.emit(index, index)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many items are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return an item's words, its box, or the item itself."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        item = self._all[self._shown[index.row()]]
        if role == ITEM_ROLE:
            return item
        if role == Qt.ItemDataRole.DisplayRole:
            return item.title
        if role == Qt.ItemDataRole.CheckStateRole:
            on = self._is_in(str(item.item_id))
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = ", ".join((item.title, item_words(item), item_state(item)[1]))
            return f"{words}, in the feed" if self._is_in(str(item.item_id)) else words
        return None

    def _apply(self) -> None:
        self._later.stop()
        self.beginResetModel()
        self._shown, self._rows = [], {}
        self.endResetModel()
        self._left = iter(list(self._all.values()))
        self._look_on()

    def _look_on(self) -> None:
        until = time.perf_counter() + _LOOK_SECONDS
        found: list[str] = []
        for item in self._left:
            if _has(item, self._words):
                found.append(str(item.item_id))
            if time.perf_counter() > until:
                self._later.start()
                break
        if found:
            first = len(self._shown)
            self.beginInsertRows(QModelIndex(), first, first + len(found) - 1)
            self._rows.update(zip(found, range(first, first + len(found)), strict=True))
            self._shown += found
            self.endInsertRows()
        self.grown.emit()


def _has(item: Item, words: Sequence[str]) -> bool:
    if not words:
        return True
    text = " ".join(
        (
            *(item.title, item.detail, item.patient_id, item.accession_number),
            *(show_name(item.patient_name), item.study_description, item.modality),
            str(item.study_date or ""),
        )
    ).casefold()
    return all(word in text for word in words)


class _Delegate(SizedDelegate):
    wide, high = 240, 48

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        item = index.data(ITEM_ROLE)
        if not isinstance(item, Item):
            return
        theme, rect = self.theme, option.rect
        draw_row(painter, option, theme)
        on = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        draw_check(
            painter,
            QRect(rect.left() + 24, rect.top(), 16, rect.height()),
            theme,
            state=Qt.CheckState.Checked if on else Qt.CheckState.Unchecked,
        )
        wide = min(theme.px(140), rect.width() // 3)
        key, words = item_state(item)
        place = QRect(rect.right() - wide - 12, rect.top(), wide, rect.height() - 1)
        draw_state(painter, place, theme, key, words)
        left = rect.left() + 52
        inner = QRect(left, rect.top(), place.left() - left - 12, rect.height())
        draw_two_lines(painter, inner, theme, title=item.title, below=item_words(item))


class _View(QListView):
    """Space, T and a click on the left part tick; Return too."""

    ticked = Signal(str)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tick what was clicked at its box."""
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.position().x() < 48:
            self.ticked.emit(str(index.data(ITEM_ROLE).item_id))
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Tick what was clicked twice."""
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.position().x() >= 48:
            self.ticked.emit(str(index.data(ITEM_ROLE).item_id))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tick the highlighted item."""
        keys = (Qt.Key.Key_Space, Qt.Key.Key_T, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() in keys and plain and self.currentIndex().isValid():
            self.ticked.emit(str(self.currentIndex().data(ITEM_ROLE).item_id))
            return
        super().keyPressEvent(event)


class ItemPicker(QWidget):
    """A search over the Library's items; `ticked` tells the id of one whose box turns.

    Parameters
    ----------
    is_in : callable
        Whether an item is in the feed.
    """

    ticked = Signal(str)

    def __init__(self, theme: Theme, *, is_in: Callable[[str], bool]) -> None:
        super().__init__()
        self.items = PickModel(is_in)
        self.search = Field(
            theme, "Search your library", name="create.pick.search", icon="search"
        )
        self.view = _View()
        self.view.setObjectName("create.pick")
        self.view.setAccessibleName("Your library")
        self.view.setModel(self.items)
        self.view.setItemDelegate(_Delegate(theme, self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._empty = Label(
            theme,
            "Nothing in your library has these words.",
            style="small",
            token="text.muted",
            wrap=True,
        )
        self._empty.setContentsMargins(24, 12, 24, 12)
        self._empty.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        field = QVBoxLayout()
        field.setContentsMargins(24, 0, 24, 0)
        field.addWidget(self.search)
        column.addLayout(field)
        column.addWidget(self._empty)
        column.addWidget(self.view, 1)
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(120)
        self._typed.timeout.connect(self._filter)
        self.search.textEdited.connect(lambda _text: self._typed.start())
        self.items.grown.connect(self._say)
        self.view.ticked.connect(self.ticked)
        theme.changed.connect(self.view.viewport().update)

    def set_items(self, items: Sequence[Item]) -> None:
        """Show what the Library has."""
        self.items.set_items(items)

    def _filter(self) -> None:
        self.items.set_words(self.search.text())

    def _say(self) -> None:
        empty = not self.items.rowCount() and not self.items.looking
        self._empty.setText(
            "Nothing in your library has these words."
            if self.search.text().strip()
            else "Your library is empty. Look something up, upload or fetch it first."
        )
        self._empty.setVisible(empty)
