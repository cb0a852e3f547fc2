"""Processes that read headers, one thread here for each of them.

A process that dies, by whatever hand, loses nothing: its portion is read again by
another one, in smaller pieces, until the file that kills is found and named.
"""

import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from chrislib.catalog.index_rows import Batch
from chrislib.library.indexing import rows
from chrislib.library.indexing.reading import Portion, PortionReader
from chrislib.library.process import WorkerProcess

_log = logging.getLogger(__name__)

_PATIENCE = 60.0
"""Seconds for a portion; a header that takes longer is not worth it."""
_TRIES = 2
_AHEAD = 2
"""Portions a process has at a time."""
_Piece = tuple[Portion, int]
"""A portion, and how many processes died over it."""

Sink = Callable[[Batch], None]


def usual_count() -> int:
    """Return how many processes read: one fewer than there are processors."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)) - 1)
    return max(1, (os.cpu_count() or 2) - 1)


class ReaderPool:
    """Reads portions of files and hands what they hold to a sink.

    Parameters
    ----------
    sink : callable
        Gets each batch, one at a time, on a thread of the pool.
    count : int
        Processes; 0 reads on the caller's thread.
    """

    def __init__(self, sink: Sink, count: int) -> None:
        self._sink = sink
        self._count = count
        self._inline = PortionReader() if count == 0 else None
        self._waiting: queue.Queue[Portion | None] = queue.Queue(2 * count or 1)
        self._threads: list[threading.Thread] = []
        self._workers: set[_Worker] = set()
        self._lock = threading.Lock()
        self._sinking = threading.Lock()
        self._stopped = threading.Event()
        self.failure: BaseException | None = None
        """What ended the pool's work, if anything did."""

    def warm(self) -> None:
        """Start a process before there is anything to read (processes)."""
        if self._inline is None:
            self._begin()

    def put(self, portion: Portion) -> None:
        """Have a portion read; waits while enough are waiting (disk, processes)."""
        if self._inline is not None:
            self._sink(self._inline.read(portion))
            return
        self._begin()
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._waiting.put(portion, timeout=0.1)
                return

    def _begin(self) -> None:
        """Start one more thread, unless there are enough."""
        if len(self._threads) < self._count:
            thread = threading.Thread(
                target=self._serve, name="header-reader", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def finish(self) -> None:
        """Wait until all that was put has been read, and end the processes."""
        for _ in self._threads:
            while not self._stopped.is_set():
                with suppress(queue.Full):
                    self._waiting.put(None, timeout=0.1)
                    break
        self._join()
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End the processes at once; what they were reading is dropped."""
        self._stopped.set()
        with self._lock:
            for worker in self._workers:
                worker.kill()
        self._join()

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def process_ids(self) -> list[int]:
        """Return the processes that read now."""
        with self._lock:
            return [worker.pid for worker in self._workers]

    # On the threads.

    def _serve(self) -> None:
        worker: _Worker | None = None
        todo: deque[_Piece] = deque()
        asked: deque[_Piece] = deque()
        ended = False
        try:
            worker = self._hire()
            while not self._stopped.is_set():
                # the process reads the next portion while the last one is written;
                # what a process died over is read alone
                while len(asked) < _AHEAD and (todo or not ended):
                    if asked and (asked[0][1] or (todo and todo[0][1])):
                        break
                    piece = todo.popleft() if todo else self._next(wait=not asked)
                    if piece is None:
                        break
                    if not piece[0]:
                        ended = True
                        continue
                    worker = worker or self._hire()
                    if worker is None:
                        return
                    worker.put(piece[0])
                    asked.append(piece)
                if asked and worker is not None:
                    if not self._sink_next(worker, asked, todo):
                        self._release(worker)
                        worker = None
                elif ended:
                    return
        except BaseException as error:  # noqa: BLE001 - told by finish()
            self.failure = error
            self._stopped.set()
        finally:
            self._release(worker)

    def _next(self, *, wait: bool) -> "_Piece | None":
        """Return what is read next, an empty portion at the end, None for nothing."""
        try:
            portion = self._waiting.get(block=wait, timeout=0.1 if wait else None)
        except queue.Empty:
            return None
        return portion or [], 0

    def _sink_next(
        self, worker: "_Worker", asked: "deque[_Piece]", todo: "deque[_Piece]"
    ) -> bool:
        """Take the oldest answer; False if the process died over it."""
        batch = worker.read()
        piece, failures = asked.popleft()
        if batch is not None:
            with self._sinking:
                self._sink(batch)
            return True
        # the others it did not come to
        todo.extendleft(reversed(asked))
        asked.clear()
        if not self._stopped.is_set():
            _log.info("a process that reads headers ended, its files are read again")
            if failures + 1 < _TRIES:
                todo.appendleft((piece, failures + 1))
            else:
                todo.extendleft(reversed(self._smaller(piece)))
        return False

    def _smaller(self, piece: Portion) -> list[_Piece]:
        """Return single files of a portion that kills; one file alone is given up."""
        files = [(folder, name) for folder, names in piece for name in names]
        if len(files) > 1:
            return [([(folder, [name])], _TRIES - 1) for folder, name in files]
        batch = rows.empty()
        for folder, name in files:
            try:
                found = os.stat(os.path.join(folder, name))
            except OSError:
                continue
            stat = (name, found.st_size, found.st_mtime_ns, found.st_ino)
            reason = "This file cannot be read. Its header leads the reader astray."
            rows.add_unreadable(batch, folder, stat, reason=reason)
        with self._sinking:
            self._sink(batch)
        return []

    def _hire(self) -> "_Worker | None":
        with self._lock:
            if self._stopped.is_set():
                return None
            worker = _Worker()
            self._workers.add(worker)
            return worker

    def _release(self, worker: "_Worker | None") -> None:
        if worker is not None:
            worker.close()
            with self._lock:
                self._workers.discard(worker)


class _Worker(WorkerProcess):
    """One process that reads headers."""

    def __init__(self) -> None:
        super().__init__("chrislib.library.indexing.worker", patience=_PATIENCE)

    def read(self) -> Batch | None:
        """Return what the oldest portion holds, None if the process died over it."""
        answer = self.take()
        return None if answer is None else Batch._make(answer)
