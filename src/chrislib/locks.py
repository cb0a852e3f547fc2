"""Locks that the system drops with the process, however it ends."""

import os
import sys
from pathlib import Path


def take_lock(path: Path) -> int | None:
    """Lock a file (disk); None when another process holds it.

    Returns
    -------
    int or None
        An open descriptor that holds the lock until it is closed.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def is_held(path: Path) -> bool:
    """Whether another process holds the lock of a file (disk)."""
    if not path.exists():
        return False
    descriptor = take_lock(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
