"""Standing policies: kept over starts, small outputs only, never a deletion."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog.results import PolicyRow
from chrislib.errors import ChrislibError
from chrislib.jobs.model import Phase, ResultState
from chrislib.jobs.outputs.policies import Action
from tests.scenarios.outputs import finished

pytestmark = pytest.mark.virtual_time
PLUGIN = "pl-simpledsapp"


async def account(sim: Any) -> int:
    """Return the account of the simulation."""
    client = sim.server.client()
    row = await sim.catalog.jobs.account(
        client.base_url, sim.server.username, server_uuid=sim.server.uuid
    )
    return int(row.account_id)


async def with_policy(sim: Any, action: Action, limit_mb: int = 0) -> None:
    """Start with a policy set."""
    await sim.start()
    await sim.jobs.results.policies.set(
        await account(sim), PLUGIN, action=action, limit_mb=limit_mb
    )


async def test_small_outputs_are_got_by_themselves(sim: Any, tmp_path: Path) -> None:
    sim.more["downloads"] = lambda: tmp_path / "mine"
    await with_policy(sim, Action.AUTO_GET, 1)
    key = await finished(sim, files={"a.txt": b"output"})
    await sim.until(lambda: sim.job(key).result is ResultState.FETCHED)
    (found,) = [p for p in (tmp_path / "mine").rglob("*") if p.is_file()]
    assert found.read_bytes() == b"output"
    assert found.parent.name == f"{PLUGIN} {sim.job(key).remote_id}"


async def test_large_outputs_are_asked_for(sim: Any, tmp_path: Path) -> None:
    sim.more["downloads"] = lambda: tmp_path / "mine"
    await with_policy(sim, Action.AUTO_GET, 1)
    key = await finished(sim, files={"a.bin": b"x" * 1_000_001})
    await sim.sleep(60)
    assert sim.job(key).result is ResultState.READY
    assert not [p for p in (tmp_path / "mine").rglob("*") if p.is_file()]


async def test_little_space_means_that_nothing_comes_by_itself(
    sim: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from chrislib.jobs.outputs import saving

    sim.more["downloads"] = lambda: tmp_path / "mine"
    await with_policy(sim, Action.AUTO_GET, 1)
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _path: SimpleNamespace(free=saving.LOW)
    )
    key = await finished(sim)
    await sim.sleep(60)
    assert sim.job(key).result is ResultState.READY
    # By hand it goes: more than the reserve is free.
    await sim.jobs.results.get(key)
    await sim.until(lambda: sim.job(key).result is ResultState.FETCHED)


async def test_partial_outputs_are_asked_for(sim: Any, tmp_path: Path) -> None:
    sim.more["downloads"] = lambda: tmp_path / "mine"
    await with_policy(sim, Action.AUTO_GET, 1)
    feed = sim.server.add_feed()
    run = sim.server.add_run(feed, status="started", previous_id=None, folders=True)
    sim.server.add_file(run, "half.txt", b"half")
    key = await sim.follow(run)
    sim.server.set(run, "finishedWithError")
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED_WITH_ERRORS)
    await sim.sleep(60)
    assert sim.job(key).result is ResultState.READY
    offer = sim.jobs.results.offer(key)
    assert (offer.possible, offer.label) == (True, "Partial output")


async def test_a_policy_can_put_off_and_is_there_after_a_restart(sim: Any) -> None:
    await with_policy(sim, Action.LATER)
    await sim.restart()
    (kept,) = sim.jobs.results.policies.all()
    assert (kept.plugin, kept.action) == (PLUGIN, Action.LATER)
    key = await finished(sim)
    await sim.until(lambda: sim.job(key).result is ResultState.SNOOZED)
    await sim.jobs.results.policies.clear(kept.account_id, PLUGIN)
    await sim.restart()
    assert sim.jobs.results.policies.all() == ()


async def test_what_came_before_a_crash_is_judged_at_the_next_start(
    sim: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.more["downloads"] = lambda: tmp_path / "mine"
    await with_policy(sim, Action.AUTO_GET, 1)

    async def dies(_key: Any) -> None:
        """End before anything was decided."""

    monkeypatch.setattr(sim.jobs.results._standing, "judge", dies)
    key = await finished(sim)
    await sim.sleep(5)
    assert sim.job(key).result is ResultState.READY
    await sim.restart()
    await sim.jobs.refresh()
    await sim.until(lambda: sim.job(key).result is ResultState.FETCHED)


async def test_what_the_user_decided_is_not_judged_again(
    sim: Any, tmp_path: Path
) -> None:
    sim.more["downloads"] = lambda: tmp_path / "mine"
    key = await finished(sim)
    await sim.jobs.results.policies.set(
        await account(sim), PLUGIN, action=Action.AUTO_GET, limit_mb=1
    )
    # Older than the policy.
    await sim.restart()
    await sim.sleep(60)
    assert sim.job(key).result is ResultState.READY


async def test_no_policy_deletes(sim: Any) -> None:
    await sim.start()
    assert {action.value for action in Action} == {"ask", "auto_get", "later"}
    with pytest.raises(sqlite3.IntegrityError):
        await sim.catalog.results.set_policy(
            PolicyRow(account_id=1, plugin="x", action="purge")
        )
    with pytest.raises(ChrislibError, match="how large"):
        await sim.jobs.results.policies.set(1, "x", action=Action.AUTO_GET)


@pytest.mark.logs("a plug-in's policy failed")
async def test_a_plug_in_s_policy_counts_where_the_user_set_none(sim: Any) -> None:
    class Plugged:
        """Discards everything."""

        def decide(self, _job: Any) -> str:
            return "discard"

    class Broken:
        """Raises."""

        def decide(self, _job: Any) -> str:
            raise RuntimeError("no")

    await sim.start()
    policies = sim.jobs.results.policies
    policies._plugged = lambda: (Broken(), Plugged())
    key = await finished(sim)
    await sim.until(lambda: sim.job(key).result is ResultState.DISCARDED)
    assert sim.server.run(sim.job(key).remote_id)["deletion_status"] == "inactive"
    await policies.set(await account(sim), PLUGIN, action=Action.ASK)
    other = await finished(sim)
    await sim.sleep(30)
    assert sim.job(other).result is ResultState.READY
