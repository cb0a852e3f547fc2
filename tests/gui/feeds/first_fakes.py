"""The first steps of new feeds, answered as a test says."""

import asyncio
from collections.abc import Callable
from typing import Any

from chrislib.cube.errors import Refused
from chrislib.feeds.making_steps import OPEN, REFUSED, TAKEN, Answers, MadeFeed
from chrislib.feeds.recipes import Recipe
from chrislib.jobs.model import JobKey


class MemoryFirstSteps:
    """Makes feeds through a `MemoryFeeds`; what is refused comes from a script.

    Attributes
    ----------
    refusals : list
        For each time steps are sent what is refused of the first one, None for nothing.
    gate : Event, optional
        Answers come once it is set.
    """

    def __init__(self, feeds: Any) -> None:
        self._feeds = feeds
        self.refusals: list[Refused | None] = []
        self.gate: asyncio.Event | None = None
        self.added: list[Recipe | None] = []
        self._now: Refused | None = None

    async def start(
        self, *, written: Callable[[], None] = lambda: None, **values: Any
    ) -> MadeFeed:
        written()
        root = await self._feeds.create(**values)
        return self._sent(MadeFeed(root, values["first"]))

    async def again(self, made: MadeFeed, recipe: Recipe | None) -> MadeFeed:
        await asyncio.sleep(0)
        self.added.append(recipe)
        return self._sent(MadeFeed(made.root, recipe))

    async def answered(
        self, made: MadeFeed, *, patience: float, told: Callable[[Answers], None]
    ) -> Answers:
        told(self.look(made))
        if self.gate is not None:
            try:
                async with asyncio.timeout(patience):
                    await self.gate.wait()
            except TimeoutError:
                return self.look(made)
        return self.look(made)

    def look(self, made: MadeFeed) -> Answers:
        if self.gate is not None and not self.gate.is_set():
            return Answers((OPEN,) * len(made.keys))
        if self._now is not None:
            left = (OPEN,) * (len(made.keys) - 1)
            return Answers((REFUSED, *left), 0, self._now)
        return Answers((TAKEN,) * len(made.keys))

    def _sent(self, made: MadeFeed) -> MadeFeed:
        self._now = self.refusals.pop(0) if self.refusals else None
        steps = made.recipe.steps if made.recipe is not None else ()
        keys = tuple(JobKey(f"step-{at}") for at, _ in enumerate(steps))
        return MadeFeed(made.root, made.recipe, keys)
