"""Which rows of a list are highlighted, however many they are."""

from collections.abc import Iterable, Iterator

from PySide6.QtCore import QItemSelectionModel, QItemSelectionRange


def parts_of(selection: QItemSelectionModel) -> list[QItemSelectionRange]:
    """Return what is highlighted as ranges of rows."""
    found = selection.selection()
    return [found.at(place) for place in range(found.count())]


def rows_of(selection: QItemSelectionModel) -> list[int]:
    """Return the highlighted rows from the top; never one index for each cell."""
    parts = parts_of(selection)
    if len(parts) == 1:
        return list(range(parts[0].top(), parts[0].bottom() + 1))
    found: set[int] = set()
    for part in parts:
        found.update(range(part.top(), part.bottom() + 1))
    return sorted(found)


def runs_of(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of rows that follow each other; `rows` come in order."""
    first = last = -1
    for row in rows:
        if last >= 0 and row != last + 1:
            yield first, last
            first = row
        elif last < 0:
            first = row
        last = row
    if last >= 0:
        yield first, last
