"""What a CUBE's words mean: statuses, error codes, and the senses of ``cancelled``."""

from collections.abc import Mapping

from chrislib.jobs.model import Phase
from chrislib.jobs.steps import Observation, Tracked

PHASE_OF_STATUS: Mapping[str, Phase] = {
    "created": Phase.SUBMITTED,
    "waiting": Phase.WAITING,
    "copying": Phase.STAGING_IN,
    "scheduled": Phase.QUEUED,
    "started": Phase.RUNNING,
    "uploading": Phase.STAGING_OUT,
    "registeringFiles": Phase.REGISTERING,
    "finishedSuccessfully": Phase.FINISHED,
    "finishedWithError": Phase.FINISHED_WITH_ERRORS,
}
"""CUBE's ``status`` without ``cancelled``, which has five meanings (`classify`)."""


REASONS: Mapping[str, tuple[str, str]] = {
    "CODE01": ("The run could not be handed to the compute resource.", "Run it again."),
    "CODE02": ("The compute resource stopped answering.", "Run it again."),
    "CODE03": ("The results could not be fetched from compute.", "Run it again."),
    "CODE04": ("The results arrived damaged from compute.", "Run it again."),
    "CODE05": ("A parent of this join is not there.", "Choose its parents again."),
    "CODE06": ("The server could not list its storage.", "Try again later."),
    "CODE07": (
        "The server could not write to its storage: the disk may be full.",
        "Free space on the server, then run it again.",
    ),
    "CODE08": ("The server could not read its storage.", "Try again later."),
    "CODE09": ("The server could not copy in its storage.", "Try again later."),
    "CODE10": ("The compute resource lost track of the run.", "Run it again."),
    "CODE11": ("The server's storage did not settle.", "Run it again."),
    "CODE13": (
        "The run took longer than the compute resource allows.",
        "Give it less to do, or another compute resource.",
    ),
    "CODE14": ("Some output files did not arrive.", "Run it again."),
    "CODE15": ("Some output files did not arrive.", "Run it again."),
    "CODE16": ("Output files and storage differ.", "Run it again."),
    "CODE17": ("An input path is not allowed.", "Choose other input."),
    "CODE18": ("A helper job of the server failed or was stuck.", "Run it again."),
    "CODE19": ("A task of the server crashed.", "Run it again."),
}
"""`error_code` to (what happened, what to do); cube-api 7.4. CODE12 is clean-up."""


_CLEAN_UP_CODE = "CODE12"


def classify(
    tracked: Tracked, error_code: str, *, parent: Phase | None
) -> tuple[Phase, str, str]:
    """Tell the meanings of CUBE's ``cancelled`` apart.

    Parameters
    ----------
    parent : Phase or None
        Phase of the parent run, when it is known.

    Returns
    -------
    tuple
        Phase, what happened, what to do.
    """
    job = tracked.job
    if error_code and error_code != _CLEAN_UP_CODE:
        text, hint = REASONS.get(
            error_code, ("The server gave the run up.", "Run it again.")
        )
        return Phase.FAILED, text, hint
    if job.cancel_requested_at is not None:
        return Phase.CANCELLED, "Cancelled by you.", ""
    failed = (
        Phase.FINISHED_WITH_ERRORS,
        Phase.FAILED,
        Phase.CANCELLED,
        Phase.CANCELLED_UPSTREAM,
    )
    waited = job.phase in (Phase.WAITING, Phase.SUBMITTED, Phase.SUBMITTING)
    if waited and parent in failed:
        return (
            Phase.CANCELLED_UPSTREAM,
            "It was not started, because the node before it did not succeed.",
            "Look at the node before it.",
        )
    return Phase.CANCELLED, "Cancelled on the server by someone else.", ""


def meaning(
    tracked: Tracked, obs: Observation, parent: Phase | None
) -> tuple[Phase, str, str]:
    """Return the phase a look shows, what happened and what to do."""
    if obs.phase is not None:
        return obs.phase, obs.detail, obs.hint
    if obs.remote_status == "cancelled":
        return classify(tracked, obs.error_code, parent=parent)
    phase = PHASE_OF_STATUS.get(obs.remote_status, Phase.UNKNOWN)
    if phase is Phase.FINISHED_WITH_ERRORS:
        kept = "The program ended with an error; what it wrote is kept."
        return phase, kept, "Look at its log."
    if phase is Phase.UNKNOWN:
        return phase, f"The server says “{obs.remote_status}”.", ""
    return phase, "", ""
