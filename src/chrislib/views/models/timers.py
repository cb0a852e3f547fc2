"""Timers of views and models."""

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


def soon(parent: QObject, milliseconds: int, call: Callable[[], object]) -> QTimer:
    """Return a timer that calls once, so long after it was started last."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer


class OneByOne:
    """Makes calls in their order, each in a turn of the event loop of its own.

    Parameters
    ----------
    parent : QObject
        With it the calls that still wait go.
    """

    def __init__(self, parent: QObject) -> None:
        self._waiting: deque[Callable[[], object]] = deque()
        self._timer = soon(parent, 0, self._next)

    def add(self, *calls: Callable[[], object]) -> None:
        """Have more made, after those that wait."""
        self._waiting.extend(calls)
        self._timer.start()

    def clear(self) -> None:
        """Make none of those that wait."""
        self._waiting.clear()

    def _next(self) -> None:
        if self._waiting:
            call = self._waiting.popleft()
            if self._waiting:
                self._timer.start()
            call()
