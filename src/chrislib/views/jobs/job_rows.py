"""The rows of the job list: names in order, moved one by one or laid out anew."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    Signal,
)

from chrislib.jobs.model import Job, JobChange, JobKey
from chrislib.views.jobs.arrange import (
    HEAD,
    HIDDEN,
    Arrangement,
    Entry,
    Record,
    Rules,
    Wanted,
)
from chrislib.views.jobs.words import (
    GROUPS,
    RUNNING,
    TROUBLE,
    Left,
)
from chrislib.views.models.index import Index

TITLE, STATE, TIME, ACTIONS = range(4)
_FEW = 24
"""Up to so many rows change place one by one; more at once are laid out anew."""
RUNNING_GROUP = GROUPS.index(RUNNING)


class JobRows(QAbstractTableModel):
    """Three groups of rows, one below the other; a row moves only when it must.

    Parameters
    ----------
    read : callable
        Returns a job as it is now, None when it is no more.
    now : callable
        Seconds since the epoch.
    stall : callable
        Says why a job takes too long, "" while it does not.
    left : callable, optional
        Says how long a run still takes.
    """

    shifting = Signal(object)
    """Rows are about to come, go or move; the names of them."""
    shifted = Signal(object)
    """They have; the names of those that came, went or moved."""
    counted = Signal()
    """Counts, facets or batches may have changed."""

    def __init__(
        self,
        parent: QObject,
        *,
        read: Callable[[JobKey], Job | None],
        now: Callable[[], float],
        stall: Callable[[Job], str] = lambda _job: "",
        left: Left | None = None,
    ) -> None:
        super().__init__(parent)
        self.read = read
        self.now = now
        self.stall = stall
        self.left = left
        self.rules = Rules(Wanted(), None, stall)
        self.arranged = Arrangement()
        self.hovered: JobKey | None = None
        self.laying_out = False
        """Whether all rows are being replaced: selection comes back by itself."""
        self._open = [True, True, True]
        self._held: set[JobKey] = set()
        self.risen: set[JobKey] = set()
        """Jobs that came to need attention since somebody looked at the top."""
        self.moves: dict[JobKey, Record | None] = {}

    # -- what is shown -------------------------------------------------------

    def install(self, arranged: Arrangement, rules: Rules) -> None:
        """Show another arrangement, made with `rules`; folds stay."""
        before = self.arranged
        folds = [(group, name) for group in range(3) for name in before.folded[group]]
        with self._anew():
            self.arranged, self.rules = arranged, rules
            arranged.keep_folds(folds)
            self._see_to_batches()
        self.moves.clear()

    def apply(self, changes: Sequence[JobChange]) -> None:
        """Take changes in: redraw in place, move between groups where needed."""
        self.note_troubles(changes)
        for change in changes:
            self._judge(change.after)
        self.commit()
        self._redraw([change.after.key for change in changes])

    def note_troubles(self, changes: Iterable[JobChange]) -> None:
        """Take note of new troubles: the inbox is read later than they are seen."""
        problems = self.rules.problems
        if problems is None:
            return
        for change in changes:
            job, before = change.after, change.before
            # what was first seen so may be old: the inbox will tell
            if (
                job.phase in TROUBLE
                and before is not None
                and before.phase is not job.phase
            ):
                problems.add(job.key)

    def judge(self, keys: Iterable[JobKey]) -> None:
        """Look again at where some jobs belong (time has passed, outcomes seen)."""
        self.weigh(keys)
        self.commit()

    def weigh(self, keys: Iterable[JobKey]) -> None:
        """Note which of some jobs have to move; `commit` moves them."""
        for key in keys:
            job = self.read(key)
            if job is not None:
                self._judge(job)
            elif key in self.arranged.records:
                self.moves[key] = None

    def moved_beside(self) -> tuple[Arrangement, Iterator[None]]:
        """Return a copy of what is shown, and the steps that move its rows."""
        moves, self.moves = self.moves, {}
        beside = self.arranged.copy()
        return beside, beside.moving(moves, self._batch_rows())

    def commit(self) -> None:
        """Move the rows that have to."""
        moves, self.moves = self.moves, {}
        if moves:
            self.shifting.emit(moves.keys())
            if len(moves) <= _FEW:
                for key, record in moves.items():
                    self._move(key, record)
            else:
                # in one go: hundreds of signals would be slower
                with self._anew():
                    self.arranged.move_many(moves, self._batch_rows())
            self.shifted.emit(moves.keys())
        self.counted.emit()

    def settle(self) -> None:
        """Move rows that were kept in place while the pointer was on them."""
        held, self._held = self._held, set()
        if held:
            self.judge(held)

    def toggle(self, row: int) -> None:
        """Fold or unfold the group, feed or batch whose head stands at `row`."""
        group, entry = self.at(row)
        if entry is None:
            size = len(self.arranged.lists[group])
            first = row + 1
            if self._open[group] and size:
                self.beginRemoveRows(QModelIndex(), first, first + size - 1)
                self._open[group] = False
                self.endRemoveRows()
            elif size:
                self.beginInsertRows(QModelIndex(), first, first + size - 1)
                self._open[group] = True
                self.endInsertRows()
            else:
                self._open[group] = not self._open[group]
        elif entry[3].startswith(HEAD):
            self._toggle_under(row, group, entry)
        at = self.index(row, 0)
        self.dataChanged.emit(at, at.siblingAtColumn(ACTIONS))

    def is_open(self, row: int) -> bool:
        """Return whether what stands under the head at `row` is shown."""
        group, entry = self.at(row)
        if entry is None:
            return self._open[group]
        return not self.arranged.is_folded(group, entry[3])

    def has_jobs(self, row: int) -> bool:
        """Return whether jobs stand under the feed or batch at `row`, shown or not."""
        group, entry = self.at(row)
        return entry is None or self.arranged.members[group, entry[3]] > 0

    # -- rows and names ------------------------------------------------------

    def at(self, row: int) -> tuple[int, Entry | None]:
        """Return group and entry at a row; no entry means the group's head."""
        for group, rows in enumerate(self.arranged.lists):
            size = len(rows) if self._open[group] else 0
            if row == 0:
                return group, None
            if row <= size:
                return group, rows[row - 1]
            row -= size + 1
        raise IndexError(row)

    def name_at(self, row: int) -> str:
        """Return what a row is called: a job's key, or the name of a head."""
        group, entry = self.at(row)
        return entry[3] if entry is not None else f"{HEAD}{GROUPS[group]}"

    def row_of(self, name: str) -> int:
        """Return the row of a job or head, -1 when it is not shown."""
        if name.startswith(HEAD):
            if name.removeprefix(HEAD) in GROUPS:
                return self._head_row(GROUPS.index(name.removeprefix(HEAD)))
            for group, rows in enumerate(self.arranged.lists):
                if self._open[group]:
                    for number, entry in enumerate(rows):
                        if entry[3] == name:
                            return self._head_row(group) + 1 + number
            return -1
        record = self.arranged.records.get(JobKey(name))
        if record is None or record.group == HIDDEN or not self._open[record.group]:
            return -1
        place = self.arranged.place(record.group, record.entry)
        return self._head_row(record.group) + 1 + place if place >= 0 else -1

    def index_of(self, key: JobKey) -> QModelIndex:
        """Return the index of a job, invalid when it is not shown."""
        row = self.row_of(key)
        return self.index(row, TITLE) if row >= 0 else QModelIndex()

    def reveal(self, key: JobKey) -> None:
        """Unfold what a job is folded away under."""
        record = self.arranged.records.get(key)
        if record is None or record.group == HIDDEN:
            return
        if not self._open[record.group]:
            self.toggle(self._head_row(record.group))
        head = self.arranged.head_of(record.entry)
        if head is not None and self.arranged.is_folded(record.group, head[3]):
            place = self.arranged.place(record.group, head)
            self.toggle(self._head_row(record.group) + 1 + place)

    def keys_of(self, group: str) -> list[JobKey]:
        """Return the keys of a group's jobs in their order, without folded ones."""
        rows = self.arranged.lists[GROUPS.index(group)]
        return [JobKey(e[3]) for e in rows if not e[3].startswith(HEAD)]

    def shown_keys(self) -> Iterator[JobKey]:
        """Give the keys of all jobs that have a row, from the top."""
        for group, rows in enumerate(self.arranged.lists):
            if self._open[group]:
                yield from (JobKey(e[3]) for e in rows if not e[3].startswith(HEAD))

    def keys_between(self, first: int, last: int) -> list[JobKey]:
        """Return the jobs from one row to another, both included."""
        found: list[JobKey] = []
        for group, rows in enumerate(self.arranged.lists):
            if self._open[group]:
                begin = self._head_row(group) + 1
                part = rows[max(0, first - begin) : max(0, last + 1 - begin)]
                found.extend(JobKey(e[3]) for e in part if not e[3].startswith(HEAD))
        return found

    def feed_progress(self, feed_id: int) -> tuple[int, int]:
        """Return how many nodes of a feed are known, and how many have ended."""
        arranged = self.arranged
        return arranged.feed_nodes[feed_id], arranged.feed_ended[feed_id]

    def count_of(self, group: str) -> int:
        """Return the number of jobs in a group."""
        return self.arranged.shown[GROUPS.index(group)]

    def ready(self) -> list[Job]:
        """Return the finished jobs whose result waits to be got."""
        found = (self.read(key) for key in self.arranged.ready)
        return [job for job in found if job is not None]

    @property
    def ready_count(self) -> int:
        """How many jobs `ready` returns."""
        return len(self.arranged.ready)

    def total(self) -> int:
        """Return how many jobs there are, shown or not."""
        return len(self.arranged.records)

    # -- Qt ------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of rows, heads included."""
        if parent is not None and parent.isValid():
            return 0
        lists, opened = self.arranged.lists, self._open
        return len(GROUPS) + sum(
            len(rows) for rows, open_ in zip(lists, opened, strict=True) if open_
        )

    def columnCount(self, parent: Index | None = None) -> int:
        """Return the four columns."""
        return 0 if parent is not None and parent.isValid() else 4

    # -- inside --------------------------------------------------------------

    def _head_row(self, group: int) -> int:
        above = range(group)
        lists = self.arranged.lists
        return group + sum(len(lists[g]) for g in above if self._open[g])

    def _judge(self, job: Job) -> None:
        """Count a job that stays in its place, or note where it has to go."""
        new = self.rules.record(job)
        old = self.arranged.records.get(job.key)
        if new == old:
            self.moves.pop(job.key, None)
            return
        if old is not None and old.group == new.group and old.entry == new.entry:
            self.moves.pop(job.key, None)
            self.arranged.count(job.key, new)
            return
        if new.group == 0 and old is not None and old.group != 0:
            self.risen.add(job.key)
        stays = old is not None and old.group != HIDDEN
        if stays and job.key == self.hovered:
            self._held.add(job.key)
            return
        self.moves[job.key] = new

    def _move(self, key: JobKey, record: Record | None) -> None:
        old = self.arranged.records.get(key)
        if old is not None and old.group != HIDDEN:
            self._take_out(old.group, old.entry)
        if record is None:
            self.arranged.uncount(key)
            return
        self.arranged.count(key, record)
        if record.group != HIDDEN:
            self._put_in(record.group, record.entry)

    def _take_out(self, group: int, entry: Entry) -> None:
        arranged = self.arranged
        if not arranged.hide_under_fold(group, entry, add=False):
            self._remove_row(group, entry)
        head = arranged.head_of(entry)
        if head is not None:
            arranged.members[group, entry[1]] -= 1
            bare = not arranged.members[group, entry[1]]
            if bare and entry[1] not in self._batch_rows(group):
                arranged.folded[group].pop(entry[1], None)
                self._remove_row(group, head)

    def _put_in(self, group: int, entry: Entry) -> None:
        arranged = self.arranged
        head = arranged.head_of(entry)
        if head is not None:
            arranged.members[group, entry[1]] += 1
            if arranged.place(group, head) < 0:
                self._insert_row(group, head)
        if not arranged.hide_under_fold(group, entry, add=True):
            self._insert_row(group, entry)

    def _insert_row(self, group: int, entry: Entry) -> None:
        rows = self.arranged.lists[group]
        if not self._open[group]:
            insort(rows, entry)
            return
        place = bisect_left(rows, entry)
        row = self._head_row(group) + 1 + place
        self.beginInsertRows(QModelIndex(), row, row)
        rows.insert(place, entry)
        self.endInsertRows()

    def _remove_row(self, group: int, entry: Entry) -> None:
        place = self.arranged.place(group, entry)
        if place < 0:
            return
        rows = self.arranged.lists[group]
        if not self._open[group]:
            del rows[place]
            return
        row = self._head_row(group) + 1 + place
        self.beginRemoveRows(QModelIndex(), row, row)
        del rows[place]
        self.endRemoveRows()

    def _toggle_under(self, row: int, group: int, entry: Entry) -> None:
        arranged, name = self.arranged, entry[3]
        rows = arranged.lists[group]
        if arranged.is_folded(group, name):
            held = arranged.folded[group][name]
            if held:
                self.beginInsertRows(QModelIndex(), row + 1, row + len(held))
                place = arranged.place(group, entry) + 1
                rows[place:place] = arranged.unfold(group, name)
                self.endInsertRows()
            else:
                arranged.unfold(group, name)
            return
        first, end = arranged.under(group, name)
        if end > first:
            self.beginRemoveRows(QModelIndex(), row + 1, row + end - first)
            arranged.fold(group, name)
            self.endRemoveRows()

    @contextmanager
    def _anew(self) -> Iterator[None]:
        self.laying_out = True
        self.beginResetModel()
        try:
            yield
        finally:
            self.endResetModel()
            self.laying_out = False

    def _redraw(self, keys: Sequence[JobKey]) -> None:
        if 0 < len(keys) <= _FEW:
            for key in keys:
                index = self.index_of(key)
                if index.isValid():
                    end = index.siblingAtColumn(ACTIONS)
                    self.dataChanged.emit(index, end)
            return
        last = self.index(self.rowCount() - 1, ACTIONS)
        self.dataChanged.emit(self.index(0, 0), last)

    # -- what a model with batches adds ----------------------------------------

    def _batch_rows(self, _group: int = RUNNING_GROUP) -> list[str]:
        """Return the heads that have a row whoever stands under them."""
        return []

    def _see_to_batches(self) -> None:
        """Have a row for each of these heads in the arrangement."""
