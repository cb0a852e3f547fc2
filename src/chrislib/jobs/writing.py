"""Steps as what the catalog writes: of a job that is there, only what has changed.

A whole row of more than forty columns costs four times as much: every index of the
table is written anew, and every table that refers to a job is asked about it.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from itertools import compress
from operator import attrgetter, is_not
from typing import Any

from chrislib.catalog.job_pages import JobChanges, JobWrite
from chrislib.copies import maker
from chrislib.jobs import codec
from chrislib.jobs.model import Job, JobKey
from chrislib.jobs.steps import Step, Tracked

_Code = Callable[[Any], Any]


def _value(member: Any) -> str:
    text: str = member._value_  # `value` goes through a descriptor in Python
    return text


_CODED: Mapping[str, tuple[str, _Code]] = {
    "phase": ("phase", _value),
    "result": ("result", _value),
    "retention": ("retention", _value),
    "failed_files": ("failed_json", codec.failed_to_json),
    "field_errors": ("fields_json", codec.errors_to_json),
    "tracked": ("tracked", int),
    "paused": ("paused", int),
    "note_pending": ("note_state", codec.note_state),
}
"""Fields that the catalog keeps under another name or as something else."""
_ELSEWHERE = frozenset(
    {"job", "key", "kind", "intent", "backend", "reach", "progress", "checked_at"}
)
"""Not compared: it never changes, is not kept, or is written each time."""


def _compared(kind: type[Any]) -> list[str]:
    return [one.name for one in fields(kind) if one.name not in _ELSEWHERE]


_OF_JOB, _OF_TRACKED = attrgetter(*_compared(Job)), attrgetter(*_compared(Tracked))
_PLACES: tuple[tuple[str, _Code | None], ...] = tuple(
    _CODED.get(name, (name, None)) for name in _compared(Job) + _compared(Tracked)
)
_write = maker(JobWrite)
_changes = maker(JobChanges)


def writes(steps: Mapping[JobKey, Step], before: Mapping[JobKey, Tracked]) -> list[Any]:
    """Return a page of steps as what the catalog writes."""
    return [write(step, before[key]) for key, step in steps.items()]


def write(step: Step, before: Tracked | None, *, absorbs: str = "") -> JobWrite:
    """Return one step as what the catalog writes.

    Parameters
    ----------
    before : Tracked or None
        The job as it was when the step was decided on; None for a new one.
    absorbs : str
        Key of another row of the same run, which goes.
    """
    tracked = step.tracked
    job = tracked.job
    first = job.seq - len(step.events) + 1
    return _write(
        codec.to_row(tracked) if before is None else _changed(before, tracked),
        before.job.seq if before is not None else None,
        tuple(
            codec.event_to_row(job, event, first + number)
            for number, event in enumerate(step.events)
        ),
        tuple(
            codec.notice_to_row(tracked, notice, now=job.changed_at)
            for notice in step.notices
        ),
        tuple(codec.dedupe_key(job, notice) for notice in step.withdrawn),
        absorbs,
    )


def _changed(before: Tracked, after: Tracked) -> JobChanges:
    old, new = before.job, after.job
    was = _OF_JOB(old) + _OF_TRACKED(before)
    now = _OF_JOB(new) + _OF_TRACKED(after)
    # Both are noted in memory without a transaction, so the catalog may not have them.
    columns = ["progress_json", "checked_at"]
    values: list[Any] = [codec.progress_to_json(new.progress), new.checked_at]
    for (column, code), one, other in compress(
        zip(_PLACES, was, now, strict=True), map(is_not, was, now)
    ):
        if one != other:
            columns.append(column)
            values.append(other if code is None else code(other))
    if old.intent is not new.intent or old.backend != new.backend:
        for column, value in codec.intent_columns(new).items():
            columns.append(column)
            values.append(value)
    return _changes(new.key, tuple(columns), tuple(values))
