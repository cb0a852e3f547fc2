"""How the tray's items are drawn and how they answer."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyleOptionViewItem,
    QWidget,
)

from chrislib.library.model import Item, ItemState, Source
from chrislib.library.names import show_name
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.dragging import ITEMS, dragged_items, items_data
from chrislib.views.widgets.paint import draw_glyph, draw_ring, draw_text
from chrislib.views.widgets.text import isolate

ITEM_WIDTH, ITEM_HEIGHT = 200, 72
_ICONS = {
    Source.PACS: "layers",
    Source.UPLOAD: "folder",
    Source.REFERENCE: "library",
    Source.FEED: "workflow",
    Source.FILES: "folder",
}
_SOURCES = {
    Source.UPLOAD: "Upload",
    Source.REFERENCE: "Reference data",
    Source.FEED: "Feed output",
}
_STATES = {
    "wanted": ("queued", "Pulled when needed"),
    "on_the_way": ("running", "On the way"),
    "registering": ("registering", "Registering files"),
    "failed": ("failed", "Failed"),
    "cancelled": ("cancelled", "Cancelled"),
    "gone": ("gone", "Gone from server"),
}
PictureOf = Callable[[Item], QPixmap | None]
ITEM_ROLE = int(Qt.ItemDataRole.UserRole)


def _no_picture(_item: Item) -> QPixmap | None:
    return None


def amount(size: int) -> str:
    """Return bytes in decimal MB or GB, two significant digits under 10."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            value = size / factor
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{size} B"


def second_line(item: Item, *, hidden: bool = False) -> str:
    """Return whose it is (nothing of it while names are `hidden`), or its source."""
    if item.patient_name:
        if hidden:
            return "Name hidden"
        return isolate(show_name(item.patient_name))
    return _SOURCES.get(item.source, item.detail or item.pacs)


def third_line(item: Item) -> str:
    """Return how much it is, or how far."""
    unit = "images" if item.series_uid else "files"
    if item.state is ItemState.ON_THE_WAY and item.images:
        return f"{item.received:,} of {item.images:,} {unit}"
    count = "" if item.images is None else f"{item.images:,} {unit}"
    if item.images == 1:
        count = f"1 {unit[:-1]}"
    size = amount(item.size) if item.size else ""
    return " · ".join(part for part in (count, size) if part)


class TrayModel(QAbstractListModel):
    """The items of the tray in their order.

    Signals
    -------
    dropped : (list of str, int)
        Ids of items that were dropped, and the place.
    """

    dropped = Signal(list, int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.items: tuple[Item, ...] = ()
        self.hidden = False

    def rowCount(
        self, parent: QModelIndex | QPersistentModelIndex | None = None
    ) -> int:
        """Return the number of items."""
        return 0 if parent is not None and parent.isValid() else len(self.items)

    def data(self, index: Index, role: int = 0) -> object:
        """Return the item under `ITEM_ROLE`, and its words."""
        if not 0 <= index.row() < len(self.items):
            return None
        item = self.items[index.row()]
        if role == ITEM_ROLE:
            return item
        if role == Qt.ItemDataRole.DisplayRole:
            return item.title
        if role in (
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return ", ".join(
                (item.title, second_line(item, hidden=self.hidden), third_line(item))
            )
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let items be dragged, and others be dropped between them."""
        drop = Qt.ItemFlag.ItemIsDropEnabled
        if not index.isValid():
            return super().flags(index) | drop
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        """Say that what is dropped stays where it came from."""
        return Qt.DropAction.CopyAction

    def mimeTypes(self) -> list[str]:
        """Name what is dragged and taken."""
        return [ITEMS]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return the ids of items that are dragged."""
        return items_data([str(index.data(ITEM_ROLE).item_id) for index in indexes])

    def dropMimeData(
        self,
        data: QMimeData,
        _action: Qt.DropAction,
        row: int,
        _column: int,
        parent: Index,
    ) -> bool:
        """Tell what was dropped; the tray itself changes, and is shown again."""
        ids = dragged_items(data)
        at = row if row >= 0 else parent.row() if parent.isValid() else len(self.items)
        if ids:
            self.dropped.emit(ids, at)
        # nothing is moved here: a view would take the dragged rows out
        return False

    def show(self, items: tuple[Item, ...]) -> None:
        """Show other items."""
        if [i.item_id for i in items] == [i.item_id for i in self.items]:
            self.items = items
            if items:
                self.dataChanged.emit(self.index(0), self.index(len(items) - 1))
            return
        self.beginResetModel()
        self.items = items
        self.endResetModel()


class TrayDelegate(SizedDelegate):
    """Picture, three lines, and a cross that takes the item out."""

    removed = Signal(str)
    wide, high = ITEM_WIDTH + 8, ITEM_HEIGHT

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self.lines = 3
        self.picture: PictureOf = _no_picture
        self.hidden = False

    @staticmethod
    def cross(rect: QRect) -> QRect:
        """Return where the cross is."""
        return QRect(rect.right() - 8 - 22, rect.top() + 2, 22, 22)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw one item."""
        item = index.data(ITEM_ROLE)
        if not isinstance(item, Item):
            return
        theme, px = self.theme, self.theme.px
        box = option.rect.adjusted(0, 0, -8, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        ground = "bg.selected" if selected else "bg.hover" if hovered else "bg.raised"
        painter.setBrush(theme.color(ground))
        painter.setPen(theme.color("border.subtle"))
        painter.drawRoundedRect(box.adjusted(0, 0, -1, -1), 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        side = theme.px(56)
        picture = QRect(box.left() + 8, box.top() + 8, side, side)
        seen = self.picture(item)
        if seen is None:
            painter.setBrush(theme.color("bg.highlight"))
            painter.drawRoundedRect(picture, 2, 2)
            spot = QPoint(picture.center().x() - 10, picture.center().y() - 10)
            draw_glyph(painter, spot, theme, icon=_ICONS[item.source], size=22)
        else:
            painter.fillRect(picture, theme.color("bg.image"))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(picture, seen)
        painter.restore()
        left = picture.right() + 9
        words = QRect(left, box.top() + px(7), box.right() - left - 26, px(19))
        draw_text(painter, words, theme, text=item.title, style="small")
        words = QRect(left, box.top() + px(26), box.right() - left - 8, px(17))
        draw_text(
            painter,
            words,
            theme,
            text=second_line(item, hidden=self.hidden),
            style="caption",
            token="text.secondary",
        )
        if self.lines > 2:
            words = QRect(left, box.top() + px(43), box.right() - left - 8, px(17))
            key, state = _STATES.get(item.state.value, ("", ""))
            text = third_line(item)
            token = "text.muted" if not selected else "text.secondary"
            if key:
                token = f"state.{key}"
                moving = item.state is ItemState.ON_THE_WAY and item.images
                text = text if moving else state
            draw_text(painter, words, theme, text=text, style="caption", token=token)
        mouse = option.widget.mapFromGlobal(option.widget.cursor().pos())
        cross = self.cross(option.rect)
        token = "text.primary" if cross.contains(mouse) else "text.secondary"
        spot = QPoint(cross.left() + 5, cross.top() + 5)
        draw_glyph(painter, spot, theme, icon="x", token=token, size=12)
        if option.state & QStyle.StateFlag.State_HasFocus:
            draw_ring(painter, box, theme)


class TrayView(QListView):
    """One row of items; T or Del takes the highlighted ones out."""

    removed = Signal(list)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Take out what has its cross under the pointer."""
        spot = event.position().toPoint()
        index = self.indexAt(spot)
        cross = TrayDelegate.cross(self.visualRect(index))
        if index.isValid() and cross.contains(spot):
            self.removed.emit([index.data(ITEM_ROLE).item_id])
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the highlighted items out with T or Del."""
        if event.key() in (Qt.Key.Key_T, Qt.Key.Key_Delete) and not (
            event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ):
            self.removed.emit(self.highlighted())
            return
        super().keyPressEvent(event)

    def highlighted(self) -> list[str]:
        """Return the ids of the highlighted items."""
        chosen = self.selectionModel().selectedIndexes()
        return [index.data(ITEM_ROLE).item_id for index in chosen]

    def viewportEvent(self, event: QEvent) -> bool:
        """Say what the cross does, and light it."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.indexAt(event.pos())
            if TrayDelegate.cross(self.visualRect(index)).contains(event.pos()):
                from PySide6.QtWidgets import QToolTip

                QToolTip.showText(event.globalPos(), "Take out of the tray (T)", self)
                return True
        if event.type() == QEvent.Type.HoverMove:
            self.viewport().update()
        return super().viewportEvent(event)
