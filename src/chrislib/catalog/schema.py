"""The tables of the catalog, version by version. A released step never changes."""

import sqlite3

from chrislib.catalog.drafts import DRAFT_TABLES
from chrislib.catalog.history import HISTORY_TABLES
from chrislib.catalog.index_schema import INDEX_TABLES
from chrislib.catalog.mine_schema import MINE_TABLES
from chrislib.catalog.opening import Migration
from chrislib.catalog.readmes import README_TABLES

_VERSION_1 = (
    """CREATE TABLE server (
      server_id INTEGER PRIMARY KEY, base_url TEXT NOT NULL UNIQUE,
      server_uuid TEXT, caps_json TEXT NOT NULL DEFAULT '{}', caps_at REAL,
      skew_s REAL NOT NULL DEFAULT 0) STRICT""",
    """CREATE TABLE account (
      account_id INTEGER PRIMARY KEY,
      server_id INTEGER NOT NULL REFERENCES server, username TEXT NOT NULL,
      cred_ref TEXT NOT NULL DEFAULT '', paused_reason TEXT,
      UNIQUE(server_id, username)) STRICT""",
    """CREATE TABLE job (
      job_key TEXT PRIMARY KEY,
      account_id INTEGER NOT NULL REFERENCES account,
      backend TEXT NOT NULL, kind TEXT NOT NULL,
      server_uuid TEXT, remote_id INTEGER,
      phase TEXT NOT NULL, epoch INTEGER NOT NULL DEFAULT 0,
      seq INTEGER NOT NULL DEFAULT 0,
      result TEXT NOT NULL DEFAULT 'NONE',
      retention TEXT NOT NULL DEFAULT 'PRESENT',
      remote_status TEXT NOT NULL DEFAULT '', error_code TEXT NOT NULL DEFAULT '',
      title TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '',
      hint TEXT NOT NULL DEFAULT '',
      feed_id INTEGER, workflow_id INTEGER, previous_id INTEGER, plugin TEXT,
      start_date TEXT NOT NULL DEFAULT '', end_date TEXT NOT NULL DEFAULT '',
      deletion_status TEXT NOT NULL DEFAULT '',
      intent_json TEXT NOT NULL, fingerprint_json TEXT,
      progress_json TEXT NOT NULL DEFAULT '', failed_json TEXT NOT NULL DEFAULT '[]',
      fields_json TEXT NOT NULL DEFAULT '{}',
      note_state TEXT NOT NULL DEFAULT '', reconcile_looks INTEGER NOT NULL DEFAULT 0,
      missing_since REAL,
      cancel_requested_at REAL, obs_sent REAL, obs_received REAL,
      tracked INTEGER NOT NULL DEFAULT 1,
      created_at REAL NOT NULL, changed_at REAL NOT NULL,
      terminal_at REAL, checked_at REAL) STRICT""",
    """CREATE UNIQUE INDEX job_token ON job(account_id, server_uuid, remote_id)
      WHERE remote_id IS NOT NULL""",
    "CREATE INDEX job_live ON job(account_id, phase) WHERE terminal_at IS NULL",
    "CREATE INDEX job_feed ON job(account_id, feed_id)",
    "CREATE INDEX job_created ON job(created_at)",
    """CREATE TABLE job_event (
      event_id INTEGER PRIMARY KEY, job_key TEXT NOT NULL REFERENCES job,
      seq INTEGER NOT NULL, kind TEXT NOT NULL, from_phase TEXT, to_phase TEXT,
      source TEXT NOT NULL, at REAL NOT NULL, server_at TEXT, detail_json TEXT,
      UNIQUE(job_key, seq)) STRICT""",
    """CREATE TRIGGER job_event_append_only BEFORE UPDATE ON job_event
      BEGIN SELECT RAISE(ABORT, 'job_event is append only'); END""",
    """CREATE TABLE inbox (
      dedupe_key TEXT PRIMARY KEY, account_id INTEGER NOT NULL, job_key TEXT,
      feed_id INTEGER, instance_id INTEGER, kind TEXT NOT NULL,
      title TEXT NOT NULL DEFAULT '', body TEXT NOT NULL DEFAULT '',
      created_at REAL NOT NULL, hold_until REAL NOT NULL DEFAULT 0,
      toast TEXT NOT NULL DEFAULT 'PENDING', toast_batch TEXT,
      seen_at REAL, acted_at REAL, action TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE INDEX inbox_pending ON inbox(toast) WHERE toast IN ('PENDING','CLAIMED')",
    "CREATE INDEX inbox_created ON inbox(created_at)",
    """CREATE TABLE watermark (
      account_id INTEGER PRIMARY KEY REFERENCES account, low TEXT, digest_at REAL,
      adopt_scan_at REAL) STRICT""",
    """CREATE TABLE feed_digest (
      account_id INTEGER, feed_id INTEGER, vector TEXT NOT NULL, at REAL NOT NULL,
      inflated INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY(account_id, feed_id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE log_chunk (
      job_key TEXT NOT NULL REFERENCES job, epoch INTEGER NOT NULL,
      body BLOB NOT NULL, captured_at REAL NOT NULL,
      PRIMARY KEY(job_key, epoch)) STRICT""",
    """CREATE TABLE artifact (
      job_key TEXT NOT NULL REFERENCES job, remote_path TEXT NOT NULL,
      size INTEGER, etag TEXT, sha256 TEXT, local_path TEXT, remote_id INTEGER,
      stored_path TEXT NOT NULL DEFAULT '', state TEXT NOT NULL,
      reason TEXT NOT NULL DEFAULT '', bytes_done INTEGER NOT NULL DEFAULT 0,
      position INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY(job_key, remote_path)) STRICT""",
    "CREATE INDEX artifact_local ON artifact(local_path) WHERE local_path IS NOT NULL",
    """CREATE TABLE lease (
      id INTEGER PRIMARY KEY CHECK(id=1), holder TEXT NOT NULL, host TEXT NOT NULL,
      boot_id TEXT NOT NULL, beat_at REAL NOT NULL) STRICT""",
    """CREATE TABLE library_item (
      item_id TEXT PRIMARY KEY, source TEXT NOT NULL, title TEXT NOT NULL,
      state TEXT NOT NULL, path TEXT NOT NULL DEFAULT '',
      detail TEXT NOT NULL DEFAULT '', patient_id TEXT NOT NULL DEFAULT '',
      patient_name TEXT NOT NULL DEFAULT '', birth_date TEXT NOT NULL DEFAULT '',
      sex TEXT NOT NULL DEFAULT '', study_uid TEXT NOT NULL DEFAULT '',
      study_date TEXT NOT NULL DEFAULT '', study_description TEXT NOT NULL DEFAULT '',
      accession_number TEXT NOT NULL DEFAULT '', modality TEXT NOT NULL DEFAULT '',
      series_uid TEXT NOT NULL DEFAULT '',
      series_description TEXT NOT NULL DEFAULT '', pacs TEXT NOT NULL DEFAULT '',
      images INTEGER, size INTEGER, received INTEGER NOT NULL DEFAULT 0,
      job_key TEXT NOT NULL DEFAULT '', feed_id INTEGER, instance_id INTEGER,
      added_at REAL NOT NULL DEFAULT 0,
      account_key TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE INDEX item_series ON library_item(series_uid) WHERE series_uid <> ''",
    "CREATE INDEX item_added ON library_item(added_at)",
    """CREATE TABLE history_entry (
      entry_id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL,
      detail TEXT NOT NULL DEFAULT '', at REAL NOT NULL, state TEXT NOT NULL,
      brought TEXT NOT NULL DEFAULT '', done INTEGER NOT NULL DEFAULT 0,
      total INTEGER NOT NULL DEFAULT 0, request TEXT NOT NULL DEFAULT '{}',
      item_ids TEXT NOT NULL DEFAULT '[]',
      account_key TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE INDEX history_at ON history_entry(at)",
    """CREATE TABLE keyvalue (
      key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID""",
)

_VERSION_2 = (
    "ALTER TABLE job ADD COLUMN token TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE job ADD COLUMN batch_key TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE job ADD COLUMN snooze_until REAL",
    "ALTER TABLE job ADD COLUMN cancel_sends INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE inbox ADD COLUMN batch_key TEXT NOT NULL DEFAULT ''",
    """CREATE UNIQUE INDEX job_service_token
      ON job(account_id, backend, server_uuid, token) WHERE token <> ''""",
    "CREATE INDEX job_batch ON job(batch_key, phase) WHERE batch_key <> ''",
    "CREATE INDEX job_ended ON job(terminal_at, job_key) WHERE terminal_at IS NOT NULL",
    """CREATE TABLE batch (
      batch_key TEXT PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account,
      title TEXT NOT NULL, state TEXT NOT NULL, total INTEGER NOT NULL,
      created_at REAL NOT NULL, ended_at REAL, detail TEXT NOT NULL DEFAULT '',
      counts_json TEXT NOT NULL DEFAULT '') STRICT""",
    """CREATE TABLE tombstone (
      account_id INTEGER NOT NULL, server_uuid TEXT NOT NULL, backend TEXT NOT NULL,
      remote_id INTEGER NOT NULL DEFAULT 0, token TEXT NOT NULL DEFAULT '',
      at REAL NOT NULL,
      PRIMARY KEY(account_id, server_uuid, backend, remote_id, token))
      STRICT, WITHOUT ROWID""",
    """CREATE TABLE mute (
      account_id INTEGER NOT NULL, scope TEXT NOT NULL, ref TEXT NOT NULL,
      until REAL, PRIMARY KEY(account_id, scope, ref)) STRICT, WITHOUT ROWID""",
    # one index per state: SQLite takes no "IN" of a partial index for an "="
    """CREATE INDEX inbox_waiting ON inbox(account_id, created_at)
      WHERE toast='PENDING'""",
    "CREATE INDEX inbox_claimed ON inbox(toast_batch) WHERE toast_batch IS NOT NULL",
    "CREATE INDEX inbox_job ON inbox(job_key) WHERE job_key IS NOT NULL",
    """CREATE TABLE duration_sample (
      sample_id INTEGER PRIMARY KEY, plugin TEXT NOT NULL, version TEXT NOT NULL,
      compute TEXT NOT NULL, stage TEXT NOT NULL, seconds REAL NOT NULL,
      at REAL NOT NULL) STRICT""",
    """CREATE INDEX duration_of
      ON duration_sample(plugin, version, compute, stage, at)""",
    """CREATE TABLE standing_policy (
      account_id INTEGER NOT NULL, plugin TEXT NOT NULL,
      action TEXT NOT NULL CHECK(action IN ('ask', 'auto_get', 'later')),
      limit_mb INTEGER NOT NULL DEFAULT 0, at REAL NOT NULL DEFAULT 0,
      PRIMARY KEY(account_id, plugin)) STRICT, WITHOUT ROWID""",
)

_VERSION_3 = (
    "ALTER TABLE job ADD COLUMN paused INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE work_list (
      list_id TEXT PRIMARY KEY, title TEXT NOT NULL,
      columns_json TEXT NOT NULL, pacs TEXT NOT NULL DEFAULT '',
      dates TEXT NOT NULL DEFAULT 'ymd', total INTEGER NOT NULL,
      state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
      made_at REAL NOT NULL, account_key TEXT NOT NULL DEFAULT '') STRICT""",
    """CREATE TABLE work_row (
      list_id TEXT NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL,
      cells TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
      found TEXT NOT NULL DEFAULT '', choice TEXT NOT NULL DEFAULT '',
      PRIMARY KEY(list_id, number)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE saved_search (
      search_id TEXT PRIMARY KEY, title TEXT NOT NULL, request TEXT NOT NULL,
      made_at REAL NOT NULL, used_at REAL NOT NULL DEFAULT 0,
      uses INTEGER NOT NULL DEFAULT 0,
      account_key TEXT NOT NULL DEFAULT '') STRICT""",
    """CREATE TABLE deid_project (
      project_id TEXT PRIMARY KEY, title TEXT NOT NULL, code TEXT NOT NULL,
      secret TEXT NOT NULL, options TEXT NOT NULL, created_at REAL NOT NULL) STRICT""",
    """CREATE TABLE deid_subject (
      project_id TEXT NOT NULL REFERENCES deid_project, pseudonym TEXT NOT NULL,
      patient_id TEXT NOT NULL, patient_name TEXT NOT NULL, birth_date TEXT NOT NULL,
      days INTEGER NOT NULL, first_at REAL NOT NULL,
      PRIMARY KEY(project_id, pseudonym)) STRICT, WITHOUT ROWID""",
    # no reference to the job: a record outlives it
    """CREATE TABLE deid_record (
      job_key TEXT PRIMARY KEY, project_id TEXT NOT NULL, at REAL NOT NULL,
      body TEXT NOT NULL) STRICT""",
    """CREATE TABLE deid_file (
      job_key TEXT NOT NULL, remote_path TEXT NOT NULL, size INTEGER NOT NULL,
      sha256 TEXT NOT NULL, pseudonym TEXT NOT NULL, counts TEXT NOT NULL,
      PRIMARY KEY(job_key, remote_path)) STRICT, WITHOUT ROWID""",
    *INDEX_TABLES,
    *MINE_TABLES,
    *HISTORY_TABLES,
    *README_TABLES,
    *DRAFT_TABLES,
)


def _run(statements: tuple[str, ...]) -> Migration:
    def step(connection: sqlite3.Connection) -> None:
        # One by one: executescript() would commit the migration's transaction.
        for statement in statements:
            connection.execute(statement)

    return step


MIGRATIONS: tuple[Migration, ...] = (
    _run(_VERSION_1),
    _run(_VERSION_2),
    _run(_VERSION_3),
)
"""Step ``n`` takes the catalog from version ``n`` to ``n + 1``."""
