"""What is highlighted, shared by grid and list however much it is."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
)

from chrislib.library.mine.model import RowId
from chrislib.views.models.selected import parts_of, rows_of

_ROWS = (
    QItemSelectionModel.SelectionFlag.ClearAndSelect
    | QItemSelectionModel.SelectionFlag.Rows
)


def number_of(selection: QItemSelectionModel) -> int:
    """Return how many rows are highlighted."""
    parts = parts_of(selection)
    if len(parts) == 1:
        return parts[0].bottom() - parts[0].top() + 1
    return len(rows_of(selection))


def ids_of(
    selection: QItemSelectionModel, id_at: Callable[[QModelIndex], RowId | None]
) -> list[RowId]:
    """Return the ids of the highlighted rows in order."""
    model = selection.model()
    found = (id_at(model.index(row, 0)) for row in rows_of(selection))
    return [one for one in found if one is not None]


def whole_rows(selection: QItemSelectionModel) -> None:
    """Highlight whole rows where only their first cells were, as a grid does."""
    model = selection.model()
    parts = QItemSelection()
    for part in parts_of(selection):
        parts.select(
            model.index(part.top(), 0),
            model.index(part.bottom(), model.columnCount() - 1),
        )
    selection.blockSignals(True)
    selection.select(parts, _ROWS)
    selection.blockSignals(False)


def highlight(
    selection: QItemSelectionModel, model: QAbstractItemModel, rows: Sequence[int]
) -> None:
    """Highlight rows, and make the first one the current one."""
    parts = QItemSelection()
    for row in rows:
        parts.select(model.index(row, 0), model.index(row, model.columnCount() - 1))
    selection.select(parts, _ROWS)
    if rows:
        selection.setCurrentIndex(
            model.index(rows[0], 0), QItemSelectionModel.SelectionFlag.NoUpdate
        )
