"""History as it is shown: this computer's journal and the server's memory as one."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chrislib.aio import TaskOwner
from chrislib.catalog.catalog import Catalog
from chrislib.catalog.history import HistoryFilter
from chrislib.cube.errors import CubeError
from chrislib.errors import ChrislibError
from chrislib.jobs.model import JobChange
from chrislib.library import words
from chrislib.library.history import search_words
from chrislib.library.history_bringing import Gone, bring
from chrislib.library.history_local import LocalEntries
from chrislib.library.history_model import (
    KINDS,
    STATES,
    BookState,
    HistoryListing,
    LibraryPort,
    Wanted,
    under_days,
)
from chrislib.library.history_reading import ENOUGH, HistoryReading, input_rows
from chrislib.library.history_uses import FeedUse, FeedUses
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    ItemState,
    LibraryChange,
)
from chrislib.library.ports import JobsPort, SessionPort, client_of
from chrislib.library.rows import entry_of, entry_row

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

_FIRST = 40
"""Entries that come with a list, so that the first page needs no second question."""
_ACCOUNT = "history.account"
_AT_ONCE = 3


class HistoryBook:
    """Lists, entries, what became of them, and what the server adds to them."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        library: LibraryPort,
        session: SessionPort,
        jobs: JobsPort,
    ) -> None:
        self._catalog = catalog
        self._library = library
        self._session = session
        self._jobs = jobs
        self._tasks = TaskOwner("history book")
        self._listeners: list[Callable[[], None]] = []
        self._uses = FeedUses()
        self._local = LocalEntries(library, catalog.history)
        self._reading: HistoryReading | None = None
        self._running: asyncio.Task[None] | None = None
        self._newest = False
        self._more = 0
        self._account = ""
        self._client: CubeClient | None = None
        self._looked: set[EntryId] = set()
        self._waiting: list[HistoryEntry] = []
        self._lookers = 0
        self._grown = 0
        self.state = BookState()
        self._leave: list[Callable[[], None]] = []

    @property
    def version(self) -> int:
        """Grows when lists have to be made again."""
        return self._grown + self._library.journal.version

    async def start(self) -> None:
        """Read what is known, and begin to read the server (disk)."""
        self._account = await self._catalog.settings_kv.get(_ACCOUNT) or ""
        await self._load_uses()
        self._leave = [
            self._library.subscribe(self._on_library),
            self._session.subscribe(self._on_session),
            self._jobs.subscribe(self._on_jobs),
            self._library.work_lists.subscribe(
                lambda _change: self._local.lists_soon()
            ),
        ]
        self._local.lists_soon()
        self._on_session()

    async def close(self) -> None:
        """Stop reading."""
        while self._leave:
            self._leave.pop()()
        await self._local.close()
        await self._tasks.close()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each change; returns how to stop that."""
        self._listeners.append(callback)

        def stop() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return stop

    # --- lists and entries ----------------------------------------------------

    async def listing(self, wanted: Wanted) -> HistoryListing:
        """Return the entries that fit, newest first, under their days (disk)."""
        kinds = tuple(kind.value for kind in KINDS.get(wanted.kind, ()))
        states = STATES.get(wanted.state, ())
        account = self._present_account()
        table = self._catalog.history
        found = await table.listing(HistoryFilter(account, kinds, states, wanted.text))
        total = len(found)
        if kinds or states or wanted.text.strip():
            total = await table.count(account)
        rows = await asyncio.to_thread(under_days, found)
        first = await self.entries([EntryId(one) for one, _ in found[:_FIRST]])
        return HistoryListing(rows=rows, shown=len(found), total=total, first=first)

    async def entries(self, ids: Sequence[EntryId]) -> dict[EntryId, HistoryEntry]:
        """Return entries by their ids, as they are now (disk)."""
        found: dict[EntryId, HistoryEntry] = {}
        strange = []
        for entry_id in ids:
            entry = self._library.journal.get(entry_id)
            if entry is None:
                strange.append(entry_id)
            else:
                found[entry_id] = entry
        if strange:
            for row in await self._catalog.history.rows(strange):
                entry = entry_of(row)
                found[entry.entry_id] = self._with_presence(entry)
        return found

    def live(self, entry_id: EntryId) -> HistoryEntry | None:
        """Return an entry of this computer's journal as it is at this moment."""
        return self._library.journal.get(entry_id)

    def feeds_of(self, entry: HistoryEntry) -> tuple[FeedUse, ...]:
        """Return the feeds that used what an entry brought, newest first."""
        own: set[object] = {entry.request.get("feed")}
        paths: list[str] = []
        for item_id in entry.item_ids:
            item = self._library.item(item_id)
            if item is not None:
                paths.append(item.path)
                own.add(item.feed_id)
        for key in ("folder", "path"):
            paths.append(str(entry.request.get(key) or ""))
        paths += _texts(entry.request.get("paths_there"))
        if not entry.item_ids:
            for uid in _texts(entry.request.get("series")):
                item = self._library.state_of_series(uid)
                if item is not None:
                    paths.append(item.path)
        return tuple(use for use in self._uses.of(paths) if use.feed_id not in own)

    def feeds_of_item(self, item: Item) -> tuple[FeedUse, ...]:
        """Return the feeds that used an item, newest first."""
        uses = self._uses.of([item.path])
        return tuple(use for use in uses if use.feed_id != item.feed_id)

    def look(self, entries: Iterable[HistoryEntry]) -> None:
        """Find out more about entries that are seen (network): counts, what is here."""
        if self._session.client is None:
            return
        for entry in entries:
            if entry.entry_id in self._looked or not entry.request.get("server"):
                continue
            self._looked.add(entry.entry_id)
            if entry.kind is EntryKind.LOOKUP:
                self._library.look_for(_texts(entry.request.get("studies")))
            elif entry.kind is EntryKind.UPLOAD and not entry.brought:
                self._waiting.append(entry)
        while self._waiting and self._lookers < _AT_ONCE:
            self._lookers += 1
            self._tasks.start(self._count(), name="count uploads")

    async def remove(self, ids: Sequence[EntryId]) -> None:
        """Take entries out of History (disk); `restore` brings them back.

        What they brought stays, here and on the server.
        """
        await self._library.journal.remove(ids, at=time.time())
        self._tell(grown=True)

    async def restore(self, ids: Sequence[EntryId]) -> None:
        """Bring removed entries back (disk)."""
        await self._library.journal.restore(ids)
        self._tell(grown=True)

    # --- again ----------------------------------------------------------------

    async def bring(self, entry: HistoryEntry) -> tuple[ItemId, ...]:
        """Return the items an entry brought, made where there are none (network, disk).

        Raises
        ------
        ChrislibError
            There is no connection, or nothing of it is on the server any more.
        """
        held = [one for one in entry.item_ids if self._library.item(one) is not None]
        if held:
            return tuple(held)
        try:
            items = await bring(client_of(self._session), entry, tag=self._account[:8])
        except Gone:
            gone = replace(entry, state="gone", state_text="Gone from server")
            await self._keep(gone)
            raise
        known = {item.path: item for item in await self._library.items() if item.path}
        kept = [known.get(item.path, item) for item in items]
        await self._library.keep(
            [item for item in kept if known.get(item.path) is not item]
        )
        ids = tuple(item.item_id for item in kept)
        await self._library.journal.put(replace(entry, item_ids=ids))
        self._tell(grown=True)
        return ids

    async def fetch_again(self, entry: HistoryEntry) -> Item:
        """Return the item of a reference entry, fetched once more if need be (network).

        Raises
        ------
        ChrislibError
            The server no longer offers it.
        """
        if entry.state == "ready" and entry.request.get("server"):
            await self.bring(entry)
        wanted = (entry.request.get("plugin"), entry.request.get("version"))
        offered = await self._library.references()
        for reference in offered:
            if (reference.plugin_name, reference.version) == wanted:
                return await self._library.fetch_reference(reference)
        raise ChrislibError(
            f"The server no longer offers “{entry.title}”.",
            "What was fetched before stays as it is.",
            hint="Look for another version in Reference Data.",
        )

    # --- reading the server ---------------------------------------------------

    def refresh(self) -> None:
        """Read what is new on the server (network)."""
        self._newest = True
        self._read()

    def read_on(self) -> None:
        """Read further back (network)."""
        if not self.state.complete:
            self._more = ENOUGH
            self._read()

    def _read(self) -> None:
        if self._reading is None or self._session.client is None:
            return
        if self._running is not None and not self._running.done():
            return  # it looks what is wanted before it ends
        self._set(reading=True, error=None)
        self._running = self._tasks.start(
            self._run(self._reading), name="read the server's memory"
        )

    async def _run(self, reading: HistoryReading) -> None:
        try:
            while (self._newest or self._more) and reading is self._reading:
                if self._newest:
                    self._newest = False
                    await reading.newest()
                    continue
                wanted, self._more = self._more, 0
                await reading.older(wanted)
        except ChrislibError as error:
            _log.info("the server's memory was not read: %s", error.title)
            self._newest, self._more = False, 0
            if reading is self._reading:
                self._set(error=error)
        finally:
            if reading is self._reading:
                self._set(reading=False)

    def _on_session(self) -> None:
        client = self._session.client
        if client is None or client.server is None:
            self._client = None
            self._set(connected=False, reading=False)
            return
        if client is self._client:
            return
        account = f"{client.server.uuid}|{client.username}"
        self._client, self._account = client, account
        self._set(connected=True, reading=True, error=None)
        self._tasks.start(self._connect(client, account), name="read the server")

    async def _connect(self, client: "CubeClient", account: str) -> None:
        # it loads the HTTP library, which waits for the first paint
        from chrislib.library.history_server import ServerHistory

        await self._catalog.settings_kv.set(_ACCOUNT, account)
        self._uses.clear()
        self._looked.clear()
        await self._load_uses()
        reading = HistoryReading(
            ServerHistory(client, account=account, delivers=self._library.delivers),
            client,
            account=account,
            catalog=self._catalog,
            jobs=self._jobs,
            uses=self._uses,
            tell=self._on_read,
        )
        await reading.load()
        if self._session.client is not client:
            return
        self._reading = reading
        self._on_read()
        if self._running is not None:
            self._running.cancel()
            self._running = None
        self._newest, self._more = True, ENOUGH
        self._read()

    async def _load_uses(self) -> None:
        rows = await self._catalog.history.inputs(self._account)
        self._uses.add(rows)

    def _on_read(self) -> None:
        if self._reading is not None:
            mark = self._reading.mark
            self._set(complete=mark.complete, since=mark.frontier)
        self._tell(grown=True)

    # --- inside ---------------------------------------------------------------

    def _present_account(self) -> str:
        client = self._session.client
        if client is None or client.server is None:
            return self._account
        return f"{client.server.uuid}|{client.username}"

    def _set(self, **changes: object) -> None:
        after = replace(self.state, **changes)  # type: ignore[arg-type]
        if after != self.state:
            self.state = after
            self._tell()

    def _tell(self, *, grown: bool = False) -> None:
        self._grown += grown
        for listener in tuple(self._listeners):
            listener()

    def _on_library(self, change: LibraryChange) -> None:
        self._local.note(change.items)
        if change.history or change.series:
            self._tell()

    def _on_jobs(self, changes: Sequence[JobChange]) -> None:
        rows = [
            row
            for change in changes
            if change.before is None or change.before.feed_id != change.after.feed_id
            for row in input_rows(self._account, change.after)
            if row.instance_id not in self._uses.instances
        ]
        if rows and self._account:
            self._uses.add(rows)
            self._tasks.start(
                self._catalog.history.put_inputs(rows), name="note what a feed takes"
            )
            self._tell()

    async def _keep(self, entry: HistoryEntry) -> None:
        """Keep what was found out about an entry (disk)."""
        if self._library.journal.get(entry.entry_id) is not None:
            await self._library.journal.put(entry)
            return
        row = entry_row(entry, account=self._account)
        await self._catalog.history.put_found(
            [(row, search_words(entry))], replace=True
        )
        self._tell(grown=True)

    async def _count(self) -> None:
        """Count the files of uploads that are seen (network)."""
        try:
            while self._waiting:
                entry = self._waiting.pop()
                client = self._session.client
                if client is None:
                    return
                try:
                    files = await client.files.count_below(str(entry.request["folder"]))
                except CubeError as error:
                    _log.info("an upload could not be counted: %s", error.title)
                    self._looked.discard(entry.entry_id)
                    return
                counted = replace(entry, brought=words.count(files, "file"))
                await self._keep(counted)
        finally:
            self._lookers -= 1

    def _with_presence(self, entry: HistoryEntry) -> HistoryEntry:
        """Say of a lookup of another computer how much of it is on the server."""
        series = _texts(entry.request.get("series"))
        if entry.kind is not EntryKind.LOOKUP or not series:
            return entry
        found = [self._library.state_of_series(uid) for uid in series]
        here = sum(1 for one in found if one and one.state is ItemState.READY)
        if not here:
            return entry
        brought = f"{here} of {words.series(len(series))} here"
        if here < len(series):
            return replace(entry, brought=brought)
        brought = f"{words.series(here)} here"
        return replace(entry, brought=brought, state="ready", state_text="Ready")


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []
