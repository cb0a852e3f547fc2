"""Rows of the catalog as data. Dates are ISO text, times seconds since the epoch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A user on a server; `server_uuid` tells a re-installed server from the old."""

    account_id: int
    server_id: int
    base_url: str
    server_uuid: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """Table ``job``; `phase`, `result` and `retention` are enum values as text."""

    job_key: str
    account_id: int
    backend: str
    kind: str
    phase: str
    intent_json: str
    created_at: float
    changed_at: float
    server_uuid: str | None = None
    remote_id: int | None = None
    epoch: int = 0
    seq: int = 0
    result: str = "NONE"
    retention: str = "PRESENT"
    remote_status: str = ""
    error_code: str = ""
    title: str = ""
    detail: str = ""
    hint: str = ""
    feed_id: int | None = None
    workflow_id: int | None = None
    previous_id: int | None = None
    plugin: str | None = None
    start_date: str = ""
    end_date: str = ""
    deletion_status: str = ""
    progress_json: str = ""
    failed_json: str = "[]"
    fields_json: str = "{}"
    note_state: str = ""
    reconcile_looks: int = 0
    missing_since: float | None = None
    cancel_requested_at: float | None = None
    obs_sent: float | None = None
    obs_received: float | None = None
    tracked: int = 1
    terminal_at: float | None = None
    checked_at: float | None = None
    token: str = ""
    batch_key: str = ""
    snooze_until: float | None = None
    cancel_sends: int = 0
    paused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """Table ``job_event``: one thing that happened to a job, never changed after."""

    job_key: str
    seq: int
    kind: str
    from_phase: str | None
    to_phase: str
    source: str
    at: float
    server_at: str = ""
    detail_json: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRowText:
    """Table ``inbox``: an outcome that waits to be seen, and its desktop toast."""

    dedupe_key: str
    account_id: int
    kind: str
    created_at: float
    job_key: str | None = None
    feed_id: int | None = None
    instance_id: int | None = None
    title: str = ""
    body: str = ""
    hold_until: float = 0.0
    toast: str = "PENDING"
    toast_batch: str | None = None
    seen_at: float | None = None
    acted_at: float | None = None
    action: str = ""
    batch_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow:
    """Table ``artifact``: one file of an upload or download."""

    job_key: str
    remote_path: str
    state: str
    """WAITING, MOVING, DONE or FAILED."""
    size: int | None = None
    sha256: str | None = None
    local_path: str | None = None
    remote_id: int | None = None
    stored_path: str = ""
    reason: str = ""
    bytes_done: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """Table ``library_item``; the fields of ``chrislib.library.model.Item`` as text."""

    item_id: str
    source: str
    title: str
    state: str
    path: str = ""
    detail: str = ""
    patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""
    sex: str = ""
    study_uid: str = ""
    study_date: str = ""
    study_description: str = ""
    accession_number: str = ""
    modality: str = ""
    series_uid: str = ""
    series_description: str = ""
    pacs: str = ""
    images: int | None = None
    size: int | None = None
    received: int = 0
    job_key: str = ""
    feed_id: int | None = None
    instance_id: int | None = None
    added_at: float = 0.0
    account_key: str = ""
    """``server uuid|user`` the item lives on; "" when it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """Table ``history_entry``; `request` and `item_ids` are JSON text."""

    entry_id: str
    kind: str
    title: str
    at: float
    state: str
    detail: str = ""
    brought: str = ""
    done: int = 0
    total: int = 0
    request: str = "{}"
    item_ids: str = "[]"
    account_key: str = ""
