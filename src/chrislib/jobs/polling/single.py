"""Looks at single runs, beside the ticks: new ones, hidden ones, ones found again."""

from chrislib.catalog.rows import AccountRow
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import JobKey, Phase
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling.gate import Gated
from chrislib.jobs.polling.looks import Looks
from chrislib.jobs.store import JobStore

_AFTER_CANCEL = (Phase.CANCELLED, Phase.FAILED, Phase.CANCELLED_UPSTREAM)
_LANE = 20
"""Runs that are looked at by themselves, at most; lists find the others."""
_MANY = 200
"""Live jobs above which nobody's cancels are looked at again one by one: the counts of
their feeds tell when one is taken back."""
_IN_A_TURN = 5
_KEPT = 4.0
"""Tokens that looks nobody waits for leave to the ticks."""


class SingleLooks:
    """The runs of one account that are worth a look of their own.

    A run that was just submitted or cancelled is looked at after 2, 5 and 10 s; one
    that may not be seen every 15 minutes, since it may be shared again; and what was
    given up when its server was replaced, once that server is back. A run that
    somebody else cancelled is looked at for half an hour more.
    """

    def __init__(
        self, store: JobStore, looks: Looks, *, clock: Clock, pace: Pace
    ) -> None:
        self._store = store
        self._looks = looks
        self._clock = clock
        self._pace = pace
        self._fast: dict[JobKey, list[float]] = {}
        self._spare: dict[JobKey, list[float]] = {}
        self._again: list[int] = []
        self._forbidden_at: dict[JobKey, float] = {}

    def soon(self, key: JobKey) -> None:
        """Look at a run after 2, 5 and 10 s: a person waits for it.

        Of many at once, a batch say, only some are looked at so; ticks find the rest.
        """
        if key in self._fast or len(self._fast) < _LANE:
            now = self._clock.monotonic()
            self._fast[key] = [now + delay for delay in self._pace.fast]

    def later(self, key: JobKey) -> None:
        """Look at a run again, if there is leave to spare: its end was unexpected.

        CUBE sometimes goes on with what it had cancelled, and no list of what is
        active shows it if that ends between two ticks.
        """
        found = self._store.get(key)
        if found is None or (key not in self._spare and len(self._spare) >= _LANE):
            return
        delays = self._pace.fast[:1]
        if found.job.phase in _AFTER_CANCEL:
            delays = self._pace.fast
            asked = found.job.cancel_requested_at is not None
            if not asked and self._store.live_count() > _MANY:
                return
            if found.job.phase is Phase.CANCELLED and not asked:
                delays += self._pace.afterwards
        now = self._clock.monotonic()
        self._spare[key] = [now + delay for delay in delays]

    def begin(self, account: AccountRow) -> None:
        """Take up an account that has just been connected."""
        self._again = [
            tracked.job.remote_id
            for tracked in self._store.all()
            if tracked.job.phase is Phase.ORPHANED
            and tracked.account_id == account.account_id
            and tracked.server_uuid == account.server_uuid
            and tracked.job.remote_id is not None
        ]

    def due_at(self) -> float:
        """Return when the next look is due, infinity for none."""
        lanes = (*self._fast.values(), *self._spare.values())
        due = [times[0] for times in lanes if times]
        if self._again:
            due.append(self._clock.monotonic() + self._pace.shortest)
        return min(due, default=float("inf"))

    async def turn(self, account: AccountRow, backend: Gated) -> None:
        """Make some of the looks that are due (network, disk)."""
        for key in self._due(self._fast)[:_IN_A_TURN]:
            await self._look(key, self._fast, account, backend)
        for key in self._due(self._spare)[:_IN_A_TURN]:
            if not backend.gate.can_spare(_KEPT):
                self._put_off(key)
                continue
            await self._look(key, self._spare, account, backend)
        again, self._again = self._again[:_IN_A_TURN], self._again[_IN_A_TURN:]
        for remote_id in again:
            await self._looks.point(backend, account, remote_id)

    def _due(self, lane: dict[JobKey, list[float]]) -> list[JobKey]:
        now = self._clock.monotonic()
        return [key for key, times in lane.items() if times and times[0] <= now]

    def _put_off(self, key: JobKey) -> None:
        now = self._clock.monotonic()
        wait = self._pace.shortest
        self._spare[key] = [max(at, now + wait) for at in self._spare[key]]

    async def _look(
        self,
        key: JobKey,
        lane: dict[JobKey, list[float]],
        account: AccountRow,
        backend: Gated,
    ) -> None:
        now = self._clock.monotonic()
        left = [at for at in lane.pop(key) if at > now]
        remote_id = self._worth_it(key, account)
        if remote_id is None:
            return
        if left:
            lane[key] = left
        await self._looks.point(backend, account, remote_id)

    async def logs(self, account: AccountRow, backend: Gated) -> None:
        """Look at runs whose log a list did not bring (network, disk).

        At once: CUBE 7 overwrites a log half a second after the end.
        """
        for key in self._looks.take_logless():
            tracked = self._store.get(key)
            if tracked is None or tracked.account_id != account.account_id:
                continue
            if tracked.job.remote_id is not None and backend.gate.can_spare(_KEPT):
                await self._looks.point(backend, account, tracked.job.remote_id)

    async def hidden(self, account: AccountRow, backend: Gated) -> None:
        """Look rarely at runs that may not be seen (network, disk)."""
        now = self._clock.monotonic()
        found: dict[JobKey, int] = {}
        for key in self._looks.hidden:
            tracked = self._store.get(key)
            if tracked is None or tracked.account_id != account.account_id:
                continue
            if tracked.job.remote_id is not None:
                found[key] = tracked.job.remote_id
        self._forbidden_at = {
            key: self._forbidden_at.get(key, now + self._pace.rare) for key in found
        }
        for key, at in list(self._forbidden_at.items()):
            if at <= now:
                self._forbidden_at[key] = now + self._pace.rare
                await self._looks.point(backend, account, found[key])

    def _worth_it(self, key: JobKey, account: AccountRow) -> int | None:
        tracked = self._store.get(key)
        if tracked is None or tracked.account_id != account.account_id:
            return None
        phase = tracked.job.phase
        if phase.terminal and phase not in _AFTER_CANCEL:
            return None
        return tracked.job.remote_id
