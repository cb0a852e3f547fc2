"""How long the nodes of a feed ran and how much it takes, asked for what is in sight.

Lists of a CUBE say neither. A feed that rests is asked about once; answers are kept as
long as the connection is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chrislib.cube.errors import Forbidden, NotFound
from chrislib.cube.types import PluginInstance
from chrislib.feeds.arranging import works
from chrislib.feeds.model import FeedRow
from chrislib.feeds.server import FeedServer

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

_NODES = 500
_FILES = 1_000
"""Feeds with more are not measured for a list: 1 ms a file (CUBE 7)."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a list says of a feed beside its states.

    Attributes
    ----------
    seconds : float or None
        Run times of its nodes, added up; None where they were not asked for.
    size : int or None
        Bytes of its files; None where they were not added up.
    """

    seconds: float | None = None
    size: int | None = None


class FeedMeasures:
    """Run times and sizes of feeds, as far as they were asked for."""

    def __init__(self, server: FeedServer) -> None:
        self._client = server.client
        self._known: dict[int, tuple[object, Measure]] = {}
        server.on_change(self._known.clear)

    def missing(self, rows: Sequence[FeedRow]) -> list[FeedRow]:
        """Return those that were not measured in the state they are in."""
        return [
            row
            for row in rows
            if not works(row)
            and row.states
            and self._known.get(row.id, ((), None))[0] != _state(row)
        ]

    async def of(self, row: FeedRow) -> Measure:
        """Measure a feed (network)."""
        client = self._client()
        measure = Measure()
        if row.nodes <= _NODES:
            try:
                nodes = [node async for node in client.instances.of_feed(row.id)]
                measure = await _measured(client, row, nodes)
            except (NotFound, Forbidden):
                pass  # the next list will not hold it
        self._known[row.id] = (_state(row), measure)
        return measure


async def _measured(
    client: "CubeClient", row: FeedRow, nodes: Sequence[PluginInstance]
) -> Measure:
    spans = [
        (node.end_date - node.start_date).total_seconds()
        for node in nodes
        if node.start_date is not None and node.end_date is not None and not node.active
    ]
    # 7 alpha leaves this 0 (trap 22)
    size: int | None = sum(node.size for node in nodes) or None
    if size is None and nodes and row.owner == client.username:
        # home/<user>/feeds/feed_<id>, whatever the server calls it
        folder = "/".join(nodes[0].output_path.split("/")[:4])
        _, size = await client.feeds.weight(folder, most=_FILES)
        # a feed of links has no files of its own
        size = size or None
    return Measure(sum(spans) if spans else None, size)


def _state(row: FeedRow) -> object:
    return tuple(sorted(row.states.items()))
