"""Places in a text box: Qt counts UTF-16 units, Python counts characters."""

from collections.abc import Iterable

from PySide6.QtWidgets import QPlainTextEdit


def in_sight(box: QPlainTextEdit, text: str) -> tuple[int, int]:
    """Return from which to which character one sees the text of a box."""
    top = box.firstVisibleBlock()
    rows = box.viewport().height() // box.fontMetrics().lineSpacing()
    below = box.document().findBlockByNumber(top.blockNumber() + rows + 2)
    low = characters(text, top.position())
    if not below.isValid():
        return low, len(text)
    return low, characters(text, below.position())


def units(text: str, at: int) -> int:
    """Return how many UTF-16 units stand before a character, as Qt counts them."""
    before = text[:at]
    if before.isascii():
        return len(before)
    return len(before.encode("utf-16-le", "surrogatepass")) // 2


def all_units(text: str, places: Iterable[int]) -> list[int]:
    """Return what `units` returns of several places; they come in order."""
    found: list[int] = []
    last = before = 0
    for at in places:
        before += units(text[last:at], at - last)
        last = at
        found.append(before)
    return found


def characters(text: str, before: int) -> int:
    """Return how many characters stand before so many UTF-16 units."""
    if text.isascii():
        return before
    found = text.encode("utf-16-le", "surrogatepass")[: 2 * before]
    return len(found.decode("utf-16-le", "surrogatepass"))
