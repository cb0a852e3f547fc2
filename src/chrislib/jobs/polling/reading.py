"""Reads what the server answers into jobs and ledger: lists page by page."""

from collections.abc import Iterable
from dataclasses import replace

from chrislib.catalog.rows import AccountRow
from chrislib.cube.errors import Forbidden, NotFound
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.polling.asking import Asker, Work
from chrislib.jobs.polling.bookkeeper import Bookkeeper, iso, seconds
from chrislib.jobs.polling.looks import Looks
from chrislib.jobs.polling.plan import View
from chrislib.jobs.polling.queries import (
    CATCH_UP_PAGE,
    REGISTERING,
    Active,
    Ended,
    FeedCount,
    FeedRuns,
    Point,
    Query,
    Registering,
)
from chrislib.jobs.polling.tally import Tally
from chrislib.jobs.steps import Observation

_MANY = 4
"""More pages than this are read as fewer, larger ones."""


class Reader:
    """Carries answers into the catalog, one transaction a page.

    Attributes
    ----------
    low : float
        The watermark, as it was last written down.
    account : AccountRow
        Whose runs are read.
    window_at : float
        When the latest W that was answered was asked, local monotonic seconds.
    still : dict of int to set of int
        Runs of a feed that registered, of the feeds that were asked for those lately.
    tally : Tally
        What the lists have told of the user's own runs lately.
    """

    def __init__(
        self, asker: Asker, looks: Looks, *, books: Bookkeeper, account: AccountRow
    ) -> None:
        self._asker = asker
        self._looks = looks
        self._books = books
        self.account = account
        self.ledger = books.ledger
        self.view = View(ledger=books.ledger)
        self.tally = Tally()
        self.low = 0.0
        self.window_at = float("-inf")
        self.still: dict[int, set[int]] = {}

    def asking(self, backend: RunBackend, query: Query) -> Work:
        """Return the work of putting a question (see `ask`)."""
        return lambda: self.ask(backend, query)

    async def ask(self, backend: RunBackend, query: Query) -> int:
        """Put a question whose answer may be that there is no such thing."""
        if isinstance(query, Point):
            return await self._point(backend, query.remote_id)
        if not isinstance(query, FeedCount | FeedRuns):
            return (await self.list(backend, query))[1]
        try:
            if isinstance(query, FeedRuns):
                return await self._read_feed(backend, query)
            self.ledger.mark(query.feed_id)
            result = await self._asker.run(backend, query)
        except NotFound:
            return await self._looks.feed_not_found(self.account, query.feed_id)
        except Forbidden:
            self._looks.feed_forbidden(self.account, query.feed_id)
            return 0
        for counts in result.digests:
            self.ledger.told(counts, at=self.view.now)
        return 0

    async def _read_feed(self, backend: RunBackend, query: FeedRuns) -> int:
        seen, changed = await self.list(backend, query)
        book = self.ledger.books.get(query.feed_id)
        if book is not None:
            book.tries += 1
        if query.status == REGISTERING:
            self.still[query.feed_id] = seen
        if query.compact:
            self.ledger.read_whole(query.feed_id, seen, at=self.view.now)
        self.ledger.settle(query.feed_id)
        return changed

    async def _point(self, backend: RunBackend, remote_id: int) -> int:
        try:
            result = await self._asker.run(backend, Point(remote_id))
        except NotFound:
            changed = await self._looks.not_found(backend, self.account, remote_id)
        except Forbidden:
            changed = self._looks.forbidden(self.account, remote_id)
        else:
            changed = await self._looks.apply(self.account, result.rows)
            self._books.enter_rows(result.rows)
            self._count(result.rows, own=False)
        self.ledger.looked(remote_id, at=self.view.now)
        run = self.ledger.runs.get(remote_id)
        if run is not None:
            self.ledger.books[run.feed_id].tries += 1
            self.ledger.settle(run.feed_id)
        return changed

    async def list(
        self, backend: RunBackend, query: Query, *, low: float | None = None
    ) -> tuple[set[int], int]:
        """Read a list to its end, page by page; returns whom it held."""
        seen: set[int] = set()
        changed = 0
        while True:
            result = await self._asker.run(backend, query)
            if isinstance(query, Ended) and low is not None and not query.offset:
                self.window_at = result.sent
            seen |= {row.remote_id for row in result.rows}
            # C is the head of a list, and meant to be no more than that.
            head = isinstance(query, Ended) and query.min_end is None and query.status
            over = not result.more or not result.received_rows or bool(head)
            moved = iso(low) if low is not None and over else None
            if moved is not None:
                await self._asker.distrust(result.rows, query)
            changed += await self._looks.apply(self.account, result.rows, low=moved)
            whole = isinstance(query, FeedRuns) and query.compact
            self._books.enter_rows(result.rows, whole=whole)
            own = isinstance(query, Active | Registering | Ended)
            self._count(result.rows, own=own)
            await self._asker.distrust(result.rows, query)
            if over:
                self.low = low if low is not None else self.low
                return seen, changed
            query = _next(query, result.received_rows, result.total)

    def _count(self, rows: Iterable[Observation], *, own: bool) -> None:
        for row in rows:
            end = seconds(row.end_date)
            self.tally.enter(row.remote_id, row.remote_status, end, own=own)

    async def keep_low(self, low: float) -> None:
        """Write the watermark down without a page (disk)."""
        await self._looks.apply(self.account, [], low=iso(low))
        self.low = low


def _next(query: Query, received: int, total: int | None) -> Query:
    assert isinstance(query, Active | Registering | Ended | FeedRuns)
    offset = query.offset + received
    left = (total or 0) - offset
    if received == query.limit and left > _MANY * query.limit:
        return replace(query, offset=offset, limit=CATCH_UP_PAGE)
    return replace(query, offset=offset)
