"""What becomes of a look at the server: rows applied, and what their absence means.

A row that is not there (404) is looked for again before its job counts as gone, and
then its feed is asked: a feed that is no longer shared hides its runs as well. A row
that may not be seen (403) says something about that one job only.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import AccountRow
from chrislib.cube.errors import Forbidden, NotFound
from chrislib.jobs import causes, fsm, steps
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import JobKey, Kind, Phase, Reach
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling.bookkeeper import iso
from chrislib.jobs.polling.ledger import Run
from chrislib.jobs.polling.queries import SUCCESS
from chrislib.jobs.steps import Observation, Tracked
from chrislib.jobs.store import Decide, Decision, JobStore

_log = logging.getLogger(__name__)

_AFTER_CANCEL = (Phase.CANCELLED, Phase.FAILED, Phase.CANCELLED_UPSTREAM)


class LogKeeper(Protocol):
    """Keeps logs before the server overwrites them."""

    async def before(self, pairs: list[tuple[JobKey, Observation]], /) -> None:
        """Keep what the rows bring of runs at their end, before they count (disk)."""

    async def observe(self, pairs: list[tuple[JobKey, Observation]], /) -> set[JobKey]:
        """Keep what the rows bring (disk); returns who should be looked at at once."""


class Looks:
    """Turns rows of the server into changes of jobs.

    Parameters
    ----------
    store : JobStore
    table : JobTable
    clock : Clock
    pace : Pace
    logs : LogKeeper, optional
        In place of the plain one.

    Attributes
    ----------
    looked_at : dict
        When each run of an account was last seen, monotonic seconds; the key is
        (account_id, remote_id).
    hidden : set of JobKey
        Jobs of runs that we may not see any more.
    """

    def __init__(
        self,
        store: JobStore,
        table: JobTable,
        *,
        clock: Clock,
        pace: Pace,
        logs: LogKeeper | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._pace = pace
        self._logs = logs or _PlainLogs(store, table, clock)
        self._missing: dict[JobKey, float] = {}
        self._missing_feeds: dict[tuple[int, int], float] = {}
        self._soon: set[JobKey] = set()
        self._logless: set[JobKey] = set()
        self.looked_at: dict[tuple[int, int], float] = {}
        self.hidden: set[JobKey] = set()

    async def apply(
        self,
        account: AccountRow,
        rows: Iterable[Observation],
        *,
        low: str | None = None,
    ) -> int:
        """Apply a page in one transaction (disk); returns how many jobs changed.

        Rows of runs that nobody follows change nothing.

        Parameters
        ----------
        low : str, optional
            The watermark (ISO time by the server) that this page makes true.
        """
        now = self._clock.monotonic()
        seen: list[tuple[JobKey, Observation]] = []
        for row in rows:
            self.looked_at[account.account_id, row.remote_id] = now
            key = self.owner(account, row.remote_id)
            if key is not None:
                seen.append((key, row))
                self._missing.pop(key, None)
                if row.feed_id is not None:
                    feed = (account.account_id, row.feed_id)
                    self._missing_feeds.pop(feed, None)
        ended = {key for key, _ in seen if self._live(key)}
        beside = {row.remote_id: row.remote_status for _, row in seen}
        await self._logs.before(seen)
        changed = await self._store.apply_page(
            [Decision(key, self._reducer(row, beside)) for key, row in seen],
            low=(account.account_id, low) if low is not None else None,
        )
        at = self._clock.time()
        self._store.looked([key for key, _ in seen], Reach.FRESH, at)
        self.hidden.difference_update(key for key, _ in seen)
        self._logless |= await self._logs.observe(seen)
        # CUBE sometimes takes a cancel back, within seconds.
        self._soon |= {
            key
            for key in ended
            if (found := self._store.get(key)) is not None
            and found.job.phase in _AFTER_CANCEL
        }
        return changed

    async def point(
        self, backend: RunBackend, account: AccountRow, remote_id: int
    ) -> int:
        """Look at one run (network, disk); returns how many jobs changed.

        Raises
        ------
        CubeError
            The server said nothing about this run: it did not answer, or not to us.
        """
        feed_id = self._feed_in_doubt(account, remote_id)
        if feed_id is not None:
            return await self._look_at_feed(backend, account, feed_id)
        try:
            row = await backend.look(remote_id)
        except NotFound:
            return await self.not_found(backend, account, remote_id)
        except Forbidden:
            return self.forbidden(account, remote_id)
        first = self._wants_parent(account, row)
        changed = await self.point(backend, account, first) if first else 0
        return changed + await self.apply(account, [row])

    def ended_well(self, account: AccountRow, run: Run) -> Observation:
        """Return what a row would have told of a run that numbers tell of.

        It is as of now: all that the numbers were told for was asked before.
        """
        now = self._clock.monotonic()
        found = self._store.by_token(
            account.account_id, account.server_uuid, run.remote_id
        )
        return Observation(
            run.remote_id,
            SUCCESS,
            "",
            sent=now,
            received=now,
            source="count",
            # The dates were fixed when the files began to be registered.
            start_date=found.job.start_date if found else iso(run.start),
            end_date=found.job.end_date if found else iso(run.end),
            feed_id=run.feed_id,
            deletion_status=found.deletion_status if found else "",
        )

    def take_soon(self) -> set[JobKey]:
        """Return, once, the jobs that are worth another look within seconds."""
        soon, self._soon = self._soon, set()
        return soon

    def take_logless(self) -> set[JobKey]:
        """Return, once, the jobs whose log can be had now and soon not any more."""
        logless, self._logless = self._logless, set()
        return logless

    def owner(self, account: AccountRow, remote_id: int) -> JobKey | None:
        """Return the job that a run of the account belongs to."""
        found = self._store.by_token(account.account_id, account.server_uuid, remote_id)
        return found.job.key if found is not None else None

    def _live(self, key: JobKey) -> bool:
        found = self._store.get(key)
        return found is not None and not found.job.phase.terminal

    def _reducer(self, row: Observation, beside: Mapping[int, str]) -> Decide:
        """Return how a row changes its job; `beside` are the statuses of its page."""

        def decide(tracked: Tracked) -> steps.Step | None:
            return fsm.reduce(
                tracked,
                row,
                now=self._clock.time(),
                parent=self._parent(tracked, row, beside),
                settle=self._pace.settle,
            )

        return decide

    def _parent(
        self, tracked: Tracked, row: Observation, beside: Mapping[int, str]
    ) -> Phase | None:
        """Return what the run before this one is doing, by this page or as known."""
        if row.previous_id is None:
            return None
        status = beside.get(row.previous_id)
        if status is not None:
            return causes.PHASE_OF_STATUS.get(status, Phase.CANCELLED)
        above = self._above(tracked, row.previous_id)
        return above.job.phase if above is not None else None

    def _above(self, tracked: Tracked, previous_id: int) -> Tracked | None:
        return self._store.by_token(
            tracked.account_id, tracked.server_uuid, previous_id
        )

    def _wants_parent(self, account: AccountRow, row: Observation) -> int | None:
        """Return the run to look at first, to tell why this one was cancelled.

        What its parent's failure cancelled was cancelled seconds after it; the parent
        may not have been looked at since.
        """
        key = self.owner(account, row.remote_id)
        tracked = self._store.get(key) if key is not None else None
        if tracked is None or row.previous_id is None or row.error_code:
            return None
        if row.remote_status != "cancelled" or tracked.job.phase.terminal:
            return None
        above = self._above(tracked, row.previous_id)
        known = above is None or above.job.phase.terminal
        asked = tracked.job.cancel_requested_at is not None
        return None if known or asked else row.previous_id

    # Rows that are not there, or not for us.

    async def feed_not_found(self, account: AccountRow, feed_id: int) -> int:
        """Take a 404 for a feed (disk): all its runs share it.

        The first is remembered, one 30 s later means that they are gone; returns how
        many jobs changed.
        """
        now = self._clock.monotonic()
        first = self._missing_feeds.setdefault((account.account_id, feed_id), now)
        waited = now - first >= self._pace.gone
        keys = [
            tracked.job.key
            for tracked in self._store.of_feed(account.account_id, feed_id)
            if tracked.job.kind is Kind.RUN
            and tracked.job.remote_id is not None
            and tracked.server_uuid == account.server_uuid
            and not tracked.job.phase.terminal
        ]
        return await self._store.apply_page(
            [Decision(key, self._missing_step(waited=waited)) for key in keys]
        )

    def feed_forbidden(self, account: AccountRow, feed_id: int) -> None:
        """Take a 403 for a feed: it is there, but no longer shared with this user."""
        for tracked in self._store.of_feed(account.account_id, feed_id):
            if not tracked.job.phase.terminal and tracked.job.remote_id is not None:
                self.forbidden(account, tracked.job.remote_id)

    def _feed_in_doubt(self, account: AccountRow, remote_id: int) -> int | None:
        """Return the feed of a run if the feed itself was not found last time.

        It answers for all its runs: none of them is asked for on its own.
        """
        key = self.owner(account, remote_id)
        tracked = self._store.get(key) if key is not None else None
        feed_id = tracked.job.feed_id if tracked is not None else None
        if feed_id is None or (account.account_id, feed_id) not in self._missing_feeds:
            return None
        return feed_id

    async def _look_at_feed(
        self, backend: RunBackend, account: AccountRow, feed_id: int
    ) -> int:
        """Look whether a feed that was not found is there again, 30 s later."""
        feed = (account.account_id, feed_id)
        waited = self._clock.monotonic() - self._missing_feeds[feed]
        if waited < self._pace.gone:
            return 0
        try:
            await backend.of_feed(feed_id)
        except Forbidden:
            self._missing_feeds.pop(feed, None)
            self.feed_forbidden(account, feed_id)
        except NotFound:
            return await self.feed_not_found(account, feed_id)
        else:
            self._missing_feeds.pop(feed, None)
        return 0

    async def not_found(
        self, backend: RunBackend, account: AccountRow, remote_id: int
    ) -> int:
        """Take a 404 for a run (network, disk); returns how many jobs changed."""
        key = self.owner(account, remote_id)
        tracked = self._store.get(key) if key is not None else None
        if key is None or tracked is None:
            return 0
        now = self._clock.monotonic()
        self.looked_at[account.account_id, remote_id] = now
        # Counted on the monotonic clock: no run is gone because a person set the
        # computer's clock. After a restart the second look is the first again.
        waited = now - self._missing.setdefault(key, now) >= self._pace.gone
        if not waited and tracked.missing_since is not None:
            return 0
        feed_id = tracked.job.feed_id
        if feed_id is not None and not tracked.deletion_status:
            try:
                # a feed that is not shared any more hides its runs as well
                await backend.of_feed(feed_id)
            except Forbidden:
                self.feed_forbidden(account, feed_id)
                return 0
            except NotFound:
                changed = await self.feed_not_found(account, feed_id)
                if changed or not waited:
                    return changed
        return int(await self._store.apply(key, self._missing_step(waited=waited)))

    def _missing_step(self, *, waited: bool) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            if tracked.missing_since is not None and not waited:
                return None
            # a wall clock that was set back must not keep it from being gone
            now = max(self._clock.time(), tracked.missing_since or 0.0)
            return fsm.missing(tracked, now=now, after=0.0)

        return decide

    def forbidden(self, account: AccountRow, remote_id: int) -> int:
        """Take a 403 for a run: it says something about this one only."""
        key = self.owner(account, remote_id)
        if key is not None:
            now = self._clock.monotonic()
            self.looked_at[account.account_id, remote_id] = now
            self._missing.pop(key, None)
            self._store.looked([key], Reach.FORBIDDEN, None)
            self.hidden.add(key)
        return 0


class _PlainLogs:
    """Keeps each log that a row brings, if it is another than before."""

    def __init__(self, store: JobStore, table: JobTable, clock: Clock) -> None:
        self._store = store
        self._table = table
        self._clock = clock
        self._kept: dict[JobKey, str] = {}

    async def before(self, pairs: list[tuple[JobKey, Observation]], /) -> None:
        return

    async def observe(self, pairs: list[tuple[JobKey, Observation]], /) -> set[JobKey]:
        for key, row in pairs:
            tracked = self._store.get(key)
            if not row.log or tracked is None or self._kept.get(key) == row.log:
                continue
            self._kept[key] = row.log
            await self._table.save_log(
                key, epoch=tracked.job.epoch, text=row.log, at=self._clock.time()
            )
            if tracked.job.phase.terminal:
                del self._kept[key]
        return set()
