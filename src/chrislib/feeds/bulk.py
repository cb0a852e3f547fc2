"""What is done to several feeds at once: each by itself, with a reason where not."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from chrislib.aio import Progress, several
from chrislib.cube.errors import (
    Forbidden,
    NotFound,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.errors import ChrislibError
from chrislib.feeds.checks import TITLE_LIMIT, check_title
from chrislib.feeds.deleting import gone_in_time
from chrislib.feeds.intents import copy_of
from chrislib.feeds.lists import FeedLists
from chrislib.feeds.making import CopyPlugin
from chrislib.feeds.model import FeedRow
from chrislib.feeds.ports import JobsLike
from chrislib.feeds.renaming import problem_of
from chrislib.feeds.server import FeedServer
from chrislib.feeds.states import ACTIVE, states_of_feed
from chrislib.jobs.model import DownloadIntent, Job
from chrislib.jobs.outputs.local_names import legal_name

AT_ONCE = 4
"""Feeds that are seen to side by side."""
_PATHS_LIMIT = 16_000
"""Characters of the list of folders a copy takes (CUBE, unextpath parameters)."""
_FILES_LIMIT = 50_000
"""More files than this are counted, but their sizes are not added up."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A feed to which it could not be done, and why."""

    row: FeedRow
    error: ChrislibError


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a bulk action.

    Attributes
    ----------
    done : tuple of int
        Feeds it was done to, in the order they ended.
    failed : tuple of Failure
        The others, in the order they were given.
    pending : tuple of int
        Those of `done` with which the server is still busy.
    """

    done: tuple[int, ...]
    failed: tuple[Failure, ...]
    pending: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Weight:
    """What goes with feeds that are deleted.

    Attributes
    ----------
    nodes, active : int
        Nodes, and those of them that have not ended.
    files : int
        Files in the server's storage, as far as they could be counted.
    size : int or None
        Their bytes; None where there are too many to add up.
    unknown : int
        Feeds whose files could not be counted.
    states : mapping of int to mapping
        Nodes of each feed per state, as the server counts them for one feed: its
        lists count those of shared feeds too often (trap 7).
    """

    nodes: int
    active: int
    files: int
    size: int | None
    unknown: int = 0
    states: Mapping[int, Mapping[str, int]] = field(default_factory=dict)


class BulkFeeds:
    """Rename, duplicate, merge, download and delete several feeds.

    Parameters
    ----------
    copy_plugin : callable
        Gives the plugin feeds are made with.
    lists : FeedLists
        Forgets what is deleted.
    """

    def __init__(
        self,
        server: FeedServer,
        jobs: JobsLike,
        *,
        copy_plugin: CopyPlugin,
        lists: FeedLists,
    ) -> None:
        self._client = server.client
        self._jobs = jobs
        self._copy_plugin = copy_plugin
        self._lists = lists

    async def rename(
        self, rows: Sequence[FeedRow], titles: Mapping[int, str], *, told: Progress
    ) -> Report:
        """Give feeds the titles in `titles` (network)."""
        client = self._client()

        async def one(row: FeedRow) -> None:
            title = titles[row.id]
            problem = problem_of(title)
            if problem:
                raise ChrislibError(problem)
            if title != row.sent_title:
                await client.feeds.rename(row.id, title)

        return await _each(rows, one, told)

    async def duplicate(
        self, rows: Sequence[FeedRow], titles: Mapping[int, str], *, told: Progress
    ) -> Report:
        """Make a feed of the files of each (disk, network).

        Its first node links to them (trap 8 of the CUBE contract): they are gone
        from the new feed, too, once the old one is deleted.
        """

        async def one(row: FeedRow) -> None:
            await self._copy([row], titles[row.id])

        return await _each(rows, one, told)

    async def merge(self, rows: Sequence[FeedRow], title: str) -> Job:
        """Make one feed of the files of all; see `duplicate` (disk, network).

        Raises
        ------
        ChrislibError
            A feed is gone, or there are too many; nothing was made.
        """
        return await self._copy(rows, title)

    async def download(
        self, rows: Sequence[FeedRow], folder: Path, *, told: Progress
    ) -> Report:
        """Start saving each feed in a folder of its own below `folder` (disk, network).

        Jobs does it in the background and leaves out what is there already.
        """
        client = self._client()
        names = folder_names(rows)

        async def one(row: FeedRow) -> None:
            feed = await client.feeds.get(row.id)
            intent = DownloadIntent(
                sources=(feed.folder_path,),
                folder=str(folder / names[row.id]),
                title=feed.name or f"Feed {row.id}",
                feed_id=row.id,
            )
            await self._jobs.submit(intent)

        return await _each(rows, one, told)

    async def weigh(self, rows: Sequence[FeedRow], *, told: Progress) -> Weight:
        """Count what would go with feeds (network)."""
        client = self._client()
        files, size, exact = 0, 0, True
        states: dict[int, Mapping[str, int]] = {}

        async def one(row: FeedRow) -> None:
            nonlocal files, size, exact
            feed = await client.feeds.get(row.id)
            states[row.id] = states_of_feed(feed)
            if feed.owner_username != client.username:
                # a server lists whole trees to the owner only (trap 21)
                raise ChrislibError("Its files cannot be counted.")
            count, total = await client.feeds.weight(
                feed.folder_path, most=_FILES_LIMIT
            )
            files += count
            size += total or 0
            exact = exact and total is not None

        report = await _each(rows, one, told)
        gone, unknown = set[int](), 0
        for failure in report.failed:
            if isinstance(failure.error.__cause__, NotFound):
                gone.add(failure.row.id)
            else:
                unknown += 1
        for row in rows:
            states.setdefault(row.id, {} if row.id in gone else row.states)
        return Weight(
            nodes=sum(sum(one.values()) for one in states.values()),
            active=sum(
                count
                for one in states.values()
                for state, count in one.items()
                if state in ACTIVE
            ),
            files=files,
            size=size if exact else None,
            unknown=unknown,
            states=states,
        )

    async def delete(self, rows: Sequence[FeedRow], *, told: Progress) -> Report:
        """Delete feeds with all their data, also those that run (network).

        The server does it in its own time: each is waited for until it is gone, up
        to a minute. One that somebody else has deleted is as wanted.
        """
        pending: list[int] = []

        async def one(row: FeedRow) -> None:
            try:
                await self._client().feeds.delete(row.id)
                gone = await self._gone(row.id)
            except NotFound:
                gone = True
            if not gone:
                pending.append(row.id)
            self._lists.drop([row.id])

        report = await _each(rows, one, told)
        return Report(report.done, report.failed, tuple(pending))

    # Inside.

    async def _gone(self, feed_id: int) -> bool:
        """Wait until a feed is gone; False when that takes too long (network)."""
        client = self._client()

        async def look() -> bool:
            try:
                feed = await client.feeds.get(feed_id)
            except (NotFound, Forbidden):
                return True
            if feed.deletion_status == "failed":
                raise ChrislibError(
                    "The server could not delete it.",
                    "Its files may be gone in part.",
                    hint="Try again, or tell the person who runs the server.",
                )
            return False

        return await gone_in_time(look)

    async def _copy(self, rows: Sequence[FeedRow], title: str) -> Job:
        check_title(title)
        client = self._client()
        feeds = [await client.feeds.get(row.id) for row in rows]
        paths = ",".join(feed.folder_path for feed in feeds)
        if len(paths) > _PATHS_LIMIT:
            raise ChrislibError(
                f"{len(rows):,} feeds are too many for one.",
                "Nothing was made.",
                hint="Merge fewer, then merge those.",
            )
        plugin, parameters = await self._copy_plugin()
        run = copy_of(plugin, parameters, paths)
        return await self._jobs.submit_now(replace(run, title=title.strip()))


def copy_title(row: FeedRow) -> str:
    """Return the title of a feed's duplicate."""
    tail = " (copy)"
    return row.sent_title[: TITLE_LIMIT - len(tail)].rstrip() + tail


def merge_title(rows: Sequence[FeedRow]) -> str:
    """Return what a feed of several is called: "Head, Spine and 3 more"."""
    names = [row.sent_title for row in rows]
    if len(names) > 2:
        tail = f" and {len(names) - 2} more"
        text = ", ".join(name[:40].rstrip() for name in names[:2]) + tail
    else:
        text = " and ".join(name[:46].rstrip() for name in names)
    return text[:TITLE_LIMIT]


def folder_names(rows: Sequence[FeedRow]) -> dict[int, str]:
    """Return the local folder of each feed: "812 Chiari pilot".

    The number keeps feeds of one title apart, and a second download meets the first.
    """
    return {
        int(row.id): legal_name(f"{row.id} {row.title[:60]}".rstrip()) for row in rows
    }


async def _each(
    rows: Sequence[FeedRow], act: Callable[[FeedRow], Awaitable[None]], told: Progress
) -> Report:
    """Do something to each feed, a few at a time; one's failure stops no other.

    Once the server cannot be reached the rest is not tried.
    """
    done: list[int] = []
    failed: dict[int, ChrislibError] = {}
    lost: list[ChrislibError] = []

    async def one(row: FeedRow) -> None:
        try:
            if lost:
                raise lost[0]
            await act(row)
        except (ServerUnreachable, TokenRejected) as error:
            lost.append(error)
            failed[row.id] = error
        except ChrislibError as error:
            failed[row.id] = _in_words(error)
        else:
            done.append(row.id)

    await several(rows, one, at_once=AT_ONCE, progress=told)
    return Report(
        tuple(done),
        tuple(Failure(row, failed[row.id]) for row in rows if row.id in failed),
    )


def _in_words(error: ChrislibError) -> ChrislibError:
    """Return what a refusal means for a feed in a list."""
    if isinstance(error, NotFound):
        told = ChrislibError("It was deleted on the server meanwhile.")
    elif isinstance(error, Forbidden):
        told = ChrislibError(
            "It is not yours to change.",
            hint="Ask who owns it, or the person who runs the server.",
        )
    else:
        return error
    told.__cause__ = error
    return told
