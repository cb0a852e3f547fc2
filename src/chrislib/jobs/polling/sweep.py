"""Finds out what became of an account's live runs: carries the plan out.

Each page is applied in one transaction; the watermark moves with the last page of its
window, in the same one. Two questions at a time, never more.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.catalog.jobs import JobTable
from chrislib.catalog.polling import PollingTable
from chrislib.catalog.rows import AccountRow
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Kind
from chrislib.jobs.polling import plan as planner
from chrislib.jobs.polling.asking import Asker, FilterIgnored, Work, in_lanes
from chrislib.jobs.polling.bookkeeper import Bookkeeper, seconds
from chrislib.jobs.polling.digesting import Digester
from chrislib.jobs.polling.looks import Looks
from chrislib.jobs.polling.patience import call_off, within
from chrislib.jobs.polling.plan import Tuning
from chrislib.jobs.polling.proving import Claim, Prover
from chrislib.jobs.polling.queries import (
    Active,
    CountEnded,
    FeedCount,
    FeedRuns,
    Query,
    Registering,
)
from chrislib.jobs.polling.reading import Reader
from chrislib.jobs.polling.repairs import repairs
from chrislib.jobs.store import JobStore

_BEFORE = 120.0
"""Seconds before its job was made that a run may have ended, by clocks that differ."""
_LOW_EVERY = 300.0
"""Without a window, the watermark is written down this often."""
_WINDOW_FROM = 4
"""So many unexplained absences make one window cheaper than single looks."""
_LATE = 2.0
"""Seconds after which R is late, and W is asked beside it."""
_LEAD = 2.0
"""Seconds after which W is asked in a tick of many runs."""
_LATEST = 8.0
"""Seconds by which a late W may put off the next tick."""


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
        self._prover = Prover(self._asker, self._reader, books=self._books, looks=looks)
        self._ready = False
        self._asked: dict[str, float] = {}
        self._began = 0.0
        self._seen: set[int] | None = None
        self._digester = Digester(self._asker, self._reader, clock)

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
        """Return by how much later than planned W was asked, seconds.

        What counts for those who wait is the time from W to W, not from tick to tick.
        """
        late = self._reader.window_at - self._began - self._lead
        return max(0.0, min(_LATEST, late))

    @property
    def _lead(self) -> float:
        """Seconds from the start of a tick to W.

        As long as what comes before it takes at most, so that W comes regularly.
        """
        return _LEAD if self.view.large else 0.0

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
        self._reader.tally.begin(self._reader.low)
        self._ready = True

    # One tick.

    async def _full(self, backend: RunBackend) -> int:
        plan = self._planned()
        changed, self._began = 0, self._clock.monotonic()
        if plan.tiny:
            if plan.before:
                await self._ask_digest(backend, plan.before)
            return await self._tiny(backend, plan)
        (registering,) = plan.first
        claim = await self._count(backend, plan.count) if plan.count else None
        found, in_time = await self._registering_or_window(
            backend, registering, claim=claim
        )
        changed += found
        digest = await self._begin_digest(backend, plan.before)
        try:
            return changed + await self._after_r(
                backend, plan, claim=claim, in_time=in_time, digest=digest
            )
        finally:
            if digest is not None:
                await call_off(digest)

    async def _after_r(
        self,
        backend: RunBackend,
        plan: planner.Plan,
        *,
        claim: Claim | None,
        in_time: bool,
        digest: "asyncio.Task[int] | None",
    ) -> int:
        if claim is not None and not (in_time and claim.gone):
            claim = None
        # What numbers may tell is not asked for by windows before.
        numbers = claim is not None or bool(plan.before)
        caps, looks = self._asker.caps, list[Query]()
        if numbers:
            windows = planner.windows(self.view.frontier, caps)
        else:
            windows, looks = planner.looks(self.view, caps, self._asker.budget)
        work: list[Work] = []
        if in_time:
            work = [lambda: self._windows_in_time(backend, windows, low=plan.low)]
        if claim is not None:
            work.append(self._settling(backend, claim))
        work += [self._reader.asking(backend, query) for query in looks]
        work += self._beside(backend, plan.beside)
        changed = await in_lanes(work)
        if digest is not None:
            changed += await digest
        if plan.frontier is not None and in_time:
            self.view.frontier = max(self.view.frontier, plan.frontier)
        for feed_id, book in self.ledger.books.items():
            if book.owes:
                self.ledger.settle(feed_id)
        changed += await self._by_feeds()
        # Counts that came later than W tell of ends that the next W will bring.
        counts = self._reader.window_at >= self._digester.told_at
        changed += await self._repair(backend, rest=numbers, counts=counts)
        changed += await self._by_feeds()
        if plan.before:
            self._reader.tally.prune(self.view.now)
            await self._books.keep_feeds(self.view.now)
            self.ledger.prune(self.view.now)
        return changed

    def _planned(self) -> planner.Plan:
        view = self.view
        now = self._clock.monotonic()
        view.digest_age = self._digester.age(now)
        view.active_age = self._age("active", now)
        view.whole_from = self._reader.tally.whole_from
        self._seen, self._reader.still = None, {}
        return planner.plan(view, self._asker.caps, self._tuning)

    def _beside(self, backend: RunBackend, queries: Sequence[Query]) -> list[Work]:
        active = [query for query in queries if isinstance(query, Active)]
        work = [
            self._reader.asking(backend, query)
            for query in queries
            if not isinstance(query, Active)
        ]
        if active:
            work.insert(0, lambda: self._list_active(backend, active))
        return work

    async def _by_feeds(self) -> int:
        """Take what the counts of feeds prove (disk).

        They tell of all that has ended, so W must have been asked since.
        """
        if self._reader.window_at < self._digester.told_at:
            return 0
        fresh = self._digester.told_at >= self._began
        seen = self._seen if fresh else None
        return await self._prover.by_feeds(self._account, seen)

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

    async def _count(self, backend: RunBackend, query: CountEnded) -> Claim | None:
        """Ask N, and go on without it when it is late: it spares work, no more."""
        counting = await within(
            self._clock, _LATE, self._prover.count(backend, query), name="jobs: count"
        )
        if counting.done():
            return counting.result()
        await call_off(counting)
        return None

    def _settling(self, backend: RunBackend, claim: Claim) -> Work:
        few = self._tuning.few
        return lambda: self._prover.settle(backend, self._account, claim, few=few)

    async def _begin_digest(
        self, backend: RunBackend, queries: Sequence[Query]
    ) -> "asyncio.Task[int] | None":
        """Ask D, and do not wait for it longer than W can: it goes on beside then."""
        if not queries:
            return None
        return await within(
            self._clock,
            _LATE,
            self._ask_digest(backend, queries),
            name="jobs: digest",
        )

    async def _repair(
        self, backend: RunBackend, *, rest: bool = False, counts: bool = True
    ) -> int:
        caps, queries = self._asker.caps, []
        if rest:
            budget = self._asker.budget
            queries = planner.looks(self.view, caps, budget, reach=False)[1]
        queries += repairs(
            self.view, caps, self._asker.budget, self._tuning, counts=counts
        )
        return await in_lanes(
            [self._reader.asking(backend, query) for query in queries]
        )

    async def _ask_digest(self, backend: RunBackend, queries: Sequence[Query]) -> int:
        every = planner.digest_every(self.view, self._tuning)
        return await self._digester.ask(
            backend, queries, began=self._began, every=every
        )

    async def _registering_or_window(
        self, backend: RunBackend, query: Query, *, claim: Claim | None
    ) -> tuple[int, bool]:
        """Ask R, and W meanwhile when R does not answer; says whether R was in time.

        A window that was asked for before R was answered moves no watermark.
        """
        listing = await within(
            self._clock,
            _LATE,
            self._list_registering(backend, query, claim),
            name="jobs: registering",
        )
        in_time, found = listing.done(), 0
        try:
            if not in_time:
                windows = planner.windows(self.view.frontier, self._asker.caps)
                found = await self._windows(backend, windows, low=None)
            return found + await listing, in_time
        finally:
            await call_off(listing)

    async def _list_registering(
        self, backend: RunBackend, query: Query, claim: Claim | None
    ) -> int:
        assert isinstance(query, Registering)
        registering = self.ledger.registering
        expected = [
            run.remote_id
            for run in registering.values()
            if (query.min_end is None or run.end >= query.min_end)
            and (query.max_end is None or run.end <= query.max_end)
        ]
        seen, changed = await self._reader.list(backend, query)
        self._seen = seen if len(seen) < query.limit else None
        if self._seen is None:
            # Between two pages a row can slip through: nothing is known to be whole.
            self._reader.tally.begin(self.view.now)
        elif claim is not None:
            self._prover.left(claim, seen)
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

    async def _windows_in_time(
        self, backend: RunBackend, queries: Sequence[Query], *, low: float | None
    ) -> int:
        left = self._began + self._lead - self._clock.monotonic()
        if left > 0:
            await self._clock.sleep(left)
        return await self._windows(backend, queries, low=low)

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
