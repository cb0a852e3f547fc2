"""Outputs as rows: a tree unfolded, or one list of files; 20,000 and more."""

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from PySide6.QtCore import QModelIndex, QObject, Qt

from chrislib.feeds.model import OutputEntry
from chrislib.feeds.output_book import DATE, KIND, NAME, SIZE, Narrowing, OutputBook
from chrislib.feeds.output_walk import Batch
from chrislib.feeds.outputs import KIND_WORDS
from chrislib.shown import one_line
from chrislib.views.feeds.words import day_words, size_words
from chrislib.views.models.headed import HeadedTable
from chrislib.views.models.index import Index
from chrislib.views.widgets.text import plain_tooltip

ENTRY_ROLE = Qt.ItemDataRole.UserRole + 1
STATE = 4
_FEW = 20
_FLAGS = (
    Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemNeverHasChildren
)
_SPOKEN = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)


class OutputModel(HeadedTable):
    """The rows of a book of outputs; the book knows what is unfolded."""

    heads: ClassVar[Sequence[str]] = ("Name", "Type", "Size", "Date", "")
    numeric: ClassVar[Collection[int]] = (SIZE,)

    def __init__(self, now: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._rows: list[int] = []
        self._places: dict[int, int] | None = None
        self.book = OutputBook()

    # --- what is shown ----------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Whether nothing was found so far."""
        return not self.book.entries

    def count(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def clear(self) -> None:
        """Show nothing yet of other outputs, in the order of these."""
        self.beginResetModel()
        self.book = self.next_book()
        self._rows, self._places = [], None
        self.endResetModel()

    def next_book(self) -> OutputBook:
        """Return an empty book that is narrowed and ordered like the present one."""
        book, before = OutputBook(), self.book
        book.order, book.flat = before.order, before.flat
        book.narrowing = before.narrowing
        return book

    def take(self, batch: Batch, book: OutputBook) -> None:
        """Note what arrived; `flush` shows it."""
        book.add(batch.parent, batch.entries)
        if batch.complete:
            book.finish(batch.parent)

    def flush(self) -> None:
        """Show what was noted, unsorted and below the other rows of its folder."""
        self._apply(self.book.tell_rows(), self.book)

    async def arrange(self, book: OutputBook | None = None) -> None:
        """Put everything in order, in steps; `book` takes the place of the other."""
        book = book or self.book
        while not await book.arrange():
            continue
        self._apply(list(book.rows), book)

    def narrow(self, narrowing: Narrowing, *, flat: bool) -> None:
        """Say what `arrange` is to show."""
        self.book.narrowing, self.book.flat = narrowing, flat
        self.book.changed += 1

    def order(self, column: int, *, downwards: bool) -> None:
        """Say in which order `arrange` is to show it."""
        self.book.order = (column, downwards)
        self.book.changed += 1

    def turn(self, index: Index, *, unfolded: bool) -> None:
        """Unfold or fold a folder."""
        entry = self.entry(index)
        if entry is None or not entry.is_folder or self.book.flat:
            return
        before = entry.relative in self.book.opened
        if before == unfolded or self.book.narrowing.narrows:
            return
        (self.book.opened.add if unfolded else self.book.opened.discard)(entry.relative)
        self._apply(self.book.tell_rows(), self.book)

    # --- looking things up ------------------------------------------------------

    def number(self, index: Index) -> int | None:
        """Return the number of a row's entry."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        return self._rows[index.row()]

    def entry(self, index: Index) -> OutputEntry | None:
        """Return the entry of a row."""
        number = self.number(index)
        return None if number is None else self.book.entries[number]

    def entries_at(self, rows: Sequence[int]) -> list[OutputEntry]:
        """Return the entries of rows."""
        entries, numbers = self.book.entries, self._rows
        return [entries[numbers[row]] for row in rows]

    def index_of(self, number: int) -> QModelIndex:
        """Return the row of an entry, invalid when it is not shown."""
        if self._places is None:
            self._places = {one: row for row, one in enumerate(self._rows)}
        row = self._places.get(number)
        return QModelIndex() if row is None else self.index(row, 0)

    def find(self, relative: str) -> QModelIndex:
        """Return the row of the entry shown at a path, its folders unfolded."""
        number = self.book.number(relative)
        if number is None:
            return QModelIndex()
        found = self.index_of(number)
        if found.isValid() or self.book.flat or self.book.narrowing.narrows:
            return found
        above = self.book.above(number)
        while above >= 0:
            self.book.opened.add(self.book.entries[above].relative)
            above = self.book.above(above)
        self.flush()
        return self.index_of(number)

    def is_open(self, index: Index) -> bool:
        """Whether a row is a folder that is unfolded."""
        number = self.number(index)
        return number is not None and not self.book.flat and self.book.is_open(number)

    def depth(self, index: Index) -> int:
        """Return how many folders a row is in."""
        number = self.number(index)
        return 0 if number is None or self.book.flat else self.book.depths[number]

    # --- QAbstractTableModel ------------------------------------------------------

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the texts of a row, or the entry itself."""
        number = self.number(index)
        if number is None:
            return None
        entry = self.book.entries[number]
        if role == ENTRY_ROLE:
            return entry
        column = index.column()
        if role == Qt.ItemDataRole.ToolTipRole and column == NAME:
            return plain_tooltip(one_line(entry.link_target or entry.path))
        if role not in _SPOKEN:
            return None
        if role == Qt.ItemDataRole.AccessibleTextRole and column == NAME:
            return self._spoken(number, entry)
        if column == NAME:
            return one_line(self.book.name(number))
        if column == KIND:
            return _kind(entry)
        if column == SIZE:
            return self._size(number, entry)
        if column == DATE:
            return day_words(entry.created, now=self._now()) if entry.created else ""
        return (
            state_words(entry) if role == Qt.ItemDataRole.AccessibleTextRole else None
        )

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a cell."""
        return _FLAGS if index.isValid() else Qt.ItemFlag.NoItemFlags

    # --- inside -----------------------------------------------------------------

    def _spoken(self, number: int, entry: OutputEntry) -> str:
        link = f", link to {one_line(entry.link_target)}" if entry.link_target else ""
        words = (
            one_line(self.book.name(number)),
            _kind(entry),
            self._size(number, entry),
        )
        said = ", ".join(word for word in words if word) + link
        if entry.is_folder:
            said += ", unfolded" if self.book.is_open(number) else ", folded"
        return said

    def _size(self, number: int, entry: OutputEntry) -> str:
        if not entry.is_folder:
            return size_words(entry.size)
        if self.book.files[number]:
            return size_words(self.book.sizes[number])
        return "empty" if number in self.book.complete else ""

    def _apply(self, rows: list[int], book: OutputBook) -> None:
        """Show these rows; what is highlighted stays so, also in another book."""
        if book is self.book and rows == self._rows:
            self._repaint()
            return
        self.layoutAboutToBeChanged.emit()
        before, old = self.persistentIndexList(), self.book
        kept = [self._rows[index.row()] for index in before]
        self.book, self._rows, self._places = book, rows, None
        after = []
        for number, index in zip(kept, before, strict=True):
            now: int | None = number
            if book is not old:
                now = book.number(old.entries[number].relative)
            place = QModelIndex() if now is None else self._place(now, len(before))
            after.append(place.siblingAtColumn(index.column()))
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _place(self, number: int, among: int) -> QModelIndex:
        """Return the row of an entry, one of so many that are looked for."""
        if among > _FEW or self._places is not None:
            return self.index_of(number)
        try:
            # quicker for a few than to note the place of every row
            return self.index(self._rows.index(number), 0)
        except ValueError:
            return QModelIndex()

    def _repaint(self) -> None:
        if self._rows:
            last = self.index(len(self._rows) - 1, STATE)
            self.dataChanged.emit(self.index(0, 0), last)


def state_words(entry: OutputEntry) -> str:
    """Return whether an entry can be opened, in words."""
    if entry.is_folder or entry.file_id is not None:
        return "Ready"
    return "Gone from server"


def _kind(entry: OutputEntry) -> str:
    if entry.kind == "file":
        suffix = entry.relative.rsplit("/", 1)[-1].rpartition(".")[2]
        return one_line(suffix.upper()) if 0 < len(suffix) <= 5 else "File"
    if entry.kind == "gone":
        return "Gone"
    return KIND_WORDS.get(entry.kind, "")
