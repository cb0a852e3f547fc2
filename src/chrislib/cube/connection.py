"""One connection to one server, without a pool around it."""

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Generator
from contextlib import contextmanager

import httpcore
import httpx

_TERMS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}


class Connection(httpx.AsyncBaseTransport):
    """Carries one request at a time over HTTP/1.1; connects when it is first needed.

    The HTTP library's own pool of one would ask twice for each request whether its
    connection is still there, and look through its lists four times: a seventh of
    what a small download costs the event loop (tests/bench/download_1000).

    Parameters
    ----------
    tls : ssl.SSLContext
        What a server's certificate is checked against.
    keep : float
        Seconds after which a connection that rests is not used any more.
    """

    def __init__(self, *, tls: ssl.SSLContext, keep: float) -> None:
        self._tls = tls
        self._keep = keep
        self._http: httpcore.AsyncHTTPConnection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request (network).

        Raises
        ------
        httpx.TransportError
        RuntimeError
            It was closed before the request had left, as a pool says that.
        """
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        assert isinstance(request.stream, httpx.AsyncByteStream)
        asked = httpcore.Request(
            request.method,
            url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _in_terms_of_httpx():
            http = await self._to(url)
            try:
                answer = await http.handle_async_request(asked)
            except httpcore.ConnectionNotAvailable as error:
                # nobody else uses it: only closing it can have come in between
                raise RuntimeError("closed") from error
        assert isinstance(answer.stream, AsyncIterable)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Bytes(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close it (network)."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def _to(self, url: httpcore.URL) -> httpcore.AsyncHTTPConnection:
        # one that the server has hung up on would lose a POST
        http = self._http
        if http is not None and (
            http.is_closed()
            or http.has_expired()
            or not http.can_handle_request(url.origin)
        ):
            await self.aclose()
        if self._http is None:
            self._http = httpcore.AsyncHTTPConnection(
                url.origin, ssl_context=self._tls, keepalive_expiry=self._keep
            )
        return self._http


class _Bytes(httpx.AsyncByteStream):
    """An answer's bytes."""

    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _in_terms_of_httpx():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        """Close the answer (network)."""
        with _in_terms_of_httpx():
            await self._stream.aclose()  # type: ignore[attr-defined]


@contextmanager
def _in_terms_of_httpx() -> Generator[None, None, None]:
    try:
        yield
    except tuple(_TERMS) as error:
        raise _TERMS[type(error)](str(error)) from error
