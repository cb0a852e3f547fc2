"""A tree of painted rows whose boxes, arrows and buttons are answered in place."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyleOptionViewItem,
    QTreeView,
)

from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_glyph
from chrislib.views.widgets.parts import PartsView

TICK = "tick"
FOLD = "fold"
ACT = "act"


def draw_thumb(
    painter: QPainter,
    rect: QRect,
    theme: Theme,
    *,
    picture: QPixmap | None,
    icon: str = "image",
) -> None:
    """Draw a picture on black, or a placeholder while there is none."""
    if picture is None:
        painter.fillRect(rect, theme.color("bg.highlight"))
        draw_glyph(
            painter, rect.center() - QPoint(7, 7), theme, icon=icon, token="text.muted"
        )
        return
    painter.fillRect(rect, theme.color("bg.image"))
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(rect, picture)


class RowDelegate(SizedDelegate):
    """Paints rows and says what lies under the pointer.

    Subclasses paint, and return from `zone` the name of the part at a point: "tick",
    "fold", "act" or "" for the row itself.
    """

    def zone(self, _index: Index, _rect: QRect, _at: QPoint) -> str:
        """Return the part of the cell at a point of the viewport."""
        return ""

    def hovers(self, option: QStyleOptionViewItem, rect: QRect) -> bool:
        """Whether the pointer is inside `rect` of the row that is painted."""
        if not option.state & QStyle.StateFlag.State_MouseOver:
            return False
        widget = option.widget
        if not isinstance(widget, QAbstractItemView):
            return False
        return rect.contains(widget.viewport().mapFromGlobal(QCursor.pos()))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint one cell; the focus ring goes round the whole row."""
        drawn = QStyleOptionViewItem(option)
        drawn.state &= ~QStyle.StateFlag.State_HasFocus
        view = option.widget
        if isinstance(view, QAbstractItemView) and view.hasFocus():
            current = view.currentIndex()
            same = current.row() == index.row() and current.parent() == index.parent()
            if same:
                drawn.state |= QStyle.StateFlag.State_HasFocus
        painter.save()
        painter.setClipRect(option.rect)
        self.paint_cell(painter, drawn, index)
        painter.restore()

    def paint_cell(
        self, _painter: QPainter, _option: QStyleOptionViewItem, _index: Index
    ) -> None:
        """Paint one cell; the clip is set."""


class RowView(PartsView, QTreeView):
    """Rows without lines and indentation; keys and parts become signals."""

    ticked = Signal(QModelIndex)
    """The box of a row was clicked, or T was pressed with the row highlighted."""
    acted = Signal(QModelIndex)
    """The button of a row was clicked."""
    opened = Signal(QModelIndex)
    """Return, or a double click."""
    key_pressed = Signal(str)
    """A single-letter key that the view itself does not know."""

    def __init__(self, theme: Theme, *, name: str, label: str) -> None:
        super().__init__()
        self.theme = theme
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(True)
        self.setExpandsOnDoubleClick(False)
        self.setUniformRowHeights(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        theme.changed.connect(self.viewport().update)

    def part_at(self, at: QPoint) -> tuple[QModelIndex, str]:
        """Return the cell at a point and the part of it."""
        index = self.indexAt(at)
        delegate = self.itemDelegate()
        if not index.isValid() or not isinstance(delegate, RowDelegate):
            return index, ""
        return index, delegate.zone(index, self.visualRect(index), at)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a row; on a part it is a second click."""
        index, zone = self.part_at(event.position().toPoint())
        if zone:
            self.mousePressEvent(event)
        elif index.isValid():
            self.opened.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Keep the look of buttons in step with the pointer."""
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            rect = self.visualRect(index)
            self.viewport().update(
                0, rect.top(), self.viewport().width(), rect.height()
            )

    def answer_part(self, index: QModelIndex, part: object, *, at: QPoint) -> None:
        """Do what a part is for."""
        self.answer(index, str(part))

    def answer(self, index: QModelIndex, zone: str) -> None:
        """Do what a part is for, wherever it was pressed."""
        if zone == TICK:
            self.ticked.emit(index)
        elif zone == FOLD:
            first = index.siblingAtColumn(0)
            self.setExpanded(first, not self.isExpanded(first))
        elif zone == ACT:
            self.acted.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn the keys of lists into signals (ui.md §8)."""
        index = self.currentIndex()
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            if index.isValid():
                self.opened.emit(index)
            return
        text = event.text().upper()
        shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if text and text.isprintable() and (plain or (shift and text.isalpha())):
            self.key_pressed.emit(("Shift+" if shift else "") + text)
            return
        super().keyPressEvent(event)

    def fit_columns(
        self, widths: Mapping[int, int], *, first: int, giving_way: Sequence[int]
    ) -> None:
        """Set column widths, and hide columns until the first one has room.

        Parameters
        ----------
        widths : mapping
            Column to px at text size 1; all but the first.
        first : int
            The least width of the first column, px at text size 1.
        giving_way : sequence of int
            Columns in the order in which they go.
        """
        px = self.theme.px
        header = self.header()
        for column, width in widths.items():
            header.resizeSection(column, px(width))
        shown = dict(widths)
        room = self.viewport().width() - px(first)
        for column in giving_way:
            if sum(px(width) for width in shown.values()) <= room:
                break
            shown.pop(column)
        for column in giving_way:
            self.setColumnHidden(column, column not in shown)

    def highlighted(self) -> list[QModelIndex]:
        """Return the highlighted rows, first column, from the top."""
        rows = self.selectionModel().selectedRows(0)
        return sorted(rows, key=lambda index: self.visualRect(index).top())
