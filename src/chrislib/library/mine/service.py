"""My Library's verbs: lists, rows, marks, collections, undo, and local folders."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.library.mine.model import (
    Collection,
    CollectionId,
    Counts,
    Facets,
    Filters,
    Group,
    Import,
    Level,
    Listener,
    Listing,
    LocalFile,
    Mark,
    Query,
    Row,
    RowId,
)
from chrislib.library.model import ItemId

if TYPE_CHECKING:
    from chrislib.catalog.catalog import Catalog
    from chrislib.library.ports import JobsPort
    from chrislib.library.service import LibraryService


class MyLibrary:
    """Everything the user has, as lists of ids and pages of rows.

    Every question runs on the catalog's threads; nothing here blocks the caller.
    """

    def __init__(
        self, *, catalog: "Catalog", library: "LibraryService", jobs: "JobsPort"
    ) -> None:
        self._catalog = catalog
        self._library = library
        self._jobs = jobs

    async def start(self) -> None:
        """Begin to follow the Library and finish what was cut off (disk)."""

    async def stop(self) -> None:
        """Stop following and reading folders (disk)."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; returns how to stop that."""
        return lambda: None

    # --- lists ----------------------------------------------------------------

    async def listing(self, query: Query) -> Listing:
        """Return the ids of a list, in order (disk).

        Raises
        ------
        ChrislibError
            A rule has no meaning.
        """
        return Listing(query, [])

    async def rows(
        self, ids: Sequence[RowId], level: Level = Level.ALL
    ) -> dict[RowId, Row]:
        """Return rows by id (disk); ids of rows that are gone are left out."""
        return {}

    async def children(self, level: Level, row_id: RowId) -> list[RowId]:
        """Return the studies of a patient, newest first, or the series of a study."""
        return []

    async def series_below(self, level: Level, ids: Iterable[RowId]) -> list[RowId]:
        """Return the series of patients or studies; of other rows themselves (disk)."""
        return []

    async def row_of_item(self, item_id: ItemId) -> RowId | None:
        """Return the row that a library item is part of (disk)."""
        return None

    async def files(self, row_id: RowId) -> list[LocalFile]:
        """Return the files of a series on this computer, in order (disk)."""
        return []

    async def feeds(self, row_id: RowId) -> list[int]:
        """Return the ids of the feeds that used a series or data item (disk)."""
        return []

    async def counts(self) -> Counts:
        """Return how much there is (disk)."""
        return Counts()

    async def facets(self, filters: Filters, level: Level = Level.ALL) -> Facets:
        """Return the values that occur among what filters let pass (disk)."""
        return Facets()

    async def keywords(self) -> list[tuple[str, int]]:
        """Return all keywords and how often they are used, most used first (disk)."""
        return []

    # --- marks ----------------------------------------------------------------

    async def mark(
        self, ids: Iterable[RowId], mark: Mark, *, level: Level = Level.ALL
    ) -> None:
        """Mark rows (disk); of patients and studies everything below them."""

    @property
    def undo_text(self) -> str:
        """What `undo` would take back, "" for nothing: "4 stars for 3 series"."""
        return ""

    @property
    def redo_text(self) -> str:
        """What `redo` would do again, "" for nothing."""
        return ""

    async def undo(self) -> str:
        """Take the last change of marks or collections back (disk); what it was."""
        return ""

    async def redo(self) -> str:
        """Do again what was taken back (disk); what it was."""
        return ""

    # --- collections ----------------------------------------------------------

    @property
    def collections(self) -> tuple[Collection, ...]:
        """Collections, sets and smart collections, in order; not the quick one."""
        return ()

    async def create_collection(
        self,
        title: str,
        ids: Iterable[RowId] = (),
        *,
        parent: CollectionId | None = None,
    ) -> CollectionId:
        """Make a collection of series and data items (disk)."""
        raise NotImplementedError

    async def create_smart(
        self, title: str, rules: Group, *, parent: CollectionId | None = None
    ) -> CollectionId:
        """Make a collection that holds what fits rules, now and later (disk)."""
        raise NotImplementedError

    async def create_set(
        self, title: str, *, parent: CollectionId | None = None
    ) -> CollectionId:
        """Make a set, which holds collections (disk)."""
        raise NotImplementedError

    async def rename(self, collection_id: CollectionId, title: str) -> None:
        """Give a collection another name (disk)."""

    async def set_rules(self, collection_id: CollectionId, rules: Group) -> None:
        """Give a smart collection other rules (disk)."""

    async def put_into(
        self, collection_id: CollectionId, parent: CollectionId | None
    ) -> None:
        """Move a collection into a set, or out of any (disk)."""

    async def delete_collection(self, collection_id: CollectionId) -> None:
        """Delete a collection, or a set with what it holds (disk); can be undone."""

    async def add_to(
        self,
        collection_id: CollectionId,
        ids: Iterable[RowId],
        *,
        level: Level = Level.ALL,
    ) -> None:
        """Add rows at the end of a collection (disk)."""

    async def remove_from(
        self, collection_id: CollectionId, ids: Iterable[RowId]
    ) -> None:
        """Take rows out of a collection (disk)."""

    async def arrange(
        self,
        collection_id: CollectionId,
        ids: Sequence[RowId],
        *,
        before: RowId | None,
    ) -> None:
        """Move rows of a collection before another one, or to its end (disk)."""

    async def toggle_quick(
        self, ids: Iterable[RowId], *, level: Level = Level.ALL
    ) -> bool:
        """Put rows into the quick collection, or out if all are there (disk).

        Returns
        -------
        bool
            Whether they are in it now.
        """
        return False

    # --- local folders --------------------------------------------------------

    @property
    def imports(self) -> tuple[Import, ...]:
        """Folders that are read now or were since the start, newest first."""
        return ()

    def bring_in(self, paths: Iterable[Path]) -> list[int]:
        """Have folders or files read in the background (disk, processes).

        Returns
        -------
        list of int
            Numbers of the imports.
        """
        return []

    def cancel_import(self, number: int) -> None:
        """Stop reading a folder; what was read stays."""

    async def folders(self) -> list[Path]:
        """Return the folders that were brought in (disk)."""
        return []

    async def forget_folder(self, root: Path) -> None:
        """Take a folder's series out of My Library (disk); its files stay."""
