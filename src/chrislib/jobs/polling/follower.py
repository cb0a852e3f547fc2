"""The loop that follows one account's runs, and outlives whatever goes wrong in it."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from chrislib.aio import spawn
from chrislib.catalog.refusals import CatalogError
from chrislib.catalog.rows import AccountRow
from chrislib.cube.errors import CubeError, Forbidden, NotFound, Refused
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import JobKey, Kind, Reach
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling.attention import Attention
from chrislib.jobs.polling.duty import Chore, Duty
from chrislib.jobs.polling.gate import BUSY, Gated
from chrislib.jobs.polling.health import Health
from chrislib.jobs.polling.link import Link
from chrislib.jobs.polling.looks import Looks
from chrislib.jobs.polling.screen import ScreenLooks
from chrislib.jobs.polling.single import SingleLooks
from chrislib.jobs.store import JobStore

_log = logging.getLogger(__name__)


class TickReport(Protocol):
    """What one tick found."""

    @property
    def changed(self) -> int:
        """How many jobs changed."""

    @property
    def period(self) -> float:
        """Seconds between two ticks of an account of this size, while looked at."""


class Sweeper(Protocol):
    """Finds out what became of an account's live runs, by lists."""

    async def tick(
        self,
        backend: RunBackend,
        account: AccountRow,
        *,
        visible: Sequence[int],
        hidden: bool,
        light: bool = False,
    ) -> TickReport:
        """Take one tick (network, disk); a light one sees only what is on screen."""


class Follower:
    """Follows one account: one loop, one breaker, one budget of requests.

    Parameters
    ----------
    link : Link
    store : JobStore
    looks : Looks
    sweep_for : callable
        Makes the sweep of an account.
    chores : mapping of str to Chore
        What else is done in each turn: drafts, reconciliation, notes, adoption. One
        that fails keeps neither the others nor the looks from being made.
    healthy : callable, optional
        Awaited after the catalog refused a write: returns when it works again.
    """

    def __init__(
        self,
        *,
        link: Link,
        store: JobStore,
        looks: Looks,
        sweep_for: Callable[[AccountRow], Sweeper],
        chores: Mapping[str, Chore],
        attention: Attention,
        health: Health,
        clock: Clock,
        pace: Pace,
        healthy: Callable[[], Awaitable[object]] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.link = link
        self._rng = rng or random.Random()
        self._store = store
        self._looks = looks
        self._sweep_for = sweep_for
        self._duties = [
            Duty(name, chore, health=health, clock=clock, pace=pace, rng=self._rng)
            for name, chore in chores.items()
        ]
        self._attention = attention
        self._health = health
        self._clock = clock
        self._pace = pace
        self._healthy = healthy
        self._single = SingleLooks(store, looks, clock=clock, pace=pace)
        self._screen = ScreenLooks(
            store, looks, attention=attention, clock=clock, pace=pace
        )
        self._woken = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []
        self._sweep: Sweeper | None = None
        self._generation = -1
        self._sweep_at = self._light_at = 0.0
        self._account_period = pace.base
        self._sweep_asked = False
        self._looked_at: float | None = None
        self._quiet = 0
        self._crashes = 0
        self._relieved = False
        self._recovering: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Follow until cancelled (network, disk); nothing ends it otherwise."""
        try:
            while True:
                waiters, self._waiters = self._waiters, []
                try:
                    wait = await self._guarded_turn()
                finally:
                    _release(waiters)
                await self._pause(wait)
        finally:
            _release(self._waiters)
            if self._recovering is not None:
                self._recovering.cancel()

    def wake(self, *, sweep: bool = False) -> None:
        """Take the next turn now; with `sweep` look at everything."""
        self._sweep_asked = self._sweep_asked or sweep
        self._woken.set()

    def hurry(self) -> None:
        """Look at everything now, even if the server was just not there."""
        if self.link.reach is Reach.FRESH and self._just_looked():
            return
        self.link.hurry()
        self.wake(sweep=True)

    def ask(self) -> None:
        """Have a full look taken soon; twice within two seconds is once."""
        if self.link.reach is not Reach.FRESH or not self._just_looked():
            self.wake(sweep=True)

    async def looked(self) -> None:
        """Wake the loop and return after it has taken one full look.

        Who asks again within two seconds of a good look has just got it.
        """
        if self.link.reach is Reach.FRESH and self._just_looked():
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self.wake(sweep=True)
        await waiter

    def look_soon(self, key: JobKey) -> None:
        """Look at a run 2, 5 and 10 s from now: it was just submitted or cancelled."""
        self._single.soon(key)
        self._quiet = 0
        self._sweep_within(self._pace.base)
        self.wake()

    def appeared(self) -> None:
        """Take note of new runs to follow: the next tick may be far away."""
        self._quiet = 0
        self._sweep_within(self._pace.base)
        self._woken.set()

    @property
    def period(self) -> float:
        """Seconds between two ticks as things are, before jitter."""
        wanted = self._account_period * self._attention.factor(self._quiet)
        return min(max(self._pace.shortest, wanted), self._pace.longest)

    def age(self) -> None:
        """Notice that the last good look is long ago."""
        if self._live():
            self.link.age(self.period)

    # One turn.

    async def _guarded_turn(self) -> float:
        try:
            wait = await self._turn()
        except (Forbidden, NotFound, Refused) as error:
            # The server answers, so that this is no failure of the line; but what was
            # asked made no sense to it, and asking again at once makes no more.
            return self._crashed(error)
        except CubeError as error:
            # The link has taken note of it; what is due stays due.
            self.age()
            return max(self._pace.shortest / 50, self.link.wait, self._relief(error))
        except CatalogError as error:
            return self._without_catalog(error)
        except Exception as error:  # noqa: BLE001 - the loop outlives every bug in it
            return self._crashed(error)
        self._relieved = False
        if self._crashes and self._recovering is None:
            self._crashes = 0
            self._health.restarted("loop", self._name, account_id=self._account_id)
        return wait

    def _relief(self, error: CubeError) -> float:
        """Return for how long a server that says it is too busy is left alone."""
        if error.context.get("status") not in BUSY:
            return 0.0
        # Once; should it go on, the pauses of the breaker grow longer than this.
        first, self._relieved = not self._relieved, True
        return self._jittered(2 * self.period) if first else 0.0

    def _crashed(self, error: Exception) -> float:
        _log.exception("a turn of a follower failed")
        ceiling = self._pace.back_off * 2 ** min(self._crashes, 10)
        wait = self._rng.uniform(
            self._pace.back_off / 5, min(self._pace.back_off_limit, ceiling)
        )
        self._crashes += 1
        # A turn may have got half way: everything is looked at again.
        self._sweep_asked = True
        self._health.failed(
            "loop",
            self._name,
            f"Following the runs stopped with an error ({type(error).__name__}).",
            account_id=self._account_id,
            state="restarting",
            after=wait,
        )
        return wait

    def _without_catalog(self, error: CatalogError) -> float:
        """Wait until what is found can be written down: nothing is asked before."""
        self._health.failed(
            "loop", self._name, error.title, account_id=self._account_id
        )
        self._sweep_asked = True
        self._crashes = max(1, self._crashes)
        if self._healthy is not None and self._recovering is None:
            self._recovering = spawn(
                self._recover(self._healthy), name="jobs: until the catalog is well"
            )
        return self._rng.uniform(self._pace.back_off / 5, self._pace.back_off)

    async def _recover(self, healthy: Callable[[], Awaitable[object]]) -> None:
        try:
            await healthy()
        finally:
            self._recovering = None
        self.wake()

    async def _turn(self) -> float:
        if self.link.paused or self._recovering is not None:
            return self._pace.rare
        if self.link.wait > 0:
            return self.link.wait
        backend = await self.link.current()
        account = self.link.account
        if backend is None or account is None:
            return self._pace.rare
        if self._generation != self.link.generation:
            self._begin(account)
        if self._has_work(account.account_id) or self.link.reach is not Reach.FRESH:
            lost = self.link.reach is not Reach.FRESH
            await self.link.verify()
            if self.link.account is not account:
                return 0.0  # it is another server: the next turn begins with it
            if lost:
                self._all_due()
        for duty in self._duties:
            await duty.turn(account, backend)
        await self._single.turn(account, backend)
        await self._screen.turn(account, backend)
        await self._ticks(account, backend)
        await self._single.logs(account, backend)
        for key in self._looks.take_soon():
            self._single.later(key)
        return self._until_next(account.account_id)

    def _begin(self, account: AccountRow) -> None:
        """Take up an account that has just been connected."""
        self._generation = self.link.generation
        self._sweep = self._sweep_for(account)
        self._all_due()
        self._single.begin(account)

    def _all_due(self) -> None:
        self._sweep_at = 0.0
        for duty in self._duties:
            duty.due_at = 0.0

    def _has_work(self, account_id: int) -> bool:
        return self._store.any_live(account_id, Kind.RUN)

    def _until_next(self, account_id: int) -> float:
        now = self._clock.monotonic()
        due = [duty.due_at for duty in self._duties]
        if self._has_work(account_id):
            due.append(self._sweep_at)
            if self._is_watched():
                due.append(self._light_at)
        due.append(self._single.due_at())
        due.append(self._screen.due_at(account_id))
        wait = min(*due, now + self._pace.rare) - now
        # A shorter pause than a clock can tell would never end.
        return max(wait, 0.001) if wait > 0 else 0.0

    async def _ticks(self, account: AccountRow, backend: Gated) -> None:
        """Look at everything if it is time, or at what is on screen (network, disk)."""
        now = self._clock.monotonic()
        if self._sweep_asked or now >= self._sweep_at:
            await self._tick(account, backend)
        elif self._is_watched() and now >= self._light_at:
            await self._sweep_once(account, backend, light=True)
        else:
            return
        self._light_at = self._clock.monotonic() + self._jittered(self._pace.shortest)

    async def _tick(self, account: AccountRow, backend: Gated) -> None:
        asked, self._sweep_asked = self._sweep_asked, False
        began = self._clock.monotonic()
        try:
            if self._has_work(account.account_id):
                await self._single.hidden(account, backend)
                await self._sweep_once(account, backend, light=False)
                self._looked_at = self._clock.monotonic()
        except BaseException:
            self._sweep_asked = self._sweep_asked or asked
            raise
        # Armed when the tick is over: slow answers never pile up.
        now = self._clock.monotonic()
        # A large account is looked at as late as it may be: it is spread less.
        spread = 0.01 if self._account_period > self._pace.base else 0.15
        period = self.period * self._rng.uniform(1 - spread, 1 + spread)
        self._sweep_at = max(began + period, now + period / 4)

    async def _sweep_once(
        self, account: AccountRow, backend: Gated, *, light: bool
    ) -> None:
        assert self._sweep is not None
        feed_id = self._attention.feed_id
        visible = () if feed_id is None or self._attention.hidden else (feed_id,)
        report = await self._sweep.tick(
            backend,
            account,
            visible=visible,
            hidden=self._attention.hidden,
            light=light,
        )
        if report.changed:
            self._quiet = 0
        elif not light:
            self._quiet += 1
        if not light:
            self._account_period = report.period

    # Inside.

    @property
    def _name(self) -> str:
        return self.link.host or "no server"

    @property
    def _account_id(self) -> int | None:
        return self.link.account.account_id if self.link.account is not None else None

    def _live(self) -> bool:
        return self._account_id is not None and self._has_work(self._account_id)

    def _just_looked(self) -> bool:
        return (
            self._looked_at is not None
            and self._clock.monotonic() - self._looked_at < self._pace.debounce
            and self._generation == self.link.generation
            and self.link.connected
        )

    def _is_watched(self) -> bool:
        feed_id, account_id = self._attention.feed_id, self._account_id
        if feed_id is None or account_id is None or self._attention.hidden:
            return False
        return any(
            not tracked.job.phase.terminal
            for tracked in self._store.of_feed(account_id, feed_id)
        )

    def _sweep_within(self, seconds: float) -> None:
        # The next tick may be far away: there was nothing to follow until now.
        self._sweep_at = min(self._sweep_at, self._clock.monotonic() + seconds)

    def _jittered(self, seconds: float) -> float:
        return seconds * self._rng.uniform(0.85, 1.15)

    async def _pause(self, seconds: float) -> None:
        sleeper = spawn(self._clock.sleep(seconds), name="jobs: pause")
        waker = spawn(self._woken.wait(), name="jobs: wake")
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()
            self._woken.clear()


def _release(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
