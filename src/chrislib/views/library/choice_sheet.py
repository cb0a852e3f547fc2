"""Which of several patients or studies a row means."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.library.worklist.asking import Candidate
from chrislib.views.library.rowview import RowDelegate
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_row, draw_text
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label


class _Choices(QAbstractListModel):
    """Candidates, a row each."""

    def __init__(self, choices: Sequence[Candidate], parent: QWidget) -> None:
        super().__init__(parent)
        self.choices = choices

    def rowCount(
        self,
        parent: QModelIndex | QPersistentModelIndex = QModelIndex(),  # noqa: B008
    ) -> int:
        return 0 if parent.isValid() else len(self.choices)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return ", ".join(self.choices[index.row()].words)
        return None


class _Delegate(RowDelegate):
    """Two lines a row."""

    wide, high = 60, 52

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        model = index.model()
        if not isinstance(model, _Choices):
            return
        first, second = model.choices[index.row()].words
        draw_row(painter, option, self.theme)
        area = option.rect.adjusted(24, 0, -24, 0)
        half = area.height() // 2
        upper = QRect(area.left(), area.top() + 6, area.width(), half - 5)
        lower = QRect(area.left(), area.top() + half + 1, area.width(), half - 7)
        draw_text(painter, upper, self.theme, text=first, style="strong")
        draw_text(
            painter,
            lower,
            self.theme,
            text=second,
            style="small",
            token="text.secondary",
        )


class ChoiceSheet(Sheet):
    """The candidates of one row; one of them is chosen.

    Signals
    -------
    chosen : str
        Key of the candidate.
    """

    chosen = Signal(str)

    def __init__(
        self,
        window: QWidget,
        theme: Theme,
        choices: Sequence[Candidate],
        *,
        asked: str,
    ) -> None:
        super().__init__(
            window, theme, "Which one is meant?", asked, width=720, height=480
        )
        self.setObjectName("choice")
        self._choices = choices
        self._list = QListView()
        self._list.setObjectName("choice.list")
        self._list.setAccessibleName("Patients or studies that fit")
        self._list.setModel(_Choices(choices, self))
        self._list.setItemDelegate(_Delegate(theme, self._list))
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list.setCurrentIndex(self._list.model().index(0, 0))
        self._list.activated.connect(lambda _index: self._press())
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 12, 0, 0)
        words = Label(
            theme,
            "Compare birth date and dates before you choose: one ID with two names "
            "may be two people.",
            style="small",
            token="text.secondary",
            wrap=True,
        )
        words.setContentsMargins(24, 0, 24, 8)
        column.addWidget(words)
        column.addWidget(self._list, 1)
        self.body.addWidget(page)
        self.next_button.setText("Choose")
        self.next_pressed.connect(self._press)

    def _press(self) -> None:
        at = self._list.currentIndex().row()
        if 0 <= at < len(self._choices):
            self.chosen.emit(self._choices[at].key)
            self.accept()
