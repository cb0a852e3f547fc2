"""The data of a new feed: library items grouped by where they came from."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QListView,
    QMenu,
    QStyleOptionViewItem,
    QWidget,
)

from chrislib.library.model import Item, ItemState, Source
from chrislib.library.names import show_name
from chrislib.views.feeds.rows import sync
from chrislib.views.feeds.words import size_words
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate, draw_two_lines
from chrislib.views.widgets.paint import draw_glyph, draw_row, draw_state, draw_text
from chrislib.views.widgets.text import isolate

ROW_ROLE = Qt.ItemDataRole.UserRole + 1

_SOURCES = {
    Source.PACS: ("server", "PACS", "series", "series"),
    Source.UPLOAD: ("upload", "Upload Data", "upload", "uploads"),
    Source.REFERENCE: ("library", "Reference Data", "reference", "references"),
    Source.FEED: ("workflow", "Earlier feeds", "output", "outputs"),
    Source.FILES: ("folder-tree", "Browse Files", "item", "items"),
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
Head = tuple[str, str, str]
"""Icon, words and number of items of a group."""
PictureOf = Callable[[Item], QPixmap | None]
_PICTURE = 32


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


def away_words(items: Sequence[Item]) -> tuple[str, bool]:
    """Return what is said of items that are not here, and whether some are lost."""
    away = [item for item in items if not is_here(item)]
    lost = sum(1 for item in away if not may_come(item))
    if lost:
        one = "1 item did" if lost == 1 else f"{lost:,} items did"
        return f"{one} not arrive. Take what is missing out, or try again.", True
    if not away:
        return "", False
    one = "1 item is" if len(away) == 1 else f"{len(away):,} items are"
    they = "it is" if len(away) == 1 else "they are"
    ticked = all(item.state is ItemState.WANTED for item in away)
    what = "only ticked so far, and pulled now" if ticked else "still on the way"
    return (
        f"{one} {what}: the feed starts when {they} here. You can close this "
        "and chrislib meanwhile.",
        False,
    )


def item_words(item: Item) -> str:
    """Return the second line of an item."""
    parts = []
    if item.patient_name or item.patient_id:
        parts.append(isolate(show_name(item.patient_name)))
    if item.images is not None:
        parts.append(_pieces(item, item.images))
    if item.size:
        parts.append(size_words(item.size))
    return " · ".join(parts) or item.detail


def item_state(item: Item) -> tuple[str, str]:
    """Return the state key and the words of an item."""
    key, words = _STATES[item.state]
    if item.state is ItemState.ON_THE_WAY and item.images:
        words = f"{item.received:,} of {_pieces(item, item.images)}"
    return key, words


def _pieces(item: Item, number: int) -> str:
    """Return "192 images", "1 file": what an item counts."""
    unit = "image" if item.source is Source.PACS else "file"
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


class ItemModel(QAbstractListModel):
    """Heads of groups and items, in the order of the tray."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Head | Item] = []

    def set_items(self, items: Sequence[Item]) -> None:
        """Show other items, or fresher looks at them."""
        rows: list[Head | Item] = []
        groups: dict[tuple[Source, str], list[Item]] = {
            (source, ""): [] for source in _SOURCES
        }
        for item in items:
            place = item.pacs if item.source is Source.PACS else ""
            groups.setdefault((item.source, place), []).append(item)
        order = list(_SOURCES)
        for (source, place), group in sorted(
            groups.items(), key=lambda one: order.index(one[0][0])
        ):
            if group:
                icon, words, one, many = _SOURCES[source]
                unit = one if len(group) == 1 else many
                rows.append((icon, place or words, f"{len(group):,} {unit}"))
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

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many rows there are, heads included."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Keep heads from being highlighted."""
        if index.isValid() and not isinstance(self._rows[index.row()], Item):
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
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


class _ItemDelegate(SizedDelegate):
    wide = 240

    def __init__(self, theme: Theme, parent: QWidget, *, removable: bool) -> None:
        super().__init__(theme, parent)
        self._removable = removable
        self.picture: PictureOf = lambda _item: None

    def tall(self, index: Index) -> int:
        """Return the height of a row at text size 1, px."""
        item = isinstance(index.data(ROW_ROLE), Item)
        return 48 if item else 28

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        row = index.data(ROW_ROLE)
        theme = self.theme
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
                text=count,
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
        self._draw_picture(painter, rect, row)
        left = rect.left() + 24 + _PICTURE + 12
        wide = right - state_width - left - 12
        inner = QRect(left, rect.top(), wide, rect.height())
        draw_two_lines(painter, inner, theme, title=row.title, below=item_words(row))
        if self._removable:
            draw_glyph(painter, cross_at(rect).topLeft(), theme, icon="x", size=16)

    def _draw_picture(self, painter: QPainter, rect: QRect, item: Item) -> None:
        theme = self.theme
        place = QRect(
            rect.left() + 24, rect.center().y() - _PICTURE // 2, _PICTURE, _PICTURE
        )
        seen = self.picture(item)
        if seen is not None:
            painter.fillRect(place, theme.color("bg.image"))
            painter.drawPixmap(place, seen)
            return
        painter.fillRect(place, theme.color("bg.highlight"))
        spot = QPoint(place.center().x() - 7, place.center().y() - 7)
        icon = "image" if item.series_uid else _SOURCES[item.source][0]
        draw_glyph(painter, spot, theme, icon=icon, size=16)


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
        self._painter = _ItemDelegate(theme, self, removable=removable)
        self.setItemDelegate(self._painter)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        if removable:
            self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            self.customContextMenuRequested.connect(self._menu)
        theme.changed.connect(self.viewport().update)

    def set_pictures(self, picture: PictureOf) -> None:
        """Ask `picture` for each item's picture, None while there is none."""
        self._painter.picture = picture
        self.viewport().update()

    def show_meant(self, said: str) -> Item | None:
        """Go to the item whose place a server's words name; None for none."""
        for number in range(self.items.rowCount()):
            index = self.items.index(number)
            row = index.data(ROW_ROLE)
            place = row.path.strip("/") if isinstance(row, Item) else ""
            if place and f"'{place}'" in said:
                self.setCurrentIndex(index)
                self.scrollTo(index)
                self.setFocus(Qt.FocusReason.OtherFocusReason)
                return row if isinstance(row, Item) else None
        return None

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
