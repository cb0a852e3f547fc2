"""What can be asked of a server about runs: each query is one page, one request.

Times are seconds since the epoch by the server's clock. The names of the design's
queries (A, R, W, D, F, P) stand with each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chrislib.jobs.steps import Observation

PAGE = 100
"""Full rows on a page: half a second of a CUBE."""
FEED_PAGE = 250
"""Feeds on a page: they cost half of what a run does."""
CATCH_UP_PAGE = 500
"""Rows on a page once it is known that there are hundreds of them."""

INSTANCE_MS = 4.7
COMPACT_MS = 4.0
FEED_MS = 2.2
ANSWER_MS = 10.0
"""Milliseconds of a CUBE for a row and for an answer (measured, cube-baselines 4)."""

REGISTERING = "registeringFiles"
"""Computing is over; its files are being listed."""
SUCCESS, ERROR, CANCELLED = "finishedSuccessfully", "finishedWithError", "cancelled"
ENDED = (SUCCESS, ERROR, CANCELLED)
ACTIVE = (
    "created", "waiting", "copying", "scheduled", "started", "uploading",
    REGISTERING,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Active:
    """A: own runs that have not ended; `status` for servers without that filter."""

    status: str = ""
    limit: int = PAGE
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Registering:
    """R: own runs whose files are being registered, by the end of computing."""

    min_end: float | None = None
    max_end: float | None = None
    limit: int = PAGE
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """W: own runs that have ended, by ``end_date`` (and ``start_date``)."""

    min_end: float | None = None
    max_end: float | None = None
    min_start: float | None = None
    max_start: float | None = None
    status: str = ""
    limit: int = PAGE
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """D: feeds with their counts, by id."""

    min_id: int
    max_id: int | None = None
    limit: int = FEED_PAGE
    offset: int = 0


@dataclass(frozen=True, slots=True)
class FeedCount:
    """The counts of one feed: exact, also where it is shared."""

    feed_id: int


@dataclass(frozen=True, slots=True)
class FeedRuns:
    """F: the runs of one feed, compact; with a filter the full rows that fit."""

    feed_id: int
    status: str = ""
    active: bool | None = None
    min_end: float | None = None
    limit: int = PAGE
    offset: int = 0

    @property
    def compact(self) -> bool:
        """Whether the feed's own short list is asked, which holds every run."""
        return not self.status and self.active is None


@dataclass(frozen=True, slots=True)
class Point:
    """P: one run."""

    remote_id: int


@dataclass(frozen=True, slots=True)
class CountActive:
    """How many own runs have not ended."""


@dataclass(frozen=True, slots=True)
class CountEnded:
    """N: how many own runs ended so, by ``end_date``; no row is sent."""

    status: str
    min_end: float
    max_end: float


Query = (
    Active
    | Registering
    | Ended
    | Digest
    | FeedCount
    | FeedRuns
    | Point
    | CountActive
    | CountEnded
)


@dataclass(frozen=True, slots=True)
class FeedCounts:
    """How many runs of a feed are in which status, by CUBE's names of statuses."""

    feed_id: int
    counts: Mapping[str, int]
    deletion_status: str = ""
    exact: bool = False
    """From the feed itself; lists count runs of shared feeds several times (trap 7)."""

    @property
    def active(self) -> int:
        """Runs that have not ended."""
        return sum(n for status, n in self.counts.items() if status not in ENDED)

    @property
    def total(self) -> int:
        """All runs."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One page.

    Attributes
    ----------
    total : int or None
        How many rows there are in all, as the server says.
    more : bool
        Whether there is another page.
    received_rows : int
        Rows on the wire, repeated and unreadable ones included: the next offset.
    sent, received : float
        Local monotonic seconds.
    server_date : datetime
        The server's clock when it answered.
    anomalies : int
        Rows that could not be read or contradict what was asked.
    """

    rows: tuple[Observation, ...] = ()
    digests: tuple[FeedCounts, ...] = ()
    total: int | None = None
    more: bool = False
    received_rows: int = 0
    sent: float = 0.0
    received: float = 0.0
    server_date: datetime = field(default_factory=lambda: datetime.min)
    anomalies: int = 0


def cost_ms(query: Query, rows: int) -> float:
    """Return what an answer with so many rows costs a CUBE, milliseconds."""
    if isinstance(query, CountActive):
        return 24.0
    if isinstance(query, Digest | FeedCount):
        return ANSWER_MS + FEED_MS * rows
    if isinstance(query, FeedRuns) and query.compact:
        return ANSWER_MS + COMPACT_MS * rows
    return ANSWER_MS + INSTANCE_MS * rows
