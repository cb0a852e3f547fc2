"""What runs left behind: looked at, fetched for a preview, saved in a folder."""

from collections.abc import Callable, Sequence
from pathlib import Path

from chrislib.aio import Progress
from chrislib.errors import ChrislibError
from chrislib.feeds.fetching import PREVIEW_LIMIT, Fetcher
from chrislib.feeds.model import Node, OutputEntry
from chrislib.feeds.output_copies import OutputCopies
from chrislib.feeds.output_walk import OutputWalk, Root, listed
from chrislib.feeds.ports import JobsLike
from chrislib.feeds.server import FeedServer
from chrislib.jobs.model import DownloadIntent, Job


class FeedOutputs:
    """Outputs of nodes.

    Parameters
    ----------
    previews : Path
        Folder where previews are kept.
    """

    def __init__(self, server: FeedServer, jobs: JobsLike, *, previews: Path) -> None:
        self._client = server.client
        self._jobs = jobs
        self._fetcher = Fetcher(previews)
        self.copies = OutputCopies(previews.parent / "outputs", self.fetch)
        server.on_change(self.copies.forget)

    async def of(self, node: Node) -> list[OutputEntry]:
        """Return all a node left behind as a tree, links followed (network)."""
        return await listed(self._client().folders, [Root(node.output_path)])

    def walk(self, roots: Sequence[Root]) -> OutputWalk:
        """Return what lists the outputs of one node or several, page by page."""
        return OutputWalk(self._client().folders, roots)

    async def fetch(
        self,
        entry: OutputEntry,
        *,
        limit: int = PREVIEW_LIMIT,
        progress: Callable[[int], None] | None = None,
    ) -> Path:
        """Return a file on this computer with an output's content (network, disk).

        Raises
        ------
        ChrislibError
            It is no file, or larger than `limit` bytes.
        """
        return await self._fetcher.fetch(
            self._client(), entry, limit=limit, progress=progress
        )

    async def fetch_all(
        self,
        entries: Sequence[OutputEntry],
        *,
        progress: Progress | None = None,
    ) -> tuple[Path, ...]:
        """Fetch several files, a few at a time, in the order given (network, disk)."""
        return await self._fetcher.fetch_all(self._client(), entries, progress=progress)

    async def download(
        self,
        sources: Sequence[OutputEntry] | Node,
        folder: Path,
        *,
        feed_id: int | None = None,
    ) -> Job:
        """Start saving outputs in a folder of this computer (disk, network)."""
        if isinstance(sources, Node):
            node: Node | None = sources
            paths: tuple[str, ...] = (sources.output_path,)
            title = f"{sources.plugin_name} {sources.plugin_version}"
        else:
            node = None
            paths = tuple(entry.path for entry in sources)
            first = sources[0].relative.rsplit("/", 1)[-1] if sources else ""
            title = first if len(paths) == 1 else f"{len(paths):,} outputs"
        if not paths:
            raise ChrislibError("There is nothing to get.", hint="Choose an output.")
        intent = DownloadIntent(
            sources=paths,
            folder=str(folder),
            title=title,
            instance_id=node.id if node is not None else None,
            feed_id=feed_id,
        )
        key = await self._jobs.submit(intent)
        job = self._jobs.get(key)
        if job is None:
            raise ChrislibError(
                "The download could not be started.", hint="Try again.", retryable=True
            )
        return job
