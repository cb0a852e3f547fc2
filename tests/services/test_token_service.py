"""A service in a distribution of its own: tokens, queue, results, purge."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chrislib.errors import ChrislibError
from chrislib.jobs.model import (
    JobKey,
    Kind,
    Phase,
    Reach,
    ResultState,
    Retention,
    ServiceIntent,
)
from tests.services.bench import Desk, ServiceProcess, Site

TEXT = "the quick brown fox jumps over the lazy dog"


async def submit(desk: Desk, text: str = TEXT, **values: object) -> JobKey:
    services = desk.jobs.services
    subject: object = {"text": text, **values} if values else text
    intent = await services.marshallers.intent(
        "textworks", "measure", subject=subject, title="a text"
    )
    return await desk.jobs.submit(intent)


async def test_a_job_goes_from_token_to_result_and_is_purged(
    served: Desk, service: ServiceProcess, tmp_path: Path
) -> None:
    key = await submit(served)
    job = await served.phase(key, Phase.FINISHED)
    assert job.kind is Kind.SERVICE
    assert job.backend == "textworks"
    assert job.result is ResultState.READY
    assert [row["token"] for row in service.ask("GET", "/jobs")] == [job.token]
    assert await served.kinds(key) == ["READY"]

    fetched = await served.jobs.services.fetch(key, tmp_path / "out")
    names = {file.path.name: file.path.read_text() for file in fetched.files}
    assert set(names) == {"report.json", "words.txt"}
    assert names["words.txt"].split() == sorted(set(TEXT.split()))

    await served.jobs.services.purge(key)
    await served.until(lambda: served.job(key).retention is Retention.PURGED)
    assert service.ask("GET", "/jobs") == []
    assert served.job(key).phase is Phase.FINISHED
    assert service.count("submit") == 1


async def test_its_log_is_kept(served: Desk) -> None:
    key = await submit(served)
    await served.phase(key, Phase.FINISHED)
    logs: list[str] = []

    async def look() -> str:
        trace = await served.jobs.trace(key)
        return trace.log if trace is not None else ""

    while not logs or not logs[-1]:
        await served.jobs.services.looked()
        logs.append(await look())
        assert len(logs) < 50
    assert logs[-1].startswith("measure: done")


async def test_files_go_by_reference_and_are_sent_in_blocks(
    served: Desk, tmp_path: Path
) -> None:
    place = tmp_path / "long.txt"
    place.write_text("word " * 200_000)
    intent = await served.jobs.services.marshallers.intent(
        "textworks", "measure", subject=place, title="a file"
    )
    assert "word word" not in str(intent.payload)
    key = await served.jobs.submit(intent)
    await served.phase(key, Phase.FINISHED)
    fetched = await served.jobs.services.fetch(key, tmp_path / "out")
    report = next(f.path for f in fetched.files if f.path.suffix == ".json")
    assert '"characters": 1000000' in report.read_text()


async def test_a_restart_in_the_middle_sends_nothing_twice(
    served: Desk, service: ServiceProcess
) -> None:
    key = await submit(served, hold=True)
    token = (await served.phase(key, Phase.RUNNING)).token
    await served.restart()
    assert served.job(key).token == token
    service.release(token)
    await served.phase(key, Phase.FINISHED)
    assert service.count("submit") == 1
    assert await served.kinds(key) == ["READY"]


async def test_a_service_killed_in_the_middle_is_waited_for(
    served: Desk, service: ServiceProcess
) -> None:
    key = await submit(served, hold=True)
    token = (await served.phase(key, Phase.RUNNING)).token
    service.kill()
    await served.until(lambda: served.job(key).reach is Reach.OFFLINE)
    assert served.job(key).phase is Phase.RUNNING
    service.start()
    service.release(token)
    job = await served.phase(key, Phase.FINISHED)
    assert job.reach is Reach.FRESH
    assert job.token == token


async def test_what_is_submitted_while_the_service_is_down_is_sent_later(
    served: Desk, service: ServiceProcess
) -> None:
    service.kill()
    key = await submit(served)
    await served.until(lambda: "not reached" in served.job(key).detail)
    assert served.job(key).phase is Phase.DRAFT
    service.start()
    await served.phase(key, Phase.FINISHED)
    assert len(service.ask("GET", "/jobs")) == 1


@pytest.mark.logs("outcome of a submission")
async def test_a_lost_answer_is_found_in_the_queue(
    served: Desk, service: ServiceProcess
) -> None:
    service.fault("drop_submit")
    key = await submit(served)
    await served.phase(key, Phase.FINISHED)
    assert service.count("submit") == 1
    events = await served.catalog.jobs.events(key)
    assert "SUBMIT_UNCERTAIN" in [event.to_phase for event in events]


@pytest.mark.logs("outcome of a submission")
async def test_a_submission_that_never_arrived_is_not_sent_again(
    served: Desk, service: ServiceProcess
) -> None:
    service.fault("drop_submit")
    key = await submit(served, hold=True)
    await served.phase(key, Phase.SUBMIT_UNCERTAIN)
    (row,) = service.ask("GET", "/jobs")
    service.ask("POST", f"/jobs/{row['token']}/stop", {})
    service.ask("DELETE", f"/jobs/{row['token']}")
    job = await served.phase(key, Phase.NOT_SUBMITTED)
    assert job.hint == "Run it again."
    assert service.count("submit") == 1


async def test_a_refusal_goes_back_with_its_reasons(served: Desk) -> None:
    key = await served.jobs.submit(
        ServiceIntent("textworks", "sing", {"values": {"text": "la"}}, "a song")
    )
    await served.until(lambda: served.job(key).field_errors)
    job = served.job(key)
    assert job.phase is Phase.DRAFT
    assert job.field_errors == {"operation": "Only “measure” is known."}


async def test_a_failed_job_says_why(served: Desk) -> None:
    key = await submit(served, fail=True)
    job = await served.phase(key, Phase.FAILED)
    assert job.detail == "The text has no end."
    assert await served.kinds(key) == ["FAILED"]


async def test_a_cancel_reaches_the_service(
    served: Desk, service: ServiceProcess
) -> None:
    key = await submit(served, hold=True)
    await served.phase(key, Phase.RUNNING)
    assert await served.jobs.cancel(key) == 1
    await served.phase(key, Phase.CANCELLED)
    assert service.count("stop") == 1
    assert await served.kinds(key) == []


async def test_the_queue_is_listed_and_adopted_after_the_catalog_is_lost(
    served: Desk, service: ServiceProcess
) -> None:
    keys = [await submit(served, hold=True) for _ in range(3)]
    for key in keys:
        await served.phase(key, Phase.RUNNING)
    tokens = {served.job(key).token for key in keys}
    await served.stop()
    for path in served.path.parent.glob("catalog.db*"):
        path.unlink()
    fresh = Desk(served.path.parents[1], options=served.options)
    fresh.secrets = served.secrets
    await fresh.start()
    try:
        recovery = fresh.jobs.services.recovery
        queue = await recovery.queue("textworks")
        assert {entry.status.token for entry in queue} == tokens
        assert [entry.key for entry in queue] == [None] * 3
        one = await recovery.adopt("textworks", queue[0].status.token)
        assert one.title == "a text"
        assert {job.token for job in await recovery.recover("textworks")} == (
            tokens - {one.token}
        )
        # It keeps our keys, so the rows are the old ones.
        assert {job.key for job in fresh.jobs.jobs()} == set(keys)
        for token in tokens:
            service.release(token)
        for key in keys:
            await fresh.phase(key, Phase.FINISHED)
        assert service.count("submit") == 3
    finally:
        await fresh.stop()
        await served.catalog.open()
        await served.jobs.start()


async def test_many_jobs_are_asked_for_in_batches(
    served: Desk, service: ServiceProcess
) -> None:
    keys = [await submit(served, hold=True) for _ in range(40)]
    for key in keys:
        await served.phase(key, Phase.RUNNING)
    before = service.count("status")
    await served.jobs.services.looked()
    await served.jobs.services.looked()
    # 40 jobs fit one question; a paced look may come in between.
    assert service.count("status") - before <= 5
    assert len({served.job(key).token for key in keys}) == 40


async def test_a_job_that_is_gone_there_is_gone_after_two_looks(
    served: Desk, service: ServiceProcess
) -> None:
    key = await submit(served, hold=True)
    token = (await served.phase(key, Phase.RUNNING)).token
    service.ask("POST", f"/jobs/{token}/stop", {})
    service.ask("DELETE", f"/jobs/{token}")
    job = await served.phase(key, Phase.GONE)
    assert job.token == token
    kinds = [e.kind for e in await served.catalog.jobs.events(key)]
    assert "missing" in kinds or "CANCELLED" in kinds


async def test_a_wrong_password_asks_once_and_loses_nothing(
    served: Desk, service: ServiceProcess
) -> None:
    key = await submit(served, hold=True)
    token = (await served.phase(key, Phase.RUNNING)).token
    kept = dict(served.secrets)
    served.secrets.clear()
    await served.until(lambda: served.job(key).reach is Reach.AUTH_REQUIRED)
    await served.jobs.services.looked()
    rows = [row for row in await served.jobs.inbox() if row.kind == "AUTH"]
    assert len(rows) == 1
    assert served.job(key).phase is Phase.RUNNING
    served.secrets.update(kept)
    service.release(token)
    await served.jobs.services.looked()
    await served.phase(key, Phase.FINISHED)


async def test_an_answer_at_once_is_finished_when_it_is_submitted(
    served: Desk, service: ServiceProcess, tmp_path: Path
) -> None:
    intent = await served.jobs.services.marshallers.intent(
        "textworks-now", "measure", subject=TEXT, title="now"
    )
    key = await served.jobs.submit(intent)
    job = await served.phase(key, Phase.FINISHED)
    assert job.token == ""
    assert service.ask("GET", "/jobs") == []
    second = await served.jobs.submit(intent)
    await served.phase(second, Phase.FINISHED)
    await served.restart()
    # The service keeps nothing: what is fetched is what came with the answer.
    service.kill()
    fetched = await served.jobs.services.fetch(key, tmp_path / "out")
    (file,) = fetched.files
    assert '"characters": 43' in file.path.read_text()
    with pytest.raises(ChrislibError, match="keeps nothing"):
        await served.jobs.services.purge(key)
    service.start()


@pytest.mark.logs("outcome of a submission")
async def test_an_answer_at_once_that_is_lost_is_not_asked_for_twice(
    served: Desk, service: ServiceProcess
) -> None:
    service.fault("drop_answer")
    intent = ServiceIntent(
        "textworks-now", "measure", {"values": {"text": TEXT}}, "now"
    )
    key = await served.jobs.submit(intent)
    job = await served.phase(key, Phase.FAILED)
    assert "answer was lost" in job.detail
    assert service.count("submit") == 1


async def test_a_plug_in_taken_away_and_brought_back_goes_on(
    served: Desk,
    service: ServiceProcess,
    site: Site,
    textworks: Callable[[], None],
) -> None:
    key = await submit(served, hold=True)
    token = (await served.phase(key, Phase.RUNNING)).token
    site.uninstall()
    await served.jobs.services.reload()
    job = served.job(key)
    assert (job.reach, job.phase, job.token) == (
        Reach.NO_BACKEND,
        Phase.RUNNING,
        token,
    )
    # Also after a restart of a chrislib that does not have it, which writes the row.
    await served.restart()
    assert served.job(key).reach is Reach.NO_BACKEND
    (row,) = [r for r in served.jobs.services.rows() if r.name == "textworks"]
    assert (row.reach, row.jobs) == (Reach.NO_BACKEND, 1)
    assert "not installed" in row.detail
    with pytest.raises(ChrislibError, match="Nothing here speaks"):
        await served.jobs.cancel(key)
    with pytest.raises(ChrislibError, match="Nothing here speaks"):
        await served.jobs.submit(ServiceIntent("textworks", "measure", {}))
    service.release(token)
    textworks()
    await served.jobs.services.reload()
    await served.phase(key, Phase.FINISHED)
    assert service.count("submit") == 1
    assert await served.kinds(key) == ["READY"]
