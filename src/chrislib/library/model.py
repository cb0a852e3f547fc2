"""The Library's things as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path
from typing import NewType

from chrislib.jobs.model import Unpacking

ItemId = NewType("ItemId", str)
EntryId = NewType("EntryId", str)


class Source(Enum):
    """Where a library item came from."""

    PACS = "pacs"
    UPLOAD = "upload"
    REFERENCE = "reference"
    FEED = "feed"
    FILES = "files"
    """Ticked in Browse Files; not a thing of My Library."""


class ItemState(Enum):
    """Whether an item's files can be opened."""

    WANTED = "wanted"
    """Ticked into the tray, not asked for yet: it is pulled when it is needed."""
    ON_THE_WAY = "on_the_way"
    REGISTERING = "registering"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What DICOM says of a series, its study and patient; empty where it is silent."""

    patient_id: str = ""
    patient_name: str = ""
    birth_date: date | None = None
    sex: str = ""
    study_uid: str = ""
    study_date: date | None = None
    study_description: str = ""
    accession_number: str = ""
    modality: str = ""
    series_uid: str = ""


@dataclass(frozen=True, slots=True)
class Item(Described):
    """One thing that can be ticked into the tray: a series, an upload, a reference.

    Attributes
    ----------
    path : str
        Storage path on the server (file or folder), "" while it is not known.
    images : int or None
        Number of images (or files, where it is no series).
    size : int or None
        Bytes.
    received : int
        Images or files that arrived, while it is on the way.
    """

    item_id: ItemId
    source: Source
    title: str
    state: ItemState
    path: str = ""
    detail: str = ""
    series_description: str = ""
    pacs: str = ""
    images: int | None = None
    size: int | None = None
    received: int = 0
    job_key: str = ""
    feed_id: int | None = None
    instance_id: int | None = None
    added_at: float = 0.0


class EntryKind(Enum):
    """The ways in."""

    LOOKUP = "lookup"
    UPLOAD = "upload"
    REFERENCE = "reference"
    OUTPUT = "output"
    """Outputs of a feed that were brought in as data."""
    LIST = "list"
    """A work list."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One row of History.

    `state` is a word of the state vocabulary (queued, preparing, running,
    registering, ready, errors, failed, cancelled, nomatch); `brought` says in words
    what arrived; `done` of `total` is drawn as a bar while something runs.
    """

    entry_id: EntryId
    kind: EntryKind
    title: str
    detail: str
    at: float
    state: str
    brought: str = ""
    done: int = 0
    total: int = 0
    request: Mapping[str, object] = field(default_factory=dict)
    """What "Again" needs: criteria, local paths or the plugin."""
    item_ids: tuple[ItemId, ...] = ()
    state_text: str = ""
    """The words of the state cell, "Pulling 2 series"; made from the items."""


@dataclass(frozen=True, slots=True)
class LibraryChange:
    """What subscribers are told: which items changed, and which lists to read again."""

    items: tuple[Item, ...] = ()
    history: bool = False
    tray: bool = False
    series: tuple[str, ...] = ()
    """Series that the server turned out to have, whoever brought them."""


@dataclass(frozen=True, slots=True)
class OpenedItem:
    """Files of an item on this computer, ready for the viewer.

    `kind` is "dicom", "nifti", "image", "text" or "other", by what most files are.
    """

    title: str
    kind: str
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference data set that an fs plugin delivers."""

    plugin_id: int
    plugin_name: str
    version: str
    title: str
    category: str
    description: str
    authors: str
    license: str
    item: Item | None = None
    """The finished (or running) fetch of it, reused instead of a second run."""
    files: int | None = None
    """Files and bytes of an earlier fetch of this version, wherever it was made."""
    size: int | None = None
    hidden: bool = False
    """It is taken for a mechanism that delivers nothing of its own."""
    overridden: bool = False
    """Somebody said so, not the rule."""
    needs_values: bool = False
    """It has required parameters: it cannot be fetched by a click."""


@dataclass(frozen=True, slots=True)
class LocalSeries:
    """A DICOM series found in local files. `missing` are gaps in instance numbers."""

    patient_id: str
    patient_name: str
    study_uid: str
    study_date: date | None
    study_description: str
    series_uid: str
    description: str
    modality: str
    files: tuple[str, ...]
    size: int
    missing: tuple[int, ...] = ()
    duplicates: int = 0
    """Further copies of images that are in `files`; each image is sent once."""
    birth_date: date | None = None
    sex: str = ""
    accession_number: str = ""
    study_date_text: str = ""
    """As stored, for dates that are not whole."""
    names: tuple[str, ...] = ()
    """The patient's name in each of `files`, where they do not all have the same."""
    rivals: tuple[tuple[str, ...], ...] = ()
    """Groups of files that claim to be one image and differ; one of each group is in
    `files`."""


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that claims or seems to be DICOM but cannot be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class LocalScan:
    """What a drop or choice of files and folders contains.

    `others` are (local path, path below the drop, bytes) of files that are not DICOM;
    they are sent as they are.
    """

    title: str
    roots: tuple[str, ...]
    series: tuple[LocalSeries, ...]
    others: tuple[tuple[str, str, int], ...]
    unreadable: tuple[UnreadableFile, ...]
    files: int
    size: int
    archives: tuple[Unpacking, ...] = ()
    """What was unpacked to be read; it is removed when it is not needed any more."""
    decisions: tuple[tuple[str, str], ...] = ()
    """What was decided about conflicts; see `chrislib.library.conflicts`."""
