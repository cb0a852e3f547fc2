"""How the cells of subjects and values are painted and typed into."""

from PySide6.QtCore import (
    QRect,
    Qt,
    QTimer,
)
from PySide6.QtGui import (
    QPainter,
)
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from chrislib.feeds.many_model import LEFT, REFUSED, WARNS
from chrislib.feeds.values import is_on_word
from chrislib.library.words import count
from chrislib.views.feeds.many_model import (
    DATA,
    LOOKS,
    SUBJECT,
    TICK,
    TITLE,
    ManyModel,
)
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import (
    draw_check,
    draw_glyph,
    draw_row,
    draw_state,
    draw_text,
)

ROW = 36


class CellDelegate(SizedDelegate):
    """One line a cell; a refused one has an edge."""

    wide, high = 60, ROW

    def __init__(self, theme: Theme, model: ManyModel, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._model = model

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw one cell."""
        model, theme, rect = self._model, self.theme, option.rect
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
        marked = verdict.kind in {REFUSED, WARNS}
        if marked and column == model.column_of(verdict.column):
            painter.setPen(theme.color(f"state.{LOOKS[verdict.kind]}"))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))
        painter.restore()

    def _subject(
        self, painter: QPainter, inner: QRect, words: tuple[str, str], token: str
    ) -> None:
        theme, (first, second) = self.theme, words
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
        self, painter: QPainter, inner: QRect, index: Index, *, text: str, token: str
    ) -> None:
        theme, model = self.theme, self._model
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
        self, parent: QWidget, _option: QStyleOptionViewItem, index: Index
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
            field.setFont(self.theme.font("body" if column is None else "mono"))
            self._name(field, index)
            return field
        box.setProperty("small", True)
        # one press of the cell shows the choices, one more takes one
        QTimer.singleShot(0, box, box.showPopup)
        box.activated.connect(lambda _at: self._close(box))
        self._name(box, index)
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Show what the cell holds."""
        value = index.data(Qt.ItemDataRole.EditRole)
        if isinstance(editor, QComboBox):
            if not isinstance(value, int):
                value = "true" if is_on_word(str(value)) else "false"
            editor.setCurrentIndex(max(0, editor.findData(value)))
        elif isinstance(editor, QLineEdit):
            editor.setText(str(value or ""))

    def setModelData(self, editor: QWidget, _model: object, index: Index) -> None:
        """Take what was typed or chosen."""
        if isinstance(editor, QComboBox):
            self._model.setData(index, editor.currentData())
        elif isinstance(editor, QLineEdit):
            self._model.setData(index, editor.text())

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, _index: Index
    ) -> None:
        """Fill the cell."""
        editor.setGeometry(option.rect)

    def _name(self, editor: QWidget, index: Index) -> None:
        head = self._model.headerData(index.column(), Qt.Orientation.Horizontal)
        editor.setObjectName("many.editor")
        editor.setAccessibleName(f"{head}, row {index.row() + 1}")

    def _close(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)
