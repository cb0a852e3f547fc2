"""Submissions whose answer was lost: the server is searched, nothing is sent again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from chrislib.errors import ChrislibError
from chrislib.jobs import decisions, fsm, steps
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, JobChange, JobKey, Phase
from chrislib.jobs.steps import Tracked
from chrislib.jobs.store import Decide, JobStore
from chrislib.jobs.submission.latecomers import DENIED
from chrislib.jobs.submission.lost import by_spec, candidates, paired, spec_of
from chrislib.jobs.submission.submit import Submitter

_log = logging.getLogger(__name__)

AMBIGUOUS = "AMBIGUOUS"
"""`Job.error_code` of an uncertain submission only the user can tell more about."""

_AFTER = 0.2
"""Part of the first delay after which a look that had to wait is made."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A run on the server that an uncertain submission may have made.

    Attributes
    ----------
    started : str
        ISO 8601, by the server.
    """

    remote_id: int
    feed_id: int | None
    title: str
    status: str
    started: str


@dataclass(slots=True)
class _Watch:
    """When an uncertain submission is looked for; monotonic seconds."""

    since: float
    looked: float | None
    due: float


class Reconciler:
    """Finds the runs of uncertain submissions, or proves that there are none.

    Parameters
    ----------
    store : JobStore
    submitter : Submitter
    clock : Clock
    delays : tuple of float
        Seconds after the doubt began at which the server is searched. After the last
        one without a find, the run was never made.
    look_soon : callable
        Gets jobs that were found.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        submitter: Submitter,
        clock: Clock,
        delays: tuple[float, ...],
        look_soon: Callable[[JobKey], None],
    ) -> None:
        self._store = store
        self._submitter = submitter
        self._clock = clock
        self._delays = delays
        self._look_soon = look_soon
        self._watched: dict[int, dict[JobKey, _Watch]] = {}
        store.subscribe(self._changed)
        store.subscribe_gone(self._gone)

    def search_now(self, account_id: int) -> None:
        """Search once more at the next turn, whatever was planned: at each start."""
        for watch in self._watched.get(account_id, {}).values():
            watch.due = self._clock.monotonic()

    def pending(self, account_id: int) -> list[Tracked]:
        """Return the account's jobs whose run may be on the server unknown to us."""
        return [
            tracked
            for tracked in self._store.live(account_id)
            if tracked.job.phase in (Phase.SUBMITTING, Phase.SUBMIT_UNCERTAIN)
        ]

    async def turn(self, account_id: int, backend: RunBackend) -> float:
        """Make the searches that are due (network, disk).

        Returns
        -------
        float
            Seconds until the next one.

        Raises
        ------
        CubeError
            A search failed: it does not count as one.
        """
        await self._submitter.settle_lost()
        now = self._clock.monotonic()
        watched = self._watched.get(account_id, {})
        due = {key for key, watch in watched.items() if watch.due <= now}
        if due:
            for spec, group in by_spec(self._store, watched).items():
                mine = due & {t.job.key for t in group}
                if mine:
                    await self._search(account_id, backend, spec, group, mine)
        ends = [watch.due for watch in self._watched.get(account_id, {}).values()]
        return max(0.0, min(ends, default=float("inf")) - self._clock.monotonic())

    async def choices(self, key: JobKey, backend: RunBackend) -> list[Choice]:
        """Return the runs that a submission may have made (network)."""
        tracked = self._uncertain(key)
        return [
            Choice(
                seen.remote_id,
                seen.feed_id,
                seen.title,
                seen.remote_status,
                seen.start_date,
            )
            for seen in await candidates(self._store, [tracked], backend)
        ]

    async def choose(
        self, key: JobKey, remote_id: int | None, backend: RunBackend
    ) -> Job:
        """Take the user's word for which run it is, None for none (network, disk).

        Raises
        ------
        ChrislibError
            The run belongs to another job by now.
        """
        tracked = self._uncertain(key)
        if remote_id is None:
            await self._store.apply(key, self._denied())
        else:
            found = await candidates(self._store, [tracked], backend)
            seen = next((o for o in found if o.remote_id == remote_id), None)
            if seen is None or not await self._submitter.own(key, seen):
                raise ChrislibError(
                    "This run belongs to another job by now.",
                    "Nothing was changed, nothing was sent.",
                    hint="Look at the choices again.",
                )
            self._look_soon(key)
        after = self._store.get(key)
        assert after is not None
        return after.job

    # Inside.

    async def _search(
        self,
        account_id: int,
        backend: RunBackend,
        spec: str,
        waiting: list[Tracked],
        due: set[JobKey],
    ) -> None:
        """Search for what a group of like submissions made."""
        if self._sibling_in_flight(account_id, spec):
            # Its run may show before its answer: it would be taken for another's.
            self._postpone(account_id, due)
            return
        found = await candidates(self._store, waiting, backend)
        if self._sibling_in_flight(account_id, spec):
            self._postpone(account_id, due)
            return
        by_id = {seen.remote_id: seen for seen in found}
        result = paired(waiting, found)
        for key, remote_id in result.found.items():
            if await self._submitter.own(key, by_id[remote_id]):
                self._look_soon(key)
        for tracked in waiting:
            key = tracked.job.key
            if key in result.unclear:
                await self._store.apply(key, self._ask(len(found)))
            elif key in due and key not in result.found:
                doubtful = key in result.doubtful
                await self._store.apply(key, self._not_found(doubtful, len(found)))
        self._plan_next(account_id, due)

    def _sibling_in_flight(self, account_id: int, spec: str) -> bool:
        return any(
            tracked is not None
            and tracked.account_id == account_id
            and tracked.job.phase is Phase.SUBMITTING
            and spec_of(tracked.job) == spec
            for tracked in map(self._store.get, self._submitter.in_flight)
        )

    def _postpone(self, account_id: int, keys: set[JobKey]) -> None:
        later = self._clock.monotonic() + self._delays[0] * _AFTER
        for key in keys & set(self._watched.get(account_id, {})):
            self._watched[account_id][key].due = later

    def _plan_next(self, account_id: int, looked: set[JobKey]) -> None:
        now = self._clock.monotonic()
        watched = self._watched.get(account_id, {})
        for key in looked & set(watched):
            tracked = self._store.get(key)
            looks = tracked.reconcile_looks if tracked is not None else 0
            watched[key].looked = now
            watched[key].due = self._due(watched[key], looks)

    def _due(self, watch: _Watch, looks: int) -> float:
        number = min(looks, len(self._delays) - 1)
        due = watch.since + self._delays[number]
        if watch.looked is None or number == 0:
            return due
        # After a pause without a server the looks keep their distance.
        return max(due, watch.looked + self._delays[number] - self._delays[number - 1])

    def _not_found(self, doubtful: bool, count: int) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            if tracked.job.phase is not Phase.SUBMIT_UNCERTAIN:
                return None
            now = self._clock.time()
            looks = tracked.reconcile_looks + 1
            if looks < len(self._delays):
                return fsm.learn(tracked, "looked", now=now, reconcile_looks=looks)
            counted = replace(tracked, reconcile_looks=looks)
            if doubtful:
                return self._ask(count)(counted)
            return self._never("The server never got this run.")(counted)

        return decide

    def _never(self, detail: str) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            if tracked.job.phase is not Phase.SUBMIT_UNCERTAIN:
                return None
            return fsm.move(
                tracked,
                Phase.NOT_SUBMITTED,
                now=self._clock.time(),
                source="reconcile",
                detail=detail,
                hint="Run it again.",
                error_code="",
            )

        return decide

    def _denied(self) -> Decide:
        never = self._never("None of the runs on the server is this one.")

        def decide(tracked: Tracked) -> steps.Step | None:
            # Who says so is not contradicted by a run that comes later.
            return never(replace(tracked, reconcile_looks=DENIED))

        return decide

    def _ask(self, count: int) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            job = tracked.job
            if job.phase is not Phase.SUBMIT_UNCERTAIN or job.error_code == AMBIGUOUS:
                return None
            runs = "One run" if count == 1 else f"{count} runs"
            asked = replace(
                job,
                error_code=AMBIGUOUS,
                detail=f"{runs} on the server could be this one. Nothing was sent "
                "again.",
                hint="Say which one it is, or that it is none of them.",
            )
            return decisions.tell(
                replace(tracked, job=asked),
                "SUBMIT_UNCERTAIN",
                now=self._clock.time(),
                source="reconcile",
                detail={"candidates": count},
            )

        return decide

    def _uncertain(self, key: JobKey) -> Tracked:
        tracked = self._store.get(key)
        if tracked is None or tracked.job.phase is not Phase.SUBMIT_UNCERTAIN:
            raise ChrislibError(
                "It is known by now what became of this submission.",
                "Nothing was changed.",
                hint="Look at the job again.",
            )
        return tracked

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        for change in changes:
            job = change.after
            before = change.before.phase if change.before is not None else None
            if Phase.SUBMIT_UNCERTAIN not in (job.phase, before):
                continue
            watched = self._watched.setdefault(job.account_id, {})
            asked = job.error_code == AMBIGUOUS
            if job.phase is not Phase.SUBMIT_UNCERTAIN or asked:
                watched.pop(job.key, None)
            elif job.key not in watched:
                now = self._clock.monotonic()
                watched[job.key] = _Watch(now, None, now + self._delays[0])

    def _gone(self, jobs: tuple[Job, ...]) -> None:
        for job in jobs:
            self._watched.get(job.account_id, {}).pop(job.key, None)
