"""What every flat table and list on screen has in common: its size, its heads."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    Qt,
)

from chrislib.views.models.index import Index
from chrislib.views.widgets.heads import head_cell


class HeadedTable(QAbstractTableModel):
    """A flat table with heads; who inherits says how many rows there are.

    Attributes
    ----------
    heads : sequence of str
        The words over the columns, one a column.
    numeric : collection of int
        Columns of numbers: their heads stand at the right.
    """

    heads: ClassVar[Sequence[str]] = ()
    numeric: ClassVar[Collection[int]] = ()

    def count(self) -> int:
        """Return how many rows there are."""
        raise NotImplementedError

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        """Return the rows; no row has rows below it."""
        return 0 if parent.isValid() else self.count()

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the columns; no row has columns below it."""
        return 0 if parent.isValid() else len(self.heads)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the heads; rows have none."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self.heads):
            return None
        return head_cell(self.heads[section], role, numeric=section in self.numeric)
