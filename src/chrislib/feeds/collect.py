"""Collecting results: values of the same node over many feeds, gathered politely."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from chrislib.aio import Breather, Progress, several
from chrislib.cube.errors import CubeError
from chrislib.feeds.collect_files import (
    MAX_BYTES,
    chosen_files,
    no_files_yet,
    row_problem,
)
from chrislib.feeds.collect_images import images_near
from chrislib.feeds.collect_keeping import (
    KEYS,
    MOST_KEPT,
    Kept,
    from_text,
    kept_key,
    keys_of,
    keys_text,
    to_text,
)
from chrislib.feeds.collect_lines import Lines, read_lines, whole_file
from chrislib.feeds.collect_model import FeedNodes, Listing, Row, Source, Table, Wanted
from chrislib.feeds.collect_nodes import read_nodes
from chrislib.feeds.model import Node, OutputEntry
from chrislib.feeds.output_walk import Root, listed
from chrislib.feeds.outputs import walk
from chrislib.feeds.server import FeedServer

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

_Key = TypeVar("_Key")
_Out = TypeVar("_Out")

_AT_ONCE = 8
"""So many feeds or files at a time."""
_LISTINGS = 2
"""One listing asks for up to three folders at once."""
_KEEP = 4_000
"""So many files and listings are remembered."""
MOST_ROWS = 20_000
"""More rows of a table are not read, and that is said."""
_KEEP_LINES = 1_000
"""Longer files are read again the next time."""
_ENDED = frozenset({"ready", "errors", "failed", "cancelled"})


class Collecting:
    """Gathers values out of the results of many runs.

    Parameters
    ----------
    kept : Kept, optional
        Where the last table of each recipe is kept.
    """

    def __init__(self, server: FeedServer, kept: Kept | None = None) -> None:
        self._client, self._now = server.client, server.now
        self._kept = kept
        # a file that was registered never changes, nor do the files of an ended node
        self._read: dict[tuple[int, str], Lines] = {}
        self._listed: dict[int, tuple[OutputEntry, ...]] = {}
        server.on_change(self._forget)

    @property
    def server(self) -> str:
        """The server asked, as it is written into tables."""
        client = self._client()
        return client.base_url

    # -- what there is -----------------------------------------------------------

    async def survey(
        self, feed_ids: Sequence[int], *, progress: Progress | None = None
    ) -> list[FeedNodes]:
        """Look at the nodes of feeds (network), in the order given.

        A feed that cannot be looked at is there with the reason.
        """
        client = self._client()
        ids = list(dict.fromkeys(feed_ids))

        async def one(feed_id: int) -> FeedNodes:
            try:
                return await read_nodes(client, feed_id, now=self._now())
            except CubeError as error:
                return FeedNodes(feed_id, f"Feed {feed_id}", problem=error.title)

        return await several(ids, one, at_once=_AT_ONCE, progress=progress)

    async def listings(
        self, sources: Sequence[Source], *, progress: Progress | None = None
    ) -> list[Listing]:
        """List the files of nodes (network), in the order given."""
        client = self._client()
        return await several(
            sources,
            lambda source: self._listing(client, source),
            at_once=_LISTINGS,
            progress=progress,
        )

    # -- the values --------------------------------------------------------------

    async def gather(
        self,
        listings: Sequence[Listing],
        pattern: str,
        *,
        each: str = "file",
        begun: Callable[[Sequence[Row]], Awaitable[None]] | None = None,
        told: Callable[[int, Sequence[Row]], None] | None = None,
        progress: Progress | None = None,
    ) -> list[Row]:
        """Read the files that fit a pattern (network); every source has its rows.

        Parameters
        ----------
        each : str
            What becomes a row, see `Wanted`.
        begun : callable, optional
            Gets all rows in their order, without values.
        told : callable, optional
            Gets the number of each of them as it is read, and what stands in its place.
        """
        client = self._client()
        breather = Breather()
        rows: list[Row] = []
        for listing in listings:
            await breather.rest()
            problem = row_problem(listing, pattern)
            if problem:
                source = listing.source
                rows.append(Row(source, source.subject, problem=problem))
                continue
            rows += [
                Row(listing.source, subject, entry)
                for subject, entry in chosen_files(listing, pattern)
            ]
        if begun is not None:
            await begun(rows)
        room = max(MOST_ROWS - len(rows), 0)

        async def one(numbered: tuple[int, Row]) -> list[Row]:
            nonlocal room
            number, row = numbered
            if row.problem:
                return [row]
            if room <= 0 and each != "file":
                full = f"The table has {MOST_ROWS:,} rows already."
                return [replace(row, problem=full)]
            read = await self._fill(client, row, each)
            room -= len(read) - 1
            if told is not None:
                told(number, read)
            return read

        found = await several(
            list(enumerate(rows)), one, at_once=_AT_ONCE, progress=progress
        )
        return [row for read in found for row in read]

    async def again(
        self,
        rows: Sequence[Row],
        pattern: str,
        *,
        each: str = "file",
        progress: Progress | None = None,
    ) -> list[tuple[Row, list[Row]]]:
        """Try rows once more (network): their files, or what their nodes now have.

        Returns
        -------
        list of (Row, list of Row)
            Each row, and what stands in its place.
        """
        client = self._client()

        async def one(row: Row) -> tuple[Row, list[Row]]:
            try:
                return row, await self._once_more(client, row, pattern, each)
            except CubeError as error:
                return row, [replace(row, problem=error.title)]

        return await several(rows, one, at_once=_AT_ONCE, progress=progress)

    async def images(self, row: Row) -> tuple[str, tuple[OutputEntry, ...]]:
        """Return the images that belong to a row (network): kind and files.

        Those beside its file, else of its node, else of the nodes before it; kind
        is "" when there are none.
        """
        node = row.source.node
        if node is None:
            return "", ()
        client = self._client()
        feed = await read_nodes(client, row.source.feed_id, now=self._now())
        by_id = {one.id: one for one in feed.nodes}
        near = "" if row.file is None else row.file.relative
        waiting: list[Node] = [node]
        seen: set[int] = set()
        while waiting:
            here = waiting.pop(0)
            if here.id in seen:
                continue
            seen.add(here.id)
            source = replace(row.source, node=here, problem="")
            listing = await self._listing(client, source)
            kind, files = images_near(listing.files, near)
            if kind:
                return kind, files
            near = ""
            waiting += [by_id[one] for one in here.parents if one in by_id]
        return "", ()

    # -- keeping -----------------------------------------------------------------

    async def keep(self, table: Table) -> None:
        """Keep a table as the last of its recipe (disk); few recipes are kept."""
        kept = self._kept
        if kept is None:
            return
        text = await asyncio.to_thread(to_text, table)
        if not text:
            return
        key = kept_key(self._place(), table.wanted)
        keys = [one for one in keys_of(await kept.get(KEYS)) if one != key] + [key]
        for old in keys[:-MOST_KEPT]:
            await kept.delete(old)
        await kept.set(key, text)
        await kept.set(KEYS, keys_text(keys[-MOST_KEPT:]))

    async def last(self, wanted: Wanted) -> Table | None:
        """Return the last table of a recipe on this server (disk)."""
        if self._kept is None:
            return None
        text = await self._kept.get(kept_key(self._place(), wanted))
        return await asyncio.to_thread(from_text, text or "")

    # -- inside ------------------------------------------------------------------

    def _place(self) -> str:
        """Return what tells this server and user from others."""
        client = self._client()
        uuid = client.server.uuid if client.server is not None else client.base_url
        return f"{uuid} {client.username}"

    def _forget(self) -> None:
        self._read.clear()
        self._listed.clear()

    async def _once_more(
        self, client: "CubeClient", row: Row, pattern: str, each: str
    ) -> list[Row]:
        source, node = row.source, row.source.node
        if row.file is not None:
            self._read.pop((row.file.file_id or 0, each), None)
            return await self._fill(client, row, each)
        if node is None:
            return [row]
        feed = await read_nodes(client, source.feed_id, now=self._now())
        self._listed.pop(node.id, None)
        fresh = next((one for one in feed.nodes if one.id == node.id), None)
        if fresh is None:
            return [replace(row, problem="The node is gone from the server.")]
        problem = no_files_yet(fresh.state)
        source = replace(source, node=fresh, problem=problem)
        listing = await self._listing(client, source)
        return await self.gather([listing], pattern, each=each)

    async def _listing(self, client: "CubeClient", source: Source) -> Listing:
        node = source.node
        if node is None or source.problem:
            return Listing(source)
        known = self._listed.get(node.id)
        if known is not None:
            return Listing(source, known)
        try:
            files = tuple(walk(await listed(client.folders, [Root(node.output_path)])))
        except CubeError as error:
            return Listing(source, problem=error.title)
        if node.state in _ENDED:
            _remember(self._listed, int(node.id), files)
        return Listing(source, files)

    async def _fill(self, client: "CubeClient", row: Row, each: str) -> list[Row]:
        """Read the file of a row (network, a thread)."""
        found = await self._lines(client, row.file, each)
        if found.problem:
            return [replace(row, problem=found.problem, values={})]
        rows, breather = [], Breather()
        for one in found.rows:
            values, line = one.values, one.line
            rows.append(replace(row, values=values, line=line, problem="", note=""))
            await breather.rest()
        if found.note:
            # where the rest of the file would be
            rows[-1] = replace(rows[-1], note=found.note)
        return rows

    async def _lines(
        self, client: "CubeClient", entry: OutputEntry | None, each: str
    ) -> Lines:
        """Read a file, or why it cannot be read (network, a thread)."""
        if entry is None or entry.file_id is None:
            return Lines(problem="The file is gone from the server.")
        if entry.size is not None and entry.size > MAX_BYTES:
            words = f"The file is larger than {MAX_BYTES // 1_000_000} MB."
            return Lines(problem=words)
        key = (entry.file_id, each)
        if key in self._read:
            return self._read[key]
        try:
            content = await client.files.read(entry.file_id, MAX_BYTES + 1)
        except CubeError as error:
            return Lines(problem=error.title)
        if entry.size is not None and len(content) < entry.size:
            return Lines(problem="The file arrived incomplete.")
        read = read_lines if each == "line" else whole_file
        found = await asyncio.to_thread(read, entry.relative, content)
        if len(found.rows) <= _KEEP_LINES:
            _remember(self._read, key, found)
        return found


def _remember(kept: dict[_Key, _Out], key: _Key, value: _Out) -> None:
    """Keep a value, the oldest of too many goes."""
    while len(kept) >= _KEEP:
        kept.pop(next(iter(kept)))
    kept[key] = value
