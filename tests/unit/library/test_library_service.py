"""The Library's verbs, journaled and followed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chrislib.aio import spawn
from chrislib.cube.errors import ServerUnreachable
from chrislib.errors import ChrislibError
from chrislib.jobs.model import Phase, PullIntent, UploadIntent
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    ItemState,
    LibraryChange,
    Source,
)
from chrislib.library.service import LibraryService
from chrislib.pacs.types import Criteria, FoundPatient

BY_ID = Criteria(values={"PatientID": ("4543673",)})


async def until(condition: Any, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a state without an event
            await asyncio.sleep(0.005)


def all_series(patients: tuple[FoundPatient, ...]) -> list[Any]:
    return [
        (patient, study, series)
        for patient in patients
        for study in patient.studies
        for series in study.series
    ]


@pytest.fixture
def patients(request: pytest.FixtureRequest, neighbours: Any) -> Any:
    import sys

    module = sys.modules[type(neighbours).__module__]
    neighbours.pacs.patients = module.some_patients()
    return neighbours.pacs.patients


async def test_a_lookup_is_journaled(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    opened: list[EntryId] = []
    result = await library.lookup(BY_ID, opened=opened.append)
    assert result.patients == patients
    (entry,) = await library.history()
    assert opened == [entry.entry_id]
    assert entry.kind is EntryKind.LOOKUP
    assert entry.title == "4543673"
    assert entry.detail == "Patient ID · all PACS · 4 studies, 8 series found"
    assert entry.state == "found"
    (row,) = await neighbours.catalog.history.newest()
    assert row.account_key == "uuid-1|alex"


async def test_one_patient_names_the_entry(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    neighbours.pacs.patients = patients[:1]
    await library.lookup(BY_ID)
    (entry,) = await library.history()
    assert entry.title == "Doe, Jonathan — 4543673"


async def test_no_match_and_no_answer_are_different(
    library: LibraryService, neighbours: Any
) -> None:
    assert (await library.lookup(BY_ID)).patients == ()
    neighbours.pacs.unreachable = ("Main PACS",)
    with pytest.raises(ChrislibError, match="No answer from Main PACS"):
        await library.lookup(BY_ID)
    failed, empty = await library.history()
    assert (empty.state, empty.state_text) == ("nomatch", "No match")
    assert failed.state == "failed"
    assert "No answer" in failed.detail


async def test_some_answers_beside_silence(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    neighbours.pacs.unreachable = ("Archive",)
    result = await library.lookup(BY_ID)
    assert result.patients
    (entry,) = await library.history()
    assert entry.state_text == "Partly answered"


async def test_what_asks_for_everything_never_leaves(
    library: LibraryService, neighbours: Any
) -> None:
    with pytest.raises(ChrislibError):
        await library.lookup(Criteria(values={}))
    assert neighbours.pacs.asked == []
    assert await library.history() == []


async def test_without_a_server_it_is_said(
    library: LibraryService, neighbours: Any
) -> None:
    neighbours.session.pacs = None
    with pytest.raises(ChrislibError, match="no connection"):
        await library.lookup(BY_ID)


async def test_a_cancelled_lookup_says_so(
    library: LibraryService, neighbours: Any
) -> None:
    neighbours.pacs.gate = asyncio.Event()
    task = spawn(library.lookup(BY_ID), name="lookup")
    await until(lambda: neighbours.pacs.asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (entry,) = await library.history()
    assert entry.state == "cancelled"


async def test_again_repeats_the_same_request(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    await library.lookup(BY_ID)
    (entry,) = await library.history()
    await library.again(entry.entry_id)
    assert neighbours.pacs.asked[0] == neighbours.pacs.asked[1]
    assert len(await library.history()) == 2


async def test_a_pull_is_followed_to_ready(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    opened: list[EntryId] = []
    changes: list[LibraryChange] = []
    library.subscribe(changes.append)
    await library.lookup(BY_ID, opened=opened.append)
    first, second = await library.pull(all_series(patients)[:2], entry_id=opened[0])
    assert first.state is ItemState.ON_THE_WAY
    intent = neighbours.jobs.submitted[0]
    assert isinstance(intent, PullIntent)
    assert (intent.series_uid, intent.item_id) == ("1.2.3.1", first.item_id)
    neighbours.jobs.move(first.job_key, Phase.RUNNING, done=132, total=192)
    now = library.state_of_series("1.2.3.1")
    assert now is not None
    assert now.received == 132
    entry = library.entry(opened[0])
    assert entry is not None
    assert (entry.state, entry.state_text) == ("running", "Pulling 2 series")
    assert (entry.done, entry.total) == (132, 384)
    neighbours.jobs.move(first.job_key, Phase.REGISTERING, done=192, total=192)
    assert library.state_of_series("1.2.3.1").state is ItemState.REGISTERING  # type: ignore[union-attr]
    path = neighbours.session.fake.pacs.register("1.2.3.1", images=192)
    neighbours.session.fake.files.stored[f"{path}/1.dcm"] = b"x" * 51
    neighbours.jobs.move(first.job_key, Phase.FINISHED)
    await until(lambda: library.item(first.item_id).state is ItemState.READY)  # type: ignore[union-attr]
    await until(lambda: library.item(first.item_id).size == 51)  # type: ignore[union-attr]
    ready = library.item(first.item_id)
    assert ready is not None
    assert ready.path == path
    entry = library.entry(opened[0])
    assert entry is not None
    assert entry.brought == "1 of 2 series here"
    neighbours.jobs.move(
        second.job_key, Phase.FAILED, done=19, total=192, detail="It closed."
    )
    entry = library.entry(opened[0])
    assert entry is not None
    assert (entry.state, entry.state_text) == ("errors", "1 series failed")
    assert library.item(second.item_id).detail == "It closed."  # type: ignore[union-attr]
    assert any(change.items for change in changes)


async def test_what_is_here_is_never_pulled_twice(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    wanted = all_series(patients)[:1]
    (item,) = await library.pull(wanted)
    await library.pull(wanted)  # on the way
    neighbours.session.fake.pacs.register("1.2.3.1", images=192)
    neighbours.jobs.move(item.job_key, Phase.FINISHED)
    await until(lambda: library.item(item.item_id).state is ItemState.READY)  # type: ignore[union-attr]
    await library.pull(wanted)  # here
    assert len(neighbours.jobs.submitted) == 1


async def test_a_stopped_pull_goes_on_with_the_same_job(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    (item,) = await library.pull(all_series(patients)[:1])
    neighbours.jobs.move(item.job_key, Phase.FAILED, done=3, total=192)
    await library.bring([item.item_id])
    assert ("retry", item.job_key) in neighbours.jobs.calls
    assert library.item(item.item_id).state is ItemState.ON_THE_WAY  # type: ignore[union-attr]
    await library.cancel(item.item_id)
    assert library.item(item.item_id).state is ItemState.CANCELLED  # type: ignore[union-attr]


async def test_ticking_asks_for_nothing(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    items = await library.want(all_series(patients)[:2])
    library.tray.add(*(item.item_id for item in items))
    assert neighbours.jobs.submitted == []
    assert [item.state for item in library.tray.items()] == [ItemState.WANTED] * 2
    await library.bring(library.tray.ids)
    assert len(neighbours.jobs.submitted) == 2


async def test_the_tray_survives_a_restart(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    items = await library.want(all_series(patients)[:3])
    library.tray.add(*(item.item_id for item in items))
    library.tray.move(items[2].item_id, 0)
    library.tray.remove(items[0].item_id)
    await library.stop()
    again = neighbours.service()
    await again.start()
    assert again.tray.ids == (items[2].item_id, items[1].item_id)
    assert again.item(items[0].item_id) is None  # unticked and never asked for
    again.tray.clear()
    assert len(again.tray) == 0
    await again.stop()


async def test_a_refused_journal_is_said_and_kept(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    neighbours.jobs.refuse = ChrislibError("The disk is full.")
    with pytest.raises(ChrislibError, match="disk is full"):
        await library.pull(all_series(patients)[:1])
    item = library.state_of_series("1.2.3.1")
    assert item is not None
    assert (item.state, item.detail) == (ItemState.FAILED, "The disk is full.")


async def test_restart_picks_up_what_jobs_did_meanwhile(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    one, two, three = await library.pull(all_series(patients)[:3])
    await library.stop()
    # the window was closed: the manager went on without anybody listening
    neighbours.session.fake.pacs.register("1.2.3.1", images=192)
    neighbours.jobs.move(one.job_key, Phase.FINISHED)
    neighbours.jobs.move(two.job_key, Phase.FAILED, detail="It closed.")
    # and the third was never sent: the program ended before its job was made
    neighbours.jobs.rows.pop(three.job_key)
    row = await neighbours.catalog.items.get(three.item_id)
    from dataclasses import replace

    await neighbours.catalog.items.upsert(replace(row, job_key=""))
    again = neighbours.service()
    await again.start()
    await until(lambda: again.item(one.item_id).state is ItemState.READY)
    assert again.item(two.item_id).state is ItemState.FAILED
    never = again.item(three.item_id)
    assert never.state is ItemState.FAILED
    assert "before this was sent" in never.detail
    await again.stop()


async def test_an_item_whose_key_was_not_kept_finds_its_job(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    (item,) = await library.pull(all_series(patients)[:1])
    await library.stop()
    from dataclasses import replace

    row = await neighbours.catalog.items.get(item.item_id)
    await neighbours.catalog.items.upsert(replace(row, job_key=""))
    again = neighbours.service()
    await again.start()
    assert again.item(item.item_id).job_key == item.job_key
    await again.stop()


async def test_jobs_that_are_read_later_are_waited_for(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    one, two = await library.pull(all_series(patients)[:2])
    await library.stop()
    rows = dict(neighbours.jobs.rows)
    neighbours.jobs.rows.clear()  # the manager has not read them yet
    again = neighbours.service()
    await again.start()
    assert again.item(one.item_id).state is ItemState.ON_THE_WAY
    neighbours.jobs.rows.update({one.job_key: rows[one.job_key]})
    neighbours.jobs.move(one.job_key, Phase.RUNNING, done=3, total=192)
    assert again.item(one.item_id).received == 3
    assert again.item(two.item_id).state is ItemState.ON_THE_WAY
    await again.stop()


async def test_a_feed_made_of_an_item_does_not_move_it(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    from chrislib.jobs.model import RunIntent

    (item,) = await library.want(all_series(patients)[:1])
    intent = RunIntent(1, "pl-dircopy", "2", "fs", {}, item_ids=(item.item_id,))
    key = await neighbours.jobs.submit(intent)
    neighbours.jobs.move(key, Phase.RUNNING)
    assert library.item(item.item_id) == item


async def test_without_a_server_a_finished_pull_waits_and_is_found_later(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    (item,) = await library.pull(all_series(patients)[:1])
    client, neighbours.session.client = neighbours.session.client, None
    neighbours.jobs.move(item.job_key, Phase.FINISHED)
    await asyncio.sleep(0)
    assert library.item(item.item_id).state is ItemState.REGISTERING  # type: ignore[union-attr]
    neighbours.session.fake.pacs.register("1.2.3.1", images=192)
    neighbours.session.client = client
    neighbours.session.tell()
    await until(lambda: library.item(item.item_id).state is ItemState.READY)  # type: ignore[union-attr]


async def test_other_accounts_see_their_own(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    await library.pull(all_series(patients)[:1])
    await library.lookup(BY_ID)
    told: list[LibraryChange] = []
    library.subscribe(told.append)
    neighbours.session.fake.username = "somebody"
    neighbours.session.tell()
    assert told[0].history
    assert await library.items() == []
    assert await library.history() == []
    assert library.state_of_series("1.2.3.1") is None


async def test_an_upload_is_planned_sent_and_followed(
    library: LibraryService, neighbours: Any, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("hello")
    found = await library.scan([tmp_path / "in"])
    (item,) = await library.upload(found)
    (intent,) = neighbours.jobs.submitted
    assert isinstance(intent, UploadIntent)
    neighbours.jobs.move(item.job_key, Phase.RUNNING, done=0, total=1)
    (entry,) = await library.history()
    assert (entry.state, entry.state_text) == ("running", "Sending")
    (run,) = library.uploads()
    assert (run.state, run.total) == ("running", 1)
    neighbours.jobs.move(item.job_key, Phase.FINISHED, done=1, total=1)
    ready = library.item(item.item_id)
    assert ready is not None
    assert (ready.state, ready.source) == (ItemState.READY, Source.UPLOAD)
    (entry,) = await library.history()
    assert (entry.state, entry.brought) == ("ready", "1 file · 5 B")
    neighbours.session.fake.files.stored[intent.files[0].remote] = b"hello"
    (second,) = await library.upload(found)
    assert neighbours.jobs.submitted[1].folder == f"{intent.folder}-2"
    assert second.path != item.path


async def test_an_upload_without_a_server_sends_nothing(
    library: LibraryService, neighbours: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("hello")
    found = await library.scan([tmp_path / "a.txt"])
    neighbours.session.fake.files.error = ServerUnreachable("No answer.")
    with pytest.raises(ServerUnreachable):
        await library.upload(found)
    assert neighbours.jobs.submitted == []
    assert await library.items() == []


async def test_opening_brings_files_once(
    library: LibraryService, neighbours: Any, patients: Any, tmp_path: Path
) -> None:
    (item,) = await library.pull(all_series(patients)[:1])
    with pytest.raises(ChrislibError, match="cannot be opened yet"):
        await library.open_item(item, cache=tmp_path)
    files = neighbours.session.fake.files
    path = neighbours.session.fake.pacs.register("1.2.3.1", images=2)
    for name in ("1.dcm", "2.dcm", "read me.txt"):
        files.stored[f"{path}/{name}"] = name.encode()
    neighbours.jobs.move(item.job_key, Phase.FINISHED)
    await until(lambda: library.item(item.item_id).state is ItemState.READY)  # type: ignore[union-attr]
    ready = library.item(item.item_id)
    assert ready is not None
    seen: list[tuple[int, int]] = []
    opened = await library.open_item(
        ready, cache=tmp_path, progress=lambda done, total: seen.append((done, total))
    )
    assert opened.kind == "dicom"
    assert [one.read_bytes() for one in opened.paths] == [b"1.dcm", b"2.dcm"]
    assert seen[-1] == (3, 3)
    files.reads.clear()
    await library.open_item(ready, cache=tmp_path)
    assert files.reads == []
    (opened.paths[0]).write_bytes(b"short")
    files.error = ServerUnreachable("No answer.")
    files.stored[f"{path}/1.dcm"] = b"longer than before"
    with pytest.raises(ServerUnreachable):
        await library.open_item(ready, cache=tmp_path)
    assert not list(tmp_path.rglob("*.part"))


async def test_what_is_deleted_on_the_server_says_so(
    library: LibraryService, neighbours: Any, patients: Any, tmp_path: Path
) -> None:
    (item,) = await library.pull(all_series(patients)[:1])
    neighbours.session.fake.pacs.register("1.2.3.1", images=2)
    neighbours.jobs.move(item.job_key, Phase.FINISHED)
    await until(lambda: library.item(item.item_id).state is ItemState.READY)  # type: ignore[union-attr]
    ready = library.item(item.item_id)
    assert ready is not None
    neighbours.session.fake.files.gone = True
    with pytest.raises(ChrislibError, match="gone from the server"):
        await library.open_item(ready, cache=tmp_path)
    assert library.item(item.item_id).state is ItemState.GONE  # type: ignore[union-attr]
    await library.bring([item.item_id])
    assert len(neighbours.jobs.submitted) == 2


async def test_an_item_can_be_taken_out(
    library: LibraryService, neighbours: Any, patients: Any
) -> None:
    (item,) = await library.pull(all_series(patients)[:1])
    library.tray.add(item.item_id)
    await library.forget([item.item_id])
    assert await library.items() == []
    assert library.tray.ids == ()
    assert await neighbours.catalog.items.all() == []


async def test_an_interrupted_lookup_is_told_after_a_restart(
    neighbours: Any, library: LibraryService
) -> None:
    await library._history.put(
        HistoryEntry(
            entry_id=EntryId("e"),
            kind=EntryKind.LOOKUP,
            title="x",
            detail="",
            at=1.0,
            state="running",
        )
    )
    again = neighbours.service()
    await again.start()
    entry = again.entry(EntryId("e"))
    assert (entry.state, entry.state_text) == ("cancelled", "Interrupted")
    await again.stop()
