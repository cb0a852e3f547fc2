"""Facets beside the results: counts, and boxes that filter what is shown."""

import time

from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCursor,
    QPainter,
    QPaintEvent,
    QPixmap,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import QHeaderView, QStyleOptionViewItem

from chrislib.library.found import (
    ALL,
    ARCHIVE,
    DATE,
    DESCRIPTION,
    GROUPS,
    HERE,
    IMAGES,
    RECENT,
    Findings,
)
from chrislib.views.library.rowview import FOLD, TICK, RowDelegate, RowView
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_check, draw_glyph, draw_row, draw_text

_KEY = Qt.ItemDataRole.UserRole + 1
_COUNT = Qt.ItemDataRole.UserRole + 2
_SPOKEN = Qt.ItemDataRole.AccessibleTextRole
_FOLDED = {DESCRIPTION, IMAGES}
"""Folded until somebody unfolds them: they have many values."""
_PAINT_SECONDS = 0.0015
"""So long rows that changed are painted at a time."""
_SHOWN = 40
"""So many values of a facet are listed, those with most series first."""


class _Delegate(RowDelegate):
    """Rows of 24: a head, a quick filter or a box."""

    wide = 80

    def tall(self, index: Index) -> int:
        """Return the height of a row at text size 1, px."""
        head = index.data(_KEY) is None
        return 34 if head else 24

    def zone(self, index: Index, _rect: QRect, _at: QPoint) -> str:
        return FOLD if index.data(_KEY) is None else TICK

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        theme, rect = self.theme, option.rect
        key, text = index.data(_KEY), str(index.data())
        if key is None:
            tree = option.widget
            open_ = isinstance(tree, RowView) and tree.isExpanded(_plain(tree, index))
            icon = "chevron-down" if open_ else "chevron-right"
            spot = QPoint(rect.left() + 12, rect.bottom() - 21)
            draw_glyph(painter, spot, theme, icon=icon, size=14)
            words = QRect(rect.left() + 34, rect.bottom() - 26, rect.width() - 40, 24)
            draw_text(
                painter, words, theme, text=text, style="group", token="text.secondary"
            )
            return
        draw_row(painter, option, theme, hairline=False)
        quick = not index.parent().isValid()
        ticked = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        left = rect.left() + 12
        if not quick:
            draw_check(
                painter,
                QRect(left, rect.top(), 16, rect.height()),
                theme,
                state=Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked,
            )
            left += 24
        number = f"{int(index.data(_COUNT) or 0):,}"
        words = QRect(left, rect.top(), rect.right() - left - 52, rect.height())
        style = "small-strong" if quick and ticked else "small"
        draw_text(painter, words, theme, text=text, style=style)
        draw_text(
            painter,
            rect.adjusted(0, 0, -12, 0),
            theme,
            text=number,
            style="caption",
            token="text.muted",
            align=Qt.AlignmentFlag.AlignRight,
        )


class Facets(RowView):
    """Counts of what is found so far; OR inside a facet, AND between facets."""

    filtered = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, name="pacs.facets", label="Filters")
        self._quick = ALL
        self._chosen: dict[str, set[str]] = {group: set() for group in GROUPS}
        self._found = Findings()
        self._orders: dict[str, list[str]] = {}
        self._unfolded: set[str] = set()
        self._folded: set[str] = set()
        self._facts = QStandardItemModel(0, 1, self)
        self.setModel(self._facts)
        self.setItemDelegate(_Delegate(theme, self))
        self.setHeaderHidden(True)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.ticked.connect(self._choose)
        self.opened.connect(self._choose)
        self.key_pressed.connect(self._key)
        self._pictures: dict[object, tuple[object, QPixmap]] = {}
        self._paint_until = 0.0
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.timeout.connect(self.viewport().update)
        theme.changed.connect(self._pictures.clear)
        self.expanded.connect(lambda index: self._fold(index, False))
        self.collapsed.connect(lambda index: self._fold(index, True))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows, those that changed as far as there is time."""
        self._paint_until = time.perf_counter() + _PAINT_SECONDS
        super().paintEvent(event)

    def drawRow(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw a row as it was last time, unless it changed and there is time."""
        rect, plain = option.rect, _plain(self, index)
        pointer = self.viewport().mapFromGlobal(QCursor.pos())
        current = self.currentIndex() == plain
        look = (
            *(index.data(), index.data(_COUNT)),
            index.data(Qt.ItemDataRole.CheckStateRole),
            *(rect.width(), rect.height(), self.isExpanded(plain)),
            *(self.selectionModel().isSelected(index), rect.contains(pointer)),
            current and self.hasFocus(),
        )
        key = index.data(_KEY) or index.data()
        old = self._pictures.get(key)
        if old is None or old[0] != look:
            if time.perf_counter() > self._paint_until:
                # counts change while results come in: the rest has the next turn
                self._more.start()
            else:
                old = look, self._picture(option, index)
                self._pictures[key] = old
        if old is not None:
            painter.drawPixmap(rect.topLeft(), old[1])

    def _picture(self, option: QStyleOptionViewItem, index: Index) -> QPixmap:
        ratio, rect = self.devicePixelRatioF(), option.rect
        picture = QPixmap(rect.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(self.theme.color("bg.window"))
        painter = QPainter(picture)
        painter.translate(-rect.topLeft())
        super().drawRow(painter, option, index)
        painter.end()
        return picture

    @property
    def quick(self) -> str:
        """The quick filter that is chosen."""
        return self._quick

    @property
    def chosen(self) -> dict[str, frozenset[str]]:
        """The ticked values of each facet that has some."""
        return {g: frozenset(values) for g, values in self._chosen.items() if values}

    def clear(self) -> None:
        """Let everything through again."""
        self._quick = ALL
        self._orders.clear()
        for chosen in self._chosen.values():
            chosen.clear()

    def drop(self, group: str) -> None:
        """Take the ticks of one facet away; "" takes the quick filter away."""
        if group:
            self._chosen[group].clear()
        else:
            self._quick = ALL
        self._build()
        self.filtered.emit()

    def show_counts(self, found: Findings, *, ended: bool = True) -> None:
        """Count what was found; values keep their place until it has `ended`."""
        if ended or found is not self._found:
            self._orders.clear()
        self._found = found
        for group, chosen in self._chosen.items():
            chosen &= set(found.counts[group])
        self._build()

    def recount(self) -> None:
        """Count again what is in the library."""
        if self._facts.rowCount():
            here, number = self._facts.item(1), len(self._found.here)
            here.setData(number, _COUNT)
            here.setData(_spoken(here.text(), number), _SPOKEN)

    def _order(self, group: str) -> list[str]:
        counts = self._found.counts[group]
        order = self._orders.get(group)
        if order is None:
            order = (
                sorted(counts, reverse=True)
                if group == DATE
                else [value for value, _ in counts.most_common(_SHOWN)]
            )
        else:
            known = set(order)
            order += [value for value in counts if value not in known]
        missing = self._chosen[group] - set(order[:_SHOWN])
        self._orders[group] = order
        return [*order[:_SHOWN], *sorted(missing)]

    def _build(self) -> None:
        at = self.currentIndex().data(_KEY) if self.currentIndex().isValid() else None
        scrolled = self.verticalScrollBar().value()
        self._facts.clear()
        for key, words, number in (
            (ALL, "All series", self._found.series),
            (HERE, "In your library", len(self._found.here)),
            (RECENT, "Past 6 months", self._found.recent),
        ):
            entry = _entry(words, ("quick", key), number)
            entry.setData(_check(key == self._quick), Qt.ItemDataRole.CheckStateRole)
            self._facts.appendRow(entry)
        for group in GROUPS:
            counts = self._found.counts[group]
            if not counts or (group == ARCHIVE and len(counts) < 2):
                continue
            head = _entry(group, None, 0)
            entries = []
            for value in self._order(group):
                entry = _entry(value, (group, value), counts[value])
                entry.setData(
                    _check(value in self._chosen[group]),
                    Qt.ItemDataRole.CheckStateRole,
                )
                entries.append(entry)
            head.appendRows(entries)
            self._facts.appendRow(head)
            open_ = group not in self._folded
            if group in _FOLDED:
                open_ = group in self._unfolded
            self.blockSignals(True)
            self.setExpanded(head.index(), open_ or bool(self._chosen[group]))
            self.blockSignals(False)
        if at is not None:
            self._restore(at)
        self.verticalScrollBar().setValue(scrolled)

    def _fold(self, index: QModelIndex, folded: bool) -> None:
        group = str(index.data())
        (self._folded if folded else self._unfolded).add(group)
        (self._unfolded if folded else self._folded).discard(group)

    def _restore(self, key: object) -> None:
        found = self._facts.match(
            self._facts.index(0, 0),
            _KEY,
            key,
            1,
            Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive,
        )
        if found:
            self.setCurrentIndex(found[0])

    def _choose(self, index: Index) -> None:
        key = index.data(_KEY)
        if key is None:
            return
        group, value = key
        if group == "quick":
            self._quick = value
        elif value in self._chosen[group]:
            self._chosen[group].discard(value)
        else:
            self._chosen[group].add(value)
        self._build()
        self._restore(key)
        self.filtered.emit()

    def _key(self, key: str) -> None:
        if key in (" ", "T") and self.currentIndex().isValid():
            self._choose(self.currentIndex())


def _entry(text: str, key: tuple[str, str] | None, number: int) -> QStandardItem:
    entry = QStandardItem(text)
    entry.setEditable(False)
    entry.setData(key, _KEY)
    entry.setData(number, _COUNT)
    entry.setData(text if key is None else _spoken(text, number), _SPOKEN)
    return entry


def _spoken(text: str, number: int) -> str:
    return f"{text}, {number} series"


def _check(on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked


def _plain(tree: RowView, index: Index) -> QModelIndex:
    return tree.model().index(index.row(), index.column(), index.parent())
