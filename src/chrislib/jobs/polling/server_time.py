"""The server's time, from the dates on its answers and nothing else."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

from chrislib.jobs.clock import Clock

_SAMPLES = 9


class ServerTime:
    """What a server's clock shows now.

    Each answer tells the server's time somewhere between the moment the request left
    and the moment the answer came; the middle is taken, and of the last nine the
    median. All of it is counted on the monotonic clock: a person who sets the
    computer's clock changes nothing.

    Parameters
    ----------
    clock : Clock
    otherwise : callable
        Gives the time as long as no answer came.
    """

    def __init__(self, clock: Clock, otherwise: Callable[[], datetime]) -> None:
        self._clock = clock
        self._otherwise = otherwise
        self._offsets: deque[float] = deque(maxlen=_SAMPLES)

    def observe(self, *, sent: float, received: float, date: datetime) -> None:
        """Take the date of an answer; `sent` and `received` are monotonic seconds."""
        self._offsets.append(date.timestamp() - (sent + received) / 2)

    def forget(self) -> None:
        """Start anew: the computer slept, and its monotonic clock with it."""
        self._offsets.clear()

    def now(self) -> datetime:
        """Return the server's time; no request is made."""
        if not self._offsets:
            return self._otherwise()
        moment = self._clock.monotonic() + median(self._offsets)
        return datetime.fromtimestamp(moment, UTC)

    @property
    def skew(self) -> float:
        """By how many seconds the server's clock is ahead of this computer's."""
        if not self._offsets:
            return 0.0
        ahead = self._clock.monotonic() - self._clock.time()
        return median(self._offsets) + ahead
