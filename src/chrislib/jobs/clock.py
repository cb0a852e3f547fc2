"""Time as the job manager sees it; tests put a virtual one in its place."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Where `jobs` gets every time and every pause from."""

    def time(self) -> float:
        """Return seconds since the epoch, as a person's clock shows them."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Pause the calling task."""


class SystemClock:
    """The computer's own clock."""

    def time(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Pause the calling task."""
        await asyncio.sleep(seconds)
