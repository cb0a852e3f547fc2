"""A process that follows downloads and can be killed: a job manager, no window.

Arguments: catalog file, server address, token, folder, storage path ("" goes on with
what is journaled), and bytes per second ("0" for as fast as it goes). Each line it
prints is the number of bytes that are here.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import DownloadIntent, Kind

_PIECE = 64 * 1024


class _Slow(httpx.AsyncByteStream):
    """A body that comes at a given rate."""

    def __init__(self, body: httpx.AsyncByteStream, rate: float) -> None:
        self._body = body
        self._rate = rate

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            for start in range(0, len(chunk), _PIECE):
                piece = chunk[start : start + _PIECE]
                await asyncio.sleep(len(piece) / self._rate)
                yield piece

    async def aclose(self) -> None:
        await self._body.aclose()


class _SlowTransport(httpx.AsyncHTTPTransport):
    """Real connections, slow bodies."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._rate = rate

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if self._rate and "/content" in request.url.path:
            body = response.stream
            assert isinstance(body, httpx.AsyncByteStream)
            response.stream = _Slow(body, self._rate)
        return response


async def _run(arguments: list[str]) -> None:
    catalog_path, url, token, folder, source, rate = arguments
    catalog = Catalog(Path(catalog_path))
    await catalog.open()
    client = CubeClient(url, token=token, transport=_SlowTransport(float(rate)))
    jobs = JobManager(
        catalog=catalog,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        base_period=0.2,
    )
    await jobs.start()
    if source:
        await jobs.submit(DownloadIntent((source,), folder, "results"))
    await jobs.refresh()
    said = -1
    while True:
        downloads = [job for job in jobs.jobs() if job.kind is Kind.DOWNLOAD]
        done = sum(j.progress.bytes_done for j in downloads if j.progress is not None)
        if done != said:
            said = done
            sys.stdout.write(f"{done}\n")
            sys.stdout.flush()
        if downloads and all(job.phase.terminal for job in downloads):
            sys.stdout.write(f"ended {downloads[0].phase.value}\n")
            sys.stdout.flush()
            break
        await asyncio.sleep(0.005)
    await jobs.stop()
    await client.aclose()
    await catalog.close()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1:]))
