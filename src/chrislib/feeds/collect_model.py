"""What is collected out of many results, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chrislib.feeds.collect_values import Value
from chrislib.feeds.model import Node, OutputEntry


@dataclass(frozen=True, slots=True)
class FeedNodes:
    """A feed and its nodes as far as collecting needs them.

    `places` has the place of each node in the tree, by its id. `problem` says why
    the feed could not be looked at; it has no nodes then.
    """

    feed_id: int
    title: str
    nodes: tuple[Node, ...] = ()
    places: Mapping[int, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which nodes and which of their files are collected.

    Attributes
    ----------
    plugin : str
        Name of the plugin; any version.
    place : str
        Only at this place of the tree, see `compare_nodes.places_of`; "" for
        every node of the plugin.
    pattern : str
        Path below the node's output folder; "*" stands for anything.
    each : str
        What becomes a row: "file", or "line" of the tables in them.
    """

    plugin: str
    place: str = ""
    pattern: str = ""
    each: str = "file"


@dataclass(frozen=True, slots=True)
class Source:
    """A node whose files are looked at, or the feed that has none such.

    `subject` is what its rows are called; `problem` says why there is nothing.
    """

    feed_id: int
    feed_title: str
    subject: str
    node: Node | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a source, or why they could not be listed."""

    source: Source
    files: tuple[OutputEntry, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A pattern that files can be chosen by: on how many nodes, how many files."""

    pattern: str
    nodes: int
    files: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: the values of a file or of a line in it, or why not.

    `line` is the line's number in its file, 0 for a row of the whole file.
    """

    source: Source
    subject: str
    file: OutputEntry | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    problem: str = ""
    note: str = ""
    """What is said of values that are there, e.g. how many were left out."""
    line: int = 0

    @property
    def waits(self) -> bool:
        """Whether its file was not read yet."""
        return self.file is not None and not self.values and not self.problem

    @property
    def key(self) -> "RowKey":
        """What tells it from other rows: feed, node, file, line."""
        return (*self.file_key, self.line)

    @property
    def file_key(self) -> tuple[int, int, str]:
        """What the rows of one file have in common: feed, node, file."""
        node = self.source.node
        return (
            self.source.feed_id,
            0 if node is None else int(node.id),
            "" if self.file is None else self.file.relative,
        )


RowKey = tuple[int, int, str, int]
"""Feed, node, file and line of a row."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was collected: what was asked, of which server, and when."""

    wanted: Wanted
    feed_ids: tuple[int, ...]
    server: str
    rows: tuple[Row, ...]
    collected_at: float
