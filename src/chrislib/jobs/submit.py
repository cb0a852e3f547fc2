"""Submission: journal, POST once, and find out when the answer was lost."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chrislib.cube.errors import (
    CubeError,
    Forbidden,
    NotFound,
    Refused,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.jobs import fsm
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.codec import backend_of, kind_of
from chrislib.jobs.fsm import Observation, Tracked
from chrislib.jobs.model import (
    Intent,
    Job,
    JobKey,
    Phase,
    ResultState,
    RunIntent,
)
from chrislib.jobs.store import Decision, JobStore, new_key

_log = logging.getLogger(__name__)

LOOKS = 3
"""Looks for a run that may have been made, before it counts as not made."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one POST."""

    job: Job
    error: CubeError | None = None


class Submitter:
    """Makes runs on the server, each at most once.

    Parameters
    ----------
    store : JobStore
    clock : Clock
    settle : float
        See `fsm.reduce`.
    """

    def __init__(self, *, store: JobStore, clock: Clock, settle: float) -> None:
        self._store = store
        self._clock = clock
        self._settle = settle

    async def journal(
        self,
        intents: Sequence[Intent],
        *,
        account_id: int,
        server_uuid: str,
        sending: bool = False,
    ) -> list[JobKey]:
        """Write intents down before anything is sent, all or none (disk).

        With `sending` the caller is about to `post` them itself; otherwise a run is
        a draft that the poller sends.
        """
        now = self._clock.time()
        steps = []
        for intent in intents:
            phase = Phase.SUBMITTING if sending else Phase.DRAFT
            run = isinstance(intent, RunIntent)
            job = Job(
                key=new_key(now),
                kind=kind_of(intent),
                phase=phase if run else Phase.QUEUED,
                intent=intent,
                title=_title(intent),
                feed_id=getattr(intent, "feed_id", None),
                previous_id=getattr(intent, "previous_id", None),
                backend=backend_of(intent),
                account_id=account_id,
            )
            tracked = Tracked(
                job,
                server_uuid=server_uuid,
                note_pending=isinstance(intent, RunIntent) and bool(intent.note),
            )
            steps.append(fsm.begin(tracked, now=now))
        await self._store.add(steps)
        return [step.tracked.job.key for step in steps]

    async def send(self, key: JobKey, backend: RunBackend) -> Sent | None:
        """POST a draft once (disk, network); None when it is no draft any more."""
        tracked = await self._move(key, Phase.DRAFT, Phase.SUBMITTING, detail="")
        if tracked is None or not isinstance(tracked.job.intent, RunIntent):
            return None
        return await self.post(key, tracked.job.intent, backend)

    async def post(self, key: JobKey, intent: RunIntent, backend: RunBackend) -> Sent:
        """POST a run that is journaled as being sent (disk, network).

        No error is raised for what the server says: the job carries it, and it is
        in the answer.
        """
        try:
            observation = await backend.submit(intent)
        except CubeError as error:
            return await self._not_accepted(key, error)
        await self._store.apply(
            key,
            lambda t: fsm.reduce(
                t, observation, now=self._clock.time(), settle=self._settle
            ),
        )
        return self._sent(key, None)

    async def withdraw(self, key: JobKey) -> None:
        """Keep a draft that its author will correct out of the lists (disk)."""
        await self._store.apply(
            key,
            lambda t: (
                fsm.decide_result(t, ResultState.DISCARDED, now=self._clock.time())
                if t.job.phase is Phase.DRAFT
                else None
            ),
        )

    async def interrupted(self, account_id: int) -> None:
        """At start: a POST that was under way has an unknown outcome (disk)."""
        for tracked in self._store.live(account_id):
            await self._move(
                tracked.job.key,
                Phase.SUBMITTING,
                Phase.SUBMIT_UNCERTAIN,
                detail="It is not known whether the server took this run.",
                hint="The server is being asked.",
            )

    async def reconcile(self, account_id: int, backend: RunBackend) -> None:
        """Look for runs that uncertain submissions may have made (disk, network).

        Interchangeable intents are paired with what is found in the order they
        were made. After the third look without a find the job is NOT_SUBMITTED.
        """
        groups: dict[str, list[Tracked]] = {}
        for tracked in self._store.live(account_id):
            if tracked.job.phase is Phase.SUBMIT_UNCERTAIN:
                groups.setdefault(_spec(tracked), []).append(tracked)
        for waiting in groups.values():
            await self._reconcile_group(waiting, backend)

    async def _reconcile_group(
        self, waiting: list[Tracked], backend: RunBackend
    ) -> None:
        first = waiting[0]
        intent = first.job.intent
        if not isinstance(intent, RunIntent):
            return

        def known(remote_id: int) -> bool:
            place = (first.account_id, first.server_uuid)
            return self._store.by_token(*place, remote_id) is not None

        free = await backend.candidates(intent, since=first.job.created_at, known=known)
        pairs = _paired(waiting, free)
        await self._store.apply_page(
            [
                Decision(t.job.key, self._found_or_not(pairs.get(t.job.key)))
                for t in waiting
            ]
        )

    def _found_or_not(self, seen: Observation | None) -> Callable[..., fsm.Step | None]:
        def decide(tracked: Tracked) -> fsm.Step | None:
            now = self._clock.time()
            if tracked.job.phase is not Phase.SUBMIT_UNCERTAIN:
                return None
            if seen is not None:
                return fsm.reduce(tracked, seen, now=now, settle=self._settle)
            looks = tracked.reconcile_looks + 1
            if looks < LOOKS:
                return fsm.learn(tracked, "looked", now=now, reconcile_looks=looks)
            return fsm.move(
                replace(tracked, reconcile_looks=looks),
                Phase.NOT_SUBMITTED,
                now=now,
                source="reconcile",
                detail="The server never got this run.",
                hint="Run it again.",
            )

        return decide

    async def _not_accepted(self, key: JobKey, error: CubeError) -> Sent:
        fields = error.fields if isinstance(error, Refused) else {}
        refused = isinstance(error, Refused | Forbidden | NotFound)
        never_sent = isinstance(error, TokenRejected) or (
            isinstance(error, ServerUnreachable)
            and error.context.get("sent", "yes") != "yes"
        )
        if refused:
            await self._move(
                key,
                Phase.SUBMITTING,
                Phase.DRAFT,
                detail=error.detail or error.title,
                hint=error.hint,
                field_errors=fields or {"": error.title},
            )
        elif never_sent:
            await self._move(
                key,
                Phase.SUBMITTING,
                Phase.DRAFT,
                detail="Not sent yet: the server is not reached.",
                hint="It is sent when the server answers.",
            )
        else:
            _log.warning("outcome of a submission unknown: %s", type(error).__name__)
            await self._move(
                key,
                Phase.SUBMITTING,
                Phase.SUBMIT_UNCERTAIN,
                detail="It is not known whether the server took this run.",
                hint="The server is being asked.",
            )
        return self._sent(key, error)

    async def _move(
        self, key: JobKey, start: Phase, to: Phase, **changes: Any
    ) -> Tracked | None:
        """Take an edge if the job is where it starts; None when it is elsewhere."""

        def decide(tracked: Tracked) -> fsm.Step | None:
            if tracked.job.phase is not start:
                return None
            return fsm.move(tracked, to, now=self._clock.time(), **changes)

        # Only who takes the edge goes on: two callers cannot both send one draft.
        return self._store.get(key) if await self._store.apply(key, decide) else None

    def _sent(self, key: JobKey, error: CubeError | None) -> Sent:
        tracked = self._store.get(key)
        assert tracked is not None
        return Sent(tracked.job, error)


def _paired(
    waiting: list[Tracked], free: list[Observation]
) -> dict[JobKey, Observation]:
    """Give each intent a run: one of its title first, else any, both in order.

    Intents of the same plugin, parent and values are interchangeable but for that.
    """
    left = list(free)
    pairs: dict[JobKey, Observation] = {}
    for tracked in waiting:
        title = getattr(tracked.job.intent, "title", "")[:100]
        same = next((o for o in left if title and o.title == title), None)
        if same is not None:
            pairs[tracked.job.key] = same
            left.remove(same)
    for tracked in waiting:
        if tracked.job.key not in pairs and left:
            pairs[tracked.job.key] = left.pop(0)
    return pairs


def _spec(tracked: Tracked) -> str:
    intent = tracked.job.intent
    if not isinstance(intent, RunIntent):
        return tracked.job.key
    given = sorted((k, str(v)) for k, v in intent.parameters.items())
    return repr((intent.plugin_id, intent.previous_id, given))


def _title(intent: Intent) -> str:
    if intent.title:
        return intent.title
    return getattr(intent, "plugin_name", "") or getattr(intent, "pipeline_name", "")
