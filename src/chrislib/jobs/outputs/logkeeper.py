"""Keeps the log of a run while it can be had: CUBE 7 overwrites it at the end.

Half a second after a run ended, its server puts the report of its own clean-up where
the program's log was. So the log is taken at the first look that shows the run
registering its files, again at the first that shows it ended, and what was taken then
is never replaced by anything later.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.catalog.results import LOGS_LIMIT, LogRow, ResultTable
from chrislib.cube.logs import redact
from chrislib.jobs import causes
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import JobKey, Phase
from chrislib.jobs.steps import Observation, Tracked
from chrislib.jobs.store import JobStore

_log = logging.getLogger(__name__)

_EVERY = 5.0
"""Seconds between two writes of a log that is still growing."""
_TIDY = 50
"""Logs written between two looks at how much they are together."""
_LATE = 120.0
"""Seconds after the end in which a missing log is worth a look of its own."""
_AT_ONCE = 2
"""Such looks one page may ask for: hundreds of runs can end together."""
_COMPACT, _COUNTED = "feed", "count"
"""The sources of rows that carry no log, and of ends that were told without a row."""
_SAYS = (
    Phase.REGISTERING, Phase.FINISHED, Phase.FINISHED_WITH_ERRORS, Phase.FAILED
)  # fmt: skip
"""Phases of runs whose program has said something."""


@dataclass(slots=True)
class _Kept:
    """What is known of one run's log in its present epoch.

    `text` is the newest that is not written; `had` whether any is.
    """

    epoch: int
    text: str = ""
    digest: int = 0
    had: bool = False
    at: float = 0.0
    final: bool = False


class LogKeeper:
    """Takes logs out of looks at runs.

    Parameters
    ----------
    store : JobStore
    table : ResultTable
    clock : Clock
    limit : int
        Bytes of all kept logs together.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        table: ResultTable,
        clock: Clock,
        limit: int = LOGS_LIMIT,
    ) -> None:
        self._store = store
        self._table = table
        self._clock = clock
        self._limit = limit
        self._known: dict[JobKey, _Kept] = {}
        self._named: set[tuple[JobKey, int, bool]] = set()
        self._since_tidy = 0

    async def before(self, pairs: Sequence[tuple[JobKey, Observation]]) -> None:
        """Keep the logs of runs a page shows at their end, before it counts (disk).

        So whoever is told that a run has ended finds its log.
        """
        ending = [
            (tracked, row)
            for key, row in pairs
            if row.log
            and _at_its_end(row)
            and (tracked := self._store.get(key)) is not None
            and not _is_late(tracked, row)
        ]
        await self._recall([tracked for tracked, _ in ending])
        now = self._clock.time()
        due: list[tuple[_Kept, LogRow]] = []
        for tracked, row in ending:
            kept = self._known[tracked.job.key]
            if not kept.final:
                self._take(kept, row.log)
            if kept.text:
                due.append((kept, _chunk(tracked.job.key, kept, now)))
        await self._write(due, now)

    async def observe(self, pairs: Sequence[tuple[JobKey, Observation]]) -> set[JobKey]:
        """Keep the logs of a page of looks, after the page was committed (disk).

        Returns
        -------
        set of JobKey
            Runs that register or have just ended and were seen in a list without
            logs: a look at each of them at once is worth its price. Only a few are
            named, each once while it registers and once at its end.
        """
        now = self._clock.time()
        open_ = [
            (tracked, row)
            for key, row in pairs
            if (tracked := self._store.get(key)) is not None
            and (row.log or self._waits_for_its_end(tracked))
            and not _is_late(tracked, row)
        ]
        await self._recall([tracked for tracked, _ in open_])
        due: list[tuple[_Kept, LogRow]] = []
        touched: list[tuple[str, int]] = []
        for tracked, row in open_:
            job = tracked.job
            kept = self._known[job.key]
            if kept.final:
                continue
            if row.log:
                self._take(kept, row.log)
            ended = job.phase.terminal
            sure = ended or job.phase is Phase.REGISTERING
            if kept.text and (sure or now - kept.at >= _EVERY):
                due.append((kept, _chunk(job.key, kept, now)))
            elif kept.had and ended and not kept.text and not _is_short(row):
                # So that the next start knows that this was the last of it.
                touched.append((job.key, kept.epoch))
                kept.final = True
        await self._write(due, now)
        if touched:
            await self._table.touch_logs(touched, now)
        return self._worth_a_look(pairs)

    async def keep(self, key: JobKey, text: str) -> None:
        """Keep a log that came another way, of a service or a program (disk)."""
        tracked = self._store.get(key)
        if tracked is None or not text:
            return
        await self._recall([tracked])
        kept = self._known[key]
        if kept.final:
            return
        self._take(kept, text)
        if kept.text:
            now = self._clock.time()
            await self._write([(kept, _chunk(key, kept, now))], now)

    @staticmethod
    def _take(kept: _Kept, log: str) -> None:
        """Take a text that is news."""
        digest = hash(log)
        if digest != kept.digest:
            kept.text, kept.digest = redact(log), digest

    def _waits_for_its_end(self, tracked: Tracked) -> bool:
        """Whether a look without a log may still have one written or closed."""
        known = self._known.get(tracked.job.key)
        if known is None or known.epoch != tracked.job.epoch:
            return tracked.job.phase.terminal
        return not known.final and (bool(known.text) or tracked.job.phase.terminal)

    def _worth_a_look(self, pairs: Sequence[tuple[JobKey, Observation]]) -> set[JobKey]:
        wanted: set[JobKey] = set()
        for key, row in pairs:
            tracked = self._store.get(key)
            if row.log or row.source != _COMPACT or tracked is None:
                continue
            job = tracked.job
            known = self._known.get(key)
            fresh = job.terminal_at is None or (
                self._clock.time() - job.terminal_at < _LATE
            )
            look = (key, job.epoch, job.phase.terminal)
            if job.phase not in _SAYS or not (fresh and job.tracked):
                continue
            if look in self._named or (known is not None and known.final):
                continue
            self._named.add(look)
            if len(wanted) < _AT_ONCE:
                wanted.add(key)
        return wanted

    async def _recall(self, found: Sequence[Tracked]) -> None:
        """Learn what earlier processes kept of these runs, in one question (disk)."""
        new = [
            tracked.job
            for tracked in found
            if (known := self._known.get(tracked.job.key)) is None
            or known.epoch != tracked.job.epoch
        ]
        if not new:
            return
        times = await self._table.log_times([job.key for job in new])
        for job in new:
            at = times.get((job.key, job.epoch))
            self._known[job.key] = _Kept(
                job.epoch,
                had=at is not None,
                at=at or 0.0,
                # Taken after the end: an earlier process saw the last of it.
                final=at is not None
                and job.terminal_at is not None
                and at >= job.terminal_at,
            )

    async def _write(self, due: list[tuple[_Kept, LogRow]], now: float) -> None:
        if not due:
            return
        await self._table.save_logs([row for _, row in due])
        for kept, row in due:
            kept.text, kept.had, kept.at = "", True, now
            tracked = self._store.get(JobKey(row.job_key))
            kept.final = tracked is not None and tracked.job.phase.terminal
        self._since_tidy += len(due)
        if self._since_tidy >= _TIDY:
            self._since_tidy = 0
            gone = await self._table.keep_logs_within(self._limit)
            if gone:
                _log.info("%d old logs made room for new ones", gone)


def _is_short(row: Observation) -> bool:
    return row.source in (_COMPACT, _COUNTED)


def _chunk(key: JobKey, kept: _Kept, now: float) -> LogRow:
    return LogRow(job_key=key, epoch=kept.epoch, text=kept.text, captured_at=now)


def _at_its_end(row: Observation) -> bool:
    """Whether a row shows a run whose program has ended."""
    phase = row.phase or causes.PHASE_OF_STATUS.get(row.remote_status)
    if phase is None:
        return row.remote_status == "cancelled"
    return phase is Phase.REGISTERING or phase.terminal


def _is_late(tracked: Tracked, row: Observation) -> bool:
    """Whether a newer look was here before this one."""
    return tracked.obs_sent is not None and row.sent < tracked.obs_sent
