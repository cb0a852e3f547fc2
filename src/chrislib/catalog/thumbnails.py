"""Small pictures: a file of their own for them, and which file shows a series.

The pictures can be made again, so their file is no part of the catalog: it is of
bounded size, and thrown away when it is damaged. It holds pixels of patients and is
private to the user.
"""

import json
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from chrislib.catalog.database import Database
from chrislib.catalog.refusals import CatalogError

_log = logging.getLogger(__name__)

USUAL_LIMIT = 300_000_000
"""Bytes of pictures that are kept."""
_KEPT_SHARE = 0.9
"""Of the limit, after room was made."""
_TOUCHED_AFTER = 3600
"""Seconds after which a use is noted again: looking costs no writing."""
_TOUCHED_AT_ONCE = 500

_TABLES = (
    """CREATE TABLE thumbnail (
      subject TEXT NOT NULL, share INTEGER NOT NULL, side INTEGER NOT NULL,
      version TEXT NOT NULL, reason TEXT NOT NULL, used_at INTEGER NOT NULL,
      bytes INTEGER NOT NULL, jpeg BLOB NOT NULL,
      PRIMARY KEY(subject, share, side)) STRICT""",
    "CREATE INDEX thumbnail_used ON thumbnail(used_at, bytes)",
)


class Spot(NamedTuple):
    """Which picture: of what, how far into it (percent), pixels of the longer side."""

    subject: str
    share: int
    side: int


class Kept(NamedTuple):
    """A picture as it was made, or why there is none.

    Attributes
    ----------
    version : str
        Of what it was made, and by which way of making.
    jpeg : bytes
        Empty when no picture can be made.
    reason : str
        Why not, in words; "" with a picture.
    """

    version: str
    jpeg: bytes
    reason: str = ""


class Chosen(NamedTuple):
    """The file that shows a series.

    `share` is how far into the file the frame is, from 0 to 1; `version` tells it from
    another file, or from itself before it changed.
    """

    path: Path
    share: float
    version: str


class ThumbnailCache:
    """Pictures in a file of their own; those not used for longest go first.

    Parameters
    ----------
    path : Path
        The file; made when it is opened.
    limit : int
        Bytes of pictures that are kept.
    now : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        path: Path,
        *,
        limit: int = USUAL_LIMIT,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._limit = limit
        self._now = now
        self._database = Database(path, (_make_tables,))
        self._total: int | None = None
        self._used: dict[Spot, int] = {}
        self._open = False

    async def open(self) -> None:
        """Open the file or make it (disk); without it nothing is kept."""
        try:
            await self._database.open()
        except (CatalogError, OSError) as error:
            _log.info("thumbnails are not kept: %s", type(error).__name__)
            return
        self._open = True
        if self._database.rebuilt:
            for part in self._path.parent.glob(f"{self._path.stem}.damaged-*"):
                with suppress(OSError):
                    os.unlink(part)

    async def close(self) -> None:
        """Note what was used and close the file (disk)."""
        if self._open:
            await self._note_uses()
        self._open = False
        await self._database.close()

    async def get(self, spots: Iterable[Spot]) -> dict[Spot, Kept]:
        """Return those that are kept (disk)."""
        wanted = list(spots)

        def work(db: sqlite3.Connection) -> dict[Spot, tuple[Kept, int]]:
            cursor = db.cursor()
            cursor.row_factory = None
            found = {}
            for spot in wanted:
                row = cursor.execute(
                    "SELECT version, jpeg, reason, used_at FROM thumbnail "
                    "WHERE subject=? AND share=? AND side=?",
                    spot,
                ).fetchone()
                if row is not None:
                    found[spot] = (Kept(*row[:3]), row[3])
            return found

        if not self._open:
            return {}
        try:
            found = await self._database.read(work)
        except (CatalogError, sqlite3.Error) as error:
            _log.info("thumbnails cannot be read: %s", type(error).__name__)
            return {}
        now = int(self._now())
        for spot, (_, used_at) in found.items():
            if now - used_at > _TOUCHED_AFTER:
                self._used[spot] = now
        if len(self._used) >= _TOUCHED_AT_ONCE:
            await self._note_uses()
        return {spot: kept for spot, (kept, _) in found.items()}

    async def put(self, pictures: Mapping[Spot, Kept]) -> None:
        """Keep pictures; the least recently used give way (disk)."""
        if not pictures or not self._open:
            return
        now = int(self._now())
        rows = [
            (*spot, one.version, one.reason, now, _cost(one), one.jpeg)
            for spot, one in pictures.items()
        ]
        used, self._used = self._used, {}

        def work(db: sqlite3.Connection) -> int:
            _note(db, used)
            total = self._total if self._total is not None else _size(db)
            for row in rows:
                total += row[6] - _take_out(db, row[:3])
            db.executemany("INSERT INTO thumbnail VALUES (?,?,?,?,?,?,?,?)", rows)
            return _make_room(db, total, self._limit)

        await self._write(work)

    async def subjects(self) -> set[str]:
        """Return of what there are pictures (disk)."""

        def work(db: sqlite3.Connection) -> set[str]:
            rows = db.execute("SELECT DISTINCT subject FROM thumbnail")
            return {str(row[0]) for row in rows}

        return await self._database.read(work) if self._open else set()

    async def forget(self, subjects: Iterable[str]) -> None:
        """Remove every picture of some subjects (disk)."""
        await self._remove("DELETE FROM thumbnail WHERE subject=?", subjects)

    async def clear(self) -> None:
        """Remove all pictures (disk)."""
        await self._remove("DELETE FROM thumbnail WHERE subject<>?", [""])

    async def size(self) -> int:
        """Return the bytes of all pictures (disk)."""
        return await self._database.read(_size) if self._open else 0

    async def _remove(self, statement: str, subjects: Iterable[str]) -> None:
        gone = [(one,) for one in subjects]

        def work(db: sqlite3.Connection) -> int:
            db.executemany(statement, gone)
            return _size(db)

        if self._open:
            self._used.clear()
            await self._write(work)

    async def _note_uses(self) -> None:
        used, self._used = self._used, {}

        def work(db: sqlite3.Connection) -> int | None:
            _note(db, used)
            return self._total

        if used:
            await self._write(work)

    async def _write(self, work: Callable[[sqlite3.Connection], int | None]) -> None:
        def counted(db: sqlite3.Connection) -> None:
            self._total = work(db)

        try:
            await self._database.write(counted)
        except (CatalogError, sqlite3.Error) as error:
            # a full disk is the catalog's to tell; a picture can be made again
            self._total = None
            _log.info("thumbnails cannot be kept: %s", type(error).__name__)


class SeriesFiles:
    """Chooses the file that shows a series on this computer, from the index (disk).

    Parameters
    ----------
    database : Database
        The catalog's.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    async def choose(
        self, wanted: Iterable[tuple[int, int]], *, pixels: Sequence[int]
    ) -> dict[tuple[int, int], Chosen]:
        """Return the file for each series key and share in percent (disk).

        Only files are taken whose pixels are in one of the states `pixels`; series
        that have none are left out.
        """
        asked, states = list(wanted), json.dumps(list(pixels))

        def work(db: sqlite3.Connection) -> dict[tuple[int, int], Chosen]:
            cursor = db.cursor()
            cursor.row_factory = None
            found = {}
            ordered: dict[int, list[int]] = {}
            for key, share in asked:
                files = ordered.get(key)
                if files is None:
                    rows = cursor.execute(_IN_ORDER, (key, states))
                    files = ordered[key] = [row[0] for row in rows]
                if files:
                    chosen = files[_at(share, len(files))]
                    within = share / 100 if len(files) == 1 else 0.5
                    found[key, share] = _chosen(cursor, chosen, within)
            return found

        return await self._db.read(work)

    async def known(self) -> tuple[set[int], list[tuple[str, str]]]:
        """Return all series keys, and id and path of all library items (disk)."""

        def work(
            db: sqlite3.Connection,
        ) -> tuple[set[int], list[tuple[str, str]]]:
            keys = db.execute("SELECT series_key FROM local_series")
            items = db.execute("SELECT item_id, path FROM library_item")
            return {row[0] for row in keys}, [(row[0], row[1]) for row in items]

        return await self._db.read(work)


_IN_ORDER = (
    "SELECT file_id FROM local_file WHERE series_key=? "
    "AND pixels IN (SELECT value FROM json_each(?)) "
    "ORDER BY acquisition_number, instance_number, place, name"
)


def _chosen(cursor: sqlite3.Cursor, file_id: int, share: float) -> Chosen:
    path, name, size, changed = cursor.execute(
        "SELECT path, name, size, mtime_ns FROM local_file "
        "JOIN local_folder USING (folder_id) WHERE file_id=?",
        (file_id,),
    ).fetchone()
    version = f"{file_id}:{size}:{changed}"
    return Chosen(Path(os.fsdecode(os.path.join(path, name))), share, version)


def _at(share: int, count: int) -> int:
    return min(max(share * count // 100, 0), count - 1)


def _make_tables(db: sqlite3.Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


def _cost(one: Kept) -> int:
    # a row without a picture takes room too
    return len(one.jpeg) + 200


def _size(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT total(bytes) FROM thumbnail").fetchone()[0])


def _note(db: sqlite3.Connection, used: Mapping[Spot, int]) -> None:
    """Note when pictures were last looked at."""
    db.executemany(
        "UPDATE thumbnail SET used_at=? WHERE subject=? AND share=? AND side=?",
        [(at, *spot) for spot, at in used.items()],
    )


def _take_out(db: sqlite3.Connection, spot: tuple[object, ...]) -> int:
    """Remove what is at a spot; return its bytes."""
    where = "WHERE subject=? AND share=? AND side=?"
    row = db.execute(f"SELECT bytes FROM thumbnail {where}", spot).fetchone()
    if row is None:
        return 0
    db.execute(f"DELETE FROM thumbnail {where}", spot)
    return int(row[0])


def _make_room(db: sqlite3.Connection, total: int, limit: int) -> int:
    """Remove the least recently used if there is too much; return what is left."""
    if total <= limit:
        return total
    going = []
    rows = db.execute("SELECT rowid, bytes FROM thumbnail ORDER BY used_at, rowid")
    for row in rows:
        if total <= limit * _KEPT_SHARE:
            break
        going.append((row[0],))
        total -= int(row[1])
    rows.close()
    db.executemany("DELETE FROM thumbnail WHERE rowid=?", going)
    return total
