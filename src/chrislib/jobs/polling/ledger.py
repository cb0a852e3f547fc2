"""What is known of one account's runs, kept so that a plan costs next to nothing.

Pure: no clock, no disk, no network. Times are seconds since the epoch by the server's
clock. The ledger holds every run that was ever seen here, followed or not: only
then can the counts of a feed be compared with what is known of it.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chrislib.jobs.polling.queries import ENDED, REGISTERING, FeedCounts

_REMEMBERED = 3_600.0
"""Ended runs are counted by their times for so long, to know what a window costs."""


@dataclass(slots=True)
class Run:
    """One run of the server as it was last seen."""

    remote_id: int
    feed_id: int
    status: str
    start: float
    end: float
    mine: bool = False
    """Followed: a job stands for it."""
    dark: bool = False
    """Not to be looked for by lists: the server does not show it to us."""
    looked: float = 0.0
    """When it was last asked for by itself, by the server's clock."""

    @property
    def active(self) -> bool:
        """Whether it had not ended."""
        return self.status not in ENDED


@dataclass(slots=True)
class Book:
    """What is known of one feed."""

    ids: set[int] = field(default_factory=set)
    """Its runs that were ever seen."""
    active: int = 0
    live: int = 0
    """Of those, how many are followed."""
    ended: dict[str, int] = field(default_factory=dict)
    offset: dict[str, int] | None = None
    """Ended runs of the feed that were never seen here, by status; None: not known."""
    factor: int = 1
    """How many times over lists count its runs: it is shared (trap 7)."""
    marked: tuple[int, int] = (0, 0)
    """Active runs and all runs that were known when the counts were asked for."""
    marked_ended: Mapping[str, int] = field(default_factory=dict)
    """Ended runs that were known then, by status."""
    told: FeedCounts | None = None
    """The latest counts."""
    told_at: float = 0.0
    owes: Mapping[str, int] = field(default_factory=dict)
    """What the counts tell of and nobody knows; see `Ledger.owed`."""
    shrunk: bool = False
    """Ended runs have become fewer: deleted, or begun again."""
    odd: int = 0
    """So many times in a row the counts did not fit what is known."""
    tries: int = 0
    missing: bool = False
    """The latest digest did not hold it."""
    read_at: float = 0.0
    """When its runs were last read as a whole, by the server's clock."""
    read_counts: Mapping[str, int] | None = None
    """The counts it had then."""


_ODD = 2
"""Counts that do not fit once may have been overtaken; twice, the feed is read."""


class Ledger:
    """Every run of an account that was seen, by feed and by time of its end."""

    def __init__(self) -> None:
        self.runs: dict[int, Run] = {}
        self.books: dict[int, Book] = {}
        self.registering: dict[int, Run] = {}
        self.leavers: dict[int, Run] = {}
        """Were registering and were not listed as such: they need a look."""
        self.absent: dict[int, Run] = {}
        """Were not in a list of all active runs: they need a look."""
        self._live: dict[int, Run] = {}
        self._recent: list[tuple[float, float, int]] = []

    @property
    def live(self) -> int:
        """How many followed runs have not ended."""
        return len(self._live)

    def live_runs(self) -> Iterable[Run]:
        """Return the followed runs that have not ended."""
        return self._live.values()

    def live_feeds(self) -> list[int]:
        """Return the feeds with followed runs that have not ended, in order."""
        return sorted(feed for feed, book in self.books.items() if book.live and feed)

    def saw(
        self,
        remote_id: int,
        feed_id: int,
        status: str,
        *,
        start: float,
        end: float,
        mine: bool | None = None,
    ) -> None:
        """Enter what a run was seen to be."""
        run = self.runs.get(remote_id)
        if run is not None:
            self._take_out(run)
            run.feed_id, run.status = feed_id or run.feed_id, status
            run.start, run.end = start or run.start, end or run.end
            run.mine = run.mine if mine is None else mine
            run.dark = False
        else:
            run = Run(remote_id, feed_id, status, start, end, bool(mine))
            self.runs[remote_id] = run
        self._put_in(run)

    def counted(self, feed_id: int, end: float) -> bool:
        """Whether the counts of a feed hold a run already that ended then."""
        book = self.books.get(feed_id)
        if book is None or book.offset is None:
            return False
        return end <= book.told_at

    def looked(self, remote_id: int, *, at: float | None = None) -> None:
        """Note that a run was seen: whatever made a look needed is settled.

        Parameters
        ----------
        at : float, optional
            Server time, when it was asked for by itself.
        """
        if at is not None and remote_id in self.runs:
            self.runs[remote_id].looked = at
        self.leavers.pop(remote_id, None)
        self.absent.pop(remote_id, None)

    def forget(self, remote_id: int) -> None:
        """Take a run out: it is gone, or nobody follows it."""
        run = self.runs.pop(remote_id, None)
        if run is not None:
            self._take_out(run)
            self.looked(remote_id)

    def hide(self, remote_id: int, *, dark: bool) -> None:
        """Leave a run out of all looking, or take it up again."""
        run = self.runs.get(remote_id)
        if run is None or run.dark == dark:
            return
        self._take_out(run)
        run.dark = dark
        self._put_in(run)
        if dark:
            self.looked(remote_id)

    def ended_between(
        self, min_end: float, max_end: float
    ) -> list[tuple[float, float]]:
        """Return end and start of the known runs that ended then, in order."""
        first = bisect_left(self._recent, (min_end, 0.0, 0))
        last = bisect_right(self._recent, (max_end, float("inf"), 0))
        return [(end, start) for end, start, _ in self._recent[first:last]]

    def prune(self, now: float) -> None:
        """Let go of the times of runs that ended long ago."""
        del self._recent[: bisect_left(self._recent, (now - _REMEMBERED, 0.0, 0))]

    # Counts.

    def mark(self, feed_id: int | None = None) -> None:
        """Remember what is known of a feed, or all, before counts are asked for."""
        books = self.books.values() if feed_id is None else [self.books[feed_id]]
        for book in books:
            if book.live:
                book.marked = book.active, book.active + sum(book.ended.values())
                book.marked_ended = dict(book.ended)

    def told(self, counts: FeedCounts, *, at: float) -> None:
        """Compare a feed's counts with what was known when they were asked for."""
        book = self.books.get(counts.feed_id)
        if book is None:
            return
        book.told_at = at
        before, book.told, book.missing = book.told, counts, False
        found = _true_counts(book)
        if found is None:
            book.odd = _ODD
        else:
            book.odd = 0 if self._fits(book, found) else book.odd + 1
            if before is not None and before.exact == counts.exact:
                book.shrunk = book.shrunk or any(
                    counts.counts.get(status, 0) < before.counts.get(status, 0)
                    for status in ENDED
                )
        self.settle(counts.feed_id)

    @staticmethod
    def _fits(book: Book, counts: Mapping[str, int]) -> bool:
        active, total = book.marked
        told = sum(n for status, n in counts.items() if status not in ENDED)
        if book.offset is None:
            if sum(counts.values()) == total:
                book.offset = dict.fromkeys(ENDED, 0)
            elif told == active:
                book.offset = {
                    status: counts.get(status, 0) - book.ended.get(status, 0)
                    for status in ENDED
                }
            return book.offset is not None
        known = total + sum(book.offset.values())
        # More is somebody else's beginning; fewer is a run of ours that was deleted,
        # or one that is taken to have ended and has not.
        return sum(counts.values()) >= known and all(
            counts.get(status, 0) >= n + book.offset.get(status, 0)
            for status, n in book.marked_ended.items()
        )

    def owed(self, book: Book) -> Mapping[str, int]:
        """Return how many more ended runs the counts tell of than are known.

        The key "" says that the feed must be read as a whole.
        """
        counts = _true_counts(book) if book.told is not None else {}
        if counts is None or book.shrunk or book.odd >= _ODD:
            return {"": 1}
        if book.offset is None or not counts:
            return {}
        found: dict[str, int] = {}
        for status in ENDED:
            known = book.ended.get(status, 0) + book.offset[status]
            more = counts.get(status, 0) - known
            if more > 0:
                found[status] = more
        return found

    def may_have_ended(self, book: Book) -> set[int]:
        """Return the runs of a feed that registered when they were last seen.

        None of them when the feed holds, or may hold, runs that are not followed and
        have not ended: its counts tell of them as well.
        """
        counts = _true_counts(book) if book.told is not None else None
        if counts is None or book.offset is None or book.active != book.live:
            return set()
        known = book.active + sum(book.ended.values()) + sum(book.offset.values())
        if sum(counts.values()) != known:
            return set()
        return {ident for ident in book.ids if ident in self.registering}

    def settle(self, feed_id: int) -> None:
        """Compare again, after rows of a feed have been applied."""
        book = self.books.get(feed_id)
        if book is not None and book.told is not None:
            book.owes = self.owed(book) if book.live else {}
            if not book.owes:
                book.tries = 0

    def read_whole(self, feed_id: int, ids: set[int], *, at: float) -> None:
        """Note that all runs of a feed were read: what it has is known exactly."""
        book = self.books.setdefault(feed_id, Book())
        book.read_at, book.tries, book.odd, book.shrunk = at, 0, 0, False
        book.offset = dict.fromkeys(ENDED, 0)
        for run in [self.runs[ident] for ident in book.ids - ids]:
            if not run.mine:
                self.forget(run.remote_id)
            elif run.active:
                self.absent[run.remote_id] = run
            else:
                # It ended, and was deleted there: the counts hold it no longer.
                book.offset[run.status] -= 1
        told = book.told
        book.read_counts = told.counts if told is not None else None
        if told is not None and not told.exact and ids and told.total > len(ids):
            factor, rest = divmod(told.total, len(ids))
            book.factor = factor if rest == 0 else 1
        book.owes = {}

    def besides(self, feed_id: int) -> dict[str, int] | None:
        """Return ended runs of a feed by status that are not followed here.

        None while that is not known for certain.
        """
        book = self.books[feed_id]
        if book.offset is None or book.owes:
            return None
        found = {status: n for status, n in book.offset.items() if n}
        for ident in book.ids:
            run = self.runs[ident]
            if not run.mine and not run.active:
                found[run.status] = found.get(run.status, 0) + 1
        return found

    # Inside.

    def _put_in(self, run: Run) -> None:
        book = self.books.get(run.feed_id)
        if book is None:
            book = self.books[run.feed_id] = Book()
        book.ids.add(run.remote_id)
        if run.active:
            book.active += 1
            if run.mine and not run.dark:
                book.live += 1
                self._live[run.remote_id] = run
                if run.status == REGISTERING:
                    self.registering[run.remote_id] = run
        else:
            book.ended[run.status] = book.ended.get(run.status, 0) + 1
            insort(self._recent, (run.end, run.start, run.remote_id))
            self.looked(run.remote_id)

    def _take_out(self, run: Run) -> None:
        book = self.books[run.feed_id]
        book.ids.discard(run.remote_id)
        if run.active:
            book.active -= 1
            if run.mine and not run.dark:
                book.live -= 1
                self._live.pop(run.remote_id, None)
                self.registering.pop(run.remote_id, None)
        else:
            book.ended[run.status] -= 1
            at = bisect_left(self._recent, (run.end, run.start, run.remote_id))
            if at < len(self._recent) and self._recent[at][2] == run.remote_id:
                del self._recent[at]


def _true_counts(book: Book) -> Mapping[str, int] | None:
    told = book.told
    assert told is not None
    if told.exact or book.factor == 1:
        return told.counts
    if any(n % book.factor for n in told.counts.values()):
        return None
    return {status: n // book.factor for status, n in told.counts.items()}
