"""Fakes of the Library's neighbours, over the real catalog."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.cube.errors import NotFound
from chrislib.cube.folder_types import Thing
from chrislib.cube.listing import Listed
from chrislib.cube.types import (
    FeedId,
    FileId,
    Folder,
    FolderId,
    InstanceId,
    PacsQuery,
    PacsSeries,
    Plugin,
    PluginId,
    PluginInstance,
    PluginParameter,
    ServerInfo,
    StoragePath,
    StoredFile,
    TreeFile,
)
from chrislib.errors import ChrislibError
from chrislib.jobs.model import (
    DownloadIntent,
    Intent,
    Job,
    JobChange,
    JobKey,
    Kind,
    Phase,
    Progress,
    PullIntent,
    RunIntent,
    UploadIntent,
)
from chrislib.library.service import LibraryService
from chrislib.pacs.types import (
    Criteria,
    FoundPatient,
    FoundSeries,
    FoundStudy,
    LookupResult,
)

_KINDS: Mapping[type[object], Kind] = {
    RunIntent: Kind.RUN,
    PullIntent: Kind.PULL,
    UploadIntent: Kind.UPLOAD,
    DownloadIntent: Kind.DOWNLOAD,
}


class FakeJobs:
    """A job manager that does what a test says."""

    def __init__(self) -> None:
        self.rows: dict[JobKey, Job] = {}
        self.calls: list[tuple[str, object]] = []
        self.refuse: ChrislibError | None = None
        self._number = itertools.count(1)
        self._listeners: list[Callable[[tuple[JobChange, ...]], None]] = []

    async def submit(self, intent: Intent) -> JobKey:
        await asyncio.sleep(0)
        # in one turn with the row: who waits for the one finds the other
        self.calls.append(("submit", intent))
        if self.refuse is not None:
            raise self.refuse
        key = JobKey(f"job-{next(self._number)}")
        self.rows[key] = Job(
            key=key,
            kind=_KINDS[type(intent)],
            phase=Phase.SUBMITTING,
            intent=intent,
            title=intent.title,
        )
        return key

    async def cancel(self, key: JobKey) -> int:
        self.calls.append(("cancel", key))
        self.move(key, Phase.CANCELLED)
        return 1

    async def pause(self, key: JobKey) -> None:
        self.calls.append(("pause", key))

    async def resume(self, key: JobKey) -> None:
        self.calls.append(("resume", key))

    async def retry(self, key: JobKey) -> JobKey:
        self.calls.append(("retry", key))
        self.move(key, Phase.SUBMITTING)
        return key

    def jobs(self) -> tuple[Job, ...]:
        return tuple(reversed(self.rows.values()))

    def get(self, key: JobKey) -> Job | None:
        return self.rows.get(key)

    def subscribe(
        self, callback: Callable[[tuple[JobChange, ...]], None]
    ) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def move(
        self,
        key: JobKey | str,
        phase: Phase,
        *,
        done: int | None = None,
        total: int | None = None,
        **others: Any,
    ) -> None:
        """Change a job and tell, as the manager does after its commit."""
        before = self.rows[JobKey(key)]
        progress = before.progress
        if done is not None:
            unit = "images" if before.kind is Kind.PULL else "files"
            progress = Progress(done=done, total=total, unit=unit)
        after = replace(before, phase=phase, progress=progress, **others)
        self.rows[JobKey(key)] = after
        for listener in tuple(self._listeners):
            listener((JobChange(before, after),))

    @property
    def submitted(self) -> list[Intent]:
        return [cast("Intent", what) for verb, what in self.calls if verb == "submit"]


@dataclass
class FakePacs:
    """A PACS whose answer is set beforehand."""

    patients: tuple[FoundPatient, ...] = ()
    unreachable: tuple[str, ...] = ()
    names: tuple[str, ...] = ("Main PACS", "Archive")
    error: ChrislibError | None = None
    asked: list[Criteria] = field(default_factory=list)
    passing: list[bool] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def archives(self) -> tuple[str, ...]:
        return self.names

    async def lookup(
        self,
        criteria: Criteria,
        *,
        found: Callable[[tuple[FoundPatient, ...]], None] | None = None,
        passing: bool = False,
        key: str = "",
    ) -> LookupResult:
        self.asked.append(criteria)
        self.passing.append(passing)
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        if found is not None:
            found(self.patients)
        return LookupResult(criteria, self.patients, 0.4, self.unreachable)


class FakeFiles:
    """Storage as a mapping of path to bytes."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.reads: list[str] = []
        self.folders: list[Folder] = []
        self.loose: list[StoredFile] = []
        self.gone = False
        self.error: ChrislibError | None = None

    async def folder(self, path: str) -> Folder | None:
        if self.error is not None:
            raise self.error
        if any(one.startswith(path + "/") for one in self.stored):
            return Folder(FolderId(1), StoragePath(path), "alex", False, None)
        return None

    async def tree(self, path: str) -> AsyncIterator[StoredFile]:
        if self.gone:
            raise NotFound("There is nothing there.")
        for at, (name, data) in enumerate(sorted(self.stored.items())):
            if name.startswith(path + "/"):
                yield StoredFile(FileId(at), StoragePath(name), len(data), "alex", None)

    async def walk(self, path: str) -> AsyncGenerator[TreeFile, None]:
        async for file in self.tree(path):
            yield TreeFile(file=file, relative=file.name)

    async def children(self, _folder: Folder) -> AsyncIterator[Folder]:
        for folder in self.folders:
            yield folder

    async def files(self, _folder: Folder) -> AsyncIterator[StoredFile]:
        for file in self.loose:
            yield file

    async def count_below(self, path: str) -> int:
        return sum(one.startswith(f"{path}/") for one in self.stored)

    async def stream(self, file: StoredFile) -> AsyncIterator[bytes]:
        self.reads.append(file.path)
        if self.error is not None:
            raise self.error
        data = self.stored[file.path]
        yield data[: len(data) // 2]
        yield data[len(data) // 2 :]


class FakeFolders:
    """The same storage, by pages."""

    def __init__(self, files: FakeFiles) -> None:
        self._files = files
        self.at_path = ""

    async def at(self, path: str) -> Thing | None:
        folder = await self._files.folder(path)
        if folder is None:
            return None
        self.at_path = path
        return Thing("folder", 1, folder.path, "alex", False, None)

    async def page(
        self, _folder_id: int, _part: str, *, offset: int, limit: int
    ) -> Listed[Thing]:
        rows = [
            Thing("file", one.id, one.path, "alex", False, None, one.size)
            async for one in self._files.tree(self.at_path)
        ]
        rows.reverse()
        part = tuple(rows[offset : offset + limit])
        return Listed(part, len(rows), offset + limit < len(rows), len(part), None)


class FakeSeries:
    """Registered series by UID."""

    def __init__(self) -> None:
        self.known: dict[str, PacsSeries] = {}
        self.counts: dict[str, int] = {}
        self.studies_asked: list[str] = []
        self.queries: list[PacsQuery] = []
        self.error: ChrislibError | None = None

    async def stored(self, **_filters: object) -> AsyncIterator[PacsQuery]:
        for query in self.queries:
            yield query

    async def count_stored(self, **_filters: object) -> int:
        return 0

    async def series(self, series_uid: str) -> PacsSeries | None:
        if self.error is not None:
            raise self.error
        return self.known.get(series_uid)

    async def series_of_study(self, study_uid: str) -> tuple[PacsSeries, ...]:
        self.studies_asked.append(study_uid)
        if self.error is not None:
            raise self.error
        return tuple(s for s in self.known.values() if s.study_uid == study_uid)

    async def series_file_count(self, series: PacsSeries) -> int:
        return self.counts.get(series.series_uid, 0)

    def register(self, uid: str, *, images: int, study_uid: str = "") -> str:
        path = f"SERVICES/PACS/MAIN/{uid}"
        self.known[uid] = PacsSeries(
            id=len(self.known) + 1,
            folder_path=StoragePath(path),
            folder_id=None,
            patient_id="",
            patient_name="",
            patient_birth_date=None,
            patient_sex="",
            study_date=None,
            accession_number="",
            modality="MR",
            study_uid=study_uid,
            study_description="",
            series_uid=uid,
            series_description="",
            pacs_identifier="Main PACS",
            creation_date=None,
        )
        self.counts[uid] = images
        return path


class FakePlugins:
    """Plugins of the server and what their parameters are."""

    def __init__(self) -> None:
        self.known: list[Plugin] = []
        self.required: set[int] = set()
        self.error: ChrislibError | None = None

    async def list(
        self,
        *,
        type: str = "",  # noqa: A002 (CUBE's word)
        name_exact: str = "",
    ) -> AsyncIterator[Plugin]:
        if self.error is not None:
            raise self.error
        for plugin in self.known:
            if not type or plugin.type == type:
                yield plugin

    async def parameters(self, plugin_id: int) -> tuple[PluginParameter, ...]:
        optional = plugin_id not in self.required
        return (
            PluginParameter(
                "dir", "string", optional, "", "--dir", "-d", "store", "", True
            ),
        )


class FakeInstances:
    """Runs of the server."""

    def __init__(self) -> None:
        self.known: dict[int, PluginInstance] = {}

    async def get(self, instance_id: int) -> PluginInstance:
        return self.known[instance_id]

    async def search(self, **filters: object) -> AsyncIterator[PluginInstance]:
        for instance in self.known.values():
            wanted = filters.get("plugin_name_exact")
            if wanted in (None, instance.plugin_name):
                yield instance

    async def page(self, **filters: object) -> Listed[PluginInstance]:
        found = tuple([one async for one in self.search(**filters)])
        return Listed(found, len(found), False, len(found), None)

    async def parameters(self, instance_id: int) -> dict[str, str]:
        return {}


class FakeClient:
    """The parts of a CubeClient the Library asks."""

    def __init__(self) -> None:
        self.base_url = "https://chris.example.org/api/v1/"
        self.username = "alex"
        self.server = ServerInfo(self.base_url, "uuid-1", "", 7, "alex")
        self.files = FakeFiles()
        self.folders = FakeFolders(self.files)
        self.pacs = FakeSeries()
        self.plugins = FakePlugins()
        self.instances = FakeInstances()

    def server_now(self) -> datetime:
        return datetime.now(UTC)


class FakeLibrarySession:
    """A session with, or without, a connection."""

    def __init__(self) -> None:
        self.fake = FakeClient()
        self.client: Any = self.fake
        self.pacs: Any = FakePacs()
        self.error: ChrislibError | None = None
        self.host = "chris.example.org"
        self.url = "https://chris.example.org/api/v1/"
        self.is_station = False
        self.username = "alex"
        self.listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self) -> None:
        for listener in tuple(self.listeners):
            listener()


def a_plugin(number: int, name: str, *, version: str = "1.0", **others: Any) -> Plugin:
    """Return an fs plugin."""
    values: dict[str, Any] = {
        "id": PluginId(number),
        "name": name,
        "version": version,
        "type": "fs",
        "title": "",
        "category": "",
        "description": "",
        "documentation": "",
        "authors": "",
        "license": "",
        "icon": "",
        "dock_image": "",
        "min_cpu_limit": 1,
        "max_cpu_limit": 1,
        "min_memory_limit": 1,
        "max_memory_limit": 1,
        "min_gpu_limit": 0,
        "max_gpu_limit": 0,
        "min_number_of_workers": 1,
        "max_number_of_workers": 1,
        "creation_date": None,
    }
    return Plugin(**{**values, **others})


def a_run(number: int, plugin: Plugin, **others: Any) -> PluginInstance:
    """Return a finished run of a plugin."""
    values: dict[str, Any] = {
        "id": InstanceId(number),
        "title": "",
        "previous_id": None,
        "plugin_id": plugin.id,
        "plugin_name": plugin.name,
        "plugin_version": plugin.version,
        "plugin_type": "fs",
        "feed_id": FeedId(number + 100),
        "workflow_id": None,
        "start_date": None,
        "end_date": None,
        "output_path": StoragePath(f"home/alex/feeds/feed_{number}/out"),
        "status": "finishedSuccessfully",
        "active": False,
        "error_code": "",
        "owner_username": "alex",
        "compute_resource_name": "host",
        "cpu_limit": 1,
        "memory_limit": 1,
        "number_of_workers": 1,
        "gpu_limit": 0,
        "size": 0,
        "deletion_status": "inactive",
    }
    return PluginInstance(**{**values, **others})


def a_series(
    uid: str, description: str, *, modality: str = "MR", images: int | None = 20
) -> FoundSeries:
    """Return a series as a PACS lists it."""
    return FoundSeries(
        pacs="Main PACS",
        series_uid=uid,
        study_uid=uid.rsplit(".", 1)[0],
        number=uid.rsplit(".", 1)[-1],
        description=description,
        modality=modality,
        images=images,
        body_part="HEAD",
        protocol="",
        station="MRI_9",
    )


def a_study(
    uid: str, description: str, on: date | None, series: Sequence[FoundSeries]
) -> FoundStudy:
    """Return a study as a PACS lists it."""
    return FoundStudy(
        pacs="Main PACS",
        study_uid=uid,
        date=on,
        description=description,
        accession_number="58684554",
        modalities=tuple(dict.fromkeys(one.modality for one in series)),
        station="MRI_9",
        age_at_scan_days=6030,
        series=tuple(series),
    )


def some_patients() -> tuple[FoundPatient, ...]:
    """Return three patients: two share an ID, one has a name in another script."""
    brain = a_study(
        "1.2.3",
        "MR Brain w/ + w/o contrast",
        date(2026, 3, 4),
        [
            a_series("1.2.3.1", "SAG T1 MPRAGE", images=192),
            a_series("1.2.3.2", "AX T2 FSE", images=192),
            a_series("1.2.3.3", "AX T2 FLAIR FS", images=48),
            a_series("1.2.3.4", "AX DTI 64 DIR b1000", images=4290),
            a_series("1.2.3.5", "", images=None),
        ],
    )
    head = a_study(
        "1.2.4",
        "CT Head w/o contrast",
        date(2024, 2, 11),
        [a_series("1.2.4.1", "Head 5.0", modality="CT", images=64)],
    )
    heart = a_study(
        "1.2.5", "US Heart", None, [a_series("1.2.5.1", "PLAX", modality="US")]
    )
    return (
        FoundPatient("4543673", "Doe^Jonathan", date(2009, 8, 29), "M", (brain, head)),
        FoundPatient("4543673", "Doe^Johnathan", None, "M", (heart,)),
        FoundPatient(
            "2210045",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            date(1971, 6, 30),
            "M",
            (
                a_study(
                    "1.2.6", "胸部", date(2025, 5, 1), [a_series("1.2.6.1", "胸部")]
                ),
            ),
        ),
    )


@dataclass
class Neighbours:
    """What a LibraryService is made of in a test."""

    catalog: Catalog
    jobs: FakeJobs
    session: FakeLibrarySession

    def service(self) -> LibraryService:
        return LibraryService(
            catalog=self.catalog, jobs=self.jobs, session=self.session
        )

    @property
    def pacs(self) -> FakePacs:
        return cast("FakePacs", self.session.pacs)


@pytest.fixture
async def neighbours(tmp_path: Path) -> AsyncIterator[Neighbours]:
    """Fakes over a catalog of this test."""
    catalog = Catalog(tmp_path / "catalog.db")
    await catalog.open()
    yield Neighbours(catalog, FakeJobs(), FakeLibrarySession())
    await catalog.close()


@pytest.fixture
async def library(neighbours: Neighbours) -> AsyncIterator[LibraryService]:
    """A started service."""
    service = neighbours.service()
    await service.start()
    yield service
    await service.stop()


async def until(
    condition: Callable[[], object], *, seconds: float = 30.0, what: str = "condition"
) -> None:
    """Wait for `condition` with a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
