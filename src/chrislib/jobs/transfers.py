"""Transfers this computer drives: started, repeated after an interruption, ended."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from chrislib.aio import TaskOwner, spawn
from chrislib.cube.errors import (
    CubeError,
    ServerFault,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.errors import ChrislibError
from chrislib.jobs import fsm, steps
from chrislib.jobs.backends.base import Outcome, Report, TransferBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import JobKey, Kind, Phase, Reach
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling.link import Link
from chrislib.jobs.store import JobStore

_log = logging.getLogger(__name__)

AT_ONCE: Mapping[Kind, int] = {Kind.PULL: 3, Kind.UPLOAD: 1, Kind.DOWNLOAD: 2}
PAUSED = "Paused by you."
_FAULTS = 4
"""Times a transfer meets a failing server (5xx) before it counts as failed."""


class Transfers:
    """Carries out the live pulls, uploads and downloads of the present account.

    Parameters
    ----------
    backends : mapping
        Per kind, what makes the backend for the present connection; it returns None
        while there is no connection.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        link: Link,
        clock: Clock,
        pace: Pace,
        backends: Mapping[Kind, Callable[[], TransferBackend | None]],
    ) -> None:
        self._store = store
        self._link = link
        self._clock = clock
        self._pace = pace
        self._backends = backends
        self._owner = TaskOwner("transfer")
        self._tasks: dict[JobKey, asyncio.Task[None]] = {}
        self._gates = {kind: asyncio.Semaphore(n) for kind, n in AT_ONCE.items()}
        self._woken = asyncio.Event()

    def follow(self) -> None:
        """Start a task for every live transfer that has none."""
        account = self._link.account
        if account is None:
            return
        for tracked in self._store.live(account.account_id):
            key = tracked.job.key
            if tracked.job.kind not in AT_ONCE or key in self._tasks:
                continue
            if tracked.job.paused:
                continue
            task = self._owner.start(self._carry(key), name=tracked.job.kind.value)
            self._tasks[key] = task
            task.add_done_callback(self._forgetter(key))

    def wake(self) -> None:
        """Try again now what waits for the server."""
        woken, self._woken = self._woken, asyncio.Event()
        woken.set()

    async def cancel(self, key: JobKey) -> int:
        """Stop a transfer (disk); returns how many files it will not move."""
        await self._store.apply(
            key, lambda t: fsm.request_cancel(t, now=self._clock.time())
        )
        await self._stop(key)
        before = self._store.get(key)
        await self._end(key, Outcome(Phase.CANCELLED, "Cancelled by you."))
        if before is None or before.job.progress is None:
            return 1
        progress = before.job.progress
        return max(0, (progress.total or progress.done) - progress.done)

    async def pause(self, key: JobKey) -> None:
        """Hold a transfer back until `resume` (disk), also over a restart."""
        await self._store.apply(key, lambda t: _paused(t, now=self._clock.time()))
        tracked = self._store.get(key)
        if tracked is not None and tracked.job.paused:
            await self._stop(key)

    async def resume(self, key: JobKey) -> None:
        """Let a transfer go on that was held back (disk)."""
        await self._store.apply(key, lambda t: _resumed(t, now=self._clock.time()))
        self.follow()

    async def release_account(self, account_id: int) -> None:
        """Leave transfers of other accounts: they go on when that one is back."""
        for key in list(self._tasks):
            tracked = self._store.get(key)
            if tracked is None or tracked.account_id != account_id:
                await self._stop(key)

    async def close(self) -> None:
        """Stop all tasks; the jobs stay live and go on at the next start."""
        await self._owner.close()

    async def _stop(self, key: JobKey) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _forgetter(self, key: JobKey) -> Callable[["asyncio.Task[None]"], None]:
        def forget(task: "asyncio.Task[None]") -> None:
            if self._tasks.get(key) is task:
                del self._tasks[key]

        return forget

    async def _carry(self, key: JobKey) -> None:
        tracked = self._store.get(key)
        if tracked is None:
            return
        kind = tracked.job.kind
        async with self._gates[kind]:
            faults = 0
            while True:
                tracked = self._store.get(key)
                if tracked is None or tracked.job.phase.terminal or tracked.job.paused:
                    return
                backend = self._backends[kind]()
                if backend is None or self._link.paused:
                    await self._wait(self._pace.base)
                    continue
                generation = self._link.generation
                outcome, error = await self._attempt(key, backend)
                failed = error is not None or outcome.phase is Phase.FAILED
                if failed and generation != self._link.generation:
                    continue  # the connection was replaced under it
                if isinstance(error, ServerFault):
                    faults += 1
                if error is not None and faults < _FAULTS:
                    await self._link.failed(error)
                    # This one waits, whatever the account's next look brings.
                    self._store.looked([key], _reach(error), None)
                    await self._wait(self._pace.back_off * min(8, 2**faults))
                    continue
                self._link.answered()
                self._store.looked([key], self._link.reach, self._link.checked_at)
                await self._end(key, outcome)
                return

    async def _attempt(
        self, key: JobKey, backend: TransferBackend
    ) -> tuple[Outcome, CubeError | None]:
        """Run the transfer once; an error of reach is returned to be waited out."""
        await self._store.apply(key, self._started)
        tracked = self._store.get(key)
        assert tracked is not None
        try:
            return await backend.run(tracked.job, self._report(key)), None
        except (ServerUnreachable, TokenRejected, ServerFault) as error:
            return _failed(error), error
        except ChrislibError as error:
            return _failed(error), None
        except OSError as error:
            return _disk(error), None
        except Exception as error:  # noqa: BLE001 - it ends this job, not the rest
            _log.exception("a transfer failed")
            return (
                Outcome(
                    Phase.FAILED,
                    "Something in chrislib went wrong.",
                    f"Retry; the log names it ({type(error).__name__}).",
                ),
                None,
            )

    def _started(self, tracked: steps.Tracked) -> steps.Step | None:
        if tracked.job.phase is not Phase.QUEUED or tracked.job.paused:
            return None
        return fsm.move(tracked, Phase.RUNNING, now=self._clock.time())

    def _report(self, key: JobKey) -> Report:
        def phase(to: Phase) -> None:
            spawn(self._enter(key, to), name="transfer: phase")

        return Report(lambda progress: self._store.progress(key, progress), phase)

    async def _enter(self, key: JobKey, to: Phase) -> None:
        def decide(tracked: steps.Tracked) -> steps.Step | None:
            job = tracked.job
            if job.phase is to or job.phase.terminal or job.paused:
                return None
            return fsm.move(tracked, to, now=self._clock.time())

        await self._store.apply(key, decide)

    async def _end(self, key: JobKey, outcome: Outcome) -> None:
        def decide(tracked: steps.Tracked) -> steps.Step | None:
            if tracked.job.phase.terminal:
                return None
            return fsm.move(
                tracked,
                outcome.phase,
                now=self._clock.time(),
                detail=outcome.detail,
                hint=outcome.hint,
                error_code=outcome.error_code,
                failed_files=outcome.failed_files,
                paused=False,
                progress=outcome.progress or tracked.job.progress,
            )

        await self._store.apply(key, decide)

    async def _wait(self, seconds: float) -> None:
        """Pause until the time is up or the server is said to be back."""
        sleeper = spawn(self._clock.sleep(seconds), name="transfer: pause")
        waker = spawn(self._woken.wait(), name="transfer: wake")
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()


def _paused(tracked: steps.Tracked, *, now: float) -> steps.Step | None:
    job = tracked.job
    if job.phase.terminal or (job.paused and job.phase is Phase.QUEUED):
        return None
    changes = {"paused": True, "detail": PAUSED, "hint": ""}
    if job.phase is Phase.QUEUED:
        return fsm.learn(tracked, "paused", now=now, **changes)
    if job.phase is Phase.REGISTERING:
        return None  # nothing is left to hold back
    return fsm.move(tracked, Phase.QUEUED, now=now, source="user", **changes)


def _resumed(tracked: steps.Tracked, *, now: float) -> steps.Step | None:
    if not tracked.job.paused:
        return None
    return fsm.learn(tracked, "resumed", now=now, paused=False, detail="")


def _reach(error: CubeError) -> Reach:
    if isinstance(error, TokenRejected):
        return Reach.AUTH_REQUIRED
    return Reach.OFFLINE if isinstance(error, ServerUnreachable) else Reach.STALE


def _failed(error: ChrislibError) -> Outcome:
    detail = " ".join(part for part in (error.title, error.detail) if part)
    return Outcome(Phase.FAILED, detail, error.hint)


def _disk(error: OSError) -> Outcome:
    return Outcome(
        Phase.FAILED,
        f"This computer's disk refused: {error.strerror or type(error).__name__}.",
        "Check the folder and its free space, then retry.",
        error_code="LOCAL_DISK",
    )
