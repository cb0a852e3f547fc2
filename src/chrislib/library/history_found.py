"""What was found of the past, before it is kept."""

import re
from dataclasses import dataclass, field

from chrislib.catalog.history import FeedInputRow
from chrislib.library.model import HistoryEntry

_NODE = re.compile(r"^(.+)_\d+$")


@dataclass(slots=True)
class Found:
    """What a stretch of the server's memory holds.

    Attributes
    ----------
    open_since : float
        When the oldest of what has not ended began; infinity for none.
    """

    entries: list[HistoryEntry] = field(default_factory=list)
    inputs: list[FeedInputRow] = field(default_factory=list)
    open_since: float = float("inf")

    def add(self, entry: HistoryEntry) -> None:
        """Take an entry in."""
        self.entries.append(entry)
        if entry.state in {"running", "registering"}:
            self.open_since = min(self.open_since, entry.at)


def output_name(path: str) -> str:
    """Return what an output is called: the plugin whose folder it is in."""
    for part in reversed(path.split("/")[4:]):
        if found := _NODE.match(part):
            return found[1].removeprefix("pl-")
    return path.rpartition("/")[2]
