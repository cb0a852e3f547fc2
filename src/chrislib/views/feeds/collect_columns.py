"""Which columns of a collected table are shown: a list with boxes that opens below."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.collect_table import head_of
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, button

_KEY = Qt.ItemDataRole.UserRole


class ColumnList(QFrame):
    """A popup with a box for each column; `changed` tells the hidden ones."""

    changed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("collect.columns")
        self.setAccessibleName("Columns")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setFixedSize(320, 400)
        self._quiet = False
        self.search = Field(
            theme, "Find a column", name="collect.columns.search", icon="search"
        )
        self.list = QListWidget()
        self.list.setAccessibleName("Columns")
        self.list.setUniformItemSizes(True)
        self.list.setFont(theme.font("small"))
        every = button(theme, "Show all", name="collect.columns.all", small=True)
        none = button(theme, "Hide all", name="collect.columns.none", small=True)
        row = QHBoxLayout()
        row.addWidget(every)
        row.addWidget(none)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        self.search.textChanged.connect(self._narrow)
        self.list.itemChanged.connect(lambda _item: self._tell())
        every.clicked.connect(lambda: self._tick_all(True))
        none.clicked.connect(lambda: self._tick_all(False))

    @property
    def hidden(self) -> frozenset[str]:
        """The columns without a tick."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return frozenset(
            str(item.data(_KEY))
            for item in items
            if item.checkState() == Qt.CheckState.Unchecked
        )

    def open_at(
        self, at: QPoint, columns: Sequence[str], hidden: frozenset[str]
    ) -> None:
        """Open with these columns, its right corner at a point of the screen."""
        self._quiet = True
        self.list.clear()
        self.search.clear()
        for key in columns:
            item = QListWidgetItem(head_of(key))
            item.setData(_KEY, key)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            shown = key not in hidden
            item.setCheckState(_state(shown))
            self.list.addItem(item)
        self._quiet = False
        self.move(at - QPoint(self.width(), 0))
        self.show()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    def _narrow(self, text: str) -> None:
        words = text.lower().split()
        for row in range(self.list.count()):
            item = self.list.item(row)
            name = item.text().lower()
            item.setHidden(not all(word in name for word in words))

    def _tick_all(self, shown: bool) -> None:
        """Tick or untick what the search leaves."""
        self._quiet = True
        for row in range(self.list.count()):
            item = self.list.item(row)
            if not item.isHidden():
                item.setCheckState(_state(shown))
        self._quiet = False
        self._tell()

    def _tell(self) -> None:
        if not self._quiet:
            self.changed.emit(self.hidden)


def _state(shown: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if shown else Qt.CheckState.Unchecked
