"""History as flat rows: heads of days, and entries that come in pages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    Qt,
    Signal,
)

from chrislib.library.dates import show_day, show_time
from chrislib.library.history_model import HistoryListing
from chrislib.library.history_uses import FeedUse
from chrislib.library.model import EntryId, EntryKind, HistoryEntry
from chrislib.library.words import count
from chrislib.views.models.index import Index
from chrislib.views.widgets.text import isolate

Rows = tuple[tuple[str, float], ...]
TITLE, BROUGHT, STATE, ACTION, TIME = range(5)
EntryRole = Qt.ItemDataRole.UserRole + 1
ICONS = {
    EntryKind.LOOKUP: "search",
    EntryKind.UPLOAD: "upload",
    EntryKind.REFERENCE: "library",
    EntryKind.OUTPUT: "workflow",
    EntryKind.LIST: "clipboard-list",
}
SPOKEN = {
    EntryKind.LOOKUP: "Lookup",
    EntryKind.UPLOAD: "Upload",
    EntryKind.REFERENCE: "Reference",
    EntryKind.OUTPUT: "Feed output",
    EntryKind.LIST: "Work list",
}
_MOVING = {"running", "registering"}
_HEAD = Qt.ItemFlag.NoItemFlags
_ENTRY = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_MOST_HELD = 2000
"""Entries in memory; those that were asked for longest ago go first."""


def action_of(entry: HistoryEntry, failed: int = 0) -> str:
    """Return the word of a row's button; "" for none.

    Parameters
    ----------
    failed : int
        How many parts of it failed.
    """
    if entry.kind is EntryKind.LIST:
        return "Open"
    if entry.state in _MOVING:
        return "Show"
    if entry.state in {"failed", "errors"} and entry.item_ids:
        return f"Retry {failed}" if failed > 1 else "Retry"
    there = bool(entry.request.get("server"))
    if entry.kind is EntryKind.UPLOAD and there:
        return "" if entry.state == "gone" else "Show"
    return "Again"


def uses_words(uses: Sequence[FeedUse]) -> str:
    """Return "Used in 2 feeds"."""
    return f"Used in {count(len(uses), 'feed')}" if uses else ""


@dataclass(frozen=True, slots=True)
class Steps:
    """How rows become others: what goes, from the bottom, then what comes."""

    gone: tuple[tuple[int, int], ...] = ()
    new: tuple[tuple[int, int], ...] = ()


class HistoryModel(QAbstractTableModel):
    """Days and entries; it changes row by row, and is only reset by the person.

    Attributes
    ----------
    wanted : signal
        Entries that are seen and not here yet: a list of ids.
    shown, count : int
        Entries in the list, and all of them.
    changing : bool
        Rows come and go: where the highlight moves now, nobody moved it.
    """

    wanted = Signal(list)

    def __init__(
        self,
        *,
        live: Callable[[EntryId], HistoryEntry | None] = lambda _id: None,
        uses: Callable[[HistoryEntry], tuple[FeedUse, ...]] = lambda _entry: (),
        failed: Callable[[HistoryEntry], int] = lambda _entry: 0,
        hidden: Callable[[], bool] = lambda: False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._live = live
        self._find_uses = uses
        self._failed = failed
        self._hidden = hidden
        self._rows: Rows = ()
        self._entries: dict[EntryId, HistoryEntry] = {}
        self._uses: dict[EntryId, tuple[FeedUse, ...]] = {}
        self._asked: set[EntryId] = set()
        self._busy: set[EntryId] = set()
        self._now = 0.0
        self.shown = 0
        self.count = 0
        self.changing = False

    # --- rows --------------------------------------------------------------------

    @property
    def rows(self) -> Rows:
        """Every row: the id of an entry, or "" for a day, and when it was."""
        return self._rows

    def show(
        self, listing: HistoryListing, *, now: float, steps: Steps | None = None
    ) -> None:
        """Take over a list.

        Parameters
        ----------
        steps : Steps, optional
            How to get there from `rows`: rows come and go one by one, and everything
            that stays keeps its place. Without, the list begins anew.
        """
        self._now = now
        self.shown, self.count = listing.shown, listing.total
        self.take(listing.first)
        self.changing = True
        try:
            if steps is None:
                self.beginResetModel()
                self._rows = listing.rows
                self._asked.clear()
                self.endResetModel()
            else:
                self._change(listing.rows, steps)
        finally:
            self.changing = False

    def take(self, entries: Mapping[EntryId, HistoryEntry]) -> None:
        """Take over entries that were asked for."""
        changed = [
            entry_id
            for entry_id, entry in entries.items()
            if self._entries.get(entry_id) != entry
        ]
        for entry_id in entries:
            self._entries.pop(entry_id, None)
            self._asked.discard(entry_id)
        self._entries.update(entries)
        while len(self._entries) > _MOST_HELD:
            del self._entries[next(iter(self._entries))]
        if changed and self._rows:
            for entry_id in changed:
                self._uses.pop(entry_id, None)
            self.repaint()

    def refresh_seen(self, rows: Iterable[int]) -> None:
        """Ask again for what is seen: it may have changed."""
        ids = [entry_id for row in rows if (entry_id := self.id_at(row))]
        self._uses.clear()
        if ids:
            self._asked.update(ids)
            self.wanted.emit(ids)
        self.repaint()

    def repaint(self) -> None:
        """Paint what is seen again."""
        if self._rows:
            last = self.index(len(self._rows) - 1, TIME)
            self.dataChanged.emit(self.index(0, TITLE), last)

    def set_busy(self, entry_id: EntryId, busy: bool) -> None:
        """Say that something is being found out about an entry."""
        (self._busy.add if busy else self._busy.discard)(entry_id)
        self.repaint()

    def is_busy(self, entry: HistoryEntry) -> bool:
        """Whether something is being found out about an entry."""
        return entry.entry_id in self._busy

    def id_at(self, row: int) -> EntryId | None:
        """Return the id of an entry; None for a day."""
        if not 0 <= row < len(self._rows):
            return None
        found = self._rows[row][0]
        return EntryId(found) if found else None

    def day_of(self, row: int) -> str:
        """Return the day a row is of, in words."""
        if not 0 <= row < len(self._rows):
            return ""
        return show_day(self._rows[row][1], now=self._now)

    def row_of(self, entry_id: str) -> int:
        """Return the row of an entry, -1 where it is not shown."""
        for row, (found, _) in enumerate(self._rows):
            if found == entry_id:
                return row
        return -1

    def days(self, first: int = 0, last: int | None = None) -> list[int]:
        """Return the rows that are heads of days."""
        part = self._rows[first : None if last is None else last + 1]
        return [first + at for at, (found, _) in enumerate(part) if not found]

    def entry(self, index: Index) -> HistoryEntry | None:
        """Return the entry of a row; None for a day, or while it is on its way."""
        entry_id = self.id_at(index.row()) if index.isValid() else None
        if entry_id is None:
            return None
        entry = self._live(entry_id) or self._entries.get(entry_id)
        if entry is None and entry_id not in self._asked:
            self._ask(index.row())
        return entry

    def uses(self, entry: HistoryEntry) -> tuple[FeedUse, ...]:
        """Return the feeds that used what an entry brought."""
        found = self._uses.get(entry.entry_id)
        if found is None:
            found = self._find_uses(entry)
            if len(self._uses) > _MOST_HELD:
                self._uses.clear()
            self._uses[entry.entry_id] = found
        return found

    def title(self, entry: HistoryEntry) -> str:
        """Return the title of an entry; nothing of a patient while names are hidden."""
        if entry.kind is EntryKind.LOOKUP and self._hidden():
            return "Lookup"
        name, dash, rest = entry.title.partition(" — ")
        if dash and not name.isascii():
            # a name written from right to left must not take the number along
            return f"{isolate(name)}{dash}{rest}"
        return entry.title

    def action(self, entry: HistoryEntry) -> str:
        """Return the word of a row's button."""
        return "" if self.is_busy(entry) else action_of(entry, self._failed(entry))

    def said(self, row: int) -> object:
        """Return all that a row says, to tell whether it says something else now."""
        entry = self.entry(self.index(row, TITLE))
        if entry is None:
            return self.id_at(row), self.day_of(row)
        words = self.title(entry), self.action(entry), uses_words(self.uses(entry))
        return entry, words, self.is_busy(entry)

    # --- QAbstractTableModel -------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's way)
        """Return the number of days and entries."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else TIME + 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let only entries be highlighted."""
        return _HEAD if self.id_at(index.row()) is None else _ENTRY

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a cell."""
        spoken = role == Qt.ItemDataRole.AccessibleTextRole
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        known, at = self._rows[index.row()]
        if not known:
            wanted = spoken or role == Qt.ItemDataRole.DisplayRole
            day = show_day(at, now=self._now)
            return day if wanted and index.column() == TITLE else None
        entry = self.entry(index)
        if entry is None:
            return None
        if role == EntryRole:
            return entry
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._hint(entry, index.column())
        if not spoken and role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._words(entry, index.column(), spoken=spoken)

    # --- inside --------------------------------------------------------------------

    def _words(self, entry: HistoryEntry, column: int, *, spoken: bool) -> str:
        if column == TITLE:
            title = self.title(entry)
            kind = SPOKEN[entry.kind]
            return f"{title}, {entry.detail}, {kind}" if spoken else title
        if column == BROUGHT:
            uses = uses_words(self.uses(entry))
            parts = filter(None, (entry.brought, uses if spoken else ""))
            return ", ".join(parts)
        if column == STATE:
            return "Looking" if self.is_busy(entry) else entry.state_text
        return self.action(entry) if column == ACTION else show_time(entry.at)

    def _hint(self, entry: HistoryEntry, column: int) -> str | None:
        if column == TITLE:
            return f"{self.title(entry)}\n{entry.detail}"
        if column == STATE:
            return f"{entry.state_text}\n{entry.detail}"
        if column == BROUGHT and (uses := self.uses(entry)):
            return "\n".join(use.title or f"Feed {use.feed_id}" for use in uses[:12])
        return None

    def _ask(self, row: int) -> None:
        """Ask for a page of entries around a row."""
        ids = [
            entry_id
            for at in range(max(0, row - 20), min(len(self._rows), row + 60))
            if (entry_id := self.id_at(at)) is not None
            and entry_id not in self._entries
            and entry_id not in self._asked
        ]
        self._asked.update(ids)
        self.wanted.emit(ids)

    def _change(self, rows: Rows, steps: Steps) -> None:
        for first, last in steps.gone:
            self.beginRemoveRows(QModelIndex(), first, last)
            self._rows = self._rows[:first] + self._rows[last + 1 :]
            self.endRemoveRows()
        for first, last in steps.new:
            self.beginInsertRows(QModelIndex(), first, last)
            part = rows[first : last + 1]
            self._rows = self._rows[:first] + part + self._rows[first:]
            self.endInsertRows()
        self._rows = rows
        if steps.gone or steps.new:
            self.repaint()


def steps_between(old: Rows, rows: Rows) -> Steps:
    """Return how `old` becomes `rows`; what is in both stays (long: for a thread)."""
    if rows == old:
        return Steps()
    before, after = [_key(one) for one in old], [_key(one) for one in rows]
    there, here = set(after), set(before)
    if [key for key in before if key in there] != [key for key in after if key in here]:
        there, here = set(), set()  # another order: all of it anew
    return Steps(tuple(reversed(_runs(before, there))), tuple(_runs(after, here)))


def _key(row: tuple[str, float]) -> tuple[str, float]:
    # an entry stays itself when its time is told a little differently
    return row if not row[0] else (row[0], 0.0)


def _runs(
    keys: Sequence[tuple[str, float]], known: set[tuple[str, float]]
) -> list[tuple[int, int]]:
    """Return the stretches (first, last) of keys that are not known."""
    runs: list[tuple[int, int]] = []
    for at, key in enumerate(keys):
        if key in known:
            continue
        if runs and runs[-1][1] == at - 1:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs
