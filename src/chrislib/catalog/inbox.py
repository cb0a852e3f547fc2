"""The inbox page by page, and what was muted in it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.catalog import sql
from chrislib.catalog.database import Database
from chrislib.catalog.outbox import PROBLEMS, group_of
from chrislib.catalog.rows import InboxRowText

_MARKS = ",".join("?" for _ in PROBLEMS)


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """Which outcomes are shown; everything that was not discarded by default.

    Attributes
    ----------
    show : str
        "all", "unread", "ready" or "problems".
    group : str
        One group of outcomes as toasts have them ("feed:12", "pull" …).
    toast : str
        What one toast told of.
    text : str
        Part of a title or text in any case, or a feed's number.
    """

    show: str = "all"
    feed_id: int | None = None
    batch_key: str = ""
    group: str = ""
    toast: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How many outcomes a query has, and of which sort, whatever it shows."""

    total: int = 0
    unread: int = 0
    ready: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class Mute:
    """Toasts that are not wanted; the inbox has their rows all the same.

    `scope` is "feed", "job" or "batch"; `until` None is for good.
    """

    account_id: int
    scope: str
    ref: str
    until: float | None
    title: str = ""
    """Of the thing, as far as the catalog knows it."""


Cursor = tuple[float, str]
"""Time and key of the last row of a page: the next one begins behind it."""


class InboxTable:
    """Outcomes that wait to be seen; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def page(
        self, query: InboxQuery, *, after: Cursor | None = None, limit: int = 100
    ) -> list[InboxRowText]:
        """Return a page, newest first (disk)."""
        where, values = _where(query)
        if after is not None:
            where += " AND (i.created_at, i.dedupe_key) < (?, ?)"
            values += after
        names = ",".join(f"i.{name}" for name in sql.columns(InboxRowText))
        text = (
            f"SELECT {names} FROM inbox i LEFT JOIN job j ON j.job_key=i.job_key "
            f"WHERE {where} ORDER BY i.created_at DESC, i.dedupe_key DESC LIMIT ?"
        )

        def work(db: sqlite3.Connection) -> list[InboxRowText]:
            _add_folding(db)
            return sql.rows(InboxRowText, db.execute(text, (*values, limit)))

        return await self._db.read(work)

    async def counts(self, query: InboxQuery) -> InboxCounts:
        """Count what a query has of every sort (disk)."""
        where, values = _where(InboxQuery(
            feed_id=query.feed_id, batch_key=query.batch_key, group=query.group,
            toast=query.toast, text=query.text,
        ))  # fmt: skip
        text = (
            "SELECT count(*), "
            "count(*) FILTER (WHERE i.seen_at IS NULL AND i.acted_at IS NULL), "
            "count(*) FILTER (WHERE i.kind='READY'), "
            f"count(*) FILTER (WHERE i.kind IN ({_MARKS})) "
            f"FROM inbox i LEFT JOIN job j ON j.job_key=i.job_key WHERE {where}"
        )

        def work(db: sqlite3.Connection) -> InboxCounts:
            _add_folding(db)
            return InboxCounts(*db.execute(text, (*PROBLEMS, *values)).fetchone())

        return await self._db.read(work)

    async def find(self, dedupe_key: str) -> InboxRowText | None:
        """Return one outcome (disk)."""
        query = sql.select("inbox", InboxRowText) + " WHERE dedupe_key=?"
        found = await self._db.read(
            lambda db: sql.rows(InboxRowText, db.execute(query, (dedupe_key,)))
        )
        return found[0] if found else None

    async def mark_seen(self, keys: Sequence[str], at: float | None) -> None:
        """Mark outcomes as read, or with None as unread (disk)."""
        await self._db.write(
            lambda db: db.executemany(
                "UPDATE inbox SET seen_at=?, acted_at=CASE WHEN ? IS NULL "
                "THEN NULL ELSE acted_at END WHERE dedupe_key=?",
                [(at, at, key) for key in keys],
            )
        )

    async def mark_all_seen(self, query: InboxQuery, at: float) -> int:
        """Mark everything a query has as read; returns how many were not (disk)."""
        where, values = _where(query)

        def work(db: sqlite3.Connection) -> int:
            _add_folding(db)
            return db.execute(
                "UPDATE inbox SET seen_at=? WHERE seen_at IS NULL AND dedupe_key IN "
                "(SELECT i.dedupe_key FROM inbox i LEFT JOIN job j "
                f"ON j.job_key=i.job_key WHERE {where})",
                (at, *values),
            ).rowcount

        return await self._db.write(work)

    # Mutes.

    async def mute(self, mute: Mute) -> None:
        """Want no toasts of something (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "INSERT INTO mute (account_id, scope, ref, until) VALUES (?,?,?,?) "
                "ON CONFLICT DO UPDATE SET until=excluded.until",
                (mute.account_id, mute.scope, mute.ref, mute.until),
            )
        )

    async def unmute(self, account_id: int, scope: str, ref: str) -> None:
        """Want its toasts again (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "DELETE FROM mute WHERE account_id=? AND scope=? AND ref=?",
                (account_id, scope, ref),
            )
        )

    async def mutes(self, now: float) -> list[Mute]:
        """Return what is muted, with titles; what has run out is dropped (disk)."""

        def work(db: sqlite3.Connection) -> list[Mute]:
            db.execute("DELETE FROM mute WHERE until<=?", (now,))
            found = db.execute(
                "SELECT m.account_id, m.scope, m.ref, m.until, coalesce("
                "CASE m.scope WHEN 'batch' THEN (SELECT title FROM batch "
                " WHERE batch_key=m.ref) "
                "WHEN 'job' THEN (SELECT title FROM job WHERE job_key=m.ref) END, '') "
                "FROM mute m ORDER BY m.scope, m.ref"
            )
            return [Mute(*row) for row in found]

        return await self._db.write(work)


def _where(query: InboxQuery) -> tuple[str, list[object]]:
    terms, values = ["i.action NOT IN ('discard','off')"], list[object]()
    match query.show:
        case "unread":
            terms.append("i.seen_at IS NULL AND i.acted_at IS NULL")
        case "ready":
            terms.append("i.kind='READY'")
        case "problems":
            terms.append(f"i.kind IN ({_MARKS})")
            values += PROBLEMS
    for name, value in (
        ("i.feed_id", query.feed_id),
        ("i.batch_key", query.batch_key or None),
        ("i.toast_batch", query.toast or None),
        (group_of(), query.group or None),
    ):
        if value is not None:
            terms.append(f"{name}=?")
            values.append(value)
    if query.text:
        wanted = "instr(chrislib_fold(i.title||' '||i.body), ?)>0"
        values.append(query.text.casefold())
        number = query.text.lower().removeprefix("feed").strip()
        if number.isdecimal() and len(number) < 18:
            wanted += " OR i.feed_id=?"
            values.append(int(number))
        terms.append(f"({wanted})")
    return " AND ".join(terms), values


def _add_folding(db: sqlite3.Connection) -> None:
    # SQLite's own LIKE folds ASCII only
    db.create_function("chrislib_fold", 1, _fold, deterministic=True)


def _fold(text: object) -> str:
    return str(text).casefold()
