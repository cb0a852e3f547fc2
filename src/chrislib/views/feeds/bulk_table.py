"""The table of a bulk sheet: a feed a row, what becomes of it, and why not."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QRect,
    Qt,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHeaderView,
    QStyleOptionViewItem,
    QTreeView,
)

from chrislib.errors import ChrislibError
from chrislib.feeds.model import FeedRow
from chrislib.shown import one_line
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_row, draw_state, draw_text
from chrislib.views.widgets.text import plain_tooltip

_DISPLAY = Qt.ItemDataRole.DisplayRole
_FAILED_ROLE = Qt.ItemDataRole.UserRole + 1


class BulkModel(QAbstractTableModel):
    """Feeds of a bulk action; the second column is asked for when it is drawn."""

    def __init__(self, rows: Sequence[FeedRow], heading: str) -> None:
        super().__init__()
        self._rows = list(rows)
        self._heading = heading
        self._then: Callable[[FeedRow], str] = lambda _row: ""
        self._failed: dict[int, ChrislibError] = {}

    def set_then(self, then: Callable[[FeedRow], str]) -> None:
        """Say what becomes of each feed."""
        self._then = then
        self._changed()

    def show_failures(self, failed: Sequence[tuple[FeedRow, ChrislibError]]) -> None:
        """Keep only the feeds to which it could not be done, with the reasons."""
        self.beginResetModel()
        self._rows = [row for row, _error in failed]
        self._failed = {row.id: error for row, error in failed}
        self.endResetModel()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, 1)

    def forget_failures(self) -> None:
        """Begin again with the feeds that are left."""
        self._failed = {}
        self._changed()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, 1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many feeds there are."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return 2: the feed, and what becomes of it."""
        return 2

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the head of a column."""
        if orientation == Qt.Orientation.Horizontal and (
            role == Qt.ItemDataRole.DisplayRole
        ):
            return ("Feed", "Why not" if self._failed else self._heading)[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a feed's title, what becomes of it, or why it could not be done."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        failed = self._failed.get(row.id)
        if role == _FAILED_ROLE:
            return failed is not None
        if not index.column():
            shown = role in {_DISPLAY, Qt.ItemDataRole.AccessibleTextRole}
            return row.title if shown else None
        if failed is None:
            return one_line(self._then(row)) if role == _DISPLAY else None
        if role == _DISPLAY:
            return failed.title
        if role in {
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        }:
            words = " ".join(part for part in (failed.title, failed.hint) if part)
            return plain_tooltip(words)
        return None

    def _changed(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 1))


class _Delegate(SizedDelegate):
    wide, high = 120, 32

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        second = bool(index.column())
        draw_row(painter, option, self.theme, first=not second, last=second)
        inner: QRect = option.rect.adjusted(8, 0, -8, -1)
        text = str(index.data() or "")
        if second and index.data(_FAILED_ROLE):
            draw_state(painter, inner, self.theme, "failed", text)
            return
        token = "text.secondary" if second else "text.primary"
        draw_text(painter, inner, self.theme, text=text, token=token)


class BulkTable(QTreeView):
    """The table itself."""

    def __init__(self, theme: Theme, model: BulkModel) -> None:
        super().__init__()
        self.setObjectName("feeds.bulk.table")
        self.setAccessibleName("Feeds this is done to")
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        header = self.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        theme.changed.connect(self.viewport().update)
