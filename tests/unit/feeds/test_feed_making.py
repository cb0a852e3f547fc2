"""New feeds that wait for their data, and the recipes that follow it."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chrislib.errors import ChrislibError
from chrislib.feeds.making import LibraryData, NewFeeds, title_again
from chrislib.feeds.recipes import Recipe, recent
from chrislib.feeds.subjects import PathItem
from chrislib.jobs.model import (
    Job,
    JobKey,
    Kind,
    Phase,
    RunIntent,
    WorkflowIntent,
)
from chrislib.jobs.submission.held import Next


class State(Enum):
    READY = "ready"
    WANTED = "wanted"
    ON_THE_WAY = "on_the_way"
    FAILED = "failed"


@dataclass
class Item:
    item_id: str
    state: State
    path: str = "SERVICES/PACS/x"
    title: str = "T1"


@dataclass
class Library:
    """Items that change when a test says so."""

    items: dict[str, Item] = field(default_factory=dict)
    brought: list[str] = field(default_factory=list)
    told: Callable[[], None] = lambda: None

    def put(self, *items: Item) -> list[Item]:
        self.items.update({item.item_id: item for item in items})
        self.told()
        return list(items)

    async def bring(self, ids: Iterable[str]) -> None:
        for one in ids:
            self.brought.append(one)
            self.items[one].state = State.ON_THE_WAY

    def subscribe(self, call: Callable[[], None]) -> Callable[[], None]:
        self.told = call
        return lambda: None

    def data(self) -> LibraryData:
        return LibraryData(self.items.get, self.bring, self.subscribe)


@dataclass
class Jobs:
    """A manager that holds runs in memory."""

    account_id: int = 1
    rows: dict[JobKey, Job] = field(default_factory=dict)
    sent: list[tuple[RunIntent, Any]] = field(default_factory=list)

    @property
    def held(self) -> "Jobs":
        return self

    def get(self, key: JobKey) -> Job | None:
        return self.rows.get(key)

    def waiting(self, _account: int) -> list[Job]:
        return [job for job in self.rows.values() if job.phase is Phase.DRAFT]

    async def submit_now(self, intent: Any, then: Any = (), **_: Any) -> Job:
        self.sent.append((intent, then))
        return job_of(intent, phase=Phase.SUBMITTED)

    async def submit_held(self, intent: RunIntent, then: Any = ()) -> list[JobKey]:
        made = job_of(intent, phase=Phase.DRAFT)
        self.rows[made.key] = made
        return [made.key]

    async def release(self, key: JobKey, parameters: Any) -> bool:
        job = self.rows[key]
        assert isinstance(job.intent, RunIntent)
        intent = replace(job.intent, parameters=parameters, waits_for=())
        self.rows[key] = replace(job, phase=Phase.SUBMITTED, intent=intent)
        return True

    async def say(
        self, key: JobKey, detail: str, *, hint: str = "", trouble: bool = False
    ) -> None:
        errors = {"": detail} if trouble else {}
        job = self.rows[key]
        self.rows[key] = replace(job, detail=detail, hint=hint, field_errors=errors)

    def progress(self, key: JobKey, *, here: int, total: int) -> None:
        self.shown = (here, total)


def job_of(intent: Any, **changes: Any) -> Job:
    return Job(
        key=JobKey(f"job-{time.monotonic_ns()}"),
        kind=Kind.RUN if isinstance(intent, RunIntent) else Kind.WORKFLOW,
        intent=intent,
        title="",
        **{"phase": Phase.FINISHED, "account_id": 1, **changes},
    )


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
async def making(library: Library, jobs: Jobs) -> Any:
    async def copies() -> Any:
        plugin = SimpleNamespace(id=9, name="pl-dircopy", version="2", type="fs")
        return plugin, [SimpleNamespace(name="dir", type="unextpath")]

    made = NewFeeds(cast("Any", jobs), copy_plugin=copies, library=library.data())
    made.start()
    yield made
    await made.close()


async def test_a_feed_waits_for_its_data_and_is_sent_then(
    making: NewFeeds, library: Library, jobs: Jobs
) -> None:
    items = library.put(
        Item("a", State.READY, "home/me/uploads/a"),
        Item("b", State.WANTED, ""),
        Item("c", State.ON_THE_WAY, ""),
    )
    job = await making.create(title=" Pilot ", items=items, tags=["x", " x", ""])
    assert library.brought == ["b"]
    assert jobs.rows[job.key].detail == "Starts when 2 more are here."
    assert jobs.shown == (1, 3)
    library.put(Item("b", State.FAILED, ""))
    await until(lambda: jobs.rows[job.key].field_errors)
    assert "1 item did not arrive" in jobs.rows[job.key].detail
    library.put(Item("b", State.READY), Item("c", State.READY, "SERVICES/PACS/y"))
    await until(lambda: jobs.rows[job.key].phase is Phase.SUBMITTED)
    intent = jobs.rows[job.key].intent
    assert isinstance(intent, RunIntent)
    assert intent.parameters == {
        "dir": "home/me/uploads/a,SERVICES/PACS/x,SERVICES/PACS/y"
    }
    assert intent.tags == ("x",)
    assert intent.title == "Pilot"


async def test_what_cannot_come_is_refused_before_anything_is_written(
    making: NewFeeds, library: Library, jobs: Jobs
) -> None:
    items = library.put(Item("a", State.READY), Item("b", State.FAILED, ""))
    with pytest.raises(ChrislibError, match="1 item is not here yet"):
        await making.create(title="x", items=items)
    with pytest.raises(ChrislibError, match="The tag"):
        await making.create(title="x", items=items[:1], tags=["t" * 101])
    # a place in the storage is no item: a feed that waits would lose it
    place = PathItem("home/me/uploads/x")
    away = library.put(Item("c", State.ON_THE_WAY, ""))
    with pytest.raises(ChrislibError, match="1 item is not here yet"):
        await making.create(title="x", items=[place, *away])
    assert not jobs.rows
    assert not jobs.sent


def test_a_feed_of_the_same_data_has_a_title_of_its_own() -> None:
    assert title_again("Pilot") == "Pilot, again"
    assert title_again("Pilot, again ") == "Pilot, again"
    assert title_again(" ") == ""
    assert len(title_again("x" * 100)) == 100


def run(number: int, above: int | None, plugin: str, *, feed: int) -> Job:
    intent = RunIntent(
        plugin_id=len(plugin),
        plugin_name=plugin,
        plugin_version="1",
        plugin_type="fs" if above is None else "ds",
        parameters={"n": number},
        previous_id=above,
        feed_id=feed,
        title="t",
        nonce="abc",
        item_ids=("a",),
    )
    return job_of(
        intent,
        remote_id=number,
        previous_id=above,
        feed_id=feed,
        created_at=float(number),
        terminal_at=number + 60.0,
    )


def feed_of(number: int, *plugins: str) -> list[Job]:
    """Return a feed of data and a chain of plugins under it."""
    first = number * 100
    rows = [run(first, None, "pl-dircopy", feed=number)]
    return rows + [
        run(first + at + 1, first + at, plugin, feed=number)
        for at, plugin in enumerate(plugins)
    ]


def test_recipes_are_what_was_run_on_feeds_before() -> None:
    rows = [job for n in range(1, 7) for job in feed_of(n, "pl-a", "pl-b")]
    rows += feed_of(7, "pl-c")
    pipeline = WorkflowIntent(4, "Volumes", previous_id=800, feed_id=8, nodes=3)
    rows += [
        *feed_of(8),
        job_of(pipeline, feed_id=8, previous_id=800, created_at=801.0),
    ]
    rows += [replace(job, account_id=2) for job in feed_of(9, "pl-other")]
    found = recent(rows, account_id=1)
    assert [one.title for one in found] == ["Volumes", "c", "a to b"]
    assert found[0].detail == "pipeline, 3 nodes"
    assert (found[2].uses, found[2].detail) == (6, "a → b")
    assert found[2].usual == (61.0, 61.0)
    assert found[1].usual is None
    first, second = (step.intent for step in found[2].steps)
    assert isinstance(first, RunIntent)
    assert (first.previous_id, first.feed_id, first.nonce, first.item_ids) == (
        None,
        None,
        "",
        (),
    )
    # the values of the last time
    assert first.parameters == {"n": 601}
    assert [step.under for step in found[2].steps] == [-1, 0]
    assert isinstance(second, RunIntent)


async def test_the_first_step_goes_along(
    making: NewFeeds, library: Library, jobs: Jobs
) -> None:
    (recipe,) = recent(feed_of(1, "pl-a"), account_id=1)
    assert isinstance(recipe, Recipe)
    items = library.put(Item("a", State.READY))
    await making.create(title="x", items=items, first=recipe)
    ((intent, then),) = jobs.sent
    assert intent.waits_for == ()
    assert isinstance(then[0], Next)
    assert then == recipe.steps
