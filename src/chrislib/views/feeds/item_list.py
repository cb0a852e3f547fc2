"""The data of a new feed: library items grouped by where they came from."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QListView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from chrislib.library.model import Item, ItemState, Source
from chrislib.library.names import show_name
from chrislib.views.feeds.rows import sync
from chrislib.views.feeds.words import size_words
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_glyph, draw_row, draw_state, draw_text
from chrislib.views.widgets.text import isolate

_Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole + 1

_SOURCES = {
    Source.PACS: ("server", "PACS"),
    Source.UPLOAD: ("upload", "Upload Data"),
    Source.REFERENCE: ("library", "Reference Data"),
    Source.FEED: ("workflow", "Earlier feeds"),
    Source.FILES: ("folder-tree", "Browse Files"),
}
_STATES = {
    ItemState.WANTED: ("queued", "Not here yet"),
    ItemState.ON_THE_WAY: ("running", "On the way"),
    ItemState.REGISTERING: ("registering", "Registering files"),
    ItemState.READY: ("ready", "Here"),
    ItemState.FAILED: ("failed", "Stopped"),
    ItemState.CANCELLED: ("cancelled", "Cancelled"),
    ItemState.GONE: ("gone", "Gone from server"),
}
Head = tuple[str, str, int]
"""Icon, words and number of items of a group."""


def is_here(item: Item) -> bool:
    """Whether an item's files can be linked into a feed now."""
    return item.state is ItemState.READY and bool(item.path)


def may_come(item: Item) -> bool:
    """Whether an item is on its way, or will be when it is asked for."""
    return item.state in {
        ItemState.WANTED,
        ItemState.ON_THE_WAY,
        ItemState.REGISTERING,
    }


def item_words(item: Item) -> str:
    """Return the second line of an item."""
    parts = []
    if item.patient_name or item.patient_id:
        parts.append(isolate(show_name(item.patient_name)))
    if item.images is not None:
        unit = "image" if item.source is Source.PACS else "file"
        plural = "" if item.images == 1 else "s"
        parts.append(f"{item.images:,} {unit}{plural}")
    if item.size:
        parts.append(size_words(item.size))
    return " · ".join(parts) or item.detail


def item_state(item: Item) -> tuple[str, str]:
    """Return the state key and the words of an item."""
    key, words = _STATES[item.state]
    if item.state is ItemState.ON_THE_WAY and item.images:
        words = f"{item.received:,} of {item.images:,} images"
    return key, words


class ItemModel(QAbstractListModel):
    """Heads of groups and items, in the order of the tray."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Head | Item] = []

    def set_items(self, items: Sequence[Item]) -> None:
        """Show other items, or fresher looks at them."""
        rows: list[Head | Item] = []
        for source, (icon, words) in _SOURCES.items():
            group = [item for item in items if item.source is source]
            if group:
                rows.append((icon, words, len(group)))
                rows += group
        sync(
            self,
            self._rows,
            rows,
            key=lambda row: row.item_id if isinstance(row, Item) else row[1],
            begin_remove=self.beginRemoveRows,
            end_remove=self.endRemoveRows,
            begin_insert=self.beginInsertRows,
            end_insert=self.endInsertRows,
        )

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many rows there are, heads included."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Keep heads from being highlighted."""
        if index.isValid() and not isinstance(self._rows[index.row()], Item):
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a row's words, or the row itself."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title if isinstance(row, Item) else row[1]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if isinstance(row, Item):
                return f"{row.title}, {item_words(row)}, {item_state(row)[1]}"
            return f"{row[1]}, {row[2]}"
        return None


class _ItemDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, *, removable: bool) -> None:
        super().__init__()
        self._theme = theme
        self._removable = removable

    def sizeHint(self, _option: QStyleOptionViewItem, index: _Index) -> QSize:
        item = isinstance(index.data(ROW_ROLE), Item)
        return QSize(240, self._theme.px(48 if item else 28))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        row = index.data(ROW_ROLE)
        theme = self._theme
        rect: QRect = option.rect
        if not isinstance(row, Item):
            icon, words, count = row
            painter.fillRect(rect, theme.color("bg.panel"))
            painter.fillRect(
                QRect(rect.left(), rect.bottom(), rect.width(), 1),
                theme.color("border.subtle"),
            )
            spot = QPoint(rect.left() + 24, rect.top() + (rect.height() - 14) // 2)
            draw_glyph(painter, spot, theme, icon=icon, size=14)
            inner = rect.adjusted(46, 0, -16, 0)
            used = draw_text(painter, inner, theme, text=words, style="small-strong")
            draw_text(
                painter,
                inner.adjusted(used + 8, 0, 0, 0),
                theme,
                text=f"{count:,}",
                style="small",
                token="text.muted",
            )
            return
        draw_row(painter, option, theme)
        right = rect.right() - (48 if self._removable else 24)
        state_width = min(theme.px(150), rect.width() // 3)
        key, words = item_state(row)
        draw_state(
            painter,
            QRect(right - state_width, rect.top(), state_width, rect.height() - 1),
            theme,
            key,
            words,
            done=row.received,
            total=(row.images or 0) if row.state is ItemState.ON_THE_WAY else 0,
        )
        half = theme.px(18)
        top = rect.top() + (rect.height() - 2 * half) // 2
        inner = QRect(
            rect.left() + 24, top, right - state_width - rect.left() - 36, half
        )
        draw_text(painter, inner, theme, text=row.title)
        draw_text(
            painter,
            inner.translated(0, half),
            theme,
            text=item_words(row),
            style="caption",
            token="text.secondary",
        )
        if self._removable:
            draw_glyph(painter, cross_at(rect).topLeft(), theme, icon="x", size=16)


def cross_at(rect: QRect) -> QRect:
    """Return where the cross of a row is."""
    middle = rect.top() + (rect.height() - 16) // 2
    return QRect(rect.right() - 36, middle, 16, 16)


class ItemList(QListView):
    """The list; `removed` tells the id of an item that was taken out."""

    removed = Signal(str)

    def __init__(self, theme: Theme, *, name: str, removable: bool = False) -> None:
        super().__init__()
        self._removable = removable
        self.items = ItemModel()
        self.setObjectName(name)
        self.setAccessibleName("Data of the feed")
        self.setModel(self.items)
        delegate = _ItemDelegate(theme, removable=removable)
        delegate.setParent(self)
        self.setItemDelegate(delegate)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        if removable:
            self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            self.customContextMenuRequested.connect(self._menu)
        theme.changed.connect(self.viewport().update)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Answer a click on a row's cross."""
        index = self.indexAt(event.position().toPoint())
        row = index.data(ROW_ROLE) if index.isValid() else None
        if self._removable and isinstance(row, Item):
            near = cross_at(self.visualRect(index)).adjusted(-6, -6, 6, 6)
            if near.contains(event.position().toPoint()):
                self.removed.emit(row.item_id)
                return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the highlighted item out with Del."""
        row = self.currentIndex().data(ROW_ROLE)
        if self._removable and event.key() == Qt.Key.Key_Delete:
            if isinstance(row, Item):
                self.removed.emit(row.item_id)
            return
        super().keyPressEvent(event)

    def _menu(self, at: QPoint) -> None:
        row = self.indexAt(at).data(ROW_ROLE)
        if not isinstance(row, Item):
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        out = menu.addAction("Take out\tDel")
        out.triggered.connect(lambda: self.removed.emit(row.item_id))
        menu.popup(self.viewport().mapToGlobal(at))


def count_words(items: Sequence[Item]) -> str:
    """Return "7 items · 2 patients · 448 MB"."""
    count = len(items)
    words = ["1 item" if count == 1 else f"{count:,} items"]
    patients = {(item.patient_id, item.patient_name) for item in items}
    patients.discard(("", ""))
    if patients:
        number = len(patients)
        words.append("1 patient" if number == 1 else f"{number:,} patients")
    size = sum(item.size or 0 for item in items)
    if size:
        words.append(size_words(size))
    return " · ".join(words)
