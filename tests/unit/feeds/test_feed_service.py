"""The service between the client, the job manager and the window."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.types import (
    Feed,
    FeedId,
    FileId,
    InstanceId,
    Plugin,
    PluginId,
    PluginInstance,
    PluginParameter,
    StoragePath,
)
from chrislib.errors import ChrislibError
from chrislib.feeds.model import Node, OutputEntry
from chrislib.feeds.service import FeedsService
from chrislib.jobs.model import (
    DownloadIntent,
    Intent,
    Job,
    JobKey,
    Kind,
    Phase,
    RunIntent,
)
from chrislib.paths import Paths

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def plugin(plugin_id: int, name: str, version: str, kind: str = "ds") -> Plugin:
    return Plugin(
        id=PluginId(plugin_id), name=name, version=version, type=kind, title="",
        category="", description="", documentation="", authors="", license="", icon="",
        dock_image="", min_cpu_limit=0, max_cpu_limit=0, min_memory_limit=0,
        max_memory_limit=0, min_gpu_limit=0, max_gpu_limit=0,
        min_number_of_workers=0, max_number_of_workers=0, creation_date=None,
    )  # fmt: skip


def run(node_id: int, **changes: Any) -> PluginInstance:
    base = PluginInstance(
        id=InstanceId(node_id), title="", previous_id=None, plugin_id=PluginId(1),
        plugin_name="pl-dircopy", plugin_version="2.1.2", plugin_type="fs",
        feed_id=FeedId(5), workflow_id=None, start_date=START, end_date=START,
        output_path=StoragePath("home/alex/feeds/feed_5/pl-dircopy_1/data"),
        status="finishedSuccessfully", active=False, error_code="",
        owner_username="alex", compute_resource_name="host", cpu_limit=0,
        memory_limit=0, number_of_workers=1, gpu_limit=0, size=0,
        deletion_status="inactive",
    )  # fmt: skip
    return replace(base, **changes)


def feed(feed_id: int, owner: str = "alex", *, public: bool = False) -> Feed:
    return Feed(
        id=FeedId(feed_id), name=f"Feed {feed_id}", owner_username=owner,
        creation_date=START, public=public,
        folder_path=StoragePath(f"home/{owner}/feeds/feed_{feed_id}"),
        jobs={"finished": 2},
    )  # fmt: skip


DIR = PluginParameter(
    name="dir", type="unextpath", optional=False, default=None, flag="--dir",
    short_flag="--dir", action="store", help="", ui_exposed=True,
)  # fmt: skip


async def each(rows: list[Any]) -> AsyncIterator[Any]:
    for row in rows:
        yield row


@dataclass
class Server:
    """A client that answers from memory."""

    base_url: str = "https://one/api/v1/"
    username: str = "alex"
    plugins_: list[Plugin] = field(
        default_factory=lambda: [
            plugin(1, "pl-dircopy", "2.1.1", "fs"),
            plugin(9, "pl-dircopy", "2.1.2", "fs"),
            plugin(2, "pl-dcm2niix", "1.0.9"),
            plugin(3, "pl-dcm2niix", "1.0.10"),
            plugin(4, "pl-bet", "1.0.4"),
            plugin(5, "pl-topologicalcopy", "0.2", "ts"),
        ]
    )
    rows: list[PluginInstance] = field(default_factory=lambda: [run(1)])
    values: dict[int, dict[str, str]] = field(default_factory=dict)
    data: bytes = b"x" * 1000
    log: str = ""
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = SimpleNamespace(generation=7)
        self.feeds = SimpleNamespace(
            list=lambda **_: each([feed(5), feed(7), feed(6, "bob")]),
            public=lambda **_: each([feed(8, "eve", public=True)]),
            get=self._feed,
            note=self._note,
            rename=self._call("rename"),
            write_note=self._call("write_note"),
        )
        self.instances = SimpleNamespace(
            of_feed=lambda _feed: each(self.rows),
            get=self._instance,
            parameters=self._values_of,
            log_of=self._log_of,
            cancel=self._call("cancel"),
        )
        self.plugins = SimpleNamespace(
            list=self._plugins,
            parameters=self._parameters,
            compute_resources=self._none,
            get=self._plugin,
        )
        self.files = SimpleNamespace(stream=self._stream)

    def server_now(self) -> datetime:
        return START

    def _call(self, name: str) -> Callable[..., Any]:
        async def act(*args: Any, **more: Any) -> None:
            self.calls.append((name, *args, *more.values()))

        return act

    async def _feed(self, feed_id: int) -> Feed:
        return feed(feed_id)

    async def _note(self, _feed_id: int) -> str:
        self.calls.append(("note",))
        return "a note"

    async def _instance(self, node_id: int) -> PluginInstance:
        return next(row for row in self.rows if row.id == node_id)

    async def _values_of(self, node_id: int) -> dict[str, str]:
        self.calls.append(("values", node_id))
        return self.values.get(node_id, {})

    async def _log_of(self, _row: PluginInstance) -> str:
        return self.log

    def _plugins(self, *, name_exact: str = "") -> AsyncIterator[Plugin]:
        self.calls.append(("plugins",))
        return each(
            [p for p in self.plugins_ if not name_exact or p.name == name_exact]
        )

    async def _plugin(self, plugin_id: int) -> Plugin:
        return next(p for p in self.plugins_ if p.id == plugin_id)

    async def _parameters(self, plugin_id: int) -> tuple[PluginParameter, ...]:
        named = next(p.name for p in self.plugins_ if p.id == plugin_id)
        if named == "pl-dircopy":
            return (DIR,)
        words = replace(DIR, name="words", flag="--words", type="string", optional=True)
        join = replace(DIR, name="plugininstances", type="string")
        return (join, words) if named == "pl-topologicalcopy" else (words,)

    async def _none(self, _plugin_id: int) -> tuple[()]:
        return ()

    async def _stream(self, file_id: int) -> AsyncIterator[bytes]:
        self.calls.append(("stream", file_id))
        for start in range(0, len(self.data), 256):
            await asyncio.sleep(0)
            yield self.data[start : start + 256]


class Manager:
    """A job manager that takes everything."""

    def __init__(self) -> None:
        self.rows: list[Job] = []
        self.cancelled: list[JobKey] = []
        self.traces: dict[int, Any] = {}
        self.account_id = 1
        self.held: Any = None
        self.batches: Any = None

    async def submit(self, intent: Intent) -> JobKey:
        return self._take(intent, Kind.DOWNLOAD).key

    async def submit_now(self, intent: Any, then: Any = (), **_: Any) -> Job:
        return self._take(intent, Kind.RUN, remote_id=77, feed_id=intent.feed_id or 12)

    async def submit_held(self, intent: Any, then: Any = ()) -> list[JobKey]:
        return [self._take(intent, Kind.RUN).key]

    async def cancel(self, key: JobKey) -> int:
        self.cancelled.append(key)
        return 3

    async def trace(self, job: JobKey | int) -> Any:
        return self.traces.get(job) if isinstance(job, int) else None

    def jobs(self) -> tuple[Job, ...]:
        return tuple(reversed(self.rows))

    def of_feed(self, feed_id: int) -> tuple[Job, ...]:
        return tuple(job for job in self.rows if job.feed_id == feed_id)

    def get(self, key: JobKey) -> Job | None:
        return next((job for job in self.rows if job.key == key), None)

    def watch_feed(self, feed_id: int | None) -> None:
        self.watched = feed_id

    def subscribe(self, _callback: Any) -> Callable[[], None]:
        return lambda: None

    def _take(self, intent: Intent, kind: Kind, **changes: Any) -> Job:
        job = Job(
            key=JobKey(f"job-{len(self.rows)}"),
            kind=kind,
            phase=Phase.SUBMITTED,
            intent=intent,
            title="",
            **changes,
        )
        self.rows.append(job)
        return job


class State(Enum):
    READY = "ready"
    ON_THE_WAY = "on_the_way"


@dataclass
class Item:
    item_id: str
    path: str
    title: str = "T1"
    state: State = State.READY


@dataclass
class Place:
    """A session whose client can go away."""

    client: Any


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def manager() -> Manager:
    return Manager()


@pytest.fixture
def session(server: Server) -> Place:
    return Place(cast("CubeClient", server))


@pytest.fixture
def service(session: Place, manager: Manager, tmp_path: Path) -> FeedsService:
    paths = Paths(
        state=tmp_path, cache=tmp_path / "cache", config=tmp_path, station=tmp_path,
        plugin_envs=tmp_path, downloads=tmp_path,
    )  # fmt: skip
    return FeedsService(jobs=manager, session=session, paths=paths)


def file(
    size: int = 1000, file_id: int = 4, name: str = "out/T1.nii.gz"
) -> OutputEntry:
    return OutputEntry(
        path=StoragePath(f"home/alex/x/{name}"), relative=name, is_folder=False,
        size=size, file_id=file_id, kind="nifti",
    )  # fmt: skip


async def first_node(service: FeedsService) -> Node:
    return (await service.open(5)).nodes[0]


async def test_feeds_by_scope_newest_first(service: FeedsService) -> None:
    scopes = await service.lists.all_feeds()
    assert [row.id for row in scopes["mine"]] == [7, 5]
    assert [row.id for row in scopes["shared"]] == [6]
    assert [row.id for row in await service.lists.of("public")] == [8]
    assert scopes["mine"][0].states == {"ready": 2}


async def test_without_a_connection_the_words_say_so(
    service: FeedsService, session: Place
) -> None:
    session.client = None
    with pytest.raises(ChrislibError, match="no connection") as caught:
        await service.lists.all_feeds()
    assert caught.value.retryable
    assert "nothing is lost" in caught.value.detail


async def test_a_feed_is_made_of_items(service: FeedsService, manager: Manager) -> None:
    items = [Item("a", "SERVICES/PACS/X/1/"), Item("b", "home/alex/uploads/b")]
    job = await service.making.create(title=" Brains ", items=items, note="why")
    intent = job.intent
    assert isinstance(intent, RunIntent)
    assert intent.plugin_id == 9
    assert intent.parameters == {"dir": "SERVICES/PACS/X/1,home/alex/uploads/b"}
    assert intent.title == "Brains"
    assert intent.note == "why"
    assert intent.item_ids == ("a", "b")


@pytest.mark.parametrize(
    ("items", "title", "words"),
    [
        ([], "x", "no data"),
        ([Item("a", "", state=State.ON_THE_WAY)], "x", "1 item is not here yet"),
        ([Item("a", "")] * 2, "x", "2 items are not here yet"),
        ([Item("a", "home/alex/uploads/a,b")], "x", "cannot be used"),
        ([Item("a", "home/alex")], "x", "cannot be used"),
        ([Item("a", "home/alex/uploads/a")], "x" * 101, "has 101 characters"),
    ],
)
async def test_nothing_is_sent_for_a_feed_that_cannot_be(
    service: FeedsService,
    manager: Manager,
    items: list[Item],
    title: str,
    words: str,
) -> None:
    with pytest.raises(ChrislibError, match=words):
        await service.making.create(title=title, items=items)
    assert manager.rows == []


async def test_a_server_without_dircopy_is_told(
    service: FeedsService, server: Server
) -> None:
    server.plugins_ = []
    with pytest.raises(ChrislibError, match="no pl-dircopy"):
        await service.making.create(title="x", items=[Item("a", "home/alex/u/a")])


async def test_plugins_are_newest_and_recently_used_first(
    service: FeedsService,
) -> None:
    names = [(p.name, p.version) for p in await service.plugins.usable()]
    assert names == [
        ("pl-bet", "1.0.4"),
        ("pl-dcm2niix", "1.0.10"),
        ("pl-topologicalcopy", "0.2"),
    ]
    node = await first_node(service)
    chosen = (await service.plugins.usable())[1]
    await service.add_node(form=await service.plugins.form_for(chosen), parent=node)
    assert next(p.name for p in await service.plugins.usable()) == "pl-dcm2niix"


async def test_a_node_is_added(service: FeedsService) -> None:
    node = await first_node(service)
    chosen = (await service.plugins.usable())[0]
    form = await service.plugins.form_for(chosen)
    form.set("words", "a b")
    job = await service.add_node(
        form=form, parent=node, compute="host", title="skull off"
    )
    intent = job.intent
    assert isinstance(intent, RunIntent)
    assert intent.previous_id == 1
    assert intent.feed_id == 5
    assert intent.parameters == {"words": "a b"}
    assert intent.compute_resource == "host"
    assert intent.title == "skull off"


async def test_a_join_takes_its_parents(service: FeedsService) -> None:
    node = await first_node(service)
    other = replace(node, id=InstanceId(2))
    chosen = (await service.plugins.usable())[2]
    form = await service.plugins.form_for(chosen)
    job = await service.add_node(form=form, parent=node, parents=[other, node])
    assert isinstance(job.intent, RunIntent)
    assert job.intent.parameters == {"plugininstances": "1,2"}


async def test_a_form_with_errors_is_not_sent(
    service: FeedsService, manager: Manager
) -> None:
    node = await first_node(service)
    form = await service.plugins.form_for((await service.plugins.usable())[0])
    form.set("words", "x" * 700)
    with pytest.raises(ChrislibError, match="need attention"):
        await service.add_node(form=form, parent=node)
    assert manager.rows == []


async def test_the_parents_of_a_join_are_asked_once(
    service: FeedsService, server: Server
) -> None:
    server.rows = [
        run(1),
        run(2, previous_id=1),
        run(3, previous_id=1),
        run(4, previous_id=2, plugin_type="ts"),
    ]
    server.values[4] = {"plugininstances": "2,3"}
    for _ in range(2):
        view = await service.open(5)
    assert view.nodes[3].parents == (2, 3)
    assert server.calls.count(("values", 4)) == 1
    assert server.calls.count(("note",)) == 1


async def test_a_log_that_was_overwritten_comes_from_the_trace(
    service: FeedsService, manager: Manager
) -> None:
    await service.open(5)
    manager.traces[1] = SimpleNamespace(
        entered=((Phase.WAITING, 10.0), (Phase.RUNNING, 20.0)), log="as captured"
    )
    details = await service.details(5, 1)
    assert details.log == "as captured"
    assert details.steps[0].at == 10.0
    assert details.command == "pl-dircopy"


async def test_another_server_forgets_what_was_learnt(
    service: FeedsService, session: Place
) -> None:
    await service.open(5)
    assert service.known(5) is not None
    session.client = Server(base_url="https://two/api/v1/")
    await service.lists.all_feeds()
    assert service.known(5) is None


async def test_an_output_is_fetched_once(service: FeedsService, server: Server) -> None:
    entry = file()
    first, second = await asyncio.gather(
        service.outputs.fetch(entry), service.outputs.fetch(entry)
    )
    assert first == second
    assert first.read_bytes() == server.data
    assert first.name == "f_T1.nii.gz"
    assert server.calls.count(("stream", FileId(4))) == 1
    assert await service.outputs.fetch(entry) == first
    assert server.calls.count(("stream", FileId(4))) == 1


async def test_a_short_output_is_not_kept(
    service: FeedsService, tmp_path: Path
) -> None:
    with pytest.raises(ChrislibError, match="incomplete"):
        await service.outputs.fetch(file(size=2000))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


async def test_too_large_and_gone_outputs_are_not_fetched(
    service: FeedsService, server: Server
) -> None:
    with pytest.raises(ChrislibError, match="too large"):
        await service.outputs.fetch(file(), limit=10)
    with pytest.raises(ChrislibError, match="cannot be opened"):
        await service.outputs.fetch(replace(file(), file_id=None))
    with pytest.raises(ChrislibError, match="too large"):
        await service.outputs.fetch_all([file(), file(size=10**12, file_id=5)])


async def test_several_outputs_come_in_the_order_given(service: FeedsService) -> None:
    entries = [file(file_id=n, name=f"{n}.dcm") for n in range(20)]
    seen: list[tuple[int, int]] = []
    paths = await service.outputs.fetch_all(
        entries, progress=lambda done, total: seen.append((done, total))
    )
    assert [path.name for path in paths] == [f"f_{n}.dcm" for n in range(20)]
    assert seen[-1] == (20, 20)


async def test_downloads_are_jobs(service: FeedsService) -> None:
    node = await first_node(service)
    job = await service.outputs.download(node, Path("/there"), feed_id=5)
    intent = job.intent
    assert isinstance(intent, DownloadIntent)
    assert intent.sources == (node.output_path,)
    assert (intent.instance_id, intent.feed_id) == (1, 5)
    job = await service.outputs.download([file(), file(name="b.png")], Path("/there"))
    assert isinstance(job.intent, DownloadIntent)
    assert len(job.intent.sources) == 2
    with pytest.raises(ChrislibError, match="nothing to get"):
        await service.outputs.download([], Path("/there"))


async def test_it_is_known_how_much_of_a_feed_was_read(
    service: FeedsService, server: Server
) -> None:
    shares: list[float] = []

    async def slowly(rows: list[Any]) -> AsyncIterator[Any]:
        for row in rows:
            await asyncio.sleep(0)
            shares.append(service.share_read(5))
            yield row

    server.rows = [run(1), run(2, previous_id=1), run(3, previous_id=1)]
    server.instances.of_feed = lambda _feed: slowly(server.rows)
    assert service.share_read(5) == 0.0
    await service.open(5)
    # the list knows of two, the third was added meanwhile
    assert shares == [0.0, 0.5, 1.0]
    assert service.share_read(5) == 0.0


async def test_cancel_takes_all_after_it_along(
    service: FeedsService, server: Server, manager: Manager
) -> None:
    server.rows = [
        run(1),
        run(2, previous_id=1, status="started", active=True),
        run(3, previous_id=2, status="waiting", active=True),
    ]
    view = await service.open(5)
    assert service.cancel_count(view.nodes[1]) == 2
    assert await service.cancel(view.nodes[1]) == 2
    assert ("cancel", 2) in server.calls
    job = await manager.submit_now(
        RunIntent(
            plugin_id=1,
            plugin_name="x",
            plugin_version="1",
            plugin_type="ds",
            parameters={},
        )
    )
    manager.rows[-1] = replace(job, remote_id=3, feed_id=5)
    assert await service.cancel(view.nodes[2]) == 3
    assert manager.cancelled == [job.key]


async def test_run_again_holds_what_was_given(
    service: FeedsService, server: Server
) -> None:
    server.rows = [run(1), run(2, previous_id=1, plugin_id=PluginId(4))]
    server.values[2] = {"words": "as before"}
    view = await service.open(5)
    form = await service.plugins.form_again(view.nodes[1])
    assert form.made_command_line() == "pl-bet --words 'as before'"


async def test_title(service: FeedsService, server: Server) -> None:
    await service.rename(5, " New name ")
    assert ("rename", 5, "New name") in server.calls
    with pytest.raises(ChrislibError, match="empty"):
        await service.rename(5, " ")
    # a feed's own title may be longer than that of the run that made it
    await service.rename(5, "x" * 200)
    with pytest.raises(ChrislibError, match="201 characters"):
        await service.rename(5, "x" * 201)
