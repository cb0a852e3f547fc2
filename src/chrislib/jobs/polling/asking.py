"""Puts a sweep's questions: counts what they cost, keeps what the server can do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from chrislib.aio import spawn
from chrislib.catalog.polling import PollingTable
from chrislib.cube.errors import CubeError
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.polling.capabilities import (
    LASTS,
    Caps,
    PageSize,
    from_json,
    negotiated,
    to_json,
)
from chrislib.jobs.polling.plan import Budget
from chrislib.jobs.polling.queries import (
    ENDED,
    Active,
    Ended,
    Point,
    Query,
    QueryResult,
    cost_ms,
)
from chrislib.jobs.steps import Observation

_log = logging.getLogger(__name__)

_BUSY = ("429", "503", "504")
_SAVED_REQUESTS = 8.0
_SAVED_MS = 1_500.0

Work = Callable[[], Awaitable[int]]


class FilterIgnored(Exception):
    """A list held what was not asked for: the server does not know the filter."""


class Asker:
    """Questions to one server on behalf of one account.

    Parameters
    ----------
    polling : PollingTable
    clock : Clock
    server_id : int
        Of the catalog.

    Attributes
    ----------
    requests : int
        Since `begin`.
    server_ms : float
        What they cost a CUBE, by its rows.
    """

    def __init__(self, polling: PollingTable, clock: Clock, *, server_id: int) -> None:
        self._polling = polling
        self._clock = clock
        self._server_id = server_id
        self._caps: Caps | None = None
        self._caps_at = 0.0
        self._sizes = PageSize()
        self._saved = (_SAVED_REQUESTS, _SAVED_MS)
        self._saved_at: float | None = None
        self._rates = (0.0, 0.0)
        self.requests = 0
        self.server_ms = 0.0

    def begin(self, rates: tuple[float, float]) -> None:
        """Begin to count anew.

        Parameters
        ----------
        rates : (float, float)
            Requests and server milliseconds a minute that should not be passed.
        """
        self._settle()
        self._rates = rates
        self.requests, self.server_ms = 0, 0.0

    @property
    def budget(self) -> Budget:
        """What is left for looks that can wait."""
        requests, server_ms = self._grown()
        return Budget(requests - self.requests, server_ms - self.server_ms)

    def take_slow(self) -> bool:
        """Say, once, whether the server was too slow or refused."""
        return self._sizes.take_slow()

    @property
    def caps(self) -> Caps:
        """What the server is able to do, as far as that is known."""
        return self._caps or Caps()

    async def abilities(self, backend: RunBackend) -> Caps:
        """Find out what the server is able to do (network, disk); kept for a day."""
        now = self._clock.time()
        if self._caps is None:
            known, at = await self._polling.abilities(self._server_id)
            self._caps, self._caps_at = from_json(known), at
        if self._caps is not None and 0 <= now - self._caps_at < LASTS:
            return self._caps
        self.paid(Point(0))
        self._caps = negotiated(await backend.abilities())
        self._caps_at = now
        await self._keep()
        return self._caps

    async def distrust(self, rows: Iterable[Observation], query: Query) -> None:
        """Drop the filter a page shows to be ignored (disk).

        Raises
        ------
        FilterIgnored
            It is: nothing more is to be read of this list.
        """
        if isinstance(query, Active) and not query.status:
            ignored = any(row.remote_status in ENDED for row in rows)
        elif isinstance(query, Ended) and not query.status:
            ignored = any(row.remote_status not in ENDED for row in rows)
        else:
            ignored = False
        if not ignored:
            return
        _log.info("the server ignores a filter: each status is asked for by itself")
        self._caps = replace(self.caps, active_filter=False)
        await self._keep()
        raise FilterIgnored

    async def run(self, backend: RunBackend, query: Query) -> QueryResult:
        """Put one question (network)."""
        self.requests += 1
        try:
            result = await backend.run(query)
        except CubeError as error:
            if error.context.get("status") in _BUSY:
                self._caps = self._sizes.overloaded(self.caps)
            raise
        self.server_ms += cost_ms(query, result.received_rows)
        self._caps = self._sizes.answered(self.caps, result.received - result.sent)
        return result

    def paid(self, query: Query) -> None:
        """Count a question about one thing that somebody else puts."""
        self.requests += 1
        self.server_ms += cost_ms(query, 1)

    async def _keep(self) -> None:
        await self._polling.save_abilities(
            self._server_id, to_json(self.caps), at=self._caps_at
        )

    def _grown(self) -> tuple[float, float]:
        now = self._clock.monotonic()
        minutes = 0.0 if self._saved_at is None else (now - self._saved_at) / 60.0
        return (
            min(_SAVED_REQUESTS, self._saved[0] + minutes * self._rates[0]),
            min(_SAVED_MS, self._saved[1] + minutes * self._rates[1]),
        )

    def _settle(self) -> None:
        requests, server_ms = self._grown()
        self._saved = (
            max(-_SAVED_REQUESTS, requests - self.requests),
            max(-_SAVED_MS, server_ms - self.server_ms),
        )
        self._saved_at = self._clock.monotonic()


async def in_lanes(work: Sequence[Work]) -> int:
    """Do pieces of work two at a time; after a failure nothing new is begun.

    Returns the sum of what they return; raises the first failure at the end.
    """
    waiting = list(work)
    done = 0
    errors: list[Exception] = []

    async def lane() -> None:
        nonlocal done
        while waiting and not errors:
            piece = waiting.pop(0)
            try:
                done += await piece()
            except Exception as error:  # noqa: BLE001 - raised below
                errors.append(error)

    tasks = [spawn(lane(), name="jobs: look") for _ in range(min(2, len(waiting)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    if errors:
        raise errors[0]
    return done
