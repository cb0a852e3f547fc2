"""How a job reads: its group, its state in words, its second line, its time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from chrislib.jobs.history.estimate import Estimate
from chrislib.jobs.model import (
    Job,
    Kind,
    Phase,
    Reach,
    ResultState,
    Retention,
    RunIntent,
    WorkflowIntent,
    is_held,
)
from chrislib.library.words import roughly

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
    Kind.WORKFLOW: "clipboard-list",
    Kind.PROGRAM: "house",
    Kind.SERVICE: "server",
}
KIND_WORDS = {
    Kind.RUN: ("run", "runs"),
    Kind.PULL: ("pull", "pulls"),
    Kind.UPLOAD: ("upload", "uploads"),
    Kind.DOWNLOAD: ("download", "downloads"),
    Kind.WORKFLOW: ("pipeline", "pipelines"),
    Kind.PROGRAM: ("program here", "programs here"),
    Kind.SERVICE: ("service job", "service jobs"),
}
COMPUTING = frozenset({Kind.RUN, Kind.WORKFLOW, Kind.PROGRAM, Kind.SERVICE})
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
_WAS = {
    "Queued": "Was queued",
    "Preparing": "Was preparing",
    "Running": "Was running",
    "Registering files": "Was registering files",
    "Collecting files": "Was collecting files",
}
TROUBLE = frozenset(
    {
        Phase.FAILED,
        Phase.SUBMIT_UNCERTAIN,
        Phase.NOT_SUBMITTED,
        Phase.ORPHANED,
        Phase.FINISHED_WITH_ERRORS,
    }
)
"""Phases that need a person."""
OUT_OF_REACH = frozenset(
    {
        Reach.STALE,
        Reach.OFFLINE,
        Reach.AUTH_REQUIRED,
        Reach.FORBIDDEN,
        Reach.SERVER_CHANGED,
        Reach.NO_BACKEND,
    }
)
_REACH_LINE = {
    Reach.AUTH_REQUIRED: "sign in again to follow it",
    Reach.FORBIDDEN: "the server does not show it to you any more",
    Reach.SERVER_CHANGED: "another server answers at this address",
    Reach.NO_BACKEND: "the plug-in that follows it is missing; its token is kept",
}
STATE_WORDS = {
    "failed": "Failed",
    "errors": "With errors",
    "running": "Running",
    "registering": "Registering",
    "preparing": "Preparing",
    "queued": "Queued",
    "ready": "Ready",
    "upstream": "Upstream",
    "cancelled": "Cancelled",
    "gone": "Gone",
}
"""State key to the word of its filter, in the order they are offered."""


@dataclass(frozen=True, slots=True)
class Look:
    """A state as it is drawn: key, words, and n of m for the bar (0 of 0: none)."""

    key: str
    text: str
    done: int = 0
    total: int = 0
    grey: bool = False
    """Last known, not looked at lately: drawn without color."""


def group_of(job: Job, *, settled: bool, stalled: bool = False) -> str:
    """Return the group of `job`.

    Parameters
    ----------
    settled : bool
        Whether the person has dealt with its outcome (got, put off, discarded).
    stalled : bool
        Whether it takes longer than it should.
    """
    if job.phase.terminal:
        trouble = job.phase in TROUBLE or job.retention is Retention.PURGE_FAILED
        return ATTENTION if trouble and not settled else FINISHED
    lost = job.phase is Phase.DRAFT and is_held(job.intent) and job.field_errors
    return ATTENTION if stalled or lost or job.phase in TROUBLE else RUNNING


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


def about(estimate: Estimate) -> str:
    """Return an estimate with its uncertainty: "about 6–14 min", "about 20 s"."""
    low, high = roughly(estimate.median), roughly(estimate.p90)
    if low == high:
        return f"about {low}"
    number, unit = low.split()
    if high.endswith(f" {unit}"):
        return f"about {number}–{high}"
    return f"about {low}–{high}"


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


@lru_cache(maxsize=4096)
def _server_time(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def began(job: Job) -> float:
    """Return since when a run computes, as well as it is known."""
    started = _server_time(job.start_date) if job.start_date else None
    return started if started is not None else job.created_at


def look_of(job: Job, now: float) -> Look:
    """Return the state of `job` in glyph, words and bar."""
    key, word = _STATE[job.phase]
    if job.kind is Kind.RUN:
        key, word = _RUN_STATE.get(job.phase, (key, word))
    if job.phase is Phase.UNKNOWN and job.remote_status:
        word = job.remote_status
    progress = job.progress
    done, total = 0, 0
    if progress is not None and progress.total:
        done, total = progress.done, progress.total
    if job.phase.terminal:
        return Look(key, _ended(job, word, done=done, total=total))
    if job.reach in OUT_OF_REACH and job.phase.rank >= Phase.SUBMITTED.rank:
        return Look(key, _WAS.get(word, f"{word}, last known"), grey=True)
    if job.cancel_requested_at is not None:
        return Look(key, "Cancel requested", done, total)
    if job.phase is Phase.DRAFT and is_held(job.intent):
        return Look("queued", "Waits for its data" if total else "Waits", done, total)
    if key == "running" and job.kind in COMPUTING and job.phase is not Phase.UNKNOWN:
        word = f"Running for {duration(now - began(job))}"
    if total and progress is not None and job.phase.rank >= Phase.RUNNING.rank:
        word = f"{done:,} of {total:,} {progress.unit}"
        if progress.unit == "bytes":
            word = _STATE[job.phase][1]
        if job.phase is Phase.REGISTERING and done >= total:
            word = "Registering files"
    return Look(key, word, done, total)


def state_key(job: Job) -> str:
    """Return the key of a job's state without its words."""
    if job.kind is Kind.RUN and job.phase in _RUN_STATE:
        return _RUN_STATE[job.phase][0]
    return _STATE[job.phase][0]


def plugin_of(job: Job) -> str:
    """Return the plugin or pipeline of a job with its version, or ""."""
    intent = job.intent
    if isinstance(intent, RunIntent):
        return f"{intent.plugin_name} {intent.plugin_version}".strip()
    if isinstance(intent, WorkflowIntent):
        return intent.pipeline_name
    return ""


def second_line(job: Job, *, stall: str = "") -> str:
    """Return what stands under the title: why, what it waits for, or how much."""
    if job.reach in OUT_OF_REACH and not job.phase.terminal:
        words = _REACH_LINE.get(job.reach, "")
        if job.checked_at is not None:
            at = datetime.fromtimestamp(job.checked_at).astimezone()
            known = f"Last known at {at:%H:%M}"
            return f"{known}, {words}" if words else known
        return words[:1].upper() + words[1:]
    if stall:
        return f"{stall} Longer than usual."
    if job.detail:
        return job.detail
    progress = job.progress
    if progress is None:
        return ""
    if progress.total and progress.unit != "bytes":
        return f"{progress.total:,} {progress.unit}"
    return ""


_OLD = 120.0
"""Seconds after which a look is called old where no period is known."""
Left = Callable[[Job, float], Estimate | None]
"""Asked how long a run still takes."""


def time_text(job: Job, now: float, left: Left | None = None) -> str:
    """Return when it ended, or about how long it still takes."""
    if job.phase.terminal:
        return when(job.terminal_at or job.changed_at, now)
    if job.reach in OUT_OF_REACH:
        return ""
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
        rest = passed / progress.done * (progress.total - progress.done)
        if passed and rest:
            return f"about {roughly(rest)}"
    estimate = left(job, now) if left is not None else None
    return about(estimate) if estimate is not None else ""


def ago_text(seconds: float, *, coarse: bool) -> str:
    """Return how long ago something was: "12 s ago", or coarse "under 1 min ago"."""
    if coarse and seconds < 60:
        return "under 1 min ago"
    if coarse:
        seconds = seconds // 60 * 60
    return f"{duration(seconds)} ago"


def checked_text(
    checked_at: float | None, now: float, *, coarse: bool = False
) -> tuple[str, str, str]:
    """Return icon, token and words for how good the last look was.

    Parameters
    ----------
    coarse : bool
        To the minute: where nothing runs, nobody counts seconds.
    """
    if checked_at is None:
        return "clock", "state.queued", "Not checked yet"
    ago = max(0.0, now - checked_at)
    if ago < _OLD:
        return (
            "circle-check",
            "state.ready",
            f"All followed, checked {ago_text(ago, coarse=coarse)}",
        )
    return "clock", "state.errors", f"Not checked for {duration(ago)}"


def result_open(job: Job) -> bool:
    """Return whether an outcome still waits to be got, put off or discarded."""
    return job.result in {ResultState.READY, ResultState.SNOOZED}


_KEPT = {
    Retention.PURGED: "Removed from server",
    Retention.PURGE_REQUESTED: "Being removed from server",
    Retention.PURGING: "Being removed from server",
    Retention.PURGE_FAILED: "Not removed from server",
}
_DECIDED = {
    ResultState.FETCHING: "Ready, being fetched",
    ResultState.FETCHED: "Downloaded",
    ResultState.MERGED: "Downloaded",
    ResultState.FETCH_FAILED: "Ready, Get did not work",
    ResultState.SNOOZED: "Ready, put off",
    ResultState.DISCARDED: "Discarded",
}


def _ended(job: Job, word: str, *, done: int, total: int) -> str:
    if job.retention in _KEPT:
        return _KEPT[job.retention]
    if job.phase is Phase.FINISHED:
        return _DECIDED.get(job.result) or _READY.get(job.kind, word)
    if job.phase is Phase.FAILED:
        if job.kind is not Kind.RUN and total and done < total:
            return f"Stopped at {done:,} of {total:,}"
        if job.kind is Kind.RUN and job.terminal_at is not None:
            return f"Failed after {duration(job.terminal_at - job.created_at)}"
    return word
