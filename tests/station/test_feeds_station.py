"""Feeds against the real station process: made, extended, watched, looked at."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.cube.errors import Refused
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.outputs import find, totals
from chrislib.feeds.service import FeedsService
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.paths import Paths

Station = Any
StationFactory = Callable[..., Station]


class State(Enum):
    READY = "ready"


@dataclass
class Item:
    path: str
    item_id: str = "a"
    title: str = "a"
    state: State = State.READY


@dataclass
class Desk:
    """A feeds service with a real client and a real job manager."""

    client: CubeClient
    feeds: FeedsService
    jobs: JobManager

    async def data(self, folder: Path) -> str:
        """Put three files on the station; return their folder there."""
        remote = f"home/local/uploads/{time.monotonic_ns()}"
        await self.client.files.make_folder(remote)
        for name in ("a.txt", "b.txt", "c d.csv"):
            local = folder / name
            local.write_text(f"content of {name}\n", encoding="utf-8")
            await self.client.files.upload(local, f"{remote}/{name}")
        return remote

    async def until(
        self, feed_id: int, condition: Callable[[FeedView], object]
    ) -> FeedView:
        """Look at a feed until something is so."""
        deadline = time.monotonic() + 60
        while True:
            view = await self.feeds.open(feed_id)
            if condition(view):
                return view
            assert time.monotonic() < deadline, view.nodes
            await asyncio.sleep(0.05)

    async def add(self, parent: Node, name: str, **values: str) -> int:
        """Add a node; return its id."""
        plugin = next(p for p in await self.feeds.plugins.usable() if p.name == name)
        form = await self.feeds.plugins.form_for(plugin)
        form.adopt(values)
        job = await self.feeds.add_node(form=form, parent=parent)
        assert job.remote_id is not None
        return job.remote_id


def node_of(view: FeedView, node_id: int) -> Node:
    return next(node for node in view.nodes if node.id == node_id)


async def open_desk(station: Station, folder: Path) -> tuple[Desk, Catalog]:
    client = await CubeClient.sign_in(station.url, station.username, station.password)
    await client.identify()
    paths = Paths(
        state=folder / "state",
        cache=folder / "cache",
        config=folder / "config",
        station=folder / "station",
        plugin_envs=folder / "envs",
        downloads=folder / "downloads",
    )
    catalog = Catalog(paths.catalog)
    await catalog.open()
    jobs = JobManager(
        catalog=catalog,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        sinks=(),
        base_period=0.5,
    )
    await jobs.start()
    session = cast("Any", SimpleNamespace(client=client))
    return Desk(client, FeedsService(jobs=jobs, session=session, paths=paths), jobs), (
        catalog
    )


@pytest.fixture
async def desk(station: Station, tmp_path: Path) -> AsyncIterator[Desk]:
    made, catalog = await open_desk(station, tmp_path)
    yield made
    await made.jobs.stop()
    await catalog.close()
    await made.client.aclose()


async def test_from_data_to_a_result(desk: Desk, tmp_path: Path) -> None:
    remote = await desk.data(tmp_path)
    job = await desk.feeds.making.create(
        title="Pilot", items=[Item(remote)], note="why it is made"
    )
    assert job.feed_id is not None
    view = await desk.until(job.feed_id, lambda v: v.nodes[0].state == "ready")
    assert view.row.title == "Pilot"
    root = view.nodes[0]

    # the data is linked: the tree shows the files behind the links
    tree = await desk.feeds.outputs.of(root)
    assert totals(tree)[0] == 3
    name = tree[0].relative
    entry = find(tree, f"{name}/a.txt")
    assert entry is not None
    assert entry.path == f"{remote}/a.txt"
    local = await desk.feeds.outputs.fetch(entry)
    assert local.read_text(encoding="utf-8") == "content of a.txt\n"

    # a plugin of which nothing was given still gets a parameter
    added = await desk.add(root, "pl-simpledsapp")
    view = await desk.until(job.feed_id, lambda v: node_of(v, added).state == "ready")
    node = node_of(view, added)
    assert node.parents == (root.id,)
    assert node.detail.startswith("Ready · ")
    details = await desk.feeds.details(job.feed_id, added)
    assert [step.status for step in details.steps] == ["past"] * 5
    times = [step.at for step in details.steps if step.at is not None]
    assert times == sorted(times)
    assert details.command.startswith("pl-simpledsapp --")
    assert details.parameters
    assert totals(await desk.feeds.outputs.of(node))[0] >= 3
    rows = (await desk.feeds.lists.all_feeds())["mine"]
    assert rows[0].id == job.feed_id
    assert rows[0].states == {"ready": 2}
    note = await desk.client.feeds.note(job.feed_id)
    assert note == "why it is made"


async def test_a_cancel_takes_what_comes_after_along(
    desk: Desk, tmp_path: Path
) -> None:
    remote = await desk.data(tmp_path)
    job = await desk.feeds.making.create(title="Cancel", items=[Item(remote)])
    assert job.feed_id is not None
    view = await desk.until(job.feed_id, lambda v: v.nodes[0].state == "ready")
    first = await desk.add(view.nodes[0], "pl-simpledsapp", sleepLength="60")
    view = await desk.until(job.feed_id, lambda v: node_of(v, first).state == "running")
    second = await desk.add(node_of(view, first), "pl-simpledsapp", prefix="x")
    view = await desk.feeds.open(job.feed_id)
    assert node_of(view, second).detail == "Waits for pl-simpledsapp"
    assert desk.feeds.cancel_count(node_of(view, first)) == 2
    assert await desk.feeds.cancel(node_of(view, first)) == 2
    view = await desk.until(
        job.feed_id, lambda v: node_of(v, first).state == "cancelled"
    )
    assert node_of(view, second).state in {"cancelled", "upstream"}
    assert (await desk.feeds.details(job.feed_id, first)).steps[-1].status == "next"


async def test_a_join_of_two(desk: Desk, tmp_path: Path) -> None:
    remote = await desk.data(tmp_path)
    job = await desk.feeds.making.create(title="Join", items=[Item(remote)])
    assert job.feed_id is not None
    view = await desk.until(job.feed_id, lambda v: v.nodes[0].state == "ready")
    root = view.nodes[0]
    left = await desk.add(root, "pl-simpledsapp", prefix="left_")
    right = await desk.add(root, "pl-simpledsapp", prefix="right_")
    view = await desk.feeds.open(job.feed_id)
    plugin = next(
        p for p in await desk.feeds.plugins.usable() if p.name == "pl-topologicalcopy"
    )
    form = await desk.feeds.plugins.form_for(plugin)
    both = [node_of(view, left), node_of(view, right)]
    joined = await desk.feeds.add_node(form=form, parent=both[0], parents=both)
    assert joined.remote_id is not None
    number = joined.remote_id
    view = await desk.until(
        job.feed_id, lambda v: node_of(v, number).state in {"ready", "failed"}
    )
    assert set(node_of(view, number).parents) == {left, right}
    assert node_of(view, number).state == "ready"


async def test_a_refused_value_names_what_it_can(desk: Desk, tmp_path: Path) -> None:
    remote = await desk.data(tmp_path)
    with pytest.raises(Refused) as caught:
        await desk.feeds.making.create(
            title="Gone", items=[Item(f"{remote}/not-there")]
        )
    assert caught.value.fields
    assert not [job for job in desk.jobs.jobs() if job.title == "Gone"]


async def test_a_program_that_fails_is_told_with_its_log(
    desk: Desk, tmp_path: Path
) -> None:
    remote = await desk.data(tmp_path)
    job = await desk.feeds.making.create(title="Fails", items=[Item(remote)])
    assert job.feed_id is not None
    view = await desk.until(job.feed_id, lambda v: v.nodes[0].state == "ready")
    # dcm2niix ends with an error where there are no images
    failing = await desk.add(view.nodes[0], "pl-dcm2niix")
    ended = {"errors", "failed", "ready"}
    view = await desk.until(job.feed_id, lambda v: node_of(v, failing).state in ended)
    assert node_of(view, failing).state == "errors"
    details = await desk.feeds.details(job.feed_id, failing)
    assert details.log
    below = await desk.add(node_of(view, failing), "pl-simpledsapp")
    view = await desk.until(
        job.feed_id, lambda v: node_of(v, below).state == "upstream"
    )
    assert node_of(view, below).detail == "pl-dcm2niix ended with an error"
