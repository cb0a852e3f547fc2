"""The tray: what was ticked, in order, across all sources; kept over restarts."""

import json
from collections.abc import Callable, Iterable
from typing import Protocol

from chrislib.library.changes import Changes
from chrislib.library.model import Item, ItemId, LibraryChange

_KEY = "library.tray"


class KeyValues(Protocol):
    """Where small settings are kept."""

    async def get(self, key: str) -> str | None:
        """Return the value of `key`, or None."""

    async def set(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""


class Tray:
    """Ordered ids of items; what they are is asked when they are shown."""

    def __init__(
        self,
        store: KeyValues,
        *,
        item: Callable[[ItemId], Item | None],
        changes: Changes,
    ) -> None:
        self._store = store
        self._item = item
        self._changes = changes
        self._ids: list[ItemId] = []

    async def load(self) -> None:
        """Read what was ticked at the last end (disk)."""
        text = await self._store.get(_KEY)
        try:
            found = json.loads(text) if text else []
        except ValueError:
            found = []
        if isinstance(found, list):
            ids = [ItemId(str(one)) for one in found]
            self._ids = [one for one in ids if self._item(one) is not None]

    @property
    def ids(self) -> tuple[ItemId, ...]:
        """What is in the tray, in order."""
        return tuple(self._ids)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def items(self) -> tuple[Item, ...]:
        """Return the items themselves, in order."""
        found = (self._item(item_id) for item_id in self._ids)
        return tuple(item for item in found if item is not None)

    async def add(self, ids: Iterable[ItemId]) -> None:
        """Put items at the end; those that are in stay where they are (disk)."""
        new = [one for one in dict.fromkeys(ids) if one not in self._ids]
        if new:
            await self._become([*self._ids, *new])

    async def remove(self, ids: Iterable[ItemId]) -> None:
        """Take items out (disk)."""
        gone = set(ids)
        kept = [one for one in self._ids if one not in gone]
        if len(kept) != len(self._ids):
            await self._become(kept)

    async def move(self, item_id: ItemId, to: int) -> None:
        """Put one item at place `to` (disk)."""
        if item_id in self._ids:
            kept = [one for one in self._ids if one != item_id]
            kept.insert(max(0, min(to, len(kept))), item_id)
            await self._become(kept)

    async def clear(self) -> None:
        """Take everything out (disk)."""
        if self._ids:
            await self._become([])

    async def _become(self, ids: list[ItemId]) -> None:
        self._ids = ids
        self._changes.tell(LibraryChange(tray=True))
        await self._store.set(_KEY, json.dumps(ids))
