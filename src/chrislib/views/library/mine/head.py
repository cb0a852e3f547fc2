"""The heads of the list: which columns, how wide, in what order, sorted by which."""

from collections.abc import Mapping

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

from chrislib.library.mine.model import Column, Level, Sort
from chrislib.views.library.mine import cells
from chrislib.views.library.mine.toolbar import usual_sort
from chrislib.views.theme.theme import Theme

_NARROWEST = 220
"""Of the first column, px at text size 1."""


class MineHead(QHeaderView):
    """Columns to be chosen, moved, made wider and sorted by.

    Signals
    -------
    sort_chosen : Sort
    layout_changed
        Columns were chosen, moved or made wider: to be remembered.
    """

    sort_chosen = Signal(object)
    layout_changed = Signal()

    def __init__(self, theme: Theme, table: QTableView) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self._theme = theme
        self._table = table
        self._level = Level.ALL
        self._sort = Sort()
        self._columns: tuple[Column, ...] = cells.ORDER
        self.setObjectName("mine.list.head")
        self.setSectionsMovable(True)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSortIndicatorShown(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.sectionClicked.connect(self._clicked)
        self.customContextMenuRequested.connect(self._menu)
        self.sectionMoved.connect(lambda *_: self.layout_changed.emit())
        self.sectionResized.connect(self._resized)

    def column_at(self, section: int) -> Column:
        """Return what a section of the model shows."""
        return self._columns[section]

    @property
    def ends(self) -> tuple[Column, Column]:
        """The first and the last column shown."""
        shown = [
            self.logicalIndex(place)
            for place in range(self.count())
            if not self.isSectionHidden(self.logicalIndex(place))
        ]
        if not shown:
            return Column.TITLE, Column.TITLE
        return self.column_at(shown[0]), self.column_at(shown[-1])

    def use_columns(self, columns: tuple[Column, ...]) -> None:
        """Take note of what the sections of the model are."""
        self._columns = columns

    def layout_words(self) -> dict[str, object]:
        """Return columns, widths and order as they are, to be kept."""
        places = [self.logicalIndex(place) for place in range(self.count())]
        px = self._theme.text_size
        return {
            "order": [self.column_at(section).value for section in places],
            "shown": [
                self.column_at(section).value
                for section in places
                if not self.isSectionHidden(section)
            ],
            "widths": {
                self.column_at(section).value: round(self.sectionSize(section) / px)
                for section in places
                if not self.isSectionHidden(section)
            },
        }

    def show_layout(self, level: Level, kept: Mapping[str, object] | None) -> None:
        """Show the columns of a level as they were kept, or the usual ones."""
        self._level = level
        kept = kept or {}
        order, shown, widths = (kept.get(one) for one in ("order", "shown", "widths"))
        self.blockSignals(True)
        wanted = set(shown) if isinstance(shown, list) else None
        possible = cells.possible(level)
        sections = {column: section for section, column in enumerate(self._columns)}
        for column, section in sections.items():
            if column not in possible:
                self.setSectionHidden(section, True)
                continue
            on = column in cells.usual(level)
            if wanted is not None:
                on = column.value in wanted or column is Column.TITLE
            self.setSectionHidden(section, not on)
            width = cells.HEADS[column].width
            if isinstance(widths, dict):
                found = widths.get(column.value)
                width = found if isinstance(found, int) and found > 0 else width
            self.resizeSection(section, self._theme.px(width))
        names = order if isinstance(order, list) else []
        known = {column.value: section for column, section in sections.items()}
        ranked = [known[name] for name in names if name in known]
        ranked += [section for section in known.values() if section not in ranked]
        for place, section in enumerate(ranked):
            self.moveSection(self.visualIndex(section), place)
        self.blockSignals(False)
        self.fill()
        self._table.viewport().update()

    def show_sort(self, sort: Sort) -> None:
        """Show by which column rows are sorted."""
        self._sort = sort
        # Qt points up for descending; people expect it the other way round
        order = (
            Qt.SortOrder.AscendingOrder
            if sort.descending
            else Qt.SortOrder.DescendingOrder
        )
        for section, column in enumerate(self._columns):
            if cells.sort_of(column, self._level) is sort.by:
                self.setSortIndicator(section, order)
                return
        self.setSortIndicator(-1, order)

    def fill(self) -> None:
        """Give the first column what is left over."""
        if not self.count() or self._columns[0] is not Column.TITLE:
            return
        others = sum(
            self.sectionSize(section)
            for section in range(1, self.count())
            if not self.isSectionHidden(section)
        )
        least = self._theme.px(_NARROWEST)
        self.blockSignals(True)
        self.resizeSection(0, max(least, self._table.viewport().width() - others))
        self.blockSignals(False)
        self._table.updateGeometry()

    def _clicked(self, section: int) -> None:
        by = cells.sort_of(self.column_at(section), self._level)
        sort = usual_sort(by)
        if by is self._sort.by:
            sort = Sort(by, descending=not self._sort.descending)
        self.show_sort(self._sort)
        self.sort_chosen.emit(sort)

    def _menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("mine.columns.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        possible = cells.possible(self._level)
        for section, column in enumerate(self._columns):
            if column not in possible or column is Column.TITLE:
                continue
            action = menu.addAction(cells.HEADS[column].text)
            action.setCheckable(True)
            action.setChecked(not self.isSectionHidden(section))
            action.toggled.connect(
                lambda on, section=section: self._show_column(section, on)
            )
        menu.addSeparator()
        menu.addAction("Usual columns").triggered.connect(self._usual)
        menu.popup(self.viewport().mapToGlobal(at))

    def _show_column(self, section: int, shown: bool) -> None:
        self.setSectionHidden(section, not shown)
        width = cells.HEADS[self.column_at(section)].width
        if shown and self.sectionSize(section) < 24:
            self.resizeSection(section, self._theme.px(width))
        self.fill()
        self.layout_changed.emit()

    def _usual(self) -> None:
        self.show_layout(self._level, None)
        self.layout_changed.emit()

    def _resized(self, section: int, _before: int, _now: int) -> None:
        if section:
            self.fill()
        self.layout_changed.emit()
