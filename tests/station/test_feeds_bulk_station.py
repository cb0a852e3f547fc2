"""Several feeds at once against the real station: renamed, merged, fetched, deleted."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from chrislib.cube.errors import NotFound
from chrislib.feeds.bulk import folder_names, merge_title
from chrislib.feeds.model import FeedRow
from chrislib.feeds.outputs import walk
from chrislib.feeds.renaming import new_title
from chrislib.jobs.model import Job, Kind, Phase
from tests.station.test_feeds_station import Desk, Item, open_desk


@pytest.fixture
async def desk(station: Any, tmp_path: Path) -> AsyncIterator[Desk]:
    made, catalog = await open_desk(station, tmp_path)
    yield made
    await made.jobs.stop()
    await catalog.close()
    await made.client.aclose()


def quiet(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


async def rows_of(desk: Desk, ids: list[int]) -> list[FeedRow]:
    mine = (await desk.feeds.lists.all_feeds())["mine"]
    found = {row.id: row for row in mine}
    return [found[one] for one in ids]  # type: ignore[index]


async def ready(desk: Desk, folder: Path, title: str) -> int:
    remote = await desk.data(folder)
    job = await desk.feeds.making.create(title=title, items=[Item(remote)])
    assert job.feed_id is not None
    await desk.until(job.feed_id, lambda v: v.nodes[0].state == "ready")
    return job.feed_id


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_several_feeds_are_renamed_merged_and_duplicated(
    desk: Desk, tmp_path: Path
) -> None:
    ids = [await ready(desk, tmp_path, title) for title in ("Head", "Spine")]
    rows = await rows_of(desk, ids)
    titles = {
        int(row.id): new_title("{n:2} {name}", row, number)
        for number, row in enumerate(rows, 7)
    }
    counts: list[tuple[int, int]] = []
    report = await desk.feeds.bulk.rename(
        rows, titles, told=lambda done, total: counts.append((done, total))
    )
    assert sorted(report.done) == sorted(ids)
    assert counts == [(1, 2), (2, 2)]
    rows = await rows_of(desk, ids)
    assert [row.title for row in rows] == ["07 Head", "08 Spine"]

    job = await desk.feeds.bulk.merge(rows, merge_title(rows))
    assert job.feed_id is not None
    view = await desk.until(job.feed_id, lambda v: v.nodes[0].state == "ready")
    assert view.row.title == "07 Head and 08 Spine"
    files = [entry.path for entry in walk(await desk.feeds.outputs.of(view.nodes[0]))]
    # the folders of both feeds stand behind the links
    assert len(files) == 6

    again = f"Again {job.feed_id}"  # other tests have theirs at this station
    report = await desk.feeds.bulk.duplicate(rows[:1], {ids[0]: again}, told=quiet)
    assert report.done == (ids[0],)
    mine = (await desk.feeds.lists.all_feeds())["mine"]
    (copy,) = [row for row in mine if row.title == again]
    view = await desk.until(copy.id, lambda v: v.nodes[0].state == "ready")
    assert len(list(walk(await desk.feeds.outputs.of(view.nodes[0])))) == 3


async def test_whole_feeds_are_fetched_and_what_is_there_is_left(
    desk: Desk, tmp_path: Path
) -> None:
    feed_id = await ready(desk, tmp_path, "To take along")
    view = await desk.feeds.open(feed_id)
    node = await desk.add(view.nodes[0], "pl-simpledsapp")
    await desk.until(
        feed_id, lambda v: all(n.state == "ready" for n in v.nodes) and node
    )
    rows = await rows_of(desk, [feed_id])
    folder = tmp_path / "taken"

    async def fetch(times: int) -> None:
        await desk.feeds.bulk.download(rows, folder, told=quiet)

        def ended() -> list[Job]:
            found = [
                job
                for job in desk.jobs.jobs()
                if job.kind is Kind.DOWNLOAD and job.feed_id == feed_id
            ]
            over = all(job.phase is Phase.FINISHED for job in found)
            return found if len(found) == times and over else []

        await until(ended)

    await fetch(1)
    place = folder / folder_names(rows)[feed_id]
    local = sorted(path for path in place.rglob("*") if path.is_file())
    assert any(path.name == "a.txt" for path in local)
    stamps = [path.stat().st_mtime_ns for path in local]
    await fetch(2)
    again = sorted(path for path in place.rglob("*") if path.is_file())
    assert again == local
    assert [path.stat().st_mtime_ns for path in again] == stamps


async def test_a_deletion_is_counted_first_and_says_what_was_refused(
    desk: Desk, tmp_path: Path
) -> None:
    ids = [await ready(desk, tmp_path, title) for title in ("Old", "Older", "Gone")]
    view = await desk.feeds.open(ids[0])
    await desk.add(view.nodes[0], "pl-simpledsapp", sleepLength="60")
    await desk.until(ids[0], lambda v: any(node.state == "running" for node in v.nodes))
    rows = await rows_of(desk, ids)
    weight = await desk.feeds.bulk.weigh(rows, told=quiet)
    assert (weight.nodes, weight.active, weight.unknown) == (4, 1, 0)
    assert weight.size is not None
    # somebody else was quicker with one of them: that is as wanted
    await desk.feeds.bulk.delete(rows[2:], told=quiet)
    report = await desk.feeds.bulk.delete(rows, told=quiet)
    assert sorted(report.done) == sorted(ids)
    assert report.failed == ()
    assert report.pending == ()
    for one in ids:
        with pytest.raises(NotFound):
            await desk.client.feeds.get(one)
    known = await desk.feeds.lists.all_feeds(whole=False)
    assert not {row.id for row in known["mine"]} & set(ids)
    # what else is done to feeds that are gone is told feed by feed
    report = await desk.feeds.bulk.rename(rows, dict.fromkeys(ids, "x"), told=quiet)
    assert [failure.row.id for failure in report.failed] == ids
    assert "deleted" in report.failed[0].error.title


async def test_a_feed_is_measured_once_for_the_list(desk: Desk, tmp_path: Path) -> None:
    feed_id = await ready(desk, tmp_path, "Measured")
    view = await desk.feeds.open(feed_id)
    await desk.add(view.nodes[0], "pl-simpledsapp")
    await desk.until(
        feed_id,
        lambda v: len(v.nodes) == 2 and all(n.state == "ready" for n in v.nodes),
    )
    rows = await rows_of(desk, [feed_id])
    assert desk.feeds.measures.missing(rows) == rows
    measure = await desk.feeds.measures.of(rows[0])
    assert measure.seconds is not None
    assert measure.size is not None
    assert measure.size > 0
    assert desk.feeds.measures.missing(rows) == []
