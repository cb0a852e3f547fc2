"""The station's database: one connection, one writer at a time, plain SQL.

WAL with ``synchronous=NORMAL``: a killed process never leaves a torn database, and a
transaction that fails (a full disk, say) leaves nothing behind.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chrislib.errors import ChrislibError
from chrislib.station.schema import TABLES, UPGRADES

Row = sqlite3.Row
_VERSION = 2


class Store:
    """The database of one station.

    Parameters
    ----------
    path : Path
        Database file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "busy_timeout=5000",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.create_function("casefold", 1, _casefold, deterministic=True)
        version = self.value("PRAGMA user_version")
        if version > _VERSION:
            self._db.close()
            raise ChrislibError(
                "The station's data were written by a newer chrislib.",
                "Nothing was changed.",
                hint="Start the newer version, or give another --home.",
            )
        self.add_schema(TABLES)
        # Version 0 is a file that was made just now, with today's tables.
        for older in range(version or _VERSION, _VERSION):
            self._db.execute(UPGRADES[older])
        self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Close the database on disk."""
        with self._lock:
            self._db.close()

    def add_schema(self, sql: str) -> None:
        """Create tables of another module; the statements must bear repetition."""
        with self._lock:
            self._db.executescript(sql)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the database: all that is written inside is kept, or none of it.

        Nested use joins the outer transaction.
        """
        with self._lock:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Return all rows of a query of the database on disk."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> Row | None:
        """Return the first row of a query of the database, or None."""
        with self._lock:
            found: Row | None = self._db.execute(sql, values).fetchone()
            return found

    def value(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row of a query, or None."""
        found = self.row(sql, *values)
        return None if found is None else found[0]

    def execute(self, sql: str, *values: Any) -> int:
        """Write to the database; return the id of the row that was inserted."""
        with self._lock:
            return self._db.execute(sql, values).lastrowid or 0

    def insert(self, table: str, **columns: Any) -> int:
        """Insert one row and return its id."""
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        return self.execute(sql, *columns.values())

    def update(self, table: str, ident: int, **columns: Any) -> None:
        """Change columns of the row with id `ident`."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self.execute(
            f"UPDATE {table} SET {names} WHERE id = ?", *columns.values(), ident
        )

    def now(self) -> str:
        """Return the time as it is kept."""
        return datetime.now(UTC).isoformat(timespec="microseconds")

    def user_id(self, username: str) -> int:
        """Return the id of a user that exists."""
        return int(self.value("SELECT id FROM users WHERE username = ?", username))

    def folder_id(self, path: str) -> int | None:
        """Return the id of the folder at `path`, None when there is none."""
        found: int | None = self.value("SELECT id FROM folders WHERE path = ?", path)
        return found

    def ensure_folder(self, path: str, owner: str) -> int:
        """Return the id of the folder at `path`, made with its parents if need be.

        Parameters
        ----------
        path : str
            Storage path without leading slash; ``""`` is the root.
        owner : str
            User name of the owner of folders that are made.
        """
        path = path.strip("/")
        with self.transaction():
            known = self.folder_id(path)
            if known is not None:
                return known
            parent: int | None = None
            public = 0
            if path:
                parent = self.ensure_folder(path.rpartition("/")[0], owner)
            return self.insert(
                "folders",
                creation_date=self.now(),
                path=path,
                parent_id=parent,
                owner_id=self.user_id(owner),
                public=public,
            )

    def register_file(self, path: str, size: int, disk: str, *, owner: str) -> int:
        """Enter a file whose bytes are on disk and return its id.

        Parameters
        ----------
        path : str
            Storage path, e.g. ``SERVICES/PACS/X/…/0001.dcm``.
        size : int
            Bytes.
        disk : str
            Name from ``Disk.name_of`` or ``Incoming.keep``.
        owner : str
            User name of the owner.
        """
        with self.transaction():
            folder = self.ensure_folder(path.rpartition("/")[0], owner)
            return self.insert(
                "files",
                creation_date=self.now(),
                fname=path,
                fsize=size,
                disk=disk,
                folder_id=folder,
                owner_id=self.user_id(owner),
            )

    def register_link(self, path: str, target: str, *, owner: str) -> int:
        """Enter a link file at `path` that points to `target`; return its id."""
        with self.transaction():
            folder = self.ensure_folder(path.rpartition("/")[0], owner)
            return self.insert(
                "linkfiles",
                creation_date=self.now(),
                path=target,
                fname=path,
                folder_id=folder,
                owner_id=self.user_id(owner),
            )


def _casefold(text: Any) -> Any:
    return text.casefold() if isinstance(text, str) else text
