"""Each request has a connection of its own, and a connection one request."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable

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
                writer.write(head)
                await asyncio.sleep(0)
                writer.write(said)
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


async def test_called_off_at_any_moment_no_place_is_lost() -> None:
    lines = Lines()
    server = await asyncio.start_server(lines.connected, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    answered = 0
    async with httpx.AsyncClient(transport=lanes(2), timeout=60) as http:
        for turns in range(0, 200, 3):
            asked = [asyncio.ensure_future(http.get(url)) for _ in range(2)]
            for _ in range(turns // 4):
                await asyncio.sleep(0)
            for _ in range(1 + turns % 4):  # once more, while it ends
                for task in asked:
                    task.cancel()
                await asyncio.sleep(0)
            ended = await asyncio.gather(*asked, return_exceptions=True)
            answered += sum(isinstance(one, httpx.Response) for one in ended)
            async with asyncio.timeout(60):
                both = await asyncio.gather(http.get(url), http.get(url))
            assert [one.status_code for one in both] == [200, 200]
    assert answered, "all were called off too early"
    server.close()
    await server.wait_closed()


class Held(httpx.AsyncHTTPTransport):
    """Gives answers whose closing is called off, as a second cancellation does it."""

    def __init__(self, made: list["Held"], *, breaks: bool) -> None:
        super().__init__()
        made.append(self)
        self.breaks = breaks
        self.asked = 0
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer at once."""
        self.asked += 1
        return httpx.Response(200, stream=HeldStream(breaks=self.breaks))

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.closed = True
        await super().aclose()


class HeldStream(httpx.AsyncByteStream):
    """Two bytes."""

    def __init__(self, *, breaks: bool) -> None:
        self._breaks = breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"ok"

    async def aclose(self) -> None:
        """Be called off, or end."""
        if self._breaks:
            raise asyncio.CancelledError


@pytest.mark.parametrize("whole", [True, False])
async def test_a_connection_that_was_not_closed_in_order_is_given_to_nobody(
    whole: bool,
) -> None:
    made: list[Held] = []
    transport = Lanes(1, make=lambda: Held(made, breaks=not made), keep=60)
    url = "http://127.0.0.1/"
    async with httpx.AsyncClient(transport=transport) as http:
        request = http.build_request("GET", url)
        answer = await http.send(request, stream=True)
        with pytest.raises(asyncio.CancelledError):
            await (answer.aread() if whole else answer.aclose())
        for _ in range(2):
            assert (await http.get(url)).text == "ok"
    assert [one.asked for one in made] == [1, 2]
    assert all(one.closed for one in made)


class Stubborn(Held):
    """A connection that cannot be closed in order."""

    async def aclose(self) -> None:
        """Note that it was asked, then fail."""
        await super().aclose()
        await asyncio.sleep(0)
        raise OSError("the other end has gone")


async def test_what_cannot_be_closed_leaves_no_other_connection_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("chrislib.cube.lanes.time.monotonic", lambda: now[0])
    made: list[Held] = []
    transport = Lanes(4, make=lambda: Stubborn(made, breaks=False), keep=4.0)
    url = "http://127.0.0.1/"
    async with httpx.AsyncClient(transport=transport) as http:
        request = [http.build_request("GET", url) for _ in range(4)]
        answers = [await http.send(one, stream=True) for one in request]
        for one in answers[:2]:
            await one.aread()  # these rest
        await answers[2].aclose()  # half read: closed in the background
        now[0] = 5.0
        # the one that is taken closes the other, which fails: the request does not
        assert (await http.get(url)).text == "ok"
    # the last one was in use all the time
    assert [one.closed for one in made] == [True] * 4
    named = {task.get_name() for task in asyncio.all_tasks()}
    assert "close a connection" not in named
