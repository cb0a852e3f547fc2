"""History: every lookup, upload and reference fetch, and what it brought."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from chrislib.aio import TaskOwner
from chrislib.catalog.library import HistoryTable
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


class History:
    """The journal of the three ways in, newest first."""

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
        self._tasks = TaskOwner("library history")

    async def load(self) -> None:
        """Read the newest entries (disk); what was cut off by an end is told."""
        for row in reversed(await self._table.list(2000)):
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
        return entry

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
        entries = {
            entry_id
            for item in items
            for entry_id in self._of_item.get(item.item_id, ())
        }
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
                self._tasks.start(self._write(after), name="write history")
        return changed

    async def close(self) -> None:
        """Write what is not written yet (disk)."""
        await self._tasks.close()
        for entry_id in tuple(self._dirty):
            await self._write(self._entries[entry_id])

    def _with_items(self, entry: HistoryEntry) -> HistoryEntry:
        found = [self._item(item_id) for item_id in entry.item_ids]
        items = [item for item in found if item is not None]
        if not items:
            return entry
        keys = dict.fromkeys(item.job_key for item in items if item.job_key)
        shared = len(keys) == 1 and entry.kind is not EntryKind.LOOKUP
        progress = self._progress(next(iter(keys))) if shared else None
        return after(entry, items, progress=progress)

    def _remember(self, entry: HistoryEntry) -> None:
        self._entries[entry.entry_id] = entry
        for item_id in entry.item_ids:
            self._of_item.setdefault(item_id, set()).add(entry.entry_id)

    async def _write(self, entry: HistoryEntry) -> None:
        account = self._accounts.get(entry.entry_id, "")
        await self._table.update(entry_row(entry, account=account))
        if self._entries.get(entry.entry_id) == entry:
            self._dirty.discard(entry.entry_id)


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
        }[kind]
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
    series = sum(1 for item in here if item.series_uid)
    images = sum(item.images or 0 for item in here)
    if series:
        return words.join(words.series(series), words.count(images, "image"))
    return words.join(words.count(images, "file"), size)
