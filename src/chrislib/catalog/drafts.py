"""Notes and comments that were begun and not sent, in the catalog."""

import sqlite3
from dataclasses import dataclass

from chrislib.catalog import sql
from chrislib.catalog.database import Database

MOST_KEPT = 200

DRAFT_TABLES = (
    """CREATE TABLE written_draft (
      account_id INTEGER NOT NULL, kind TEXT NOT NULL, feed_id INTEGER NOT NULL,
      text TEXT NOT NULL, base TEXT NOT NULL, at REAL NOT NULL,
      PRIMARY KEY(account_id, kind, feed_id)) STRICT, WITHOUT ROWID""",
)
_KEY = "account_id, kind, feed_id"
_TRIM = f"""DELETE FROM written_draft WHERE ({_KEY}) IN (
  SELECT {_KEY} FROM written_draft ORDER BY at DESC LIMIT -1 OFFSET ?)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """Table ``written_draft``.

    Attributes
    ----------
    kind : str
        "note" or "comment".
    base : str
        The note as the server had it when this was begun.
    at : float
        Seconds since the epoch.
    """

    account_id: int
    kind: str
    feed_id: int
    text: str
    base: str
    at: float


class DraftTable:
    """What was typed last; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(self, draft: DraftRow, *, most: int = MOST_KEPT) -> None:
        """Keep a draft; the oldest of all make room for it (disk)."""
        query = sql.insert("written_draft", DraftRow, _KEY)

        def work(db: sqlite3.Connection) -> None:
            db.execute(query, sql.values(draft))
            db.execute(_TRIM, (most,))

        await self._db.write(work)

    async def get(self, account_id: int, kind: str, feed_id: int) -> DraftRow | None:
        """Return a draft (disk)."""
        query = (
            f"{sql.select('written_draft', DraftRow)} "
            "WHERE account_id=? AND kind=? AND feed_id=?"
        )
        found = await self._db.read(
            lambda db: sql.rows(
                DraftRow, db.execute(query, (account_id, kind, feed_id))
            )
        )
        return found[0] if found else None

    async def drop(self, account_id: int, kind: str, feed_id: int) -> None:
        """Forget a draft (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "DELETE FROM written_draft WHERE account_id=? AND kind=? AND feed_id=?",
                (account_id, kind, feed_id),
            )
        )
