"""The loop that follows runs: sweeps by list, quick looks, one breaker."""

import asyncio
import logging
import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from chrislib.aio import spawn
from chrislib.catalog.jobs import JobTable
from chrislib.cube.errors import CubeError, Forbidden, NotFound, Refused
from chrislib.jobs import fsm, plan
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.fsm import Observation, Tracked
from chrislib.jobs.link import Link
from chrislib.jobs.model import JobKey, Kind, Phase, Reach
from chrislib.jobs.pace import Pace
from chrislib.jobs.store import Decide, Decision, JobStore
from chrislib.jobs.submissions import Submissions

_log = logging.getLogger(__name__)

_ON_SCREEN = 2
_ON_SCREEN_SECONDS = 600.0
_HANDED_OVER = (Phase.STAGING_IN, Phase.QUEUED, Phase.RUNNING, Phase.STAGING_OUT)
_AFTER_CANCEL = (Phase.CANCELLED, Phase.FAILED, Phase.CANCELLED_UPSTREAM)


class Poller:
    """Follows every live run of the present account.

    Parameters
    ----------
    store : JobStore
    table : JobTable
    link : Link
    submissions : Submissions
    clock : Clock
    pace : Pace
    rng : random.Random, optional
        For jitter.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        table: JobTable,
        link: Link,
        submissions: Submissions,
        clock: Clock,
        pace: Pace,
        rng: random.Random | None = None,
    ) -> None:
        self._store = store
        self._table = table
        self._link = link
        self._submissions = submissions
        self._chores_at = 0.0
        self._clock = clock
        self._pace = pace
        self._rng = rng or random.Random()
        self._woken = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []
        self._fast: dict[JobKey, list[float]] = {}
        self._looked_at: dict[int, float] = {}
        self._logs: dict[JobKey, str] = {}
        self._sweep_at = 0.0
        self._screen_at = 0.0
        self._sweep_asked = False
        self._quiet = 0
        self._failures = 0
        self.watched_feed: int | None = None

    async def run(self) -> None:
        """Follow runs until cancelled (network, disk); nothing ends it otherwise."""
        try:
            while True:
                waiters, self._waiters = self._waiters, []
                try:
                    wait = await self._guarded_turn()
                finally:
                    _release(waiters)
                await self._pause(wait)
        finally:
            _release(self._waiters)

    def wake(self, *, sweep: bool = False) -> None:
        """Take the next turn now; with `sweep` look at everything."""
        self._sweep_asked = self._sweep_asked or sweep
        self._woken.set()

    async def looked(self) -> None:
        """Wake the loop and return after it has taken one full look."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self.wake(sweep=True)
        await waiter

    def look_soon(self, key: JobKey) -> None:
        """Look at a run 2, 5 and 10 s from now: it was just submitted or cancelled."""
        now = self._clock.monotonic()
        self._fast[key] = [now + delay for delay in self._pace.fast]
        # The next sweep may be far away: there was nothing to follow until now.
        self._sweep_at = min(self._sweep_at, now + self._pace.base)
        self._quiet = 0
        self.wake()

    # One turn.

    async def _guarded_turn(self) -> float:
        try:
            wait = await self._turn()
        except CubeError as error:
            await self._link.failed(error)
            return self._after_failure(error)
        except Exception:  # noqa: BLE001 - the loop outlives every bug in it
            _log.exception("a turn of the poller failed")
            return self._after_failure(None)
        self._failures = 0
        return wait

    def _after_failure(self, error: CubeError | None) -> float:
        self._failures += 1
        ceiling = min(
            self._pace.back_off_limit,
            self._pace.back_off * 2 ** min(self._failures, 10),
        )
        # Full jitter, but never so short that a dead server is hammered.
        wait = self._rng.uniform(ceiling / 4, ceiling)
        asked = error.context.get("retry_after", "") if error is not None else ""
        try:
            return max(wait, float(asked))
        except ValueError:
            return wait

    async def _turn(self) -> float:
        if self._link.paused:
            return self._pace.back_off_limit
        backend = await self._link.current()
        account = self._link.account
        if backend is None or account is None:
            return self._pace.base
        if self._link.reach is not Reach.FRESH:
            # The cheapest question first: nothing is sent into the dark.
            await backend.probe()
            self._link.answered()
        account_id = account.account_id
        wanted = await self._submissions.turn(account, backend)
        self._chores_at = self._clock.monotonic() + wanted
        await self._write_notes(account_id, backend)
        await self._fast_looks(backend)
        await self._look_at_screen(account_id, backend)
        if self._sweep_asked or self._clock.monotonic() >= self._sweep_at:
            self._sweep_asked = False
            await self._sweep(account_id, backend)
        return self._until_next(account_id)

    def _until_next(self, account_id: int) -> float:
        now = self._clock.monotonic()
        due = [self._sweep_at, self._chores_at]
        due += [times[0] for times in self._fast.values() if times]
        if self._on_screen(account_id):
            due.append(self._screen_at)
        return max(0.0, min(due) - now)

    async def _write_notes(self, account_id: int, backend: RunBackend) -> None:
        for tracked in self._store.owing_notes(account_id):
            job = tracked.job
            if job.feed_id is None or job.remote_id is None:
                continue
            note = getattr(job.intent, "note", "")
            try:
                await backend.write_note(job.feed_id, note)
            except (NotFound, Forbidden, Refused) as error:
                _log.warning("note of a feed refused: %s", type(error).__name__)
            await self._store.apply(job.key, self._noted)

    def _noted(self, tracked: Tracked) -> fsm.Step | None:
        if not tracked.note_pending:
            return None
        now = self._clock.time()
        return fsm.learn(tracked, "note_written", now=now, note_pending=False)

    async def _fast_looks(self, backend: RunBackend) -> None:
        now = self._clock.monotonic()
        for key, times in list(self._fast.items()):
            if not times or times[0] > now:
                continue
            self._fast[key] = [at for at in times if at > now]
            if not self._fast[key]:
                del self._fast[key]
            tracked = self._store.get(key)
            if tracked is None or tracked.job.remote_id is None:
                continue
            if tracked.job.phase.terminal and tracked.job.phase not in _AFTER_CANCEL:
                self._fast.pop(key, None)
                continue
            await self._point(backend, tracked.job.remote_id, key=key)

    def _on_screen(self, account_id: int) -> list[int]:
        """Return the runs someone looks at now, a few, not for hours.

        CUBE 7 overwrites a log half a second after the end, and with it the reason
        of a failure: only looking this often gets it.
        """
        since = self._clock.time() - _ON_SCREEN_SECONDS
        return [
            tracked.job.remote_id
            for tracked in self._store.live(account_id, Kind.RUN)
            if tracked.job.remote_id is not None
            and tracked.job.feed_id == self.watched_feed
            and tracked.job.phase in _HANDED_OVER
            and tracked.job.changed_at > since
        ][:_ON_SCREEN]

    async def _look_at_screen(self, account_id: int, backend: RunBackend) -> None:
        if self._clock.monotonic() < self._screen_at:
            return
        for remote_id in self._on_screen(account_id):
            await self._point(backend, remote_id)
        self._screen_at = self._clock.monotonic() + self._pace.log

    async def _sweep(self, account_id: int, backend: RunBackend) -> None:
        live = self._live(account_id)
        changed = 0
        if live:
            rows = await backend.active()
            changed += await self._observe(rows)
            seen = {row.remote_id for row in rows}
            absent = tuple(r for r in self._live(account_id) if r.remote_id not in seen)
            changed += await self._explain(account_id, backend, absent)
            self._link.answered()
        self._quiet = 0 if changed else self._quiet + 1
        still = self._live(account_id)
        period = plan.interval(
            self._pace.base,
            live=len(still),
            watched=self._is_watched(account_id),
            quiet_ticks=self._quiet,
        )
        jitter = self._rng.uniform(0.85, 1.15)
        self._sweep_at = self._clock.monotonic() + period * jitter

    async def _explain(
        self, account_id: int, backend: RunBackend, absent: tuple[plan.LiveRun, ...]
    ) -> int:
        """Look at followed runs the active list did not hold."""
        if not absent:
            return 0
        changed = 0
        window, points = plan.after_active(absent, low=await self._low(account_id))
        if window is not None:
            asked_at = backend.server_now()
            rows = await backend.finished_since(window.low)
            # Taken before the rows end their jobs: it bounds what was seen so far.
            low = plan.next_low(self._live(account_id), asked_at=asked_at)
            changed += await self._observe(rows, low=(account_id, low.isoformat()))
            seen = {row.remote_id for row in rows}
            points = plan.points(tuple(r for r in absent if r.remote_id not in seen))
        for query in points:
            changed += await self._point(backend, query.remote_id)
        return changed

    async def _low(self, account_id: int) -> datetime:
        kept = await self._table.low(account_id)
        oldest = min(
            (t.job.created_at for t in self._store.live(account_id, Kind.RUN)),
            default=self._clock.time(),
        )
        start = datetime.fromtimestamp(oldest).astimezone() - timedelta(minutes=2)
        if not kept:
            return start
        return min(datetime.fromisoformat(kept), start)

    async def _point(
        self, backend: RunBackend, remote_id: int, key: JobKey | None = None
    ) -> int:
        try:
            return await self._observe([await backend.look(remote_id)])
        except NotFound:
            owner = key or self._owner(remote_id)
            if owner is None:
                return 0

            def decide(tracked: Tracked) -> fsm.Step | None:
                now = self._clock.time()
                return fsm.missing(tracked, now=now, after=self._pace.gone)

            return int(await self._store.apply(owner, decide))
        except Forbidden:
            owner = key or self._owner(remote_id)
            if owner is not None:
                self._store.looked([owner], Reach.FORBIDDEN, None)
            return 0

    # Observations.

    async def _observe(
        self, rows: Iterable[Observation], *, low: tuple[int, str] | None = None
    ) -> int:
        now = self._clock.monotonic()
        decisions, seen = [], []
        for row in rows:
            self._looked_at[row.remote_id] = now
            key = self._owner(row.remote_id)
            if key is not None:
                decisions.append(Decision(key, self._reducer(row)))
                seen.append((key, row))
        changed = await self._store.apply_page(decisions, low=low)
        at = self._clock.time()
        self._store.looked([key for key, _ in seen], Reach.FRESH, at)
        self._link.answered()
        for key, row in seen:
            await self._keep_log(key, row)
            tracked = self._store.get(key)
            if tracked is None:
                continue
            if tracked.job.phase in _AFTER_CANCEL and key not in self._fast:
                fresh = tracked.job.terminal_at is not None and (
                    at - tracked.job.terminal_at < 1e-3 + self._pace.fast[0]
                )
                if fresh:
                    self._fast[key] = [now + d for d in self._pace.fast]
        return changed

    def _reducer(self, row: Observation) -> Decide:
        def decide(tracked: Tracked) -> fsm.Step | None:
            parent = None
            if row.previous_id is not None:
                above = self._store.by_token(
                    tracked.account_id, tracked.server_uuid, row.previous_id
                )
                parent = above.job.phase if above is not None else None
            return fsm.reduce(
                tracked,
                row,
                now=self._clock.time(),
                parent=parent,
                settle=self._pace.settle,
            )

        return decide

    async def _keep_log(self, key: JobKey, row: Observation) -> None:
        """Keep the log while it can be had: CUBE 7 overwrites it after the end."""
        if not row.log or self._logs.get(key) == row.log:
            return
        tracked = self._store.get(key)
        if tracked is None:
            return
        self._logs[key] = row.log
        await self._table.save_log(
            key, epoch=tracked.job.epoch, text=row.log, at=self._clock.time()
        )
        if tracked.job.phase.terminal:
            del self._logs[key]

    def _owner(self, remote_id: int) -> JobKey | None:
        account = self._link.account
        if account is None:
            return None
        tracked = self._store.by_token(
            account.account_id, account.server_uuid, remote_id
        )
        return tracked.job.key if tracked is not None else None

    def _live(self, account_id: int) -> tuple[plan.LiveRun, ...]:
        return tuple(
            plan.LiveRun(
                remote_id=tracked.job.remote_id,
                phase=tracked.job.phase,
                end_date=tracked.job.end_date,
                looked_at=self._looked_at.get(tracked.job.remote_id, 0.0),
            )
            for tracked in self._store.live(account_id, Kind.RUN)
            if tracked.job.remote_id is not None
        )

    def _is_watched(self, account_id: int) -> bool:
        return self.watched_feed is not None and any(
            tracked.job.feed_id == self.watched_feed
            for tracked in self._store.live(account_id, Kind.RUN)
        )

    # Waiting.

    async def _pause(self, seconds: float) -> None:
        sleeper = spawn(self._clock.sleep(seconds), name="jobs: pause")
        waker = spawn(self._woken.wait(), name="jobs: wake")
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()
            self._woken.clear()


def _release(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
