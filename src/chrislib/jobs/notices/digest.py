"""Coming back: one message for all that happened meanwhile. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from chrislib.catalog.outbox import PROBLEMS

ABSENCE = 600.0
"""Seconds nobody was told of anything, after which it is told in one piece."""


@dataclass(frozen=True, slots=True)
class Away:
    """A time in which nothing was told.

    Attributes
    ----------
    since : float or None
        When it began; None takes the oldest outcome's time.
    noted_at : float
        When its end was noticed.
    catching_up : bool
        Whether the server has to be asked first what happened meanwhile.
    """

    since: float | None
    noted_at: float
    catching_up: bool = True


def absence(last_seen: float | None, now: float) -> float | None:
    """Return since when nothing ran, None when it was shorter than `ABSENCE`."""
    if last_seen is None or now - last_seen < ABSENCE:
        return None
    return last_seen


def digest_due(
    away: Away,
    *,
    last_row: float,
    now: float,
    caught_up: bool,
    settle: float,
    longest: float,
) -> float:
    """Return when the digest is due: the news have stopped coming, or long enough.

    Parameters
    ----------
    last_row : float
        Time of the newest outcome.
    settle : float
        Seconds without another outcome.
    longest : float
        Seconds after which it is shown whatever still comes.
    """
    end = away.noted_at + longest
    if away.catching_up and not caught_up:
        return end
    return min(max(min(last_row, now), away.noted_at) + settle, end)


def counted(counts: Mapping[str, int]) -> str:
    """Return counts in words: "37 ready, 2 failed"."""
    known = (
        ("READY", "ready"),
        ("ERRORS", "ready with errors"),
        ("FAILED", "failed"),
    )
    parts = [f"{counts[kind]:,} {word}" for kind, word in known if counts.get(kind)]
    named = {kind for kind, _ in known}
    rest = sum(
        n for kind, n in counts.items() if kind not in named and kind in PROBLEMS
    )
    if rest:
        parts.append(f"{rest:,} {'needs' if rest == 1 else 'need'} a look")
    return ", ".join(parts)


def since_words(since: float, now: float, *, zone: tzinfo | None = None) -> str:
    """Return "since 18:04", with the day when it was not today."""
    then = datetime.fromtimestamp(since, zone)
    days = (datetime.fromtimestamp(now, zone).date() - then.date()).days
    if days == 0:
        return f"since {then:%H:%M}"
    if days == 1:
        return f"since yesterday {then:%H:%M}"
    if 0 < days < 7:
        return f"since {then:%a} {then:%H:%M}"
    return f"since {then:%Y-%m-%d}"
