"""The field in which words of a log are searched."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent

from chrislib.views.widgets.buttons import Field


class SearchField(Field):
    """The field for words; Return and Shift+Return walk through the hits."""

    walked = Signal(int)
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk, or leave."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.walked.emit(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            self.left.emit()
        else:
            super().keyPressEvent(event)
