"""How the table of subjects and values is painted, typed into and pasted into."""

from PySide6.QtCore import (
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
)

from chrislib.feeds.many_model import Column
from chrislib.library.words import count
from chrislib.views.feeds.many_cells import ROW, CellDelegate
from chrislib.views.feeds.many_model import (
    DATA,
    FIRST,
    SUBJECT,
    TICK,
    TITLE,
    ManyModel,
)
from chrislib.views.theme.theme import Theme

_WIDTHS = {TICK: 72, SUBJECT: 190, DATA: 160, TITLE: 220}
_LEAST = {TITLE: 168, SUBJECT: 140, DATA: 120}
"""How narrow words may become, in the order in which they give way."""
_VALUE, _CHECK = 96, 172


class ManyView(QTableView):
    """The table; spreadsheet keys work in it.

    Signals
    -------
    changed
        Something was typed, ticked, filled or pasted.
    current_changed
        Another row is highlighted.
    said : str
        What a key did.
    removed : object
        A column that shall have one value for all again.
    """

    changed = Signal()
    current_changed = Signal()
    said = Signal(str)
    removed = Signal(object)

    def __init__(self, theme: Theme, model: ManyModel) -> None:
        super().__init__()
        self._theme = theme
        self._model = model
        self.setObjectName("many.table")
        self.setAccessibleName("Subjects and values")
        self.setModel(model)
        self.setItemDelegate(CellDelegate(theme, model, self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        # in a sheet Tab leads on; in a cell that is typed into it leads to the next
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        edit = QAbstractItemView.EditTrigger
        self.setEditTriggers(
            edit.DoubleClicked | edit.AnyKeyPressed | edit.EditKeyPressed
        )
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        heads = self.horizontalHeader()
        heads.setHighlightSections(False)
        heads.setStretchLastSection(True)
        heads.setSectionsClickable(True)
        heads.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        heads.customContextMenuRequested.connect(self._head_menu)
        heads.sectionClicked.connect(self._head_clicked)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        model.modelReset.connect(self.fit)
        model.dataChanged.connect(lambda *_: self.changed.emit())
        self.selectionModel().currentChanged.connect(
            lambda *_: self.current_changed.emit()
        )
        theme.changed.connect(self.fit)
        self.fit()

    def fit(self) -> None:
        """Give the columns their widths; words give way to values and checks."""
        px, model = self._theme.px, self._model
        self.verticalHeader().setDefaultSectionSize(px(ROW))
        widths: dict[int, int] = {}
        for column in range(model.columnCount()):
            widths[column] = _WIDTHS.get(column, _VALUE)
            if column == model.check_column:
                widths[column] = _CHECK
            elif column >= FIRST:
                head = model.headerData(column, Qt.Orientation.Horizontal)
                wide = self._theme.width("caption", str(head or "")) + 28
                widths[column] = max(_VALUE, wide)
        over = sum(map(px, widths.values())) - self.viewport().width()
        for column, least in _LEAST.items():
            if over > 0 and column in widths:
                less = min(over, px(widths[column] - least))
                widths[column] -= round(less / px(100) * 100)
                over -= less
        for column, width in widths.items():
            self.setColumnWidth(column, px(width))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the columns into another width."""
        super().resizeEvent(event)
        self.fit()

    @property
    def current_number(self) -> int:
        """The row of the table that is highlighted, -1 for none."""
        index = self.currentIndex()
        return self._model.number(index.row()) if index.isValid() else -1

    def show_cell(self, number: int, column: "Column | str | None") -> None:
        """Go to a cell of a row, ready to be typed over."""
        row = self._model.place(number)
        at = self._model.column_of(column)
        if row >= 0:
            index = self._model.index(row, at if at >= 0 else SUBJECT)
            self.setCurrentIndex(index)
            self.scrollTo(index)
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- mouse and keys --------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tick, or open a choice at its first press."""
        index = self.indexAt(event.position().toPoint())
        super().mouseReleaseEvent(event)
        if not index.isValid() or event.button() != Qt.MouseButton.LeftButton:
            return
        if index.column() == TICK:
            self._tick([index.row()])
            return
        column = self._model.parameter_at(index.column())
        switch = column is not None and self._model.is_switch(column)
        choice = switch or index.column() == DATA
        if choice and self._model.flags(index) & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy, paste, fill down, tick, empty; letters type."""
        keys = QKeySequence.StandardKey
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        typed = self.state() == QAbstractItemView.State.EditingState
        if typed:
            super().keyPressEvent(event)
        elif event.matches(keys.Paste):
            self.paste(QGuiApplication.clipboard().text())
        elif event.matches(keys.Copy):
            self.copy()
        elif control and event.key() == Qt.Key.Key_D:
            self.fill_down()
        elif event.key() == Qt.Key.Key_Space and not event.modifiers():
            self._tick(sorted({i.row() for i in self.selectedIndexes()}))
        elif event.key() == Qt.Key.Key_Delete:
            self._put("")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not control:
            self.edit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def fill_down(self) -> None:
        """Give the highlighted cells the value of the uppermost one."""
        table, rows, columns = self._model.table, self._rows(), self._columns()
        if table is None:
            return
        if len(rows) == 1:
            # one cell alone: everything below it
            at = self._model.place(rows[0])
            rows = list(self._model.numbers[at:])
        changed = sum(
            table.fill_down(rows, one) for one in columns if isinstance(one, Column)
        )
        self._model.rows_changed()
        self.said.emit(f"Filled {count(changed, 'cell')}")

    def copy(self) -> None:
        """Copy the highlighted cells as a spreadsheet takes them."""
        found = sorted((i.row(), i.column()) for i in self.selectedIndexes())
        lines: dict[int, list[str]] = {}
        for row, column in found:
            text = str(self._model.index(row, column).data() or "")
            lines.setdefault(row, []).append(text)
        text = "\n".join("\t".join(cells) for cells in lines.values())
        QGuiApplication.clipboard().setText(text)
        self.said.emit(f"Copied {count(len(found), 'cell')}")

    def paste(self, text: str) -> None:
        """Put a piece of a spreadsheet where the highlight begins."""
        table = self._model.table
        indexes = self.selectedIndexes()
        if table is None or not indexes or not text:
            return
        top = min(index.row() for index in indexes)
        left = min(index.column() for index in indexes)
        rows, columns = self._rows(), self._columns()
        if "\t" in text.strip("\r\n") or "\n" in text.strip("\r\n"):
            rows = list(self._model.numbers[top:])
            columns = [
                self._target(column) for column in range(left, self._model.check_column)
            ]
        taken = table.paste(text, rows, columns)
        self._model.rows_changed()
        self.said.emit(
            f"Pasted {count(taken, 'cell')}"
            if taken
            else "Nothing can be pasted here: choose a value or a title first."
        )

    # -- inside ----------------------------------------------------------------

    def _put(self, text: str) -> None:
        table = self._model.table
        if table is None:
            return
        for row in self._rows():
            for column in self._columns():
                if isinstance(column, Column):
                    table.set_cell(row, column, text)
                elif column == "title":
                    table.set_title(row, text)
        self._model.rows_changed()

    def _tick(self, rows: list[int]) -> None:
        table = self._model.table
        if table is None or not rows:
            return
        numbers = [self._model.number(row) for row in rows]
        table.tick(numbers, not all(table.rows[n].ticked for n in numbers))
        self._model.rows_changed()

    def _rows(self) -> list[int]:
        found = sorted({index.row() for index in self.selectedIndexes()})
        return [self._model.number(row) for row in found]

    def _columns(self) -> list[Column | str]:
        found = sorted({index.column() for index in self.selectedIndexes()})
        return [self._target(column) for column in found]

    def _target(self, column: int) -> Column | str:
        found = self._model.parameter_at(column)
        return found if found is not None else "title" if column == TITLE else ""

    def _head_clicked(self, section: int) -> None:
        if section == TICK:
            self._tick(list(range(self._model.rowCount())))
        else:
            self.selectColumn(section)

    def _menu(self, spot: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("many.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Fill down\tCtrl+D").triggered.connect(self.fill_down)
        menu.addAction("Copy\tCtrl+C").triggered.connect(self.copy)
        paste = menu.addAction("Paste\tCtrl+V")
        paste.triggered.connect(lambda: self.paste(QGuiApplication.clipboard().text()))
        menu.addAction("Take in or leave out\tSpace").triggered.connect(
            lambda: self._tick(sorted({i.row() for i in self.selectedIndexes()}))
        )
        menu.popup(self.viewport().mapToGlobal(spot))

    def _head_menu(self, spot: QPoint) -> None:
        heads = self.horizontalHeader()
        column = self._model.parameter_at(heads.logicalIndexAt(spot))
        if column is None:
            return
        menu = QMenu(self)
        menu.setObjectName("many.head.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("One value for all").triggered.connect(
            lambda: self.removed.emit(column)
        )
        menu.popup(heads.mapToGlobal(spot))
