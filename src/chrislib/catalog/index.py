"""What local files hold, in the catalog: found, changed, moved and gone."""

import marshal
import os
import sqlite3
import time
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from chrislib.catalog.database import Database
from chrislib.catalog.folding import searchable
from chrislib.catalog.index_rows import UNREADABLE, Batch, Stat
from chrislib.catalog.index_writing import (
    folder_ids,
    forget,
    marks,
    parts,
    store,
)

_MASK = (1 << 62) - 1


class Known(NamedTuple):
    """What the catalog knows of a folder."""

    folder_id: int
    files: list[Stat]


class Root(NamedTuple):
    """A folder or file that was brought in; `state` is RUNNING, DONE, STOPPED, AWAY."""

    path: bytes
    state: str
    reason: str
    ended_at: float | None


class Before(NamedTuple):
    """What is known of a root before it is looked at.

    Attributes
    ----------
    state : str
        Of the root, "" if it is new.
    folders : dict
        Id and digest of the folders at and below it, by path.
    any_files : bool
        Whether any file is known, below it or elsewhere.
    """

    state: str
    folders: dict[bytes, tuple[int, int]]
    any_files: bool


class Moved(NamedTuple):
    """A file that is somewhere else than it was."""

    file_id: int
    folder: bytes
    name: bytes


class IndexTable:
    """Local files and what they hold; each method is one transaction (disk)."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # Reading.

    async def roots(self) -> list[Root]:
        """Return what was brought in (disk)."""

        def work(db: sqlite3.Connection) -> list[Root]:
            found = db.execute(
                "SELECT path, state, reason, ended_at FROM local_root ORDER BY path"
            )
            return [Root(*row) for row in found]

        return await self._db.read(work)

    async def known(self, folders: Sequence[bytes]) -> dict[bytes, Known]:
        """Return what is known of folders and their files (disk)."""

        def work(db: sqlite3.Connection) -> dict[bytes, Known]:
            cursor = db.cursor()
            cursor.row_factory = None
            found: dict[bytes, Known] = {}
            for part in parts(folders):
                ids = cursor.execute(
                    "SELECT path, folder_id FROM local_folder "
                    f"WHERE path IN ({marks(part)})",
                    part,
                ).fetchall()
                for path, folder_id in ids:
                    rows = cursor.execute(
                        "SELECT name, size, mtime_ns, inode FROM local_file "
                        "WHERE folder_id=?",
                        (folder_id,),
                    )
                    found[path] = Known(folder_id, rows.fetchall())
            return found

        return await self._db.read(work)

    async def known_among(self, folder: bytes, names: Sequence[bytes]) -> Known | None:
        """Return what is known of some files of a folder (disk)."""

        def work(db: sqlite3.Connection) -> Known | None:
            cursor = db.cursor()
            cursor.row_factory = None
            row = cursor.execute(
                "SELECT folder_id FROM local_folder WHERE path=?", (folder,)
            ).fetchone()
            if row is None:
                return None
            files: list[Stat] = []
            for part in parts(names):
                files += cursor.execute(
                    "SELECT name, size, mtime_ns, inode FROM local_file "
                    f"WHERE folder_id=? AND name IN ({marks(part)})",
                    (row[0], *part),
                ).fetchall()
            return Known(row[0], files)

        return await self._db.read(work)

    async def elsewhere(
        self, files: Sequence[tuple[bytes, Stat]]
    ) -> list[tuple[int, bytes, tuple[int, int, int]]]:
        """Return files known by inode, size and time of change at other places (disk).

        Returns
        -------
        list of (file_id, path, (inode, size, mtime_ns))
        """
        wanted = {(one[3], one[1], one[2]) for _, one in files}
        inodes = list({inode for inode, _, _ in wanted})

        def work(
            db: sqlite3.Connection,
        ) -> list[tuple[int, bytes, tuple[int, int, int]]]:
            found = []
            for part in parts(inodes):
                rows = db.execute(
                    "SELECT file_id, path, name, inode, size, mtime_ns "
                    "FROM local_file JOIN local_folder USING (folder_id) "
                    f"WHERE inode IN ({marks(part)})",
                    part,
                )
                for file_id, path, name, *identity in rows:
                    key = (identity[0], identity[1], identity[2])
                    if key in wanted:
                        found.append((file_id, os.path.join(path, name), key))
            return found

        return await self._db.read(work)

    async def root_below(self, root: bytes) -> Before:
        """Return what is known of a root and the folders below it (disk)."""

        def work(db: sqlite3.Connection) -> Before:
            cursor = db.cursor()
            cursor.row_factory = None
            rows = cursor.execute(
                f"SELECT path, folder_id, digest FROM local_folder WHERE {_BELOW}",
                _edges(root),
            )
            folders = {path: (folder_id, digest) for path, folder_id, digest in rows}
            state = cursor.execute(
                "SELECT state FROM local_root WHERE path=?", (root,)
            ).fetchone()
            (any_files,) = cursor.execute(
                "SELECT EXISTS(SELECT 1 FROM local_file)"
            ).fetchone()
            return Before(state[0] if state else "", folders, bool(any_files))

        return await self._db.read(work)

    async def names_in(self, folder_id: int) -> list[bytes]:
        """Return the names of the known files of a folder (disk)."""

        def work(db: sqlite3.Connection) -> list[bytes]:
            rows = db.execute(
                "SELECT name FROM local_file WHERE folder_id=?", (folder_id,)
            )
            return [row[0] for row in rows]

        return await self._db.read(work)

    async def unreadable(self, limit: int = 1000) -> list[tuple[bytes, str]]:
        """Return files that could not be read, and why (disk)."""

        def work(db: sqlite3.Connection) -> list[tuple[bytes, str]]:
            rows = db.execute(
                "SELECT path, name, reason FROM local_file "
                "JOIN local_folder USING (folder_id) WHERE state=? "
                "ORDER BY path, name LIMIT ?",
                (UNREADABLE, limit),
            )
            return [(os.path.join(row[0], row[1]), row[2]) for row in rows]

        return await self._db.read(work)

    async def search(self, text: str, limit: int = 10_000) -> list[int]:
        """Return the keys of series that have all words of a text (disk).

        A word matches the beginning of a word of names and descriptions, whatever its
        case and diacritics, and any three or more signs of an accession number, a
        patient ID or a study ID.
        """
        query, values = _search(text)
        if not query:
            return []

        def work(db: sqlite3.Connection) -> list[int]:
            rows = db.execute(f"{query} LIMIT ?", (*values, limit))
            return [row[0] for row in rows]

        return await self._db.read(work)

    # Writing.

    async def mark(self, root: bytes, state: str, reason: str = "") -> None:
        """Note how far the reading of a root is (disk)."""
        now = time.time()
        ended = None if state == "RUNNING" else now
        await self._db.write(
            lambda db: db.execute(
                "INSERT INTO local_root VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT(path) DO UPDATE SET state=excluded.state, "
                "reason=excluded.reason, ended_at=excluded.ended_at",
                (root, now, state, reason, ended),
            )
        )

    async def store(self, batch: Batch) -> None:
        """Write what was read, all or nothing (disk)."""
        await self._db.write(lambda db: store(db, batch))

    async def seal(self, root: bytes, limit: int = 1000) -> int:
        """Compute the digests of folders below a root that have none (disk).

        Returns
        -------
        int
            How many were missing; at most `limit` are done at a time.
        """

        def work(db: sqlite3.Connection) -> int:
            cursor = db.cursor()
            cursor.row_factory = None
            ids = cursor.execute(
                "SELECT folder_id FROM local_folder "
                f"WHERE digest=0 AND ({_BELOW}) LIMIT ?",
                (*_edges(root), limit),
            ).fetchall()
            digests = []
            for (folder_id,) in ids:
                rows = cursor.execute(
                    "SELECT name, size, mtime_ns, inode FROM local_file "
                    "WHERE folder_id=?",
                    (folder_id,),
                )
                digests.append((digest_of(rows.fetchall()), folder_id))
            cursor.executemany(
                "UPDATE local_folder SET digest=? WHERE folder_id=?", digests
            )
            return len(ids)

        return await self._db.write(work)

    async def move(self, files: Sequence[Moved]) -> None:
        """Note that files are somewhere else now (disk)."""

        def work(db: sqlite3.Connection) -> None:
            folders = folder_ids(db, {one.folder for one in files})
            db.executemany(
                "UPDATE local_folder SET digest=0 WHERE folder_id=("
                "SELECT folder_id FROM local_file WHERE file_id=?)",
                [(one.file_id,) for one in files],
            )
            for one in files:
                place = (folders[one.folder], one.name)
                taken = db.execute(
                    "SELECT file_id FROM local_file WHERE folder_id=? AND name=?", place
                ).fetchone()
                if taken is not None:
                    forget(db, [taken[0]])
                db.execute(
                    "UPDATE local_file SET folder_id=?, name=? WHERE file_id=?",
                    (*place, one.file_id),
                )

        await self._db.write(work)

    async def forget_files(self, folder_id: int, names: Sequence[bytes]) -> int:
        """Remove files that are gone; returns how many there were (disk)."""

        def work(db: sqlite3.Connection) -> int:
            ids: list[int] = []
            db.execute(
                "UPDATE local_folder SET digest=0 WHERE folder_id=?", (folder_id,)
            )
            for part in parts(names):
                rows = db.execute(
                    "SELECT file_id FROM local_file "
                    f"WHERE folder_id=? AND name IN ({marks(part)})",
                    (folder_id, *part),
                )
                ids += [row[0] for row in rows]
            return forget(db, ids)

        return await self._db.write(work)

    async def forget_folders(self, gone: Sequence[int]) -> int:
        """Remove folders that are gone; returns how many files they had (disk)."""

        def work(db: sqlite3.Connection) -> int:
            count = 0
            for folder_id in gone:
                rows = db.execute(
                    "SELECT file_id FROM local_file WHERE folder_id=?", (folder_id,)
                )
                count += forget(db, [row[0] for row in rows])
                db.execute("DELETE FROM local_folder WHERE folder_id=?", (folder_id,))
            return count

        return await self._db.write(work)

    async def forget_root(self, root: bytes) -> None:
        """Forget that a root was ever brought in; its files stay on disk (disk)."""
        await self._db.write(
            lambda db: db.execute("DELETE FROM local_root WHERE path=?", (root,))
        )


_BELOW = "path=? OR (path>=? AND path<?)"


def _edges(root: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the values of ``_BELOW``: everything that begins with ``root/``."""
    edge = root.rstrip(os.sep.encode()) + os.sep.encode()
    return root, edge, edge[:-1] + bytes([edge[-1] + 1])


def digest_of(files: list[Stat]) -> int:
    """Return a number that changes when a folder's files do; never 0.

    It only spares work: where it differs, files are compared one by one.
    """
    files.sort()
    # Of version 2: later ones write equal values in more than one way.
    data = marshal.dumps(files, 2)
    return (zlib.crc32(data) | zlib.adler32(data) << 32) & _MASK or 1


def _search(text: str) -> tuple[str, tuple[str, ...]]:
    queries: list[str] = []
    values: list[str] = []
    for word in text.split():
        signs = searchable(word).replace('"', " ").split()
        if not signs:
            continue
        prefix = "SELECT rowid FROM local_search WHERE local_search MATCH ?"
        values.append('"' + " ".join(signs) + '" *')
        whole = "".join(signs)
        if len(whole) >= 3:
            queries.append(
                f"SELECT * FROM ({prefix} UNION SELECT rowid FROM local_parts "
                "WHERE local_parts MATCH ?)"
            )
            values.append(f'"{whole}"')
        else:
            queries.append(prefix)
    return " INTERSECT ".join(queries), tuple(values)
