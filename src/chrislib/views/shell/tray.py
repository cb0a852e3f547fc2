"""The tray: everything that was ticked, across all sources, at the foot."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListView,
    QMenu,
    QSpacerItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.library.model import Item, ItemState, Source
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.paint import draw_glyph, draw_ring, draw_text
from chrislib.views.widgets.text import ElidedLabel, Label, isolate

_Index = QModelIndex | QPersistentModelIndex
OPEN, FOLDED = 116, 32
_ITEM = QSize(200, 72)
_ICONS = {
    Source.PACS: "layers",
    Source.UPLOAD: "folder",
    Source.REFERENCE: "library",
    Source.FEED: "workflow",
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


def second_line(item: Item) -> str:
    """Return whose it is, or where it came from."""
    if item.patient_name:
        parts = [part.strip() for part in item.patient_name.split("=")[0].split("^")]
        return isolate(", ".join(part for part in parts[:2] if part) or "(no name)")
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


class _TrayModel(QAbstractListModel):
    """The items of the tray in their order."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.items: tuple[Item, ...] = ()

    def rowCount(
        self, parent: QModelIndex | QPersistentModelIndex | None = None
    ) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.items)

    def data(self, index: _Index, role: int = 0) -> object:
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
            return ", ".join((item.title, second_line(item), third_line(item)))
        return None

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


class _TrayDelegate(QStyledItemDelegate):
    """Picture, three lines, and a cross that takes the item out."""

    removed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.lines = 3
        self.picture: PictureOf = _no_picture

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(_ITEM.width() + 8, _ITEM.height())

    @staticmethod
    def cross(rect: QRect) -> QRect:
        """Return where the cross is."""
        return QRect(rect.right() - 8 - 22, rect.top() + 2, 22, 22)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        item = index.data(ITEM_ROLE)
        if not isinstance(item, Item):
            return
        theme = self._theme
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
        picture = QRect(box.left() + 8, box.top() + 8, 56, 56)
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
        words = QRect(left, box.top() + 7, box.right() - left - 26, 19)
        draw_text(painter, words, theme, text=item.title, style="small")
        words = QRect(left, box.top() + 26, box.right() - left - 8, 17)
        draw_text(
            painter,
            words,
            theme,
            text=second_line(item),
            style="caption",
            token="text.secondary",
        )
        if self.lines > 2:
            words = QRect(left, box.top() + 43, box.right() - left - 8, 17)
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


class _TrayView(QListView):
    """One row of items; T or Del takes the highlighted ones out."""

    removed = Signal(list)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        spot = event.position().toPoint()
        index = self.indexAt(spot)
        cross = _TrayDelegate.cross(self.visualRect(index))
        if index.isValid() and cross.contains(spot):
            self.removed.emit([index.data(ITEM_ROLE).item_id])
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
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
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.indexAt(event.pos())
            if _TrayDelegate.cross(self.visualRect(index)).contains(event.pos()):
                from PySide6.QtWidgets import QToolTip

                QToolTip.showText(event.globalPos(), "Take out of the tray (T)", self)
                return True
        if event.type() == QEvent.Type.HoverMove:
            self.viewport().update()
        return super().viewportEvent(event)


class TrayPanel(QFrame):
    """Head line, items, Create feed; folds to a bar of 32 px."""

    create_requested = Signal()
    clear_requested = Signal()
    remove_requested = Signal(list)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._folded = False
        self.setObjectName("tray")
        self.setProperty("surface", "panel")
        self._model = _TrayModel(self)
        self.view = _TrayView()
        self._delegate = _TrayDelegate(theme, self.view)
        self._title = Label(theme, "Tray", style="small-strong", name="tray.title")
        self._head = ElidedLabel(
            theme, style="caption", token="text.secondary", name="tray.summary"
        )
        self._clear = button(
            theme, "Clear", kind="quiet", name="tray.clear", small=True
        )
        self._create = button(
            theme,
            "Create feed",
            kind="primary",
            icon="workflow",
            name="tray.create",
            shortcut="Ctrl+Return",
        )
        self._small = button(
            theme, "Create feed", icon="workflow", name="tray.create.folded", small=True
        )
        self._empty = Label(
            theme,
            "Tick series, uploads or references to gather them here for a feed.",
            style="small",
            token="text.muted",
            name="tray.empty",
        )
        self._build()
        self.show_items(())
        theme.changed.connect(self._refresh)

    @property
    def folded(self) -> bool:
        """Whether only the bar is shown."""
        return self._folded

    def set_folded(self, folded: bool) -> None:
        """Fold to the bar, or show the items."""
        self._folded = folded
        self.setFixedHeight(FOLDED if folded else OPEN)
        empty = not self._model.items
        self._body.setVisible(not folded)
        self._small.setVisible(folded)
        self._clear.setVisible(not folded and not empty)

    def set_pictures(self, picture: PictureOf) -> None:
        """Ask `picture` for each item's picture, None while there is none."""
        self._delegate.picture = picture
        self.view.viewport().update()

    def set_narrow(self, narrow: bool) -> None:
        """Leave the third line out in a narrow window."""
        self._delegate.lines = 2 if narrow else 3
        self.view.viewport().update()

    def show_items(self, items: Sequence[Item]) -> None:
        """Show what is in the tray."""
        self._model.show(tuple(items))
        empty = not items
        self.view.setVisible(not empty)
        self._empty.setVisible(empty)
        self._clear.setVisible(not empty and not self._folded)
        self._head.setText(self._summary(items))
        for piece in (self._create, self._small):
            piece.setEnabled(not empty)
            piece.setToolTip(
                "The tray is empty: tick something first"
                if empty
                else "Make a feed of what is in the tray (Ctrl+Return)"
            )

    def _summary(self, items: Sequence[Item]) -> str:
        if not items:
            return "empty"
        words = [f"{len(items):,} item" + ("s" if len(items) > 1 else "")]
        patients = {(i.patient_id, i.patient_name) for i in items if i.patient_name}
        sources = {item.source for item in items}
        if len(sources) > 1:
            words.append(f"{len(sources)} sources")
        if patients:
            words.append(f"{len(patients)} patient" + "s" * (len(patients) > 1))
        size = sum(item.size or 0 for item in items)
        if size:
            words.append(amount(size))
        away = sum(1 for item in items if item.state is not ItemState.READY)
        if away:
            words.append(f"{away} not here yet")
        return " · ".join(words)

    def _build(self) -> None:
        self.view.setObjectName("tray.items")
        self.view.setAccessibleName("Tray")
        self.view.setModel(self._model)
        self.view.setItemDelegate(self._delegate)
        self.view.setFlow(QListView.Flow.LeftToRight)
        self.view.setWrapping(False)
        self.view.setMouseTracking(True)
        self.view.setUniformItemSizes(True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._menu)
        self.view.removed.connect(self.remove_requested)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        # the row keeps its height when Clear comes and goes
        head.setSpacing(0)
        head.addSpacerItem(QSpacerItem(0, self._theme.px(24)))
        head.addWidget(self._title)
        head.addSpacing(12)
        head.addWidget(self._head, 1)
        head.addWidget(self._clear)
        head.addWidget(self._small)
        self._body = QWidget()
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.view, 1)
        row.addWidget(self._empty, 1)
        row.addWidget(self._create, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 4, 16, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._body, 1)
        self._create.clicked.connect(self.create_requested)
        self._small.clicked.connect(self.create_requested)
        self._clear.clicked.connect(self.clear_requested)
        self.setFixedHeight(OPEN)
        self._small.hide()

    def _menu(self, spot: QPoint) -> None:
        chosen = self.view.highlighted()
        if not chosen:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        action = menu.addAction("Take out of the tray\tT")
        action.triggered.connect(lambda: self.remove_requested.emit(chosen))
        menu.popup(self.view.viewport().mapToGlobal(spot))

    def _refresh(self) -> None:
        self.view.viewport().update()
