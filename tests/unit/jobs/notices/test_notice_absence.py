"""Absence, snooze and a desktop that is not to be disturbed, in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from chrislib.jobs.model import Reach
from tests.notices.desk import FAILED, NoticeDesk
from tests.sim.virtual import VirtualClock

pytestmark = pytest.mark.virtual_time
HOUR = 3600.0


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[NoticeDesk]:
    """Return a desk in virtual time."""
    made = await NoticeDesk(tmp_path, clock=VirtualClock()).start()
    yield made
    await made.stop()


async def wish(desk: NoticeDesk, **changes: object) -> None:
    """Change what the user wants."""
    account = desk.account.account_id
    policy = replace(desk.jobs.notices.policy(account), **changes)  # type: ignore[arg-type]
    await desk.jobs.notices.set_policy(account, policy)


def times(desk: NoticeDesk, began: float) -> list[float]:
    """Return when toasts were shown."""
    return [round(at - began, 1) for at, _ in desk.sink.shown]


async def test_after_an_absence_one_digest(desk: NoticeDesk) -> None:
    keys = await desk.runs(39, feed=1, feeds=39)
    await asyncio.sleep(60)
    await desk.stop()
    left = desk.clock.time()
    await asyncio.sleep(9 * HOUR)
    desk._make()
    await desk.start()
    await asyncio.sleep(2)
    for page in range(4):
        await desk.end(keys[page:37:4])
        await asyncio.sleep(3)
    await desk.end(keys[37:], **FAILED)
    began = desk.clock.time()
    await asyncio.sleep(300)
    (title,) = desk.sink.titles
    assert title.startswith("37 ready, 2 failed since ")
    assert times(desk, began)[0] <= 7
    assert title.endswith(f"{datetime.fromtimestamp(left):%H:%M}")
    await desk.end(await desk.runs(feed=99))
    await asyncio.sleep(60)
    assert desk.sink.titles[1:] == ["Feed 99: run finished"]


async def test_a_short_absence_is_none(desk: NoticeDesk) -> None:
    keys = await desk.runs(2, feed=1, feeds=2)
    await desk.stop()
    await asyncio.sleep(300)
    desk._make()
    await desk.start()
    await desk.end(keys)
    await asyncio.sleep(100)
    assert desk.sink.titles == ["Feed 1: run finished", "Feed 2: run finished"]


async def test_a_crash_counts_as_leaving_too(desk: NoticeDesk) -> None:
    keys = await desk.runs(2, feed=1, feeds=2)
    await asyncio.sleep(1000)
    beat = float(
        desk.ask("SELECT value FROM keyvalue WHERE key='notices.seen_at'")[0][0]
    )
    assert desk.clock.time() - beat <= 301, "noted every five minutes"
    desk.jobs.notices._beat = None  # the end of a crashed process writes nothing
    await desk.stop()
    await asyncio.sleep(HOUR)
    desk._make()
    await desk.start()
    await desk.end(keys)
    await asyncio.sleep(100)
    assert [title.split(" since")[0] for title in desk.sink.titles] == ["2 ready"]


async def test_after_sleep_one_digest(desk: NoticeDesk) -> None:
    assert isinstance(desk.clock, VirtualClock)
    keys = await desk.runs(5, feed=1, feeds=5)
    await asyncio.sleep(30)
    desk.clock.suspend(8 * HOUR)
    await desk.end(keys)
    await asyncio.sleep(100)
    assert [title.split(" since")[0] for title in desk.sink.titles] == ["5 ready"]


async def test_after_half_an_hour_offline_one_digest(desk: NoticeDesk) -> None:
    keys = await desk.runs(5, feed=1, feeds=5)
    store = desk.jobs._store
    store.looked(keys, Reach.OFFLINE, None)
    await asyncio.sleep(1800)
    await desk.end(keys)
    store.looked(keys, Reach.FRESH, desk.clock.time())
    await asyncio.sleep(100)
    assert [title.split(" since")[0] for title in desk.sink.titles] == ["5 ready"]


async def test_a_server_that_is_away_at_the_start_too(desk: NoticeDesk) -> None:
    keys = await desk.runs(5, feed=1, feeds=5)
    await desk.stop()
    await asyncio.sleep(9 * HOUR)
    desk._make()
    await desk.start()
    store = desk.jobs._store
    store.looked(keys, Reach.OFFLINE, None)
    await asyncio.sleep(300)
    store.looked(keys, Reach.FRESH, desk.clock.time())
    await desk.end(keys)
    await asyncio.sleep(100)
    (title,) = desk.sink.titles
    assert title.startswith("5 ready since "), "since before the start"


async def test_a_snooze_lets_problems_pass_and_ends_in_a_digest(
    desk: NoticeDesk,
) -> None:
    account = desk.account.account_id
    await desk.jobs.notices.snooze(account, HOUR)
    await desk.end(await desk.runs(4, feed=1, feeds=4))
    await desk.end(await desk.runs(feed=9), **FAILED)
    await asyncio.sleep(600)
    assert desk.sink.titles == ["Feed 9: run failed"]
    await desk.restart()
    await asyncio.sleep(600)
    assert len(desk.sink.shown) == 1, "also after a restart"
    await asyncio.sleep(HOUR)
    assert [t.split(" since")[0] for t in desk.sink.titles[1:]] == ["4 ready"]


async def test_a_feed_that_outlasts_a_snooze_is_told_at_its_end(
    desk: NoticeDesk,
) -> None:
    account = desk.account.account_id
    keys = await desk.runs(2)
    await desk.jobs.notices.snooze(account, HOUR)
    await desk.end(keys[:1])
    await asyncio.sleep(2 * HOUR)
    assert desk.sink.shown == [], "it goes on"
    await desk.end(keys[1:])
    await desk.end(await desk.runs(4, feed=20, feeds=4))
    await asyncio.sleep(60)
    assert desk.sink.titles == ["6 ready"], "no digest of a time long past"


async def test_a_snooze_can_be_ended_and_be_complete(desk: NoticeDesk) -> None:
    account = desk.account.account_id
    await wish(desk, snooze_errors=False)
    await desk.jobs.notices.snooze(account, 4 * HOUR)
    await desk.end(await desk.runs(feed=9), **FAILED)
    await asyncio.sleep(HOUR)
    assert desk.sink.shown == []
    await desk.jobs.notices.end_snooze(account)
    await asyncio.sleep(60)
    assert desk.sink.titles == ["Feed 9: run failed"]


async def test_nothing_while_the_desktop_is_not_to_be_disturbed(
    desk: NoticeDesk,
) -> None:
    desk.sink.quiet = True
    await desk.end(await desk.runs(4, feed=1, feeds=4))
    await asyncio.sleep(600)
    assert desk.sink.shown == []
    desk.sink.quiet = False
    await asyncio.sleep(120)
    assert [t.split(" since")[0] for t in desk.sink.titles] == ["4 ready"]
    desk.sink.quiet = True
    await wish(desk, desktop=False)
    await desk.end(await desk.runs(feed=9))
    await asyncio.sleep(120)
    assert desk.sink.titles[1:] == ["Feed 9: run finished"], "it was told not to ask"
