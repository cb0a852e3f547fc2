"""Marks and collections of My Library, and how each change of them is taken back.

A change is kept as the rows of its tables before and after: put back, they are exactly
what they were.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chrislib.catalog import sql
from chrislib.catalog.folding import fold
from chrislib.catalog.index_writing import marks, parts
from chrislib.catalog.mine_writing import write_words

_KEYS = {
    "mine_mark": "row_key",
    "mine_keyword": "row_key",
    "mine_collection": "collection_id",
    "mine_member": "collection_id",
}
"""The tables that can be taken back, and the column their rows are chosen by."""


@dataclass(frozen=True, slots=True)
class Image:
    """The rows of a table with some keys, before and after a change."""

    table: str
    keys: tuple[Any, ...]
    before: tuple[tuple[Any, ...], ...]
    after: tuple[tuple[Any, ...], ...]


Change = tuple[Image, ...]


class Marking(NamedTuple):
    """What to change of marks; None and () leave things as they are."""

    stars: int | None = None
    flag: int | None = None
    label: int | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRow:
    """Table ``mine_collection``; `kind` is manual, smart, set or quick."""

    collection_id: str
    title: str
    kind: str
    parent: str = ""
    rules: str = ""
    made_at: float = 0.0
    account_key: str = ""


def weight(change: Change) -> int:
    """Return how many rows a change keeps."""
    return sum(len(one.before) + len(one.after) + len(one.keys) for one in change)


def recorded(
    db: sqlite3.Connection,
    work: Callable[[], None],
    **keys: Sequence[Any],
) -> Change:
    """Do `work`; return what it changed of the tables named, for the keys given."""
    before = {table: _rows(db, table, some) for table, some in keys.items()}
    work()
    found = []
    for table, some in keys.items():
        after = _rows(db, table, some)
        if after != before[table]:
            found.append(Image(table, tuple(some), before[table], after))
    change = tuple(found)
    _show(db, change)
    return change


def put(db: sqlite3.Connection, change: Change, *, back: bool) -> None:
    """Put the rows of a change back as they were before it, or after it."""
    for one in change:
        column = _KEYS[one.table]
        for some in parts(one.keys):
            db.execute(
                f"DELETE FROM {one.table} WHERE {column} IN ({marks(some)})", some
            )
        wanted = one.before if back else one.after
        if wanted:
            db.executemany(
                f"INSERT INTO {one.table} VALUES ({marks(wanted[0])})", wanted
            )
    _show(db, change)


def _rows(
    db: sqlite3.Connection, table: str, keys: Sequence[Any]
) -> tuple[tuple[Any, ...], ...]:
    cursor = db.cursor()
    cursor.row_factory = None
    found: list[tuple[Any, ...]] = []
    for some in parts(keys):
        found += cursor.execute(
            f"SELECT * FROM {table} WHERE {_KEYS[table]} IN ({marks(some)}) "
            "ORDER BY 1, 2",
            some,
        )
    return tuple(found)


def rows_of(change: Change) -> set[int]:
    """Return the rows whose marks a change touched."""
    return {key for one in change if _KEYS[one.table] == "row_key" for key in one.keys}


def _show(db: sqlite3.Connection, change: Change) -> None:
    """Let rows say what their marks are, and be found by their words."""
    for one in change:
        if one.table == "mine_mark":
            for some in parts(one.keys):
                db.execute(
                    "UPDATE mine_row SET (stars, flag, label) = (SELECT "
                    "coalesce(max(stars), 0), coalesce(max(flag), 0), "
                    "coalesce(max(label), 0) FROM mine_mark k "
                    "WHERE k.row_key=mine_row.row_key) "
                    f"WHERE row_key IN ({marks(some)})",
                    some,
                )
    worded = {
        row[0]
        for one in change
        if one.table == "mine_keyword"
        for row in {*one.before} ^ {*one.after}
    }
    for one in change:
        if one.table == "mine_mark":
            notes = {row[0]: row[4] for row in one.before}
            others = {row[0]: row[4] for row in one.after}
            worded |= {
                key for key in one.keys if notes.get(key, "") != others.get(key, "")
            }
    if worded:
        write_words(db, list(worded))


def mark(db: sqlite3.Connection, keys: Sequence[int], marking: Marking) -> Change:
    """Mark series and data items."""
    there: list[int] = []
    for some in parts(keys):
        there += (
            row[0]
            for row in db.execute(
                f"SELECT row_key FROM mine_row WHERE row_key IN ({marks(some)})", some
            )
        )
    tables: dict[str, Sequence[Any]] = {}
    if any(one is not None for one in (*marking[:3], marking.note)):
        tables["mine_mark"] = there
    if marking.add or marking.remove:
        tables["mine_keyword"] = there

    def work() -> None:
        if "mine_mark" in tables:
            _set(db, there, marking)
        gone = [fold(word) for word in marking.remove]
        db.executemany(
            "DELETE FROM mine_keyword WHERE row_key=? AND folded=?",
            [(key, word) for key in there for word in gone],
        )
        new = [(fold(word), word) for word in marking.add if fold(word)]
        db.executemany(
            "INSERT OR IGNORE INTO mine_keyword VALUES (?, ?, ?)",
            [(key, *word) for key in there for word in new],
        )

    return recorded(db, work, **tables)


def _set(db: sqlite3.Connection, keys: Sequence[int], marking: Marking) -> None:
    held = {row[0]: row for row in _rows(db, "mine_mark", keys)}
    new: list[tuple[Any, ...]] = []
    for key in keys:
        _, *values, _folded = held.get(key, (key, 0, 0, 0, "", None))
        for at, value in enumerate((*marking[:3], marking.note)):
            if value is not None:
                values[at] = value
        if any(values):
            new.append((key, *values, fold(values[3]) or None))
    for some in parts(keys):
        db.execute(f"DELETE FROM mine_mark WHERE row_key IN ({marks(some)})", some)
    db.executemany("INSERT INTO mine_mark VALUES (?, ?, ?, ?, ?, ?)", new)


# Collections.


def collections(db: sqlite3.Connection, account: str) -> list[CollectionRow]:
    """Return the collections an account sees, by title."""
    query = sql.select("mine_collection", CollectionRow)
    seen = "WHERE ?='' OR account_key IN ('', ?)"
    found = sql.rows(CollectionRow, db.execute(f"{query} {seen}", (account, account)))
    return sorted(found, key=lambda one: (fold(one.title), one.collection_id))


def put_collection(
    db: sqlite3.Connection, collection: CollectionRow, keys: Sequence[int] = ()
) -> Change:
    """Insert or replace a collection; `keys` are added to it."""

    def work() -> None:
        query = sql.insert("mine_collection", CollectionRow, "collection_id")
        db.execute(query, sql.values(collection))
        _append(db, collection.collection_id, keys)

    one = [collection.collection_id]
    if keys:
        return recorded(db, work, mine_collection=one, mine_member=one)
    return recorded(db, work, mine_collection=one)


def delete_collection(db: sqlite3.Connection, collection_id: str) -> Change:
    """Delete a collection, or a set with everything it holds."""
    ids = [collection_id]
    for one in ids:  # grows
        ids += (
            row[0]
            for row in db.execute(
                "SELECT collection_id FROM mine_collection WHERE parent=?", (one,)
            )
            if row[0] not in ids
        )

    def work() -> None:
        for table in ("mine_collection", "mine_member"):
            db.executemany(
                f"DELETE FROM {table} WHERE collection_id=?", [(one,) for one in ids]
            )

    return recorded(db, work, mine_collection=ids, mine_member=ids)


def add_members(
    db: sqlite3.Connection, collection_id: str, keys: Sequence[int]
) -> Change:
    """Add rows at the end of a collection, in their order."""
    return recorded(
        db, lambda: _append(db, collection_id, keys), mine_member=[collection_id]
    )


def remove_members(
    db: sqlite3.Connection, collection_id: str, keys: Sequence[int]
) -> Change:
    """Take rows out of a collection."""

    def work() -> None:
        db.executemany(
            "DELETE FROM mine_member WHERE collection_id=? AND row_key=?",
            [(collection_id, key) for key in keys],
        )

    return recorded(db, work, mine_member=[collection_id])


def arrange(
    db: sqlite3.Connection,
    collection_id: str,
    keys: Sequence[int],
    *,
    before: int | None,
) -> Change:
    """Move rows of a collection before another one, or to the end."""

    def work() -> None:
        moved = set(keys)
        order = members(db, collection_id)
        there = set(order)
        some = [key for key in dict.fromkeys(keys) if key in there]
        rest = [key for key in order if key not in moved]
        at = rest.index(before) if before in rest else len(rest)
        rest[at:at] = some
        db.executemany(
            "UPDATE mine_member SET position=? WHERE collection_id=? AND row_key=?",
            [(number, collection_id, key) for number, key in enumerate(rest)],
        )

    return recorded(db, work, mine_member=[collection_id])


def members(db: sqlite3.Connection, collection_id: str) -> list[int]:
    """Return the rows of a collection in its order, also those not there now."""
    found = db.execute(
        "SELECT row_key FROM mine_member WHERE collection_id=? "
        "ORDER BY position, row_key",
        (collection_id,),
    )
    return [row[0] for row in found]


def _append(db: sqlite3.Connection, collection_id: str, keys: Sequence[int]) -> None:
    (last,) = db.execute(
        "SELECT coalesce(max(position), -1) FROM mine_member WHERE collection_id=?",
        (collection_id,),
    ).fetchone()
    db.executemany(
        "INSERT OR IGNORE INTO mine_member VALUES (?, ?, ?)",
        [
            (collection_id, key, last + number)
            for number, key in enumerate(dict.fromkeys(keys), start=1)
        ],
    )


def now() -> float:
    """Return the time, in seconds since the epoch."""
    return time.time()
