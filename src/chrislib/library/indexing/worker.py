"""A process that reads portions of files until its input ends.

Run as ``python -m chrislib.library.indexing.worker``. Portions come in and batches go
out as a length of four bytes and ``marshal`` data: plain tuples between two processes
of one program. When the program dies, so does the input, and with it this process.
"""

import marshal
import os
import signal
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from chrislib.library.indexing.reading import PortionReader


def main() -> None:
    """Read what is asked for (disk) and answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the program's to judge
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(10)  # the window and its owner come first
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    reader = PortionReader()
    while (asked := receive(source)) is not None:
        send(sink, tuple(reader.read(asked)))


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


if __name__ == "__main__":
    main()
