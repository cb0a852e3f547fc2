"""Work lists and their rows in the catalog."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.catalog import sql
from chrislib.catalog.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkListRow:
    """Table ``work_list``: a list without its rows; `columns_json` is JSON text."""

    list_id: str
    title: str
    columns_json: str
    total: int
    state: str
    made_at: float
    pacs: str = ""
    dates: str = "ymd"
    reason: str = ""
    account_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRow:
    """Table ``work_row``: one row of a list; `cells` is JSON text."""

    list_id: str
    number: int
    line: int
    cells: str
    state: str
    reason: str = ""
    found: str = ""
    choice: str = ""


class WorkListTable:
    """Work lists; each method is one transaction on the catalog's threads."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, head: WorkListRow, rows: Sequence[WorkRow]) -> None:
        """Add a list with its rows, all or none (disk)."""
        lists = sql.insert("work_list", WorkListRow)
        query = sql.insert("work_row", WorkRow)

        def work(db: sqlite3.Connection) -> None:
            db.execute(lists, sql.values(head))
            db.executemany(query, map(sql.values, rows))

        await self._db.write(work)

    async def put(self, head: WorkListRow) -> None:
        """Replace a list's head (disk)."""
        query = sql.insert("work_list", WorkListRow, "list_id")
        await self._db.write(lambda db: db.execute(query, sql.values(head)))

    async def put_rows(self, rows: Sequence[WorkRow]) -> None:
        """Replace rows, all or none (disk)."""
        query = sql.insert("work_row", WorkRow, "list_id,number")
        values = [sql.values(row) for row in rows]
        await self._db.write(lambda db: db.executemany(query, values))

    async def lists(self) -> list[WorkListRow]:
        """Return every list, newest first (disk)."""
        query = sql.select("work_list", WorkListRow)
        return await self._db.read(
            lambda db: sql.rows(
                WorkListRow, db.execute(f"{query} ORDER BY made_at DESC, list_id")
            )
        )

    async def states(self, list_id: str) -> list[tuple[int, str, str, str]]:
        """Return number, state, what was found and the choice of every row (disk)."""
        query = (
            "SELECT number, state, found, choice FROM work_row WHERE list_id=? "
            "ORDER BY number"
        )

        def work(db: sqlite3.Connection) -> list[tuple[int, str, str, str]]:
            return [
                (int(row[0]), str(row[1]), str(row[2]), str(row[3]))
                for row in db.execute(query, (list_id,))
            ]

        return await self._db.read(work)

    async def rows(self, list_id: str, numbers: Sequence[int]) -> list[WorkRow]:
        """Return rows by their numbers (disk)."""
        query = f"{sql.select('work_row', WorkRow)} WHERE list_id=? AND number=?"

        def work(db: sqlite3.Connection) -> list[WorkRow]:
            return [
                row
                for number in numbers
                for row in sql.rows(WorkRow, db.execute(query, (list_id, number)))
            ]

        return await self._db.read(work)

    async def mark(self, list_id: str, numbers: Sequence[int], state: str) -> None:
        """Give rows another state, all or none (disk)."""
        values = [(state, list_id, number) for number in numbers]
        query = "UPDATE work_row SET state=? WHERE list_id=? AND number=?"
        await self._db.write(lambda db: db.executemany(query, values))

    async def in_state(self, state: str) -> list[tuple[str, int]]:
        """Return list and number of every row in a state (disk)."""
        query = (
            "SELECT list_id, number FROM work_row WHERE state=? "
            "ORDER BY list_id, number"
        )

        def work(db: sqlite3.Connection) -> list[tuple[str, int]]:
            return [(str(row[0]), int(row[1])) for row in db.execute(query, (state,))]

        return await self._db.read(work)

    async def delete(self, list_id: str) -> None:
        """Forget a list; what was pulled for it stays (disk)."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM work_row WHERE list_id=?", (list_id,))
            db.execute("DELETE FROM work_list WHERE list_id=?", (list_id,))

        await self._db.write(work)
