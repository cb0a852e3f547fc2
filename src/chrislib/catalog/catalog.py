"""The catalog: everything chrislib remembers on this computer, in one file."""

from pathlib import Path

from chrislib.catalog.database import Database
from chrislib.catalog.estimates import DurationTable
from chrislib.catalog.inbox import InboxTable
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.library import HistoryTable, ItemTable, KeyValueTable
from chrislib.catalog.outbox import OutboxTable
from chrislib.catalog.problems import ProblemTable
from chrislib.catalog.schema import MIGRATIONS


class Catalog:
    """Jobs, inbox, library items, history and small settings.

    Nothing touches the disk before `open`.

    Parameters
    ----------
    path : Path
        The database file.

    Attributes
    ----------
    jobs : JobTable
    durations : DurationTable
    problems : ProblemTable
    outbox : OutboxTable
    inbox : InboxTable
    items : ItemTable
    history : HistoryTable
    settings_kv : KeyValueTable
    notice : str
        What the user should be told about opening it ("" for nothing).
    read_only : bool
        The file belongs to a newer chrislib.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)
        self.jobs = JobTable(self._database)
        self.durations = DurationTable(self._database)
        self.problems = ProblemTable(self._database)
        self.outbox = OutboxTable(self._database)
        self.inbox = InboxTable(self._database)
        self.items = ItemTable(self._database)
        self.history = HistoryTable(self._database)
        self.settings_kv = KeyValueTable(self._database)

    async def open(self) -> None:
        """Open or make the file: check, back up, migrate (disk, own threads).

        Raises
        ------
        CatalogError
            The file cannot be opened.
        """
        await self._database.open()

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
