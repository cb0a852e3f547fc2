"""Facets beside the results: counts, and boxes that filter what is shown."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

from PySide6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QHeaderView, QStyleOptionViewItem

from chrislib.library.model import Item, ItemState
from chrislib.library.names import clean
from chrislib.pacs.types import FoundPatient, FoundSeries, FoundStudy
from chrislib.views.library.found_model import Keep
from chrislib.views.library.rowview import FOLD, TICK, Index, RowDelegate, RowView
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_check, draw_glyph, draw_row, draw_text

_GROUPS = ("Modality", "Study date", "Station")
_KEY = Qt.ItemDataRole.UserRole + 1
_COUNT = Qt.ItemDataRole.UserRole + 2
_RECENT_DAYS = 183

Row = tuple[FoundPatient, FoundStudy, FoundSeries]


def values_of(row: Row, group: str) -> str:
    """Return the facet value of a series."""
    _, study, series = row
    if group == "Modality":
        return clean(series.modality) or "(none)"
    if group == "Study date":
        return str(study.date.year) if study.date else "(no date)"
    return clean(series.station or study.station) or "(none)"


class _Delegate(RowDelegate):
    """Rows of 24: a head, a quick filter or a box."""

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        head = index.data(_KEY) is None
        return QSize(80, self.theme.px(34 if head else 24))

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

    def __init__(
        self,
        theme: Theme,
        *,
        item_of: Callable[[str], Item | None],
        today: Callable[[], date],
    ) -> None:
        super().__init__(theme, name="pacs.facets", label="Filters")
        self._item_of = item_of
        self._today = today
        self._quick = "all"
        self._chosen: dict[str, set[str]] = {group: set() for group in _GROUPS}
        self._rows: list[Row] = []
        self._facts = QStandardItemModel(0, 1, self)
        self.setModel(self._facts)
        self.setItemDelegate(_Delegate(theme, self))
        self.setHeaderHidden(True)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.ticked.connect(self._choose)
        self.opened.connect(self._choose)
        self.key_pressed.connect(self._key)

    @property
    def active(self) -> bool:
        """Whether anything is filtered out."""
        return self._quick != "all" or any(self._chosen.values())

    def clear(self) -> None:
        """Let everything through again."""
        self._quick = "all"
        for chosen in self._chosen.values():
            chosen.clear()

    def show_rows(self, patients: tuple[FoundPatient, ...]) -> None:
        """Count what was found."""
        self._rows = [
            (patient, study, series)
            for patient in patients
            for study in patient.studies
            for series in study.series
        ]
        for group in _GROUPS:
            known = {values_of(row, group) for row in self._rows}
            self._chosen[group] &= known
        self._build()

    def keep(self) -> Keep | None:
        """Return what lets a series through; None when all are."""
        if not self.active:
            return None

        def let_through(
            patient: FoundPatient, study: FoundStudy, series: FoundSeries
        ) -> bool:
            row = (patient, study, series)
            if not self._fits_quick(row, self._quick):
                return False
            return all(
                not chosen or values_of(row, group) in chosen
                for group, chosen in self._chosen.items()
            )

        return let_through

    def recount(self) -> None:
        """Count again what is in the library."""
        if self._facts.rowCount():
            number = sum(self._fits_quick(row, "here") for row in self._rows)
            self._facts.item(1).setData(number, _COUNT)

    def _fits_quick(self, row: Row, quick: str) -> bool:
        if quick == "here":
            item = self._item_of(row[2].series_uid)
            return item is not None and item.state is ItemState.READY
        if quick == "recent":
            since = self._today() - timedelta(days=_RECENT_DAYS)
            return row[1].date is not None and row[1].date >= since
        return True

    def _build(self) -> None:
        at = self.currentIndex().data(_KEY) if self.currentIndex().isValid() else None
        self._facts.clear()
        for key, words in (
            ("all", "All series"),
            ("here", "In your library"),
            ("recent", "Past 6 months"),
        ):
            number = sum(self._fits_quick(row, key) for row in self._rows)
            entry = _entry(words, ("quick", key), number)
            entry.setData(_check(key == self._quick), Qt.ItemDataRole.CheckStateRole)
            self._facts.appendRow(entry)
        for group in _GROUPS:
            counts = Counter(values_of(row, group) for row in self._rows)
            if not counts:
                continue
            head = _entry(group, None, 0)
            self._facts.appendRow(head)
            ordered = counts.most_common()
            if group == "Study date":
                ordered = sorted(counts.items(), reverse=True)
            for value, number in ordered:
                entry = _entry(value, (group, value), number)
                entry.setData(
                    _check(value in self._chosen[group]),
                    Qt.ItemDataRole.CheckStateRole,
                )
                head.appendRow(entry)
        self.expandAll()
        if at is not None:
            self._restore(at)

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
    spoken = text if key is None else f"{text}, {number} series"
    entry.setData(spoken, Qt.ItemDataRole.AccessibleTextRole)
    return entry


def _check(on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked


def _plain(tree: RowView, index: Index) -> QModelIndex:
    return tree.model().index(index.row(), index.column(), index.parent())
