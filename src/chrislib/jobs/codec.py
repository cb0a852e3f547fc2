"""Jobs to catalog rows and back. A row that cannot be read loses nothing."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from enum import Enum
from typing import Any, TypeVar

from chrislib.catalog.rows import EventRow, InboxRowText, JobRow
from chrislib.copies import maker
from chrislib.jobs.model import (
    Deidentify,
    DownloadIntent,
    FailedFile,
    InboxRow,
    Intent,
    Job,
    JobKey,
    Kind,
    OpaqueIntent,
    Phase,
    ProgramIntent,
    Progress,
    PullIntent,
    ResultState,
    Retention,
    RunIntent,
    ServiceIntent,
    Unpacking,
    UploadFile,
    UploadIntent,
    WorkflowIntent,
)
from chrislib.jobs.steps import Event, Notice, Tracked

_E = TypeVar("_E", bound=Enum)
_event_row, _inbox_row = maker(EventRow), maker(InboxRowText)

BACKENDS: Mapping[Kind, str] = {
    Kind.RUN: "cube",
    Kind.PULL: "pull",
    Kind.UPLOAD: "upload",
    Kind.DOWNLOAD: "download",
    Kind.WORKFLOW: "workflow",
    Kind.PROGRAM: "local",
}
_KINDS: Mapping[type[Any], Kind] = {
    RunIntent: Kind.RUN,
    PullIntent: Kind.PULL,
    UploadIntent: Kind.UPLOAD,
    DownloadIntent: Kind.DOWNLOAD,
    WorkflowIntent: Kind.WORKFLOW,
    ProgramIntent: Kind.PROGRAM,
    ServiceIntent: Kind.SERVICE,
    OpaqueIntent: Kind.SERVICE,
}
_PLAIN: Mapping[Kind, type[Any]] = {
    Kind.RUN: RunIntent,
    Kind.PULL: PullIntent,
    Kind.DOWNLOAD: DownloadIntent,
    Kind.WORKFLOW: WorkflowIntent,
    Kind.PROGRAM: ProgramIntent,
    Kind.SERVICE: ServiceIntent,
}


def kind_of(intent: Intent) -> Kind:
    """Return the kind of job an intent makes."""
    return _KINDS[type(intent)]


def backend_of(intent: Intent) -> str:
    """Return who follows a job with this intent."""
    if isinstance(intent, ServiceIntent | OpaqueIntent):
        return intent.backend
    return BACKENDS[kind_of(intent)]


def intent_to_json(intent: Intent) -> str:
    """Return the intent as JSON text."""
    if isinstance(intent, OpaqueIntent):
        return intent.text
    return json.dumps(_fields(intent), ensure_ascii=False, default=_fields)


def _kept(intent: Intent) -> str:
    """Return the intent as the catalog keeps it: without what goes without saying.

    A third of the text, and at each start thousands of them are parsed.
    """
    if isinstance(intent, OpaqueIntent):
        return intent.text
    defaults = {one.name: one.default for one in fields(intent)}
    said = {
        name: value
        for name, value in _fields(intent).items()
        if value != defaults[name]
    }
    return json.dumps(said, ensure_ascii=False, default=_fields)


def intent_from_json(kind: Kind, text: str) -> Intent:
    """Return an intent of its JSON; unknown keys are left out."""
    data: dict[str, Any] = json.loads(text)
    if kind is Kind.UPLOAD:
        files = [UploadFile(**_known(UploadFile, f)) for f in data.pop("files", ())]
        changed = data.pop("deidentify", None)
        how = _deidentify(changed) if changed else None
        packed = data.pop("archives", ())
        archives = tuple(Unpacking(**_known(Unpacking, one)) for one in packed)
        known = _known(UploadIntent, data)
        return UploadIntent(
            **known, files=tuple(files), deidentify=how, archives=archives
        )
    made: Intent = _PLAIN[kind](**_known(_PLAIN[kind], data))
    return made


def _deidentify(data: Mapping[str, Any]) -> Deidentify:
    made = Deidentify(**_known(Deidentify, data))
    black = [(str(u), int(x), int(y), int(w), int(h)) for u, x, y, w, h in made.black]
    return replace(made, black=tuple(black))


def _readable_intent(row: JobRow) -> tuple[Kind, Intent]:
    """Return what can be understood of a row; the rest is carried along unread."""
    try:
        kind = Kind(row.kind)
        return kind, intent_from_json(kind, row.intent_json)
    except (ValueError, TypeError, KeyError, AttributeError):
        opaque = OpaqueIntent(row.backend, row.kind, row.intent_json, row.title)
        return Kind.SERVICE, opaque


def to_row(tracked: Tracked) -> JobRow:
    """Return the catalog's row of a job."""
    job = tracked.job
    return JobRow(
        job_key=job.key,
        account_id=tracked.account_id,
        server_uuid=tracked.server_uuid,
        remote_id=job.remote_id,
        phase=job.phase.value,
        epoch=job.epoch,
        seq=job.seq,
        result=job.result.value,
        retention=job.retention.value,
        remote_status=job.remote_status,
        error_code=job.error_code,
        title=job.title,
        detail=job.detail,
        hint=job.hint,
        feed_id=job.feed_id,
        previous_id=job.previous_id,
        start_date=job.start_date,
        end_date=job.end_date,
        deletion_status=tracked.deletion_status,
        progress_json=progress_to_json(job.progress),
        failed_json=failed_to_json(job.failed_files),
        fields_json=errors_to_json(job.field_errors),
        note_state=note_state(tracked.note_pending),
        reconcile_looks=tracked.reconcile_looks,
        missing_since=tracked.missing_since,
        cancel_requested_at=job.cancel_requested_at,
        obs_sent=tracked.obs_sent,
        obs_received=tracked.obs_received,
        created_at=job.created_at,
        changed_at=job.changed_at,
        terminal_at=job.terminal_at,
        checked_at=job.checked_at,
        workflow_id=job.workflow_id,
        tracked=int(job.tracked),
        token=job.token,
        batch_key=job.batch_key,
        snooze_until=job.snooze_until,
        cancel_sends=job.cancel_sends,
        paused=int(job.paused),
        **intent_columns(job),
    )


def intent_columns(job: Job) -> dict[str, Any]:
    """Return the columns that follow from what was asked for."""
    intent = job.intent
    return {
        "backend": job.backend or backend_of(intent),
        "kind": intent.kind if isinstance(intent, OpaqueIntent) else job.kind.value,
        "plugin": intent.plugin_name if isinstance(intent, RunIntent) else None,
        "intent_json": _kept(intent),
    }


def failed_to_json(files: Sequence[FailedFile]) -> str:
    """Return files that did not make it as JSON text."""
    return json.dumps([[f.path, f.reason] for f in files]) if files else "[]"


def errors_to_json(errors: Mapping[str, str]) -> str:
    """Return what the server said of fields as JSON text."""
    return json.dumps(dict(errors)) if errors else "{}"


def note_state(pending: bool) -> str:
    """Return whether a feed waits for its note, as the catalog keeps it."""
    return "PENDING" if pending else ""


def _fields(value: Any) -> dict[str, Any]:
    """Return a mapping or the fields of a dataclass, not copied deeply."""
    if isinstance(value, Mapping):
        return dict(value)
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def from_row(row: JobRow) -> Tracked:
    """Return the job of a catalog row; what another version wrote stays as it is."""
    kind, intent = _readable_intent(row)
    job = Job(
        key=JobKey(row.job_key),
        kind=kind,
        phase=_enum(Phase, row.phase, Phase.UNKNOWN),
        intent=intent,
        title=row.title,
        epoch=row.epoch,
        seq=row.seq,
        result=_enum(ResultState, row.result, ResultState.NONE),
        retention=_enum(Retention, row.retention, Retention.PRESENT),
        remote_id=row.remote_id,
        feed_id=row.feed_id,
        previous_id=row.previous_id,
        remote_status=row.remote_status,
        error_code=row.error_code,
        detail=row.detail,
        hint=row.hint,
        progress=progress_from_json(row.progress_json),
        failed_files=tuple(
            FailedFile(str(path), str(reason))
            for path, reason in json.loads(row.failed_json)
        ),
        created_at=row.created_at,
        changed_at=row.changed_at,
        terminal_at=row.terminal_at,
        checked_at=row.checked_at,
        field_errors={str(k): str(v) for k, v in json.loads(row.fields_json).items()},
        backend=row.backend,
        token=row.token,
        account_id=row.account_id,
        batch_key=row.batch_key,
        workflow_id=row.workflow_id,
        tracked=bool(row.tracked),
        snooze_until=row.snooze_until,
        cancel_requested_at=row.cancel_requested_at,
        cancel_sends=row.cancel_sends,
        paused=bool(row.paused),
        start_date=row.start_date,
        end_date=row.end_date,
    )
    return Tracked(
        job=job,
        server_uuid=row.server_uuid or "",
        deletion_status=row.deletion_status,
        # Looks are ordered by a clock that starts anew with each process.
        obs_sent=None,
        obs_received=None,
        note_pending=row.note_state == "PENDING",
        reconcile_looks=row.reconcile_looks,
        missing_since=row.missing_since,
    )


def event_to_row(job: Job, event: Event, seq: int) -> EventRow:
    """Return the catalog's row of an event."""
    return _event_row(
        job.key,
        seq,
        event.kind,
        event.from_phase.value if event.from_phase else None,
        event.to_phase.value,
        event.source,
        event.at,
        "",  # the server does not say when
        json.dumps(dict(event.detail)) if event.detail else "",
    )


def dedupe_key(job: Job, notice: Notice) -> str:
    """Return the one name an outcome has, whoever reports it and how often."""
    return f"{job.key}:{notice.kind}:{notice.epoch}"


def _held_until(now: float, hold: float) -> float:
    """Return when a toast may be shown; what is held together is let go together.

    A feed that is cancelled as a whole comes in several pages, one after the other.
    """
    if not hold:
        return 0.0
    step = hold / 6
    return math.ceil((now + hold) / step) * step


def notice_to_row(tracked: Tracked, notice: Notice, *, now: float) -> InboxRowText:
    """Return the inbox row of an outcome."""
    job = tracked.job
    return _inbox_row(
        dedupe_key=dedupe_key(job, notice),
        account_id=tracked.account_id,
        kind=notice.kind,
        created_at=now,
        job_key=job.key,
        feed_id=job.feed_id,
        instance_id=job.remote_id if job.kind is Kind.RUN else None,
        title=job.title,
        body=job.detail,
        hold_until=_held_until(now, notice.hold),
        batch_key=job.batch_key,
    )


def inbox_from_row(row: InboxRowText) -> InboxRow:
    """Return an inbox row as the window gets it."""
    return InboxRow(
        dedupe_key=row.dedupe_key,
        kind=row.kind,
        job_key=JobKey(row.job_key) if row.job_key else None,
        feed_id=row.feed_id,
        instance_id=row.instance_id,
        title=row.title,
        text=row.body,
        created_at=row.created_at,
        seen_at=row.seen_at,
        acted_at=row.acted_at,
        batch_key=row.batch_key,
        account_id=row.account_id,
    )


def progress_to_json(progress: Progress | None) -> str:
    """Return progress as JSON text, "" for none."""
    return json.dumps(asdict(progress)) if progress is not None else ""


def progress_from_json(text: str) -> Progress | None:
    """Return what `progress_to_json` wrote."""
    return Progress(**_known(Progress, json.loads(text))) if text else None


def _known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    names = kind.__dataclass_fields__
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in data.items()
        if key in names
    }


def _enum(kind: type[_E], text: str, fallback: _E) -> _E:
    try:
        return kind(text)
    except ValueError:
        return fallback
