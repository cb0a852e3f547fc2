"""Which jobs have an outcome that nobody has acted on yet."""

import sqlite3
from collections.abc import Sequence

from chrislib.catalog.database import Database


class ProblemTable:
    """A narrow look at the inbox: keys only, however many outcomes there are."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def open(self, kinds: Sequence[str]) -> frozenset[str]:
        """Return the jobs with an outcome of `kinds` not acted on (disk)."""
        marks = ",".join("?" * len(kinds))

        def work(db: sqlite3.Connection) -> frozenset[str]:
            found = db.execute(
                "SELECT job_key FROM inbox WHERE job_key IS NOT NULL "
                f"AND acted_at IS NULL AND kind IN ({marks})",
                tuple(kinds),
            )
            return frozenset(str(row[0]) for row in found)

        return await self._db.read(work)
