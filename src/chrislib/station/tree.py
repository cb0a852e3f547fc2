"""Moves and deletions in the storage tree, and the queue of deletions.

Deletions answer at once and are done by a background loop. What was asked for is in
the database first, so a station that is killed finishes the work at its next start.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool

from chrislib.station.context import StationContext
from chrislib.station.deletion_faults import deletion_faults
from chrislib.station.store import Row, Store

_log = logging.getLogger(__name__)
_PAUSE = 0.1


class Tree:
    """Folders, files and link files of one station."""

    def __init__(self, context: StationContext) -> None:
        self._store = context.store
        self._disk = context.disk
        self._context = context
        # What has to happen before the rows of a table go, e.g. stop the programs.
        self.before: dict[str, Callable[[int], list[str]]] = {}
        self._asked = threading.Event()
        self._asked.set()  # what an earlier station was asked for
        context.background("deletions", self._loop)

    def move_folder(self, folder: Row, path: str) -> None:
        """Give a folder and all below it a new path (writes the database).

        Raises
        ------
        FileNotFoundError
            When nothing at all is below it: a CUBE has no folder on disk then.
        """
        old = folder["path"]
        inside = below(old)
        with self._store.transaction():
            full = any(
                self._store.value(
                    f"SELECT 1 FROM {table} WHERE {_range('fname')}", *inside
                )
                for table in ("files", "linkfiles")
            )
            if not full:
                raise FileNotFoundError(old)
            owner = self._store.value(
                "SELECT username FROM users WHERE id = ?", folder["owner_id"]
            )
            parent = self._store.ensure_folder(path.rpartition("/")[0], owner)
            self._store.update("folders", folder["id"], path=path, parent_id=parent)
            for table, column in (
                ("folders", "path"),
                ("files", "fname"),
                ("linkfiles", "fname"),
            ):
                self._store.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                    f"WHERE {_range(column)}",
                    path,
                    len(old) + 1,
                    *inside,
                )

    def publish(self, folder: int, *, public: bool) -> None:
        """Make a folder and all below it public, or private again."""
        publish(self._store, folder, public=public)

    def request_deletion(self, table: str, ident: int) -> bool:
        """Put a folder, instance or feed into the queue (writes the database).

        Returns
        -------
        bool
            Whether it is gone already, as it is on servers before 6.10.
        """
        status = self._store.value(
            f"SELECT deletion_status FROM {table} WHERE id = ?", ident
        )
        if status == "pending":
            return False
        self._store.update(
            table,
            ident,
            deletion_status="pending",
            deletion_requested_at=self._store.now(),
            deletion_error="",
        )
        if deletion_faults(self._context.paths.station).at_once:
            self.sweep()
            gone = f"SELECT 1 FROM {table} WHERE id = ?"
            return self._store.value(gone, ident) is None
        self._asked.set()
        return False

    def delete_files(self, idents: list[int]) -> None:
        """Delete files: rows first, then contents on disk."""
        marks = ",".join("?" * len(idents))
        with self._store.transaction():
            gone = self._store.rows(
                f"SELECT disk, fsize FROM files WHERE id IN ({marks})", *idents
            )
            self._store.execute(f"DELETE FROM files WHERE id IN ({marks})", *idents)
        self._disk.remove((row["disk"], row["fsize"]) for row in gone)

    def delete_folder(self, path: str) -> None:
        """Delete a folder and all below it, from the database and from disk."""
        inside = below(path)
        with self._store.transaction():
            gone = self._store.rows(
                f"SELECT disk, fsize FROM files WHERE {_range('fname')}", *inside
            )
            for table in ("files", "linkfiles"):
                self._store.execute(
                    f"DELETE FROM {table} WHERE {_range('fname')}", *inside
                )
            self._store.execute(
                f"DELETE FROM folders WHERE ({_range('path')}) OR path = ?",
                *inside,
                path,
            )
        self._disk.remove((row["disk"], row["fsize"]) for row in gone)

    async def _loop(self) -> None:
        while True:
            if self._asked.is_set():
                self._asked.clear()
                await run_in_threadpool(self.sweep)
            await asyncio.sleep(_PAUSE)

    def sweep(self) -> None:
        """Do all deletions that were asked for (database, disk, processes)."""
        faults = deletion_faults(self._context.paths.station)
        if faults.hold:
            self._asked.set()
            return
        for table in ("feeds", "instances", "folders"):
            pending = self._store.rows(
                f"SELECT * FROM {table} WHERE deletion_status = 'pending' ORDER BY id"
            )
            for row in pending:
                if faults.error:
                    self._fail(table, row, faults.error)
                else:
                    self._delete_one(table, row)

    def _delete_one(self, table: str, row: Row) -> None:
        try:
            stop = self.before.get(table)
            paths = [row["path"]] if table == "folders" else []
            if stop is not None:
                paths = stop(row["id"])
            for path in paths:
                self.delete_folder(path)
            if table != "folders":
                self._store.execute(f"DELETE FROM {table} WHERE id = ?", row["id"])
        except (OSError, sqlite3.Error) as error:
            _log.exception("a deletion in %s failed", table)
            self._fail(table, row, type(error).__name__)

    def _fail(self, table: str, row: Row, error: str) -> None:
        words: dict[str, Any] = {"deletion_status": "failed", "deletion_error": error}
        self._store.update(table, row["id"], **words)


def below(path: str) -> tuple[str, str]:
    """Return the two ends between which the paths below `path` sort."""
    return path + "/", path + "0"  # "0" is what comes after "/"


def publish(store: Store, folder: int, *, public: bool) -> None:
    """Make a folder and all below it public, or private again (database)."""
    path = store.value("SELECT path FROM folders WHERE id = ?", folder)
    inside = below(path)
    with store.transaction():
        store.update("folders", folder, public=int(public))
        for table, column in (
            ("folders", "path"),
            ("files", "fname"),
            ("linkfiles", "fname"),
        ):
            store.execute(
                f"UPDATE {table} SET public = ? WHERE {_range(column)}",
                int(public),
                *inside,
            )


def _range(column: str) -> str:
    return f"{column} >= ? AND {column} < ?"
