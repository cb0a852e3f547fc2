"""Processes that make small pictures: started when needed, ended when idle."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from chrislib.library.process import WorkerProcess
from chrislib.library.thumbnails.worker import make

_MODULE = "chrislib.library.thumbnails.worker"
_PATIENCE = 30.0
"""Seconds for one picture."""
_IDLE = 60.0
"""Seconds after which an idle process is ended."""
_THREADS = 2
_TRIES = 2
CRASHED = "This file cannot be shown. Reading it led its decoder astray."


class Makers:
    """Makes pictures, several at a time.

    Parameters
    ----------
    processes : int
        How many; 0 makes them in threads of this process.
    """

    def __init__(self, processes: int) -> None:
        self.count = processes or _THREADS
        self._processes = processes
        self._threads: ThreadPoolExecutor | None = None
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        self._ending: asyncio.TimerHandle | None = None
        self._closed = False

    async def make(self, path: Path, *, side: int, share: float) -> tuple[bytes, str]:
        """Make a picture of a file (disk, processes); see `worker.make`."""
        question = (os.fsencode(path), side, share)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.count, "thumbnails")
        loop = asyncio.get_running_loop()
        work = make if self._processes == 0 else self._ask
        answer = await loop.run_in_executor(self._threads, work, question)
        self._end_later(loop)
        return answer

    async def close(self) -> None:
        """End the processes and threads."""
        self._closed = True
        if self._ending is not None:
            self._ending.cancel()
        for worker in tuple(self._busy):
            worker.kill()
        threads, self._threads = self._threads, None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown)
        self._end_idle()

    def process_ids(self) -> list[int]:
        """Return the processes there are."""
        return [worker.pid for worker in (*self._busy, *self._idle)]

    def _ask(self, question: tuple[bytes, int, float]) -> tuple[bytes, str]:
        """Ask a process (on a thread); one that dies is replaced once."""
        for _ in range(_TRIES):
            if self._closed:
                break
            try:
                worker = self._idle.pop()
            except IndexError:
                worker = WorkerProcess(_MODULE, patience=_PATIENCE)
            self._busy.add(worker)
            answer = worker.ask(question)
            self._busy.discard(worker)
            if answer is None:
                worker.close()
                continue
            self._idle.append(worker)
            jpeg, reason = answer
            return jpeg, reason
        return b"", CRASHED

    def _end_later(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._ending is not None:
            self._ending.cancel()
        if not self._closed and self._processes:
            self._ending = loop.call_later(_IDLE, self._end_behind)

    def _end_behind(self) -> None:
        if self._threads is not None:
            self._threads.submit(self._end_idle)

    def _end_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()
