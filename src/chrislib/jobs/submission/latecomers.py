"""Runs that come into being after their submission was given up.

A proxy may hold a POST for minutes, a server may commit it when it comes back. The
run is then joined to the job that wanted it, by the same pairing as within the first
two minutes, and no second row appears beside it.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, JobChange, JobKey, Phase, RunIntent
from chrislib.jobs.steps import Observation, Tracked
from chrislib.jobs.store import JobStore
from chrislib.jobs.submission.lost import by_spec, candidates, issued, paired, spec_of
from chrislib.jobs.submission.submit import Submitter

_log = logging.getLogger(__name__)

DENIED = 99
"""`Tracked.reconcile_looks` of a job whose author said that no run is its own."""
AT_ONCE = 20
"""Kinds of runs that are searched for in one turn; the rest come in the next."""
_SOON = 1.0
_OPEN = (Phase.SUBMITTING, Phase.SUBMIT_UNCERTAIN)


Answered = Callable[[Job], Awaitable[None]]
"""Gets a job, as it was, whose question in the inbox has its answer (disk)."""


@dataclass(slots=True)
class _Late:
    """When a job that was given up is looked for again; monotonic seconds."""

    looks: list[float]
    turned_down: set[int] = field(default_factory=set)


class Latecomers:
    """Looks now and then for runs of jobs that were called not submitted.

    Parameters
    ----------
    store : JobStore
    submitter : Submitter
    clock : Clock
    delays : tuple of float
        Seconds after a job was given up at which it is looked for; after the last one
        never again.
    look_soon : callable
        Gets jobs that were found.
    answered : callable
        Awaitable: gets them too, as they were before.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        submitter: Submitter,
        clock: Clock,
        delays: tuple[float, ...],
        look_soon: Callable[[JobKey], None],
        answered: Answered,
    ) -> None:
        self._store = store
        self._submitter = submitter
        self._clock = clock
        self._delays = delays
        self._look_soon = look_soon
        self._answered = answered
        self._late: dict[int, dict[JobKey, _Late]] = {}
        store.subscribe(self._changed)
        store.subscribe_gone(self._gone)

    def search_now(self, account_id: int) -> None:
        """Look for all of them at the next turn: at each start."""
        for late in self._late.get(account_id, {}).values():
            late.looks.insert(0, self._clock.monotonic())

    async def turn(self, account_id: int, backend: RunBackend) -> float:
        """Make the searches that are due (network, disk).

        Returns
        -------
        float
            Seconds until the next one; infinity for none.

        Raises
        ------
        CubeError
            A search failed: it does not count as one.
        """
        mine = self._late.get(account_id, {})
        now = self._clock.monotonic()
        due = [key for key, late in mine.items() if late.looks[0] <= now]
        for group in list(by_spec(self._store, due).values())[:AT_ONCE]:
            if not self._like_one_open(account_id, group[0]):
                await self._search(group, backend)
            for one in group:
                self._looked(mine, one.job.key, now)
        ends = [late.looks[0] for late in mine.values()]
        wait = min(ends, default=float("inf")) - self._clock.monotonic()
        return max(_SOON, wait)

    async def claim(
        self, account_id: int, rows: Sequence[Observation], backend: RunBackend
    ) -> None:
        """Join runs nobody here knows to the jobs that wanted them (network, disk).

        Asked before such runs get rows of their own.

        Raises
        ------
        CubeError
            The server did not answer.
        """
        mine = self._late.get(account_id, {})
        if not mine:
            return
        asked = 0
        for group in by_spec(self._store, mine).values():
            intent = group[0].job.intent
            like = {
                row.remote_id
                for row in rows
                if row.plugin_name == getattr(intent, "plugin_name", "")
                and row.previous_id == getattr(intent, "previous_id", None)
            }
            fresh = any(like - mine[one.job.key].turned_down for one in group)
            if not fresh or self._like_one_open(account_id, group[0]):
                continue
            asked += 1
            if asked > AT_ONCE:
                return
            await self._search(group, backend)
            for one in group:
                late = mine.get(one.job.key)
                if late is not None:
                    late.turned_down |= like

    # Inside.

    def _looked(self, mine: dict[JobKey, _Late], key: JobKey, now: float) -> None:
        late = mine.get(key)
        if late is None:
            return
        late.looks = [at for at in late.looks if at > now]
        if not late.looks:
            del mine[key]

    def _like_one_open(self, account_id: int, tracked: Tracked) -> bool:
        """Whether one of the same values is on its way: a new run is rather its."""
        spec = spec_of(tracked.job)
        return any(
            other.job.phase in _OPEN and spec_of(other.job) == spec
            for other in self._store.live(account_id)
        )

    async def _search(self, group: list[Tracked], backend: RunBackend) -> None:
        found = await candidates(self._store, group, backend)
        if self._like_one_open(group[0].account_id, group[0]):
            return
        by_id = {seen.remote_id: seen for seen in found}
        for key, remote_id in paired(group, found).found.items():
            tracked = self._store.get(key)
            if tracked is None or tracked.job.phase is not Phase.NOT_SUBMITTED:
                continue
            if await self._submitter.own(key, by_id[remote_id]):
                _log.info("a run came after its submission was given up")
                self._look_soon(key)
                await self._answered(tracked.job)

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        for change in changes:
            job = change.after
            was = change.before.phase if change.before is not None else None
            if Phase.NOT_SUBMITTED not in (job.phase, was):
                continue
            mine = self._late.setdefault(job.account_id, {})
            if job.phase is not Phase.NOT_SUBMITTED:
                mine.pop(job.key, None)
            elif job.key not in mine:
                looks = self._looks(job)
                if looks:
                    mine[job.key] = _Late(looks)

    def _looks(self, job: Job) -> list[float]:
        tracked = self._store.get(job.key)
        denied = tracked is None or tracked.reconcile_looks >= DENIED
        if denied or not isinstance(job.intent, RunIntent) or not issued(job):
            return []
        ago = max(0.0, self._clock.time() - (job.terminal_at or job.changed_at))
        now = self._clock.monotonic()
        return [now + delay - ago for delay in self._delays if delay > ago]

    def _gone(self, jobs: tuple[Job, ...]) -> None:
        for job in jobs:
            self._late.get(job.account_id, {}).pop(job.key, None)
