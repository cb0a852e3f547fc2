"""History: the list of the overview, under its days, as high as all its rows."""

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QSizePolicy,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
)

from chrislib.library.model import EntryId, HistoryEntry
from chrislib.views.library.history_delegate import FEEDS, HistoryDelegate
from chrislib.views.library.history_model import (
    ACTION,
    BROUGHT,
    STATE,
    TIME,
    TITLE,
    HistoryModel,
)
from chrislib.views.library.history_pictures import RowPictures
from chrislib.views.library.rowview import ACT
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.parts import PartsView
from chrislib.views.widgets.row_table import of_whole_rows

ROW, DAY = 44, 28
_WIDTHS = {BROUGHT: 176, STATE: 176, ACTION: 88, TIME: 52}
_NARROW = {**_WIDTHS, BROUGHT: 160, STATE: 160}
_SMALL = 1000
_PAGE = 10
_MOVE = QAbstractItemView.CursorAction
_SELECT = QItemSelectionModel.SelectionFlag


class HistoryList(PartsView, QTableView):
    """The entries at their full height: the page around them scrolls.

    Heights are fixed per kind of row, so that 20,000 rows cost no more to lay out
    than twenty.
    """

    entry_opened = Signal(object)
    """Return, or a double click."""
    entry_acted = Signal(object)
    """The button of a row, or R."""
    feeds_asked = Signal(object, QPoint)
    """The words about its feeds; with the place (global) for a menu."""
    removal_asked = Signal(list)
    """Del: the highlighted entries."""

    def __init__(self, theme: Theme, model: HistoryModel) -> None:
        super().__init__()
        self.theme = theme
        self._history = model
        self._kept: tuple[EntryId | None, list[EntryId]] = (None, [])
        self._delegate = HistoryDelegate(theme, self)
        self._pictures = RowPictures(self._draw_row)
        self.setObjectName("overview.history")
        self.setAccessibleName("History")
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        of_whole_rows(self)
        # the page scrolls, and only when the person moves
        self.setAutoScroll(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.horizontalHeader().hide()
        self.horizontalHeader().setMinimumSectionSize(24)
        self.verticalHeader().setMinimumSectionSize(8)
        self.selectionModel().currentChanged.connect(lambda *_: self._note_focus())
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._bring_back)
        model.rowsInserted.connect(lambda _p, first, last: self._fit(first, last))
        model.rowsRemoved.connect(lambda *_: self._grow())
        theme.changed.connect(self.fit)
        self.fit()

    def fit(self) -> None:
        """Become as wide as there is room, and as high as all rows."""
        self._pictures.clear()
        self._fit_columns()
        self.verticalHeader().setDefaultSectionSize(self.theme.px(ROW))
        self._fit(0, self._history.rowCount() - 1)

    def entry_at(self, at: QPoint) -> HistoryEntry | None:
        """Return the entry at a point, or the current one where there is none."""
        index = self.indexAt(at)
        return self._history.entry(index if index.isValid() else self.currentIndex())

    def highlighted(self) -> list[HistoryEntry]:
        """Return the highlighted entries that are here, from the top."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        found = (self._history.entry(self._history.index(row, 0)) for row in rows)
        return [entry for entry in found if entry is not None]

    def row_rect(self, row: int = -1) -> QRect:
        """Return where a row, or the current one, is."""
        at = self.currentIndex().row() if row < 0 else row
        top = self.verticalHeader().sectionPosition(at)
        return QRect(0, top, self.width(), self.verticalHeader().sectionSize(at))

    def rows_between(self, top: int, bottom: int) -> range:
        """Return the rows that are seen between two heights."""
        count = self._history.rowCount()
        if not count or bottom < 0:
            return range(0)
        heights = self.verticalHeader()
        first = heights.visualIndexAt(max(0, top))
        last = heights.visualIndexAt(max(0, bottom))
        if first < 0:
            return range(0)
        return range(first, (last if last >= 0 else count - 1) + 1)

    # --- events --------------------------------------------------------------------

    def part_at(self, at: QPoint) -> tuple[QModelIndex, object]:
        """Return the cell at a point, and whether it is a button or a link there."""
        index = self.indexAt(at)
        if not index.isValid():
            return index, ""
        return index, self._delegate.zone(index, self.visualRect(index), at)

    def answer_part(self, index: QModelIndex, part: object, *, at: QPoint) -> None:
        """Act, or show the feeds."""
        entry = self._history.entry(index)
        if entry is None:
            return
        if part == ACT:
            self.entry_acted.emit(entry)
        elif part == FEEDS:
            self.feeds_asked.emit(entry, at)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    def resizeEvent(self, event: "object") -> None:
        """Give columns what there is."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit_columns()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a row; on a part it is a second click."""
        index, zone = self.part_at(event.position().toPoint())
        entry = self._history.entry(index)
        if zone:
            self.mousePressEvent(event)
        elif entry is not None:
            self.entry_opened.emit(entry)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Keep the look of rows and buttons in step with the pointer."""
        if not event.buttons():
            self._hover(event.position().toPoint())
            _, zone = self.part_at(event.position().toPoint())
            shape = (
                Qt.CursorShape.PointingHandCursor
                if zone == FEEDS
                else Qt.CursorShape.ArrowCursor
            )
            self.viewport().setCursor(shape)
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Take the hover back."""
        super().leaveEvent(event)
        self._hover(QPoint(-1, -1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self._note_focus()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring back."""
        super().focusOutEvent(event)
        self._note_focus()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is seen; rows may have moved under the ring."""
        delegate, chosen = self._delegate, self.selectionModel()
        delegate.focused = self.currentIndex().row() if self.hasFocus() else -1
        dirty = event.rect()
        ground = self.theme.color("bg.window")
        painter = QPainter(self.viewport())
        for row in self.rows_between(dirty.top(), dirty.bottom()):
            rect = self.row_rect(row)
            index = self._history.index(row, TITLE)
            alive = row in (delegate.hovered, delegate.focused)
            if alive or chosen.isSelected(index):
                painter.save()
                painter.translate(rect.topLeft())
                self._draw_row(painter, row)
                painter.restore()
            else:
                self._pictures.put(
                    painter, row, rect, what=self._history.said(row), ground=ground
                )
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return opens, R repeats, Del removes, F shows the feeds."""
        entry = self._history.entry(self.currentIndex())
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        key = event.key()
        if entry is not None and plain:
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.entry_opened.emit(entry)
                return
            if key == Qt.Key.Key_R:
                self.entry_acted.emit(entry)
                return
            if key == Qt.Key.Key_F:
                spot = self.row_rect().center()
                self.feeds_asked.emit(entry, self.viewport().mapToGlobal(spot))
                return
            if key == Qt.Key.Key_Delete:
                self.removal_asked.emit(self.highlighted())
                return
        super().keyPressEvent(event)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, _modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Go from entry to entry, over the heads of days."""
        count, now = self._history.rowCount(), self.currentIndex().row()
        steps = {
            _MOVE.MoveUp: -1,
            _MOVE.MovePrevious: -1,
            _MOVE.MoveDown: 1,
            _MOVE.MoveNext: 1,
            _MOVE.MovePageUp: -_PAGE,
            _MOVE.MovePageDown: _PAGE,
        }
        if action is _MOVE.MoveHome:
            wished, step = 0, 1
        elif action is _MOVE.MoveEnd:
            wished, step = count - 1, -1
        elif action in steps:
            step = 1 if steps[action] > 0 else -1
            wished = min(max(now + steps[action], 0), count - 1)
        else:
            return self.currentIndex()
        while 0 <= wished < count and self._history.id_at(wished) is None:
            wished += step
        if not 0 <= wished < count:
            return self.currentIndex()
        return self._history.index(wished, TITLE)

    # --- inside --------------------------------------------------------------------

    def _draw_row(self, painter: QPainter, row: int) -> None:
        """Draw a row with its top left corner at the origin."""
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        if self.selectionModel().isSelected(self._history.index(row, TITLE)):
            option.state |= QStyle.StateFlag.State_Selected
        columns, height = self.horizontalHeader(), self.row_rect(row).height()
        for column in range(self._history.columnCount()):
            left, width = columns.sectionPosition(column), columns.sectionSize(column)
            option.rect = QRect(left, 0, width, height)
            self._delegate.paint(painter, option, self._history.index(row, column))

    def _note_focus(self) -> None:
        before = self._delegate.focused
        now = self.currentIndex().row() if self.hasFocus() else -1
        for row in {before, now} - {-1}:
            if row < self._history.rowCount():
                self.viewport().update(self.row_rect(row))

    def _hover(self, at: QPoint) -> None:
        before, now = self._delegate.hovered, self.rowAt(at.y()) if at.y() >= 0 else -1
        self._delegate.hovered, self._delegate.pointer = now, at
        for row in {before, now} - {-1}:
            if row < self._history.rowCount():
                self.viewport().update(self.row_rect(row))

    def _fit_columns(self) -> None:
        px, header = self.theme.px, self.horizontalHeader()
        room = self.viewport().width()
        widths = _NARROW if room < px(_SMALL) else _WIDTHS
        taken = 0
        for column, width in widths.items():
            header.resizeSection(column, px(width))
            taken += px(width)
        header.resizeSection(TITLE, max(px(160), room - taken))

    def _fit(self, first: int, last: int) -> None:
        """Give heads of days their height."""
        heights = self.verticalHeader()
        day = self.theme.px(DAY)
        heights.blockSignals(True)
        for row in self._history.days(first, last):
            heights.resizeSection(row, day)
        heights.blockSignals(False)
        self._grow()

    def _grow(self) -> None:
        height = self.verticalHeader().length() + 2
        if height != self.height():
            self.setFixedHeight(height)
        self.updateGeometries()

    def _keep(self) -> None:
        rows = [index.row() for index in self.selectionModel().selectedRows()]
        ids = (self._history.id_at(row) for row in rows)
        current = self._history.id_at(self.currentIndex().row())
        self._kept = (current, [one for one in ids if one is not None])

    def _bring_back(self) -> None:
        self._fit(0, self._history.rowCount() - 1)
        current, chosen = self._kept
        if current is not None and (row := self._history.row_of(current)) >= 0:
            self.selectionModel().setCurrentIndex(
                self._history.index(row, TITLE), _SELECT.NoUpdate
            )
        for entry_id in chosen[:200]:
            if (row := self._history.row_of(entry_id)) >= 0:
                self.selectionModel().select(
                    self._history.index(row, TITLE), _SELECT.Select | _SELECT.Rows
                )
