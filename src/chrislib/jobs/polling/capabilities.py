"""What a server is able to do: negotiated, remembered for a day, dropped if untrue."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from chrislib.jobs.backends.base import Abilities
from chrislib.jobs.polling.queries import ACTIVE, PAGE

LASTS = 24 * 3600.0
"""Seconds after which a server is asked again what it is able to do."""
LEAST_PAGE = 50
_ONLY_SEVEN = ("copying", "uploading")
_SLOW, _QUICK = 5.0, 1.0
_QUICK_RUN = 20


@dataclass(frozen=True, slots=True)
class Caps:
    """The abilities a plan depends on.

    Attributes
    ----------
    active_filter : bool
        Whether lists can be had of active (or ended) runs only; otherwise each
        status is asked for by itself. CUBE has it since 6.9 and ignores it before.
    end_filter : bool
        Whether ``end_date`` can be asked for.
    active_statuses : tuple of str
        The statuses this server knows; it refuses others.
    page : int
        Rows on a page.
    """

    active_filter: bool = True
    end_filter: bool = True
    active_statuses: tuple[str, ...] = ACTIVE
    page: int = PAGE


def negotiated(told: Abilities) -> Caps:
    """Return what follows from what a server advertises."""
    statuses: tuple[str, ...] = ACTIVE
    if 0 < told.generation < 7:
        statuses = tuple(s for s in ACTIVE if s not in _ONLY_SEVEN)
    if not told.filters:
        # It does not say; the guard against ignored filters sees to the rest.
        return Caps(active_statuses=statuses)
    return Caps(
        active_filter="active" in told.filters,
        end_filter="min_end_date" in told.filters,
        active_statuses=statuses,
    )


def to_json(caps: Caps) -> dict[str, Any]:
    """Return what is remembered; the size of pages is found anew each time."""
    found = asdict(caps)
    del found["page"]
    return found


def from_json(found: Mapping[str, Any]) -> Caps | None:
    """Return what was remembered, None when it cannot be understood."""
    try:
        statuses = tuple(str(name) for name in found["active_statuses"])
        return Caps(
            active_filter=bool(found["active_filter"]),
            end_filter=bool(found["end_filter"]),
            active_statuses=statuses or ACTIVE,
        )
    except (KeyError, TypeError):
        return None


class PageSize:
    """Fits the size of pages to what the server manages."""

    def __init__(self) -> None:
        self._quick = 0
        self.slow = False
        """Whether a reply was slow, or refused, since this was last asked."""

    def answered(self, caps: Caps, seconds: float) -> Caps:
        """Return the abilities after a page that took so long."""
        if seconds > _SLOW:
            return self.overloaded(caps)
        self._quick = self._quick + 1 if seconds < _QUICK else 0
        if self._quick < _QUICK_RUN or caps.page >= PAGE:
            return caps
        self._quick = 0
        return replace(caps, page=min(PAGE, int(caps.page * 1.25)))

    def overloaded(self, caps: Caps) -> Caps:
        """Return the abilities after the server was too slow or refused (429, 503)."""
        self._quick, self.slow = 0, True
        return replace(caps, page=max(LEAST_PAGE, caps.page // 2))

    def take_slow(self) -> bool:
        """Say, once, whether the next tick should come later."""
        slow, self.slow = self.slow, False
        return slow
