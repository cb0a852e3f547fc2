"""Frequent looks at the runs on screen, from what the budget leaves (ADR 5)."""

from chrislib.catalog.rows import AccountRow
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Kind, Phase
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling.attention import Attention
from chrislib.jobs.polling.gate import Gated
from chrislib.jobs.polling.looks import Looks
from chrislib.jobs.store import JobStore

_RUNS = 2
_SECONDS = 600.0
_KEPT = 4.0
"""Tokens that are left to what finds outcomes."""
_HANDED_OVER = (Phase.STAGING_IN, Phase.QUEUED, Phase.RUNNING, Phase.STAGING_OUT)


class ScreenLooks:
    """Looks at a few computing runs of the feed on screen, for not too long.

    CUBE 7 overwrites a log half a second after the end, and with it the reason of a
    failure; only looking this often gets it.
    """

    def __init__(
        self,
        store: JobStore,
        looks: Looks,
        *,
        attention: Attention,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._store = store
        self._looks = looks
        self._attention = attention
        self._clock = clock
        self._pace = pace
        self._at = 0.0

    def due_at(self, account_id: int) -> float:
        """Return when to look next, infinity while there is nothing on screen."""
        return self._at if self._runs(account_id) else float("inf")

    async def turn(self, account: AccountRow, backend: Gated) -> None:
        """Look, if it is time and there is leave to spare (network, disk)."""
        if self._clock.monotonic() < self._at:
            return
        for remote_id in self._runs(account.account_id):
            if backend.gate.can_spare(_KEPT):
                await self._looks.point(backend, account, remote_id)
        self._at = self._clock.monotonic() + self._pace.log

    def _runs(self, account_id: int) -> list[int]:
        feed_id = self._attention.feed_id
        if feed_id is None or self._attention.hidden:
            return []
        since = self._clock.time() - _SECONDS
        return [
            tracked.job.remote_id
            for tracked in self._store.of_feed(account_id, feed_id)
            if tracked.job.remote_id is not None
            and tracked.job.kind is Kind.RUN
            and tracked.job.phase in _HANDED_OVER
            and tracked.job.changed_at > since
        ][:_RUNS]
