"""The load of the design's poll model (§3.15), on the station's own tables.

Poisson arrivals; ``created`` 2 s, ``waiting`` 20 min (2 % then cancelled),
``scheduled`` 5 s, ``started`` 40 min (1 % cancelled, ``end_date`` untouched), all
exponential; registration log-normal, median 20 s, sigma 0.8, 1 % stragglers between
10 min and 2 h; 92 % succeed, 5 % end with an error, 3 % are cancelled.
"""

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from chrislib.jobs.clock import Clock
from tests.sim.rows import ENDED, Rows

WAITING, STARTED = 1_200.0, 2_400.0
_STRAGGLING = 0.58
"""Share of stragglers among the runs that register at any moment."""
_MEAN_LIFE = 2.0 + WAITING + 0.98 * (5.0 + STARTED) + 0.97 * 65.0


@dataclass
class Load:
    """Runs that begin, change and end by themselves.

    Parameters
    ----------
    server : Rows
    clock : Clock
    live : int
        Active runs at all times, about.
    feeds : int
    seed : int

    Attributes
    ----------
    ended : dict
        When each run ended, virtual `monotonic`.
    """

    server: Rows
    clock: Clock
    live: int
    feeds: int
    seed: int = 1
    ended: dict[int, float] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    """Runs that were begun since they were last taken."""

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._events: list[tuple[float, int, str]] = []
        self._feeds: list[int] = []
        self._status: dict[int, str] = {}
        self._next = 0.0
        self._rate = self.live / _MEAN_LIFE

    def fill(self) -> list[int]:
        """Enter the runs of a load that has gone on for hours; returns their ids."""
        rng = self._rng
        store = self.server.store
        made = []
        with store.transaction():
            self._feeds = [self.server.add_feed(f"feed {n}") for n in range(self.feeds)]
            for number in range(self.live):
                status = _phase_at(rng.random() * _MEAN_LIFE)
                ago = rng.expovariate(1 / (WAITING if status == "waiting" else STARTED))
                run = self.server.add_run(
                    self._feeds[number % self.feeds], status=status, started=ago
                )
                self._plan(run, status, lasted=status == "registeringFiles")
                made.append(run)
        self._next = self.clock.monotonic() + rng.expovariate(self._rate)
        return made

    def history(self, hours: float) -> None:
        """Enter what ended in the hours before, as the server keeps it."""
        rng = self._rng
        with self.server.store.transaction():
            for _ in range(int(self._rate * hours * 3600)):
                ago = rng.uniform(60.0, hours * 3600)
                start = ago + rng.expovariate(1 / STARTED)
                drawn = rng.random()
                status = "finishedSuccessfully" if drawn < 0.9 else _outcome(rng)
                self.server.add_run(
                    rng.choice(self._feeds),
                    status="cancelled" if drawn > 0.97 else status,
                    started=start,
                    ended=start if drawn > 0.97 else ago,
                )

    async def run(self, seconds: float) -> None:
        """Let it go on for so long (virtual time passes)."""
        clock = self.clock
        until = clock.monotonic() + seconds
        while True:
            due = min(self._next, self._events[0][0], until)
            if due > clock.monotonic():
                await clock.sleep(due - clock.monotonic())
            now = clock.monotonic()
            if now >= until:
                return
            with self.server.store.transaction():
                while self._events and self._events[0][0] <= now:
                    _, run, status = heapq.heappop(self._events)
                    self._move(run, status, now)
                while self._next <= now:
                    feed = self._rng.choice(self._feeds)
                    run = self.server.add_run(feed, status="created")
                    self._plan(run, "created")
                    self.begun.append(run)
                    self._next += self._rng.expovariate(self._rate)

    def take_begun(self) -> list[int]:
        """Return, once, the runs that were begun."""
        found, self.begun = self.begun, []
        return found

    def _move(self, run: int, status: str, now: float) -> None:
        self.server.set(run, status)
        if status in ENDED:
            self.ended[run] = now
        else:
            self._plan(run, status)

    def _plan(self, run: int, status: str, *, lasted: bool = False) -> None:
        rng = self._rng
        if status == "created":
            after, then = rng.expovariate(1 / 2.0), "waiting"
        elif status == "waiting":
            after = rng.expovariate(1 / WAITING)
            then = "cancelled" if rng.random() < 0.02 else "scheduled"
        elif status == "scheduled":
            after, then = rng.expovariate(1 / 5.0), "started"
        elif status == "started":
            after = rng.expovariate(1 / STARTED)
            then = "cancelled" if rng.random() < 0.01 else "registeringFiles"
        else:
            after, then = _registration(rng), _outcome(rng)
            # Of those that register at any moment most are stragglers: they last.
            if lasted and rng.random() < _STRAGGLING:
                after = rng.uniform(0.0, 5_000.0)
        at = self.clock.monotonic() + after
        heapq.heappush(self._events, (at, run, then))


def _phase_at(age: float) -> str:
    for status, lasts in (
        ("created", 2.0),
        ("waiting", WAITING),
        ("scheduled", 5.0),
        ("started", 0.98 * STARTED),
    ):
        if age < lasts:
            return status
        age -= lasts
    return "registeringFiles"


def _registration(rng: random.Random) -> float:
    if rng.random() < 0.01:
        return rng.uniform(600.0, 7_200.0)
    return rng.lognormvariate(math.log(20.0), 0.8)


def _outcome(rng: random.Random) -> str:
    drawn = rng.random()
    if drawn < 0.92:
        return "finishedSuccessfully"
    return "finishedWithError" if drawn < 0.97 else "cancelled"


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
