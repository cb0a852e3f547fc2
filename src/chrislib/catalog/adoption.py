"""What the catalog knows about runs that were found and runs that were forgotten."""

import sqlite3

from chrislib.catalog.database import Database


class AdoptionTable:
    """Tombstones and counts that a scan of the server is compared with."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def buried(self, account_id: int, server_uuid: str) -> set[int]:
        """Return the runs of an account that were forgotten here on purpose (disk)."""

        def work(db: sqlite3.Connection) -> set[int]:
            rows = db.execute(
                "SELECT remote_id FROM tombstone WHERE account_id=? AND server_uuid=? "
                "AND backend='cube' AND remote_id<>0",
                (account_id, server_uuid),
            )
            return {int(row[0]) for row in rows}

        return await self._db.read(work)

    async def dig_up(self, account_id: int, server_uuid: str, remote_id: int) -> None:
        """Let a forgotten run be followed again: the user asked for it (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "DELETE FROM tombstone WHERE account_id=? AND server_uuid=? "
                "AND backend='cube' AND remote_id=?",
                (account_id, server_uuid, remote_id),
            )
        )

    async def has_runs(self, account_id: int) -> bool:
        """Whether the catalog ever followed a run of the account (disk)."""

        def work(db: sqlite3.Connection) -> bool:
            found = db.execute(
                "SELECT EXISTS(SELECT 1 FROM job WHERE account_id=? AND kind='run') "
                "OR EXISTS(SELECT 1 FROM tombstone WHERE account_id=?)",
                (account_id, account_id),
            ).fetchone()
            return bool(found[0])

        return await self._db.read(work)

    async def scanned(self, account_id: int, at: float) -> None:
        """Note that everything of an account was listed (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "INSERT INTO watermark (account_id, adopt_scan_at) VALUES (?, ?) "
                "ON CONFLICT(account_id) DO UPDATE SET "
                "adopt_scan_at=excluded.adopt_scan_at",
                (account_id, at),
            )
        )

    async def scanned_at(self, account_id: int) -> float | None:
        """Return when everything of an account was listed last, if ever (disk)."""

        def work(db: sqlite3.Connection) -> float | None:
            row = db.execute(
                "SELECT adopt_scan_at FROM watermark WHERE account_id=?", (account_id,)
            ).fetchone()
            return float(row[0]) if row and row[0] is not None else None

        return await self._db.read(work)
