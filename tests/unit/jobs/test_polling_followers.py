"""Who is followed, when, and how often: in virtual time, on the station's routes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from chrislib.jobs.model import JobKey, Phase, Reach, RunIntent
from tests.scenarios.several import (
    Ring,
    adopt_account,
    all_in,
    another_server,
    connections_to,
    end,
    remote,
    rows_of,
    running,
)
from tests.sim.desk import SimDesk
from tests.sim.server import SimServer

pytestmark = pytest.mark.virtual_time


def point_looks(server: SimServer, run: int, since: float) -> list[float]:
    """Return when a run was asked for by its id, after `since`."""
    path = f"plugins/instances/{run}/"
    return [a.sent - since for a in server.requests(since) if a.path == path]


def intent_of(server: SimServer, feed_id: int, parent: int) -> RunIntent:
    """Return a run to be made."""
    return RunIntent(
        plugin_id=server.plugin_id(),
        plugin_name="pl-simpledsapp",
        plugin_version="",
        plugin_type="ds",
        parameters={},
        previous_id=parent,
        feed_id=feed_id,
        title="made here",
    )


async def test_a_new_run_is_looked_at_after_two_five_and_ten_seconds(
    sim: SimDesk,
) -> None:
    feed = sim.server.add_feed()
    parent = sim.server.add_run(feed, status="started", folders=True)
    await sim.start()
    await sim.jobs.refresh()
    job = await sim.jobs.submit_now(intent_of(sim.server, feed, parent))
    assert job.remote_id is not None
    sent = sim.clock.monotonic()
    await sim.sleep(12)
    looks = point_looks(sim.server, job.remote_id, sent)
    assert looks == pytest.approx([2.0, 5.0, 10.0], abs=0.5)


async def test_asking_twice_within_two_seconds_is_asking_once(sim: SimDesk) -> None:
    await running(sim, 3)
    sim.jobs.attention(focused=False, visible=False)
    await sim.sleep(120)
    seen = len(sim.server.log)
    await sim.until(lambda: len(sim.server.log) > seen)
    await sim.sleep(5)
    began = sim.clock.monotonic()
    await sim.jobs.refresh()
    one = len(sim.server.requests(began))
    assert one >= 1
    for _ in range(8):
        await sim.jobs.refresh()
        sim.jobs.attention(focused=False)
        sim.jobs.attention(focused=True)
    assert len(sim.server.requests(began)) == one
    await sim.sleep(6)
    again = sim.clock.monotonic()
    await sim.jobs.refresh()
    assert sim.server.requests(again)


async def test_who_comes_back_to_the_window_gets_a_look(sim: SimDesk) -> None:
    keys = await running(sim, 3)
    sim.jobs.attention(focused=False, visible=False)
    await sim.sleep(600)
    end(sim, keys)
    sim.jobs.attention(focused=True, visible=True)
    await sim.until(partial(all_in, sim, keys, Phase.FINISHED), 5)


@pytest.mark.parametrize("how", ["signal", "gap"])
async def test_after_sleep_everything_is_looked_at(sim: SimDesk, how: str) -> None:
    keys = await running(sim, 3)
    sim.jobs.attention(focused=False, visible=False)
    await sim.sleep(1800)
    sim.clock.suspend(8 * 3600)
    end(sim, keys)
    if how == "signal":
        sim.jobs.woken(slept=True)
        await sim.until(partial(all_in, sim, keys, Phase.FINISHED), 5)
    else:
        # nobody tells: the wall clock went ahead of the monotonic one
        await sim.until(partial(all_in, sim, keys, Phase.FINISHED), 35)


async def test_a_feed_on_screen_stays_within_the_budget(sim: SimDesk) -> None:
    keys = await running(sim, 12, feeds=2)
    shown = sim.job(keys[0]).feed_id
    others = [key for key in keys if sim.job(key).feed_id != shown]
    sim.jobs.watch_feed(shown)
    sim.server.log.clear()
    began = sim.clock.monotonic()
    await sim.sleep(300)
    seen = [key for key in keys if point_looks(sim.server, remote(sim, key), began)]
    assert {sim.job(key).feed_id for key in seen} == {shown}
    assert len(sim.server.requests(began)) >= 200
    assert sim.server.most_in(60) <= 70
    # and it takes nothing from those that are not on screen
    end(sim, others[:2])
    assert await sim.until(partial(all_in, sim, others[:2], Phase.FINISHED), 60) <= 20
    sim.jobs.attention(focused=False, visible=False)
    hidden = sim.clock.monotonic()
    await sim.sleep(300)
    assert len(sim.server.requests(hidden)) <= 60


async def two_accounts(
    sim: SimDesk, tmp_path: Path
) -> tuple[SimServer, Sequence[JobKey], Sequence[JobKey]]:
    """Return another server, live jobs here and there."""
    other = another_server(tmp_path, sim.clock, 1)
    ring = Ring()
    ring.tokens[f"{other.url}|local"] = other.token
    ring.tokens[f"{sim.server.url}|local"] = sim.server.token
    servers = {other.url: other, sim.server.url: sim.server}
    sim.more["connections"] = connections_to(ring, servers)
    here = await running(sim, 2)
    await adopt_account(sim, other)
    feed = other.add_feed()
    runs = [other.add_run(feed, status="started") for _ in range(2)]
    mine, sim.server = sim.server, other
    client, sim.client = sim.client, None
    there = await sim.follow_all(runs)
    sim.server, sim.client = mine, client
    await sim.jobs.refresh()
    await sim.until(lambda: all(sim.job(key).start_date for key in there), 60)
    return other, here, there


def end_on(sim: SimDesk, server: SimServer, keys: Sequence[JobKey]) -> None:
    """Let runs of a server end."""
    for key in keys:
        server.set(remote(sim, key), "registeringFiles")
        server.set(remote(sim, key), "finishedSuccessfully")


async def test_the_account_one_turns_away_from_is_still_followed(
    sim: SimDesk, tmp_path: Path
) -> None:
    other, here, there = await two_accounts(sim, tmp_path)
    left, sim.client = sim.client, other.client()
    await sim.client.identify()
    await sim.jobs.refresh()
    await sim.sleep(10)
    await left.aclose()  # type: ignore[union-attr]
    sim.server.log.clear()
    other.log.clear()
    await sim.sleep(120)
    # each by one follower: the present one once, the former one on its own
    for server in (sim.server, other):
        lists = [a for a in server.log if a.path.startswith("plugins/instances/")]
        assert 4 <= len(lists) <= 40
    end_on(sim, sim.server, here)
    end_on(sim, other, there)
    keys = [*here, *there]
    await sim.until(partial(all_in, sim, keys, Phase.FINISHED), 65)
    assert await rows_of(sim, "READY") == sorted(keys)
    await sim.stop()
    other.close()


async def test_a_refused_token_pauses_its_account_only(
    sim: SimDesk, tmp_path: Path
) -> None:
    other, here, there = await two_accounts(sim, tmp_path)
    other.store.execute("UPDATE users SET token='new' WHERE username='local'")
    await sim.until(
        lambda: all(sim.job(key).reach is Reach.AUTH_REQUIRED for key in there), 120
    )
    other.log.clear()
    end_on(sim, sim.server, here)
    await sim.until(partial(all_in, sim, list(here), Phase.FINISHED), 60)
    await sim.sleep(3600)
    assert other.log == []
    assert sim.jobs.reach is Reach.FRESH
    kinds = [row.kind for row in await sim.inbox()]
    assert kinds.count("AUTH") == 1
    await sim.stop()
    other.close()


async def test_programs_and_services_are_no_servers(
    sim: SimDesk, tmp_path: Path
) -> None:
    ring = Ring()
    sim.more["connections"] = connections_to(ring, {})
    await sim.start()
    await sim.catalog.jobs.account("program:", "me", server_uuid="")
    await sim.jobs.refresh()
    await sim.sleep(10)
    assert all(account.startswith("http") for account in ring.asked)
