"""The parts of the job manager: how they are made, started and hear of each other."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.aio import TaskOwner
from chrislib.catalog.catalog import Catalog
from chrislib.catalog.rows import AccountRow
from chrislib.errors import ChrislibError
from chrislib.jobs.adopting.adoption import Adoption, Connected
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.backends.cube import CubeRuns
from chrislib.jobs.backends.pull import PullService
from chrislib.jobs.backends.slots import Slots
from chrislib.jobs.clock import Clock
from chrislib.jobs.custody import Custody
from chrislib.jobs.history.durations import Durations
from chrislib.jobs.history.past import History
from chrislib.jobs.model import Job, JobKey
from chrislib.jobs.notices.desk import Notices
from chrislib.jobs.notices.relay import NotificationSink
from chrislib.jobs.outputs.fetches import Fetches
from chrislib.jobs.outputs.fingerprint import Fingerprints
from chrislib.jobs.outputs.logkeeper import LogKeeper
from chrislib.jobs.outputs.results import Results, no_folder
from chrislib.jobs.pace import Pace
from chrislib.jobs.plugged import (
    PluggedSinks,
    Secret,
    carriers,
    make_extensions,
    make_services,
    no_secret,
)
from chrislib.jobs.polling.attention import Attention
from chrislib.jobs.polling.followers import Connections
from chrislib.jobs.polling.gate import Gated
from chrislib.jobs.polling.health import Health
from chrislib.jobs.polling.link import MakeBackend
from chrislib.jobs.polling.making import Parts, make_followers
from chrislib.jobs.polling.through import ByAccount
from chrislib.jobs.serving.settings import KeepSecret, ServiceSettings, keep_nothing
from chrislib.jobs.store import JobStore
from chrislib.jobs.submission.batches import Batches
from chrislib.jobs.submission.cancels import Cancels
from chrislib.jobs.submission.held import Held
from chrislib.jobs.submission.preferences import Preferences
from chrislib.jobs.submission.submissions import Submissions
from chrislib.jobs.submission.submit import Submitter
from chrislib.jobs.transfers import Transfers

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

_PIPELINES = "workflow"
"""The service whose drafts a batch may hold as well."""


class Wiring:
    """The parts of the job manager, made and told of each other.

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
    keep_secret : callable
        Awaitable: keeps one there.
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
        keep_secret: KeepSecret = keep_nothing,
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
        through = ByAccount(self._gate_of)
        fingerprints = Fingerprints(
            catalog.results,
            catalog.items,
            client_of=self._client_of,
            through=through,
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
        self.held = Held(self._store, clock, freed=self._freed)
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
            late=pace.late,
            answered=self._answered,
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
            is_paused=self.batches.is_paused,
        )
        self.service_settings = ServiceSettings(
            self.extensions, keep_secret, follow=self.services.reload
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
            through=through,
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
        self.held.start()

    async def _end(self) -> None:
        """Follow no longer: the program ends, or another process writes now."""
        await self.held.close()
        await self.results.close()
        await self.services.stop()
        await self._transfers.close()
        await self._followers.stop()
        await self.submissions.close()
        await self.batches.close()
        await self.notices.stop()

    # What the parts ask each other.

    def _server_now(self, account_id: int) -> datetime:
        backend = self._backend_of(account_id)
        if backend is None:
            return datetime.fromtimestamp(self._clock.time(), UTC)
        return backend.server_now()

    def _gate_of(self, account_id: int) -> Gated | None:
        follower = self._followers.of(account_id)
        return follower.link.backend if follower is not None else None

    def _backend_of(self, account_id: int) -> RunBackend | None:
        return self._gate_of(account_id)

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
        self.services.wake(_PIPELINES)

    def _turn_soon(self, account_id: int) -> None:
        self._followers.wake(account_id)

    def _look_soon(self, key: JobKey) -> None:
        self._followers.look_soon(key)

    async def _answered(self, job: Job) -> None:
        """Note that it is known by now what became of a submission (disk)."""
        now = self._clock.time()
        key = f"{job.key}:SUBMIT_UNCERTAIN:{job.epoch}"
        await self._table.mark_inbox(key, seen_at=now, acted_at=now)
        self._store.inbox_changed()

    async def _account(self) -> AccountRow:
        if self._link.account is None or self._client_for() is not None:
            await self._link.current()
        if self._link.account is None:
            raise not_connected()
        return self._link.account

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

    def _freed(self, backend: str) -> None:
        self.services.wake(backend)

    def _client_of(self, account_id: int) -> "CubeClient | None":
        follower = self._followers.of(account_id)
        return follower.link.client if follower is not None else None

    def _wake_transfers(self) -> None:
        self._transfers.wake()


def not_connected() -> ChrislibError:
    """Return what is said when there is no account to be on."""
    return ChrislibError(
        "No server is connected.",
        "Nothing was sent.",
        hint="Connect to a server first.",
    )
