"""The job manager: what library, feeds and the window call."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.aio import TaskOwner, spawn
from chrislib.catalog.catalog import Catalog
from chrislib.catalog.rows import AccountRow
from chrislib.cube.errors import CubeError
from chrislib.errors import ChrislibError
from chrislib.jobs import codec, fsm
from chrislib.jobs.adopting.adoption import Adoption, Connected
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.backends.cube import CubeRuns
from chrislib.jobs.backends.pull import PullService
from chrislib.jobs.backends.slots import Slots
from chrislib.jobs.clock import Clock
from chrislib.jobs.codec import kind_of
from chrislib.jobs.custody import Custody
from chrislib.jobs.history.durations import Durations
from chrislib.jobs.history.past import History
from chrislib.jobs.model import (
    InboxRow,
    Intent,
    Job,
    JobChange,
    JobKey,
    Kind,
    Phase,
    Reach,
    ResultState,
    RunIntent,
)
from chrislib.jobs.notices.desk import Notices
from chrislib.jobs.notices.relay import NotificationSink
from chrislib.jobs.outputs.fetches import Fetches
from chrislib.jobs.outputs.fingerprint import Fingerprints
from chrislib.jobs.outputs.logkeeper import LogKeeper
from chrislib.jobs.outputs.results import Results, no_folder
from chrislib.jobs.pace import Pace
from chrislib.jobs.plugged import (
    SERVED,
    PluggedSinks,
    Secret,
    carriers,
    make_extensions,
    make_services,
    no_secret,
)
from chrislib.jobs.polling.attention import Attention
from chrislib.jobs.polling.followers import Connections
from chrislib.jobs.polling.health import Health
from chrislib.jobs.polling.link import MakeBackend
from chrislib.jobs.polling.making import Parts, make_followers
from chrislib.jobs.polling.overview import AccountLook, overview
from chrislib.jobs.store import JobStore
from chrislib.jobs.submission.batches import Batches
from chrislib.jobs.submission.cancels import Cancels
from chrislib.jobs.submission.preferences import Preferences
from chrislib.jobs.submission.submissions import Submissions
from chrislib.jobs.submission.submit import Submitter
from chrislib.jobs.transfers import Transfers

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of a job's past.

    `entered` are (phase, seconds since the epoch) in the order they were seen.
    """

    entered: tuple[tuple[Phase, float], ...]
    log: str
    """The program's log, tokens redacted, as captured before CUBE overwrites it."""


class JobManager:
    """Follows remote work so that nothing is lost, whatever fails or is closed.

    Parameters
    ----------
    catalog : Catalog
        Open.
    client_for : callable
        The present connection, or None while there is none.
    pacs : callable
        The PACS service of the present connection, or None.
    clock : Clock
    sinks : sequence of NotificationSink
        Where toasts go.
    base_period : float
        Seconds between two looks at the server while nothing special happens.
    stall_seconds : float
        Without news for so long, a pull has stopped.
    make_backend : callable
        Makes what speaks to the server about runs (tests put a fake here).
    in_view : callable
        Whether the user looks at what a link leads to: then no toast tells of it.
    notice_preset : str
        "all", "problems" or "off", for accounts whose user has chosen nothing.
    connections : Connections, optional
        Opens the other accounts there are tokens for; without it only the present
        connection is followed.
    downloads : callable
        The folder outputs go to when none is named.
    secret : callable
        Awaitable: the password of a service's account, from the system's keyring.
    adopts : bool
        Look for runs on the server that were not started here, at sign-in and every
        60 periods.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        client_for: Callable[[], "CubeClient | None"],
        pacs: Callable[[], PullService | None],
        clock: Clock,
        sinks: Sequence[NotificationSink] = (),
        base_period: float = 15.0,
        stall_seconds: float = 60.0,
        make_backend: MakeBackend = CubeRuns,
        in_view: Callable[[str], bool] = lambda _link: False,
        notice_preset: str = "all",
        connections: Connections | None = None,
        adopts: bool = True,
        downloads: Callable[[], Path] = no_folder,
        secret: Secret = no_secret,
    ) -> None:
        self._table = catalog.jobs
        self._catalog = catalog
        self._client_for = client_for
        self._clock = clock
        self._has_sinks = bool(sinks)
        pace = Pace(base_period)
        self._store = JobStore(self._table, clock)
        self.logs = LogKeeper(store=self._store, table=catalog.results, clock=clock)
        self.preferences = Preferences(catalog.settings_kv)
        fingerprints = Fingerprints(
            catalog.results, catalog.items, client_of=self._client_of
        )
        self._submitter = Submitter(
            store=self._store,
            clock=clock,
            settle=pace.settle,
            server_now=self._server_now,
            with_nonce=self.preferences.with_nonce,
            remember=fingerprints.remember,
        )
        self.cancels = Cancels(
            store=self._store,
            clock=clock,
            patience=4 * base_period,
            look_soon=self._look_soon,
            settle=pace.settle,
        )
        self.batches = Batches(
            table=catalog.batches,
            jobs=self._table,
            store=self._store,
            submitter=self._submitter,
            clock=clock,
            account=self._account,
            resume=self._resume,
        )
        self.submissions = Submissions(
            store=self._store,
            submitter=self._submitter,
            cancels=self.cancels,
            clock=clock,
            backend_of=self._backend_of,
            wake=self._turn_soon,
            look_soon=self._look_soon,
            is_paused=self.batches.is_paused,
            sent=self.batches.noted,
            reconcile=pace.reconcile,
            back_off=pace.back_off,
        )
        self.adoption = Adoption(
            table=catalog.adoption,
            store=self._store,
            pending=self.submissions,
            preferences=self.preferences,
            clock=clock,
            connected=self._connected,
            look_soon=self._look_soon,
            period=60 * base_period,
        )
        self._attention = Attention()
        self.health = Health(clock)
        parts = Parts(
            catalog=catalog,
            store=self._store,
            clock=clock,
            pace=pace,
            logs=self.logs,
            attention=self._attention,
            health=self.health,
            make_backend=make_backend,
            chores={
                "Submissions": self.submissions,
                **({"Adoption": self.adoption} if adopts else {}),
            },
            on_account=self._on_account,
            answered_again=self._wake_transfers,
        )
        self._followers = make_followers(
            parts, client_for=client_for, connections=connections
        )
        self._link = self._followers.present.link
        slots = Slots()
        self.extensions = make_extensions(
            catalog,
            clock,
            client_for=client_for,
            pacs=pacs,
            slots=slots,
            stall_seconds=stall_seconds,
            secret=secret,
        )
        self.services = make_services(
            catalog,
            clock,
            extensions=self.extensions,
            store=self._store,
            logs=self.logs,
            pace=pace,
        )
        self._transfers = Transfers(
            store=self._store,
            link=self._link,
            clock=clock,
            pace=pace,
            backends=carriers(self.extensions),
        )
        self.results = Results(
            catalog=catalog,
            store=self._store,
            clock=clock,
            client_of=self._client_of,
            fingerprints=fingerprints,
            downloads=Fetches(
                store=self._store,
                submitter=self._submitter,
                transfers=self._transfers,
                clock=clock,
            ),
            folder=downloads,
            handlers=self.extensions.handlers,
            policies=lambda: self.extensions.policies,
            services=lambda: self.services,
            failed=lambda name, words: self.health.failed("handler", name, words),
        )
        self.notices = Notices(
            outbox=catalog.outbox,
            inbox=catalog.inbox,
            kept=catalog.settings_kv,
            sinks=(*sinks, PluggedSinks(self.extensions, clock)),
            clock=clock,
            base_period=base_period,
            looked_at=self._looked_at,
            inbox_changed=self._store.inbox_changed,
            in_view=in_view,
            preset=notice_preset,
        )
        self.durations = Durations(
            catalog.durations, self._store.subscribe, clock=clock
        )
        self.history = History(catalog.jobs, catalog.problems)
        self._custody = Custody(
            condition=catalog.condition,
            retention=catalog.retention,
            store=self._store,
            clock=clock,
            begin=self._begin,
            end=self._end,
        )
        self.extensions.subscribe(self._wake_transfers)
        self._store.subscribe_inbox(self.notices.wake)
        self._store.subscribe(self.notices.committed)
        self._owner = TaskOwner("jobs")
        self._recovered: set[int] = set()
        self._started = False

    async def start(self) -> None:
        """Load every job and follow the live ones (disk, network later)."""
        if self._started:
            return
        self._started = True
        await self.preferences.load()
        self.preferences.begun_anew = self._catalog.rebuilt
        await self.batches.load()
        await self._store.load()
        await self.durations.start()
        await self.notices.start(showing=False)
        await self._custody.start()

    async def stop(self) -> None:
        """Stop following; the work on the server goes on."""
        await self._custody.stop()
        await self._owner.close()
        await self.durations.stop()
        self._started = False

    async def _begin(self) -> None:
        """Follow: this process may write the catalog, and the jobs are in memory."""
        await self.batches.settle()
        await self.results.start()
        # Where nobody shows toasts they wait for the next window.
        await self.notices.start(showing=self._has_sinks)
        self.services.start()
        self._followers.start()

    async def _end(self) -> None:
        """Follow no longer: the program ends, or another process writes now."""
        await self.results.close()
        await self.services.stop()
        await self._transfers.close()
        await self._followers.stop()
        await self.submissions.close()
        await self.batches.close()
        await self.notices.stop()

    async def submit(self, intent: Intent) -> JobKey:
        """Journal an intent and return at once (disk); the rest is done behind.

        Raises
        ------
        ChrislibError
            No server was ever reached, so the job has no account to be on.
        """
        if kind_of(intent) in SERVED:
            return await self.services.submit(intent)
        account = await self._account()
        (key,) = await self._submitter.journal(
            [intent], account_id=account.account_id, server_uuid=account.server_uuid
        )
        if self._link.reach is not Reach.FRESH:
            self._store.looked([key], self._link.reach, None)
        if isinstance(intent, RunIntent):
            self._followers.wake(account.account_id)
        else:
            self._transfers.follow()
        return key

    async def submit_now(self, intent: RunIntent) -> Job:
        """Journal a run, send it once and return what became of it (disk, network).

        A lost answer is no error: the job is SUBMIT_UNCERTAIN then and the server is
        being asked what it did.

        Raises
        ------
        Refused, Forbidden, NotFound
            The server does not take it; nothing was started.
        ServerUnreachable, TokenRejected
            It was never sent; nothing was started.
        """
        account = await self._account()
        backend = await self._link.current()
        if backend is None:
            raise _not_connected()
        (key,) = await self._submitter.journal(
            [intent],
            account_id=account.account_id,
            server_uuid=account.server_uuid,
            sending=True,
        )
        # Carried through even if the caller goes away: the outcome must be noted.
        sent = await asyncio.shield(
            spawn(
                self._submitter.post(key, intent, backend, once=True),
                name="jobs: submit",
                on_error=lambda _error: None,
            )
        )
        if sent.job.phase is Phase.DRAFT and sent.error is not None:
            raise sent.error
        self._look_soon(key)
        return sent.job

    async def cancel(self, key: JobKey) -> int:
        """Stop a job (disk, network); returns how many nodes or files it takes along.

        A cancel that CUBE loses is sent again by the poller.

        Raises
        ------
        CubeError
            The server did not take it now; it is tried again.
        """
        tracked = self._store.get(key)
        if tracked is None or tracked.job.phase.terminal:
            return 0
        if tracked.job.kind in SERVED:
            return await self.services.cancel(key)
        if tracked.job.kind is not Kind.RUN:
            return await self._transfers.cancel(key)
        if tracked.job.phase is Phase.DRAFT:
            return await self._submitter.take_back([key])
        backend = self._backend_of(tracked.account_id)
        if backend is None:
            try:
                await self._link.current()
            except CubeError:
                _log.info("a cancel is sent as soon as the server answers")
            backend = self._backend_of(tracked.account_id)
        return await self.cancels.request(key, backend)

    async def cancel_scope(self, key: JobKey) -> int:
        """Return how many nodes a cancel would take along, itself too (network)."""
        tracked = self._store.get(key)
        account = tracked.account_id if tracked is not None else 0
        return await self.cancels.scope(key, self._backend_of(account))

    async def retry(self, key: JobKey) -> JobKey:
        """Go on with what is missing of a transfer, or run a run anew (disk).

        Returns
        -------
        JobKey
            The same job for transfers; a new one for runs, whose tokens are spent.
        """
        tracked = self._store.get(key)
        if tracked is None:
            raise ChrislibError("This job is not known any more.")
        if isinstance(tracked.job.intent, RunIntent):
            await self._can_run_again(tracked.job)
        if tracked.job.kind is Kind.RUN or tracked.job.kind in SERVED:
            return await self.submit(tracked.job.intent)
        if tracked.job.phase.terminal:
            await self._store.apply(key, lambda t: fsm.again(t, now=self._clock.time()))
        self._transfers.follow()
        return key

    async def act(self, dedupe_key: str, action: str) -> None:
        """Note what the user did with an outcome: get, later, discard or seen (disk).

        "undo" takes a discard back. Nothing is deleted anywhere.
        """
        now = self._clock.time()
        acted = None if action == "seen" else now
        kept = "" if action == "seen" else action
        await self._table.mark_inbox(
            dedupe_key, seen_at=now, acted_at=acted, action=kept
        )
        if action != "seen":
            await self.results.note(JobKey(dedupe_key.partition(":")[0]), action)
        self._store.inbox_changed()

    async def catch_up(self) -> None:
        """See what another process has written, while it has the catalog (disk)."""
        await self._store.catch_up()

    def jobs(self) -> tuple[Job, ...]:
        """Return every job as it is now, newest first; withdrawn drafts left out."""
        return tuple(
            tracked.job
            for tracked in self._store.all()
            if not (
                tracked.job.phase is Phase.DRAFT
                and tracked.job.result is ResultState.DISCARDED
            )
        )

    def get(self, key: JobKey) -> Job | None:
        """Return one job as it is now."""
        tracked = self._store.get(key)
        return tracked.job if tracked is not None else None

    async def inbox(self) -> tuple[InboxRow, ...]:
        """Return the outcomes that were not discarded, newest first (disk)."""
        return tuple(codec.inbox_from_row(row) for row in await self._table.inbox())

    async def trace(self, job: JobKey | int) -> Trace | None:
        """Return the past of a job or of a run by its instance id (disk)."""
        if isinstance(job, int):
            account = self._link.account
            tracked = (
                self._store.by_token(account.account_id, account.server_uuid, job)
                if account is not None
                else self._store.by_remote(job)
            )
        else:
            tracked = self._store.get(job)
        if tracked is None:
            return None
        entered: list[tuple[Phase, float]] = []
        for event in await self._table.events(tracked.job.key):
            if event.from_phase == event.to_phase:
                continue
            try:
                entered.append((Phase(event.to_phase), event.at))
            except ValueError:
                continue
        return Trace(tuple(entered), await self._table.log(tracked.job.key))

    def subscribe(
        self, callback: Callable[[tuple[JobChange, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` after each commit; returns how to stop that."""
        return self._store.subscribe(callback)

    def subscribe_gone(
        self, callback: Callable[[tuple[Job, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` with jobs that are no more; returns how to stop that."""
        return self._store.subscribe_gone(callback)

    def subscribe_inbox(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when the inbox has changed; returns how to stop that."""
        return self._store.subscribe_inbox(callback)

    async def refresh(self) -> None:
        """Look at everything now and return after that (network, disk)."""
        if self._started and not self._catalog.read_only:
            self._transfers.wake()
            await self.services.looked()
            await self._followers.refresh()

    def watch_feed(self, feed_id: int | None) -> None:
        """Say which feed is on screen: its runs are looked at more often."""
        if self._attention.feed_id != feed_id:
            self._attention.feed_id = feed_id
            self._followers.present.wake(sweep=feed_id is not None)

    def attention(
        self,
        *,
        focused: bool | None = None,
        visible: bool | None = None,
        saving: bool | None = None,
    ) -> None:
        """Say whether anybody looks, and whether power or network are dear now.

        What is None stays as it was. Who comes back to the window gets a look at once.
        """
        came = bool(focused) and not self._attention.focused
        self._attention.note(focused=focused, visible=visible, saving=saving)
        if came and self._started:
            self._followers.notice()

    async def sign_in_needed(self, base_url: str, username: str) -> None:
        """Take note that an account's token cannot be had (disk): its jobs wait."""
        if self._started and not self._catalog.read_only:
            await self._followers.sign_in_needed(base_url, username)

    def woken(self, *, slept: bool) -> None:
        """Take note that the computer slept, or that its network is back."""
        if self._started:
            self._followers.notice(slept=slept)

    @property
    def account_id(self) -> int:
        """The account of the present connection, 0 while there was none."""
        account = self._link.account
        return account.account_id if account is not None else 0

    def accounts(self) -> tuple[AccountLook, ...]:
        """Return how well each account was looked at, the present one first."""
        return overview(self._followers.all())

    @property
    def checked_at(self) -> float | None:
        """When the server last answered, seconds since the epoch."""
        return self._link.checked_at

    @property
    def reach(self) -> Reach:
        """How good the last look at the account was."""
        return self._link.reach

    # Inside.

    def _server_now(self, account_id: int) -> datetime:
        backend = self._backend_of(account_id)
        if backend is None:
            return datetime.fromtimestamp(self._clock.time(), UTC)
        return backend.server_now()

    def _backend_of(self, account_id: int) -> RunBackend | None:
        follower = self._followers.of(account_id)
        return follower.link.backend if follower is not None else None

    def _looked_at(self, account_id: int) -> float | None:
        follower = self._followers.of(account_id)
        # what this computer does itself needs no server to be asked
        return follower.link.checked_at if follower is not None else self._clock.time()

    def _connected(self) -> list[Connected]:
        return [
            Connected(follower.link.account, follower.link.backend)
            for follower in self._followers.all()
            if follower.link.account is not None and follower.link.backend is not None
        ]

    def _resume(self, account_id: int) -> None:
        self.submissions.resume(account_id)

    def _turn_soon(self, account_id: int) -> None:
        self._followers.wake(account_id)

    def _look_soon(self, key: JobKey) -> None:
        self._followers.look_soon(key)

    async def _account(self) -> AccountRow:
        if self._link.account is None or self._client_for() is not None:
            await self._link.current()
        if self._link.account is None:
            raise _not_connected()
        return self._link.account

    async def _can_run_again(self, job: Job) -> None:
        account = await self._account()
        if account.account_id != job.account_id:
            raise ChrislibError(
                "This run is of another server or another sign-in.",
                "Nothing was started.",
                hint="Connect to its server first, then run it again.",
            )
        if isinstance(job.intent, RunIntent) and job.intent.found:
            raise ChrislibError(
                "This run was not started from here: its values are not known.",
                "Nothing was started.",
                hint="Open its node in Feeds and run it again from there.",
            )

    async def _on_account(self, account: AccountRow, present: bool) -> None:
        if present:
            await self._followers.present_changed(account)
            await self._transfers.release_account(account.account_id)
        if account.account_id not in self._recovered:
            self._recovered.add(account.account_id)
            await self.submissions.interrupted(account.account_id)
        if present:
            self._transfers.follow()
            self._transfers.wake()
            self.services.refresh_accounts()
            self._followers.present.wake(sweep=True)

    def _client_of(self, account_id: int) -> "CubeClient | None":
        follower = self._followers.of(account_id)
        return follower.link.client if follower is not None else None

    def _wake_transfers(self) -> None:
        self._transfers.wake()


def _not_connected() -> ChrislibError:
    return ChrislibError(
        "No server is connected.",
        "Nothing was sent.",
        hint="Connect to a server first.",
    )
