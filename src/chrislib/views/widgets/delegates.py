"""What all delegates share: the theme, and the size of a row."""

from typing import ClassVar

from PySide6.QtCore import QObject, QRect, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_text


class SizedDelegate(QStyledItemDelegate):
    """Rows of one height; who inherits paints them.

    Where rows differ in height, `tall` says how.
    """

    wide: ClassVar[int] = 200
    """What a view takes as the width of a cell, px."""
    high: ClassVar[int] = 36
    """Height of a row at text size 1, px."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self.theme = theme

    def tall(self, _index: Index) -> int:
        """Return the height of a row at text size 1, px."""
        return self.high

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a cell; nothing of what it says is measured."""
        return QSize(self.wide, self.theme.px(self.tall(index)))


def two_lines(rect: QRect, theme: Theme) -> tuple[QRect, QRect]:
    """Return the places of two lines of text, one above the other, amid a row."""
    high = theme.px(18)
    top = rect.top() + (rect.height() - 2 * high) // 2
    upper = QRect(rect.left(), top, rect.width(), high)
    return upper, upper.translated(0, high)


def draw_two_lines(
    painter: QPainter,
    rect: QRect,
    theme: Theme,
    *,
    title: str,
    below: str,
    style: str = "body",
    taken: int = 0,
) -> None:
    """Draw a title and a smaller line below it.

    Parameters
    ----------
    taken : int
        What is in use at the end of the first line already, px.
    """
    upper, lower = two_lines(rect, theme)
    draw_text(painter, upper.adjusted(0, 0, -taken, 0), theme, text=title, style=style)
    draw_text(
        painter, lower, theme, text=below, style="caption", token="text.secondary"
    )
