"""The keys of lists and grids (ui.md §8) as words."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
_NAMED = {
    int(Qt.Key.Key_Return): "Return",
    int(Qt.Key.Key_Enter): "Return",
    int(Qt.Key.Key_Space): "Space",
    int(Qt.Key.Key_Delete): "Del",
}


def key_of(event: QKeyEvent) -> str:
    """Return "T", "Shift+T", "4", "Return", "Space" or "Del"; "" for other keys."""
    modifiers = event.modifiers()
    if modifiers in _PLAIN and event.key() in _NAMED:
        return _NAMED[event.key()]
    shift = modifiers == Qt.KeyboardModifier.ShiftModifier
    if modifiers not in _PLAIN and not shift:
        return ""
    text = event.text().upper()
    if len(text) == 1 and text.isascii() and text.isalnum():
        if shift and text.isdigit():
            return ""
        return f"Shift+{text}" if shift else text
    return ""


def keeps_escape(event: QEvent) -> bool:
    """Whether Esc is about to go to the window, and keep it for the field that asks."""
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    if event.key() != Qt.Key.Key_Escape:
        return False
    event.accept()
    return True
