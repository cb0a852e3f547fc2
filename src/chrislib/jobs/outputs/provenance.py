"""Where a result comes from: intents, histories and files, as JSON values.

The schema, version 1. Keys are sorted, lists are in the order of time or of the list
they come from, so that two exports of the same facts are the same text::

    {"schema": "chrislib.provenance/1", "feed": int|null,
     "servers": [{"server": int, "uuid": str}],
     "jobs": [{
       "key": str, "server": int, "kind": str, "backend": str,
       "remote_id": int|null, "feed_id": int|null, "previous_id": int|null,
       "workflow_id": int|null, "phase": str, "result": str, "retention": str,
       "epoch": int, "error_code": str,
       "created_at": ISO, "terminal_at": ISO|null,
       "server_start": ISO, "server_end": ISO,
       "intent": {…}, "fingerprint": {"digest": str, "inputs": int|null}|null,
       "events": [{"seq": int, "at": ISO, "kind": str, "from": str|null,
                   "to": str, "source": str, "detail": {…}}],
       "files": [{"name": str, "size": int|null, "sha256": str|null,
                  "state": str, "server_file": int|null}]}]}

ISO times are UTC. ``intent`` of a run has ``plugin``, ``version``, ``type`` and
``parameters``. Without `names`, whatever could name a patient (titles, notes, paths,
free texts) is left out or stands as ``text 1``, ``text 2`` …, the same for equal texts
of one export. Tokens never get into it.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chrislib.catalog.results import ResultTable
from chrislib.catalog.rows import ArtifactRow, EventRow
from chrislib.cube.logs import redact
from chrislib.jobs import codec
from chrislib.jobs.model import Job, JobKey, RunIntent
from chrislib.jobs.outputs.fingerprint import StateFingerprint
from chrislib.jobs.steps import Tracked
from chrislib.jobs.store import JobStore

SCHEMA = "chrislib.provenance/1"
_SECRET = re.compile(r"\b[0-9a-fA-F]{40}\b")
_SECRET_KEY = re.compile(r"(?i)token|passw|secret|authorization|api_?key")
_IN_TEXT = re.compile(
    r"(?i)((?:token|password|secret|api_?key)=|\b(?:bearer|token)\s+)[^\s&\"']{6,}"
)
_IN_COMMAND = re.compile(
    r"""(?i)(--?[\w-]*(?:token|passw|secret|api[-_]?key)[\w-]*)(=|[ \t]+)"""
    r"""(?:'[^']*'|"[^"]*"|[^\s'"-][^\s]*)"""
)
_REMOVED = "[removed]"
_PLAIN_TEXT = re.compile(r"[\w.+-]{0,24}", re.ASCII)
_OPEN = frozenset(
    {"backend", "operation", "plugin_id", "plugin_name", "plugin_type",
     "plugin_version", "pipeline_id", "pipeline_name", "previous_id", "feed_id",
     "instance_id", "nodes", "expected_images", "compute_resource", "timeout",
     "size", "issued_at"}
)  # fmt: skip
"""Fields of intents that never name a person."""


class Provenance:
    """Makes exports out of the catalog."""

    def __init__(self, table: ResultTable, store: JobStore) -> None:
        self._table = table
        self._store = store

    async def of(
        self, keys: Sequence[JobKey] = (), *, feed: int | None = None,
        names: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the export of some jobs, or of all jobs of a feed (disk)."""
        found = [t for key in dict.fromkeys(keys) if (t := self._store.get(key))]
        if feed is not None:
            found += [t for t in self._store.all() if t.job.feed_id == feed]
        unique = {tracked.job.key: tracked for tracked in found}
        jobs = sorted(unique.values(), key=lambda t: (t.job.created_at, t.job.key))
        wanted = [tracked.job.key for tracked in jobs]
        events: dict[str, list[EventRow]] = defaultdict(list)
        for event in await self._table.events_of(wanted):
            events[event.job_key].append(event)
        files: dict[str, list[ArtifactRow]] = defaultdict(list)
        for file in await self._table.artifacts_of(wanted):
            files[file.job_key].append(file)
        words = _Words(names=names)
        servers = sorted({t.server_uuid for t in jobs if t.server_uuid})
        return {
            "schema": SCHEMA,
            "feed": feed,
            "servers": [
                {"server": number, "uuid": uuid}
                for number, uuid in enumerate(servers, 1)
            ],
            "jobs": [
                {
                    **_job(tracked, servers, words),
                    "fingerprint": _fingerprint(
                        await self._table.fingerprint(tracked.job.key)
                    ),
                    "events": [_event(row, words) for row in events[tracked.job.key]],
                    "files": [_file(row, words) for row in files[tracked.job.key]],
                }
                for tracked in jobs
            ],
        }


def without_secrets(text: str, *, name: str = "") -> str:
    """Return a text without tokens; of a field whose name says secret, nothing."""
    if text and name and _SECRET_KEY.search(name):
        return _REMOVED
    return _IN_COMMAND.sub(rf"\1\2{_REMOVED}", _safe(text))


def to_text(export: Mapping[str, Any]) -> str:
    """Return an export as JSON text, the same text for the same facts."""
    return json.dumps(export, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _job(tracked: Tracked, servers: list[str], words: "_Words") -> dict[str, Any]:
    job = tracked.job
    known = tracked.server_uuid in servers
    shown: dict[str, Any] = {
        "key": job.key,
        "server": servers.index(tracked.server_uuid) + 1 if known else None,
        "kind": job.kind.value,
        "backend": job.backend,
        "remote_id": job.remote_id,
        "feed_id": job.feed_id,
        "previous_id": job.previous_id,
        "workflow_id": job.workflow_id,
        "phase": job.phase.value,
        "result": job.result.value,
        "retention": job.retention.value,
        "epoch": job.epoch,
        "error_code": job.error_code,
        "created_at": _iso(job.created_at),
        "terminal_at": _iso(job.terminal_at),
        "server_start": _utc(job.start_date),
        "server_end": _utc(job.end_date),
        "intent": _intent(job, words),
    }
    if words.names:
        shown["title"] = _safe(job.title)
        shown["detail"] = _safe(job.detail)
    return shown


def _intent(job: Job, words: "_Words") -> dict[str, Any]:
    # An intent nobody here understands still has keys that say what is secret.
    data = _parsed(codec.intent_to_json(job.intent))
    if not isinstance(data, dict):
        data = {"text": data}
    if isinstance(job.intent, RunIntent):
        data["plugin"] = data.pop("plugin_name")
        data["version"] = data.pop("plugin_version")
        data["type"] = data.pop("plugin_type")
    cleaned = {key: _clean(key, value, words) for key, value in data.items()}
    for key in ("plugin", "version", "type"):
        if key in data:
            cleaned[key] = _safe(str(data[key]))
    return cleaned


def _clean(key: str, value: Any, words: "_Words") -> Any:
    """Return a value without secrets, and without what could name a person."""
    if _SECRET_KEY.search(key):
        return _REMOVED
    if isinstance(value, Mapping):
        return {str(k): _clean(str(k), v, words) for k, v in value.items()}
    if isinstance(value, list):
        return [_clean(key, one, words) for one in value]
    if not isinstance(value, str):
        return value
    return _safe(value) if key in _OPEN else words.shown(value)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


class _Words:
    """Free texts of one export: as they are, or marks in their place."""

    def __init__(self, *, names: bool) -> None:
        self.names = names
        self._marks: dict[str, str] = {}

    def shown(self, text: str) -> str:
        """Return the text without tokens, or its mark."""
        if self.names or not text:
            return _safe(text)
        return self._marks.setdefault(text, f"text {len(self._marks) + 1}")


def _safe(text: str) -> str:
    return _IN_TEXT.sub(rf"\1{_REMOVED}", _SECRET.sub(_REMOVED, redact(text)))


def _event(row: EventRow, words: _Words) -> dict[str, Any]:
    try:
        detail = json.loads(row.detail_json) if row.detail_json else {}
    except ValueError:
        detail = {}
    kept = {
        key: _word(key, value, words)
        for key, value in detail.items()
        if isinstance(value, str | int | float | bool) or value is None
    }
    return {
        "seq": row.seq,
        "at": _iso(row.at),
        "kind": row.kind,
        "from": row.from_phase,
        "to": row.to_phase,
        "source": row.source,
        "detail": kept,
    }


def _word(key: str, value: Any, words: _Words) -> Any:
    """Return a value of an event: states and codes are single words."""
    if isinstance(value, str) and _PLAIN_TEXT.fullmatch(value):
        return _REMOVED if _SECRET_KEY.search(key) else _safe(value)
    return _clean(key, value, words)


def _file(row: ArtifactRow, words: _Words) -> dict[str, Any]:
    return {
        "name": words.shown(row.remote_path),
        "size": row.size,
        "sha256": row.sha256,
        "state": row.state,
        "server_file": row.remote_id,
    }


def _fingerprint(text: str) -> dict[str, Any] | None:
    state = StateFingerprint.from_json(text)
    if state is None:
        return None
    count = len(state.inputs) if state.inputs is not None else None
    return {"digest": state.digest, "inputs": count}


def _iso(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _utc(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
