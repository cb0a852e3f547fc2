"""What a CUBE knows, as plain data. No object here does any I/O.

Sources: the resources of CUBE's REST API, one per class. Keys that a server leaves
out (6.11 and 7 differ) become ``None``, ``0`` or ``""`` as typed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NewType

PluginId = NewType("PluginId", int)
InstanceId = NewType("InstanceId", int)
FeedId = NewType("FeedId", int)
FolderId = NewType("FolderId", int)
FileId = NewType("FileId", int)
PacsId = NewType("PacsId", int)
QueryId = NewType("QueryId", int)
StoragePath = NewType("StoragePath", str)
"""A path in the server's storage, without a slash at either end."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """``chrisinstance/1/`` and what could be told of the version."""

    base_url: str
    uuid: str
    name: str
    generation: int
    """6 or 7 (``compute_requires_copy_job`` in a compute resource means 7)."""
    username: str


@dataclass(frozen=True, slots=True)
class Plugin:
    """``plugins/<id>/``."""

    id: PluginId
    name: str
    version: str
    type: str
    """``fs`` (makes a feed), ``ds`` (one parent) or ``ts`` (several parents)."""
    title: str
    category: str
    description: str
    documentation: str
    authors: str
    license: str
    icon: str
    dock_image: str
    min_cpu_limit: int
    max_cpu_limit: int
    """Millicores; 2147483647 is "no maximum"."""
    min_memory_limit: int
    max_memory_limit: int
    """MiB; 2147483647 is "no maximum"."""
    min_gpu_limit: int
    max_gpu_limit: int
    min_number_of_workers: int
    max_number_of_workers: int
    creation_date: datetime | None
    public_repo: str = ""
    """Address of its source code, as whoever registered it typed it."""


@dataclass(frozen=True, slots=True)
class PluginParameter:
    """``plugins/<id>/parameters/``."""

    name: str
    type: str
    """string, integer, float, boolean, path or unextpath; other values may come."""
    optional: bool
    default: str | int | float | bool | None
    flag: str
    short_flag: str
    action: str
    help: str
    ui_exposed: bool


@dataclass(frozen=True, slots=True)
class ComputeResource:
    """``computeresources/<id>/``."""

    name: str
    description: str
    max_job_exec_seconds: int
    """-1 is "no limit"."""


@dataclass(frozen=True, slots=True)
class PluginInstance:
    """``plugins/instances/<id>/`` or a row of a list (rows of a feed are compact)."""

    id: InstanceId
    title: str
    previous_id: InstanceId | None
    plugin_id: PluginId
    plugin_name: str
    plugin_version: str
    plugin_type: str
    feed_id: FeedId
    workflow_id: int | None
    start_date: datetime | None
    end_date: datetime | None
    output_path: StoragePath
    status: str
    """As sent; see `chrislib.jobs.model.Phase` for what it means."""
    active: bool
    error_code: str
    owner_username: str
    compute_resource_name: str
    cpu_limit: int
    memory_limit: int
    number_of_workers: int
    gpu_limit: int
    size: int
    deletion_status: str
    summary: str = ""
    """JSON text, or "" (6.11 before hand-over; compact rows)."""
    raw: str = ""
    """base64(zlib(JSON)), or ""."""
    deletion_error: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """``<id>/``. `jobs` maps CUBE's counters without ``_jobs`` to numbers."""

    id: FeedId
    name: str
    owner_username: str
    creation_date: datetime | None
    public: bool
    folder_path: StoragePath
    jobs: Mapping[str, int] = field(default_factory=dict)
    deletion_status: str = "inactive"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """``pipelines/<id>/``."""

    id: int
    name: str
    locked: bool
    """Only its owner sees it."""
    authors: str
    category: str
    description: str
    owner_username: str


LIMITS = ("cpu_limit", "memory_limit", "number_of_workers", "gpu_limit")
"""What a run may use, as CUBE names it: millicores, MiB, and two numbers."""


@dataclass(frozen=True, slots=True)
class Piping:
    """One node of a pipeline: ``pipelines/pipings/<id>/``."""

    id: int
    title: str
    plugin_id: PluginId
    plugin_name: str
    plugin_version: str
    previous_id: int | None
    """The piping above it, None at the top."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """``cpu_limit`` (millicores), ``memory_limit`` (MiB), …; none on 6.x."""


@dataclass(frozen=True, slots=True)
class PipingValue:
    """``pipelines/<id>/parameters/``: a default of one node of a pipeline."""

    piping_id: int
    name: str
    type: str
    value: str | int | float | bool | None
    """None where a run of the pipeline has to give one."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """``pipelines/workflows/<id>/``. `jobs` maps CUBE's counters to numbers.

    The answer to the POST that makes one counts nothing yet.
    """

    id: int
    title: str
    pipeline_id: int
    pipeline_name: str
    owner_username: str
    creation_date: datetime | None
    jobs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Folder:
    """``filebrowser/<id>/``."""

    id: FolderId
    path: StoragePath
    owner_username: str
    public: bool
    creation_date: datetime | None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in storage. Download it with ``files.stream(file)``."""

    id: FileId
    path: StoragePath
    size: int
    """Bytes."""
    owner_username: str
    creation_date: datetime | None

    @property
    def name(self) -> str:
        """Last part of the path. Server text: never use it as a local path as is."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file found below a folder; `relative` is where it appears to be there.

    For what a link stands for, `file` has the target's own path. `relative` is server
    text: check each part before it becomes a local path.
    """

    file: StoredFile
    relative: str


@dataclass(frozen=True, slots=True)
class LinkFile:
    """``filebrowser/linkfiles/<id>/``: stands for another file or folder."""

    id: FileId
    path: StoragePath
    target: StoragePath
    is_folder: bool | None
    """None when the target is gone."""


@dataclass(frozen=True, slots=True)
class Pacs:
    """``pacs/<id>/``."""

    id: PacsId
    identifier: str
    active: bool


@dataclass(frozen=True, slots=True)
class PacsQuery:
    """``pacs/queries/<id>/``; `studies` is the decoded ``result``."""

    id: QueryId
    title: str
    status: str
    """created, sent, succeeded or errored."""
    pacs_identifier: str
    query: Mapping[str, str]
    creation_date: datetime | None
    studies: tuple[Mapping[str, object], ...] = ()
    packed: str = ""
    """A large ``result`` that is not decoded yet (`chrislib.cube.unpacking`)."""
    owner_username: str = ""


@dataclass(frozen=True, slots=True)
class PacsRetrieve:
    """``pacs/queries/retrieves/<id>/``. `status` never says that it succeeded."""

    id: int
    query_id: QueryId
    status: str


@dataclass(frozen=True, slots=True)
class PacsSeries:
    """``pacs/series/<id>/``: a series that is registered on the server."""

    id: int
    folder_path: StoragePath
    folder_id: FolderId | None
    patient_id: str
    patient_name: str
    patient_birth_date: date | None
    patient_sex: str
    study_date: date | None
    accession_number: str
    modality: str
    study_uid: str
    study_description: str
    series_uid: str
    series_description: str
    pacs_identifier: str
    creation_date: datetime | None
