"""Fetches reference data once, and notes it in History."""

import time
from uuid import uuid4

from chrislib.library import words
from chrislib.library.history import History
from chrislib.library.items import Items
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    ItemState,
    Reference,
)
from chrislib.library.references import References


def fetched(history: History, items: Items) -> dict[tuple[str, str], ItemId]:
    """Return the items of fetches by plugin name and version, the newest of each."""
    found: dict[tuple[str, str], ItemId] = {}
    for entry in history.all():
        if entry.kind is EntryKind.REFERENCE:
            plugin, version = entry.request.get("plugin"), entry.request.get("version")
            for item_id in entry.item_ids:
                item = items.get(item_id)
                if item is not None and item.state is not ItemState.GONE:
                    found.setdefault((str(plugin), str(version)), item_id)
    return found


class Fetches:
    """Fetches of reference data that are noted in History."""

    def __init__(
        self, *, references: References, history: History, items: Items
    ) -> None:
        self._references = references
        self._history = history
        self._items = items

    async def fetch(self, reference: Reference) -> Item:
        """Return a reference's item: the fetched one, or one on its way (network)."""
        known = await self._references.adopt(reference)
        item = known or await self._references.fetch(reference)
        if known is None or item.item_id not in self._noted():
            # found on the server: it is the entry that the server remembers as well
            there = item.item_id if item.item_id.startswith("run-") else ""
            await self._history.put(
                HistoryEntry(
                    entry_id=EntryId(there or uuid4().hex),
                    kind=EntryKind.REFERENCE,
                    title=reference.title,
                    detail=words.join(
                        reference.category or "Reference data",
                        f"version {reference.version}",
                    ),
                    at=(item.added_at if there else 0.0) or time.time(),
                    state="running",
                    request={
                        "plugin": reference.plugin_name,
                        "version": reference.version,
                    },
                    item_ids=(item.item_id,),
                )
            )
        return self._items.get(item.item_id) or item

    def _noted(self) -> set[ItemId]:
        return set(fetched(self._history, self._items).values())
