"""What to ask the server next. Pure: the sweep carries the plan out.

A server pays for the rows it sends (4.7 ms a run), not for requests, so the plan is a
cheapest cover. A run that ends well passes ``registeringFiles``, which fixes its
``end_date``. Three kinds of windows over that date find every such end:

* young ages: most runs are still registering, so the ended ones are listed (W);
* old ages: most have ended and are known, so the registering ones are listed (R);
* what became of those that were in R and are not any more is told by numbers (N, see
  `proving`) where there are many. Others are looked for by themselves: W reaches down
  to one, or a window around its own dates holds it (with others, when few known rows
  lie between), or it is asked for by its id (P), whichever costs least.

The line between young and old moves with each tick and is called the *frontier*: every
run whose computing ended before it is known to have ended, or is known to register.
Cancels and time-outs leave ``end_date`` behind, and so do stragglers that register for
hours: the feeds' counts (D) tell of them, and a search in that feed finds them. Of many
cancels most can be had more cheaply, from the head of the list of cancelled runs (C).
Absence from a list is never taken for an end; it only makes us look.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.jobs.polling.capabilities import Caps
from chrislib.jobs.polling.cover import clusters, look_at
from chrislib.jobs.polling.ledger import Ledger
from chrislib.jobs.polling.queries import (
    ANSWER_MS,
    ENDED,
    FEED_MS,
    FEED_PAGE,
    INSTANCE_MS,
    SUCCESS,
    Active,
    CountEnded,
    Digest,
    Ended,
    FeedCount,
    Query,
    Registering,
)

OVERLAP = 30.0
"""Seconds the watermark stays behind: rows become visible late, clocks differ."""
STRAGGLER = 900.0
"""A run that registers for longer than this holds the watermark no more."""
SMALL, LARGE = 150, 200
"""Live runs below which, and above which, the list of active runs is (not) read."""
TINY = 8
"""So few runs are listed with each tick: nothing is cheaper, or simpler."""
_FULL = 10_000
_MANY_FEEDS = 150
_LEAVERS = 5
"""Requests for leavers that a tick may always spend."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Numbers the plan rests on, in seconds; chosen by replaying hours of load."""

    frontier: float = 32.0
    """Age at which ended runs pass from W to R; never below `OVERLAP`."""
    registering: float = 190.0
    """Age up to which registering runs are listed with each tick."""
    digest: float = 52.0
    """Between two digests of few feeds."""
    digest_tiny: float = 300.0
    """Where all active runs are listed anyway: ended ones may begin again."""
    digest_many: float = 70.0
    """Between two digests of many feeds."""
    cancelled_rows: int = 36
    """Of C, which follows each digest of many feeds."""
    active_ms: float = 250.0
    """Server milliseconds a minute for the list of active runs (small regime)."""
    screen: int = 3
    """Feeds on screen that are looked at with each tick."""
    points: int = 5
    """Single looks of a tick at runs that a list did not hold."""
    feeds: int = 6
    """Feeds read in a tick."""
    ranges: int = 3
    """Requests of one digest, at most, besides further pages."""
    stale: float = 300.0
    """Seconds after which a straggler is looked at for its own sake."""
    count_from: int = 6
    """Registering runs known before R for which the well-ended are counted first."""
    few: int = 2
    """Leavers that are better looked at one by one."""


DEFAULT = Tuning()


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent now on looks that can wait."""

    requests: float = 8.0
    server_ms: float = 1_000.0


@dataclass(slots=True)
class View:
    """What the plan is made from.

    Attributes
    ----------
    now : float
        The server's clock.
    frontier : float
        See the module.
    digest_age, active_age : float
        Seconds since the last D and A.
    period : float
        Seconds between ticks at present.
    strangers : int
        Active runs of the user that nobody follows, as the last list said.
    large : bool
        The regime of the last tick.
    visible : sequence of int
        Feeds on screen.
    whole_from : float
        Every own run that ended computing since then is known (see `Tally`).
    """

    ledger: Ledger
    now: float = 0.0
    frontier: float = 0.0
    digest_age: float = float("inf")
    active_age: float = float("inf")
    period: float = 15.0
    strangers: int = 0
    large: bool = False
    visible: Sequence[int] = ()
    whole_from: float = float("inf")


@dataclass(frozen=True, slots=True)
class Plan:
    """What opens a tick.

    Attributes
    ----------
    before : tuple of Query
        D: asked after R and before W, so that a difference to it is never a race.
    count : CountEnded or None
        N: asked before R, in ticks without D (see `proving`).
    first : tuple of Query
        R, or all of A in a tiny regime.
    beside : tuple of Query
        May be asked beside W, in any order.
    frontier, low : float or None
        The frontier and the watermark that are true when R and W were applied.
    """

    before: tuple[Query, ...] = ()
    count: CountEnded | None = None
    first: tuple[Query, ...] = ()
    beside: tuple[Query, ...] = ()
    frontier: float | None = None
    low: float | None = None
    tiny: bool = False


def plan(view: View, caps: Caps, tuning: Tuning = DEFAULT) -> Plan:
    """Return what opens a tick; nothing when no followed run lives."""
    ledger = view.ledger
    if ledger.live == 0:
        return Plan()
    if ledger.live + view.strangers <= TINY:
        due = view.digest_age >= tuning.digest_tiny
        return Plan(
            before=tuple(digests(ledger.live_feeds(), tuning)) if due else (),
            first=active_pages(caps),
            low=low_of(view),
            tiny=True,
        )
    frontier = max(view.frontier, view.now - tuning.frontier)
    feeds = ledger.live_feeds()
    many = len(feeds) > _MANY_FEEDS
    beside: list[Query] = []
    # After an absence the windows come first, and the digest knows the rest.
    behind = view.now - view.frontier > STRAGGLER
    due = digest_due(view, view.digest_age, tuning)
    before = digests(feeds, tuning) if due else []
    if many and before and not behind:
        beside.append(Ended(status="cancelled", limit=tuning.cancelled_rows))
    if _active_due(view, tuning):
        beside += active_pages(caps)
    beside += [FeedCount(feed) for feed in on_screen(view, tuning)]
    registering = _registering(view, caps, tuning, frontier=frontier)
    return Plan(
        before=tuple(before),
        count=None if before else _count(view, registering, tuning),
        first=(registering,),
        beside=tuple(beside),
        frontier=frontier,
        low=low_of(view),
    )


def digest_due(view: View, age: float, tuning: Tuning = DEFAULT) -> bool:
    """Whether a tick begins with D, when the last one is `age` seconds old."""
    return age >= digest_every(view, tuning) - view.period / 2


def digest_every(view: View, tuning: Tuning = DEFAULT) -> float:
    """Return seconds between two digests, on the average."""
    many = len(view.ledger.live_feeds()) > _MANY_FEEDS
    return tuning.digest_many if many else tuning.digest


def low_of(view: View) -> float:
    """Return the watermark that a window asked for now makes true.

    It stays half a minute behind, and never passes the end of a run that was seen
    registering less than a quarter of an hour ago: ``end_date`` is when computing
    ended, not when the files were in.
    """
    return min(
        view.now - OVERLAP,
        *(
            run.end
            for run in view.ledger.registering.values()
            if run.end > view.now - STRAGGLER
        ),
        view.now,
    )


def period_of(base: float, live: int) -> float:
    """Return seconds from tick to tick: a little more when there is much to send."""
    return base * (1.0 + 0.275 * min(1.0, max(0, live - 1_000) / _FULL))


def rates_of(live: int) -> tuple[float, float]:
    """Return requests and server milliseconds a minute a plan should keep to."""
    share = min(1.0, live / _FULL)
    requests = 11.5 if live <= 1_000 else 11.5 + 8.1 * share
    return requests, 480.0 + 2_370.0 * share


def regime(live: int, *, large: bool) -> bool:
    """Return whether `live` runs make the large regime; `large` was the last one."""
    return live > LARGE if not large else live >= SMALL


def active_pages(caps: Caps) -> tuple[Query, ...]:
    """Return A; one a status where there is no filter."""
    if caps.active_filter:
        return (Active(limit=caps.page),)
    return tuple(
        Active(status=status, limit=caps.page) for status in caps.active_statuses
    )


def digests(feeds: Sequence[int], tuning: Tuning = DEFAULT) -> list[Query]:
    """Return D for feeds (in order of their ids), in few ranges of ids."""
    if not feeds:
        return []
    # A gap may be full of feeds without live runs: that is worth a request.
    cuts = sorted(
        (n for n in range(1, len(feeds)) if feeds[n] - feeds[n - 1] > _WIDE_GAP),
        key=lambda n: feeds[n - 1] - feeds[n],
    )
    starts = sorted([0, *cuts[: tuning.ranges - 1]])
    found: list[Query] = []
    for first, last in zip(starts, [*starts[1:], len(feeds)], strict=True):
        if last - first == 1:
            found.append(FeedCount(feeds[first]))
            continue
        found += [
            Digest(feeds[first], feeds[last - 1], limit=FEED_PAGE, offset=offset)
            for offset in range(0, last - first, FEED_PAGE)
        ]
    return found


_WIDE_GAP = ANSWER_MS / FEED_MS


def looks(
    view: View, caps: Caps, budget: Budget, *, reach: bool = True
) -> tuple[list[Query], list[Query]]:
    """Return W, and the looks at those that have left R.

    W reaches from the frontier to now, or further down where a leaver is near, if
    `reach` allows it.
    """
    ledger = view.ledger
    leavers = sorted(
        (run for run in ledger.leavers.values() if not run.dark),
        key=lambda run: -run.end,
    )
    # These are what a tick is for: a few may always be asked for.
    cover = clusters(
        leavers,
        ledger,
        edge=view.frontier,
        most=max(_LEAVERS, int(budget.requests)),
        dear=budget.server_ms < 0,
        reach=reach,
    )
    found = [query for group in cover.groups for query in look_at(group, caps)]
    return windows(cover.low, caps), found


def windows(min_end: float, caps: Caps) -> list[Query]:
    """Return W; one a status where there is no filter."""
    statuses = ("",) if caps.active_filter else ENDED
    return [
        Ended(min_end=min_end if caps.end_filter else None, status=s, limit=caps.page)
        for s in statuses
    ]


def on_screen(view: View, tuning: Tuning) -> list[int]:
    """Return the feeds on screen that are looked at with each tick."""
    books = view.ledger.books
    found = [feed for feed in view.visible if feed in books and books[feed].live]
    return found[: tuning.screen]


# Inside.


def _active_due(view: View, tuning: Tuning) -> bool:
    if regime(view.ledger.live, large=view.large):
        return False
    rows = view.ledger.live + view.strangers
    price = ANSWER_MS + INSTANCE_MS * rows
    return view.active_age >= 60.0 * price / tuning.active_ms


def _registering(
    view: View, caps: Caps, tuning: Tuning, *, frontier: float
) -> Registering:
    oldest = view.now - tuning.registering
    ends = (run.end for run in view.ledger.registering.values())
    low = min([view.frontier, *(end for end in ends if end >= oldest)])
    if not caps.end_filter:
        return Registering(limit=caps.page)
    return Registering(min_end=low - 0.001, max_end=frontier + 0.001, limit=caps.page)


def _count(view: View, registering: Registering, tuning: Tuning) -> CountEnded | None:
    """Return N over what R was asked for before: everything there is known."""
    if registering.min_end is None:
        return None
    low = max(registering.min_end, view.whole_from)
    inside = sum(
        low <= r.end <= view.frontier for r in view.ledger.registering.values()
    )
    if inside < tuning.count_from:
        return None
    return CountEnded(SUCCESS, min_end=low, max_end=view.frontier)
