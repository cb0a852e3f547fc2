"""Jobs as lines of text and as JSON, for the command line."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from chrislib.errors import ChrislibError
from chrislib.jobs.model import Job, Kind, Phase

_STATES: Mapping[Phase, str] = {
    Phase.DRAFT: "not sent yet",
    Phase.SUBMITTING: "being sent",
    Phase.SUBMIT_UNCERTAIN: "sent, not confirmed",
    Phase.SUBMITTED: "accepted",
    Phase.WAITING: "waits for its parent",
    Phase.STAGING_IN: "copying input",
    Phase.QUEUED: "queued",
    Phase.RUNNING: "running",
    Phase.STAGING_OUT: "copying output",
    Phase.REGISTERING: "registering files",
    Phase.FINISHED: "finished",
    Phase.FINISHED_WITH_ERRORS: "finished with errors",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
    Phase.CANCELLED_UPSTREAM: "not started",
    Phase.NOT_SUBMITTED: "not started",
    Phase.GONE: "deleted on the server",
    Phase.ORPHANED: "its server was replaced",
}
_SHORT = 8
_FEWEST = 4


def state_of(job: Job) -> str:
    """Return what a job is doing, in a few words."""
    words = _STATES.get(job.phase) or f"“{job.remote_status or 'unknown'}”"
    progress = job.progress
    if progress is not None and not job.phase.terminal:
        total = f" of {progress.total:,}" if progress.total is not None else ""
        words += f", {progress.done:,}{total} {progress.unit}"
    return words


def name_of(job: Job) -> str:
    """Return the short name of a job, which the commands take."""
    return job.key[-_SHORT:]


def line_of(job: Job) -> str:
    """Return one job as a line."""
    number = str(job.remote_id or "")
    feed = f"feed {job.feed_id}" if job.feed_id is not None else ""
    title = _one_line(job.title) or job.kind.value
    return (
        f"{name_of(job)}  {job.kind.value:<8}  {number:>6}  {feed:<10}  "
        f"{state_of(job):<28}  {title}"
    ).rstrip()


def reason_of(job: Job) -> str:
    """Return why a job is as it is, "" when there is nothing to say."""
    return _one_line(" ".join(part for part in (job.detail, job.hint) if part))


def as_json(job: Job) -> dict[str, Any]:
    """Return a job as JSON values."""
    progress = job.progress
    return {
        "key": job.key,
        "kind": job.kind.value,
        "backend": job.backend,
        "run": job.remote_id if job.kind is Kind.RUN else None,
        "feed": job.feed_id,
        "title": job.title,
        "phase": job.phase.value,
        "state": state_of(job),
        "live": not job.phase.terminal,
        "result": job.result.value,
        "detail": job.detail,
        "hint": job.hint,
        "error_code": job.error_code,
        "progress": None
        if progress is None
        else {"done": progress.done, "total": progress.total, "unit": progress.unit},
        "created": _iso(job.created_at),
        "changed": _iso(job.changed_at),
        "ended": _iso(job.terminal_at),
    }


def find(jobs: Sequence[Job], name: str) -> Job:
    """Return the job a person means: its key, the end of it, or the run's number.

    Raises
    ------
    ChrislibError
        None or several are meant.
    """
    text = name.strip().lower()
    exact = [job for job in jobs if job.key == text]
    numbered = [
        job for job in jobs if text.isdigit() and str(job.remote_id or "") == text
    ]
    ending = [job for job in jobs if len(text) >= _FEWEST and job.key.endswith(text)]
    for found in (exact, numbered, ending):
        if len(found) == 1:
            return found[0]
        if found:
            raise ChrislibError(
                f"“{name}” is the name of {len(found)} jobs.",
                "Nothing was done.",
                hint="Take one of these:\n" + "\n".join(line_of(j) for j in found[:9]),
            )
    raise ChrislibError(
        f"No job is called “{name}”.",
        "Nothing was done.",
        hint="“chrislib jobs list” shows the names; “chrislib jobs adopt” follows a "
        "run that was started elsewhere.",
    )


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _iso(at: float | None) -> str | None:
    if at is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(at))
