"""What the rules work on and what they decide: data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chrislib.copies import maker, replace
from chrislib.jobs.model import Job, Phase


class IllegalMove(ValueError):
    """A transition the table does not have: a bug of the caller, never of a user."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """A job with what the rules need to know and nobody else does."""

    job: Job
    server_uuid: str = ""
    deletion_status: str = ""
    obs_sent: float | None = None
    obs_received: float | None = None
    note_pending: bool = False
    reconcile_looks: int = 0
    missing_since: float | None = None

    @property
    def account_id(self) -> int:
        """Whose job it is."""
        return self.job.account_id


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at one run on the server.

    `sent` and `received` are local monotonic-ordered seconds of the request that
    brought it; they order looks, nothing else.

    A service other than CUBE is known by its `token` (`remote_id` is 0 then) and says
    the `phase` itself, with its own words in `detail` and `hint`.
    """

    remote_id: int
    remote_status: str
    error_code: str
    sent: float
    received: float
    source: str
    """submit, active, window, count, feed, point, reconcile, adopt or user."""
    start_date: str = ""
    end_date: str = ""
    feed_id: int | None = None
    previous_id: int | None = None
    deletion_status: str = ""
    title: str = ""
    log: str = ""
    workflow_id: int | None = None
    owner: str = ""
    plugin_id: int = 0
    plugin_name: str = ""
    plugin_version: str = ""
    plugin_type: str = ""
    compute_resource: str = ""
    token: str = ""
    phase: Phase | None = None
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a job's history; `Step.tracked.job.seq` is that of the last."""

    kind: str
    from_phase: Phase | None
    to_phase: Phase
    source: str
    at: float
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """An outcome for the inbox; its toast is held back for `hold` seconds."""

    kind: str
    epoch: int
    hold: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one decision changes: all of it is committed together."""

    tracked: Tracked
    events: tuple[Event, ...] = ()
    notices: tuple[Notice, ...] = ()
    withdrawn: tuple[Notice, ...] = ()


step_of = maker(Step)
event_of = maker(Event)
notice_of = maker(Notice)
"""What makes one of all its fields, for the pages of hundreds of them."""


def same_phase(
    tracked: Tracked,
    kind: str,
    *,
    source: str,
    now: float,
    detail: Mapping[str, Any] | None = None,
) -> Step:
    """Return a step that changes no phase: one event more."""
    job = replace(tracked.job, seq=tracked.job.seq + 1, changed_at=now)
    event = event_of(kind, job.phase, job.phase, source, now, detail or {})
    return step_of(replace(tracked, job=job), (event,), (), ())


def event_detail(job: Job) -> dict[str, Any]:
    """Return what an event keeps of the job: its names there and its epoch."""
    found: dict[str, Any] = {"epoch": job.epoch}
    if job.remote_id is not None:
        found["remote_id"] = job.remote_id
    if job.remote_status:
        found["remote_status"] = job.remote_status
    if job.token:
        found["token"] = job.token
    if job.error_code:
        found["error_code"] = job.error_code
    return found
