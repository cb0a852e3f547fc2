"""What to ask about what the lists of a tick did not explain. Pure.

Counts that tell of more ends than are known lead to a search in that feed; runs that
a list of all active ones did not hold, and feeds that the digest did not, are looked at
by themselves. What is left of the budget goes to what nobody waits for.
"""

from chrislib.jobs.polling.capabilities import Caps
from chrislib.jobs.polling.ledger import Ledger
from chrislib.jobs.polling.plan import (
    DEFAULT,
    STRAGGLER,
    Budget,
    Tuning,
    View,
    on_screen,
    regime,
)
from chrislib.jobs.polling.queries import (
    ANSWER_MS,
    COMPACT_MS,
    INSTANCE_MS,
    REGISTERING,
    SUCCESS,
    FeedCount,
    FeedRuns,
    Point,
    Query,
)

_PLENTY, _PLENTY_MS = 5, 700.0
"""So much must be saved up before anything is asked that nobody waits for."""


def repairs(
    view: View,
    caps: Caps,
    budget: Budget,
    tuning: Tuning = DEFAULT,
    *,
    counts: bool = True,
) -> list[Query]:
    """Return the looks for what the lists of this tick did not explain.

    Parameters
    ----------
    counts : bool
        Whether the counts of feeds were told before W was asked.
    """
    ledger = view.ledger
    if ledger.live == 0:
        return []
    found: list[Query] = []
    for feed_id in on_screen(view, tuning):
        book = ledger.books[feed_id]
        if book.told is not None and book.told.counts != book.read_counts:
            found.append(FeedRuns(feed_id, limit=caps.page))
    # What the counts tell of is overdue already: it may run into debt.
    for feed_id in _owing(ledger)[: tuning.feeds] if counts else ():
        query = search_in(feed_id, ledger, caps)
        if query not in found:
            found.append(query)
    left = int(budget.requests) - len(found)
    absent = sorted(run.remote_id for run in ledger.absent.values() if not run.dark)
    most = tuning.points if left >= 1 else 1
    found += [Point(remote_id) for remote_id in absent[:most]]
    left -= len(absent[:most])
    for feed_id in _missing(ledger)[: max(1, min(left, tuning.points))]:
        found.append(FeedCount(feed_id))
        left -= 1
    if left >= _PLENTY and budget.server_ms >= _PLENTY_MS:
        found += _for_its_own_sake(view, caps, tuning)
    return found


def search_in(feed_id: int, ledger: Ledger, caps: Caps) -> Query:
    """Return the cheapest question that finds what a feed's counts tell of."""
    book = ledger.books[feed_id]
    owed = book.owes
    whole = FeedRuns(feed_id, limit=caps.page)
    status = max(owed, key=lambda name: owed[name], default="")
    waiting = sorted(
        (run for run in ledger.registering.values() if run.feed_id == feed_id),
        key=lambda run: (run.looked, run.end),
    )
    some = status == SUCCESS and len(waiting) > 1
    if some and book.tries == 0:
        # Those that do not register any more are as many as the counts say.
        return FeedRuns(feed_id, status=REGISTERING, limit=caps.page)
    # One that registers for long is the likeliest to have come to its end.
    tries = book.tries - some
    if status not in ("", "cancelled") and tries < min(3, len(waiting)):
        return Point(waiting[0].remote_id)
    if book.tries > 0 or "" in owed or not owed:
        return whole
    rows = book.ended.get(status, 0) + (book.offset or {}).get(status, 0)
    price = ANSWER_MS + COMPACT_MS * (book.active + sum(book.ended.values()))
    if ANSWER_MS + INSTANCE_MS * (rows + owed[status]) < price:
        return FeedRuns(feed_id, status=status, limit=caps.page)
    return whole


# Inside.


def _owing(ledger: Ledger) -> list[int]:
    known: dict[int, int] = {}
    for run in ledger.leavers.values():
        known[run.feed_id] = known.get(run.feed_id, 0) + 1
    found = []
    for feed_id, book in ledger.books.items():
        owed = book.owes
        if not owed:
            continue
        # Those that have just left R are looked for one by one.
        plain = not {"", "cancelled"} & set(owed)
        if not plain or sum(owed.values()) > known.get(feed_id, 0):
            found.append((book.tries, feed_id))
    return [feed_id for _, feed_id in sorted(found)]


def _missing(ledger: Ledger) -> list[int]:
    return [feed for feed, book in ledger.books.items() if book.missing and book.live]


def _for_its_own_sake(view: View, caps: Caps, tuning: Tuning) -> list[Query]:
    """Return a look at a straggler, or at a feed whose phases have moved on."""
    ledger = view.ledger
    old = [
        run
        for run in ledger.registering.values()
        if run.end < view.now - STRAGGLER and run.looked < view.now - tuning.stale
    ]
    if old:
        return [Point(min(old, key=lambda run: run.looked).remote_id)]
    moved = [
        (book.read_at, feed_id)
        for feed_id, book in ledger.books.items()
        if book.live
        and book.told is not None
        and book.told.counts != book.read_counts
        and book.read_at < view.now - tuning.stale
    ]
    if not moved or not regime(ledger.live, large=view.large):
        return []
    return [FeedRuns(min(moved)[1], limit=caps.page)]
