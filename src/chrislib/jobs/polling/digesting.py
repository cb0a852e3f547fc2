"""Reads the digest D: the counts of all feeds in which something still runs."""

from collections.abc import Sequence
from dataclasses import replace

from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.polling.asking import Asker, Work, in_lanes
from chrislib.jobs.polling.queries import Digest, FeedCount, Query
from chrislib.jobs.polling.reading import Reader


class Digester:
    """Asks D, and knows when it was asked.

    Attributes
    ----------
    told_at : float
        When the latest D had been answered, local monotonic seconds.
    """

    def __init__(self, asker: Asker, reader: Reader, clock: Clock) -> None:
        self._asker = asker
        self._reader = reader
        self._clock = clock
        self._due_at: float | None = None
        self.told_at = float("-inf")

    def age(self, now: float) -> float:
        """Return seconds since D was due last, infinity when it never was."""
        return float("inf") if self._due_at is None else now - self._due_at

    async def ask(
        self,
        backend: RunBackend,
        queries: Sequence[Query],
        *,
        began: float,
        every: float,
    ) -> int:
        """Read the counts (network, disk); returns how many jobs changed.

        Parameters
        ----------
        began : float
            When the tick began, local monotonic seconds.
        every : float
            Seconds between two digests: they are noted by their schedule, so that they
            come as often as planned on the average.
        """
        ledger = self._reader.ledger
        ledger.mark()
        wanted = set(ledger.live_feeds())
        seen: set[int] = set()

        def reading(query: Digest) -> Work:
            return lambda: self._read(backend, query, queries=queries, seen=seen)

        ranges = [query for query in queries if isinstance(query, Digest)]
        single = [query for query in queries if isinstance(query, FeedCount)]
        seen |= {query.feed_id for query in single}
        changed = await in_lanes(
            [
                *(reading(q) for q in ranges),
                *(self._reader.asking(backend, q) for q in single),
            ]
        )
        for feed_id in wanted - seen:
            ledger.books[feed_id].missing = True
        self.told_at = self._clock.monotonic()
        planned = (self._due_at or 0.0) + every
        near = abs(planned - began) < self._reader.view.period
        self._due_at = planned if near else began
        return changed

    async def _read(
        self,
        backend: RunBackend,
        query: Digest,
        *,
        queries: Sequence[Query],
        seen: set[int],
    ) -> int:
        """Read a range to its end, but for the pages that are asked for anyway."""
        while True:
            result = await self._asker.run(backend, query)
            for counts in result.digests:
                seen.add(counts.feed_id)
                self._reader.ledger.told(counts, at=self._reader.view.now)
            query = replace(query, offset=query.offset + result.received_rows)
            if not result.more or not result.received_rows or query in queries:
                return 0
