"""Keeps the log of a run while it can be had: CUBE 7 overwrites it at the end.

Half a second after a run ended, its server puts the report of its own clean-up where
the program's log was. So the log is taken at the first look that shows the run
registering its files, again at the first that shows it ended, and what was taken then
is never replaced by anything later.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chrislib.catalog.results import LOGS_LIMIT, LogRow, ResultTable
from chrislib.cube.logs import redact
from chrislib.jobs.clock import Clock
from chrislib.jobs.fsm import Observation, Tracked
from chrislib.jobs.model import JobKey, Phase
from chrislib.jobs.store import JobStore

_log = logging.getLogger(__name__)

_EVERY = 5.0
"""Seconds between two writes of a log that is still growing."""
_TIDY = 50
"""Logs written between two looks at how much they are together."""
_LATE = 120.0
"""Seconds after the end in which a missing log is worth a look of its own."""


@dataclass(slots=True)
class _Kept:
    """What is known of one run's log in its present epoch."""

    epoch: int
    text: str = ""
    written: str = ""
    at: float = 0.0
    final: bool = False
    asked: bool = False


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
        self._since_tidy = 0

    async def observe(self, pairs: Sequence[tuple[JobKey, Observation]]) -> set[JobKey]:
        """Keep the logs of a page of looks, after the page was committed (disk).

        Returns
        -------
        set of JobKey
            Runs that register or have just ended and whose log is not had: a look at
            each of them soon is worth its price. Each is named once.
        """
        wanted: set[JobKey] = set()
        due: list[tuple[_Kept, LogRow]] = []
        now = self._clock.time()
        for key, row in pairs:
            tracked = self._store.get(key)
            if tracked is None or not (row.log or self._interesting(tracked)):
                continue
            kept = await self._of(tracked)
            if kept.final:
                continue
            if row.log:
                kept.text = redact(row.log)
            ended = tracked.job.phase.terminal
            sure = ended or tracked.job.phase is Phase.REGISTERING
            if not kept.text:
                if sure and not kept.asked and self._recent(tracked, now):
                    kept.asked = True
                    wanted.add(key)
                continue
            growing = kept.text != kept.written
            # Written once more at the end, so that the next start knows it is final.
            if ended or (growing and (sure or now - kept.at >= _EVERY)):
                chunk = LogRow(
                    job_key=key, epoch=kept.epoch, text=kept.text, captured_at=now
                )
                due.append((kept, chunk))
        await self._write(due, now)
        self._forget(key for key, _ in pairs)
        return wanted

    async def keep(self, key: JobKey, text: str) -> None:
        """Keep a log that came another way, of a service or a program (disk)."""
        tracked = self._store.get(key)
        if tracked is None or not text:
            return
        kept = await self._of(tracked)
        if kept.final or redact(text) == kept.written:
            return
        kept.text = redact(text)
        now = self._clock.time()
        chunk = LogRow(job_key=key, epoch=kept.epoch, text=kept.text, captured_at=now)
        await self._write([(kept, chunk)], now)
        self._forget([key])

    def _interesting(self, tracked: Tracked) -> bool:
        known = self._known.get(tracked.job.key)
        if known is not None and known.epoch == tracked.job.epoch:
            return not known.final
        return tracked.job.phase is Phase.REGISTERING or (
            tracked.job.phase.terminal and self._recent(tracked, self._clock.time())
        )

    @staticmethod
    def _recent(tracked: Tracked, now: float) -> bool:
        ended = tracked.job.terminal_at
        return tracked.job.tracked and (ended is None or now - ended < _LATE)

    async def _of(self, tracked: Tracked) -> _Kept:
        """Return what is known of a run's log; asks the catalog once (disk)."""
        job = tracked.job
        known = self._known.get(job.key)
        if known is not None and known.epoch == job.epoch:
            return known
        known = _Kept(job.epoch)
        row = await self._table.log_row(job.key, epoch=job.epoch)
        if row is not None:
            known.text = known.written = row.text
            known.at = row.captured_at
            # Taken after the end: an earlier process saw the last of it.
            known.final = (
                job.terminal_at is not None and row.captured_at >= job.terminal_at
            )
        self._known[job.key] = known
        return known

    async def _write(self, due: list[tuple[_Kept, LogRow]], now: float) -> None:
        if not due:
            return
        await self._table.save_logs([row for _, row in due])
        for kept, row in due:
            kept.written, kept.at = row.text, now
            tracked = self._store.get(JobKey(row.job_key))
            if tracked is not None and tracked.job.phase.terminal:
                kept.final = True
        self._since_tidy += len(due)
        if self._since_tidy >= _TIDY:
            self._since_tidy = 0
            gone = await self._table.keep_logs_within(self._limit)
            if gone:
                _log.info("%d old logs made room for new ones", gone)

    def _forget(self, keys: Iterable[JobKey]) -> None:
        """Let go of texts that cannot change any more; that they are final stays."""
        for key in keys:
            kept = self._known.get(key)
            if kept is not None and kept.final:
                kept.text = kept.written = ""
