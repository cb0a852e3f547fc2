"""What was typed and not sent: kept on disk while one types, offered again later."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chrislib.aio import TaskOwner
from chrislib.catalog.drafts import DraftRow
from chrislib.errors import ChrislibError

_log = logging.getLogger(__name__)
_Key = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that was not sent.

    Attributes
    ----------
    base : str
        What it was made from, as the server had it.
    at : float
        When it was typed, seconds since the epoch.
    """

    text: str
    base: str = ""
    at: float = 0.0


class DraftShelf(Protocol):
    """The part of the catalog that drafts are kept in."""

    async def get(self, account_id: int, kind: str, feed_id: int) -> DraftRow | None:
        """Return a draft (disk)."""

    async def put(self, draft: DraftRow) -> None:
        """Keep a draft (disk)."""

    async def drop(self, account_id: int, kind: str, feed_id: int) -> None:
        """Forget a draft (disk)."""


class Unsent:
    """Drafts of notes and comments, one of each a feed.

    Writing happens behind the caller, the last text only; what the disk refuses is kept
    until the program ends.

    Parameters
    ----------
    shelf : DraftShelf, optional
        Without it they are kept until the program ends.
    account : callable
        Gives whose they are: numbers of feeds mean other things on another server.
    """

    def __init__(
        self, shelf: DraftShelf | None = None, *, account: Callable[[], int]
    ) -> None:
        self._shelf = shelf
        self._account = account
        self._behind: dict[_Key, Draft | None] = {}
        self._tasks = TaskOwner("drafts")
        self._writing = False

    async def get(self, kind: str, feed_id: int) -> Draft | None:
        """Return what was typed for a feed and not sent (disk)."""
        key = (self._account(), kind, feed_id)
        if key in self._behind or self._shelf is None:
            return self._behind.get(key)
        try:
            row = await self._shelf.get(*key)
        except ChrislibError as error:
            _log.info("a draft could not be read: %s", error.title)
            return None
        return Draft(row.text, row.base, row.at) if row is not None else None

    def put(self, kind: str, feed_id: int, draft: Draft | None) -> None:
        """Keep what was typed; None forgets it. Returns at once."""
        self._behind[self._account(), kind, feed_id] = draft
        if self._shelf is not None and not self._writing:
            self._writing = True
            self._tasks.start(self._write(self._shelf), name="keep drafts")

    async def close(self) -> None:
        """Write the rest (disk)."""
        if self._shelf is not None:
            await self._tasks.close()
            await self._write(self._shelf)

    async def _write(self, shelf: DraftShelf) -> None:
        try:
            while self._behind:
                key, draft = next(iter(self._behind.items()))
                if draft is None:
                    await shelf.drop(*key)
                else:
                    await shelf.put(_row(key, draft))
                if self._behind.get(key) is draft:
                    del self._behind[key]
        except ChrislibError as error:
            _log.info("a draft was not kept on disk: %s", error.title)
        finally:
            self._writing = False


def _row(key: _Key, draft: Draft) -> DraftRow:
    account, kind, feed_id = key
    return DraftRow(
        account_id=account,
        kind=kind,
        feed_id=feed_id,
        text=draft.text,
        base=draft.base,
        at=draft.at,
    )
