"""Criteria as chips in one field: typed, pasted, changed by a menu, crossed out."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QLayout,
    QLayoutItem,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.criteria import Criterion
from chrislib.library.lists import MOST_VALUES, from_list, is_list, is_table, values_in
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_glyph, draw_text
from chrislib.views.widgets.text import plain_tooltip

_KINDS = (
    asked.PATIENT_ID,
    asked.NAME,
    asked.ACCESSION,
    asked.DATE,
    asked.BIRTH,
    asked.STUDY_UID,
    asked.SERIES_UID,
)
"""What a chip can be turned into by its menu."""


class Flow(QLayout):
    """Widgets in lines; the last one takes what is left of its line."""

    def __init__(self, parent: QWidget, *, gap: int = 6, last_width: int = 120) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap = gap
        self._last_width = last_width

    def addItem(self, item: QLayoutItem) -> None:
        """Add an item at the end."""
        self._items.append(item)

    def insert(self, at: int, widget: QWidget) -> None:
        """Put a widget at a place."""
        self.addWidget(widget)
        self._items.insert(at, self._items.pop())

    def count(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return an item."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take an item out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        """Say that the height follows the width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines."""
        return self._place(QRect(0, 0, width, 0), move=False)

    def sizeHint(self) -> QSize:
        """Return a size for one line."""
        return QSize(240, self._place(QRect(0, 0, 600, 0), move=False))

    def minimumSize(self) -> QSize:
        """Return the least size."""
        return QSize(160, 24)

    def setGeometry(self, rect: QRect) -> None:
        """Place everything."""
        super().setGeometry(rect)
        self._place(rect, move=True)

    def _place(self, rect: QRect, *, move: bool) -> int:
        inner = rect.marginsRemoved(self.contentsMargins())
        x, y, line = inner.left(), inner.top(), 0
        for at, item in enumerate(self._items):
            hint = item.sizeHint()
            last = at == len(self._items) - 1
            width = self._last_width if last else min(hint.width(), inner.width())
            if x > inner.left() and x + width > inner.right() + 1:
                x, y, line = inner.left(), y + line + self._gap, 0
            if last:
                width = max(width, inner.right() + 1 - x)
            if move:
                item.setGeometry(QRect(x, y, width, hint.height()))
            x += width + self._gap
            line = max(line, hint.height())
        margins = self.contentsMargins()
        return y + line - rect.top() + margins.bottom()


class Chip(QToolButton):
    """One condition with a cross; the words open a menu."""

    removed = Signal()
    kind_chosen = Signal(str)

    def __init__(self, theme: Theme, criterion: Criterion) -> None:
        super().__init__()
        self.criterion = criterion
        self._theme = theme
        self.setObjectName(f"pacs.chip.{criterion.key}")
        self.setAccessibleName(f"Condition {criterion.words}")
        words = asked.LABELS.get(criterion.key, criterion.key)
        shown = ", ".join(criterion.values[:24])
        self.setToolTip(
            plain_tooltip(f"{words}: {shown}\nClick to change, Del to remove")
        )
        self.setText(criterion.words)
        theme.changed.connect(self._dress)
        self._dress()
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.clicked.connect(self._menu)

    def sizeHint(self) -> QSize:
        """Return the words and the cross, 24 px high, at most 320 wide."""
        width = self.fontMetrics().horizontalAdvance(self.text()) + 12 + 26
        return QSize(min(width, 320), self._theme.px(24))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a pill with words and a cross."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hot = self.underMouse() or self.hasFocus()
        painter.setBrush(self._theme.color("bg.pressed" if hot else "bg.highlight"))
        painter.setPen(
            self._theme.color("border.focus") if self.hasFocus() else Qt.PenStyle.NoPen
        )
        box = self.rect().adjusted(0, 0, -1, -1)
        painter.drawRoundedRect(box, self.height() / 2, self.height() / 2)
        words = self.rect().adjusted(10, 0, -24, 0)
        draw_text(painter, words, self._theme, text=self.text(), style="small")
        spot = QPoint(self.width() - 20, (self.height() - 12) // 2)
        draw_glyph(painter, spot, self._theme, icon="x", size=12)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Remove on the cross; elsewhere be a button."""
        if event.position().x() > self.width() - 24:
            self.removed.emit()
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Remove on Del."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
            return
        super().keyPressEvent(event)

    def _dress(self) -> None:
        self.setFont(self._theme.font("small"))
        self.updateGeometry()

    def _ask_removal(self) -> None:
        self.removed.emit()

    def _menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key in _KINDS:
            action = menu.addAction(asked.LABELS[key])
            action.setCheckable(True)
            action.setChecked(key == self.criterion.key)
            action.triggered.connect(
                lambda _on=False, key=key: self.kind_chosen.emit(key)
            )
        menu.addSeparator()
        menu.addAction("Remove").triggered.connect(self._ask_removal)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))


class _Edit(QLineEdit):
    """The line behind the chips; a paste of several lines is one condition."""

    lines_pasted = Signal(str)
    left_behind = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            text = QGuiApplication.clipboard().text()
            if not self.text() and (is_table(text) or is_list(text)):
                self.lines_pasted.emit(text)
                return
        if event.key() == Qt.Key.Key_Backspace and not self.text():
            self.left_behind.emit()
            return
        super().keyPressEvent(event)


class CriteriaField(QFrame):
    """A field of chips with a line to type in.

    Signals
    -------
    submitted
        Return was pressed with nothing left to add.
    refused : str
        What was typed cannot be asked; "" takes that back.
    table_pasted : str
        The text of a table, or of a long list, was pasted.
    changed
        The chips are others now.
    """

    submitted = Signal()
    refused = Signal(str)
    table_pasted = Signal(str)
    changed = Signal()

    def __init__(self, theme: Theme, *, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._chips: list[Chip] = []
        self.setObjectName(name)
        self.setProperty("chips", "true")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.edit = _Edit()
        self.edit.setObjectName(f"{name}.edit")
        self.edit.setAccessibleName("Patient ID, name or accession number")
        self.edit.setPlaceholderText("Add patient ID, name, accession number …")
        self.edit.setFrame(False)
        self.edit.setStyleSheet(
            "QLineEdit { border: none; background: transparent; padding: 0 2px;"
            f" min-height: {theme.px(24)}px; max-height: {theme.px(24)}px; }}"
        )
        self.edit.returnPressed.connect(self._entered)
        self.edit.textEdited.connect(self._edited)
        self.edit.left_behind.connect(self._remove_last)
        self.edit.lines_pasted.connect(self.take_lines)
        self._flow = Flow(self, last_width=theme.px(180))
        self._flow.setContentsMargins(8, 4, 8, 4)
        self._flow.addWidget(self.edit)
        self.setFocusProxy(self.edit)
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def conditions(self) -> tuple[Criterion, ...]:
        """What the chips say."""
        return tuple(chip.criterion for chip in self._chips)

    def show_conditions(self, conditions: tuple[Criterion, ...]) -> None:
        """Replace all chips."""
        for chip in self._chips:
            self._drop(chip)
        self._chips = []
        for condition in conditions:
            self._add(condition)
        self.changed.emit()

    def add(self, condition: Criterion) -> None:
        """Add a chip, or values to the chip of the same kind of list."""
        if condition not in self.conditions:
            self._add(condition)
            self.changed.emit()

    def take_text(self) -> bool:
        """Turn what is typed into a chip; whether that worked or nothing was."""
        text = self.edit.text().strip()
        if not text:
            return True
        try:
            condition = asked.guess(text)
        except ChrislibError as error:
            self.refused.emit(f"{error.title} {error.hint}")
            return False
        if condition is not None:
            self.add(condition)
        self.edit.clear()
        return True

    def take_lines(self, text: str) -> int:
        """Add a list as one chip, however its values are separated.

        A table, or more values than one lookup takes, is offered as a work list.
        Returns how many values there are; 0 for none.
        """
        values = values_in(text)
        if values and is_table(text):
            self.table_pasted.emit(text)
            return len(values)
        if len(values) > MOST_VALUES:
            self.table_pasted.emit("\n".join(values))
            return len(values)
        try:
            condition = from_list(text)
        except ChrislibError as error:
            # nothing is lost: what was pasted can be corrected in the line
            self.edit.setText(", ".join(values))
            self.refused.emit(f"{error.title} {error.hint}")
            return len(values)
        if condition is not None:
            self.add(condition)
        return len(values)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the edge of a field."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = self.edit.hasFocus()
        pen = self._theme.color("border.focus" if focused else "border.control")
        painter.setPen(pen)
        painter.setBrush(self._theme.color("bg.input"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the cursor into the line."""
        self.edit.setFocus(Qt.FocusReason.MouseFocusReason)
        super().mousePressEvent(event)

    def _add(self, condition: Criterion) -> None:
        chip = Chip(self._theme, condition)
        chip.removed.connect(lambda: self._remove(chip))
        chip.kind_chosen.connect(lambda key: self._retype(chip, key))
        self._flow.insert(len(self._chips), chip)
        self._chips.append(chip)
        chip.show()
        self._settle()

    def _remove(self, chip: Chip) -> None:
        if chip in self._chips:
            self._chips.remove(chip)
            self._drop(chip)
            self.edit.setFocus()
            self._settle()
            self.changed.emit()

    def _remove_last(self) -> None:
        if self._chips:
            self._remove(self._chips[-1])

    def _retype(self, chip: Chip, key: str) -> None:
        values: list[str] = []
        try:
            for value in chip.criterion.values:
                made = asked.make(key, value.strip("*"))
                values += made.values if made is not None else ()
        except ChrislibError as error:
            self.refused.emit(f"{error.title} {error.hint}")
            return
        at = self._chips.index(chip)
        kept = list(self.conditions)
        kept[at] = Criterion(key, tuple(values))
        self.show_conditions(tuple(kept))

    def _drop(self, chip: Chip) -> None:
        self._flow.removeWidget(chip)
        chip.hide()
        chip.deleteLater()

    def _settle(self) -> None:
        self.edit.setPlaceholderText(
            "Add more …" if self._chips else "Add patient ID, name, accession number …"
        )
        self._flow.invalidate()
        self.updateGeometry()

    def _entered(self) -> None:
        had = bool(self.edit.text().strip())
        if self.take_text() and not had:
            self.submitted.emit()

    def _edited(self, _text: str) -> None:
        self.refused.emit("")

    def _dress(self) -> None:
        self.edit.setFont(self._theme.font("body"))
        self.update()
