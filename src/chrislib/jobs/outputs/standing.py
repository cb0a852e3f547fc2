"""What happens to outputs by themselves: standing policies, and snoozes that end."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chrislib.aio import spawn
from chrislib.catalog.results import ResultTable
from chrislib.cube.types import InstanceId
from chrislib.errors import ChrislibError
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, JobKey, Kind, Phase, ResultState, RunIntent
from chrislib.jobs.outputs import saving
from chrislib.jobs.outputs.intake import Intake
from chrislib.jobs.outputs.policies import Policies
from chrislib.jobs.polling.through import Through, directly
from chrislib.jobs.steps import Tracked
from chrislib.jobs.store import JobStore

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

_LONGEST_NAP = 60.0
"""Seconds the end of a snooze is waited for in one go: computers sleep too."""
_AGAIN = 50
"""Outputs of an earlier start that a standing policy looks at."""
_NOT_THERE = 5.0
"""Seconds between two looks for a server that is not connected yet."""
_PLUGGED_LIMIT = 1_000_000_000
"""Bytes a plug-in's policy may have fetched without the user's word."""


class Deciding(Protocol):
    """What can be done with an output."""

    policies: Policies
    intake: Intake

    async def get(self, key: JobKey, folder: Path | None = None) -> JobKey | None:
        """Save it on this computer (disk; network later)."""

    async def later(self, key: JobKey, until: float | None = None) -> None:
        """Put it off (disk)."""

    async def discard(self, key: JobKey) -> None:
        """Put it away (disk)."""


class Standing:
    """Does for the user what was decided once and for all."""

    def __init__(
        self,
        *,
        results: Deciding,
        store: JobStore,
        kept: ResultTable,
        clock: Clock,
        client_of: "Callable[[int], CubeClient | None]",
        folder: Callable[[], Path],
        through: Through = directly,
    ) -> None:
        self._through = through
        self._results = results
        self._store = store
        self._kept = kept
        self._clock = clock
        self._client_of = client_of
        self._folder = folder
        self._one = asyncio.Lock()
        self._woken = asyncio.Event()
        self._snoozed: dict[JobKey, float] = {}

    def note(self, jobs: Iterable[Job]) -> None:
        """Take note of snoozes that begin or end; returns at once."""
        for job in jobs:
            until = job.snooze_until
            if job.result is ResultState.SNOOZED and until is not None:
                if self._snoozed.get(job.key) != until:
                    self._snoozed[job.key] = until
                    self._woken.set()
            elif job.key in self._snoozed:
                del self._snoozed[job.key]

    async def judge(self, key: JobKey) -> None:
        """Do what a policy says about a new output (disk, network)."""
        tracked = self._store.get(key)
        if tracked is None or tracked.job.result is not ResultState.READY:
            return
        word = self._results.policies.decide(tracked.job)
        if word == "later":
            await self._results.later(key)
        elif word == "discard":
            await self._results.discard(key)
        elif word in ("get", "auto_get"):
            async with self._one:
                try:
                    if await self._fits(tracked.job, word):
                        await self._results.get(key)
                except (ChrislibError, OSError) as error:
                    # The user is asked, as without a policy.
                    _log.info("an automatic Get: %s", type(error).__name__)

    async def judge_again(self, jobs: Sequence[Tracked]) -> None:
        """Look at outputs that came while nobody could act on them (disk)."""
        keys = [
            tracked.job.key
            for tracked in jobs
            if tracked.job.kind is Kind.RUN
            and tracked.job.tracked
            and tracked.job.result is ResultState.READY
            and self._is_since(tracked.job)
        ][:_AGAIN]
        decided = {
            event.job_key
            for event in await self._kept.events_of(keys)
            if event.kind == "result"
        }
        for key in keys:
            tracked = self._store.get(key)
            if key in decided or tracked is None:
                continue
            # Nothing can be measured before its server is there.
            while self._client_of(tracked.account_id) is None:
                await self._clock.sleep(_NOT_THERE)
            await self.judge(key)

    async def wake_snoozed(self) -> None:
        """Bring outputs up again when their time has come, until cancelled."""
        while True:
            self._woken.clear()
            now = self._clock.time()
            for key in [key for key, until in self._snoozed.items() if until <= now]:
                await self._wake(key)
            waits = [until - now for until in self._snoozed.values()]
            await self._nap(min((*waits, _LONGEST_NAP)) if waits else None)

    async def _wake(self, key: JobKey) -> None:
        self._snoozed.pop(key, None)
        tracked = self._store.get(key)
        if tracked is None or tracked.job.result is not ResultState.SNOOZED:
            return
        await self._results.intake.reach(key, ResultState.READY, source="local")
        await self._kept.resurface(key, epoch=tracked.job.epoch)
        self._store.inbox_changed()

    async def _fits(self, job: Job, word: str) -> bool:
        """Whether a whole output is small enough and fits well (disk, network)."""
        client = self._client_of(job.account_id)
        partial = job.phase is not Phase.FINISHED
        if client is None or job.remote_id is None or partial:
            return False
        limit = _PLUGGED_LIMIT
        if word == "auto_get" and isinstance(job.intent, RunIntent):
            policy = self._results.policies.of(job.account_id, job.intent.plugin_name)
            limit = policy.limit_mb * 1_000_000 if policy is not None else 0
        remote_id = job.remote_id
        size = await self._through(
            job.account_id, lambda: _size(client, remote_id, limit), paced=True
        )
        if size > limit:
            return False
        place = self._folder()
        await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)
        return not await asyncio.to_thread(saving.check_space, place, size)

    def _is_since(self, job: Job) -> bool:
        if not isinstance(job.intent, RunIntent):
            return False
        policy = self._results.policies.of(job.account_id, job.intent.plugin_name)
        return policy is not None and (job.terminal_at or 0.0) >= policy.at

    async def _nap(self, seconds: float | None) -> None:
        if seconds is None:
            await self._woken.wait()
            return
        sleeper = spawn(self._clock.sleep(seconds), name="results: nap")
        waker = spawn(self._woken.wait(), name="results: wake")
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()


async def _size(client: "CubeClient", remote_id: int, limit: int) -> int:
    """Return the bytes of an output, counted until they pass a limit (network)."""
    instance = await client.instances.get(InstanceId(remote_id))
    size = 0
    async with aclosing(client.files.walk(instance.output_path)) as entries:
        async for entry in entries:
            size += entry.file.size
            if size > limit:
                break
    return size
