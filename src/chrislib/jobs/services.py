"""Services other than CUBE, and the programs of this computer: `jobs.services`."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from chrislib.aio import TaskOwner
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.refusals import CatalogError
from chrislib.catalog.retention import RetentionTable
from chrislib.catalog.rows import AccountRow
from chrislib.errors import ChrislibError
from chrislib.jobs import decisions, fsm
from chrislib.jobs.clock import Clock
from chrislib.jobs.codec import backend_of, kind_of
from chrislib.jobs.extensions import BACKENDS, Extensions
from chrislib.jobs.marshal import Answers, Marshallers
from chrislib.jobs.model import (
    Intent,
    Job,
    JobKey,
    OpaqueIntent,
    Phase,
    Reach,
    Retention,
)
from chrislib.jobs.pace import Pace
from chrislib.jobs.protocols import (
    Backend,
    FetchedSet,
    JobCanceller,
    JobPurger,
    JobSubmitter,
    OnAccount,
    ServiceError,
)
from chrislib.jobs.serving.calls import PluginFault, guarded
from chrislib.jobs.serving.fetch import fetch_result
from chrislib.jobs.serving.follower import ServiceFollower, Tools
from chrislib.jobs.serving.health import ServiceRow, reasons_of, rows_of
from chrislib.jobs.serving.recovery import ServiceRecovery, title_of
from chrislib.jobs.steps import Step, Tracked
from chrislib.jobs.store import JobStore, new_key

_log = logging.getLogger(__name__)


class Services:
    """Follows every job whose backend speaks the protocols.

    Parameters
    ----------
    extensions : Extensions
    store, table, retention
        The jobs, their table, and what was forgotten on purpose.
    folder : Path
        Where answers wait to be fetched.
    keep_log : callable
        Awaitable: keeps the log of a job, redacted.
    """

    def __init__(
        self,
        *,
        extensions: Extensions,
        store: JobStore,
        table: JobTable,
        retention: RetentionTable,
        clock: Clock,
        pace: Pace,
        folder: Path,
        keep_log: Callable[[JobKey, str], Coroutine[Any, Any, None]],
        is_paused: Callable[[str], bool] = lambda _batch: False,
        rng: random.Random | None = None,
    ) -> None:
        self._extensions = extensions
        self._store = store
        self._table = table
        self._clock = clock
        self._answers = Answers(folder / "answers")
        self._tools = Tools(
            store=store,
            table=table,
            clock=clock,
            pace=pace,
            answers=self._answers,
            keep_log=keep_log,
            rng=rng or random.Random(),
            is_paused=is_paused,
        )
        self.marshallers = Marshallers(lambda: extensions.marshallers)
        self.recovery = ServiceRecovery(
            store=store, retention=retention, clock=clock, follower=self._follower
        )
        self._followers: dict[str, ServiceFollower] = {}
        self._owner = TaskOwner("services")
        self._lock = asyncio.Lock()
        self._running = False
        self._loaded = asyncio.Event()
        self._stops: list[Callable[[], None]] = []

    def start(self) -> None:
        """Load plug-ins and follow their jobs behind (disk, threads, network)."""
        if self._running:
            return
        self._running = True
        self._stops = [
            self._extensions.subscribe(self.refresh_accounts),
            self._store.subscribe_gone(self._gone),
        ]
        self._owner.start(self._load(), name="load plug-ins")

    async def stop(self) -> None:
        """Stop following; the work goes on where it is."""
        self._running = False
        self._loaded.clear()
        while self._stops:
            self._stops.pop()()
        await self._owner.close()
        async with self._lock:
            for name in tuple(self._followers):
                await self._drop(name)

    def refresh_accounts(self) -> None:
        """Follow on other accounts if backends say so: the connection changed."""
        if self._running:
            self._owner.start(self._sync(), name="follow")

    async def ready(self) -> None:
        """Return once plug-ins are loaded and their jobs followed.

        Raises
        ------
        ChrislibError
            Nothing is followed now: another chrislib does that.
        """
        if not self._running:
            raise ChrislibError(
                "Services are not followed here just now.",
                "Jobs that are known stay as they are.",
                hint="End the other chrislib, or use that one.",
            )
        await self._loaded.wait()

    async def reload(self) -> None:
        """Look for plug-ins again, broken ones too (disk, threads)."""
        await self._extensions.load()
        await self._sync()

    async def looked(self) -> None:
        """Look at every job of every service now (network); returns after that."""
        if not self._loaded.is_set():
            return  # they are looked at as soon as their plug-ins are loaded
        looks = [follower.looked() for follower in self._followers.values()]
        await asyncio.gather(*looks)

    def wake(self, name: str) -> None:
        """Have a service's next turn taken now: a draft of its may be sent."""
        if name in self._followers:
            self._followers[name].wake()

    # What users do.

    async def submit(self, intent: Intent) -> JobKey:
        """Journal a job and return at once; it is handed over behind (disk).

        Raises
        ------
        ChrislibError
            No plug-in for its service works here; nothing was sent.
        """
        await self.ready()
        name = backend_of(intent)
        follower = self._followers.get(name)
        if follower is None or not isinstance(follower.backend, JobSubmitter):
            raise self._no_backend(name, "Nothing was sent.")
        now = self._clock.time()
        job = Job(
            key=new_key(now),
            kind=kind_of(intent),
            phase=Phase.DRAFT,
            intent=intent,
            title=title_of(intent),
            backend=name,
            account_id=follower.account.account_id,
            feed_id=getattr(intent, "feed_id", None),
            previous_id=getattr(intent, "previous_id", None),
        )
        tracked = Tracked(job, server_uuid=follower.account.server_uuid)
        await self._store.add([fsm.begin(tracked, now=now)])
        follower.wake()
        return job.key

    async def cancel(self, key: JobKey) -> int:
        """Stop a job (disk; the service is asked behind); returns 1 if it was live.

        Raises
        ------
        ChrislibError
            Its service cannot stop jobs, or nothing here speaks to it.
        """
        tracked = self._store.get(key)
        if tracked is None or tracked.job.phase.terminal:
            return 0
        name = tracked.job.backend
        backend = self._extensions.backend(name)
        sent = tracked.job.phase is not Phase.DRAFT
        if sent and not isinstance(backend, JobCanceller):
            if backend is None:
                raise self._no_backend(name, "It goes on there.")
            raise ChrislibError(
                "This service cannot stop jobs.", "The job goes on there."
            )

        def decide(tracked: Tracked) -> Step | None:
            now = self._clock.time()
            if tracked.job.phase is not Phase.DRAFT:
                return fsm.request_cancel(tracked, now=now)
            detail = "Cancelled by you before it was sent."
            return fsm.move(
                tracked,
                Phase.CANCELLED,
                now=now,
                detail=detail,
                cancel_requested_at=now,
            )

        await self._store.apply(key, decide)
        if name in self._followers:
            self._followers[name].look_soon()
        return 1

    async def purge(self, key: JobKey) -> None:
        """Delete a job and its result on the service (disk; network behind).

        Raises
        ------
        ChrislibError
            Its service cannot do that, or the job has not ended.
        """
        tracked = self._store.get(key)
        if tracked is None:
            raise ChrislibError("This job is not known any more.")
        name = tracked.job.backend
        follower = self._followers.get(name)
        if follower is None:
            raise self._no_backend(name, "Nothing was deleted.")
        if not isinstance(follower.backend, JobPurger) or not tracked.job.token:
            raise ChrislibError(
                "This service keeps nothing that could be deleted from here.",
                "Nothing was deleted.",
            )
        if not tracked.job.phase.terminal:
            raise ChrislibError(
                "The job has not ended.",
                "Nothing was deleted.",
                hint="Cancel it first.",
            )

        def decide(tracked: Tracked) -> Step | None:
            wanted = Retention.PURGE_REQUESTED
            if wanted not in decisions.RETENTION_EDGES[tracked.job.retention]:
                return None
            return decisions.retain(tracked, wanted, now=self._clock.time())

        await self._store.apply(key, decide)
        follower.purge_soon(key)

    async def fetch(self, key: JobKey, folder: Path) -> FetchedSet:
        """Save a job's result under a folder (network, disk).

        Raises
        ------
        ChrislibError
            It cannot be had or saved; the job and its result stay as they are.
        """
        tracked = self._store.get(key)
        if tracked is None:
            raise ChrislibError("This job is not known any more.")
        backend = self._extensions.backend(tracked.job.backend)
        answer = await self._answers.get(key)
        if backend is None and answer is None:
            raise self._no_backend(tracked.job.backend, "Its result stays there.")
        return await fetch_result(
            tracked.job,
            folder,
            backend=backend,
            answer=answer,
            clock=self._clock,
            moved=lambda progress: self._store.progress(key, progress),
        )

    # How things are.

    def rows(self) -> tuple[ServiceRow, ...]:
        """Return every service: followed, missing or broken."""
        return rows_of(
            self._followers,
            self._extensions,
            jobs=self._store.all(),
            loaded=self._loaded.is_set(),
        )

    # Inside.

    async def _load(self) -> None:
        """Load plug-ins and follow their jobs, whatever it takes (disk, threads)."""
        while True:
            try:
                await self._extensions.load()
                await self._sync()
            except CatalogError as error:
                # The window says it already; it is tried again below.
                _log.info("plug-ins wait for the catalog: %s", type(error).__name__)
            except Exception:  # noqa: BLE001 - whatever else it is must not end this
                _log.exception("plug-ins could not be loaded")
            else:
                return
            await self._clock.sleep(self._tools.pace.base)

    async def _sync(self) -> None:
        """Make the followers those of the plug-ins that work (disk)."""
        async with self._lock:
            if not self._running or not self._extensions.loaded:
                return
            wanted: dict[str, tuple[Backend, AccountRow]] = {}
            for name, backend in self._extensions.backends.items():
                if backend.manner.own_follower:
                    continue
                account = await self._account(name, backend)
                if account is not None:
                    wanted[name] = backend, account
            for name, follower in tuple(self._followers.items()):
                there = wanted.get(name)
                same = there is not None and there[0] is follower.backend
                if there is None or not same or there[1] != follower.account:
                    await self._drop(name)
            for name, (backend, account) in wanted.items():
                if name not in self._followers:
                    follower = ServiceFollower(
                        backend,
                        account,
                        tools=self._tools,
                        on_fault=self._setter_aside(name),
                    )
                    self._followers[name] = follower
                    follower.start()
                    if backend.manner.ours:
                        self._owner.start(self._take_up(name), name="take up")
            self._mark_missing()
        self._loaded.set()

    async def _account(self, name: str, backend: Backend) -> AccountRow | None:
        """Return the account a service's jobs are filed under (disk)."""
        if isinstance(backend, OnAccount):
            try:
                return await guarded(
                    backend.account(),
                    clock=self._clock,
                    limit=backend.manner.timeout,
                    name=name,
                )
            except (ChrislibError, PluginFault) as error:
                _log.info("service %s has no account now: %s", name, error)
                return None
        place = backend.place
        address = place.address or name
        base = address if name == "local" else f"service:{name}:{address}"
        return await self._table.account(base, place.user, server_uuid=base)

    async def _take_up(self, name: str) -> None:
        """Follow again what a lost catalog forgot (disk)."""
        try:
            found = await self.recovery.recover(name)
            # Records of what was forgotten for good would stay for ever.
            for token in await self.recovery.forgotten(name):
                await self._purge_record(name, token)
        except ChrislibError as error:
            _log.info("the queue of %s is not looked through: %s", name, error.title)
            return
        if found:
            _log.info("%d jobs of %s are followed again", len(found), name)

    def _gone(self, jobs: tuple[Job, ...]) -> None:
        """Tidy up after jobs that were forgotten for good: nobody asks any more."""
        for job in jobs:
            self._owner.start(self._tidy(job), name="tidy")

    async def _tidy(self, job: Job) -> None:
        await self._answers.forget(job.key)
        follower = self._followers.get(job.backend)
        if follower is not None and follower.backend.manner.ours and job.token:
            await self._purge_record(job.backend, job.token)

    async def _purge_record(self, name: str, token: str) -> None:
        backend: object = self._extensions.backend(name)
        if isinstance(backend, JobPurger):
            with suppress(ServiceError, OSError):
                await backend.purge(token)

    async def _drop(self, name: str) -> None:
        await self._followers.pop(name).stop()

    def _setter_aside(self, name: str) -> Callable[[str], None]:
        def set_aside(reason: str) -> None:
            self._extensions.quarantine(BACKENDS, name, reason=reason)

        return set_aside

    def _mark_missing(self) -> None:
        """Note for each job whether anything here can speak to its service."""
        usable = set(self._extensions.backends)
        missing, found = [], []
        for tracked in self._store.all():
            job = tracked.job
            if job.backend not in usable or self._nobodys(tracked):
                missing.append(job.key)
            elif job.reach is Reach.NO_BACKEND:
                found.append(job.key)
        self._store.looked(missing, Reach.NO_BACKEND, None)
        self._store.looked(found, Reach.STALE, None)

    def _nobodys(self, tracked: Tracked) -> bool:
        """Whether its backend works but does not follow this very job.

        It is on a service of that name at another address, or of a kind that only
        another version knows, whose own follower is not here.
        """
        follower = self._followers.get(tracked.job.backend)
        if isinstance(tracked.job.intent, OpaqueIntent) and follower is None:
            return True
        if follower is None or isinstance(follower.backend, OnAccount):
            return False
        return tracked.account_id != follower.account.account_id

    async def _follower(self, name: str) -> ServiceFollower:
        await self.ready()
        follower = self._followers.get(name)
        if follower is None:
            raise self._no_backend(name, "Its jobs and their tokens are kept.")
        return follower

    def _no_backend(self, name: str, detail: str) -> ChrislibError:
        reason = reasons_of(self._extensions).get(name)
        if reason is not None:
            return ChrislibError(
                f"The plug-in {name} does not work.",
                f"{reason}. {detail}",
                hint="Update or remove it; its jobs are kept meanwhile.",
            )
        return ChrislibError(
            f"Nothing here speaks to the service {name}.",
            detail,
            hint="Install its plug-in; jobs that are known are kept meanwhile.",
        )
