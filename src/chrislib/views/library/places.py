"""What sections of the Library hand to each other through the navigator."""

from dataclasses import dataclass

from chrislib.library.model import EntryId
from chrislib.library.worklist.model import ListId
from chrislib.pacs.types import Criteria


@dataclass(frozen=True, slots=True)
class Lookup:
    """Criteria for PACS Lookup; `run` asks at once.

    With `entry_id` an answer to that History entry that is still on screen is enough.
    """

    criteria: Criteria
    run: bool = False
    entry_id: EntryId | None = None


@dataclass(frozen=True, slots=True)
class WorkList:
    """A work list for PACS Lookup to show."""

    list_id: ListId
