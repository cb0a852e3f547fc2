"""Lists come complete and each thing once, however the pages behave."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import BadAnswer, ForeignOrigin, ServerFault, TokenRejected

BASE = "https://cube.example.org/api/v1/"


class Listing:
    """A server's list; `moves` change it before the n-th answer."""

    def __init__(self, ids: list[int], page: int) -> None:
        self.ids = ids
        self.page = page
        self.moves: dict[int, Any] = {}
        self.answers = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        move = self.moves.get(self.answers)
        if move is not None:
            move(self.ids)
        self.answers += 1
        offset = int(request.url.params.get("offset", 0))
        limit = min(int(request.url.params["limit"]), self.page)
        end = offset + limit
        url = str(request.url.copy_merge_params({"offset": end}))
        return httpx.Response(
            200,
            json={
                "count": len(self.ids),
                "next": url if end < len(self.ids) else None,
                "results": [{"id": i} for i in self.ids[offset:end]],
            },
        )

    def read(self) -> list[int]:
        async def run() -> list[int]:
            client = CubeClient(BASE, transport=httpx.MockTransport(self))
            return [i.id async for i in client.instances.search()]

        return asyncio.run(run())


@settings(max_examples=60, deadline=None)
@given(
    ids=st.lists(st.integers(1, 40), max_size=60),
    page=st.integers(1, 70),
)
def test_each_id_once_for_any_page_size_and_any_duplicates(
    ids: list[int], page: int
) -> None:
    found = Listing(ids, page).read()
    assert len(found) == len(set(found))
    assert set(found) == set(ids)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), size=st.integers(2, 30), page=st.integers(1, 10))
def test_what_moves_to_the_front_or_goes_is_not_what_others_pay_for(
    data: st.DataObject, size: int, page: int
) -> None:
    listing = Listing(list(range(size)), page)
    gone: set[int] = set()

    def to_front(at: int) -> Any:
        return lambda ids: ids.insert(0, ids.pop(at % len(ids)))

    def new(number: int) -> Any:
        return lambda ids: ids.insert(0, number)

    def remove(at: int) -> Any:
        def act(ids: list[int]) -> None:
            if len(ids) > 1:
                gone.add(ids.pop(at % len(ids)))

        return act

    # one change while the list is read for the first time (trap 23)
    when = data.draw(st.integers(0, max(0, (size - 1) // page)))
    kind = data.draw(st.sampled_from([to_front, new, remove]))
    listing.moves[when] = kind(data.draw(st.integers(0, 1000)))
    found = listing.read()
    assert len(found) == len(set(found))
    assert set(range(size)) - gone <= set(found)


async def test_a_steady_list_is_read_once(serve: Any) -> None:
    listing = Listing(list(range(25)), 10)
    client = serve(listing)
    assert len([i async for i in client.instances.search()]) == 25
    assert listing.answers == 3


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/v1/plugins/instances/search/?offset=1",
        "https://cube.example.org/elsewhere/",
    ],
)
async def test_a_foreign_next_is_refused_and_sees_no_token(
    link: str, serve: Any
) -> None:
    hosts: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(
            200, json={"count": 2, "next": link, "results": [{"id": 1}]}
        )

    with pytest.raises(ForeignOrigin):
        _ = [i async for i in serve(handler).instances.search()]
    assert hosts == ["cube.example.org"]


async def test_next_from_behind_a_proxy_is_rerooted(serve: Any) -> None:
    urls: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        link = "http://cube.example.org:8000/api/v1/7/plugininstances/?offset=1&limit=1"
        if "offset" in request.url.params:
            return httpx.Response(
                200, json={"count": 2, "next": None, "results": [{"id": 2}]}
            )
        return httpx.Response(
            200, json={"count": 2, "next": link, "results": [{"id": 1}]}
        )

    found = [i.id async for i in serve(handler).instances.of_feed(7)]
    assert found == [1, 2]
    assert urls[1] == f"{BASE}7/plugininstances/?offset=1&limit=1"


@pytest.mark.parametrize("rows", [[{"id": 1}], []])
async def test_a_circle_is_refused(rows: list[object], serve: Any) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        link = f"{BASE}7/plugininstances/?limit=1000&offset=0"
        return httpx.Response(200, json={"count": 9, "next": link, "results": rows})

    with pytest.raises(BadAnswer):
        _ = [i async for i in serve(handler).instances.of_feed(7)]


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (500, {"error": "x"}, ServerFault),
        (401, {"detail": "x"}, TokenRejected),
        (200, {"detail": "no rows"}, BadAnswer),
        (200, {"results": "text"}, BadAnswer),
    ],
)
async def test_a_bad_second_page_raises(
    status: int, body: object, wanted: type[Exception], serve: Any
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "offset" in request.url.params:
            return httpx.Response(status, json=body)
        link = f"{BASE}7/plugininstances/?offset=1"
        return httpx.Response(
            200, json={"count": 2, "next": link, "results": [{"id": 1}]}
        )

    rows = serve(handler).instances.of_feed(7)
    assert (await anext(rows)).id == 1
    with pytest.raises(wanted):
        await anext(rows)


@pytest.mark.logs("skipped a row of")
async def test_a_broken_row_is_skipped_and_counted(serve: Any) -> None:
    rows = [{"id": 1}, {"title": "no id"}, "text", None, {"id": "x"}, {"id": 2}]

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"count": 6, "next": None, "results": rows})

    client = serve(handler)
    assert [i.id async for i in client.instances.search()] == [1, 2]
    assert client.skipped_rows == 4


async def test_rows_with_odd_values_are_read(serve: Any) -> None:
    row = {
        "id": "7",
        "title": None,
        "previous_id": None,
        "status": "neverHeardOf",
        "start_date": "yesterday",
        "size": 1.0,
        "cpu_limit": True,
        "surprise": {"a": 1},
    }

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=row)

    found = await serve(handler).instances.get(7)
    assert (found.id, found.title, found.previous_id) == (7, "", None)
    assert (found.start_date, found.size, found.cpu_limit) == (None, 1, 0)
    # an unknown status without "active" is one that runs
    assert found.active


async def test_the_next_page_of_nodes_is_asked_for_while_one_is_read(
    serve: Any,
) -> None:
    listing = Listing(list(range(25)), 10)
    nodes = serve(listing).instances.of_feed(1)
    first = await anext(nodes)
    await asyncio.sleep(0)
    assert first.id == 0
    await asyncio.sleep(0.05)
    assert listing.answers == 2
    assert len([first, *[node async for node in nodes]]) == 25
    assert listing.answers == 3


async def test_a_page_that_fails_ahead_of_time_fails_the_list(serve: Any) -> None:
    listing = Listing(list(range(25)), 10)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("offset") == "20":
            return httpx.Response(500)
        return listing(request)

    nodes = serve(handler).instances.of_feed(1)
    assert [(await anext(nodes)).id for _ in range(20)] == list(range(20))
    with pytest.raises(ServerFault):
        await anext(nodes)
