"""Batches: thousands of runs as one thing to start, pause, count and hear about."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from chrislib.aio import Breather, TaskOwner
from chrislib.catalog.batches import BatchRow, BatchTable
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import AccountRow, InboxRowText
from chrislib.errors import ChrislibError
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import (
    Job,
    JobChange,
    JobKey,
    Phase,
    RunIntent,
)
from chrislib.jobs.store import JobStore, new_key
from chrislib.jobs.submission.chains import Chain, pages_of
from chrislib.jobs.submission.held import is_refused
from chrislib.jobs.submission.submit import Sent, Submitter

_log = logging.getLogger(__name__)

REFUSALS = 10
"""Refusals in a row after which a batch waits for its author."""

_WAITING, _SENDING, _UNCERTAIN, _RUNNING = "waiting", "sending", "uncertain", "running"
_DONE, _FAILED, _REFUSED, _CANCELLED = "done", "failed", "refused", "cancelled"
_OPEN = (_WAITING, _SENDING, _UNCERTAIN, _RUNNING)
_SENT = "sent"


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as it is now. Reading one costs the same for ten jobs and 20,000.

    Attributes
    ----------
    state : str
        RUNNING, PAUSED, CANCELLED or DONE.
    total : int
        How many jobs it was made of.
    written : int
        How many of them are in the catalog: fewer while it is being written down.
    sent : int
        Taken by the server.
    done, failed, uncertain : int
        Ended well; ended otherwise or refused; perhaps sent.
    waiting : int
        Still to be sent.
    cancelled : int
        Of `failed`, those that were cancelled or taken back.
    detail : str
        Why it waits, when that was not asked for.
    """

    key: str
    title: str
    state: str
    total: int
    sent: int
    done: int
    failed: int
    uncertain: int
    account_id: int = 0
    written: int = 0
    waiting: int = 0
    cancelled: int = 0
    created_at: float = 0.0
    ended_at: float | None = None
    detail: str = ""


@dataclass(slots=True)
class _Batch:
    row: BatchRow
    counts: Counter[str] = field(default_factory=Counter)
    writing: bool = False
    refusals: int = 0
    uncounted: set[JobKey] = field(default_factory=set)
    """At the start: jobs that are counted in a moment, as they are then."""


class Batches:
    """Every batch of this computer.

    Parameters
    ----------
    table : BatchTable
    jobs : JobTable
        For the one inbox row of a batch.
    store : JobStore
    submitter : Submitter
    clock : Clock
    account : callable
        The account new batches are on.
    resume : callable
        Gets an account whose drafts may be sent now.
    """

    def __init__(
        self,
        *,
        table: BatchTable,
        jobs: JobTable,
        store: JobStore,
        submitter: Submitter,
        clock: Clock,
        account: Callable[[], Awaitable[AccountRow]],
        resume: Callable[[int], None],
    ) -> None:
        self._table = table
        self._jobs = jobs
        self._store = store
        self._submitter = submitter
        self._clock = clock
        self._account = account
        self._resume = resume
        self._batches: dict[str, _Batch] = {}
        self._subscribers: list[Callable[[tuple[str, ...]], None]] = []
        self._owner = TaskOwner("batches")
        self._lock = asyncio.Lock()
        store.subscribe(self._changed)

    async def load(self) -> None:
        """Read the batches, before the jobs of the store are (disk)."""
        rows = await self._table.load()
        self._batches = {row.batch_key: _Batch(row) for row in rows}

    async def settle(self) -> None:
        """At start, with the jobs in memory: finish what was cut off (disk)."""
        breather = Breather()
        for batch in list(self._batches.values()):
            batch.counts = Counter(_counts_of(batch.row))
            if batch.row.ended_at is not None:
                continue
            keys = [t.job.key for t in self._store.of_batch(batch.row.batch_key)]
            batch.uncounted.update(keys)
            for key in keys:
                tracked = self._store.get(key)
                batch.uncounted.discard(key)
                batch.counts.update(_marks(tracked.job if tracked else None))
                await breather.rest()
        for batch in list(self._batches.values()):
            written = _written(batch)
            if batch.row.ended_at is None and written < batch.row.total:
                await self._save(
                    batch,
                    state="PAUSED" if batch.row.state == "RUNNING" else batch.row.state,
                    detail=f"chrislib ended while it wrote this batch down: "
                    f"{written:,} of {batch.row.total:,} are there, none was sent.",
                )
            if batch.row.state == "CANCELLED" and batch.counts[_WAITING]:
                await self._take_back(batch)
            await self._end_if_over(batch)

    async def submit(
        self, members: Sequence[RunIntent | Chain], title: str, *, paused: bool = False
    ) -> str:
        """Write a batch down, a page at a time, and begin to send it (disk).

        Nothing is sent before all of it is in the catalog. What follows a member
        counts like one.

        Returns
        -------
        str
            Its key.

        Raises
        ------
        ChrislibError
            It is empty, or no server was ever reached.
        CatalogError
            The disk refuses; what was written stays, paused.
        """
        chains = [one if isinstance(one, Chain) else Chain(one) for one in members]
        if not chains:
            raise ChrislibError("There is nothing to run.", "Nothing was started.")
        account = await self._account()
        row = BatchRow(
            batch_key=str(new_key(self._clock.time())),
            account_id=account.account_id,
            title=title,
            # Cut off while it is written, it waits for its author.
            state="PAUSED",
            total=sum(1 + len(chain.then) for chain in chains),
            created_at=self._clock.time(),
        )
        await self._table.add(row)
        batch = _Batch(row, writing=True)
        self._batches[row.batch_key] = batch
        task = self._owner.start(
            self._write(batch, chains, account),
            name="write",
            failed=lambda _error: None,
        )
        await asyncio.shield(task)
        if not paused:
            await self.resume(row.batch_key)
        return row.batch_key

    async def pause(self, batch_key: str) -> None:
        """Send no more of a batch (disk); what is with the server goes on."""
        batch = self._get(batch_key)
        if batch.row.state == "RUNNING":
            await self._save(batch, state="PAUSED", detail="")

    async def resume(self, batch_key: str) -> None:
        """Go on with a batch where it stopped (disk)."""
        batch = self._get(batch_key)
        if batch.row.state != "PAUSED":
            return
        batch.refusals = 0
        written = _written(batch)
        # What was never written down cannot be sent: the batch is what is there.
        await self._save(batch, state="RUNNING", detail="", total=written)
        self._resume(batch.row.account_id)
        await self._end_if_over(batch)

    async def cancel(self, batch_key: str) -> int:
        """Take back what was not sent (disk); returns how many runs that are.

        What the server has taken goes on: each can be cancelled by itself.
        """
        batch = self._get(batch_key)
        if batch.row.state not in ("RUNNING", "PAUSED"):
            return 0
        await self._save(batch, state="CANCELLED", detail="")
        taken = await self._take_back(batch)
        await self._end_if_over(batch)
        return taken

    def batches(self) -> tuple[BatchView, ...]:
        """Return every batch, newest first."""
        return tuple(_view(batch) for batch in reversed(self._batches.values()))

    def get(self, batch_key: str) -> BatchView | None:
        """Return one batch."""
        batch = self._batches.get(batch_key)
        return _view(batch) if batch is not None else None

    def is_paused(self, batch_key: str) -> bool:
        """Whether nothing of a batch may be sent now."""
        batch = self._batches.get(batch_key)
        return batch is not None and (batch.writing or batch.row.state != "RUNNING")

    def noted(self, sent: Sent) -> None:
        """Take the outcome of a POST: a batch that is only refused is paused."""
        batch = self._batches.get(sent.job.batch_key)
        if batch is None:
            return
        batch.refusals = batch.refusals + 1 if sent.refused else 0
        if batch.refusals >= REFUSALS and batch.row.state == "RUNNING":
            # At once, so that no further run is sent while it is written down.
            batch.row = replace(batch.row, state="PAUSED")
            said = sent.job.hint or sent.job.detail
            detail = f"The server refused {REFUSALS} runs in a row. {said}".strip()
            self._owner.start(
                self._save(batch, state="PAUSED", detail=detail), name="refused"
            )

    def subscribe(
        self, callback: Callable[[tuple[str, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` with the keys that changed; returns how to stop that."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    async def close(self) -> None:
        """Stop writing; what is written is found again at the next start."""
        await self._owner.close()

    # Inside.

    async def _write(
        self, batch: _Batch, chains: Sequence[Chain], account: AccountRow
    ) -> None:
        try:
            for intents, under in pages_of(chains):
                await self._submitter.journal(
                    intents,
                    account_id=account.account_id,
                    server_uuid=account.server_uuid,
                    batch_key=batch.row.batch_key,
                    under=under,
                )
        finally:
            batch.writing = False

    async def _take_back(self, batch: _Batch) -> int:
        keys: list[JobKey] = [
            tracked.job.key
            for tracked in self._store.of_batch(batch.row.batch_key)
            if tracked.job.phase is Phase.DRAFT
        ]
        return await self._submitter.take_back(sorted(keys))

    async def _save(
        self,
        batch: _Batch,
        *,
        state: str,
        detail: str,
        total: int | None = None,
        ended_at: float | None = None,
    ) -> None:
        row = replace(
            batch.row,
            state=state,
            detail=detail,
            total=batch.row.total if total is None else total,
            ended_at=ended_at,
            counts_json=json.dumps(dict(batch.counts)) if ended_at else "",
        )
        await self._table.save(row)
        batch.row = row
        self._publish((row.batch_key,))

    async def _end_if_over(self, batch: _Batch) -> None:
        async with self._lock:
            if batch.writing or batch.row.ended_at is not None:
                return
            if any(batch.counts[c] for c in _OPEN):
                return
            if batch.row.state == "PAUSED" and _written(batch) < batch.row.total:
                return  # only a part is there: its author says what to do with it
            now, counts = self._clock.time(), batch.counts
            bad = counts[_FAILED] + counts[_REFUSED]
            if counts[_DONE] or bad:
                # Told before it counts as over: told twice is told once, by its key.
                await self._tell(batch, now=now, bad=bad)
            state = "CANCELLED" if batch.row.state == "CANCELLED" else "DONE"
            await self._save(batch, state=state, detail="", ended_at=now)

    async def _tell(self, batch: _Batch, *, now: float, bad: int) -> None:
        key, done = batch.row.batch_key, batch.counts[_DONE]
        kind = "ERRORS" if bad else "READY"
        words = f"{done:,} finished"
        if bad:
            words += f", {bad:,} did not"
        if batch.counts[_CANCELLED]:
            words += f", {batch.counts[_CANCELLED]:,} cancelled"
        row = InboxRowText(
            dedupe_key=f"batch:{key}:{kind}:0",
            account_id=batch.row.account_id,
            kind=kind,
            created_at=now,
            title=batch.row.title,
            body=f"{words}.",
            batch_key=key,
        )
        if await self._jobs.add_inbox(row):
            self._store.inbox_changed()

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        touched: set[str] = set()
        for change in changes:
            job = change.after
            batch = self._batches.get(job.batch_key) if job.batch_key else None
            if batch is None:
                continue
            before = change.before
            if before is not None and before.seq == job.seq:
                continue  # looked at, not changed
            if job.key in batch.uncounted:
                continue
            old, new = _marks(before), _marks(job)
            if old != new:
                batch.counts.subtract(old)
                batch.counts.update(new)
                touched.add(job.batch_key)
        for key in touched:
            batch = self._batches[key]
            still = any(batch.counts[c] for c in _OPEN)
            if batch.row.ended_at is None and not batch.writing and not still:
                self._owner.start(self._end_if_over(batch), name="end")
        self._publish(tuple(touched))

    def _publish(self, keys: tuple[str, ...]) -> None:
        for callback in tuple(self._subscribers) if keys else ():
            try:
                callback(keys)
            except Exception:  # noqa: BLE001 - a view must not stop the manager
                _log.exception("a subscriber of the batches failed")

    def _get(self, batch_key: str) -> _Batch:
        batch = self._batches.get(batch_key)
        if batch is None:
            raise ChrislibError("This batch is not known any more.")
        return batch


def _class(phase: Phase, *, refused: bool) -> str:
    """Return the count a job goes into."""
    if phase is Phase.DRAFT:
        return _REFUSED if refused else _WAITING
    if phase is Phase.FINISHED:
        return _DONE
    if phase in (Phase.CANCELLED, Phase.CANCELLED_UPSTREAM):
        return _CANCELLED
    named = {Phase.SUBMITTING: _SENDING, Phase.SUBMIT_UNCERTAIN: _UNCERTAIN}
    return named.get(phase, _FAILED if phase.terminal else _RUNNING)


def _marks(job: Job | None) -> tuple[str, ...]:
    """Return every count a job is in."""
    if job is None:
        return ()
    mark = _class(job.phase, refused=is_refused(job))
    sent = job.remote_id is not None or bool(job.token)
    return (mark, _SENT) if sent else (mark,)


def _counts_of(row: BatchRow) -> dict[str, int]:
    """Return what a batch had come to; jobs of old ones may be pruned by now."""
    if row.ended_at is None or not row.counts_json:
        return {}
    try:
        return {str(k): int(v) for k, v in json.loads(row.counts_json).items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _written(batch: _Batch) -> int:
    return sum(n for mark, n in batch.counts.items() if mark != _SENT)


def _view(batch: _Batch) -> BatchView:
    row, counts = batch.row, batch.counts
    cancelled = counts[_CANCELLED]
    return BatchView(
        key=row.batch_key,
        title=row.title,
        state="RUNNING" if batch.writing else row.state,
        total=row.total,
        sent=counts[_SENT],
        done=counts[_DONE],
        failed=counts[_FAILED] + counts[_REFUSED] + cancelled,
        uncertain=counts[_UNCERTAIN],
        account_id=row.account_id,
        written=_written(batch),
        waiting=counts[_WAITING],
        cancelled=cancelled,
        created_at=row.created_at,
        ended_at=row.ended_at,
        detail=row.detail,
    )
