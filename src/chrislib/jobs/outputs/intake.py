"""From a fetched output to its place: what downloads mean for the runs they are of."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from chrislib.aio import TaskOwner
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.results import ResultTable
from chrislib.cube.errors import CubeError
from chrislib.errors import ChrislibError
from chrislib.jobs import decisions, fsm, steps
from chrislib.jobs.backends.placing import drop_parts
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import (
    DownloadIntent,
    Job,
    JobChange,
    JobKey,
    Kind,
    Phase,
    ResultState,
)
from chrislib.jobs.outputs.fingerprint import Fingerprints
from chrislib.jobs.protocols import FetchedFile, FetchedSet, ResultHandler
from chrislib.jobs.steps import Tracked
from chrislib.jobs.store import JobStore

_log = logging.getLogger(__name__)

_CHECK_AGAIN = 30.0
"""Seconds until the server is asked again what has changed."""
_DAY = 86_400.0
_TAKEN = ("taken_in", "state_changed", "handler_failed")
_FAILED = (Phase.FAILED, Phase.FINISHED_WITH_ERRORS)
_Run = tuple[int, str, int]


class Services(Protocol):
    """Outputs of other services than CUBE."""

    async def fetch(self, key: JobKey, folder: Path) -> FetchedSet:
        """Save a result in a folder (network, disk)."""

    async def purge(self, key: JobKey) -> None:
        """Delete a job there (network)."""


class Intake:
    """Carries the end of a download over to its run and hands the files on.

    Parameters
    ----------
    handlers : callable
        The result handlers that accept a job, best first; never empty.
    failed : callable
        Gets a handler's name and words when it failed.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        table: JobTable,
        kept: ResultTable,
        clock: Clock,
        fingerprints: Fingerprints,
        handlers: Callable[[Job], Sequence[ResultHandler]],
        failed: Callable[[str, str], None] = lambda _name, _words: None,
    ) -> None:
        self._store = store
        self._table = table
        self._kept = kept
        self._clock = clock
        self._fingerprints = fingerprints
        self._handlers = handlers
        self._failed = failed
        self._owner = TaskOwner("intake")
        self._lock = asyncio.Lock()
        self._newest: dict[_Run, JobKey] = {}

    async def resume(self, jobs: Sequence[Tracked]) -> None:
        """Go on where an earlier process stopped (disk, network later).

        Parameters
        ----------
        jobs : sequence of Tracked
            All of them, newest first.
        """
        for tracked in reversed(jobs):
            self._remember(tracked)
        for run, key in list(self._newest.items()):
            owner = self._store.by_token(*run)
            download = self._store.get(key)
            if owner is None or download is None:
                continue
            if (
                owner.job.result is ResultState.FETCHING
                or not download.job.phase.terminal
            ):
                await self.sync(key)
        fetched = []
        since = self._clock.time() - _DAY
        for tracked in jobs:
            found = self._store.get(tracked.job.key)
            job = found.job if found is not None else tracked.job
            if job.result is ResultState.FETCHING and self.download_of(job.key) is None:
                # What was fetching it ended with its process.
                await self.reach(job.key, ResultState.FETCH_FAILED, source="local")
            elif job.result is ResultState.FETCHED and job.changed_at > since:
                fetched.append(job.key)
        await self._take_in_again(fetched)

    async def close(self) -> None:
        """Stop; what was not taken in is at the next start."""
        await self._owner.close()

    def changed(self, changes: tuple[JobChange, ...]) -> None:
        """Note what downloads do; returns at once."""
        for change in changes:
            job = change.after
            before = change.before
            if not isinstance(job.intent, DownloadIntent):
                continue
            if before is not None and before.phase is job.phase:
                continue
            tracked = self._store.get(job.key)
            if tracked is not None and self._remember(tracked):
                self._owner.start(self.sync(job.key), name="sync")
            if before is not None and job.phase is Phase.CANCELLED:
                self._owner.start(self._tidy(job.key), name="tidy")

    def download_of(self, key: JobKey) -> Tracked | None:
        """Return the newest download of a run's whole output."""
        tracked = self._store.get(key)
        if tracked is None or tracked.job.remote_id is None:
            return None
        run = (tracked.account_id, tracked.server_uuid, tracked.job.remote_id)
        newest = self._newest.get(run)
        return self._store.get(newest) if newest is not None else None

    async def sync(self, download_key: JobKey) -> None:
        """Make a run's result say what its newest download did (disk)."""
        download = self._store.get(download_key)
        if download is None or not isinstance(download.job.intent, DownloadIntent):
            return
        async with self._lock:
            run = self._run_of(download)
            newest = self.download_of(run.job.key) if run is not None else None
            if run is None or newest is None:
                return
            to = _meaning(run.job.result, newest.job.phase)
            if to is None or to is run.job.result:
                return
            await self.reach(run.job.key, to, source="local")
        if to is ResultState.FETCHED:
            await self._take_in_download(run.job.key, newest.job)

    async def reach(
        self,
        key: JobKey,
        to: ResultState,
        *,
        until: float | None = None,
        source: str = "user",
    ) -> bool:
        """Bring a result to where it shall be by legal edges; False without (disk)."""
        while True:
            tracked = self._store.get(key)
            if tracked is None:
                return False
            if tracked.job.result is to and to is not ResultState.SNOOZED:
                return True
            way = _way(tracked, to)
            if way is None:
                return False
            last = len(way) <= 1
            step = way[0] if way else to

            def decide(
                now: Tracked, step: ResultState = step, last: bool = last
            ) -> steps.Step | None:
                if step is not now.job.result and not decisions.may_become(now, step):
                    return None
                return decisions.decide_result(
                    now,
                    step,
                    now=self._clock.time(),
                    source=source,
                    until=until if last else None,
                )

            await self._store.apply(key, decide)
            if last:
                found = self._store.get(key)
                return found is not None and found.job.result is to

    async def fetch(
        self, key: JobKey, folder: Path, *, services: Services | None
    ) -> None:
        """Have the output of another service saved and hand it on (network, disk)."""
        if services is None:
            await self._unfetched(key, "Its service cannot be reached from here.", "")
            return
        try:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            files = await services.fetch(key, folder)
        except ChrislibError as error:
            await self._unfetched(key, error.title, error.hint)
            return
        except Exception as error:  # noqa: BLE001 - a plug-in's failure is its own
            _log.info("a result was not fetched: %s", type(error).__name__)
            await self._unfetched(key, f"{type(error).__name__}.", "Get it again.")
            return
        if await self.reach(key, ResultState.FETCHED, source="local"):
            await self.take_in(key, files)

    async def _unfetched(self, key: JobKey, words: str, hint: str) -> None:
        detail = f"The output was not fetched. {words}"
        await self._learn(key, "fetch_failed", detail=detail, hint=hint)
        await self.reach(key, ResultState.FETCH_FAILED, source="local")

    # Handing on.

    async def take_in(self, key: JobKey, files: FetchedSet) -> None:
        """Put files in place, or say first what has changed (disk, network)."""
        while True:
            tracked = self._store.get(key)
            if tracked is None or tracked.job.result is not ResultState.FETCHED:
                return
            try:
                comparison = await self._fingerprints.compare(tracked.job)
            except CubeError as error:
                _log.info("changes not looked for yet: %s", type(error).__name__)
                await self._clock.sleep(_CHECK_AGAIN)
                continue
            break
        if comparison.same:
            await self.apply(key, files, replace=False)
            return
        count = len(comparison.differences)

        def decide(now: Tracked) -> steps.Step | None:
            return decisions.tell(
                now, "STATE_CHANGED", now=self._clock.time(), detail={"count": count}
            )

        await self._store.apply(key, decide)

    async def apply(self, key: JobKey, files: FetchedSet, *, replace: bool) -> bool:
        """Let the best handler have the files (disk); False when it failed.

        Whatever a handler does, the files stay fetched and the job stays.
        """
        tracked = self._store.get(key)
        if tracked is None:
            return False
        base = await self._fingerprints.of(tracked.job)
        handler = self._handlers(tracked.job)[0]
        name = type(handler).__name__
        try:
            outcome = await handler.apply(tracked.job, files, base, replace=replace)
        except Exception as error:  # noqa: BLE001 - a plug-in's failure is its own
            _log.warning("a result handler failed: %s", name, exc_info=error)
            words = (
                str(error) if isinstance(error, ChrislibError) else type(error).__name__
            )
            self._failed(name, words)
            await self._learn(
                key,
                "handler_failed",
                detail=f"The files are here, but {name} could not take them: {words}",
                hint="Open the folder, or get it again.",
            )
            return False
        changes = {"detail": outcome.detail} if outcome.detail else {}
        await self._learn(key, "taken_in", **changes)
        now = self._store.get(key)
        if outcome.merged and now and now.job.result is ResultState.FETCHED:
            await self.reach(key, ResultState.MERGED, source="local")
        return True

    async def files_of(self, download: Job) -> FetchedSet:
        """Return what a download has saved and is whole (disk)."""
        assert isinstance(download.intent, DownloadIntent)
        rows = await self._table.artifacts(download.key)
        return FetchedSet(
            Path(download.intent.folder),
            tuple(
                FetchedFile(
                    Path(row.local_path), row.remote_path, row.size or 0, row.sha256
                )
                for row in rows
                if row.state == "DONE" and row.local_path and row.sha256
            ),
        )

    async def _take_in_download(self, key: JobKey, download: Job) -> None:
        files = await self.files_of(download)
        self._owner.start(self.take_in(key, files), name="take in")

    async def _take_in_again(self, keys: Sequence[JobKey]) -> None:
        """Take in what an earlier process fetched and did not hand on (disk)."""
        if not keys:
            return
        last: dict[str, str] = {}
        for event in await self._kept.events_of(keys):
            if event.kind in _TAKEN or event.kind == "result":
                last[event.job_key] = event.kind
        for key in keys:
            download = self.download_of(key)
            if last.get(key) == "result" and download is not None:
                await self._take_in_download(key, download.job)

    async def _learn(self, key: JobKey, what: str, **changes: Any) -> None:
        await self._store.apply(
            key, lambda t: fsm.learn(t, what, now=self._clock.time(), **changes)
        )

    async def _tidy(self, key: JobKey) -> None:
        await drop_parts(
            row for row in await self._table.artifacts(key) if row.state != "DONE"
        )

    def _remember(self, tracked: Tracked) -> bool:
        """Note a download as the newest of its run; False when it is of none."""
        intent = tracked.job.intent
        if not isinstance(intent, DownloadIntent) or intent.instance_id is None:
            return False
        run = (tracked.account_id, tracked.server_uuid, intent.instance_id)
        known = self._store.get(self._newest[run]) if run in self._newest else None
        if known is None or known.job.created_at <= tracked.job.created_at:
            self._newest[run] = tracked.job.key
        return True

    def _run_of(self, download: Tracked) -> Tracked | None:
        intent = download.job.intent
        assert isinstance(intent, DownloadIntent)
        if intent.instance_id is None:
            return None
        run = self._store.by_token(
            download.account_id, download.server_uuid, intent.instance_id
        )
        return run if run is not None and run.job.kind is Kind.RUN else None


def _meaning(result: ResultState, phase: Phase) -> ResultState | None:
    """Return what a download's phase makes of a result, None for no change."""
    if not phase.terminal:
        return ResultState.FETCHING
    settled = (ResultState.FETCHED, ResultState.MERGED, ResultState.DISCARDED)
    if result in settled:
        return None
    if phase is Phase.FINISHED:
        return ResultState.FETCHED
    if phase in _FAILED:
        return ResultState.FETCH_FAILED
    return ResultState.READY if result is ResultState.FETCHING else None


def _way(tracked: Tracked, to: ResultState) -> list[ResultState] | None:
    """Return the shortest legal way from a result to another, None without one."""
    start = tracked.job.result
    if start is to:
        return []
    ready = tracked.job.phase in (Phase.FINISHED, Phase.FINISHED_WITH_ERRORS)
    ways: dict[ResultState, list[ResultState]] = {start: []}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for step in sorted(decisions.RESULT_EDGES[here], key=lambda state: state.value):
            if step in ways or (step is ResultState.READY and not ready):
                continue
            ways[step] = [*ways[here], step]
            if step is to:
                return ways[step]
            queue.append(step)
    return None
