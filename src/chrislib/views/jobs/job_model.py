"""The job list as a flat model: rows are names, jobs are read when they are drawn."""

from PySide6.QtCore import Qt

from chrislib.jobs.model import Job, JobKey
from chrislib.shown import one_line
from chrislib.views.jobs import batches
from chrislib.views.jobs.arrange import HEAD
from chrislib.views.jobs.batch_rows import BatchRows
from chrislib.views.jobs.job_rows import (
    ACTIONS,
    RUNNING_GROUP,
    STATE,
    TIME,
    TITLE,
)
from chrislib.views.jobs.verbs import verbs_of
from chrislib.views.jobs.words import (
    GROUP_WORDS,
    GROUPS,
    KIND_WORDS,
    RUNNING,
    look_of,
    second_line,
    time_text,
)
from chrislib.views.models.index import Index
from chrislib.views.widgets.text import plain_tooltip

JOB_ROLE = int(Qt.ItemDataRole.UserRole)
GROUP_ROLE = JOB_ROLE + 1
HEAD_ROLE = JOB_ROLE + 2
"""Name of a feed's or batch's row ("head:feed:12"), None for others."""


class JobModel(BatchRows):
    """What the rows say; see `JobRows` for how they come and go."""

    def group_note(self, group: str) -> str:
        """Return the words at the end of a group's head."""
        if group != RUNNING:
            return ""
        kinds = self.arranged.kinds[RUNNING_GROUP]
        return " · ".join(
            f"{kinds[kind]:,} {KIND_WORDS[kind][kinds[kind] != 1]}"
            for kind in sorted(kinds, key=lambda k: list(KIND_WORDS).index(k))
            if kinds[kind]
        )

    def head_words(self, name: str) -> tuple[str, str]:
        """Return title and second line of a feed's or batch's row."""
        sort, _, which = name.removeprefix(HEAD).partition(":")
        if sort == "feed":
            nodes, ended = self.feed_progress(int(which))
            some = "node" if nodes == 1 else "nodes"
            left = nodes - ended
            below = f"{left:,} of {nodes:,} {some} not ended" if left else ""
            return f"Feed {which}", below or f"{nodes:,} {some}, all ended"
        view = self.batches.get(which)
        if view is None:
            return "Batch", ""
        return one_line(view.title), batches.words(view)

    # -- Qt ------------------------------------------------------------------

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

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return that jobs may be highlighted, and heads may have the focus."""
        plain = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self.name_at(index.row()).startswith(HEAD):
            return plain
        return plain | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = 0) -> object:
        """Return texts, and the job itself under `JOB_ROLE`."""
        if not index.isValid():
            return None
        group, entry = self.at(index.row())
        if entry is None:
            return self._group_data(GROUPS[group], index.column(), role)
        if entry[3].startswith(HEAD):
            return self._head_data(entry[3], index.column(), role)
        job = self.read(JobKey(entry[3]))
        if role == JOB_ROLE or job is None:
            return job
        if role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return self._text(job, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == TITLE:
            below = second_line(job, stall=self.stall(job))
            return plain_tooltip(f"{one_line(job.title)}\n{below}".strip())
        return None

    def _group_data(self, group: str, column: int, role: int) -> object:
        if role == GROUP_ROLE:
            return group
        if column == 0 and role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            words = GROUP_WORDS[group]
            if role == Qt.ItemDataRole.DisplayRole:
                return words
            return f"{words}, {self.count_of(group)}"
        return None

    def _head_data(self, name: str, column: int, role: int) -> object:
        if role == HEAD_ROLE:
            return name
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return None
        if column == TITLE:
            return ", ".join(part for part in self.head_words(name) if part)
        view = self.batches.get(name.removeprefix(f"{HEAD}batch:"))
        if view is not None and column == STATE:
            return batches.state_words(view)[1]
        if view is not None and column == ACTIONS:
            return ", ".join(verb.word for verb in batches.buttons(view))
        return None

    def _text(self, job: Job, column: int) -> str:
        if column == TITLE:
            below = second_line(job, stall=self.stall(job))
            return ", ".join(part for part in (one_line(job.title), below) if part)
        if column == STATE:
            return look_of(job, self.now()).text
        if column == TIME:
            return time_text(job, self.now(), self.left)
        return ", ".join(verb.word for verb in verbs_of(job))
