"""My Library's rows, questions and answers as data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, IntEnum
from pathlib import Path
from typing import NewType

from chrislib.catalog.mine_rules import Field, Group, Op, Rule
from chrislib.library.model import Described, Item, ItemId, ItemState, Source

__all__ = [
    "PREVIOUS",
    "QUICK",
    "Collection",
    "CollectionId",
    "CollectionKind",
    "Column",
    "Counts",
    "Facets",
    "Field",
    "Filters",
    "Flag",
    "Group",
    "Import",
    "ImportState",
    "Label",
    "Level",
    "Listing",
    "LocalFile",
    "Mark",
    "MineChange",
    "Op",
    "Place",
    "Query",
    "Row",
    "RowId",
    "Rule",
    "Sort",
]

RowId = NewType("RowId", int)
"""Of a patient, a study, a series or a data item; unique within its level only."""
CollectionId = NewType("CollectionId", str)

QUICK = CollectionId("quick")
"""The quick collection, which is always there."""
PREVIOUS = CollectionId("previous")
"""What came in last, until a pause of ten minutes; nobody can change it."""


class Level(Enum):
    """What the rows of a list are."""

    ALL = "all"
    """Series and data items together."""
    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    DATA = "data"
    """What is no DICOM series: other uploads, reference data, outputs of feeds."""


class Place(Enum):
    """Where the files of a row are."""

    HERE = "here"
    """On this computer only."""
    SERVER = "server"
    BOTH = "both"


class Flag(IntEnum):
    """Picked, rejected or neither (keys P, X, U)."""

    REJECT = -1
    NONE = 0
    PICK = 1


class Label(IntEnum):
    """Color labels by their keys."""

    NONE = 0
    RED = 6
    YELLOW = 7
    GREEN = 8
    BLUE = 9


class Column(Enum):
    """What a list can be sorted by."""

    NAME = "name"
    PATIENT_ID = "patient_id"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    STUDY_DATE = "study_date"
    """Of patients: the latest study."""
    STUDY = "study"
    ACCESSION = "accession"
    AGE = "age"
    MODALITY = "modality"
    TITLE = "title"
    """Series description, or the name of a data item."""
    NUMBER = "number"
    BODY_PART = "body_part"
    STATION = "station"
    STUDIES = "studies"
    SERIES = "series"
    IMAGES = "images"
    SIZE = "size"
    FEEDS = "feeds"
    ADDED = "added"
    STARS = "stars"
    FLAG = "flag"
    LABEL = "label"
    SOURCE = "source"
    PLACE = "place"
    STATE = "state"
    MANUAL = "manual"
    """The order of a collection; only there."""


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of rows; what has no value comes last either way."""

    by: Column = Column.STUDY_DATE
    descending: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What rows must be like; empty ones let everything pass, others must all hold.

    Attributes
    ----------
    text : str
        Every word must begin a word of the names, descriptions, keywords or notes, or
        be a part (three or more signs) of an accession number or an ID.
    modalities, sexes : frozenset of str
    dated_from, dated_to : date, optional
        Study date, both included.
    undated : bool
        Whether a range of dates lets studies without a date pass.
    sources : frozenset of Source or None
        None stands for files of this computer that nobody sent or pulled.
    stars : int
        At least so many.
    keywords : frozenset of str
        All of them.
    collection : CollectionId, optional
    patient, study : RowId, optional
        Only what belongs to it.
    items : frozenset of ItemId
        Only rows of these library items, such as what a lookup brought.
    rules : Group, optional
        Further rules, as smart collections have them.
    """

    text: str = ""
    modalities: frozenset[str] = frozenset()
    sexes: frozenset[str] = frozenset()
    dated_from: date | None = None
    dated_to: date | None = None
    undated: bool = False
    sources: frozenset[Source | None] = frozenset()
    places: frozenset[Place] = frozenset()
    states: frozenset[ItemState] = frozenset()
    stars: int = 0
    flags: frozenset[Flag] = frozenset()
    labels: frozenset[Label] = frozenset()
    keywords: frozenset[str] = frozenset()
    collection: CollectionId | None = None
    patient: RowId | None = None
    study: RowId | None = None
    items: frozenset[ItemId] = frozenset()
    rules: Group | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A list: of what, which, and in what order.

    Of patients and studies those are listed that have a series the filters let pass.
    """

    level: Level = Level.ALL
    filters: Filters = field(default_factory=Filters)
    sort: Sort = field(default_factory=Sort)


@dataclass(frozen=True, slots=True)
class Listing:
    """The ids a query found, all of them, in order; and some rows, if asked for."""

    query: Query
    ids: Sequence[RowId]
    rows: "Mapping[RowId, Row]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Described):
    """A patient, a study, a series or a data item.

    Texts are as DICOM or the server has them: to be cleaned for the screen
    (``chrislib.library.names``).

    Attributes
    ----------
    level : Level
        PATIENT, STUDY, SERIES or DATA.
    title : str
        Series or study description, name of a patient, name of a data item; "" where
        there is none.
    patient, study : RowId or None
        What it belongs to.
    age_days : int or None
        Age at the study.
    study_date_text : str
        As stored, for dates that are not whole.
    modality : str
        Of studies and patients all of them, "CT/MR".
    images, size : int or None
        Images (files of a data item) and bytes, None while unknown; below a study or
        patient together.
    received : int
        What has arrived of `images` while it is on the way.
    studies, series, here, ready : int
        Below a patient or study: how many there are, how many of the series are on this
        computer, and how many can be opened. A series counts itself.
    place, state : Place, ItemState
        Of a study or patient: BOTH where they differ; the state that most needs to
        be known.
    source : Source or None
        How it came to the server; None for files of this computer only.
    item : Item or None
        Its library item on the present server, as it is now: what the tray takes.
    series_key : int or None
        Its series in the index of local files (``local_series``).
    path : str
        On the server, "" while there is none.
    feeds : int
        How many feeds used it.
    stars, flag, label
        Of a study or patient: what all its series share, none otherwise.
    keywords : tuple of str
        Of a study or patient: those of any of its series.
    cover : RowId or None
        The series whose picture stands for it (itself, for a series).
    """

    row_id: RowId
    level: Level
    title: str = ""
    patient: RowId | None = None
    study: RowId | None = None
    study_date_text: str = ""
    study_time: str = ""
    age_days: int | None = None
    number: int | None = None
    body_part: str = ""
    protocol: str = ""
    station: str = ""
    manufacturer: str = ""
    model: str = ""
    rows: int | None = None
    columns: int | None = None
    slice_thickness: float | None = None
    slice_spacing: float | None = None
    repetition_time: float | None = None
    echo_time: float | None = None
    inversion_time: float | None = None
    field_strength: float | None = None
    images: int | None = None
    size: int | None = None
    received: int = 0
    studies: int = 0
    series: int = 0
    here: int = 0
    ready: int = 0
    place: Place = Place.HERE
    source: Source | None = None
    state: ItemState = ItemState.READY
    detail: str = ""
    path: str = ""
    pacs: str = ""
    item: Item | None = None
    series_key: int | None = None
    feeds: int = 0
    added_at: float = 0.0
    stars: int = 0
    flag: Flag = Flag.NONE
    label: Label = Label.NONE
    keywords: tuple[str, ...] = ()
    note: str = ""
    cover: RowId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What to change of rows' marks; None and () leave things as they are."""

    stars: int | None = None
    flag: Flag | None = None
    label: Label | None = None
    add_keywords: tuple[str, ...] = ()
    remove_keywords: tuple[str, ...] = ()
    note: str | None = None


class CollectionKind(Enum):
    """What a collection is."""

    MANUAL = "manual"
    SMART = "smart"
    SET = "set"
    """Holds other collections."""
    QUICK = "quick"


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of series and data items; of a set `count` is 0."""

    collection_id: CollectionId
    title: str
    kind: CollectionKind
    parent: CollectionId | None = None
    rules: Group | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of each, for the left panel."""

    all: int = 0
    patients: int = 0
    studies: int = 0
    series: int = 0
    data: int = 0
    previous: int = 0
    quick: int = 0


@dataclass(frozen=True, slots=True)
class Facets:
    """How many series and data items of a list have each value.

    Each is counted as if it were not filtered by itself.
    """

    modalities: Mapping[str, int] = field(default_factory=dict)
    sexes: Mapping[str, int] = field(default_factory=dict)
    years: Mapping[int | None, int] = field(default_factory=dict)
    sources: Mapping[Source | None, int] = field(default_factory=dict)
    places: Mapping[Place, int] = field(default_factory=dict)
    states: Mapping[ItemState, int] = field(default_factory=dict)
    stars: Mapping[int, int] = field(default_factory=dict)
    flags: Mapping[Flag, int] = field(default_factory=dict)
    labels: Mapping[Label, int] = field(default_factory=dict)
    keywords: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of a series on this computer; `place` is millimeters along the normal."""

    path: Path
    number: int | None = None
    place: float | None = None
    frames: int | None = None


class ImportState(Enum):
    """How far the reading of a folder is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Import:
    """A local folder (or file) that is, or was, read.

    Attributes
    ----------
    seen, read, images, unreadable : int
        Files met, files read because they are new or changed, images among those,
        files that could not be read.
    reason : str
        Why it failed, or could not be read.
    """

    number: int
    root: Path
    state: ImportState
    seen: int = 0
    read: int = 0
    images: int = 0
    unreadable: int = 0
    removed: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MineChange:
    """What subscribers are told.

    Attributes
    ----------
    lists : bool
        Rows came, went or changed what they are sorted and filtered by: ask again.
    rows : frozenset of RowId
        Series and data items whose values changed.
    items : frozenset of ItemId
        Library items whose state or counts changed.
    everything : bool
        Every row may differ: it is somebody else's library now.
    collections, imports, undo : bool
        `MyLibrary.collections`, `.imports` or `.undo_text` differ.
    """

    lists: bool = False
    rows: frozenset[RowId] = frozenset()
    items: frozenset[ItemId] = frozenset()
    everything: bool = False
    collections: bool = False
    imports: bool = False
    undo: bool = False


Listener = Callable[[MineChange], None]
