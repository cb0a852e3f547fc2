"""The budget of requests: so many a minute, so many at once, none when told so."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.cube import pacing
from chrislib.cube.errors import (
    CubeError,
    NotFound,
    ServerFault,
    ServerUnreachable,
)
from chrislib.jobs.polling.breaker import Breaker, Limits, State
from chrislib.jobs.polling.gate import (
    ANSWER_SECONDS,
    AT_ONCE,
    AT_ONCE_ALL,
    BURST,
    Gates,
    TokenBucket,
    gated,
)
from chrislib.jobs.polling.server_time import ServerTime
from chrislib.jobs.steps import Observation
from tests.sim.virtual import VirtualClock, run_virtual

HERE = "http://here/api/v1/"
SEEN = Observation(1, "started", "", sent=0, received=0, source="point")


class Server:
    """A backend that notes when it is asked, and answers as it is told."""

    def __init__(self, clock: VirtualClock, seconds: float = 0.0) -> None:
        self.clock = clock
        self.seconds = seconds
        self.asked: list[float] = []
        self.inside = self.most = 0
        self.requests_per_call = 1
        self.error: CubeError | None = None

    async def look(self, _remote_id: int) -> Observation:
        return await self._answer()

    async def probe(self) -> str:
        await self._answer()
        return "uuid"

    async def candidates(self, _intent: Any, **_more: Any) -> list[Observation]:
        return [await self._answer()]

    async def submit(self, _intent: Any) -> Observation:
        return await self._answer()

    def server_now(self) -> datetime:
        return datetime(2000, 1, 1, tzinfo=UTC)

    async def _answer(self) -> Observation:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            for _ in range(self.requests_per_call):
                ticket = pacing.ticket.get()
                if ticket is not None:
                    await ticket.leave()
                self.asked.append(self.clock.monotonic())
                await self.clock.sleep(self.seconds)
                if ticket is not None:
                    ticket.answered(datetime.fromtimestamp(self.clock.time(), UTC))
            if self.error is not None:
                raise self.error
            return SEEN
        finally:
            self.inside -= 1

    def most_in(self, seconds: float) -> int:
        """Return the most requests in any window."""
        return max(
            sum(1 for at in self.asked if begin <= at < begin + seconds)
            for begin in self.asked
        )


def gated_server(
    clock: VirtualClock, seconds: float = 0.0, user: str = "a", **more: Any
) -> tuple[Server, Any]:
    """Return a server and what its requests go through."""
    server = Server(clock, seconds)
    gates = more.pop("gates", None) or Gates(clock)
    return server, gated(server, gates.of(HERE, user), **more)  # type: ignore[arg-type]


@pytest.mark.virtual_time
async def test_a_burst_of_ten_then_one_a_second() -> None:
    clock = VirtualClock()
    server, backend = gated_server(clock)
    began = clock.monotonic()
    await asyncio.gather(*(backend.look(1) for _ in range(30)))
    assert server.most_in(0.5) == BURST
    assert server.asked[-1] - began == pytest.approx(20, abs=0.1)
    assert server.asked == sorted(server.asked)


@pytest.mark.virtual_time
async def test_each_request_of_a_call_is_paid_for() -> None:
    clock = VirtualClock()
    server, backend = gated_server(clock)
    server.requests_per_call = 25
    began = clock.monotonic()
    await backend.candidates(None, since=0.0, known=lambda _i: False)
    assert len(server.asked) == 25
    assert server.asked[-1] - began == pytest.approx(15, abs=0.1)


@pytest.mark.virtual_time
async def test_what_a_person_asks_for_is_not_paced() -> None:
    clock = VirtualClock()
    _, backend = gated_server(clock)
    began = clock.monotonic()
    await asyncio.gather(*(backend.look(1) for _ in range(BURST)))
    await asyncio.gather(*(backend.submit(None) for _ in range(40)))
    assert clock.monotonic() == began


@pytest.mark.virtual_time
async def test_two_polls_an_account_and_eight_in_all_are_in_flight() -> None:
    clock = VirtualClock()
    gates = Gates(clock)
    pairs = [gated_server(clock, 2.0, f"u{n}", gates=gates) for n in range(6)]
    inside: list[int] = []

    async def count() -> None:
        while True:
            inside.append(sum(server.inside for server, _ in pairs))
            await clock.sleep(0.25)

    counting = asyncio.ensure_future(count())
    await asyncio.gather(*(b.look(1) for _, b in pairs for _ in range(4)))
    counting.cancel()
    assert max(server.most for server, _ in pairs) == AT_ONCE
    assert max(inside) == AT_ONCE_ALL


@pytest.mark.virtual_time
async def test_retry_after_is_obeyed_in_full_by_every_account_of_the_server() -> None:
    clock = VirtualClock()
    gates = Gates(clock)
    server, backend = gated_server(clock, gates=gates)
    twin, other = gated_server(clock, user="b", gates=gates)
    server.error = ServerFault("busy", context={"status": "429", "retry_after": "120"})
    with pytest.raises(ServerFault):
        await backend.look(1)
    server.error = None
    for _ in range(119):
        for call in (backend.look, other.look, backend.submit):
            with pytest.raises(ServerUnreachable) as caught:
                await call(1)
            assert caught.value.context["sent"] == "no"
        await clock.sleep(1)
    assert (len(server.asked), len(twin.asked)) == (1, 0)
    await clock.sleep(1.01)
    await backend.look(1)
    await other.look(1)
    assert (len(server.asked), len(twin.asked)) == (2, 1)


@pytest.mark.virtual_time
async def test_a_server_that_says_nothing_has_failed_after_twenty_seconds() -> None:
    clock = VirtualClock()
    reports: list[CubeError | None] = []
    _, backend = gated_server(clock, 10_000.0, report=reports.append)
    began = clock.monotonic()
    with pytest.raises(ServerUnreachable):
        await backend.look(1)
    assert clock.monotonic() - began == pytest.approx(ANSWER_SECONDS)
    assert [type(error) for error in reports] == [ServerUnreachable]


@pytest.mark.virtual_time
async def test_a_refusal_is_an_answer() -> None:
    clock = VirtualClock()
    reports: list[CubeError | None] = []
    server, backend = gated_server(clock, report=reports.append)
    server.error = NotFound("gone")
    with pytest.raises(NotFound):
        await backend.look(1)
    assert reports == [None]


@pytest.mark.virtual_time
async def test_a_place_is_given_back_whatever_happens() -> None:
    clock = VirtualClock()
    server, backend = gated_server(clock, 5.0)
    for _ in range(4):
        waiting = asyncio.ensure_future(backend.look(1))
        await clock.sleep(1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.gather(*(backend.look(1) for _ in range(AT_ONCE)))
    assert server.inside == 0


@pytest.mark.virtual_time
async def test_looks_at_the_screen_leave_tokens_to_those_that_matter() -> None:
    clock = VirtualClock()
    _, backend = gated_server(clock)
    taken = 0
    while backend.gate.can_spare(4.0):
        await backend.look(1)
        taken += 1
    assert taken == BURST - 4
    backend.gate.hold(5)
    await clock.sleep(4)
    assert not backend.gate.can_spare(0.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.0, 20.0), min_size=1, max_size=120))
def test_no_minute_holds_more_than_the_bucket(pauses: list[float]) -> None:
    async def play() -> None:
        clock = VirtualClock()
        server, backend = gated_server(clock)
        calls = []
        for pause in pauses:
            await clock.sleep(pause)
            calls.append(asyncio.ensure_future(backend.look(1)))
        await asyncio.gather(*calls)
        assert len(server.asked) == len(pauses)
        assert server.most_in(60.0) <= 60 + BURST
        assert server.most_in(1.0) <= 1 + BURST

    run_virtual(play())


@given(
    st.floats(0.1, 10),
    st.integers(1, 20),
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_a_bucket_gives_no_more_than_it_got(
    rate: float, burst: int, pauses: list[float]
) -> None:
    bucket, now, given_out = TokenBucket(rate=rate, burst=burst), 0.0, 0
    for pause in pauses:
        now += pause
        while bucket.wait(now) <= 0:
            bucket.take(now)
            given_out += 1
        assert given_out <= burst + rate * now + 1e-6
        assert 0 <= bucket.spare(now) < 1


# The breaker.

Event = tuple[str, float]


@given(
    st.lists(
        st.tuples(st.sampled_from(["fail", "answer", "hurry"]), st.floats(0, 400)),
        max_size=60,
    ),
    st.integers(),
)
def test_the_breaker_opens_at_five_in_a_row_and_closes_at_an_answer(
    events: list[Event], seed: int
) -> None:
    breaker = Breaker(Limits(), random.Random(seed))
    now, row = 0.0, 0
    for what, pause in events:
        now += pause
        if what == "answer":
            breaker.succeeded()
            row = 0
            assert breaker.wait(now) == 0
        elif what == "hurry":
            breaker.hurry()
            assert breaker.wait(now) == 0
        else:
            row += breaker.wait(now) == 0
            breaker.failed(now)
            assert 0 <= breaker.wait(now) <= 300
            if breaker.state is State.OPEN:
                assert breaker.retry_at - now <= 90
        assert (breaker.state is State.OPEN) == (row >= 5)
        assert breaker.failures == row


@given(st.integers(1, 4), st.integers())
def test_pauses_have_full_jitter(failures: int, seed: int) -> None:
    breaker, now = Breaker(Limits(), random.Random(seed)), 0.0
    for number in range(failures):
        breaker.failed(now)
        assert breaker.wait(now) <= 5 * 2**number
        now = breaker.retry_at


def test_probes_come_every_thirty_to_ninety_seconds() -> None:
    breaker, now = Breaker(Limits(), random.Random(1)), 0.0
    waits = []
    for _ in range(60):
        breaker.failed(now)
        waits.append(breaker.wait(now))
        now = breaker.retry_at
    assert all(30 <= wait <= 90 for wait in waits[4:])
    assert max(waits[4:]) - min(waits[4:]) > 40


def test_what_was_lost_together_counts_once() -> None:
    breaker = Breaker(Limits(), random.Random(3))
    for _ in range(10):
        breaker.failed(0.0)
    assert breaker.failures == 1
    assert breaker.failed(0.0, least=120.0) is False
    assert breaker.wait(0.0) >= 120


# The server's time.


def served(clock: VirtualClock, times: ServerTime, *, ahead: float) -> None:
    """Let an answer bring a date."""
    date = datetime.fromtimestamp(clock.true_time() + ahead, UTC)
    now = clock.monotonic()
    times.observe(sent=now - 0.2, received=now + 0.2, date=date)


@pytest.mark.virtual_time
async def test_the_median_of_nine_is_not_moved_by_one_wrong_answer() -> None:
    clock = VirtualClock()
    times = ServerTime(clock, lambda: datetime(2000, 1, 1, tzinfo=UTC))
    assert times.now().year == 2000
    for number in range(9):
        served(clock, times, ahead=9000.0 if number in (2, 5) else 30.0)
    true = datetime.fromtimestamp(clock.true_time(), UTC)
    assert times.now() - true == pytest.approx(
        timedelta(seconds=30), abs=timedelta(seconds=1)
    )
    assert times.skew == pytest.approx(30, abs=1)


@pytest.mark.virtual_time
async def test_setting_the_computers_clock_does_not_change_server_time() -> None:
    clock = VirtualClock()
    times = ServerTime(clock, lambda: datetime(2000, 1, 1, tzinfo=UTC))
    served(clock, times, ahead=0.0)
    for error in (86_400.0, -3_600.0):
        clock.wall_error = error
        await clock.sleep(10)
        true = datetime.fromtimestamp(clock.true_time(), UTC)
        assert abs(times.now() - true) < timedelta(seconds=1)
        assert times.skew == pytest.approx(-error, abs=1)
    times.forget()
    assert times.now().year == 2000
