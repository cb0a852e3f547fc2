"""History in the catalog: what was asked here and what the server remembers."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chrislib.catalog import sql
from chrislib.catalog.database import Database
from chrislib.catalog.folding import searchable
from chrislib.catalog.rows import HistoryRow

HISTORY_TABLES = (
    "ALTER TABLE history_entry ADD COLUMN search TEXT NOT NULL DEFAULT ''",
    # "server" for what was only read there, "" for what was asked here
    "ALTER TABLE history_entry ADD COLUMN origin TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE history_entry ADD COLUMN removed_at REAL",
    """CREATE TABLE feed_input (
      account_key TEXT NOT NULL, instance_id INTEGER NOT NULL, path TEXT NOT NULL,
      feed_id INTEGER NOT NULL, title TEXT NOT NULL, at REAL NOT NULL,
      PRIMARY KEY(account_key, instance_id, path)) STRICT, WITHOUT ROWID""",
)
"""Part of version 3 of the schema."""

Asked = tuple[str, str, dict[str, object]]
"""Id, origin and request of an entry."""

_MANY = 500
_SEARCHED = "CASE search WHEN '' THEN lower(title || ' ' || detail) ELSE search END"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedInputRow:
    """Table ``feed_input``: a storage path that a feed was made of.

    An instance without any path has one row with "": it need not be asked again.
    """

    account_key: str
    instance_id: int
    path: str
    feed_id: int
    title: str
    at: float


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which entries are listed; nothing given means all.

    Attributes
    ----------
    account : str
        ``server uuid|user``; "" for every account.
    kinds, states : tuple of str
        Values of the columns.
    text : str
        Every word of it is in the entry, whatever its case and diacritics.
    """

    account: str = ""
    kinds: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    text: str = ""


class HistoryTable:
    """What was asked of the Library, newest first."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # --- what was asked here ---------------------------------------------------

    async def update(self, entry: HistoryRow, *, search: str = "") -> None:
        """Replace an entry, or add it (disk); a removed one stays removed."""
        query = sql.insert("history_entry", HistoryRow, "entry_id")
        words = searchable(search or f"{entry.title} {entry.detail}")

        def work(db: sqlite3.Connection) -> None:
            db.execute(query, sql.values(entry))
            db.execute(
                "UPDATE history_entry SET search=?, origin='' WHERE entry_id=?",
                (words, entry.entry_id),
            )

        await self._db.write(work)

    async def newest(self, limit: int = 500) -> list[HistoryRow]:
        """Return what was asked here, newest first (disk)."""
        query = sql.select("history_entry", HistoryRow)
        tail = (
            "WHERE origin='' AND removed_at IS NULL ORDER BY at DESC, entry_id LIMIT ?"
        )
        return await self._db.read(
            lambda db: sql.rows(HistoryRow, db.execute(f"{query} {tail}", (limit,)))
        )

    async def get(self, entry_id: str) -> HistoryRow | None:
        """Return one entry (disk)."""
        found = await self.rows([entry_id])
        return found[0] if found else None

    async def delete(self, entry_id: str) -> None:
        """Forget an entry for good (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "DELETE FROM history_entry WHERE entry_id=?", (entry_id,)
            )
        )

    # --- lists -----------------------------------------------------------------

    async def listing(self, wanted: HistoryFilter) -> list[tuple[str, float]]:
        """Return ids and times of the entries that fit, newest first (disk)."""
        where, values = _condition(wanted)
        query = (
            f"SELECT entry_id, at FROM history_entry WHERE {where} "
            "ORDER BY at DESC, entry_id"
        )
        return await self._db.read(lambda db: db.execute(query, values).fetchall())

    async def count(self, account: str) -> int:
        """Return how many entries an account has (disk)."""
        where, values = _condition(HistoryFilter(account))
        query = f"SELECT count(*) FROM history_entry WHERE {where}"
        return await self._db.read(
            lambda db: int(db.execute(query, values).fetchone()[0])
        )

    async def rows(self, ids: Sequence[str]) -> list[HistoryRow]:
        """Return entries by their ids, in any order (disk)."""
        query = sql.select("history_entry", HistoryRow)

        def work(db: sqlite3.Connection) -> list[HistoryRow]:
            found: list[HistoryRow] = []
            for part in _parts(ids):
                marks = ",".join("?" * len(part))
                cursor = db.execute(f"{query} WHERE entry_id IN ({marks})", part)
                found += sql.rows(HistoryRow, cursor)
            return found

        return await self._db.read(work)

    async def of_items(self, item_ids: Sequence[str]) -> list[str]:
        """Return the ids of the entries that brought items (disk)."""
        query = (
            "SELECT DISTINCT entry_id FROM history_entry, json_each(item_ids) "
            "WHERE json_each.value IN ({})"
        )

        def work(db: sqlite3.Connection) -> list[str]:
            found: dict[str, None] = {}
            for part in _parts(item_ids):
                marks = ",".join("?" * len(part))
                for (entry_id,) in db.execute(query.format(marks), part):
                    found[entry_id] = None
            return list(found)

        return await self._db.read(work)

    async def remove(self, ids: Iterable[str], *, at: float | None) -> None:
        """Take entries out of the lists; with `at` None bring them back (disk)."""
        values = [(at, entry_id) for entry_id in ids]
        await self._db.write(
            lambda db: db.executemany(
                "UPDATE history_entry SET removed_at=? WHERE entry_id=?", values
            )
        )

    # --- what the server remembers -------------------------------------------------

    async def put_found(
        self, entries: Sequence[tuple[HistoryRow, str]], *, replace: bool
    ) -> int:
        """Keep entries read from a server; return how many are new (disk).

        What was asked here is never replaced, and a removed entry stays removed.

        Parameters
        ----------
        entries : sequence of (row, text to search in)
        replace : bool
            Whether what was read before is replaced.
        """
        insert = sql.insert("history_entry", HistoryRow)
        upsert = sql.insert("history_entry", HistoryRow, "entry_id")
        query = (
            f"{upsert} WHERE origin='server'"
            if replace
            else f"{insert} ON CONFLICT(entry_id) DO NOTHING"
        )

        def work(db: sqlite3.Connection) -> int:
            before = db.execute("SELECT count(*) FROM history_entry").fetchone()[0]
            ids = [row.entry_id for row, _ in entries]
            here = {
                entry_id
                for part in _parts(ids)
                for (entry_id,) in db.execute(
                    "SELECT entry_id FROM history_entry WHERE origin='' AND entry_id "
                    f"IN ({','.join('?' * len(part))})",
                    part,
                )
            }
            for row, words in entries:
                if row.entry_id in here:
                    continue
                db.execute(query, sql.values(row))
                db.execute(
                    "UPDATE history_entry SET search=?, origin='server' "
                    "WHERE entry_id=?",
                    (searchable(words), row.entry_id),
                )
            after = db.execute("SELECT count(*) FROM history_entry").fetchone()[0]
            return int(after - before)

        return await self._db.write(work)

    async def requests(self, account: str, kind: str) -> list[Asked]:
        """Return id, origin and request of all entries of a kind (disk).

        Those that were removed are among them.
        """
        query = (
            "SELECT entry_id, origin, request FROM history_entry "
            "WHERE kind=? AND account_key IN ('', ?)"
        )

        def work(db: sqlite3.Connection) -> list[Asked]:
            found = []
            for entry_id, origin, request in db.execute(query, (kind, account)):
                read = json.loads(request)
                found.append((entry_id, origin, read if isinstance(read, dict) else {}))
            return found

        return await self._db.read(work)

    async def put_inputs(self, rows: Sequence[FeedInputRow]) -> None:
        """Note what feeds were made of (disk)."""
        query = sql.insert("feed_input", FeedInputRow, "account_key, instance_id, path")
        values = [sql.values(row) for row in rows]
        await self._db.write(lambda db: db.executemany(query, values))

    async def inputs(self, account: str) -> list[FeedInputRow]:
        """Return what the feeds of an account were made of, newest first (disk)."""
        query = (
            f"{sql.select('feed_input', FeedInputRow)} WHERE account_key=? "
            "ORDER BY at DESC, instance_id DESC"
        )
        return await self._db.read(
            lambda db: sql.rows(FeedInputRow, db.execute(query, (account,)))
        )


def _condition(wanted: HistoryFilter) -> tuple[str, tuple[object, ...]]:
    parts, values = ["removed_at IS NULL"], list[object]()
    if wanted.account:
        parts.append("account_key IN ('', ?)")
        values.append(wanted.account)
    for column, chosen in (("kind", wanted.kinds), ("state", wanted.states)):
        if chosen:
            parts.append(f"{column} IN ({','.join('?' * len(chosen))})")
            values += chosen
    for word in searchable(wanted.text).split():
        parts.append(f"instr({_SEARCHED}, ?)")
        values.append(word)
    return " AND ".join(parts), tuple(values)


def _parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for at in range(0, len(ids), _MANY):
        yield ids[at : at + _MANY]
