"""Who is asked before a request leaves, and for how long none may."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from chrislib.cube import pacing
from chrislib.cube.answers import retry_after
from chrislib.cube.client import CubeClient
from chrislib.cube.errors import NotACube, ServerFault, ServerUnreachable

HERE = "http://here/api/v1/"
NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


class Ticket:
    """Counts what leaves and keeps the dates that come back."""

    seconds: float | None = 7.0

    def __init__(self) -> None:
        self.left = 0
        self.dates: list[datetime] = []

    async def leave(self) -> None:
        self.left += 1

    def answered(self, date: datetime) -> None:
        self.dates.append(date)


def client(answer: Callable[[httpx.Request], httpx.Response]) -> CubeClient:
    return CubeClient(HERE, token="t", transport=httpx.MockTransport(answer))


async def under(ticket: Ticket, work: Awaitable[object]) -> object:
    before = pacing.ticket.set(ticket)
    try:
        return await work
    finally:
        pacing.ticket.reset(before)


async def test_each_request_asks_for_leave_repeated_reads_too() -> None:
    broken = [True]
    patience: list[object] = []

    def answer(request: httpx.Request) -> httpx.Response:
        patience.append(request.extensions["timeout"]["read"])
        if broken:
            broken.pop()
            raise httpx.ReadError("reset", request=request)
        return httpx.Response(
            200, json={"uuid": "u-1"}, headers={"Date": format_datetime(NOW)}
        )

    ticket = Ticket()
    async with client(answer) as cube:
        assert await under(ticket, cube.incarnation()) == "u-1"
        assert ticket.left == 2
        assert ticket.dates == [NOW]
        assert patience == [7.0, 7.0]
        assert await cube.incarnation() == "u-1"
    assert ticket.left == 2
    assert patience[-1] == 30.0


async def test_what_gets_no_leave_is_not_sent() -> None:
    class Refusing(Ticket):
        async def leave(self) -> None:
            raise ServerUnreachable("later", context={"sent": "no"})

    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    async with client(answer) as cube:
        with pytest.raises(ServerUnreachable):
            await under(Refusing(), cube.incarnation())
    assert sent == []


async def test_an_answer_without_a_uuid_is_no_cubes() -> None:
    async with client(lambda _request: httpx.Response(200, json={"a": 1})) as cube:
        with pytest.raises(NotACube):
            await cube.incarnation()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": " 5 "}, 5.0),
        (
            {
                "retry-after": format_datetime(NOW + timedelta(seconds=90)),
                "date": format_datetime(NOW),
            },
            90.0,
        ),
        (
            {
                "retry-after": format_datetime(NOW - timedelta(seconds=90)),
                "date": format_datetime(NOW),
            },
            0.0,
        ),
        ({}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
    ],
)
def test_retry_after_comes_in_two_forms(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(httpx.Headers(headers)) == seconds


async def test_the_wish_to_be_left_alone_is_part_of_the_error() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(503, headers={"Retry-After": "33"})

    async with client(answer) as cube:
        with pytest.raises(ServerFault) as caught:
            await cube.incarnation()
    assert caught.value.context["retry_after"] == "33"
