"""Deletions: a server is asked for one, and does it in its own time (cube-api 7.5)."""

import asyncio
import time
from collections.abc import Awaitable, Callable

_SECONDS = 60.0
_SOON, _LATER = 0.2, 2.0


async def gone_in_time(look: Callable[[], Awaitable[bool]]) -> bool:
    """Look until something is gone, up to a minute; False when it still is there.

    Parameters
    ----------
    look : callable
        Asks the server (network), and returns whether it is gone.
    """
    until, pause = time.monotonic() + _SECONDS, _SOON
    while time.monotonic() < until:
        if await look():
            return True
        await asyncio.sleep(pause)
        pause = min(_LATER, pause * 1.5)
    return False
