"""What of a job's row a step writes: the same as the whole row would say."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.job_pages import JobChanges
from chrislib.copies import maker, replace
from chrislib.jobs import codec, fsm, steps, writing
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.model import (
    FailedFile,
    Job,
    JobKey,
    Kind,
    OpaqueIntent,
    Phase,
    Progress,
    Reach,
    ResultState,
    Retention,
    RunIntent,
)
from chrislib.jobs.store import Decision, JobStore, new_key

INTENT = RunIntent(1, "p", "1", "ds", {"a": 1}, feed_id=1)
BEFORE = steps.Tracked(
    Job(JobKey("k"), Kind.RUN, Phase.RUNNING, INTENT, "t", backend="cube", seq=3)
)
OF_JOB: dict[str, Any] = {
    "kind": Kind.SERVICE,
    "phase": Phase.FAILED,
    "intent": replace(INTENT, issued_at="2027-01-01", plugin_name="q"),
    "title": "u",
    "epoch": 1,
    "seq": 4,
    "reach": Reach.OFFLINE,
    "result": ResultState.READY,
    "retention": Retention.PURGING,
    "remote_id": 9,
    "feed_id": 8,
    "previous_id": 7,
    "remote_status": "started",
    "error_code": "CODE01",
    "detail": "d",
    "hint": "h",
    "progress": Progress(1, 2, "files"),
    "failed_files": (FailedFile("a", "b"),),
    "created_at": 2.0,
    "changed_at": 3.0,
    "terminal_at": 4.0,
    "checked_at": 5.0,
    "field_errors": {"x": "y"},
    "backend": "other",
    "token": "t-1",
    "account_id": 2,
    "batch_key": "b",
    "workflow_id": 6,
    "tracked": False,
    "snooze_until": 7.0,
    "cancel_requested_at": 8.0,
    "cancel_sends": 1,
    "paused": True,
    "start_date": "2027-01-02",
    "end_date": "2027-01-03",
}
OF_TRACKED: dict[str, Any] = {
    "server_uuid": "s",
    "deletion_status": "pending",
    "obs_sent": 1.0,
    "obs_received": 2.0,
    "note_pending": True,
    "reconcile_looks": 1,
    "missing_since": 3.0,
}


def row_after(before: steps.Tracked, after: steps.Tracked) -> dict[str, Any]:
    """Return the row as the write leaves it."""
    write = writing.write(steps.Step(after), before)
    assert isinstance(write.row, JobChanges)
    assert write.expected_seq == before.job.seq
    assert len(set(write.row.columns)) == len(write.row.columns)
    changed = dict(zip(write.row.columns, write.row.values, strict=True))
    return asdict(codec.to_row(before)) | changed


def test_every_field_is_tried_here() -> None:
    assert set(OF_JOB) == {one.name for one in fields(Job)} - {"key"}
    assert set(OF_TRACKED) == {one.name for one in fields(steps.Tracked)} - {"job"}


@pytest.mark.parametrize("name", sorted(OF_JOB.keys() - {"kind"}))
def test_a_changed_field_of_a_job_is_written(name: str) -> None:
    after = replace(BEFORE, job=replace(BEFORE.job, **{name: OF_JOB[name]}))
    assert row_after(BEFORE, after) == asdict(codec.to_row(after))
    assert row_after(after, BEFORE) == asdict(codec.to_row(BEFORE))


@pytest.mark.parametrize("name", sorted(OF_TRACKED))
def test_a_changed_field_beside_a_job_is_written(name: str) -> None:
    after = replace(BEFORE, **{name: OF_TRACKED[name]})
    assert row_after(BEFORE, after) == asdict(codec.to_row(after))
    assert row_after(after, BEFORE) == asdict(codec.to_row(BEFORE))


def test_all_of_it_at_once_is_written() -> None:
    after = replace(BEFORE, job=replace(BEFORE.job, **OF_JOB), **OF_TRACKED)
    assert row_after(BEFORE, after) == asdict(codec.to_row(after))


def test_what_another_version_asked_for_keeps_its_kind() -> None:
    strange = OpaqueIntent("cube", "dream", '{"what": 1}', "t")
    job = replace(BEFORE.job, kind=Kind.SERVICE, intent=strange)
    after = replace(BEFORE, job=job)
    assert row_after(BEFORE, after) == asdict(codec.to_row(after))


def test_an_index_is_left_alone_when_its_columns_do_not_change() -> None:
    seen = steps.Observation(
        9, "finishedSuccessfully", "", 1.0, 1.0, "window", feed_id=int("800")
    )
    known = replace(BEFORE.job, remote_id=9, feed_id=int("800"))
    step = fsm.reduce(replace(BEFORE, job=known), seen, now=2.0)
    assert step is not None
    row = writing.write(step, replace(BEFORE, job=known)).row
    assert isinstance(row, JobChanges)
    assert {"phase", "seq", "terminal_at"} <= set(row.columns)
    # An equal number is no change, even if it is another object.
    assert not {"feed_id", "remote_id", "created_at", "intent_json"} & set(row.columns)


def test_what_is_made_quickly_is_what_its_class_makes() -> None:
    detail = {"epoch": 1}
    for kind, values in (
        (steps.Event, ("k", None, Phase.RUNNING, "user", 1.0, detail)),
        (steps.Notice, ("READY", 1, 0.0)),
        (steps.Step, (BEFORE, (), (), ())),
    ):
        made, own = maker(kind)(*values), kind(*values)
        assert type(made) is kind
        assert made == own
        with pytest.raises(AttributeError):
            setattr(made, fields(kind)[0].name, "other")
    assert maker(steps.Notice)("READY", epoch=2) == steps.Notice("READY", 2)


async def two_stores(folder: Path) -> tuple[Catalog, JobStore, JobStore, list[JobKey]]:
    """Return twelve runs in two memories over one catalog."""
    catalog = Catalog(folder / "c.db")
    await catalog.open()
    account = await catalog.jobs.account("http://x/", "u", server_uuid="s")
    made = [
        replace(
            BEFORE.job, key=new_key(), remote_id=number, account_id=account.account_id
        )
        for number in range(1, 13)
    ]
    one, other = (JobStore(catalog.jobs, SystemClock()) for _ in range(2))
    await one.add(
        [fsm.begin(steps.Tracked(job, server_uuid="s"), now=1.0) for job in made]
    )
    await other.load()
    return catalog, one, other, [job.key for job in made]


async def test_a_page_overtaken_at_many_jobs_is_decided_again(tmp_path: Path) -> None:
    catalog, one, other, keys = await two_stores(tmp_path)
    try:
        # More than the attempts there are: all of them are learned of at once.
        await other.apply_all(keys[:9], lambda t: fsm.request_cancel(t, now=2.0))

        def decide(tracked: steps.Tracked) -> steps.Step:
            return fsm.learn(tracked, "seen", now=3.0, detail="d")

        assert await one.apply_page([Decision(key, decide) for key in keys]) == 12
        for key in keys:
            seqs = [event.seq for event in await catalog.jobs.events(key)]
            assert seqs == ([1, 2, 3] if key in keys[:9] else [1, 2])
            row = await catalog.jobs.get(key)
            assert row is not None
            assert (row.seq, row.detail) == (seqs[-1], "d")
            assert (row.cancel_requested_at is not None) == (key in keys[:9])
    finally:
        await catalog.close()


async def test_how_far_a_job_is_is_written_with_its_next_step(tmp_path: Path) -> None:
    catalog, one, _, keys = await two_stores(tmp_path)
    try:
        far, further = Progress(1, 9, "images"), Progress(2, 9, "images")
        one.progress(keys[0], far)
        one.progress(keys[0], further)  # not written by itself: a second has not passed
        await one.apply(keys[0], lambda t: fsm.learn(t, "seen", now=3.0))
        row = await catalog.jobs.get(keys[0])
        assert row is not None
        assert codec.progress_from_json(row.progress_json) == further
    finally:
        await catalog.close()
