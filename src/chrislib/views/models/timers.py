"""Timers of views and models."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


def soon(parent: QObject, milliseconds: int, call: Callable[[], object]) -> QTimer:
    """Return a timer that calls once, so long after it was started last."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer
