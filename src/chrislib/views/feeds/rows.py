"""Bringing a list model from old rows to new ones without losing anybody's place."""

from collections.abc import Callable, MutableSequence, Sequence
from typing import TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex

_T = TypeVar("_T")


def sync(
    model: QAbstractListModel,
    rows: MutableSequence[_T],
    new: Sequence[_T],
    *,
    key: Callable[[_T], object],
    begin_remove: Callable[[QModelIndex, int, int], None],
    end_remove: Callable[[], None],
    begin_insert: Callable[[QModelIndex, int, int], None],
    end_insert: Callable[[], None],
) -> None:
    """Make `rows` equal to `new` by removals, insertions and changes in place.

    Views keep selection and scroll position, since a row that stays is never reset.
    A row that moved is taken out and put in again.
    """
    nowhere = QModelIndex()
    wanted = {key(row): place for place, row in enumerate(new)}
    kept = -1
    for place in range(len(rows)):
        position = wanted.get(key(rows[place]))
        if position is not None and position > kept:
            kept = position
        else:
            wanted.pop(key(rows[place]), None)
    for place in reversed(range(len(rows))):
        if key(rows[place]) not in wanted:
            begin_remove(nowhere, place, place)
            del rows[place]
            end_remove()
    for place, row in enumerate(new):
        if place < len(rows) and key(rows[place]) == key(row):
            if rows[place] != row:
                rows[place] = row
                index = model.index(place, 0)
                model.dataChanged.emit(index, index)
            continue
        begin_insert(nowhere, place, place)
        rows.insert(place, row)
        end_insert()
