"""An upload's body: one field and one file, streamed with an exact length."""

import asyncio
import errno
import os
import stat
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from chrislib.cube.errors import LocalFileProblem

_CHUNK = 256 * 1024
_SAID = {
    errno.EACCES: "This computer gave no permission to read it.",
    errno.EPERM: "This computer gave no permission to read it.",
    errno.ENOENT: "It is not there any more.",
    errno.ENOTDIR: "It is not there any more.",
    errno.ENODEV: "The disk it is on is not there any more.",
    errno.EIO: "The disk could not read it.",
    errno.ESTALE: "The disk it is on is not there any more.",
}
_CHANGED = "It changed while it was read."


class UploadBody(httpx.AsyncByteStream):
    """``multipart/form-data`` with ``upload_path`` and ``fname``; reads the disk.

    Memory stays flat: one chunk at a time is read in a thread. Small files are read
    whole when they are opened: one hop to a thread for all of it.

    Parameters
    ----------
    local : Path
        The file that is sent.
    remote : str
        Value of ``upload_path``, checked before.
    progress : callable, optional
        Called with the bytes of the file sent so far.

    Raises
    ------
    LocalFileProblem
        The file cannot be opened or read, or changes meanwhile.
    """

    def __init__(
        self,
        local: Path,
        remote: str,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._local = local
        self._progress = progress
        self._file: BinaryIO | None = None
        self._closed = False
        self._first = b""
        self._facts: tuple[int, int] = (0, 0)
        self._boundary = uuid.uuid4().hex
        # the stored name comes from upload_path; this one only has to be there
        self._head = (
            f"--{self._boundary}\r\n"
            'Content-Disposition: form-data; name="upload_path"\r\n\r\n'
            f"{remote}\r\n"
            f"--{self._boundary}\r\n"
            'Content-Disposition: form-data; name="fname"; filename="upload"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{self._boundary}--\r\n".encode()
        self.size = 0

    @property
    def headers(self) -> dict[str, str]:
        """Content type and exact length; known once the file is open."""
        length = len(self._head) + self.size + len(self._tail)
        return {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(length),
        }

    async def open(self) -> None:
        """Open the file and read its beginning (disk, a thread); `close` it again."""
        await asyncio.to_thread(self._open)

    def close(self) -> None:
        """Close the file, also one that a thread is still opening."""
        self._closed = True
        file, self._file = self._file, None
        if file is not None:
            file.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body of the open file."""
        first, self._first = self._first, b""
        if len(first) == self.size:
            # most files of a series are small: one piece
            yield self._head + first + self._tail
            self._tell(self.size)
            return
        yield self._head + first
        sent = len(first)
        self._tell(sent)
        while sent < self.size:
            chunk = await asyncio.to_thread(self._read, sent)
            yield chunk
            sent += len(chunk)
            self._tell(sent)
        yield self._tail

    def _open(self) -> None:
        try:
            file = self._file = self._local.open("rb")
            facts = os.fstat(file.fileno())
            _refuse_others(facts.st_mode)
            self._facts = facts.st_size, facts.st_mtime_ns
            self.size = facts.st_size
            if self.size:
                self._first = self._read(0)
            if self._closed:
                file.close()
        except OSError as error:
            self.close()
            raise _unreadable(_said(error)) from error
        except BaseException:
            self.close()
            raise

    def _read(self, done: int) -> bytes:
        """Return the next piece; with the last one the file must be as it was."""
        assert self._file is not None
        try:
            chunk = self._file.read(min(_CHUNK, self.size - done))
            facts = os.fstat(self._file.fileno())
        except OSError as error:
            raise _unreadable(_said(error)) from error
        if not chunk:
            raise _unreadable(_CHANGED)
        last = done + len(chunk) == self.size
        if last and (facts.st_size, facts.st_mtime_ns) != self._facts:
            raise _unreadable(_CHANGED)
        return chunk

    def _tell(self, sent: int) -> None:
        if self._progress is not None:
            self._progress(sent)


def _refuse_others(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _unreadable("It is no ordinary file.")


def _said(error: OSError) -> str:
    """Return an error of the system in words."""
    return _SAID.get(error.errno or 0, f"{error.strerror or type(error).__name__}.")


def _unreadable(reason: str) -> LocalFileProblem:
    return LocalFileProblem(
        reason,
        "The file was not stored on the server.",
    )
