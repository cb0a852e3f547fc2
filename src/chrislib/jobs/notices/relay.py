"""From inbox rows to desktop toasts: claimed first, together, never twice.

An inbox row is exactly once; a toast is at most once, since a process can die between
showing it and noting that. PENDING → CLAIMED → SHOWN; or SUPPRESSED when nobody wants
it, or UNKNOWN when the process died in between.
"""

import asyncio
import logging
import math
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from chrislib.aio import spawn
from chrislib.catalog.outbox import Claimed, OutboxTable
from chrislib.desktop.toast import Toast
from chrislib.jobs.clock import Clock
from chrislib.jobs.notices import words
from chrislib.jobs.notices.coalesce import (
    Group,
    Situation,
    Telling,
    Timing,
    decide,
    groups_of,
)
from chrislib.jobs.notices.digest import Away, since_words
from chrislib.jobs.notices.policy import Policy, hold_of

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
_MANY = 300
"""From so many groups on they are sorted in a thread: it takes milliseconds."""
_LOOK_AGAIN = 60.0
"""Seconds after which a desktop that was not to be disturbed is asked again."""


class NotificationSink(Protocol):
    """Something that can show a toast: the desktop, a recording in tests."""

    async def show(self, toast: Toast) -> bool | None:
        """Show it once; False when there is nowhere to show it."""


class Desk(Protocol):
    """What the relay asks about accounts, beside the catalog."""

    def policy(self, account_id: int) -> Policy:
        """Return what the account's user wants."""

    def away(self, account_id: int) -> Away | None:
        """Return the absence that has just ended, None without one."""

    def caught_up(self, account_id: int, since: float) -> bool:
        """Whether the server was asked since then."""

    def told(self, account_id: int) -> None:
        """Take note that a digest was shown: the absence is over."""

    async def disturbed(self) -> bool:
        """Whether the desktop does not want to be disturbed (D-Bus)."""

    def in_view(self, target: str) -> bool:
        """Whether the user looks at what a link leads to."""

    def nowhere(self) -> None:
        """Take note that no sink could show a toast."""


@dataclass(slots=True)
class _Account:
    """What the relay remembers of an account while it runs."""

    last_toast: float = -math.inf
    held_since: float | None = None
    """Time of the oldest outcome that waits for quiet hours or a snooze to end."""
    back: Away | None = None
    """That time, once it has ended and until a digest tells of it."""
    again_at: float = math.inf


@dataclass(slots=True)
class _Memory:
    accounts: dict[int, _Account] = field(default_factory=dict)

    def of(self, account_id: int) -> _Account:
        return self.accounts.setdefault(account_id, _Account())


class Relay:
    """Takes pending toasts out of the catalog and shows them.

    Parameters
    ----------
    table : OutboxTable
    desk : Desk
    sinks : sequence of NotificationSink
    clock : Clock
    timing : Timing
    """

    def __init__(
        self,
        *,
        table: OutboxTable,
        desk: Desk,
        sinks: Sequence[NotificationSink],
        clock: Clock,
        timing: Timing,
    ) -> None:
        self._table = table
        self._desk = desk
        self._sinks = tuple(sinks)
        self._clock = clock
        self._timing = timing
        self._woken = asyncio.Event()
        self._memory = _Memory()
        self._failing = False

    def wake(self) -> None:
        """Look for new rows soon: something was committed, or is wanted otherwise."""
        self._woken.set()

    async def run(self, last_toasts: Mapping[int, float]) -> None:
        """Show toasts until cancelled (disk, sinks).

        Parameters
        ----------
        last_toasts : mapping of int to float
            When each account's last toast was shown, by an earlier process perhaps.
        """
        for account_id, at in last_toasts.items():
            self._memory.of(account_id).last_toast = at
        await self._carefully(self._table.forget_claims())
        while True:
            self._woken.clear()
            again = await self._carefully(self._round())
            if again is None:
                again = self._clock.time() + self._timing.round
            # Thousands of outcomes come in many commits: they are looked at together.
            await self._clock.sleep(self._timing.round / 10)
            await self._wait(again)

    async def _round(self) -> float:
        """Show what is due; returns when to look again."""
        now = self._clock.time()
        if not await self._table.any_waiting():
            return math.inf
        accounts = self._memory.accounts
        # Whoever may not show anything yet is not even read.
        closed = {
            account_id: known.again_at
            for account_id, known in accounts.items()
            if now < known.again_at <= known.last_toast + self._timing.apart
        }
        outbox = await self._table.read(now, skip=tuple(closed))
        owners = {row.account_id for row in outbox.waiting}
        if owners:
            rules = [self._desk.policy(i).rules(i) for i in owners]
            if await self._table.suppress(rules, now=now):
                outbox = await self._table.read(now, skip=tuple(closed))
        waiting = await self._aside(len(outbox.waiting), groups_of, outbox)
        ends = [*closed.values()]
        if outbox.held_until is not None:
            ends.append(outbox.held_until)
        disturbed = bool(waiting) and await self._desk.disturbed()
        for account_id, groups in waiting.items():
            known = self._memory.of(account_id)
            situation = self._situation(account_id, groups, now, disturbed=disturbed)
            decision = await self._aside(len(groups), decide, groups, situation)
            if decision.telling is not None:
                await self._tell(account_id, decision.telling, now)
            known.again_at = decision.again_at
            if disturbed and math.isinf(decision.again_at):
                known.again_at = now + _LOOK_AGAIN
            ends.append(known.again_at)
        return min(ends, default=math.inf)

    @staticmethod
    async def _aside(size: int, work: Callable[..., _T], *values: object) -> _T:
        """Return what pure work gives; of much of it in a thread."""
        if size < _MANY:
            return work(*values)
        return await asyncio.to_thread(work, *values)

    def _situation(
        self, account_id: int, groups: Sequence[Group], now: float, *, disturbed: bool
    ) -> Situation:
        known, policy = self._memory.of(account_id), self._desk.policy(account_id)
        hold = hold_of(policy, now, disturbed=disturbed)
        away = self._desk.away(account_id)
        if hold is not None:
            oldest = min(group.first_at for group in groups)
            known.held_since = min(known.held_since or oldest, oldest)
            known.back = None
        elif known.held_since is not None:
            # told at once: what could be waited for has been
            ended = now - self._timing.settle
            known.back = Away(known.held_since, ended, catching_up=False)
            known.held_since = None
        away = away or known.back
        return Situation(
            now=now,
            hold=hold,
            away=away,
            caught_up=away is None or self._desk.caught_up(account_id, away.noted_at),
            last_toast=known.last_toast,
            per_node=policy.per_node,
            timing=self._timing,
        )

    async def _tell(self, account_id: int, telling: Telling, now: float) -> None:
        batch, policy = uuid.uuid4().hex, self._desk.policy(account_id)
        claimed = await self._table.claim(
            account_id,
            telling.groups,
            partly=telling.partly,
            kinds=telling.kinds,
            batch=batch,
            now=now,
            rules=policy.rules(account_id),
        )
        if claimed is None:
            return
        known = self._memory.of(account_id)
        if hold_of(policy, now) is None:
            known.back = None
            self._desk.told(account_id)
        toast = self._toast(claimed, telling, batch=batch, account_id=account_id)
        if self._desk.in_view(toast.target):
            await self._table.settle(batch, "SUPPRESSED")
            return
        known.last_toast = self._clock.time()
        shown = [await _contained(sink.show(toast)) for sink in self._sinks]
        if any(answer is not False for answer in shown):
            await self._table.settle(batch, "SHOWN")
            return
        await self._table.settle(batch, "SUPPRESSED")
        self._desk.nowhere()

    def _toast(
        self, claimed: Claimed, telling: Telling, *, batch: str, account_id: int
    ) -> Toast:
        policy = self._desk.policy(account_id)
        if telling.single:
            return words.toast_of(
                claimed,
                batch=batch,
                account_id=account_id,
                group=telling.single,
                names=policy.names,
            )
        since = ""
        if telling.since is not None:
            since = since_words(telling.since, self._clock.time())
        return words.summary(claimed, batch=batch, account_id=account_id, since=since)

    async def _carefully(self, work: Awaitable[float | int]) -> float | None:
        try:
            done = float(await work)
        except Exception as error:  # noqa: BLE001 - rows stay pending; the loop goes on
            if not self._failing:
                _log.warning("notifications wait: %s", type(error).__name__)
            _log.debug("a round of notifications failed", exc_info=error)
            self._failing = True
            return None
        self._failing = False
        return done

    async def _wait(self, again: float) -> None:
        if self._woken.is_set():
            return
        if math.isinf(again):
            await self._woken.wait()
            return
        # A clock that is put back must not make toasts wait for hours.
        pause = min(max(again - self._clock.time(), 0.0), _LOOK_AGAIN)
        sleeper = spawn(self._clock.sleep(pause), name="notices: pause")
        waker = spawn(self._woken.wait(), name="notices: wake")
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()


async def _contained(showing: Awaitable[bool | None]) -> bool | None:
    try:
        return await showing
    except Exception:  # noqa: BLE001 - a broken sink must not lose the others
        _log.exception("a notification sink failed")
        return False
