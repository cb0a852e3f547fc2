"""Brings local folders into the catalog, and looks again at what is there."""

import asyncio
import logging
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from chrislib.catalog.index import IndexTable, Moved, digest_of
from chrislib.catalog.index_rows import INSTANCE, UNREADABLE, UNSETTLED, Batch
from chrislib.library.indexing import rows
from chrislib.library.indexing.folders import Folder, walk
from chrislib.library.indexing.pool import ReaderPool, usual_count
from chrislib.library.indexing.reading import Portion
from chrislib.library.indexing.report import IndexReport

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_FIRST_PORTION = 16
_PORTION = 128
"""Files a process is asked for at once; few at first, so that rows come soon."""
_WRITTEN_AT_ONCE = 512
_FOLDERS_AT_ONCE = 256
_FILES_AT_ONCE = 4096
_TURN = 0.0002
"""Seconds a thread may keep the interpreter while the window waits for it; Python's
own 5 ms make a window stutter: it waits some turns for each thing it does."""
_TOLD_EVERY = 0.1


Progress = Callable[[IndexReport], None]


class Indexer:
    """Walks folders, has new files read by other processes, writes what they hold.

    Parameters
    ----------
    table : IndexTable
        Where it is written.
    processes : int, optional
        How many read; one fewer than there are processors unless told. 0 reads in
        this process.
    """

    def __init__(self, table: IndexTable, *, processes: int | None = None) -> None:
        self._table = table
        self._processes = usual_count() if processes is None else processes

    async def unfinished(self) -> list[Path]:
        """Return folders whose reading was cut off, to begin it again (disk)."""
        return [
            Path(os.fsdecode(root.path))
            for root in await self._table.roots()
            if root.state == "RUNNING"
        ]

    async def bring_in(
        self,
        root: Path,
        *,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> IndexReport:
        """Bring in a folder or file, or look at it again (disk, threads, processes).

        Files known by size, time of change and inode are not read again. Whatever
        ends this, what was written before is whole, and the next call goes on.

        Parameters
        ----------
        root : Path
        progress : callable, optional
            Gets the report so far, at most ten times a second, on the event loop.
        stop : threading.Event, optional
            Ends it when set; so does cancelling the caller.

        Raises
        ------
        CatalogError
            The catalog cannot be written.
        """
        ended = stop or threading.Event()
        loop = asyncio.get_running_loop()
        run = _Run(self._table, loop, root=root, processes=self._processes, stop=ended)
        if progress is not None:
            run.tell = lambda report: _told(loop, progress, report)
        turn = sys.getswitchinterval()
        sys.setswitchinterval(min(turn, _TURN))
        work = loop.run_in_executor(None, run.run)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            ended.set()
            await asyncio.wait([work])
            raise
        finally:
            if turn > _TURN:  # else another import set it, and sets it back
                sys.setswitchinterval(turn)

    async def forget(self, root: Path) -> int:
        """Forget a root and every file below it; nothing on disk changes (disk).

        Returns
        -------
        int
            How many files were forgotten.
        """
        path = _bytes(root)
        found = (await self._table.root_below(path)).folders
        ids = [folder_id for folder_id, _ in found.values()]
        gone = await self._table.forget_folders(ids)
        await self._table.forget_root(path)
        return gone


def _told(
    loop: asyncio.AbstractEventLoop, progress: Progress, report: IndexReport
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(progress, report)


def _bytes(path: Path) -> bytes:
    return os.fsencode(os.path.abspath(path))


class _Run:
    """One look at one root, on a thread of its own."""

    def __init__(
        self,
        table: IndexTable,
        loop: asyncio.AbstractEventLoop,
        *,
        root: Path,
        processes: int,
        stop: threading.Event,
    ) -> None:
        self._table = table
        self._loop = loop
        self._root = _bytes(root)
        self._stop = stop
        self._pool = ReaderPool(self._take, processes)
        self._report = IndexReport()
        self._pending = rows.empty()
        self._writing: Future[None] | None = None
        self._portion: Portion = []
        self._portion_size = 0
        self._limit = _FIRST_PORTION
        self._folders: dict[bytes, tuple[int, int]] = {}
        self._folders_before = False
        self._unsealed = False
        self._missing: dict[int, list[bytes]] = {}
        self._closed: list[bytes] = []
        self._parts: dict[bytes, set[bytes]] = defaultdict(set)
        self._unsettled: list[tuple[bytes, bytes, int]] = []
        self._marked = False
        self._began_empty = True
        self._told_at = 0.0
        self._written_at = 0.0
        self.tell: Callable[[IndexReport], None] = lambda _report: None

    def run(self) -> IndexReport:
        """Walk, compare, have read, write (disk, processes)."""
        if not os.path.lexists(self._root):
            self._report.away = True
            self._wait(self._table.mark(self._root, "AWAY", "It is not there."))
            return self._report
        before = self._wait(self._table.root_below(self._root))
        self._folders = before.folders
        self._folders_before = bool(self._folders)
        self._began_empty = not before.any_files
        if not self._folders_before:
            self._pool.warm()
        try:
            self._walk()
            if not self._stop.is_set():
                self._hand_over()
                self._pool.finish()
                self._again()
        finally:
            self._pool.stop()
        self._write()
        self._written()
        self._report.stopped = self._stop.is_set()
        if not self._report.stopped:
            self._remove()
            while self._changed() and self._wait(self._table.seal(self._root)):
                pass
        state, reason = "STOPPED" if self._report.stopped else "DONE", ""
        if self._report.away:
            state, reason = "AWAY", "It is empty now, and was not."
        if self._changed() or state != before.state:
            self._wait(self._table.mark(self._root, state, reason))
        self.tell(self._report)
        return self._report

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    # Walking.

    def _walk(self) -> None:
        some: list[Folder] = []
        files = 0
        report, folders = self._report, self._folders
        for folder in walk(self._root):
            if self._stop.is_set() or self._pool.failure is not None:
                return
            report.seen += len(folder.files)
            for path, reason in folder.problems:
                report.problem(path, reason)
            if folder.closed:
                self._closed.append(folder.path)
                continue
            if not folder.part:
                before = folders.pop(folder.path, None)
                if before is not None:
                    if before[1] == digest_of(folder.files):
                        continue
                    self._unsealed = True
            some.append(folder)
            files += len(folder.files)
            if len(some) >= _FOLDERS_AT_ONCE or files >= _FILES_AT_ONCE:
                self._compare(some)
                some, files = [], 0
        if some:
            self._compare(some)

    def _compare(self, folders: Sequence[Folder]) -> None:
        """Have those files read that are not known as they are."""
        whole = [one.path for one in folders if not one.part]
        known = self._wait(self._table.known(whole)) if self._folders_before else {}
        fresh: list[tuple[bytes, list[Any]]] = []
        for folder in folders:
            new = self._new_in(folder, known)
            if new:
                fresh.append((folder.path, new))
        if fresh and not self._began_empty:
            fresh = self._without_moved(fresh)
        for path, stats in fresh:
            self._ask_for(path, [stat[0] for stat in stats])
        self._tell()

    def _new_in(self, folder: Folder, known: dict[bytes, Any]) -> list[Any]:
        if not self._folders_before:
            return folder.files
        if folder.part:
            names = [stat[0] for stat in folder.files]
            found = self._wait(self._table.known_among(folder.path, names))
            self._parts[folder.path].update(names)
        else:
            found = known.get(folder.path)
        if found is None:
            return folder.files
        before = set(found.files)
        new = [stat for stat in folder.files if stat not in before]
        if not folder.part and len(folder.files) - len(new) < len(before):
            present = {stat[0] for stat in folder.files}
            gone = [stat[0] for stat in found.files if stat[0] not in present]
            if gone:
                self._missing[found.folder_id] = gone
        return new

    def _without_moved(
        self, fresh: list[tuple[bytes, list[Any]]]
    ) -> list[tuple[bytes, list[Any]]]:
        """Note files that only moved; return the others, which must be read."""
        files = [(path, stat) for path, stats in fresh for stat in stats]
        before: dict[tuple[int, int, int], list[tuple[int, bytes]]] = defaultdict(list)
        for file_id, path, identity in self._wait(self._table.elsewhere(files)):
            before[identity].append((file_id, path))
        moved: list[Moved] = []
        left: dict[bytes, list[Any]] = defaultdict(list)
        for folder, stat in files:
            here = os.path.join(folder, stat[0])
            candidates = before.get((stat[3], stat[1], stat[2]), [])
            # A hard link is no move: its other name is still there.
            gone = [one for one in candidates if not os.path.lexists(one[1])]
            if gone and here != gone[0][1]:
                moved.append(Moved(gone[0][0], folder, stat[0]))
                candidates.remove(gone[0])
            else:
                left[folder].append(stat)
        if moved:
            self._begin()
            self._wait(self._table.move(moved))
            self._report.moved += len(moved)
        return list(left.items())

    # Reading.

    def _ask_for(self, folder: bytes, names: list[bytes]) -> None:
        at = 0
        while at < len(names) and not self._stop.is_set():
            some = names[at : at + self._limit - self._portion_size]
            at += len(some)
            self._portion.append((folder, some))
            self._portion_size += len(some)
            if self._portion_size >= self._limit:
                self._hand_over()
                self._limit = min(2 * self._limit, _PORTION)

    def _hand_over(self) -> None:
        portion, self._portion, self._portion_size = self._portion, [], 0
        if portion:
            self._begin()
            self._pool.put(portion)
            self._tell()

    def _begin(self) -> None:
        if not self._marked:
            self._marked = True
            self._wait(self._table.mark(self._root, "RUNNING"))

    def _take(self, batch: Batch) -> None:
        """Keep what was read until there is enough of it to write (pool's thread)."""
        report = self._report
        for row in batch.files:
            report.read += 1
            if row[5] == INSTANCE:
                report.images += 1
            elif row[5] == UNREADABLE:
                report.problem(os.path.join(row[0], row[1]), row[6])
            if row[3] == UNSETTLED:
                self._unsettled.append((row[0], row[1], row[5]))
        rows.merge(self._pending, batch)
        late = time.monotonic() - self._written_at > 1
        if len(self._pending.files) >= _WRITTEN_AT_ONCE or late:
            self._write()
        self._tell()

    def _write(self) -> None:
        """Have what is pending written while reading goes on (any thread)."""
        batch, self._pending = self._pending, rows.empty()
        self._written()
        if batch.files:
            self._begin()
            self._writing = asyncio.run_coroutine_threadsafe(
                self._table.store(batch), self._loop
            )
            self._written_at = time.monotonic()

    def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _again(self) -> None:
        """Read once more what changed while it was read."""
        unsettled, self._unsettled = self._unsettled, []
        if not unsettled or self._stop.is_set():
            return
        self._write()
        self._written()
        pool = ReaderPool(self._take, 0)
        for folder, name, state in unsettled:
            self._report.take_back(os.path.join(folder, name), state)
            pool.put([(folder, [name])])

    # What is gone.

    def _remove(self) -> None:
        """Forget files that are gone; but none whose folder could not be looked at."""
        if not self._folders_before:
            return
        if not self._report.seen:
            # What was full and is empty now is rather a disk that is not connected.
            self._report.away = True
            return
        removed = 0
        for folder_id, names in self._missing.items():
            removed += self._wait(self._table.forget_files(folder_id, names))
        gone: list[int] = []
        for path, (folder_id, _) in self._folders.items():
            if path in self._parts:
                known = self._wait(self._table.names_in(folder_id))
                lost = [name for name in known if name not in self._parts[path]]
                removed += self._wait(self._table.forget_files(folder_id, lost))
            elif not os.path.isdir(path) and not self._behind_closed(path):
                gone.append(folder_id)
        if gone:
            removed += self._wait(self._table.forget_folders(gone))
        self._report.removed = removed

    def _changed(self) -> bool:
        return self._marked or self._unsealed or self._report.removed > 0

    def _behind_closed(self, path: bytes) -> bool:
        separator = os.sep.encode()
        return any(
            path == closed or path.startswith(closed + separator)
            for closed in self._closed
        )

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TOLD_EVERY:
            self._told_at = now
            self.tell(self._report)
