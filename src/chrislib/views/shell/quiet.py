"""Collects garbage on the window's thread, between frames."""

import gc

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from chrislib import garbage

_YOUNG_MS, _RESTING_MS = 200, 500
"""Between two looks at what is young: while much is made, and while little is."""
_MANY = 2_000
"""New objects that are worth a look."""
_OLDER = 10
"""After so many looks at the young ones those that outlived one are visited too."""
_EVERY_MS = 30_000
_ROUNDS, _ROUNDS_IN_USE = 40, 480
"""After so many rounds everything is visited."""


class Quiet(QObject):
    """Takes Python's collections off other threads, and out of the window's way.

    Python collects on whatever thread makes an object when it is time. What it finds
    may hold widgets, timers and pictures, and those must not end anywhere but on the
    window's thread: there the program crashed now and then, while another thread read
    a long list. So Python no longer collects by itself.

    With 20,000 jobs in memory a full collection visits a million objects and takes a
    tenth of a second. Here what is young is visited several times a second, where
    there is much of it; every 30 s what is left is set aside. Everything is visited
    every 20 minutes while the window is not in use, and every 4 hours in any case.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._round = 0
        self._looks = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(
            lambda: self.collect(in_use=window.isActiveWindow())
        )
        self._young = QTimer(self)
        self._young.setInterval(_RESTING_MS)
        self._young.timeout.connect(self.look)
        self._window = window
        self._hold: garbage.Hold | None = None

    def start(self) -> None:
        """Set aside what is alive; collect here and nowhere else from now on."""
        if self._hold is not None:
            return
        self._hold = hold = garbage.Hold()
        # a method by itself would not keep what it belongs to
        self._window.destroyed.connect(lambda: hold.release())  # noqa: PLW0108
        gc.freeze()
        self._timer.start()
        self._young.start()

    def look(self) -> None:
        """Collect what is young, if there is much of it."""
        many = gc.get_count()[0] >= _MANY
        if many:
            self._looks = (self._looks + 1) % _OLDER
            gc.collect(1 if self._looks == 0 else 0)
        wanted = _YOUNG_MS if many else _RESTING_MS
        if self._young.interval() != wanted:
            self._young.setInterval(wanted)

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
        if self._hold is not None:
            self._timer.stop()
            self._young.stop()
            gc.unfreeze()
            self._hold.release()
            self._hold = None
