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
    GROUP_WORDS,
    GROUPS,
    KIND_WORDS,
    RUNNING,
    group_of,
    look_of,
    second_line,
    time_text,
)

_Index = QModelIndex | QPersistentModelIndex

TITLE, STATE, TIME, ACTIONS = range(4)
JOB_ROLE = int(Qt.ItemDataRole.UserRole)
GROUP_ROLE = JOB_ROLE + 1
_GROUP_ID = 0xFFFFFFFF


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

    def touch(self) -> None:
        """Draw times and spans again."""
        for row, group in enumerate(GROUPS):
            count = len(self._rows[group])
            if count:
                parent = self.index(row, 0)
                self.dataChanged.emit(
                    self.index(0, STATE, parent), self.index(count - 1, TIME, parent)
                )

    def index_of(self, key: JobKey) -> QModelIndex:
        """Return the index of a job, invalid when it is not shown."""
        group = self._place.get(key)
        if group is None:
            return QModelIndex()
        parent = self.index(GROUPS.index(group), 0)
        return self.index(self._rows[group].index(key), TITLE, parent)

    def jobs_of(self, group: str) -> list[Job]:
        """Return the jobs shown in a group."""
        return [self._jobs[key] for key in self._rows[group]]

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
        if parent.internalId() == _GROUP_ID and 0 <= row < len(
            self._rows[GROUPS[parent.row()]]
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
        return len(self._rows[GROUPS[parent.row()]])

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
            count = len(self._rows[group])
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

    def _sort_all(self) -> None:
        self.beginResetModel()
        self._rows = {group: [] for group in GROUPS}
        self._place = {}
        for job in sorted(self._jobs.values(), key=_age):
            if self._wanted(job):
                group = self._group(job)
                self._rows[group].append(job.key)
                self._place[job.key] = group
        self.endResetModel()

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
        self.beginInsertRows(self.index(GROUPS.index(group), 0), row, row)
        keys.insert(row, job.key)
        self._place[job.key] = group
        self.endInsertRows()

    def _remove(self, key: JobKey) -> None:
        group = self._place[key]
        row = self._rows[group].index(key)
        self.beginRemoveRows(self.index(GROUPS.index(group), 0), row, row)
        del self._rows[group][row]
        del self._place[key]
        self.endRemoveRows()


def _age(job: Job) -> float:
    """Sort key: newest first."""
    return -(job.terminal_at or job.created_at)
