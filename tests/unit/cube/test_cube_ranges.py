"""Going on with a download: ranges that are honoured, ignored, or answered wrongly."""

from collections.abc import Callable

import httpx
import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import NotFound, ShortTransfer

WHOLE = bytes(range(200))
Handler = Callable[[httpx.Request], httpx.Response]
Serve = Callable[[Handler], CubeClient]


def ranged(
    request: httpx.Request, *, total: int = 200, shift: int = 0
) -> httpx.Response:
    """Answer as a server that honours ranges (or gets them wrong)."""
    asked = request.headers.get("range")
    if asked is None:
        return httpx.Response(200, content=WHOLE)
    start = int(asked.removeprefix("bytes=").rstrip("-"))
    if start >= len(WHOLE):
        return httpx.Response(416, headers={"content-range": f"bytes */{total}"})
    told = f"bytes {start + shift}-{len(WHOLE) - 1}/{total}"
    return httpx.Response(
        206, content=WHOLE[start + shift :], headers={"content-range": told}
    )


async def fetched(client: CubeClient, *, start: int) -> tuple[int, bytes]:
    """Return where the bytes begin, and the bytes."""
    async with client.files.opened(7, size=200, start=start) as (offset, chunks):
        return offset, b"".join([chunk async for chunk in chunks])


async def test_a_range_that_is_honoured_is_gone_on_with(serve: Serve) -> None:
    async with serve(ranged) as client:
        assert await fetched(client, start=150) == (150, WHOLE[150:])
        assert await fetched(client, start=0) == (0, WHOLE)


async def test_a_server_without_ranges_sends_the_whole(serve: Serve) -> None:
    async with serve(lambda _request: httpx.Response(200, content=WHOLE)) as client:
        assert await fetched(client, start=150) == (0, WHOLE)


@pytest.mark.parametrize("shift", [-1, 1])
async def test_another_range_than_asked_for_is_not_taken(
    serve: Serve, shift: int
) -> None:
    async with serve(lambda request: ranged(request, shift=shift)) as client:
        assert await fetched(client, start=150) == (0, WHOLE)


async def test_a_range_of_a_file_of_another_size_is_not_taken(serve: Serve) -> None:
    async with serve(lambda request: ranged(request, total=201)) as client:
        assert await fetched(client, start=150) == (0, WHOLE)


async def test_a_file_that_got_shorter_is_fetched_anew(serve: Serve) -> None:
    async with serve(ranged) as client:
        assert await fetched(client, start=200) == (0, WHOLE)


async def test_a_range_that_ends_early_is_short(serve: Serve) -> None:
    def early(request: httpx.Request) -> httpx.Response:
        answer = ranged(request)
        told = {"content-range": answer.headers["content-range"]}
        return httpx.Response(206, content=answer.content[:-1], headers=told)

    async with serve(early) as client:
        with pytest.raises(ShortTransfer):
            await fetched(client, start=150)


async def test_other_errors_of_a_range_are_errors(serve: Serve) -> None:
    async with serve(lambda _request: httpx.Response(404, text="detail")) as client:
        with pytest.raises(NotFound):
            await fetched(client, start=150)
