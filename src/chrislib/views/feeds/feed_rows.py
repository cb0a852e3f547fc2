"""The rows of the list of feeds: a model, and how a row is drawn."""

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    QRect,
    QSize,
    QStringListModel,
    Qt,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from chrislib.feeds.arranging import Arranging
from chrislib.feeds.measures import Measure
from chrislib.feeds.model import FeedRow
from chrislib.feeds.states import duration, feed_words
from chrislib.views.context import ViewContext
from chrislib.views.feeds.words import size_words, when
from chrislib.views.models.index import Index
from chrislib.views.widgets.delegates import SizedDelegate, two_lines
from chrislib.views.widgets.paint import donut, draw_glyph, draw_row, draw_text

ROW_ROLE = Qt.ItemDataRole.UserRole + 1
MEASURE_ROLE = Qt.ItemDataRole.UserRole + 2
PINNED_ROLE = Qt.ItemDataRole.UserRole + 3
OPEN_ROLE = Qt.ItemDataRole.UserRole + 4


class FeedListModel(QStringListModel):
    """Feeds of one tab, filtered and ordered as a person wants to see them.

    Qt itself holds a string for each row, always empty, only to know how many there
    are: a list view asks that twice for each row whenever one of them has changed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._all: dict[int, FeedRow] = {}
        self._shown: list[FeedRow] = []
        self._places: dict[int, int] = {}
        self._measures: dict[int, Measure] = {}
        self.arranging = Arranging()
        self.open_id: int | None = None
        """The feed on screen: others may be highlighted beside it."""

    def set_rows(self, rows: Iterable[FeedRow]) -> None:
        """Show other rows; those that stay keep their place and selection."""
        self._all = {row.id: row for row in rows}
        self._apply()

    def arrange(self, **wishes: object) -> None:
        """Show other feeds, or in another order; names are those of `Arranging`."""
        self.arranging = replace(self.arranging, **wishes)  # type: ignore[arg-type]
        self._apply()

    def replace(self, row: FeedRow) -> None:
        """Take a fresher look at one feed."""
        old = self._all.get(row.id)
        if old is None or old == row:
            return
        self._all[row.id] = row
        place = self._places.get(row.id, -1)
        if not self.arranging.stays(old, row):
            self._apply()
        elif place >= 0:
            self._shown[place] = row
            self._told(place)

    def measure(self, feed_id: int, measure: Measure) -> None:
        """Take how long a feed ran and what it takes."""
        self._measures[feed_id] = measure
        if feed_id in self._places:
            self._told(self._places[feed_id])

    def forget_measures(self) -> None:
        """Forget what a server's feeds took."""
        self._measures.clear()

    @property
    def total(self) -> int:
        """How many feeds there are without the search."""
        return len(self._all)

    def row_of(self, feed_id: int) -> int:
        """Return the row of a feed, -1 where it is not shown."""
        return self._places.get(feed_id, -1)

    def feed_at(self, index: Index) -> FeedRow | None:
        """Return the feed of an index."""
        known = index.isValid() and index.row() < len(self._shown)
        return self._shown[index.row()] if known else None

    def feeds_at(self, rows: Iterable[int]) -> list[FeedRow]:
        """Return the feeds of rows."""
        return [self._shown[row] for row in rows if row < len(self._shown)]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a feed's title, the row itself, or its words for screen readers."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        row = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == ROW_ROLE:
            return row
        if role == MEASURE_ROLE:
            return self._measures.get(row.id)
        if role == PINNED_ROLE:
            return row.id in self.arranging.pinned
        if role == OPEN_ROLE:
            return row.id == self.open_id
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._words(row)
        return None

    def _words(self, row: FeedRow) -> str:
        measure = self._measures.get(row.id, Measure())
        parts = [row.title, f"feed {row.id}", row_words(row, measure)]
        parts += [size_words(measure.size)] if measure.size is not None else []
        parts += ["pinned"] if row.id in self.arranging.pinned else []
        return ", ".join(parts)

    def _told(self, place: int) -> None:
        index = self.index(place)
        self.dataChanged.emit(index, index)

    def _apply(self) -> None:
        new = self.arranging.of(self._all.values())
        if [row.id for row in new] == [row.id for row in self._shown]:
            self._refresh(new)
            return
        self._places = {row.id: place for place, row in enumerate(new)}
        old = len(self._shown)
        if len(new) > old:
            # rows without a feed come below, and then all take their places
            self.insertRows(old, len(new) - old)
        self._replace_all(new)
        if len(new) < old:
            self.removeRows(len(new), old - len(new))

    def _refresh(self, new: list[FeedRow]) -> None:
        """Take fresher looks at the same feeds in the same order."""
        for place, row in enumerate(new):
            if self._shown[place] is not row and self._shown[place] != row:
                self._shown[place] = row
                self._told(place)

    def _replace_all(self, new: list[FeedRow]) -> None:
        """Put another list in the place of this one; feeds keep their highlight.

        Rows of feeds that go are left at the end, without a feed.
        """
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        ids = [self._shown[index.row()].id for index in kept]
        self._shown[:] = new
        places = self._places
        self.changePersistentIndexList(
            kept,
            [
                self.index(places[one]) if one in places else QModelIndex()
                for one in ids
            ],
        )
        self.layoutChanged.emit()


def row_words(row: FeedRow, measure: Measure) -> str:
    """Return the second line of a feed: "7 nodes · ready · 38 min"."""
    if row.deleting:
        return "Being deleted on the server"
    words = feed_words(row.states)
    if measure.seconds is not None:
        words += f" · {duration(measure.seconds)}"
    return words


class FeedDelegate(SizedDelegate):
    """A feed in 52 px: donut, title and time, words and size."""

    wide, high = 120, 52

    def __init__(self, context: ViewContext, parent: QWidget) -> None:
        super().__init__(context.theme, parent)
        self._context = context

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw the row."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, FeedRow):
            return
        theme = self.theme
        rect: QRect = option.rect
        draw_row(painter, option, theme, bar=bool(index.data(OPEN_ROLE)))
        ring = QRect(QPoint(rect.left() + 12, rect.top() + 14), QSize(24, 24))
        donut(painter, ring, theme, row.states)
        left, right = rect.left() + 48, rect.right() - 12
        stamp = ""
        if row.created is not None:
            stamp = when(row.created.timestamp(), now=self._context.now())
        upper, lower = two_lines(
            QRect(left, rect.top(), right - left, rect.height()), theme
        )
        taken = self._at_right(painter, upper, stamp, token="text.muted")
        if index.data(PINNED_ROLE):
            top = upper.top() + (upper.height() - 12) // 2
            spot = QPoint(upper.right() - taken - 14, top)
            draw_glyph(painter, spot, theme, icon="pin", token="accent.glyph", size=12)
            taken += 18
        draw_text(painter, upper.adjusted(0, 0, -taken, 0), theme, text=row.title)
        measure = index.data(MEASURE_ROLE) or Measure()
        taken = self._at_right(
            painter, lower, size_words(measure.size), token="text.secondary"
        )
        draw_text(
            painter,
            lower.adjusted(0, 0, -taken, 0),
            theme,
            text=row_words(row, measure),
            style="caption",
            token="text.secondary",
        )

    def _at_right(self, painter: QPainter, line: QRect, text: str, token: str) -> int:
        """Write at the end of a line; returns the width it takes with its gap."""
        if not text:
            return 0
        width = draw_text(
            painter,
            line,
            self.theme,
            text=text,
            style="caption",
            token=token,
            align=Qt.AlignmentFlag.AlignRight,
        )
        return width + 8
