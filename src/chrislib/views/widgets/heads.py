"""The heads of columns, the same in every table."""

from PySide6.QtCore import Qt


def head_cell(words: str, role: int, *, numeric: bool) -> object:
    """Return what a head shows for `role`; over numbers it stands at the right."""
    if role == Qt.ItemDataRole.DisplayRole:
        return words
    if role == Qt.ItemDataRole.TextAlignmentRole:
        side = Qt.AlignmentFlag.AlignRight if numeric else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter
    return None
