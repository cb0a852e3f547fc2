"""Requests to one CUBE: token, retries of reads, pages, and the server's clock."""

import asyncio
import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Mapping,
)
from contextlib import aclosing, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx

from chrislib.aio import spawn
from chrislib.cube import answers, pacing
from chrislib.cube.address import Address
from chrislib.cube.connecting import (
    Body,
    drop,
    lanes_to,
    look_for_no_trio,
)
from chrislib.cube.errors import CubeError, ForeignOrigin
from chrislib.cube.listing import (
    ROWS_AT_A_TIME,
    Listed,
    RawPage,
    circle,
    date_of,
    identity_of,
    next_in,
    read_rows,
    without_ids,
)
from chrislib.cube.reading import BadRow

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

CONNECTIONS = 16
"""Most connections to one server: 8 for transfers, the rest for looking."""
_PASSES = 3
_CONNECT_SECONDS = 10.0
# more JSON than this is read on a thread: 2 ms of a window's event loop
_BIG_ANSWER = 200_000
_LEAVE_SECONDS = 0.002
_HEADERS = {
    # exactly this: */* answers Collection+JSON, and so do errors for anything longer
    # (trap 1)
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "chrislib",
}
_BROKEN = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


_EMPTY = Body()


class Wire:
    """The connections to one CUBE. Every method that is a coroutine uses the net.

    Requests go straight to a connection: no redirection is followed and no cookie is
    kept, so the HTTP library's client, which looks after both, would only cost time.

    Parameters
    ----------
    address : Address
        Where the server is.
    token : str
        API token, "" to ask without one.
    transport : httpx.AsyncBaseTransport, optional
        In place of real connections (tests).
    timeout : float
        Seconds without a byte until a request counts as unanswered.

    Attributes
    ----------
    skipped_rows : int
        Rows of lists that could not be understood, since the start.
    on_rejected : callable or None
        Called when the server answers 401 to our token, whoever asked.
    on_lost : callable or None
        Called when a connection broke (False) or none could be made (True), whoever
        asked, with the error. A slow answer is no such case.
    """

    def __init__(
        self,
        address: Address,
        *,
        token: str,
        transport: httpx.AsyncBaseTransport | None,
        timeout: float,
    ) -> None:
        self.address = address
        self.skipped_rows = 0
        self.on_rejected: Callable[[], None] | None = None
        self.on_lost: Callable[[CubeError, bool], None] | None = None
        self._token = token
        self._transport = transport
        self._timeout = httpx.Timeout(timeout, connect=_CONNECT_SECONDS, pool=None)
        self._skew = timedelta()
        self._closed = False

    async def aclose(self) -> None:
        """Close all connections; later requests raise `ServerUnreachable`."""
        self._closed = True
        if self._transport is not None:
            await self._transport.aclose()

    def server_now(self) -> datetime:
        """Return the server's time, as its latest answer told it (to the second)."""
        return datetime.now(UTC) + self._skew

    def url(self, path: str, params: Mapping[str, object] | None = None) -> str:
        """Return the URL of a path below the API root; None values are left out."""
        pairs = {
            key: str(value).lower() if isinstance(value, bool) else value
            for key, value in (params or {}).items()
            if value is not None
        }
        query = urlencode(pairs)
        return self.address.base_url + path + (f"?{query}" if query else "")

    async def get(self, path: str, params: Mapping[str, object] | None = None) -> Any:
        """GET JSON over the net; asked once more when the connection breaks."""
        return answers.json_of(await self.send("GET", self.url(path, params)))

    async def post(self, path: str, values: Mapping[str, object]) -> Any:
        """POST JSON over the net, once: a POST is never repeated."""
        body = Body(json=values)
        return answers.json_of(await self.send("POST", self.url(path), body=body))

    async def put(self, path: str, values: Mapping[str, object]) -> Any:
        """PUT JSON over the net, once."""
        body = Body(json=values)
        return answers.json_of(await self.send("PUT", self.url(path), body=body))

    async def one(self, path: str, read: Callable[[object], _T]) -> _T:
        """GET one thing over the net and read it."""
        return self._read(await self.send("GET", self.url(path)), read)

    async def made(
        self, path: str, values: Mapping[str, object], read: Callable[[object], _T]
    ) -> _T:
        """POST over the net, once, and read what was made."""
        body = Body(json=values)
        return self._read(await self.send("POST", self.url(path), body=body), read)

    async def changed(
        self, path: str, values: Mapping[str, object], read: Callable[[object], _T]
    ) -> _T:
        """PUT over the net, once, and read what it became."""
        body = Body(json=values)
        return self._read(await self.send("PUT", self.url(path), body=body), read)

    def _read(self, response: httpx.Response, read: Callable[[object], _T]) -> _T:
        value = answers.json_of(response)
        try:
            return read(value)
        except BadRow as bad:
            raise answers.bad_answer(response, f"no {bad}") from None

    async def delete(self, path: str) -> None:
        """DELETE over the net: 202 (deleted soon, trap 20) and 204 are success."""
        answers.check(await self.send("DELETE", self.url(path)))

    async def send(
        self,
        method: str,
        url: str,
        *,
        body: Body = _EMPTY,
        timeout: httpx.Timeout | None = None,
    ) -> httpx.Response:
        """Send one request over the net and read the whole answer.

        Only a GET whose connection broke is sent a second time.
        """
        with self._trouble(method, url):
            for last in (method != "GET", True):
                try:
                    response = await self._open(method, url, body=body, timeout=timeout)
                    try:
                        await response.aread()
                    finally:
                        await response.aclose()
                except _BROKEN:
                    if last:
                        raise
                else:
                    return response
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def streaming(
        self, url: str, *, timeout: httpx.Timeout | None = None, start: int = 0
    ) -> AsyncIterator[httpx.Response]:
        """GET over the net with `Accept-Encoding: identity`; the body is left.

        With `start` a range is asked for from that byte on; the answer's status says
        whether it was honoured (206).
        """
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        body = Body(headers=headers)
        with self._trouble("GET", url):
            try:
                response = await self._open("GET", url, body=body, timeout=timeout)
            except _BROKEN:
                response = await self._open("GET", url, body=body, timeout=timeout)
            try:
                if not response.is_success:
                    await response.aread()
                answers.check(response)
                yield response
            finally:
                await response.aclose()

    async def items(
        self,
        path: str,
        read: Callable[[object], _T],
        *,
        params: Mapping[str, object] | None = None,
        limit: int = 1000,
        identity: str = "id",
        ahead: bool = False,
    ) -> AsyncIterator[_T]:
        """Read a list over the net, page by page, each thing once.

        Lists of CUBE repeat rows of shared feeds (trap 7) and shift while jobs run
        (trap 23). A row whose `identity` was seen is dropped; when a list of several
        pages moved while it was read, it is read again for what slipped through. A
        row that cannot be understood is skipped and counted.

        Parameters
        ----------
        ahead : bool
            Ask for the next page while this one is read: for who wants them all.

        Raises
        ------
        CubeError
            Any page fails; `ForeignOrigin` when ``next`` leads to another server;
            `BadAnswer` when the pages lead in a circle.
        """
        seen: set[object] = set()
        for _ in range(_PASSES):
            before = len(seen)
            this_pass: set[object] = set()
            received = pages = 0
            counts: set[int | None] = set()
            asked = {**(params or {}), "limit": limit}
            async with aclosing(self._pages(path, asked, ahead=ahead)) as listed:
                async for page in listed:
                    pages += 1
                    received += len(page.rows)
                    counts.add(page.count)
                    for number, row in enumerate(page.rows, 1):
                        if number % ROWS_AT_A_TIME == 0:
                            await asyncio.sleep(0)
                        key = identity_of(row, identity)
                        this_pass.add(key)
                        if key in seen:
                            continue
                        seen.add(key)
                        try:
                            found = read(row)
                        except BadRow as bad:
                            self.skipped_rows += 1
                            _log.warning(
                                "skipped a row of %s: %s", without_ids(path), bad
                            )
                            continue
                        yield found
            steady = counts == {received} and len(this_pass) == received
            if pages <= 1 or steady or len(seen) == before:
                return

    async def page(
        self,
        path: str,
        read: Callable[[object], _T],
        *,
        params: Mapping[str, object] | None = None,
    ) -> Listed[_T]:
        """Read one page of a list over the net by one request."""
        response = await self.send("GET", self.url(path, params))
        page, link = await self._page(response)
        found = Listed(
            rows=await read_rows(page.rows, read),
            total=page.count,
            more=bool(link),
            received=len(page.rows),
            date=date_of(response),
        )
        self.skipped_rows += found.bad
        return found

    async def count(self, path: str, params: Mapping[str, object] | None = None) -> int:
        """Return how many rows a list has, over the net, without reading them."""
        url = self.url(path, {**(params or {}), "limit": 1})
        page, _ = await self._page(await self.send("GET", url))
        return page.count if page.count is not None else len(page.rows)

    async def _pages(
        self, path: str, params: Mapping[str, object], *, ahead: bool
    ) -> AsyncGenerator[RawPage, None]:
        url = self.url(path, params)
        visited: set[str] = set()
        coming: asyncio.Task[httpx.Response] | None = None
        try:
            while url:
                visited.add(url)
                # every page's status is checked: half a list must not look like one
                response = await (coming or self.send("GET", url))
                coming = None
                guess = self._next_told(response) if ahead else ""
                if guess and guess not in visited:
                    # a failure is told where the page is taken
                    sent = self.send("GET", guess)
                    coming = spawn(sent, name="next page", on_error=lambda _: None)
                    # decoding holds the interpreter: let the request leave first
                    await asyncio.wait({coming}, timeout=_LEAVE_SECONDS)
                page, link = await self._page(response)
                url = self.address.reroot(link) if link else ""
                if url and (url in visited or not page.rows):
                    raise circle(response)
                if coming is not None and guess != url:
                    coming.cancel()
                    coming = None
                yield page
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    def _next_told(self, response: httpx.Response) -> str:
        """Return the link to the next page before the answer is read, "" if unsure."""
        link = next_in(response.content) if response.is_success else ""
        try:
            return self.address.reroot(link) if link else ""
        except ForeignOrigin:
            return ""  # said when the page is read

    async def _page(self, response: httpx.Response) -> tuple[RawPage, str]:
        if len(response.content) < _BIG_ANSWER:
            value = answers.json_of(response)
        else:
            value = await asyncio.to_thread(answers.json_of, response)
        rows = value.get("results") if isinstance(value, dict) else None
        if not isinstance(rows, list):
            raise answers.bad_answer(response, "not a list")
        count, link = value.get("count"), value.get("next")
        return (
            RawPage(rows=rows, count=count if isinstance(count, int) else None),
            link if isinstance(link, str) else "",
        )

    async def _lanes(self) -> httpx.AsyncBaseTransport:
        if self._closed:
            raise RuntimeError("closed")
        if self._transport is None:
            # reading the certificates takes 20 ms or more
            made = await asyncio.to_thread(
                lanes_to, self.address, connections=CONNECTIONS
            )
            look_for_no_trio()
            if self._closed:
                raise RuntimeError("closed")
            self._transport = self._transport or made
        return self._transport

    async def _open(
        self, method: str, url: str, *, body: Body, timeout: httpx.Timeout | None
    ) -> httpx.Response:
        lanes = await self._lanes()
        ticket = pacing.ticket.get()
        if timeout is None and ticket is not None and ticket.seconds is not None:
            timeout = httpx.Timeout(ticket.seconds, connect=_CONNECT_SECONDS, pool=None)
        headers = {**_HEADERS, **(body.headers or {})}
        if self._token and self.address.covers(url):
            headers["Authorization"] = f"Token {self._token}"
        request = httpx.Request(
            method,
            url,
            headers=headers,
            json=body.json,
            extensions={"timeout": (timeout or self._timeout).as_dict()},
        )
        if body.stream is not None:
            request.stream = body.stream
        if ticket is not None:
            await ticket.leave()
        response = await lanes.handle_async_request(request)
        response.request = request
        if self._closed:
            # It was still connecting when the pool was closed, which knows nothing
            # of it any more.
            await drop(response)
            raise RuntimeError("closed")
        self._note_clock(response, ticket)
        if response.status_code == 401 and self._token and self.on_rejected:
            self.on_rejected()
        return response

    def _note_clock(
        self, response: httpx.Response, ticket: pacing.Ticket | None
    ) -> None:
        there = date_of(response)
        if there is not None:
            self._skew = there - datetime.now(UTC)
            if ticket is not None:
                ticket.answered(there)

    @contextmanager
    def _trouble(self, method: str, url: str) -> Generator[None, None, None]:
        path = urlsplit(url).path
        if self._closed:
            error = RuntimeError("closed")
            raise answers.unreachable(error, method=method, path=path, closed=True)
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            told = answers.unreachable(error, method=method, path=path)
            gone = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            broke = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)
            if (gone or broke) and self.on_lost is not None:
                self.on_lost(told, gone)
            raise told from error
        except RuntimeError as error:
            # httpx says this way that the pool was closed under the request
            if not self._closed:
                raise
            raise answers.unreachable(error, method=method, path=path) from error
