"""What a service is asked for besides how jobs are: stops, deletions, logs."""

import logging
from typing import TYPE_CHECKING

from chrislib.jobs import decisions
from chrislib.jobs.model import JobKey, Retention
from chrislib.jobs.protocols import (
    Backend,
    JobCanceller,
    JobObserver,
    JobPurger,
    LogReader,
    ServiceRefused,
    ServiceUnreachable,
    UnknownToken,
)
from chrislib.jobs.serving.calls import observed, purged
from chrislib.jobs.serving.live import ServiceJobs
from chrislib.jobs.steps import Step, Tracked

if TYPE_CHECKING:
    from collections.abc import Callable

    from chrislib.jobs.serving.follower import Tools
    from chrislib.jobs.serving.submission import Call

_log = logging.getLogger(__name__)

_CANCELS = 3
_LOG_SECONDS = 3600.0
_PURGES = (Retention.PURGE_REQUESTED, Retention.PURGING)


class ServiceCare:
    """The wishes about one service's jobs, carried out until they are done.

    Parameters
    ----------
    backend : Backend
    jobs : ServiceJobs
    tools : Tools
    call : Call
    wake : callable
        Asks the follower for a turn.
    """

    def __init__(
        self,
        backend: Backend,
        jobs: ServiceJobs,
        *,
        tools: "Tools",
        call: "Call",
        wake: "Callable[[], None]",
    ) -> None:
        self._backend = backend
        self._jobs = jobs
        self._tools = tools
        self._store = tools.store
        self._clock = tools.clock
        self._call = call
        self._wake = wake
        self._cancels: dict[JobKey, int] = {}
        self._cancel_after: dict[JobKey, float] = {}
        self._purging: set[JobKey] = set()
        self._log_due: set[JobKey] = set()

    def begin(self) -> None:
        """Take up what was asked for before this process."""
        for tracked in self._jobs.all():
            if tracked.job.retention in _PURGES:
                self._purging.add(tracked.job.key)
            # One that ended just before we did may have its log still to be kept.
            ended = tracked.job.terminal_at
            if ended is not None and self._clock.time() - ended < _LOG_SECONDS:
                self._log_due.add(tracked.job.key)

    def purge_soon(self, key: JobKey) -> None:
        """Carry out the deletion that was asked for."""
        self._purging.add(key)
        self._wake()

    @property
    def busy(self) -> bool:
        """Whether a deletion is under way."""
        return bool(self._purging)

    async def cancel_again(self) -> None:
        """Ask for every stop not asked for yet, or lost (network)."""
        backend = self._backend
        if not isinstance(backend, JobCanceller):
            return
        now = self._clock.monotonic()
        for tracked in self._jobs.followed():
            key, job = tracked.job.key, tracked.job
            if job.cancel_requested_at is None or now < self._cancel_after.get(key, 0):
                continue
            asked = self._cancels.get(key, 0)
            if asked >= _CANCELS:
                continue
            # One stop the service chokes on must not hold the others up.
            self._cancel_after[key] = now + self._tools.pace.back_off
            try:
                await self._call(backend.cancel(job.token))
            except (ServiceRefused, UnknownToken):
                _log.info("a job ended before its cancel arrived")
            self._cancels[key] = asked + 1
            self._cancel_after[key] = now + self._tools.pace.settle

    async def purge(self) -> None:
        """Delete what the user wants deleted there (network, disk)."""
        backend = self._backend
        if not isinstance(backend, JobPurger):
            return
        for key in tuple(self._purging):
            tracked = self._store.get(key)
            if tracked is None or tracked.job.retention not in _PURGES:
                self._purging.discard(key)
                continue
            deleting = tracked.job.retention is Retention.PURGING
            if deleting and isinstance(backend, JobObserver):
                await self._look_whether_gone(key, tracked.job.token)
                continue
            try:
                ticket = await self._call(purged(backend, tracked.job.token))
            except ServiceRefused as error:
                said = " ".join(part for part in (error.title, error.detail) if part)
                await self._retain(key, Retention.PURGE_FAILED, said)
                continue
            done = Retention.PURGED if ticket.done else Retention.PURGING
            await self._retain(key, done, ticket.detail)

    async def _look_whether_gone(self, key: JobKey, token: str) -> None:
        found = await self._call(observed(self._backend, (token,)))
        if token in found and found[token] is None:
            await self._retain(key, Retention.PURGED)

    async def _retain(self, key: JobKey, to: Retention, detail: str = "") -> None:
        def decide(tracked: Tracked) -> Step | None:
            if to not in decisions.RETENTION_EDGES[tracked.job.retention]:
                return None
            return decisions.retain(
                tracked, to, now=self._clock.time(), source="point", detail=detail
            )

        await self._store.apply(key, decide)
        if to is not Retention.PURGING:
            self._purging.discard(key)

    async def logs(self) -> None:
        """Keep what a job printed once it has ended, while the service has it."""
        backend = self._backend
        ended = self._jobs.ended()
        if not isinstance(backend, LogReader):
            return
        self._log_due |= ended
        for key in tuple(self._log_due):
            self._log_due.discard(key)
            tracked = self._store.get(key)
            if tracked is None or not tracked.job.token:
                continue
            try:
                text = await self._call(backend.log(tracked.job.token))
            except (ServiceRefused, UnknownToken):
                continue
            except ServiceUnreachable:
                self._log_due.add(key)
                raise
            if isinstance(text, str) and text:
                await self._tools.keep_log(key, text)
