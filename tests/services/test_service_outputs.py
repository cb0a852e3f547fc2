"""Outputs of services other than CUBE, through the same door as those of runs."""

from pathlib import Path

import pytest

from chrislib.jobs.model import Phase, ResultState, Retention
from chrislib.jobs.outputs.purge import PurgeRefused
from tests.services.bench import Desk, ServiceProcess
from tests.services.test_token_service import submit


async def test_a_service_s_output_is_got_and_deleted_like_any_other(
    served: Desk, service: ServiceProcess, tmp_path: Path
) -> None:
    key = await submit(served)
    await served.phase(key, Phase.FINISHED)
    results = served.jobs.results
    assert results.offer(key).possible
    assert await results.get(key, tmp_path / "out") is None
    # The plug-in's own handler takes it in.
    await served.until(lambda: served.job(key).result is ResultState.MERGED)
    names = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names == {"report.json", "words.txt"}

    with pytest.raises(PurgeRefused):
        await results.purge(key, "")
    assert len(service.ask("GET", "/jobs")) == 1
    plan = await results.purge_plan(key)
    assert (plan.nodes, plan.running) == (1, 0)
    await results.purge(key, plan.token)
    await served.until(lambda: served.job(key).retention is Retention.PURGED)
    assert service.ask("GET", "/jobs") == []
    assert not results.offer(key).possible
    assert (tmp_path / "out" / "words.txt").exists()


async def test_a_service_that_is_away_leaves_its_output_to_be_got_again(
    served: Desk, service: ServiceProcess, tmp_path: Path
) -> None:
    key = await submit(served)
    await served.phase(key, Phase.FINISHED)
    service.kill()
    await served.jobs.results.get(key, tmp_path / "out")
    await served.until(lambda: served.job(key).result is ResultState.FETCH_FAILED)
    assert "was not fetched" in served.job(key).detail
    service.start()
    await served.jobs.results.get(key, tmp_path / "out")
    # The plug-in's own handler takes it in.
    await served.until(lambda: served.job(key).result is ResultState.MERGED)
