"""History as it is asked for and shown, as data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chrislib.errors import ChrislibError
from chrislib.library.history import History
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    LibraryChange,
    Reference,
)
from chrislib.library.worklist.service import WorkLists

KINDS: Mapping[str, tuple[EntryKind, ...]] = {
    "lookups": (EntryKind.LOOKUP, EntryKind.LIST),
    "uploads": (EntryKind.UPLOAD,),
    "references": (EntryKind.REFERENCE,),
    "outputs": (EntryKind.OUTPUT,),
}
STATES: Mapping[str, tuple[str, ...]] = {
    "moving": ("running", "registering", "queued", "preparing"),
    "ready": ("ready",),
    "attention": ("failed", "errors", "gone"),
    "nothing": ("nomatch", "found", "cancelled"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of History shows: keys of `KINDS` and `STATES`, "" for all."""

    kind: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class HistoryListing:
    """A list of History.

    Attributes
    ----------
    rows : tuple of (EntryId, float)
        Entries, newest first; with "" as id the head of the day that follows.
    shown, total : int
        Entries that fit, and all of them.
    first : mapping
        The first entries.
    """

    rows: tuple[tuple[str, float], ...] = ()
    shown: int = 0
    total: int = 0
    first: Mapping[EntryId, HistoryEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BookState:
    """How far the server's memory is known.

    Attributes
    ----------
    connected, reading : bool
    complete : bool
        Everything the server remembers is in the list.
    since : float
        Back to when that is so (seconds since the epoch), 0 for not at all.
    error : ChrislibError or None
        Why the server was not read.
    """

    connected: bool = False
    reading: bool = False
    complete: bool = False
    since: float = 0.0
    error: ChrislibError | None = None


class LibraryPort(Protocol):
    """What History needs of the Library."""

    @property
    def journal(self) -> History:
        """What was asked on this computer."""

    @property
    def work_lists(self) -> WorkLists:
        """The work lists."""

    def subscribe(
        self, callback: Callable[[LibraryChange], None]
    ) -> Callable[[], None]:
        """Call `callback` after each change."""

    def item(self, item_id: ItemId) -> Item | None:
        """Return one item."""

    async def items(self) -> list[Item]:
        """Return every item."""

    async def keep(self, items: Iterable[Item]) -> None:
        """Take items into the Library (disk)."""

    def state_of_series(self, series_uid: str) -> Item | None:
        """Return the item of a series."""

    def look_for(self, study_uids: Iterable[str]) -> None:
        """Find out soon which series of studies the server has (network)."""

    async def delivers(self, name: str, version: str) -> bool:
        """Whether a plugin brings reference data (network)."""

    async def references(self) -> list[Reference]:
        """Return the reference data of the server (network)."""

    async def fetch_reference(self, reference: Reference) -> Item:
        """Return a reference's item (network)."""


def under_days(found: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Put a head before the first entry of each local day."""
    rows: list[tuple[str, float]] = []
    start = float("inf")
    for entry_id, at in found:
        if at < start:
            day = datetime.fromtimestamp(at)
            start = day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
            rows.append(("", start))
        rows.append((entry_id, at))
    return tuple(rows)
