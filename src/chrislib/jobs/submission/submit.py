"""Submission: journaled first, then one POST that is never repeated."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chrislib.cube.errors import (
    CubeError,
    Forbidden,
    NotFound,
    Refused,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.jobs import fsm, steps
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.codec import backend_of, kind_of
from chrislib.jobs.model import (
    Intent,
    Job,
    JobKey,
    Phase,
    ResultState,
    RunIntent,
    WorkflowIntent,
)
from chrislib.jobs.steps import Observation, Tracked
from chrislib.jobs.store import JobStore, new_key

_log = logging.getLogger(__name__)

UNCERTAIN = "It is not known whether the server took this run."
ASKING = "The server is being asked."

_NONCE = 6
_AT_A_TIME = 50
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are mistaken for one another."""

ServerNow = Callable[[int], datetime]
"""Account to its server's present time."""
Remember = Callable[[Sequence[Tracked]], Awaitable[None]]
"""Keeps what belongs to new jobs (the state they start from) before they are sent."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one POST."""

    job: Job
    error: CubeError | None = None

    @property
    def refused(self) -> bool:
        """Whether the server said no: it stays a draft until it is corrected."""
        return self.job.phase is Phase.DRAFT and bool(self.job.field_errors)

    @property
    def unsent(self) -> bool:
        """Whether nothing reached the server: it is sent later."""
        return self.job.phase is Phase.DRAFT and not self.job.field_errors


class Submitter:
    """Makes runs on the server, each at most once.

    Parameters
    ----------
    store : JobStore
    clock : Clock
    settle : float
        See `fsm.reduce`.
    server_now : callable
        The server's present time: intents are dated by its clock, which the search
        for a lost one goes by.
    with_nonce : callable
        Whether runs of an account get six characters at the end of their title.
    remember : callable, optional
        Awaited after new jobs are journaled and before anything is sent.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        clock: Clock,
        settle: float,
        server_now: ServerNow,
        with_nonce: Callable[[int], bool] = lambda _account: False,
        remember: Remember | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settle = settle
        self._server_now = server_now
        self._with_nonce = with_nonce
        self._remember = remember
        self.in_flight: set[JobKey] = set()
        """Jobs whose POST is under way in this process."""
        self._lost: set[JobKey] = set()

    async def journal(
        self,
        intents: Sequence[Intent],
        *,
        account_id: int,
        server_uuid: str,
        sending: bool = False,
        batch_key: str = "",
        under: Sequence[int] = (),
    ) -> list[JobKey]:
        """Write intents down before anything is sent, all or none (disk).

        With `sending` the caller is about to `post` them itself; otherwise a run is
        a draft that is sent behind.

        Parameters
        ----------
        under : sequence of int
            For each intent the place of the one it hangs under, -1 for none; not
            given, none hangs under another.
        """
        now = self._clock.time()
        # In order: what was asked for first is sent first, and found first.
        numbers = sorted(new_key(now) for _ in intents)
        steps = []
        linked = [
            replace(intent, after=str(numbers[above]))
            if above >= 0 and isinstance(intent, RunIntent | WorkflowIntent)
            else intent
            for intent, above in zip(intents, under or [-1] * len(intents), strict=True)
        ]
        for number, (key, intent) in enumerate(zip(numbers, linked, strict=True), 1):
            tracked = self._tracked(
                key,
                intent,
                account_id=account_id,
                server_uuid=server_uuid,
                sending=sending,
                batch_key=batch_key,
            )
            steps.append(fsm.begin(tracked, now=now))
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)  # the window's turn
        keys = [step.tracked.job.key for step in steps]
        if sending:
            self.in_flight.update(keys)
        try:
            await self._store.add(steps)
        except BaseException:
            self.in_flight.difference_update(keys)
            self._lost.update(keys)
            raise
        if self._remember is not None:
            try:
                await self._remember([step.tracked for step in steps])
            except Exception:  # noqa: BLE001 - a comparison lost is no run lost
                _log.exception("the state a run starts from was not kept")
        return keys

    async def send(self, key: JobKey, backend: RunBackend) -> Sent | None:
        """POST a draft once (disk, network); None when it is no draft any more."""
        tracked = self._store.get(key)
        if tracked is None or not isinstance(tracked.job.intent, RunIntent):
            return None
        intent = replace(
            tracked.job.intent, issued_at=self._issued_at(tracked.account_id)
        )
        self.in_flight.add(key)
        if not await self._move(
            key, Phase.DRAFT, Phase.SUBMITTING, detail="", hint="", intent=intent
        ):
            self.in_flight.discard(key)
            return None
        return await self.post(key, intent, backend)

    async def post(
        self,
        key: JobKey,
        intent: RunIntent,
        backend: RunBackend,
        *,
        once: Callable[[], bool] = lambda: False,
    ) -> Sent:
        """POST a run that is journaled as being sent (disk, network).

        No error is raised for what the server says: the job carries it, and it is
        in the answer. Where `once` says so then, a run that was not taken is not sent
        later either: its author sees the error, and corrects it or not.
        """
        tracked = self._store.get(key)
        if tracked is not None and isinstance(tracked.job.intent, RunIntent):
            intent = tracked.job.intent  # with its nonce
        self.in_flight.add(key)
        try:
            try:
                observation = await backend.submit(intent)
            except CubeError as error:
                return await self._not_accepted(key, error, once=once())
            await self.own(key, observation)
            return self._sent(key, None)
        finally:
            self.in_flight.discard(key)
            after = self._store.get(key)
            if after is not None and after.job.phase is Phase.SUBMITTING:
                # Cut off, or the disk refused what became of it.
                self._lost.add(key)

    async def own(self, key: JobKey, seen: Observation) -> bool:
        """Make a run on the server this job's (disk); False if another has it.

        A row that only followed the run, since it was found before this job had it,
        goes: its token moves in the same transaction.
        """
        tracked = self._store.get(key)
        if tracked is None:
            return False

        def decide(current: Tracked) -> steps.Step | None:
            return fsm.reduce(
                current, seen, now=self._clock.time(), settle=self._settle
            )

        owner = self._store.by_token(
            tracked.account_id, tracked.server_uuid, seen.remote_id
        )
        if owner is None or owner.job.key == key:
            await self._store.apply(key, decide)
            return True
        if getattr(owner.job.intent, "found", False):
            await self._store.absorb(key, decide, owner.job.key)
            return True
        # Twins: that one was given our run, so that we look for its own.
        _log.warning("a run was given to another job of the same values")
        await self._doubt(key)
        return False

    async def withdraw(self, key: JobKey) -> None:
        """Forget a run that was journaled as being sent and was not (disk)."""
        self.in_flight.discard(key)
        self._lost.add(key)
        if await self._move(
            key, Phase.SUBMITTING, Phase.DRAFT, result=ResultState.DISCARDED
        ):
            self._lost.discard(key)

    async def take_back(self, keys: Sequence[JobKey]) -> int:
        """End drafts that were not sent and shall not be (disk); returns how many."""
        now = self._clock.time()

        def decide(tracked: Tracked) -> steps.Step | None:
            if tracked.job.phase is not Phase.DRAFT:
                return None
            return fsm.move(
                tracked,
                Phase.CANCELLED,
                now=now,
                source="user",
                cancel_requested_at=now,
                detail="Taken back before it was sent.",
                hint="",
            )

        return await self._store.apply_all(keys, decide)

    async def interrupted(self, account_id: int) -> None:
        """At start: a POST that was under way has an unknown outcome (disk)."""
        for tracked in self._store.live(account_id):
            job = tracked.job
            if job.phase is Phase.SUBMITTING and job.key not in self.in_flight:
                await self._doubt(job.key)

    async def settle_lost(self) -> None:
        """Doubt POSTs of this process whose outcome was not kept (disk)."""
        for key in tuple(self._lost - self.in_flight):
            await self._doubt(key)
            self._lost.discard(key)

    def _tracked(
        self,
        key: JobKey,
        intent: Intent,
        *,
        account_id: int,
        server_uuid: str,
        sending: bool,
        batch_key: str,
    ) -> Tracked:
        phase = Phase.QUEUED
        if isinstance(intent, RunIntent):
            phase = Phase.SUBMITTING if sending else Phase.DRAFT
            # Each submission has its own mark, also when a run is run again.
            intent = replace(
                intent,
                issued_at=self._issued_at(account_id) if sending else "",
                nonce=_nonce() if self._with_nonce(account_id) else "",
                found=False,
            )
        elif isinstance(intent, WorkflowIntent):
            phase = Phase.DRAFT
        job = Job(
            key=key,
            kind=kind_of(intent),
            phase=phase,
            intent=intent,
            title=_title(intent),
            feed_id=getattr(intent, "feed_id", None),
            previous_id=getattr(intent, "previous_id", None),
            backend=backend_of(intent),
            account_id=account_id,
            batch_key=batch_key,
        )
        note = isinstance(intent, RunIntent) and bool(intent.note or intent.tags)
        return Tracked(job, server_uuid=server_uuid, note_pending=note)

    def _issued_at(self, account_id: int) -> str:
        return self._server_now(account_id).isoformat()

    async def _not_accepted(self, key: JobKey, error: CubeError, *, once: bool) -> Sent:
        more = {"result": ResultState.DISCARDED} if once else {}
        if isinstance(error, Refused | Forbidden | NotFound):
            fields = error.fields if isinstance(error, Refused) else {}
            await self._move(
                key,
                Phase.SUBMITTING,
                Phase.DRAFT,
                detail=error.detail or error.title,
                hint=error.hint,
                field_errors=fields or {"": error.title},
                **more,
            )
        elif _never_taken(error):
            await self._move(
                key,
                Phase.SUBMITTING,
                Phase.DRAFT,
                detail="Not sent yet: the server is not reached.",
                hint="It is sent when the server answers.",
                **more,
            )
        else:
            _log.warning("outcome of a submission unknown: %s", type(error).__name__)
            await self._doubt(key)
        return self._sent(key, error)

    async def _doubt(self, key: JobKey) -> None:
        await self._move(
            key,
            Phase.SUBMITTING,
            Phase.SUBMIT_UNCERTAIN,
            detail=UNCERTAIN,
            hint=ASKING,
        )

    async def _move(self, key: JobKey, start: Phase, to: Phase, **changes: Any) -> bool:
        """Take an edge if the job is where it starts; False when it is elsewhere."""

        def decide(tracked: Tracked) -> steps.Step | None:
            if tracked.job.phase is not start:
                return None
            return fsm.move(tracked, to, now=self._clock.time(), **changes)

        # Only who takes the edge goes on: two callers cannot both send one draft.
        return await self._store.apply(key, decide)

    def _sent(self, key: JobKey, error: CubeError | None) -> Sent:
        tracked = self._store.get(key)
        assert tracked is not None
        return Sent(tracked.job, error)


def _never_taken(error: CubeError) -> bool:
    """Whether the server cannot have made anything of the POST."""
    if isinstance(error, TokenRejected) or error.context.get("status") == "429":
        return True
    sent = error.context.get("sent", "yes") == "yes"
    return isinstance(error, ServerUnreachable) and not sent


def _nonce() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_NONCE))


def _title(intent: Intent) -> str:
    if intent.title:
        return intent.title
    return getattr(intent, "plugin_name", "") or getattr(intent, "pipeline_name", "")
