"""The journal of the ways in: what was asked here, and what it brought."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from chrislib.aio import TaskOwner
from chrislib.catalog.history import HistoryTable
from chrislib.jobs.model import Progress
from chrislib.library import words
from chrislib.library.changes import Changes
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    ItemState,
    LibraryChange,
)
from chrislib.library.rows import entry_of, entry_row

_MOVING = {ItemState.ON_THE_WAY, ItemState.REGISTERING}


_IN_MEMORY = 2000
"""Entries that are kept in memory; older ones are read when one of them moves."""


class History:
    """What was asked on this computer, newest first.

    Attributes
    ----------
    version : int
        Grows when lists of entries have to be made again.
    """

    def __init__(
        self,
        table: HistoryTable,
        *,
        item: Callable[[ItemId], Item | None],
        progress: Callable[[str], Progress | None],
        changes: Changes,
        account: Callable[[], str],
    ) -> None:
        self._table = table
        self._item = item
        self._progress = progress
        self._changes = changes
        self._account = account
        self._entries: dict[EntryId, HistoryEntry] = {}
        self._accounts: dict[EntryId, str] = {}
        self._of_item: dict[ItemId, set[EntryId]] = {}
        self._dirty: set[EntryId] = set()
        self._in_none: set[ItemId] = set()
        self.version = 0
        self._tasks = TaskOwner("library history")

    async def load(self) -> None:
        """Read the newest entries (disk); what was cut off by an end is told."""
        for row in reversed(await self._table.newest(_IN_MEMORY)):
            entry = entry_of(row)
            if entry.state == "running" and not entry.item_ids:
                entry = replace(
                    entry, state="cancelled", state_text="Interrupted", brought=""
                )
            self._accounts[entry.entry_id] = row.account_key
            self._remember(entry)

    def all(self) -> list[HistoryEntry]:
        """Return the entries of the present account, newest first."""
        account = self._account()
        mine = [
            entry
            for entry in self._entries.values()
            if not account or self._accounts.get(entry.entry_id, "") in {"", account}
        ]
        return sorted(mine, key=lambda entry: entry.at, reverse=True)

    def get(self, entry_id: EntryId) -> HistoryEntry | None:
        """Return one entry."""
        return self._entries.get(entry_id)

    async def put(self, entry: HistoryEntry) -> HistoryEntry:
        """Add or replace an entry, as its items say (disk)."""
        entry = self._with_items(entry)
        self._accounts.setdefault(entry.entry_id, self._account())
        self._remember(entry)
        self._changes.tell(LibraryChange(history=True))
        await self._write(entry)
        self._told()
        return entry

    async def remove(self, ids: Iterable[EntryId], *, at: float) -> None:
        """Take entries out of History (disk); what they brought stays."""
        gone = list(ids)
        for entry_id in gone:
            self._entries.pop(entry_id, None)
            self._dirty.discard(entry_id)
        await self._table.remove(gone, at=at)
        self._told()

    async def restore(self, ids: Iterable[EntryId]) -> None:
        """Bring removed entries back (disk)."""
        back = list(ids)
        await self._table.remove(back, at=None)
        await self._read(back)
        self._told()

    async def add_items(self, entry_id: EntryId, ids: Iterable[ItemId]) -> None:
        """Note that an entry brought items (disk)."""
        entry = self._entries.get(entry_id)
        if entry is not None:
            known = dict.fromkeys((*entry.item_ids, *ids))
            await self.put(replace(entry, item_ids=tuple(known)))

    def follow(self, items: Iterable[Item]) -> bool:
        """Bring entries up to what their items say; whether any entry changed.

        Only a change of state or words is written; counts stay in memory.
        """
        items = list(items)
        entries = {
            entry_id
            for item in items
            for entry_id in self._of_item.get(item.item_id, ())
            if entry_id in self._entries
        }
        strange = [
            item.item_id
            for item in items
            if item.item_id not in self._of_item and item.item_id not in self._in_none
        ]
        if strange and len(self._entries) >= _IN_MEMORY:
            self._in_none.update(strange)
            self._tasks.start(self._follow_old(strange), name="follow old history")
        changed = False
        for entry_id in entries:
            before = self._entries[entry_id]
            after = self._with_items(before)
            if after == before:
                continue
            changed = True
            self._entries[entry_id] = after
            if after.state != before.state:
                self._dirty.add(entry_id)
                self._tasks.start(self._write_soon(after), name="write history")
        return changed

    async def close(self) -> None:
        """Write what is not written yet (disk)."""
        await self._tasks.close()
        for entry_id in tuple(self._dirty):
            await self._write(self._entries[entry_id])

    async def _follow_old(self, item_ids: Sequence[ItemId]) -> None:
        """Bring entries up that are so old that they are not in memory (disk)."""
        found = [EntryId(one) for one in await self._table.of_items(item_ids)]
        await self._read(found)
        again = [item for one in item_ids if (item := self._item(one)) is not None]
        if found and self.follow(again):
            self._changes.tell(LibraryChange(history=True))

    async def _read(self, ids: Sequence[EntryId]) -> None:
        for row in await self._table.rows(ids):
            if row.entry_id not in self._entries:
                self._accounts[EntryId(row.entry_id)] = row.account_key
                self._remember(self._with_items(entry_of(row)))

    async def _write_soon(self, entry: HistoryEntry) -> None:
        await self._write(entry)
        self._told()

    def _told(self) -> None:
        self.version += 1
        self._changes.tell(LibraryChange(history=True))

    def _with_items(self, entry: HistoryEntry) -> HistoryEntry:
        found = [self._item(item_id) for item_id in entry.item_ids]
        items = [item for item in found if item is not None]
        if not items:
            return entry
        keys = dict.fromkeys(item.job_key for item in items if item.job_key)
        shared = len(keys) == 1 and entry.kind is not EntryKind.LOOKUP
        progress = self._progress(next(iter(keys))) if shared else None
        if entry.kind is EntryKind.REFERENCE and items[0].instance_id is not None:
            # by this the server's memory of the same fetch is known
            request = {**entry.request, "instance": items[0].instance_id}
            entry = replace(entry, request=request)
        return after(entry, items, progress=progress)

    def _remember(self, entry: HistoryEntry) -> None:
        self._entries[entry.entry_id] = entry
        for item_id in entry.item_ids:
            self._of_item.setdefault(item_id, set()).add(entry.entry_id)

    async def _write(self, entry: HistoryEntry) -> None:
        account = self._accounts.get(entry.entry_id, "")
        await self._table.update(
            entry_row(entry, account=account), search=search_words(entry)
        )
        if self._entries.get(entry.entry_id) == entry:
            self._dirty.discard(entry.entry_id)


def search_words(entry: HistoryEntry) -> str:
    """Return everything an entry is found by: its words and what was asked."""
    found = [entry.title, entry.detail, entry.state_text]
    values = entry.request.get("values")
    if isinstance(values, Mapping):
        for asked in values.values():
            found += map(str, asked if isinstance(asked, list | tuple) else [asked])
    for key in ("plugin", "folder", "path"):
        found.append(str(entry.request.get(key) or ""))
    return " ".join(filter(None, found))


def after(
    entry: HistoryEntry, items: Sequence[Item], *, progress: Progress | None = None
) -> HistoryEntry:
    """Return the entry as its items have it: state, words, counts for the bar."""
    done, total = _counts(items, progress)
    state, text = _state(entry.kind, items)
    if state != "running":
        done = total = 0
    return replace(
        entry,
        state=state,
        state_text=text,
        brought=_brought(entry.kind, items, progress),
        done=done,
        total=total,
    )


def _counts(items: Sequence[Item], progress: Progress | None) -> tuple[int, int]:
    if progress is not None and progress.total:
        return progress.done, progress.total
    if any(item.images is None for item in items):
        return 0, 0
    ready = ItemState.READY
    done = sum(
        (item.images or 0) if item.state is ready else item.received for item in items
    )
    return done, sum(item.images or 0 for item in items)


def _state(kind: EntryKind, items: Sequence[Item]) -> tuple[str, str]:
    def number(*states: ItemState) -> int:
        return sum(item.state in states for item in items)

    moving = number(ItemState.ON_THE_WAY)
    if moving:
        verb = {
            EntryKind.LOOKUP: f"Pulling {words.series(moving)}",
            EntryKind.UPLOAD: "Sending",
            EntryKind.REFERENCE: "Fetching",
        }.get(kind, "Bringing in")
        return "running", verb
    if number(ItemState.REGISTERING):
        return "registering", "Registering files"
    failed, ready = number(ItemState.FAILED), number(ItemState.READY)
    if failed:
        one = "series" if kind is EntryKind.LOOKUP else "part"
        text = words.count(failed, one, "series" if one == "series" else "parts")
        if ready:
            return "errors", f"{text} failed"
        return "failed", "Failed" if len(items) == 1 else f"{text} failed"
    if not ready:
        gone = number(ItemState.GONE)
        return ("gone", "Gone from server") if gone else ("cancelled", "Cancelled")
    if number(ItemState.CANCELLED):
        return "ready", f"Ready, {number(ItemState.CANCELLED)} cancelled"
    if any(item.detail for item in items if item.state is ItemState.READY):
        return "errors", "Ready, with errors"
    return "ready", "Ready"


def _brought(kind: EntryKind, items: Sequence[Item], progress: Progress | None) -> str:
    here = [item for item in items if item.state is ItemState.READY]
    if kind is EntryKind.UPLOAD and len(here) < len(items):
        if progress is not None and progress.total:
            return f"{progress.done:,} of {progress.total:,} files sent"
        return ""
    if kind is EntryKind.LOOKUP and len(here) < len(items):
        return f"{len(here)} of {words.series(len(items))} here"
    if not here:
        return ""
    sizes = [item.size for item in here]
    size = words.size(sum(one or 0 for one in sizes)) if all(sizes) else ""
    if kind is EntryKind.REFERENCE:
        return words.join(words.count(len(here), "reference"), size)
    if kind is EntryKind.OUTPUT:
        return words.join(words.count(len(here), "output"), size)
    series = sum(1 for item in here if item.series_uid)
    images = sum(item.images or 0 for item in here)
    if series:
        return words.join(words.series(series), words.count(images, "image"))
    return words.join(words.count(images, "file") if images else "", size)
