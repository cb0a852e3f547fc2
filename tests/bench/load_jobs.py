"""What it costs to have 10,000 live runs in memory at start."""

import asyncio
import gc
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from chrislib.catalog.catalog import Catalog
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.model import RunIntent
from chrislib.jobs.steps import Step
from chrislib.jobs.store import JobStore
from tests.bench.harness import Result
from tests.sim.desk import following

_LIVE, _RUNS = 10_000, 7


def measure() -> list[Result]:
    """Load (elapsed and CPU) and its longest step on the loop's thread (CPU)."""
    with tempfile.TemporaryDirectory() as folder:
        loaded, worked, longest = asyncio.run(_measure(Path(folder)))
    return [
        _limit("load_10k_ms", loaded, 150.0),
        # The same without what others who use this machine take of it.
        _limit("load_10k_cpu_ms", worked, 150.0),
        _limit("load_10k_step_ms", longest, 8.0),
    ]


async def _measure(folder: Path) -> tuple[float, float, float]:
    catalog = Catalog(folder / "catalog.db")
    await catalog.open()
    account = await catalog.jobs.account("http://x/api/v1/", "me", server_uuid="u")
    store = JobStore(catalog.jobs, SystemClock())
    await store.add([_run(number, account.account_id) for number in range(_LIVE)])
    loaded, worked, longest = [], [], []
    for _ in range(_RUNS):
        store = JobStore(catalog.jobs, SystemClock())
        gc.collect()
        watch = asyncio.create_task(_longest())
        await asyncio.sleep(0.01)
        used, began = time.process_time(), time.perf_counter()
        await store.load()
        loaded.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - used) * 1000)
        await asyncio.sleep(0.01)
        watch.cancel()
        longest.append(await watch)
        assert store.live_count() == _LIVE
    await catalog.close()
    return (
        statistics.median(loaded),
        statistics.median(worked),
        statistics.median(longest),
    )


def _run(number: int, account_id: int) -> Step:
    row = {
        "id": number + 1,
        "feed_id": number % 500 + 1,
        "plugin_id": 1,
        "previous_id": None,
        "status": "started",
    }
    step = following(row, account_id=account_id, server_uuid="u", now=time.time())
    job = step.tracked.job
    assert isinstance(job.intent, RunIntent)
    # As a batch has them: no two runs alike.
    intent = replace(job.intent, parameters={"level": number, "prefix": f"p{number}"})
    return replace(step, tracked=replace(step.tracked, job=replace(job, intent=intent)))


async def _longest() -> float:
    """Return the longest step of this thread (CPU, ms) until cancelled."""
    longest, last = 0.0, time.thread_time()
    while True:
        try:
            await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            return longest
        now = time.thread_time()
        longest = max(longest, (now - last) * 1000)
        last = now


def _limit(name: str, value: float, most: float) -> Result:
    return Result(
        name=name,
        value=round(value, 2),
        unit="ms",
        peer=most,
        ratio=round(value / most, 3),
        runs=_RUNS,
        goal=1.0,
    )
