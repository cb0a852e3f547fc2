"""How long a server took to answer within the last hour; in memory only."""

import math
from bisect import insort
from collections import deque
from dataclasses import dataclass

from chrislib.jobs.clock import Clock

SPAN = 3600.0
"""Seconds that are kept."""
MOST = 4000
"""Answers that are kept: an account asks 60 times a minute and a burst."""
PARTS = 60
"""Of the span, for a drawing: one a minute."""


@dataclass(frozen=True, slots=True)
class AnswerLook:
    """Answers of the last hour.

    Attributes
    ----------
    count : int
    median, worst : float
        Seconds; 0 without an answer.
    parts : tuple of float or None
        The median of each minute, the oldest first; None for a minute without.
    """

    count: int = 0
    median: float = 0.0
    worst: float = 0.0
    parts: tuple[float | None, ...] = ()


class AnswerTimes:
    """The answers of one account's server.

    Parameters
    ----------
    clock : Clock
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[tuple[float, float]] = deque(maxlen=MOST)

    def note(self, sent: float, received: float) -> None:
        """Take an answer, by the monotonic clock."""
        if received >= sent:
            self._kept.append((received, received - sent))

    def look(self) -> AnswerLook:
        """Return what the last hour was like."""
        now = self._clock.monotonic()
        while self._kept and self._kept[0][0] < now - SPAN:
            self._kept.popleft()
        if not self._kept:
            return AnswerLook()
        every: list[float] = []
        minutes: list[list[float]] = [[] for _ in range(PARTS)]
        for at, took in self._kept:
            insort(every, took)
            ago = min(PARTS - 1, max(0, math.floor((now - at) / (SPAN / PARTS))))
            insort(minutes[PARTS - 1 - ago], took)
        return AnswerLook(
            len(every),
            _median(every),
            every[-1],
            tuple(_median(minute) if minute else None for minute in minutes),
        )


def _median(ordered: list[float]) -> float:
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
