"""A multipart upload, written to disk as it comes: memory stays flat."""

from dataclasses import dataclass, field

import python_multipart
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from chrislib.station.disk import Disk, Incoming
from chrislib.station.http import ApiError

_FIELD_LIMIT = 64 << 10


@dataclass(slots=True)
class Upload:
    """What came: text fields, and the file when there was one."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Incoming | None = None

    def drop(self) -> None:
        """Forget the file, on disk as well."""
        if self.file is not None:
            self.file.drop()
            self.file = None


class _Receiver:
    """Turns the parser's callbacks into an `Upload`."""

    def __init__(self, disk: Disk, upload: Upload) -> None:
        self._disk = disk
        self._upload = upload
        self._name = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._field = ""
        self._text: bytearray | None = None
        self._file: Incoming | None = None

    def callbacks(self) -> "python_multipart.multipart.MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._name = self._value = b""
        self._text = self._file = None

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_end(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        options = parse_options_header(disposition)[1]
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            self._text = bytearray()
        elif self._field == "fname" and self._upload.file is None:
            self._file = self._upload.file = self._disk.new_incoming()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
        elif self._text is not None:
            self._text += data[start:end]
            if len(self._text) > _FIELD_LIMIT:
                raise ApiError(400, {"detail": "Multipart form parse error - too long"})

    def _end(self) -> None:
        if self._text is not None:
            self._upload.fields[self._field] = self._text.decode("utf-8", "replace")


async def receive(request: Request, disk: Disk, upload: Upload) -> None:
    """Read a multipart body from the network into `upload`, the file to disk.

    Raises
    ------
    ApiError
        400 when the body is not multipart.
    OSError
        When the disk is full.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        text = "Multipart form parse error - Invalid boundary in multipart: None"
        raise ApiError(400, {"detail": text})
    receiver = _Receiver(disk, upload)
    parser = python_multipart.MultipartParser(boundary, receiver.callbacks())
    try:
        async for block in request.stream():
            if block:
                await run_in_threadpool(parser.write, block)
        parser.finalize()
    except python_multipart.exceptions.MultipartParseError as error:
        text = f"Multipart form parse error - {error}"
        raise ApiError(400, {"detail": text}) from None
