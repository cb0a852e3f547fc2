"""The one adapter from job events to Qt: batches, at most four a second."""

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from chrislib.jobs.model import JobChange, JobKey

_GAP_MS = 255
_MOST = 500
"""Changes in one delivery: what the window takes in within 8 ms."""


class JobSource(Protocol):
    """The part of the job manager this adapter listens to."""

    def subscribe(
        self, callback: Callable[[tuple[JobChange, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` with changes the catalog has committed."""

    def subscribe_inbox(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after the inbox changed."""


class JobFeed(QObject):
    """Turns job changes into `changed`, a tuple of `JobChange`, one per job.

    The first change of a quiet time is passed on at once (with the next turn of the
    loop), later ones are collected, so that nothing is drawn more often than four
    times a second. Several changes of one job become one: from the oldest *before*
    to the newest *after*. A flood comes in several deliveries, oldest changes first.

    Parameters
    ----------
    clock : callable
        Monotonic seconds; tests give their own.
    """

    changed = Signal(object)
    inboxChanged = Signal()

    def __init__(
        self,
        source: JobSource | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._clock = clock
        self._waiting: dict[JobKey, JobChange] = {}
        self._old: dict[JobKey, JobChange] = {}
        self._last = float("-inf")
        self._inbox = False
        self._stops: list[Callable[[], None]] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._deliver)
        if source is not None:
            self.listen(source)

    def listen(self, source: JobSource) -> None:
        """Listen to `source` from now on."""
        self._stops.append(source.subscribe(self.push))
        self._stops.append(source.subscribe_inbox(self.push_inbox))

    def close(self) -> None:
        """Stop listening and drop what waits."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        self._timer.stop()
        self._waiting.clear()
        self._old.clear()

    def push(self, changes: tuple[JobChange, ...]) -> None:
        """Take changes; they are delivered within 250 ms."""
        for change in changes:
            job = change.after
            older = self._waiting.get(job.key)
            if older is None:
                older = self._old.pop(job.key, None)
            if older is not None:
                change = JobChange(older.before, job)  # noqa: PLW2901
            if change.before is None and job.phase.terminal:
                self._old[job.key] = change
            else:
                self._waiting[job.key] = change
        self._plan()

    @property
    def waiting(self) -> int:
        """How many changes have not been delivered yet."""
        return len(self._waiting) + len(self._old)

    def push_inbox(self) -> None:
        """Take note that the inbox changed."""
        self._inbox = True
        self._plan()

    def _plan(self) -> None:
        if self._timer.isActive():
            return
        passed = (self._clock() - self._last) * 1000
        # before the first delivery the gap is infinite
        self._timer.start(round(max(0.0, _GAP_MS - passed)))

    def _deliver(self) -> None:
        # timers may fire up to a millisecond early: keep the promise, wait again
        passed = (self._clock() - self._last) * 1000
        if passed < _GAP_MS:
            self._timer.start(max(1, round(_GAP_MS - passed)))
            return
        self._last = self._clock()
        batch = (*_some(self._waiting, _MOST),)
        # what ended long ago and was just read from the catalog comes last
        batch += (*_some(self._old, _MOST - len(batch)),)
        inbox = self._inbox
        self._inbox = False
        if self.waiting:
            self._timer.start(_GAP_MS)
        if batch:
            self.changed.emit(batch)
        if inbox:
            self.inboxChanged.emit()


def _some(held: dict[JobKey, JobChange], most: int) -> Iterator[JobChange]:
    """Take up to `most` changes out, the oldest first."""
    for key in list(islice(held, most)):
        yield held.pop(key)
