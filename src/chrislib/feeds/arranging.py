"""Which feeds of a list are shown, and in which order. Pure."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from chrislib.feeds.model import FeedRow
from chrislib.feeds.states import ACTIVE

ORDERS = (
    ("new", "Newest first"),
    ("old", "Oldest first"),
    ("name", "By name"),
    ("nodes", "Most nodes first"),
    ("problems", "Problems first"),
)
KINDS = (
    ("all", "All states"),
    ("working", "At work"),
    ("ready", "Ready"),
    ("problems", "With problems"),
)
_PROBLEMS = {"failed", "errors", "cancelled", "upstream", "gone"}


@dataclass(frozen=True, slots=True)
class Arranging:
    """What a person wants to see of a list of feeds.

    Attributes
    ----------
    words : str
        All of them must be in title, owner or number.
    only : set of int or None
        Only these feeds, as the server has found them by the names of their files.
    """

    words: str = ""
    order: str = "new"
    kind: str = "all"
    only: frozenset[int] | None = None

    @property
    def narrows(self) -> bool:
        """Whether feeds may be left out."""
        return bool(self.words.strip()) or self.kind != "all" or self.only is not None

    def of(self, rows: Iterable[FeedRow]) -> list[FeedRow]:
        """Return the feeds to show, in order."""
        words = self.words.casefold().split()
        found = [
            row
            for row in rows
            if _is_kind(row, self.kind)
            and (row.id in self.only if self.only is not None else _matches(row, words))
        ]
        found.sort(key=_KEYS.get(self.order, _KEYS["new"]))
        return found


def works(row: FeedRow) -> bool:
    """Whether a node of a feed has not ended."""
    return not ACTIVE.isdisjoint(row.states)


def _is_kind(row: FeedRow, kind: str) -> bool:
    match kind:
        case "working":
            return works(row)
        case "ready":
            return bool(row.states) and row.states.keys() <= {"ready"}
        case "problems":
            return not _PROBLEMS.isdisjoint(row.states)
    return True


def _matches(row: FeedRow, words: Collection[str]) -> bool:
    text = f"{row.title} {row.owner} {row.id}".casefold()
    return all(word in text for word in words)


def _problems(row: FeedRow) -> int:
    return sum(number for state, number in row.states.items() if state in _PROBLEMS)


_KEYS: dict[str, Callable[[FeedRow], tuple[object, ...]]] = {
    "new": lambda row: (-row.id,),
    "old": lambda row: (row.id,),
    "name": lambda row: (row.title.casefold(), -row.id),
    "nodes": lambda row: (-row.nodes, -row.id),
    "problems": lambda row: (-_problems(row), -row.id),
}
