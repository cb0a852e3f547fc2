"""Stopping runs: the whole branch is marked, a lost cancel is sent once more.

CUBE answers 200 to a cancel and can still let the program run to its end, when a
worker held the run at that moment. So a cancel is a wish until a look confirms it.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from chrislib.cube.errors import (
    CubeError,
    Forbidden,
    NotFound,
    Refused,
    ServerFault,
    ServerUnreachable,
)
from chrislib.jobs import decisions, fsm, steps
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.fsm import CANCEL_SENDS
from chrislib.jobs.model import Job, JobChange, JobKey, Kind
from chrislib.jobs.polling.queries import ENDED, FeedRuns
from chrislib.jobs.steps import Observation, Tracked
from chrislib.jobs.store import Decide, Decision, JobStore

_log = logging.getLogger(__name__)

REQUESTED = "Cancel requested."
IGNORED = "The server was asked twice to stop this run, and it still runs."


class Cancels:
    """Cancels of every account and what became of them.

    Parameters
    ----------
    store : JobStore
    clock : Clock
    patience : float
        Seconds after which a cancel without effect is sent again, and after which
        the user is asked.
    look_soon : callable
        Gets jobs that should be looked at.
    settle : float
        See `fsm.reduce`.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        clock: Clock,
        patience: float,
        look_soon: Callable[[JobKey], None],
        settle: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._patience = patience
        self._look_soon = look_soon
        self._settle = settle
        self._wanted: dict[int, set[JobKey]] = {}
        self._sent_at: dict[JobKey, float] = {}
        self._sending: set[JobKey] = set()
        store.subscribe(self._changed)

    def branch(self, key: JobKey) -> list[Tracked]:
        """Return a job and those below it that have not ended, as far as known."""
        root = self._store.get(key)
        if root is None:
            return []
        if root.job.remote_id is None or root.job.feed_id is None:
            return [root] if not root.job.phase.terminal else []
        below: dict[int, list[Tracked]] = {}
        for tracked in self._store.of_feed(root.account_id, root.job.feed_id):
            parent = tracked.job.previous_id
            if parent is not None and tracked.server_uuid == root.server_uuid:
                below.setdefault(parent, []).append(tracked)
        found, queue, seen = [], [root], {root.job.key}
        while queue:
            tracked = queue.pop()
            if not tracked.job.phase.terminal:
                found.append(tracked)
            for child in below.get(tracked.job.remote_id or 0, ()):
                if child.job.key not in seen:
                    seen.add(child.job.key)
                    queue.append(child)
        return found

    async def scope(self, key: JobKey, backend: RunBackend | None) -> int:
        """Return how many nodes a cancel would take along, itself too (network).

        The server knows best: somebody may have added nodes below. Without it, or
        when it does not answer, it is what is known here.
        """
        root = self._store.get(key)
        known = len(self.branch(key))
        if root is None or root.job.phase.terminal or backend is None:
            return known
        if root.job.remote_id is None or root.job.feed_id is None:
            return known
        rows: dict[int, Observation] = {}
        offset = 0
        try:
            while True:
                page = await backend.run(FeedRuns(root.job.feed_id, offset=offset))
                rows |= {row.remote_id: row for row in page.rows}
                offset += page.received_rows
                if not page.more:
                    break
        except CubeError:
            _log.info("the nodes below a run could not be counted on the server")
            return known
        below = {root.job.remote_id}
        # A child is made after its parent: one pass in order finds the whole branch.
        for remote_id, row in sorted(rows.items()):
            if row.previous_id in below:
                below.add(remote_id)
        return sum(rows[n].remote_status not in ENDED for n in below if n in rows)

    async def request(self, key: JobKey, backend: RunBackend | None) -> int:
        """Stop a run and what is below it (disk, network).

        Returns
        -------
        int
            How many nodes it takes along, itself included.

        Raises
        ------
        CubeError
            The server did not take it now; it is tried again by itself.
        """
        tracked = self._store.get(key)
        if tracked is None or tracked.job.phase.terminal:
            return 0
        # One transaction: either all of the branch is known to be wanted, or none.
        now = self._clock.time()
        branch = self.branch(key)
        mark = self._marker(now)
        await self._store.apply_page([Decision(t.job.key, mark) for t in branch])
        count = max(1, len(branch))
        if backend is not None and tracked.job.remote_id is not None:
            count = max(count, await self._send(key, backend))
        self._look_soon(key)
        return count

    async def let_run(self, key: JobKey) -> None:
        """Take a cancel back that had no effect, for the whole branch (disk)."""
        decide = self._unmark("cancel_taken_back", "")
        branch = self.branch(key)
        await self._store.apply_page([Decision(t.job.key, decide) for t in branch])

    async def turn(self, account_id: int, backend: RunBackend) -> float:
        """Send cancels that are not in effect once more, then ask (disk, network).

        Returns
        -------
        float
            Seconds until there is more to do.
        """
        for key in self._overdue(account_id):
            try:
                await self._again(key, backend)
            except CubeError as error:
                if not _maybe_sent(error):
                    raise
        now = self._clock.monotonic()
        waits = [
            self._sent_at.get(t.job.key, now) + self._patience
            for t in self._open(account_id)
        ]
        return max(0.0, min(waits, default=float("inf")) - now)

    # Inside.

    def _open(self, account_id: int) -> list[Tracked]:
        """Return the topmost jobs of each branch that shall stop and have not."""
        wanted = [
            tracked
            for key in self._wanted.get(account_id, ())
            if (tracked := self._store.get(key)) is not None
        ]
        ids = {(t.server_uuid, t.job.remote_id) for t in wanted}
        return [
            t
            for t in wanted
            if t.job.remote_id is not None
            and (t.server_uuid, t.job.previous_id) not in ids
        ]

    def _overdue(self, account_id: int) -> list[JobKey]:
        now = self._clock.monotonic()
        due = []
        for tracked in self._open(account_id):
            key = tracked.job.key
            if key in self._sending:
                continue
            if key not in self._sent_at and (
                tracked.job.cancel_sends or self._below_another(tracked)
            ):
                # A process before this one sent it: its effect is given time again.
                self._sent_at[key] = now
            if key not in self._sent_at or now - self._sent_at[key] >= self._patience:
                due.append(key)
        return due

    def _below_another(self, tracked: Tracked) -> bool:
        parent = tracked.job.previous_id
        if parent is None:
            return False
        above = self._store.by_token(tracked.account_id, tracked.server_uuid, parent)
        return above is not None and above.job.cancel_requested_at is not None

    async def _again(self, key: JobKey, backend: RunBackend) -> None:
        """Look whether a cancel has had its effect; send it once more, or ask."""
        tracked = self._store.get(key)
        assert tracked is not None
        assert tracked.job.remote_id is not None
        if key in self._sent_at:
            seen = await backend.look(tracked.job.remote_id)
            await self._store.apply(key, self._reducer(seen))
            tracked = self._store.get(key)
            if tracked is None or tracked.job.phase.terminal:
                return
            if tracked.job.cancel_sends >= CANCEL_SENDS:
                await self._store.apply(key, self._ask())
                return
        await self._send(key, backend)
        self._look_soon(key)

    async def _send(self, key: JobKey, backend: RunBackend) -> int:
        tracked = self._store.get(key)
        if tracked is None or tracked.job.remote_id is None or key in self._sending:
            return 0
        branch = [t.job.key for t in self.branch(key)]
        self._sending.add(key)
        try:
            count = await backend.cancel(tracked.job.remote_id)
        except (Refused, NotFound):
            count = 0
        except Forbidden:
            words = "Only who started this run may cancel it."
            await self._store.apply(key, self._unmark("cancel_forbidden", words))
            raise
        except CubeError as error:
            if _maybe_sent(error):
                self._note_sent(branch)
                await self._store.apply(key, self._counted())
            raise
        finally:
            self._sending.discard(key)
        if count == 0:
            await self._ended_before(key, tracked.job, backend)
            return 0
        self._note_sent(branch)
        await self._store.apply(key, self._counted())
        return count

    async def _ended_before(self, key: JobKey, job: Job, backend: RunBackend) -> None:
        """Take back a cancel the server had no use for; a look says what it is now.

        What is below it and shall stop too gets a cancel of its own.
        """
        _log.info("a run ended before its cancel arrived")
        assert job.remote_id is not None
        try:
            seen = await backend.look(job.remote_id)
        except NotFound:
            seen = None
        ours = job.cancel_sends > 0 and seen is not None
        if not (ours and seen is not None and seen.remote_status == "cancelled"):
            await self._store.apply(key, self._unmark("cancel_refused", ""))
        if seen is not None:
            await self._store.apply(key, self._reducer(seen))

    def _reducer(self, seen: Observation) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            now = self._clock.time()
            return fsm.reduce(tracked, seen, now=now, settle=self._settle)

        return decide

    def _note_sent(self, branch: list[JobKey]) -> None:
        # The server stops the branch with its top: none of it needs a cancel of its
        # own before that had time to show.
        now = self._clock.monotonic()
        self._sent_at.update(dict.fromkeys(branch, now))

    def _marker(self, now: float) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            step = fsm.request_cancel(tracked, now=now)
            if step is None:
                return None
            self._sent_at.pop(tracked.job.key, None)
            job = replace(step.tracked.job, detail=REQUESTED, hint="")
            return replace(step, tracked=replace(step.tracked, job=job))

        return decide

    def _counted(self) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            job = tracked.job
            if job.cancel_requested_at is None:
                return None
            now, sends = self._clock.time(), job.cancel_sends + 1
            return fsm.learn(tracked, "cancel_sent", now=now, cancel_sends=sends)

        return decide

    def _unmark(self, what: str, detail: str) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            if tracked.job.cancel_requested_at is None:
                return None
            return fsm.learn(
                tracked,
                what,
                now=self._clock.time(),
                cancel_requested_at=None,
                cancel_sends=0,
                detail=detail,
                hint="",
            )

        return decide

    def _ask(self) -> Decide:
        def decide(tracked: Tracked) -> steps.Step | None:
            job = tracked.job
            if job.detail == IGNORED or job.phase.terminal:
                return None
            asked = replace(job, detail=IGNORED, hint="Cancel it again, or let it run.")
            return decisions.tell(
                replace(tracked, job=asked), "CANCEL_IGNORED", now=self._clock.time()
            )

        return decide

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        for change in changes:
            job = change.after
            before = change.before
            wished = before is not None and before.cancel_requested_at is not None
            if job.kind is not Kind.RUN or (
                job.cancel_requested_at is None and not wished
            ):
                continue
            wanted = self._wanted.setdefault(job.account_id, set())
            if _shall_stop(job):
                wanted.add(job.key)
            else:
                wanted.discard(job.key)
                if job.cancel_requested_at is None:
                    self._sent_at.pop(job.key, None)


def _shall_stop(job: Job) -> bool:
    """Whether a cancel waits for its effect; not after the user was asked."""
    if job.cancel_requested_at is None or job.phase.terminal:
        return False
    return not (job.cancel_sends >= CANCEL_SENDS and job.detail == IGNORED)


def _maybe_sent(error: CubeError) -> bool:
    """Whether the server may have taken the cancel."""
    if isinstance(error, ServerFault):
        return error.context.get("status") != "429"
    sent = error.context.get("sent", "yes") == "yes"
    return isinstance(error, ServerUnreachable) and sent
