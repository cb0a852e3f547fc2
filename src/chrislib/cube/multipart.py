"""An upload's body: one field and one file, streamed with an exact length."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from chrislib.cube.errors import LocalFileProblem

_CHUNK = 256 * 1024


class UploadBody(httpx.AsyncByteStream):
    """``multipart/form-data`` with ``upload_path`` and ``fname``; reads the disk.

    Memory stays flat: one chunk at a time is read in a thread.

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
        The file cannot be opened or read, or shrinks or grows meanwhile.
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
        try:
            self.size = local.stat().st_size
            if not local.is_file():
                raise _unreadable("It is not a file.")
        except OSError as error:
            raise _unreadable(error.strerror or "") from error
        boundary = uuid.uuid4().hex
        # the stored name comes from upload_path; this one only has to be there
        self._head = (
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="upload_path"\r\n\r\n'
            f"{remote}\r\n"
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="fname"; filename="upload"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        length = len(self._head) + self.size + len(self._tail)
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(length),
        }

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body; the file is open only meanwhile."""
        file, first = await asyncio.to_thread(self._opened)
        try:
            if len(first) == self.size:
                # most files of a series are small: one hop, one piece
                yield self._head + first + self._tail
                self._tell(self.size)
                return
            yield self._head + first
            sent = len(first)
            self._tell(sent)
            while sent < self.size:
                chunk = await asyncio.to_thread(self._read, file, sent)
                yield chunk
                sent += len(chunk)
                self._tell(sent)
            yield self._tail
        finally:
            file.close()

    def _opened(self) -> tuple[BinaryIO, bytes]:
        try:
            file = self._local.open("rb")
        except OSError as error:
            raise _unreadable(error.strerror or "") from error
        try:
            return file, self._read(file, 0) if self.size else b""
        except BaseException:
            file.close()
            raise

    def _read(self, file: BinaryIO, done: int) -> bytes:
        try:
            chunk = file.read(min(_CHUNK, self.size - done))
        except OSError as error:
            raise _unreadable(error.strerror or "") from error
        if not chunk:
            raise _unreadable("It became shorter while it was sent.")
        return chunk

    def _tell(self, sent: int) -> None:
        if self._progress is not None:
            self._progress(sent)


def _unreadable(reason: str) -> LocalFileProblem:
    return LocalFileProblem(
        "A file of this computer cannot be read.",
        "It was not stored on the server.",
        hint=reason or "Check that it is still there and may be read.",
        context={"reason": reason},
    )
