"""Who follows the jobs: only the process that may write the catalog.

A window that was frozen, or a second one on another computer, shows the jobs as they
were saved last. When writing comes (back) to it, it reads everything anew first.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from chrislib.aio import TaskOwner
from chrislib.catalog.condition import Condition
from chrislib.catalog.refusals import CatalogError
from chrislib.catalog.retention import RetentionTable
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import JobKey
from chrislib.jobs.store import JobStore

_log = logging.getLogger(__name__)

_DAY = 86400.0


class Custody:
    """Begins and ends the following of jobs as the lease of the catalog comes and goes.

    Parameters
    ----------
    condition : Condition
    retention : RetentionTable
    store : JobStore
    clock : Clock
    begin, end : callable
        Start everything that follows jobs, with the jobs in memory; stop all of it.
    """

    def __init__(
        self,
        *,
        condition: Condition,
        retention: RetentionTable,
        store: JobStore,
        clock: Clock,
        begin: Callable[[], Awaitable[None]],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self._condition = condition
        self._retention = retention
        self._store = store
        self._clock = clock
        self._begin = begin
        self._end = end
        self._owner = TaskOwner("custody")
        self._lock = asyncio.Lock()
        self._following = False
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Follow if this process may write, else wait until it may (disk)."""
        self._unsubscribe = self._condition.subscribe(self._changed)
        if self._mine:
            self._following = True
            await self._begin()
        self._owner.start(self._forget_daily(), name="forget")
        if self._mine is not self._following:
            self._changed()

    async def stop(self) -> None:
        """Follow no longer (disk)."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        await self._owner.close()
        if self._following:
            self._following = False
            await self._end()

    @property
    def _mine(self) -> bool:
        trouble = self._condition.trouble
        return trouble is None or not trouble.for_reading_only

    def _changed(self) -> None:
        if self._mine is not self._following:
            self._owner.start(self._settle(), name="settle")

    async def _settle(self) -> None:
        async with self._lock:
            if self._mine is self._following:
                return
            self._following = self._mine
            try:
                if self._following:
                    await self._store.load()
                    self._store.inbox_changed()
                    await self._begin()
                else:
                    await self._end()
            except CatalogError as error:
                # Lost or had back in between: the next change settles it.
                _log.info("the catalog changed hands meanwhile: %s", error.title)

    async def _forget_daily(self) -> None:
        """Forget what is old, once at start and then each day."""
        while True:
            if self._mine:
                try:
                    pruned = await self._retention.prune(self._clock.time())
                except CatalogError as error:
                    _log.info("nothing was forgotten: %s", error.title)
                else:
                    self._store.forget(JobKey(key) for key in pruned.job_keys)
            await self._clock.sleep(_DAY)
