"""The follower of services in virtual time, on a service scripted in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.errors import ChrislibError
from chrislib.jobs.codec import backend_of
from chrislib.jobs.extensions import Broken, Extensions
from chrislib.jobs.model import (
    Job,
    JobKey,
    Phase,
    Progress,
    Reach,
    Retention,
    ServiceIntent,
)
from chrislib.jobs.pace import Pace
from chrislib.jobs.protocols import (
    CredentialsNeeded,
    JobStatus,
    Manner,
    Order,
    Payload,
    Place,
    PurgeTicket,
    ServiceRefused,
    ServiceUnreachable,
)
from chrislib.jobs.services import Services
from chrislib.jobs.store import JobStore
from tests.sim.virtual import VirtualClock

pytestmark = pytest.mark.virtual_time

DOWN = ServiceUnreachable("down", sent=False)


@dataclass
class Script:
    """A service in memory; `errors` are raised by the method of that name, in turn."""

    manner: Manner = field(default_factory=lambda: Manner(batch=50))
    name: str = "scripted"
    place: Place = field(default_factory=lambda: Place("somewhere", "ada"))
    jobs: dict[str, JobStatus] = field(default_factory=dict)
    calls: list[tuple[str, int]] = field(default_factory=list)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    always: dict[str, Exception] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    forgets_keys: bool = False

    async def submit(self, order: Order) -> JobStatus:
        token = f"t{len(self.jobs)}"
        self.check("submit", made=lambda: self.made(token, order))
        self.made(token, order)
        return self.jobs[token]

    def made(self, token: str, order: Order) -> None:
        key = "" if self.forgets_keys else order.key
        title = getattr(order.intent, "title", "")
        self.jobs[token] = JobStatus(
            token, Phase.RUNNING, key=key, title=title, submitted_at=order.issued_at
        )

    async def observe(self, tokens: Sequence[str]) -> Mapping[str, JobStatus | None]:
        self.check("observe", len(tokens))
        return {t: self.jobs.get(t) for t in tokens if t not in self.lost}

    async def list_jobs(self) -> AsyncIterator[JobStatus]:
        self.check("list")
        for status in self.jobs.values():
            yield status

    async def cancel(self, token: str) -> Sequence[str]:
        self.check("cancel")
        self.set(token, Phase.CANCELLED)
        return [token]

    async def purge(self, token: str) -> PurgeTicket:
        self.check("purge")
        return PurgeTicket(done=False)

    def check(
        self, name: str, count: int = 1, made: Callable[[], None] | None = None
    ) -> None:
        self.calls.append((name, count))
        if name in self.always:
            raise self.always[name]
        if self.errors.get(name):
            error = self.errors[name].pop(0)
            if made is not None and getattr(error, "sent", False):
                made()
            raise error

    def set(self, token: str, phase: Phase, **more: Any) -> None:
        self.jobs[token] = JobStatus(token, phase, key=self.jobs[token].key, **more)

    def count(self, name: str) -> int:
        return sum(1 for call, _ in self.calls if call == name)


class Answering:
    """A service that takes jobs and keeps nothing of them."""

    name = "answering"
    place = Place("somewhere")
    manner = Manner(answer_timeout=100.0)

    def __init__(self) -> None:
        self.seconds = 5.0
        self.posts = 0
        self.error: Exception | None = None

    async def submit(self, order: Order) -> JobStatus:
        self.posts += 1
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return JobStatus("", Phase.FINISHED, result=Payload({"of": order.key}))


class Plugged:
    """Stands in for `Extensions`: what is in it is installed."""

    def __init__(self, *backends: Any) -> None:
        self.backends: dict[str, Any] = {b.name: b for b in backends}
        self.marshallers: dict[str, Any] = {}
        self.broken: tuple[Broken, ...] = ()
        self.loaded = False
        self._listeners: list[Callable[[], None]] = []

    async def load(self) -> None:
        self.loaded = True
        self.tell()

    def backend(self, name: str) -> Any:
        return self.backends.get(name)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def quarantine(self, group: str, name: str, *, reason: str) -> None:
        del self.backends[name]
        self.broken = (*self.broken, Broken(name, group, reason))
        self.tell()

    def tell(self) -> None:
        for listener in self._listeners:
            listener()


class Bench:
    """Services over a real catalog."""

    def __init__(self, path: Path, plugged: Plugged) -> None:
        self.path = path
        self.plugged = plugged
        self.clock = VirtualClock()
        self.logs: dict[JobKey, str] = {}

    async def start(self) -> "Bench":
        self.catalog = Catalog(self.path / "catalog.db")
        await self.catalog.open()
        self.store = JobStore(self.catalog.jobs, self.clock)
        await self.store.load()

        async def keep(key: JobKey, text: str) -> None:
            self.logs[key] = text

        self.services = Services(
            extensions=cast(Extensions, self.plugged),
            store=self.store,
            table=self.catalog.jobs,
            retention=self.catalog.retention,
            clock=self.clock,
            pace=Pace(),
            folder=self.path / "plugins",
            keep_log=keep,
        )
        self.services.start()
        await self.services.ready()
        return self

    async def stop(self) -> None:
        await self.services.stop()
        await self.catalog.close()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def job(self, key: JobKey) -> Job:
        found = self.store.get(key)
        assert found is not None
        return found.job

    async def submit(self, name: str = "scripted", title: str = "x") -> JobKey:
        return await self.services.submit(ServiceIntent(name, "do", {}, title))

    async def until(
        self, condition: Callable[[], object], seconds: float = 600.0
    ) -> float:
        began = self.clock.monotonic()
        while not condition():
            assert self.clock.monotonic() < began + seconds, "it did not happen"
            await asyncio.sleep(0.1)
        return self.clock.monotonic() - began

    async def phase(self, key: JobKey, phase: Phase) -> float:
        return await self.until(lambda: self.job(key).phase is phase)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
async def bench(
    tmp_path: Path, script: Script, answering: Answering
) -> AsyncIterator[Bench]:
    made = await Bench(tmp_path, Plugged(script, answering)).start()
    yield made
    await made.stop()


async def test_a_new_job_is_looked_at_soon_and_then_at_leisure(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    await asyncio.sleep(11)
    assert 3 <= script.count("observe") <= 6
    before = script.count("observe")
    await asyncio.sleep(600)
    # The period grows from 15 s to a minute while nothing happens.
    assert 8 <= script.count("observe") - before <= 30


async def test_nothing_is_asked_while_nothing_is_followed(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    script.set("t0", Phase.FINISHED)
    await bench.phase(key, Phase.FINISHED)
    calls = len(script.calls)
    await asyncio.sleep(3600)
    assert len(script.calls) == calls


async def test_many_jobs_one_by_one_stay_within_the_budget(
    tmp_path: Path,
) -> None:
    script = Script(Manner(batch=1, at_once=8))
    bench = await Bench(tmp_path, Plugged(script)).start()
    keys = [await bench.submit() for _ in range(150)]
    await bench.until(lambda: script.count("submit") == 150)
    taken = script.count("observe")
    script.calls.clear()
    await asyncio.sleep(600)
    assert taken + script.count("observe") <= 10 * 60 + 20
    # Everybody's turn comes all the same.
    script.set("t7", Phase.FINISHED)
    done = Phase.FINISHED
    await bench.until(lambda: any(bench.job(key).phase is done for key in keys), 600)
    await bench.stop()


async def test_retry_after_is_obeyed_in_full_even_when_asked_to_hurry(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    await asyncio.sleep(30)
    script.errors["observe"] = [ServiceUnreachable("busy", retry_after=120.0)]
    await bench.until(lambda: not script.errors["observe"])
    calls = len(script.calls)
    for _ in range(11):
        await asyncio.sleep(10)
        await bench.services.looked()
    assert len(script.calls) == calls
    await bench.until(lambda: len(script.calls) > calls, 30)


async def test_a_dead_service_is_left_alone_more_and_more_and_nothing_changes(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    script.always["observe"] = DOWN
    await bench.until(lambda: bench.job(key).reach is Reach.OFFLINE)
    await asyncio.sleep(300)
    calls = len(script.calls)
    await asyncio.sleep(3600)
    assert len(script.calls) - calls <= 3600 / 30 + 2
    assert bench.job(key).phase is Phase.RUNNING
    del script.always["observe"]
    script.set("t0", Phase.FINISHED)
    assert await bench.phase(key, Phase.FINISHED) <= 100
    assert bench.job(key).reach is Reach.FRESH


async def test_wishes_that_fail_do_not_keep_us_from_looking(
    bench: Bench, script: Script
) -> None:
    script.always["cancel"] = ServiceUnreachable("its cancel is broken")
    first, second = await bench.submit(), await bench.submit()
    await bench.phase(second, Phase.RUNNING)
    await bench.services.cancel(first)
    script.set("t1", Phase.FINISHED)
    await bench.phase(second, Phase.FINISHED)
    await asyncio.sleep(120)
    assert bench.job(first).reach is Reach.FRESH
    assert script.count("cancel") < 40
    del script.always["cancel"]
    await bench.phase(first, Phase.CANCELLED)


async def test_a_cancel_before_the_start_sends_nothing(
    bench: Bench, script: Script
) -> None:
    script.errors["submit"] = [DOWN]
    key = await bench.submit()
    await bench.until(lambda: script.count("submit") == 1)
    await bench.until(lambda: bench.job(key).phase is Phase.DRAFT)
    assert await bench.services.cancel(key) == 1
    await asyncio.sleep(600)
    assert bench.job(key).phase is Phase.CANCELLED
    assert script.count("submit") == 1


async def test_a_cancel_survives_a_restart(bench: Bench, script: Script) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    script.always["cancel"] = DOWN
    await bench.services.cancel(key)
    await bench.until(lambda: script.count("cancel") == 1)
    await bench.restart()
    del script.always["cancel"]
    await bench.phase(key, Phase.CANCELLED)


async def test_silence_about_a_token_says_nothing(bench: Bench, script: Script) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    script.lost.add("t0")
    await asyncio.sleep(3600)
    assert bench.job(key).phase is Phase.RUNNING


async def test_gone_needs_two_looks_half_a_minute_apart(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    status = script.jobs.pop("t0")
    await bench.services.looked()
    assert bench.job(key).phase is Phase.RUNNING
    script.jobs["t0"] = status
    await bench.services.looked()
    await asyncio.sleep(120)
    assert bench.job(key).phase is Phase.RUNNING
    del script.jobs["t0"]
    assert await bench.phase(key, Phase.GONE) >= 15


async def test_a_purge_is_done_when_the_service_says_so(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    with pytest.raises(ChrislibError, match="has not ended"):
        await bench.services.purge(key)
    script.set("t0", Phase.FINISHED)
    await bench.phase(key, Phase.FINISHED)
    script.errors["purge"] = [DOWN]
    await bench.services.purge(key)
    await bench.until(lambda: bench.job(key).retention is Retention.PURGING)
    await bench.restart()
    await asyncio.sleep(120)
    assert bench.job(key).retention is Retention.PURGING
    del script.jobs["t0"]
    await bench.until(lambda: bench.job(key).retention is Retention.PURGED)
    assert bench.job(key).phase is Phase.FINISHED
    assert script.count("purge") == 2


async def test_a_refused_purge_says_why_and_can_be_tried_again(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    script.set("t0", Phase.FINISHED)
    await bench.phase(key, Phase.FINISHED)
    script.errors["purge"] = [ServiceRefused("It is needed.", "By another.")]
    await bench.services.purge(key)
    await bench.until(lambda: bench.job(key).retention is Retention.PURGE_FAILED)
    assert bench.job(key).detail == "It is needed. By another."
    await bench.services.purge(key)
    await bench.until(lambda: bench.job(key).retention is Retention.PURGING)


@pytest.mark.parametrize("forgets_keys", [False, True])
@pytest.mark.logs("outcome of a submission")
async def test_lost_answers_of_like_jobs_are_paired_each_with_its_own(
    bench: Bench, script: Script, forgets_keys: bool
) -> None:
    script.forgets_keys = forgets_keys
    lost = ServiceUnreachable("the answer was lost", sent=True)
    script.errors["submit"] = [lost, lost, lost]
    keys = [await bench.submit() for _ in range(3)]
    await bench.until(lambda: all(bench.job(key).token for key in keys))
    assert {bench.job(key).token for key in keys} == {"t0", "t1", "t2"}
    assert script.count("submit") == 3
    if not forgets_keys:
        assert all(script.jobs[bench.job(k).token].key == k for k in keys)


@pytest.mark.logs("outcome of a submission")
async def test_an_older_job_of_the_same_title_is_not_taken_for_a_lost_one(
    bench: Bench, script: Script
) -> None:
    old = bench.clock.time() - 3600
    script.jobs["old"] = JobStatus("old", Phase.RUNNING, title="x", submitted_at=old)
    script.errors["submit"] = [RuntimeError("before it sent anything")]
    key = await bench.submit()
    await bench.phase(key, Phase.SUBMIT_UNCERTAIN)
    took = await bench.phase(key, Phase.NOT_SUBMITTED)
    # Three looks: 5, 30 and 120 s after.
    assert 119 <= took <= 140
    assert script.count("submit") == 1


async def test_a_stop_while_an_answer_is_awaited_is_looked_for_not_repeated(
    bench: Bench, script: Script
) -> None:
    original = script.submit

    async def slow(order: Order) -> JobStatus:
        status = await original(order)
        await asyncio.sleep(50)
        return status

    script.submit = slow  # type: ignore[method-assign]
    key = await bench.submit()
    await bench.until(lambda: script.count("submit") == 1)
    await bench.restart()
    await bench.phase(key, Phase.SUBMIT_UNCERTAIN)
    await bench.phase(key, Phase.RUNNING)
    assert script.count("submit") == 1


async def test_one_answer_at_a_time_may_take_long_and_is_kept(
    bench: Bench, answering: Answering, tmp_path: Path
) -> None:
    answering.seconds = 90.0
    key = await bench.submit("answering")
    assert await bench.phase(key, Phase.FINISHED) >= 89
    fetched = await bench.services.fetch(key, tmp_path / "out")
    assert key in fetched.files[0].path.read_text()


@pytest.mark.logs("outcome of a submission")
async def test_an_answer_that_never_comes_is_lost_and_said_to_be(
    bench: Bench, answering: Answering
) -> None:
    answering.seconds = 101.0
    key = await bench.submit("answering")
    await bench.phase(key, Phase.FAILED)
    assert bench.job(key).error_code == "LOST"
    assert answering.posts == 1


@pytest.mark.logs("could not be kept")
async def test_an_answer_the_disk_does_not_take_is_no_success(
    bench: Bench, answering: Answering, tmp_path: Path
) -> None:
    (tmp_path / "plugins").mkdir(exist_ok=True)
    (tmp_path / "plugins" / "answers").write_text("a file where a folder should be")
    key = await bench.submit("answering")
    await bench.phase(key, Phase.FAILED)
    assert "could not be kept" in bench.job(key).detail


async def test_a_refused_sign_in_is_told_once_and_asked_for_rarely(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    script.always["observe"] = CredentialsNeeded("who are you?")
    await bench.until(lambda: bench.job(key).reach is Reach.AUTH_REQUIRED)
    calls = len(script.calls)
    await asyncio.sleep(3600)
    assert len(script.calls) - calls <= 3600 / 90 + 1
    rows = await bench.catalog.jobs.inbox()
    assert [row.kind for row in rows] == ["AUTH"]
    del script.always["observe"]
    await bench.until(lambda: bench.job(key).reach is Reach.FRESH)


async def test_a_reopened_job_has_a_new_epoch(bench: Bench, script: Script) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    script.set("t0", Phase.RUNNING, status="odd", progress=Progress(3, 9, "files"))
    await bench.until(lambda: bench.job(key).progress is not None)
    assert bench.job(key).remote_status == "odd"
    # The same word of the service may mean something else later.
    script.set("t0", Phase.FINISHED, status="odd")
    await bench.phase(key, Phase.FINISHED)
    assert bench.job(key).epoch == 0


async def test_a_service_at_another_address_is_another_service(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    await bench.stop()
    moved = Script(place=Place("elsewhere", "ada"))
    moved.jobs["t0"] = JobStatus("t0", Phase.FINISHED)
    bench.plugged = Plugged(moved)
    await bench.start()
    assert bench.job(key).reach is Reach.NO_BACKEND
    await asyncio.sleep(600)
    assert bench.job(key).phase is Phase.RUNNING
    assert moved.calls == []


@pytest.mark.logs("plug-in scripted failed")
async def test_faults_in_a_row_set_a_plug_in_aside(
    bench: Bench, script: Script
) -> None:
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
    script.errors["observe"] = [ZeroDivisionError(), ZeroDivisionError()]
    await bench.until(lambda: not script.errors["observe"])
    script.set("t0", Phase.RUNNING, status="moved")
    await bench.until(lambda: bench.job(key).remote_status == "moved")
    assert bench.plugged.broken == ()
    script.always["observe"] = ZeroDivisionError()
    await bench.until(lambda: bench.plugged.broken)
    await bench.until(lambda: bench.job(key).reach is Reach.NO_BACKEND)
    assert bench.job(key).token == "t0"
    assert backend_of(bench.job(key).intent) == "scripted"


async def test_what_is_not_followed_here_says_so(bench: Bench) -> None:
    await bench.services.stop()
    with pytest.raises(ChrislibError, match="not followed here"):
        await bench.submit()
    await bench.services.looked()
    bench.services.start()
    await bench.services.ready()
    key = await bench.submit()
    await bench.phase(key, Phase.RUNNING)
