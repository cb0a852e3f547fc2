"""How places are drawn: heads with arrows, rows with counts, the space that is left."""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QStyle,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_bar, draw_glyph, draw_ring, draw_text

SECTION_ROLE = int(Qt.ItemDataRole.UserRole)
ICON_ROLE = SECTION_ROLE + 1
COUNT_ROLE = SECTION_ROLE + 2
PLUS_ROLE = SECTION_ROLE + 3
DEPTH_ROLE = SECTION_ROLE + 4
DROP_ROLE = SECTION_ROLE + 5


class PlaceDelegate(SizedDelegate):
    """Heads as captions with an arrow, places as rows of 28."""

    wide = 100

    def tall(self, index: Index) -> int:
        """Return the height of a row at text size 1, px."""
        head = index.data(SECTION_ROLE) is None
        return 36 if head else 28

    def plus(self, rect: QRect) -> QRect:
        """Return where the button of a head is."""
        high = self.theme.px(28)
        top = rect.bottom() + 1 - high + (high - 24) // 2
        return QRect(rect.right() - 12 - 22, top, 24, 24)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw a head or a place."""
        theme, rect = self.theme, option.rect
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        if index.data(SECTION_ROLE) is None:
            row = QRect(rect)
            row.setTop(rect.bottom() + 1 - theme.px(28))
            view = option.widget
            opened = isinstance(view, QTreeView) and view.isExpanded(
                view.model().index(index.row(), 0)
            )
            spot = QPoint(12, row.top() + (row.height() - 12) // 2)
            arrow = "chevron-down" if opened else "chevron-right"
            draw_glyph(painter, spot, theme, icon=arrow, token="text.muted", size=12)
            row.setLeft(30)
            if index.data(PLUS_ROLE):
                plus = self.plus(rect)
                at = QPoint(plus.left() + 5, plus.top() + 5)
                draw_glyph(painter, at, theme, icon="plus", size=14)
            draw_text(
                painter, row, theme, text=text, style="group", token="text.secondary"
            )
            if option.state & QStyle.StateFlag.State_HasFocus:
                draw_ring(painter, rect, theme)
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(rect, theme.color("bg.selected"))
            edge = QRect(rect.left(), rect.top(), 2, rect.height())
            painter.fillRect(edge, theme.color("accent.glyph"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.color("bg.hover"))
        inset = 12 + 16 * int(index.data(DEPTH_ROLE) or 0)
        spot = QPoint(inset, rect.top() + (rect.height() - 16) // 2)
        token = "text.primary" if selected else "text.secondary"
        icon = str(index.data(ICON_ROLE))
        draw_glyph(painter, spot, theme, icon=icon, token=token, size=16)
        count = index.data(COUNT_ROLE)
        left = inset + 24
        words = QRect(left, rect.top(), rect.width() - left - 12, rect.height())
        if count is not None:
            number = QRect(rect.right() - 72, rect.top(), 61, rect.height())
            draw_text(
                painter,
                number,
                theme,
                text=f"{int(count):,}",
                style="small",
                token="text.secondary" if selected else "text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )
            words.setRight(rect.right() - 72)
        draw_text(painter, words, theme, text=text, token=token)
        if index.data(DROP_ROLE) or option.state & QStyle.StateFlag.State_HasFocus:
            draw_ring(painter, rect, theme)


class SpaceLine(QWidget):
    """How much room this computer has left."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._words = ""
        self._share = 0.0
        self.setObjectName("places.space")
        self.setFixedHeight(44)
        theme.changed.connect(self.update)

    def show_space(self, used: int, total: int) -> None:
        """Show bytes used of `total`."""
        self._words = f"{used / 1e9:,.0f} GB of {total / 1e9:,.0f} GB"
        self._share = used / total if total else 0.0
        self.setAccessibleName(f"On this computer, {self._words}")
        self.setToolTip("Space in use on the disk that holds your library")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw words and bar."""
        if not self._words:
            return
        painter = QPainter(self)
        rect = QRect(12, 4, self.width() - 24, 18)
        wide = draw_text(
            painter,
            rect,
            self._theme,
            text=self._words,
            style="caption",
            token="text.secondary",
            align=Qt.AlignmentFlag.AlignRight,
        )
        rect.setRight(rect.right() - wide - 8)
        draw_text(
            painter,
            rect,
            self._theme,
            text="On this computer",
            style="caption",
            token="text.muted",
        )
        bar = QRect(12, 26, self.width() - 24, 4)
        draw_bar(painter, bar, self._theme, token="text.muted", share=self._share)
        painter.end()
