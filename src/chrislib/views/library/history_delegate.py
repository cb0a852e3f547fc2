"""Paints the rows of History."""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QWidget

from chrislib.library.dates import show_time
from chrislib.library.model import HistoryEntry
from chrislib.views.library.history_model import (
    ACTION,
    BROUGHT,
    ICONS,
    STATE,
    TIME,
    TITLE,
    HistoryModel,
    uses_words,
)
from chrislib.views.library.rowview import ACT, RowDelegate
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.paint import (
    button_width,
    draw_button,
    draw_glyph,
    draw_ring,
    draw_state,
    draw_text,
)

_SELECTED = QStyle.StateFlag.State_Selected.value
FEEDS = "feeds"
"""The words that tell which feeds used it."""
_QUIET = {"found"}
"""States that are only words: nothing is wrong and nothing came."""


class HistoryDelegate(RowDelegate):
    """Paints days and entries."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self.hovered = -1
        """The row under the pointer."""
        self.pointer = QPoint(-1, -1)
        self.focused = -1
        """The row with the keyboard, while the list has it."""

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        """Return the part of the cell at a point of the viewport."""
        model = index.model()
        entry = model.entry(index) if isinstance(model, HistoryModel) else None
        if entry is None or not isinstance(model, HistoryModel):
            return ""
        if index.column() == ACTION:
            word = model.action(entry)
            return ACT if word and self._button(word, rect).contains(at) else ""
        if index.column() == BROUGHT:
            words = uses_words(model.uses(entry))
            return FEEDS if words and self._link(entry, rect).contains(at) else ""
        return ""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint one cell of a day or an entry.

        The page under the head that stays in sight is painted whole with every step
        of the wheel: nothing is copied, and nothing is asked twice for a cell.
        """
        model, theme = index.model(), self.theme
        if not isinstance(model, HistoryModel):
            return
        row, column, rect = index.row(), index.column(), option.rect
        if model.id_at(row) is None:
            words = model.day_of(row) if column == TITLE else ""
            self._day(painter, rect, words)
            return
        if option.state.value & _SELECTED:
            painter.fillRect(rect, theme.color("bg.selected"))
        elif row == self.hovered:
            painter.fillRect(rect, theme.color("bg.hover"))
        line = QRect(rect.left(), rect.bottom(), rect.width(), 1)
        painter.fillRect(line, theme.color("border.subtle"))
        entry = model.entry(index)
        if entry is None:
            # on its way: the outline of a row, where its words will stand
            if column == TITLE:
                bar = QRect(rect.left() + 36, rect.center().y() - 4, 160, 8)
                painter.fillRect(bar, theme.color("bg.highlight"))
        elif column == TITLE:
            self._title(painter, rect, entry, model.title(entry))
        elif column == BROUGHT:
            self._brought(painter, rect, entry, uses_words(model.uses(entry)))
        elif column == STATE:
            self._state(painter, rect.adjusted(0, 0, -12, 0), entry, model)
        elif column == ACTION:
            self._action(painter, rect, model.action(entry))
        else:
            draw_text(
                painter,
                rect.adjusted(0, 0, -8, 0),
                theme,
                text=show_time(entry.at),
                style="small",
                token="text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )
        if row == self.focused:
            draw_ring(painter, rect, theme, first=column == TITLE, last=column == TIME)

    def _day(self, painter: QPainter, rect: QRect, words: str) -> None:
        if words:
            draw_text(
                painter,
                rect.adjusted(0, 4, 0, 0),
                self.theme,
                text=words,
                style="group",
                token="text.muted",
            )
        line = QRect(rect.left(), rect.bottom(), rect.width(), 1)
        painter.fillRect(line, self.theme.color("border.subtle"))

    def _title(
        self, painter: QPainter, rect: QRect, entry: HistoryEntry, title: str
    ) -> None:
        theme = self.theme
        spot = QPoint(rect.left() + 9, rect.top() + (rect.height() - 16) // 2)
        draw_glyph(painter, spot, theme, icon=ICONS[entry.kind])
        upper, lower = _halves(rect.adjusted(36, 0, -12, 0))
        draw_text(painter, upper, theme, text=title)
        draw_text(
            painter,
            lower,
            theme,
            text=entry.detail,
            style="caption",
            token="text.muted",
        )

    def _brought(
        self, painter: QPainter, rect: QRect, entry: HistoryEntry, uses: str
    ) -> None:
        whole = rect.adjusted(0, 0, -8, 0)
        upper = _halves(whole)[0] if uses else whole
        if entry.brought:
            draw_text(
                painter,
                upper,
                self.theme,
                text=entry.brought,
                style="small",
                token="text.secondary",
            )
        if uses:
            link = self._link(entry, rect)
            draw_text(
                painter,
                link,
                self.theme,
                text=uses,
                style="caption" if entry.brought else "small",
                token="accent.text",
            )
            if link.contains(self.pointer):
                bottom = link.center().y() + 8
                width = self.theme.width("caption" if entry.brought else "small", uses)
                line = QRect(link.left(), bottom, width, 1)
                painter.fillRect(line, self.theme.color("accent.text"))

    def _state(
        self, painter: QPainter, rect: QRect, entry: HistoryEntry, model: HistoryModel
    ) -> None:
        theme = self.theme
        if model.is_busy(entry):
            draw_state(painter, rect, theme, "running", "Looking")
        elif entry.state in _QUIET:
            draw_text(
                painter,
                rect,
                theme,
                text=entry.state_text,
                style="small",
                token="text.muted",
            )
        elif entry.state in STATES:
            draw_state(
                painter,
                rect,
                theme,
                entry.state,
                entry.state_text,
                done=entry.done,
                total=entry.total,
            )

    def _action(self, painter: QPainter, rect: QRect, word: str) -> None:
        if not word:
            return
        box = self._button(word, rect)
        draw_button(
            painter,
            box,
            self.theme,
            text=word,
            kind="danger" if word.startswith("Retry") else "secondary",
            hovered=box.contains(self.pointer),
        )

    def _link(self, entry: HistoryEntry, rect: QRect) -> QRect:
        whole = rect.adjusted(0, 0, -8, 0)
        return _halves(whole)[1] if entry.brought else whole

    def _button(self, word: str, rect: QRect) -> QRect:
        width = button_width(self.theme, word)
        height = self.theme.px(24)
        right = rect.right() - 8
        top = rect.top() + (rect.height() - height) // 2
        return QRect(right - width, top, width, height)


def _halves(rect: QRect) -> tuple[QRect, QRect]:
    half = rect.height() // 2
    upper = QRect(rect.left(), rect.top() + 5, rect.width(), half - 4)
    return upper, QRect(rect.left(), rect.top() + half + 1, rect.width(), half - 6)
