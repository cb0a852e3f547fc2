"""Finds jobs again by a service's own queue: tokens are soft state."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chrislib.catalog.retention import RetentionTable
from chrislib.catalog.rows import AccountRow
from chrislib.errors import ChrislibError
from chrislib.jobs import fsm
from chrislib.jobs.clock import Clock
from chrislib.jobs.codec import kind_of
from chrislib.jobs.model import Intent, Job, JobKey, Phase, ServiceIntent
from chrislib.jobs.protocols import JobStatus
from chrislib.jobs.serving.calls import PluginFault
from chrislib.jobs.serving.follower import ServiceFollower
from chrislib.jobs.serving.submission import observation
from chrislib.jobs.steps import Tracked
from chrislib.jobs.store import JobStore, new_key


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A job in a service's own queue; `key` is None while it is not followed here."""

    status: JobStatus
    key: JobKey | None


class ServiceRecovery:
    """Lists what services have, and takes up what is not followed here.

    Parameters
    ----------
    follower : callable
        Awaitable: who follows a service by name; raises ChrislibError without one.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        retention: RetentionTable,
        clock: Clock,
        follower: Callable[[str], Awaitable[ServiceFollower]],
    ) -> None:
        self._store = store
        self._retention = retention
        self._clock = clock
        self._follower = follower

    async def queue(self, name: str) -> tuple[QueueEntry, ...]:
        """Return what a service has of this user, followed here or not (network).

        Raises
        ------
        ChrislibError
            It does not answer, or does not list its jobs.
        """
        follower = await self._follower(name)
        try:
            found = await follower.queue()
        except PluginFault as fault:
            raise ChrislibError(
                f"The plug-in {name} does not work.", str(fault)
            ) from fault
        once = {status.token: status for status in found if status.token}
        return tuple(
            QueueEntry(status, self._key_of(follower.account, name, status))
            for status in once.values()
        )

    async def adopt(self, name: str, token: str) -> Job:
        """Follow a job that was submitted elsewhere, or is not known here any more.

        Uses the network and the disk.

        Raises
        ------
        ChrislibError
            The service does not answer or has no such job.
        """
        for entry in await self.queue(name):
            if entry.status.token == token:
                (job,) = await self._adopt(name, [entry])
                return job
        raise ChrislibError("The service has no such job.", "Nothing changed here.")

    async def recover(self, name: str) -> tuple[Job, ...]:
        """Follow every job of this user that a service has (network, disk).

        What was forgotten here on purpose is not brought back.
        """
        buried = await self._buried(name)
        wanted = [
            entry
            for entry in await self.queue(name)
            if entry.key is None and entry.status.token not in buried
        ]
        return await self._adopt(name, wanted)

    async def forgotten(self, name: str) -> tuple[str, ...]:
        """Return what a service still has of jobs forgotten here (network, disk)."""
        buried = await self._buried(name)
        queue = await self.queue(name)
        tokens = (entry.status.token for entry in queue if entry.key is None)
        return tuple(token for token in tokens if token in buried)

    async def _buried(self, name: str) -> set[str]:
        account = (await self._follower(name)).account
        buried = await self._retention.buried(account.account_id)
        return {token for _, backend, _, token in buried if backend == name and token}

    async def _adopt(self, name: str, entries: Sequence[QueueEntry]) -> tuple[Job, ...]:
        account = (await self._follower(name)).account
        steps, keys = [], []
        now = self._clock.time()
        at = self._clock.monotonic()
        for entry in entries:
            status = entry.status
            # It may have become known while the queue was read.
            known = self._key_of(account, name, status)
            if known is not None:
                keys.append(known)
                continue
            intent = status.intent or ServiceIntent(name, "", {}, status.title)
            # Our own key comes back with the job if the service kept it.
            ours = JobKey(status.key) if _is_key(status.key) else new_key(now)
            job = Job(
                key=ours if self._store.get(ours) is None else new_key(now),
                kind=kind_of(intent),
                phase=Phase.SUBMITTED,
                intent=intent,
                title=status.title or title_of(intent),
                backend=name,
                account_id=account.account_id,
            )
            look = observation(status, sent=at, received=at, source="adopt")
            tracked = Tracked(job, server_uuid=account.server_uuid)
            steps.append(fsm.adopt(tracked, look, now=now))
            keys.append(job.key)
        if steps:
            await self._store.add(steps)
            (await self._follower(name)).look_soon()
        found = (self._store.get(key) for key in keys)
        return tuple(tracked.job for tracked in found if tracked is not None)

    def _key_of(
        self, account: AccountRow, name: str, status: JobStatus
    ) -> JobKey | None:
        """Return the job that is this one: by its token, or by our key in it."""
        owner = self._store.by_service_token(
            account.account_id,
            name,
            server_uuid=account.server_uuid,
            token=status.token,
        )
        if owner is not None:
            return owner.job.key
        sent = self._store.get(JobKey(status.key)) if status.key else None
        # One that is being handed over has no token yet; its answer is on its way.
        waits = sent is not None and sent.job.backend == name and not sent.job.token
        return sent.job.key if sent is not None and waits else None


def _is_key(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(
        part.isalnum() for part in parts
    )


def title_of(intent: Intent) -> str:
    """Return what a job without a title is called."""
    if intent.title:
        return intent.title
    argv = getattr(intent, "argv", ())
    if argv:
        return Path(argv[0]).name
    return str(getattr(intent, "operation", "") or getattr(intent, "pipeline_name", ""))
