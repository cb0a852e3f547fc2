"""What can be got of a job's output now, in words. Pure."""

from dataclasses import dataclass

from chrislib.jobs.model import Job, Kind, Phase, ResultState, Retention
from chrislib.jobs.outputs.local_names import legal_name

_WITH_OUTPUT = (Kind.RUN, Kind.SERVICE, Kind.PROGRAM)
_DONE = (Phase.FINISHED, Phase.FINISHED_WITH_ERRORS)
_STOPPED = (Phase.CANCELLED, Phase.FAILED)


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether an output can be got, and what one should know before.

    Attributes
    ----------
    label : str
        A short mark for the row: "" for a whole output, "Partial output" otherwise.
    warning : str
        A sentence to be said beside the button, or "".
    reason : str
        Why it cannot be got.
    """

    possible: bool
    label: str = ""
    warning: str = ""
    reason: str = ""


def offer(job: Job, *, generation: int = 0) -> Offer:
    """Return what of a job's output can be got.

    Parameters
    ----------
    generation : int
        6 or 7: which CUBE the run is on; 0 for not known, which counts as 7.
    """
    if job.kind not in _WITH_OUTPUT or not job.phase.terminal:
        return Offer(possible=False, reason="It has not ended yet.")
    if job.retention in (Retention.PURGED, Retention.PURGING):
        return Offer(possible=False, reason="It was deleted on the server.")
    if job.phase is Phase.FINISHED:
        return Offer(possible=True)
    if job.phase is Phase.FINISHED_WITH_ERRORS:
        return Offer(
            possible=True,
            label="Partial output",
            warning="The program ended with an error: files may be missing or cut "
            "short.",
        )
    has_remote = job.remote_id is not None or bool(job.token)
    if job.phase in _STOPPED and has_remote:
        warning = "Only what was written before it stopped is there."
        if job.kind is Kind.RUN and generation != 6:
            warning += " The server empties it soon: get it at once."
        return Offer(possible=True, label="Partial output", warning=warning)
    return Offer(possible=False, reason="There is no output.")


def is_open(job: Job) -> bool:
    """Whether a finished output still waits for the user's decision."""
    waiting = (ResultState.READY, ResultState.SNOOZED, ResultState.FETCH_FAILED)
    return job.phase in _DONE and job.result in waiting


def folder_name(job: Job) -> str:
    """Return a name for the folder of an output: no two outputs share one."""
    plugin = getattr(job.intent, "plugin_name", "") or job.backend or "output"
    return legal_name(f"{plugin} {job.remote_id or job.key[-12:]}")
