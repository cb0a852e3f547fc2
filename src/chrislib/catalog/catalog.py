"""The catalog: everything chrislib remembers on this computer, in one file."""

from pathlib import Path

from chrislib.catalog.database import Database
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.library import HistoryTable, ItemTable, KeyValueTable
from chrislib.catalog.schema import MIGRATIONS


class Catalog:
    """Jobs, inbox, library items, history and small settings.

    Make one with `Catalog.open`, which checks, backs up and migrates the file.

    Attributes
    ----------
    jobs : JobTable
    items : ItemTable
    history : HistoryTable
    settings_kv : KeyValueTable
    notice : str
        What the user should be told about opening it ("" for nothing).
    read_only : bool
        The file belongs to a newer chrislib.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.jobs = JobTable(database)
        self.items = ItemTable(database)
        self.history = HistoryTable(database)
        self.settings_kv = KeyValueTable(database)

    @classmethod
    async def open(cls, path: Path) -> "Catalog":
        """Open or make the catalog at `path` (disk, threads of its own).

        Raises
        ------
        CatalogError
            The file cannot be opened.
        """
        database = Database(path, MIGRATIONS)
        await database.open()
        return cls(database)

    async def close(self) -> None:
        """Finish what is queued and close the file (disk)."""
        await self._database.close()

    @property
    def notice(self) -> str:
        """What the user should be told about opening the file."""
        return self._database.notice

    @property
    def read_only(self) -> bool:
        """Whether the file is shown and not changed."""
        return self._database.read_only
