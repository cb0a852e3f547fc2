"""Saved PACS searches in the catalog."""

from dataclasses import dataclass

from chrislib.catalog import sql
from chrislib.catalog.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRow:
    """Table ``saved_search``; `request` is JSON text."""

    search_id: str
    title: str
    request: str
    made_at: float
    used_at: float = 0.0
    uses: int = 0
    account_key: str = ""


class SearchTable:
    """Searches kept under a name; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def upsert(self, search: SearchRow) -> None:
        """Insert or replace a search (disk)."""
        query = sql.insert("saved_search", SearchRow, "search_id")
        await self._db.write(lambda db: db.execute(query, sql.values(search)))

    async def all(self) -> list[SearchRow]:
        """Return every search, the one used last first (disk)."""
        query = sql.select("saved_search", SearchRow)
        order = "ORDER BY max(used_at, made_at) DESC, search_id"
        return await self._db.read(
            lambda db: sql.rows(SearchRow, db.execute(f"{query} {order}"))
        )

    async def delete(self, search_id: str) -> None:
        """Forget a search (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "DELETE FROM saved_search WHERE search_id=?", (search_id,)
            )
        )
