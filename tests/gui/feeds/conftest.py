"""A feed with a node of every kind, and a service that answers from memory."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from chrislib.cube.types import (
    ComputeResource,
    FeedId,
    InstanceId,
    Plugin,
    PluginId,
    PluginParameter,
    StoragePath,
)
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.model import (
    FeedRow,
    FeedView,
    Node,
    NodeDetails,
    OutputEntry,
    Step,
)
from chrislib.feeds.nodes import to_cancel
from chrislib.feeds.output_copies import OutputCopies
from chrislib.feeds.output_walk import Batch, Root
from chrislib.feeds.recipes import Recipe
from chrislib.feeds.states import count_states
from chrislib.jobs.model import Job, JobKey, Kind, Phase, RunIntent
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.views.feeds.pane import FeedsPane
from tests.gui.feeds.first_fakes import MemoryFirstSteps
from tests.gui.feeds.list_fakes import MemoryBulk, MemoryMeasures
from tests.gui.feeds.making_fakes import MemoryPipelines, MemoryPlugins
from tests.gui.feeds.many_fakes import MemoryMany
from tests.gui.feeds.talk_fakes import FakeTalk

NOW = 1_795_300_000.0


def when(minutes: float) -> datetime:
    """Return a time so many minutes before now."""
    return datetime.fromtimestamp(NOW, UTC) - timedelta(minutes=minutes)


def make_node(
    node_id: int,
    name: str,
    version: str,
    *,
    parents: Sequence[int] = (),
    state: str = "ready",
    detail: str = "",
    reason: str = "",
) -> Node:
    return Node(
        id=InstanceId(node_id),
        title="",
        plugin_id=node_id,
        plugin_name=name,
        plugin_version=version,
        plugin_type="ts" if len(parents) > 1 else "ds" if parents else "fs",
        parents=tuple(InstanceId(p) for p in parents),
        state=state,
        detail=detail or "Ready · 48 s",
        output_path=StoragePath(f"home/alex/feeds/feed_812/{name}_{node_id}/data"),
        started=when(40 - node_id),
        ended=when(39 - node_id) if state == "ready" else None,
        compute="slurm-gpu",
        reason=reason,
    )


def chiari() -> tuple[Node, ...]:
    return (
        make_node(1, "pl-dircopy", "2.1.2", detail="Ready · 9 s"),
        make_node(2, "pl-dcm2niix", "1.0.1", parents=[1], detail="Ready · 1 min 12 s"),
        make_node(3, "pl-bet", "1.0.4", parents=[2]),
        make_node(
            4,
            "pl-fastsurfer",
            "1.3.8",
            parents=[2],
            state="running",
            detail="Running 26 min 4 s",
        ),
        make_node(5, "pl-pfdicom_tags", "3.2", parents=[2], detail="Ready · 9 s"),
        make_node(
            6,
            "pl-ants_reg",
            "2.3.1",
            parents=[3],
            state="registering",
            detail="Registering files",
        ),
        make_node(
            7,
            "pl-fs_stats",
            "1.2.0",
            parents=[4],
            state="queued",
            detail="Waits for pl-fastsurfer",
        ),
        make_node(
            8,
            "pl-mri_deface",
            "1.1",
            parents=[5],
            state="failed",
            detail="Time limit reached",
            reason="The run took longer than this compute resource allows and was "
            "stopped. Run it again on a resource with a longer limit.",
        ),
        make_node(
            9,
            "pl-topologicalcopy",
            "0.2",
            parents=[6, 7],
            state="queued",
            detail="Waits for pl-ants_reg",
        ),
        make_node(
            10,
            "pl-bids_pack",
            "0.9",
            parents=[8],
            state="upstream",
            detail="pl-mri_deface failed",
        ),
    )


def make_row(feed_id: int, title: str, *, minutes: float = 5, **states: int) -> FeedRow:
    return FeedRow(
        id=FeedId(feed_id),
        title=title,
        owner="alex",
        created=when(minutes),
        public=False,
        states=states,
    )


def file_entry(relative: str, size: int, kind: str, file_id: int) -> OutputEntry:
    return OutputEntry(
        path=StoragePath(f"home/alex/feeds/feed_812/{relative}"),
        relative=relative,
        is_folder=False,
        size=size,
        file_id=file_id,
        kind=kind,
    )


def sample_outputs() -> list[OutputEntry]:
    anat = OutputEntry(
        path=StoragePath("home/alex/feeds/feed_812/anat"),
        relative="anat",
        is_folder=True,
        size=None,
        file_id=None,
        kind="folder",
        children=(
            file_entry("anat/0001.dcm", 532_000, "dicom", 21),
            file_entry("anat/0002.dcm", 532_000, "dicom", 22),
        ),
    )
    return [
        anat,
        file_entry("0GenericAffine.mat", 1_100, "text", 3),
        file_entry("brain.png", 48_000, "image", 4),
        file_entry("report.json", 14_000, "json", 5),
        file_entry("T1_seg_MNI.nii.gz", 2_100_000, "nifti", 6),
        file_entry("volumes.csv", 6_200, "table", 7),
    ]


def make_parameter(name: str, **changes: Any) -> PluginParameter:
    base = PluginParameter(
        name=name,
        type="string",
        optional=True,
        default="",
        flag=f"--{name}",
        short_flag=f"--{name}",
        action="store",
        help="",
        ui_exposed=True,
    )
    return replace(base, **changes)


def make_plugin(
    plugin_id: int, name: str, version: str = "1.0.0", **changes: Any
) -> Plugin:
    base = Plugin(
        id=PluginId(plugin_id),
        name=name,
        version=version,
        type="ds",
        title="",
        category="",
        description="",
        documentation="",
        authors="",
        license="",
        icon="",
        dock_image="",
        min_cpu_limit=1000,
        max_cpu_limit=2147483647,
        min_memory_limit=200,
        max_memory_limit=2147483647,
        min_gpu_limit=0,
        max_gpu_limit=0,
        min_number_of_workers=1,
        max_number_of_workers=1,
        creation_date=None,
    )
    return replace(base, **changes)


ANTS = (
    make_parameter("fixed", type="path", optional=False, default=None,
                   help="Image that stays where it is."),
    make_parameter("transform", optional=False, default=None,
                   help="Rigid, Affine or SyN."),
    make_parameter("interpolation", default="Linear",
                   help="How values between voxels are found."),
    make_parameter("prefix", default="T1_to_", help="Start of every output's name."),
    make_parameter("threads", type="integer", default=1, help="Threads to use."),
    make_parameter("verbose", type="boolean", default=False, action="store_true",
                   help="Say more."),
)  # fmt: skip

PLUGINS = [
    make_plugin(31, "pl-dcm2niix", "1.0.4", title="DICOM to NIfTI", category="Convert"),
    make_plugin(32, "pl-ants_reg", "2.3.1", title="Registration with ANTs",
                category="Registration"),
    make_plugin(33, "pl-simpledsapp", "2.1.4", title="A small example"),
    make_plugin(34, "pl-topologicalcopy", "0.2", type="ts", title="Join nodes"),
]  # fmt: skip


def make_job(feed_id: int | None, node_id: int | None, **changes: Any) -> Job:
    intent = RunIntent(
        plugin_id=1,
        plugin_name="pl-dcm2niix",
        plugin_version="1.0.4",
        plugin_type="ds",
        parameters={},
    )
    base = Job(
        key=JobKey("k"),
        kind=Kind.RUN,
        phase=Phase.SUBMITTED,
        intent=intent,
        title="pl-dcm2niix",
        remote_id=node_id,
        feed_id=feed_id,
    )
    return replace(base, **changes)


class MemoryFeeds:
    """A feeds service without a server; tests change what it holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scopes: dict[str, list[FeedRow]] = {"mine": [], "shared": [], "public": []}
        self.nodes: dict[int, tuple[Node, ...]] = {}
        self.titles: dict[int, str] = {}
        self.entries: list[OutputEntry] = sample_outputs()
        self.log = "reading 192 files\nwriting T1.nii.gz\n"
        self.calls: list[tuple[Any, ...]] = []
        self.error: BaseException | None = None
        self.refusal: BaseException | None = None
        self.recipes_: list[Recipe] = []
        self.gate: asyncio.Event | None = None
        self.note = ""
        self.exact: dict[int, FeedRow] = {}
        self.by_files: dict[str, set[int]] = {}
        self.copies = OutputCopies(folder / "copies", self.fetch)
        # One fake plays every part of the room.
        self.lists = self.outputs = self.making = self
        taken = {"pl-ants_reg": ANTS, "": ANTS[3:]}
        self.plugins = MemoryPlugins(self, PLUGINS, taken)
        self.pipelines = MemoryPipelines(self.plugins)
        self.talk = FakeTalk(self)
        self.many = MemoryMany(make_plugin)
        self.first_steps = MemoryFirstSteps(self)
        self.measures, self.bulk = MemoryMeasures(), MemoryBulk()

    def hold(self, row: FeedRow, nodes: Sequence[Node]) -> None:
        self.nodes[row.id] = tuple(nodes)
        self.titles[row.id] = row.title
        self.scopes["mine"].append(row)

    async def all_feeds(
        self, *, whole: bool = True, told: Any = None
    ) -> dict[str, list[FeedRow]]:
        await self._answer()
        self.calls.append(("all" if whole else "newest", 0))
        return {scope: list(rows) for scope, rows in self.scopes.items()}

    async def check_counts(
        self, ids: Sequence[int], *, again: Sequence[int] = (), most: int = 12
    ) -> list[FeedRow]:
        fresh = [one for one in ids if one in self.exact]
        self.calls += [("check", one) for one in (*again, *fresh)]
        return [self.exact.pop(one) for one in fresh[:most]]

    async def with_files(self, words: str) -> set[int]:
        await self._answer()
        return self.by_files.get(words, set())

    async def open(self, feed_id: int) -> FeedView:
        await self._answer()
        self.calls.append(("open", feed_id))
        nodes = self.nodes[feed_id]
        row = make_row(feed_id, self.titles[feed_id])
        row = replace(row, states=count_states(n.state for n in nodes))
        return FeedView(
            row=row,
            nodes=nodes,
            note=self.note,
            folder_path=StoragePath(f"home/alex/feeds/feed_{feed_id}"),
            checked_at=NOW,
        )

    def known(self, _feed_id: int) -> FeedView | None:
        return None

    def share_read(self, _feed_id: int) -> float:
        return 0.0

    def watch(self, feed_id: int | None) -> None:
        self.calls.append(("watch", feed_id))

    async def details(self, feed_id: int, node_id: int) -> NodeDetails:
        await self._answer()
        node = next(n for n in self.nodes[feed_id] if n.id == node_id)
        begin = NOW - 300
        words = ("queued", "preparing", "running", "registering", "ready")
        here = words.index(node.state) if node.state in words else 2
        ended = node.state == "ready"
        bad = node.state in {"failed", "cancelled", "upstream"}
        steps = tuple(
            Step(
                word,
                "past"
                if n < here or ended
                else ("failed" if bad else "now")
                if n == here
                else "next",
                begin + 60 * n if n <= here else None,
                60.0 if n < here else None,
            )
            for n, word in enumerate(words)
        )
        return NodeDetails(
            node=node,
            steps=steps,
            parameters=(("--fixed", "MNI152_T1_1mm.nii.gz"), ("--transform", "SyN")),
            command=f"{node.plugin_name} --fixed MNI152_T1_1mm.nii.gz --transform SyN",
            log=self.log,
            run_facts={"Compute": "slurm-gpu · 8 CPU · 16 GB", "Input": "pl-bet 1.0.4"},
        )

    async def of(self, node: Node) -> list[OutputEntry]:
        await self._answer()
        self.calls.append(("outputs", int(node.id)))
        return list(self.entries)

    def walk(self, roots: Sequence[Root]) -> "MemoryWalk":
        return MemoryWalk(self, roots)

    async def fetch(self, entry: OutputEntry, **_: Any) -> Path:
        await self._answer()
        self.calls.append(("fetch", entry.relative))
        path = self.folder / entry.relative.replace("/", "_")
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "image":
            from PySide6.QtGui import QImage

            image = QImage(64, 48, QImage.Format.Format_RGB32)
            image.fill(0x406080)
            image.save(str(path))
        else:
            path.write_text('{"a": 1}', encoding="utf-8")
        return path

    async def fetch_all(
        self, entries: Sequence[OutputEntry], **_: Any
    ) -> tuple[Path, ...]:
        return tuple([await self.fetch(entry) for entry in entries])

    async def download(self, sources: Any, folder: Path, **_: Any) -> Job:
        self.calls.append(("download", sources, folder))
        return make_job(None, None, title="T1", kind=Kind.DOWNLOAD)

    async def usable(self) -> list[Plugin]:
        await self._answer()
        return list(PLUGINS)

    def recent(self) -> list[str]:
        return ["pl-dcm2niix"]

    async def form_for(self, plugin: Plugin) -> ParameterForm:
        await self._answer()
        computes = [ComputeResource("slurm-gpu", "With graphics cards", 3600)]
        if plugin.name == "pl-ants_reg":
            computes.append(ComputeResource("host", "This computer", -1))
        parameters = ANTS if plugin.name == "pl-ants_reg" else ANTS[3:]
        return ParameterForm(plugin, parameters, computes=computes)

    async def form_again(self, node: Node) -> ParameterForm:
        form = await self.form_for(PLUGINS[1])
        form.adopt({"fixed": "home/alex/uploads/a.nii", "transform": "SyN"})
        self.calls.append(("form_again", int(node.id)))
        return form

    async def add_node(self, **values: Any) -> Job:
        await self._answer()
        self.calls.append(("add_node", values))
        if self.refusal is not None:
            raise self.refusal
        return make_job(812, 6)

    async def create(self, **values: Any) -> Job:
        await self._answer()
        self.calls.append(("create_feed", values))
        if self.refusal is not None:
            raise self.refusal
        if any(item.state.value != "ready" for item in values["items"]):
            held = RunIntent(9, "pl-dircopy", "2", "fs", {}, waits_for=("b",))
            words = "Starts when 1 more is here."
            return replace(make_job(None, None), intent=held, detail=words)
        return make_job(812, 1)

    async def recipes(self) -> list[Recipe]:
        return list(self.recipes_)

    async def tag_names(self) -> tuple[str, ...]:
        return ("chiari", "follow-up", "teaching")

    async def rename(self, feed_id: int, title: str) -> None:
        self.titles[feed_id] = title

    def cancel_count(self, node: Node) -> int:
        return to_cancel(self.nodes.get(812, ()), node.id)

    async def cancel(self, node: Node) -> int:
        self.calls.append(("cancel", int(node.id)))
        return self.cancel_count(node)

    def called(self, name: str) -> list[tuple[Any, ...]]:
        return [call for call in self.calls if call[0] == name]

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error


class MemoryWalk:
    """Outputs of nodes listed at once, from what a service holds."""

    held = 0

    def __init__(self, service: MemoryFeeds, roots: Sequence[Root]) -> None:
        self._service = service
        self._roots = roots

    async def run(self, tell: Callable[[Batch], None]) -> None:
        for root in self._roots:
            node = root.path.removesuffix("/data").rpartition("_")[2]
            for entry in await self._service.of(SimpleNamespace(id=node)):  # type: ignore[arg-type]
                self._tell(entry, tell)
            tell(Batch("", complete=True))

    def want(self, _relative: str) -> bool:
        return False

    def want_all(self) -> None:
        """Nothing is held back."""

    def _tell(self, entry: OutputEntry, tell: Callable[[Batch], None]) -> None:
        tell(Batch(entry.relative.rpartition("/")[0], (entry,)))
        for child in entry.children:
            self._tell(child, tell)


def make_item(item_id: str, title: str, **changes: Any) -> Item:
    base = Item(
        item_id=ItemId(item_id),
        source=Source.PACS,
        title=title,
        state=ItemState.READY,
        path=f"SERVICES/PACS/Main/{item_id}",
        patient_id="P1",
        patient_name="Doe^Jonathan",
        images=192,
        size=51_000_000,
    )
    return replace(base, **changes)


class MemoryTray:
    """The tray of a library in memory."""

    def __init__(self, library: "MemoryLibrary") -> None:
        self._library = library

    def items(self) -> list[Item]:
        return [self._library.known[one] for one in self._library.in_tray]

    def elsewhere(self, item_id: str) -> str:
        return self._library.other_places.get(item_id, "")


class MemoryLibrary:
    """What the create sheet asks of the library."""

    def __init__(self) -> None:
        self.known: dict[str, Item] = {}
        self.in_tray: list[str] = []
        self.brought: list[list[str]] = []
        self.other_places: dict[str, str] = {}
        self._listeners: list[Callable[[Any], None]] = []
        self.tray = MemoryTray(self)

    async def items(self) -> list[Item]:
        return list(self.known.values())

    async def sample_file(self, _item: Item, *, cache: Path) -> Path | None:
        return None

    def item(self, item_id: str) -> Item | None:
        return self.known.get(item_id)

    def hold(self, *items: Item) -> None:
        for item in items:
            self.known[item.item_id] = item
            if item.item_id not in self.in_tray:
                self.in_tray.append(item.item_id)
        for listener in tuple(self._listeners):
            listener(None)

    async def bring(self, ids: Sequence[str]) -> list[Item]:
        self.brought.append(list(ids))
        return []

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)


@pytest.fixture
def feeds(tmp_path: Path, fakes: Any) -> MemoryFeeds:
    """The service behind the pane, with one feed of ten nodes and three others."""
    service = MemoryFeeds(tmp_path)
    nodes = chiari()
    states = count_states(node.state for node in nodes)
    service.hold(make_row(812, "Chiari pilot — volumes", **states), nodes)
    service.hold(
        make_row(790, "FastSurfer, batch 4", minutes=30, running=2, ready=7), nodes[:4]
    )
    service.hold(
        make_row(771, "Лейкомаляція, контроль", minutes=3000, ready=7), nodes[:2]
    )
    service.hold(
        make_row(770, "Leg length, 下肢長", minutes=5000, errors=1, ready=4), nodes[:2]
    )
    fakes.feeds = service
    return service


@pytest.fixture
def library(fakes: Any) -> MemoryLibrary:
    """The library behind the pane: an empty tray."""
    made = MemoryLibrary()
    fakes.library = made
    return made


@pytest.fixture
def make() -> Any:
    """The makers of this file, for tests that cannot import it."""
    return SimpleNamespace(
        item=make_item, node=make_node, row=make_row, file=file_entry, job=make_job
    )


@pytest.fixture
def at_rest(qtbot: QtBot, aio: Any) -> Callable[[], None]:
    """Wait until what was cancelled has ended."""

    def wait() -> None:
        qtbot.waitUntil(
            lambda: all(task.done() for task in asyncio.all_tasks(aio.loop))
        )

    return wait


@pytest.fixture
def pane(
    qtbot: QtBot, feeds: MemoryFeeds, library: MemoryLibrary, ctx: Any, at_rest: Any
) -> Iterator[FeedsPane]:
    """The Feeds module in a window, over what ``feeds`` and ``library`` hold."""
    window = QMainWindow()
    made = FeedsPane(ctx)
    window.setCentralWidget(made)
    window.resize(1440, 852)
    qtbot.addWidget(window)
    window.show()
    yield made
    made.shutdown()
    window.close()
    at_rest()
