"""The palette (Ctrl+K): commands, feeds and library items in one list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_glyph, draw_row, draw_text
from chrislib.views.widgets.text import Label

_HEIGHT = 420
_PER_GROUP = 6
_ROW, _HEAD = 28, 26
GROUPS = ("Library", "Feeds", "Commands")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the palette; `run` None makes it a heading."""

    group: str
    text: str
    detail: str = ""
    icon: str = ""
    run: Callable[[], object] | None = None


def matching(entries: Sequence[Entry], query: str) -> list[Entry]:
    """Return the entries that hold every word of `query`, under their headings.

    At most six per group; without a query only commands.
    """
    words = query.casefold().split()
    result: list[Entry] = []
    for group in GROUPS:
        found = [
            entry
            for entry in entries
            if entry.group == group
            and (words or group == "Commands")
            and all(word in f"{entry.text} {entry.detail}".casefold() for word in words)
        ]
        if found:
            limit = _PER_GROUP if words else len(found)
            result.append(Entry(group, group))
            result.extend(found[:limit])
    return result


class _Model(QAbstractListModel):
    """Headings and entries."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []

    def rowCount(
        self, parent: QModelIndex | QPersistentModelIndex | None = None
    ) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = 0) -> object:
        if not 0 <= index.row() < len(self.entries):
            return None
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{entry.text} {entry.detail}".strip()
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.entries[index.row()].run is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def show(self, entries: list[Entry]) -> None:
        """Show other entries."""
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()


class _Delegate(SizedDelegate):
    """Draws a heading or an entry."""

    wide = 100

    def tall(self, index: Index) -> int:
        """Return the height of a row at text size 1, px."""
        entry = index.data(Qt.ItemDataRole.UserRole)
        head = isinstance(entry, Entry) and entry.run is None
        return _HEAD if head else _ROW

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        entry = index.data(Qt.ItemDataRole.UserRole)
        if not isinstance(entry, Entry):
            return
        theme, rect = self.theme, option.rect
        if entry.run is None:
            row = rect.adjusted(12, 4, -12, 0)
            draw_text(
                painter,
                row,
                theme,
                text=entry.text,
                style="group",
                token="text.secondary",
            )
            return
        draw_row(painter, option, theme, hairline=False)
        if entry.icon:
            spot = QPoint(12, rect.top() + (rect.height() - 16) // 2)
            draw_glyph(painter, spot, theme, icon=entry.icon, size=16)
        end = QRect(rect.right() - 160, rect.top(), 148, rect.height())
        wide = draw_text(
            painter,
            end,
            theme,
            text=entry.detail,
            style="caption",
            token="text.secondary",
            align=Qt.AlignmentFlag.AlignRight,
        )
        words = QRect(36, rect.top(), rect.width() - 36 - wide - 24, rect.height())
        draw_text(painter, words, theme, text=entry.text)


class CommandPalette(QFrame):
    """A popup inside the window, under the palette button."""

    closed = Signal()

    def __init__(self, window: QWidget, theme: Theme) -> None:
        super().__init__(window)
        self._theme = theme
        self._entries: list[Entry] = []
        self.setObjectName("palette")
        self.setAccessibleName("Search library, feeds and commands")
        self.setProperty("surface", "card")
        self.field = Field(
            theme,
            "Search library, feeds and commands",
            name="palette.field",
            icon="search",
        )
        self._model = _Model(self)
        self.view = QListView()
        self.view.setObjectName("palette.list")
        self.view.setAccessibleName("Results")
        self.view.setModel(self._model)
        self.view.setItemDelegate(_Delegate(theme, self.view))
        self.view.setMouseTracking(True)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.field)
        column.addWidget(self.view, 1)
        self._none = Label(
            theme,
            "Nothing in the library, feeds or commands. PACS Lookup (Ctrl+L) asks "
            "the PACS.",
            style="small",
            token="text.secondary",
            wrap=True,
        )
        self._none.setObjectName("palette.none")
        self._none.setContentsMargins(4, 8, 4, 8)
        column.addWidget(self._none)
        self.field.textChanged.connect(lambda _text: self._search())
        self.field.installEventFilter(self)
        self.view.clicked.connect(self._run)
        self.hide()

    def open_at(self, rect: QRect, entries: Sequence[Entry]) -> None:
        """Open under `rect` (window coordinates) with `entries`."""
        self.setGeometry(rect.left() - 8, rect.top() - 8, rect.width() + 16, _HEIGHT)
        self.field.clear()
        self.set_entries(entries)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Offer other entries, keeping what was typed."""
        self._entries = list(entries)
        self._search()

    def close_palette(self) -> None:
        """Close without doing anything."""
        if self.isVisible():
            self.hide()
            self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Steer the list from the field; leaving the field closes the popup."""
        if watched is not self.field:
            return False
        if event.type() == QEvent.Type.FocusOut:
            inside = self.isAncestorOf(self.window().focusWidget() or self.window())
            if not inside:
                self.close_palette()
            return False
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(
            event, QKeyEvent
        ):
            if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
                event.accept()
                return True
            return False
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        match event.key():
            case Qt.Key.Key_Escape:
                self.close_palette()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._run(self.view.currentIndex())
            case Qt.Key.Key_Down:
                self._step(1)
            case Qt.Key.Key_Up:
                self._step(-1)
            case _:
                return False
        return True

    def _search(self) -> None:
        self._model.show(matching(self._entries, self.field.text()))
        found = bool(self._model.entries)
        self.view.setVisible(found)
        self._none.setVisible(not found)
        self.resize(self.width(), _HEIGHT if found else self.sizeHint().height())
        self.view.setCurrentIndex(QModelIndex())
        self._step(1)

    def _step(self, by: int) -> None:
        row = self.view.currentIndex().row()
        while 0 <= row + by < len(self._model.entries):
            row += by
            if self._model.entries[row].run is not None:
                self.view.setCurrentIndex(self._model.index(row))
                return

    def _run(self, index: QModelIndex) -> None:
        entry = index.data(Qt.ItemDataRole.UserRole)
        if isinstance(entry, Entry) and entry.run is not None:
            self.close_palette()
            entry.run()
