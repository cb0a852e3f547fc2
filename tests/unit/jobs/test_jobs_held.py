"""Runs that wait for data or for another run, over ends and refusals."""

from dataclasses import replace
from typing import Any

import pytest

from chrislib.cube.errors import Refused
from chrislib.jobs.model import Phase, ResultState, RunIntent, is_held
from chrislib.jobs.submission.held import Next

Bench = Any


def under(intent: RunIntent, title: str) -> RunIntent:
    """Return a run that hangs under another one."""
    return replace(intent, title=title, plugin_type="ds", feed_id=None)


async def test_what_follows_is_sent_when_its_parent_is_there(
    bench: Bench, intent: RunIntent
) -> None:
    chain = [Next(under(intent, "one")), Next(under(intent, "two"), under=0)]
    job = await bench.jobs.submit_now(intent, [*chain, Next(under(intent, "three"))])
    await bench.until(lambda: len(bench.server.runs) == 4)
    sent = {run.intent.title: run for run in bench.server.runs.values()}
    assert sent["one"].intent.previous_id == job.remote_id
    assert sent["three"].intent.previous_id == job.remote_id
    assert sent["two"].intent.previous_id == sent["one"].id
    assert not any(is_held(job.intent) for job in bench.jobs.jobs())
    assert len(bench.server.posts) == 4


async def test_what_follows_a_refused_run_goes_with_it(
    bench: Bench, intent: RunIntent
) -> None:
    bench.server.post_errors = [(Refused("no", fields={"title": "bad"}), False)]
    with pytest.raises(Refused):
        await bench.jobs.submit_now(intent, [Next(under(intent, "one"))])
    await bench.until(lambda: not bench.jobs.jobs())
    await bench.restart()
    await bench.jobs.refresh()
    assert len(bench.server.posts) == 1
    assert not bench.jobs.jobs()


async def test_a_run_waits_for_its_data_over_a_restart(
    bench: Bench, intent: RunIntent
) -> None:
    waits = replace(
        intent, parameters={"dir": ""}, waits_for=("a", "b"), tags=("pilot",), note="n"
    )
    keys = await bench.jobs.submit_held(waits, [Next(under(intent, "one"))])
    await bench.jobs.held.say(keys[0], "Starts when 2 items are here.")
    bench.jobs.held.progress(keys[0], here=1, total=2)
    await bench.restart()
    await bench.jobs.refresh()
    (job,) = bench.jobs.held.waiting(bench.jobs.account_id)
    assert job.detail == "Starts when 2 items are here."
    assert not bench.server.posts
    assert await bench.jobs.held.release(keys[0], {"dir": "here"})
    assert not await bench.jobs.held.release(keys[0], {"dir": "again"})
    await bench.until(lambda: len(bench.server.runs) == 2)
    first = bench.server.runs[1]
    assert first.intent.parameters == {"dir": "here"}
    assert bench.server.runs[2].intent.previous_id == 1
    await bench.jobs.refresh()
    await bench.until(lambda: bench.server.tags)
    assert list(bench.server.tags.values()) == [("pilot",)]
    assert list(bench.server.notes.values()) == ["n"]


async def test_taken_back_it_takes_what_follows_along(
    bench: Bench, intent: RunIntent
) -> None:
    waits = replace(intent, waits_for=("a",))
    keys = await bench.jobs.submit_held(waits, [Next(under(intent, "one"))])
    await bench.jobs.held.say(keys[0], "1 item did not arrive.", trouble=True)
    assert bench.job(keys[0]).field_errors
    await bench.jobs.cancel(keys[0])
    await bench.until(lambda: bench.job(keys[1]).phase is Phase.CANCELLED)
    assert bench.job(keys[1]).result is ResultState.NONE
    assert not bench.server.posts
    assert not await bench.jobs.inbox()
