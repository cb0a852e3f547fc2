"""The Library's verbs: look up, pull, scan, upload, fetch, open, and the tray."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from chrislib.catalog.catalog import Catalog
from chrislib.cube.errors import NotFound
from chrislib.errors import ChrislibError
from chrislib.jobs.model import JobKey, Progress
from chrislib.library import criteria as asked
from chrislib.library.changes import Changes
from chrislib.library.conflicts import decided
from chrislib.library.deidentify.model import Choice, choice_of
from chrislib.library.deidentify.service import Deidentification
from chrislib.library.entries import decisions_of, paths_of
from chrislib.library.fetches import Fetches, fetched
from chrislib.library.follow import Follower
from chrislib.library.history import History
from chrislib.library.intake import Intake
from chrislib.library.items import Items
from chrislib.library.lookups import Lookups
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    ItemState,
    LibraryChange,
    LocalScan,
    OpenedItem,
    Reference,
    Source,
)
from chrislib.library.opening import fetch_files, fetch_sample
from chrislib.library.ports import (
    JobsPort,
    SessionPort,
    account_of,
    client_of,
    pacs_of,
)
from chrislib.library.presence import Presence
from chrislib.library.pull import Found, Puller
from chrislib.library.references import References
from chrislib.library.references_memory import ReferenceMemory
from chrislib.library.searches import SavedSearches
from chrislib.library.sending import Sender
from chrislib.library.servers import Servers
from chrislib.library.thumbnails.makers import Makers
from chrislib.library.tray import Tray
from chrislib.library.uploads import UploadRun, upload_runs
from chrislib.library.worklist.service import WorkLists
from chrislib.pacs.types import Criteria, FoundPatient, LookupResult


class LibraryService:
    """Everything the Library pane does, without a window.

    Parameters
    ----------
    catalog : Catalog
        Open; keeps items, history and the tray.
    jobs : JobsPort
        Carries out pulls, uploads and fetches.
    session : SessionPort
        The present connection; may have none.
    deidentified_only : callable
        Whether the present server only gets de-identified files.
    pictures : Makers, optional
        Makes small pictures of what is about to be sent.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        jobs: JobsPort,
        session: SessionPort,
        deidentified_only: Callable[[], bool] = lambda: False,
        pictures: Makers | None = None,
    ) -> None:
        self._jobs = jobs
        self._session = session
        self._changes = Changes()
        self._items = Items(catalog.items, changes=self._changes, account=self._account)
        self._history = History(
            catalog.history,
            item=self._items.get,
            progress=self._progress,
            changes=self._changes,
            account=self._account,
        )
        self.intake = Intake(
            folder=catalog.folder / "unpacked", jobs=jobs, pictures=pictures
        )
        self._follower = Follower(items=self._items, jobs=jobs, session=session)
        self._presence = Presence(
            client=lambda: session.client, tell=self._changes.tell
        )
        self._puller = Puller(
            items=self._items,
            jobs=jobs,
            follower=self._follower,
            present=self._presence.item,
        )
        self._references = References(
            items=self._items,
            session=session,
            follower=self._follower,
            known=lambda: fetched(self._history, self._items),
            memory=ReferenceMemory(
                catalog.settings_kv, server=lambda: self._account().partition("|")[0]
            ),
        )
        self._fetches = Fetches(
            references=self._references, history=self._history, items=self._items
        )
        self._lookups = Lookups(history=self._history, session=session)
        self._servers = Servers(
            catalog.accounts,
            session=session,
            account=self._account,
            account_of=self._items.account_of,
        )
        self.tray = Tray(
            catalog.settings_kv,
            item=self._items.get,
            changes=self._changes,
            elsewhere=self._servers.elsewhere,
        )
        self.searches = SavedSearches(catalog.searches, account=self._account)
        self.work_lists = WorkLists(
            catalog.work_lists,
            lookup=lambda wanted: pacs_of(session).lookup(wanted, passing=True),
            item=self.state_of_series,
            pull=self.pull,
            changes=self._changes,
            account=self._account,
        )
        self.deidentification = Deidentification(
            catalog.deidentify,
            catalog.settings_kv,
            account=self._account,
            required=deidentified_only,
        )
        self._sender = Sender(
            items=self._items,
            history=self._history,
            session=session,
            follower=self._follower,
            deidentification=self.deidentification,
        )
        self._changes.subscribe(self._follow_history)
        self._shown_account = self._account()
        self._leave = session.subscribe(self._on_session)

    async def start(self) -> None:
        """Load what is known and bring it up to the jobs (disk; no server needed)."""
        await self._servers.load()
        await self._items.load()
        await self._history.load()
        await self.searches.load()
        await self.work_lists.load()
        await self.tray.load()
        unticked = [
            item.item_id
            for item in self._items.all()
            if (item.state is ItemState.WANTED or item.source is Source.FILES)
            and item.item_id not in self.tray
        ]
        if unticked:  # ticked once, never asked for: nothing to keep
            await self._items.forget(unticked)
        self._follower.reconcile()
        self._history.follow(self._items.all())
        self.work_lists.go_on()

    async def stop(self) -> None:
        """Stop following and write what is not written yet (disk)."""
        self._leave()
        self._leave = _nothing
        await self.work_lists.close()
        await self._presence.close()
        await self._follower.close()
        await self.intake.close()
        await self.tray.close()
        await self._items.close()
        await self._history.close()

    def subscribe(
        self, callback: Callable[[LibraryChange], None]
    ) -> Callable[[], None]:
        """Call `callback` after each change; returns how to stop that."""
        return self._changes.subscribe(callback)

    # --- PACS -----------------------------------------------------------------

    async def archives(self) -> tuple[str, ...]:
        """Return the PACS that can be asked (network)."""
        return await pacs_of(self._session).archives()

    async def lookup(
        self,
        criteria: Criteria,
        *,
        found: Callable[[tuple[FoundPatient, ...]], None] | None = None,
        opened: Callable[[EntryId], None] | None = None,
    ) -> LookupResult:
        """Ask the PACS and note it in History (network, disk).

        Parameters
        ----------
        criteria : Criteria
            Checked first: nothing is sent that would match the whole PACS.
        found : callable, optional
            Gets what is found so far, as it comes.
        opened : callable, optional
            Gets the id of the History entry as soon as there is one; `pull` takes it.

        Raises
        ------
        ChrislibError
            The criteria are refused, nobody answered, or it is not allowed. A PACS
            that does not answer beside others that do is in the result instead.
        """
        return await self._lookups.ask(criteria, found=found, opened=opened)

    async def want(self, series: Sequence[Found]) -> list[Item]:
        """Return the items of found series, made where there is none (disk)."""
        return await self._puller.want(series)

    async def pull(
        self, series: Sequence[Found], *, entry_id: EntryId | None = None
    ) -> list[Item]:
        """Bring series into the Library, each by a job (disk; sent in the background).

        What is here or on the way is not asked for again.
        """
        items = await self._puller.want(series)
        if entry_id is not None:
            await self._history.add_items(entry_id, (item.item_id for item in items))
        return await self.bring([item.item_id for item in items])

    async def bring(self, ids: Iterable[ItemId]) -> list[Item]:
        """Ask for every PACS item among `ids` that is not here yet (disk)."""
        return await self._puller.bring(ids)

    async def retry(self, item_id: ItemId) -> Item | None:
        """Continue what stopped: a pull or upload with what is missing (disk)."""
        item = self._items.get(item_id)
        if item is None:
            return None
        if item.source is Source.PACS:
            return (await self.bring([item_id]))[0]
        if item.job_key:
            key = await self._jobs.retry(JobKey(item.job_key))
            for one in self._items.all():
                if one.job_key == item.job_key:
                    self._items.put([replace(one, job_key=key)])
            job = self._jobs.get(key)
            now = self._items.get(item_id)
            if job is not None and now is not None:
                self._follower.adopt(now, job)
        return self._items.get(item_id)

    async def cancel(self, item_id: ItemId) -> None:
        """Stop bringing an item (network); what arrived stays on the server."""
        item = self._items.get(item_id)
        if item is not None and item.job_key:
            await self._jobs.cancel(JobKey(item.job_key))

    # --- upload ---------------------------------------------------------------

    async def scan(
        self,
        paths: Sequence[Path],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> LocalScan:
        """Read what files, folders and archives contain (disk); see `Intake.scan`."""
        return await self.intake.scan(paths, progress=progress)

    async def upload(
        self, found: LocalScan, *, title: str = "", deidentify: Choice | None = None
    ) -> list[Item]:
        """Send the files of a scan to a new folder of the user (disk, network).

        Parameters
        ----------
        found : LocalScan
            What is sent.
        title : str
            Its name, also of the folder on the server.
        deidentify : Choice, optional
            Change DICOM files so before they leave this computer.

        Raises
        ------
        ChrislibError
            There is nothing to send, no connection, or it must not be sent this way.
        """
        return await self._sender.send(found, title=title, deidentify=deidentify)

    def uploads(self) -> list[UploadRun]:
        """Return the uploads the job manager knows, newest first."""
        return upload_runs(self._jobs.jobs())

    # --- reference data -------------------------------------------------------

    async def references(self) -> list[Reference]:
        """Return the reference data of the server (network)."""
        return await self._references.list()

    async def fetch_reference(self, reference: Reference) -> Item:
        """Return a reference's item: the fetched one, or one on its way (network)."""
        return await self._fetches.fetch(reference)

    @property
    def sources(self) -> References:
        """What is said and remembered of reference data."""
        return self._references

    async def delivers(self, name: str, version: str) -> bool:
        """Whether a plugin brings reference data (network)."""
        return await self._references.delivers(name, version)

    # --- history and items ----------------------------------------------------

    @property
    def journal(self) -> History:
        """What was asked on this computer."""
        return self._history

    async def history(self) -> list[HistoryEntry]:
        """Return what was asked, newest first."""
        return self._history.all()

    def entry(self, entry_id: EntryId) -> HistoryEntry | None:
        """Return one History entry."""
        return self._history.get(entry_id)

    async def again(self, entry_id: EntryId) -> None:
        """Repeat a History entry with the same request (network, disk).

        Raises
        ------
        ChrislibError
            It cannot be repeated, in words.
        """
        entry = self._history.get(entry_id)
        if entry is None:
            raise ChrislibError("This entry is gone from History.")
        if entry.kind is EntryKind.LOOKUP:
            await self.lookup(asked.from_request(entry.request))
        elif entry.kind is EntryKind.UPLOAD:
            found = decided(await self.scan(paths_of(entry)), decisions_of(entry))
            try:
                await self.upload(
                    found, title=entry.title, deidentify=choice_of(entry.request)
                )
            finally:
                self.intake.put_away(found)
        else:
            wanted = (entry.request.get("plugin"), entry.request.get("version"))
            for reference in await self.references():
                if (reference.plugin_name, reference.version) == wanted:
                    await self.fetch_reference(reference)
                    return
            raise ChrislibError(
                f"The server no longer offers “{entry.title}”.",
                "What was fetched before stays as it is.",
                hint="Look for another version in Reference Data.",
            )

    async def items(self) -> list[Item]:
        """Return every item, newest first."""
        return list(self._items.all())

    def item(self, item_id: ItemId) -> Item | None:
        """Return one item."""
        return self._items.get(item_id)

    def state_of_series(self, series_uid: str) -> Item | None:
        """Return the item of a series, if the Library knows it."""
        return self._items.of_series(series_uid) or self._presence.item(series_uid)

    def look_for(self, study_uids: Iterable[str]) -> None:
        """Find out soon which series of studies the server has (network)."""
        self._presence.look(study_uids)

    async def keep(self, items: Iterable[Item]) -> None:
        """Take over items that came another way, and write them (disk)."""
        await self._items.save(items)

    async def forget(self, ids: Iterable[ItemId]) -> None:
        """Take items out of the Library (disk); the server keeps its files."""
        gone = list(ids)
        self.tray.remove(*gone)
        await self._items.forget(gone)

    async def open_item(
        self,
        item: Item,
        *,
        cache: Path,
        progress: Callable[[int, int], None] | None = None,
    ) -> OpenedItem:
        """Bring an item's files to this computer for the viewer (network, disk).

        Raises
        ------
        ChrislibError
            It is not ready, or holds no files.
        """
        client = client_of(self._session)
        try:
            return await fetch_files(client, item, folder=cache, progress=progress)
        except NotFound as error:
            gone = replace(item, state=ItemState.GONE)
            await self._items.save([gone])
            raise ChrislibError(
                f"“{item.title}” is gone from the server.",
                "Somebody deleted its files there. What was fetched before stays here.",
                hint="Bring it in again.",
            ) from error

    async def sample_file(self, item: Item, *, cache: Path) -> Path | None:
        """Bring one file that speaks for an item, for a thumbnail (network, disk)."""
        client = client_of(self._session)
        return await fetch_sample(client, item, folder=cache / "samples")

    # --- inside ---------------------------------------------------------------

    def _account(self) -> str:
        return account_of(self._session)

    def _on_session(self) -> None:
        account = self._account()
        if account != self._shown_account:
            # another user or server: other items and another history are shown
            self._shown_account = account
            self._servers.note()
            self._presence.forget()
            everything = self._items.all()
            self._changes.tell(LibraryChange(everything, history=True, tray=True))
        if self._session.client is not None:
            self.work_lists.go_on()

    def _progress(self, job_key: str) -> Progress | None:
        job = self._jobs.get(JobKey(job_key))
        return job.progress if job is not None else None

    def _follow_history(self, change: LibraryChange) -> None:
        if change.items and self._history.follow(change.items):
            self._changes.tell(LibraryChange(history=True))


def _nothing() -> None:
    """Stand for a subscription that has ended."""
