"""How often the job manager does things; one number scales all of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Periods in seconds, as multiples of the base period of polling.

    Attributes
    ----------
    base : float
        Between two looks while nothing special happens; 15 s in the product. Tests
        and the tour take a small one.
    """

    base: float = 15.0

    @property
    def fast(self) -> tuple[float, ...]:
        """Looks at a run after it was submitted or cancelled: 2, 5 and 10 s."""
        return tuple(self.base * part / 15 for part in (2, 5, 10))

    @property
    def afterwards(self) -> tuple[float, ...]:
        """Looks at a run that somebody else cancelled: 1, 5, 15 and 30 minutes."""
        return tuple(self.base * part for part in (4, 20, 60, 120))

    @property
    def log(self) -> float:
        """Between two looks at a run on screen: CUBE 7 keeps a log 0.5 s."""
        return min(0.4, self.base)

    @property
    def settle(self) -> float:
        """How long an unasked ``cancelled`` may still be taken back: 60 s."""
        return 4 * self.base

    @property
    def gone(self) -> float:
        """Between the two 404 that mean gone: 30 s."""
        return 2 * self.base

    @property
    def reconcile(self) -> tuple[float, ...]:
        """Looks for a run whose submission got no answer: 5, 30 and 120 s."""
        return tuple(self.base * part / 15 for part in (5, 30, 120))

    @property
    def late(self) -> tuple[float, ...]:
        """Looks for a run that was never found: 10 min, 1 h, 6 h and a day."""
        return tuple(self.base * part for part in (40, 240, 1440, 5760))

    @property
    def back_off(self) -> float:
        """First ceiling of the pause after a failure, doubled with each: 5 s."""
        return self.base / 3

    @property
    def back_off_limit(self) -> float:
        """Longest pause after failures: 300 s."""
        return 20 * self.base

    @property
    def probe(self) -> tuple[float, float]:
        """Between two probes of a server that counts as offline: 30 to 90 s."""
        return 2 * self.base, 6 * self.base

    @property
    def shortest(self) -> float:
        """Least time between two ticks: 5 s."""
        return self.base / 3

    @property
    def longest(self) -> float:
        """Most time between two ticks: 300 s."""
        return 20 * self.base

    @property
    def rare(self) -> float:
        """Between two looks for runs nobody follows yet: 15 min."""
        return 60 * self.base

    @property
    def verify(self) -> float:
        """Between two looks whether it is still the same server: 5 min."""
        return 20 * self.base

    @property
    def spread(self) -> float:
        """Over so long are the accounts spread that are looked at together: 3 s."""
        return self.base / 5

    @property
    def debounce(self) -> float:
        """Within so long, asking for a look twice is asking once: 2 s."""
        return 2 * self.base / 15

    @property
    def watch(self) -> float:
        """Between two checks whether the computer slept: 30 s."""
        return 2 * self.base

    @property
    def requests(self) -> float:
        """Requests a second in the long run: 1, more only at a pace for tests."""
        return 1.0 if self.base >= 5 else 15.0 / self.base
