"""Tells by numbers alone that runs have ended well.

Most runs that leave the list of registering ones (R) have ended well, and to be told so
each costs a row, and often a request. But the number of well-ended runs in a window is
told without rows (N). Asked *before* R, it cannot count a run that R still holds. So if
it is larger than what is known by exactly as many as have left, they have all ended
well, whoever they are. If it is not, the few that ended otherwise are listed: rows
that failed and rows that were cancelled; those who remain must be as many as the
number says.

This is no conclusion from absence: each run is counted by the server as one that ended
well. What cannot be proven so stays a leaver, and gets a look of its own.
"""

from dataclasses import dataclass, field

from chrislib.catalog.rows import AccountRow
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.polling.asking import Asker
from chrislib.jobs.polling.bookkeeper import Bookkeeper
from chrislib.jobs.polling.ledger import Book
from chrislib.jobs.polling.looks import Looks
from chrislib.jobs.polling.queries import (
    CANCELLED,
    ERROR,
    SUCCESS,
    CountEnded,
    Ended,
)
from chrislib.jobs.polling.reading import Reader

_MARGIN = 0.001


@dataclass(slots=True)
class Claim:
    """What was counted before R, and who has left it.

    Attributes
    ----------
    count : CountEnded
        The question.
    more : int
        How many have ended well that were not known to.
    gone : set of int
        Runs that may be meant: registering when last seen, and not in R any more.
    """

    count: CountEnded
    more: int
    gone: set[int] = field(default_factory=set)

    @property
    def holds(self) -> bool:
        """Whether all of them have ended well."""
        return bool(self.gone) and self.more == len(self.gone)


class Prover:
    """Finds out by numbers what became of the runs that have left R.

    Parameters
    ----------
    asker : Asker
    reader : Reader
        Reads the lists of those that failed; its tally is what is known.
    books : Bookkeeper
    looks : Looks
    """

    def __init__(
        self, asker: Asker, reader: Reader, *, books: Bookkeeper, looks: Looks
    ) -> None:
        self._asker = asker
        self._reader = reader
        self._books = books
        self._looks = looks
        self._tally = reader.tally

    async def count(self, backend: RunBackend, query: CountEnded) -> Claim | None:
        """Count, before R is asked (network); None when it cannot be told."""
        known = self._tally.successes(query.min_end, query.max_end)
        result = await self._asker.run(backend, query)
        if result.total is None:
            return None
        more = result.total - known
        return Claim(query, more)

    def left(self, claim: Claim, seen: set[int]) -> None:
        """Note who has left R, by the runs it held: one page, asked after the count."""
        low, high = claim.count.min_end, claim.count.max_end
        claim.gone = self._tally.registering(low, high) - seen
        if claim.more > len(claim.gone):
            # More than there can be: something ended here that no list has told of.
            self._tally.begin(self._reader.view.now)
            claim.gone = set()

    async def settle(
        self, backend: RunBackend, account: AccountRow, claim: Claim, *, few: int
    ) -> int:
        """Find out what became of them (network, disk); returns how many jobs changed.

        Parameters
        ----------
        few : int
            So many are better looked at one by one.
        """
        changed = 0
        for status in (ERROR, CANCELLED):
            if claim.holds or len(claim.gone) <= few:
                break
            ends = self._tally.ends(claim.gone)
            query = Ended(
                min_end=min(ends) - _MARGIN,
                max_end=max(ends) + _MARGIN,
                status=status,
                limit=self._asker.caps.page,
            )
            changed += (await self._reader.list(backend, query))[1]
            claim.gone -= self._tally.failed(claim.gone)
        else:
            if not claim.holds and len(claim.gone) > few:
                await self._count_again(backend, claim)
        if not claim.holds:
            return changed
        return changed + await self._conclude(account, claim.gone)

    async def by_feeds(self, account: AccountRow, seen: set[int] | None) -> int:
        """Take what the counts of feeds prove (disk); returns how many jobs changed.

        Parameters
        ----------
        seen : set of int or None
            What R held, if it was asked right before the counts.
        """
        gone: set[int] = set()
        for feed_id, book in self._books.ledger.books.items():
            if book.owes.get(SUCCESS, 0):
                gone |= self._proven(feed_id, book, seen)
        if not gone:
            return 0
        return await self._conclude(account, gone)

    def _proven(self, feed_id: int, book: Book, seen: set[int] | None) -> set[int]:
        """Return whom the counts of a feed prove to have ended well.

        Those that R no longer held had ended when the feed was counted: if it tells
        of none that ended otherwise, they ended well. Of a run that R does not reach
        down to, or did hold, that is not certain: they must be all there is. Where
        the feed was asked since who still registers, only the others may have ended.
        """
        ledger = self._books.ledger
        maybe = ledger.may_have_ended(book)
        more = book.owes[SUCCESS]
        still = self._reader.still.get(feed_id)
        if still is not None:
            maybe -= still
            return maybe if len(maybe) == more else set()
        if seen is None:
            return set()
        left = maybe & ledger.leavers.keys()
        if not maybe & seen and len(maybe) == more:
            return maybe
        return left if set(book.owes) == {SUCCESS} and more >= len(left) else set()

    async def _count_again(self, backend: RunBackend, claim: Claim) -> None:
        """Count once more: some ended between the first number and R.

        They have all left R, and none is among those that failed.
        """
        low, high = claim.count.min_end, claim.count.max_end
        known = self._tally.successes(low, high)
        inside = self._tally.registering(low, high)
        rest = claim.gone & inside
        result = await self._asker.run(backend, claim.count)
        if result.total is not None and result.total - known >= len(rest) > 0:
            claim.gone, claim.more = rest, len(rest)

    async def _conclude(self, account: AccountRow, gone: set[int]) -> int:
        """Enter runs as ended well, as a list would have told (disk).

        The tally counts them all, as the number did; whom the ledger has let go of
        meanwhile nobody follows.
        """
        ledger = self._books.ledger
        runs = [ledger.runs[ident] for ident in sorted(gone) if ident in ledger.runs]
        rows = [self._looks.ended_well(account, run) for run in runs]
        changed = await self._looks.apply(account, rows)
        for run in runs:
            self._tally.enter(run.remote_id, SUCCESS, run.end, own=True)
        self._tally.ended_well(gone)
        self._books.enter_rows(rows)
        for feed_id in {run.feed_id for run in runs}:
            ledger.settle(feed_id)
        return changed
