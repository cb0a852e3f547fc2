"""Feeds, nodes and outputs as data, in the words of the window."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chrislib.cube.types import FeedId, InstanceId, StoragePath

STATES = (
    "ready",
    "errors",
    "running",
    "registering",
    "preparing",
    "queued",
    "failed",
    "upstream",
    "cancelled",
    "gone",
)
"""The state vocabulary, in the order a donut is drawn."""


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One row of the feed list; `states` counts nodes per state word."""

    id: FeedId
    title: str
    owner: str
    created: datetime | None
    public: bool
    states: Mapping[str, int]
    deleting: bool = False
    """Whether the server is about to delete it."""
    exact_title: str | None = None
    """The title as the server has it, where it cannot be shown as it is."""

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return sum(self.states.values())

    @property
    def sent_title(self) -> str:
        """The title as a server is told it."""
        return self.title if self.exact_title is None else self.exact_title


@dataclass(frozen=True, slots=True)
class Node:
    """One plugin instance of a feed.

    `parents` has one entry for ds, several for ts (joins), none for the root.
    `state` is a word of `STATES`; `detail` the second line of the graph node.
    """

    id: InstanceId
    title: str
    plugin_id: int
    plugin_name: str
    plugin_version: str
    plugin_type: str
    parents: tuple[InstanceId, ...]
    state: str
    detail: str
    output_path: StoragePath
    started: datetime | None
    ended: datetime | None
    compute: str
    error_code: str = ""
    reason: str = ""
    """Why it failed or was stopped, in words, with what to do."""
    exact_title: str | None = None
    exact_plugin: str | None = None
    """Title and plugin as the server has them, where they cannot be shown so."""

    @property
    def sent_title(self) -> str:
        """The title as a server is told it."""
        return self.title if self.exact_title is None else self.exact_title

    @property
    def sent_plugin(self) -> str:
        """The plugin's name as a server is told it."""
        return self.plugin_name if self.exact_plugin is None else self.exact_plugin


@dataclass(frozen=True, slots=True)
class FeedView:
    """A feed with its nodes, as one look at the server gave it."""

    row: FeedRow
    nodes: tuple[Node, ...]
    note: str
    folder_path: StoragePath
    checked_at: float


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five honest steps: queued, preparing, running, registering, ready.

    `status` is "past", "now", "next" or "failed"; `at` when it began, if it was seen;
    `seconds` how long it took.
    """

    word: str
    status: str
    at: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class NodeDetails:
    """What the inspector shows of one node."""

    node: Node
    steps: tuple[Step, ...]
    parameters: tuple[tuple[str, str], ...]
    """(flag, value) of the parameters that were given."""
    command: str
    log: str
    """The program's log, tokens redacted; "" when there is none (yet)."""
    run_facts: Mapping[str, str] = field(default_factory=dict)
    defaults: tuple[tuple[str, str], ...] = ()
    """(flag, value) of the parameters the program had its own default for."""
    plugin_facts: Mapping[str, str] = field(default_factory=dict)
    container: str = ""
    """A command that runs the same in a container, secrets taken out."""
    container_seen: bool = False
    """Whether the server told the command; else it is made from the parameters."""
    log_lines: int = 0
    log_kept: bool = False
    """Whether the log is the one kept here: the server has it no more."""
    waits: str = ""
    """Why it does not go on just now, in a sentence; "" where nothing holds it."""


@dataclass(frozen=True, slots=True)
class OutputEntry:
    """A file, folder or resolved link among a node's outputs."""

    path: StoragePath
    """Path of the thing itself: for a link, its target."""
    relative: str
    """Path below the node's output folder, as shown."""
    is_folder: bool
    size: int | None
    file_id: int | None
    kind: str
    """folder, dicom, nifti, image, table, json, text, pdf, file or gone."""
    link_target: str = ""
    children: tuple["OutputEntry", ...] = ()
    created: float = 0.0
    """When the server made it, seconds since the epoch; 0.0 when unknown."""
    title: str = ""
    """What a node's folder is called on screen; "" for the last part of `relative`."""
