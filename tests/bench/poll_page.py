"""What a page of 500 changes costs when 10,000 runs live."""

import asyncio
import gc
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from chrislib.catalog.catalog import Catalog
from chrislib.jobs import fsm
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.model import Kind
from chrislib.jobs.steps import Observation
from chrislib.jobs.store import Decision, JobStore
from tests.bench.harness import Result
from tests.sim.desk import following

_PAGE, _LIVE, _RUNS = 500, 10_000, 9


def measure() -> list[Result]:
    """Reduce and look up (CPU time), commit (elapsed and CPU); medians in ms."""
    with tempfile.TemporaryDirectory() as folder:
        reduced, committed, worked, listed = asyncio.run(_measure(Path(folder)))
    return [
        _limit("reduce_500_ms", reduced, 5.0),
        _limit("page_commit_500_ms", committed, 50.0),
        # The same without waiting for the disk or for others who use this machine.
        _limit("page_commit_500_cpu_ms", worked, 50.0),
        _limit("live_10k_ms", listed, 50.0),
    ]


async def _measure(folder: Path) -> tuple[float, float, float, float]:
    catalog = Catalog(folder / "catalog.db")
    await catalog.open()
    store = JobStore(catalog.jobs, SystemClock())
    account = await catalog.jobs.account("http://x/api/v1/", "me", server_uuid="u")
    steps = []
    for number in range(_LIVE):
        row = {
            "id": number + 1,
            "feed_id": number % 500 + 1,
            "plugin_id": 1,
            "previous_id": None,
            "status": "started",
        }
        steps.append(
            following(
                row,
                account_id=account.account_id,
                server_uuid="u",
                now=time.time(),
            )
        )
    await store.add(steps)
    keys = [step.tracked.job.key for step in steps]
    gc.collect()
    gc.freeze()  # as the window does: a full collection is not the page's affair
    reduced, committed, worked, listed = [], [], [], []
    for run in range(_RUNS):
        page = keys[run * _PAGE : (run + 1) * _PAGE]
        # What the looks cost is the parser's affair, not the reducer's.
        looks = [_seen(run * _PAGE + number + 1) for number in range(_PAGE)]
        began = time.thread_time()
        for key, look in zip(page, looks, strict=True):
            tracked = store.get(key)
            assert tracked is not None
            fsm.reduce(tracked, look, now=time.time())
        reduced.append((time.thread_time() - began) * 1000)
        decisions = [
            Decision(key, partial(fsm.reduce, obs=look, now=time.time()))
            for key, look in zip(page, looks, strict=True)
        ]
        low = (account.account_id, "2027-01-01T00:00:00+00:00")
        used, began = time.process_time(), time.perf_counter()
        changed = await store.apply_page(decisions, low=low)
        committed.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - used) * 1000)
        assert changed == _PAGE
        began = time.thread_time()
        store.live(account.account_id, Kind.RUN)
        listed.append((time.thread_time() - began) * 1000)
    gc.unfreeze()
    await catalog.close()
    return (
        statistics.median(reduced),
        statistics.median(committed),
        statistics.median(worked),
        statistics.median(listed),
    )


def _seen(remote_id: int) -> Observation:
    now = time.monotonic()
    return Observation(
        remote_id=remote_id,
        remote_status="finishedSuccessfully",
        error_code="",
        sent=now,
        received=now,
        source="window",
        end_date="2027-01-01T00:00:00+00:00",
        feed_id=remote_id % 500,
    )


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
