"""The table of subjects and values on screen."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt

from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_model import CAN, LEFT, REFUSED, WAITS, WARNS, Column, Row
from chrislib.feeds.values import is_on_word
from chrislib.library.names import show_name
from chrislib.library.words import count
from chrislib.views.models.index import Index
from chrislib.views.widgets.heads import head_cell
from chrislib.views.widgets.text import isolate, plain_tooltip

TICK, SUBJECT, DATA, TITLE, FIRST = range(5)
"""Columns before those of parameters; the check is the last one."""
LOOKS = {
    CAN: "ready",
    WARNS: "errors",
    WAITS: "queued",
    REFUSED: "failed",
    LEFT: "cancelled",
}
"""State of the vocabulary by what becomes of a row."""
_NUMBERS = {"integer", "float"}


class ManyModel(QAbstractTableModel):
    """Rows of a table, as many as the filter lets through.

    Parameters
    ----------
    hidden : callable
        Whether names are not to be shown.
    """

    def __init__(self, hidden: Callable[[], bool]) -> None:
        super().__init__()
        self._hidden = hidden
        self.table: ManyTable | None = None
        self._shown: list[int] = []
        self._words = ""
        self._kind = "all"

    # -- what is shown ---------------------------------------------------------

    def show_table(self, table: ManyTable | None) -> None:
        """Show another table, or one whose rows or columns are others now."""
        self.beginResetModel()
        self.table = table
        self._shown = self._let_through()
        self.endResetModel()

    def narrow(self, words: str, kind: str) -> None:
        """Show only rows with some words, of a kind: all, can or refused."""
        self._words, self._kind = words.casefold().strip(), kind
        self.show_table(self.table)

    def number(self, row: int) -> int:
        """Return which row of the table stands there."""
        return self._shown[row]

    def place(self, number: int) -> int:
        """Return where a row of the table stands, -1 where it is not shown."""
        return self._shown.index(number) if number in self._shown else -1

    @property
    def numbers(self) -> Sequence[int]:
        """The rows of the table that are shown, from the top."""
        return self._shown

    @property
    def check_column(self) -> int:
        """The last column."""
        return FIRST + (len(self.table.columns) if self.table is not None else 0)

    def parameter_at(self, column: int) -> Column | None:
        """Return the parameter of a column, None for the others."""
        if self.table is None or not FIRST <= column < self.check_column:
            return None
        return self.table.columns[column - FIRST]

    def column_of(self, column: "Column | str | None") -> int:
        """Return where a parameter, "title" or "data" stands; -1 for nowhere."""
        if isinstance(column, Column) and self.table is not None:
            found = self.table.columns
            return FIRST + found.index(column) if column in found else -1
        return {"title": TITLE, "data": DATA}.get(str(column), -1)

    def is_switch(self, column: Column) -> bool:
        """Whether a column's values are yes and no."""
        assert self.table is not None
        return self.table.parameter(column).type == "boolean"

    def rows_changed(self) -> None:
        """Draw every row anew: titles and checks of one depend on the others."""
        if self._shown:
            last = self.index(len(self._shown) - 1, self.check_column)
            self.dataChanged.emit(self.index(0, 0), last)

    def subject_words(self, row: Row) -> tuple[str, str]:
        """Return what a subject is called, and what tells it from others."""
        subject = row.subject
        if not subject.patient_name:
            return isolate(subject.title), subject.detail
        if self._hidden():
            return "Name hidden", ""
        return isolate(show_name(subject.patient_name)), subject.detail

    def data_words(self, row: Row) -> str:
        """Return what of a subject its feed is made of."""
        items = row.items
        if not items:
            return "Nothing in the library"
        if len(items) > 1:
            series = all(item.series_uid for item in items)
            return count(len(items), "series" if series else "item", "series")
        return items[0].series_description or items[0].title

    # -- what Qt asks ----------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many rows are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many columns there are."""
        return 0 if parent.isValid() else self.check_column + 1

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the heads."""
        if orientation != Qt.Orientation.Horizontal or self.table is None:
            return None
        column = self.parameter_at(section)
        if role == Qt.ItemDataRole.ToolTipRole and column is not None:
            return plain_tooltip(self.table.parameter(column).help)
        words = ("", "Subject", "Data", "Title of the feed", "Check")
        numeric = False
        if column is not None:
            numeric = self.table.parameter(column).type in _NUMBERS
            return head_cell(self.table.head(column), role, numeric=numeric)
        name = words[section] if section < FIRST else words[-1]
        return head_cell(name, role, numeric=numeric)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let values and titles be typed."""
        found = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        column = index.column()
        if column == TICK:
            return found | Qt.ItemFlag.ItemIsUserCheckable
        many = column == DATA and len(self._row(index).subject.items) > 1
        if column == TITLE or self.parameter_at(column) is not None or many:
            return found | Qt.ItemFlag.ItemIsEditable
        return found

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a cell, what is typed in it, or the row's number."""
        table = self.table
        if table is None or not index.isValid() or index.row() >= len(self._shown):
            return None
        number, column = self._shown[index.row()], index.column()
        row = table.rows[number]
        if role == Qt.ItemDataRole.CheckStateRole and column == TICK:
            on = Qt.CheckState.Checked
            return on if row.ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.EditRole:
            return self._typed(row, number, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            verdict = table.verdict(number)
            if column == self.check_column or column == self.column_of(verdict.column):
                return plain_tooltip(verdict.words)
            return plain_tooltip(self._text(row, number, column))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row, number, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, number, column)
        return None

    def setData(
        self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """Take what was typed or ticked."""
        table = self.table
        if table is None or not index.isValid():
            return False
        number, column = self._shown[index.row()], index.column()
        parameter = self.parameter_at(column)
        if role == Qt.ItemDataRole.CheckStateRole and column == TICK:
            table.tick([number], Qt.CheckState(value) == Qt.CheckState.Checked)
        elif role != Qt.ItemDataRole.EditRole:
            return False
        elif parameter is not None:
            table.set_cell(number, parameter, str(value))
        elif column == TITLE:
            text = str(value).strip()
            table.set_title(number, "" if text == table.titles()[number] else text)
        elif column == DATA and isinstance(value, int):
            table.choose(number, value)
        self.rows_changed()
        return True

    # -- inside ----------------------------------------------------------------

    def _row(self, index: Index) -> Row:
        assert self.table is not None
        return self.table.rows[self._shown[index.row()]]

    def _typed(self, row: Row, number: int, column: int) -> object:
        parameter = self.parameter_at(column)
        if parameter is not None:
            return row.cells.get(parameter, "")
        if column == DATA:
            return row.chosen
        return self._text(row, number, column)

    def _text(self, row: Row, number: int, column: int) -> str:
        assert self.table is not None
        parameter = self.parameter_at(column)
        if parameter is not None:
            text = row.cells.get(parameter, "")
            if self.is_switch(parameter) and text:
                return "Yes" if is_on_word(text) else "No"
            return text
        if column == TICK:
            return str(number + 1)
        if column == SUBJECT:
            return self.subject_words(row)[0]
        if column == DATA:
            return self.data_words(row)
        if column == TITLE:
            return self.table.titles()[number]
        return self.table.verdict(number).words

    def _spoken(self, row: Row, number: int, column: int) -> str:
        text = self._text(row, number, column)
        if column == TICK:
            return f"Row {text}, {'ticked' if row.ticked else 'left out'}"
        if column == SUBJECT:
            return ", ".join(part for part in self.subject_words(row) if part)
        return text or "empty"

    def _let_through(self) -> list[int]:
        table = self.table
        if table is None:
            return []
        found: list[int] = []
        for number, row in enumerate(table.rows):
            if self._kind != "all":
                refused = table.verdict(number).kind == REFUSED
                left = table.verdict(number).kind == LEFT
                if left or refused != (self._kind == "refused"):
                    continue
            if self._words:
                text = " ".join(
                    (
                        *self.subject_words(row),
                        self.data_words(row),
                        table.titles()[number],
                        *row.cells.values(),
                    )
                )
                if self._words not in text.casefold():
                    continue
            found.append(number)
        return found
