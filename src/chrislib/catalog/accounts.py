"""The accounts whose jobs the catalog holds; their tokens are in the keyring."""

import sqlite3

from chrislib.catalog.database import Database
from chrislib.catalog.rows import AccountRow

_KNOWN = (
    "SELECT a.account_id, a.server_id, s.base_url, coalesce(s.server_uuid, ''), "
    "a.username FROM account a JOIN server s USING (server_id) "
)


class AccountTable:
    """Accounts of servers that speak CUBE's language."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def known(self) -> list[AccountRow]:
        """Return every account of a CUBE that still has an address (disk).

        Programs, services and servers that were replaced by another one at their
        address have none.
        """

        def work(db: sqlite3.Connection) -> list[AccountRow]:
            rows = db.execute(
                _KNOWN + "WHERE s.base_url LIKE 'http%' ORDER BY a.account_id"
            )
            return [AccountRow(*row) for row in rows]

        return await self._db.read(work)

    async def replaced_at(self, base_url: str, server_uuid: str) -> list[AccountRow]:
        """Return the accounts of another server that was at an address (disk)."""

        def work(db: sqlite3.Connection) -> list[AccountRow]:
            rows = db.execute(
                _KNOWN + "WHERE s.base_url=? AND coalesce(s.server_uuid, '')<>?",
                (base_url, server_uuid),
            )
            return [AccountRow(*row) for row in rows]

        return await self._db.read(work)

    async def pause(self, account_id: int, reason: str) -> None:
        """Keep why an account is not asked any more; "" ends it (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "UPDATE account SET paused_reason=? "
                "WHERE account_id=? AND coalesce(paused_reason, '')<>?",
                (reason or None, account_id, reason),
            )
        )
