"""The job manager: what library, feeds and the window call."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chrislib.aio import spawn
from chrislib.catalog.rows import AccountRow
from chrislib.cube.errors import CubeError
from chrislib.errors import ChrislibError
from chrislib.jobs import codec, fsm
from chrislib.jobs.codec import kind_of
from chrislib.jobs.model import (
    InboxRow,
    Intent,
    Job,
    JobChange,
    JobKey,
    Kind,
    Phase,
    Reach,
    ResultState,
    RunIntent,
    WorkflowIntent,
)
from chrislib.jobs.plugged import SERVED
from chrislib.jobs.polling.answer_times import AnswerLook
from chrislib.jobs.polling.overview import AccountLook, overview
from chrislib.jobs.serving.handing import handed_over
from chrislib.jobs.submission.held import Next
from chrislib.jobs.wiring import Wiring, not_connected

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of a job's past.

    `entered` are (phase, seconds since the epoch) in the order they were seen.
    """

    entered: tuple[tuple[Phase, float], ...]
    log: str
    """The program's log, tokens redacted, as captured before CUBE overwrites it."""


class JobManager(Wiring):
    """Follows remote work so that nothing is lost, whatever fails or is closed.

    What concerns one part is asked of it: `batches`, `adoption`, `results`,
    `notices`, `services`, `cancels`, `health`, `history`, `durations`. See `Wiring`
    for how it is made.
    """

    async def submit(self, intent: Intent) -> JobKey:
        """Journal an intent and return at once (disk); the rest is done behind.

        Raises
        ------
        ChrislibError
            No server was ever reached, so the job has no account to be on.
        """
        if kind_of(intent) in SERVED:
            return await self.services.submit(intent)
        account = await self._account()
        (key,) = await self._submitter.journal(
            [intent], account_id=account.account_id, server_uuid=account.server_uuid
        )
        if self._link.reach is not Reach.FRESH:
            self._store.looked([key], self._link.reach, None)
        if isinstance(intent, RunIntent):
            self._followers.wake(account.account_id)
        else:
            self._transfers.follow()
        return key

    async def submit_held(
        self, intent: RunIntent | WorkflowIntent, then: Sequence[Next] = ()
    ) -> list[JobKey]:
        """Write down a run that waits for library items or a job, and what follows it.

        `Held.release` has it sent, or its parent's arrival on the server; what follows
        is sent as soon as its own parent is there. (Disk.)
        """
        account = await self._account()
        (key,) = await self._submitter.journal(
            [intent], account_id=account.account_id, server_uuid=account.server_uuid
        )
        return [key, *await self._journal_next(key, then, account=account)]

    async def submit_now(
        self,
        intent: RunIntent | WorkflowIntent,
        then: Sequence[Next] = (),
        *,
        stays: bool = False,
        written: Callable[[Sequence[JobKey]], object] = lambda _keys: None,
    ) -> Job:
        """Journal a run, send it once and return what became of it (disk, network).

        A lost answer is no error: the job is SUBMIT_UNCERTAIN then and the server is
        being asked what it did.

        Parameters
        ----------
        then : sequence of Next
            Runs that follow it, written down before it is sent; they are sent behind.
            Where the run is refused they are dropped with it. Nothing can follow a
            pipeline.
        stays : bool
            Go on with all of it where the caller goes away before the answer, and keep
            a run that was not taken: it is sent later, or waits to be corrected.
        written : callable
            Gets the keys of the run and of what follows it, in their order, once all
            of that is written down; not for a pipeline.

        Raises
        ------
        Refused, Forbidden, NotFound
            The server does not take it; nothing was started.
        ServerUnreachable, TokenRejected
            It was never sent; nothing was started.
        """
        if isinstance(intent, WorkflowIntent):
            return await handed_over(
                intent,
                self._store,
                submit=self.services.submit,
                now=self._clock.time,
            )
        if not stays:
            return await self._send_now(intent, then, written=written)
        left = False
        sending = spawn(
            self._send_now(intent, then, written=written, once=lambda: not left),
            name="jobs: submit what stays",
            on_error=lambda _error: None,
        )
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            left = True
            raise

    async def cancel(self, key: JobKey) -> int:
        """Stop a job (disk, network); returns how many nodes or files it takes along.

        A cancel that CUBE loses is sent again by the poller.

        Raises
        ------
        CubeError
            The server did not take it now; it is tried again.
        """
        tracked = self._store.get(key)
        if tracked is None or tracked.job.phase.terminal:
            return 0
        if tracked.job.kind in SERVED:
            return await self.services.cancel(key)
        if tracked.job.kind is not Kind.RUN:
            return await self._transfers.cancel(key)
        if tracked.job.phase is Phase.DRAFT:
            return await self._submitter.take_back([key])
        backend = self._backend_of(tracked.account_id)
        if backend is None:
            try:
                await self._link.current()
            except CubeError:
                _log.info("a cancel is sent as soon as the server answers")
            backend = self._backend_of(tracked.account_id)
        return await self.cancels.request(key, backend)

    async def cancel_scope(self, key: JobKey) -> int:
        """Return how many nodes a cancel would take along, itself too (network)."""
        tracked = self._store.get(key)
        account = tracked.account_id if tracked is not None else 0
        return await self.cancels.scope(key, self._backend_of(account))

    async def pause(self, key: JobKey) -> None:
        """Hold a pull, upload or download back until `resume` (disk)."""
        await self._transfers.pause(key)

    async def resume(self, key: JobKey) -> None:
        """Let a transfer go on that was paused (disk)."""
        await self._transfers.resume(key)

    async def retry(self, key: JobKey) -> JobKey:
        """Go on with what is missing of a transfer, or run a run anew (disk).

        Returns
        -------
        JobKey
            The same job for transfers; a new one for runs, whose tokens are spent.
        """
        tracked = self._store.get(key)
        if tracked is None:
            raise ChrislibError("This job is not known any more.")
        if isinstance(tracked.job.intent, RunIntent):
            await self._can_run_again(tracked.job)
        if tracked.job.kind is Kind.RUN or tracked.job.kind in SERVED:
            return await self.submit(tracked.job.intent)
        if tracked.job.phase.terminal:
            await self._store.apply(key, lambda t: fsm.again(t, now=self._clock.time()))
        await self._transfers.resume(key)
        return key

    async def run_again(self, keys: Sequence[JobKey]) -> str:
        """Run several runs anew as one batch (disk): one progress, one message.

        Returns
        -------
        str
            The batch's key.

        Raises
        ------
        ChrislibError
            One of them cannot be run from here; nothing was started.
        """
        intents = []
        for key in keys:
            tracked = self._store.get(key)
            if tracked is None or not isinstance(tracked.job.intent, RunIntent):
                raise ChrislibError(
                    "One of these is no run that is known here.",
                    "Nothing was started.",
                )
            await self._can_run_again(tracked.job)
            intents.append(tracked.job.intent)
        return await self.batches.submit(intents, f"{len(intents):,} runs once more")

    async def act(self, dedupe_key: str, action: str) -> None:
        """Note what the user did with an outcome: get, later, discard or seen (disk).

        "undo" takes a discard back. Nothing is deleted anywhere.
        """
        now = self._clock.time()
        acted = None if action == "seen" else now
        kept = "" if action == "seen" else action
        await self._table.mark_inbox(
            dedupe_key, seen_at=now, acted_at=acted, action=kept
        )
        if action != "seen":
            await self.results.note(JobKey(dedupe_key.partition(":")[0]), action)
        self._store.inbox_changed()

    async def catch_up(self) -> None:
        """See what another process has written, while it has the catalog (disk)."""
        await self._store.catch_up()

    def jobs(self) -> tuple[Job, ...]:
        """Return every job as it is now, newest first; withdrawn drafts left out."""
        return tuple(
            tracked.job
            for tracked in self._store.all()
            if not (
                tracked.job.phase is Phase.DRAFT
                and tracked.job.result is ResultState.DISCARDED
            )
        )

    def of_feed(self, feed_id: int) -> tuple[Job, ...]:
        """Return the jobs of a feed of the present account, in no order."""
        found = self._store.of_feed(self.account_id, feed_id)
        return tuple(tracked.job for tracked in found)

    def get(self, key: JobKey) -> Job | None:
        """Return one job as it is now."""
        tracked = self._store.get(key)
        return tracked.job if tracked is not None else None

    async def inbox(self) -> tuple[InboxRow, ...]:
        """Return the outcomes that were not discarded, newest first (disk)."""
        return tuple(codec.inbox_from_row(row) for row in await self._table.inbox())

    async def trace(self, job: JobKey | int) -> Trace | None:
        """Return the past of a job or of a run by its instance id (disk)."""
        if isinstance(job, int):
            account = self._link.account
            tracked = (
                self._store.by_token(account.account_id, account.server_uuid, job)
                if account is not None
                else self._store.by_remote(job)
            )
        else:
            tracked = self._store.get(job)
        if tracked is None:
            return None
        entered: list[tuple[Phase, float]] = []
        for event in await self._table.events(tracked.job.key):
            if event.from_phase == event.to_phase:
                continue
            try:
                entered.append((Phase(event.to_phase), event.at))
            except ValueError:
                continue
        return Trace(tuple(entered), await self._table.log(tracked.job.key))

    def subscribe(
        self, callback: Callable[[tuple[JobChange, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` after each commit; returns how to stop that."""
        return self._store.subscribe(callback)

    def subscribe_gone(
        self, callback: Callable[[tuple[Job, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` with jobs that are no more; returns how to stop that."""
        return self._store.subscribe_gone(callback)

    def subscribe_inbox(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when the inbox has changed; returns how to stop that."""
        return self._store.subscribe_inbox(callback)

    async def refresh(self) -> None:
        """Look at everything now and return after that (network, disk)."""
        if self._started and not self._catalog.read_only:
            self._transfers.wake()
            await self.services.looked()
            await self._followers.refresh()

    def watch_feed(self, feed_id: int | None) -> None:
        """Say which feed is on screen: its runs are looked at more often."""
        if self._attention.feed_id != feed_id:
            self._attention.feed_id = feed_id
            self._followers.present.wake(sweep=feed_id is not None)

    def attention(
        self,
        *,
        focused: bool | None = None,
        visible: bool | None = None,
        saving: bool | None = None,
    ) -> None:
        """Say whether anybody looks, and whether power or network are dear now.

        What is None stays as it was. Who comes back to the window gets a look at once.
        """
        came = bool(focused) and not self._attention.focused
        self._attention.note(focused=focused, visible=visible, saving=saving)
        if came and self._started:
            self._followers.notice()

    async def sign_in_needed(self, base_url: str, username: str) -> None:
        """Take note that an account's token cannot be had (disk): its jobs wait."""
        if self._started and not self._catalog.read_only:
            await self._followers.sign_in_needed(base_url, username)

    def woken(self, *, slept: bool) -> None:
        """Take note that the computer slept, or that its network is back."""
        if self._started:
            self._followers.notice(slept=slept)

    @property
    def account_id(self) -> int:
        """The account of the present connection, 0 while there was none."""
        account = self._link.account
        return account.account_id if account is not None else 0

    def accounts(self) -> tuple[AccountLook, ...]:
        """Return how well each account was looked at, the present one first."""
        return overview(self._followers.all())

    def answers(self, account_id: int) -> AnswerLook:
        """Return how long an account's server took to answer in the last hour."""
        follower = self._followers.of(account_id)
        gate = follower.link.gate if follower is not None else None
        return gate.answers.look() if gate is not None else AnswerLook()

    @property
    def checked_at(self) -> float | None:
        """When the server last answered, seconds since the epoch."""
        return self._link.checked_at

    @property
    def reach(self) -> Reach:
        """How good the last look at the account was."""
        return self._link.reach

    # Inside.

    async def _send_now(
        self,
        intent: RunIntent,
        then: Sequence[Next],
        *,
        written: Callable[[Sequence[JobKey]], object],
        once: Callable[[], bool] = lambda: True,
    ) -> Job:
        """Write a run down with what follows it, and send it (disk, network)."""
        account = await self._account()
        backend = await self._link.current()
        if backend is None:
            raise not_connected()
        if not once():
            raise asyncio.CancelledError  # nothing was written down yet
        (key,) = await self._submitter.journal(
            [intent],
            account_id=account.account_id,
            server_uuid=account.server_uuid,
            sending=True,
        )
        try:
            below = await self._journal_next(key, then, account=account)
        except BaseException:
            await asyncio.shield(self._submitter.withdraw(key))
            raise
        written((key, *below))
        # Carried through even if the caller goes away: the outcome must be noted.
        sent = await asyncio.shield(
            spawn(
                self._submitter.post(key, intent, backend, once=once),
                name="jobs: submit",
                on_error=lambda _error: None,
            )
        )
        if sent.job.phase is Phase.DRAFT and sent.error is not None:
            raise sent.error
        self._look_soon(key)
        return sent.job

    async def _journal_next(
        self, key: JobKey, then: Sequence[Next], *, account: AccountRow
    ) -> list[JobKey]:
        """Write down what follows a run (disk): each knows what it hangs under."""
        keys: list[JobKey] = []
        for one in then:
            above = key if one.under < 0 else keys[one.under]
            keys += await self._submitter.journal(
                [replace(one.intent, after=str(above))],
                account_id=account.account_id,
                server_uuid=account.server_uuid,
            )
        return keys

    async def _can_run_again(self, job: Job) -> None:
        account = await self._account()
        if account.account_id != job.account_id:
            raise ChrislibError(
                "This run is of another server or another sign-in.",
                "Nothing was started.",
                hint="Connect to its server first, then run it again.",
            )
        if isinstance(job.intent, RunIntent) and job.intent.found:
            raise ChrislibError(
                "This run was not started from here: its values are not known.",
                "Nothing was started.",
                hint="Open its node in Feeds and run it again from there.",
            )
