"""What screen readers are told where Qt itself tells them wrong."""

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAbstractScrollArea, QAccessibleWidget

_AREAS = {"QScrollArea", "QAbstractScrollArea"}


def mend_areas() -> None:
    """Have readers be told the parts of every area that scrolls by lasting places.

    A reader asks how many parts there are and then, message by message, for each of
    them. Qt (6.11) leaves a scroll bar out while it is hidden, and does not look
    whether a part that is asked for is there: a bar that goes between two messages
    ends the program. As children of a plain widget all parts are always there.
    Lists, tables and texts have accessibles of their own, which do look.
    """
    QAccessible.installFactory(_told)


def _told(name: str, thing: QObject) -> QAccessibleInterface | None:
    """Return what tells of a thing as one of a class, None to leave it to Qt."""
    if name in _AREAS and isinstance(thing, QAbstractScrollArea):
        return QAccessibleWidget(thing)
    return None
