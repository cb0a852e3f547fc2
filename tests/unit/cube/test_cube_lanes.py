"""Each request has a connection of its own, and a connection one request."""

import asyncio
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from chrislib.cube.lanes import Lanes


class Lines:
    """A server that says over which connection a request came, when it is let."""

    def __init__(self) -> None:
        self.connections = 0
        self.open = 0
        self.most = 0
        self.under_way = Counter[int]()
        self.changed = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        while not so():
            self.changed.clear()
            await self.changed.wait()

    async def connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer each request with the number of its connection."""
        self.connections += 1
        number = self.connections
        self.open += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.under_way[number] += 1
                assert self.under_way[number] == 1
                self.most = max(self.most, self.under_way.total())
                self.changed.set()
                await self.answers.wait()
                self.under_way[number] -= 1
                said = b"%d" % number
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said)
                writer.write(head + said)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            self.changed.set()
            writer.close()


def lanes(count: int, *, keep: float = 60.0) -> Lanes:
    return Lanes(count, make=httpx.AsyncHTTPTransport, keep=keep)


async def test_as_many_requests_as_connections_and_no_more() -> None:
    lines = Lines()
    server = await asyncio.start_server(lines.connected, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with httpx.AsyncClient(transport=lanes(3)) as http:
        first = (await http.get(url)).text
        assert (await http.get(url)).text == first  # the one that rested is taken
        lines.answers.clear()
        asked = [asyncio.ensure_future(http.get(url)) for _ in range(9)]
        await lines.until(lambda: lines.most == 3)
        asked[0].cancel()  # its connection is no good any more, its place is
        asked[8].cancel()  # waits for one
        lines.answers.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        good = [one for one in answers if isinstance(one, httpx.Response)]
        assert len(good) == 7
        assert lines.most == 3
    server.close()
    await server.wait_closed()


async def test_who_rests_too_long_is_closed_at_the_next_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("chrislib.cube.lanes.time.monotonic", lambda: now[0])
    lines = Lines()
    server = await asyncio.start_server(lines.connected, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with httpx.AsyncClient(transport=lanes(3, keep=4.0)) as http:
        lines.answers.clear()
        asked = [asyncio.ensure_future(http.get(url)) for _ in range(3)]
        await lines.until(lambda: lines.most == 3)
        lines.answers.set()
        await asyncio.gather(*asked)
        assert lines.open == 3
        now[0] = 5.0
        await http.get(url)
        await lines.until(lambda: lines.open == 1)
    server.close()
    await server.wait_closed()


async def test_a_request_that_fails_leaves_its_place_to_the_next() -> None:
    async with httpx.AsyncClient(transport=lanes(1)) as http:
        for _ in range(3):
            with pytest.raises(httpx.ConnectError):
                await http.get("http://127.0.0.1:9/")
