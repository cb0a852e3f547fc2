"""How the rows of a work list are painted and answered."""

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QHeaderView,
    QMenu,
    QStyleOptionViewItem,
    QTableView,
)

from chrislib.library.worklist.model import RowState
from chrislib.library.worklist.report import STATE_WORDS
from chrislib.views.library.rowview import RowDelegate
from chrislib.views.library.worklist_model import (
    ACTION,
    ASKED,
    FOUND,
    LINE,
    LOOKS,
    STATE,
    WorkListModel,
)
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    button_width,
    draw_button,
    draw_row,
    draw_state,
    draw_text,
)
from chrislib.views.widgets.row_table import of_whole_rows

_ROW = 48
_WIDTHS = {LINE: 64, STATE: 200, ACTION: 104}


class _Delegate(RowDelegate):
    """Two lines a cell; the button at the right."""

    wide, high = 60, _ROW

    def button(self, index: Index, rect: QRect) -> QRect:
        """Return where the button of a row is."""
        word = str(index.data() or "")
        if not word:
            return QRect()
        width, height = button_width(self.theme, word), self.theme.px(24)
        left = rect.right() - 16 - width
        return QRect(left, rect.top() + (rect.height() - height) // 2, width, height)

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        model, rect, theme = index.model(), option.rect, self.theme
        if not isinstance(model, WorkListModel):
            return
        number = model.number(index)
        if number is None:
            return
        column = index.column()
        draw_row(painter, option, theme, first=column == LINE, last=column == ACTION)
        if column == LINE:
            draw_text(
                painter,
                rect.adjusted(8, 0, -8, 0),
                theme,
                text=str(index.data() or ""),
                style="small",
                token="text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )
        elif column == ASKED:
            self._lines(painter, rect, *model.words(number))
        elif column == FOUND:
            self._found(painter, rect, model, number)
        elif column == STATE:
            self._state(painter, rect, model, number)
        elif (box := self.button(index, rect)).isValid():
            word = model.action(number)
            kind = "danger" if word == "Retry" else "secondary"
            draw_button(
                painter,
                box,
                theme,
                text=word,
                kind=kind,
                hovered=self.hovers(option, box),
            )

    def _lines(self, painter: QPainter, rect: QRect, first: str, second: str) -> None:
        theme, area = self.theme, rect.adjusted(8, 0, -8, 0)
        if not second:
            draw_text(painter, area, theme, text=first)
            return
        half = rect.height() // 2
        upper = QRect(area.left(), rect.top() + 6, area.width(), half - 5)
        lower = QRect(area.left(), rect.top() + half + 1, area.width(), half - 7)
        draw_text(painter, upper, theme, text=first)
        draw_text(
            painter, lower, theme, text=second, style="caption", token="text.muted"
        )

    def _found(
        self, painter: QPainter, rect: QRect, model: WorkListModel, number: int
    ) -> None:
        state, row = model.state(number), model.row(number)
        if state.settled or row is None or row.state is not state:
            self._lines(painter, rect, *model.found(number))
            return
        # why nothing is found takes the room of what would be
        draw_text(
            painter,
            rect.adjusted(8, 0, -8, 0),
            self.theme,
            text=row.reason,
            style="small",
            token="text.secondary",
        )

    def _state(
        self, painter: QPainter, rect: QRect, model: WorkListModel, number: int
    ) -> None:
        theme, area = self.theme, rect.adjusted(8, 0, -8, 0)
        state = model.state(number)
        row = model.row(number)
        reason = row.reason if row is not None and row.state is state else ""
        words = STATE_WORDS[state]
        if not reason or not state.settled:
            draw_state(painter, area, theme, LOOKS[state], words)
            return
        upper = QRect(area.left(), area.top() + 4, area.width(), 22)
        lower = QRect(area.left() + 20, area.top() + 24, area.width() - 20, 18)
        draw_state(painter, upper, theme, LOOKS[state], words)
        draw_text(
            painter, lower, theme, text=reason, style="caption", token="text.secondary"
        )


class WorkListView(QTableView):
    """The rows; tells what was asked for which.

    Signals
    -------
    acted : int
        The button of a row was pressed: its number.
    shown : int
        Return: look at it in PACS Lookup.
    key_pressed : str
        A letter that means something for what is highlighted.
    """

    acted = Signal(int)
    shown = Signal(int)
    key_pressed = Signal(str)

    def __init__(self, theme: Theme, model: WorkListModel) -> None:
        super().__init__()
        self._theme = theme
        self._model = model
        self._pressed: int | None = None
        self.setObjectName("worklist.rows")
        self.setAccessibleName("Rows of the work list")
        self.setModel(model)
        self._delegate = _Delegate(theme, self)
        self.setItemDelegate(self._delegate)
        of_whole_rows(self)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        heads = self.horizontalHeader()
        heads.setSectionsClickable(False)
        heads.setHighlightSections(False)
        for column in range(model.columnCount()):
            stretch = column in (ASKED, FOUND)
            mode = QHeaderView.ResizeMode
            heads.setSectionResizeMode(column, mode.Stretch if stretch else mode.Fixed)
        theme.changed.connect(self._measure)
        self._measure()

    def numbers(self) -> list[int]:
        """Return the numbers of the highlighted rows, from the top."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        found = (self._model.number(self._model.index(row, 0)) for row in rows)
        return [number for number in found if number is not None]

    def action_point(self, number: int) -> QPoint:
        """Return the middle of a shown row's button."""
        for row in range(self._model.rowCount()):
            index = self._model.index(row, ACTION)
            if self._model.number(index) == number:
                self.scrollTo(index)
                return self._delegate.button(index, self.visualRect(index)).center()
        return QPoint(-1, -1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to press a button; elsewhere highlight."""
        self._pressed = self._button_at(event.position().toPoint())
        if self._pressed is None or event.button() != Qt.MouseButton.LeftButton:
            self._pressed = None
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Answer a button that was pressed and released."""
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            super().mouseReleaseEvent(event)
        elif self._button_at(event.position().toPoint()) == pressed:
            self.acted.emit(pressed)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show a row; on a button it is a second click."""
        at = event.position().toPoint()
        number = self._model.number(self.indexAt(at))
        if self._button_at(at) is not None:
            self.mousePressEvent(event)
        elif number is not None:
            self.shown.emit(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Keep the look of buttons in step with the pointer."""
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self.viewport().update(self.visualRect(index.siblingAtColumn(ACTION)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn Return and letters into signals."""
        number = self._model.number(self.currentIndex())
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            if number is not None:
                self.shown.emit(number)
            return
        text = event.text().upper()
        if plain and text in ("A", "R", "C"):
            self.key_pressed.emit(text)
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what the buttons and keys do."""
        numbers = self.numbers()
        if not numbers:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        first = numbers[0]
        menu.addAction("Show in PACS Lookup\tReturn").triggered.connect(
            lambda: self.shown.emit(first)
        )
        for words, key in (("Add", "A"), ("Ask again", "R"), ("Choose …", "C")):
            able = key != "C" or self._model.state(first) is RowState.AMBIGUOUS
            action = menu.addAction(f"{words}\t{key}")
            action.setEnabled(able)
            action.triggered.connect(
                lambda _on=False, key=key: self.key_pressed.emit(key)
            )
        menu.popup(event.globalPos())

    def _button_at(self, at: QPoint) -> int | None:
        index: QModelIndex | QPersistentModelIndex = self.indexAt(at)
        if not index.isValid() or index.column() != ACTION:
            return None
        box = self._delegate.button(index, self.visualRect(self.indexAt(at)))
        return self._model.number(index) if box.contains(at) else None

    def _measure(self) -> None:
        px = self._theme.px
        self.verticalHeader().setDefaultSectionSize(px(_ROW))
        self.horizontalHeader().setFont(self._theme.font("caption"))
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, px(width))
        self.viewport().update()
