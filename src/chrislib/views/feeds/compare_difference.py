"""The lines or values in which two files differ, in one column or side by side."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QRect, Qt
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.compare_contents import Difference, LinePair, unified
from chrislib.feeds.compare_model import Line
from chrislib.views.models.headed import HeadedTable
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Segments
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.heads import head_cell
from chrislib.views.widgets.paint import draw_row, draw_text
from chrislib.views.widgets.row_table import of_whole_rows
from chrislib.views.widgets.text import ElidedLabel, plain_tooltip

SIDES, ONE = "sides", "one"
"""How lines are shown: side by side, or in one column."""
_HEADS = {
    SIDES: ("", "Left", "", "Right"),
    ONE: ("Left", "Right", "Lines"),
    "values": ("Value", "Left", "Right"),
}
_ROW = Qt.ItemDataRole.UserRole + 1
_TINTS = {"left": "tint.failed", "right": "tint.ready"}
_SIGNS = {"left": ("−", "state.failed"), "right": ("+", "state.ready")}
_NUMBER = 52
_SPOKEN = {"left": "removed", "right": "added", "changed": "changed"}

Row = LinePair | Line


class DifferenceModel(HeadedTable):
    """Lines or values, in the columns of the chosen way."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[Row] = ()
        self.way = SIDES
        self.longest = 0
        """Characters of the longest line, where lines stand in one column."""

    def show_rows(self, rows: Sequence[Row], way: str) -> None:
        """Show other rows, or the same another way: sides, one or values."""
        self.beginResetModel()
        self.rows, self.way = rows, way
        self.longest = max(map(_length, rows), default=0) if way == ONE else 0
        self.endResetModel()

    def count(self) -> int:
        """Return how many rows there are."""
        return len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the columns of the chosen way."""
        return 0 if parent.isValid() else len(_HEADS[self.way])

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the head of a column."""
        heads = _HEADS[self.way]
        if orientation != Qt.Orientation.Horizontal or section >= len(heads):
            return None
        return head_cell(heads[section], role, numeric=False)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's words; `_ROW` is the row itself."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == _ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return words_of(row, index.column(), self.way)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            text = words_of(row, index.column(), self.way)
            return plain_tooltip(text) if len(text) > 40 else None
        return None


def words_of(row: Row, column: int, way: str) -> str:
    """Return what stands in a cell."""
    if isinstance(row, Line):
        return (row.label, row.left, row.right)[column]
    if row.kind == "folded":
        whole = 1 if way == SIDES else 2
        return f"{row.count:,} lines are the same" if column == whole else ""
    numbers = str(row.left_number or ""), str(row.right_number or "")
    if way == SIDES:
        return (numbers[0], row.left, numbers[1], row.right)[column]
    text = row.left if row.left_number else row.right
    return (*numbers, text)[column]


def side_of(row: Row, column: int, way: str) -> str:
    """Return whether a cell shows what is only left or only right, else ""."""
    if isinstance(row, Line):
        sides = {1: "left", 2: "right"}
        side = sides.get(column, "")
        return side if row.verdict in {"differs", side} else ""
    if way == ONE:
        return row.kind if row.kind in _SIGNS else ""
    side = "left" if column < 2 else "right"
    return side if row.kind in {"changed", side} else ""


def spoken(row: Row) -> str:
    """Return a row in words, for who does not see its colors."""
    if isinstance(row, Line):
        if row.verdict == "differs":
            return f"{row.label}: {row.left} left, {row.right} right"
        return f"{row.label}: only {row.verdict}, {row.left or row.right}"
    if row.kind == "folded":
        return words_of(row, 1, SIDES)
    number = row.left_number or row.right_number
    words = f"line {number} {_SPOKEN.get(row.kind, 'the same')}: "
    both = row.kind == "changed"
    return words + (f"{row.left} to {row.right}" if both else row.left or row.right)


def as_text(rows: Sequence[Row]) -> str:
    """Return rows for the clipboard: lines with a sign each, values by their paths."""
    lines = [_value_text(row) for row in rows if isinstance(row, Line)]
    for pair in unified([row for row in rows if isinstance(row, LinePair)]):
        sign = {"left": "-", "right": "+"}.get(pair.kind, " ")
        text = f"… {words_of(pair, 1, SIDES)}" if pair.kind == "folded" else pair.left
        lines.append(f"{sign}{text or pair.right}")
    return "\n".join(lines) + "\n"


def _value_text(line: Line) -> str:
    left = "(none)" if line.verdict == "right" else line.left
    right = "(none)" if line.verdict == "left" else line.right
    return f"{line.label}: {left} → {right}"


class _Delegate(SizedDelegate):
    wide, high = 80, 24

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        model, row = index.model(), index.data(_ROW)
        if not isinstance(model, DifferenceModel) or not isinstance(row, Row):
            return
        theme, column, way = self.theme, index.column(), model.way
        side = side_of(row, column, way)
        text = words_of(row, column, way)
        lines = isinstance(row, LinePair)
        surface = _TINTS.get(side, "")
        if isinstance(row, LinePair) and row.kind == "folded":
            surface = "bg.panel"
        draw_row(
            painter, option, theme,
            hairline=not lines, surface=surface,
            first=column == 0, last=column == model.columnCount() - 1,
        )  # fmt: skip
        rect: QRect = option.rect.adjusted(8, 0, -8, 0)
        number = lines and (column in {0, 2} if way == SIDES else column < 2)
        if number:
            right = Qt.AlignmentFlag.AlignRight
            draw_text(
                painter, rect, theme,
                text=text, style="caption", token="text.muted", align=right,
            )  # fmt: skip
            return
        if column or lines:
            # the sign says it again, for who cannot tell the colors apart
            if side and text:
                sign, token = _SIGNS[side]
                draw_text(painter, rect, theme, text=sign, style="mono", token=token)
            rect.setLeft(rect.left() + theme.px(16))
        muted = isinstance(row, LinePair) and row.kind == "folded"
        draw_text(
            painter,
            rect,
            theme,
            text=text,
            style="small" if muted else "mono",
            token="text.muted" if muted else "text.primary",
        )


class DifferenceTable(QTableView):
    """The rows; nothing in them is markup, Ctrl+C copies the highlighted ones."""

    def __init__(self, theme: Theme, model: DifferenceModel) -> None:
        super().__init__()
        self._theme = theme
        self._model = model
        self.setObjectName("compare.difference.rows")
        self.setAccessibleName("Differences")
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        of_whole_rows(self)
        # nothing folds while the page is there: Tab moves the focus
        self.setProperty("foldsPanels", False)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.verticalHeader().setDefaultSectionSize(theme.px(24))
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setFont(theme.font("caption"))
        model.modelReset.connect(self.fit)
        theme.changed.connect(self.viewport().update)

    def fit(self) -> None:
        """Share the width; in one column, lines are as wide as they need."""
        theme, head = self._theme, self.horizontalHeader()
        way, room = self._model.way, self.viewport().width()
        number = theme.px(_NUMBER)
        if way == SIDES:
            half = max(120, room // 2 - number)
            widths = [number, half, number, max(120, room - half - 2 * number)]
        elif way == ONE:
            wide = theme.width("mono", "0" * 10) * (self._model.longest + 4) // 10
            widths = [number, number, max(room - 2 * number, wide + theme.px(24))]
        else:
            third = max(120, room * 3 // 10)
            widths = [room - 2 * third, third, third]
        for section, width in enumerate(widths):
            head.resizeSection(section, width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width anew."""
        super().resizeEvent(event)
        self.fit()

    def copy(self) -> None:
        """Put the highlighted rows, or all, on the clipboard."""
        chosen = sorted(one.row() for one in self.selectionModel().selectedRows())
        rows = [self._model.rows[row] for row in chosen] or self._model.rows
        QGuiApplication.clipboard().setText(as_text(rows))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy with Ctrl+C."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            return
        super().keyPressEvent(event)


def _length(row: Row) -> int:
    return len(row.left or row.right) if isinstance(row, LinePair) else 0


class DifferenceView(QWidget):
    """What differs between two files, in words and in rows.

    Parameters
    ----------
    way : str
        How lines are shown at first.
    """

    def __init__(self, theme: Theme, *, way: str) -> None:
        super().__init__()
        self.setObjectName("compare.difference")
        self._found = Difference()
        self.model = DifferenceModel()
        self.table = DifferenceTable(theme, self.model)
        self.ways = Segments(
            theme,
            ((SIDES, "Side by side", ""), (ONE, "One column", "")),
            name="compare.difference.ways",
        )
        self.ways.choose(way if way in {SIDES, ONE} else SIDES)
        self.words = ElidedLabel(
            theme,
            style="small",
            token="text.secondary",
            name="compare.difference.words",
        )
        top = QHBoxLayout()
        top.setContentsMargins(16, 4, 16, 4)
        top.setSpacing(12)
        top.addWidget(self.words, 1)
        top.addWidget(self.ways)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.ways.chosen.connect(lambda _way: self._fill())

    @property
    def way(self) -> str:
        """How lines are shown."""
        return self.ways.current

    def show_difference(self, found: Difference) -> None:
        """Show what was found."""
        self._found = found
        self.words.setText(found.words)
        self.ways.setVisible(bool(found.lines))
        self._fill()
        self.table.scrollToTop()

    def show_words(self, words: str) -> None:
        """Say something in the place of rows."""
        self._found = Difference()
        self.words.setText(words)
        self.ways.hide()
        self._fill()

    def _fill(self) -> None:
        found, way = self._found, self.ways.current
        if found.values:
            self.model.show_rows(found.values, "values")
        else:
            self.model.show_rows(found.lines if way == SIDES else found.column, way)
