"""What the user wants to be told, and when not. Pure: no clock, no disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum

from chrislib.catalog.outbox import PROBLEMS, Rules

DAY = 24 * 60
SNOOZE_SHORTEST, SNOOZE_LONGEST = 15 * 60.0, 24 * 3600.0
"""Seconds a snooze may last."""

KINDS = ("READY", *PROBLEMS)


class Delivery(Enum):
    """How one sort of outcome is told."""

    TOAST = "toast"
    """On the desktop and in the inbox."""
    INBOX = "inbox"
    OFF = "off"


PRESETS: Mapping[str, Mapping[str, Delivery]] = {
    "all": dict.fromkeys(KINDS, Delivery.TOAST),
    "problems": dict.fromkeys(KINDS, Delivery.TOAST) | {"READY": Delivery.INBOX},
    "none": dict.fromkeys(KINDS, Delivery.INBOX),
}


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours without toasts, by the local clock.

    Attributes
    ----------
    start, end : int
        Minutes after midnight. An end before the start is on the next day; the same
        minute means a whole day.
    days : frozenset of int
        Weekdays on which they begin, Monday is 0.
    """

    on: bool = False
    start: int = 22 * 60
    end: int = 7 * 60
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Policy:
    """What one account's user wants.

    Attributes
    ----------
    snooze_until : float or None
        No toasts before that time (seconds since the epoch).
    snooze_errors : bool
        Whether problems are told all the same while toasts are snoozed.
    per_node : bool
        A toast for each node instead of one when the feed's last one ends.
    names : bool
        Titles may be in toasts. They may name patients and are seen by whoever sees
        the screen, also while it is locked.
    desktop : bool
        Show nothing while the desktop says it does not want to be disturbed.
    """

    kinds: Mapping[str, Delivery] = field(default_factory=lambda: PRESETS["all"])
    quiet: Quiet = Quiet()
    snooze_until: float | None = None
    snooze_errors: bool = True
    per_node: bool = False
    names: bool = False
    desktop: bool = True

    def delivery(self, kind: str) -> Delivery:
        """Return how a kind is told; one of another version as a toast."""
        return self.kinds.get(kind, Delivery.TOAST)

    @property
    def preset(self) -> str:
        """Which preset it is: all, problems or none; own for neither."""
        for name, kinds in PRESETS.items():
            if all(self.delivery(kind) is kinds[kind] for kind in KINDS):
                return name
        return "own"

    def with_preset(self, name: str) -> "Policy":
        """Return it with the kinds of a preset."""
        return replace(self, kinds=PRESETS[name])

    def with_kind(self, kind: str, delivery: Delivery) -> "Policy":
        """Return it with one kind told otherwise."""
        return replace(self, kinds={**self.kinds, kind: delivery})

    def snoozed(self, now: float, seconds: float) -> "Policy":
        """Return it without toasts for a while, 15 minutes to 24 hours."""
        span = min(max(seconds, SNOOZE_SHORTEST), SNOOZE_LONGEST)
        return replace(self, snooze_until=now + span)

    def rules(self, account_id: int) -> Rules:
        """Return whose toasts are not shown, as the catalog takes it."""
        return Rules(
            account_id,
            inbox_only=tuple(k for k in KINDS if self.delivery(k) is Delivery.INBOX),
            off=tuple(k for k in KINDS if self.delivery(k) is Delivery.OFF),
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """Toasts wait.

    Attributes
    ----------
    until : float or None
        When to look again; None when that is not known beforehand.
    problems_pass : bool
        Whether problems are told all the same.
    """

    until: float | None
    problems_pass: bool


def hold_of(
    policy: Policy,
    now: float,
    *,
    zone: tzinfo | None = None,
    disturbed: bool = False,
) -> Hold | None:
    """Return why toasts wait now, None when they need not.

    Parameters
    ----------
    zone : tzinfo, optional
        The computer's own by default.
    disturbed : bool
        Whether the desktop does not want to be disturbed.
    """
    holds = []
    if policy.desktop and disturbed:
        holds.append(Hold(None, problems_pass=False))
    if policy.snooze_until is not None and now < policy.snooze_until:
        # set with a clock that has since gone back: no snooze lasts that long
        until = min(policy.snooze_until, now + SNOOZE_LONGEST)
        holds.append(Hold(until, problems_pass=policy.snooze_errors))
    end = quiet_until(policy.quiet, now, zone=zone)
    if end is not None:
        holds.append(Hold(end, problems_pass=False))
    if not holds:
        return None
    ends = [hold.until for hold in holds]
    known = [end for end in ends if end is not None]
    return Hold(
        max(known) if len(known) == len(ends) else None,
        problems_pass=all(hold.problems_pass for hold in holds),
    )


def is_quiet(quiet: Quiet, wall: datetime) -> bool:
    """Whether a clock on the wall that shows `wall` shows a quiet minute."""
    if not quiet.on:
        return False
    minute = wall.hour * 60 + wall.minute
    today, yesterday = wall.weekday(), (wall.weekday() - 1) % 7
    if quiet.start < quiet.end:
        return today in quiet.days and quiet.start <= minute < quiet.end
    begun = minute >= quiet.start and today in quiet.days
    return begun or (minute < quiet.end and yesterday in quiet.days)


def quiet_until(
    quiet: Quiet, now: float, *, zone: tzinfo | None = None
) -> float | None:
    """Return when the quiet hours end that it is now, None when it is none.

    What the clock on the wall shows counts, also where it is put forward or back.
    """
    wall = _wall(now, zone)
    if not is_quiet(quiet, wall):
        return None
    # Quiet times can follow each other without a gap: at most one a day, for a week.
    for days in range(9):
        day = wall.date() + timedelta(days=days)
        end = _first_at(day, quiet.end, zone, after=now)
        if end > now and not is_quiet(quiet, _wall(end, zone)):
            return end
    return now + 7 * 86400.0  # every minute of every day: look again in a week


def to_json(policy: Policy) -> str:
    """Return a policy as text."""
    quiet = policy.quiet
    return json.dumps(
        {
            "kinds": {kind: how.value for kind, how in policy.kinds.items()},
            "quiet": {
                "on": quiet.on,
                "start": quiet.start,
                "end": quiet.end,
                "days": sorted(quiet.days),
            },
            "snooze_until": policy.snooze_until,
            "snooze_errors": policy.snooze_errors,
            "per_node": policy.per_node,
            "names": policy.names,
            "desktop": policy.desktop,
        }
    )


def from_json(text: str, default: Policy) -> Policy:
    """Return the policy of a text; what cannot be read of it is the default's."""
    try:
        data = json.loads(text)
    except ValueError:
        return default
    if not isinstance(data, dict):
        return default
    changes: dict[str, object] = {
        name: data[name]
        for name in ("snooze_errors", "per_node", "names", "desktop")
        if isinstance(data.get(name), bool)
    }
    until = data.get("snooze_until")
    if isinstance(until, int | float) and not isinstance(until, bool):
        changes["snooze_until"] = float(until)
    if isinstance(data.get("kinds"), dict):
        values = {how.value: how for how in Delivery}
        changes["kinds"] = {
            **default.kinds,
            **{
                str(kind): values[how]
                for kind, how in data["kinds"].items()
                if isinstance(how, str) and how in values
            },
        }
    if isinstance(data.get("quiet"), dict):
        changes["quiet"] = _quiet(data["quiet"], default.quiet)
    return replace(default, **changes)  # type: ignore[arg-type]


def _quiet(data: Mapping[str, object], default: Quiet) -> Quiet:
    def minute(name: str, other: int) -> int:
        value = data.get(name)
        fits = isinstance(value, int) and not isinstance(value, bool)
        return value % DAY if fits and isinstance(value, int) else other

    days = data.get("days")
    return Quiet(
        on=data["on"] if isinstance(data.get("on"), bool) else default.on,  # type: ignore[arg-type]
        start=minute("start", default.start),
        end=minute("end", default.end),
        days=frozenset(day for day in days if isinstance(day, int) and 0 <= day < 7)
        if isinstance(days, list)
        else default.days,
    )


def _wall(moment: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=None)


def _first_at(day: date, minute: int, zone: tzinfo | None, *, after: float) -> float:
    """Return the moment from which the wall's clock shows that minute or later.

    Of an hour that comes twice the second one counts, since the first is followed by
    quiet minutes again; an hour that is left out ends where the clock jumps.
    """
    hour, rest = divmod(minute, 60)
    wall = datetime.combine(day, time(hour, rest))
    moment = wall.replace(tzinfo=zone, fold=1).timestamp()
    if _wall(moment, zone) == wall:
        return moment
    # An hour that is left out: from the minute before it to the first one after it.
    moment = wall.replace(tzinfo=zone, fold=0).timestamp()
    while moment - 60 > after and _wall(moment - 60, zone) >= wall:
        moment -= 60
    return moment
