"""The list: every column of the same rows, sorted by a click on a head."""

from collections.abc import Callable

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from chrislib.library.mine.model import Column, Row
from chrislib.views.library.mine import cells, paint, words
from chrislib.views.library.mine.dragging import Drags
from chrislib.views.library.mine.grid import STAR, TICK, Pictures
from chrislib.views.library.mine.head import MineHead
from chrislib.views.library.mine.keys import key_of
from chrislib.views.library.mine.place import draw_place
from chrislib.views.library.mine.shows import Shows
from chrislib.views.library.rowview import RowDelegate
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    draw_check,
    draw_glyph,
    draw_row,
    draw_text,
    fit,
)
from chrislib.views.widgets.parts import PartsView
from chrislib.views.widgets.row_table import of_whole_rows

ROW = 48
ACT = "act"
_MUTED = frozenset({Column.SIZE, Column.ADDED, Column.SOURCE, Column.NUMBER})
_RIGHT = Qt.AlignmentFlag.AlignRight
_LEFT = Qt.AlignmentFlag.AlignLeft


class TableDelegate(RowDelegate):
    """Rows of 48: box, picture and two lines first, then a column each."""

    wide, high = 40, ROW

    def __init__(
        self,
        theme: Theme,
        parent: "MineTable",
        *,
        shows: Shows,
        now: Callable[[], float],
        pictures: Pictures,
    ) -> None:
        super().__init__(theme, parent)
        self._view = parent
        self._shows = shows
        self._now = now
        self._pictures = pictures

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        """Return the part of a cell at a point: "tick", or "star 3"."""
        column = self._view.column_at(index.column())
        if column is Column.TITLE and at.x() < rect.left() + 44:
            return TICK
        if column is Column.STARS:
            star = paint.star_at(max(0, at.x() - rect.left() - 8))
            return f"{STAR} {star}" if star else ""
        return ""

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw one cell."""
        view, theme, rect = self._view, self.theme, option.rect
        column = view.column_at(index.column())
        drawn = QStyleOptionViewItem(option)
        if view.hovered_row == index.row():
            drawn.state |= QStyle.StateFlag.State_MouseOver
        else:
            drawn.state &= ~QStyle.StateFlag.State_MouseOver
        ends = view.ends
        draw_row(
            painter,
            drawn,
            theme,
            first=column is ends[0],
            last=column is ends[1],
        )
        row = self._shows.row_of(index)
        if row is None:
            return
        inner = rect.adjusted(8, 0, -8, 0)
        if column is Column.TITLE:
            self._title(painter, rect, row)
        elif column is Column.STARS:
            self._stars(painter, inner, row, hovered=view.hovered_row == index.row())
        elif column is Column.LABEL:
            side = paint.LABEL
            box = QRect(inner.left(), inner.center().y() - side // 2, side, side)
            paint.draw_label(painter, box, theme, label=row.label)
        elif column is Column.FLAG:
            spot = QPoint(inner.left(), inner.center().y() - 7)
            paint.draw_flag(painter, spot, theme, flag=row.flag)
        elif column is Column.PLACE:
            draw_place(painter, rect.adjusted(8, 0, -12, 0), theme, row)
        else:
            text = cells.cell(row, column, hidden=self._shows.hidden(), now=self._now())
            draw_text(
                painter,
                inner,
                theme,
                text=text,
                style="small",
                token="text.muted" if column in _MUTED else "text.primary",
                align=_RIGHT if cells.HEADS[column].numeric else _LEFT,
            )

    def _title(self, painter: QPainter, rect: QRect, row: Row) -> None:
        theme, hidden = self.theme, self._shows.hidden()
        draw_check(
            painter,
            QRect(rect.left() + 16, rect.top(), 16, rect.height()),
            theme,
            state=self._shows.ticked(row),
        )
        side = theme.px(40)
        top = rect.top() + (rect.height() - side) // 2
        box = QRect(rect.left() + 44, top, side, side)
        picture = self._pictures.of(row, side * self._view.devicePixelRatioF())
        if picture is None:
            painter.fillRect(box, theme.color("bg.highlight"))
            spot = box.center() - QPoint(7, 7)
            draw_glyph(
                painter, spot, theme, icon=words.icon(row), token="text.muted", size=16
            )
        else:
            painter.fillRect(box, theme.color("bg.image"))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(fit(picture.width(), picture.height(), box), picture)
        left, width = box.right() + 13, rect.right() - box.right() - 20
        half = rect.height() // 2
        upper = QRect(left, rect.top() + 6, width, half - 5)
        lower = QRect(left, rect.top() + half + 1, width, half - 7)
        first = words.title(row, hidden=hidden)
        draw_text(painter, upper, theme, text=first)
        draw_text(
            painter,
            lower,
            theme,
            text=words.about(row),
            style="caption",
            token="text.muted",
        )

    def _stars(
        self, painter: QPainter, rect: QRect, row: Row, *, hovered: bool
    ) -> None:
        top = rect.top() + (rect.height() - paint.STAR) // 2
        paint.draw_stars(
            painter,
            QPoint(rect.left(), top),
            self.theme,
            stars=row.stars,
            hollow=hovered or bool(row.stars),
        )


class MineTable(PartsView, QTableView):
    """Rows with columns to be chosen, moved, made wider and sorted by."""

    pressed_part = Signal(QModelIndex, str, int)
    key_pressed = Signal(str)
    opened = Signal(QModelIndex)

    def __init__(self, theme: Theme, drags: Drags) -> None:
        super().__init__()
        self._theme = theme
        self._drags = drags
        self.hovered_row = -1
        self.setObjectName("mine.list")
        self.setAccessibleName("My Library, list")
        of_whole_rows(self)
        self.setCornerWidget(QWidget())
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setDragEnabled(True)
        self._head = MineHead(theme, self)
        self.setHorizontalHeader(self._head)
        # a table that does not sort by itself hides it on a new head
        self._head.setSortIndicatorShown(True)
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def head(self) -> MineHead:
        """The heads of the columns."""
        return self._head

    def column_at(self, section: int) -> Column:
        """Return what a section of the model shows."""
        return self._head.column_at(section)

    @property
    def ends(self) -> tuple[Column, Column]:
        """The first and the last column shown."""
        return self._head.ends

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the first column what is left over."""
        super().resizeEvent(event)
        self._head.fill()

    # --- rows -----------------------------------------------------------------

    def highlighted(self) -> list[QModelIndex]:
        """Return the highlighted rows in the order of the list."""
        return sorted(self.selectionModel().selectedRows(0), key=QModelIndex.row)

    def zone_at(self, at: QPoint) -> tuple[QModelIndex, str]:
        """Return the cell at a point and the part of it."""
        index, delegate = self.indexAt(at), self.itemDelegate()
        if not index.isValid() or not isinstance(delegate, RowDelegate):
            return index, ""
        return index, delegate.zone(index, self.visualRect(index), at)

    def part_at(self, at: QPoint) -> tuple[QModelIndex, object]:
        """Return the cell at a point, and what can be pressed there."""
        return self.zone_at(at)

    def answer_part(self, index: QModelIndex, part: object, *, at: QPoint) -> None:
        """Tell which part was pressed."""
        name, _, number = str(part).partition(" ")
        self.pressed_part.emit(index.siblingAtColumn(0), name, int(number or 0))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a row; on a part it is a second click."""
        index, zone = self.zone_at(event.position().toPoint())
        if zone:
            self.mousePressEvent(event)
        elif index.isValid():
            self.opened.emit(index.siblingAtColumn(0))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light the whole row under the pointer."""
        self._hover(self.rowAt(round(event.position().y())))
        if self._held is None:
            super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Take the light back."""
        super().leaveEvent(event)
        self._hover(-1)

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Carry the highlighted rows away."""
        self._drags.start(self, self.highlighted())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn the keys of lists into signals (ui.md §8)."""
        key = key_of(event)
        if key == "Return":
            if self.currentIndex().isValid():
                self.opened.emit(self.currentIndex().siblingAtColumn(0))
        elif key:
            self.key_pressed.emit(key)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and (
            event.modifiers() == Qt.KeyboardModifier.NoModifier
        ):
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

    def _dress(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self._theme.px(ROW))
        self._head.setFont(self._theme.font("caption"))
        self._head.setMinimumHeight(self._theme.px(28))
        self._head.fill()
