"""Work lists as data."""

from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

from chrislib.library.worklist.columns import Columns

ListId = NewType("ListId", str)


class RowState(Enum):
    """How far a row is."""

    WAITING = "waiting"
    REFUSED = "refused"
    """It cannot be asked for; the reason says why."""
    MISSING = "missing"
    """Every PACS answered, none has it."""
    AMBIGUOUS = "ambiguous"
    """Several patients or studies fit; a person chooses."""
    FOUND = "found"
    PULLING = "pulling"
    STOPPED = "stopped"
    """A pull of it ended early."""
    PULLED = "pulled"
    """Everything of it is in the library."""

    @property
    def settled(self) -> bool:
        """Whether a PACS has said which series it means."""
        return self in _SETTLED


_SETTLED = {RowState.FOUND, RowState.PULLING, RowState.STOPPED, RowState.PULLED}


class RunState(Enum):
    """What a list is doing."""

    PAUSED = "paused"
    ASKING = "asking"
    ASKED = "asked"
    """Every row has its answer."""


@dataclass(frozen=True, slots=True)
class ListHead:
    """A work list without its rows.

    Attributes
    ----------
    pacs : str
        Which PACS is asked; "" for all.
    dates : str
        Order of the parts of dates: "ymd", "dmy" or "mdy".
    reason : str
        Why it paused by itself, "" else.
    """

    list_id: ListId
    title: str
    columns: Columns
    pacs: str
    dates: str
    total: int
    made_at: float
    state: RunState = RunState.PAUSED
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row of a list.

    Attributes
    ----------
    number : int
        From 0, its place in the list.
    line : int
        The line of the file it began in, from 1.
    found : str
        What the PACS said, packed (`chrislib.library.worklist.packing`).
    choice : str
        Key of the candidate a person chose.
    """

    number: int
    line: int
    cells: tuple[str, ...]
    state: RowState = RowState.WAITING
    reason: str = ""
    found: str = ""
    choice: str = ""


@dataclass(frozen=True, slots=True)
class ListChange:
    """What watchers of a list are told.

    Attributes
    ----------
    rows : tuple of int
        Numbers of the rows that changed; none for "look at all of it again".
    """

    list_id: ListId
    rows: tuple[int, ...] = field(default=())
