"""Entries of the storage tree as Browse Files shows them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from chrislib.cube.folder_types import Thing
from chrislib.library.names import clean

LINK_ENDING = ".chrislink"
_DIGITS = re.compile(r"([0-9]{1,18})")
Key = tuple[str, int]
"""Kind and id of a thing: what an entry is known by, whatever it is called."""


class Leads(Enum):
    """What opening an entry leads to."""

    FOLDER = "folder"
    FILE = "file"
    NOWHERE = "nowhere"
    """A link whose target is gone."""


_LEADS = {"folder": Leads.FOLDER, "file": Leads.FILE}


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder, a file, or a link with what it stands for.

    Attributes
    ----------
    thing : Thing
        As the server lists it.
    label : str
        What it is called on screen; server text, never markup.
    size : int or None
        Bytes; for a link those of its target, once it was looked at.
    closed : bool
        A link whose target is there, but not open to this account.
    """

    thing: Thing
    label: str
    size: int | None = None
    closed: bool = False
    # asked for thousands of times while a table is sorted
    key: Key = field(init=False, compare=False, repr=False)
    """What it is known by."""
    leads: Leads = field(init=False, compare=False, repr=False)
    """What opening it leads to."""

    def __post_init__(self) -> None:
        """Work out what is asked for again and again."""
        thing = self.thing
        kind = thing.target_kind if thing.kind == "link" else thing.kind
        object.__setattr__(self, "key", (thing.kind, thing.id))
        object.__setattr__(self, "leads", _LEADS.get(kind, Leads.NOWHERE))

    @property
    def name(self) -> str:
        """Its name on the server, without the ending of links."""
        return self.thing.name.removesuffix(LINK_ENDING)

    @property
    def is_link(self) -> bool:
        """Whether it stands for something else."""
        return self.thing.kind == "link"

    @property
    def path(self) -> str:
        """Where its content is: for a link, its target."""
        return self.thing.target if self.is_link else self.thing.path

    @property
    def file_id(self) -> int | None:
        """Id of the file it is or stands for, None for everything else."""
        if self.leads is not Leads.FILE:
            return None
        return self.thing.target_id if self.is_link else self.thing.id

    @property
    def folder_id(self) -> int | None:
        """Id of the folder it is or stands for, None for everything else."""
        if self.leads is not Leads.FOLDER:
            return None
        return self.thing.target_id if self.is_link else self.thing.id

    @property
    def created_at(self) -> float:
        """When the server made it, seconds since the epoch; 0.0 when unknown."""
        return self.thing.created.timestamp() if self.thing.created else 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """Part of what is in a folder.

    `total` counts all of the list it is a part of; `more` says whether there is more.
    """

    entries: tuple[Entry, ...]
    total: int
    more: bool


@dataclass(frozen=True, slots=True)
class Weight:
    """What goes with some entries when they are deleted.

    `at_least` says that counting was stopped: there is more.
    """

    files: int = 0
    folders: int = 0
    links: int = 0
    size: int = 0
    at_least: bool = False
    shared: tuple[str, ...] = ()
    """Users and groups that see it now."""
    public: bool = False
    feeds: tuple[int, ...] = ()
    """Feeds whose outputs are among it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to be shown, and what to highlight in it ("" nothing)."""

    folder: Entry
    highlight: str = ""


def entry_of(thing: Thing, labels: Mapping[str, str] | None = None) -> Entry:
    """Return the entry of a thing; `labels` gives feeds and nodes their names."""
    label = (labels or {}).get(thing.path) or _label(thing)
    if not (label.isascii() and label.isprintable()) or "  " in label:
        label = clean(label)
    return Entry(thing=thing, label=label or "(no name)", size=thing.size)


def _label(thing: Thing) -> str:
    if thing.kind != "link":
        return thing.name or "Storage"
    name = thing.name.removesuffix(LINK_ENDING)
    target = thing.target.strip("/")
    if name != target.replace("/", "_") or "/" not in target:
        return name  # somebody named it
    parts = target.split("/")
    # "data" says nothing: the node that left it does
    return parts[-2] if parts[-1] == "data" and len(parts) > 2 else parts[-1]


def shortened(path: str) -> str:
    """Return a storage path with its middle left out: "home / … / SAG T1"."""
    parts = [clean(part) for part in path.strip("/").split("/")]
    if len(parts) > 3:
        parts = [parts[0], "…", parts[-1]]
    return " / ".join(parts)


def parent_of(path: str) -> str:
    """Return the path of the folder that something lies in."""
    return path.rpartition("/")[0]


def natural(text: str) -> tuple[list[int | str], str]:
    """Return what names are sorted by: "img.txt", "img2.txt", "img10.txt", any case."""
    stem, dot, ending = text.casefold().rpartition(".")
    parts: list[int | str] = [*_DIGITS.split(stem if dot else ending)]
    parts[1::2] = [int(part) for part in parts[1::2]]
    return parts, ending if dot else ""
