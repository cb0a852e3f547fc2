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
    def back_off(self) -> float:
        """First pause after a failure, doubled with each: 5 s."""
        return self.base / 3

    @property
    def back_off_limit(self) -> float:
        """Longest pause after failures: 90 s, the probe of an open breaker."""
        return 6 * self.base
