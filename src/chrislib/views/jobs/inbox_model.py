"""The inbox's rows as they are loaded: pages of outcomes under heads of days."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    Qt,
    Signal,
)

from chrislib.catalog.inbox import Cursor
from chrislib.jobs.model import InboxRow, Job, Kind
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.jobs.verbs import Verb, verbs_of_row
from chrislib.views.jobs.words import second_line, when
from chrislib.views.models.index import Index
from chrislib.views.widgets.text import isolate, plain_tooltip

_SAYS = {
    "READY": "is ready",
    "ERRORS": "is ready, with errors",
    "FAILED": "failed",
    "CANCELLED_EXTERNALLY": "was cancelled by someone else",
    "CANCEL_IGNORED": "goes on though it was cancelled",
    "SUBMIT_UNCERTAIN": "was perhaps not started",
    "GONE": "is gone from the server",
    "STALLED": "takes longer than usual",
    "PURGE_FAILED": "could not be removed from the server",
    "STATE_CHANGED": "is ready, its inputs have changed",
}
_READY = {
    Kind.PULL: "is in your library",
    Kind.UPLOAD: "is in your library",
    Kind.DOWNLOAD: "is downloaded",
}
ROW_ROLE = int(Qt.ItemDataRole.UserRole)
HEAD_ROLE = ROW_ROLE + 1
PAGE = 200
"""Rows that are read at once."""


def day_words(at: float, now: float) -> str:
    """Return the head of a day: "Today", "Yesterday", "Fri 20" or the date."""
    then = datetime.fromtimestamp(at).astimezone().date()
    today = datetime.fromtimestamp(now).astimezone().date()
    if then == today:
        return "Today"
    if then == today - timedelta(days=1):
        return "Yesterday"
    if today - timedelta(days=7) < then < today:
        return f"{then:%a} {then.day}"
    return f"{then:%Y-%m-%d}"


class InboxModel(QAbstractTableModel):
    """Outcomes newest first, one column; more are asked for at the end.

    Attributes
    ----------
    older_wanted : Signal
        The list was scrolled near its end.
    rows : tuple of InboxRow
        What is loaded, without the heads.
    """

    older_wanted = Signal()

    def __init__(self, parent: QObject, context: ViewContext) -> None:
        super().__init__(parent)
        self._context = context
        self._entries: list[InboxRow | str] = []
        self._places: dict[str, int] = {}
        self._more = False

    @property
    def rows(self) -> tuple[InboxRow, ...]:
        """What is loaded."""
        return tuple(row for row in self._entries if isinstance(row, InboxRow))

    @property
    def last(self) -> Cursor | None:
        """Where the next page begins; None while nothing is loaded."""
        if not self._entries:
            return None
        row = self._entries[-1]
        assert isinstance(row, InboxRow)
        return row.created_at, row.dedupe_key

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of rows and heads."""
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return 1."""
        return 0 if parent is not None and parent.isValid() else 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return that heads can be neither highlighted nor reached by keys."""
        if isinstance(self.entry(index.row()), InboxRow):
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags

    def data(self, index: Index, role: int = 0) -> object:
        """Return the row under `ROW_ROLE`, the head under `HEAD_ROLE`, and words."""
        entry = self.entry(index.row())
        if entry is None:
            return None
        if isinstance(entry, str):
            roles = (
                HEAD_ROLE,
                Qt.ItemDataRole.DisplayRole,
                Qt.ItemDataRole.AccessibleTextRole,
            )
            return entry if role in roles else None
        if role == ROW_ROLE:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            new = "unread" if entry.seen_at is None else ""
            parts = (self.first_line(entry), self.second_line(entry), new)
            return ", ".join(part for part in parts if part)
        if role == Qt.ItemDataRole.ToolTipRole:
            words = f"{self.first_line(entry)}\n{self.second_line(entry)}"
            return plain_tooltip(words)
        return None

    def entry(self, number: int) -> InboxRow | str | None:
        """Return a row, a head, or None outside of the list."""
        return self._entries[number] if 0 <= number < len(self._entries) else None

    def place_of(self, dedupe_key: str) -> QModelIndex:
        """Return where an outcome is; invalid while it is not loaded."""
        number = self._places.get(dedupe_key)
        return self.index(number, 0) if number is not None else QModelIndex()

    def verbs(self, row: InboxRow) -> tuple[Verb, ...]:
        """Return what can be done with a row now."""
        return verbs_of_row(row, self._job(row))

    def said(self, row: InboxRow) -> str:
        """Return an outcome in words: a glyph alone says too little."""
        if row.job_key is None and not row.batch_key and row.feed_id is None:
            return ""  # its title speaks for itself: "Sign in again"
        job = self._job(row)
        if job is not None and row.kind == "READY":
            return _READY.get(job.kind, _SAYS["READY"])
        return _SAYS.get(row.kind, "")

    def first_line(self, row: InboxRow) -> str:
        """Return title and outcome."""
        return f"{isolate(one_line(row.title))} {self.said(row)}".strip()

    def second_line(self, row: InboxRow) -> str:
        """Return what stands under the title."""
        job = self._job(row)
        until = job.snooze_until if job is not None else None
        if until is not None and until > self._context.now():
            day = when(until, self._context.now())
            clock = f"{datetime.fromtimestamp(until).astimezone():%H:%M}"
            # "when" says the time for today only
            return f"Snoozed until {clock if ':' in day else f'{day} {clock}'}."
        more = second_line(job) if job is not None else ""
        if row.feed_id is not None and not row.text:
            return " · ".join(part for part in (f"Feed {row.feed_id}", more) if part)
        return row.text or more

    def _job(self, row: InboxRow) -> Job | None:
        jobs = self._context.jobs
        return jobs.get(row.job_key) if row.job_key is not None else None

    def canFetchMore(self, parent: Index) -> bool:
        """Return whether the catalog has older rows."""
        return not parent.isValid() and self._more

    def fetchMore(self, parent: Index) -> None:
        """Ask for the next page; it comes later."""
        if not parent.isValid() and self._more:
            self._more = False
            self.older_wanted.emit()

    def show_rows(self, rows: Sequence[InboxRow], *, more: bool = False) -> None:
        """Show these rows and no others."""
        self.beginResetModel()
        self._entries = self._with_heads(rows)
        self._note_places()
        self._more = more
        self.endResetModel()

    def add_older(self, rows: Sequence[InboxRow], *, more: bool) -> None:
        """Add a page at the end."""
        fresh = [row for row in rows if row.dedupe_key not in self._places]
        entries = self._with_heads(fresh)
        last = self.last
        if entries and last is not None:
            now = self._context.now()
            if entries[0] == day_words(last[0], now):
                entries = entries[1:]  # the day goes on
        self._more = more
        if entries:
            first = len(self._entries)
            self.beginInsertRows(QModelIndex(), first, first + len(entries) - 1)
            self._entries += entries
            self._note_places()
            self.endInsertRows()

    def count_new(self, rows: Sequence[InboxRow]) -> int:
        """Return how many of the newest rows are not shown yet."""
        return sum(1 for row in rows if row.dedupe_key not in self._places)

    def update_newest(
        self, rows: Sequence[InboxRow], *, more: bool, add: bool = True
    ) -> None:
        """Bring the newest page up to date; what is older stays as it is.

        Parameters
        ----------
        rows : sequence of InboxRow
            The first page as the catalog has it now.
        more : bool
            Whether the catalog has rows behind it.
        add : bool
            False leaves out rows that were not there before.
        """
        old = self.rows
        tail: list[InboxRow] = []
        if more and rows:
            end = rows[-1].created_at, rows[-1].dedupe_key
            tail = [row for row in old if (row.created_at, row.dedupe_key) < end]
        if not add:
            rows = [row for row in rows if row.dedupe_key in self._places]
        fresh = [*rows, *tail]
        if [row.dedupe_key for row in fresh] != [row.dedupe_key for row in old]:
            self.show_rows(fresh, more=self._more if tail else more)
            return
        wanted = iter(fresh)
        self._entries = [
            entry if isinstance(entry, str) else next(wanted) for entry in self._entries
        ]
        if self._entries:
            first, end_index = self.index(0, 0), self.index(len(self._entries) - 1, 0)
            self.dataChanged.emit(first, end_index)

    def put(self, row: InboxRow) -> None:
        """Show a row as it is now, if it is loaded."""
        number = self._places.get(row.dedupe_key)
        if number is not None:
            self._entries[number] = row
            self.dataChanged.emit(self.index(number, 0), self.index(number, 0))

    def day_changed(self) -> None:
        """Write the heads anew after midnight."""
        self.show_rows(self.rows, more=self._more)

    def _with_heads(self, rows: Sequence[InboxRow]) -> list[InboxRow | str]:
        entries: list[InboxRow | str] = []
        now = self._context.now()
        day: date | None = None
        for row in rows:
            of_row = datetime.fromtimestamp(row.created_at).date()
            if of_row != day:
                day = of_row
                entries.append(day_words(row.created_at, now))
            entries.append(row)
        return entries

    def _note_places(self) -> None:
        self._places = {
            entry.dedupe_key: number
            for number, entry in enumerate(self._entries)
            if isinstance(entry, InboxRow)
        }
