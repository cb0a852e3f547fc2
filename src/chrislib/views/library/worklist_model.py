"""The rows of a work list on screen: states at once, words when they are seen."""

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import (
    QObject,
    Qt,
    QTimer,
    Signal,
)

from chrislib.library.names import NO_NAME, clean, isolate
from chrislib.library.words import join
from chrislib.library.worklist.columns import KINDS, Columns
from chrislib.library.worklist.model import ListRow, RowState
from chrislib.library.worklist.opened import OpenList
from chrislib.library.worklist.report import STATE_WORDS
from chrislib.views.models.headed import HeadedTable
from chrislib.views.models.index import Index
from chrislib.views.widgets.text import plain_tooltip

LINE, ASKED, STATE, FOUND, ACTION = range(5)
HEADS = ("Line", "Looked for", "State", "Found in the PACS", "")
_PAGE = 60

LOOKS = {
    RowState.WAITING: "queued",
    RowState.REFUSED: "failed",
    RowState.MISSING: "nomatch",
    RowState.AMBIGUOUS: "errors",
    RowState.FOUND: "preparing",
    RowState.PULLING: "running",
    RowState.STOPPED: "failed",
    RowState.PULLED: "ready",
}
_ACTIONS = {
    RowState.REFUSED: "",
    RowState.MISSING: "Ask again",
    RowState.AMBIGUOUS: "Choose",
    RowState.FOUND: "Add",
    RowState.STOPPED: "Retry",
}


class WorkListModel(HeadedTable):
    """Rows by number; their words are fetched in pages of what is looked at.

    Parameters
    ----------
    hidden : callable
        Whether names are not to be shown.
    """

    heads = HEADS
    numeric = (LINE,)

    wanted = Signal(list)
    """Numbers of rows whose words are needed."""

    def __init__(
        self, *, hidden: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._hidden = hidden
        self._known: OpenList | None = None
        self._numbers: Sequence[int] = ()
        self._rows: dict[int, ListRow] = {}
        self._places: dict[int, int] = {}
        self._asked: set[int] = set()
        self._need: set[int] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._ask)

    def show(self, known: OpenList | None, numbers: Sequence[int]) -> None:
        """Show some rows of a list."""
        self.beginResetModel()
        if known is not self._known:
            self._rows.clear()
        self._known = known
        self._numbers = numbers
        self._places = {}
        self._asked.clear()
        self._need.clear()
        self.endResetModel()

    def fill(self, rows: Iterable[ListRow]) -> None:
        """Take over the words of rows that were wanted."""
        for row in rows:
            self._asked.discard(row.number)
            self._rows[row.number] = row
            self._repaint(row.number)

    def changed(self, numbers: Iterable[int]) -> None:
        """Forget the words of rows that changed; those in sight come again."""
        for number in numbers:
            self._rows.pop(number, None)
            self._asked.discard(number)
        if self._numbers:
            last = len(self._numbers) - 1
            self.dataChanged.emit(self.index(0, LINE), self.index(last, ACTION))

    def number(self, index: Index) -> int | None:
        """Return the number of the row at an index."""
        if index.isValid() and index.row() < len(self._numbers):
            return self._numbers[index.row()]
        return None

    def row(self, number: int) -> ListRow | None:
        """Return a row with its words, None while they are fetched."""
        found = self._rows.get(number)
        if found is None and number not in self._asked:
            self._need.add(number)
            if not self._timer.isActive():
                self._timer.start()
        return found

    def state(self, number: int) -> RowState:
        """Return the state of a row."""
        return self._known.states[number] if self._known else RowState.WAITING

    def action(self, number: int) -> str:
        """Return the word of a row's button."""
        state = self.state(number)
        if state is RowState.WAITING:
            row = self._rows.get(number)
            return "Ask again" if row is not None and row.reason else ""
        return _ACTIONS.get(state, "")

    def words(self, number: int) -> tuple[str, str]:
        """Return what was looked for: the surest cell first, then the others."""
        row = self.row(number)
        if row is None or self._known is None:
            return "…", ""
        if self._hidden():
            return NO_NAME, ""
        cells = cells_asked(row.cells, self._known.head.columns)
        first = cells[0] if cells else "(nothing)"
        return isolate(first), join(*map(isolate, cells[1:]))

    def found(self, number: int) -> tuple[str, str]:
        """Return who or what the row means, in two lines."""
        if self._known is None or not self.state(number).settled:
            return "", ""
        row = self.row(number)
        meant = self._known.meant(row) if row is not None else None
        if meant is None:
            return "", ""
        title, detail = meant.words
        return (NO_NAME if self._hidden() else title), detail

    def _ask(self) -> None:
        need = sorted(self._need)
        self._need.clear()
        if need:
            self._asked.update(need[: _PAGE * 2])
            self.wanted.emit(need[: _PAGE * 2])

    def _repaint(self, number: int) -> None:
        at: int | None = number
        if not isinstance(self._numbers, range):
            if not self._places:
                self._places = {one: at for at, one in enumerate(self._numbers)}
            at = self._places.get(number)
        if at is not None:
            self.dataChanged.emit(self.index(at, LINE), self.index(at, ACTION))

    # --- QAbstractTableModel ------------------------------------------------------

    def count(self) -> int:
        """Return the rows that are shown."""
        return len(self._numbers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a cell."""
        number = self.number(index)
        if number is None or role not in _ROLES:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(str(self.data(index) or ""))
        column = index.column()
        if column == LINE:
            row = self.row(number)
            return f"{row.line:,}" if row is not None else ""
        if column == ASKED:
            return join(*self.words(number))
        if column == STATE:
            row = self.row(number)
            reason = row.reason if row is not None else ""
            return join(STATE_WORDS[self.state(number)], reason)
        if column == FOUND:
            row = self.row(number)
            open_ = row is not None and not self.state(number).settled
            return row.reason if row and open_ else join(*self.found(number))
        return self.action(number)


_ROLES = {
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.AccessibleTextRole,
    Qt.ItemDataRole.ToolTipRole,
}


def cells_asked(cells: Sequence[str], columns: Columns) -> list[str]:
    """Return the cells a row is looked up by, the surest first."""
    order = {kind: at for at, kind in enumerate(KINDS)}
    used = [
        (order.get(kind, len(order)), clean(cells[at]))
        for at, kind in enumerate(columns.kinds)
        if kind and at < len(cells) and clean(cells[at])
    ]
    return [cell for _, cell in sorted(used, key=lambda one: one[0])]
