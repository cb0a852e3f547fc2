"""Sending the bytes of a file, with the habits of a CUBE.

No ranges: the whole file whatever is asked for. A refusal is the bare word
``detail``. What follows the id in the path is not looked at.
"""

import mimetypes
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from chrislib.station.access import may_read
from chrislib.station.auth import AuthenticationError, Doorman, User
from chrislib.station.context import StationContext
from chrislib.station.disk import blocks
from chrislib.station.http import refused_download
from chrislib.station.store import Row

_AT_ONCE = 1 << 20
# What a bare machine's table does not know.
_KINDS = {"dcm": "application/dicom", "json": "application/json", "csv": "text/csv"}
Extra = Callable[[User | None, Row], bool]


def download_route(
    path: str,
    context: StationContext,
    *,
    table: str = "files",
    allowed: Extra | None = None,
) -> Route:
    """Return the route that sends files of `table`.

    Parameters
    ----------
    path : str
        Below ``/api/v1/``, with ``{id:int}`` and ``{name:path}``.
    context : StationContext
        The station.
    table : str
        ``files`` or ``linkfiles``.
    allowed : callable, optional
        A further condition on user and row.
    """

    async def serve(request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return refused_download(405)
        return await run_in_threadpool(
            _answer, request, context, table=table, allowed=allowed
        )

    return Route(f"/api/v1/{path}", serve, methods=["GET", "POST", "PUT", "DELETE"])


def _answer(
    request: Request, context: StationContext, *, table: str, allowed: Extra | None
) -> Response:
    user = _user(request, context)
    ident = request.path_params["id"]
    row = context.store.row(f"SELECT * FROM {table} WHERE id = ?", ident)
    if row is None:
        return refused_download(404 if user is not None else 401)
    may = may_read(context.store, user, row) and (allowed is None or allowed(user, row))
    if not may:
        return refused_download(403 if user is not None else 401)
    if table == "linkfiles":
        content = str(row["path"]).encode()
        return Response(content, headers=_headers(row["fname"], len(content)))
    source = context.disk.locate(row["disk"])
    try:
        return _send(source, row["fname"], head=request.method == "HEAD")
    except OSError:
        return refused_download(500)


def _user(request: Request, context: StationContext) -> User | None:
    doorman = Doorman(context.store)
    token = request.query_params.get("download_token")
    if token:
        return doorman.take_download_token(token)
    try:
        return doorman.identify(request.headers.get("authorization"))
    except AuthenticationError:
        return None


def _send(source: Path, name: str, *, head: bool) -> Response:
    size = source.stat().st_size
    headers = _headers(name, size)
    if head:
        return Response(headers=headers)
    if size <= _AT_ONCE:
        return Response(source.read_bytes(), headers=headers)
    stream = blocks(source)
    return StreamingResponse(iterate_in_threadpool(stream), headers=headers)


def _headers(name: str, size: int) -> dict[str, str]:
    last = name.rpartition("/")[2]
    ending = last.rpartition(".")[2].lower()
    kind = _KINDS.get(ending) or mimetypes.guess_type(last)[0]
    # Raw bytes of the name, as the recordings have them; quotes would end it early.
    shown = last.replace('"', "'").encode().decode("latin-1")
    return {
        "content-type": kind or "application/octet-stream",
        "content-length": str(size),
        "content-disposition": f'attachment; filename="{shown}"',
    }
