"""The rows of the list of feeds: a model, and how a row is drawn."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from chrislib.feeds.arranging import Arranging
from chrislib.feeds.model import FeedRow
from chrislib.feeds.states import feed_words
from chrislib.views.context import ViewContext
from chrislib.views.feeds.rows import sync
from chrislib.views.feeds.words import when
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import donut, draw_row, draw_text

_Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
_MANY = 400
"""So many changes of place are one new list; Qt makes each of them by itself."""


class FeedListModel(QAbstractListModel):
    """Feeds of one tab, filtered by the search words."""

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[FeedRow, ...] = ()
        self._shown: list[FeedRow] = []
        self.arranging = Arranging()

    def set_rows(self, rows: Sequence[FeedRow]) -> None:
        """Show other rows; those that stay keep their place and selection."""
        self._all = tuple(rows)
        self._apply()

    def arrange(self, **wishes: object) -> None:
        """Show other feeds, or in another order; names are those of `Arranging`."""
        self.arranging = replace(self.arranging, **wishes)  # type: ignore[arg-type]
        self._apply()

    def replace(self, row: FeedRow) -> None:
        """Take a fresher look at one feed."""
        self._all = tuple(row if old.id == row.id else old for old in self._all)
        self._apply()

    @property
    def total(self) -> int:
        """How many feeds there are without the search."""
        return len(self._all)

    def row_of(self, feed_id: int) -> int:
        """Return the row of a feed, -1 where it is not shown."""
        return next((n for n, row in enumerate(self._shown) if row.id == feed_id), -1)

    def feed_at(self, index: _Index) -> FeedRow | None:
        """Return the feed of an index."""
        return self._shown[index.row()] if index.isValid() else None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many feeds are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a feed's title, the row itself, or its words for screen readers."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        row = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.title}, feed {row.id}, {feed_words(row.states)}"
        return None

    def _apply(self) -> None:
        new = self.arranging.of(self._all)
        if len(new) == len(self._shown) and all(
            row.id == old.id for row, old in zip(new, self._shown, strict=True)
        ):
            self._refresh(new)
            return
        if max(len(new), len(self._shown)) > _MANY:
            self._replace_all(new)
            return
        sync(
            self,
            self._shown,
            new,
            key=lambda row: row.id,
            begin_remove=self.beginRemoveRows,
            end_remove=self.endRemoveRows,
            begin_insert=self.beginInsertRows,
            end_insert=self.endInsertRows,
        )

    def _refresh(self, new: list[FeedRow]) -> None:
        """Take fresher looks at the same feeds in the same order."""
        for place, row in enumerate(new):
            if self._shown[place] != row:
                self._shown[place] = row
                index = self.index(place)
                self.dataChanged.emit(index, index)

    def _replace_all(self, new: list[FeedRow]) -> None:
        """Put another list in the place of this one; feeds keep their highlight."""
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        ids = [self._shown[index.row()].id for index in kept]
        self._shown[:] = new
        places = {row.id: place for place, row in enumerate(new)}
        self.changePersistentIndexList(
            kept,
            [
                self.index(places[one]) if one in places else QModelIndex()
                for one in ids
            ],
        )
        self.layoutChanged.emit()


class FeedDelegate(QStyledItemDelegate):
    """A feed in 52 px: donut, title and time, words and owner."""

    def __init__(self, context: ViewContext, *, owner: str = "") -> None:
        super().__init__()
        self._context = context
        self._theme: Theme = context.theme

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the fixed height of a row."""
        return QSize(200, self._theme.px(52))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        """Draw the row."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, FeedRow):
            return
        theme = self._theme
        rect: QRect = option.rect
        draw_row(painter, option, theme, bar=True)
        ring = QRect(QPoint(rect.left() + 12, rect.top() + 14), QSize(24, 24))
        donut(painter, ring, theme, row.states)
        left, right = rect.left() + 48, rect.right() - 12
        half = theme.px(18)
        top = rect.top() + (rect.height() - 2 * half) // 2
        stamp = ""
        if row.created is not None:
            stamp = when(row.created.timestamp(), now=self._context.now())
        time_width = draw_text(
            painter,
            QRect(left, top, right - left, half),
            theme,
            text=stamp,
            style="caption",
            token="text.muted",
            align=Qt.AlignmentFlag.AlignRight,
        )
        draw_text(
            painter,
            QRect(left, top, right - left - time_width - 8, half),
            theme,
            text=row.title,
        )
        draw_text(
            painter,
            QRect(left, top + half, right - left, half),
            theme,
            text=feed_words(row.states),
            style="caption",
            token="text.secondary",
        )
