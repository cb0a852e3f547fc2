"""My Library's verbs: lists, rows, marks, collections, undo, and local folders."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.catalog.mine_rules import BadRule
from chrislib.errors import ChrislibError
from chrislib.jobs.model import Job, JobChange, RunIntent, WorkflowIntent
from chrislib.library.indexing.indexer import Indexer
from chrislib.library.mine.editing import Editing
from chrislib.library.mine.filters import (
    bad_rule,
    facet_wishes,
    facets_of,
    row_of,
    wish_of,
)
from chrislib.library.mine.imports import Imports
from chrislib.library.mine.model import (
    PREVIOUS,
    QUICK,
    Column,
    Counts,
    Facets,
    Filters,
    Import,
    ImportState,
    Level,
    Listing,
    LocalFile,
    MineChange,
    Query,
    Row,
    RowId,
    Sort,
)
from chrislib.library.model import ItemId, LibraryChange
from chrislib.library.ports import account_of

if TYPE_CHECKING:
    from array import array

    from chrislib.catalog.catalog import Catalog
    from chrislib.catalog.mine_pages import Page
    from chrislib.library.ports import JobsPort, SessionPort
    from chrislib.library.service import LibraryService

_log = logging.getLogger(__name__)

_GAP = 0.3
"""Seconds between two times that what changed is brought over."""
_MOST_WORDS = 80
_ABOVE = (Level.PATIENT, Level.STUDY)


class MyLibrary(Editing):
    """Everything the user has, as lists of ids and pages of rows.

    Every question runs on the catalog's threads; nothing here blocks the caller.

    Parameters
    ----------
    catalog : Catalog
        Open.
    library : LibraryService
        Says how library items are right now.
    jobs : JobsPort
        Says which feeds used what.
    session : SessionPort
        Whose items are seen.
    processes : int, optional
        How many processes read local files; 0 reads in this one.
    """

    def __init__(
        self,
        *,
        catalog: "Catalog",
        library: "LibraryService",
        jobs: "JobsPort",
        session: "SessionPort",
        processes: int | None = None,
    ) -> None:
        super().__init__(catalog.mine, account=account_of(session))
        self._items = catalog.items
        self._index = catalog.index
        self._library = library
        self._jobs = jobs
        self._session = session
        self._stops: list[Callable[[], None]] = []
        self._woken = asyncio.Event()
        self._uses: list[tuple[str, int]] = []
        self._indexer = Indexer(catalog.index, processes=processes)
        self._imports = Imports(self._indexer, tell=self._on_imports)

    async def start(self) -> None:
        """Begin to follow the Library and finish what was cut off (disk)."""
        self._account = account_of(self._session)
        self._items.on_written.append(self._woken.set)
        self._stops = [
            lambda: self._items.on_written.remove(self._woken.set),
            self._library.subscribe(self._on_library),
            self._session.subscribe(self._on_session),
            self._jobs.subscribe(self._on_jobs),
        ]
        self._note_uses(self._jobs.jobs())
        self._woken.set()
        self._tasks.start(self._follow(), name="follow")
        self._tasks.start(self._resume(), name="go on reading")

    async def stop(self) -> None:
        """Stop following and reading folders (disk)."""
        while self._stops:
            self._stops.pop()()
        await self._imports.close()
        await self._tasks.close()

    # --- lists ----------------------------------------------------------------

    async def listing(self, query: Query, *, near: int = 0, most: int = 0) -> Listing:
        """Return the ids of a list, in order, and some rows of it (disk).

        Parameters
        ----------
        query : Query
        near, most : int
            Also `most` rows around this place of the list.

        Raises
        ------
        ChrislibError
            A rule has no meaning.
        """
        try:
            ids, found = await self._table.ids(
                wish_of(query), account=self._account, near=near, most=most
            )
        except BadRule as error:
            raise bad_rule(error) from error
        return self._listed(query, ids, found)

    async def narrowed(
        self, query: Query, among: "array[int]", *, near: int = 0, most: int = 0
    ) -> Listing:
        """Return those of a list that have the words of `query` (disk).

        Parameters
        ----------
        query : Query
            Of series or data items.
        among : array of int
            What the same query without words had.
        """
        ids, found = await self._table.narrowed(
            query.filters.text, among, account=self._account, near=near, most=most
        )
        return self._listed(query, ids, found)

    def _listed(self, query: Query, ids: "array[int]", found: "Page") -> Listing:
        item = self._library.item
        rows = [row_of(query.level, one, item=item) for one in found.values()]
        return Listing(query, ids, {row.row_id: row for row in rows})  # type: ignore[arg-type] # RowId is int

    async def head(self, query: Query, most: int) -> tuple[list[RowId], int]:
        """Return the first ids of a list, and how many it has (disk).

        Quick where nothing is filtered: what is first painted needs no more.
        """
        try:
            ids, number = await self._table.head(
                wish_of(query), most, account=self._account
            )
        except BadRule as error:
            raise bad_rule(error) from error
        return [RowId(one) for one in ids], number

    async def rows(
        self, ids: Sequence[RowId], level: Level = Level.ALL
    ) -> dict[RowId, Row]:
        """Return rows by id (disk); ids of rows that are gone are left out."""
        if level in _ABOVE:
            found = await self._table.above(level.value, ids, account=self._account)
        else:
            found = await self._table.rows(ids, account=self._account)
        item = self._library.item
        rows = (row_of(level, found[one], item=item) for one in ids if one in found)
        return {row.row_id: row for row in rows}

    async def children(self, level: Level, row_id: RowId) -> list[RowId]:
        """Return the studies of a patient, newest first, or the series of a study."""
        if level is Level.PATIENT:
            query = Query(Level.STUDY, Filters(patient=row_id), Sort())
        else:
            query = Query(
                Level.SERIES, Filters(study=row_id), Sort(Column.NUMBER, False)
            )
        return list((await self.listing(query)).ids)

    async def series_below(self, level: Level, ids: Iterable[RowId]) -> list[RowId]:
        """Return the series of patients or studies; of other rows themselves (disk)."""
        found = await self._table.below(level.value, ids, account=self._account)
        return [RowId(one) for one in found]

    async def row_of_item(self, item_id: ItemId) -> RowId | None:
        """Return the row that a library item is part of (disk)."""
        found = await self._table.row_of_item(item_id)
        return None if found is None else RowId(found)

    async def files(self, row_id: RowId) -> list[LocalFile]:
        """Return the files of a series on this computer, in order (disk)."""
        found = [
            LocalFile(Path(os.fsdecode(path)), number, place, frames)
            for path, number, place, frames in await self._table.files(row_id)
        ]
        if all(one.place is not None for one in found):
            found.sort(key=lambda one: (one.place or 0.0, one.number or 0))
        return found

    async def feeds(self, row_id: RowId) -> list[int]:
        """Return the ids of the feeds that used a series or data item (disk)."""
        return await self._table.feeds(row_id, account=self._account)

    async def counts(self) -> Counts:
        """Return how much there is (disk)."""
        found = await self._table.counts(account=self._account)
        return Counts(
            all=found["all"],
            patients=found["patient"],
            studies=found["study"],
            series=found["series"],
            data=found["data"],
            previous=found[PREVIOUS],
            quick=found[QUICK],
        )

    async def facets(self, filters: Filters, level: Level = Level.ALL) -> Facets:
        """Return the values that occur among what filters let pass (disk).

        Raises
        ------
        ChrislibError
            A rule has no meaning.
        """
        wishes = facet_wishes(filters, level)
        try:
            found = await self._table.facets(wishes, account=self._account)
        except BadRule as error:
            raise bad_rule(error) from error
        return facets_of(found)

    async def keywords(self) -> list[tuple[str, int]]:
        """Return all keywords and how often they are used, most used first (disk)."""
        return await self._table.keywords()

    # --- local folders --------------------------------------------------------

    @property
    def imports(self) -> tuple[Import, ...]:
        """Folders that are read now or were since the start, newest first."""
        return self._imports.all

    def bring_in(self, paths: Iterable[Path]) -> list[int]:
        """Have folders or files read in the background (disk, processes).

        Returns
        -------
        list of int
            Numbers of the imports.
        """
        return self._imports.add(Path(os.path.abspath(path)) for path in paths)

    def cancel_import(self, number: int) -> None:
        """Stop reading a folder; what was read stays."""
        self._imports.cancel(number)

    async def folders(self) -> list[Path]:
        """Return the folders that were brought in (disk)."""
        roots = await self._index.roots()
        return [Path(os.fsdecode(root.path)) for root in roots]

    async def forget_folder(self, root: Path) -> None:
        """Take a folder's series out of My Library (disk); its files stay."""
        await self._indexer.forget(root)
        self._woken.set()

    # --- following ------------------------------------------------------------

    async def _follow(self) -> None:
        """Bring over what changes, some times a second at most."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self.catch_up()
            except ChrislibError as error:
                # another process writes, or the disk is full: the next change asks
                _log.info("my library could not be brought up: %s", error.title)
            await asyncio.sleep(_GAP)

    async def catch_up(self) -> None:
        """Bring over everything that changed until now, and tell (disk)."""
        rows: set[int] = set()
        uses, self._uses = self._uses, []
        try:
            if uses:
                rows |= await self._table.use(uses)
                uses = []
            left = True
            while left:
                caught = await self._table.catch_up()
                left = caught.left
                rows |= caught.rows
        finally:
            self._uses += uses
        if rows:
            some = frozenset(RowId(one) for one in rows)
            self._tell(MineChange(lists=True, rows=some))
        await self._read_collections()

    async def _resume(self) -> None:
        """Go on with folders whose reading was cut off (disk, processes)."""
        roots = await self._indexer.unfinished()
        if roots:
            self.bring_in(roots)

    def _on_imports(self) -> None:
        self._tell(MineChange(imports=True))
        if any(one.state is not ImportState.WAITING for one in self._imports.all):
            self._woken.set()

    def _on_library(self, change: LibraryChange) -> None:
        if change.items:
            ids = frozenset(item.item_id for item in change.items)
            self._tell(MineChange(items=ids))

    def _on_session(self) -> None:
        account = account_of(self._session)
        if account != self._account:
            self._account = account
            self._log.clear()
            self._tell(MineChange(lists=True, everything=True, undo=True))
            self._tasks.start(self._read_collections(), name="collections")

    def _on_jobs(self, changes: Sequence[JobChange]) -> None:
        self._note_uses(change.after for change in changes)

    def _note_uses(self, jobs: Iterable[Job]) -> None:
        """Note which items went into which feeds."""
        found: list[tuple[str, int]] = []
        for job in jobs:
            intent, feed_id = job.intent, job.feed_id
            if feed_id is None or not isinstance(intent, RunIntent | WorkflowIntent):
                continue
            for one in intent.item_ids:
                item = self._library.item(ItemId(one))
                if item is None or item.job_key != job.key:  # else it brought it
                    found.append((one, int(feed_id)))
        if found:
            self._uses += found
            self._woken.set()
