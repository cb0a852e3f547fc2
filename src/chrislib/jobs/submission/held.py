"""Runs that are written down and wait: for library items, or for another run."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chrislib.aio import TaskOwner
from chrislib.catalog.refusals import CatalogError
from chrislib.jobs import fsm
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import (
    Job,
    JobChange,
    JobKey,
    Phase,
    Progress,
    ResultState,
    RunIntent,
    WorkflowIntent,
    is_held,
)
from chrislib.jobs.steps import Step, Tracked
from chrislib.jobs.store import JobStore

_log = logging.getLogger(__name__)

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Next:
    """A run that hangs under one which is not on the server yet.

    Attributes
    ----------
    under : int
        Which of the ones before it in the same list it hangs under; -1 is the run
        the list belongs to.
    """

    intent: RunIntent | WorkflowIntent
    under: int = -1


class Held:
    """Lets drafts go as soon as what they wait for is there; nothing is polled.

    A draft under another job gets its parent's number when that is on the server, and
    ends where the parent will never be. A draft that waits for library items is let go
    by `release`: what an item is, is the Library's affair.

    Parameters
    ----------
    store : JobStore
    clock : Clock
    freed : callable
        Gets the backend of a job that may be sent now.
    """

    def __init__(
        self, store: JobStore, clock: Clock, *, freed: Callable[[str], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._freed = freed
        self._below: dict[JobKey, set[JobKey]] = {}
        self._waiting: set[JobKey] = set()
        self._owner = TaskOwner("held runs")
        self._writes = False
        store.subscribe(self._changed)
        store.subscribe_gone(self._gone)

    def start(self) -> None:
        """Let drafts go from now on: this process may write the catalog."""
        self._writes = True
        self._look(tuple(self._below))

    def waiting(self, account_id: int) -> list[Job]:
        """Return an account's drafts that wait for library items, oldest first."""
        found = [self._store.get(key) for key in sorted(self._waiting)]
        return [
            tracked.job
            for tracked in found
            if tracked is not None
            and tracked.account_id == account_id
            and tracked.job.result is not ResultState.DISCARDED
        ]

    async def release(self, key: JobKey, parameters: Mapping[str, Value]) -> bool:
        """Have a draft sent: everything it waited for is here (disk).

        Parameters
        ----------
        parameters : mapping
            Take the place of those it was written down with.
        """

        def decide(tracked: Tracked) -> Step | None:
            intent = tracked.job.intent
            if not isinstance(intent, RunIntent) or not _waits(tracked.job):
                return None
            ready = replace(intent, waits_for=(), parameters=dict(parameters))
            return fsm.learn(
                tracked,
                "released",
                now=self._clock.time(),
                intent=ready,
                progress=None,
                detail="",
                hint="",
                field_errors={},
            )

        return await self._store.apply(key, decide)

    async def say(
        self, key: JobKey, detail: str, *, hint: str = "", trouble: bool = False
    ) -> None:
        """Say what a draft waits for (disk); `trouble` needs a person."""
        errors = {"": detail} if trouble else {}

        def decide(tracked: Tracked) -> Step | None:
            job = tracked.job
            if not _waits(job):
                return None
            if (job.detail, job.hint, job.field_errors) == (detail, hint, errors):
                return None
            return fsm.learn(
                tracked,
                "waits",
                now=self._clock.time(),
                detail=detail,
                hint=hint,
                field_errors=errors,
            )

        await self._store.apply(key, decide)

    def progress(self, key: JobKey, *, here: int, total: int) -> None:
        """Show how many of its items are here."""
        self._store.progress(key, Progress(here, total, "items"))

    async def close(self) -> None:
        """Stop; what waits is looked at again at the next start."""
        self._writes = False
        await self._owner.close()

    # Inside.

    def _changed(self, changes: Sequence[JobChange]) -> None:
        due: set[JobKey] = set()
        for change in changes:
            job = change.after
            if _waits(job):
                self._waiting.add(job.key)
            else:
                self._waiting.discard(job.key)
            after = getattr(job.intent, "after", "")
            if after and job.phase is Phase.DRAFT:
                self._below.setdefault(JobKey(after), set()).add(job.key)
                due.add(JobKey(after))
            elif job.key in self._below and _settled(job):
                due.add(job.key)
        self._look(due)

    def _gone(self, jobs: tuple[Job, ...]) -> None:
        self._look([job.key for job in jobs if job.key in self._below])

    def _look(self, keys: Iterable[JobKey]) -> None:
        for key in keys if self._writes else ():
            parent = self._store.get(key)
            if parent is None or _settled(parent.job):
                self._owner.start(self._settle(key), name="settle")

    async def _settle(self, key: JobKey) -> None:
        """Let the drafts below a job go, or end them (disk)."""
        below = self._below.pop(key, set())
        parent = self._store.get(key)
        try:
            for child in sorted(below):
                changed = await self._store.apply(
                    child, lambda tracked: self._decide(tracked, parent)
                )
                now = self._store.get(child)
                if changed and now is not None and not is_held(now.job.intent):
                    self._freed(now.job.backend)
        except CatalogError as error:
            # the window says so; they are looked at again with the next change
            self._below.setdefault(key, set()).update(below)
            _log.info("held runs wait for the catalog: %s", error.title)

    def _decide(self, tracked: Tracked, parent: Tracked | None) -> Step | None:
        job, now = tracked.job, self._clock.time()
        intent = job.intent
        if job.phase is not Phase.DRAFT or not getattr(intent, "after", ""):
            return None
        above = parent.job if parent is not None else None
        if above is not None and _there(above):
            assert isinstance(intent, RunIntent | WorkflowIntent)
            assert above.remote_id is not None
            return fsm.learn(
                tracked,
                "released",
                now=now,
                intent=replace(
                    intent,
                    after="",
                    previous_id=above.remote_id,
                    feed_id=above.feed_id,
                ),
                previous_id=above.remote_id,
                feed_id=above.feed_id,
                detail="",
                hint="",
            )
        if above is not None and above.phase is Phase.DRAFT and not job.batch_key:
            # its author has the refusal on screen, and sends both again
            return fsm.learn(tracked, "dropped", now=now, result=ResultState.DISCARDED)
        return fsm.move(
            tracked,
            Phase.CANCELLED,
            now=now,
            cancel_requested_at=now,
            detail="The run it hangs under was not started.",
            hint="",
        )


def _waits(job: Job) -> bool:
    return job.phase is Phase.DRAFT and bool(getattr(job.intent, "waits_for", ()))


def _there(job: Job) -> bool:
    """Whether a run is on the server: something can hang under it."""
    gone = job.phase in (Phase.GONE, Phase.ORPHANED)
    return job.remote_id is not None and not gone


def is_refused(job: Job) -> bool:
    """Whether the server said no: what a job still waits for is no refusal."""
    return (
        job.phase is Phase.DRAFT and bool(job.field_errors) and not is_held(job.intent)
    )


def _settled(job: Job) -> bool:
    """Whether it is known what becomes of what hangs under a job.

    A batch must come to its end: nobody is there to correct one of its members.
    """
    dropped = job.phase is Phase.DRAFT and job.result is ResultState.DISCARDED
    refused = bool(job.batch_key) and is_refused(job)
    return _there(job) or job.phase.terminal or dropped or refused
