"""Hands jobs over to a service once, and finds out when the answer was lost."""

import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chrislib.aio import TaskOwner
from chrislib.catalog.refusals import CatalogError
from chrislib.catalog.rows import AccountRow
from chrislib.jobs import fsm
from chrislib.jobs.marshal import NotMarshalled
from chrislib.jobs.model import Job, JobKey, Phase, is_held
from chrislib.jobs.protocols import (
    Backend,
    CredentialsNeeded,
    JobFinder,
    JobLister,
    JobStatus,
    JobSubmitter,
    Order,
    ServiceError,
    ServiceRefused,
    ServiceUnreachable,
    UnknownToken,
)
from chrislib.jobs.serving.calls import PluginFault, checked, gathered
from chrislib.jobs.serving.live import ServiceJobs
from chrislib.jobs.steps import Observation, Step, Tracked

if TYPE_CHECKING:
    from chrislib.jobs.serving.follower import Tools

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_EARLIER = 60.0
"""Seconds a job may seem older than its intent: clocks differ."""
_KEEPS = 5
_UNCERTAIN = "It is not known whether the service took this job."


class Call(Protocol):
    """Calls a plug-in behind the guard."""

    def __call__(
        self, work: Coroutine[Any, Any, _T], limit: float | None = None
    ) -> Coroutine[Any, Any, _T]:
        """Return what it answers (network)."""


class ServiceSubmission:
    """The way of one service's jobs from the journal to a token.

    Parameters
    ----------
    backend : Backend
    account : AccountRow
    jobs : ServiceJobs
    tools : Tools
    call : Call
    wake : callable
        Asks the follower for a turn.
    """

    def __init__(
        self,
        backend: Backend,
        account: AccountRow,
        *,
        jobs: ServiceJobs,
        tools: "Tools",
        call: Call,
        wake: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._account = account
        self._jobs = jobs
        self._tools = tools
        self._store = tools.store
        self._clock = tools.clock
        self._call = call
        self._wake = wake
        self._owner = TaskOwner(f"service {backend.name}: submit")
        self._sending: set[JobKey] = set()
        self._looks: dict[JobKey, float] = {}
        self._waits_until = 0.0

    async def close(self) -> None:
        """Stop waiting for answers; what was sent is looked for at the next start."""
        await self._owner.close()

    async def interrupted(self) -> None:
        """At start: a submission that was under way has an unknown outcome (disk)."""
        for tracked in self._jobs.in_phase(Phase.SUBMITTING):
            if tracked.job.key not in self._sending:
                await self._uncertain(tracked.job.key)

    def send(self) -> None:
        """Hand over what waits, as many at once as the service likes (network)."""
        if self._clock.monotonic() < self._waits_until:
            return
        for tracked in self._jobs.in_phase(Phase.DRAFT):
            key = tracked.job.key
            room = max(1, self._backend.manner.at_once) - len(self._sending)
            if room <= 0:
                return
            if key not in self._sending and self._ready(tracked.job):
                self._sending.add(key)
                self._owner.start(self._send(key), name="send")

    def due(self) -> float | None:
        """Return seconds until something here should be done, None for nothing."""
        now = self._clock.monotonic()
        times = []
        room = len(self._sending) < max(1, self._backend.manner.at_once)
        drafts = self._jobs.in_phase(Phase.DRAFT)
        if room and any(self._ready(tracked.job) for tracked in drafts):
            times.append(self._waits_until)
        uncertain = self._jobs.in_phase(Phase.SUBMIT_UNCERTAIN)
        times += [self._looks.get(tracked.job.key, now) for tracked in uncertain]
        return max(0.01, min(times) - now) if times else None

    def _ready(self, job: Job) -> bool:
        """Whether a draft may be handed over."""
        if job.field_errors or is_held(job.intent):
            return False
        return not (job.batch_key and self._tools.is_paused(job.batch_key))

    # One job.

    async def _send(self, key: JobKey) -> None:
        try:
            await self._send_once(key)
        except CatalogError as error:
            # What is not journaled is not sent; the disk may be better later.
            _log.info("a submission waits for the catalog: %s", error.title)
            self._waits_until = self._clock.monotonic() + self._tools.pace.back_off
        finally:
            self._sending.discard(key)
            self._wake()

    async def _send_once(self, key: JobKey) -> None:
        if not await self._move(key, Phase.DRAFT, Phase.SUBMITTING, detail="", hint=""):
            return
        tracked = self._store.get(key)
        backend = self._backend
        if tracked is None or not isinstance(backend, JobSubmitter):
            await self._back(key, "This service takes no jobs from here.", stop=True)
            return
        order = Order(key, tracked.job.intent, self._clock.time())
        sent = self._clock.monotonic()
        try:
            status = checked(
                await self._call(
                    backend.submit(order),
                    backend.manner.answer_timeout,
                )
            )
        except (ServiceError, PluginFault) as error:
            await self._not_taken(key, error)
            return
        await self._taken(key, status, sent=sent)

    async def _taken(self, key: JobKey, status: JobStatus, *, sent: float) -> None:
        owner = self._owner_of(status.token)
        if owner is not None and owner.job.key != key:
            _log.warning("service %s gave a token twice", self._backend.name)
            await self._fail(key, "The service answered with another job's token.")
            return
        try:
            await self.keep_answer(key, status)
        except (OSError, NotMarshalled) as error:
            _log.warning("an answer could not be kept: %s", type(error).__name__)
            await self._fail(key, "Its answer came but could not be kept here.")
            return
        received = self._clock.monotonic()
        look = observation(status, sent=sent, received=received, source="submit")
        await self._store.apply(key, lambda t: self._reduced(t, look))
        if status.progress is not None:
            self._store.progress(key, status.progress)

    async def keep_answer(self, key: JobKey, status: JobStatus) -> None:
        """Keep a result that came with the answer, before the job ends (disk).

        A job is only shown as finished when its result cannot be lost any more.
        """
        if status.result is None:
            return
        for attempt in range(_KEEPS):
            try:
                await self._tools.answers.keep(key, status.result)
            except OSError:
                if attempt == _KEEPS - 1:
                    raise
                await self._clock.sleep(self._tools.pace.back_off)
            else:
                return

    async def _not_taken(self, key: JobKey, error: Exception) -> None:
        if isinstance(error, ServiceRefused | UnknownToken):
            fields = error.fields if isinstance(error, ServiceRefused) else {}
            said = " ".join(part for part in (error.title, error.detail) if part)
            await self._back(key, said, hint=error.hint, fields=fields, stop=True)
            return
        never = isinstance(error, CredentialsNeeded) or (
            isinstance(error, ServiceUnreachable) and not error.sent
        )
        if never:
            least = getattr(error, "retry_after", 0.0)
            wait = max(self._tools.pace.back_off, least)
            self._waits_until = self._clock.monotonic() + wait
            await self._back(
                key,
                "Not sent yet: the service is not reached.",
                hint="It is sent when the service answers.",
            )
            return
        _log.warning(
            "outcome of a submission to %s unknown: %s", self._backend.name, error
        )
        await self._uncertain(key)

    # Uncertain ones.

    async def reconcile(self) -> None:
        """Look for jobs whose submission got no answer (network, disk)."""
        now = self._clock.monotonic()
        waiting = self._jobs.in_phase(Phase.SUBMIT_UNCERTAIN)
        for tracked in waiting:
            self._looks.setdefault(tracked.job.key, now + self._delay(tracked))
        due = [t for t in waiting if self._looks[t.job.key] <= now]
        if not due:
            return
        if not isinstance(self._backend, JobFinder | JobLister):
            for tracked in due:
                await self._fail(
                    tracked.job.key,
                    "The service's answer was lost, and it cannot be asked again.",
                )
            return
        pairs = await self._found(due)
        for tracked in due:
            key = tracked.job.key
            status = pairs.get(key)
            if status is not None:
                await self._taken(key, status, sent=self._clock.monotonic())
                self._looks.pop(key, None)
            else:
                await self._store.apply(key, self._looked_in_vain)
                self._looks.pop(key, None)

    async def _found(self, due: Sequence[Tracked]) -> dict[JobKey, JobStatus]:
        """Return what the service has of these, paired; each token once."""
        backend = self._backend
        if isinstance(backend, JobFinder):
            pairs: dict[JobKey, JobStatus] = {}
            for tracked in due:
                job = tracked.job
                order = Order(job.key, job.intent, job.created_at)
                found = [checked(s) for s in await self._call(_listed(backend, order))]
                taken = {status.token for status in pairs.values()}
                free = [s for s in found if self._free(s) and s.token not in taken]
                pairs |= _paired([tracked], free)
            return pairs
        assert isinstance(backend, JobLister)
        queue = [checked(s) for s in await self._call(gathered(backend.list_jobs()))]
        return _paired(due, [status for status in queue if self._free(status)])

    def _free(self, status: JobStatus) -> bool:
        return bool(status.token) and self._owner_of(status.token) is None

    def _looked_in_vain(self, tracked: Tracked) -> Step | None:
        if tracked.job.phase is not Phase.SUBMIT_UNCERTAIN:
            return None
        now = self._clock.time()
        looks = tracked.reconcile_looks + 1
        if looks < len(self._tools.pace.reconcile):
            return fsm.learn(tracked, "looked", now=now, reconcile_looks=looks)
        return fsm.move(
            replace(tracked, reconcile_looks=looks),
            Phase.NOT_SUBMITTED,
            now=now,
            source="reconcile",
            detail="The service never got this job.",
            hint="Run it again.",
        )

    def _delay(self, tracked: Tracked) -> float:
        times = self._tools.pace.reconcile
        look = min(tracked.reconcile_looks, len(times) - 1)
        return times[look] - (times[look - 1] if look else 0.0)

    # Steps.

    def _reduced(self, tracked: Tracked, look: Observation) -> Step | None:
        if tracked.job.phase.terminal:
            return None
        return fsm.reduce(tracked, look, now=self._clock.time(), settle=0.0)

    async def _uncertain(self, key: JobKey) -> None:
        await self._move(
            key,
            Phase.SUBMITTING,
            Phase.SUBMIT_UNCERTAIN,
            detail=_UNCERTAIN,
            hint="The service is being asked.",
        )

    async def _back(
        self,
        key: JobKey,
        detail: str,
        *,
        hint: str = "",
        fields: Any = None,
        stop: bool = False,
    ) -> None:
        """Return a job that was not taken to its author; `stop` keeps it there."""
        errors = dict(fields or {}) or ({"": detail} if stop else {})
        await self._move(
            key,
            Phase.SUBMITTING,
            Phase.DRAFT,
            detail=detail,
            hint=hint,
            field_errors=errors,
        )

    async def _fail(self, key: JobKey, detail: str) -> None:
        def decide(tracked: Tracked) -> Step | None:
            if tracked.job.phase.terminal:
                return None
            return fsm.move(
                tracked,
                Phase.FAILED,
                now=self._clock.time(),
                detail=detail,
                hint="Run it again.",
                error_code="LOST",
            )

        await self._store.apply(key, decide)

    async def _move(self, key: JobKey, start: Phase, to: Phase, **changes: Any) -> bool:
        def decide(tracked: Tracked) -> Step | None:
            if tracked.job.phase is not start:
                return None
            return fsm.move(tracked, to, now=self._clock.time(), **changes)

        return await self._store.apply(key, decide)

    def _owner_of(self, token: str) -> Tracked | None:
        if not token:
            return None
        return self._store.by_service_token(
            self._account.account_id,
            self._backend.name,
            server_uuid=self._account.server_uuid,
            token=token,
        )


def observation(
    status: JobStatus, *, sent: float, received: float, source: str
) -> Observation:
    """Return a service's word about a job as the look that brought it."""
    return Observation(
        remote_id=0,
        remote_status=status.status or status.phase.value.lower(),
        error_code=status.error_code,
        sent=sent,
        received=received,
        source=source,
        title=status.title,
        feed_id=status.feed_id,
        workflow_id=status.workflow_id,
        token=status.token,
        phase=status.phase,
        detail=status.detail,
        hint=status.hint,
    )


async def _listed(backend: JobFinder, order: Order) -> Sequence[JobStatus]:
    found = await backend.find(order)
    if not isinstance(found, list | tuple):
        raise PluginFault(f"it answered with {type(found).__name__}")
    return found


def _paired(
    due: Sequence[Tracked], free: Sequence[JobStatus]
) -> dict[JobKey, JobStatus]:
    """Give each order the job it made.

    A job that carries our key is ours for certain. Without keys jobs of the same
    title are interchangeable: they are paired in the order they were made, never with
    one that is older than its order.
    """
    left = list(free)
    pairs: dict[JobKey, JobStatus] = {}
    for tracked in due:
        own = next((s for s in left if s.key == tracked.job.key), None)
        if own is not None:
            pairs[tracked.job.key] = own
            left.remove(own)
    left = [status for status in left if not status.key]
    for tracked in sorted(due, key=lambda t: t.job.created_at):
        job = tracked.job
        if job.key in pairs:
            continue
        fits = [
            status
            for status in left
            if status.title == job.title
            and status.submitted_at is not None
            and status.submitted_at >= job.created_at - _EARLIER
        ]
        if fits:
            pairs[job.key] = min(fits, key=lambda s: s.submitted_at or 0.0)
            left.remove(pairs[job.key])
    return pairs
