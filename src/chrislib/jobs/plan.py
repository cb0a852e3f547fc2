"""What to ask the server next. Pure: the poller carries the plan out.

This is the small regime of the design: the list of active runs, then the window of
those that ended, then single looks at what neither explains. Absence from a list is
never taken for an end; it only makes us look.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chrislib.jobs.model import Phase

OVERLAP = timedelta(seconds=30)
STRAGGLER = timedelta(minutes=15)
POINTS_PER_TICK = 5
WINDOW_FROM = 4
"""So many unexplained absences make one window query cheaper than single looks."""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What the plan needs to know of one followed run."""

    remote_id: int
    phase: Phase
    end_date: str
    looked_at: float
    """When it was last seen, monotonic seconds; the longest unseen comes first."""


@dataclass(frozen=True, slots=True)
class AskWindow:
    """Own runs that ended since `low`."""

    low: datetime


@dataclass(frozen=True, slots=True)
class AskPoint:
    """One run by its id."""

    remote_id: int


Query = AskWindow | AskPoint


def after_active(
    absent: tuple[LiveRun, ...], *, low: datetime
) -> tuple[AskWindow | None, tuple[AskPoint, ...]]:
    """Return what to ask about followed runs the active list did not hold."""
    if len(absent) < WINDOW_FROM:
        return None, points(absent)
    return AskWindow(low), ()


def points(absent: tuple[LiveRun, ...]) -> tuple[AskPoint, ...]:
    """Return single looks, the longest unseen first, a few a tick."""
    order = sorted(absent, key=lambda run: (run.looked_at, run.remote_id))
    return tuple(AskPoint(run.remote_id) for run in order[:POINTS_PER_TICK])


def next_low(live: tuple[LiveRun, ...], *, asked_at: datetime) -> datetime:
    """Return the watermark that a fully applied window query makes true.

    It never passes the end of a run that was seen registering its files less than
    15 minutes ago: CUBE sets ``end_date`` when computing ends, not when files are in.

    Parameters
    ----------
    asked_at : datetime
        Server time when the window was asked for.
    """
    low = asked_at - OVERLAP
    for run in live:
        if run.phase is not Phase.REGISTERING or not run.end_date:
            continue
        try:
            end = datetime.fromisoformat(run.end_date)
        except ValueError:
            continue
        if end.tzinfo is not None and end > asked_at - STRAGGLER:
            low = min(low, end)
    return low


def interval(
    base: float, *, live: int, watched: bool, quiet_ticks: int, hidden: bool = False
) -> float:
    """Return seconds until the next sweep, before jitter.

    Parameters
    ----------
    base : float
        The period of a quiet but visible program, 15 s in the product.
    watched : bool
        Whether someone looks at a feed with live runs.
    quiet_ticks : int
        Sweeps since anything changed; waiting longer grows the period up to 4 times.
    """
    if live == 0:
        return 20 * base
    if watched:
        return base / 6
    slower = min(4.0, 1 + quiet_ticks / 8)
    return min(20 * base, base * slower * (2.0 if hidden else 1.0))
