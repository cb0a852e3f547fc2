"""Which of the waiting outcomes are told now, together or one by one. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chrislib.catalog.outbox import Outbox
from chrislib.jobs.notices.digest import Away, digest_due
from chrislib.jobs.notices.policy import Hold

GROUPS_APART = 3
"""More groups than this at the same time become one summary."""

# What follows from the end of a job; the others do not wait for the rest of a feed.
_ENDS = frozenset({"READY", "ERRORS", "FAILED", "CANCELLED_EXTERNALLY", "GONE"})
_BASE = 15.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Spans in seconds; one number scales them all.

    Attributes
    ----------
    settle : float
        Without another outcome in a group before it is told.
    longest : float
        A group waits at most for stragglers.
    apart : float
        Between two toasts of one account.
    catch_up : float
        After coming back, a digest waits at most.
    round : float
        Between two looks at what waits.
    """

    settle: float = 5.0
    longest: float = 30.0
    apart: float = 30.0
    catch_up: float = 60.0
    round: float = 2.0

    @classmethod
    def of(cls, base_period: float) -> "Timing":
        """Return the spans for a base period of polling; 15 s in the product."""
        part = base_period / _BASE
        return cls(5 * part, 30 * part, 30 * part, 60 * part, 2 * part)


@dataclass(frozen=True, slots=True)
class Group:
    """What waits together.

    Attributes
    ----------
    counts : mapping
        Rows per kind.
    alive : int
        Jobs of the group that have not ended.
    told : bool
        Whether a problem was told since the ones on their way began.
    """

    key: str
    counts: Mapping[str, int]
    first_at: float
    last_at: float
    alive: int = 0
    told: bool = False

    @property
    def problems(self) -> tuple[str, ...]:
        """Kinds that are not plain success."""
        return tuple(kind for kind in self.counts if kind != "READY")


@dataclass(frozen=True, slots=True)
class Telling:
    """One toast to be shown now.

    Attributes
    ----------
    groups : tuple of str or None
        Told whole; None for everything that waits: a digest.
    partly : tuple of str
        Groups of which only `kinds` are told, since they go on.
    since : float or None
        Of a digest.
    """

    groups: tuple[str, ...] | None
    partly: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: float | None = None

    @property
    def single(self) -> str:
        """The only group it tells of, "" for several."""
        keys = (*(self.groups or ()), *self.partly)
        return keys[0] if self.groups is not None and len(keys) == 1 else ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to tell now, or when to look again; infinity until something changes."""

    telling: Telling | None = None
    again_at: float = math.inf


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a decision about one account rests on."""

    now: float
    hold: Hold | None = None
    away: Away | None = None
    caught_up: bool = True
    last_toast: float = -math.inf
    per_node: bool = False
    timing: Timing = field(default_factory=Timing)


def groups_of(outbox: Outbox) -> dict[int, list[Group]]:
    """Return what waits per account, oldest group first."""
    kinds: dict[tuple[int, str], list[tuple[str, int, float, float]]] = {}
    for row in outbox.waiting:
        part = (row.kind, row.rows, row.first_at, row.last_at)
        kinds.setdefault((row.account_id, row.group), []).append(part)
    found: dict[int, list[Group]] = {}
    for (account_id, key), parts in kinds.items():
        alive = outbox.alive.get((account_id, key))
        told = outbox.told.get((account_id, key))
        found.setdefault(account_id, []).append(
            Group(
                key,
                {kind: rows for kind, rows, _, _ in parts},
                min(first for _, _, first, _ in parts),
                max(last for _, _, _, last in parts),
                alive.jobs if alive is not None else 0,
                alive is not None and told is not None and told >= alive.since,
            )
        )
    for groups in found.values():
        groups.sort(key=lambda group: (group.first_at, group.key))
    return found


def due(group: Group, situation: Situation) -> tuple[float, tuple[str, ...] | None]:
    """Return when a group is told, and of which kinds (None for all).

    A feed is told of once, when its last node has ended; its first failure at once,
    and so is what needs a person and is no end of a job.
    """
    now, timing = situation.now, situation.timing
    # written with a clock that was ahead and has been put back
    last = min(group.last_at, now) if group.last_at <= now + 1 else -math.inf
    first = min(group.first_at, last)
    streaming = min(last + timing.settle, first + timing.longest)
    if situation.per_node:
        return streaming, None
    if group.alive == 0:
        return last + timing.settle, None
    if group.problems and not group.told:
        return -math.inf, group.problems
    pressing = tuple(kind for kind in group.counts if kind not in _ENDS)
    if pressing:
        return streaming, pressing
    return math.inf, None


def decide(groups: Sequence[Group], situation: Situation) -> Decision:
    """Return what to tell of one account now."""
    if not groups:
        return Decision()
    now, timing, hold = situation.now, situation.timing, situation.hold
    if hold is not None and not hold.problems_pass:
        return Decision(again_at=math.inf if hold.until is None else hold.until)
    apart = situation.last_toast + timing.apart
    slot = apart if situation.last_toast <= now else -math.inf
    if hold is not None:
        groups = [_problems_only(group) for group in groups if group.problems]
        decision = _now_or_at(groups, situation, slot, only_problems=True)
        until = math.inf if hold.until is None else hold.until
        return Decision(decision.telling, min(decision.again_at, until))
    away = situation.away
    if away is not None and _counts(away, now, timing):
        at = digest_due(
            away,
            last_row=max(group.last_at for group in groups),
            now=now,
            caught_up=situation.caught_up,
            settle=timing.settle,
            longest=timing.catch_up,
        )
        at = max(at, slot)
        if at > now:
            return Decision(again_at=at)
        if len(groups) == 1:
            return _now_or_at(groups, situation, slot)
        since = away.since
        if since is None:
            since = min(group.first_at for group in groups)
        return Decision(Telling(None, since=since), now + timing.apart)
    return _now_or_at(groups, situation, slot)


def _counts(away: Away, now: float, timing: Timing) -> bool:
    """Whether an absence ended only just now: later it makes no digest any more."""
    return now <= away.noted_at + timing.catch_up + timing.apart + timing.settle


def _now_or_at(
    groups: Sequence[Group],
    situation: Situation,
    slot: float,
    *,
    only_problems: bool = False,
) -> Decision:
    """Tell what is due: one group, or all of them when they are many."""
    now = situation.now
    whole: list[Group] = []
    partly: dict[str, tuple[Group, tuple[str, ...]]] = {}
    again = math.inf
    for group in groups:
        at, kinds = due(group, situation)
        if only_problems and kinds is None:
            kinds = group.problems
        if at > now:
            again = min(again, at)
        elif kinds is None:
            whole.append(group)
        else:
            partly[group.key] = group, kinds
    if not whole and not partly:
        return Decision(again_at=max(again, slot))
    if slot > now:
        return Decision(again_at=slot)
    then = now + situation.timing.apart
    if len(whole) + len(partly) > GROUPS_APART:
        kinds_of_part = sorted({kind for _, some in partly.values() for kind in some})
        telling = Telling(
            tuple(group.key for group in whole), tuple(partly), tuple(kinds_of_part)
        )
        return Decision(telling, then)
    if partly:
        group, some = next(iter(partly.values()))
        return Decision(Telling((), (group.key,), some), then)
    group = min(whole, key=lambda one: not one.problems)
    return Decision(Telling((group.key,)), then)


def _problems_only(group: Group) -> Group:
    counts = {kind: group.counts[kind] for kind in group.problems}
    return replace(group, counts=counts)
