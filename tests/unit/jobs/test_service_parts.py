"""Payloads, answers, guards: the small parts of following services."""

import asyncio
import inspect
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.desktop.processes import ProcessMark, boot_id, started_at
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.marshal import (
    VALUES_LIMIT,
    Answers,
    Marshallers,
    NotMarshalled,
    from_json,
    to_json,
)
from chrislib.jobs.model import JobKey, Phase
from chrislib.jobs.protocols import (
    FileRef,
    JobStatus,
    Payload,
    ServiceError,
    ServiceRefused,
    ServiceUnreachable,
)
from chrislib.jobs.serving.calls import PluginFault, checked, guarded, observed
from tests.sim.virtual import VirtualClock

KEY = JobKey("00000000-0000-7000-8000-000000000001")
NAMES = st.sampled_from(["a", "ä b", "", "\u2028"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=5,
)


@settings(max_examples=50)
@given(values=st.dictionaries(NAMES, PLAIN), path=st.text(min_size=1, max_size=9))
def test_a_payload_comes_back_as_it_was(values: dict[str, Any], path: str) -> None:
    payload = Payload(values, (FileRef(path, "text/plain", 3, "ab"),))
    assert from_json(to_json(payload)) == payload


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(["values", "files", "x"]), PLAIN))
def test_a_payload_of_another_version_is_read_as_far_as_it_goes(
    data: dict[str, Any],
) -> None:
    found = from_json(data)
    assert all(isinstance(file, FileRef) for file in found.files)


@pytest.mark.parametrize(
    "values",
    [{"a": object()}, {"a": float("nan")}, {"a": b"pixels"}, {"a": "x" * VALUES_LIMIT}],
)
def test_images_and_objects_are_no_payload(values: dict[str, Any]) -> None:
    with pytest.raises(NotMarshalled):
        to_json(Payload(values))


async def test_files_and_folders_become_references(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.dcm").write_bytes(b"12345")
    (tmp_path / "in" / "deep" / "b.txt").write_bytes(b"1")
    marshallers = Marshallers(dict)
    intent = await marshallers.intent("s", "do", subject=tmp_path / "in", title="t")
    files = from_json(intent.payload).files
    assert [(Path(f.path).name, f.size) for f in files] == [("a.dcm", 5), ("b.txt", 1)]
    both = [tmp_path / "in" / "a.dcm", tmp_path / "in" / "deep" / "b.txt"]
    again = await marshallers.intent("s", "do", subject=both)
    assert from_json(again.payload).files == files
    useless: tuple[object, ...] = (tmp_path / "none", [], 5, None, b"bytes")
    for nothing in useless:
        with pytest.raises(NotMarshalled):
            await marshallers.intent("s", "do", subject=nothing)


class Odd:
    """A marshaller that fails in one way or another."""

    def __init__(self, *, accepts: bool) -> None:
        self._accepts = accepts

    def accepts(self, _operation: str, _subject: object) -> int:
        if not self._accepts:
            raise ZeroDivisionError
        return 9

    async def marshal(self, _operation: str, _subject: object) -> Payload:
        raise ZeroDivisionError


@pytest.mark.logs("marshaller odd failed")
async def test_a_marshaller_that_fails_is_said_or_left_out() -> None:
    left_out = Marshallers(lambda: {"odd": Odd(accepts=False)})
    intent = await left_out.intent("s", "do", subject={"a": 1})
    assert from_json(intent.payload).values == {"a": 1}
    with pytest.raises(NotMarshalled, match="ZeroDivisionError"):
        await Marshallers(lambda: {"odd": Odd(accepts=True)}).intent(
            "s", "do", subject={"a": 1}
        )


async def test_an_answer_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "answers")
    assert await answers.get(KEY) is None
    await answers.keep(KEY, Payload({"n": 1}))
    assert await Answers(tmp_path / "answers").get(KEY) == Payload({"n": 1})
    with pytest.raises(NotMarshalled):
        await answers.keep(KEY, Payload({"n": b""}))
    assert await answers.get(KEY) == Payload({"n": 1})
    await answers.keep(JobKey("../../outside"), Payload({"n": 2}))
    assert [path.name for path in tmp_path.iterdir()] == ["answers"]
    await answers.forget(KEY)
    assert await answers.get(KEY) is None


async def fails(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ServiceRefused("no"), ServiceRefused),
        (ConnectionResetError("gone"), ServiceUnreachable),
        (TimeoutError(), ServiceUnreachable),
        (ZeroDivisionError("x"), PluginFault),
        (SystemExit(3), PluginFault),
        (KeyboardInterrupt(), PluginFault),
        (asyncio.CancelledError(), PluginFault),
        (RecursionError("deep"), PluginFault),
    ],
)
async def test_whatever_a_plug_in_raises_is_a_word_or_a_fault(
    error: BaseException, expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        await guarded(fails(error), clock=SystemClock(), limit=5, name="x")


@pytest.mark.virtual_time
async def test_a_call_that_hangs_is_given_up() -> None:
    clock = VirtualClock()
    began = clock.monotonic()
    stopped = asyncio.Event()

    async def hangs() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            stopped.set()

    with pytest.raises(ServiceUnreachable) as caught:
        await guarded(hangs(), clock=clock, limit=30, name="x")
    assert caught.value.sent
    assert clock.monotonic() - began == pytest.approx(30)
    await asyncio.wait_for(stopped.wait(), 1)


async def test_a_call_cancelled_before_it_began_leaves_nothing_open() -> None:
    async def never() -> None:
        raise AssertionError("it was cancelled")

    work = never()
    call = guarded(work, clock=SystemClock(), limit=5, name="x")
    task = asyncio.get_running_loop().create_task(call)
    await asyncio.sleep(0)
    for other in asyncio.all_tasks() - {asyncio.current_task()}:
        other.cancel()  # so does the end of the program
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert inspect.getcoroutinestate(work) == inspect.CORO_CLOSED


@pytest.mark.virtual_time
async def test_giving_up_a_call_ends_it() -> None:
    stopped = asyncio.Event()

    async def hangs() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            stopped.set()

    work: Coroutine[Any, Any, None] = guarded(
        hangs(), clock=VirtualClock(), limit=1e5, name="x"
    )
    task = asyncio.get_running_loop().create_task(work)
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(stopped.wait(), 1)


@pytest.mark.parametrize(
    "status",
    [
        None,
        "FINISHED",
        JobStatus("t", "FINISHED"),  # type: ignore[arg-type]
        JobStatus(7, Phase.RUNNING),  # type: ignore[arg-type]
        JobStatus("", Phase.RUNNING),
        JobStatus("t" * 501, Phase.RUNNING),
        JobStatus("t", Phase.DRAFT),
        JobStatus("t", Phase.NOT_SUBMITTED),
        JobStatus("t", Phase.GONE),
        JobStatus("other", Phase.RUNNING),
        JobStatus("t", Phase.RUNNING, intent="x"),  # type: ignore[arg-type]
    ],
)
def test_nonsense_is_a_fault(status: object) -> None:
    with pytest.raises(PluginFault):
        checked(status, token="t")


async def test_one_unknown_token_spoils_no_other() -> None:
    class Strict:
        async def observe(self, tokens: tuple[str, ...]) -> dict[str, JobStatus]:
            from chrislib.jobs.protocols import UnknownToken

            if "b" in tokens:
                raise UnknownToken("no such job")
            return {token: JobStatus(token, Phase.RUNNING) for token in tokens}

    found = await observed(Strict(), ("a", "b", "c"))
    assert {t: s and s.token for t, s in found.items()} == {
        "a": "a",
        "b": None,
        "c": "c",
    }


def test_errors_of_services_are_errors_of_chrislib() -> None:
    error = ServiceUnreachable("It is down.", "Nothing came.", hint="Wait.")
    assert isinstance(error, ServiceError)
    assert (error.title, error.detail, error.hint) == (
        "It is down.",
        "Nothing came.",
        "Wait.",
    )
    assert error.retryable


def test_a_mark_tells_this_process_from_every_other() -> None:
    us = ProcessMark.of(os.getpid())
    assert us.alive
    assert not us.replaced
    assert not us.rebooted
    later = ProcessMark(us.pid, "1", us.boot)
    assert not later.alive
    assert later.replaced
    before = ProcessMark(us.pid, us.started, "another boot")
    assert before.rebooted
    assert not before.alive
    nobody = ProcessMark(2**22 + 1, us.started, us.boot)
    assert not nobody.alive
    assert not nobody.replaced
    assert not ProcessMark(us.pid, "", us.boot).alive
    assert boot_id()
    assert started_at(2**22 + 1) == ""
