"""The cheapest way to see a few runs whose dates are known. Pure.

A window over ``end_date`` and ``start_date`` brings every ended run in it: those we
want, and those we know already, which cost as much. So runs share a window when few
known ones lie between them, and a run that has many neighbors is asked for by its id.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chrislib.jobs.polling.capabilities import Caps
from chrislib.jobs.polling.ledger import Ledger, Run
from chrislib.jobs.polling.queries import (
    ANSWER_MS,
    ENDED,
    INSTANCE_MS,
    Ended,
    Point,
    Query,
)

MOST = 14
"""Runs that are grouped at a time; there are rarely more."""
_DOWN = 8
_REQUEST_MS = 5.0
"""What a request is worth besides its cost to the server."""
_LEFT_MS, _LEFT_DEAR_MS = 300.0, 70.0
"""What it costs, in our eyes, to let a run wait for the next tick."""
_MERGE_MS = 250.0
"""More than this is not paid to save one request."""
_MARGIN = 0.001


@dataclass(frozen=True, slots=True)
class Cover:
    """Where W begins, and the groups it does not hold."""

    low: float
    groups: tuple[tuple[Run, ...], ...]


def clusters(
    leavers: Sequence[Run],
    ledger: Ledger,
    *,
    edge: float,
    most: int,
    dear: bool = False,
    reach: bool = True,
) -> Cover:
    """Return the cheapest cover of `leavers` (youngest end first).

    Parameters
    ----------
    edge : float
        Where W begins in any case.
    most : int
        Requests that may be spent besides W.
    dear : bool
        Too much has been spent lately: who is dear to find may wait.
    reach : bool
        W may begin lower.
    """
    if not leavers:
        return Cover(edge, ())
    leavers = leavers[: MOST + _DOWN]
    known = _Known(ledger.ended_between(leavers[-1].end, max(edge, leavers[0].end)))
    left = _LEFT_DEAR_MS if dear else _LEFT_MS
    best: tuple[float, Cover] | None = None
    for down in range(min(len(leavers), _DOWN) + 1 if reach else 1):
        low = min(edge, leavers[down - 1].end - _MARGIN) if down else edge
        price = INSTANCE_MS * (known.since(low, edge) + down) if down else 0.0
        if best is not None and price > best[0]:
            break
        rest = leavers[down:]
        groups = _grouped(rest[:MOST], known, most=most)
        held = sum(len(group.runs) for group in groups)
        total = price + left * (len(rest) - held)
        total += sum(group.price + _REQUEST_MS for group in groups)
        if best is None or total < best[0]:
            best = total, Cover(low, tuple(tuple(group.runs) for group in groups))
    assert best is not None
    return best[1]


def look_at(group: Sequence[Run], caps: Caps) -> list[Query]:
    """Return the question(s) that show a group."""
    if len(group) == 1 or not caps.end_filter:
        return [Point(run.remote_id) for run in group]
    ends = [run.end for run in group]
    starts = [run.start for run in group]
    return [
        Ended(
            min_end=min(ends) - _MARGIN,
            max_end=max(ends) + _MARGIN,
            min_start=min(starts) - _MARGIN,
            max_start=max(starts) + _MARGIN,
            status=status,
            limit=caps.page,
        )
        for status in (("",) if caps.active_filter else ENDED)
    ]


class _Known:
    """Counts known rows in a window: each row is a bit, in the order of ends."""

    def __init__(self, rows: Sequence[tuple[float, float]]) -> None:
        self._ends = [end for end, _ in rows]
        by_start = sorted((start, bit) for bit, (_, start) in enumerate(rows))
        self._starts = [start for start, _ in by_start]
        self._below = [0]
        for _, bit in by_start:
            self._below.append(self._below[-1] | 1 << bit)

    def since(self, low: float, high: float) -> int:
        """Return how many ended in between."""
        return bisect_right(self._ends, high) - bisect_left(self._ends, low)

    def inside(self, box: "_Box") -> int:
        """Return how many rows a window would bring once more."""
        first = bisect_left(self._ends, box.first_end)
        last = bisect_right(self._ends, box.last_end)
        low = self._below[bisect_left(self._starts, box.first_start)]
        high = self._below[bisect_right(self._starts, box.last_start)]
        return ((low ^ high) >> first & (1 << last - first) - 1).bit_count()


class _Box(NamedTuple):
    first_end: float
    last_end: float
    first_start: float
    last_start: float

    def around(self, other: "_Box") -> "_Box":
        return _Box(
            min(self.first_end, other.first_end),
            max(self.last_end, other.last_end),
            min(self.first_start, other.first_start),
            max(self.last_start, other.last_start),
        )


class _Group(NamedTuple):
    runs: tuple[Run, ...]
    box: _Box
    price: float

    def with_(self, other: "_Group", known: _Known) -> "_Group":
        box = self.box.around(other.box)
        runs = self.runs + other.runs
        price = ANSWER_MS + INSTANCE_MS * (len(runs) + known.inside(box))
        return _Group(runs, box, price)


def _grouped(leavers: Sequence[Run], known: _Known, *, most: int) -> list[_Group]:
    if not leavers or most <= 0:
        return []
    groups: dict[int, _Group] = {
        number: _Group(
            (run,),
            _Box(run.end, run.end, run.start, run.start),
            ANSWER_MS + INSTANCE_MS,
        )
        for number, run in enumerate(leavers)
    }
    pairs: dict[tuple[int, int], tuple[float, _Group]] = {}

    def join(one: int, other: int) -> None:
        joined = groups[one].with_(groups[other], known)
        more = joined.price - groups[one].price - groups[other].price
        pairs[one, other] = more, joined

    for one in groups:
        for other in range(one + 1, len(leavers)):
            join(one, other)
    while pairs:
        (one, other), (more, joined) = min(pairs.items(), key=_by_price)
        if more > _REQUEST_MS and (len(groups) <= most or more > _MERGE_MS):
            break
        groups[one] = joined
        del groups[other]
        for pair in [p for p in pairs if one in p or other in p]:
            del pairs[pair]
        for third in groups:
            if third != one:
                join(min(one, third), max(one, third))
    # The cheapest look for a run first; among equals the one that waits longest.
    found = sorted(
        groups.values(), key=lambda group: (group.price / len(group.runs), group.box)
    )
    return found[:most]


def _by_price(pair: tuple[tuple[int, int], tuple[float, _Group]]) -> float:
    return pair[1][0]
