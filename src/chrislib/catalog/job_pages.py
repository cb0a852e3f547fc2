"""A page of changed jobs as SQL: few statements, each for as many rows as it fits."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from chrislib.catalog import sql
from chrislib.catalog.rows import EventRow, InboxRowText, JobRow


@dataclass(frozen=True, slots=True)
class JobChanges:
    """Columns of one row of table ``job``; the others stay as they are."""

    job_key: str
    columns: tuple[str, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class JobWrite:
    """One job's share of a transaction.

    `expected_seq` None inserts the row; otherwise it is changed only if the catalog
    still holds that ``seq`` (compare and set).
    """

    row: JobRow | JobChanges
    expected_seq: int | None
    events: tuple[EventRow, ...] = ()
    inbox: tuple[InboxRowText, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Inbox rows of the job whose toast has become untrue and is not shown."""
    absorbs: str = ""
    """Another row of the same run, deleted before this one takes its token."""


class StaleJob(Exception):
    """Another writer changed these jobs first."""

    def __init__(self, job_keys: Sequence[str]) -> None:
        super().__init__(f"{len(job_keys)} jobs")
        self.job_keys = tuple(job_keys)


class Overtaken(Exception):
    """Not every row was as expected; inside the catalog only."""


def write_page(db: sqlite3.Connection, writes: Sequence[JobWrite]) -> None:
    """Write rows, events and inbox of a page, inside the caller's transaction.

    Raises
    ------
    Overtaken
        A row has moved on since it was read: the transaction must be rolled back.
    """
    for write in writes:
        if write.absorbs:
            for table in ("job_event", "log_chunk", "artifact", "inbox", "job"):
                db.execute(f"DELETE FROM {table} WHERE job_key=?", (write.absorbs,))
    for query, group in groupby(map(_job, writes), key=lambda job: job[0]):
        rows = [values for _, values in group]
        before = db.total_changes
        db.executemany(query, rows)
        if db.total_changes - before != len(rows):
            raise Overtaken
    _insert(db, "job_event", [row for write in writes for row in write.events])
    # One outcome, one row: a second entry into the same epoch changes nothing.
    inbox = [row for write in writes for row in write.inbox]
    _insert(db, "inbox", inbox, " ON CONFLICT DO NOTHING")
    db.executemany(
        "UPDATE inbox SET toast='SUPPRESSED' WHERE dedupe_key=? AND toast='PENDING'",
        [(key,) for write in writes for key in write.withdrawn],
    )


def overtaken(db: sqlite3.Connection, writes: Sequence[JobWrite]) -> list[str]:
    """Return the keys of rows that are not what these writes expect."""
    query = "SELECT 1 FROM job WHERE job_key=? AND seq=?"
    expected = [(w.row.job_key, w.expected_seq) for w in writes]
    return [
        key
        for key, seq in expected
        if seq is not None and db.execute(query, (key, seq)).fetchone() is None
    ]


def _job(write: JobWrite) -> tuple[str, tuple[Any, ...]]:
    """Return the statement for a job's row, and its values."""
    row, seq = write.row, write.expected_seq
    if seq is None:
        return _INSERT, sql.values(row)
    if isinstance(row, JobRow):
        return _update(_COLUMNS), (*sql.values(row), row.job_key, seq)
    return _update(row.columns), (*row.values, row.job_key, seq)


_INSERT = sql.insert("job", JobRow)
_COLUMNS = sql.columns(JobRow)


@lru_cache(256)
def _update(columns: tuple[str, ...]) -> str:
    sets = ",".join(f"{name}=?" for name in columns)
    return f"UPDATE job SET {sets} WHERE job_key=? AND seq=?"


def _insert(
    db: sqlite3.Connection,
    table: str,
    rows: Sequence[EventRow | InboxRowText],
    conflict: str = "",
) -> None:
    if rows:
        query = sql.insert(table, type(rows[0])) + conflict
        db.executemany(query, map(sql.values, rows))
