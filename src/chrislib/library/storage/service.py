"""Browse Files without a window: looking round, ticking, getting, putting."""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.aio import Breather, several
from chrislib.cube.errors import CubeError, Forbidden, NotFound
from chrislib.cube.folder_types import Thing
from chrislib.errors import ChrislibError
from chrislib.jobs.model import DownloadIntent, JobKey
from chrislib.library import words
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.library.names import clean
from chrislib.library.ports import JobsPort, SessionPort, client_of
from chrislib.library.storage import listing, rules
from chrislib.library.storage.access import Access
from chrislib.library.storage.changing import Changing
from chrislib.library.storage.labels import Labels
from chrislib.library.storage.listing import Batch, Branch
from chrislib.library.storage.model import (
    Entry,
    Leads,
    Place,
    entry_of,
    parent_of,
)
from chrislib.library.storage.names import path_typed
from chrislib.library.storage.ports import LibraryPort
from chrislib.library.storage.putting import put_plan

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

_ROOTS = {
    "home": "home",
    "SHARED": "Shared with me",
    "SERVICES/PACS": "PACS",
    "PUBLIC": "Public",
    "PIPELINES": "Pipelines",
}
_PREFIX = "files-"
_COUNTED = 1000
"""Files of a ticked folder that are counted; more are "over 1,000"."""
_AT_ONCE = 4


class StorageService:
    """The server's storage: everything Browse Files does.

    Parameters
    ----------
    session : SessionPort
        The present connection; may have none.
    jobs : JobsPort
        Carries out uploads and downloads.
    library : LibraryPort
        Holds what is ticked.
    """

    def __init__(
        self, *, session: SessionPort, jobs: JobsPort, library: LibraryPort
    ) -> None:
        self._session = session
        self._jobs = jobs
        self._library = library
        self._labels = Labels(_ROOTS)
        self._account = ""
        self.changing = Changing(self._client)
        self.access = Access(self._client)

    @property
    def username(self) -> str:
        """Who is signed in, "" for nobody."""
        client = self._session.client
        return client.username if client is not None else ""

    @property
    def home(self) -> str:
        """The person's own folder, "" without a connection."""
        return f"home/{self.username}" if self.username else ""

    # --- looking --------------------------------------------------------------

    async def roots(self) -> tuple[Entry, ...]:
        """Return the folders at the top that this account sees (network).

        Where a server hides the folder of all homes, the person's own is one of them.
        """
        api = self._client().folders
        found = await several(list(_ROOTS), api.at, at_once=len(_ROOTS))
        if found[0] is None:
            found[0] = await api.at(self.home)
        return tuple(self._entry(thing) for thing in found if thing is not None)

    async def place(self, path: str) -> Place:
        """Return the folder that a typed path leads to (network).

        The path of a file or link leads to its folder, where it is to be highlighted.

        Raises
        ------
        ChrislibError
            There is nothing, or nothing that this account may see.
        """
        api = self._client().folders
        wanted = path_typed(path)
        try:
            thing = await api.at(wanted)
            if thing is not None:
                return Place(self._entry(thing))
            parent = await api.at(parent_of(wanted)) if wanted else None
        except Forbidden:
            parent = None
        if parent is None or not parent.path:
            raise ChrislibError(
                "There is nothing at this path.",
                "It does not exist, or it is not open to this account.",
                hint="Check the path, or start from your home folder.",
            )
        return Place(self._entry(parent), wanted.rpartition("/")[2])

    def branch(self, entry: Entry) -> Branch:
        """Return the reader of a folder's folders, for the tree."""
        return Branch(
            self._client().folders,
            _folder_id(entry),
            labels=lambda: self._labels.known,
        )

    def contents(self, entry: Entry) -> AsyncIterator[Batch]:
        """Iterate over everything in a folder as it arrives (network)."""
        return listing.contents(
            self._client().folders,
            _folder_id(entry),
            labels=lambda: self._labels.known,
        )

    async def learn(self, path: str) -> bool:
        """Learn what feeds and nodes in a folder are called (network).

        Returns whether there is something new; see `label`.
        """
        return await self._labels.learn(self._client(), path)

    def label(self, path: str) -> str:
        """Return what a folder is called on screen."""
        if path in _ROOTS:
            return _ROOTS[path]
        name = path.rpartition("/")[2]
        return self._labels.known.get(path) or clean(name) or "Storage"

    def relabeled(self, entry: Entry) -> Entry:
        """Return an entry by the name that is known now."""
        known = self._labels.known.get(entry.thing.path)
        return replace(entry, label=known) if known else entry

    def forget_labels(self) -> None:
        """Ask again what feeds are called."""
        self._labels.forget()

    async def resolve(self, entry: Entry) -> Entry:
        """Return a link with what its target really is (network).

        The server names targets that are gone since, or not open to this account.
        """
        if not entry.is_link or entry.leads is Leads.NOWHERE:
            return entry
        kind = entry.thing.target_kind
        try:
            if kind == "" or entry.thing.target_id is None:
                return entry
            target = await self._client().folders.get(kind, entry.thing.target_id)
        except NotFound:
            return replace(
                entry, thing=replace(entry.thing, target_kind="", target_id=None)
            )
        except Forbidden:
            return replace(entry, closed=True)
        return replace(entry, size=target.size, closed=False)

    async def resolve_all(
        self, entries: Sequence[Entry], told: Callable[[Entry], None]
    ) -> None:
        """Look at the targets of links, a few at a time (network)."""

        async def one(entry: Entry) -> None:
            found = await self.resolve(entry)
            if found != entry:
                told(found)

        try:
            await several(entries, one, at_once=_AT_ONCE)
        except CubeError as trouble:
            # what they stand for shows when they are opened
            _log.info("links were not looked at: %s", trouble.title)

    # --- the tray -------------------------------------------------------------

    def ticked(self) -> frozenset[str]:
        """Return the paths of what is in the tray."""
        return frozenset(item.path for item in self._library.tray.items() if item.path)

    async def tick(self, entries: Iterable[Entry]) -> None:
        """Put entries into the tray, each once (disk).

        Raises
        ------
        ChrislibError
            One of them stands for nothing, or is no data: home folders and the like.
        """
        known, breather = self.ticked(), Breather()
        items: dict[str, Item] = {}
        for entry in entries:
            await breather.rest()
            # links may stand for one and the same thing
            if entry.path in known or entry.path in items:
                continue
            problem = tick_problem(entry)
            if problem:
                raise ChrislibError(
                    f"“{entry.label}” cannot be used for a feed.",
                    "It was not ticked.",
                    hint=problem,
                )
            items[entry.path] = self._item(entry)
        await self._library.keep(list(items.values()))
        self._library.tray.add(*(item.item_id for item in items.values()))

    async def untick(self, entries: Iterable[Entry]) -> None:
        """Take entries out of the tray (disk)."""
        paths = {entry.path for entry in entries}
        gone = [item for item in self._library.tray.items() if item.path in paths]
        self._library.tray.remove(*(item.item_id for item in gone))
        await self._library.forget(
            item.item_id for item in gone if item.item_id.startswith(_PREFIX)
        )

    async def offer(self, entries: Iterable[Entry]) -> None:
        """Make entries known to the Library, so that a tray can take them (disk)."""
        known, usable = self.ticked(), [e for e in entries if not tick_problem(e)]
        await self._library.keep(
            [self._item(entry) for entry in usable if entry.path not in known]
        )

    async def withdraw(self, entries: Iterable[Entry]) -> None:
        """Forget entries that were offered and not taken (disk)."""
        ids = [self._item_id(entry.path) for entry in entries]
        await self._library.forget(
            one
            for one in ids
            if one not in self._library.tray and self._library.item(one) is not None
        )

    async def count_ticked(self, entry: Entry) -> None:
        """Find out how much a ticked folder holds, for the tray (network, disk)."""
        item = self._library.item(self._item_id(entry.path))
        if item is None or entry.leads is not Leads.FOLDER:
            return
        weight = await self.changing.weigh([entry], most=_COUNTED)
        if weight.at_least or self._library.item(item.item_id) is None:
            return
        await self._library.keep([replace(item, images=weight.files, size=weight.size)])

    def item_of(self, entry: Entry) -> Item:
        """Return an entry as the viewer and the feeds know things."""
        return self._item(entry)

    # --- to and from this computer ----------------------------------------------

    async def download(self, entries: Sequence[Entry], folder: Path) -> JobKey:
        """Save files and folders below `folder`, links followed (disk, network).

        Raises
        ------
        ChrislibError
            There is nothing to save, or nothing is connected.
        """
        useful = [entry for entry in entries if entry.leads is not Leads.NOWHERE]
        if not useful:
            raise ChrislibError(
                "There is nothing to save.",
                "What these links stand for is gone from the server.",
            )
        self._client()
        title = (
            useful[0].label
            if len(useful) == 1
            else words.count(len(useful), "entry", "entries")
        )
        return await self._jobs.submit(
            DownloadIntent(
                sources=tuple(dict.fromkeys(entry.path for entry in useful)),
                folder=str(folder),
                title=title,
            )
        )

    async def put(self, paths: Sequence[Path], folder: Entry) -> tuple[JobKey, int]:
        """Send files and folders of this computer into a folder (disk, network).

        Nothing is written over: what has a name that is taken gets another one.

        Returns
        -------
        tuple
            The job, and how many files got another name.

        Raises
        ------
        ChrislibError
            Nothing may be put there, there is nothing to send, or this server only
            gets de-identified files.
        """
        problem = rules.creation_refusal(folder)
        if problem:
            raise ChrislibError(
                "Files cannot be put here.", "Nothing was sent.", hint=problem
            )
        if self._library.deidentification.required:
            raise ChrislibError(
                "This server only gets de-identified files.",
                "The settings of chrislib say so. Nothing was sent.",
                hint="Use Upload Data, which de-identifies them first.",
            )
        taken = await self.changing.names_in(_folder_id(folder))
        plan = await asyncio.to_thread(
            put_plan, list(paths), folder=folder.path, taken=taken
        )
        return await self._jobs.submit(plan.intent), plan.renamed

    # --- inside -----------------------------------------------------------------

    def _client(self) -> "CubeClient":
        client = client_of(self._session)
        account = f"{client.base_url}|{client.username}"
        if account != self._account:
            # another server: its numbers mean other things
            self._account = account
            self._labels.forget()
        return client

    def _entry(self, thing: Thing) -> Entry:
        entry = entry_of(thing, self._labels.known)
        label = _ROOTS.get(thing.path)
        return replace(entry, label=label) if label else entry

    def _item_id(self, path: str) -> ItemId:
        client = self._session.client
        uuid = client.server.uuid if client is not None and client.server else ""
        digest = hashlib.sha256(f"{uuid}|{path}".encode()).hexdigest()
        return ItemId(_PREFIX + digest[:24])

    def _item(self, entry: Entry) -> Item:
        path = entry.path
        feed = rules.feed_of(path)
        files = 1 if entry.leads is Leads.FILE else None
        return Item(
            item_id=self._item_id(path),
            source=Source.FILES,
            title=entry.label,
            state=ItemState.READY,
            path=path,
            detail=self._whose(path),
            images=files,
            size=entry.size,
            feed_id=feed,
            instance_id=rules.node_of(path),
            added_at=time.time(),
        )

    def _whose(self, path: str) -> str:
        """Return what something belongs to: its node, its feed, or its folder."""
        above = parent_of(path)
        while above and above.rpartition("/")[2] == "data":
            above = parent_of(above)
        if rules.feed_of(path) is not None:
            while above and above not in self._labels.known:
                if rules.is_structure(above):
                    break
                above = parent_of(above)
        return self.label(above)


def tick_problem(entry: Entry) -> str:
    """Return why an entry is no data for a feed; "" when it is (cube-api.md §6)."""
    if entry.leads is Leads.NOWHERE:
        return "What it stands for is gone from the server."
    if entry.closed:
        return "What it stands for is not open to this account."
    parts = entry.path.split("/")
    if parts[0] not in ("home", "SERVICES", "PIPELINES") or len(parts) < 2:
        return "Choose something inside of it."
    if parts[0] == "home" and (len(parts) == 2 or parts[2:] == ["feeds"]):
        return "Choose something inside of it."
    if "," in entry.path:
        return "Its path has a comma, which the server takes for two paths."
    return ""


def _folder_id(entry: Entry) -> int:
    if entry.folder_id is None:
        raise ChrislibError(
            f"“{entry.label}” is no folder.", hint="Open what it lies in."
        )
    return entry.folder_id
