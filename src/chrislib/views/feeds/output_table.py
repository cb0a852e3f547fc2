"""The table of outputs on screen: a tree drawn in rows, however many there are."""

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
)

from chrislib.feeds.model import OutputEntry
from chrislib.feeds.output_book import DATE, KIND, NAME, SIZE
from chrislib.views.feeds.output_model import STATE, OutputModel
from chrislib.views.models.index import Index
from chrislib.views.models.selected import rows_of
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paced import PacedTable
from chrislib.views.widgets.paint import draw_glyph, draw_row, draw_text
from chrislib.views.widgets.row_table import of_whole_rows
from chrislib.views.widgets.sort_head import SortHead

ROW = 28
_INDENT = 16
_WIDTHS = {KIND: 72, SIZE: 72, DATE: 96, STATE: 32}
_ICONS = {
    "folder": "folder",
    "dicom": "image",
    "nifti": "image",
    "image": "image",
    "table": "table",
    "json": "braces",
    "text": "file-text",
    "pdf": "file-text",
    "gone": "file-symlink",
}


class _Delegate(SizedDelegate):
    """Rows of 28: how deep, whether unfolded, glyph, name, facts."""

    wide, high = 40, ROW

    def __init__(self, theme: Theme, view: "OutputTable") -> None:
        super().__init__(theme, view)
        self._view = view

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        model, view, theme = self._view.outputs, self._view, self.theme
        entry = model.entry(index)
        if entry is None:
            return
        column = index.column()
        drawn = QStyleOptionViewItem(option)
        drawn.state &= ~QStyle.StateFlag.State_MouseOver
        if view.hovered_row == index.row():
            drawn.state |= QStyle.StateFlag.State_MouseOver
        current = view.currentIndex()
        if view.hasFocus() and current.row() == index.row():
            drawn.state |= QStyle.StateFlag.State_HasFocus
        else:
            drawn.state &= ~QStyle.StateFlag.State_HasFocus
        draw_row(
            painter,
            drawn,
            theme,
            hairline=False,
            first=column == NAME,
            last=column == STATE,
        )
        if column == NAME:
            self._name(painter, option.rect, entry, index)
        elif column == STATE:
            self._state(painter, option.rect, entry)
        else:
            draw_text(
                painter,
                option.rect.adjusted(8, 0, -8, 0),
                theme,
                text=str(index.data() or ""),
                style="small",
                token="text.secondary",
                align=Qt.AlignmentFlag.AlignRight
                if column == SIZE
                else Qt.AlignmentFlag.AlignLeft,
            )

    def _name(
        self, painter: QPainter, rect: QRect, entry: OutputEntry, index: Index
    ) -> None:
        model, theme = self._view.outputs, self.theme
        left = rect.left() + 12 + self._view.indent(index)
        middle = rect.top() + (rect.height() - 16) // 2
        if entry.is_folder:
            icon = "chevron-down" if model.is_open(index) else "chevron-right"
            draw_glyph(
                painter,
                QPoint(left, middle + 2),
                theme,
                icon=icon,
                token="text.muted",
                size=12,
            )
        left += 16 if self._view.folders else 0
        icon = _ICONS.get(entry.kind, "file")
        if entry.is_folder and model.is_open(index):
            icon = "folder-open"
        draw_glyph(painter, QPoint(left, middle), theme, icon=icon)
        room = QRect(left + 24, rect.top(), rect.right() - left - 32, rect.height())
        used = draw_text(
            painter,
            room,
            theme,
            text=str(index.data()),
            token="text.muted" if entry.kind == "gone" else "text.primary",
            elide=Qt.TextElideMode.ElideMiddle,
        )
        if entry.link_target and entry.kind != "gone" and used + 24 < room.width():
            spot = QPoint(room.left() + used + 8, middle + 2)
            draw_glyph(
                painter, spot, theme, icon="file-symlink", token="text.muted", size=12
            )

    def _state(self, painter: QPainter, rect: QRect, entry: OutputEntry) -> None:
        if entry.is_folder:
            return
        key = "gone" if entry.file_id is None else "ready"
        draw_glyph(
            painter,
            QPoint(rect.center().x() - 7, rect.top() + (rect.height() - 14) // 2),
            self.theme,
            icon=STATES[key].glyph,
            token=f"state.{key}",
            size=14,
        )


class OutputTable(PacedTable):
    """Outputs with folders that unfold.

    A table, not a tree: it asks the model for the rows in sight only, where a tree
    asks for every row again after each change.
    """

    activated_row = Signal(object)
    """Return, or a double click: the row's index."""
    drag_wanted = Signal()
    """What is highlighted is to be carried away."""
    turned = Signal(object, bool)
    """A folder is to be unfolded (True) or folded."""

    def __init__(self, theme: Theme, model: OutputModel) -> None:
        super().__init__(theme)
        self._theme = theme
        self.outputs = model
        self.hovered_row = -1
        self.setObjectName("feeds.outputs")
        self.setAccessibleName("Outputs")
        self._head = SortHead(theme, self, numeric=(SIZE,))
        self.setHorizontalHeader(self._head)
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        self.setFrameShape(QTableView.Shape.NoFrame)
        of_whole_rows(self)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._head.setStretchLastSection(False)
        self._head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column in _WIDTHS:
            self._head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def head(self) -> SortHead:
        """The heads that sort."""
        return self._head

    @property
    def folders(self) -> bool:
        """Whether rows leave room for the arrows of folders."""
        return not self.outputs.book.flat

    def indent(self, index: Index) -> int:
        """Return how far a row's arrow stands from the edge."""
        return _INDENT * min(self.outputs.depth(index), 12)

    def highlighted_rows(self) -> list[int]:
        """Return the rows that are highlighted, from the top."""
        return rows_of(self.selectionModel())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the columns there is no room for."""
        super().resizeEvent(event)
        self._fit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Unfold at the arrow; elsewhere highlight."""
        at = event.position().toPoint()
        index = self.indexAt(at)
        if event.button() == Qt.MouseButton.LeftButton and self._is_arrow(index, at):
            self.turned.emit(index, not self.outputs.is_open(index))
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a row."""
        at = event.position().toPoint()
        index = self.indexAt(at)
        if self._is_arrow(index, at):
            self.mousePressEvent(event)
        elif index.isValid():
            self.activated_row.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light the whole row under the pointer."""
        self._hover(self.rowAt(round(event.position().y())))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Take the light back."""
        super().leaveEvent(event)
        self._hover(-1)

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Have the highlighted rows carried away."""
        if self.highlighted_rows():
            self.drag_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk as in a tree: right unfolds, left folds or goes to the folder."""
        key, index = event.key(), self.currentIndex()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and key == Qt.Key.Key_Right:
            self._inwards(index)
        elif plain and key == Qt.Key.Key_Left:
            self._outwards(index)
        elif plain and key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            # of a table they go to the ends of the row
            last = self.outputs.count() - 1
            row = 0 if key == Qt.Key.Key_Home else last
            self.setCurrentIndex(self.outputs.index(row, 0))
        else:
            super().keyPressEvent(event)

    # -- inside ----------------------------------------------------------------

    def _inwards(self, index: Index) -> None:
        entry = self.outputs.entry(index)
        if entry is None or not entry.is_folder or not self.folders:
            return
        if not self.outputs.is_open(index):
            self.turned.emit(index, True)
            return
        below = self.outputs.index(index.row() + 1, 0)
        if self.outputs.depth(below) > self.outputs.depth(index):
            self.setCurrentIndex(below)

    def _outwards(self, index: Index) -> None:
        number = self.outputs.number(index)
        if number is None or not self.folders:
            return
        if self.outputs.is_open(index):
            self.turned.emit(index, False)
            return
        above = self.outputs.book.above(number)
        if above >= 0:
            self.setCurrentIndex(self.outputs.index_of(above))

    def _is_arrow(self, index: Index, at: QPoint) -> bool:
        entry = self.outputs.entry(index)
        if entry is None or not entry.is_folder or index.column() != NAME:
            return False
        left = self.visualRect(index).left() + self.indent(index)
        return left <= at.x() < left + 28

    def _hover(self, row: int) -> None:
        before, self.hovered_row = self.hovered_row, row
        for one in {before, row}:
            if one >= 0:
                top, high = self.rowViewportPosition(one), self.rowHeight(one)
                self.viewport().update(0, top, self.viewport().width(), high)

    def _fit(self) -> None:
        px, shown = self._theme.px, dict(_WIDTHS)
        room = self.viewport().width() - px(220)
        for column in (STATE, DATE, KIND):
            if sum(px(width) for width in shown.values()) <= room:
                break
            shown.pop(column)
        for column, width in _WIDTHS.items():
            self.setColumnHidden(column, column not in shown)
            self._head.resizeSection(column, px(width))

    def _dress(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self._theme.px(ROW))
        self._head.setFont(self._theme.font("caption"))
        self._head.setFixedHeight(self._theme.px(26))
        self._fit()
        self.viewport().update()
