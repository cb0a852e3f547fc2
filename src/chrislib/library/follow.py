"""Items follow their jobs: received counts, registering, ready, or why not."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from chrislib.aio import TaskOwner
from chrislib.cube.errors import CubeError
from chrislib.cube.types import InstanceId
from chrislib.errors import ChrislibError
from chrislib.jobs.model import Intent, Job, JobChange, JobKey, Kind, Phase, PullIntent
from chrislib.library.items import Items
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.library.ports import JobsPort, SessionPort

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)
_FAILED = {
    Phase.FAILED,
    Phase.NOT_SUBMITTED,
    Phase.ORPHANED,
    Phase.CANCELLED_UPSTREAM,
}
_AGAIN_SECONDS = 15.0
_COUNTED_FILES = 2000
"""More files than this are not listed only to know the size of an item."""


class Follower:
    """Keeps items in step with the job manager, now and after a restart."""

    def __init__(
        self,
        *,
        items: Items,
        jobs: JobsPort,
        session: SessionPort,
        patience: float = 20.0,
    ) -> None:
        self._items = items
        self._jobs = jobs
        self._session = session
        self._tasks = TaskOwner("library follow")
        self._patience = patience
        self._judged = False
        self._resolving: set[ItemId] = set()
        self._unsubscribe = [jobs.subscribe(self._on_jobs)]
        self._unsubscribe.append(session.subscribe(self.look_again))

    def reconcile(self) -> None:
        """Bring every item up to what its job is now, as after a start.

        An item whose job was never made (the program ended in between) says so
        instead of waiting for ever; that is judged only once the jobs are read.
        """
        known = self._jobs.jobs()
        if not known and not self._judged and self._items.waiting():
            self._tasks.start(self._judge_later(), name="wait for the jobs")
            return
        self._judged = True
        by_item = {
            item_id: job for job in reversed(known) for item_id in _item_ids(job)
        }
        by_key = {job.key: job for job in known}
        for item in self._items.waiting():
            job = by_key.get(JobKey(item.job_key)) or by_item.get(item.item_id)
            if job is not None:
                self._take(item, job)
            elif not item.job_key or item.source is Source.UPLOAD:
                self._items.put([_never_sent(item)])
            else:
                self._look(item, None)

    async def _judge_later(self) -> None:
        await asyncio.sleep(self._patience)
        self._judged = True
        self.reconcile()

    def look_again(self) -> None:
        """Ask again for what could not be asked before (a new connection)."""
        for item in self._items.waiting():
            job = self._jobs.get(JobKey(item.job_key)) if item.job_key else None
            if job is not None and job.phase.terminal:
                self._look(item, job)
            elif job is None and self._judged and item.job_key:
                self._look(item, None)

    async def close(self) -> None:
        """Stop following."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        await self._tasks.close()

    def _on_jobs(self, changes: Sequence[JobChange]) -> None:
        if not self._judged:
            # the manager has read its jobs: what was left open can be judged now
            self.reconcile()
        for change in changes:
            job = change.after
            for item_id in _item_ids(job):
                item = self._items.get(ItemId(item_id))
                if item is not None and _belongs(item, job):
                    self._take(item, job)

    async def send(self, items: Sequence[Item], intent: Intent) -> list[Item]:
        """Submit what brings items, and follow it (disk); returns them as they are now.

        They are to be saved before: an end in between leaves items that say so.

        Raises
        ------
        ChrislibError
            It could not be journaled; the items have failed.
        """
        try:
            key = await self._jobs.submit(intent)
        except ChrislibError as error:
            await self._items.save(
                replace(item, state=ItemState.FAILED, detail=error.title)
                for item in items
            )
            raise
        return await self.sent(items, key)

    async def sent(self, items: Sequence[Item], key: JobKey) -> list[Item]:
        """Follow the job that brings items (disk); returns them as they are now."""
        known = [replace(item, job_key=key) for item in items]
        await self._items.save(known)
        job = self._jobs.get(key)
        if job is not None:
            for item in known:
                self.adopt(item, job)
        return [self._items.get(item.item_id) or item for item in known]

    def adopt(self, item: Item, job: Job) -> None:
        """Take over what a job already did before its item knew its key."""
        self._take(item, job)

    def _take(self, item: Item, job: Job) -> None:
        after = after_job(item, job)
        if after != item:
            self._items.put([after], keep=after.state is not item.state)
        finished = job.phase in {Phase.FINISHED, Phase.FINISHED_WITH_ERRORS}
        if finished and after.state is not ItemState.READY:
            self._look(after, job)

    def _look(self, item: Item, job: Job | None) -> None:
        if item.item_id in self._resolving:
            return
        self._resolving.add(item.item_id)
        self._tasks.start(
            self._resolve(item.item_id, job), name="find the files of an item"
        )

    async def _resolve(self, item_id: ItemId, job: Job | None) -> None:
        """Find out where the files of a finished item are (network)."""
        try:
            while True:
                client, item = self._session.client, self._items.get(item_id)
                if item is None or client is None:
                    return
                try:
                    found = await _where(client, item, job)
                except (CubeError, ChrislibError) as error:
                    _log.info("an item could not be located yet: %s", error.title)
                    found = None
                if found is not None:
                    await self._items.save([found])
                    await self._measure(client, found)
                    return
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            self._resolving.discard(item_id)

    def measure(self, item: Item) -> None:
        """Add up the files of an item soon (network)."""
        if self._session.client is not None:
            self._tasks.start(
                self._measure(self._session.client, item), name="measure an item"
            )

    async def _measure(self, client: "CubeClient", item: Item) -> None:
        """Add up the files of an item that is ready (network)."""
        if item.size is not None or item.state is not ItemState.READY:
            return
        if (item.images or 0) > _COUNTED_FILES:
            return
        files = size = 0
        try:
            async with aclosing(client.files.walk(item.path)) as found:
                async for entry in found:
                    files += 1
                    size += entry.file.size
                    if files > _COUNTED_FILES:
                        return
        except CubeError as error:
            _log.info("an item could not be measured: %s", error.title)
            return
        now = self._items.get(item.item_id)
        if now is not None and now.state is ItemState.READY and files:
            await self._items.save([replace(now, size=size, images=files)])


def after_job(item: Item, job: Job) -> Item:
    """Return the item as its job has it; READY only when the path is known."""
    state, detail = item.state, ""
    phase = job.phase
    received = item.received
    if job.progress is not None and job.progress.unit in {"images", "files"}:
        received = job.progress.done
    if phase is Phase.FINISHED or phase is Phase.FINISHED_WITH_ERRORS:
        state = ItemState.READY if item.path else ItemState.REGISTERING
        if phase is Phase.FINISHED_WITH_ERRORS:
            detail = job.detail or "Some files are missing."
        elif _fell_short(job):
            detail = job.detail
    elif phase in _FAILED:
        state = ItemState.FAILED
        detail = job.detail or "It did not arrive."
    elif phase is Phase.CANCELLED:
        state = ItemState.CANCELLED
    elif phase is Phase.GONE:
        state = ItemState.GONE
    elif phase is Phase.REGISTERING:
        state = ItemState.REGISTERING
    else:
        state = ItemState.ON_THE_WAY
    images = item.images
    if images is None and job.progress is not None and job.progress.unit == "images":
        images = job.progress.total
    return replace(
        item,
        state=state,
        detail=detail,
        received=received,
        images=images,
        job_key=job.key,
        feed_id=job.feed_id if item.source is Source.REFERENCE else item.feed_id,
    )


async def _where(client: "CubeClient", item: Item, job: Job | None) -> Item | None:
    """Return the item with its path; None while the server does not show it yet."""
    if item.source is Source.PACS:
        series = await client.pacs.series(item.series_uid)
        if series is None or not series.folder_path:
            return None
        count = await client.pacs.series_file_count(series)
        return replace(
            item,
            state=ItemState.READY,
            path=series.folder_path,
            images=count or item.images,
            received=count or item.received,
        )
    if item.source is Source.REFERENCE:
        remote = job.remote_id if job is not None else item.instance_id
        if remote is None:
            return None
        instance = await client.instances.get(InstanceId(remote))
        return replace(
            item,
            state=ItemState.READY,
            path=instance.output_path,
            feed_id=int(instance.feed_id),
            instance_id=int(instance.id),
        )
    return None


_KINDS = {
    Source.PACS: Kind.PULL,
    Source.UPLOAD: Kind.UPLOAD,
    Source.REFERENCE: Kind.RUN,
}


def _belongs(item: Item, job: Job) -> bool:
    """Whether a job is the one that brings an item, not one that uses it."""
    if item.job_key:
        return item.job_key == job.key
    unsent = item.state is ItemState.ON_THE_WAY
    return unsent and _KINDS.get(item.source) is job.kind


def _fell_short(job: Job) -> bool:
    progress = job.progress
    return (
        progress is not None
        and progress.total is not None
        and progress.done < progress.total
    )


def _item_ids(job: Job) -> tuple[str, ...]:
    intent = job.intent
    if isinstance(intent, PullIntent):
        return (intent.item_id,)
    return getattr(intent, "item_ids", ())


def _never_sent(item: Item) -> Item:
    return replace(
        item,
        state=ItemState.FAILED,
        detail="chrislib ended before this was sent.",
    )
