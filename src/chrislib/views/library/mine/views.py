"""Grid and list over one model: highlight, pictures asked for, place kept."""

from dataclasses import replace

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QStackedWidget, QWidget

from chrislib.library.mine.model import Column, Level, Query, Row, RowId, Sort
from chrislib.library.names import clean
from chrislib.library.words import join
from chrislib.views.context import ViewContext
from chrislib.views.library.mine import cells, picked, words
from chrislib.views.library.mine.dragging import Drags
from chrislib.views.library.mine.grid import GridDelegate, GridView
from chrislib.views.library.mine.model import MineModel
from chrislib.views.library.mine.pictures import StorePictures
from chrislib.views.library.mine.shows import Shows
from chrislib.views.library.mine.table import ROW, MineTable, TableDelegate
from chrislib.views.library.mine.ticks import Ticks
from chrislib.views.library.mine.timeline import PatientsTree
from chrislib.views.library.mine.toolbar import GRID, LIST
from chrislib.views.models.index import Index
from chrislib.views.models.selected import rows_of
from chrislib.views.widgets.text import plain_tooltip

_LOOK_MS = 60
_NEXT = 2
"""Screens before and after the one in sight whose pictures are asked for."""


class ShownRows(MineModel):
    """The rows with the words screen readers and tooltips need."""

    def __init__(self, ctx: ViewContext, ticks: Ticks, parent: QWidget) -> None:
        super().__init__(ctx.my_library, parent, words=self._cell)
        self._ctx = ctx
        self._ticks = ticks

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the row, its id, or words of a cell."""
        if role == Qt.ItemDataRole.ToolTipRole:
            row = self.row(index)
            return None if row is None else plain_tooltip(self._told(row))
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0:
            row = self.row(index)
            if row is None:
                return ""
            ticked = self._ticks.state(row) is Qt.CheckState.Checked
            return words.spoken(row, hidden=self._hidden, ticked=ticked)
        return super().data(index, role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a cell: rows can be dragged."""
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    @property
    def _hidden(self) -> bool:
        return bool(self._ctx.settings.get("hide_names"))

    def _cell(self, row: Row, column: Column) -> str:
        return cells.cell(row, column, hidden=self._hidden, now=self._ctx.now())

    def _told(self, row: Row) -> str:
        lines = (
            words.title(row, hidden=self._hidden),
            words.second_line(row, hidden=self._hidden),
            words.about(row),
            join(clean(row.modality), words.images(row)),
            words.where(row).words,
            clean(row.detail),
        )
        return "\n".join(line for line in lines if line)


class Views(QStackedWidget):
    """The same rows as grid and as list, with one highlight.

    Signals
    -------
    highlight_changed
        Other rows are highlighted, or another one is the current one.
    part_pressed : (index, part, number)
        "tick", "flag" or "star" of a row was clicked.
    key_pressed : str
    opened : index
    row_opened, row_ticked : Row
        The same for rows among patients.
    listed, failed : as those of the model in front
    """

    highlight_changed = Signal()
    part_pressed = Signal(QModelIndex, str, int)
    key_pressed = Signal(str)
    opened = Signal(QModelIndex)
    row_opened = Signal(object)
    row_ticked = Signal(object)
    menu_asked = Signal(QPoint)
    listed = Signal()
    failed = Signal(object)

    def __init__(
        self,
        ctx: ViewContext,
        model: ShownRows,
        *,
        ticks: Ticks,
        pictures: StorePictures,
    ) -> None:
        super().__init__()
        theme = ctx.theme
        self._ctx = ctx
        self._people: PatientsTree | None = None
        self._query = Query()
        self._theme = theme
        self.model = model
        self._ticks = ticks
        self._pictures = pictures
        self.items: tuple[str, ...] = ()
        drags = Drags(theme, self.highlighted, lambda: self.items)
        self.grid = GridView(theme, drags)
        self.table = MineTable(theme, drags)
        self._views: tuple[GridView, MineTable] = (self.grid, self.table)
        self._anchor: tuple[RowId, int] | None = None
        for view in self._views:
            view.setModel(model)
            self.addWidget(view)
        self.selection = QItemSelectionModel(model, self)
        for view in self._views:
            old = view.selectionModel()
            view.setSelectionModel(self.selection)
            if old is not None:
                old.deleteLater()

        def hidden() -> bool:
            return bool(ctx.settings.get("hide_names"))

        self.table.head.use_columns(tuple(model.columns))
        shows = Shows(model.row, ticks.state, hidden)
        self.grid.setItemDelegate(
            GridDelegate(theme, self.grid, shows=shows, pictures=pictures)
        )
        self.table.setItemDelegate(
            TableDelegate(
                theme, self.table, shows=shows, now=ctx.now, pictures=pictures
            )
        )
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self._look_at)
        self._connect()

    @property
    def view(self) -> GridView | MineTable:
        """The view in front."""
        return self.grid if self.currentWidget() is self.grid else self.table

    @property
    def people(self) -> PatientsTree:
        """Patients with their studies in time, made when they are first shown."""
        if self._people is None:
            tree = PatientsTree(self._ctx, self._pictures, ticked=self._ticks.state)
            tree.highlight_changed.connect(self.highlight_changed)
            tree.key_pressed.connect(self.key_pressed)
            tree.opened.connect(self.row_opened)
            tree.ticked.connect(self.row_ticked)
            tree.menu_asked.connect(self.menu_asked)
            tree.listed.connect(self.listed)
            tree.model.dataChanged.connect(self._tell)
            tree.failed.connect(self.failed)
            self._ticks.changed.connect(tree.repaint_rows)
            self.addWidget(tree)
            self._people = tree
        return self._people

    @property
    def _tree(self) -> PatientsTree | None:
        """The patients, while they are in front."""
        return self._people if self.currentWidget() is self._people else None

    def show_view(self, key: str) -> None:
        """Bring a view to the front; highlight and current row stay in sight."""
        wanted: QWidget = self.table
        if key != LIST:
            wanted = self.grid if key == GRID else self.people
        if wanted is self.currentWidget():
            return
        picked.whole_rows(self.selection)
        focus = self.focusWidget()
        self.setCurrentWidget(wanted)
        if focus is not None:
            wanted.setFocus()
        if self._tree is None and self.selection.currentIndex().isValid():
            self.view.scrollTo(self.selection.currentIndex())
        self._look.start()

    def carry(self, items: tuple[str, ...]) -> None:
        """Take note of the items a drag of what is highlighted would carry."""
        self.items = items

    def focus_rows(self) -> None:
        """Give the focus to the view in front."""
        (self._tree or self.view).setFocus()

    # --- what is listed -------------------------------------------------------

    @property
    def query(self) -> Query:
        """What is shown, or on its way."""
        return self._query

    def show_query(self, query: Query) -> None:
        """Show another list in the view in front; `listed` says when."""
        tree = self._tree
        if tree is not None:
            self._query = replace(query, level=Level.PATIENT)
            tree.show_query(self._query)
        else:
            self._query = query
            self.model.show(query)

    @property
    def length(self) -> int:
        """How many rows the view in front lists; of patients only those."""
        tree = self._tree
        return self.model.rowCount() if tree is None else tree.model.rowCount()

    # --- highlight ------------------------------------------------------------

    def highlighted(self) -> tuple[Level, list[RowId]]:
        """Return level and ids of what is highlighted."""
        tree = self._tree
        if tree is not None:
            return tree.highlighted()
        return self._query.level, self.ids()

    def ids(self) -> list[RowId]:
        """Return the ids of the highlighted rows."""
        if self._tree is not None:
            return self._tree.highlighted()[1]
        return picked.ids_of(self.selection, self.model.id_at)

    def rows(self, most: int) -> list[Row]:
        """Return the first highlighted rows that are known."""
        if self._tree is not None:
            return self._tree.rows(most)
        found: list[Row] = []
        for number in rows_of(self.selection)[:most]:
            row = self.model.row(self.model.index(number, 0))
            if row is not None:
                found.append(row)
        return found

    @property
    def number(self) -> int:
        """How many rows are highlighted."""
        if self._tree is not None:
            return len(self._tree.highlighted()[1])
        return picked.number_of(self.selection)

    def current(self) -> Row | None:
        """Return the current row, None while it is not known."""
        if self._tree is not None:
            return self._tree.current_row()
        index = self.selection.currentIndex()
        return self.model.row(index) if index.isValid() else None

    def highlight_first(self) -> None:
        """Highlight the current row, else the first, where none is."""
        if self._tree is not None:
            self._tree.highlight_first()
        elif self.model.rowCount() and not self.selection.hasSelection():
            # a view that gets the focus has a current row without highlighting it
            current = self.selection.currentIndex()
            row = current.row() if current.isValid() else 0
            picked.highlight(self.selection, self.model, [row])

    def clear_highlight(self) -> None:
        """Highlight nothing: another list is shown."""
        self.selection.clear()

    # --- lists ----------------------------------------------------------------

    def show_sort(self, sort: Sort) -> None:
        """Show the order in the heads of the list."""
        self.table.head.show_sort(sort)

    def settle(self, *, asked: bool) -> None:
        """Take note of a new list.

        Parameters
        ----------
        asked : bool
            A person asked for it: from its top, or from what is highlighted. Other
            new lists move nothing that is in sight.
        """
        current = self.selection.currentIndex()
        if self._tree is not None:
            self._anchor = None
        elif asked:
            if current.isValid():
                self.view.scrollTo(current)
            else:
                self.view.scrollToTop()
        elif self._anchor is not None:
            self._restore(self._anchor)
        self._anchor = None
        self._look.start()

    def repaint_rows(self) -> None:
        """Draw again what is in sight."""
        if self._tree is not None:
            self._tree.repaint_rows()
        else:
            self.view.viewport().update()

    def shutdown(self) -> None:
        """Stop asking."""
        self._look.stop()
        self.model.shutdown()
        if self._people is not None:
            self._people.shutdown()

    def _connect(self) -> None:
        model = self.model
        for view in self._views:
            view.pressed_part.connect(self.part_pressed)
            view.key_pressed.connect(self.key_pressed)
            view.opened.connect(self.opened)
            view.customContextMenuRequested.connect(self._ask_menu)
            view.verticalScrollBar().valueChanged.connect(self._look.start)
            view.verticalScrollBar().rangeChanged.connect(self._look.start)
        model.listed.connect(self._model_listed)
        model.failed.connect(self.failed)
        self.selection.selectionChanged.connect(self._tell)
        self.selection.currentChanged.connect(self._tell)
        for about in (
            model.layoutAboutToBeChanged,
            model.modelAboutToBeReset,
            model.rowsAboutToBeInserted,
            model.rowsAboutToBeRemoved,
        ):
            about.connect(self._take_anchor)
        model.dataChanged.connect(self._look.start)
        self._ticks.changed.connect(self.repaint_rows)

    def _model_listed(self) -> None:
        if self._tree is None:
            self.listed.emit()

    def _tell(self, *_: object) -> None:
        self.highlight_changed.emit()

    def _ask_menu(self, at: QPoint) -> None:
        view = self.view
        index = view.indexAt(at)
        if index.isValid() and index.row() not in rows_of(self.selection):
            picked.highlight(self.selection, self.model, [index.row()])
        self.menu_asked.emit(view.viewport().mapToGlobal(at))

    def _take_anchor(self, *_: object) -> None:
        """Remember which row is at the top of what is in sight, and where."""
        if self._anchor is not None:
            return
        view = self.view
        if view.verticalScrollBar().value() == 0:
            return
        index = view.indexAt(QPoint(16, 8))
        found = self.model.id_at(index) if index.isValid() else None
        if found is not None:
            self._anchor = (found, view.visualRect(index).top())

    def _restore(self, anchor: tuple[RowId, int]) -> None:
        index = self.model.index_of(anchor[0])
        if not index.isValid():
            return
        view = self.view
        view.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtTop)
        bar = view.verticalScrollBar()
        bar.setValue(bar.value() + view.visualRect(index).top() - anchor[1])

    # --- pictures -------------------------------------------------------------

    def _look_at(self) -> None:
        """Ask for the pictures of what is in sight, then of what is next to it."""
        if self._tree is not None:
            return  # it asks for its own
        view = self.view
        size = view.viewport().size()
        first = view.indexAt(QPoint(12, 12))
        total = self.model.rowCount()
        if not first.isValid() or not total or not view.isVisible():
            self._pictures.look_at((), (), 0)
            return
        if view is self.grid:
            cell = self.grid.gridSize()
            columns = max(1, size.width() // cell.width())
            number = columns * (size.height() // cell.height() + 2)
            side = float(cell.height())
        else:
            number = size.height() // self._theme.px(ROW) + 2
            side = float(self._theme.px(40))
        start = first.row()
        shown = self._known(start, min(total, start + number))
        near = [
            *self._known(start + number, min(total, start + number * _NEXT)),
            *self._known(max(0, start - number), start),
        ]
        self._pictures.look_at(shown, near, side * self.devicePixelRatioF())

    def _known(self, start: int, end: int) -> list[Row]:
        found = []
        for number in range(start, end):
            row = self.model.row(self.model.index(number, 0))
            if row is not None:
                found.append(row)
        return found
