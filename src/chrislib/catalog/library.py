"""Library items and small settings in the catalog."""

import sqlite3
from collections.abc import Callable, Sequence

from chrislib.catalog import sql
from chrislib.catalog.database import Database
from chrislib.catalog.rows import ItemRow


class ItemTable:
    """Library items; each method is one transaction on the catalog's threads.

    Attributes
    ----------
    on_written : list of callable
        Called after each write.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self.on_written: list[Callable[[], None]] = []

    async def upsert(self, *items: ItemRow) -> None:
        """Insert or replace items, all or none (disk)."""
        query = sql.insert("library_item", ItemRow, "item_id")
        values = [sql.values(item) for item in items]
        await self._db.write(lambda db: db.executemany(query, values))
        self._written()

    async def all(self) -> list[ItemRow]:
        """Return every item, newest first (disk)."""
        return await self._find("ORDER BY added_at DESC, item_id", ())

    async def get(self, item_id: str) -> ItemRow | None:
        """Return one item (disk)."""
        found = await self._find("WHERE item_id=?", (item_id,))
        return found[0] if found else None

    async def delete(self, item_ids: Sequence[str]) -> None:
        """Forget items; nothing is deleted on the server (disk)."""
        keys = [(item_id,) for item_id in item_ids]
        await self._db.write(
            lambda db: db.executemany("DELETE FROM library_item WHERE item_id=?", keys)
        )
        self._written()

    def _written(self) -> None:
        for listener in tuple(self.on_written):
            listener()

    async def _find(self, tail: str, values: tuple[str, ...]) -> list[ItemRow]:
        query = f"{sql.select('library_item', ItemRow)} {tail}"
        return await self._db.read(
            lambda db: sql.rows(ItemRow, db.execute(query, values))
        )


class KeyValueTable:
    """Small texts by name: layout, tray, recently used, last account."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def get(self, key: str) -> str | None:
        """Return a text, or None (disk)."""

        def work(db: sqlite3.Connection) -> str | None:
            row = db.execute("SELECT value FROM keyvalue WHERE key=?", (key,))
            found = row.fetchone()
            return str(found[0]) if found else None

        return await self._db.read(work)

    async def set(self, key: str, value: str) -> None:
        """Keep a text (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "INSERT INTO keyvalue VALUES (?, ?) "
                "ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                (key, value),
            )
        )

    async def delete(self, key: str) -> None:
        """Forget a text (disk)."""
        await self._db.write(
            lambda db: db.execute("DELETE FROM keyvalue WHERE key=?", (key,))
        )

    async def with_prefix(self, prefix: str) -> dict[str, str]:
        """Return every text whose name starts with `prefix` (disk)."""

        def work(db: sqlite3.Connection) -> dict[str, str]:
            found = db.execute(
                "SELECT key, value FROM keyvalue WHERE substr(key, 1, ?)=?",
                (len(prefix), prefix),
            )
            return {str(row[0]): str(row[1]) for row in found}

        return await self._db.read(work)
