"""The jobs in memory, and the only way to change one: commit first, then publish."""

import asyncio
import logging
import os
import time
import uuid
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from chrislib.aio import spawn
from chrislib.catalog.job_pages import StaleJob
from chrislib.catalog.jobs import JobTable
from chrislib.copies import replace
from chrislib.jobs import codec, loading, writing
from chrislib.jobs.clock import Clock
from chrislib.jobs.known import Known, loaded
from chrislib.jobs.model import Job, JobChange, JobKey, Kind, Progress, Reach
from chrislib.jobs.steps import Step, Tracked

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

Decide = Callable[[Tracked], Step | None]
"""Looks at a job as it is and says what changes; may be asked again."""

_PROGRESS_EVERY = 1.0
"""Seconds between two writes of a transfer's progress."""
_TRIES = 5
_SLICE = 100
"""Jobs decided on before the window gets its turn: some 2 ms."""
_SMALL = 100
PAGE = 500
"""Most jobs one transaction changes."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One job's part in a page of changes."""

    key: JobKey
    decide: Decide


def new_key(now: float | None = None) -> JobKey:
    """Return a UUIDv7 (RFC 9562 5.7): unique, and ordered by the time it was made."""
    stamp = int((time.time() if now is None else now) * 1000)
    value = stamp << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return JobKey(str(uuid.UUID(int=value & (1 << 128) - 1)))


class JobStore:
    """Every job of the catalog in memory, with one transaction per change.

    Parameters
    ----------
    table : JobTable
    clock : Clock
    """

    def __init__(self, table: JobTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._known = Known()
        self._lock = asyncio.Lock()
        self._subscribers: list[Callable[[tuple[JobChange, ...]], None]] = []
        self._gone_subscribers: list[Callable[[tuple[Job, ...]], None]] = []
        self._inbox_subscribers: list[Callable[[], None]] = []
        self._progress_at: dict[JobKey, float] = {}

    async def load(self) -> None:
        """Read the catalog's jobs into memory (disk) and tell who listens already.

        Once more after another process had the catalog: what it changed is shown, what
        it took away is forgotten.
        """
        async with self._lock:
            with loading.undisturbed():
                rows = await self._table.load(loading.COLUMNS)
                known, changes = await asyncio.to_thread(
                    loaded, rows, dict(self._known.jobs)
                )
            self.forget(self._known.jobs.keys() - known.jobs.keys())
            self._known = known
            self._publish(changes)

    async def catch_up(self) -> None:
        """See what another process has written since (disk)."""
        async with self._lock:
            rows = await self._table.load(("job_key", "seq"))
            self.forget(set(self._known.jobs) - {row[0] for row in rows})
            changes = []
            for key, seq in rows:
                known = self._known.jobs.get(key)
                if known is not None and known.job.seq == seq:
                    continue
                await self._reload(key)
                now = self._known.jobs.get(key)
                if now is not None:
                    before = known.job if known is not None else None
                    changes.append(JobChange(before, now.job))
            self._publish(changes)

    def get(self, key: JobKey) -> Tracked | None:
        """Return a job as it is now."""
        return self._known.jobs.get(key)

    def all(self) -> list[Tracked]:
        """Return every job, newest first."""
        return self._known.newest()

    def live(self, account_id: int | None, kind: Kind | None = None) -> list[Tracked]:
        """Return jobs that have not ended, of one account or all, oldest first."""
        found = (self._known.jobs[key] for key in self._known.live)
        return sorted(
            (
                tracked
                for tracked in found
                if account_id in (None, tracked.account_id)
                and (kind is None or tracked.job.kind is kind)
            ),
            key=lambda t: (t.job.created_at, t.job.key),
        )

    def live_count(self) -> int:
        """Return how many jobs have not ended, of all accounts and kinds."""
        return len(self._known.live)

    def any_live(self, account_id: int, kind: Kind) -> bool:
        """Whether an account has a job of that kind that has not ended."""
        found = (self._known.jobs[key] for key in self._known.live)
        return any(t.account_id == account_id and t.job.kind is kind for t in found)

    def owing_notes(self, account_id: int) -> list[Tracked]:
        """Return the account's jobs whose feed has not got its note yet."""
        found = (self._known.jobs[key] for key in self._known.owing)
        return [tracked for tracked in found if tracked.account_id == account_id]

    def by_token(
        self, account_id: int, server_uuid: str, remote_id: int
    ) -> Tracked | None:
        """Return the job that owns a remote run."""
        key = self._known.tokens.get((account_id, server_uuid, remote_id))
        return self._known.jobs.get(key) if key is not None else None

    def by_remote(self, remote_id: int) -> Tracked | None:
        """Return the newest job of a remote run on any account."""
        found = [
            self._known.jobs[key]
            for (_, _, number), key in self._known.tokens.items()
            if number == remote_id
        ]
        return max(found, key=lambda t: t.job.created_at, default=None)

    def by_service_token(
        self, account_id: int, backend: str, *, server_uuid: str, token: str
    ) -> Tracked | None:
        """Return the job that owns a service's token."""
        key = self._known.names.get((account_id, backend, server_uuid, token))
        return self._known.jobs.get(key) if key is not None else None

    def of_feed(self, account_id: int, feed_id: int) -> list[Tracked]:
        """Return every job of a feed, in no order."""
        keys = self._known.of_feed.get((account_id, feed_id), ())
        return [self._known.jobs[key] for key in keys]

    def of_batch(self, batch_key: str) -> list[Tracked]:
        """Return every job of a batch, in no order."""
        return [
            self._known.jobs[key] for key in self._known.of_batch.get(batch_key, ())
        ]

    async def add(self, steps: Sequence[Step]) -> None:
        """Journal new jobs, all in one transaction (disk)."""
        await self._carried_through(self._add(steps))

    async def apply(self, key: JobKey, decide: Decide) -> bool:
        """Decide on one job and commit it (disk); True if that changed it."""
        return await self.apply_page([Decision(key, decide)]) > 0

    async def apply_page(
        self, decisions: Sequence[Decision], *, low: tuple[int, str] | None = None
    ) -> int:
        """Decide on a page of jobs and commit all of it together (disk).

        Parameters
        ----------
        low : (account_id, ISO time), optional
            Watermark to be moved in the same transaction.

        Returns
        -------
        int
            How many jobs changed.
        """
        return await self._carried_through(self._apply_page(decisions, low=low))

    async def apply_all(self, keys: Sequence[JobKey], decide: Decide) -> int:
        """Decide on many jobs, a page at a time (disk); returns how many changed."""
        changed = 0
        # Small pages: between two of them the window gets its turn.
        for start in range(0, len(keys), _SMALL):
            page = [Decision(key, decide) for key in keys[start : start + _SMALL]]
            changed += await self.apply_page(page)
        return changed

    async def absorb(self, key: JobKey, decide: Decide, other: JobKey) -> bool:
        """Change a job that takes the place of another row of the same run (disk).

        The other row goes in the same transaction, so that its token is never
        without a row and never in two.
        """
        return await self._carried_through(self._absorb(key, decide, other))

    def progress(self, key: JobKey, progress: Progress) -> None:
        """Show how far a transfer is; kept about once a second (disk, later)."""
        tracked = self._known.jobs.get(key)
        if tracked is None or tracked.job.progress == progress:
            return
        self._show(tracked, replace(tracked.job, progress=progress))
        now = self._clock.monotonic()
        ended = progress.total is not None and progress.done >= progress.total
        if ended or now - self._progress_at.get(key, -1e9) >= _PROGRESS_EVERY:
            self._progress_at[key] = now
            text = codec.progress_to_json(progress)
            spawn(self._table.save_progress(key, text), name="jobs: progress")

    def looked(self, keys: Iterable[JobKey], reach: Reach, at: float | None) -> None:
        """Note how good the last look was: never a change of state."""
        changes = []
        for key in keys:
            tracked = self._known.jobs.get(key)
            if tracked is None:
                continue
            before = tracked.job
            checked = at if at is not None else before.checked_at
            job = replace(before, reach=reach, checked_at=checked)
            self._known.jobs[key] = replace(tracked, job=job)
            if before.reach is not reach:
                changes.append(JobChange(before, job))
        self._publish(changes)

    def subscribe(
        self, callback: Callable[[tuple[JobChange, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` after each commit; returns how to stop that."""
        self._subscribers.append(callback)
        return lambda: _drop(self._subscribers, callback)

    def subscribe_gone(
        self, callback: Callable[[tuple[Job, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` with jobs whose rows went; returns how to stop that."""
        self._gone_subscribers.append(callback)
        return lambda: _drop(self._gone_subscribers, callback)

    def subscribe_inbox(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when the inbox has changed; returns how to stop that."""
        self._inbox_subscribers.append(callback)
        return lambda: _drop(self._inbox_subscribers, callback)

    def inbox_changed(self) -> None:
        """Tell subscribers that the inbox has changed."""
        for callback in tuple(self._inbox_subscribers):
            try:
                callback()
            except Exception:  # noqa: BLE001 - a view must not stop the manager
                _log.exception("a subscriber of the inbox failed")

    # Inside.

    @staticmethod
    async def _carried_through(work: Coroutine[Any, Any, _T]) -> _T:
        """Finish a commit and its publication even if the caller is cancelled."""
        return await asyncio.shield(
            spawn(work, name="jobs: commit", on_error=_commit_failed)
        )

    async def _add(self, steps: Sequence[Step]) -> None:
        async with self._lock:
            await self._table.commit(
                lambda: [writing.write(step, None) for step in steps]
            )
            for step in steps:
                self._known.remember(step.tracked)
            self._publish([JobChange(None, step.tracked.job) for step in steps])

    async def _apply_page(
        self, decisions: Sequence[Decision], *, low: tuple[int, str] | None
    ) -> int:
        async with self._lock:
            for _ in range(_TRIES):
                before, steps = await self._decide(decisions)
                if not steps and low is None:
                    return 0
                try:
                    await self._table.commit(
                        partial(writing.writes, steps, before), low=low
                    )
                except StaleJob as stale:
                    for key in stale.job_keys:
                        await self._reload(JobKey(key))
                    continue
                await self._committed(before, list(steps.values()))
                return len(steps)
        raise RuntimeError("a job changed under every attempt to change it")

    async def _absorb(self, key: JobKey, decide: Decide, other: JobKey) -> bool:
        async with self._lock:
            tracked, loser = self._known.jobs.get(key), self._known.jobs.get(other)
            step = decide(tracked) if tracked is not None else None
            if tracked is None or step is None or loser is None:
                return False
            await self._table.commit([writing.write(step, tracked, absorbs=other)])
            self.forget([other])
            await self._committed({key: tracked}, [step])
            return True

    def _vanished(self, job: Job) -> None:
        for callback in tuple(self._gone_subscribers):
            try:
                callback((job,))
            except Exception:  # noqa: BLE001 - a view must not stop the manager
                _log.exception("a subscriber of the jobs failed")

    async def _decide(
        self, decisions: Sequence[Decision]
    ) -> tuple[dict[JobKey, Tracked], dict[JobKey, Step]]:
        before: dict[JobKey, Tracked] = {}
        steps: dict[JobKey, Step] = {}
        for number, decision in enumerate(decisions, 1):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            if decision.key in steps:
                continue  # lists can hold a run twice; the first one is as good
            tracked = self._known.jobs.get(decision.key)
            step = decision.decide(tracked) if tracked is not None else None
            if tracked is None or step is None:
                continue
            before[decision.key] = tracked
            steps[decision.key] = step
        return before, steps

    async def _committed(
        self, before: dict[JobKey, Tracked], steps: Sequence[Step]
    ) -> None:
        changes = []
        for number, step in enumerate(steps, 1):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            tracked = step.tracked
            key = tracked.job.key
            kept, old = self._known.jobs.get(key), before[key].job
            if kept is None:
                continue  # forgotten while this was committed
            if kept.job is not old:
                # How good the look was may have been noted while this was committed.
                tracked = replace(tracked, job=_with_notes(tracked.job, kept.job, old))
            self._known.remember(tracked)
            changes.append(JobChange(old, self._known.jobs[key].job))
        self._publish(changes)
        if any(step.notices or step.withdrawn for step in steps):
            self.inbox_changed()

    async def _reload(self, key: JobKey) -> None:
        row = await self._table.get(key)
        if row is None:
            self.forget([key])
            return
        self._known.remember(codec.from_row(row))

    def forget(self, keys: Iterable[JobKey]) -> None:
        """Drop jobs from memory: their rows are no longer in the catalog."""
        for key in keys:
            job = self._known.forget(key)
            if job is not None:
                self._vanished(job)

    def _show(self, tracked: Tracked, job: Job) -> None:
        self._known.jobs[job.key] = replace(tracked, job=job)
        self._publish([JobChange(tracked.job, job)])

    def _publish(self, changes: Sequence[JobChange]) -> None:
        if not changes:
            return
        batch = tuple(changes)
        for callback in tuple(self._subscribers):
            try:
                callback(batch)
            except Exception:  # noqa: BLE001 - a view must not stop the manager
                _log.exception("a subscriber of the jobs failed")


def _commit_failed(error: BaseException) -> None:
    # The caller gets it too, unless it went away meanwhile.
    _log.warning("a change of a job was not kept: %s", type(error).__name__)


def _with_notes(job: Job, noted: Job, old: Job) -> Job:
    """Return a changed job with what was noted of `old` meanwhile."""
    reach = noted.reach if old.reach is not noted.reach else job.reach
    progress = noted.progress if job.progress is old.progress else job.progress
    return replace(job, reach=reach, progress=progress)


def _drop(callbacks: list[Any], callback: object) -> None:
    if callback in callbacks:
        callbacks.remove(callback)
