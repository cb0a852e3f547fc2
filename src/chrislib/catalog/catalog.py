"""The catalog: everything chrislib remembers on this computer, in one file."""

from pathlib import Path

from chrislib.catalog.accounts import AccountTable
from chrislib.catalog.adoption import AdoptionTable
from chrislib.catalog.batches import BatchTable
from chrislib.catalog.condition import Condition
from chrislib.catalog.database import Database
from chrislib.catalog.deidentify import DeidentifyTable
from chrislib.catalog.drafts import DraftTable
from chrislib.catalog.estimates import DurationTable
from chrislib.catalog.history import HistoryTable
from chrislib.catalog.inbox import InboxTable
from chrislib.catalog.index import IndexTable
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.lease import Lease
from chrislib.catalog.library import ItemTable, KeyValueTable
from chrislib.catalog.mine import MineTable
from chrislib.catalog.outbox import OutboxTable
from chrislib.catalog.polling import PollingTable
from chrislib.catalog.problems import ProblemTable
from chrislib.catalog.readmes import ReadmeTable
from chrislib.catalog.results import ResultTable
from chrislib.catalog.retention import RetentionTable
from chrislib.catalog.schema import MIGRATIONS
from chrislib.catalog.searches import SearchTable
from chrislib.catalog.thumbnails import SeriesFiles
from chrislib.catalog.worklists import WorkListTable


class Catalog:
    """Jobs, inbox, library items, history and small settings.

    Nothing touches the disk before `open`.

    Parameters
    ----------
    path : Path
        The database file.
    lease : Lease, optional
        This process's claim to write; a window's by default.

    Attributes
    ----------
    folder : Path
        Where the file is; private to the user.
    condition : Condition
        Whether it can be written just now, and who to tell when that changes.
    accounts : AccountTable
    jobs : JobTable
    batches : BatchTable
    adoption : AdoptionTable
    results : ResultTable
    durations : DurationTable
    polling : PollingTable
    problems : ProblemTable
    outbox : OutboxTable
    inbox : InboxTable
    items : ItemTable
    history : HistoryTable
    retention : RetentionTable
    settings_kv : KeyValueTable
    index : IndexTable
    mine : MineTable
    deidentify : DeidentifyTable
    searches : SearchTable
    work_lists : WorkListTable
    series_files : SeriesFiles
    readmes : ReadmeTable
    drafts : DraftTable
    notice : str
        What the user should be told about opening it ("" for nothing).
    read_only : bool
        The file belongs to a newer chrislib, or another process writes to it.
    """

    def __init__(self, path: Path, *, lease: Lease | None = None) -> None:
        self.folder = path.parent
        self._database = Database(path, MIGRATIONS, lease=lease or Lease(path))
        self.condition: Condition = self._database.condition
        self.accounts = AccountTable(self._database)
        self.jobs = JobTable(self._database)
        self.batches = BatchTable(self._database)
        self.adoption = AdoptionTable(self._database)
        self.results = ResultTable(self._database)
        self.durations = DurationTable(self._database)
        self.polling = PollingTable(self._database)
        self.problems = ProblemTable(self._database)
        self.outbox = OutboxTable(self._database)
        self.inbox = InboxTable(self._database)
        self.items = ItemTable(self._database)
        self.history = HistoryTable(self._database)
        self.retention = RetentionTable(self._database)
        self.settings_kv = KeyValueTable(self._database)
        self.deidentify = DeidentifyTable(self._database)
        self.index = IndexTable(self._database)
        self.mine = MineTable(self._database)
        self.searches = SearchTable(self._database)
        self.work_lists = WorkListTable(self._database)
        self.series_files = SeriesFiles(self._database)
        self.readmes = ReadmeTable(self._database)
        self.drafts = DraftTable(self._database)

    async def open(self, *, look: bool = False) -> None:
        """Open or make the file: check, back up, migrate (disk, own threads).

        Parameters
        ----------
        look : bool
            Only read; nothing is made, changed or leased.

        Raises
        ------
        CatalogError
            The file cannot be opened.
        """
        await self._database.open(look=look)

    async def close(self) -> None:
        """Finish what is queued and close the file (disk)."""
        await self._database.close()

    @property
    def notice(self) -> str:
        """What the user should be told about opening the file."""
        return self._database.notice

    @property
    def rebuilt(self) -> bool:
        """Whether the file was damaged and a new one was begun."""
        return self._database.rebuilt

    @property
    def read_only(self) -> bool:
        """Whether the file is shown and not changed."""
        return self._database.read_only
