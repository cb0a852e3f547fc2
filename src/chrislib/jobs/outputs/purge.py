"""Purging: deleting runs on the server, asked for by a person and never otherwise.

CUBE deletes in the background since 6.10 and takes everything below a node along. So
a purge says first what goes, is asked for with that very answer, and counts as done
only when the server says that the run is not there any more.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chrislib.aio import TaskOwner
from chrislib.cube.errors import (
    CubeError,
    Forbidden,
    NotFound,
    ServerFault,
    ServerUnreachable,
)
from chrislib.cube.types import InstanceId, PluginInstance
from chrislib.errors import ChrislibError
from chrislib.jobs import decisions, fsm, steps
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, JobKey, Kind, Retention
from chrislib.jobs.polling.through import Through, directly
from chrislib.jobs.steps import Tracked
from chrislib.jobs.store import Decide, JobStore

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

_LOOKS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between looks at a deletion under way; the last one is repeated."""
_FEW = 5
"""Deletions that are looked at each on its own; more of them take turns."""
_UNDER_WAY = (Retention.PURGE_REQUESTED, Retention.PURGING)


class PurgeRefused(ChrislibError):
    """A purge that is not begun; nothing was deleted."""


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """What a purge would delete, to be confirmed by a person.

    Attributes
    ----------
    nodes : int
        Runs that go, the job's own included.
    running : int
        How many of them have not ended: they are stopped.
    token : str
        To be handed to `Purger.purge`; good for exactly these nodes.
    """

    key: JobKey
    feed_id: int | None
    nodes: int
    running: int
    token: str


class Purger:
    """Deletes runs on the server and follows each deletion to its end.

    Parameters
    ----------
    client_of : callable
        The connection of an account, or None while there is none.
    through : Through
        How requests are sent: what a person asked for at once, looks paced.
    """

    def __init__(
        self,
        store: JobStore,
        *,
        clock: Clock,
        client_of: "Callable[[int], CubeClient | None]",
        through: Through = directly,
    ) -> None:
        self._through = through
        self._store = store
        self._clock = clock
        self._client_of = client_of
        self._owner = TaskOwner("purge")
        self._watched: dict[JobKey, tuple[int, float]] = {}
        self._loop: asyncio.Task[None] | None = None

    def resume(self, jobs: Iterable[Tracked]) -> None:
        """Follow the deletions that an earlier process began (network later)."""
        for tracked in jobs:
            job = tracked.job
            if job.retention in _UNDER_WAY and job.kind is Kind.RUN:
                self.watch(job.key)

    async def close(self) -> None:
        """Stop following; deletions go on at the server."""
        await self._owner.close()
        self._watched.clear()

    async def plan(self, key: JobKey) -> PurgePlan:
        """Ask what would be deleted with a run (network).

        Raises
        ------
        PurgeRefused
            It is the root of a feed, or it cannot be deleted now.
        CubeError
            The server cannot be asked.
        """
        job, client = self._wanted(key)
        return await self._through(
            job.account_id, lambda: self._planned(job, client), paced=False
        )

    async def _planned(self, job: Job, client: "CubeClient") -> PurgePlan:
        instance = await client.instances.get(InstanceId(job.remote_id or 0))
        if instance.plugin_type == "fs" or instance.previous_id is None:
            raise _is_root()
        rows = [row async for row in client.instances.of_feed(instance.feed_id)]
        below = _subtree(rows, instance.id)
        return PurgePlan(
            key=job.key,
            feed_id=int(instance.feed_id),
            nodes=len(below),
            running=sum(1 for row in rows if row.id in below and row.active),
            token=_token(below),
        )

    async def purge(self, key: JobKey, token: str) -> None:
        """Delete a run and all below it, as it was confirmed (disk, network).

        Returns when the server has taken it; how it ends is seen at the job.

        Parameters
        ----------
        token : str
            That of the plan that was confirmed.

        Raises
        ------
        PurgeRefused
            What hangs on the run is not what was confirmed, or it is a root.
        CubeError
            The server was not reached: nothing was deleted.
        """
        plan = await self.plan(key)
        if not token or plan.token != token:
            raise not_confirmed(plan.nodes)
        job, client = self._wanted(key)
        await self._retain(key, Retention.PURGE_REQUESTED)
        remote_id = InstanceId(job.remote_id or 0)
        try:
            await self._through(
                job.account_id,
                lambda: client.instances.delete(remote_id),
                paced=False,
            )
        except (ServerUnreachable, ServerFault) as error:
            if error.context.get("sent", "yes") != "yes":
                await self._retain(key, Retention.PRESENT)
                raise
            # It may have been taken: only a look tells.
        except NotFound:
            pass  # it was deleted meanwhile
        except CubeError as error:
            words = error.hint or error.detail or error.title
            if isinstance(error, Forbidden):
                words = "The server does not allow this account to delete it."
            await self._failed(key, words)
            raise
        else:
            await self._retain(key, Retention.PURGING)
        self.watch(key)

    # Following a deletion.

    def _wanted(self, key: JobKey) -> "tuple[Job, CubeClient]":
        tracked = self._store.get(key)
        job = tracked.job if tracked is not None else None
        if job is None or job.kind is not Kind.RUN or job.remote_id is None:
            raise PurgeRefused(
                "There is nothing on the server to delete.", "Nothing was deleted."
            )
        if job.retention in (*_UNDER_WAY, Retention.PURGED):
            raise PurgeRefused(
                "It is deleted already."
                if job.retention is Retention.PURGED
                else "It is being deleted already.",
                "Nothing more was deleted.",
            )
        if getattr(job.intent, "plugin_type", "") == "fs":
            raise _is_root()
        client = self._client_of(job.account_id)
        if client is None:
            raise ServerUnreachable(
                "The server of this run is not connected.",
                "Nothing was deleted.",
                hint="Connect to it first.",
                context={"sent": "no"},
            )
        return job, client

    def watch(self, key: JobKey) -> None:
        """Look after a deletion, whoever asked for it, until it has ended."""
        if key in self._watched:
            return
        self._watched[key] = (0, self._clock.monotonic())
        if self._loop is None or self._loop.done():
            self._loop = self._owner.start(self._follow(), name="follow")

    async def _follow(self) -> None:
        """Look at one deletion after the other while there are any (network)."""
        while self._watched:
            key = min(self._watched, key=lambda k: self._watched[k][1])
            number, due = self._watched[key]
            # In short naps: another deletion may begin meanwhile.
            wait = due - self._clock.monotonic()
            if wait > 0:
                await self._clock.sleep(min(wait, _LOOKS[0]))
                continue
            if await self._ended(key):
                self._watched.pop(key, None)
                continue
            pause = _LOOKS[min(number, len(_LOOKS) - 1)]
            # Those of a whole feed share what one deletion may ask.
            pause = max(pause, float(len(self._watched) - _FEW))
            self._watched[key] = (number + 1, self._clock.monotonic() + pause)

    async def _ended(self, key: JobKey) -> bool:
        tracked = self._store.get(key)
        if tracked is None or tracked.job.retention not in _UNDER_WAY:
            return True
        client = self._client_of(tracked.job.account_id)
        if client is None:
            return False
        try:
            return await self._through(
                tracked.account_id, lambda: self._looked(tracked, client), paced=True
            )
        except CubeError as error:
            _log.info("a deletion was not seen: %s", type(error).__name__)
            return False

    async def _looked(self, tracked: Tracked, client: "CubeClient") -> bool:
        """Look at a deletion once; True when it has ended one way or the other."""
        job = tracked.job
        assert job.remote_id is not None
        try:
            instance = await client.instances.get(InstanceId(job.remote_id))
        except NotFound:
            await self._gone(job.key)
            await self._below(tracked, client)
            return True
        if instance.deletion_status == "pending":
            await self._retain(job.key, Retention.PURGING)
            return False
        if instance.deletion_status == "failed":
            words = instance.deletion_error or "no reason given"
            await self._failed(job.key, f"The server could not delete it: {words}")
            return True
        # Neither asked for nor gone: the request never arrived.
        await self._failed(job.key, "The server did not take the request.")
        return True

    async def _below(self, root: Tracked, client: "CubeClient") -> None:
        """Ask after each run we know below one that is gone: they went with it."""
        for tracked in self._descendants(root):
            assert tracked.job.remote_id is not None
            try:
                await client.instances.get(InstanceId(tracked.job.remote_id))
            except NotFound:
                await self._retain(tracked.job.key, Retention.PURGING)
                await self._gone(tracked.job.key)

    def _descendants(self, root: Tracked) -> list[Tracked]:
        feed = root.job.feed_id
        if feed is None or root.job.remote_id is None:
            return []
        known = [
            tracked
            for tracked in self._store.of_feed(root.account_id, feed)
            if tracked.job.kind is Kind.RUN and tracked.server_uuid == root.server_uuid
        ]
        below = {root.job.remote_id}
        grew = True
        while grew:
            more = {
                t.job.remote_id
                for t in known
                if t.job.previous_id in below and t.job.remote_id is not None
            } - below
            below |= more
            grew = bool(more)
        return [
            t for t in known if t.job.remote_id in below and t.job.key != root.job.key
        ]

    async def _gone(self, key: JobKey) -> None:
        """Take the server's 404 for a run that was being deleted."""

        def decide(tracked: Tracked) -> steps.Step | None:
            if tracked.job.retention is Retention.PURGED:
                return None
            return fsm.missing(tracked, now=self._clock.time())

        await self._store.apply(key, decide)

    async def _failed(self, key: JobKey, words: str) -> None:
        await self._store.apply(key, self._step(Retention.PURGE_FAILED, words))

    async def _retain(self, key: JobKey, to: Retention) -> None:
        await self._store.apply(key, self._step(to, ""))

    def _step(self, to: Retention, words: str) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            if to not in decisions.RETENTION_EDGES[tracked.job.retention]:
                return None
            return decisions.retain(tracked, to, now=self._clock.time(), detail=words)

        return decide


def not_confirmed(nodes: int) -> PurgeRefused:
    """Return the refusal of a purge whose plan is another one by now."""
    what = "1 node" if nodes == 1 else f"{nodes:,} nodes"
    return PurgeRefused(
        "This is not what you confirmed.",
        f"{what} would go now. Nothing was deleted.",
        hint="Look at the feed and confirm again.",
    )


def _is_root() -> PurgeRefused:
    return PurgeRefused(
        "The first node of a feed cannot be deleted by itself.",
        "Nothing was deleted.",
        hint="Delete the feed instead.",
    )


def _subtree(rows: Iterable[PluginInstance], root: InstanceId) -> set[int]:
    rows = list(rows)
    found = {int(root)}
    grew = True
    while grew:
        more = {int(row.id) for row in rows if row.previous_id in found} - found
        found |= more
        grew = bool(more)
    return found


def _token(nodes: Iterable[int]) -> str:
    text = ",".join(str(node) for node in sorted(nodes))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
