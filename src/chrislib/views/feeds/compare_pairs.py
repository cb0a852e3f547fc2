"""The nodes of two feeds place by place, with what differs in words."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyleOptionViewItem

from chrislib.feeds.compare_known import Known
from chrislib.feeds.compare_nodes import NodePair
from chrislib.views.feeds.compare_rows import LOOKS
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_glyph, draw_row, draw_text

_PAIR = Qt.ItemDataRole.UserRole + 1
_DEEPEST = 6


class PairModel(QAbstractListModel):
    """Pairs; what is known of their differences comes later."""

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.pairs: list[NodePair] = []
        self._known = known
        self._rows: dict[str, int] = {}

    def show_pairs(self, pairs: Sequence[NodePair]) -> None:
        """Show other pairs."""
        self.beginResetModel()
        self.pairs = list(pairs)
        self._rows = {pair.place: row for row, pair in enumerate(self.pairs)}
        self.endResetModel()

    def tell(self, places: Iterable[str]) -> None:
        """Say that more is known of these places."""
        rows = [self._rows[place] for place in places if place in self._rows]
        if rows:
            self.dataChanged.emit(self.index(min(rows)), self.index(max(rows)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many places there are."""
        return 0 if parent.isValid() else len(self.pairs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the plugin's name, all in words, or the pair itself."""
        if not index.isValid():
            return None
        pair = self.pairs[index.row()]
        if role == _PAIR:
            return pair
        if role == Qt.ItemDataRole.DisplayRole:
            return pair.plugin_name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{pair.plugin_name}, {self.words(pair)[1]}"
        return None

    def words(self, pair: NodePair) -> tuple[str, str]:
        """Return the verdict of a pair, and what differs in words."""
        return self._known.of(pair).row


class _Delegate(SizedDelegate):
    wide, high = 200, 44

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        pair, model = index.data(_PAIR), index.model()
        if not isinstance(pair, NodePair) or not isinstance(model, PairModel):
            return
        theme = self.theme
        draw_row(painter, option, theme, bar=True)
        verdict, words = model.words(pair)
        icon, token = LOOKS[verdict]
        indent = 12 * min(pair.depth, _DEEPEST)
        rect: QRect = option.rect.adjusted(12 + indent, 4, -8, -4)
        half = rect.height() // 2
        spot = QPoint(rect.left(), rect.top() + (half - 14) // 2)
        draw_glyph(painter, spot, theme, icon=icon, token=token, size=14)
        name = QRect(rect.left() + 22, rect.top(), rect.width() - 22, half)
        draw_text(painter, name, theme, text=pair.plugin_name)
        draw_text(
            painter,
            name.translated(0, half),
            theme,
            text=words,
            style="caption",
            token="text.muted" if verdict in {"same", "size"} else "text.secondary",
        )


class PairList(QListView):
    """The list; `chosen` tells the highlighted pair."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, model: PairModel) -> None:
        super().__init__()
        self._pairs = model
        self.setObjectName("compare.pairs")
        self.setAccessibleName("Nodes of both feeds")
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        self.setUniformItemSizes(True)
        # nothing folds while the page is there: Tab moves the focus
        self.setProperty("foldsPanels", False)
        self.setMouseTracking(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentChanged.connect(self._current)
        theme.changed.connect(self.viewport().update)

    def choose(self, row: int) -> None:
        """Highlight a pair."""
        self.setCurrentIndex(self._pairs.index(row))

    def in_sight(self) -> list[NodePair]:
        """Return the pairs on screen."""
        area, pairs = self.viewport().rect(), self._pairs.pairs
        first = self.indexAt(QPoint(1, area.top() + 1))
        last = self.indexAt(QPoint(1, area.bottom() - 1))
        if not first.isValid():
            return []
        return pairs[first.row() : last.row() + 1 if last.isValid() else None]

    def _current(self, index: Index, _before: object = None) -> None:
        if index.isValid():
            self.chosen.emit(self._pairs.pairs[index.row()])
