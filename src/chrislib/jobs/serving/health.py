"""How each service is: followed, missing or broken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chrislib.jobs.extensions import BACKENDS, Extensions
from chrislib.jobs.model import Reach
from chrislib.jobs.serving.follower import ServiceFollower
from chrislib.jobs.steps import Tracked


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service in the table of health.

    Attributes
    ----------
    reach : Reach
        NO_BACKEND when its plug-in is missing or broken.
    detail : str
        Why, when it is not well.
    jobs : int
        How many jobs are filed under it.
    """

    name: str
    reach: Reach
    detail: str
    jobs: int
    checked_at: float | None = None


def rows_of(
    followers: Mapping[str, ServiceFollower],
    extensions: Extensions,
    *,
    jobs: Iterable[Tracked],
    loaded: bool,
) -> tuple[ServiceRow, ...]:
    """Return a row for each service there is, and for each there are jobs of."""
    counts: dict[str, int] = {}
    for tracked in jobs:
        counts[tracked.job.backend] = counts.get(tracked.job.backend, 0) + 1
    rows = [
        ServiceRow(name, one.reach, "", counts.get(name, 0), one.checked_at)
        for name, one in sorted(followers.items())
    ]
    if not loaded:
        return tuple(rows)
    known = {row.name for row in rows} | set(extensions.backends)
    reasons = reasons_of(extensions)
    for name in sorted((set(reasons) | set(counts)) - known):
        detail = reasons.get(name, "Its plug-in is not installed.")
        rows.append(ServiceRow(name, Reach.NO_BACKEND, detail, counts.get(name, 0)))
    return tuple(rows)


def reasons_of(extensions: Extensions) -> Mapping[str, str]:
    """Return why backends were set aside, by name."""
    broken = extensions.broken
    return {one.name: one.reason for one in broken if one.group == BACKENDS}
