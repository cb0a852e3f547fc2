"""Rows of batches in the job list: one each while they are sent."""

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from chrislib.views.jobs import batches
from chrislib.views.jobs.arrange import BY_BATCH, HEAD, Entry
from chrislib.views.jobs.job_rows import RUNNING_GROUP, JobRows
from chrislib.views.models.batch_words import BatchView


class BatchRows(JobRows):
    """The rows of `JobRows`, and one for each batch that is sent or waits."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.batches: Mapping[str, BatchView] = {}

    def set_batches(self, views: Iterable[BatchView]) -> None:
        """Show batches: a row each while they are sent, heads when grouped."""
        self.batches = {view.key: view for view in views}
        order = {key: batches.rank(view) for key, view in self.batches.items()}
        self.rules = replace(self.rules, batch_order=order)
        wanted = set(self._batch_rows())
        rows = self.arranged.lists[RUNNING_GROUP]
        have = {e[3] for e in rows if e[3].startswith(f"{HEAD}batch:")}
        lone = {name for name in have if not self.arranged.members[RUNNING_GROUP, name]}
        for name in lone - wanted:
            self._remove_row(RUNNING_GROUP, next(e for e in rows if e[3] == name))
        for name in wanted - have:
            self._insert_row(RUNNING_GROUP, self._batch_entry(name))
        self._redraw([])
        self.counted.emit()

    def _batch_rows(self, group: int = RUNNING_GROUP) -> list[str]:
        """Return the names of the batches that have a row whoever is in them."""
        if group != RUNNING_GROUP or self.rules.wanted.narrows:
            return []
        return [
            f"{HEAD}batch:{view.key}"
            for view in self.batches.values()
            if batches.active(view)
        ]

    def _batch_entry(self, name: str) -> Entry:
        view = self.batches[name.removeprefix(f"{HEAD}batch:")]
        rank = batches.rank(view)
        if self.rules.wanted.by != BY_BATCH:
            # before every feed
            rank = -1e15 + rank / 1e6
        return (rank, name, float("-inf"), name)

    def _see_to_batches(self) -> None:
        """Have a row for each batch that is sent, and no other lone ones."""
        rows = self.arranged.lists[RUNNING_GROUP]
        wanted = set(self._batch_rows())
        members = self.arranged.members
        if not wanted and not members and not self.batches:
            return
        rows[:] = [
            e
            for e in rows
            if not e[3].startswith(HEAD)
            or e[3] in wanted
            or members[RUNNING_GROUP, e[3]]
        ]
        have = {e[3] for e in rows if e[3].startswith(HEAD)}
        for name in wanted - have:
            insort(rows, self._batch_entry(name))
