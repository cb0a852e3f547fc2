"""Follows the jobs of one service: submit once, look, cancel, delete, keep the log."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from chrislib.aio import TaskOwner, spawn
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.refusals import CatalogError
from chrislib.catalog.rows import AccountRow, InboxRowText
from chrislib.errors import ChrislibError
from chrislib.jobs import fsm, steps
from chrislib.jobs.clock import Clock
from chrislib.jobs.marshal import Answers
from chrislib.jobs.model import JobKey, Reach
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling.breaker import Breaker, Limits
from chrislib.jobs.polling.gate import TokenBucket
from chrislib.jobs.protocols import (
    Backend,
    CredentialsNeeded,
    JobLister,
    JobObserver,
    JobStatus,
    ServiceError,
    ServiceRefused,
    ServiceUnreachable,
)
from chrislib.jobs.serving.calls import (
    PluginFault,
    checked,
    gathered,
    guarded,
    observed,
)
from chrislib.jobs.serving.care import ServiceCare
from chrislib.jobs.serving.live import ServiceJobs
from chrislib.jobs.serving.submission import ServiceSubmission, observation
from chrislib.jobs.steps import Step, Tracked
from chrislib.jobs.store import Decision, JobStore

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

FAULTS = 3
"""Faults of a plug-in in a row after which it is set aside."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Tools:
    """What every follower of a service works with."""

    store: JobStore
    table: JobTable
    clock: Clock
    pace: Pace
    answers: Answers
    keep_log: Callable[[JobKey, str], Coroutine[Any, Any, None]]
    rng: random.Random
    is_paused: Callable[[str], bool]
    """Whether a batch waits: nothing of it is handed over."""


class ServiceFollower:
    """One service on one account.

    Parameters
    ----------
    backend : Backend
        What speaks to it, with any subset of the protocols.
    account : AccountRow
        Under which its jobs are filed.
    tools : Tools
    on_fault : callable
        Told why the plug-in should be set aside.
    """

    def __init__(
        self,
        backend: Backend,
        account: AccountRow,
        *,
        tools: Tools,
        on_fault: Callable[[str], None],
    ) -> None:
        self.backend = backend
        self.account = account
        self.reach = Reach.FRESH
        self.checked_at: float | None = None
        self._tools = tools
        self._store = tools.store
        self._clock = tools.clock
        self._on_fault = on_fault
        limits = Limits(
            base=tools.pace.back_off,
            most=tools.pace.back_off_limit,
            probe=tools.pace.probe,
        )
        self._breaker = Breaker(limits, tools.rng)
        self._woken = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []
        self._owner = TaskOwner(f"service {backend.name}")
        self._jobs = ServiceJobs(tools.store, account, backend.name)
        self._submission = ServiceSubmission(
            backend,
            account,
            jobs=self._jobs,
            tools=tools,
            call=self._call,
            wake=self.look_soon,
        )
        self._care = ServiceCare(
            backend, self._jobs, tools=tools, call=self._call, wake=self._woken.set
        )
        self._faults = 0
        self._quiet = 0
        self._refused = False
        self._answered = False
        # 60 a minute and 10 at once, as for a CUBE, when the period is 15 s.
        self._bucket = TokenBucket(rate=15 / tools.pace.base, burst=10)
        self._look_at = 0.0
        self._soon: list[float] = []
        self._looked_at: dict[JobKey, float] = {}
        self._asides_after = 0.0
        self._asked_until = 0.0

    def start(self) -> None:
        """Follow from now on (network, disk)."""
        self._owner.start(self._run(), name="follow")

    async def stop(self) -> None:
        """Stop following; the work goes on where it is."""
        self._jobs.close()
        await self._submission.close()
        await self._owner.close()
        self._release()

    def wake(self) -> None:
        """Take the next turn now."""
        self._quiet = 0
        self._woken.set()

    def look_soon(self) -> None:
        """Look 2, 5 and 10 s from now: a job was handed over or asked to stop."""
        now = self._clock.monotonic()
        # The look that is due next stays due, however many more are handed over.
        later = [now + delay for delay in self._tools.pace.fast]
        self._soon = sorted([*self._soon[:1], *later])
        self.wake()

    async def looked(self) -> None:
        """Return after one full look (network), or none when it asked to be left."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        if self._clock.monotonic() >= self._asked_until:
            self._breaker.hurry()
        self.wake()
        await waiter

    def purge_soon(self, key: JobKey) -> None:
        """Carry out the deletion that was asked for."""
        self._care.purge_soon(key)

    async def queue(self) -> list[JobStatus]:
        """Return what the service has of this user (network).

        Raises
        ------
        ServiceError
            It does not answer, or cannot list.
        """
        backend = self.backend
        if not isinstance(backend, JobLister):
            raise ServiceRefused(
                "This service does not list its jobs.",
                "Jobs that are known here are followed all the same.",
            )
        return [checked(s) for s in await self._call(gathered(backend.list_jobs()))]

    # The loop.

    async def _run(self) -> None:
        try:
            await self._begin()
            while True:
                waiters, self._waiters = self._waiters, []
                try:
                    wait = await self._guarded_turn(asked=bool(waiters))
                finally:
                    self._release(waiters)
                await self._pause(wait)
        finally:
            self._release()

    async def _begin(self) -> None:
        await self._submission.interrupted()
        self._care.begin()

    async def _guarded_turn(self, *, asked: bool) -> float | None:
        held = self._breaker.wait(self._clock.monotonic())
        if held > 0:
            return max(0.01, held)
        try:
            await self._turn(asked=asked)
        except ServiceError as error:
            await self._failed(error)
            return max(0.05, self._breaker.wait(self._clock.monotonic()))
        except PluginFault as fault:
            return self._fault(str(fault))
        except CatalogError as error:
            _log.info("a turn of a service waits for the catalog: %s", error.title)
            return self._tools.pace.back_off
        except Exception:  # noqa: BLE001 - the loop outlives every bug in it
            _log.exception("a turn of a service failed")
            self._breaker.failed(self._clock.monotonic())
            return max(1.0, self._breaker.wait(self._clock.monotonic()))
        return self._after_turn()

    async def _turn(self, *, asked: bool) -> None:
        """Look first: what goes wrong with wishes must not keep us from looking."""
        self._answered = False
        self._submission.send()
        now = self._clock.monotonic()
        if asked or now >= min([self._look_at, *self._soon[:1]]):
            self._soon = [time for time in self._soon if time > now]
            self._look_at = now + self._period()
            await self._observe()
        now = self._clock.monotonic()
        if now < self._asides_after:
            return
        trouble: ServiceError | PluginFault | None = None
        for aside in (
            self._submission.reconcile,
            self._care.cancel_again,
            self._care.purge,
            self._care.logs,
        ):
            try:
                await aside()
            except (ServiceError, PluginFault) as error:
                trouble = trouble or error
        if trouble is None:
            return
        self._asides_after = now + self._tools.pace.back_off
        if isinstance(trouble, PluginFault) or not self._answered:
            raise trouble
        _log.info("service %s: %s", self.backend.name, trouble.title)

    def _after_turn(self) -> float | None:
        """Return seconds until the next turn, None for when something happens."""
        now = self._clock.monotonic()
        times = []
        if self._jobs.any_followed or self._care.busy:
            times += [self._look_at, *self._soon[:1]]
        due = self._submission.due()
        if due is not None:
            times.append(max(now + due, self._asides_after))
        return max(0.01, min(times) - now) if times else None

    def _period(self) -> float:
        """Return seconds until the next look, longer while nothing happens."""
        base = self._tools.pace.base
        period = min(self.backend.manner.period or base, base)
        self._quiet += 1
        period *= min(4.0, 1 + max(0, self._quiet - 3) / 8)
        return period * self._tools.rng.uniform(0.85, 1.15)

    async def _failed(self, error: ServiceError) -> None:
        least = error.retry_after if isinstance(error, ServiceUnreachable) else 0.0
        if isinstance(error, CredentialsNeeded):
            least = 6 * self._tools.pace.base
        now = self._clock.monotonic()
        self._breaker.failed(now, least=least)
        self._asked_until = now + getattr(error, "retry_after", 0.0)
        if isinstance(error, CredentialsNeeded):
            if not self._refused:
                self._refused = True
                await self._tell_credentials()
            self._become(Reach.AUTH_REQUIRED)
        elif isinstance(error, ServiceUnreachable):
            self._become(Reach.OFFLINE)
        else:
            self._become(Reach.STALE)

    def _fault(self, reason: str) -> float:
        _log.warning("plug-in %s failed: %s", self.backend.name, reason)
        self._faults += 1
        self._breaker.failed(self._clock.monotonic())
        if self._faults >= FAULTS:
            self._on_fault(reason)
        self._become(Reach.STALE)
        return max(0.05, self._breaker.wait(self._clock.monotonic()))

    async def _call(
        self, work: Coroutine[Any, Any, _T], limit: float | None = None
    ) -> _T:
        """Call the plug-in behind the guard, and note that it answered."""
        result = await guarded(
            work,
            clock=self._clock,
            limit=limit or self.backend.manner.timeout,
            name=self.backend.name,
        )
        self._faults = 0
        self._answered = True
        self._breaker.succeeded()
        self._refused = False
        self.checked_at = self._clock.time()
        self._become(Reach.FRESH)
        return result

    # Looking.

    async def _observe(self) -> None:
        backend = self.backend
        followed = self._jobs.followed()
        if not followed:
            self._looked_at.clear()
            return
        if isinstance(backend, JobObserver):
            size = max(1, min(_PAGE, backend.manner.batch))
            # Whoever was not looked at for longest comes first, when not all fit.
            followed.sort(key=lambda t: self._looked_at.get(t.job.key, 0.0))
            for start in range(0, len(followed), size):
                now = self._clock.monotonic()
                if self._bucket.wait(now) > 0:
                    self._look_at = now + self._tools.pace.shortest
                    break
                self._bucket.take(now)
                await self._observe_batch(followed[start : start + size])
        elif isinstance(backend, JobLister):
            sent = self._clock.monotonic()
            known = {status.token: status for status in await self.queue()}
            await self._take([(t, known.get(t.job.token)) for t in followed], sent=sent)

    async def _observe_batch(self, batch: Sequence[Tracked]) -> None:
        sent = self._clock.monotonic()
        tokens = [tracked.job.token for tracked in batch]
        found = await self._call(observed(self.backend, tokens))
        pairs = [(t, found[t.job.token]) for t in batch if t.job.token in found]
        await self._take(pairs, sent=sent)

    async def _take(
        self, pairs: Sequence[tuple[Tracked, JobStatus | None]], *, sent: float
    ) -> None:
        """Apply a page of looks in one transaction (disk)."""
        received = self._clock.monotonic()
        decisions = []
        for tracked, status in pairs:
            if status is None:
                decide: Callable[[Tracked], Step | None] = self._not_there
            else:
                await self._submission.keep_answer(tracked.job.key, status)
                look = observation(status, sent=sent, received=received, source="point")
                decide = self._reducer(look)
            decisions.append(Decision(tracked.job.key, decide))
        changed = 0
        for start in range(0, len(decisions), _PAGE):
            page = decisions[start : start + _PAGE]
            changed += await self._store.apply_page(page)
        for tracked, status in pairs:
            if status is not None and status.progress is not None:
                self._store.progress(tracked.job.key, status.progress)
        keys = [tracked.job.key for tracked, status in pairs if status is not None]
        self._looked_at |= dict.fromkeys((t.job.key for t, _ in pairs), sent)
        self._store.looked(keys, Reach.FRESH, self._clock.time())
        if changed:
            self._quiet = 0

    def _reducer(self, look: steps.Observation) -> Callable[[Tracked], Step | None]:
        def decide(tracked: Tracked) -> Step | None:
            return fsm.reduce(tracked, look, now=self._clock.time(), settle=0.0)

        return decide

    def _not_there(self, tracked: Tracked) -> Step | None:
        now = self._clock.time()
        return fsm.missing(tracked, now=now, after=self._tools.pace.gone)

    def _become(self, reach: Reach) -> None:
        if self.reach is reach:
            return
        _log.info("reach of service %s: %s", self.backend.name, reach.value)
        self.reach = reach
        keys = [tracked.job.key for tracked in self._jobs.live()]
        self._store.looked(keys, reach, None)

    async def _tell_credentials(self) -> None:
        now = self._clock.time()
        row = InboxRowText(
            dedupe_key=f"account:{self.account.account_id}:AUTH:{now:.3f}",
            account_id=self.account.account_id,
            kind="AUTH",
            created_at=now,
            title="Sign in again",
            body=f"The service {self.backend.name} no longer accepts the sign-in. "
            "Jobs go on there and are followed again afterwards.",
        )
        try:
            if await self._tools.table.add_inbox(row):
                self._store.inbox_changed()
        except ChrislibError:
            _log.info("a sign-in that was refused could not be noted")

    async def _pause(self, seconds: float | None) -> None:
        waker = spawn(self._woken.wait(), name="service: wake")
        tasks: set[asyncio.Task[Any]] = {waker}
        if seconds is not None:
            tasks.add(spawn(self._clock.sleep(seconds), name="service: pause"))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            self._woken.clear()

    def _release(self, waiters: Iterable[asyncio.Future[None]] | None = None) -> None:
        for waiter in self._waiters if waiters is None else waiters:
            if not waiter.done():
                waiter.set_result(None)
