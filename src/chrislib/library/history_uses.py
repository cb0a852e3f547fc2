"""Which feeds were made of which storage paths."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass

from chrislib.catalog.history import FeedInputRow

_MOST = 60
"""More feeds than this are only counted by their newest."""


@dataclass(frozen=True, slots=True)
class FeedUse:
    """A feed that was made of something. `title` is "" where it has none."""

    feed_id: int
    title: str
    at: float


class FeedUses:
    """Finds feeds by the paths they were made of; in memory, no I/O.

    A feed of a folder uses everything below it, and one of a file or a sub-folder
    uses the folder they are in.
    """

    def __init__(self) -> None:
        self._feeds: dict[str, dict[int, FeedUse]] = {}
        self._paths: list[str] = []
        self.instances: set[int] = set()

    def clear(self) -> None:
        """Forget all of it: another account."""
        self._feeds.clear()
        self._paths.clear()
        self.instances.clear()

    def add(self, rows: Iterable[FeedInputRow]) -> None:
        """Take in what feeds were made of."""
        for row in rows:
            self.instances.add(row.instance_id)
            path = row.path.strip("/")
            if not path:
                continue
            if path not in self._feeds:
                insort(self._paths, path)
            use = FeedUse(row.feed_id, row.title, row.at)
            self._feeds.setdefault(path, {})[row.feed_id] = use

    def of(self, paths: Iterable[str]) -> tuple[FeedUse, ...]:
        """Return the feeds that used any of the paths, newest first."""
        found: dict[int, FeedUse] = {}
        for one in paths:
            path = one.strip("/")
            if not path:
                continue
            parts = path.split("/")
            for length in range(len(parts), 0, -1):
                found.update(self._feeds.get("/".join(parts[:length]), {}))
            below = path + "/"
            at = bisect_left(self._paths, below)
            while at < len(self._paths) and self._paths[at].startswith(below):
                found.update(self._feeds[self._paths[at]])
                at += 1
        newest = sorted(found.values(), key=lambda use: (-use.at, -use.feed_id))
        return tuple(newest[:_MOST])
