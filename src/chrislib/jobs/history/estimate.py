"""How long a run still takes, judged by runs of its kind that have ended. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.jobs.model import Job, Phase, RunIntent

SIZE = 200
"""How many durations are kept of a plugin, version, compute resource and stage."""
ENOUGH = 5
"""With fewer runs that took longer than this one already has, nothing is said."""

RUNNING, REGISTERING = "RUNNING", "REGISTERING"


@dataclass(frozen=True, slots=True)
class Sort:
    """What durations are compared within."""

    plugin: str
    version: str
    compute: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds a run still takes: in half of the cases, and in nine of ten."""

    median: float
    p90: float
    samples: int
    """How many ended runs it rests on."""


def sort_of(job: Job) -> Sort | None:
    """Return what a job's durations are compared within, None when it is no run."""
    intent = job.intent
    if not isinstance(intent, RunIntent) or not intent.plugin_name:
        return None
    return Sort(intent.plugin_name, intent.plugin_version, intent.compute_resource)


def stage_of(phase: Phase) -> str:
    """Return the stage whose durations tell about a phase, "" for none."""
    if phase in {Phase.RUNNING, Phase.STAGING_OUT}:
        return RUNNING
    return REGISTERING if phase is Phase.REGISTERING else ""


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of sorted numbers, linear between neighbors.

    Parameters
    ----------
    ordered : sequence of float
        Ascending, not empty.
    share : float
        0 (the least) to 1 (the greatest).
    """
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def remaining(samples: Sequence[float], elapsed: float) -> Estimate | None:
    """Return what is left of a stage that has lasted `elapsed` seconds.

    Only ended runs that took longer than that tell anything about this one: the rest
    is conditional on having come so far.

    Parameters
    ----------
    samples : sequence of float
        Seconds the stage took in other runs, in any order.

    Returns
    -------
    Estimate or None
        None when fewer than `ENOUGH` of them took longer.
    """
    passed = max(0.0, elapsed)
    left = sorted(one - passed for one in samples if one > passed)
    if len(left) < ENOUGH:
        return None
    return Estimate(quantile(left, 0.5), quantile(left, 0.9), len(left))


def until_ready(
    running: Sequence[float],
    registering: Sequence[float],
    *,
    stage: str,
    elapsed: float,
) -> Estimate | None:
    """Return what is left until a run's files can be opened.

    Parameters
    ----------
    running, registering : sequence of float
        Seconds the two stages took in other runs.
    stage : str
        `RUNNING` or `REGISTERING`, where the run is now.
    elapsed : float
        Seconds it has been there.
    """
    if stage == REGISTERING:
        return remaining(registering, elapsed)
    left = remaining(running, elapsed)
    after = remaining(registering, 0.0)
    if left is None or after is None:
        return left
    return Estimate(
        left.median + after.median,
        # both late at once is rarer than either: on the careful side
        left.p90 + after.p90,
        min(left.samples, after.samples),
    )


def stages_of(entered: Sequence[tuple[Phase | None, Phase, float]]) -> dict[str, float]:
    """Return how long each stage took in a run that has ended.

    A stage counts only if its beginning and its end were both seen; what was found
    already running (adopted) began at an unknown time.

    Parameters
    ----------
    entered : sequence of (phase left, phase entered, seconds since the epoch)
        In the order they were seen; a phase left of None means it was first seen so.
    """
    took: dict[str, float] = {}
    stage, since = "", 0.0
    for left, phase, at in entered:
        now_in = stage_of(phase)
        if now_in == stage and stage:
            continue
        if stage and (now_in or phase.terminal) and at >= since:
            took[stage] = at - since
        stage, since = ("", 0.0) if left is None else (now_in, at)
    return took
