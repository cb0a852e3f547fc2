"""A process of ours that answers one question after the other, over its pipes.

Questions and answers are a length of four bytes and ``marshal`` data: plain tuples
between two processes of one program. When the program dies, so does the process's
input, and with it the process.
"""

import marshal
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO


class WorkerProcess:
    """One process that runs a module of ours until it is closed.

    Parameters
    ----------
    module : str
        Run as ``python -m``; it calls `serve`.
    patience : float
        Seconds for an answer; a process that needs more is ended.
    """

    def __init__(self, module: str, *, patience: float) -> None:
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # there is one on Windows
        self._patience = patience
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=flags,
        )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, question: Any) -> Any:
        """Return the answer, None when the process died over it (blocks)."""
        self.put(question)
        return self.take()

    def put(self, question: Any) -> None:
        """Send a question without waiting for its answer; several may wait there.

        What a process that is dead was asked is told by `take`.
        """
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            send(self._process.stdin, question)  # type: ignore[arg-type] # as BinaryIO

    def take(self) -> Any:
        """Return the answer to the oldest question, None if it died (blocks)."""
        assert self._process.stdout is not None
        watch = threading.Timer(self._patience, self.kill)
        watch.daemon = True
        watch.start()
        try:
            return receive(self._process.stdout)  # type: ignore[arg-type] # as BinaryIO
        except (OSError, ValueError, EOFError, TypeError):
            return None
        finally:
            watch.cancel()

    def kill(self) -> None:
        """End the process at once."""
        with suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """End the process, whatever it does, and wait for it."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()


def serve(answer: Callable[[Any], Any]) -> None:
    """Answer what comes in until the input ends; the other end of `WorkerProcess`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the program's to judge
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(10)  # the window and its owner come first
    with os.fdopen(os.dup(1), "wb") as sink, open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 1)  # what a library prints must not be an answer
        asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
        # who asks must never wait for us while we wait for them to take an answer
        threading.Thread(target=_listen, args=(asked.put,), daemon=True).start()
        while (question := asked.get()) is not None:
            send(sink, answer(question))


def _listen(put: Callable[[Any], None]) -> None:
    """Hand on what is asked, at last None."""
    question: Any = ()
    while question is not None:
        question = receive(sys.stdin.buffer)
        put(question)


def send(sink: BinaryIO, value: Any) -> None:
    """Write one value."""
    data = marshal.dumps(value)
    sink.write(len(data).to_bytes(4, "little") + data)
    sink.flush()


def receive(source: BinaryIO) -> Any:
    """Return the next value, None when there is no more."""
    head = source.read(4)
    if len(head) < 4:
        return None
    size = int.from_bytes(head, "little")
    data = source.read(size)
    return marshal.loads(data) if len(data) == size else None
