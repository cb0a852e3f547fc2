"""Which jobs are shown and in which order. Pure: no Qt, may run in a thread."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from chrislib.jobs.model import Job, JobKey, Kind, Phase, ResultState
from chrislib.views.jobs.words import (
    COMPUTING,
    GROUPS,
    KIND_WORDS,
    group_of,
    look_of,
    plugin_of,
    result_open,
    state_key,
)

NO_GROUPS, BY_FEED, BY_BATCH = "none", "feed", "batch"
HIDDEN = -1
HEAD = "head:"
"""What the name of a row begins with that is not a job: a feed's or a batch's."""
_FEW = 200
_FIRST = float("-inf")
_NOTHING = (_FIRST, "", _FIRST, "")

Entry = tuple[float, str, float, str]
"""Order within a group: of its feed or batch, its name, of the row, its name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person has chosen to see.

    Attributes
    ----------
    kind : str
        "all", "pull", "upload", "run" (everything that computes) or "download".
    words : tuple of str
        Each must occur; casefolded.
    states : frozenset of str
        State keys, any of them; none means all.
    by : str
        `NO_GROUPS`, `BY_FEED` or `BY_BATCH`.
    untracked : bool
        Whether jobs nobody wants to follow are shown too.
    batch : str
        Key of the batch whose jobs alone are shown, "" for all.
    """

    kind: str = "all"
    words: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()
    by: str = NO_GROUPS
    untracked: bool = False
    batch: str = ""

    @property
    def filters(self) -> bool:
        """Whether kind, words or states may leave something out."""
        return self.kind != "all" or bool(self.words) or bool(self.states)

    @property
    def narrows(self) -> bool:
        """Whether anything may be left out."""
        return self.filters or bool(self.batch)


class Record(NamedTuple):
    """Where a job stands and what it counts for; compared as a whole."""

    group: int
    """Index in `GROUPS`, or `HIDDEN`."""
    entry: Entry
    state: str
    """State key, or "" where kind or words leave the job out."""
    kind: Kind
    ready: bool
    feed: int
    """Feed of a run, or 0."""
    ended: bool
    tracked: bool


_KINDS: Mapping[str, frozenset[Kind]] = {
    "all": frozenset(Kind),
    "pull": frozenset({Kind.PULL}),
    "upload": frozenset({Kind.UPLOAD}),
    "download": frozenset({Kind.DOWNLOAD}),
    "run": COMPUTING,
}


def haystack(job: Job) -> str:
    """Return what the words of a filter are looked for in."""
    feed = f"feed {job.feed_id}" if job.feed_id is not None else ""
    state = look_of(job, job.changed_at).text
    kind = KIND_WORDS[job.kind][0]
    whole = f"{job.title} {plugin_of(job)} {feed} {state} {kind} {job.detail}"
    return whole.casefold()


@dataclass(slots=True)
class Rules:
    """What decides about one job's place.

    Attributes
    ----------
    problems : collection of JobKey or None
        Jobs with an outcome nobody acted on; None while that is not known.
    stall : callable
        Says why a job takes too long, "" while it does not.
    batch_order : mapping
        Batch key to its place among batches (newest least).
    """

    wanted: Wanted
    problems: set[JobKey] | None
    stall: Callable[[Job], str]
    batch_order: Mapping[str, float] = field(default_factory=dict)

    def record(self, job: Job) -> Record:
        """Return where `job` stands."""
        wanted = self.wanted
        ended = job.phase.terminal
        feed = job.feed_id or 0 if job.kind is Kind.RUN else 0
        state = state_key(job)
        if not self._passes(job):
            return Record(
                HIDDEN, _NOTHING, "", job.kind, False, feed, ended, job.tracked
            )
        if (wanted.states and state not in wanted.states) or (
            not job.tracked and not wanted.untracked
        ):
            shown = state if job.tracked or wanted.untracked else ""
            return Record(
                HIDDEN, _NOTHING, shown, job.kind, False, feed, ended, job.tracked
            )
        settled = self.problems is not None and job.key not in self.problems
        stalled = not ended and bool(self.stall(job))
        group = GROUPS.index(group_of(job, settled=settled, stalled=stalled))
        ready = group == 2 and job.kind is Kind.RUN and result_open(job)
        return Record(
            group, self._entry(job), state, job.kind, ready, feed, ended, job.tracked
        )

    def _entry(self, job: Job) -> Entry:
        age = -(job.terminal_at or job.created_at)
        by = self.wanted.by
        if by == BY_FEED and job.feed_id is not None:
            return (-float(job.feed_id), f"{HEAD}feed:{job.feed_id}", age, job.key)
        if by == BY_BATCH and job.batch_key:
            rank = self.batch_order.get(job.batch_key, 0.0)
            return (rank, f"{HEAD}batch:{job.batch_key}", age, job.key)
        # by age alone where nothing is grouped: compared first, compared fastest
        rank = age if by == NO_GROUPS else float("inf")
        return (rank, "", age, job.key)

    def _passes(self, job: Job) -> bool:
        if job.phase is Phase.DRAFT and job.result is ResultState.DISCARDED:
            # withdrawn before it was sent: as if it had never been
            return False
        if job.kind not in _KINDS[self.wanted.kind]:
            return False
        if self.wanted.batch and job.batch_key != self.wanted.batch:
            return False
        words = self.wanted.words
        if not words:
            return True
        text = haystack(job)
        return all(word in text for word in words)


class Arrangement:
    """Three ordered lists of row names, and the counts that go with them.

    Heads of feeds and batches are rows of the lists like jobs.
    """

    def __init__(self) -> None:
        self.lists: tuple[list[Entry], list[Entry], list[Entry]] = ([], [], [])
        self.records: dict[JobKey, Record] = {}
        self.states: Counter[str] = Counter()
        self.kinds: tuple[Counter[Kind], ...] = (Counter(), Counter(), Counter())
        self.shown = [0, 0, 0]
        """Jobs in each group, folded or not; heads do not count."""
        self.ready: set[JobKey] = set()
        self.members: Counter[tuple[int, str]] = Counter()
        """Jobs under each head, by group."""
        self.folded: tuple[dict[str, list[Entry]], ...] = ({}, {}, {})
        """What is folded away under a head, by group."""
        self.feed_nodes: Counter[int] = Counter()
        self.feed_ended: Counter[int] = Counter()
        self.untracked = 0

    def fill(self, jobs: Iterable[Job], rules: Rules) -> None:
        """Arrange jobs from nothing."""
        for _ in self.filling(jobs, rules):
            pass

    def filling(self, jobs: Iterable[Job], rules: Rules) -> Iterator[None]:
        """Arrange jobs from nothing, pausing after every hundred."""
        for number, job in enumerate(jobs, start=1):
            record = rules.record(job)
            self.count(job.key, record)
            if record.group != HIDDEN:
                self.lists[record.group].append(record.entry)
            if number % 100 == 0:
                yield
        for group, rows in enumerate(self.lists):
            if rules.wanted.by != NO_GROUPS:
                for entry in rows:
                    if entry[1]:
                        self.members[group, entry[1]] += 1
                heads = {(e[0], e[1]) for e in rows if e[1]}
                rows.extend((rank, name, _FIRST, name) for rank, name in heads)
                yield
            rows.sort()
            yield

    def keep_folds(self, folds: Iterable[tuple[int, str]]) -> None:
        """Fold what was folded before."""
        for group, name in folds:
            self.fold(group, name)

    def count(self, key: JobKey, record: Record) -> None:
        """Note a job's record in every count; its row is not touched."""
        old = self.records.get(key)
        if old is not None:
            self._add(key, old, -1)
        self.records[key] = record
        self._add(key, record, 1)

    def uncount(self, key: JobKey) -> None:
        """Take a job that is no more out of every count; its row is not touched."""
        old = self.records.pop(key, None)
        if old is not None:
            self._add(key, old, -1)

    def _add(self, key: JobKey, record: Record, by: int) -> None:
        if record.state:
            self.states[record.state] += by
        if record.group != HIDDEN:
            self.kinds[record.group][record.kind] += by
            self.shown[record.group] += by
        if record.feed:
            self.feed_nodes[record.feed] += by
            if record.ended:
                self.feed_ended[record.feed] += by
        if not record.tracked:
            self.untracked += by
        if record.ready and by > 0:
            self.ready.add(key)
        else:
            self.ready.discard(key)

    # -- rows of one group -----------------------------------------------------

    def place(self, group: int, entry: Entry) -> int:
        """Return the row of an entry in its group's list, -1 when it has none."""
        rows = self.lists[group]
        row = bisect_left(rows, entry)
        return row if row < len(rows) and rows[row] == entry else -1

    def head_of(self, entry: Entry) -> Entry | None:
        """Return the entry of the head above a row, None where there is none."""
        if not entry[1]:
            return None
        return (entry[0], entry[1], _FIRST, entry[1])

    def is_folded(self, group: int, name: str) -> bool:
        """Return whether the jobs under a head are folded away."""
        return name in self.folded[group]

    def under(self, group: int, name: str) -> tuple[int, int]:
        """Return first row and end of the jobs under a head."""
        rows = self.lists[group]
        row = next((n for n, e in enumerate(rows) if e[3] == name), -1)
        if row < 0:
            return 0, 0
        end = bisect_left(rows, (rows[row][0], name, float("inf"), ""))
        return row + 1, end

    def fold(self, group: int, name: str) -> None:
        """Fold the jobs under a head away."""
        first, end = self.under(group, name)
        if end > first:
            self.folded[group][name] = self.lists[group][first:end]
            del self.lists[group][first:end]

    def unfold(self, group: int, name: str) -> list[Entry]:
        """Return the folded jobs of a head, which are folded no more."""
        return self.folded[group].pop(name, [])

    def hide_under_fold(self, group: int, entry: Entry, *, add: bool) -> bool:
        """Add or take a row under a folded head; False when its head is open."""
        held = self.folded[group].get(entry[1]) if entry[1] else None
        if held is None:
            return False
        if add:
            insort(held, entry)
        else:
            row = bisect_left(held, entry)
            if row < len(held) and held[row] == entry:
                del held[row]
        return True

    # -- many at once ------------------------------------------------------------

    def copy(self) -> "Arrangement":
        """Return another arrangement of the same rows."""
        other = Arrangement()
        first, second, third = self.lists
        other.lists = (list(first), list(second), list(third))
        other.records = dict(self.records)
        other.states = Counter(self.states)
        other.kinds = tuple(Counter(kinds) for kinds in self.kinds)
        other.shown = list(self.shown)
        other.ready = set(self.ready)
        other.members = Counter(self.members)
        other.folded = tuple(
            {name: list(rows) for name, rows in held.items()} for held in self.folded
        )
        other.feed_nodes = Counter(self.feed_nodes)
        other.feed_ended = Counter(self.feed_ended)
        other.untracked = self.untracked
        return other

    def move_many(
        self, moves: Mapping[JobKey, Record | None], lone: Iterable[str]
    ) -> None:
        """Give many jobs other records and places; None takes a job away.

        Parameters
        ----------
        lone : iterable of str
            Heads in Running that stay although no job stands under them.
        """
        for _ in self.moving(moves, lone):
            pass

    def moving(
        self, moves: Mapping[JobKey, Record | None], lone: Iterable[str]
    ) -> Iterator[None]:
        """Do what `move_many` does, pausing after small steps."""
        bare: set[tuple[int, Entry]] = set()
        gone: set[int] = set()
        few = len(moves) <= _FEW
        for number, (key, record) in enumerate(moves.items(), start=1):
            self._take_from(key, bare, gone=None if few else gone)
            if record is None:
                self.uncount(key)
            else:
                self.count(key, record)
            if number % 50 == 0:
                yield
        for group in gone:
            rows = self.lists[group]
            rows[:] = [e for e in rows if e[3] not in moves]
            yield
        added: tuple[list[Entry], ...] = ([], [], [])
        for number, record in enumerate(moves.values(), start=1):
            if record is not None and record.group != HIDDEN:
                self._add_to(record, bare, added[record.group])
            if number % 100 == 0:
                yield
        for rows, more in zip(self.lists, added, strict=True):
            if more:
                more.sort()
                yield
                rows.extend(more)
                rows.sort()
                yield
        held = set(lone)
        for group, head in bare:
            self._mend(group, head, held if group == 1 else set())

    def _take_from(
        self,
        key: JobKey,
        bare: set[tuple[int, Entry]],
        *,
        gone: set[int] | None,
    ) -> None:
        """Take a row out, or note its group in `gone`; its head may be bare now."""
        old = self.records.get(key)
        if old is None or old.group == HIDDEN:
            return
        if not self.hide_under_fold(old.group, old.entry, add=False):
            if gone is None:
                self._delete(old.group, old.entry)
            else:
                gone.add(old.group)
        head = self.head_of(old.entry)
        if head is not None:
            self.members[old.group, old.entry[1]] -= 1
            bare.add((old.group, head))

    def _add_to(
        self, record: Record, bare: set[tuple[int, Entry]], added: list[Entry]
    ) -> None:
        """Add a row to those to be sorted in; its head may be missing yet."""
        group, entry = record.group, record.entry
        head = self.head_of(entry)
        if head is not None:
            self.members[group, entry[1]] += 1
            bare.add((group, head))
        if not self.hide_under_fold(group, entry, add=True):
            added.append(entry)

    def _mend(self, group: int, head: Entry, lone: set[str]) -> None:
        """See to it that a head is there if it has jobs, or stands alone."""
        wanted = bool(self.members[group, head[3]]) or head[3] in lone
        there = self.place(group, head) >= 0
        if wanted and not there:
            insort(self.lists[group], head)
        elif there and not wanted:
            self._delete(group, head)
            self.folded[group].pop(head[3], None)

    def _delete(self, group: int, entry: Entry) -> None:
        place = self.place(group, entry)
        if place >= 0:
            del self.lists[group][place]
