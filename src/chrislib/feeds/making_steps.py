"""What is run on a new feed first: whether the server took it, and once more if not."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chrislib.cube.errors import Refused
from chrislib.feeds.making import NewFeeds
from chrislib.feeds.ports import FeedItem, JobsLike
from chrislib.feeds.recipes import Recipe
from chrislib.jobs.model import Job, JobChange, JobKey, Phase
from chrislib.jobs.submission.held import is_refused

TAKEN, REFUSED, OPEN, ENDED = "taken", "refused", "open", "ended"
"""What became of a step: `ENDED` ones were taken back, or follow one that was not."""


@dataclass(frozen=True, slots=True)
class MadeFeed:
    """A feed with what is run on it first.

    Attributes
    ----------
    root : Job
        The run that links the data.
    recipe : Recipe or None
        As it was sent last.
    keys : tuple of JobKey
        The job of each of its steps.
    """

    root: Job
    recipe: Recipe | None = None
    keys: tuple[JobKey, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether the server has it: something can be added to it."""
        return self.root.remote_id is not None


@dataclass(frozen=True, slots=True)
class Answers:
    """What the server said to the steps, in their order: `TAKEN` and so on."""

    states: tuple[str, ...]
    refused: int = -1
    """Which step was refused first, or taken back meanwhile; -1 for none."""
    error: Refused | None = None

    @property
    def open(self) -> int:
        """How many were not answered yet."""
        return self.states.count(OPEN)

    @property
    def taken(self) -> int:
        """How many the server has."""
        return self.states.count(TAKEN)


class FirstSteps:
    """Makes a feed, and looks after the POSTs of its first steps.

    They are journaled before anything is sent and go on whoever looks (`JobManager`);
    here one waits for the answers for a while, and corrects what was refused.

    Parameters
    ----------
    jobs : JobsLike
    making : NewFeeds
    """

    def __init__(self, jobs: JobsLike, making: NewFeeds) -> None:
        self._jobs = jobs
        self._making = making

    async def start(
        self,
        *,
        title: str,
        items: Sequence[FeedItem],
        note: str = "",
        tags: Sequence[str] = (),
        first: Recipe | None = None,
        written: Callable[[], None] = lambda: None,
    ) -> MadeFeed:
        """Make a feed (network, disk); see `NewFeeds.create` for what it raises.

        Parameters
        ----------
        written : callable
            Called once all of it is written down: it is not lost from then on,
            whoever goes away.
        """
        keys: list[JobKey] = []

        def noted(all_of_it: Sequence[JobKey]) -> None:
            keys.extend(all_of_it[1:])  # behind the root
            written()

        root = await self._making.create(
            title=title, items=items, note=note, tags=tags, first=first, written=noted
        )
        return MadeFeed(root, first, tuple(keys))

    def look(self, made: MadeFeed) -> Answers:
        """Return what became of the steps until now."""
        states: list[str] = []
        first, error = -1, None
        steps = made.recipe.steps if made.recipe is not None else ()
        for at, (key, step) in enumerate(zip(made.keys, steps, strict=True)):
            job = self._jobs.get(key)
            over = step.under >= 0 and states[step.under] in {REFUSED, ENDED}
            state = _state(job)
            if state == OPEN and over:
                state = ENDED
            if first < 0 and state in {REFUSED, ENDED} and not over:
                first, error = at, refusal_of(job)
            states.append(state)
        return Answers(tuple(states), first, error)

    async def answered(
        self,
        made: MadeFeed,
        *,
        patience: float,
        told: Callable[[Answers], None] = lambda _answers: None,
    ) -> Answers:
        """Return as soon as every step has its answer, or when patience ends.

        Nothing is asked of the server: the job manager sends and is told.

        Parameters
        ----------
        patience : float
            Seconds.
        told : callable
            Gets the answers there are, now and after each change.
        """
        changed = asyncio.Event()
        keys = frozenset(made.keys)

        def listen(changes: Sequence[JobChange]) -> None:
            if any(change.after.key in keys for change in changes):
                changed.set()

        stop = self._jobs.subscribe(listen)
        try:
            async with asyncio.timeout(patience):
                while (answers := self.look(made)).open:
                    told(answers)
                    await changed.wait()
                    changed.clear()
        except TimeoutError:
            return self.look(made)
        finally:
            stop()
        return answers

    async def again(self, made: MadeFeed, recipe: Recipe | None) -> MadeFeed:
        """Add to the feed what it has not: steps refused before, or others (disk).

        Steps of the same recipe the server has, or is being asked about, stay as they
        are. The drafts of the others are taken back. It is sent behind.
        """
        before = self.look(made).states
        same = _alike(made.recipe, recipe)
        kept = {
            at: key
            for at, (key, state) in enumerate(zip(made.keys, before, strict=True))
            if same and state in {TAKEN, OPEN}
        }
        for at, key in enumerate(made.keys):
            job = self._jobs.get(key)
            if at not in kept and job is not None and job.phase is Phase.DRAFT:
                # a refused draft would be offered again as well: its place is taken
                await self._jobs.cancel(key)
        keys: list[JobKey] = []
        for at, step in enumerate(recipe.steps if recipe is not None else ()):
            if at in kept:
                keys.append(kept[at])
                continue
            above = made.root.key if step.under < 0 else keys[step.under]
            intent = replace(step.intent, after=str(above))
            (key,) = await self._jobs.submit_held(intent)
            keys.append(key)
        return MadeFeed(made.root, recipe, tuple(keys))


def refusal_of(job: Job | None) -> Refused:
    """Return what the server has against a job as it said it, or why it ended."""
    if job is None or not is_refused(job):
        return Refused("It was not started.", job.detail if job is not None else "")
    fields = {name: words for name, words in job.field_errors.items() if name}
    whole = job.field_errors.get("", "")
    return Refused(
        whole or "The server refused it.", job.detail, hint=job.hint, fields=fields
    )


def _state(job: Job | None) -> str:
    if job is None:
        return ENDED
    if is_refused(job):
        return REFUSED
    if job.phase in (Phase.DRAFT, Phase.SUBMITTING, Phase.SUBMIT_UNCERTAIN):
        return OPEN
    taken = job.remote_id is not None or bool(job.token) or not job.phase.terminal
    return TAKEN if taken else ENDED


def _alike(one: Recipe | None, other: Recipe | None) -> bool:
    """Whether both run the same plugins in the same order."""
    return one is not None and other is not None and one.key == other.key
