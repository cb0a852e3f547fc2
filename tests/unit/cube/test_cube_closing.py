"""A client that is closed at any moment leaves no connection open."""

import asyncio
import gc
import warnings

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import CubeError

_ANSWER = b'{"count": 0, "next": null, "previous": null, "results": []}'
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(_ANSWER)
)
_TURNS = 40
"""Turns of the loop in which a request over a local connection is answered."""


async def _connected(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(_HEAD + _ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def test_closed_at_any_moment_no_connection_is_left() -> None:
    server = await asyncio.start_server(_connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    refused = 0
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        for turns in range(_TURNS):
            client = CubeClient(f"http://127.0.0.1:{port}/api/v1/", token="t")
            asked = [
                asyncio.ensure_future(client.plugins.get(number)) for number in (1, 2)
            ]
            for _ in range(turns):
                await asyncio.sleep(0)
            await client.aclose()
            for task in asked:
                try:
                    await task
                except CubeError:
                    # in time, and the answer is no plugin; or it was not asked
                    refused += 1
            del client, asked, task
        gc.collect()
    server.close()
    await server.wait_closed()
    left = [str(one.message) for one in told if one.category is ResourceWarning]
    assert not left
    assert refused == 2 * _TURNS
