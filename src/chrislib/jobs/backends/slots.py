"""How many files may move at once, whatever the number of downloads and accounts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

EACH = 8
"""Files at once per account: more are no quicker (cube-baselines.md §1)."""
TOTAL = 16
"""Files at once over all accounts."""
STAGGER = 0.01
"""Seconds between two connections that are opened."""


class Slots:
    """Lets so many files through at a time; the rest wait their turn.

    Parameters
    ----------
    each, total : int
        Per account, and over all of them.
    """

    def __init__(self, *, each: int = EACH, total: int = TOTAL) -> None:
        self._each = each
        self._accounts: dict[int, asyncio.Semaphore] = {}
        self._all = asyncio.Semaphore(total)

    @asynccontextmanager
    async def one(self, account_id: int) -> AsyncGenerator[None]:
        """Hold one slot of an account while a file moves."""
        own = self._accounts.setdefault(account_id, asyncio.Semaphore(self._each))
        # One's own first: a busy account must not keep the others' places.
        async with own, self._all:
            yield
