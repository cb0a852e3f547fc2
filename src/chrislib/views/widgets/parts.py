"""Painted boxes and buttons in rows that answer like real ones."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, Qt
from PySide6.QtGui import QMouseEvent

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractItemView as _View
else:
    # A class of Qt may stand only once among the bases.
    _View = object


class PartsView(_View):
    """Mixed into a view, before its own class: `class Rows(PartsView, QTreeView)`.

    A part answers when it is pressed and released in the same place; anywhere else a
    click highlights, as usual. Who inherits says what lies at a point, and what to do.
    """

    _held: tuple[QPersistentModelIndex, object] | None = None

    def part_at(self, at: QPoint) -> tuple[QModelIndex, object]:
        """Return the cell at a point of the viewport, and its part ("" for none)."""
        raise NotImplementedError

    def answer_part(self, index: QModelIndex, part: object, *, at: QPoint) -> None:
        """Do what a part is for; `at` is on the screen."""
        raise NotImplementedError

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to press a part; elsewhere highlight."""
        index, part = self.part_at(event.position().toPoint())
        if part and event.button() == Qt.MouseButton.LeftButton:
            self._held = (QPersistentModelIndex(index), part)
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Answer a part that was pressed and released in the same place."""
        held, self._held = self._held, None
        if held is None:
            super().mouseReleaseEvent(event)
            return
        index, part = self.part_at(event.position().toPoint())
        if (QPersistentModelIndex(index), part) == held:
            self.answer_part(index, part, at=event.globalPosition().toPoint())

    def leaveEvent(self, event: QEvent) -> None:
        """Take the hover back."""
        super().leaveEvent(event)
        self.viewport().update()
