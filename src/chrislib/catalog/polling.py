"""What following a server's runs rests on: its abilities, and counts of its feeds."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from chrislib.catalog.database import Database


class PollingTable:
    """Abilities by server, feeds' counts by account."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def abilities(self, server_id: int) -> tuple[dict[str, Any], float]:
        """Return what a server is able to do, and when that was found out (disk)."""

        def work(db: sqlite3.Connection) -> tuple[dict[str, Any], float]:
            row = db.execute(
                "SELECT caps_json, caps_at FROM server WHERE server_id=?", (server_id,)
            ).fetchone()
            try:
                found = json.loads(row[0]) if row else {}
            except ValueError:
                found = {}
            known = found if isinstance(found, dict) else {}
            return known, float(row[1] or 0.0) if row else 0.0

        return await self._db.read(work)

    async def save_abilities(
        self, server_id: int, found: Mapping[str, Any], *, at: float
    ) -> None:
        """Keep what a server is able to do (disk)."""
        text = json.dumps(dict(found), sort_keys=True)
        await self._db.write(
            lambda db: db.execute(
                "UPDATE server SET caps_json=?, caps_at=? WHERE server_id=?",
                (text, at, server_id),
            )
        )

    async def feeds(self, account_id: int) -> dict[int, tuple[dict[str, int], int]]:
        """Return what feeds hold besides the jobs of the catalog (disk).

        By feed: ended runs by status that no job stands for, and how many times over
        the server's lists count the runs of the feed.
        """

        def work(
            db: sqlite3.Connection,
        ) -> dict[int, tuple[dict[str, int], int]]:
            found = {}
            for feed_id, vector, factor in db.execute(
                "SELECT feed_id, vector, inflated FROM feed_digest WHERE account_id=?",
                (account_id,),
            ):
                try:
                    counts = {str(k): int(v) for k, v in json.loads(vector).items()}
                except (ValueError, TypeError, AttributeError):
                    continue
                found[int(feed_id)] = counts, max(1, int(factor))
            return found

        return await self._db.read(work)

    async def save_feeds(
        self,
        account_id: int,
        found: Mapping[int, tuple[Mapping[str, int], int]],
        *,
        at: float,
    ) -> None:
        """Keep what feeds hold besides the jobs of the catalog (disk)."""
        rows = [
            (account_id, feed_id, json.dumps(dict(counts)), at, factor)
            for feed_id, (counts, factor) in found.items()
        ]
        await self._db.write(
            lambda db: db.executemany(
                "INSERT INTO feed_digest (account_id, feed_id, vector, at, inflated) "
                "VALUES (?,?,?,?,?) ON CONFLICT(account_id, feed_id) DO UPDATE SET "
                "vector=excluded.vector, at=excluded.at, inflated=excluded.inflated",
                rows,
            )
        )
