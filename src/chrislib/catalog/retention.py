"""What the catalog forgets in time, and what it never forgets.

Ended jobs leave after a year, or when newer ones fill the limit; their tokens stay as
tombstones, so that a scan of the server does not bring them back as new. Never
forgotten: a job that has not ended, an outcome nobody has seen, a result nobody has
decided on, a deletion under way. Logs have a budget of their own where they are kept.
"""

import sqlite3
from dataclasses import dataclass

from chrislib.catalog.database import Database

_DAY = 86400.0
_PAGE = 500

_KEPT = """j.terminal_at IS NULL
  OR (j.tracked=1 AND j.kind NOT IN ('pull', 'upload', 'download')
      AND j.result IN ('READY', 'SNOOZED', 'FETCHING', 'FETCH_FAILED'))
  OR j.retention IN ('PURGE_REQUESTED', 'PURGING')
  OR EXISTS (SELECT 1 FROM inbox i WHERE i.job_key=j.job_key AND i.seen_at IS NULL)
  OR EXISTS (SELECT 1 FROM batch b WHERE b.batch_key=j.batch_key
             AND b.state IN ('RUNNING', 'PAUSED'))"""
"""What protects a job from being forgotten."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long ended work is remembered, and how much of it."""

    events: float = 180 * _DAY
    jobs: float = 365 * _DAY
    ended_jobs: int = 20_000


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was forgotten."""

    job_keys: tuple[str, ...] = ()
    events: int = 0
    notices: int = 0


class RetentionTable:
    """Forgets what is old; each page is one transaction.

    Parameters
    ----------
    database : Database
    limits : Limits, optional
    """

    def __init__(self, database: Database, limits: Limits | None = None) -> None:
        self._db = database
        self._limits = limits or Limits()

    async def prune(self, now: float) -> Pruned:
        """Forget what is due at `now`, seconds since the epoch (disk).

        Raises
        ------
        CatalogError
            The catalog cannot be written; what was forgotten so far is.
        """
        keys: list[str] = []
        if await self._db.read(lambda db: bool(_due(db, self._limits, now, 1))):
            while True:
                page = await self._db.write(
                    lambda db: _forget_jobs(db, self._limits, now)
                )
                keys += page
                if len(page) < _PAGE:
                    break
        events = await self._db.write(
            lambda db: _forget_events(db, now - self._limits.events)
        )
        notices = await self._db.write(
            lambda db: _forget_notices(db, self._limits, now)
        )
        return Pruned(tuple(keys), events, notices)

    async def buried(self, account_id: int) -> frozenset[tuple[str, str, int, str]]:
        """Return the tombstones of an account (disk).

        Each is (server uuid, backend, remote id, token); remote id 0 or token "" when
        the job had none.
        """

        def work(db: sqlite3.Connection) -> frozenset[tuple[str, str, int, str]]:
            rows = db.execute(
                "SELECT server_uuid, backend, remote_id, token FROM tombstone "
                "WHERE account_id=?",
                (account_id,),
            )
            return frozenset((r[0], r[1], r[2], r[3]) for r in rows)

        return await self._db.read(work)


def _due(db: sqlite3.Connection, limits: Limits, now: float, count: int) -> list[str]:
    """Return the oldest jobs that may go."""
    last = db.execute(
        "SELECT terminal_at, job_key FROM job WHERE terminal_at IS NOT NULL "
        "ORDER BY terminal_at DESC, job_key DESC LIMIT 1 OFFSET ?",
        (limits.ended_jobs - 1,),
    ).fetchone()
    before, key = (last[0], last[1]) if last is not None else (-1.0, "")
    found = db.execute(
        f"SELECT j.job_key FROM job j WHERE j.terminal_at IS NOT NULL "
        f"AND (j.terminal_at<? OR (j.terminal_at, j.job_key)<(?, ?)) AND NOT ({_KEPT}) "
        "ORDER BY j.terminal_at, j.job_key LIMIT ?",
        (now - limits.jobs, before, key, count),
    )
    return [row[0] for row in found]


def _forget_jobs(db: sqlite3.Connection, limits: Limits, now: float) -> list[str]:
    keys = _due(db, limits, now, _PAGE)
    one = [(key,) for key in keys]
    db.executemany(
        "INSERT INTO tombstone (account_id, server_uuid, backend, remote_id, token, at)"
        " SELECT account_id, coalesce(server_uuid, ''), backend, "
        "coalesce(remote_id, 0), token, ? FROM job "
        "WHERE job_key=? AND (remote_id IS NOT NULL OR token<>'') "
        "ON CONFLICT DO NOTHING",
        [(now, key) for key in keys],
    )
    for table in ("job_event", "log_chunk", "artifact", "inbox", "job"):
        db.executemany(f"DELETE FROM {table} WHERE job_key=?", one)
    return keys


def _forget_events(db: sqlite3.Connection, before: float) -> int:
    """Forget the beginning of old histories; the last event of a job always stays.

    What goes is a beginning without holes, so what stays still counts up to the job.
    """
    return db.execute(
        "DELETE FROM job_event WHERE event_id IN (SELECT e.event_id FROM job_event e "
        "JOIN job j ON j.job_key=e.job_key WHERE j.terminal_at<? AND e.at<? "
        "AND e.seq<j.seq AND NOT EXISTS (SELECT 1 FROM job_event n "
        "WHERE n.job_key=e.job_key AND n.seq<e.seq AND n.at>=?))",
        (before, before, before),
    ).rowcount


def _forget_notices(db: sqlite3.Connection, limits: Limits, now: float) -> int:
    """Forget seen outcomes that belong to no job, and batches that are empty."""
    count = db.execute(
        "DELETE FROM inbox WHERE job_key IS NULL AND seen_at IS NOT NULL "
        "AND created_at<?",
        (now - limits.events,),
    ).rowcount
    db.execute(
        "DELETE FROM batch WHERE state IN ('DONE', 'CANCELLED') AND ended_at<? "
        "AND NOT EXISTS (SELECT 1 FROM job j WHERE j.batch_key=batch.batch_key)",
        (now - limits.jobs,),
    )
    return count
