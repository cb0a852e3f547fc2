"""My Library in the catalog: lists, pages, marks and collections."""

import os
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, TypeVar

from chrislib.catalog import mine_marks as marking
from chrislib.catalog.database import Database
from chrislib.catalog.index_writing import marks, parts
from chrislib.catalog.mine_conditions import Asker
from chrislib.catalog.mine_lists import (
    Wish,
    asker_of,
    count_of,
    counts,
    facet,
    head,
    ids,
    narrowed,
    visible,
)
from chrislib.catalog.mine_marks import Change, CollectionRow, Marking
from chrislib.catalog.mine_pages import Page, above, rows
from chrislib.catalog.mine_writing import Caught, catch_up

_T = TypeVar("_T")


class MineTable:
    """Everything the user has; each method is one transaction.

    Questions take the account whose library items count ("" for everybody's).
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    # Reading.

    async def ids(
        self, wish: Wish, *, account: str, near: int = 0, most: int = 0
    ) -> "tuple[array[int], Page]":
        """Return the keys of a list in order, and `most` rows around one (disk).

        Raises
        ------
        BadRule
            A rule has no meaning.
        """

        def work(db: sqlite3.Connection, asker: Asker) -> "tuple[array[int], Page]":
            found = ids(db, wish, asker)
            some = _around(found, near, most)
            if wish.level in ("study", "patient"):
                return found, above(db, wish.level, some, asker=asker)
            return found, rows(db, some, asker)

        return await self._ask(account, work)

    async def narrowed(
        self,
        text: str,
        among: "array[int]",
        *,
        account: str,
        near: int = 0,
        most: int = 0,
    ) -> "tuple[array[int], Page]":
        """Return those of some rows that have all words, and `most` of them (disk).

        Their order is kept, so that a list that was read need not be sorted again.
        """

        def work(db: sqlite3.Connection, asker: Asker) -> "tuple[array[int], Page]":
            found = narrowed(db, text, among)
            return found, rows(db, _around(found, near, most), asker)

        return await self._ask(account, work)

    async def head(
        self, wish: Wish, most: int, *, account: str
    ) -> "tuple[array[int], int]":
        """Return the first keys of a list, and how many it has (disk)."""
        return await self._ask(
            account, lambda db, asker: head(db, wish, most, asker=asker)
        )

    async def rows(self, keys: Sequence[int], *, account: str) -> Page:
        """Return series and data items (disk)."""
        return await self._ask(account, lambda db, asker: rows(db, keys, asker))

    async def above(self, level: str, keys: Sequence[int], *, account: str) -> Page:
        """Return studies or patients (disk)."""
        return await self._ask(
            account, lambda db, asker: above(db, level, keys, asker=asker)
        )

    async def below(
        self, level: str, keys: Iterable[int], *, account: str
    ) -> list[int]:
        """Return the series of studies or patients (disk)."""
        return await self._ask(
            account, lambda db, asker: _below(db, level, keys, asker=asker)
        )

    async def counts(self, *, account: str) -> dict[str, int]:
        """Return how much there is at each level and in what is always there (disk)."""
        return await self._ask(account, counts)

    async def facets(
        self, wishes: dict[str, Wish], *, account: str
    ) -> dict[str, dict[Any, int]]:
        """Return for each facet how often its values occur in its list (disk)."""

        def work(db: sqlite3.Connection, asker: Asker) -> dict[str, dict[Any, int]]:
            return {
                name: facet(db, wish, name, asker=asker)
                for name, wish in wishes.items()
            }

        return await self._ask(account, work)

    async def keywords(self) -> list[tuple[str, int]]:
        """Return keywords of rows that are there, most used first (disk)."""

        def work(db: sqlite3.Connection) -> list[tuple[str, int]]:
            found = db.execute(
                "SELECT min(keyword), count(*) AS n FROM mine_keyword "
                "JOIN mine_row USING (row_key) GROUP BY folded ORDER BY n DESC, folded"
            )
            return [(row[0], row[1]) for row in found]

        return await self._db.read(work)

    async def row_of_item(self, item_id: str) -> int | None:
        """Return the row an item is part of (disk)."""

        def work(db: sqlite3.Connection) -> int | None:
            found = db.execute(
                "SELECT row_key FROM mine_item WHERE item_id=?", (item_id,)
            ).fetchone()
            return found[0] if found else None

        return await self._db.read(work)

    async def feeds(self, row_key: int, *, account: str) -> list[int]:
        """Return the feeds that used a row, newest first (disk)."""

        def work(db: sqlite3.Connection, asker: Asker) -> list[int]:
            seen, values = asker.visible
            found = db.execute(
                "SELECT DISTINCT u.feed_id FROM mine_use u JOIN mine_item m "
                f"ON m.item_id=u.item_id WHERE m.row_key=? AND {seen} "
                "ORDER BY u.feed_id DESC",
                (row_key, *values),
            )
            return [row[0] for row in found]

        return await self._ask(account, work)

    async def files(
        self, row_key: int
    ) -> list[tuple[bytes, int | None, float | None, int | None]]:
        """Return the files of a row on this computer, each image once (disk).

        Returns
        -------
        list of (path, instance number, millimeters along the normal, frames)
            By place where all have one, else by number.
        """

        def work(
            db: sqlite3.Connection,
        ) -> list[tuple[bytes, int | None, float | None, int | None]]:
            found = db.execute(
                "SELECT path, name, instance_number, place, frames, sop_uid "
                "FROM mine_local JOIN local_file USING (series_key) "
                "JOIN local_folder USING (folder_id) WHERE row_key=? "
                "ORDER BY instance_number IS NULL, instance_number, path, name",
                (row_key,),
            )
            once = {row[5] or (row[0], row[1]): row for row in reversed(list(found))}
            return [
                (os.path.join(row[0], row[1]), row[2], row[3], row[4])
                for row in reversed(once.values())
            ]

        return await self._db.read(work)

    async def collections(self, *, account: str) -> list[tuple[CollectionRow, int]]:
        """Return collections and how many rows each has (disk)."""

        def work(
            db: sqlite3.Connection, asker: Asker
        ) -> list[tuple[CollectionRow, int]]:
            return [
                (
                    one,
                    0 if one.kind == "set" else count_of(db, one.collection_id, asker),
                )
                for one in marking.collections(db, account)
            ]

        return await self._ask(account, work)

    # Writing.

    async def catch_up(self, limit: int = 500) -> Caught:
        """Bring over what changed of local series and library items (disk)."""
        behind = await self._db.read(
            lambda db: db.execute(
                "SELECT EXISTS(SELECT 1 FROM mine_stale_series) "
                "OR EXISTS(SELECT 1 FROM mine_stale_item)"
            ).fetchone()[0]
        )
        if not behind:
            return Caught()
        return await self._db.write(lambda db: catch_up(db, limit))

    async def use(self, uses: Iterable[tuple[str, int]]) -> set[int]:
        """Note that items went into feeds; returns the rows concerned (disk)."""
        some = list(uses)

        def work(db: sqlite3.Connection) -> set[int]:
            before = db.total_changes
            db.executemany("INSERT OR IGNORE INTO mine_use VALUES (?, ?)", some)
            if db.total_changes == before:
                return set()
            found: set[int] = set()
            for part in parts([item_id for item_id, _ in some]):
                query = (
                    f"SELECT row_key FROM mine_item WHERE item_id IN ({marks(part)})"
                )
                found.update(row[0] for row in db.execute(query, part))
            return found

        return await self._db.write(work)

    async def mark(
        self, level: str, keys: Iterable[int], wanted: Marking, *, account: str
    ) -> Change:
        """Mark rows, of studies and patients all below them (disk)."""
        return await self._change(
            account,
            lambda db, asker: marking.mark(
                db, _below(db, level, keys, asker=asker), wanted
            ),
        )

    async def put(self, change: Change, *, back: bool) -> None:
        """Take a change back, or do it again (disk)."""
        await self._db.write(lambda db: marking.put(db, change, back=back))

    async def put_collection(
        self, collection: CollectionRow, keys: Sequence[int] = ()
    ) -> Change:
        """Insert or replace a collection, and add rows to it (disk)."""
        return await self._db.write(
            lambda db: marking.put_collection(db, collection, keys)
        )

    async def delete_collection(self, collection_id: str) -> Change:
        """Delete a collection, or a set with everything it holds (disk)."""
        return await self._db.write(
            lambda db: marking.delete_collection(db, collection_id)
        )

    async def add(
        self, collection_id: str, level: str, keys: Iterable[int], *, account: str
    ) -> Change:
        """Add rows, or what is below them, at the end of a collection (disk)."""
        return await self._change(
            account,
            lambda db, asker: marking.add_members(
                db, collection_id, _below(db, level, keys, asker=asker)
            ),
        )

    async def remove(self, collection_id: str, keys: Sequence[int]) -> Change:
        """Take rows out of a collection (disk)."""
        return await self._db.write(
            lambda db: marking.remove_members(db, collection_id, keys)
        )

    async def arrange(
        self, collection_id: str, keys: Sequence[int], *, before: int | None
    ) -> Change:
        """Move rows of a collection before another one, or to the end (disk)."""
        return await self._db.write(
            lambda db: marking.arrange(db, collection_id, keys, before=before)
        )

    async def toggle(
        self, collection_id: str, level: str, keys: Iterable[int], *, account: str
    ) -> tuple[Change, bool]:
        """Add rows to a collection, or take them out if all are in it (disk)."""

        def work(db: sqlite3.Connection, asker: Asker) -> tuple[Change, bool]:
            some = _below(db, level, keys, asker=asker)
            held = set(marking.members(db, collection_id))
            if some and held.issuperset(some):
                return marking.remove_members(db, collection_id, some), False
            return marking.add_members(db, collection_id, some), True

        return await self._change(account, work)

    async def _ask(
        self, account: str, work: Callable[[sqlite3.Connection, Asker], _T]
    ) -> _T:
        def ask(db: sqlite3.Connection) -> _T:
            return work(db, asker_of(db, account, date.today()))

        return await self._db.read(ask)

    async def _change(
        self, account: str, work: Callable[[sqlite3.Connection, Asker], _T]
    ) -> _T:
        def change(db: sqlite3.Connection) -> _T:
            return work(db, asker_of(db, account, date.today()))

        return await self._db.write(change)


def _around(found: "array[int]", near: int, most: int) -> "array[int]":
    start = max(0, min(near, len(found) - 1) - most // 2)
    return found[start : start + most]


def _below(
    db: sqlite3.Connection, level: str, keys: Iterable[int], *, asker: Asker
) -> list[int]:
    """Return the rows below studies or patients; others are rows themselves."""
    some = list(dict.fromkeys(keys))
    if level not in ("study", "patient"):
        return some
    found: list[int] = []
    seen, values = visible(db, asker)
    for part in parts(some):
        below = db.execute(
            f"SELECT r.row_key FROM mine_row r WHERE r.{level}_key IN ({marks(part)}) "
            f"AND ({seen or '1'}) "
            "ORDER BY r.study_date DESC, r.study_key, r.number, r.row_key",
            (*part, *values),
        )
        found += (row[0] for row in below)
    return found
