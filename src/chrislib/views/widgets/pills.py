"""Words as pills in one field: each with a cross, a line to type in behind them."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QPoint, QRect, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QLayout,
    QLayoutItem,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_glyph, draw_text


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


class Pill(QToolButton):
    """Words on a round ground, with a cross that takes them out; Del does too."""

    removed = Signal()

    def __init__(self, theme: Theme, words: str, *, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName(name)
        self.setText(words)
        theme.changed.connect(self._dress)
        self._dress()
        self.setCursor(Qt.CursorShape.ArrowCursor)

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


class EditLine(QLineEdit):
    """The line behind the pills; Backspace in an empty one goes to the last of them."""

    left_behind = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave an empty line behind."""
        if event.key() == Qt.Key.Key_Backspace and not self.text():
            self.left_behind.emit()
            return
        super().keyPressEvent(event)


_E = TypeVar("_E", bound=EditLine)


class PillFrame(QFrame, Generic[_E]):
    """The frame of a field of pills; what they mean is its subclass's affair.

    Parameters
    ----------
    edit : EditLine
        Stands behind the last pill.
    """

    def __init__(self, theme: Theme, edit: _E, *, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName(name)
        self.setProperty("chips", "true")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.edit = edit
        edit.setObjectName(f"{name}.edit")
        edit.setFrame(False)
        edit.setStyleSheet(
            "QLineEdit { border: none; background: transparent; padding: 0 2px;"
            f" min-height: {theme.px(24)}px; max-height: {theme.px(24)}px; }}"
        )
        self._flow = Flow(self, last_width=theme.px(180))
        self._flow.setContentsMargins(8, 4, 8, 4)
        self._flow.addWidget(edit)
        self.setFocusProxy(edit)
        theme.changed.connect(self._dress)
        self._dress()

    def put(self, pill: Pill, at: int) -> None:
        """Show a pill at a place."""
        self._flow.insert(at, pill)
        pill.show()
        self._flow.invalidate()
        self.updateGeometry()

    def drop(self, pill: Pill) -> None:
        """Take a pill away."""
        self._flow.removeWidget(pill)
        pill.hide()
        pill.deleteLater()
        self._flow.invalidate()
        self.updateGeometry()

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

    def _dress(self) -> None:
        self.edit.setFont(self._theme.font("body"))
        self.update()


class WordsField(PillFrame[EditLine]):
    """Words somebody gives a thing: Return or a comma adds what was typed.

    Parameters
    ----------
    limit : int
        Characters one of them may have.
    """

    changed = Signal()

    def __init__(
        self, theme: Theme, *, name: str, label: str, hint: str, limit: int
    ) -> None:
        super().__init__(theme, EditLine(), name=name)
        self._pills: list[Pill] = []
        self._known = QStringListModel(self)
        self.edit.setAccessibleName(label)
        self.edit.setPlaceholderText(hint)
        self.edit.setMaxLength(limit)
        completer = QCompleter(self._known, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        # queued: the completer writes its word into the line after it has told
        completer.activated.connect(self._chosen, Qt.ConnectionType.QueuedConnection)
        self.edit.setCompleter(completer)
        self.edit.returnPressed.connect(self.take_text)
        self.edit.editingFinished.connect(self.take_text)
        self.edit.textEdited.connect(self._typed)
        self.edit.left_behind.connect(self._remove_last)

    @property
    def words(self) -> tuple[str, ...]:
        """The words, in the order they were given."""
        return tuple(pill.text() for pill in self._pills)

    def offer(self, words: Sequence[str]) -> None:
        """Complete what is typed with these."""
        self._known.setStringList(list(words))

    def add(self, word: str) -> None:
        """Add a word that is not there yet."""
        word = word.strip()
        if not word or word in self.words:
            return
        pill = Pill(self._theme, word, name=f"{self.objectName()}.word")
        pill.setAccessibleName(f"{word}, Del removes it")
        pill.removed.connect(lambda: self._remove(pill))
        self.put(pill, len(self._pills))
        self._pills.append(pill)
        self.changed.emit()

    def take_text(self) -> None:
        """Make words of what is typed."""
        typed = self.edit.text()
        if not typed.strip():
            return
        self.edit.clear()
        for word in typed.split(","):
            self.add(word)

    def _chosen(self, word: str) -> None:
        self.add(word)
        self.edit.clear()

    def _typed(self, text: str) -> None:
        if text.endswith(","):
            self.take_text()

    def _remove(self, pill: Pill) -> None:
        if pill in self._pills:
            self._pills.remove(pill)
            self.drop(pill)
            self.edit.setFocus()
            self.changed.emit()

    def _remove_last(self) -> None:
        if self._pills:
            self._remove(self._pills[-1])
