"""The plain sweep: the list of active runs, then what ended, then single looks.

Absence from a list is never taken for an end; it only makes us look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import AccountRow
from chrislib.jobs import plan
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Kind, Reach
from chrislib.jobs.polling.looks import Looks
from chrislib.jobs.store import JobStore


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick changed."""

    changed: int


class ListSweep:
    """Finds out what became of an account's live runs.

    Parameters
    ----------
    store : JobStore
    table : JobTable
    looks : Looks
    clock : Clock
    """

    def __init__(
        self, store: JobStore, table: JobTable, *, looks: Looks, clock: Clock
    ) -> None:
        self._store = store
        self._table = table
        self._looks = looks
        self._clock = clock

    async def tick(
        self,
        backend: RunBackend,
        account: AccountRow,
        *,
        visible: Sequence[int],
        hidden: bool,
    ) -> TickReport:
        """Take one tick (network, disk)."""
        del visible, hidden
        live = self._live(account)
        if not live:
            return TickReport(0)
        rows = await backend.active()
        changed = await self._looks.apply(account, rows)
        seen = {row.remote_id for row in rows}
        absent = tuple(run for run in self._live(account) if run.remote_id not in seen)
        return TickReport(changed + await self._explain(backend, account, absent))

    async def _explain(
        self,
        backend: RunBackend,
        account: AccountRow,
        absent: tuple[plan.LiveRun, ...],
    ) -> int:
        if not absent:
            return 0
        changed = 0
        low = await self._low(account)
        window, points = plan.after_active(absent, low=low)
        if window is not None:
            asked_at = backend.server_now()
            rows = await backend.finished_since(window.low)
            # Taken before the rows end their jobs: it bounds what was seen so far.
            low = plan.next_low(self._live(account), asked_at=asked_at)
            changed += await self._looks.apply(account, rows, low=low.isoformat())
            seen = {row.remote_id for row in rows}
            points = plan.points(tuple(r for r in absent if r.remote_id not in seen))
        for query in points:
            changed += await self._looks.point(backend, account, query.remote_id)
        return changed

    async def _low(self, account: AccountRow) -> datetime:
        kept = await self._table.low(account.account_id)
        oldest = min(
            (t.job.created_at for t in self._store.live(account.account_id, Kind.RUN)),
            default=self._clock.time(),
        )
        start = datetime.fromtimestamp(oldest).astimezone() - timedelta(minutes=2)
        return min(datetime.fromisoformat(kept), start) if kept else start

    def _live(self, account: AccountRow) -> tuple[plan.LiveRun, ...]:
        account_id = account.account_id
        return tuple(
            plan.LiveRun(
                remote_id=tracked.job.remote_id,
                phase=tracked.job.phase,
                end_date=tracked.job.end_date,
                looked_at=self._looks.looked_at.get(
                    (account_id, tracked.job.remote_id), 0.0
                ),
            )
            for tracked in self._store.live(account_id, Kind.RUN)
            if tracked.job.remote_id is not None
            and tracked.job.reach is not Reach.FORBIDDEN
        )
