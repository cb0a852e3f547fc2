"""One SQLite file behind threads: a single writer, query-only readers.

Nothing here knows a table. Every public method is async, runs its SQL on threads of
its own, and works under any asyncio loop (plain or Qt's).
"""

import asyncio
import logging
import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from chrislib.errors import ChrislibError

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

APPLICATION_ID = 0x43485249
""""CHRI": tells a catalog from any other SQLite file."""

_NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "vfat",
        "exfat", "msdos", "afs", "ceph", "glusterfs", "lustre", "afpfs", "webdav",
    }
)  # fmt: skip

_CHECKED_ALWAYS = 32 * 1024 * 1024
"""Bytes; checking a file of this size takes some 0.1 s. Larger ones are checked only
when the last process did not close them."""

Migration = Callable[[sqlite3.Connection], None]


class CatalogError(ChrislibError):
    """The catalog cannot be opened or written."""


class CatalogReadOnly(CatalogError):
    """The catalog was made by a newer chrislib: it is shown, never changed."""


def journal_mode_for(path: Path, mounts: str | None = None) -> str:
    """Return "WAL" on a local disk and "DELETE" on a network one (reads /proc).

    Write-ahead logging needs memory shared by everyone who opens the file, which a
    network file system cannot give.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8")
        except OSError:
            return "WAL"
    real = str(path.resolve())
    best, kind = "", ""
    for line in mounts.splitlines():
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        point = parts[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, parts[2]
    return "DELETE" if kind in _NETWORK_FILE_SYSTEMS else "WAL"


class Database:
    """A SQLite file with its writer thread and its readers.

    Parameters
    ----------
    path : Path
        The database file; its folder is made with mode 0700.
    migrations : sequence of callable
        Step ``n`` takes a database of version ``n`` to ``n + 1``.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        self.path = path
        self.read_only = False
        self.notice = ""
        """What the user should be told about opening the file, or ""."""
        self._marker = path.with_name(path.name + ".in-use")
        self._migrations = tuple(migrations)
        self._writer: sqlite3.Connection | None = None
        self._write_pool: ThreadPoolExecutor | None = None
        self._read_pool: ThreadPoolExecutor | None = None
        self._readers: list[sqlite3.Connection] = []
        self._local = threading.local()
        self._lock = threading.Lock()

    async def open(self) -> None:
        """Open the file on the writer thread: check it, bring it to this version."""
        if self._write_pool is not None:
            return
        self._write_pool = ThreadPoolExecutor(1, thread_name_prefix="catalog-write")
        self._read_pool = ThreadPoolExecutor(2, thread_name_prefix="catalog-read")
        try:
            await _on(self._write_pool, self._open)
        except BaseException:
            self._stop_threads()
            raise

    async def close(self) -> None:
        """Finish what is queued on the threads and close every connection."""
        if self._write_pool is None:
            return
        await _on(self._write_pool, self._close_writer)
        self._stop_threads()

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` on the writer thread inside ``BEGIN IMMEDIATE … COMMIT``.

        Once begun it is carried through even when the caller is cancelled.

        Raises
        ------
        CatalogReadOnly
            The file belongs to a newer chrislib.
        CatalogError
            The disk refused, or the file is held by another program.
        """
        if self._write_pool is None:
            raise CatalogError("The catalog is closed.")
        return await _on(self._write_pool, lambda: self._write(work))

    async def read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` with a query-only connection on a reader thread."""
        if self._read_pool is None:
            raise CatalogError("The catalog is closed.")
        return await _on(self._read_pool, lambda: self._read(work))

    # On the threads.

    def _open(self) -> None:
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sys.platform != "win32":
            with suppress(OSError):
                folder.chmod(0o700)
        self._set_damaged_aside()
        fresh = not self.path.exists()
        if fresh:
            # Made before SQLite makes it: private from its first byte on.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        elif sys.platform != "win32":
            with suppress(OSError):
                self.path.chmod(0o600)
        connection = self._connect()
        try:
            self._prepare(connection, fresh=fresh)
        except BaseException:
            connection.close()
            raise
        self._writer = connection
        if not self.read_only:
            self._marker.touch(mode=0o600)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        return connection

    def _prepare(self, connection: sqlite3.Connection, *, fresh: bool) -> None:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > len(self._migrations):
            self.read_only = True
            self.notice = (
                "The catalog was last used by a newer chrislib. It is shown as it "
                "is and not changed; update chrislib to go on working with it."
            )
            connection.execute("PRAGMA query_only=ON")
            return
        mode = journal_mode_for(self.path)
        connection.execute(f"PRAGMA journal_mode={mode}")
        # A committed token must survive a power cut; the cost is a few ms.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        if version < len(self._migrations) and not fresh and version > 0:
            self._back_up(connection, version)
        for number in range(version, len(self._migrations)):
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._migrations[number](connection)
                connection.execute(f"PRAGMA user_version={number + 1}")
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def _back_up(self, connection: sqlite3.Connection, version: int) -> None:
        target = self.path.with_name(f"{self.path.stem}.v{version}.backup.db")
        target.unlink(missing_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(target)) as copy:
            connection.backup(copy)
        _log.info("catalog backed up before migrating from version %d", version)

    def _set_damaged_aside(self) -> None:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return
        clean = not self._marker.exists()
        if clean and self.path.stat().st_size > _CHECKED_ALWAYS:
            return
        problem = _damage(self.path)
        if not problem:
            return
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"{self.path.stem}.damaged-{stamp}.db")
        for suffix in ("", "-wal", "-shm", "-journal"):
            part = Path(str(self.path) + suffix)
            if part.exists():
                shutil.move(part, str(aside) + suffix)
        _log.error("catalog damaged (%s), kept as %s", problem, aside.name)
        self.notice = (
            "The catalog file was damaged and a new one was begun. Runs and data on "
            "the server are not touched and are found again; notes, history and "
            f"read marks of this computer are in {aside.name} in the same folder."
        )

    def _close_writer(self) -> None:
        if self._writer is not None:
            if not self.read_only:
                with suppress(sqlite3.Error):
                    self._writer.execute("PRAGMA optimize")
            self._writer.close()
            self._writer = None
            self._marker.unlink(missing_ok=True)

    def _stop_threads(self) -> None:
        for pool in (self._write_pool, self._read_pool):
            if pool is not None:
                pool.shutdown(wait=True)
        self._write_pool = self._read_pool = None
        with self._lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
        self._local = threading.local()

    def _write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        connection = self._writer
        if connection is None:
            raise CatalogError("The catalog is closed.")
        if self.read_only:
            raise CatalogReadOnly(
                "Nothing was saved: this catalog belongs to a newer chrislib.",
                "Your data on the server is not touched.",
                hint="Update chrislib on this computer.",
            )
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                answer = work(connection)
                if isinstance(answer, sqlite3.Cursor):
                    # It shares a cached statement with the connection: freed on the
                    # caller's thread it would reset what this thread runs next.
                    answer.close()
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise CatalogError(
                "The catalog on this computer could not be written.",
                "Nothing half was saved; the server is not touched.",
                hint="Check that the disk is not full and the folder is writable.",
                retryable=True,
                context={"reason": str(error)},
            ) from error
        return answer

    def _read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        connection: sqlite3.Connection | None = getattr(self._local, "db", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
            self._local.db = connection
            with self._lock:
                self._readers.append(connection)
        answer = work(connection)
        if isinstance(answer, sqlite3.Cursor):
            raise TypeError("a reader gives rows back, not its cursor")
        return answer


def _damage(path: Path) -> str:
    """Return what is wrong with the file, or "" when it is sound (reads it)."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found is None or found[0] != "ok":
                return str(found[0] if found else "no answer")
            app = int(connection.execute("PRAGMA application_id").fetchone()[0])
            tables = connection.execute("SELECT count(*) FROM sqlite_schema")
            if app != APPLICATION_ID and int(tables.fetchone()[0]) > 0:
                return "not a chrislib catalog"
    except sqlite3.OperationalError as error:
        # Locked or unreadable is not damaged: opening it will say so properly.
        _log.warning("catalog could not be checked: %s", error)
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return ""


async def _on(pool: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
    future: Future[_T] = pool.submit(work)
    return await asyncio.shield(asyncio.wrap_future(future))
