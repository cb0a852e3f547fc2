"""The relay over a real catalog, its minutes and hours in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from chrislib.catalog.inbox import InboxQuery, Mute
from chrislib.catalog.rows import InboxRowText
from chrislib.desktop.toast import Toast
from chrislib.jobs import fsm, steps
from chrislib.jobs.model import Kind, Phase
from chrislib.jobs.notices.policy import Delivery
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


async def test_a_feed_is_told_once_when_its_last_node_ends(desk: NoticeDesk) -> None:
    keys = await desk.runs(5)
    for key in keys[:4]:
        await desk.end([key])
        await asyncio.sleep(100)
    assert desk.sink.shown == []
    assert (await desk.jobs.notices.counts()).unread == 4, "the inbox has them"
    began = desk.clock.time()
    await desk.end(keys[4:])
    await asyncio.sleep(100)
    assert desk.sink.titles == ["Feed 12: run finished"]
    assert desk.sink.toasts[0].text.startswith("5 nodes are ready.")
    assert 5 <= times(desk, began)[0] <= 7


async def test_a_page_that_brings_a_whole_feed_opens_its_farthest_node(
    desk: NoticeDesk,
) -> None:
    keys = await desk.runs(3)
    await desk.end(list(reversed(keys)))
    await asyncio.sleep(60)
    assert [toast.target for toast in desk.sink.toasts] == ["feed/12/node/1003"]


async def test_the_first_failure_at_once_the_rest_with_the_end(
    desk: NoticeDesk,
) -> None:
    keys = await desk.runs(4)
    began = desk.clock.time()
    await desk.end(keys[:1])
    await desk.end(keys[1:2], **FAILED)
    await asyncio.sleep(60)
    await desk.end(keys[2:3], **FAILED)
    await asyncio.sleep(60)
    assert desk.sink.titles == ["Feed 12: run failed"]
    assert times(desk, began)[0] <= 2
    await desk.end(keys[3:])
    await asyncio.sleep(60)
    assert desk.sink.titles[1:] == ["Feed 12: 2 ready, 1 failed"]


async def test_a_new_failure_of_later_work_is_told_at_once_again(
    desk: NoticeDesk,
) -> None:
    first = await desk.runs(2)
    await desk.end(first[:1], **FAILED)
    await asyncio.sleep(60)
    await desk.end(first[1:])
    await asyncio.sleep(60)
    later = await desk.runs(2)
    await desk.end(later[:1], **FAILED)
    await asyncio.sleep(60)
    titles = ["run failed", "run finished", "run failed"]
    assert desk.sink.titles == [f"Feed 12: {title}" for title in titles]


async def test_the_last_node_that_tells_nothing_completes_the_feed(
    desk: NoticeDesk,
) -> None:
    done, going = await desk.runs(2)
    await desk.end([done])
    await asyncio.sleep(60)
    assert desk.sink.shown == []
    await desk.jobs._store.apply(
        going, lambda t: replace_phase(t, Phase.CANCELLED_UPSTREAM)
    )
    await asyncio.sleep(60)
    assert desk.sink.titles == ["Feed 12: run finished"]


def replace_phase(tracked: steps.Tracked, phase: Phase) -> steps.Step:
    """Return the step into a phase that tells nobody."""
    return fsm._enter(
        tracked,
        phase,
        kind="advance",
        source="active",
        now=0.0,
        changes={},
    )


async def test_a_cancel_that_is_taken_back_is_never_told(desk: NoticeDesk) -> None:
    (key,) = await desk.runs()
    await desk.end([key], status="cancelled", settle=60)
    await asyncio.sleep(3)
    await desk.end([key])
    await asyncio.sleep(200)
    assert desk.sink.titles == ["Feed 12: run finished"]


async def test_a_cancel_by_someone_else_is_told_after_a_minute(
    desk: NoticeDesk,
) -> None:
    keys = await desk.runs(2)
    began = desk.clock.time()
    await desk.end(keys[:1])
    await desk.end(keys[1:], status="cancelled", settle=60)
    await asyncio.sleep(200)
    assert desk.sink.titles == ["Feed 12: 1 ready, 1 needs a look"]
    assert times(desk, began)[0] >= 60, "and the feed waited for it"


async def test_three_feeds_one_by_one_more_as_one(desk: NoticeDesk) -> None:
    began = desk.clock.time()
    await desk.end(await desk.runs(3, feed=1, feeds=3))
    await asyncio.sleep(200)
    assert desk.sink.titles == [f"Feed {n}: run finished" for n in (1, 2, 3)]
    apart = times(desk, began)
    assert all(b - a >= 30 for a, b in pairwise(apart))
    await desk.end(await desk.runs(9, feed=10, feeds=9))
    await asyncio.sleep(200)
    assert desk.sink.titles[3:] == ["9 ready"]


async def test_pulls_are_told_together(desk: NoticeDesk) -> None:
    keys = await desk.runs(3, feed=None, kind=Kind.PULL)
    for key in keys:
        await desk.finish_pull(key)
        await asyncio.sleep(40)
    assert desk.sink.titles == ["Pulls: 3 ready"]


async def test_a_batch_is_told_once_at_its_end(desk: NoticeDesk) -> None:
    def work(db: object) -> None:
        db.execute(  # type: ignore[attr-defined]
            "INSERT INTO batch (batch_key, account_id, title, state, total, created_at)"
            " VALUES ('b', ?, 'Night run', 'RUNNING', 20, 0)",
            (desk.account.account_id,),
        )

    await desk.catalog._database.write(work)
    keys = await desk.runs(20, feed=1, feeds=20, batch_key="b")
    await desk.end(keys[:3], **FAILED)
    await asyncio.sleep(100)
    assert desk.sink.titles == ["Batch: 3 failed"]
    await desk.end(keys[3:])
    await desk.catalog.jobs.add_inbox(
        InboxRowText(
            dedupe_key="batch:b:ERRORS:0",
            account_id=desk.account.account_id,
            kind="ERRORS",
            created_at=desk.clock.time(),
            batch_key="b",
            title="Night run",
            body="17 finished, 3 did not",
        )
    )
    desk.jobs.notices.wake()
    await asyncio.sleep(100)
    assert desk.sink.titles[1:] == ["Batch: 17 ready"]
    assert desk.sink.toasts[1].target == "inbox/batch/b"
    assert desk.states() == {"SHOWN": 21}


async def test_inbox_only_and_off(desk: NoticeDesk) -> None:
    kinds = {"READY": Delivery.INBOX, "FAILED": Delivery.OFF}
    await wish(desk, kinds=kinds)
    await desk.end(await desk.runs(feed=1))
    await desk.end(await desk.runs(feed=2), **FAILED)
    await asyncio.sleep(120)
    assert desk.sink.shown == []
    assert desk.states() == {"SUPPRESSED": 2}
    rows = await desk.jobs.notices.page(InboxQuery())
    assert [row.kind for row in rows] == ["READY"], "off is not in the inbox"
    assert (await desk.jobs.notices.counts()).unread == 1
    assert desk.ask("SELECT count(*) FROM inbox") == [(2,)], "and never lost"


async def test_what_is_not_tracked_any_more_is_not_told(desk: NoticeDesk) -> None:
    (key,) = await desk.runs(feed=1)
    await desk.end([key])
    await desk.catalog._database.write(
        lambda db: db.execute("UPDATE job SET tracked=0 WHERE job_key=?", (key,))
    )
    await asyncio.sleep(60)
    assert desk.sink.shown == []
    assert desk.states() == {"SUPPRESSED": 1}


async def test_per_node_if_asked(desk: NoticeDesk) -> None:
    await wish(desk, per_node=True)
    keys = await desk.runs(3)
    for key in keys[:2]:
        await desk.end([key])
        await asyncio.sleep(60)
    assert desk.sink.titles == ["Feed 12: run finished"] * 2


async def test_no_toast_of_what_the_user_looks_at(tmp_path: Path) -> None:
    shown = {"feed/12/node/1001"}
    desk = NoticeDesk(
        tmp_path, clock=VirtualClock(), in_view=lambda link: link in shown
    )
    await desk.start()
    await desk.end(await desk.runs(feed=12))
    await asyncio.sleep(6)
    assert desk.states() == {"SUPPRESSED": 1}
    await desk.end(await desk.runs(feed=13))
    await asyncio.sleep(10)
    assert desk.sink.titles == ["Feed 13: run finished"], "and it cost no pause"
    await desk.stop()


async def test_accounts_have_their_own_pauses_and_wishes(desk: NoticeDesk) -> None:
    first = desk.account
    other = await desk.catalog.jobs.account(
        "https://other.example.org/api/v1/", "alex", server_uuid="o"
    )
    began = desk.clock.time()
    await desk.end(await desk.runs(feed=1))
    desk.account = other
    await desk.end(await desk.runs(feed=1))
    await asyncio.sleep(20)
    assert desk.sink.titles == ["Feed 1: run finished"] * 2, times(desk, began)
    servers = {toast.text.splitlines()[-1] for toast in desk.sink.toasts}
    assert servers == {"chris.example.org", "other.example.org"}
    assert len({toast.group for toast in desk.sink.toasts}) == 2
    await desk.jobs.notices.set_policy(
        other.account_id, desk.jobs.notices.policy(0).with_preset("none")
    )
    await desk.end(await desk.runs(feed=2))
    desk.account = first
    await desk.end(await desk.runs(feed=2))
    await asyncio.sleep(60)
    assert len(desk.sink.shown) == 3


async def test_wishes_survive_a_restart(desk: NoticeDesk) -> None:
    await wish(desk, names=True, per_node=True)
    await desk.restart()
    policy = desk.jobs.notices.policy(desk.account.account_id)
    assert policy.names
    assert policy.per_node
    assert desk.jobs.notices.policy(77).names is False


async def test_the_preset_of_the_settings_counts_until_somebody_chooses(
    tmp_path: Path,
) -> None:
    desk = NoticeDesk(tmp_path, clock=VirtualClock(), notice_preset="off")
    await desk.start()
    await desk.end(await desk.runs(), **FAILED)
    await asyncio.sleep(60)
    assert desk.sink.shown == []
    assert (await desk.jobs.notices.counts()).unread == 1
    await desk.stop()


@pytest.mark.logs("a notification sink failed")
async def test_a_broken_sink_does_not_silence_the_others(desk: NoticeDesk) -> None:
    class Broken:
        async def show(self, toast: Toast) -> bool | None:
            raise RuntimeError(toast.id)

    await desk.stop()
    desk._more["sinks"] = None
    del desk._more["sinks"]
    desk._make()
    relay = desk.jobs.notices._relay
    relay._sinks = (Broken(), *relay._sinks)
    await desk.start()
    await desk.end(await desk.runs())
    await asyncio.sleep(60)
    assert desk.sink.titles == ["Feed 12: run finished"]
    assert desk.states() == {"SHOWN": 1}


@pytest.mark.logs("notifications wait")
async def test_a_catalog_that_cannot_be_written_delays_and_loses_nothing(
    desk: NoticeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = desk.catalog.outbox
    claim = outbox.claim

    async def full(*_args: object, **_more: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(outbox, "claim", full)
    await desk.end(await desk.runs())
    await asyncio.sleep(60)
    assert desk.states() == {"PENDING": 1}
    monkeypatch.setattr(outbox, "claim", claim)
    await asyncio.sleep(60)
    assert desk.sink.titles == ["Feed 12: run finished"]


async def test_what_was_muted_after_it_was_read_is_not_claimed(
    desk: NoticeDesk,
) -> None:
    await desk.end(await desk.runs(2, feed=1, feeds=2))
    account = desk.account.account_id
    await desk.catalog.inbox.mute(Mute(account, "feed", "1", None))
    rules = desk.jobs.notices.policy(account).rules(account)
    claimed = await desk.catalog.outbox.claim(
        account, None, batch="b", now=desk.clock.time(), rules=rules
    )
    assert claimed is not None
    assert claimed.row.feed_id == 2
    assert len(claimed.keys) == 1


async def test_the_first_relay_that_claims_wins(desk: NoticeDesk) -> None:
    await desk.end(await desk.runs())
    outbox, now = desk.catalog.outbox, desk.clock.time()
    account = desk.account.account_id
    first = await outbox.claim(account, None, batch="one", now=now)
    assert first is not None
    assert await outbox.claim(account, None, batch="two", now=now) is None
    await asyncio.sleep(60)
    assert desk.sink.shown == []
    await outbox.settle("one", "SHOWN")
    assert await outbox.forget_claims() == 0


async def test_a_toast_needs_no_running_timer_when_nothing_waits(
    desk: NoticeDesk,
) -> None:
    await desk.end(await desk.runs())
    await asyncio.sleep(100)
    names = [task.get_name() for task in asyncio.all_tasks()]
    assert "notices: pause" not in names, "no timer faster than 15 s while idle (S7)"
