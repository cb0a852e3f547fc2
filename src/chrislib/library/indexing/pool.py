"""Processes that read headers, one thread here for each of them.

A process that dies, by whatever hand, loses nothing: its portion is read again by
another one, in smaller pieces, until the file that kills is found and named.
"""

import logging
import os
import queue
import threading
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
        try:
            worker = self._hire()
            while not self._stopped.is_set():
                try:
                    portion = self._waiting.get(timeout=0.1)
                except queue.Empty:
                    continue
                if portion is None:
                    return
                worker = self._read(worker, portion)
        except BaseException as error:  # noqa: BLE001 - told by finish()
            self.failure = error
            self._stopped.set()
        finally:
            self._release(worker)

    def _read(self, worker: "_Worker | None", portion: Portion) -> "_Worker | None":
        """Read a portion with a process, or with others if it dies."""
        pieces = [(portion, 0)]
        while pieces and not self._stopped.is_set():
            piece, failures = pieces.pop()
            worker = worker or self._hire()
            batch = worker.read(piece) if worker is not None else None
            if batch is not None:
                with self._sinking:
                    self._sink(batch)
                continue
            self._release(worker)
            worker = None
            if self._stopped.is_set():
                return None
            _log.info("a process that reads headers ended, its files are read again")
            if failures + 1 < _TRIES:
                pieces.append((piece, failures + 1))
            else:
                pieces += self._smaller(piece)
        return worker

    def _smaller(self, piece: Portion) -> list[tuple[Portion, int]]:
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

    def read(self, portion: Portion) -> Batch | None:
        """Return what a portion holds, None when the process died over it."""
        answer = self.ask(portion)
        return None if answer is None else Batch._make(answer)
