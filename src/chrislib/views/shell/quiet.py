"""Collects garbage between frames: never while somebody waits for the window."""

import gc

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

_EVERY_MS = 30_000
_ROUNDS, _ROUNDS_IN_USE = 40, 480
"""After so many rounds everything is visited."""
_NEVER = 1_000_000


class Quiet(QObject):
    """Takes Python's slowest collection out of the way of the window.

    With 20,000 jobs in memory a full collection visits a million objects and takes a
    tenth of a second, whenever Python likes. Here only what is young is collected,
    every 30 s; what outlives that is set aside. Everything is visited every 20
    minutes while the window is not in use, and every 4 hours in any case.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._before = gc.get_threshold()
        self._round = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(
            lambda: self.collect(in_use=window.isActiveWindow())
        )
        self._started = False

    def start(self) -> None:
        """Set aside what is alive; collect by plan from now on."""
        if self._started:
            return
        self._started = True
        gc.set_threshold(self._before[0], self._before[1], _NEVER)
        gc.freeze()
        self._timer.start()

    def collect(self, *, in_use: bool) -> None:
        """Collect what came since the last time.

        Parameters
        ----------
        in_use : bool
            Whether the person works with the window now.
        """
        self._round += 1
        if self._round >= (_ROUNDS_IN_USE if in_use else _ROUNDS):
            self._round = 0
            gc.unfreeze()
            gc.collect()
        else:
            gc.collect(1)
        gc.freeze()

    def stop(self) -> None:
        """Leave collecting to Python again."""
        if self._started:
            self._started = False
            self._timer.stop()
            gc.unfreeze()
            gc.set_threshold(*self._before)
