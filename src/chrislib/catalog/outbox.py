"""Toasts that wait to be shown: grouped, claimed and settled in SQL.

Thousands of outcomes may wait together, so nothing here reads them one by one: groups
are counted where the rows are, and one statement claims a group.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.catalog import sql
from chrislib.catalog.database import Database
from chrislib.catalog.rows import InboxRowText

PROBLEMS = ("ERRORS", "FAILED", "CANCELLED_EXTERNALLY", "GONE", "STALLED", "AUTH",
            "SUBMIT_UNCERTAIN", "PURGE_FAILED", "STATE_CHANGED",
            "CANCEL_IGNORED")  # fmt: skip
"""Kinds of outcomes that are not plain success."""

TOAST_AT = "notices.toast_at."
"""Begins the key under which the time of an account's last toast is kept."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The rows of one group and kind that wait for their toast."""

    account_id: int
    group: str
    """"feed:12", "workflow:3", "batch:<key>", "pull" or "job:<key>"."""
    kind: str
    rows: int
    first_at: float
    last_at: float


@dataclass(frozen=True, slots=True)
class Alive:
    """What of a group is still on its way: how many, and since when."""

    jobs: int
    since: float


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits, what is still on its way, and what was told already.

    Attributes
    ----------
    told : mapping
        (account, group) to the time of the newest problem a toast told of.
    held_until : float or None
        When the next row that is held back may be shown.
    """

    waiting: tuple[Waiting, ...]
    alive: dict[tuple[int, str], Alive]
    told: dict[tuple[int, str], float]
    held_until: float | None


@dataclass(frozen=True, slots=True)
class Rules:
    """Whose toasts are not shown, for one account."""

    account_id: int
    inbox_only: tuple[str, ...] = ()
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one toast tells of: counts per kind, and the row a click leads to."""

    counts: dict[str, int]
    groups: int
    row: InboxRowText
    job_kind: str
    server: str
    first_at: float
    keys: tuple[str, ...] = ()


def group_of(job: str = "j", row: str = "i", own: str = "i.dedupe_key") -> str:
    """Return the SQL by which outcomes belong together; aliases of the tables."""
    return f"""CASE
      WHEN {row}.batch_key<>'' THEN 'batch:'||{row}.batch_key
      WHEN {job}.workflow_id IS NOT NULL THEN 'workflow:'||{job}.workflow_id
      WHEN coalesce({job}.kind,'run') IN ('run','workflow')
        AND {row}.feed_id IS NOT NULL THEN 'feed:'||{row}.feed_id
      WHEN {job}.kind='pull' THEN 'pull'
      ELSE 'job:'||coalesce({row}.job_key, {own}) END"""


_ROWS = f"""SELECT i.dedupe_key, i.account_id, i.kind, i.created_at, i.hold_until,
  {group_of()} AS grp
  FROM inbox i LEFT JOIN job j ON j.job_key=i.job_key WHERE i.toast='PENDING'"""

# A draft waits for a person, not for the server; a batch sends its drafts by itself.
_LIVE = f"""SELECT j.account_id, j.created_at, {group_of("j", "j", "''")} AS grp
  FROM job j LEFT JOIN batch b ON b.batch_key=j.batch_key
  WHERE j.terminal_at IS NULL AND j.tracked=1
    AND (j.phase<>'DRAFT' OR (b.state='RUNNING' AND j.fields_json IN ('', '{{}}')))
    AND coalesce(b.state,'RUNNING')='RUNNING'"""

_MARKS = ",".join("?" for _ in PROBLEMS)


class OutboxTable:
    """The outbox; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read(self, now: float, *, skip: Sequence[int] = ()) -> Outbox:
        """Return what waits, by groups (disk).

        Parameters
        ----------
        skip : sequence of int
            Accounts that may not show anything yet: theirs is not read.
        """
        return await self._db.read(lambda db: _read(db, now, skip))

    async def suppress(self, rules: Sequence[Rules], *, now: float) -> int:
        """Take back the toasts nobody wants; the rows stay in the inbox (disk).

        Of a kind that is off not even the inbox tells.
        """
        return await self._db.write(lambda db: _suppress(db, rules, now))

    async def any_waiting(self) -> bool:
        """Whether anything waits at all (disk)."""

        def work(db: sqlite3.Connection) -> bool:
            query = "SELECT 1 FROM inbox WHERE toast='PENDING' LIMIT 1"
            return db.execute(query).fetchone() is not None

        return await self._db.read(work)

    async def claim(
        self,
        account_id: int,
        groups: Sequence[str] | None,
        *,
        batch: str,
        now: float,
        partly: Sequence[str] = (),
        kinds: Sequence[str] = (),
        rules: Rules | None = None,
    ) -> Claimed | None:
        """Claim what waits of some groups before it is shown (disk).

        Parameters
        ----------
        groups : sequence of str or None
            Claimed whole; None takes everything of the account.
        partly, kinds : sequence of str
            Groups of which only these kinds are claimed.
        rules : Rules, optional
            What nobody wants is taken back in the same transaction: it may have come,
            or been muted, since it was read.

        Returns
        -------
        Claimed or None
            None when another was quicker.
        """
        where, values = "", list[object]()
        if groups is not None:
            where = (
                "AND (grp IN (SELECT value FROM json_each(?)) OR "
                "(grp IN (SELECT value FROM json_each(?)) AND "
                "kind IN (SELECT value FROM json_each(?))))"
            )
            values = [json.dumps(list(part)) for part in (groups, partly, kinds)]

        def work(db: sqlite3.Connection) -> Claimed | None:
            if rules is not None:
                _suppress(db, [rules], now)
            taken = db.execute(
                "UPDATE inbox SET toast='CLAIMED', toast_batch=? WHERE dedupe_key IN "
                f"(SELECT dedupe_key FROM ({_ROWS}) "
                f"WHERE account_id=? AND hold_until<=? {where}) "
                "RETURNING dedupe_key",
                (batch, account_id, now, *values),
            ).fetchall()
            if not taken:
                return None
            db.execute(
                "INSERT INTO keyvalue VALUES (?,?) ON CONFLICT(key) "
                "DO UPDATE SET value=excluded.value",
                (f"{TOAST_AT}{account_id}", repr(now)),
            )
            return _claimed(db, batch, tuple(str(row[0]) for row in taken))

        return await self._db.write(work)

    async def settle(self, batch: str, toast: str) -> None:
        """Note what became of a claimed toast: SHOWN, SUPPRESSED or UNKNOWN (disk)."""
        await self._db.write(
            lambda db: db.execute(
                "UPDATE inbox SET toast=? WHERE toast_batch=? AND toast='CLAIMED'",
                (toast, batch),
            )
        )

    async def forget_claims(self) -> int:
        """At start: what a process that died had claimed is never shown (disk)."""
        return await self._db.write(
            lambda db: (
                db.execute(
                    "UPDATE inbox SET toast='UNKNOWN' WHERE toast='CLAIMED'"
                ).rowcount
            )
        )


def _read(db: sqlite3.Connection, now: float, skip: Sequence[int]) -> Outbox:
    left_out = json.dumps(list(skip))
    waiting = tuple(
        Waiting(*row)
        for row in db.execute(
            "SELECT account_id, grp, kind, count(*), min(created_at), max(created_at) "
            f"FROM ({_ROWS} AND i.account_id NOT IN (SELECT value FROM json_each(?))) "
            "WHERE hold_until<=? GROUP BY account_id, grp, kind",
            (left_out, now),
        )
    )
    held = db.execute(
        "SELECT min(hold_until) FROM inbox WHERE toast='PENDING' AND hold_until>?",
        (now,),
    ).fetchone()[0]
    if not waiting:
        return Outbox((), {}, {}, held)
    alive = {
        (int(row[0]), str(row[1])): Alive(int(row[2]), float(row[3]))
        for row in db.execute(
            "SELECT account_id, grp, count(*), min(created_at) FROM "
            # a toast that is held back is as good as on its way
            f"(SELECT account_id, grp, created_at FROM ({_LIVE}) UNION ALL "
            f" SELECT account_id, grp, created_at FROM ({_ROWS}) WHERE hold_until>?) "
            "GROUP BY account_id, grp",
            (now,),
        )
    }
    told: dict[tuple[int, str], float] = {}
    if alive:
        oldest = min(one.since for one in alive.values())
        told = {
            (int(row[0]), str(row[1])): float(row[2])
            for row in db.execute(
                f"SELECT i.account_id, {group_of()} AS grp, max(i.created_at) "
                "FROM inbox i LEFT JOIN job j ON j.job_key=i.job_key "
                "WHERE i.created_at>=? AND i.toast IN ('CLAIMED','SHOWN','UNKNOWN') "
                f"AND i.kind IN ({_MARKS}) GROUP BY i.account_id, grp",
                (oldest, *PROBLEMS),
            )
        }
    return Outbox(waiting, alive, told, held)


def _suppress(db: sqlite3.Connection, rules: Sequence[Rules], now: float) -> int:
    gone = db.execute(
        "UPDATE inbox SET toast='SUPPRESSED' WHERE toast='PENDING' AND EXISTS "
        "(SELECT 1 FROM mute m WHERE m.account_id=inbox.account_id "
        " AND (m.until IS NULL OR m.until>?) AND ("
        " (m.scope='feed' AND m.ref=CAST(inbox.feed_id AS TEXT)) OR "
        " (m.scope='job' AND m.ref=inbox.job_key) OR "
        " (m.scope='batch' AND inbox.batch_key<>'' AND m.ref=inbox.batch_key)))",
        (now,),
    ).rowcount
    for rule in rules:
        gone += _by_rule(db, rule, now)
    return gone


def _by_rule(db: sqlite3.Connection, rule: Rules, now: float) -> int:
    gone = 0
    where = "WHERE toast='PENDING' AND account_id=?"
    kinds = "AND kind IN (SELECT value FROM json_each(?))"
    if rule.inbox_only:
        gone += db.execute(
            f"UPDATE inbox SET toast='SUPPRESSED' {where} {kinds}",
            (rule.account_id, json.dumps(rule.inbox_only)),
        ).rowcount
    if rule.off:
        gone += db.execute(
            "UPDATE inbox SET toast='SUPPRESSED', action='off', "
            f"seen_at=coalesce(seen_at, ?) {where} {kinds}",
            (now, rule.account_id, json.dumps(rule.off)),
        ).rowcount
    # what is only followed for context, or not tracked any more
    gone += db.execute(
        f"UPDATE inbox SET toast='SUPPRESSED' {where} AND job_key IN "
        "(SELECT job_key FROM job WHERE tracked=0)",
        (rule.account_id,),
    ).rowcount
    return gone


def _claimed(db: sqlite3.Connection, batch: str, keys: tuple[str, ...]) -> Claimed:
    counts = {
        str(row[0]): int(row[1])
        for row in db.execute(
            # a batch's own row says the same as those of its members
            "SELECT kind, count(*) FROM inbox WHERE toast_batch=? AND NOT "
            "(dedupe_key LIKE 'batch:%' AND EXISTS (SELECT 1 FROM inbox m WHERE "
            "m.toast_batch=inbox.toast_batch AND m.batch_key=inbox.batch_key "
            "AND m.job_key IS NOT NULL)) GROUP BY kind",
            (batch,),
        )
    }
    groups, first = db.execute(
        f"SELECT count(DISTINCT {group_of()}), min(i.created_at) FROM inbox i "
        "LEFT JOIN job j ON j.job_key=i.job_key WHERE i.toast_batch=?",
        (batch,),
    ).fetchone()
    # A click opens what went wrong, else the farthest node; what one page brings has
    # no order.
    names = ",".join(f"i.{name}" for name in sql.columns(InboxRowText))
    found = db.execute(
        f"SELECT {names}, j.kind, s.base_url FROM inbox i "
        "LEFT JOIN job j ON j.job_key=i.job_key "
        "LEFT JOIN account a ON a.account_id=i.account_id "
        "LEFT JOIN server s ON s.server_id=a.server_id WHERE i.toast_batch=? "
        f"ORDER BY i.dedupe_key LIKE 'batch:%' DESC, i.kind IN ({_MARKS}) DESC, "
        "i.instance_id DESC, i.created_at DESC LIMIT 1",
        (batch, *PROBLEMS),
    ).fetchone()
    row = InboxRowText(
        **dict(zip(sql.columns(InboxRowText), tuple(found)[:-2], strict=True))
    )
    kind, server = found[-2] or "", found[-1] or ""
    return Claimed(counts, int(groups), row, str(kind), str(server), float(first), keys)
