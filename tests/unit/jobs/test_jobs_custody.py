"""Only the process that may write the catalog follows the jobs."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Lease, LeaseTimes
from chrislib.catalog.refusals import CatalogReadOnly
from chrislib.jobs.model import Phase, RunIntent
from tests.unit.jobs.conftest import Bench

QUICK = LeaseTimes(beat=0.1, expiry=4.0, retry=0.05)


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


def window(path: Path, first: Bench | None = None) -> Bench:
    """Return a window that is not open yet, on the server of the first."""
    made = Bench(path)
    made.catalog = Catalog(path, lease=Lease(path, times=QUICK))
    if first is not None:
        made.server = first.server
        made.connection = first.connection
    made.jobs = made._manager()
    return made


@pytest.mark.logs("was not kept")
async def test_the_second_window_shows_and_follows_when_the_first_is_closed(
    tmp_path: Path, intent: RunIntent
) -> None:
    path = tmp_path / "c.db"
    first = await window(path).start()
    await first.jobs.submit(intent)
    await until(lambda: len(first.server.posts) == 1)
    second = await window(path, first).start()
    (shown,) = second.jobs.jobs()
    asked = first.server.requests
    await second.jobs.refresh()
    assert first.server.requests == asked, "only one of the two asks"
    with pytest.raises(CatalogReadOnly):
        await second.jobs.submit(intent)
    await first.jobs.submit(intent)
    await until(lambda: len(first.server.posts) == 2)
    await first.stop()
    await until(lambda: len(second.jobs.jobs()) == 2)
    for number in (1, 2):
        first.server.set(number, "finishedSuccessfully")
    await second.until(lambda: second.job(shown.key).phase is Phase.FINISHED)
    await second.until(lambda: second.sink.toasts)
    assert len(first.server.posts) == 2
    await second.stop()


@pytest.mark.logs("was not kept", "services: follow failed")
async def test_who_lost_the_lease_stops_asking_and_reads_anew_when_it_is_back(
    tmp_path: Path, intent: RunIntent
) -> None:
    path = tmp_path / "c.db"
    first = await window(path).start()
    key = await first.jobs.submit(intent)
    await until(lambda: first.job(key).phase is Phase.QUEUED)
    # as another computer would that saw no sign of life for 120 s
    await first.catalog._database.write(
        lambda db: db.execute(
            "UPDATE lease SET holder='window:other', host='other', boot_id='other'"
        )
    )
    await until(lambda: first.catalog.read_only)
    trouble = first.catalog.condition.trouble
    assert trouble is not None
    assert "on other" in trouble.title
    first.server.set(1, "finishedSuccessfully")
    asked = first.server.requests
    await asyncio.sleep(0.5)
    assert first.server.requests <= asked + 1
    assert first.job(key).phase is Phase.QUEUED
    await asyncio.wait_for(first.catalog.condition.healthy(), 30)  # it never beats
    await first.until(lambda: first.job(key).phase is Phase.FINISHED)
    assert len(await first.jobs.inbox()) == 1
    await first.stop()
