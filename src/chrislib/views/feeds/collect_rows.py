"""The collected rows as a Qt table: subject, reason if any, and the values."""

import time
from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QStyle,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from chrislib.feeds.collect_model import Row
from chrislib.feeds.collect_table import cell, head_of
from chrislib.views.models.headed import HeadedTable
from chrislib.views.models.index import Index
from chrislib.views.models.selected import rows_of, runs_of
from chrislib.views.models.timers import soon
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.heads import head_cell
from chrislib.views.widgets.paced import PacedTable
from chrislib.views.widgets.paint import draw_glyph, draw_row, draw_text
from chrislib.views.widgets.row_table import of_whole_rows
from chrislib.views.widgets.sort_head import SortHead
from chrislib.views.widgets.text import plain_tooltip

PROBLEM = "@problem"
_ROW = Qt.ItemDataRole.UserRole + 1
_LEAST = {"@subject": 120, PROBLEM: 160}
_MOST = 280
_FIT_SECONDS = 0.003
"""Processor time of a turn for measuring columns."""


class ResultModel(HeadedTable):
    """Rows in an order, with some of the columns."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.places: list[int] = []
        """The rows shown, in their order."""
        self.columns: list[str] = ["@subject"]
        self._numeric: frozenset[str] = frozenset()

    def count(self) -> int:
        """Return how many rows are shown."""
        return len(self.places)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many columns are shown."""
        return 0 if parent.isValid() else len(self.columns)

    def show_rows(
        self,
        rows: Sequence[Row],
        places: Sequence[int],
        columns: Sequence[str],
        *,
        numeric: frozenset[str],
    ) -> None:
        """Show other rows, another order or other columns."""
        self.beginResetModel()
        self.rows, self.places = list(rows), list(places)
        self.columns, self._numeric = list(columns), numeric
        self.endResetModel()

    def replace(self, fresh: Mapping[int, Row]) -> None:
        """Show rows that are better known now, by their places."""
        for place, row in fresh.items():
            self.rows[place] = row
        touched = [at for at, place in enumerate(self.places) if place in fresh]
        if touched:
            # once for all of them: a view looks through what is shown each time
            last = self.index(touched[-1], len(self.columns) - 1)
            self.dataChanged.emit(self.index(touched[0], 0), last)

    def row_at(self, index: Index) -> Row | None:
        """Return the row of an index."""
        if not index.isValid() or index.row() >= len(self.places):
            return None
        return self.rows[self.places[index.row()]]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's words; `_ROW` is the row itself."""
        row = self.row_at(index)
        if row is None:
            return None
        column = self.columns[index.column()]
        if role == _ROW:
            return row
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return words_of(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            text = words_of(row, column)
            if column == "@subject":
                text = "\n".join(part for part in (text, row.note) if part)
            return plain_tooltip(text) if len(text) > 24 or row.note else None
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the head of a column."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        words = "Reason" if column == PROBLEM else head_of(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(words)
        return head_cell(words, role, numeric=self.is_numeric(column))

    def is_numeric(self, column: str) -> bool:
        """Whether a column stands at the right."""
        return column in self._numeric


def words_of(row: Row, column: str) -> str:
    """Return what stands in a cell."""
    if column != PROBLEM:
        return cell(row, column).text
    if row.problem:
        return row.problem
    return "Waits" if row.waits else row.note


class _Delegate(SizedDelegate):
    wide, high = 80, 28

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        model = index.model()
        row = index.data(_ROW)
        if not isinstance(row, Row) or not isinstance(model, ResultModel):
            return
        theme, column = self.theme, model.columns[index.column()]
        last = index.column() == len(model.columns) - 1
        view = option.widget
        if isinstance(view, QTableView) and view.currentIndex().row() == index.row():
            # the ring is around the row, not around one of its cells
            option.state &= ~QStyle.StateFlag.State_HasFocus
            if view.hasFocus():
                option.state |= QStyle.StateFlag.State_HasFocus
        draw_row(painter, option, theme, first=index.column() == 0, last=last)
        rect: QRect = option.rect.adjusted(8, 0, -8, 0)
        token = "text.primary"
        if column == PROBLEM:
            icon, token = _look(row)
            if icon:
                spot = QPoint(rect.left(), rect.top() + (rect.height() - 14) // 2)
                draw_glyph(painter, spot, theme, icon=icon, token=token, size=14)
                rect.adjust(20, 0, 0, 0)
        elif column.startswith("@") and column != "@subject":
            token = "text.secondary"
        align = Qt.AlignmentFlag.AlignLeft
        if model.is_numeric(column) and cell(row, column).number is not None:
            align = Qt.AlignmentFlag.AlignRight
        middle = Qt.TextElideMode.ElideMiddle
        draw_text(
            painter,
            rect,
            theme,
            text=words_of(row, column),
            style="small",
            token=token,
            align=align,
            elide=middle if column == "@file" else Qt.TextElideMode.ElideRight,
        )


def _look(row: Row) -> tuple[str, str]:
    """Return icon and color of a row's reason."""
    if row.problem:
        return "circle-x", "state.failed"
    if row.waits:
        return "clock", "text.muted"
    return ("info", "text.secondary") if row.note else ("", "text.secondary")


class _Head(SortHead):
    """Heads of hundreds of columns: only those in sight are asked for their words."""

    def sizeHint(self) -> QSize:
        """Return the height of one line; Qt would measure two hundred heads."""
        return QSize(0, self.theme.px(27) + 1)

    def is_numeric(self, section: int) -> bool:
        """Whether a column holds numbers."""
        model = self.model()
        return isinstance(model, ResultModel) and model.is_numeric(
            model.columns[section]
        )


class ResultTable(PacedTable):
    """The table; a click on a head orders by it, Return opens a row's images."""

    opened = Signal(object)
    head_pressed = Signal(str)
    highlighted = Signal()

    def __init__(self, theme: Theme, model: ResultModel) -> None:
        super().__init__(theme)
        self._theme = theme
        self._model = model
        self.setObjectName("collect.table")
        self.setAccessibleName("Collected results")
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        of_whole_rows(self)
        # nothing folds while the page is there: Tab moves the focus
        self.setProperty("foldsPanels", False)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setCornerWidget(QWidget())
        self.verticalHeader().setDefaultSectionSize(theme.px(28))
        self._widths: dict[str, int] = {}
        self._fitting = soon(self, 0, self._fit_some)
        head = _Head(theme, self)
        self.setHorizontalHeader(head)
        head.setFont(theme.font("caption"))
        head.setSortIndicatorShown(False)
        head.sectionClicked.connect(self._head)
        self.doubleClicked.connect(self._open)
        self._chosen: list[int] | None = None
        self.selectionModel().selectionChanged.connect(self._selection_changed)
        model.modelReset.connect(self._forget_chosen)
        theme.changed.connect(self.viewport().update)

    @property
    def chosen(self) -> list[int]:
        """Places of the highlighted rows, from the top."""
        if self._chosen is None:
            places = self._model.places
            self._chosen = [places[row] for row in rows_of(self.selectionModel())]
        return self._chosen

    def choose(self, places: Sequence[int], *, scroll: bool) -> None:
        """Highlight rows by their places."""
        wanted = set(places)
        model, chosen = self._model, self.selectionModel()
        shown = [n for n, place in enumerate(model.places) if place in wanted]
        last = model.columnCount() - 1
        parts = QItemSelection()
        for low, high in runs_of(shown):
            # unlike index(), this does not ask how many rows there are
            ends = model.createIndex(low, 0), model.createIndex(high, last)
            parts.append(QItemSelectionRange(*ends))
        # a view looks where each part is on screen; all of it is drawn anew instead
        chosen.blockSignals(True)
        chosen.select(parts, chosen.SelectionFlag.ClearAndSelect)
        chosen.blockSignals(False)
        self.viewport().update()
        self._chosen = [model.places[n] for n in shown]
        if shown:
            first = model.index(shown[0], 0)
            chosen.setCurrentIndex(first, chosen.SelectionFlag.NoUpdate)
            if scroll:
                self.scrollTo(first)
        self.highlighted.emit()

    def fit_columns(self, *, again: bool = True) -> None:
        """Give each column the room its head and its first values need.

        Parameters
        ----------
        again : bool
            Other rows are shown; else columns keep the width they once had.
        """
        if again:
            self._widths.clear()
        known = self._widths
        self._resize(
            (number, known[column])
            for number, column in enumerate(self._model.columns)
            if column in known
        )
        self._fit_some()

    def _fit_some(self) -> None:
        """Measure columns for some milliseconds; the others have the next turn."""
        until = time.thread_time() + _FIT_SECONDS
        columns, rows = self._model.columns, self._model.rows
        first = [rows[place] for place in self._model.places[:20]]
        fitted = []
        for number, column in enumerate(columns):
            if column in self._widths:
                continue
            if time.thread_time() > until:
                self._fitting.start()
                break
            self._widths[column] = self._width(column, first)
            fitted.append((number, self._widths[column]))
        self._resize(fitted)

    def _width(self, column: str, first: Sequence[Row]) -> int:
        theme = self._theme
        # the longest text is the widest, near enough
        texts = (words_of(row, column) for row in first)
        longest = max((head_of(column), *texts), key=len)
        room = theme.width("small", longest) + (48 if column == PROBLEM else 28)
        return max(theme.px(_LEAST.get(column, 64)), min(theme.px(_MOST), room))

    def _resize(self, widths: Iterable[tuple[int, int]]) -> None:
        head = self.horizontalHeader()
        # hundreds of columns: the table is laid out once, not after each of them
        head.blockSignals(True)
        for number, width in widths:
            head.resizeSection(number, width)
        head.blockSignals(False)
        self.updateGeometries()
        head.viewport().update()
        self.viewport().update()

    def mark_order(self, column: str, *, descending: bool) -> None:
        """Show by which column the rows are ordered."""
        head = self.horizontalHeader()
        shown = column in self._model.columns
        head.setSortIndicatorShown(shown)
        if shown:
            order = (
                Qt.SortOrder.DescendingOrder
                if descending
                else Qt.SortOrder.AscendingOrder
            )
            head.setSortIndicator(self._model.columns.index(column), order)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the images of the row with Return or E."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_E) and not (
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self._open(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _selection_changed(self) -> None:
        self._forget_chosen()
        self.highlighted.emit()

    def _forget_chosen(self) -> None:
        self._chosen = None

    def _open(self, index: Index) -> None:
        row = self._model.row_at(index)
        if row is not None:
            self.opened.emit(row)

    def _head(self, section: int) -> None:
        column = self._model.columns[section]
        if column != PROBLEM:
            self.head_pressed.emit(column)
