"""History: the list of the overview, grouped by day."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QWheelEvent
from PySide6.QtWidgets import QHeaderView, QSizePolicy, QStyleOptionViewItem

from chrislib.library.model import HistoryEntry
from chrislib.views.library.history_model import (
    ACTION,
    BROUGHT,
    ICONS,
    STATE,
    TIME,
    TITLE,
    HistoryModel,
    action_of,
)
from chrislib.views.library.rowview import ACT, Index, RowDelegate, RowView
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.paint import (
    button_width,
    draw_button,
    draw_glyph,
    draw_row,
    draw_state,
    draw_text,
)

ROW, DAY = 44, 28
_WIDTHS = {BROUGHT: 176, STATE: 176, ACTION: 88, TIME: 52}
_LOOKS = {"found": "nomatch", "empty": "nomatch"}
"""States of History that have no look of their own are drawn quietly."""


class _Delegate(RowDelegate):
    """Paints days and entries."""

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        day = not index.parent().isValid()
        return QSize(40, self.theme.px(DAY if day else ROW))

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        if index.column() != ACTION:
            return ""
        entry = _entry(index)
        if entry is None or not self._button(entry, rect).contains(at):
            return ""
        return ACT

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        theme, rect, entry = self.theme, option.rect, _entry(index)
        if entry is None:
            if index.column() == 0:
                text = str(index.data())
                draw_text(
                    painter,
                    rect.adjusted(0, 4, 0, 0),
                    theme,
                    text=text,
                    style="group",
                    token="text.muted",
                )
            painter.fillRect(
                QRect(rect.left(), rect.bottom(), rect.width(), 1),
                theme.color("border.subtle"),
            )
            return
        draw_row(
            painter,
            option,
            theme,
            first=index.column() == TITLE,
            last=index.column() == TIME,
        )
        if index.column() == TITLE:
            self._title(painter, rect, entry, str(index.data()))
        elif index.column() == BROUGHT:
            draw_text(
                painter,
                rect.adjusted(0, 0, -8, 0),
                theme,
                text=entry.brought,
                style="small",
                token="text.secondary",
            )
        elif index.column() == STATE:
            self._state(painter, rect.adjusted(0, 0, -12, 0), entry)
        elif index.column() == ACTION:
            box = self._button(entry, rect)
            word = action_of(entry)
            draw_button(
                painter,
                box,
                theme,
                text=word,
                kind="danger" if word == "Retry" else "secondary",
                hovered=self.hovers(option, box),
            )
        else:
            draw_text(
                painter,
                rect.adjusted(0, 0, -8, 0),
                theme,
                text=str(index.data()),
                style="small",
                token="text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )

    def _title(
        self, painter: QPainter, rect: QRect, entry: HistoryEntry, title: str
    ) -> None:
        theme = self.theme
        spot = QPoint(rect.left() + 9, rect.top() + (rect.height() - 16) // 2)
        draw_glyph(painter, spot, theme, icon=ICONS[entry.kind])
        text = rect.adjusted(36, 0, -12, 0)
        half = text.height() // 2
        upper = QRect(text.left(), text.top() + 5, text.width(), half - 4)
        lower = QRect(text.left(), text.top() + half + 1, text.width(), half - 6)
        draw_text(painter, upper, theme, text=title)
        draw_text(
            painter,
            lower,
            theme,
            text=entry.detail,
            style="caption",
            token="text.muted",
        )

    def _state(self, painter: QPainter, rect: QRect, entry: HistoryEntry) -> None:
        if entry.state == "found":
            draw_text(
                painter,
                rect,
                self.theme,
                text=entry.state_text,
                style="small",
                token="text.muted",
            )
            return
        key = _LOOKS.get(entry.state, entry.state)
        if key in STATES:
            draw_state(
                painter,
                rect,
                self.theme,
                key,
                entry.state_text,
                done=entry.done,
                total=entry.total,
            )

    def _button(self, entry: HistoryEntry, rect: QRect) -> QRect:
        width = button_width(self.theme, action_of(entry))
        height = self.theme.px(24)
        right = rect.right() - 8
        top = rect.top() + (rect.height() - height) // 2
        return QRect(right - width, top, width, height)


class HistoryList(RowView):
    """The entries at their full height: the page around them scrolls."""

    entry_opened = Signal(object)
    entry_acted = Signal(object)

    def __init__(self, theme: Theme, model: HistoryModel) -> None:
        super().__init__(theme, name="overview.history", label="History")
        self.setHeaderHidden(True)
        self.setItemDelegate(_Delegate(theme, self))
        self.setModel(model)
        self._history = model
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        for column in _WIDTHS:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.opened.connect(self._open)
        self.acted.connect(self._act)
        model.modelReset.connect(self.fit)
        theme.changed.connect(self.fit)
        self.fit()

    def fit(self) -> None:
        """Unfold the days and become as high as all rows."""
        for column, width in _WIDTHS.items():
            self.header().resizeSection(column, self.theme.px(width))
        self.expandAll()
        for row in range(self._history.days):
            self.setFirstColumnSpanned(row, self.rootIndex(), True)
        height = self._history.days * self.theme.px(DAY)
        self.setFixedHeight(height + self._history.shown * self.theme.px(ROW) + 2)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    def entry_at(self, at: QPoint) -> HistoryEntry | None:
        """Return the entry at a point, or the current one where there is none."""
        index = self.indexAt(at)
        return _entry(index if index.isValid() else self.currentIndex())

    def row_rect(self) -> QRect:
        """Return where the current row is, for the page to keep it in sight."""
        return self.visualRect(self.currentIndex())

    def _open(self, index: Index) -> None:
        if (entry := _entry(index)) is not None:
            self.entry_opened.emit(entry)

    def _act(self, index: Index) -> None:
        if (entry := _entry(index)) is not None:
            self.entry_acted.emit(entry)


def _entry(index: Index) -> HistoryEntry | None:
    model = index.model()
    return model.entry(index) if isinstance(model, HistoryModel) else None
