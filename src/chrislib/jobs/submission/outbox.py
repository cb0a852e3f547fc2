"""Drafts on their way to the server: few at a time, paced, stopped by trouble."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chrislib.aio import TaskOwner, spawn
from chrislib.cube.errors import CubeError
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import (
    Job,
    JobChange,
    JobKey,
    Phase,
    ResultState,
    RunIntent,
    is_held,
)
from chrislib.jobs.store import JobStore
from chrislib.jobs.submission.submit import Sent, Submitter

_log = logging.getLogger(__name__)

AT_ONCE = 4
"""POSTs under way together, per account."""
PER_SECOND = 5.0
"""POSTs begun per second, per account."""
_LONGEST_PAUSE = 300.0
_LAST_SECONDS = 2.0


@dataclass(slots=True)
class _Lane:
    """The drafts of one account; a dict keeps their order and forgets fast."""

    direct: dict[JobKey, None] = field(default_factory=dict)
    batches: dict[str, dict[JobKey, None]] = field(default_factory=dict)
    task: "asyncio.Task[None] | None" = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    error: CubeError | None = None
    next_at: float = 0.0
    hold_until: float = 0.0
    failures: int = 0


class Outbox:
    """Sends drafts behind, one lane per account.

    A run on its own goes before those of a batch. After an outcome that is not known
    nothing more is sent for a while: a server in trouble is not given more of it.

    Parameters
    ----------
    store : JobStore
    submitter : Submitter
    clock : Clock
    is_paused : callable
        Whether a batch waits.
    wake : callable
        Gets an account whose turn should come soon.
    look_soon : callable
        Gets jobs that were sent.
    sent : callable
        Gets every outcome.
    back_off : float
        First pause after an unknown outcome, seconds.
    rng : random.Random, optional
    """

    def __init__(
        self,
        *,
        store: JobStore,
        submitter: Submitter,
        clock: Clock,
        is_paused: Callable[[str], bool],
        wake: Callable[[int], None],
        look_soon: Callable[[JobKey], None],
        sent: Callable[[Sent], None],
        back_off: float = 5.0,
        rng: random.Random | None = None,
    ) -> None:
        self._store = store
        self._submitter = submitter
        self._clock = clock
        self._is_paused = is_paused
        self._wake = wake
        self._look_soon = look_soon
        self._told = sent
        self._back_off = back_off
        self._rng = rng or random.Random()
        self._lanes: dict[int, _Lane] = {}
        self._owner = TaskOwner("outbox")
        self._sending: set[asyncio.Task[bool]] = set()
        store.subscribe(self._changed)
        store.subscribe_gone(self._gone)

    def turn(self, account_id: int, backend: RunBackend) -> float:
        """Begin to send what waits; returns seconds until there is more to do.

        Raises
        ------
        CubeError
            What stopped the last attempt.
        """
        lane = self._lane(account_id)
        if lane.error is not None:
            error, lane.error = lane.error, None
            raise error
        if lane.task is not None or self._next(lane) is None:
            return float("inf")
        wait = lane.hold_until - self._clock.monotonic()
        if wait > 0:
            return wait
        lane.task = self._owner.start(
            self._pump(account_id, lane, backend), name="drafts"
        )
        return float("inf")

    def resume(self, account_id: int) -> None:
        """Send again at once: the user asked for it, or a batch goes on."""
        lane = self._lane(account_id)
        lane.hold_until = 0.0
        lane.woken.set()
        self._wake(account_id)

    @property
    def sending(self) -> int:
        """How many drafts were taken up and are not yet answered."""
        return len(self._sending)

    async def close(self) -> None:
        """Stop sending; POSTs under way get a moment to be answered.

        One that is cut off is uncertain at the next start and searched for then.
        """
        await self._owner.close()
        if self._sending:
            pause = spawn(self._clock.sleep(_LAST_SECONDS), name="outbox: last answers")
            rest = asyncio.gather(*self._sending, return_exceptions=True)
            both: set[asyncio.Future[Any]] = {pause, rest}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            pause.cancel()
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    # Inside.

    def _lane(self, account_id: int) -> _Lane:
        return self._lanes.setdefault(account_id, _Lane())

    def _next(self, lane: _Lane) -> JobKey | None:
        for key in lane.direct:
            return key
        for batch_key, keys in lane.batches.items():
            if keys and not self._is_paused(batch_key):
                return next(iter(keys))
        return None

    async def _pump(self, account_id: int, lane: _Lane, backend: RunBackend) -> None:
        running: dict[asyncio.Task[bool], JobKey] = {}
        stopped = False
        try:
            while running or (not stopped and self._next(lane) is not None):
                key = self._next(lane) if len(running) < AT_ONCE else None
                if key is not None and not stopped:
                    await self._paced(lane)
                    # While it was paced the user may have paused or taken back.
                    if key != self._next(lane):
                        continue
                    self._forget(lane, key)
                    task = spawn(self._send(lane, key, backend), name="outbox: POST")
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)
                    running[task] = key
                    # An outcome that is there already may stop the rest.
                    await asyncio.sleep(0)
                    stopped = stopped or _any_failed(running)
                    continue
                lane.woken.clear()
                waker = spawn(lane.woken.wait(), name="outbox: wake")
                try:
                    await asyncio.wait(
                        {*running, waker}, return_when=asyncio.FIRST_COMPLETED
                    )
                finally:
                    waker.cancel()
                stopped = stopped or _any_failed(running)
                running = {t: k for t, k in running.items() if not t.done()}
        finally:
            lane.task = None
            self._wake(account_id)

    async def _paced(self, lane: _Lane) -> None:
        now = self._clock.monotonic()
        if lane.next_at > now:
            await self._clock.sleep(lane.next_at - now)
        lane.next_at = max(lane.next_at, now) + 1.0 / PER_SECOND

    async def _send(self, lane: _Lane, key: JobKey, backend: RunBackend) -> bool:
        """Send one draft (disk, network); False when the lane should stop."""
        try:
            sent = await self._submitter.send(key, backend)
        except Exception:  # noqa: BLE001 - the draft must not fall out of the lane
            _log.exception("a draft could not be sent")
            tracked = self._store.get(key)
            if tracked is not None and _ready(tracked.job):
                self._enter(lane, tracked.job)
            lane.hold_until = self._clock.monotonic() + self._back_off
            return False
        if sent is None:
            return True
        self._told(sent)
        if sent.error is None:
            lane.failures = 0
            self._look_soon(key)
            return True
        if sent.refused:
            return True
        if sent.unsent:
            lane.error = sent.error
            self._hold(lane, sent.error, 0.0)
            return False
        lane.failures += 1
        ceiling = min(_LONGEST_PAUSE, self._back_off * 2.0 ** min(lane.failures, 10))
        self._hold(lane, sent.error, self._rng.uniform(ceiling / 4, ceiling))
        return False

    def _hold(self, lane: _Lane, error: CubeError, seconds: float) -> None:
        try:
            asked = float(error.context.get("retry_after", ""))
        except ValueError:
            asked = 0.0
        until = self._clock.monotonic() + max(seconds, asked)
        lane.hold_until = max(lane.hold_until, until)

    def _enter(self, lane: _Lane, job: Job) -> None:
        batch = lane.batches.setdefault(job.batch_key, {}) if job.batch_key else None
        keys = lane.direct if batch is None else batch
        keys[job.key] = None

    def _forget(self, lane: _Lane, key: JobKey) -> None:
        lane.direct.pop(key, None)
        for batch_key, keys in list(lane.batches.items()):
            keys.pop(key, None)
            if not keys:
                del lane.batches[batch_key]

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        woken: set[int] = set()
        ready: list[Job] = []
        for change in changes:
            job, before = change.after, change.before
            if before is not None and Phase.DRAFT not in (before.phase, job.phase):
                continue  # most changes, thousands at a time
            if not isinstance(job.intent, RunIntent):
                continue
            was = before is not None and _ready(before)
            if _ready(job) and not was:
                ready.append(job)
            elif was and not _ready(job):
                self._forget(self._lane(job.account_id), job.key)
        # Keys are in the order of making; a catalog is read newest first.
        for job in sorted(ready, key=lambda job: job.key):
            self._enter(self._lane(job.account_id), job)
            woken.add(job.account_id)
        for account_id in woken:
            self._lanes[account_id].woken.set()
            self._wake(account_id)

    def _gone(self, jobs: tuple[Job, ...]) -> None:
        for job in jobs:
            if job.account_id in self._lanes:
                self._forget(self._lanes[job.account_id], job.key)


def _ready(job: Job) -> bool:
    """Whether a job waits to be sent."""
    return (
        job.phase is Phase.DRAFT
        and not job.field_errors
        and job.result is not ResultState.DISCARDED
        and not is_held(job.intent)
    )


def _any_failed(running: "dict[asyncio.Task[bool], JobKey]") -> bool:
    return any(
        task.done() and (task.cancelled() or task.exception() or not task.result())
        for task in running
    )
