"""Areas that scroll, told to screen readers in a way that lasts."""

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAccessibleWidget,
    QScrollArea,
    QWidget,
)

_told: dict[int, QAccessibleWidget] = {}
"""Kept until Qt, whose they are, has ended them."""


class ScrollArea(QScrollArea):
    """Qt's own, safe for screen readers; parameters as there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        tell_readers(self)


def tell_readers(area: QAbstractScrollArea) -> None:
    """Have a screen reader be told the parts of an area by their places.

    A reader asks how many parts there are and then, message by message, for each of
    them. Qt (6.11) leaves a scroll bar out while it is hidden, and does not look
    whether a part that is asked for is there: a bar that goes between two messages
    ends the program. As the children of a plain widget all parts are always there.
    """
    told = QAccessibleWidget(area)
    number = QAccessible.registerAccessibleInterface(told)
    _told[number] = told
    area.destroyed.connect(lambda: _told.pop(number))
