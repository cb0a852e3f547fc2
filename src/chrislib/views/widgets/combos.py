"""Boxes that drop down: made, and filled."""

from collections.abc import Iterable

from PySide6.QtWidgets import QComboBox


def combo(name: str, label: str, *, small: bool = False, chars: int = 0) -> QComboBox:
    """Return an empty box.

    Parameters
    ----------
    label : str
        What is chosen with it, for who cannot see it.
    small : bool
        Of the height of small buttons.
    chars : int
        Its least width in characters, whatever it holds; 0 for that of its words.
    """
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(label)
    if small:
        box.setProperty("small", True)
    if chars:
        box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        box.setMinimumContentsLength(chars)
    return box


def offer(box: QComboBox, items: Iterable[tuple[object, str]], wanted: object) -> None:
    """Offer other items by key and words; the wanted key is chosen, else the first."""
    box.clear()
    keys = []
    for key, words in items:
        box.addItem(words, key)
        keys.append(key)
    box.setCurrentIndex(keys.index(wanted) if wanted in keys else min(0, len(keys) - 1))
