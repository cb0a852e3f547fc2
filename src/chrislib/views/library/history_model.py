"""History as rows under days."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from chrislib.library.dates import show_day, show_time
from chrislib.library.model import EntryKind, HistoryEntry

Index = QModelIndex | QPersistentModelIndex
TITLE, BROUGHT, STATE, ACTION, TIME = range(5)
EntryRole = Qt.ItemDataRole.UserRole + 1
ICONS = {
    EntryKind.LOOKUP: "search",
    EntryKind.UPLOAD: "upload",
    EntryKind.REFERENCE: "library",
}
_KINDS = {
    "lookups": EntryKind.LOOKUP,
    "uploads": EntryKind.UPLOAD,
    "references": EntryKind.REFERENCE,
}


def action_of(entry: HistoryEntry) -> str:
    """Return the word of a row's button."""
    if entry.state in {"running", "registering"}:
        return "Show"
    if entry.state in {"failed", "errors"} and entry.item_ids:
        return "Retry"
    return "Again"


@dataclass(slots=True)
class _Day:
    title: str
    entries: list[HistoryEntry]


class HistoryModel(QAbstractItemModel):
    """Days with entries; entries change in place, days only when they differ."""

    def __init__(
        self,
        *,
        hidden: Callable[[], bool] = lambda: False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._hidden = hidden
        self._all: list[HistoryEntry] = []
        self._days: list[_Day] = []
        self._kind = "all"
        self._text = ""
        self._now = 0.0

    @property
    def count(self) -> int:
        """Number of entries, shown or not."""
        return len(self._all)

    @property
    def shown(self) -> int:
        """Number of entries shown."""
        return sum(len(day.entries) for day in self._days)

    @property
    def days(self) -> int:
        """Number of day rows."""
        return len(self._days)

    def show(self, entries: Sequence[HistoryEntry], *, now: float) -> bool:
        """Take over the entries, newest first; whether the rows are others now."""
        self._all, self._now = list(entries), now
        return self._apply()

    def filter(self, kind: str, text: str) -> bool:
        """Show one kind ("all", "lookups" …) and what holds `text`."""
        self._kind, self._text = kind, text.strip().casefold()
        return self._apply()

    def entry(self, index: Index) -> HistoryEntry | None:
        """Return the entry of a row; None for a day."""
        if not index.isValid() or not index.internalId():
            return None
        return self._days[index.internalId() - 1].entries[index.row()]

    def title(self, entry: HistoryEntry) -> str:
        """Return the title of an entry; nothing of a patient while names are hidden."""
        if entry.kind is EntryKind.LOOKUP and self._hidden():
            return "Lookup"
        return entry.title

    def _apply(self) -> bool:
        days: list[_Day] = []
        for entry in self._all:
            if not self._fits(entry):
                continue
            title = show_day(entry.at, now=self._now)
            if not days or days[-1].title != title:
                days.append(_Day(title, []))
            days[-1].entries.append(entry)
        if _shape(days) != _shape(self._days):
            self.beginResetModel()
            self._days = days
            self.endResetModel()
            return True
        before, self._days = self._days, days
        for at, (old, new) in enumerate(zip(before, days, strict=True)):
            for row, (one, other) in enumerate(
                zip(old.entries, new.entries, strict=True)
            ):
                if one != other:
                    self.dataChanged.emit(
                        self.createIndex(row, TITLE, at + 1),
                        self.createIndex(row, TIME, at + 1),
                    )
        return False

    def _fits(self, entry: HistoryEntry) -> bool:
        kind = _KINDS.get(self._kind)
        if kind is not None and entry.kind is not kind:
            return False
        words = f"{entry.title} {entry.detail} {entry.brought}".casefold()
        return self._text in words

    # --- QAbstractItemModel -----------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's way)
        """Return the number of days, or of a day's entries."""
        if not parent.isValid():
            return len(self._days)
        if parent.internalId() or parent.column():
            return 0
        return len(self._days[parent.row()].entries)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return TIME + 1

    def index(
        self,
        row: int,
        column: int,
        parent: Index = QModelIndex(),  # noqa: B008
    ) -> QModelIndex:
        """Return the index of a day or an entry."""
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(
            row, column, parent.row() + 1 if parent.isValid() else 0
        )

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        """Return the day of an entry."""
        if not index.isValid() or not index.internalId():
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a cell."""
        if not index.isValid():
            return None
        column, entry = index.column(), self.entry(index)
        spoken = role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
        )
        if entry is None:
            return self._days[index.row()].title if spoken and column == 0 else None
        if role == EntryRole:
            return entry
        if role == Qt.ItemDataRole.ToolTipRole and column == TITLE:
            return f"{self.title(entry)}\n{entry.detail}"
        if not spoken:
            return None
        if column == TITLE and role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.title(entry)}, {entry.detail}"
        return {
            TITLE: self.title(entry),
            BROUGHT: entry.brought,
            STATE: entry.state_text,
            ACTION: action_of(entry),
            TIME: show_time(entry.at),
        }[column]


def _shape(days: Sequence[_Day]) -> list[tuple[str, list[str]]]:
    return [(day.title, [entry.entry_id for entry in day.entries]) for day in days]
