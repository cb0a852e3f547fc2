"""The table of a folder on screen."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyleOptionHeader,
    QStyleOptionViewItem,
    QWidget,
)

from chrislib.library.storage.model import Entry
from chrislib.views.library.files import words
from chrislib.views.library.files.arranging import CHANGED, NAME, SIZE, TYPE
from chrislib.views.library.files.table_model import FilesModel
from chrislib.views.library.rowview import TICK, Index, RowDelegate, RowView
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_check, draw_glyph, draw_row, draw_text

ROW = 28
WIDTHS = {TYPE: 128, SIZE: 72, CHANGED: 112}
_BOX = 16


class _Delegate(RowDelegate):
    """Rows of 28: box, glyph, name and where a link leads, facts."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(40, self.theme.px(ROW))

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        inside = index.column() == NAME and at.x() < rect.left() + 16 + 20
        return TICK if inside else ""

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        model = index.model()
        entry = model.entry(index) if isinstance(model, FilesModel) else None
        if entry is None or not isinstance(model, FilesModel):
            return
        column, rect = index.column(), option.rect
        draw_row(
            painter,
            option,
            self.theme,
            hairline=False,
            first=column == NAME,
            last=column == CHANGED,
        )
        if column == NAME:
            self._name(painter, rect, entry, model)
            return
        gone = words.kind(entry) == "gone" or entry.closed
        draw_text(
            painter,
            rect.adjusted(8, 0, -8 if column != CHANGED else -16, 0),
            self.theme,
            text=str(index.data() or ""),
            style="small",
            token="state.gone" if gone and column == TYPE else "text.secondary",
            align=Qt.AlignmentFlag.AlignRight
            if column == SIZE
            else Qt.AlignmentFlag.AlignLeft,
        )

    def _name(
        self, painter: QPainter, rect: QRect, entry: Entry, model: FilesModel
    ) -> None:
        theme = self.theme
        box = QRect(rect.left() + 16, rect.top(), _BOX, rect.height())
        draw_check(painter, box, theme, state=model.ticks.state(entry.path))
        middle = rect.top() + (rect.height() - 16) // 2
        moving = entry.key in model.cut or entry.thing.deleting
        token = "text.disabled" if moving else "text.secondary"
        spot = QPoint(box.right() + 9, middle)
        draw_glyph(painter, spot, theme, icon=words.icon(entry), token=token)
        left = spot.x() + 24
        room = QRect(left, rect.top(), rect.right() - left - 8, rect.height())
        target = words.target_words(entry)
        gone = words.kind(entry) == "gone" or entry.closed
        token = "text.disabled" if moving else "text.muted" if gone else "text.primary"
        name = QRect(room)
        if target:
            # where it leads gets the room that the name leaves, and at least a third
            wide = theme.width("body", words.name(entry))
            name.setWidth(min(wide + 2, room.width() * 2 // 3))
        elide = Qt.TextElideMode.ElideMiddle
        text = words.name(entry)
        used = draw_text(painter, name, theme, text=text, token=token, elide=elide)
        if not target:
            return
        spot = QPoint(left + used + 8, rect.top() + (rect.height() - 12) // 2)
        draw_glyph(
            painter, spot, theme, icon="file-symlink", token="text.muted", size=12
        )
        rest = QRect(room)
        rest.setLeft(spot.x() + 18)
        draw_text(
            painter,
            rest,
            theme,
            text=target,
            style="caption",
            token="text.muted",
            elide=elide,
        )


class _Head(QHeaderView):
    """Heads that sort, and the box over all rows that are shown."""

    box_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self.checked = Qt.CheckState.Unchecked
        self.setSectionsClickable(True)
        self.setSortIndicatorShown(True)
        self.setHighlightSections(False)

    def box(self) -> QRect:
        """Return where the box is."""
        left = self.sectionViewportPosition(NAME)
        return QRect(left + 16, 0, _BOX, self.height())

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        """Draw a head; the first one begins with the box."""
        if section != NAME:
            super().paintSection(painter, rect, section)
            return
        painter.save()
        option = QStyleOptionHeader()
        self.initStyleOption(option)
        self.initStyleOptionForIndex(option, section)
        option.rect = rect
        option.text = ""
        style = self.style()
        style.drawControl(style.ControlElement.CE_Header, option, painter, self)
        painter.restore()
        draw_check(painter, self.box(), self._theme, state=self.checked)
        words_ = rect.adjusted(40, 0, -24, 0)
        draw_text(
            painter,
            words_,
            self._theme,
            text="Name",
            style="caption",
            token="text.muted",
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Answer the box; elsewhere sort and resize."""
        if self.box().adjusted(-4, 0, 4, 0).contains(event.position().toPoint()):
            self.box_pressed.emit()
            event.accept()
            return
        super().mousePressEvent(event)


class FilesTable(RowView):
    """Entries with boxes; folders take what is dropped on them."""

    up = Signal()
    """Backspace: the folder above."""

    def __init__(self, theme: Theme, model: FilesModel) -> None:
        super().__init__(theme, name="files.table", label="Files")
        self._head = _Head(theme, self)
        self.setHeader(self._head)
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._head.setStretchLastSection(False)
        self._head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column in WIDTHS:
            self._head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def head(self) -> _Head:
        """The heads, with the box over all rows."""
        return self._head

    def set_box(self, state: Qt.CheckState) -> None:
        """Show how the box over all rows stands."""
        if state != self._head.checked:
            self._head.checked = state
            self._head.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the columns there is no room for."""
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go up with Backspace, select by typing with the keys of lists."""
        if event.key() == Qt.Key.Key_Backspace and not event.modifiers():
            self.up.emit()
            return
        super().keyPressEvent(event)

    def _fit(self) -> None:
        self.fit_columns(WIDTHS, first=240, giving_way=(CHANGED, TYPE))

    def _dress(self) -> None:
        self._head.setFont(self.theme.font("caption"))
        self._head.setFixedHeight(self.theme.px(28))
        self._fit()
