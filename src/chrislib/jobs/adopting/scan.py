"""What runs does the server have that are not known here? Asked by counts first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.catalog.adoption import AdoptionTable
from chrislib.catalog.rows import AccountRow
from chrislib.cube.errors import Forbidden, NotFound
from chrislib.jobs.adopting.found import Found, is_own
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.fsm import reduce
from chrislib.jobs.model import Job, JobKey, Kind, Reach
from chrislib.jobs.polling.queries import (
    CATCH_UP_PAGE,
    ENDED,
    PAGE,
    Active,
    CountActive,
    Digest,
    Ended,
    FeedRuns,
    Query,
    QueryResult,
)
from chrislib.jobs.steps import Observation, Step, Tracked
from chrislib.jobs.store import Decide, Decision, JobStore

FEEDS_BESIDE = 6
"""Feeds with other people's runs that are opened at a time."""
FEEDS_A_SCAN = 20
"""Feeds that are opened in one scan; the rest come in the next."""
OFFERED_DAYS = 30.0
"""A lost catalog is offered what ended within so many days …"""
OFFERED_RUNS = 1000
"""… but not more runs than this."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan came to.

    Attributes
    ----------
    requests : int
        What it cost.
    found : tuple of JobKey
        Runs that were not known.
    tracked : int
        Of these, those that are followed and notified from now on.
    rebuilt : bool
        Whether the account had no runs here at all: its catalog was lost, or this is
        another computer.
    more : bool
        Whether it should go on soon.
    """

    requests: int = 0
    found: tuple[JobKey, ...] = ()
    tracked: int = 0
    rebuilt: bool = False
    more: bool = False


class Scanner:
    """Compares counts with the server's, and lists what differs.

    Parameters
    ----------
    table : AdoptionTable
    store : JobStore
    found : Found
        Takes what is found.
    clock : Clock
    """

    def __init__(
        self, *, table: AdoptionTable, store: JobStore, found: Found, clock: Clock
    ) -> None:
        self._table = table
        self._store = store
        self._found = found
        self._clock = clock
        self._opened: dict[tuple[int, int], int] = {}
        self._looked: dict[tuple[int, int], float] = {}
        self._complete: set[int] = set()

    async def scan(self, account: AccountRow, backend: RunBackend) -> ScanReport:
        """Compare counts, and list what differs (network, disk)."""
        scan = Asking(backend)
        account_id = account.account_id
        if await self._is_lost(account_id):
            await self._table.scanned(account_id, 0.0)
            await self._rebuild(account, scan)
            await self._table.scanned(account_id, self._clock.time())
            return scan.report(rebuilt=True)
        known = self._known(account)
        total = (await scan.ask(CountActive())).total
        if total is not None and total == sum(known.own.values()):
            return scan.report()
        differing = await self._differing(account, scan, known.active)
        crowded = total is not None and len(differing) > max(5, total // PAGE)
        if crowded:
            await self._take_active(account, scan, total or 0)
        else:
            for feed_id, count in differing[:FEEDS_A_SCAN]:
                await self._take_feed(account, scan, feed_id, known)
                self._opened[account_id, feed_id] = count
        await self._table.scanned(account_id, self._clock.time())
        return scan.report(more=not crowded and len(differing) > FEEDS_A_SCAN)

    async def look_beside(self, account: AccountRow, backend: RunBackend) -> bool:
        """Look at other people's runs beside one's own (network, disk).

        No list of one's own runs holds them: their feeds are opened, a few at a time.

        Returns
        -------
        bool
            Whether there are any.
        """
        feeds = sorted(
            {
                tracked.job.feed_id
                for tracked in self._store.live(account.account_id, Kind.RUN)
                if getattr(tracked.job.intent, "owner", "")
                and tracked.job.feed_id is not None
            }
        )
        scan = Asking(backend)
        # Those whose turn is longest ago first.
        feeds.sort(key=lambda feed: self._looked.get((account.account_id, feed), 0.0))
        for feed_id in feeds[:FEEDS_BESIDE]:
            self._looked[account.account_id, feed_id] = self._clock.monotonic()
            await self._look_into(account, scan, feed_id)
        return bool(feeds)

    # Inside.

    async def _look_into(
        self, account: AccountRow, scan: "Asking", feed_id: int
    ) -> None:
        offset = 0
        while True:
            try:
                page = await scan.ask(FeedRuns(feed_id, offset=offset))
            except (NotFound, Forbidden):
                return
            decisions = [
                Decision(owner.job.key, self._reducer(account, row))
                for row in page.rows
                if (owner := self._found.owner(account, row.remote_id)) is not None
            ]
            await self._store.apply_page(decisions)
            at = self._clock.time()
            self._store.looked([d.key for d in decisions], Reach.FRESH, at)
            if not page.more:
                return
            offset += page.received_rows

    def _reducer(self, account: AccountRow, row: Observation) -> Decide:
        def decide(tracked: Tracked) -> Step | None:
            above = (
                self._found.owner(account, row.previous_id)
                if row.previous_id is not None
                else None
            )
            parent = above.job.phase if above is not None else None
            return reduce(tracked, row, now=self._clock.time(), parent=parent)

        return decide

    async def _is_lost(self, account_id: int) -> bool:
        """Whether nothing of the account is known, or a rebuild was cut off."""
        at = await self._table.scanned_at(account_id)
        if at is None:
            return not await self._table.has_runs(account_id)
        return at == 0.0

    async def _rebuild(self, account: AccountRow, scan: "Asking") -> None:
        total = (await scan.ask(CountActive())).total or 0
        await self._take_active(account, scan, total, rebuild=True)
        since = scan.backend.server_now().timestamp() - OFFERED_DAYS * 86400
        offset = 0
        while offset < OFFERED_RUNS:
            page = await scan.ask(Ended(min_end=since, offset=offset))
            scan.note(await self._found.take(account, page.rows, rebuild=True))
            if not page.more:
                break
            offset += page.received_rows

    async def _take_active(
        self, account: AccountRow, scan: "Asking", total: int, *, rebuild: bool = False
    ) -> None:
        limit = CATCH_UP_PAGE if total > PAGE else PAGE
        offset = 0
        while True:
            page = await scan.ask(Active(limit=limit, offset=offset))
            # Servers that do not know the filter list everything.
            rows = [row for row in page.rows if row.remote_status not in ENDED]
            scan.note(await self._found.take(account, rows, rebuild=rebuild))
            if not page.more or len(rows) < len(page.rows):
                return
            offset += page.received_rows

    async def _take_feed(
        self, account: AccountRow, scan: "Asking", feed_id: int, known: "_Known"
    ) -> None:
        offset = 0
        while True:
            try:
                page = await scan.ask(FeedRuns(feed_id, offset=offset))
            except (NotFound, Forbidden):
                return  # deleted or unshared since the counts were taken
            rows = [row for row in page.rows if row.remote_status not in ENDED]
            if not known.own.get(feed_id) and not any(
                is_own(row, account) for row in page.rows
            ):
                rows = []  # somebody else's feed: nothing of it is ours to follow
            scan.note(await self._found.take(account, rows))
            if not page.more:
                return
            offset += page.received_rows

    async def _differing(
        self, account: AccountRow, scan: "Asking", active: Counter[int]
    ) -> list[tuple[int, int]]:
        """Return the feeds with more runs under way than are known, and how many.

        All of them at sign-in; then the newest ones and those since the oldest with a
        run under way, for a list of all feeds ever made costs a server seconds.
        """
        found: list[tuple[int, int]] = []
        everything = account.account_id not in self._complete
        oldest = min((feed_id for feed_id in active if feed_id), default=0)
        offset = 0
        while True:
            page = await scan.ask(Digest(0, offset=offset))
            for feed in page.digests:
                opened = self._opened.get((account.account_id, feed.feed_id))
                if feed.active > active[feed.feed_id] and feed.active != opened:
                    found.append((feed.feed_id, feed.active))
            # Lists of feeds begin with the newest.
            passed = max((feed.feed_id for feed in page.digests), default=0) < oldest
            if not page.more or (not everything and (passed or not oldest)):
                break
            offset += page.received_rows
        self._complete.add(account.account_id)
        return found

    def _known(self, account: AccountRow) -> "_Known":
        known = _Known(Counter(), Counter())
        for tracked in self._store.live(account.account_id, Kind.RUN):
            job = tracked.job
            if job.remote_id is None or tracked.server_uuid != account.server_uuid:
                continue
            known.active[job.feed_id or 0] += 1
            if not getattr(job.intent, "owner", ""):
                known.own[job.feed_id or 0] += 1
        return known


@dataclass(frozen=True, slots=True)
class _Known:
    """Runs under way that are known, per feed: everybody's, and one's own."""

    active: Counter[int]
    own: Counter[int]


class Asking:
    """Asks one query at a time and counts."""

    def __init__(self, backend: RunBackend) -> None:
        self.backend = backend
        self._requests = 0
        self._found: list[Job] = []

    async def ask(self, query: Query) -> QueryResult:
        """Ask for one page (network)."""
        self._requests += 1
        return await self.backend.run(query)

    def note(self, taken: Sequence[Job]) -> None:
        """Count what was found."""
        self._found += taken

    def report(self, *, rebuilt: bool = False, more: bool = False) -> ScanReport:
        """Return what it came to."""
        keys = tuple(job.key for job in self._found)
        tracked = sum(job.tracked for job in self._found)
        return ScanReport(self._requests, keys, tracked, rebuilt, more)
