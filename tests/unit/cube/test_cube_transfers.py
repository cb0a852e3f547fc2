"""Uploads and downloads against a real socket: streams, resets, short bodies."""

import asyncio
import re
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import (
    BadAnswer,
    Forbidden,
    LocalFileProblem,
    NotFound,
    Refused,
    ServerUnreachable,
    ShortTransfer,
    TokenRejected,
)
from chrislib.cube.types import FileId, StoragePath, StoredFile

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk, *, timeout: float = 5.0) -> AsyncIterator[CubeClient]:
    """Serve one behaviour: `talk` gets the head of each request."""

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await talk(reader, writer, head.decode())
                await writer.drain()
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = CubeClient(f"http://127.0.0.1:{port}", token="t" * 40, timeout=timeout)
    try:
        yield client
    finally:
        await client.aclose()
        server.close()


def answer(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
        f"content-length: {size}\r\n\r\n"
    ).encode() + body


def length_of(head: str) -> int:
    found = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
    assert found is not None
    return int(found[1])


def stored(size: int, path: str = "home/cube/uploads/a.bin") -> bytes:
    return f'{{"id": 4, "fname": "{path}", "fsize": {size}}}'.encode()


def a_file(size: int) -> StoredFile:
    return StoredFile(
        id=FileId(4),
        path=StoragePath("home/cube/a#b?.bin"),
        size=size,
        owner_username="cube",
        creation_date=None,
    )


async def test_an_upload_streams_with_its_exact_length(tmp_path: Path) -> None:
    local = tmp_path / "scan 1.dcm"
    content = bytes(range(256)) * 4096  # 1 MiB
    local.write_bytes(content)
    bodies: list[bytes] = []
    heads: list[str] = []

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        heads.append(head)
        bodies.append(await reader.readexactly(length_of(head)))
        writer.write(answer(stored(len(content)), "201 Created"))

    told: list[int] = []
    remote = "home/cube/uploads/a.bin"
    async with serving(talk) as client:
        file = await client.files.upload(local, remote, progress=told.append)
    assert file.path == remote
    assert file.size == len(content)
    assert told == sorted(told)
    assert told[-1] == len(content)
    head, body = heads[0], bodies[0]
    assert head.startswith("POST /api/v1/userfiles/ HTTP/1.1")
    assert "transfer-encoding" not in head.lower()
    boundary = head.split("boundary=")[1].split("\r\n")[0]
    parts = body.split(f"--{boundary}".encode())
    assert len(parts) == 4
    assert b'name="upload_path"' in parts[1]
    assert parts[1].endswith(f"\r\n\r\n{remote}\r\n".encode())
    assert b'name="fname"; filename=' in parts[2]
    assert parts[2].split(b"\r\n\r\n", 1)[1] == content + b"\r\n"
    assert parts[3] == b"--\r\n"


async def test_memory_stays_flat_while_a_big_file_goes_up(tmp_path: Path) -> None:
    local = tmp_path / "big"
    size = 60 * 1024 * 1024
    with local.open("wb") as file:
        file.truncate(size)

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        left = length_of(head)
        while left:
            left -= len(await reader.read(min(left, 1 << 18)))
        writer.write(answer(stored(size), "201 Created"))

    async with serving(talk) as client:
        tracemalloc.start()
        await client.files.upload(local, "home/cube/uploads/a.bin")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


async def test_an_empty_file_can_be_sent(tmp_path: Path) -> None:
    local = tmp_path / "empty"
    local.touch()

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        await reader.readexactly(length_of(head))
        writer.write(answer(stored(0), "201 Created"))

    async with serving(talk) as client:
        assert (await client.files.upload(local, "home/c/uploads/e")).size == 0


async def test_a_renamed_upload_shows_in_the_path(tmp_path: Path) -> None:
    local = tmp_path / "a"
    local.write_text("hello")

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        await reader.readexactly(length_of(head))
        writer.write(answer(stored(5, "home/c/a_FqgFOJQ.txt"), "201 Created"))

    async with serving(talk) as client:
        file = await client.files.upload(local, "home/c/a.txt")
    assert file.path == "home/c/a_FqgFOJQ.txt"


async def test_a_short_store_is_an_error_and_is_deleted(tmp_path: Path) -> None:
    local = tmp_path / "a"
    local.write_text("hello")
    heads: list[str] = []

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        heads.append(head.split("\r\n", maxsplit=1)[0])
        if head.startswith("POST"):
            await reader.readexactly(length_of(head))
            writer.write(answer(stored(3), "201 Created"))
        else:
            writer.write(answer(b"", "204 No Content"))

    async with serving(talk) as client:
        with pytest.raises(ShortTransfer) as caught:
            await client.files.upload(local, "home/c/a.txt")
    assert caught.value.title == "Only 3 of 5 bytes were sent."
    assert heads[1] == "DELETE /api/v1/filebrowser/files/4/ HTTP/1.1"


async def test_bad_names_and_files_are_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    local = tmp_path / "a"
    local.write_text("hello")
    async with serving(_never) as client:
        for remote in ("/home/a", "home/../a", "home/a,b", ""):
            with pytest.raises(Refused):
                await client.files.upload(local, remote)
        with pytest.raises(LocalFileProblem):
            await client.files.upload(tmp_path / "gone", "home/a/b")
        with pytest.raises(LocalFileProblem):
            await client.files.upload(tmp_path, "home/a/b")


async def _never(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
) -> None:
    raise AssertionError("nothing may be sent")


async def test_a_file_that_shrinks_while_it_is_sent(tmp_path: Path) -> None:
    local = tmp_path / "a"
    local.write_bytes(b"x" * 3_000_000)

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        await reader.readexactly(length_of(head))

    def shrink(_sent: int) -> None:
        with local.open("r+b") as file:
            file.truncate(10)

    async with serving(talk) as client:
        with pytest.raises(LocalFileProblem) as caught:
            await client.files.upload(local, "home/a/b", progress=shrink)
    assert caught.value.title == "It changed while it was read."


async def test_a_reset_while_uploading_is_not_repeated(tmp_path: Path) -> None:
    local = tmp_path / "a"
    local.write_bytes(b"x" * 2_000_000)
    posts: list[str] = []

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        posts.append(head)
        await reader.read(1000)
        writer.transport.abort()

    async with serving(talk) as client:
        with pytest.raises(ServerUnreachable) as caught:
            await client.files.upload(local, "home/a/b")
    assert len(posts) == 1
    assert caught.value.context["sent"] == "yes"


async def test_a_refusal_that_comes_before_the_whole_file_is_heard(
    tmp_path: Path,
) -> None:
    local = tmp_path / "a"
    local.write_bytes(b"x" * 8_000_000)

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        # as a proxy does: it answers, and reads no more of what it will not take
        await reader.read(1000)
        page = b"<html>413</html>"
        writer.write(answer(page, "413 Request Entity Too Large"))
        await writer.drain()
        writer.close()

    async with serving(talk) as client:
        with pytest.raises((Refused, ServerUnreachable)) as caught:
            await client.files.upload(local, "home/a/b")
    if isinstance(caught.value, Refused):
        assert "this big" in caught.value.title
    else:
        # the reset overtook the answer: the file is tried again, then told
        assert caught.value.context["sent"] == "yes"


async def test_a_file_that_grows_while_it_is_sent(tmp_path: Path) -> None:
    local = tmp_path / "a"
    local.write_bytes(b"x" * 3_000_000)

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        await reader.readexactly(length_of(head))

    def grow(_sent: int) -> None:
        with local.open("ab") as file:
            file.write(b"more")

    async with serving(talk) as client:
        with pytest.raises(LocalFileProblem) as caught:
            await client.files.upload(local, "home/a/b", progress=grow)
        assert caught.value.title == "It changed while it was read."
        with pytest.raises(LocalFileProblem, match="looked at"):
            await client.files.upload(local, "home/a/b", size=17)


async def test_a_download_streams_by_id_and_with_the_token() -> None:
    heads: list[str] = []

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        heads.append(head)
        writer.write(answer(b"a" * 100_000))

    async with serving(talk) as client:
        async with aclosing(client.files.stream(a_file(100_000))) as chunks:
            got = b"".join([chunk async for chunk in chunks])
        assert await client.files.read(4, 10) == b"a" * 10
        assert await client.files.read(a_file(100_000), 1 << 30) == b"a" * 100_000
    assert len(got) == 100_000
    assert heads[0].startswith("GET /api/v1/filebrowser/files/4/content HTTP")
    assert f"authorization: token {'t' * 40}" in heads[0].lower()
    assert "accept-encoding: identity" in heads[0].lower()


async def test_a_slow_body_comes_in_pieces() -> None:
    go = asyncio.Event()

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        writer.write(answer(b"first", length=10))
        await writer.drain()
        await go.wait()
        writer.write(b"other")

    async with serving(talk) as client:
        pieces = []
        async with aclosing(client.files.stream(4)) as chunks:
            async for chunk in chunks:
                pieces.append(chunk)
                go.set()
    assert pieces == [b"first", b"other"]


async def test_a_body_that_stops_coming_times_out() -> None:
    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        writer.write(answer(b'{"id"', length=100))
        await reader.read()

    async with serving(talk, timeout=0.2) as client:
        with pytest.raises(ServerUnreachable) as caught:
            await client.feeds.get(1)
    assert "in time" in caught.value.title


async def test_a_truncated_download_is_not_taken_for_whole() -> None:
    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        writer.write(answer(b"half", length=8))
        writer.close()

    async with serving(talk) as client:
        with pytest.raises(ServerUnreachable):
            await client.files.read(4, 100)


@pytest.mark.parametrize("there", [3, 9])
async def test_a_download_of_another_size_than_the_file_has(there: int) -> None:
    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        writer.write(answer(b"x" * there))

    async with serving(talk) as client:
        with pytest.raises(ShortTransfer):
            await client.files.read(a_file(8), 100)


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("401 Unauthorized", TokenRejected),
        ("403 Forbidden", Forbidden),
        ("404 Not Found", NotFound),
    ],
)
async def test_download_errors_have_no_body_to_read(
    status: str, wanted: type[Exception]
) -> None:
    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        writer.write(answer(b"detail", status).replace(b"application/json", b"*/*"))

    async with serving(talk) as client:
        with pytest.raises(wanted):
            await client.files.read(4, 100)


async def test_a_reset_before_the_answer_is_asked_again_once() -> None:
    heads: list[str] = []

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        heads.append(head)
        if len(heads) == 1:
            writer.transport.abort()
        else:
            writer.write(answer(b'{"id": 1, "name": "b"}'))

    async with serving(talk) as client:
        assert (await client.feeds.get(1)).name == "b"
    assert len(heads) == 2


async def test_leaving_a_download_early_gives_its_connection_back() -> None:
    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        body = b"x" * 5_000_000 if "content" in head.split()[1] else b'{"id": 1}'
        writer.write(answer(body))

    async with serving(talk) as client:
        for _ in range(40):  # more than there are connections
            assert len(await client.files.read(4, 10)) == 10
        assert (await client.feeds.get(1)).id == 1


async def test_cancelled_requests_leave_the_client_usable() -> None:
    hang = True

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        if hang:
            await reader.read()
        else:
            writer.write(answer(b'{"id": 1}'))

    async with serving(talk) as client:
        for _ in range(40):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.005):
                    await client.feeds.get(1)
        hang = False
        assert (await client.feeds.get(1)).id == 1


async def test_the_server_clock_is_read_from_its_answers() -> None:
    there = datetime.now(UTC) + timedelta(hours=3)

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        date = f"date: {format_datetime(there, usegmt=True)}\r\n\r\n".encode()
        writer.write(answer(b'{"id": 1}').replace(b"\r\n\r\n", b"\r\n" + date, 1))

    async with serving(talk) as client:
        await client.feeds.get(1)
        skew = client.server_now() - datetime.now(UTC)
    assert abs(skew - timedelta(hours=3)) < timedelta(seconds=2)


async def test_something_that_is_no_http_server() -> None:
    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str
    ) -> None:
        writer.write(b"220 mail ready\r\n")
        writer.close()

    async with serving(talk) as client:
        with pytest.raises((ServerUnreachable, BadAnswer)):
            await client.identify()


async def test_nobody_listens() -> None:
    client = CubeClient("http://127.0.0.1:1")
    with pytest.raises(ServerUnreachable) as caught:
        await client.identify()
    assert caught.value.context["sent"] == "no"
    await client.aclose()
