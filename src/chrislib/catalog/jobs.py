"""Jobs, their events, inbox, logs and files in the catalog."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from chrislib.catalog import sql
from chrislib.catalog.database import Database
from chrislib.catalog.job_pages import (
    JobWrite,
    Overtaken,
    StaleJob,
    overtaken,
    write_page,
)
from chrislib.catalog.rows import (
    AccountRow,
    ArtifactRow,
    EventRow,
    InboxRowText,
    JobRow,
)

LOG_LIMIT = 256 * 1024
"""Bytes kept of one run's log: its end, where the reason stands."""
_AT_ONCE = 500
"""Values in one question; SQLite takes at least 999."""


class JobTable:
    """Everything about jobs; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def account(
        self, base_url: str, username: str, *, server_uuid: str
    ) -> AccountRow:
        """Find or make the account (disk).

        A server is known by its uuid: an embedded one comes back on another port. A
        known address that answers with another uuid is another server; the old one
        keeps its jobs under its uuid.
        """
        return await self._db.write(
            lambda db: _account(db, base_url, username, server_uuid=server_uuid)
        )

    async def commit(
        self,
        writes: Sequence[JobWrite] | Callable[[], Sequence[JobWrite]],
        *,
        low: tuple[int, str] | None = None,
    ) -> None:
        """Write rows, events, inbox and watermark together or not at all (disk).

        Parameters
        ----------
        writes : sequence of JobWrite, or callable
            At most a page of changes. A callable makes them on the writer's thread:
            turning hundreds of jobs into rows would hold the caller up.
        low : (account_id, ISO time), optional
            The watermark that this page makes true.

        Raises
        ------
        StaleJob
            A row has moved on since it was read; nothing was written.
        """
        made: list[JobWrite] = []

        def work(db: sqlite3.Connection) -> None:
            made.extend(writes() if callable(writes) else writes)
            write_page(db, made)
            if low is not None:
                db.execute(
                    "INSERT INTO watermark (account_id, low) VALUES (?, ?) "
                    "ON CONFLICT(account_id) DO UPDATE SET low=excluded.low",
                    low,
                )

        try:
            await self._db.write(work)
        except Overtaken:
            raise StaleJob(
                await self._db.read(lambda db: overtaken(db, made))
            ) from None

    async def save_progress(self, job_key: str, progress_json: str) -> None:
        """Keep how far a transfer is; no event, since nothing changed state (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "UPDATE job SET progress_json=? WHERE job_key=?",
                (progress_json, job_key),
            )
        )

    async def load(self, columns: Sequence[str]) -> list[Sequence[Any]]:
        """Return these columns of every job, newest row last (disk).

        Plain tuples: thousands of them are read at each start.
        """

        def work(db: sqlite3.Connection) -> list[Sequence[Any]]:
            cursor = db.cursor()
            cursor.row_factory = None
            return cursor.execute(
                f"SELECT {','.join(columns)} FROM job ORDER BY rowid"
            ).fetchall()

        return await self._db.read(work)

    async def get(self, job_key: str) -> JobRow | None:
        """Return one job (disk)."""
        query = sql.select("job", JobRow) + " WHERE job_key=?"
        found = await self._db.read(
            lambda db: sql.rows(JobRow, db.execute(query, (job_key,)))
        )
        return found[0] if found else None

    async def events(self, job_key: str) -> list[EventRow]:
        """Return what happened to a job, oldest first (disk)."""
        query = sql.select("job_event", EventRow) + " WHERE job_key=? ORDER BY seq"

        def work(db: sqlite3.Connection) -> list[EventRow]:
            return sql.rows(EventRow, db.execute(query, (job_key,)))

        return await self._db.read(work)

    async def low(self, account_id: int) -> str:
        """Return the account's watermark as ISO text, or "" (disk)."""

        def work(db: sqlite3.Connection) -> str:
            row = db.execute(
                "SELECT low FROM watermark WHERE account_id=?", (account_id,)
            ).fetchone()
            return str(row[0]) if row and row[0] else ""

        return await self._db.read(work)

    # Logs.

    async def save_log(self, job_key: str, *, epoch: int, text: str, at: float) -> None:
        """Keep a run's log, the last `LOG_LIMIT` bytes of it (disk)."""
        body = text.encode("utf-8", errors="replace")[-LOG_LIMIT:]
        await self._db.write(
            lambda db: db.execute(
                "INSERT INTO log_chunk (job_key, epoch, body, captured_at) "
                "VALUES (?,?,?,?) ON CONFLICT(job_key, epoch) DO UPDATE SET "
                "body=excluded.body, captured_at=excluded.captured_at",
                (job_key, epoch, body, at),
            )
        )

    async def log(self, job_key: str) -> str:
        """Return the newest captured log of a job, or "" (disk)."""

        def work(db: sqlite3.Connection) -> str:
            row = db.execute(
                "SELECT body FROM log_chunk WHERE job_key=? ORDER BY epoch DESC",
                (job_key,),
            ).fetchone()
            return bytes(row[0]).decode("utf-8", errors="replace") if row else ""

        return await self._db.read(work)

    # Files of uploads and downloads.

    async def save_artifacts(self, artifacts: Sequence[ArtifactRow]) -> None:
        """Insert or replace files of a transfer (disk)."""
        query = sql.insert("artifact", ArtifactRow, "job_key, remote_path")
        rows = [sql.values(row) for row in artifacts]
        await self._db.write(lambda db: db.executemany(query, rows))

    async def artifacts(self, job_key: str) -> list[ArtifactRow]:
        """Return the files of a transfer in the order they were listed (disk)."""
        query = (
            sql.select("artifact", ArtifactRow)
            + " WHERE job_key=? ORDER BY position, remote_path"
        )
        return await self._db.read(
            lambda db: sql.rows(ArtifactRow, db.execute(query, (job_key,)))
        )

    async def artifact_at(self, local_path: str) -> ArtifactRow | None:
        """Return the newest finished file saved at a local path (disk)."""
        return (await self.artifacts_at([local_path])).get(local_path)

    async def artifacts_at(self, local_paths: Sequence[str]) -> dict[str, ArtifactRow]:
        """Return the newest finished file saved at each of some paths (disk)."""

        def read(db: sqlite3.Connection) -> dict[str, ArtifactRow]:
            found: dict[str, ArtifactRow] = {}
            for at in range(0, len(local_paths), _AT_ONCE):
                some = local_paths[at : at + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = (
                    sql.select("artifact", ArtifactRow)
                    + f" WHERE local_path IN ({marks}) AND state='DONE' ORDER BY rowid"
                )
                for row in sql.rows(ArtifactRow, db.execute(query, some)):
                    found[row.local_path or ""] = row
            return found

        return await self._db.read(read)

    # Inbox and outbox.

    async def inbox(self, *, limit: int = 500) -> list[InboxRowText]:
        """Return outcomes that were not discarded, newest first (disk)."""
        query = (
            sql.select("inbox", InboxRowText)
            + " WHERE action <> 'discard' ORDER BY created_at DESC LIMIT ?"
        )
        return await self._db.read(
            lambda db: sql.rows(InboxRowText, db.execute(query, (limit,)))
        )

    async def add_inbox(self, row: InboxRowText) -> bool:
        """Add an outcome that belongs to no job; False when it is there (disk)."""
        query = sql.insert("inbox", InboxRowText) + " ON CONFLICT DO NOTHING"
        return await self._db.write(
            lambda db: db.execute(query, sql.values(row)).rowcount > 0
        )

    async def mark_inbox(
        self,
        dedupe_key: str,
        *,
        seen_at: float | None = None,
        acted_at: float | None = None,
        action: str = "",
    ) -> None:
        """Note that an outcome was seen or acted on (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "UPDATE inbox SET seen_at=coalesce(seen_at, ?), "
                "acted_at=coalesce(?, acted_at), "
                "action=CASE WHEN ?='' THEN action ELSE ? END WHERE dedupe_key=?",
                (seen_at, acted_at, action, action, dedupe_key),
            )
        )


def _account(
    db: sqlite3.Connection, base_url: str, username: str, *, server_uuid: str
) -> AccountRow:
    found = db.execute(
        "SELECT server_id FROM server WHERE server_uuid=?", (server_uuid,)
    ).fetchone()
    db.execute(
        "UPDATE server SET base_url='former:' || server_uuid || ':' || server_id "
        "WHERE base_url=? AND server_uuid<>?",
        (base_url, server_uuid),
    )
    if found is None:
        server_id = db.execute(
            "INSERT INTO server (base_url, server_uuid) VALUES (?, ?)",
            (base_url, server_uuid),
        ).lastrowid
    else:
        server_id = int(found[0])
        db.execute(
            "UPDATE server SET base_url=? WHERE server_id=?", (base_url, server_id)
        )
    db.execute(
        "INSERT INTO account (server_id, username) VALUES (?, ?) "
        "ON CONFLICT DO NOTHING",
        (server_id, username),
    )
    account_id = db.execute(
        "SELECT account_id FROM account WHERE server_id=? AND username=?",
        (server_id, username),
    ).fetchone()[0]
    assert server_id is not None
    return AccountRow(int(account_id), server_id, base_url, server_uuid, username)
