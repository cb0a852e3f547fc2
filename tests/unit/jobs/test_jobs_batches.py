"""Batches: written first, sent a few at a time, paused, resumed, counted, told once."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.cube.errors import Refused, ServerFault, ServerUnreachable
from chrislib.errors import ChrislibError
from chrislib.jobs.model import JobChange, Phase, RunIntent
from chrislib.jobs.submission.batches import REFUSALS
from chrislib.jobs.submission.chains import Chain
from chrislib.jobs.submission.held import Next

Bench = Any
ACTIONS = ["pause", "resume", "restart", "wait"]


@pytest.fixture(autouse=True)
def _unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chrislib.jobs.submission.outbox.PER_SECOND", 2000.0)


def many(intent: RunIntent, count: int) -> list[RunIntent]:
    return [replace(intent, parameters={"prefix": f"p{n}"}) for n in range(count)]


async def test_nothing_is_sent_before_all_is_written(
    bench: Bench, intent: RunIntent
) -> None:
    drafts = 0
    early: list[int] = []

    def watch(changes: tuple[JobChange, ...]) -> None:
        nonlocal drafts
        drafts += sum(1 for c in changes if c.before is None)
        if any(c.after.phase is Phase.SUBMITTING for c in changes) and drafts < 1200:
            early.append(drafts)

    bench.jobs.subscribe(watch)
    key = await bench.jobs.batches.submit(many(intent, 1200), "study")
    await bench.until(lambda: bench.jobs.batches.get(key).sent >= 5)
    assert early == []
    await bench.jobs.batches.cancel(key)


async def test_a_batch_is_counted_and_told_once(
    bench: Bench, intent: RunIntent
) -> None:
    key = await bench.jobs.batches.submit(many(intent, 12), "study")
    await bench.until(lambda: bench.jobs.batches.get(key).sent == 12)
    assert len(bench.server.posts) == 12
    for number in range(1, 11):
        bench.server.set(number, "finishedSuccessfully")
    for number in (11, 12):
        bench.server.set(number, "finishedWithError")
    await bench.until(lambda: bench.jobs.batches.get(key).state == "DONE")
    view = bench.jobs.batches.get(key)
    assert (view.done, view.failed, view.uncertain, view.waiting) == (10, 2, 0, 0)
    rows = [r for r in await bench.jobs.inbox() if r.dedupe_key.startswith("batch:")]
    assert [(r.kind, r.title, r.text) for r in rows] == [
        ("ERRORS", "study", "10 finished, 2 did not.")
    ]
    await bench.restart()
    assert bench.jobs.batches.get(key) == view
    rows = [r for r in await bench.jobs.inbox() if r.dedupe_key.startswith("batch:")]
    assert len(rows) == 1


async def test_never_more_than_four_under_way(bench: Bench, intent: RunIntent) -> None:
    bench.server.post_delay = 0.02
    most = 0

    def watch(_changes: object) -> None:
        nonlocal most
        now = Counter(job.phase for job in bench.jobs.jobs())
        most = max(most, now[Phase.SUBMITTING])

    bench.jobs.subscribe(watch)
    key = await bench.jobs.batches.submit(many(intent, 30), "study")
    await bench.until(lambda: bench.jobs.batches.get(key).sent == 30)
    assert most == 4


async def test_a_run_on_its_own_does_not_wait_for_a_batch(
    bench: Bench, intent: RunIntent
) -> None:
    bench.server.post_delay = 0.02
    key = await bench.jobs.batches.submit(many(intent, 60), "study")
    await bench.until(lambda: len(bench.server.posts) >= 2)
    await bench.jobs.submit(replace(intent, parameters={"prefix": "mine"}))
    await bench.until(
        lambda: {"prefix": "mine"} in [p.parameters for p in bench.server.posts]
    )
    assert len(bench.server.posts) < 20
    await bench.jobs.batches.cancel(key)


async def test_the_rest_of_a_batch_is_taken_back(
    bench: Bench, intent: RunIntent
) -> None:
    bench.server.post_delay = 0.02
    key = await bench.jobs.batches.submit(many(intent, 40), "study")
    await bench.until(lambda: bench.jobs.batches.get(key).sent >= 3)
    taken = await bench.jobs.batches.cancel(key)
    await bench.until(
        lambda: (
            bench.jobs.batches.get(key).sent == len(bench.server.posts) == 40 - taken
        )
    )
    for number in bench.server.runs:
        bench.server.set(number, "finishedSuccessfully")
    await bench.until(lambda: bench.jobs.batches.get(key).ended_at)
    view = bench.jobs.batches.get(key)
    assert (view.state, view.done, view.cancelled) == ("CANCELLED", 40 - taken, taken)
    assert len(bench.server.posts) == 40 - taken


async def test_a_batch_nobody_accepts_is_paused(
    bench: Bench, intent: RunIntent
) -> None:
    refusal = Refused("no", hint="The plugin is gone.", fields={"prefix": "no"})
    bench.server.post_errors = [(refusal, False)] * 500
    key = await bench.jobs.batches.submit(many(intent, 500), "study")
    await bench.until(lambda: bench.jobs.batches.get(key).detail)
    view = bench.jobs.batches.get(key)
    assert view.state == "PAUSED"
    assert "The plugin is gone." in view.detail
    assert REFUSALS <= len(bench.server.posts) <= REFUSALS + 4
    bench.server.post_errors = []
    await bench.jobs.batches.resume(key)
    await bench.until(lambda: bench.jobs.batches.get(key).waiting < 480)
    await bench.jobs.batches.cancel(key)


@pytest.mark.logs("outcome of a submission unknown")
async def test_a_server_in_trouble_is_not_given_more(
    bench: Bench, intent: RunIntent
) -> None:
    fault = ServerFault("500", context={"status": "500"})
    bench.server.post_errors = [(fault, True)]
    key = await bench.jobs.batches.submit(many(intent, 30), "study")
    await bench.until(lambda: bench.server.posts)
    await bench.until(lambda: bench.jobs.batches.get(key).uncertain == 1)
    # In flight beside it there may have been three others.
    assert len(bench.server.posts) <= 4
    await bench.until(lambda: bench.jobs.batches.get(key).sent == 30)
    assert len(bench.server.posts) == 30


async def test_an_outage_stops_a_batch_and_its_end_resumes_it(
    bench: Bench, intent: RunIntent
) -> None:
    bench.server.post_delay = 0.01
    key = await bench.jobs.batches.submit(many(intent, 40), "study")
    await bench.until(lambda: bench.jobs.batches.get(key).sent >= 4)
    bench.server.down = ServerUnreachable("down", context={"sent": "no"})
    await bench.until(lambda: bench.jobs.batches.get(key).waiting > 0)
    bench.server.down = None
    await bench.until(lambda: bench.jobs.batches.get(key).sent == 40, 20)
    assert len(bench.server.posts) == 40


async def test_a_batch_cut_off_while_it_was_written_waits(
    bench: Bench, intent: RunIntent, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chrislib.jobs.submission import submit

    real, calls = submit.Submitter.journal, [0]

    async def journal(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] > 1:
            await asyncio.sleep(3600)
        return await real(self, *args, **kwargs)

    monkeypatch.setattr(submit.Submitter, "journal", journal)
    writing = asyncio.ensure_future(
        bench.jobs.batches.submit(many(intent, 700), "study")
    )
    await bench.until(lambda: len(bench.jobs.jobs()) == 500)
    writing.cancel()
    await bench.restart()
    (view,) = bench.jobs.batches.batches()
    assert (view.state, view.written, view.total) == ("PAUSED", 500, 700)
    assert "500 of 700" in view.detail
    assert bench.server.posts == []
    monkeypatch.undo()
    await bench.jobs.batches.resume(view.key)
    assert bench.jobs.batches.get(view.key).total == 500
    await bench.jobs.batches.cancel(view.key)


async def test_nothing_to_run_is_said(bench: Bench) -> None:
    with pytest.raises(ChrislibError, match="nothing to run"):
        await bench.jobs.batches.submit([], "study")


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(actions=st.lists(st.sampled_from(ACTIONS), max_size=6))
async def test_paused_and_resumed_at_any_point_each_run_is_sent_once(
    make_bench: Callable[[], Any], intent: RunIntent, actions: list[str]
) -> None:
    bench = await make_bench()
    try:
        bench.server.post_delay = 0.002
        key = await bench.jobs.batches.submit(many(intent, 25), "study")
        for action in actions:
            if action == "pause":
                await bench.jobs.batches.pause(key)
            elif action == "resume":
                await bench.jobs.batches.resume(key)
            elif action == "restart":
                await bench.restart()
            else:
                await asyncio.sleep(0.01)
        await bench.jobs.batches.resume(key)
        await bench.until(lambda: bench.jobs.batches.get(key).sent == 25, 20)
        sent = Counter(p.parameters["prefix"] for p in bench.server.posts)
        assert set(sent.values()) == {1}
        assert len(sent) == 25
    finally:
        await bench.stop()


def chains(intent: RunIntent, count: int) -> list[Chain]:
    """Return feeds of two runs one behind the other, like a recipe on many."""
    root = replace(intent, plugin_type="fs", previous_id=None, feed_id=None)
    step = replace(intent, previous_id=None, feed_id=None)
    return [
        Chain(
            replace(root, parameters={"dir": f"d{n}"}, title=f"s{n}"),
            (
                Next(replace(step, parameters={"prefix": f"p{n}"}, title=f"s{n}")),
                Next(replace(step, parameters={"prefix": f"q{n}"}), under=0),
            ),
        )
        for n in range(count)
    ]


async def test_what_follows_a_member_is_sent_behind_it(
    bench: Bench, intent: RunIntent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chrislib.jobs.submission.chains.PAGE", 7)
    refusal = Refused("no", fields={"dir": "not there"})
    bench.server.post_errors = [(refusal, False)]
    key = await bench.jobs.batches.submit(chains(intent, 8), "study", paused=True)
    view = bench.jobs.batches.get(key)
    assert (view.total, view.written, view.waiting) == (24, 24, 24)
    await bench.restart()
    assert bench.jobs.batches.get(key) == view
    assert bench.server.posts == []
    await bench.jobs.batches.resume(key)
    # the first is refused: what follows it ends, the batch goes on
    await bench.until(lambda: bench.jobs.batches.get(key).sent == 21)
    runs = {run.id: run.intent for run in bench.server.runs.values()}
    for sent in runs.values():
        word = str(sent.parameters.get("prefix", ""))
        if word:
            above = runs[sent.previous_id].parameters
            wanted = f"d{word[1:]}" if word[0] == "p" else f"p{word[1:]}"
            assert wanted in above.values()
    for number in runs:
        bench.server.set(number, "finishedSuccessfully")
    await bench.until(lambda: bench.jobs.batches.get(key).state == "DONE")
    view = bench.jobs.batches.get(key)
    assert (view.done, view.failed, view.cancelled) == (21, 3, 2)
    assert len(bench.server.posts) == 22


async def test_who_waits_for_data_keeps_its_batch_open(
    bench: Bench, intent: RunIntent
) -> None:
    one, two = chains(intent, 2)
    assert isinstance(one.intent, RunIntent)
    waits = replace(one.intent, waits_for=("a",))
    key = await bench.jobs.batches.submit([replace(one, intent=waits), two], "study")
    await bench.until(lambda: bench.jobs.batches.get(key).sent == 3)
    for number in bench.server.runs:
        bench.server.set(number, "finishedSuccessfully")
    await bench.until(lambda: bench.jobs.batches.get(key).done == 3)
    (job,) = bench.jobs.held.waiting(bench.jobs.account_id)
    # that its data did not arrive is no refusal: it may still come
    await bench.jobs.held.say(job.key, "1 item did not arrive.", trouble=True)
    view = bench.jobs.batches.get(key)
    assert (view.state, view.waiting, view.failed) == ("RUNNING", 3, 0)
    await bench.jobs.held.say(job.key, "Starts when 1 more is here.")
    await bench.jobs.batches.pause(key)
    await bench.jobs.held.release(job.key, {"dir": "here"})
    await bench.jobs.refresh()
    assert len(bench.server.posts) == 3
    await bench.jobs.batches.resume(key)
    await bench.until(lambda: bench.jobs.batches.get(key).sent == 6)
    await bench.jobs.batches.cancel(key)
