"""What was decided about outputs, their fingerprints, and the logs that were kept."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chrislib.catalog import sql
from chrislib.catalog.database import Database
from chrislib.catalog.jobs import LOG_LIMIT
from chrislib.catalog.rows import AccountRow, ArtifactRow, EventRow

_Row = TypeVar("_Row")

LOGS_LIMIT = 200 * 1024 * 1024
"""Bytes of all kept logs together; beyond that the oldest go."""
_RESULT_KINDS = "('READY', 'ERRORS')"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """Table ``standing_policy``: what is done with the outputs of a plugin."""

    account_id: int
    plugin: str
    action: str
    limit_mb: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """Table ``log_chunk`` with text in place of bytes."""

    job_key: str
    epoch: int
    text: str
    captured_at: float


class ResultTable:
    """Outputs and logs of jobs; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # Standing policies.

    async def policies(self) -> list[PolicyRow]:
        """Return every standing policy (disk)."""
        query = sql.select("standing_policy", PolicyRow) + " ORDER BY plugin"
        return await self._db.read(lambda db: sql.rows(PolicyRow, db.execute(query)))

    async def set_policy(self, row: PolicyRow) -> None:
        """Keep a policy, in place of an earlier one of the plugin (disk)."""
        query = sql.insert("standing_policy", PolicyRow, "account_id, plugin")
        await self._db.write(lambda db: db.execute(query, sql.values(row)))

    async def drop_policy(self, account_id: int, plugin: str) -> None:
        """Forget a policy (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "DELETE FROM standing_policy WHERE account_id=? AND plugin=?",
                (account_id, plugin),
            )
        )

    # Fingerprints.

    async def save_fingerprints(self, found: Sequence[tuple[str, str]]) -> None:
        """Keep fingerprints as JSON text by job (disk)."""
        await self._db.write(
            lambda db: db.executemany(
                "UPDATE job SET fingerprint_json=? WHERE job_key=?",
                [(text, key) for key, text in found],
            )
        )

    async def fingerprint(self, job_key: str) -> str:
        """Return a job's fingerprint as JSON text, or "" (disk)."""

        def work(db: sqlite3.Connection) -> str:
            row = db.execute(
                "SELECT fingerprint_json FROM job WHERE job_key=?", (job_key,)
            ).fetchone()
            return str(row[0]) if row and row[0] else ""

        return await self._db.read(work)

    async def without_inputs(self) -> list[str]:
        """Return live jobs whose fingerprint has no input files yet (disk)."""

        def work(db: sqlite3.Connection) -> list[str]:
            found = db.execute(
                "SELECT job_key FROM job WHERE terminal_at IS NULL "
                "AND CASE WHEN json_valid(fingerprint_json) "
                "THEN json_type(fingerprint_json, '$.inputs') = 'null' END"
            )
            return [str(row[0]) for row in found]

        return await self._db.read(work)

    # Logs.

    async def save_logs(self, rows: Sequence[LogRow]) -> None:
        """Keep logs, the last `LOG_LIMIT` bytes of each, all or none (disk)."""
        values = [
            (
                row.job_key,
                row.epoch,
                row.text.encode("utf-8", errors="replace")[-LOG_LIMIT:],
                row.captured_at,
            )
            for row in rows
        ]
        await self._db.write(
            lambda db: db.executemany(
                "INSERT INTO log_chunk (job_key, epoch, body, captured_at) "
                "VALUES (?,?,?,?) ON CONFLICT(job_key, epoch) DO UPDATE SET "
                "body=excluded.body, captured_at=excluded.captured_at",
                values,
            )
        )

    async def log_times(self, job_keys: Sequence[str]) -> dict[tuple[str, int], float]:
        """Return when the logs of jobs were taken, by job and epoch (disk)."""

        def work(db: sqlite3.Connection) -> dict[tuple[str, int], float]:
            found = {}
            for some in _slices(job_keys):
                marks = ",".join("?" * len(some))
                rows = db.execute(
                    "SELECT job_key, epoch, captured_at FROM log_chunk "
                    f"WHERE job_key IN ({marks})",
                    some,
                )
                found.update({(key, epoch): at for key, epoch, at in rows})
            return found

        return await self._db.read(work)

    async def touch_logs(self, logs: Sequence[tuple[str, int]], at: float) -> None:
        """Note that logs, by job and epoch, were still the newest at a time (disk)."""
        values = [(at, key, epoch) for key, epoch in logs]
        await self._db.write(
            lambda db: db.executemany(
                "UPDATE log_chunk SET captured_at=? WHERE job_key=? AND epoch=?", values
            )
        )

    async def keep_logs_within(self, limit: int = LOGS_LIMIT) -> int:
        """Forget the oldest logs of ended jobs beyond `limit` bytes (disk).

        Returns
        -------
        int
            How many went.
        """

        def work(db: sqlite3.Connection) -> int:
            (total,) = db.execute(
                "SELECT coalesce(sum(length(body)), 0) FROM log_chunk"
            ).fetchone()
            gone: list[tuple[str, int]] = []
            if total > limit:
                oldest = db.execute(
                    "SELECT l.job_key, l.epoch, length(l.body) FROM log_chunk l "
                    "JOIN job j ON j.job_key = l.job_key "
                    "WHERE j.terminal_at IS NOT NULL ORDER BY l.captured_at"
                )
                for key, epoch, size in oldest:
                    if total <= limit:
                        break
                    gone.append((key, epoch))
                    total -= size
            db.executemany("DELETE FROM log_chunk WHERE job_key=? AND epoch=?", gone)
            return len(gone)

        return await self._db.write(work)

    # Inbox rows of an output.

    async def mark_outcome(
        self, job_key: str, *, epoch: int, action: str, at: float
    ) -> None:
        """Note in the inbox what was done with an output (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "UPDATE inbox SET seen_at=coalesce(seen_at, ?), acted_at=?, action=? "
                f"WHERE job_key=? AND kind IN {_RESULT_KINDS} "
                "AND dedupe_key=job_key || ':' || kind || ':' || ?",
                (at, at, action, job_key, epoch),
            )
        )

    async def resurface(self, job_key: str, *, epoch: int) -> None:
        """Make an outcome unread again: its snooze is over (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "UPDATE inbox SET seen_at=NULL, acted_at=NULL, action='' "
                f"WHERE job_key=? AND kind IN {_RESULT_KINDS} "
                "AND dedupe_key=job_key || ':' || kind || ':' || ? "
                "AND action IN ('', 'later')",
                (job_key, epoch),
            )
        )

    # What provenance is made of.

    async def accounts(self) -> dict[int, AccountRow]:
        """Return every account by its id (disk)."""
        query = (
            "SELECT a.account_id, s.server_id, s.base_url, "
            "coalesce(s.server_uuid, ''), a.username "
            "FROM account a JOIN server s ON s.server_id = a.server_id"
        )

        def work(db: sqlite3.Connection) -> dict[int, AccountRow]:
            return {row[0]: AccountRow(*row) for row in db.execute(query)}

        return await self._db.read(work)

    async def events_of(self, job_keys: Sequence[str]) -> list[EventRow]:
        """Return the histories of several jobs, each oldest first (disk)."""
        return await self._of(EventRow, "job_event", job_keys, order="job_key, seq")

    async def artifacts_of(self, job_keys: Sequence[str]) -> list[ArtifactRow]:
        """Return the files of several jobs in the order they were listed (disk)."""
        order = "job_key, position, remote_path"
        return await self._of(ArtifactRow, "artifact", job_keys, order=order)

    async def _of(
        self, kind: type[_Row], table: str, job_keys: Sequence[str], *, order: str
    ) -> list[_Row]:
        query = sql.select(table, kind)

        def work(db: sqlite3.Connection) -> list[_Row]:
            found: list[_Row] = []
            for some in _slices(job_keys):
                marks = ",".join("?" * len(some))
                found += sql.rows(
                    kind,
                    db.execute(
                        f"{query} WHERE job_key IN ({marks}) ORDER BY {order}", some
                    ),
                )
            return found

        return await self._db.read(work)


def _slices(keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield keys in lots that one statement takes."""
    for start in range(0, len(keys), 500):
        yield tuple(keys[start : start + 500])
