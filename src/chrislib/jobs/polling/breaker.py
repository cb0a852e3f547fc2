"""When to ask again a server that does not answer. Pure but for the dice."""

import random
from dataclasses import dataclass
from enum import Enum

FAILURES = 5
"""So many failures in a row make a server count as offline."""


class State(Enum):
    """Whether requests go through."""

    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Limits:
    """Pauses in seconds.

    Attributes
    ----------
    base, most : float
        Before try k a pause of U(0, min(most, base * 2**k)) is made: full jitter, so
        that clients which failed together do not come back together.
    probe : (float, float)
        Between two probes of a server that counts as offline.
    """

    base: float = 5.0
    most: float = 300.0
    probe: tuple[float, float] = (30.0, 90.0)


class Breaker:
    """Counts failures in a row, and says how long to leave the server alone.

    Parameters
    ----------
    limits : Limits
    rng : random.Random
    """

    def __init__(self, limits: Limits, rng: random.Random) -> None:
        self._limits = limits
        self._rng = rng
        self.failures = 0
        self.state = State.CLOSED
        self.retry_at = 0.0
        """Until then, on the caller's monotonic clock, nothing should be asked."""

    def failed(self, now: float, *, least: float = 0.0) -> bool:
        """Count a failure; True when it is the one that opens the breaker.

        What fails while a pause runs already was under way before it: several
        requests lost together count once.

        Parameters
        ----------
        now : float
            Monotonic seconds.
        least : float
            Seconds the server itself asked for; obeyed in full.
        """
        opened = False
        if now >= self.retry_at:
            self.failures += 1
            opened = self.state is State.CLOSED and self.failures >= FAILURES
            if opened:
                self.state = State.OPEN
            self.retry_at = now + self._pause()
        self.retry_at = max(self.retry_at, now + least)
        return opened

    def succeeded(self) -> bool:
        """Note an answer; True when it closes the breaker."""
        closed = self.state is State.OPEN
        self.failures, self.state, self.retry_at = 0, State.CLOSED, 0.0
        return closed

    def hurry(self) -> None:
        """Let the next try be made now: something says the server may be back."""
        self.retry_at = 0.0

    def wait(self, now: float) -> float:
        """Return seconds until the next try."""
        return max(0.0, self.retry_at - now)

    def _pause(self) -> float:
        if self.state is State.OPEN:
            return self._rng.uniform(*self._limits.probe)
        exponent = min(self.failures - 1, 16)
        ceiling = min(self._limits.most, self._limits.base * 2**exponent)
        return self._rng.uniform(0.0, ceiling)
