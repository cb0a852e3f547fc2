"""Remembers how long runs took, and says how long one that runs now may still take."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from datetime import datetime

from chrislib.aio import TaskOwner
from chrislib.catalog.estimates import DurationRow, DurationTable
from chrislib.jobs.clock import Clock
from chrislib.jobs.history.estimate import (
    REGISTERING,
    RUNNING,
    SIZE,
    Estimate,
    Sort,
    quantile,
    sort_of,
    stage_of,
    stages_of,
    until_ready,
)
from chrislib.jobs.model import Job, JobChange, JobKey, Kind, Phase

Subscribe = Callable[[Callable[[tuple[JobChange, ...]], None]], Callable[[], None]]

_PAGE = 200
_GOOD = {Phase.FINISHED, Phase.FINISHED_WITH_ERRORS}
_ENOUGH_FOR_P99 = 20


class Durations:
    """Durations of ended runs; `left` answers from memory.

    Parameters
    ----------
    table : DurationTable
    subscribe : callable
        How to hear of changes the catalog has committed.
    clock : Clock
    """

    def __init__(
        self, table: DurationTable, subscribe: Subscribe, *, clock: Clock
    ) -> None:
        self._table = table
        self._subscribe = subscribe
        self._clock = clock
        self._known: dict[tuple[Sort, str], deque[float]] = {}
        self._since: dict[JobKey, tuple[str, float]] = {}
        self._ended: dict[JobKey, Sort] = {}
        self._stop: Callable[[], None] | None = None
        self._owner = TaskOwner("durations")
        self._recording: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what was kept and listen (disk)."""
        for row in await self._table.all():
            self._take(row)
        if self._stop is None:
            self._stop = self._subscribe(self._changed)

    async def stop(self) -> None:
        """Stop listening, after what was heard is written (disk)."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        while self._recording is not None and not self._recording.done():
            with contextlib.suppress(Exception):
                await self._recording
        await self._owner.close()

    def left(self, job: Job, now: float) -> Estimate | None:
        """Return how long a run may still take, None where too little is known.

        Parameters
        ----------
        now : float
            Seconds since the epoch.
        """
        sort, stage = sort_of(job), stage_of(job.phase)
        if sort is None or not stage:
            return None
        return until_ready(
            self._known.get((sort, RUNNING), ()),
            self._known.get((sort, REGISTERING), ()),
            stage=stage,
            elapsed=now - self.since(job),
        )

    def since(self, job: Job) -> float:
        """Return when a job entered its stage, seconds since the epoch."""
        stage = stage_of(job.phase)
        held = self._since.get(job.key)
        if held is not None and held[0] == stage:
            return held[1]
        if stage == RUNNING and job.start_date:
            # CUBE moves the start to where computing begins (cube-api 23)
            with contextlib.suppress(ValueError):
                return datetime.fromisoformat(job.start_date).timestamp()
        return job.changed_at

    def slow_registering(self, job: Job) -> float | None:
        """Return the 99th percentile of registering, None below twenty runs."""
        sort = sort_of(job)
        known = self._known.get((sort, REGISTERING), ()) if sort is not None else ()
        if len(known) < _ENOUGH_FOR_P99:
            return None
        return quantile(sorted(known), 0.99)

    def table(self) -> list[tuple[Sort, dict[str, tuple[float, int]]]]:
        """Return median seconds and number of runs by sort and stage."""
        found: dict[Sort, dict[str, tuple[float, int]]] = {}
        for (sort, stage), known in self._known.items():
            middle = quantile(sorted(known), 0.5)
            found.setdefault(sort, {})[stage] = (middle, len(known))
        return sorted(found.items(), key=lambda pair: (pair[0].plugin, pair[0].version))

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        for change in changes:
            job, before = change.after, change.before
            if job.kind is not Kind.RUN:
                continue
            stage = stage_of(job.phase)
            if not stage:
                self._since.pop(job.key, None)
            elif before is not None and stage_of(before.phase) != stage:
                self._since[job.key] = (stage, job.changed_at)
            ended = before is not None and not before.phase.terminal
            sort = sort_of(job)
            if ended and job.phase in _GOOD and sort is not None:
                self._ended[job.key] = sort
        if self._ended and (self._recording is None or self._recording.done()):
            self._recording = self._owner.start(self._record(), name="record")

    async def _record(self) -> None:
        while self._ended:
            keys = list(self._ended)[:_PAGE]
            page = {key: self._ended.pop(key) for key in keys}
            entered = await self._table.entered(keys)
            rows = []
            for key, sort in page.items():
                moments = [
                    (_phase(left), phase, at)
                    for left, to, at in entered.get(key, ())
                    if (phase := _phase(to)) is not None
                ]
                rows += [
                    DurationRow(
                        sort.plugin,
                        sort.version,
                        sort.compute,
                        stage,
                        seconds,
                        self._clock.time(),
                    )
                    for stage, seconds in stages_of(moments).items()
                ]
            if rows:
                await self._table.add(rows, keep=SIZE)
                for row in rows:
                    self._take(row)

    def _take(self, row: DurationRow) -> None:
        key = (Sort(row.plugin, row.version, row.compute), row.stage)
        self._known.setdefault(key, deque(maxlen=SIZE)).append(row.seconds)


def _phase(text: str | None) -> Phase | None:
    try:
        return Phase(text)
    except ValueError:
        return None
