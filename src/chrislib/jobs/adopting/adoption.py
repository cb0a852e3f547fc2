"""Runs nobody here started: found by listing the server, tracked when asked for.

A scan compares counts: how many own runs the server has under way against how many
are known. Only where they differ runs are listed, and only those feeds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from chrislib.catalog.adoption import AdoptionTable
from chrislib.catalog.rows import AccountRow
from chrislib.cube.errors import Forbidden, NotFound
from chrislib.errors import ChrislibError
from chrislib.jobs import fsm, steps
from chrislib.jobs.adopting import links
from chrislib.jobs.adopting.found import Found, Pending
from chrislib.jobs.adopting.scan import Asking, Scanner, ScanReport
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, JobKey, Kind, RunIntent
from chrislib.jobs.polling.queries import FeedRuns
from chrislib.jobs.steps import Observation, Tracked
from chrislib.jobs.store import JobStore
from chrislib.jobs.submission.preferences import Preferences

PERIOD = 900.0
"""Seconds between two scans of an account."""
BESIDE = 1 / 5
"""Part of it after which other people's runs are looked at again: 3 minutes."""
SOON = 60.0
"""Seconds until the next scan when there was more than one scan should ask for."""


@dataclass(frozen=True, slots=True)
class Connected:
    """An account whose server can be asked now."""

    account: AccountRow
    backend: RunBackend


class Adoption:
    """Finds runs on the server and takes them into the catalog.

    Parameters
    ----------
    table : AdoptionTable
    store : JobStore
    pending : Pending
        Runs that may be ours are left to those who look for them.
    preferences : Preferences
    clock : Clock
    connected : callable
        Every account that can be asked now, the present one first.
    look_soon : callable
        Gets runs that should be looked at.
    period : float
        Seconds between two scans.
    """

    def __init__(
        self,
        *,
        table: AdoptionTable,
        store: JobStore,
        pending: Pending,
        preferences: Preferences,
        clock: Clock,
        connected: Callable[[], Sequence[Connected]],
        look_soon: Callable[[JobKey], None],
        period: float = PERIOD,
    ) -> None:
        self._store = store
        self._clock = clock
        self._connected = connected
        self._look_soon = look_soon
        self._period = period
        self._found = Found(
            table=table,
            store=store,
            pending=pending,
            preferences=preferences,
            clock=clock,
        )
        self._scanner = Scanner(
            table=table, store=store, found=self._found, clock=clock
        )
        self._subscribers: list[Callable[[int], None]] = []
        self._due: dict[int, float] = {}
        self._beside_due: dict[int, float] = {}

    async def turn(self, account: AccountRow, backend: RunBackend, /) -> float:
        """Scan if it is time (network, disk); returns seconds until it is again.

        Raises
        ------
        CubeError
            The server did not answer; what was found so far is kept.
        """
        account_id = account.account_id
        now = self._clock.monotonic()
        if self._due.get(account_id, now) <= now:
            report = await self.scan(account, backend)
            wait = min(SOON, self._period) if report.more else self._period
            self._due[account_id] = self._clock.monotonic() + wait
        if self._beside_due.get(account_id, now) <= now:
            await self._scanner.look_beside(account, backend)
            later = self._clock.monotonic() + self._period * BESIDE
            self._beside_due[account_id] = later
        due = min(self._due[account_id], self._beside_due[account_id])
        return max(0.0, due - self._clock.monotonic())

    async def scan(self, account: AccountRow, backend: RunBackend) -> ScanReport:
        """Compare counts, and list what differs (network, disk)."""
        report = await self._scanner.scan(account, backend)
        if report.found:
            for callback in tuple(self._subscribers):
                callback(account.account_id)
        return report

    def subscribe(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Call `callback` with an account whose scan found runs; returns how to stop.

        What it raises counts as a failure of the scan: it should not.
        """
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    async def search(self) -> tuple[JobKey, ...]:
        """Scan the present account now (network, disk); returns what was found.

        Raises
        ------
        ChrislibError
            Not connected, or the server did not answer.
        """
        place = self._place(None)
        return (await self.scan(place.account, place.backend)).found

    def proposals(self, account_id: int) -> tuple[Job, ...]:
        """Return own runs under way that were started elsewhere and are not tracked.

        For the policy ASK; `follow` takes those the user chose.
        """
        return tuple(
            tracked.job
            for tracked in self._store.live(account_id, Kind.RUN)
            if not tracked.job.tracked
            and isinstance(tracked.job.intent, RunIntent)
            and tracked.job.intent.found
            and not tracked.job.intent.owner
        )

    async def track(self, instance_id: int, account_id: int | None = None) -> Job:
        """Follow a run and be told how it ends (network, disk).

        Parameters
        ----------
        account_id : int, optional
            The present account by default.

        Raises
        ------
        ChrislibError
            Not connected, no such run, or not allowed to see it.
        """
        place = self._place(account_id)
        owner = self._found.owner(place.account, instance_id)
        if owner is None:
            seen = await _looked(place.backend, instance_id)
            await self._found.take(place.account, [seen], asked=True)
            owner = self._found.owner(place.account, instance_id)
        if owner is None:
            raise ChrislibError(
                "This run is just being started from here.",
                "It is followed as soon as the server has answered.",
            )
        await self._set(owner.job.key, tracked=True)
        self._look_soon(owner.job.key)
        return self._job(owner.job.key)

    async def untrack(self, key: JobKey) -> Job:
        """Follow a run for context only: nothing is told of it any more (disk)."""
        await self._set(key, tracked=False)
        return self._job(key)

    async def follow(self, keys: Iterable[JobKey]) -> None:
        """Be told of runs that were only followed for context so far (disk)."""
        for key in keys:
            await self._set(key, tracked=True)

    async def track_url(self, text: str, *, accept_host: str = "") -> Job:
        """Follow what a pasted address or a ``chris:`` link names (network, disk).

        A link to a feed follows every run of it; its first run is returned.

        Parameters
        ----------
        accept_host : str
            See `chrislib.jobs.adopting.links.owner`.

        Raises
        ------
        LinkRefused
            The text is no link, or of a server that is not signed in; says why.
        ChrislibError
            There is no such run, or it is not shared with this account.
        """
        link = links.parse(text)
        connected = {c.account.account_id: c for c in self._connected()}
        place = links.owner(
            link,
            [
                links.SignedIn(
                    c.account.account_id, c.account.base_url, c.account.server_uuid
                )
                for c in connected.values()
            ],
            accept_host=accept_host,
        )
        if link.node_id is not None:
            return await self.track(link.node_id, place.account_id)
        if link.feed_id is not None:
            return await self._track_feed(connected[place.account_id], link.feed_id)
        kind, _, name = link.place.partition("/")
        tracked = self._store.get(JobKey(name)) if kind == "jobs" else None
        if tracked is None:
            raise links.LinkRefused(
                "This link does not name a run.",
                "Nothing is followed because of it, nothing was sent.",
                hint="Paste the address of a run or of a feed.",
            )
        await self._set(tracked.job.key, tracked=True)
        return self._job(tracked.job.key)

    # Inside.

    async def _track_feed(self, place: Connected, feed_id: int) -> Job:
        scan, rows, offset = Asking(place.backend), list[Observation](), 0
        try:
            while True:
                page = await scan.ask(FeedRuns(feed_id, offset=offset))
                rows += page.rows
                if not page.more:
                    break
                offset += page.received_rows
        except (NotFound, Forbidden) as error:
            raise _not_there("feed") from error
        if not rows:
            raise _not_there("feed")
        await self._found.take(place.account, rows, asked=True)
        found = [self._found.owner(place.account, row.remote_id) for row in rows]
        keys = [tracked.job.key for tracked in found if tracked is not None]
        await self.follow(keys)
        first = self._found.owner(place.account, min(row.remote_id for row in rows))
        if first is None:
            raise ChrislibError(
                "The runs of this feed are just being started from here.",
                "They are followed as soon as the server has answered.",
            )
        return self._job(first.job.key)

    async def _set(self, key: JobKey, *, tracked: bool) -> None:
        def decide(current: Tracked) -> steps.Step | None:
            if current.job.tracked is tracked:
                return None
            job = replace(current.job, tracked=tracked)
            return fsm.learn(
                replace(current, job=job),
                "tracked" if tracked else "untracked",
                now=self._clock.time(),
            )

        await self._store.apply(key, decide)

    def _place(self, account_id: int | None) -> Connected:
        for place in self._connected():
            if account_id in (None, place.account.account_id):
                return place
        raise ChrislibError(
            "No server is connected.",
            "Nothing was sent.",
            hint="Connect to the server of the run first.",
        )

    def _job(self, key: JobKey) -> Job:
        tracked = self._store.get(key)
        if tracked is None:
            raise ChrislibError("This job is not known any more.")
        return tracked.job


async def _looked(backend: RunBackend, instance_id: int) -> Observation:
    try:
        return await backend.look(instance_id)
    except (NotFound, Forbidden) as error:
        raise _not_there("run") from error


def _not_there(what: str) -> ChrislibError:
    return ChrislibError(
        f"There is no such {what} for this account.",
        "It was deleted, or it is not shared with you. Nothing was changed.",
        hint="Ask who sent the link to share it.",
    )
