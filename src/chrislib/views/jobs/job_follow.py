"""The highlight of the job list goes where its jobs go."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel

from chrislib.jobs.model import JobKey
from chrislib.views.jobs.arrange import HEAD, HIDDEN
from chrislib.views.jobs.job_rows import ACTIONS, TITLE
from chrislib.views.jobs.words import GROUPS

if TYPE_CHECKING:
    from chrislib.views.jobs.job_view import JobView

_SELECT = QItemSelectionModel.SelectionFlag


class Follower:
    """Keeps the highlight on jobs whose rows change place.

    To Qt such a row goes, and another one comes: it would highlight the job below,
    and the next key would be meant for that.
    """

    def __init__(self, view: "JobView") -> None:
        self._view = view
        self._current = ""
        self._keys: list[JobKey] = []
        self.moving = False
        """Whether rows change place now: what Qt highlights meanwhile is not meant."""

    def before(self, moved: Iterable[JobKey]) -> None:
        """Note what is highlighted of the rows that change place."""
        view = self._view
        row = view.currentIndex().row()
        current = view.jobs.name_at(row) if row >= 0 else ""
        names = set(moved)
        self._current = current if current in names else ""
        if self._current:
            # with the current row Qt lets go of all others
            self._keys = view.selected_keys()
        else:
            self._keys = [key for key in names if self._is_selected(key)]
        self.moving = bool(self._current)

    def after(self) -> None:
        """Highlight them where they are now."""
        view, keys, current = self._view, self._keys, self._current
        self._current, self._keys, self.moving = "", [], False
        selection = QItemSelection()
        for key in keys:
            row = view.jobs.row_of(key)
            if row >= 0:
                first = view.jobs.index(row, TITLE)
                selection.select(first, first.siblingAtColumn(ACTIONS))
        chosen = view.selectionModel()
        if not current:
            if not selection.isEmpty():
                chosen.select(selection, _SELECT.Select)
            return
        at = self._place(JobKey(current))
        if at < 0 and selection.isEmpty():
            # it is not in the list any more: as if it had been taken away
            view.highlighted.emit()
            return
        chosen.select(selection, _SELECT.ClearAndSelect)
        if at >= 0:
            chosen.setCurrentIndex(view.jobs.index(at, TITLE), _SELECT.NoUpdate)
        view.highlighted.emit()

    def _is_selected(self, key: JobKey) -> bool:
        row = self._view.jobs.row_of(key)
        return row >= 0 and self._view.is_selected(row)

    def _place(self, key: JobKey) -> int:
        """Return a job's row, or the head it is folded away under."""
        jobs = self._view.jobs
        row = jobs.row_of(key)
        record = jobs.arranged.records.get(key)
        if row >= 0 or record is None or record.group == HIDDEN:
            return row
        head = jobs.row_of(record.entry[1]) if record.entry[1] else -1
        return head if head >= 0 else jobs.row_of(f"{HEAD}{GROUPS[record.group]}")
