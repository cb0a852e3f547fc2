"""What the user does with outputs: get, later, discard, undo, delete on the server."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chrislib.aio import TaskOwner
from chrislib.catalog.catalog import Catalog
from chrislib.errors import ChrislibError
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import (
    DownloadIntent,
    Job,
    JobChange,
    JobKey,
    Kind,
    Phase,
    ResultState,
    Retention,
)
from chrislib.jobs.outputs import offers
from chrislib.jobs.outputs.fetches import Fetches
from chrislib.jobs.outputs.fingerprint import Comparison, Fingerprints, quietly
from chrislib.jobs.outputs.handlers import SaveFiles
from chrislib.jobs.outputs.intake import Intake, Services
from chrislib.jobs.outputs.policies import Policies
from chrislib.jobs.outputs.provenance import Provenance
from chrislib.jobs.outputs.purge import PurgePlan, Purger, not_confirmed
from chrislib.jobs.outputs.standing import Standing
from chrislib.jobs.polling.through import Through, directly
from chrislib.jobs.protocols import Policy, ResultHandler
from chrislib.jobs.steps import Tracked
from chrislib.jobs.store import JobStore

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

_DONE = (Phase.FINISHED, Phase.FINISHED_WITH_ERRORS)
_AT_ONCE = 30
"""Runs whose inputs wait to be noted; what is beyond is not compared later."""
_PAUSE = 1.0
"""Seconds between two listings of inputs: they are no hurry for anybody."""
_STARTED = (Phase.STAGING_IN, Phase.QUEUED, Phase.RUNNING, *_DONE)


class Results:
    """Outputs of jobs and what becomes of them.

    Parameters
    ----------
    client_of : callable
        The connection of an account, or None while there is none.
    fingerprints : Fingerprints
    downloads : Fetches
    folder : callable
        Where outputs go when no folder is given.
    handlers, policies : callable
        What plug-ins bring: handlers that accept a job, best first; policies.
    services : callable
        What fetches the outputs of other services, or None.
    failed : callable
        Gets a handler's name and words when it failed.
    through : Through
        How requests are sent.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        store: JobStore,
        clock: Clock,
        client_of: "Callable[[int], CubeClient | None]",
        fingerprints: Fingerprints,
        downloads: Fetches,
        folder: Callable[[], Path],
        handlers: Callable[[Job], Sequence[ResultHandler]] = lambda _job: (),
        policies: Callable[[], Sequence[Policy]] = tuple,
        services: Callable[[], Services | None] = lambda: None,
        failed: Callable[[str, str], None] = lambda _name, _words: None,
        through: Through = directly,
    ) -> None:
        self._catalog = catalog
        self._kept = catalog.results
        self._store = store
        self._clock = clock
        self._client_of = client_of
        self._downloads = downloads
        self._folder = folder
        self._services = services
        self._owner = TaskOwner("results")
        self._one = asyncio.Lock()
        self._completing = 0
        self.policies = Policies(catalog.results, clock, plugged=policies)
        self.fingerprints = fingerprints
        generic = SaveFiles(catalog.jobs)
        self.intake = Intake(
            store=store,
            table=catalog.jobs,
            kept=catalog.results,
            clock=clock,
            fingerprints=self.fingerprints,
            handlers=lambda job: (*handlers(job), generic),
            failed=failed,
        )
        self.purger = Purger(store, clock=clock, client_of=client_of, through=through)
        self._provenance = Provenance(catalog.results, store)
        self._standing = Standing(
            results=self,
            store=store,
            kept=catalog.results,
            clock=clock,
            client_of=client_of,
            folder=folder,
            through=through,
        )
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Go on where an earlier process stopped (disk; network later)."""
        await self.policies.load()
        await self.fingerprints.load()
        jobs = self._store.all()
        self._standing.note(job.job for job in jobs)
        self._unsubscribe = self._store.subscribe(self._changed)
        await self.intake.resume(jobs)
        self.purger.resume(jobs)
        self._owner.start(self._standing.wake_snoozed(), name="snoozes")
        self._owner.start(self._standing.judge_again(jobs), name="policies")

    async def close(self) -> None:
        """Stop; everything goes on at the next start."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        await self._owner.close()
        await self.intake.close()
        await self.purger.close()

    # Deciding about one output.

    def offer(self, key: JobKey) -> offers.Offer:
        """Return whether an output can be got, and what to know before."""
        job = self._job(key)
        client = self._client_of(job.account_id)
        server = client.server if client is not None else None
        return offers.offer(job, generation=server.generation if server else 0)

    async def get(self, key: JobKey, folder: Path | None = None) -> JobKey | None:
        """Save a run's output on this computer (disk; network later).

        Works without a connection: it is fetched when the server is there. A Get that
        failed goes on with what is missing.

        Returns
        -------
        JobKey or None
            The download; None for what a plug-in's service hands out itself.

        Raises
        ------
        ChrislibError
            There is no output to be got.
        """
        tracked = self._tracked(key)
        job = tracked.job
        offered = self.offer(key)
        if not offered.possible:
            raise ChrislibError(
                "There is no output to get.", "Nothing was changed.",
                hint=offered.reason,
            )  # fmt: skip
        if job.kind is Kind.RUN:
            begun = await self._begin(tracked, folder)
        else:
            place = folder or self._place(job)
            await self.intake.reach(key, ResultState.FETCHING)
            fetching = self.intake.fetch(key, place, services=self._services())
            self._owner.start(fetching, name="fetch")
            begun = None
        await self._mark(job, "get")
        return begun

    async def get_several(
        self, keys: Sequence[JobKey], folder: Path | None = None
    ) -> dict[JobKey, ChrislibError | None]:
        """Get several outputs, each into a folder of its own (disk; network later).

        Returns
        -------
        dict
            What was wrong with each, None where it goes on.
        """
        found: dict[JobKey, ChrislibError | None] = {}
        for key in keys:
            try:
                place = None
                if folder is not None:
                    place = folder / offers.folder_name(self._job(key))
                await self.get(key, place)
                found[key] = None
            except ChrislibError as error:
                found[key] = error
        return found

    async def later(self, key: JobKey, until: float | None = None) -> None:
        """Put an output off (disk).

        Parameters
        ----------
        until : float, optional
            When to bring it up again, seconds since the epoch; None for never.
        """
        job = self._job(key)
        if not offers.is_open(job):
            return
        if await self.intake.reach(key, ResultState.SNOOZED, until=until):
            await self._mark(job, "later")

    async def discard(self, key: JobKey) -> None:
        """Put an output away: nothing is deleted anywhere, nothing sent (disk)."""
        job = self._job(key)
        if job.result is ResultState.FETCHING:
            download = self.intake.download_of(key)
            if download is not None and not download.job.phase.terminal:
                await self._downloads.stop(download.job.key)
            await self.intake.reach(key, ResultState.READY)
        if job.result is not ResultState.MERGED:
            await self.intake.reach(key, ResultState.DISCARDED)
        await self._mark(job, "discard")

    async def undo(self, key: JobKey) -> None:
        """Take a discard back (disk).

        Raises
        ------
        ChrislibError
            The output is not on the server any more.
        """
        job = self._job(key)
        if job.retention not in (Retention.PRESENT, Retention.PURGE_FAILED):
            raise ChrislibError(
                "This cannot be taken back.",
                "The output was deleted on the server.",
                hint="Run it again.",
            )
        if job.result is ResultState.DISCARDED and job.phase in _DONE:
            await self.intake.reach(key, ResultState.READY)
        await self._mark(job, "undo")

    async def note(self, key: JobKey, action: str) -> None:
        """Do what the inbox's button says: get, later, discard or undo (disk)."""
        tracked = self._store.get(key)
        if tracked is None or tracked.job.phase not in _DONE:
            return
        match action:
            case "get":
                begun = self.intake.download_of(key)
                if begun is not None:
                    await self.intake.sync(begun.job.key)
                elif tracked.job.kind is Kind.RUN:
                    await self.get(key)
            case "later":
                await self.later(key)
            case "discard":
                await self.discard(key)
            case "undo":
                await self.undo(key)

    # What has changed since, and what to do about it.

    async def compare(self, key: JobKey) -> Comparison:
        """Return what has changed since a run was submitted (network, disk)."""
        return await self.fingerprints.compare(self._job(key), asked=True)

    async def settle(self, key: JobKey, how: str) -> bool:
        """Answer to "the state has changed" (disk).

        Parameters
        ----------
        how : str
            "separate" (beside what is there), "replace" (in its place) or "cancel"
            (leave the files where they were saved).
        """
        if how not in ("separate", "replace", "cancel"):
            raise ValueError(how)
        download = self.intake.download_of(key)
        if how == "cancel" or download is None:
            return False
        files = await self.intake.files_of(download.job)
        applied = await self.intake.apply(key, files, replace=how == "replace")
        if applied:
            await self._answered(self._job(key), "STATE_CHANGED")
        return applied

    # Deleting on the server.

    async def purge_plan(self, key: JobKey) -> PurgePlan:
        """Ask what would be deleted on the server with a job (network)."""
        job = self._job(key)
        if job.kind is Kind.RUN:
            return await self.purger.plan(key)
        running = 0 if job.phase.terminal else 1
        return PurgePlan(key, job.feed_id, nodes=1, running=running, token=key)

    async def purge(self, key: JobKey, token: str) -> None:
        """Delete a job on the server, as its plan was confirmed (disk, network)."""
        services = self._services()
        if self._job(key).kind is Kind.RUN or services is None:
            await self.purger.purge(key, token)
        elif token != key:
            raise not_confirmed(1)
        else:
            await services.purge(key)

    # Where things come from.

    async def provenance(
        self, keys: Sequence[JobKey] = (), *, feed: int | None = None,
        names: bool = False,
    ) -> Mapping[str, Any]:  # fmt: skip
        """Return intents, histories and files as JSON values (disk).

        Parameters
        ----------
        feed : int, optional
            All jobs of a feed in place of `keys`.
        names : bool
            With titles, paths and texts, which may name a patient.
        """
        return await self._provenance.of(keys, feed=feed, names=names)

    # Inside.

    def _tracked(self, key: JobKey) -> Tracked:
        tracked = self._store.get(key)
        if tracked is None:
            raise ChrislibError("This job is not known any more.")
        return tracked

    def _job(self, key: JobKey) -> Job:
        return self._tracked(key).job

    def _place(self, job: Job) -> Path:
        feed = f"Feed {job.feed_id}" if job.feed_id is not None else ""
        return self._folder() / feed / offers.folder_name(job)

    async def _begin(self, tracked: Tracked, folder: Path | None) -> JobKey:
        """Begin a run's download, or go on with the one there is (disk)."""
        job = tracked.job
        before = self.intake.download_of(job.key)
        if before is not None:
            there = getattr(before.job.intent, "folder", "")
            same = folder is None or str(folder) == there
            if same and not before.job.phase.terminal:
                return before.job.key
            if same and job.result is ResultState.FETCH_FAILED:
                await self._downloads.again(before.job.key)
                await self.intake.sync(before.job.key)
                return before.job.key
        download = await self._downloads.begin(
            DownloadIntent(
                sources=(),
                folder=str(folder or self._place(job)),
                title=job.title,
                instance_id=job.remote_id,
                feed_id=job.feed_id,
            ),
            account_id=tracked.account_id,
            server_uuid=tracked.server_uuid,
        )
        await self.intake.sync(download)
        return download

    async def _mark(self, job: Job, action: str) -> None:
        kept = "" if action == "undo" else action
        now = self._clock.time()
        await self._kept.mark_outcome(job.key, epoch=job.epoch, action=kept, at=now)
        self._store.inbox_changed()

    async def _answered(self, job: Job, kind: str) -> None:
        """Note that a question in the inbox was answered (disk)."""
        now = self._clock.time()
        await self._catalog.jobs.mark_inbox(
            f"{job.key}:{kind}:{job.epoch}", seen_at=now, acted_at=now, action="get"
        )
        self._store.inbox_changed()

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        self.intake.changed(changes)
        self._standing.note(change.after for change in changes)
        for change in changes:
            before, job = change.before, change.after
            if job.kind is not Kind.RUN:
                continue
            if job.retention is Retention.PURGING and job.phase.terminal:
                self.purger.watch(job.key)
            if before is None or before.phase is job.phase:
                continue
            fresh = job.phase in _DONE and before.phase not in _DONE
            ready = fresh and job.tracked and job.result is ResultState.READY
            if ready and self.policies.decide(job):
                self._owner.start(self._standing.judge(job.key), name="policy")
            if job.phase in _STARTED and before.phase not in _STARTED:
                self._note_inputs(job)

    def _note_inputs(self, job: Job) -> None:
        """Have the inputs of a run noted that was started by hand, not by hundreds."""
        wanted = self.fingerprints.lacks_inputs(job.key) and not job.batch_key
        if wanted and self._completing < _AT_ONCE:
            self._completing += 1
            self._owner.start(self._complete(job), name="fingerprint")

    async def _complete(self, job: Job) -> None:
        try:
            async with self._one:
                await quietly(self.fingerprints.complete(job))
                await self._clock.sleep(_PAUSE)
        finally:
            self._completing -= 1


def no_folder() -> Path:
    """Refuse to guess where files go.

    Raises
    ------
    ChrislibError
        Always.
    """
    raise ChrislibError(
        "No folder is named.", "Nothing was saved.", hint="Choose a folder."
    )
