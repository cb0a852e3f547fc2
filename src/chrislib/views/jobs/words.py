"""How a job reads: its group, its state in words, its second line, its time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chrislib.jobs.model import Job, Kind, Phase, Reach, ResultState

ATTENTION, RUNNING, FINISHED = "attention", "running", "finished"
GROUPS = (ATTENTION, RUNNING, FINISHED)
GROUP_WORDS = {
    ATTENTION: "Needs attention",
    RUNNING: "Running",
    FINISHED: "Finished",
}
KIND_ICONS = {
    Kind.RUN: "workflow",
    Kind.PULL: "arrow-down-to-line",
    Kind.UPLOAD: "upload",
    Kind.DOWNLOAD: "download",
}
KIND_WORDS = {
    Kind.RUN: ("run", "runs"),
    Kind.PULL: ("pull", "pulls"),
    Kind.UPLOAD: ("upload", "uploads"),
    Kind.DOWNLOAD: ("download", "downloads"),
}
_STATE = {
    Phase.DRAFT: ("queued", "Not sent yet"),
    Phase.SUBMITTING: ("queued", "Sending"),
    Phase.SUBMIT_UNCERTAIN: ("errors", "Perhaps sent"),
    Phase.SUBMITTED: ("queued", "Queued"),
    Phase.WAITING: ("queued", "Queued"),
    Phase.QUEUED: ("queued", "Queued"),
    Phase.STAGING_IN: ("preparing", "Preparing"),
    Phase.RUNNING: ("running", "Running"),
    Phase.UNKNOWN: ("running", "Running"),
    Phase.STAGING_OUT: ("registering", "Collecting files"),
    Phase.REGISTERING: ("registering", "Registering files"),
    Phase.FINISHED: ("ready", "Ready"),
    Phase.FINISHED_WITH_ERRORS: ("errors", "Ready, with errors"),
    Phase.FAILED: ("failed", "Failed"),
    Phase.CANCELLED: ("cancelled", "Cancelled"),
    Phase.CANCELLED_UPSTREAM: ("upstream", "Stopped upstream"),
    Phase.NOT_SUBMITTED: ("failed", "Not sent"),
    Phase.GONE: ("gone", "Gone from server"),
    Phase.ORPHANED: ("gone", "Not found on the server"),
}
# CUBE copies the inputs before it schedules a run, and collects while it computes
_RUN_STATE = {
    Phase.QUEUED: ("preparing", "Preparing"),
    Phase.STAGING_OUT: ("running", "Running"),
}
_READY = {
    Kind.PULL: "In your library",
    Kind.UPLOAD: "In your library",
    Kind.DOWNLOAD: "Downloaded",
}
_TROUBLE = {
    Phase.FAILED,
    Phase.SUBMIT_UNCERTAIN,
    Phase.NOT_SUBMITTED,
    Phase.ORPHANED,
    Phase.FINISHED_WITH_ERRORS,
}


@dataclass(frozen=True, slots=True)
class Look:
    """A state as it is drawn: key, words, and n of m for the bar (0 of 0: none)."""

    key: str
    text: str
    done: int = 0
    total: int = 0


def group_of(job: Job, *, settled: bool) -> str:
    """Return the group of `job`.

    Parameters
    ----------
    settled : bool
        Whether the person has dealt with its outcome (got, put off, discarded).
    """
    if job.phase in _TROUBLE:
        return FINISHED if settled and job.phase.terminal else ATTENTION
    return FINISHED if job.phase.terminal else RUNNING


def duration(seconds: float) -> str:
    """Return a time span in words: "40 s", "2 min 40 s", "26 min", "3 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10 and rest:
        return f"{minutes} min {rest} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d"


def roughly(seconds: float) -> str:
    """Return a span without false precision: "20 s", "6 min", "2 h"."""
    if seconds < 55:
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < 3300:
        return f"{max(1, round(seconds / 60))} min"
    return f"{max(1, round(seconds / 3600))} h"


def when(at: float, now: float) -> str:
    """Return a moment for a list: "14:23", "Yesterday", "Fri 20", or the date."""
    then = datetime.fromtimestamp(at).astimezone()
    today = datetime.fromtimestamp(now).astimezone().date()
    if then.date() == today:
        return f"{then:%H:%M}"
    if then.date() == today - timedelta(days=1):
        return "Yesterday"
    if today - timedelta(days=7) < then.date() <= today:
        return f"{then:%a} {then.day}"
    return f"{then:%Y-%m-%d}"


def look_of(job: Job, now: float) -> Look:
    """Return the state of `job` in glyph, words and bar."""
    key, word = _STATE[job.phase]
    if job.kind is Kind.RUN:
        key, word = _RUN_STATE.get(job.phase, (key, word))
    progress = job.progress
    done, total = 0, 0
    if progress is not None and progress.total:
        done, total = progress.done, progress.total
    if job.phase.terminal:
        return Look(key, _ended(job, word, done=done, total=total))
    if key == "running" and job.kind is Kind.RUN:
        word = f"Running for {duration(now - job.created_at)}"
    if total and progress is not None and job.phase.rank >= Phase.RUNNING.rank:
        word = f"{done:,} of {total:,} {progress.unit}"
        if progress.unit == "bytes":
            word = _STATE[job.phase][1]
        if job.phase is Phase.REGISTERING and done >= total:
            word = "Registering files"
    if job.reach is Reach.STALE and job.phase.rank >= Phase.SUBMITTED.rank:
        word += ", last known"
    return Look(key, word, done, total)


def second_line(job: Job) -> str:
    """Return what stands under the title: why, what it waits for, or how much."""
    if job.detail:
        return job.detail
    progress = job.progress
    if progress is None:
        return ""
    if progress.total and progress.unit != "bytes":
        return f"{progress.total:,} {progress.unit}"
    return ""


def time_text(job: Job, now: float) -> str:
    """Return when it ended, or about how long it still takes."""
    if job.phase.terminal:
        return when(job.terminal_at or job.changed_at, now)
    progress = job.progress
    moving = job.phase in {Phase.RUNNING, Phase.STAGING_OUT}
    if (
        moving
        and job.kind is not Kind.RUN
        and progress is not None
        and progress.total
        and progress.done >= 5
    ):
        passed = max(0.0, job.changed_at - job.created_at)
        left = passed / progress.done * (progress.total - progress.done)
        if passed and left:
            return f"about {roughly(left)}"
    return ""


def checked_text(checked_at: float | None, now: float) -> tuple[str, str, str]:
    """Return icon, token and words for how good the last look was."""
    if checked_at is None:
        return "clock", "state.queued", "Not checked yet"
    ago = now - checked_at
    if ago < 120:
        return (
            "circle-check",
            "state.ready",
            f"All followed, checked {duration(ago)} ago",
        )
    return "clock", "state.errors", f"Not checked for {duration(ago)}"


def result_open(job: Job) -> bool:
    """Return whether an outcome still waits to be got, put off or discarded."""
    return job.result in {ResultState.READY, ResultState.SNOOZED}


def _ended(job: Job, word: str, *, done: int, total: int) -> str:
    if job.phase is Phase.FINISHED:
        if job.result is ResultState.FETCHING:
            return "Ready, being fetched"
        if job.result is ResultState.FETCHED:
            return "Downloaded"
        if job.result is ResultState.DISCARDED:
            return "Discarded"
        return _READY.get(job.kind, word)
    if job.phase is Phase.FAILED:
        if job.kind is not Kind.RUN and total and done < total:
            return f"Stopped at {done:,} of {total:,}"
        if job.kind is Kind.RUN and job.terminal_at is not None:
            return f"Failed after {duration(job.terminal_at - job.created_at)}"
    return word
