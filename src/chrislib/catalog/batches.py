"""Batches of jobs in the catalog: submitted together, counted together."""

from dataclasses import dataclass

from chrislib.catalog import sql
from chrislib.catalog.database import Database

_NEWEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """Table ``batch``; `counts_json` is what it had come to when it ended."""

    batch_key: str
    account_id: int
    title: str
    state: str
    """RUNNING, PAUSED, CANCELLED or DONE."""
    total: int
    created_at: float
    ended_at: float | None = None
    detail: str = ""
    counts_json: str = ""


class BatchTable:
    """Table ``batch``; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, row: BatchRow) -> None:
        """Write a new batch down, before any job of it (disk)."""
        query = sql.insert("batch", BatchRow)
        await self._db.write(lambda db: db.execute(query, sql.values(row)))

    async def save(self, row: BatchRow) -> None:
        """Keep a batch's state (disk)."""
        query = sql.insert("batch", BatchRow, "batch_key")
        await self._db.write(lambda db: db.execute(query, sql.values(row)))

    async def load(self) -> list[BatchRow]:
        """Return every batch that goes on and the newest others (disk)."""
        query = (
            sql.select("batch", BatchRow)
            + " WHERE ended_at IS NULL OR batch_key IN "
            + "(SELECT batch_key FROM batch ORDER BY created_at DESC LIMIT ?)"
            + " ORDER BY created_at, batch_key"
        )
        return await self._db.read(
            lambda db: sql.rows(BatchRow, db.execute(query, (_NEWEST,)))
        )
