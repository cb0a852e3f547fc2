"""The frame every endpoint stands in: who asks, what for, in which shape.

A handler is a plain function from a `Call` to an `Answer` (or a Starlette response).
It runs in a worker thread, so it may use the database and the disk as it likes.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chrislib.station.auth import AuthenticationError, Doorman, User
from chrislib.station.context import StationContext
from chrislib.station.negotiation import (
    COLLECTION,
    HTML,
    JSON,
    ApiError,
    choose,
    forbidden,
    invalid,
    missing,
    render,
)

__all__ = [
    "Answer",
    "ApiError",
    "Call",
    "Handler",
    "endpoint",
    "forbidden",
    "invalid",
    "missing",
    "raw_endpoint",
    "read_body",
]

_log = logging.getLogger(__name__)
_OFFERED = (COLLECTION, JSON, HTML)
_BODY_LIMIT = 16 << 20
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers: a JSON body and a status."""

    body: Any = None
    status: int = 200


class Call:
    """One request, as a handler sees it.

    Attributes
    ----------
    user : User or None
        Who asks; never None where the endpoint needs a user.
    ids : dict
        Numbers of the path, by name.
    data : dict
        The body, whichever way it was written.
    query : dict
        The query parameters, the last of each name.
    """

    def __init__(
        self, request: Request, context: StationContext, *, user: User | None
    ) -> None:
        self.request = request
        self.context = context
        self.store = context.store
        self.user = user
        self.ids: dict[str, int] = dict(request.path_params)
        self.query: dict[str, str] = dict(request.query_params)
        self.data: dict[str, Any] = {}
        self.method = request.method
        self.root = f"{request.url.scheme}://{request.headers['host']}"
        self.base = f"{self.root}/api/v1/"

    @property
    def me(self) -> User:
        """The user who asks; 401 without one."""
        if self.user is None:
            raise _not_signed_in()
        return self.user

    def url(self, path: str) -> str:
        """Return the absolute address of `path` below the API root."""
        return self.base + path

    def page(self) -> tuple[int, int]:
        """Return the limit and offset asked for."""
        return _number(self.query.get("limit"), 10) or 10, _number(
            self.query.get("offset"), 0
        )

    def listing(
        self,
        count: int,
        results: Sequence[Mapping[str, Any]],
        *,
        search: tuple[str, Iterable[str]] | None = None,
        links: Mapping[str, str] | None = None,
        template: Iterable[str] | None = None,
    ) -> Answer:
        """Return one page of a list.

        Parameters
        ----------
        count : int
            How many there are in all.
        results : sequence of mapping
            The objects of this page.
        search : (str, names), optional
            Path of the search below the root, and its parameters.
        links : mapping, optional
            ``collection_links``: names and paths below the root.
        template : names, optional
            Fields that can be written.
        """
        limit, offset = self.page()
        body: dict[str, Any] = {
            "count": count,
            "next": self._at(offset + limit) if offset + limit < count else None,
            "previous": self._at(max(offset - limit, 0)) if offset > 0 else None,
            "results": list(results),
        }
        if search is not None:
            path, names = search
            data = [{"name": name, "value": ""} for name in names]
            href = self.url(path)
            body["queries"] = [{"href": href, "rel": "search", "data": data}]
        if links is not None:
            body["collection_links"] = {k: self.url(v) for k, v in links.items()}
        if template is not None:
            body["template"] = as_template(template)
        return Answer(body)

    def query_listing(
        self,
        sql: str,
        values: Sequence[Any],
        *,
        order: str,
        show: Callable[[Any], Mapping[str, Any]],
        columns: str = "*",
        search: tuple[str, Iterable[str]] | None = None,
        links: Mapping[str, str] | None = None,
        template: Iterable[str] | None = None,
    ) -> Answer:
        """Return one page of a query.

        Parameters
        ----------
        sql : str
            ``FROM … WHERE …`` part.
        values : sequence
            Values of its marks.
        order : str
            ``ORDER BY`` part.
        show : callable
            Makes an object of a row.
        columns : str
            What is selected.
        """
        limit, offset = self.page()
        count = self.store.value(f"SELECT COUNT(*) {sql}", *values)
        found = self.store.rows(
            f"SELECT {columns} {sql} ORDER BY {order} LIMIT ? OFFSET ?",
            *values,
            limit,
            offset,
        )
        shown = [show(row) for row in found]
        return self.listing(count, shown, search=search, links=links, template=template)

    def _at(self, offset: int) -> str:
        query = {k: v for k, v in self.query.items() if k != "download_token"}
        query["limit"] = str(self.page()[0])
        query.pop("offset", None)
        if offset > 0:
            query["offset"] = str(offset)
        return f"{self.root}{self.request.url.path}?{urlencode(sorted(query.items()))}"


Handler = Callable[[Call], Answer | Response]
RawHandler = Callable[[Request, Call], Awaitable[Answer | Response]]


def as_template(names: Iterable[str]) -> dict[str, Any]:
    """Return the ``template`` of fields that can be written."""
    return {"data": [{"name": name, "value": ""} for name in names]}


def endpoint(
    path: str,
    context: StationContext,
    *,
    get: Handler | None = None,
    post: Handler | None = None,
    put: Handler | None = None,
    delete: Handler | None = None,
    public: bool = False,
    open_to_all: bool = False,
    allowed: Callable[[Call], bool] | None = None,
    offered: tuple[str, ...] = _OFFERED,
) -> Route:
    """Return the route of one endpoint with its methods.

    Parameters
    ----------
    path : str
        Below ``/api/v1/``; numbers as ``{name:int}``.
    context : StationContext
        Handed on to the handlers.
    public : bool
        Whether it may be read (not written) without signing in.
    open_to_all : bool
        Whether it may be written without signing in as well.
    allowed : callable, optional
        Further condition; False answers 403 to any method.
    offered : tuple of str
        Media types of answers.
    """
    handlers: dict[str, Handler] = {
        name: handler
        for name, handler in (
            ("GET", get), ("POST", post), ("PUT", put), ("DELETE", delete)
        )
        if handler is not None
    }  # fmt: skip

    served = _Endpoint(
        handlers=handlers, public=public, open=open_to_all, allowed=allowed,
        offered=offered,
    )  # fmt: skip

    async def serve(request: Request) -> Response:
        return await served.serve(request, context)

    full = path if path.startswith("/") else f"/api/v1/{path}"
    return Route(full, serve, methods=list(_METHODS))


def raw_endpoint(
    path: str, context: StationContext, *, get: Handler, post: RawHandler
) -> Route:
    """Return a route whose POST reads its body itself, as it comes in."""
    served = _Endpoint(
        handlers={"GET": get}, public=False, open=False, allowed=None,
        offered=_OFFERED, raw_post=post,
    )  # fmt: skip

    async def serve(request: Request) -> Response:
        return await served.serve(request, context)

    return Route(f"/api/v1/{path}", serve, methods=list(_METHODS))


@dataclass(frozen=True, slots=True)
class _Endpoint:
    handlers: Mapping[str, Handler]
    public: bool
    open: bool
    allowed: Callable[[Call], bool] | None
    offered: tuple[str, ...]
    raw_post: RawHandler | None = None

    async def serve(self, request: Request, context: StationContext) -> Response:
        """Answer one request (network, database, disk)."""
        call = Call(request, context, user=None)
        media = choose(_wish(request), offered=self.offered)
        shape = media or self.offered[0]
        try:
            answer = await self._answer(call, acceptable=media is not None)
        except ApiError as error:
            answer = Answer(error.body, error.status)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:  # noqa: BLE001 - whatever went wrong is a 500, and is logged
            _log.exception("%s %s failed", request.method, request.url.path)
            # The shape of a 500 goes by the whole header, unlike all other answers.
            exact = request.headers.get("accept") == JSON
            shape = JSON if exact else COLLECTION
            answer = Answer({"error": "Internal server error"}, 500)
        if isinstance(answer, Response):
            return answer
        if answer.status == 204:
            return Response(status_code=204)
        response = render(
            answer.body,
            media=shape,
            status=answer.status,
            href=str(request.url),
            base=call.base,
        )
        if answer.status == 401:
            response.headers["WWW-Authenticate"] = "Token"
        return response

    async def _answer(self, call: Call, *, acceptable: bool) -> Answer | Response:
        if not acceptable:
            text = "Could not satisfy the request Accept header."
            raise ApiError(406, {"detail": text})
        call.user = await run_in_threadpool(_who, call.request, call.context)
        method = "GET" if call.method == "HEAD" else call.method
        reading = method in ("GET", "OPTIONS") or method not in self.handlers
        if call.user is None and not (self.open or (self.public and reading)):
            raise _not_signed_in()
        if self.allowed is not None and not await run_in_threadpool(self.allowed, call):
            raise forbidden()
        if method == "POST" and self.raw_post is not None:
            return await self.raw_post(call.request, call)
        handler = self.handlers.get(method)
        if handler is None:
            raise ApiError(405, {"detail": f'Method "{call.method}" not allowed.'})
        if method in ("POST", "PUT"):
            only = self.offered == (JSON,)
            call.data = await read_body(call.request, json_only=only)
        return await run_in_threadpool(handler, call)


def _wish(request: Request) -> str | None:
    wanted = request.query_params.get("format")
    if wanted == "json":
        return JSON
    return request.headers.get("accept")


def _who(request: Request, context: StationContext) -> User | None:
    try:
        return Doorman(context.store).identify(request.headers.get("authorization"))
    except AuthenticationError as error:
        raise ApiError(401, {"detail": str(error)}) from None


def _not_signed_in() -> ApiError:
    text = "Authentication credentials were not provided."
    return ApiError(401, {"detail": text})


async def read_body(request: Request, *, json_only: bool = False) -> dict[str, Any]:
    """Read a body from the network: JSON, Collection+JSON, form or multipart.

    Raises
    ------
    ApiError
        400 when it cannot be read, 415 for another type.
    """
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        form = await request.form()
        return {k: v for k, v in form.items() if not isinstance(v, UploadFile)}
    body = await _limited(request)
    if not kind and not body:
        return {}
    if kind == JSON:
        parsed = _parse(body) if body else {}
        if not isinstance(parsed, dict):
            text = f"Invalid data. Expected a dictionary, but got {_kind(parsed)}."
            raise ApiError(400, {"non_field_errors": [text]})
        return parsed
    if kind == COLLECTION and not json_only:
        try:
            fields = _parse(body)["template"]["data"]
            return {field["name"]: field["value"] for field in fields}
        except (KeyError, TypeError):
            text = "Collection+JSON parse error: expected template with data"
            raise ApiError(400, {"detail": text}) from None
    text = f'Unsupported media type "{kind}" in request.'
    raise ApiError(415, {"detail": text})


async def _limited(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > _BODY_LIMIT:
            raise ApiError(413, {"detail": "Request body exceeded the limit."})
        parts.append(part)
    return b"".join(parts)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, {"detail": f"JSON parse error - {error}"}) from None


def _kind(value: Any) -> str:
    return {list: "list", str: "str", int: "int", bool: "bool"}.get(
        type(value), type(value).__name__
    )


def _number(text: str | None, default: int) -> int:
    try:
        return max(int(text or ""), 0)
    except ValueError:
        return default


def refused_download(status: int) -> Response:
    """Return what a refused download answers: the bare word, type ``*/*``."""
    return Response(b"detail", status_code=status, headers={"content-type": "*/*"})
