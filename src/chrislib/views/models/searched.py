"""Things in the order given, of which only those that have some words are shown."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, Qt

from chrislib.views.models.index import Index

T = TypeVar("T")
ITEM_ROLE = Qt.ItemDataRole.UserRole + 1
"""The thing itself; who inherits has roles of its own above."""


class SearchedModel(QAbstractListModel, Generic[T]):
    """A list of things; who inherits says what is told of one in a role.

    Parameters
    ----------
    key : callable
        What a thing is known by.
    texts : callable
        The texts of a thing that are searched.
    """

    def __init__(
        self, *, key: Callable[[T], Hashable], texts: Callable[[T], Iterable[str]]
    ) -> None:
        super().__init__()
        self._key = key
        self._texts = texts
        self._all: tuple[T, ...] = ()
        self._shown: list[T] = []
        self._words: list[str] = []

    def tell(self, _one: T, _role: int) -> object:
        """Return what a role tells of a thing, None for nothing."""
        raise NotImplementedError

    def set_all(self, things: Iterable[T]) -> None:
        """Show other things."""
        self._all = tuple(things)
        self._apply()

    def set_words(self, words: str) -> None:
        """Show only things that have all the words."""
        self._words = words.casefold().split()
        self._apply()

    def exchange(self, one: T) -> None:
        """Show a thing in the place of the one with its key."""
        key = self._key(one)
        self._all = tuple(one if self._key(old) == key else old for old in self._all)
        row = self.row_of(key)
        if row >= 0:
            self._shown[row] = one
            self.dataChanged.emit(self.index(row), self.index(row))

    @property
    def total(self) -> int:
        """How many there are without the search."""
        return len(self._all)

    def key_at(self, index: Index) -> Hashable:
        """Return what the thing of an index is known by, None where there is none."""
        one = self.at(index)
        return None if one is None else self._key(one)

    def at(self, index: Index) -> T | None:
        """Return the thing of an index."""
        row = index.row()
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def row_of(self, key: Hashable) -> int:
        """Return the row of a thing, -1 where it is not shown."""
        rows = (n for n, one in enumerate(self._shown) if self._key(one) == key)
        return next(rows, -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        """Return how many are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a thing, or what is told of it."""
        one = self.at(index)
        if one is None or role == ITEM_ROLE:
            return one
        return self.tell(one, role)

    def _apply(self) -> None:
        self.beginResetModel()
        self._shown = [one for one in self._all if self._has(one)]
        self.endResetModel()

    def _has(self, one: T) -> bool:
        if not self._words:
            return True
        text = " ".join(self._texts(one)).casefold()
        return all(word in text for word in self._words)
