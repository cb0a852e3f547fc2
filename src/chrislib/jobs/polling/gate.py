"""How many requests may be sent: so many a minute, so many at a time.

Reading is paced; what a person asked for (submit, cancel, a note) is not, but it
too waits while the server has asked to be left alone.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TypeVar

from chrislib.aio import spawn
from chrislib.cube import pacing
from chrislib.cube.errors import (
    CubeError,
    Forbidden,
    NotFound,
    Refused,
    ServerFault,
    ServerUnreachable,
)
from chrislib.jobs.backends.base import Abilities, RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import RunIntent
from chrislib.jobs.polling.answer_times import AnswerTimes
from chrislib.jobs.polling.queries import Query, QueryResult
from chrislib.jobs.polling.server_time import ServerTime
from chrislib.jobs.steps import Observation

_T = TypeVar("_T")

PER_SECOND = 1.0
"""Requests for polling that an account sends in the long run: 60 a minute."""
BURST = 10
AT_ONCE = 2
"""Polls in flight per account."""
AT_ONCE_ALL = 8
"""Requests in flight over all accounts."""
ANSWER_SECONDS = 20.0
"""Without an answer for so long, a poll has failed."""
_LEAST_PAUSE = 0.001
TRIES = 3
"""Times one question is put to a server that fails at it (500)."""
BUSY = ("429", "503", "504")
"""Answers of a server that wants less of us, not the same again."""


class TokenBucket:
    """So many requests at once, and so many a second after that. Pure.

    Parameters
    ----------
    rate : float
        Tokens a second.
    burst : int
        Most tokens that are saved up.
    """

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at: float | None = None

    def spare(self, now: float) -> float:
        """Return how many tokens there are."""
        if self._at is None or now > self._at:
            gained = 0.0 if self._at is None else (now - self._at) * self._rate
            self._tokens = min(self._burst, self._tokens + gained)
            self._at = now
        return self._tokens

    def wait(self, now: float) -> float:
        """Return seconds until there is a token."""
        return max(0.0, (1.0 - self.spare(now)) / self._rate)

    def take(self, now: float) -> None:
        """Take a token that is there."""
        if self.spare(now) < 1.0 - 1e-9:
            raise RuntimeError("no token is left")
        self._tokens -= 1.0


class Gates:
    """The gates of all accounts, and what they share.

    Parameters
    ----------
    clock : Clock
    rate : float
        Requests a second per account.
    pause : float
        Longest pause before a failed question is put again, seconds.
    """

    def __init__(
        self, clock: Clock, *, rate: float = PER_SECOND, pause: float = 1.0
    ) -> None:
        self._clock = clock
        self._rate = rate
        self._pause = pause
        self._all = asyncio.Semaphore(AT_ONCE_ALL)
        self._gates: dict[tuple[str, str], Gate] = {}
        self._holds: dict[str, float] = {}

    def of(self, base_url: str, username: str) -> "Gate":
        """Return the gate of an account; the same one each time."""
        key = (base_url, username)
        if key not in self._gates:
            self._gates[key] = Gate(
                self._clock,
                server=base_url,
                holds=self._holds,
                everybody=self._all,
                rate=self._rate,
                pause=self._pause,
            )
        return self._gates[key]


class Gate:
    """What one account's requests go through; made by `Gates`."""

    def __init__(
        self,
        clock: Clock,
        *,
        server: str = "",
        holds: dict[str, float] | None = None,
        everybody: asyncio.Semaphore | None = None,
        rate: float = PER_SECOND,
        pause: float = 1.0,
    ) -> None:
        self.clock = clock
        self.pause = pause
        self.answers = AnswerTimes(clock)
        self._server = server
        self._holds = {} if holds is None else holds
        self._everybody = everybody or asyncio.Semaphore(AT_ONCE_ALL)
        self._mine = asyncio.Semaphore(AT_ONCE)
        self._bucket = TokenBucket(rate=rate, burst=BURST)
        self._line = asyncio.Lock()

    @property
    def held(self) -> float:
        """Seconds for which the server still wants to be left alone."""
        until = self._holds.get(self._server, 0.0)
        return max(0.0, until - self.clock.monotonic())

    def hold(self, seconds: float) -> None:
        """Leave the server alone for so long, with every account on it."""
        until = self.clock.monotonic() + seconds
        self._holds[self._server] = max(until, self._holds.get(self._server, 0.0))

    def can_spare(self, kept: float) -> bool:
        """Whether a request now would leave `kept` tokens to those that matter."""
        free = self._bucket.spare(self.clock.monotonic()) >= kept + 1.0
        return free and not self.held and not self._line.locked()

    async def token(self) -> None:
        """Wait for the leave to send one request, first come, first served.

        Raises
        ------
        ServerUnreachable
            The server has asked to be left alone.
        """
        async with self._line:
            while True:
                self._refuse_while_held()
                now = self.clock.monotonic()
                wait = self._bucket.wait(now)
                if wait <= 1e-9:
                    self._bucket.take(now)
                    return
                await self.clock.sleep(max(wait, _LEAST_PAUSE))

    @asynccontextmanager
    async def passing(self, *, paced: bool) -> AsyncIterator["Leave"]:
        """Hold a place for one call: among the account's polls and among all."""
        async with AsyncExitStack() as stack:
            if paced:
                await stack.enter_async_context(self._mine)
                # before the place among all: who waits for a token blocks nobody
                await self.token()
            else:
                self._refuse_while_held()
            await stack.enter_async_context(self._everybody)
            yield Leave(self, paced=paced)

    def _refuse_while_held(self) -> None:
        seconds = self.held
        if seconds > 0:
            raise ServerUnreachable(
                "The server has asked to be left alone for a while.",
                "Nothing was sent. Runs on the server go on.",
                hint=f"chrislib asks again in {seconds:.0f} s.",
                retryable=True,
                context={"sent": "no", "retry_after": f"{seconds:.1f}"},
            )


class Leave:
    """The leave of one call; its first request is paid for already."""

    def __init__(self, gate: Gate, *, paced: bool) -> None:
        self._gate = gate
        self._paced = paced
        self._prepaid = 1
        self.seconds: float | None = ANSWER_SECONDS if paced else None
        self.sent: float | None = None
        self.dates: list[tuple[float, float, datetime]] = []

    async def leave(self) -> None:
        """Return when the next request may be sent (see `Gate.token`)."""
        if self._prepaid:
            self._prepaid -= 1
        elif self._paced:
            await self._gate.token()
        self.sent = self._gate.clock.monotonic()

    def answered(self, date: datetime) -> None:
        """Take the time the server put on its answer."""
        if self.sent is not None:
            now = self._gate.clock.monotonic()
            self.dates.append((self.sent, now, date))


Report = Callable[[CubeError | None], None]
"""Gets what became of each call: None when the server answered."""


def gated(
    backend: RunBackend,
    gate: Gate,
    *,
    report: Report | None = None,
    server_time: ServerTime | None = None,
) -> "Gated":
    """Return `backend` so that each of its requests passes `gate`.

    Parameters
    ----------
    report : callable, optional
        Told after each call whether the server answered.
    server_time : ServerTime, optional
        Learns from each answer; by default one of its own.
    """
    times = server_time or ServerTime(gate.clock, backend.server_now)
    return Gated(backend, gate, report=report, server_time=times)


class Gated:
    """A `RunBackend` behind a gate; made by `gated`."""

    def __init__(
        self,
        backend: RunBackend,
        gate: Gate,
        *,
        report: Report | None,
        server_time: ServerTime,
    ) -> None:
        self._backend = backend
        self._report = report or (lambda _error: None)
        self.gate = gate
        self.server_time = server_time

    async def probe(self) -> str:
        """Ask the cheapest question there is (network); returns the server's uuid."""
        return await self._once(self._backend.probe)

    async def run(self, query: Query) -> QueryResult:
        """Put one question: exactly one request (network)."""
        return await self._once(lambda: self._backend.run(query))

    async def abilities(self) -> Abilities:
        """Return what the server says it is able to do (network)."""
        return await self._once(self._backend.abilities)

    async def look(self, remote_id: int) -> Observation:
        """Return one run (network)."""
        return await self._once(lambda: self._backend.look(remote_id))

    async def candidates(
        self, intent: RunIntent, *, since: float, known: Callable[[int], bool]
    ) -> list[Observation]:
        """Return own runs that this intent may have made since then (network)."""
        return await self._call(
            lambda: self._backend.candidates(intent, since=since, known=known),
            paced=True,
        )

    async def active(self) -> list[Observation]:
        """Return own runs that have not ended (network)."""
        return await self._call(self._backend.active, paced=True)

    async def finished_since(self, low: datetime) -> list[Observation]:
        """Return own runs whose end is not before `low` (network)."""
        return await self._call(lambda: self._backend.finished_since(low), paced=True)

    async def of_feed(self, feed_id: int) -> list[Observation]:
        """Return the runs of one feed (network)."""
        return await self._call(lambda: self._backend.of_feed(feed_id), paced=True)

    async def submit(self, intent: RunIntent) -> Observation:
        """Make the run by one request that is never repeated (network)."""
        return await self._call(lambda: self._backend.submit(intent), paced=False)

    async def cancel(self, remote_id: int) -> int:
        """Stop a run and its active descendants; returns how many (network)."""
        return await self._call(lambda: self._backend.cancel(remote_id), paced=False)

    async def write_note(self, feed_id: int, text: str) -> None:
        """Put the user's words into the note of a new feed (network)."""
        await self._call(lambda: self._backend.write_note(feed_id, text), paced=False)

    async def write_tags(self, feed_id: int, tags: Sequence[str]) -> None:
        """Put tags on a new feed, made where there are none of the name (network)."""
        await self._call(lambda: self._backend.write_tags(feed_id, tags), paced=False)

    def server_now(self) -> datetime:
        """Return the server's time; no request is made."""
        return self.server_time.now()

    async def through(self, work: Callable[[], Awaitable[_T]], *, paced: bool) -> _T:
        """Do what is no poll, each of its requests within what may be asked (network).

        Raises
        ------
        ServerUnreachable
            The server has asked to be left alone; nothing was sent.
        """
        return await self._call(work, paced=paced)

    async def _once(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Put one question; a server that fails at it is asked again in a moment.

        Were the whole tick begun again instead, a server that fails at each third
        question would never be asked the last ones.
        """
        for last in (*((False,) * (TRIES - 1)), True):
            try:
                return await self._call(work, paced=True, limit=ANSWER_SECONDS)
            except ServerFault as error:
                if last or error.context.get("status") in BUSY or self.gate.held:
                    raise
            await self.gate.clock.sleep(random.uniform(0.0, self.gate.pause))
        raise AssertionError("unreachable")

    async def _call(
        self,
        work: Callable[[], Awaitable[_T]],
        *,
        paced: bool,
        limit: float | None = None,
    ) -> _T:
        async with self.gate.passing(paced=paced) as leave:
            before = pacing.ticket.set(leave)
            try:
                result = await self._in_time(work, limit)
            except (Forbidden, NotFound, Refused):
                self._report(None)
                raise
            except CubeError as error:
                self._note_wait(error)
                self._report(error)
                raise
            finally:
                pacing.ticket.reset(before)
                for sent, received, date in leave.dates:
                    self.server_time.observe(sent=sent, received=received, date=date)
                    self.gate.answers.note(sent, received)
        self._report(None)
        return result

    def _note_wait(self, error: CubeError) -> None:
        if error.context.get("sent") == "no":
            return  # it is our own refusal, or there was no connection
        try:
            self.gate.hold(float(error.context.get("retry_after", "0")))
        except ValueError:
            return

    async def _in_time(
        self, work: Callable[[], Awaitable[_T]], limit: float | None
    ) -> _T:
        if limit is None:
            return await work()
        task = spawn(_awaited(work), name="jobs: request", on_error=lambda _error: None)
        sleeper = spawn(self.gate.clock.sleep(limit), name="jobs: answer in time")
        try:
            await asyncio.wait({task, sleeper}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise ServerUnreachable(
                "The server did not answer in time.",
                "Nothing was changed. Runs on the server go on.",
                hint="chrislib asks again by itself.",
                retryable=True,
                context={"sent": "yes", "cause": "ReadTimeout"},
            )
        finally:
            sleeper.cancel()
            task.cancel()


async def _awaited(work: Callable[[], Awaitable[_T]]) -> _T:
    return await work()
