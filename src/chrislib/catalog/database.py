"""One SQLite file behind threads: a single writer, query-only readers.

Nothing here knows a table. Every public method is async, runs its SQL on threads of
its own, and works under any asyncio loop (plain or Qt's).
"""

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from chrislib.catalog import opening
from chrislib.catalog.condition import DISK, NEWER, Condition, elsewhere
from chrislib.catalog.lease import Lease, LeaseLost
from chrislib.catalog.opening import Migration
from chrislib.catalog.refusals import (
    CatalogError,
    CatalogReadOnly,
    patiently,
    refusal,
    roll_back,
    trouble_of,
)

_T = TypeVar("_T")

_GIVE_WAY_SECONDS = 4.0
"""How long a window waits at start for a command that was asked to give way."""
_READER_CACHE = -16_000
"""Kilobytes (below 0) of pages a reader keeps: lists of 100,000 rows are looked up
row by row, and SQLite's own 2 MB do not hold them. Small catalogs take none of it."""
_ROOM = 4 * 1024 * 1024
"""Bytes that must be free before a full disk counts as having room again."""


class Database:
    """A SQLite file with its writer thread and its readers.

    Parameters
    ----------
    path : Path
        The database file; its folder is made with mode 0700.
    migrations : sequence of callable
        Step ``n`` takes a database of version ``n`` to ``n + 1``.
    lease : Lease, optional
        Checked within every write; without one nobody else may write the file.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Migration],
        *,
        lease: Lease | None = None,
    ) -> None:
        self.path = path
        self.notice = ""
        """What the user should be told about opening the file, or ""."""
        self.rebuilt = False
        """The file was damaged and a new one was begun."""
        self.condition = Condition()
        self._lease = lease
        self._marker = path.with_name(path.name + ".in-use")
        self._migrations = tuple(migrations)
        self._writer: sqlite3.Connection | None = None
        self._write_pool: ThreadPoolExecutor | None = None
        self._read_pool: ThreadPoolExecutor | None = None
        self._readers: list[sqlite3.Connection] = []
        self._local = threading.local()
        self._lock = threading.Lock()
        self._keeper: threading.Thread | None = None
        self._ending = threading.Event()
        self._pause = 0.0
        self._looking = False

    @property
    def read_only(self) -> bool:
        """Whether the file is shown and not changed, now."""
        trouble = self.condition.trouble
        return trouble is not None and trouble.for_reading_only

    async def open(self, *, look: bool = False) -> None:
        """Open the file on the writer thread: check it, bring it to this version.

        Parameters
        ----------
        look : bool
            Only read: nothing is checked, changed or leased. The file must be there
            and of this version.
        """
        if self._write_pool is not None:
            return
        self._write_pool = ThreadPoolExecutor(1, thread_name_prefix="catalog-write")
        self._read_pool = ThreadPoolExecutor(2, thread_name_prefix="catalog-read")
        self._looking = look
        try:
            await _on(self._write_pool, self._look if look else self._open)
        except BaseException as error:
            self._stop_threads()
            if self._lease is not None:
                self._lease.end()
            if isinstance(error, sqlite3.Error):
                raise refusal(error) from error
            raise
        self.condition.attach()
        if self._lease is not None and not look:
            self._ending.clear()
            self._keeper = threading.Thread(
                target=self._keep, name="catalog-lease", daemon=True
            )
            self._keeper.start()

    async def close(self) -> None:
        """Finish what is queued on the threads and close every connection."""
        if self._write_pool is None:
            return
        self._ending.set()
        await _on(self._write_pool, self._close_writer)
        self._stop_threads()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` on the writer thread inside ``BEGIN IMMEDIATE … COMMIT``.

        Once begun it is carried through even when the caller is cancelled.

        Raises
        ------
        CatalogReadOnly
            The file belongs to a newer chrislib, or another process writes to it.
        CatalogError
            The disk refused, or the file is held by another program.
        """
        if self._write_pool is None:
            raise CatalogError("The catalog is closed.")
        return await _on(self._write_pool, lambda: self._write(work))

    async def read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` with a query-only connection on a reader thread.

        Raises
        ------
        CatalogError
            The file is held by another program, damaged or out of reach.
        """
        if self._read_pool is None:
            raise CatalogError("The catalog is closed.")
        return await _on(self._read_pool, lambda: self._read(work))

    # On the threads.

    def _look(self) -> None:
        if not self.path.exists():
            raise CatalogError(
                "There is no catalog on this computer yet.",
                hint="Start chrislib once.",
            )
        connection = self._connect()
        version = opening.version_of(connection)
        if version != len(self._migrations):
            connection.close()
            raise CatalogError("The catalog is of another version than this program.")
        connection.execute("PRAGMA query_only=ON")
        self._writer = connection
        self.condition.report(elsewhere("", here=True))

    def _open(self) -> None:
        if self._lease is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            alone = not self._lease.others_live()
            self._lease.live()
        else:
            alone = True
        if alone:
            known = len(self._migrations)
            restored = opening.restore_interrupted(self.path, known)
            clean = not self._marker.exists()
            aside = opening.set_damaged_aside(self.path, clean=clean)
            self.notice = aside or restored
            self.rebuilt = bool(aside)
        opening.make_private(self.path)
        connection = self._connect()
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._writer = connection
        if not self.read_only:
            self._marker.touch(mode=0o600)

    def _connect(self) -> sqlite3.Connection:
        return opening.connect(self.path)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = opening.version_of(connection)
        known = len(self._migrations)
        if version > known:
            self.condition.report(NEWER)
            self.notice = f"{NEWER.title} {NEWER.detail} {NEWER.hint}"
            connection.execute("PRAGMA query_only=ON")
            return
        if version > 0 and not self._leased_at_start(connection):
            if version < known:
                raise CatalogError(
                    "An older chrislib is at work with this catalog.",
                    "Nothing was changed.",
                    hint="End it, then start this one again.",
                )
            return
        opening.prepare_to_write(self.path, connection)
        try:
            opening.migrate(self.path, connection, self._migrations)
        except Exception as error:
            connection.close()
            opening.restore_interrupted(self.path, known)
            raise CatalogError(
                "The catalog could not be brought to this version of chrislib.",
                "It was left as it was before; nothing is lost.",
                hint="Go on with the version you had, and report this.",
                context={"reason": str(error)},
            ) from error
        if version == 0:
            self._leased_at_start(connection)

    def _leased_at_start(self, connection: sqlite3.Connection) -> bool:
        if self._lease is None:
            return True
        deadline = time.monotonic() + _GIVE_WAY_SECONDS
        while True:
            if self._take(connection):
                return True
            found = self._lease.look(connection)
            if found is None or not found.yields:
                return False
            if time.monotonic() > deadline:
                return False
            self._lease.ask()
            time.sleep(0.05)

    def _take(self, connection: sqlite3.Connection) -> bool:
        """Take the lease if it is free; look first, so that nobody is held up."""
        assert self._lease is not None
        found = self._lease.look(connection)
        taken = False
        if self._lease.free(found):
            self._begin(connection)
            try:
                taken = self._lease.take(connection)
                self._commit(connection)
            except BaseException:
                roll_back(connection)
                raise
            found = self._lease.look(connection)
        if taken:
            self.condition.report(None)
        elif found is not None:
            here = found.host == self._lease.identity.host
            self.condition.report(elsewhere(found.host, here=here))
        return taken

    def _close_writer(self) -> None:
        connection, self._writer = self._writer, None
        if connection is None:
            return
        trouble = self.condition.trouble
        if trouble is None:
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA optimize")
            if self._lease is not None and self._lease.held:
                with suppress(sqlite3.Error):
                    self._lease.give_back(connection)
        connection.close()
        if self._lease is not None:
            self._lease.end()
        if trouble is None or trouble.kind in ("DISK", "LOCKED"):
            # A damaged file keeps its mark: the next start must look at it.
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

    # Writing.

    def _write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        connection = self._writer
        if connection is None:
            raise CatalogError("The catalog is closed.")
        if self.read_only:
            raise self._not_ours()
        try:
            self._begin(connection)
            try:
                if self._lease is not None:
                    self._lease.confirm(connection)
                answer = work(connection)
                if isinstance(answer, sqlite3.Cursor):
                    # It shares a cached statement with the connection: freed on the
                    # caller's thread it would reset what this thread runs next.
                    answer.close()
                self._commit(connection)
            except BaseException:
                roll_back(connection)
                raise
        except LeaseLost:
            # What was to be written rests on old knowledge, even if the lease can be
            # had back at once.
            self._lost(connection)
            raise self._not_ours() from None
        except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            trouble = trouble_of(error)
            if trouble is not None:
                self.condition.report(trouble)
            raise refusal(error) from error
        if self.condition.trouble is not None:
            self.condition.report(None)
        return answer

    def _begin(self, connection: sqlite3.Connection) -> None:
        patiently(lambda: connection.execute("BEGIN IMMEDIATE"))

    def _commit(self, connection: sqlite3.Connection) -> None:
        # Readers can hold up a commit where there is no write-ahead log.
        patiently(lambda: connection.execute("COMMIT"))

    def _not_ours(self) -> CatalogReadOnly:
        trouble = self.condition.trouble or elsewhere("", here=True)
        return CatalogReadOnly(
            f"Nothing was saved: {trouble.title[0].lower()}{trouble.title[1:]}",
            trouble.detail,
            hint=trouble.hint,
            context={"kind": trouble.kind},
        )

    def _lost(self, connection: sqlite3.Connection) -> None:
        assert self._lease is not None
        self._lease.held = False
        found = None
        with suppress(sqlite3.Error):
            found = self._lease.look(connection)
        host = found.host if found is not None else self._lease.identity.host
        here = host == self._lease.identity.host
        self.condition.report(elsewhere(host, here=here))

    # The lease.

    def _keep(self) -> None:
        """Beat while the lease is held, try to get it while not (own thread)."""
        assert self._lease is not None
        times = self._lease.times
        beaten = time.monotonic()
        while not self._ending.wait(min(0.2, times.retry)):
            now = time.monotonic()
            if self.condition.trouble is None:
                due = now - beaten >= times.beat or self._lease.asked
            else:
                due = now - beaten >= max(times.retry, self._pause)
            if not due:
                continue
            beaten = now
            pool = self._write_pool
            if pool is None:
                return
            with suppress(RuntimeError):  # the pool is being closed
                pool.submit(self._beat).result()

    def _beat(self) -> None:
        connection, lease = self._writer, self._lease
        if connection is None or lease is None or self._ending.is_set():
            return
        trouble = self.condition.trouble
        if trouble is not None and trouble.kind in ("NEWER", "DAMAGED"):
            return
        try:
            if lease.asked:
                self._begin(connection)
                lease.give_back(connection)
                self._commit(connection)
                self._lost(connection)
            elif not lease.held:
                self._try_again(connection, lease)
            else:
                self._sign_of_life(connection, lease)
        except LeaseLost:
            roll_back(connection)
            self._lost(connection)
        except (sqlite3.Error, OSError) as error:
            roll_back(connection)
            self._pause = min(lease.times.beat, max(lease.times.retry, 2 * self._pause))
            self.condition.report(trouble_of(error) or DISK)

    def _try_again(self, connection: sqlite3.Connection, lease: Lease) -> None:
        if lease.gives_way():
            return
        if self._take(connection):
            opening.prepare_to_write(self.path, connection)
            self._marker.touch(mode=0o600)
            return
        found = lease.look(connection)
        if found is not None and found.yields and not lease.yields:
            lease.ask()  # a command that was busy when the window opened

    def _sign_of_life(self, connection: sqlite3.Connection, lease: Lease) -> None:
        self._begin(connection)
        lease.beat(connection)
        self._commit(connection)
        full = self.condition.trouble == DISK
        if full and shutil.disk_usage(self.path.parent).free < _ROOM:
            return
        # A small write can succeed where a page of jobs does not: after each trouble
        # the next attempt waits longer, until all has been well for a beat.
        self._pause = min(lease.times.beat, 2 * self._pause) if full else 0.0
        self.condition.report(None)

    def _read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        connection: sqlite3.Connection | None = getattr(self._local, "db", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
            connection.execute(f"PRAGMA cache_size={_READER_CACHE}")
            self._local.db = connection
            with self._lock:
                self._readers.append(connection)
        try:
            answer = patiently(lambda: work(connection))
        except sqlite3.DatabaseError as error:
            trouble = trouble_of(error)
            if trouble is None or error.sqlite_errorcode == sqlite3.SQLITE_READONLY:
                raise
            raise refusal(error) from error
        if isinstance(answer, sqlite3.Cursor):
            raise TypeError("a reader gives rows back, not its cursor")
        return answer


async def _on(pool: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
    future: Future[_T] = pool.submit(work)
    return await asyncio.shield(asyncio.wrap_future(future))
