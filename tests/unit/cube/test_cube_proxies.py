"""Requests go through the proxy that the system names, if it names one for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chrislib.cube.address import Address
from chrislib.cube.connecting import proxy_of
from chrislib.cube.errors import ServerUnreachable
from chrislib.cube.wire import Wire

_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def running_proxy() -> AsyncIterator[tuple[int, list[str]]]:
    """Run a proxy that answers everything itself; gives port and first lines."""
    lines: list[str] = []

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines.append(head.split(b"\r\n")[0].decode())
        body = b'{"said by": "the proxy"}'
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], lines


@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_a_named_proxy_is_asked(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    async with running_proxy() as (port, lines):
        monkeypatch.setenv("http_proxy", f"{scheme}127.0.0.1:{port}")
        address = Address.parse("http://cube.invalid/")
        wire = Wire(address, token="", transport=None, timeout=10)
        assert await wire.get("plugins/") == {"said by": "the proxy"}
        await wire.aclose()
    assert lines == ["GET http://cube.invalid/api/v1/plugins/ HTTP/1.1"]


def test_this_computer_and_excepted_servers_are_asked_directly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("all_proxy", "http://proxy.invalid:3128")
    monkeypatch.setenv("no_proxy", "cube.example.org,.inside.example.org")
    through = {
        typed: proxy_of(Address.parse(typed)) is not None
        for typed in (
            "http://localhost:8000/",
            "http://127.0.0.1:8000/",
            "https://cube.example.org:8443/",
            "https://a.inside.example.org/",
            "https://other.example.org/",
        )
    }
    assert list(through.values()) == [False, False, False, False, True]


async def test_a_proxy_of_an_unknown_kind_is_told_as_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "socks5://proxy.invalid:1080")
    address = Address.parse("http://cube.invalid/")
    wire = Wire(address, token="", transport=None, timeout=10)
    with pytest.raises(ServerUnreachable):
        await wire.get("plugins/")
    await wire.aclose()
