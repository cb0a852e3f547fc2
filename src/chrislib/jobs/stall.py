"""When a live job has been still for too long. Shown, never a change of phase.

CUBE reaps runs stuck in ``scheduled`` or ``registeringFiles`` only after 240 minutes
and never one stuck in ``created`` (cube-api 7); people should not wait that long.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chrislib.jobs.model import Job, Phase


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a job may stay in a phase before that is said, in seconds.

    Attributes
    ----------
    registering : float
        Raised by callers to the 99th percentile the plugin is known to take.
    running : float or None
        The compute resource's limit, None when it has none.
    """

    submitted: float = 600.0
    queued: float = 1800.0
    registering: float = 600.0
    running: float | None = None


_WORDS: Mapping[Phase, str] = {
    Phase.SUBMITTED: "The server took it and has done nothing with it since.",
    Phase.QUEUED: "It waits for the compute resource unusually long.",
    Phase.REGISTERING: "Its files take unusually long to be registered.",
    Phase.RUNNING: "It runs longer than the compute resource allows.",
}


def stalled(job: Job, *, now: float, limits: Limits | None = None) -> str:
    """Return what is wrong with a job that stands still, "" while nothing is.

    Parameters
    ----------
    job : Job
        `changed_at` is when it entered its phase, or something about it changed.
    now : float
        Seconds since the epoch.
    limits : Limits, optional
    """
    given = limits or Limits()
    allowed = {
        Phase.SUBMITTED: given.submitted,
        Phase.QUEUED: given.queued,
        Phase.REGISTERING: given.registering,
        Phase.RUNNING: given.running,
    }.get(job.phase)
    if allowed is None or now - job.changed_at <= allowed:
        return ""
    return _WORDS[job.phase]
