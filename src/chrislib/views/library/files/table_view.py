"""The table of a folder on screen."""

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from chrislib.library.storage.model import Entry
from chrislib.views.library.files import words
from chrislib.views.library.files.arranging import CHANGED, NAME, SIZE, TYPE
from chrislib.views.library.files.table_model import FilesModel
from chrislib.views.library.mine.keys import key_of
from chrislib.views.library.rowview import TICK, RowDelegate
from chrislib.views.models.index import Index
from chrislib.views.models.selected import rows_of
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paced import PacedTable
from chrislib.views.widgets.paint import draw_check, draw_glyph, draw_ring, draw_text
from chrislib.views.widgets.row_table import of_whole_rows
from chrislib.views.widgets.sort_head import SortHead

ROW = 28
WIDTHS = {TYPE: 128, SIZE: 72, CHANGED: 112}
_BOX = 16
_SELECTED = QStyle.StateFlag.State_Selected.value
_LEFT, _RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight


class _Delegate(RowDelegate):
    """Rows of 28: box, glyph, name and where a link leads, facts."""

    wide, high = 40, ROW

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        inside = index.column() == NAME and at.x() < rect.left() + 16 + 20
        return TICK if inside else ""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint one cell; a table that is sorted is painted whole, so with few steps.

        Every copy of an option and every flag costs more than the drawing.
        """
        model, view, theme = index.model(), option.widget, self.theme
        if not isinstance(model, FilesModel) or not isinstance(view, FilesTable):
            return
        entry = model.entry(index)
        if entry is None:
            return
        row, column, rect = index.row(), index.column(), option.rect
        if option.state.value & _SELECTED:
            painter.fillRect(rect, theme.color("bg.selected"))
        elif row == view.hovered_row:
            painter.fillRect(rect, theme.color("bg.hover"))
        if row == view.focused_row:
            draw_ring(
                painter, rect, theme, first=column == NAME, last=column == CHANGED
            )
        if column == NAME:
            self._name(painter, rect, entry, model)
            return
        gone = column == TYPE and (words.kind(entry) == "gone" or entry.closed)
        draw_text(
            painter,
            rect.adjusted(8, 0, -8 if column != CHANGED else -16, 0),
            theme,
            text=model.words(entry, column),
            style="small",
            token="state.gone" if gone else "text.secondary",
            align=_RIGHT if column == SIZE else _LEFT,
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


class _Head(SortHead):
    """Heads that sort, and the box over all rows that are shown."""

    box_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, numeric=(SIZE,))
        self.checked = Qt.CheckState.Unchecked

    def box(self) -> QRect:
        """Return where the box is."""
        left = self.sectionViewportPosition(NAME)
        return QRect(left + 16, 0, _BOX, self.height())

    def begin(self, painter: QPainter, section: int) -> int:
        """Draw the box before the first head."""
        if section != NAME:
            return super().begin(painter, section)
        draw_check(painter, self.box(), self.theme, state=self.checked)
        return 40

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Answer the box; elsewhere sort and resize."""
        if self.box().adjusted(-4, 0, 4, 0).contains(event.position().toPoint()):
            self.box_pressed.emit()
            event.accept()
            return
        super().mousePressEvent(event)


class FilesTable(PacedTable):
    """Entries with boxes; folders take what is dropped on them.

    A table, not a tree: it asks the model for the rows in sight only.
    """

    ticked = Signal(QModelIndex)
    """The box of a row was clicked."""
    opened = Signal(QModelIndex)
    """Return, or a double click."""
    key_pressed = Signal(str)
    """A single-letter key."""
    up = Signal()
    """Backspace: the folder above."""

    def __init__(self, theme: Theme, model: FilesModel) -> None:
        super().__init__(theme)
        self._theme = theme
        self._pressed: QPersistentModelIndex | None = None
        self.hovered_row = self.focused_row = -1
        self.setObjectName("files.table")
        self.setAccessibleName("Files")
        self._head = _Head(theme, self)
        self.setHorizontalHeader(self._head)
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        self.setFrameShape(QTableView.Shape.NoFrame)
        of_whole_rows(self)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
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

    def highlighted_rows(self) -> list[int]:
        """Return the rows that are highlighted, from the top."""
        return rows_of(self.selectionModel())

    def box_at(self, at: QPoint) -> QModelIndex:
        """Return the row whose box is at a point, invalid where there is none."""
        index, delegate = self.indexAt(at), self.itemDelegate()
        if not index.isValid() or not isinstance(delegate, _Delegate):
            return QModelIndex()
        zone = delegate.zone(index, self.visualRect(index), at)
        return index if zone == TICK else QModelIndex()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows; one of them has the ring while the table has the focus."""
        self.focused_row = self.currentIndex().row() if self.hasFocus() else -1
        super().paintEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the columns there is no room for."""
        super().resizeEvent(event)
        self._fit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to press a box; elsewhere highlight."""
        box = self.box_at(event.position().toPoint())
        if box.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = QPersistentModelIndex(box)
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Answer a box that was pressed and released in the same place."""
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            super().mouseReleaseEvent(event)
            return
        box = self.box_at(event.position().toPoint())
        if QPersistentModelIndex(box) == pressed:
            self.ticked.emit(box)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a row; on a box it is a second click."""
        at = event.position().toPoint()
        index = self.indexAt(at)
        if self.box_at(at).isValid():
            self.mousePressEvent(event)
        elif index.isValid():
            self.opened.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light the whole row under the pointer."""
        self._hover(self.rowAt(round(event.position().y())))
        if self._pressed is None:
            super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Take the light back."""
        super().leaveEvent(event)
        self._hover(-1)

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Carry the highlighted rows away."""
        super().startDrag(actions)
        model = self.model()
        if isinstance(model, FilesModel):
            model.drag_over()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn the keys of lists into signals (ui.md §8)."""
        if event.key() == Qt.Key.Key_Backspace and not event.modifiers():
            self.up.emit()
            return
        key = key_of(event)
        if key == "Return":
            if self.currentIndex().isValid():
                self.opened.emit(self.currentIndex())
        elif key:
            self.key_pressed.emit(key)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            # of a table they go to the ends of the row
            last = self.model().rowCount() - 1
            row = 0 if event.key() == Qt.Key.Key_Home else last
            self.setCurrentIndex(self.model().index(row, 0))
        else:
            super().keyPressEvent(event)

    def _hover(self, row: int) -> None:
        before, self.hovered_row = self.hovered_row, row
        for one in {before, row}:
            if one >= 0:
                top, high = self.rowViewportPosition(one), self.rowHeight(one)
                self.viewport().update(0, top, self.viewport().width(), high)

    def _fit(self) -> None:
        px, shown = self._theme.px, dict(WIDTHS)
        room = self.viewport().width() - px(240)
        for column in (CHANGED, TYPE):
            if sum(px(width) for width in shown.values()) <= room:
                break
            shown.pop(column)
        for column, width in WIDTHS.items():
            self.setColumnHidden(column, column not in shown)
            self._head.resizeSection(column, px(width))

    def _dress(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self._theme.px(ROW))
        self._head.setFont(self._theme.font("caption"))
        self._head.setFixedHeight(self._theme.px(28))
        self._fit()
        self.viewport().update()
