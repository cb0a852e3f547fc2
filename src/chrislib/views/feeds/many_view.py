"""How the table of subjects and values is painted, typed into and pasted into."""

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from chrislib.feeds.many_model import LEFT, Column
from chrislib.feeds.values import is_on_word
from chrislib.library.words import count
from chrislib.views.feeds.many_model import (
    DATA,
    FIRST,
    LOOKS,
    SUBJECT,
    TICK,
    TITLE,
    ManyModel,
)
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    draw_check,
    draw_glyph,
    draw_row,
    draw_state,
    draw_text,
)

_Index = QModelIndex | QPersistentModelIndex
_ROW = 36
_WIDTHS = {TICK: 72, SUBJECT: 190, DATA: 160, TITLE: 220}
_VALUE, _CHECK = 104, 200


class _Delegate(QStyledItemDelegate):
    """One line a cell; a refused one has an edge."""

    def __init__(self, theme: Theme, model: ManyModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(60, self._theme.px(_ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        model, theme, rect = self._model, self._theme, option.rect
        if model.table is None:
            return
        number, column = model.number(index.row()), index.column()
        row, verdict = model.table.rows[number], model.table.verdict(number)
        painter.save()
        painter.setClipRect(rect)
        drawn = QStyleOptionViewItem(option)
        view = option.widget
        if not (isinstance(view, QTableView) and view.hasFocus()):
            drawn.state &= ~QStyle.StateFlag.State_HasFocus
        draw_row(painter, drawn, theme)
        edge = QRect(rect.right(), rect.top(), 1, rect.height())
        if column >= SUBJECT and column != model.check_column:
            painter.fillRect(edge, theme.color("border.subtle"))
        inner = rect.adjusted(8, 0, -8, 0)
        faint = verdict.kind == LEFT
        token = "text.muted" if faint else "text.primary"
        text = str(index.data() or "")
        if column == TICK:
            on = Qt.CheckState.Checked if row.ticked else Qt.CheckState.Unchecked
            box = QRect(rect.left() + 8, rect.top(), 24, rect.height())
            draw_check(painter, box, theme, state=on)
            draw_text(
                painter,
                inner,
                theme,
                text=text,
                style="small",
                token="text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )
        elif column == SUBJECT:
            self._subject(painter, inner, model.subject_words(row), token)
        elif column == model.check_column:
            draw_state(painter, inner, theme, LOOKS[verdict.kind], text)
        else:
            self._value(painter, inner, index, text=text, token=token)
        if not faint and column == model.column_of(verdict.column):
            painter.setPen(theme.color(f"state.{LOOKS[verdict.kind]}"))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))
        painter.restore()

    def _subject(
        self, painter: QPainter, inner: QRect, words: tuple[str, str], token: str
    ) -> None:
        theme, (first, second) = self._theme, words
        room = min(theme.width("small", second) + 2, inner.width() // 2)
        left = inner.adjusted(0, 0, -(room + 8) if second else 0, 0)
        draw_text(painter, left, theme, text=first, token=token)
        if second:
            beside = QRect(inner.right() - room, inner.top(), room, inner.height())
            draw_text(
                painter,
                beside,
                theme,
                text=second,
                style="small",
                token="text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )

    def _value(
        self, painter: QPainter, inner: QRect, index: _Index, *, text: str, token: str
    ) -> None:
        theme, model = self._theme, self._model
        column = model.parameter_at(index.column())
        assert model.table is not None
        chooses = index.column() == DATA and bool(
            model.flags(index) & Qt.ItemFlag.ItemIsEditable
        )
        if column is not None and model.is_switch(column):
            chooses = True
        if chooses:
            spot = inner.topRight()
            spot.setY(inner.center().y() - 6)
            spot.setX(spot.x() - 12)
            draw_glyph(painter, spot, theme, icon="chevron-down", size=12)
            inner = inner.adjusted(0, 0, -18, 0)
        own = index.column() != TITLE or bool(
            model.table.rows[model.number(index.row())].title
        )
        numeric = column is not None and model.table.parameter(column).type in {
            "integer",
            "float",
        }
        plain = column is None or chooses
        draw_text(
            painter,
            inner,
            theme,
            text=text,
            style="body" if plain else "mono",
            token=token if own or token == "text.muted" else "text.secondary",
            align=Qt.AlignmentFlag.AlignRight
            if numeric
            else Qt.AlignmentFlag.AlignLeft,
        )

    # -- typing ----------------------------------------------------------------

    def createEditor(
        self, parent: QWidget, _option: QStyleOptionViewItem, index: _Index
    ) -> QWidget:
        """Return a field, or a choice for switches and data."""
        model, column = self._model, self._model.parameter_at(index.column())
        assert model.table is not None
        if index.column() == DATA:
            box = QComboBox(parent)
            items = model.table.rows[model.number(index.row())].subject.items
            box.addItem(f"All {count(len(items), 'item')}", -1)
            for at, item in enumerate(items):
                box.addItem(item.series_description or item.title, at)
        elif column is not None and model.is_switch(column):
            box = QComboBox(parent)
            box.addItem("Yes", "true")
            box.addItem("No", "false")
        else:
            field = QLineEdit(parent)
            field.setProperty("small", True)
            field.setFont(self._theme.font("body" if column is None else "mono"))
            self._name(field, index)
            return field
        box.setProperty("small", True)
        # one press of the cell, one choice
        box.activated.connect(lambda _at: self._close(box))
        self._name(box, index)
        return box

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        """Show what the cell holds."""
        value = index.data(Qt.ItemDataRole.EditRole)
        if isinstance(editor, QComboBox):
            if not isinstance(value, int):
                value = "true" if is_on_word(str(value)) else "false"
            editor.setCurrentIndex(max(0, editor.findData(value)))
        elif isinstance(editor, QLineEdit):
            editor.setText(str(value or ""))

    def setModelData(self, editor: QWidget, _model: object, index: _Index) -> None:
        """Take what was typed or chosen."""
        if isinstance(editor, QComboBox):
            self._model.setData(index, editor.currentData())
        elif isinstance(editor, QLineEdit):
            self._model.setData(index, editor.text())

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, _index: _Index
    ) -> None:
        """Fill the cell."""
        editor.setGeometry(option.rect)

    def _name(self, editor: QWidget, index: _Index) -> None:
        head = self._model.headerData(index.column(), Qt.Orientation.Horizontal)
        editor.setObjectName("many.editor")
        editor.setAccessibleName(f"{head}, row {index.row() + 1}")

    def _close(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)


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
        self.setItemDelegate(_Delegate(theme, model, self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
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
        """Give the columns their widths."""
        px = self._theme.px
        self.verticalHeader().setDefaultSectionSize(px(_ROW))
        for column in range(self._model.columnCount()):
            width = _WIDTHS.get(column, _VALUE)
            if column == self._model.check_column:
                width = _CHECK
            elif column >= FIRST:
                head = str(
                    self._model.headerData(column, Qt.Orientation.Horizontal) or ""
                )
                width = max(width, self._theme.width("caption", head) + 28)
            self.setColumnWidth(column, px(width))

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
