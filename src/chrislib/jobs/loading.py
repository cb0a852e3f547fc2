"""Thousands of jobs out of the catalog at once, ten times as fast as one by one.

`codec.from_row` is the rule; this gives the same for the rows it recognises and leaves
every other row to it. The time goes into frozen dataclasses, which set each field by
a call of its own. So the objects are made by a thawed twin, a class with the same slots
that is filled in one go, and become the real class as their last step.
"""

import gc
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from json.scanner import make_scanner
from operator import itemgetter
from typing import Any

from chrislib import garbage
from chrislib.catalog.rows import JobRow
from chrislib.copies import twin
from chrislib.jobs import codec
from chrislib.jobs.model import (
    DownloadIntent,
    Job,
    Kind,
    Phase,
    PullIntent,
    Reach,
    ResultState,
    Retention,
    RunIntent,
)
from chrislib.jobs.steps import Tracked

_log = logging.getLogger(__name__)

_MANY = 20_000
"""Objects that a look for garbage may visit at once: some 5 ms."""
_UNREAD = ("plugin", "obs_sent", "obs_received")
COLUMNS = tuple(c.name for c in fields(JobRow) if c.name not in _UNREAD)
"""What a row holds, in this order."""

_AT = {name: number for number, name in enumerate(COLUMNS)}
_KIND, _INTENT = _AT["kind"], _AT["intent_json"]
_PLAIN = itemgetter(_AT["progress_json"], _AT["failed_json"], _AT["fields_json"])
_NOTHING = ("", "[]", "{}")
_PHASES = {phase.value: phase for phase in Phase}
_RESULTS = {result.value: result for result in ResultState}
_RETENTIONS = {retention.value: retention for retention in Retention}


def load(rows: Iterable[Sequence[Any]]) -> list[Tracked]:
    """Return the jobs of catalog rows whose values are in the order of `COLUMNS`."""
    with undisturbed():
        found = (_quickly(row) or _by_rule(row) for row in rows)
        return [tracked for tracked in found if tracked is not None]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Look for no garbage: none of what is loaded can be any, and it costs a third.

    What was made meanwhile is set aside if it is much, since the first look would
    visit all of it while the window waits.
    """
    hold = garbage.Hold()
    try:
        yield
    finally:
        if gc.get_count()[0] > _MANY:
            gc.freeze()
        hold.release()


def _by_rule(row: Sequence[Any]) -> Tracked | None:
    try:
        return codec.from_row(JobRow(**dict(zip(COLUMNS, row, strict=True))))
    except ValueError:
        # It stays in the catalog for a version that understands it.
        _log.warning("a job of another version is not shown")
        return None


def _quickly(row: Sequence[Any]) -> Tracked | None:
    """Return the job of an ordinary row, None for any other."""
    intended = _INTENDED.get(row[_KIND])
    if intended is None or _PLAIN(row) != _NOTHING:
        return None
    kind, made = intended
    try:
        intent = made(_SCAN(row[_INTENT], 0)[0])
    except (ValueError, TypeError, AttributeError, StopIteration):
        return None
    values = list(_JOB_VALUES(row))
    phase, result, retention = (
        _PHASES.get(values[_PHASE]),
        _RESULTS.get(values[_RESULT]),
        _RETENTIONS.get(values[_RETENTION]),
    )
    if phase is None or result is None or retention is None:
        return None
    values[_PHASE], values[_RESULT], values[_RETENTION] = phase, result, retention
    values[_KIND_OF], values[_INTENT_OF] = kind, intent
    values[_REACH], values[_PROGRESS] = Reach.FRESH, None
    values[_FAILED], values[_ERRORS] = (), {}
    values[_TRACKED] = bool(values[_TRACKED])
    values[_PAUSED] = bool(values[_PAUSED])
    for place, default in _JOB_LATER:
        values[place] = default
    job = _Job(*values)
    job.__class__ = Job
    known = list(_TRACKED_VALUES(row))
    known[_JOB_OF] = job
    known[_SERVER] = known[_SERVER] or ""
    # Looks are ordered by a clock that starts anew with each process.
    known[_SENT] = known[_RECEIVED] = None
    known[_NOTE] = known[_NOTE] == "PENDING"
    for place, default in _TRACKED_LATER:
        known[place] = default
    tracked = _Tracked(*known)
    tracked.__class__ = Tracked
    return tracked  # type: ignore[no-any-return]


def _made(kind: type[Any]) -> Callable[[dict[str, Any]], Any]:
    """Return how an intent is made of its JSON; unknown names raise TypeError."""
    thawed = twin(kind)

    def make(data: dict[str, Any]) -> Any:
        for name, value in data.items():
            if type(value) is list:
                data[name] = tuple(value)
        made = thawed(**data)
        made.__class__ = kind
        return made

    return make


def _places(kind: type[Any], also: dict[str, str]) -> tuple[Any, dict[str, int]]:
    """Return how a row gives the values of `kind`, and where each field is.

    A field without a column of its name is a place that is filled afterwards.
    """
    names = [one.name for one in fields(kind)]
    columns = [_AT.get(also.get(name, name), 0) for name in names]
    return itemgetter(*columns), {name: number for number, name in enumerate(names)}


def _later(kind: type[Any], filled: Sequence[str]) -> tuple[tuple[int, Any], ...]:
    """Return the places of fields that have neither a column nor a rule here."""
    return tuple(
        (number, one.default)
        for number, one in enumerate(fields(kind))
        if one.name not in _AT and one.name not in filled
    )


_scanner: Any = make_scanner
_SCAN = _scanner(json.JSONDecoder())
_INTENDED: dict[str, tuple[Kind, Callable[[dict[str, Any]], Any]]] = {
    Kind.RUN.value: (Kind.RUN, _made(RunIntent)),
    Kind.PULL.value: (Kind.PULL, _made(PullIntent)),
    Kind.DOWNLOAD.value: (Kind.DOWNLOAD, _made(DownloadIntent)),
}
_Job, _Tracked = twin(Job), twin(Tracked)
_JOB_VALUES, _in_job = _places(Job, {"key": "job_key"})
_TRACKED_VALUES, _in_tracked = _places(Tracked, {"note_pending": "note_state"})
_PHASE, _RESULT, _RETENTION = (_in_job[n] for n in ("phase", "result", "retention"))
_KIND_OF, _INTENT_OF = _in_job["kind"], _in_job["intent"]
_REACH, _PROGRESS = _in_job["reach"], _in_job["progress"]
_FAILED, _ERRORS = _in_job["failed_files"], _in_job["field_errors"]
_TRACKED, _PAUSED = _in_job["tracked"], _in_job["paused"]
_JOB_LATER = _later(
    Job, ("key", "intent", "reach", "progress", "failed_files", "field_errors")
)
_TRACKED_LATER = _later(Tracked, ("job", "note_pending", "obs_sent", "obs_received"))
_JOB_OF, _SERVER = _in_tracked["job"], _in_tracked["server_uuid"]
_SENT, _RECEIVED = _in_tracked["obs_sent"], _in_tracked["obs_received"]
_NOTE = _in_tracked["note_pending"]
