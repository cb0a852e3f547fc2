"""Which feeds of a list are shown, and in which order. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from chrislib.feeds.model import FeedRow
from chrislib.feeds.states import ACTIVE

ORDERS = (
    ("new", "Newest first"),
    ("old", "Oldest first"),
    ("name", "By name"),
    ("owner", "By owner"),
    ("tag", "By tag"),
    ("nodes", "Most nodes first"),
    ("problems", "Problems first"),
    ("recent", "Recently opened"),
)
KINDS = (
    ("all", "All states"),
    ("working", "At work"),
    ("ready", "Ready"),
    ("problems", "With problems"),
    ("errors", "Ended with errors"),
    ("cancelled", "Cancelled or failed"),
)
DATES = (
    ("", "Any date"),
    ("today", "Today"),
    ("week", "Last 7 days"),
    ("month", "Last 30 days"),
    ("year", "Last 12 months"),
)
MINE = (
    ("", "Pinned or not"),
    ("pinned", "Pinned"),
    ("recent", "Recently opened"),
)
UNFILTERED: Mapping[str, object] = {
    "words": "",
    "kind": "all",
    "marked": "",
    "since": None,
    "until": None,
    "owner": "",
    "tag": "",
    "only": None,
}
"""Wishes of `Arranging` that leave no feed out."""
_DAYS = {"today": 0, "week": 6, "month": 29, "year": 364}
_PROBLEMS = {"failed", "errors", "cancelled", "upstream", "gone"}
_CANCELLED = {"failed", "cancelled", "upstream"}
"""A server counts nodes it gave up on as cancelled; only their own rows say why."""


@dataclass(frozen=True, slots=True)
class Arranging:
    """What a person wants to see of a list of feeds.

    Attributes
    ----------
    words : str
        All of them must be in title, owner, number or tags.
    marked : str
        "pinned", "recent" or "": all.
    since, until : date or None
        Days of creation, local time, both included.
    owner : str
        Only feeds of this person; "" for all.
    tag : str
        Only feeds with this tag; `tags` tells which those are.
    only : set of int or None
        Only these feeds, as the server has found them by the names of their files.
    tags : mapping of int to tuple of str
        Tags of feeds, as far as they are known.
    pinned, recent : collection of int
        Feeds that stand on top, and those opened lately, last one first.
    """

    words: str = ""
    order: str = "new"
    kind: str = "all"
    marked: str = ""
    since: date | None = None
    until: date | None = None
    owner: str = ""
    tag: str = ""
    only: frozenset[int] | None = None
    tags: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    pinned: frozenset[int] = frozenset()
    recent: tuple[int, ...] = ()

    @property
    def filters(self) -> bool:
        """Whether feeds may be left out by anything but words."""
        return (
            self.kind != "all"
            or self.only is not None
            or bool(self.marked or self.owner or self.tag or self.since or self.until)
        )

    @property
    def narrows(self) -> bool:
        """Whether feeds may be left out."""
        return bool(self.words.strip()) or self.filters

    @property
    def counts(self) -> bool:
        """Whether the order goes by numbers of nodes."""
        return self.order in {"nodes", "problems"}

    def stays(self, old: FeedRow, new: FeedRow) -> bool:
        """Whether a fresher look at a feed cannot change its place."""
        return (
            old.title == new.title
            and old.owner == new.owner
            and old.created == new.created
            and (old.states == new.states or (self.kind == "all" and not self.counts))
        )

    def of(self, rows: Iterable[FeedRow]) -> list[FeedRow]:
        """Return the feeds to show, in order; pinned ones first."""
        found = list(rows)
        for keeps in self._sieves():
            found = [row for row in found if keeps(row)]
        found.sort(key=self._key())
        if not self.pinned.isdisjoint([row.id for row in found]):
            found.sort(key=lambda row: row.id not in self.pinned)
        return found

    def _sieves(self) -> list[Callable[[FeedRow], bool]]:
        """Return what a feed must pass; nothing that lets all of them pass."""
        sieves: list[Callable[[FeedRow], bool]] = []
        words, only = self.words.casefold().split(), self.only
        if only is not None:
            sieves.append(lambda row: row.id in only)
        elif words:
            tags = self.tags
            sieves.append(lambda row: _matches(row, words, tags.get(row.id, ())))
        if self.kind != "all":
            sieves.append(lambda row: _is_kind(row, self.kind))
        if self.marked:
            marked = self.pinned if self.marked == "pinned" else set(self.recent)
            sieves.append(lambda row: row.id in marked)
        if self.owner:
            sieves.append(lambda row: row.owner == self.owner)
        if self.tag:
            sieves.append(lambda row: self.tag in self.tags.get(row.id, ()))
        if self.since is not None or self.until is not None:
            sieves.append(self._in_time)
        return sieves

    def _in_time(self, row: FeedRow) -> bool:
        if row.created is None:
            return False
        day = row.created.astimezone().date()
        return (self.since is None or day >= self.since) and (
            self.until is None or day <= self.until
        )

    def _key(self) -> Callable[[FeedRow], tuple[object, ...]]:
        if self.order == "recent":
            places = {feed_id: place for place, feed_id in enumerate(self.recent)}
            last = len(places)
            return lambda row: (places.get(row.id, last), -row.id)
        if self.order == "tag":
            folded = {
                feed_id: (0, *(name.casefold() for name in names))
                for feed_id, names in self.tags.items()
                if names
            }
            return lambda row: (folded.get(row.id, (1,)), -row.id)
        return _KEYS.get(self.order, _KEYS["new"])


def days_of(key: str, today: date) -> tuple[date | None, date | None]:
    """Return the first and last day of a key of `DATES`; None leaves it open."""
    back = _DAYS.get(key)
    return (None if back is None else today - timedelta(days=back)), None


def labels_with(words: str, labels: Iterable[str]) -> list[str]:
    """Return the tags a search for words can find: those that hold one of them."""
    wanted = words.casefold().split()
    return [
        label for label in labels if any(word in label.casefold() for word in wanted)
    ]


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
        case "errors":
            return "errors" in row.states
        case "cancelled":
            return not _CANCELLED.isdisjoint(row.states)
    return True


def _matches(row: FeedRow, words: Collection[str], tags: Collection[str]) -> bool:
    text = f"{row.title} {row.owner} {row.id} {' '.join(tags)}".casefold()
    for word in words:  # noqa: SIM110 - for thousands of feeds with each letter typed
        if word not in text:
            return False
    return True


def _problems(row: FeedRow) -> int:
    return sum(number for state, number in row.states.items() if state in _PROBLEMS)


_KEYS: dict[str, Callable[[FeedRow], tuple[object, ...]]] = {
    "new": lambda row: (-row.id,),
    "old": lambda row: (row.id,),
    "name": lambda row: (row.title.casefold(), -row.id),
    "owner": lambda row: (row.owner.casefold(), -row.id),
    "nodes": lambda row: (-row.nodes, -row.id),
    "problems": lambda row: (-_problems(row), -row.id),
}
