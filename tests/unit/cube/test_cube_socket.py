"""News of pulls over a real websocket."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import BadAnswer, Forbidden, ServerUnreachable
from chrislib.cube.socket import Count, Done, Event, Problem

DATA = Path(__file__).parents[2] / "data"
Talk = Callable[[ServerConnection], Awaitable[None]]
PACS, UID = "ARCHIVE", "1.2.3"


@asynccontextmanager
async def news(
    talk: Talk, *, refuse: HTTPStatus | None = None
) -> AsyncIterator[CubeClient]:
    """Serve a websocket that behaves as CUBE's: one-time token, Origin needed."""
    tokens: list[str] = []

    def door(connection: ServerConnection, request: Request) -> Response | None:
        parts = urlsplit(request.path)
        assert parts.path == "/api/v1/pacs/ws/"
        token = parse_qs(parts.query).get("token", [""])[0]
        origin = request.headers.get("Origin", "")
        if refuse is not None or token not in tokens or not origin.endswith(f":{port}"):
            return connection.respond(refuse or HTTPStatus.FORBIDDEN, "")
        tokens.remove(token)
        return None

    def http(request: httpx.Request) -> httpx.Response:
        assert request.method == "POST"
        assert request.url.path == "/api/v1/downloadtokens/"
        tokens.append(f"one time {len(tokens)}")
        return httpx.Response(201, json={"id": 1, "token": tokens[-1]})

    async with serve(talk, "127.0.0.1", 0, process_request=door) as server:
        port = server.sockets[0].getsockname()[1]
        client = CubeClient(
            f"http://127.0.0.1:{port}", token="t", transport=httpx.MockTransport(http)
        )
        yield client
        await client.aclose()


def said(message: object, uid: str = UID) -> str:
    return json.dumps({"pacs_name": PACS, "SeriesInstanceUID": uid, "message": message})


@pytest.mark.parametrize("folder", ["recordings", "recordings-6.11"])
async def test_the_recorded_transcript(folder: str) -> None:
    text = (DATA / folder / "pacs-websocket-transcript.json").read_text()
    lines = [line for line in json.loads(text)["transcript"] if "direction" in line]
    asked = next(line for line in lines if line["direction"] == "client")["message"]
    told = [line["message"] for line in lines if line["direction"] == "server"]
    heard: list[object] = []

    async def talk(connection: ServerConnection) -> None:
        heard.append(json.loads(await connection.recv()))
        for message in told:
            if "SeriesInstanceUID" in message:
                await connection.send(json.dumps(message))
        await connection.wait_closed()

    events: list[Event] = []
    async with news(talk) as client, client.pacs.progress_socket() as socket:
        await socket.subscribe(asked["pacs_name"], asked["SeriesInstanceUID"])
        async for event in socket:
            events.append(event)
            if isinstance(event, Done):
                break
    assert heard == [asked]
    counts = [event.images for event in events if isinstance(event, Count)]
    assert counts == sorted(counts) != []
    assert isinstance(events[-1], Done)
    assert {event.series_uid for event in events} == {asked["SeriesInstanceUID"]}


async def test_problems_and_unknown_messages() -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        # another series' news before the grant must not be lost or mistaken
        await connection.send(said({"ndicom": 7}, uid="9.9"))
        await connection.send(said({"subscribed": True}, uid="9.9"))
        await connection.send(said({"subscribed": True}))
        await connection.send(said({"error": "disk full"}))
        await connection.send(said({"weather": "fine"}))
        await connection.send(said({"done": True}))
        await connection.wait_closed()

    async with news(talk) as client, client.pacs.progress_socket() as socket:
        await socket.subscribe(PACS, UID)
        got = [await socket.next_event() for _ in range(3)]
    assert got == [Count("9.9", 7), Problem(UID, "disk full"), Done(UID)]


async def test_a_refused_socket() -> None:
    async def talk(connection: ServerConnection) -> None:
        raise AssertionError("never open")

    async with news(talk, refuse=HTTPStatus.FORBIDDEN) as client:
        with pytest.raises(Forbidden):
            await client.pacs.progress_socket().__aenter__()


async def test_a_refused_subscription() -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(said({"subscribed": False}))

    async with news(talk) as client, client.pacs.progress_socket() as socket:
        with pytest.raises(Forbidden):
            await socket.subscribe(PACS, UID)


async def test_a_drop_while_listening() -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(said({"subscribed": True}))
        await connection.send(said({"ndicom": 1}))
        connection.transport.abort()

    async with news(talk) as client, client.pacs.progress_socket() as socket:
        await socket.subscribe(PACS, UID)
        assert await socket.next_event() == Count(UID, 1)
        with pytest.raises(ServerUnreachable):
            await socket.next_event()


async def test_rubbish_is_a_bad_answer() -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("<html>")
        await connection.wait_closed()

    async with news(talk) as client, client.pacs.progress_socket() as socket:
        with pytest.raises(BadAnswer):
            await socket.subscribe(PACS, UID)


async def test_waiting_can_be_cancelled_and_nothing_is_lost() -> None:
    go = asyncio.Event()

    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(said({"subscribed": True}))
        await go.wait()
        await connection.send(said({"ndicom": 1}))
        await connection.wait_closed()

    async with news(talk) as client, client.pacs.progress_socket() as socket:
        await socket.subscribe(PACS, UID)
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await socket.next_event()
        go.set()
        assert await socket.next_event() == Count(UID, 1)


async def test_nobody_listens() -> None:
    def http(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json={"id": 1, "token": "x"})

    client = CubeClient("http://127.0.0.1:1", transport=httpx.MockTransport(http))
    with pytest.raises(ServerUnreachable):
        await client.pacs.progress_socket().__aenter__()
