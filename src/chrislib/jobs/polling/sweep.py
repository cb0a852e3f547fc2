"""Finds out what became of an account's live runs: carries the plan out.

Each page is applied in one transaction; the watermark moves with the last page of its
window, in the same one. Two questions at a time, never more.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chrislib.aio import spawn
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.polling import PollingTable
from chrislib.catalog.rows import AccountRow
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Kind
from chrislib.jobs.polling import plan as planner
from chrislib.jobs.polling.asking import Asker, FilterIgnored, Work, in_lanes
from chrislib.jobs.polling.bookkeeper import Bookkeeper, seconds
from chrislib.jobs.polling.looks import Looks
from chrislib.jobs.polling.plan import Tuning
from chrislib.jobs.polling.queries import (
    Active,
    Digest,
    Ended,
    FeedCount,
    FeedRuns,
    Query,
    Registering,
)
from chrislib.jobs.polling.reading import Reader
from chrislib.jobs.store import JobStore

_BEFORE = 120.0
"""Seconds before its job was made that a run may have ended, by clocks that differ."""
_LOW_EVERY = 300.0
"""Without a window, the watermark is written down this often."""
_WINDOW_FROM = 4
"""So many unexplained absences make one window cheaper than single looks."""
_LATE = 2.0
"""Seconds after which R is late, and W is asked beside it."""


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick found and cost.

    Attributes
    ----------
    period : float
        Seconds from the start of this tick to the start of the next, for a program
        that is looked at.
    """

    changed: int
    requests: int = 0
    server_ms: float = 0.0
    live: int = 0
    period: float = 15.0


class Sweep:
    """The sweep of one account.

    Parameters
    ----------
    store : JobStore
    table : JobTable
    polling : PollingTable
    looks : Looks
    clock : Clock
    account : AccountRow
    base : float
        The period of a small account, 15 s in the product.
    tuning : Tuning, optional
    """

    def __init__(
        self,
        store: JobStore,
        table: JobTable,
        *,
        polling: PollingTable,
        looks: Looks,
        clock: Clock,
        account: AccountRow,
        base: float = 15.0,
        tuning: Tuning = planner.DEFAULT,
    ) -> None:
        self._store = store
        self._table = table
        self._clock = clock
        self._account = account
        self._base = base
        self._tuning = tuning
        self._asker = Asker(polling, clock, server_id=account.server_id)
        self._books = Bookkeeper(store, polling, account=account)
        self.ledger = self._books.ledger
        self._reader = Reader(self._asker, looks, books=self._books, account=account)
        self.view = self._reader.view
        self._ready = False
        self._asked: dict[str, float] = {}
        self._lead: float | None = None
        self._leads = [0.0, 0.0]
        self._digested = False

    async def tick(
        self,
        backend: RunBackend,
        account: AccountRow,
        *,
        visible: Sequence[int],
        hidden: bool,
        light: bool = False,
    ) -> TickReport:
        """Take one tick (network, disk).

        Parameters
        ----------
        backend : RunBackend
        account : AccountRow
        visible : sequence of int
            Feeds on screen.
        hidden : bool
            Whether nobody looks at the program.
        light : bool
            Look at what is on screen only.

        Raises
        ------
        CubeError
            A question was not answered; pages that came before stay applied.
        """
        self._account = self._reader.account = account
        view, ledger = self.view, self.ledger
        view.now = backend.server_now().timestamp()
        if not self._ready:
            await self._open()
        self._asker.begin(planner.rates_of(ledger.live))
        view.visible = () if hidden else tuple(visible)
        view.large = planner.regime(ledger.live, large=view.large)
        view.period = planner.period_of(self._base, ledger.live)
        changed = 0
        try:
            if light:
                changed = await self._screen(backend)
            elif ledger.live:
                await self._asker.abilities(backend)
                changed = await self._full(backend)
        except FilterIgnored:
            # The next tick asks in another way; this one ends after one page.
            changed = 1
        slow = 2.0 if self._asker.take_slow() else 1.0
        late = self._lateness()
        return TickReport(
            changed=changed,
            requests=self._asker.requests,
            server_ms=self._asker.server_ms,
            live=ledger.live,
            period=view.period * slow + late,
        )

    def _lateness(self) -> float:
        """Return by how much later than usual the next tick should begin, seconds.

        What counts for those who wait is the time from W to W, not from tick to tick,
        and in a tick that begins with D (in `_leads` the second) W comes later.
        """
        lead, self._lead = self._lead, None
        if lead is None:
            return 0.0
        now = self._clock.monotonic()
        had = self._digested
        usual = self._leads[had] or lead
        self._leads[had] = usual + (min(lead, 3.0) - usual) / 8
        age = self._age("digest", now) + self.view.period
        will = planner.digest_due(self.view, age, self._tuning)
        wanted = lead - (self._leads[will] or lead)
        return max(-2.0, min(2.0, wanted))

    async def _open(self) -> None:
        """Take up where the last process ended (disk)."""
        await self._books.open()
        kept = await self._table.low(self._account.account_id)
        oldest = min(
            (
                tracked.job.created_at
                for tracked in self._store.live(self._account.account_id, Kind.RUN)
            ),
            default=self._clock.time(),
        )
        # Jobs are dated by this computer's clock, and it may be wrong.
        born = self.view.now - max(0.0, self._clock.time() - oldest) - _BEFORE
        self._reader.low = min(seconds(kept), born) if kept else born
        self.view.frontier = self._reader.low
        self._ready = True

    # One tick.

    async def _full(self, backend: RunBackend) -> int:
        view = self.view
        now = self._clock.monotonic()
        view.digest_age = self._age("digest", now)
        view.active_age = self._age("active", now)
        view.cancelled_age = self._age("cancelled", now)
        plan = planner.plan(view, self._asker.caps, self._tuning)
        changed, self._lead = 0, None
        self._digested = bool(plan.before)
        if plan.before:
            changed += await self._digest(backend, plan.before)
            self._note_digest(now)
        if plan.tiny:
            return changed + await self._tiny(backend, plan)
        (registering,) = plan.first
        found, in_time = await self._registering_or_window(backend, registering, now)
        changed += found
        windows, looks = planner.looks(view, self._asker.caps, self._asker.budget)
        work: list[Work] = []
        if in_time:
            work = [lambda: self._windows(backend, windows, low=plan.low)]
        work += [self._reader.asking(backend, query) for query in looks]
        active = [query for query in plan.beside if isinstance(query, Active)]
        if active:
            work.append(lambda: self._list_active(backend, active))
        work += [
            self._reader.asking(backend, query)
            for query in plan.beside
            if not isinstance(query, Active)
        ]
        changed += await in_lanes(work)
        if any(isinstance(query, Ended) for query in plan.beside):
            self._asked["cancelled"] = now
        if plan.frontier is not None and in_time:
            view.frontier = max(view.frontier, plan.frontier)
        for feed_id, book in self.ledger.books.items():
            if book.owes:
                self.ledger.settle(feed_id)
        changed += await self._repair(backend)
        if plan.before:
            await self._books.keep_feeds(view.now)
            self.ledger.prune(view.now)
        return changed

    async def _tiny(self, backend: RunBackend, plan: planner.Plan) -> int:
        asked_at = self.view.now
        changed = await self._list_active(backend, plan.first)
        if len(self.ledger.absent) >= _WINDOW_FROM:
            windows = planner.windows(self.view.frontier, self._asker.caps)
            changed += await self._windows(backend, windows, low=plan.low)
        for feed_id in list(self.ledger.books):
            self.ledger.settle(feed_id)
        changed += await self._repair(backend)
        if not self.ledger.absent and plan.low is not None:
            # All of them were seen: nothing that ended earlier is unknown.
            self.view.frontier = max(self.view.frontier, asked_at - planner.OVERLAP)
            if plan.low > self._reader.low + _LOW_EVERY:
                await self._reader.keep_low(plan.low)
        return changed

    async def _screen(self, backend: RunBackend) -> int:
        changed = 0
        books = self.ledger.books
        feeds = [f for f in self.view.visible if f in books and books[f].live]
        for feed_id in feeds[: self._tuning.screen]:
            changed += await self._reader.ask(backend, FeedCount(feed_id))
            book = books[feed_id]
            if book.told is not None and book.told.counts != book.read_counts:
                changed += await self._reader.ask(backend, FeedRuns(feed_id))
        return changed

    async def _repair(self, backend: RunBackend) -> int:
        queries = planner.repairs(
            self.view, self._asker.caps, self._asker.budget, self._tuning
        )
        return await in_lanes(
            [self._reader.asking(backend, query) for query in queries]
        )

    async def _digest(self, backend: RunBackend, queries: Sequence[Query]) -> int:
        self.ledger.mark()
        wanted = set(self.ledger.live_feeds())
        told: set[int] = set()

        async def read(query: Digest) -> int:
            result = await self._asker.run(backend, query)
            for counts in result.digests:
                told.add(counts.feed_id)
                self.ledger.told(counts, at=self.view.now)
            received = query.offset + result.received_rows
            planned = replace(query, offset=received) in queries
            if result.more and result.received_rows and not planned:
                return await read(replace(query, offset=received))
            return 0

        def reading(query: Digest) -> Work:
            return lambda: read(query)

        ranges = [query for query in queries if isinstance(query, Digest)]
        single = [query for query in queries if isinstance(query, FeedCount)]
        told |= {query.feed_id for query in single}
        changed = await in_lanes(
            [
                *(reading(q) for q in ranges),
                *(self._reader.asking(backend, q) for q in single),
            ]
        )
        for feed_id in wanted - told:
            self.ledger.books[feed_id].missing = True
        return changed

    async def _registering_or_window(
        self, backend: RunBackend, query: Query, began: float
    ) -> tuple[int, bool]:
        """Ask R, and W meanwhile when R does not answer; says whether R was in time.

        A window that was asked for before R was answered moves no watermark.
        """
        listing = spawn(
            self._list_registering(backend, query),
            name="jobs: registering",
            on_error=lambda _error: None,
        )
        sleeper = spawn(self._clock.sleep(_LATE), name="jobs: late")
        try:
            await asyncio.wait({listing, sleeper}, return_when=asyncio.FIRST_COMPLETED)
            in_time = listing.done()
            self._lead = self._clock.monotonic() - began
            found = 0
            if not in_time:
                windows = planner.windows(self.view.frontier, self._asker.caps)
                found = await self._windows(backend, windows, low=None)
            return found + await listing, in_time
        finally:
            sleeper.cancel()
            listing.cancel()

    def _note_digest(self, now: float) -> None:
        """Note D by its schedule, so that it comes as often as planned on average."""
        planned = self._asked.get("digest", 0.0) + planner.digest_every(
            self.view, self._tuning
        )
        near = abs(planned - now) < self.view.period
        self._asked["digest"] = planned if near else now

    async def _list_registering(self, backend: RunBackend, query: Query) -> int:
        assert isinstance(query, Registering)
        registering = self.ledger.registering
        expected = [
            run.remote_id
            for run in registering.values()
            if (query.min_end is None or run.end >= query.min_end)
            and (query.max_end is None or run.end <= query.max_end)
        ]
        seen, changed = await self._reader.list(backend, query)
        for ident in expected:
            if ident not in seen and ident in registering:
                self.ledger.leavers[ident] = registering[ident]
        return changed

    async def _list_active(self, backend: RunBackend, queries: Sequence[Query]) -> int:
        expected = {run.remote_id for run in self.ledger.live_runs()}
        seen: set[int] = set()
        changed = 0
        for query in queries:
            found, more = await self._reader.list(backend, query)
            seen |= found
            changed += more
        self._asked["active"] = self._clock.monotonic()
        runs = [self.ledger.runs[ident] for ident in seen if ident in self.ledger.runs]
        self.view.strangers = sum(run.active and not run.mine for run in runs)
        for run in list(self.ledger.live_runs()):
            if run.remote_id in expected - seen:
                self.ledger.absent[run.remote_id] = run
        return changed

    async def _windows(
        self, backend: RunBackend, queries: Sequence[Query], *, low: float | None
    ) -> int:
        changed = 0
        for number, query in enumerate(queries, 1):
            last = low if number == len(queries) else None
            changed += (await self._reader.list(backend, query, low=last))[1]
        return changed

    def _age(self, what: str, now: float) -> float:
        at = self._asked.get(what)
        return float("inf") if at is None else now - at
