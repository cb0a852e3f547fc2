"""The job list as a tree model: three groups, rows that keep their place."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from chrislib.jobs.model import Job, JobChange, JobKey, Kind
from chrislib.views.jobs.verbs import verbs_of
from chrislib.views.jobs.words import (
    FINISHED,
    GROUP_WORDS,
    GROUPS,
    KIND_WORDS,
    RUNNING,
    group_of,
    look_of,
    result_open,
    second_line,
    time_text,
)

_Index = QModelIndex | QPersistentModelIndex

TITLE, STATE, TIME, ACTIONS = range(4)
JOB_ROLE = int(Qt.ItemDataRole.UserRole)
GROUP_ROLE = JOB_ROLE + 1
_GROUP_ID = 0xFFFFFFFF
PAGE = 200
"""Rows of a group that are shown at first, and added when the end is reached."""


class JobModel(QAbstractItemModel):
    """Groups at the top, jobs below; a change moves a row only when it must.

    Parameters
    ----------
    settled : callable
        Whether the person has dealt with a job's outcome.
    now : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        parent: QObject,
        *,
        settled: Callable[[Job], bool],
        now: Callable[[], float],
    ) -> None:
        super().__init__(parent)
        self._settled = settled
        self._now = now
        self._jobs: dict[JobKey, Job] = {}
        self._rows: dict[str, list[JobKey]] = {group: [] for group in GROUPS}
        self._place: dict[JobKey, str] = {}
        self._kind: Kind | None = None
        self._words: tuple[str, ...] = ()
        self._held: set[JobKey] = set()
        self._ready: set[JobKey] = set()
        self._limit = dict.fromkeys(GROUPS, PAGE)
        self.hovered: JobKey | None = None

    # -- what is shown -------------------------------------------------------

    def show_jobs(self, jobs: Iterable[Job]) -> None:
        """Show other jobs, newest first in each group."""
        self._jobs = {job.key: job for job in jobs}
        self._sort_all()

    def set_filter(self, kind: Kind | None, text: str) -> None:
        """Show only one kind, and only jobs with every word of `text`."""
        self._kind = kind
        self._words = tuple(text.casefold().split())
        self._sort_all()

    def apply(self, changes: tuple[JobChange, ...]) -> None:
        """Take changes in: update in place, move between groups where needed."""
        for change in changes:
            self._take(change.after)

    def settle(self) -> None:
        """Move rows that were kept in place while the pointer was on them."""
        held, self._held = self._held, set()
        for key in held:
            if key in self._place:
                self._move(key)

    def show_more(self) -> None:
        """Show the next page of each group that has more."""
        for group in GROUPS:
            self._extend(group, self._limit[group] + PAGE)

    def reveal(self, key: JobKey) -> None:
        """Show as many rows as it takes to see a job."""
        group = self._place.get(key)
        if group is not None:
            self._extend(group, self._rows[group].index(key) + 1)

    def index_of(self, key: JobKey) -> QModelIndex:
        """Return the index of a job, invalid when it is not shown."""
        group = self._place.get(key)
        if group is None:
            return QModelIndex()
        parent = self.index(GROUPS.index(group), 0)
        # invalid as well for a row behind the page that is shown
        return self.index(self._rows[group].index(key), TITLE, parent)

    def jobs_of(self, group: str) -> list[Job]:
        """Return the jobs of a group, shown or behind the page."""
        return [self._jobs[key] for key in self._rows[group]]

    def count_of(self, group: str) -> int:
        """Return the number of jobs in a group."""
        return len(self._rows[group])

    def ready(self) -> list[Job]:
        """Return the finished jobs whose result waits to be got."""
        return [self._jobs[key] for key in self._rows[FINISHED] if key in self._ready]

    @property
    def ready_count(self) -> int:
        """How many jobs `ready` returns."""
        return len(self._ready)

    def total(self) -> int:
        """Return how many jobs there are, shown or not."""
        return len(self._jobs)

    def group_note(self, group: str) -> str:
        """Return the words at the end of a group's head."""
        if group != RUNNING:
            return ""
        parts = []
        for kind, (one, many) in (
            (k, KIND_WORDS[k])
            for k in (Kind.PULL, Kind.UPLOAD, Kind.RUN, Kind.DOWNLOAD)
        ):
            count = sum(1 for job in self.jobs_of(group) if job.kind is kind)
            if count:
                parts.append(f"{count} {one if count == 1 else many}")
        return " · ".join(parts)

    # -- Qt ------------------------------------------------------------------

    def index(
        self,
        row: int,
        column: int,
        parent: QModelIndex | QPersistentModelIndex | None = None,
    ) -> QModelIndex:
        """Return the index of a group (no parent) or of a job."""
        if parent is None or not parent.isValid():
            if 0 <= row < len(GROUPS):
                return self.createIndex(row, column, _GROUP_ID)
            return QModelIndex()
        if parent.internalId() == _GROUP_ID and 0 <= row < self._shown(
            GROUPS[parent.row()]
        ):
            return self.createIndex(row, column, parent.row())
        return QModelIndex()

    def parent(self, index: _Index) -> QModelIndex:  # type: ignore[override]
        """Return the group of a job."""
        if not index.isValid() or index.internalId() == _GROUP_ID:
            return QModelIndex()
        return self.createIndex(int(index.internalId()), 0, _GROUP_ID)

    def rowCount(
        self, parent: QModelIndex | QPersistentModelIndex | None = None
    ) -> int:
        """Return the number of groups, or of jobs in a group."""
        if parent is None or not parent.isValid():
            return len(GROUPS)
        if parent.internalId() != _GROUP_ID or parent.column() > 0:
            return 0
        return self._shown(GROUPS[parent.row()])

    def columnCount(
        self, _parent: QModelIndex | QPersistentModelIndex | None = None
    ) -> int:
        """Return the four columns."""
        return 4

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the column's name, for screen readers."""
        if (
            orientation is Qt.Orientation.Horizontal
            and role == Qt.ItemDataRole.DisplayRole
        ):
            return ("Job", "State", "Time", "Actions")[section]
        return None

    def data(self, index: _Index, role: int = 0) -> object:
        """Return texts, and the job itself under `JOB_ROLE`."""
        if not index.isValid():
            return None
        if index.internalId() == _GROUP_ID:
            return self._group_data(GROUPS[index.row()], index.column(), role)
        group = GROUPS[int(index.internalId())]
        if index.row() >= len(self._rows[group]):
            return None
        job = self._jobs[self._rows[group][index.row()]]
        if role == JOB_ROLE:
            return job
        if role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return self._text(job, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == TITLE:
            from chrislib.views.widgets.text import plain_tooltip

            return plain_tooltip(f"{job.title}\n{second_line(job)}".strip())
        return None

    def _group_data(self, group: str, column: int, role: int) -> object:
        if role == GROUP_ROLE:
            return group
        if column == 0 and role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            count = self.count_of(group)
            words = GROUP_WORDS[group]
            if role == Qt.ItemDataRole.DisplayRole:
                return words
            return f"{words}, {count}"
        return None

    def _text(self, job: Job, column: int) -> str:
        if column == TITLE:
            return ", ".join(part for part in (job.title, second_line(job)) if part)
        if column == STATE:
            return look_of(job, self._now()).text
        if column == TIME:
            return time_text(job, self._now())
        return ", ".join(verb.word for verb in verbs_of(job))

    # -- inside --------------------------------------------------------------

    def _wanted(self, job: Job) -> bool:
        if self._kind is not None and job.kind is not self._kind:
            return False
        text = f"{job.title} {job.detail}".casefold()
        return all(word in text for word in self._words)

    def _group(self, job: Job) -> str:
        return group_of(job, settled=self._settled(job))

    def _shown(self, group: str) -> int:
        return min(len(self._rows[group]), self._limit[group])

    def _extend(self, group: str, limit: int) -> None:
        first, end = self._shown(group), min(len(self._rows[group]), limit)
        if end > first:
            parent = self.index(GROUPS.index(group), 0)
            self.beginInsertRows(parent, first, end - 1)
            self._limit[group] = end
            self.endInsertRows()

    def _sort_all(self) -> None:
        self.beginResetModel()
        self._rows = {group: [] for group in GROUPS}
        self._limit = dict.fromkeys(GROUPS, PAGE)
        self._place = {}
        self._ready = set()
        for job in sorted(self._jobs.values(), key=_age):
            if self._wanted(job):
                group = self._group(job)
                self._rows[group].append(job.key)
                self._place[job.key] = group
                self._note_ready(job)
        self.endResetModel()

    def _note_ready(self, job: Job) -> None:
        if self._place.get(job.key) == FINISHED and result_open(job):
            self._ready.add(job.key)
        else:
            self._ready.discard(job.key)

    def _take(self, job: Job) -> None:
        self._jobs[job.key] = job
        if job.key not in self._place:
            if self._wanted(job):
                self._insert(job, self._group(job))
            return
        if not self._wanted(job):
            self._remove(job.key)
            return
        self._move(job.key)
        self._note_ready(job)
        index = self.index_of(job.key)
        if index.isValid():
            end = index.sibling(index.row(), ACTIONS)
            self.dataChanged.emit(index, end)

    def _move(self, key: JobKey) -> None:
        job = self._jobs[key]
        group = self._group(job)
        if group == self._place[key]:
            return
        if key == self.hovered:
            self._held.add(key)
            return
        self._remove(key)
        self._insert(job, group)

    def _insert(self, job: Job, group: str) -> None:
        keys = self._rows[group]
        row = 0
        while row < len(keys) and _age(self._jobs[keys[row]]) <= _age(job):
            row += 1
        shown = row < self._limit[group]
        if shown:
            self.beginInsertRows(self.index(GROUPS.index(group), 0), row, row)
            if len(keys) >= self._limit[group]:
                # the page grows by this row; nothing falls out at its end
                self._limit[group] += 1
        keys.insert(row, job.key)
        self._place[job.key] = group
        if shown:
            self.endInsertRows()
        self._note_ready(job)

    def _remove(self, key: JobKey) -> None:
        group = self._place[key]
        keys = self._rows[group]
        row = keys.index(key)
        shown = row < self._limit[group]
        if shown:
            self.beginRemoveRows(self.index(GROUPS.index(group), 0), row, row)
            if len(keys) > self._limit[group]:
                self._limit[group] -= 1
        del keys[row]
        del self._place[key]
        self._ready.discard(key)
        if shown:
            self.endRemoveRows()


def _age(job: Job) -> float:
    """Sort key: newest first."""
    return -(job.terminal_at or job.created_at)
