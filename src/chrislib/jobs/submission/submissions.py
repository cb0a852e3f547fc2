"""Everything between the wish for a run and its token, for every account."""

import random
from collections.abc import Callable, Sequence

from chrislib.catalog.rows import AccountRow
from chrislib.errors import ChrislibError
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, JobKey
from chrislib.jobs.steps import Observation
from chrislib.jobs.store import JobStore
from chrislib.jobs.submission.cancels import Cancels
from chrislib.jobs.submission.latecomers import Answered, Latecomers
from chrislib.jobs.submission.outbox import Outbox
from chrislib.jobs.submission.reconcile import Choice, Reconciler
from chrislib.jobs.submission.submit import Sent, Submitter

BackendOf = Callable[[int], RunBackend | None]
"""Account to what speaks to its server now."""


class Submissions:
    """Sends drafts, finds lost submissions, sees to cancels.

    Parameters
    ----------
    store : JobStore
    submitter : Submitter
    cancels : Cancels
    clock : Clock
    backend_of : callable
        What speaks to an account's server, None while nothing does.
    wake : callable
        Gets an account whose turn should come soon.
    look_soon : callable
        Gets jobs that should be looked at.
    is_paused : callable
        Whether a batch waits.
    sent : callable
        Gets the outcome of every POST made behind.
    reconcile : tuple of float
        See `Reconciler`.
    late : tuple of float
        See `Latecomers`.
    answered : callable
        Awaitable: gets a job whose question in the inbox has its answer.
    back_off : float
        See `Outbox`.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        submitter: Submitter,
        cancels: Cancels,
        clock: Clock,
        backend_of: BackendOf,
        wake: Callable[[int], None],
        look_soon: Callable[[JobKey], None],
        is_paused: Callable[[str], bool],
        sent: Callable[[Sent], None],
        reconcile: tuple[float, ...],
        late: tuple[float, ...],
        answered: Answered,
        back_off: float,
        rng: random.Random | None = None,
    ) -> None:
        self._store = store
        self._submitter = submitter
        self._cancels = cancels
        self._backend_of = backend_of
        self._answered = answered
        self._reconciler = Reconciler(
            store=store,
            submitter=submitter,
            clock=clock,
            delays=reconcile,
            look_soon=look_soon,
        )
        self._latecomers = Latecomers(
            store=store,
            submitter=submitter,
            clock=clock,
            delays=late,
            look_soon=look_soon,
            answered=answered,
        )
        self._outbox = Outbox(
            store=store,
            submitter=submitter,
            clock=clock,
            is_paused=is_paused,
            wake=wake,
            look_soon=look_soon,
            sent=sent,
            back_off=back_off,
            rng=rng,
        )

    async def interrupted(self, account_id: int) -> None:
        """At start: doubt what was being sent, and search at the first turn (disk)."""
        await self._submitter.interrupted(account_id)
        self._reconciler.search_now(account_id)
        self._latecomers.search_now(account_id)

    async def turn(self, account: AccountRow, backend: RunBackend) -> float:
        """Do what is due for an account whose server answers (network, disk).

        POSTs of drafts go on behind: a long batch holds nothing up.

        Returns
        -------
        float
            Seconds until the next turn is wanted; infinity for none.

        Raises
        ------
        CubeError
            The server did not answer, now or to the last POST.
        """
        account_id = account.account_id
        due = [self._outbox.turn(account_id, backend)]
        due.append(await self._reconciler.turn(account_id, backend))
        due.append(await self._latecomers.turn(account_id, backend))
        due.append(await self._cancels.turn(account_id, backend))
        return min(due)

    @property
    def sending(self) -> int:
        """How many drafts are in hand: a pause or a cancel comes too late for them."""
        return self._outbox.sending

    def resume(self, account_id: int) -> None:
        """Send what waits at once, whatever pause a failure brought."""
        self._outbox.resume(account_id)

    def pending_like(self, account_id: int, plugin: str, previous: int | None) -> bool:
        """Whether a run of this plugin and parent may be one that is being sent."""
        return any(
            getattr(tracked.job.intent, "plugin_name", "") == plugin
            and getattr(tracked.job.intent, "previous_id", None) == previous
            for tracked in self._reconciler.pending(account_id)
        )

    async def claim(self, account_id: int, rows: Sequence[Observation]) -> None:
        """Join runs nobody here knows to jobs that were given up (network, disk).

        Raises
        ------
        CubeError
            The server did not answer.
        """
        backend = self._backend_of(account_id)
        if backend is not None:
            await self._latecomers.claim(account_id, rows, backend)

    async def choices(self, key: JobKey) -> list[Choice]:
        """Return the runs an uncertain submission may have made (network).

        Raises
        ------
        ChrislibError
            It is not uncertain any more, or no server is connected.
        """
        return await self._reconciler.choices(key, self._backend(key))

    async def choose(self, key: JobKey, remote_id: int | None) -> Job:
        """Take the user's word for which run it is, None for none (network, disk).

        Raises
        ------
        ChrislibError
            It is not uncertain any more, the run is another job's, or no server is
            connected.
        """
        backend = self._backend(key)
        before = self._store.get(key)
        chosen = await self._reconciler.choose(key, remote_id, backend)
        if before is not None:
            await self._answered(before.job)
        return chosen

    async def close(self) -> None:
        """Stop sending."""
        await self._outbox.close()

    def _backend(self, key: JobKey) -> RunBackend:
        tracked = self._store.get(key)
        backend = self._backend_of(tracked.account_id) if tracked is not None else None
        if backend is None:
            raise ChrislibError(
                "The server of this run is not connected.",
                "Nothing was changed, nothing was sent.",
                hint="Connect to it first.",
            )
        return backend
