"""Heads of a table that is sorted by a click on them."""

from collections.abc import Collection

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_text


class SortHead(QHeaderView):
    """Heads with an arrow at the one that is sorted by.

    Parameters
    ----------
    numeric : collection of int
        Columns of numbers: their heads stand at the right.
    """

    def __init__(
        self, theme: Theme, parent: QWidget, *, numeric: Collection[int] = ()
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.theme = theme
        self._numeric = frozenset(numeric)
        self.setSectionsClickable(True)
        self.setSortIndicatorShown(True)
        self.setHighlightSections(False)

    def begin(self, _painter: QPainter, _section: int) -> int:
        """Draw what stands before the words of a head; return how wide it is."""
        return 8

    def is_numeric(self, section: int) -> bool:
        """Whether a head stands at the right."""
        return section in self._numeric

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        """Draw a head.

        Qt's own way asks for each row whether it is highlighted, for every head.
        """
        theme = self.theme
        edge = QRect(rect.left(), rect.bottom(), rect.width(), 1)
        painter.fillRect(edge, theme.color("border.subtle"))
        inner = rect.adjusted(self.begin(painter, section), 0, -8, 0)
        right = self.is_numeric(section)
        used = draw_text(
            painter,
            inner,
            theme,
            text=str(self.model().headerData(section, self.orientation())),
            style="caption",
            token="text.muted",
            align=Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft,
        )
        if self.isSortIndicatorShown() and self.sortIndicatorSection() == section:
            left = inner.right() - used - 14 if right else inner.left() + used + 6
            self._arrow(painter, QPoint(left, rect.center().y()))

    def _arrow(self, painter: QPainter, at: QPoint) -> None:
        up = self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        tip, foot = (-2, 2) if up else (2, -2)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("text.secondary"))
        painter.drawPolygon(
            [
                at + QPoint(0, foot),
                at + QPoint(4, tip),
                at + QPoint(8, foot),
            ]
        )
        painter.restore()
