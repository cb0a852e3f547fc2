"""Comparing two runs or two feeds: what was given, what came out."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.aio import Progress, several, together
from chrislib.cube.errors import CubeError
from chrislib.errors import ChrislibError
from chrislib.feeds.collect_model import FeedNodes
from chrislib.feeds.collect_nodes import read_nodes
from chrislib.feeds.compare_contents import MAX_BYTES as TEXT_LIMIT
from chrislib.feeds.compare_contents import Difference, compare_contents
from chrislib.feeds.compare_files import FilePair, compare_files, contents_equal
from chrislib.feeds.compare_model import (
    FeedsCompared,
    FilesCompared,
    Run,
    RunsCompared,
    compare_runs,
)
from chrislib.feeds.compare_nodes import NodePair, match_nodes
from chrislib.feeds.model import Node, OutputEntry
from chrislib.feeds.output_walk import Root, listed
from chrislib.feeds.outputs import walk
from chrislib.feeds.results import FeedOutputs
from chrislib.feeds.server import FeedServer

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

CONTENT_LIMIT = 512_000_000
"""Bytes of a file; larger ones are not fetched to be compared."""
_CONTENTS_AT_ONCE = 4
_PAIRED_AT_ONCE = 150
"""Files of a side: 1 ms of a window's event loop."""


class Comparing:
    """Reads what two runs or feeds have in common and what not."""

    def __init__(self, server: FeedServer, outputs: FeedOutputs) -> None:
        self._client, self._now = server.client, server.now
        self._outputs = outputs
        self._flags: dict[int, dict[str, str]] = {}
        self._values: dict[int, dict[str, str]] = {}
        server.on_change(self._forget)

    @property
    def server(self) -> str:
        """The server asked, as it is written into reports."""
        return self._client().base_url

    async def nodes(self, feed_id: int) -> FeedNodes:
        """Return a feed's nodes and their places (network)."""
        return await read_nodes(self._client(), feed_id, now=self._now())

    async def feeds(self, left: int, right: int) -> FeedsCompared:
        """Match the nodes of two feeds, place by place (network)."""
        one, other = await together(self.nodes(left), self.nodes(right))
        pairs = match_nodes(one.nodes, other.nodes)
        return FeedsCompared(one, other, tuple(pairs))

    async def runs(self, left: Node, right: Node) -> RunsCompared:
        """Compare facts and parameters of two runs (network)."""
        client = self._client()
        one, other = await together(self._run(client, left), self._run(client, right))
        return compare_runs(one, other)

    async def pairs(
        self, pairs: Sequence[NodePair], *, progress: Progress | None = None
    ) -> dict[str, RunsCompared]:
        """Compare the runs of pairs that have both sides (network), by place.

        Pairs that could not be read are left out.
        """

        async def one(pair: NodePair) -> tuple[str, RunsCompared | None]:
            if pair.left is None or pair.right is None:
                return pair.place, None
            try:
                return pair.place, await self.runs(pair.left, pair.right)
            except CubeError:
                return pair.place, None

        # a pair asks for both sides at once
        found = await several(pairs, one, at_once=4, progress=progress)
        return {place: runs for place, runs in found if runs is not None}

    async def files(self, left: Node, right: Node) -> FilesCompared:
        """List the files of both nodes and pair them (network, a thread)."""
        client = self._client()
        sides = await together(self._files(client, left), self._files(client, right))
        problems = [side for side in sides if isinstance(side, CubeError)]
        one, other = ([] if isinstance(side, CubeError) else side for side in sides)
        problem = problems[0].title if problems else ""
        if _many(one) or _many(other):
            # it takes longer than a frame
            pairs = await asyncio.to_thread(compare_files, one, other)
        else:
            pairs = compare_files(one, other)
        return FilesCompared(tuple(pairs), problem)

    async def contents(
        self, pairs: Sequence[FilePair], *, progress: Progress | None = None
    ) -> dict[str, str]:
        """Compare contents byte by byte (network, disk): place to verdict.

        What could not be fetched is left out; so is what is too large.
        """

        async def one(pair: FilePair) -> tuple[str, str]:
            sides = [side for side in (pair.left, pair.right) if side is not None]
            if any((side.size or 0) > CONTENT_LIMIT for side in sides):
                return pair.relative, ""
            try:
                equal = await contents_equal(self._outputs.fetch, pair)
            except ChrislibError:
                return pair.relative, ""
            return pair.relative, "same" if equal else "differs"

        found = await several(pairs, one, at_once=_CONTENTS_AT_ONCE, progress=progress)
        return {place: verdict for place, verdict in found if verdict}

    async def difference(self, pair: FilePair) -> Difference:
        """Compare two text files line by line, JSON by value (network, disk, a thread).

        Raises
        ------
        ChrislibError
            One of them could not be fetched.
        """
        left, right = pair.left, pair.right
        if left is None or right is None:
            return Difference(problem="Only one side has this file.")
        if max(left.size or 0, right.size or 0) > TEXT_LIMIT:
            words = (
                f"Files larger than {TEXT_LIMIT // 1_000_000} MB have no lines here."
            )
            return Difference(problem=words)
        paths = await together(self._outputs.fetch(left), self._outputs.fetch(right))
        as_json = left.kind == "json" and right.kind == "json"
        return await asyncio.to_thread(_difference, *paths, as_json=as_json)

    # -- inside ------------------------------------------------------------------

    def _forget(self) -> None:
        self._flags.clear()
        self._values.clear()

    async def _run(self, client: "CubeClient", node: Node) -> Run:
        instance = await client.instances.get(node.id)
        if node.id not in self._values:
            self._values[node.id] = await client.instances.parameters(node.id)
        if node.plugin_id not in self._flags:
            listed = await client.plugins.parameters(node.plugin_id)
            self._flags[node.plugin_id] = {p.name: p.flag or p.name for p in listed}
        flags, given = self._flags[node.plugin_id], self._values[node.id]
        values = {flags.get(name, name): value for name, value in given.items()}
        return Run(node, instance, values)

    async def _files(
        self, client: "CubeClient", node: Node
    ) -> list[OutputEntry] | CubeError:
        try:
            return await listed(client.folders, [Root(node.output_path)])
        except CubeError as error:
            return error


def _many(entries: Sequence[OutputEntry]) -> bool:
    """Return whether there are more files than are paired in between."""
    return next(islice(walk(entries), _PAIRED_AT_ONCE, None), None) is not None


def _difference(left: Path, right: Path, *, as_json: bool) -> Difference:
    """Compare two files (disk)."""
    contents: list[bytes] = []
    for path in (left, right):
        with path.open("rb") as file:
            contents.append(file.read(TEXT_LIMIT))
    return compare_contents(contents[0], contents[1], as_json=as_json)
