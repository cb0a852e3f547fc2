"""The tray: what was ticked, in order, across all sources; kept over restarts."""

import json
from collections.abc import Callable, Sequence
from typing import Protocol

from chrislib.aio import TaskOwner
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
    """Ordered ids of items; what they are is asked when they are shown.

    Changes are told at once and written behind it.

    Attributes
    ----------
    elsewhere : callable
        Names the server an item is on, "" for the present one.
    """

    def __init__(
        self,
        store: KeyValues,
        *,
        item: Callable[[ItemId], Item | None],
        changes: Changes,
        elsewhere: Callable[[ItemId], str] = lambda _item_id: "",
    ) -> None:
        self._store = store
        self._item = item
        self._changes = changes
        self.elsewhere = elsewhere
        self._ids: list[ItemId] = []
        self._held: frozenset[ItemId] = frozenset()
        self._dirty = False
        self._tasks = TaskOwner("library tray")

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
            self._held = frozenset(self._ids)

    @property
    def ids(self) -> tuple[ItemId, ...]:
        """What is in the tray, in order."""
        return tuple(self._ids)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._held

    def __len__(self) -> int:
        return len(self._ids)

    def items(self) -> tuple[Item, ...]:
        """Return the items themselves, in order."""
        found = (self._item(item_id) for item_id in self._ids)
        return tuple(item for item in found if item is not None)

    def add(self, *ids: ItemId) -> None:
        """Put items at the end; those that are in stay where they are."""
        new = [one for one in dict.fromkeys(ids) if one not in self._held]
        if new:
            self._become([*self._ids, *new])

    def put_back(self, ids: Sequence[ItemId]) -> None:
        """Put items back where they were; `ids` is the whole tray as it was then."""
        was = {one: place for place, one in enumerate(ids)}
        missing = [one for one in ids if one not in self._held]
        if missing:
            kept = [*self._ids, *missing]
            known = sorted((one for one in kept if one in was), key=was.__getitem__)
            self._become([*known, *(one for one in kept if one not in was)])

    def remove(self, *ids: ItemId) -> None:
        """Take items out."""
        gone = set(ids)
        kept = [one for one in self._ids if one not in gone]
        if len(kept) != len(self._ids):
            self._become(kept)

    def move(self, item_id: ItemId, to: int) -> None:
        """Put one item at place `to`."""
        if item_id in self._ids:
            kept = [one for one in self._ids if one != item_id]
            kept.insert(max(0, min(to, len(kept))), item_id)
            self._become(kept)

    def clear(self) -> None:
        """Take everything out."""
        if self._ids:
            self._become([])

    async def close(self) -> None:
        """Write what is not written yet (disk)."""
        await self._tasks.close()
        if self._dirty:
            await self._write()

    def _become(self, ids: list[ItemId]) -> None:
        self._ids, self._held = ids, frozenset(ids)
        self._dirty = True
        self._tasks.start(self._write(), name="write tray")
        self._changes.tell(LibraryChange(tray=True))

    async def _write(self) -> None:
        if self._dirty:
            self._dirty = False
            try:
                await self._store.set(_KEY, json.dumps(self._ids))
            except BaseException:
                self._dirty = True
                raise
