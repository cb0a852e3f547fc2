"""Kept logs: taken in time, redacted, never replaced, within bounds."""

import time
from pathlib import Path
from typing import Any

import pytest

from chrislib.jobs.model import JobKey, Phase, RunIntent
from chrislib.jobs.outputs.logkeeper import LogKeeper
from chrislib.jobs.steps import Observation

Bench = Any
SECRET = "0123456789abcdef0123456789abcdef01234567"


async def run_in(bench: Bench, intent: RunIntent, status: str) -> Any:
    """Submit a run and let it be seen in a state, without any log."""
    job = await bench.jobs.submit_now(intent)
    bench.server.set(job.remote_id, status)
    phase = {"started": Phase.RUNNING, "registeringFiles": Phase.REGISTERING}
    await bench.jobs.refresh()
    wanted = phase.get(status, Phase.FINISHED)
    await bench.until(lambda: bench.job(job.key).phase is wanted)
    return job.key


def look(log: str, source: str = "point") -> Observation:
    """Return a look that brought a log."""
    now = time.monotonic()
    return Observation(1, "started", "", now, now, source, log=log)


def keeper(bench: Bench, **more: Any) -> LogKeeper:
    """Return a keeper beside the manager's own."""
    return LogKeeper(
        store=bench.jobs._store,
        table=bench.catalog.results,
        clock=bench.jobs._clock,
        **more,
    )


async def test_a_log_is_kept_without_its_token(bench: Bench, intent: RunIntent) -> None:
    key = await run_in(bench, intent, "registeringFiles")
    assert await keeper(bench).observe([(key, look(f"CHRIS_USER_TOKEN={SECRET}"))]) == (
        set()
    )
    text = await bench.catalog.jobs.log(key)
    assert "CHRIS_USER_TOKEN" in text
    assert SECRET not in text


async def test_what_a_short_list_shows_registering_is_asked_for_once(
    bench: Bench, intent: RunIntent
) -> None:
    key = await run_in(bench, intent, "registeringFiles")
    logs = keeper(bench)
    # A full row has no log because there is none.
    assert await logs.observe([(key, look(""))]) == set()
    assert await logs.observe([(key, look("", "feed"))]) == {key}
    assert await logs.observe([(key, look("", "feed"))]) == set()


async def test_many_that_end_together_are_not_asked_for_each(
    bench: Bench, another: Any
) -> None:
    keys = []
    for number in range(12):
        job = await bench.jobs.submit_now(another(f"p{number}"))
        bench.server.set(job.remote_id, "finishedSuccessfully")
        keys.append(job.key)
    await bench.jobs.refresh()
    await bench.until(lambda: all(bench.job(k).phase.terminal for k in keys))
    logs = keeper(bench)
    page = [(key, look("", "feed")) for key in keys]
    assert len(await logs.observe(page)) == 2
    assert await logs.observe(page) == set()


async def test_what_was_kept_before_the_end_is_the_last_of_it_when_no_more_comes(
    bench: Bench, intent: RunIntent
) -> None:
    key = await run_in(bench, intent, "registeringFiles")
    await keeper(bench).observe([(key, look("the program's"))])
    await bench.restart()
    bench.server.set(1, "finishedSuccessfully")
    await bench.jobs.refresh()
    await bench.until(lambda: bench.job(key).phase is Phase.FINISHED)
    await keeper(bench).observe([(key, look(""))])
    await keeper(bench).observe([(key, look("the clean-up's"))])
    assert await bench.catalog.jobs.log(key) == "the program's"


async def test_a_running_program_s_log_is_not_written_at_each_look(
    bench: Bench, intent: RunIntent
) -> None:
    key = await run_in(bench, intent, "started")
    logs = keeper(bench)
    await logs.observe([(key, look("one"))])
    await logs.observe([(key, look("one two"))])
    assert await bench.catalog.jobs.log(key) == "one"
    bench.server.set(1, "registeringFiles")
    await bench.jobs.refresh()
    await bench.until(lambda: bench.job(key).phase is Phase.REGISTERING)
    await logs.observe([(key, look(""))])
    assert await bench.catalog.jobs.log(key) == "one two"


async def test_after_the_end_nothing_replaces_a_log_not_even_at_the_next_start(
    bench: Bench, intent: RunIntent
) -> None:
    key = await run_in(bench, intent, "finishedSuccessfully")
    logs = keeper(bench)
    await logs.observe([(key, look("the program's"))])
    await logs.observe([(key, look("the clean-up's"))])
    assert await bench.catalog.jobs.log(key) == "the program's"
    await bench.restart()
    await keeper(bench).observe([(key, look("the clean-up's"))])
    assert await bench.catalog.jobs.log(key) == "the program's"


async def test_logs_stay_within_their_bounds(
    bench: Bench, intent: RunIntent, another: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chrislib.jobs.outputs.logkeeper._TIDY", 1)
    logs = keeper(bench, limit=2_500)
    keys = []
    for number in range(4):
        job = await bench.jobs.submit_now(another(f"p{number}"))
        bench.server.set(job.remote_id, "finishedSuccessfully")
        keys.append(job.key)
    await bench.jobs.refresh()
    await bench.until(lambda: all(bench.job(k).phase.terminal for k in keys))
    live = await bench.jobs.submit_now(intent)
    await logs.keep(live.key, "l" * 1000)
    for key in keys:
        await logs.observe([(key, look("x" * 1000))])
    kept = [len(await bench.catalog.jobs.log(key)) for key in [live.key, *keys]]
    # The newest, and that of a run that goes on.
    assert kept == [1000, 0, 0, 0, 1000]
    await logs.keep(live.key, "y" * 400_000 + "end")
    text = await bench.catalog.jobs.log(live.key)
    assert len(text) == 256 * 1024
    assert text.endswith("end")


async def test_a_log_of_an_unknown_job_is_let_go(bench: Bench, tmp_path: Path) -> None:
    assert await keeper(bench).observe([(JobKey("nobody"), look("x"))]) == set()
