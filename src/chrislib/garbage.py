"""Python's own collection of garbage: off while anybody wants it off.

Loading switches it off for a while, the window for good. Each of them restoring what it
found would switch it on again under the other.
"""

import gc
import threading

_lock = threading.Lock()
_held = 0
_was_on = False


def hold() -> None:
    """Switch collection off until `release` was called as often as this."""
    global _held, _was_on  # noqa: PLW0603 - the switch is one for the whole process
    with _lock:
        if _held == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _held += 1


def release() -> None:
    """Take one `hold` back; the last one leaves collection as the first found it."""
    global _held  # noqa: PLW0603 - as above
    with _lock:
        _held -= 1
        if _held == 0 and _was_on:
            gc.enable()
