"""Python's own collection of garbage: off while anybody wants it off.

Loading switches it off for a while, the window for good. Each of them restoring what it
found would switch it on again under the other.
"""

import gc
import threading

_lock = threading.Lock()
_held = 0
_was_on = False


class Hold:
    """Python collects no garbage from its making until `release`."""

    def __init__(self) -> None:
        global _held, _was_on  # noqa: PLW0603 - the switch is one for all the process
        self._holds = True
        with _lock:
            if _held == 0:
                _was_on = gc.isenabled()
            gc.disable()
            _held += 1

    def release(self) -> None:
        """Let go; the last one leaves collection as the first one found it."""
        global _held  # noqa: PLW0603 - as above
        with _lock:
            if not self._holds:
                return
            self._holds = False
            _held -= 1
            if _held == 0 and _was_on:
                gc.enable()
