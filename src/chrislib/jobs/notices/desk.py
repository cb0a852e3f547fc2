"""Notices: policy, mutes, inbox and toasts of all accounts behind one attribute."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from chrislib.aio import TaskOwner
from chrislib.catalog.inbox import Cursor, InboxCounts, InboxQuery, InboxTable, Mute
from chrislib.catalog.outbox import TOAST_AT, OutboxTable
from chrislib.desktop.ways import Where
from chrislib.jobs import codec
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import InboxRow, JobChange, Reach
from chrislib.jobs.notices import policy as rules
from chrislib.jobs.notices.coalesce import Timing
from chrislib.jobs.notices.digest import ABSENCE, Away, absence
from chrislib.jobs.notices.policy import Policy
from chrislib.jobs.notices.relay import NotificationSink, Relay

_log = logging.getLogger(__name__)

_POLICY = "notices.policy."
_SEEN = "notices.seen_at"
_HINTED = "notices.hinted"
_BEAT = 60.0
"""Seconds between two notes that the program runs; a longer gap is an absence."""
_KEPT_EVERY = 5
_OUT_OF_TOUCH = (Reach.OFFLINE, Reach.AUTH_REQUIRED)


class KeyValues(Protocol):
    """The part of the catalog's key-value table this needs."""

    async def with_prefix(self, prefix: str) -> dict[str, str]:
        """Return every key that begins with `prefix`, and its text."""

    async def get(self, key: str) -> str | None:
        """Return a text, or None."""

    async def set(self, key: str, value: str) -> None:
        """Keep a text."""

    async def delete(self, key: str) -> None:
        """Forget a text."""


@runtime_checkable
class ConsiderateSink(Protocol):
    """A sink that knows when not to disturb."""

    async def disturbed(self) -> bool:
        """Whether toasts are not wanted now."""


@runtime_checkable
class LocatedSink(Protocol):
    """A sink that knows where it would show a toast."""

    async def where(self) -> Where:
        """Return where (process, D-Bus)."""


class Notices:
    """What the user is told, and how they want it.

    Parameters
    ----------
    outbox, inbox, kept : OutboxTable, InboxTable, KeyValues
        Of the catalog.
    sinks : sequence of NotificationSink
        Where toasts go.
    clock : Clock
    base_period : float
        Of polling; scales every pause.
    preset : str
        Of accounts whose user has chosen nothing.
    looked_at : callable
        When an account's server last answered, by account id.
    in_view : callable
        Whether the user looks at what a link leads to.
    inbox_changed : callable
        Tells whoever shows the inbox.
    """

    def __init__(
        self,
        *,
        outbox: OutboxTable,
        inbox: InboxTable,
        kept: KeyValues,
        sinks: Sequence[NotificationSink],
        clock: Clock,
        base_period: float,
        looked_at: Callable[[int], float | None],
        inbox_changed: Callable[[], None],
        in_view: Callable[[str], bool] = lambda _link: False,
        preset: str = "all",
    ) -> None:
        self._inbox = inbox
        self._kept = kept
        self._clock = clock
        self._looked_at = looked_at
        self._inbox_changed = inbox_changed
        self._in_view = in_view
        # a sink of the desktop knows whether it may be disturbed
        self._considerate = [
            sink for sink in sinks if isinstance(sink, ConsiderateSink)
        ]
        self._located = [sink for sink in sinks if isinstance(sink, LocatedSink)]
        self._default = Policy().with_preset(preset if preset != "off" else "none")
        self._policies: dict[int, Policy] = {}
        self._out_of_touch: dict[int, float] = {}
        self._away: Away | None = None
        self._away_of: dict[int, Away] = {}
        self._back: set[int] = set()
        self._beat: float | None = None
        self._hinted = False
        self._hints: list[Callable[[], None]] = []
        self._owner = TaskOwner("notices")
        self._relay = Relay(
            table=outbox,
            desk=self,
            sinks=sinks,
            clock=clock,
            timing=Timing.of(base_period),
        )

    async def start(self, *, showing: bool = True) -> None:
        """Read what was chosen, then show what waits (disk).

        Parameters
        ----------
        showing : bool
            False where another process shows the toasts.
        """
        for key, text in (await self._kept.with_prefix(_POLICY)).items():
            number = key.removeprefix(_POLICY)
            if number.isdigit():
                self._policies[int(number)] = rules.from_json(text, self._default)
        if not showing:
            return
        now = self._clock.time()
        since = absence(_number(await self._kept.get(_SEEN)), now)
        if since is not None:
            self._away = Away(since, now)
        self._hinted = await self._kept.get(_HINTED) is not None
        toasts = {
            int(key.removeprefix(TOAST_AT)): _number(text) or 0.0
            for key, text in (await self._kept.with_prefix(TOAST_AT)).items()
        }
        self._beat = now
        self._owner.start(self._relay.run(toasts), name="relay")
        self._owner.start(self._beats(), name="beat")

    async def stop(self) -> None:
        """Show nothing any more and note when (disk)."""
        await self._owner.close()
        if self._beat is not None:
            self._beat = None
            await self._keep_beat()

    # What happens.

    def committed(self, changes: tuple[JobChange, ...]) -> None:
        """Take note of changes: a feed may be complete, a server out of touch."""
        ended = False
        for change in changes:
            job = change.after
            before = change.before
            ended |= job.phase.terminal and (
                before is None or not before.phase.terminal
            )
            if before is not None and before.reach is not job.reach:
                if job.reach in _OUT_OF_TOUCH:
                    self._out_of_touch.setdefault(job.account_id, self._clock.time())
                elif job.account_id in self._out_of_touch:
                    self.returned(
                        self._out_of_touch.pop(job.account_id), job.account_id
                    )
        if ended:
            self._relay.wake()

    def wake(self) -> None:
        """Look for new rows soon."""
        self._relay.wake()

    def returned(self, since: float, account_id: int | None = None) -> None:
        """Take note that nothing could be told from `since` until now.

        A long absence makes one digest of what happened, a short one nothing.
        """
        now = self._clock.time()
        start = self._away if account_id not in self._back else None
        if (
            account_id is not None
            and start is not None
            and start.since is not None
            and since - start.noted_at <= _BEAT
        ):
            # out of touch right from the start: nothing was heard since before it
            since = min(since, start.since)
        if absence(since, now) is None:
            return
        if account_id is None:
            self._leave(Away(since, now))
        else:
            self._away_of[account_id] = Away(since, now)
        self._relay.wake()

    # What the user wants.

    def policy(self, account_id: int) -> Policy:
        """Return what the account's user wants."""
        return self._policies.get(account_id, self._default)

    async def set_policy(self, account_id: int, policy: Policy) -> None:
        """Keep what the account's user wants (disk); it counts at once."""
        self._policies[account_id] = policy
        self._relay.wake()
        await self._kept.set(f"{_POLICY}{account_id}", rules.to_json(policy))

    async def snooze(self, account_id: int, seconds: float) -> float:
        """Show no toasts for 15 minutes to 24 hours (disk); returns until when."""
        changed = self.policy(account_id).snoozed(self._clock.time(), seconds)
        await self.set_policy(account_id, changed)
        assert changed.snooze_until is not None
        return changed.snooze_until

    async def end_snooze(self, account_id: int) -> None:
        """Show toasts again (disk)."""
        changed = replace(self.policy(account_id), snooze_until=None)
        await self.set_policy(account_id, changed)

    async def mute(
        self, account_id: int, scope: str, ref: str, *, until: float | None = None
    ) -> None:
        """Want no toasts of a "feed", "job" or "batch" (disk); the inbox keeps all."""
        await self._inbox.mute(Mute(account_id, scope, ref, until))
        self._relay.wake()

    async def unmute(self, account_id: int, scope: str, ref: str) -> None:
        """Want its toasts again (disk)."""
        await self._inbox.unmute(account_id, scope, ref)

    async def mutes(self) -> tuple[Mute, ...]:
        """Return everything that is muted (disk)."""
        return tuple(await self._inbox.mutes(self._clock.time()))

    # The inbox.

    async def page(
        self, query: InboxQuery, *, after: Cursor | None = None, limit: int = 100
    ) -> tuple[InboxRow, ...]:
        """Return a page of outcomes, newest first (disk)."""
        rows = await self._inbox.page(query, after=after, limit=limit)
        return tuple(codec.inbox_from_row(row) for row in rows)

    async def counts(self, query: InboxQuery | None = None) -> InboxCounts:
        """Count outcomes (disk)."""
        return await self._inbox.counts(query or InboxQuery())

    async def find(self, dedupe_key: str) -> InboxRow | None:
        """Return one outcome (disk)."""
        row = await self._inbox.find(dedupe_key)
        return codec.inbox_from_row(row) if row is not None else None

    async def mark(self, keys: Sequence[str], *, seen: bool) -> None:
        """Mark outcomes as read or unread (disk)."""
        await self._inbox.mark_seen(keys, self._clock.time() if seen else None)
        self._inbox_changed()

    async def mark_all(self, query: InboxQuery) -> int:
        """Mark everything of a query as read (disk); returns how many were not."""
        count = await self._inbox.mark_all_seen(query, self._clock.time())
        self._inbox_changed()
        return count

    def on_hint(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` once when this desktop turns out to show no toasts."""
        self._hints.append(callback)
        return lambda: self._hints.remove(callback)

    # What the relay asks.

    def away(self, account_id: int) -> Away | None:
        """Return the absence that has just ended, None without one."""
        now = self._clock.time()
        if self._beat is not None and now - self._beat >= ABSENCE + _BEAT:
            # the computer slept, and the beat has not come round yet
            self._leave(Away(self._beat, now))
            self._beat = now
        lost = self._out_of_touch.get(account_id)
        if lost is not None and absence(lost, now) is not None:
            self._away_of.setdefault(account_id, Away(lost, now))
        everywhere = self._away if account_id not in self._back else None
        return self._away_of.get(account_id) or everywhere

    def caught_up(self, account_id: int, since: float) -> bool:
        """Whether the server was asked since then."""
        looked = self._looked_at(account_id)
        return looked is not None and looked >= since

    def told(self, account_id: int) -> None:
        """Take note that the absence is over for an account."""
        self._away_of.pop(account_id, None)
        self._back.add(account_id)

    async def disturbed(self) -> bool:
        """Whether the desktop does not want to be disturbed (D-Bus)."""
        for sink in self._considerate:
            try:
                if await sink.disturbed():
                    return True
            except Exception:  # noqa: BLE001 - each system has errors of its own
                _log.info("the desktop does not say whether it may be disturbed")
        return False

    async def where(self) -> Where | None:
        """Return where toasts are shown now, None when nobody knows (D-Bus)."""
        for sink in self._located:
            return await sink.where()
        return None

    def in_view(self, target: str) -> bool:
        """Whether the user looks at what a link leads to."""
        return self._in_view(target)

    def nowhere(self) -> None:
        """Say once that toasts cannot be shown here."""
        if self._hinted:
            return
        self._hinted = True
        self._owner.start(self._kept.set(_HINTED, "1"), name="hinted")
        for callback in tuple(self._hints):
            callback()

    # Inside.

    def _leave(self, away: Away) -> None:
        self._away = away
        self._away_of.clear()
        self._back.clear()

    async def _beats(self) -> None:
        """Note now and then that the program runs; see when the computer slept."""
        count = 0
        while True:
            if count % _KEPT_EVERY == 0:
                await self._keep_beat()
            count += 1
            before = self._clock.time()
            await self._clock.sleep(_BEAT)
            slept = absence(before, self._clock.time() - _BEAT)
            if slept is not None:
                self.returned(before)
            self._beat = self._clock.time()

    async def _keep_beat(self) -> None:
        try:
            await self._kept.set(_SEEN, repr(self._clock.time()))
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a full disk; the next beat tries again
            _log.info("the time of this session could not be kept")


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
