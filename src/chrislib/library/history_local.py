"""Entries that come of other parts of this computer: work lists, feed outputs."""

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import uuid4

from chrislib.aio import TaskOwner
from chrislib.catalog.history import HistoryTable
from chrislib.library import words
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    Source,
)
from chrislib.library.worklist.model import ListHead, ListId, RunState

if TYPE_CHECKING:
    from chrislib.library.history_model import LibraryPort

_PREFIX = "list-"
_SOON = 0.5
"""Seconds in which changes are taken together."""
_STATES = {
    RunState.ASKING: ("running", "Asking"),
    RunState.PAUSED: ("cancelled", "Paused"),
    RunState.ASKED: ("ready", "Asked"),
}


def list_of(entry: HistoryEntry) -> ListId | None:
    """Return the work list an entry stands for."""
    if entry.kind is not EntryKind.LIST:
        return None
    return ListId(entry.entry_id.removeprefix(_PREFIX))


class LocalEntries:
    """Keeps the journal in step with work lists and outputs that are brought in."""

    def __init__(self, library: "LibraryPort", table: HistoryTable) -> None:
        self._library = library
        self._table = table
        self._tasks = TaskOwner("history of this computer")
        self._lists_due = False
        self._outputs: dict[ItemId, Item] = {}
        self._seen: set[ItemId] = set()
        self._listed: set[EntryId] = set()

    async def close(self) -> None:
        """Stop."""
        await self._tasks.close()

    def lists_soon(self) -> None:
        """Bring the entries of work lists up soon (disk)."""
        if not self._lists_due:
            self._lists_due = True
            self._tasks.start(self._lists(), name="note work lists")

    def note(self, items: Iterable[Item]) -> None:
        """Note outputs of feeds among items that changed (disk, soon)."""
        for item in items:
            if item.source is Source.FEED and item.item_id not in self._seen:
                self._seen.add(item.item_id)
                if not self._outputs:
                    self._tasks.start(self._bring_in(), name="note outputs")
                self._outputs[item.item_id] = item

    async def _lists(self) -> None:
        await asyncio.sleep(_SOON)
        self._lists_due = False
        journal = self._library.journal
        heads = self._library.work_lists.heads()
        there = set()
        for head in heads:
            entry = self._entry(head)
            there.add(entry.entry_id)
            if journal.get(entry.entry_id) != entry:
                await journal.put(entry)
        gone = self._listed - there
        if gone:
            await journal.remove(gone, at=time.time())
        self._listed = there

    def _entry(self, head: ListHead) -> HistoryEntry:
        state, text = _STATES[head.state]
        asked = self._library.work_lists.settled(head.list_id)
        rows = words.count(head.total, "row")
        return HistoryEntry(
            entry_id=EntryId(f"{_PREFIX}{head.list_id}"),
            kind=EntryKind.LIST,
            title=head.title,
            detail=words.join("Work list", rows),
            at=head.made_at,
            state=state,
            state_text=text,
            brought="" if asked == rows else asked,
        )

    async def _bring_in(self) -> None:
        await asyncio.sleep(_SOON)
        items, self._outputs = list(self._outputs.values()), {}
        fresh = []
        for item in items:
            # one that was there before this start has its entry
            if self._library.item(item.item_id) is None:
                continue
            if not await self._table.of_items([item.item_id]):
                fresh.append(item)
        if not fresh:
            return
        feeds = dict.fromkeys(str(one.feed_id) for one in fresh if one.feed_id)
        of = "Output of feed" if len(feeds) == 1 else "Outputs of feeds"
        await self._library.journal.put(
            HistoryEntry(
                entry_id=EntryId(uuid4().hex),
                kind=EntryKind.OUTPUT,
                title=", ".join(dict.fromkeys(item.title for item in fresh[:4])),
                detail=f"{of} {', '.join(feeds)}" if feeds else "Output of a feed",
                at=time.time(),
                state="ready",
                state_text="Ready",
                request={"paths_here": [item.path for item in fresh]},
                item_ids=tuple(item.item_id for item in fresh),
            )
        )
