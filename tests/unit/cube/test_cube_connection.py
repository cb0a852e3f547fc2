"""One connection: kept while the server keeps it, and made anew when it does not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpcore
import httpx
import pytest

from chrislib.cube import connection as module
from chrislib.cube.address import Address
from chrislib.cube.connecting import tls_of
from chrislib.cube.connection import Connection

_Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
_SECONDS = {"connect": 5.0, "read": 0.2, "write": 5.0, "pool": None}


@asynccontextmanager
async def serving(answer: _Answer) -> AsyncIterator[str]:
    """Serve connections by `answer`; gives the address."""

    served: set[asyncio.Task[None] | None] = set()

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        served.add(asyncio.current_task())
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    await asyncio.gather(*filter(None, served))


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    """Return a connection that is closed at the end."""
    made = Connection(tls=tls_of(Address.parse("http://localhost/")), keep=60.0)
    yield made
    await made.aclose()


async def asked(connection: Connection, url: str, method: str = "GET") -> bytes:
    """Send a request and read its answer."""
    request = httpx.Request(method, url, extensions={"timeout": _SECONDS})
    response = await connection.handle_async_request(request)
    try:
        return await response.aread()
    finally:
        await response.aclose()


async def test_it_is_kept_and_made_anew_once_the_server_hung_up(
    connection: Connection,
) -> None:
    connections = 0
    hung_up = asyncio.Event()

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_OK)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    async with serving(twice) as url:
        for _ in range(3):
            hung_up.clear()
            # a POST is never sent twice: it must not go into what was closed
            assert [await asked(connection, url, "POST") for _ in range(2)] == [
                b"{}"
            ] * 2
            await hung_up.wait()
    assert connections == 3


async def _no_answer(
    reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
) -> None:
    await reader.read()


async def _hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(_OK[:-1])
    await writer.drain()


async def _no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail.example.org ESMTP\r\n\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_no_answer, httpx.ReadTimeout),
        (_hang_up, httpx.RemoteProtocolError),
        (_half, httpx.RemoteProtocolError),
        (_no_http, httpx.RemoteProtocolError),
    ],
)
async def test_what_goes_wrong_is_said_as_the_library_says_it(
    connection: Connection, answer: _Answer, error: type[Exception]
) -> None:
    async with serving(answer) as url:
        with pytest.raises(error):
            await asked(connection, url)
    with pytest.raises(httpx.ConnectError):
        await asked(connection, url)


def test_every_error_of_a_connection_has_its_term() -> None:
    told = {
        error
        for error in vars(httpcore).values()
        if isinstance(error, type)
        and issubclass(error, httpcore.TimeoutException | httpcore.NetworkError)
        and not error.__subclasses__()
    }
    assert told <= set(module._TERMS)
    assert all(
        ours.__name__ == theirs.__name__ for ours, theirs in module._TERMS.items()
    )
