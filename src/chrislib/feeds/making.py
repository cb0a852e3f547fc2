"""New feeds: of data that is here, or written down until its data is here."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from chrislib.aio import Breather, TaskOwner
from chrislib.errors import ChrislibError
from chrislib.feeds.checks import TITLE_LIMIT, check_title, paths_of
from chrislib.feeds.intents import copy_of
from chrislib.feeds.ports import FeedItem, JobsLike
from chrislib.feeds.recipes import Recipe, recent
from chrislib.feeds.subjects import SubjectItem
from chrislib.jobs.model import Job, JobKey, Phase, RunIntent
from chrislib.jobs.submission.chains import Chain
from chrislib.jobs.submission.held import Next

if TYPE_CHECKING:
    from chrislib.cube.types import Plugin, PluginParameter

_log = logging.getLogger(__name__)

COPY_PLUGIN = "pl-dircopy"
TAG_LIMIT = 100
_AGAIN = ", again"
_SOON = 0.2
_COMING = frozenset({"wanted", "on_the_way", "registering"})
"""States of items that will be here, or can be asked for."""

CopyPlugin = Callable[[], Awaitable[tuple["Plugin", Sequence["PluginParameter"]]]]
"""The plugin feeds are made with, and what it takes (network)."""


@dataclass(frozen=True, slots=True)
class LibraryData:
    """What new feeds need of the Library.

    Attributes
    ----------
    item : callable
        Gives an item by its id, None for one that was taken out.
    bring : callable
        Asks for items that are not here (disk).
    subscribe : callable
        Calls back after each change of items.
    """

    item: Callable[[str], FeedItem | None]
    bring: Callable[[Iterable[str]], Awaitable[object]]
    subscribe: Callable[[Callable[[], None]], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """A feed to be made, and what is run on it."""

    title: str
    items: tuple[FeedItem, ...]
    steps: tuple[Next, ...]


def is_here(item: FeedItem) -> bool:
    """Whether an item's files can be linked into a feed now."""
    return item.state.value == "ready" and bool(item.path)


class NewFeeds:
    """Makes feeds, and sees to those whose data is still on the way.

    Parameters
    ----------
    jobs : JobsLike
        Journals and sends.
    copy_plugin : callable
        Gives the plugin feeds are made with.
    library : LibraryData
    """

    def __init__(
        self, jobs: JobsLike, *, copy_plugin: CopyPlugin, library: LibraryData | None
    ) -> None:
        self._jobs = jobs
        self._copy_plugin = copy_plugin
        self._library = library
        self._tasks = TaskOwner("new feeds")
        self._stop: Callable[[], None] | None = None
        self._due = False
        self._asked: set[str] = set()

    async def create(
        self,
        *,
        title: str,
        items: Sequence[FeedItem],
        note: str = "",
        tags: Sequence[str] = (),
        first: Recipe | None = None,
        written: Callable[[Sequence[JobKey]], object] = lambda _keys: None,
    ) -> Job:
        """Make a feed; returns once the server has it, or once it is written down.

        What is still on the way is asked for and waited for, also over a restart; the
        job is a draft until then. Whoever goes away before the answer finds it among
        the jobs. (Network, disk.)

        Parameters
        ----------
        written : callable
            Gets the keys of the feed's first run and of the steps of `first`, in
            their order, once all of it is written down.

        Raises
        ------
        ChrislibError
            A title or tag that is too long, no items, or some that cannot come.
        Refused
            The server refused a value; nothing was created.
        """
        check_title(title)
        labels = check_tags(tags)
        paths = self._paths(items)
        root = await self._root()
        intent = _linked(root, title, items, paths=paths)
        intent = replace(intent, note=note.strip(), tags=labels)
        then = first.steps if first is not None else ()
        if paths:
            return await self._jobs.submit_now(
                intent, then, stays=True, written=written
            )
        keys = await self._jobs.submit_held(intent, then)
        written(keys)
        await self._look()
        job = self._jobs.get(keys[0])
        if job is None:
            raise ChrislibError("The feed was not written down.", hint="Try again.")
        return job

    async def create_many(self, plans: Sequence[FeedPlan], title: str) -> str:
        """Make a feed of each plan as one batch (disk, one question to the server).

        All of it is written down before anything is sent.

        Returns
        -------
        str
            The batch's key.

        Raises
        ------
        ChrislibError
            A title is too long, or some data cannot come; nothing was written down.
        """
        root = await self._root()
        chains = []
        breather = Breather()
        for plan in plans:
            check_title(plan.title, required=True)
            paths = self._paths(plan.items)
            intent = _linked(root, plan.title, plan.items, paths=paths)
            chains.append(Chain(intent, plan.steps))
            await breather.rest()
        key = await self._jobs.batches.submit(chains, title)
        await self._look()
        return key

    async def again(
        self, items: Sequence[SubjectItem], recipe: Recipe, *, day: date
    ) -> Job:
        """Run a recipe on other data: a feed with a title of its own (network, disk).

        See `create` for what it raises.
        """
        title = proposed_title(items, day, recipe=recipe.title)
        return await self.create(title=title, items=items, first=recipe)

    def with_all_below(self, key: JobKey) -> list[Job]:
        """Return a run and what hangs under it, as far as it was made from here."""
        first = self._jobs.get(key)
        if first is None:
            return []
        found, places, remote = [first], {str(key)}, {first.remote_id}
        for job in sorted(self._jobs.jobs(), key=lambda job: job.key):
            under = getattr(job.intent, "after", "") in places or (
                job.previous_id is not None
                and job.previous_id in remote
                and job.account_id == first.account_id
            )
            if under and job.key != key:
                found.append(job)
                places.add(str(job.key))
                remote.add(job.remote_id)
                remote.discard(None)
        return found

    async def stop(self, key: JobKey) -> int:
        """Cancel a run with all that hangs under it (network, disk).

        What was not sent is taken back first, so that nothing follows meanwhile.

        Returns
        -------
        int
            How many runs that are.
        """
        jobs = self.with_all_below(key)
        drafts = [job for job in jobs if job.phase is Phase.DRAFT]
        for job in drafts:
            await self._jobs.cancel(job.key)
        stopped: set[int | None] = set()
        count = len(drafts)
        for job in jobs:
            now = self._jobs.get(job.key)
            if now is None or now.phase.terminal or now.phase is Phase.DRAFT:
                continue
            count += 1
            # the server stops what hangs under a run in the same request
            if job.previous_id not in stopped:
                await self._jobs.cancel(job.key)
            stopped.add(now.remote_id)
        return count

    async def recipes(self) -> list[Recipe]:
        """Return what was run on new feeds before, last used first (thread)."""
        jobs, account = self._jobs.jobs(), self._jobs.account_id
        return await asyncio.to_thread(recent, jobs, account)

    def start(self) -> None:
        """See to feeds that wait, from now on (disk; asked by changes only)."""
        if self._library is not None and self._stop is None:
            self._stop = self._library.subscribe(self.wake)
            self.wake()

    def wake(self) -> None:
        """Look a little later: counts of pulls change several times a second."""
        if self._due or not self._jobs.held.waiting(self._jobs.account_id):
            return
        self._due = True
        self._tasks.start(self._look_later(), name="look at what waits")

    async def close(self) -> None:
        """Stop; what waits goes on waiting in the catalog."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        await self._tasks.close()

    # Inside.

    def _paths(self, items: Sequence[FeedItem]) -> list[str]:
        """Return where items are; nothing where some are still to come."""
        away = [item for item in items if not is_here(item)]
        coming = self._library is not None and all(
            item.state.value in _COMING for item in away
        )
        # what is known by its place only is not among what a draft waits for
        coming = coming and all(item.item_id for item in items)
        return [] if away and coming else paths_of(items)

    async def _root(self) -> RunIntent:
        """Return the run that links data into a feed, without data (network)."""
        plugin, parameters = await self._copy_plugin()
        return copy_of(plugin, parameters, "")

    async def _look_later(self) -> None:
        await asyncio.sleep(_SOON)
        self._due = False
        await self._look()

    async def _look(self) -> None:
        """Let go what has all its data, and say of the others what they wait for."""
        for job in self._jobs.held.waiting(self._jobs.account_id):
            try:
                await self._look_at(job)
            except ChrislibError as error:
                # the catalog or the journal refuses: the next change tries again
                _log.info("a feed that waits was not looked at: %s", error.title)

    async def _look_at(self, job: Job) -> None:
        library, intent = self._library, job.intent
        if library is None or not isinstance(intent, RunIntent):
            return
        found = [library.item(item_id) for item_id in intent.waits_for]
        items = [item for item in found if item is not None]
        here = sum(map(is_here, items))
        held = self._jobs.held
        if here == len(found):
            try:
                paths = paths_of(items)
            except ChrislibError as error:
                await held.say(job.key, str(error), hint=error.hint, trouble=True)
                return
            parameters = {name: ",".join(paths) for name in intent.parameters}
            await held.release(job.key, parameters)
            self._asked.difference_update(intent.waits_for)
            return
        await self._ask_for(items)
        held.progress(job.key, here=here, total=len(found))
        lost = sum(item.state.value not in {*_COMING, "ready"} for item in items)
        lost += len(found) - len(items)
        if lost:
            words = "1 item did not arrive" if lost == 1 else f"{lost:,} did not arrive"
            await held.say(
                job.key,
                f"{words}; the feed waits for it."
                if lost == 1
                else f"{words}; the feed waits for them.",
                hint="Retry it in the Library, or cancel this and leave it out.",
                trouble=True,
            )
            return
        await held.say(job.key, starts_when(len(found) - here))

    async def _ask_for(self, items: Sequence[FeedItem]) -> None:
        """Have pulled what was only ticked, once."""
        wanted = [
            str(item.item_id)
            for item in items
            if item.state.value == "wanted" and item.item_id not in self._asked
        ]
        if wanted and self._library is not None:
            self._asked.update(wanted)
            await self._library.bring(wanted)


def _linked(
    root: RunIntent, title: str, items: Sequence[FeedItem], *, paths: Sequence[str]
) -> RunIntent:
    """Return the run that links items into a feed of that title."""
    ids = tuple(str(item.item_id) for item in items if item.item_id)
    return replace(
        root,
        parameters={name: ",".join(paths) for name in root.parameters},
        title=title.strip(),
        item_ids=ids,
        waits_for=() if paths else ids,
    )


def proposed_title(items: Sequence[SubjectItem], day: date, *, recipe: str = "") -> str:
    """Return a title that says what a feed is without naming a patient."""
    base = "New feed"
    if items:
        base = items[0].study_description or items[0].title
        if len(items) > 1:
            base = f"{base} and {len(items) - 1:,} more"
    tail = ", ".join(part for part in (recipe[:40], day.isoformat()) if part)
    return f"{base[: TITLE_LIMIT - len(tail) - 2]}, {tail}"


def title_again(title: str) -> str:
    """Return a title for a feed of the same data; "" where there was none."""
    base = title.strip().removesuffix(_AGAIN)
    return base[: TITLE_LIMIT - len(_AGAIN)].rstrip() + _AGAIN if base else ""


def starts_when(away: int) -> str:
    """Return what a feed waits for: "Starts when 3 more are here."."""
    return f"Starts when {away:,} more {'is' if away == 1 else 'are'} here."


def check_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags without blanks and doubles.

    Raises
    ------
    ChrislibError
        One is longer than servers take.
    """
    kept = tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    for tag in kept:
        if len(tag) > TAG_LIMIT:
            raise ChrislibError(
                f"The tag “{tag[:24]}…” has {len(tag)} characters.",
                "Nothing was sent.",
                hint=f"Up to {TAG_LIMIT} are allowed.",
            )
    return kept
