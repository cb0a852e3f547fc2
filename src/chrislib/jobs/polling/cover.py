"""The cheapest way to see a few runs whose dates are known. Pure.

A window over ``end_date`` and ``start_date`` brings every ended run in it: those we
want, and those we know already, which cost as much. So runs share a window when few
known ones lie between them, and a run that has many neighbors is asked for by its id.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
"""Runs that are grouped at a time; there are rarely more, and it takes n cubed."""
_DOWN = 12
_REQUEST_MS = 5.0
"""What a request is worth besides its cost to the server."""
_LEFT_MS = 300.0
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
    leavers: Sequence[Run], ledger: Ledger, *, edge: float, most: int
) -> Cover:
    """Return the cheapest cover of `leavers` (youngest end first).

    Parameters
    ----------
    edge : float
        Where W begins in any case.
    most : int
        Requests that may be spent besides W.
    """
    best: tuple[float, Cover] | None = None
    for reach in range(min(len(leavers), _DOWN) + 1):
        low = min(edge, leavers[reach - 1].end - _MARGIN) if reach else edge
        price = INSTANCE_MS * (ledger.known_ended(low, edge) + reach) if reach else 0.0
        if best is not None and price > best[0]:
            break
        groups = _grouped(leavers[reach:][:MOST], ledger, most=most)
        held = sum(len(group.runs) for group in groups)
        total = (
            price
            + sum(group.price + _REQUEST_MS for group in groups)
            + _LEFT_MS * (len(leavers) - reach - held)
        )
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


@dataclass(slots=True)
class _Group:
    runs: list[Run]
    price: float = ANSWER_MS + INSTANCE_MS

    def with_(self, other: "_Group", ledger: Ledger) -> "_Group":
        runs = [*self.runs, *other.runs]
        ends = [run.end for run in runs]
        starts = [run.start for run in runs]
        known = ledger.known_ended(min(ends), max(ends), min(starts), max(starts))
        return _Group(runs, ANSWER_MS + INSTANCE_MS * (len(runs) + known))


def _grouped(leavers: Sequence[Run], ledger: Ledger, *, most: int) -> list[_Group]:
    if not leavers or most <= 0:
        return []
    groups = [_Group([run]) for run in leavers]
    while len(groups) > 1:
        best: tuple[float, int, int, _Group] | None = None
        for i, one in enumerate(groups):
            for j in range(i + 1, len(groups)):
                joined = one.with_(groups[j], ledger)
                more = joined.price - one.price - groups[j].price
                if best is None or more < best[0]:
                    best = more, i, j, joined
        assert best is not None
        more, i, j, joined = best
        if more > _REQUEST_MS and (len(groups) <= most or more > _MERGE_MS):
            break
        groups[i] = joined
        del groups[j]
    # The cheapest look for a run first; among equals the one that waits longest.
    groups.sort(key=lambda group: (group.price / len(group.runs), group.runs[-1].end))
    return groups[:most]
