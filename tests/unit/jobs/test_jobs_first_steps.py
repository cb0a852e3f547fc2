"""First steps of a new feed over the real manager: made once, corrected, added to."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from chrislib.cube.errors import CubeError, Forbidden, Refused
from chrislib.feeds.making import NewFeeds
from chrislib.feeds.making_steps import (
    ENDED,
    OPEN,
    REFUSED,
    TAKEN,
    Answers,
    FirstSteps,
    MadeFeed,
)
from chrislib.feeds.recipes import Recipe, recipe_of
from chrislib.jobs.model import Phase, RunIntent
from chrislib.jobs.submission.held import Next
from tests.unit.jobs.conftest import ScriptedRuns

Bench = Any
LONG = 60.0

# the scripted connection has no files: what runs were made from is not looked at
pytestmark = pytest.mark.logs("fingerprint failed")


@pytest.fixture
def steps(bench: Bench) -> FirstSteps:
    async def copies() -> Any:
        plugin = SimpleNamespace(id=9, name="pl-dircopy", version="2", type="fs")
        return plugin, [SimpleNamespace(name="dir", type="unextpath")]

    making = NewFeeds(bench.jobs, copy_plugin=copies, library=None)
    return FirstSteps(bench.jobs, making)


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> dict[str, CubeError]:
    """What the server says once to runs of a plugin, by its name."""
    said: dict[str, CubeError] = {}
    submit = ScriptedRuns.submit

    async def refusing(runs: ScriptedRuns, intent: RunIntent) -> Any:
        if intent.plugin_name in said:
            runs._server.posts.append(intent)
            raise said.pop(intent.plugin_name)
        return await submit(runs, intent)

    monkeypatch.setattr(ScriptedRuns, "submit", refusing)
    return said


def chain(*values: str) -> Recipe:
    """Return a recipe of runs, each after the one before it."""
    plugins = [
        RunIntent(20 + at, f"pl-{at}", "1", "ds", {"value": value})
        for at, value in enumerate(values)
    ]
    return recipe_of([Next(one, at - 1) for at, one in enumerate(plugins)])


async def made(steps: FirstSteps, recipe: Recipe, **more: Any) -> MadeFeed:
    """Make a feed of one item."""
    ready = SimpleNamespace(value="ready")
    item = SimpleNamespace(item_id="a", title="T1", path="home/me/a", state=ready)
    return await steps.start(title="Pilot", items=[item], first=recipe, **more)


async def test_only_the_refused_step_is_sent_again(
    bench: Bench, steps: FirstSteps, refusals: dict[str, CubeError]
) -> None:
    written: list[int] = []
    words = {"value": "A valid integer is required."}
    refusals["pl-1"] = Refused("No.", fields=words)
    feed = await made(
        steps, chain("1", "x", "3"), written=lambda: written.append(len(written))
    )
    assert written
    assert len(feed.keys) == 3
    told: list[Answers] = []
    answers = await steps.answered(feed, patience=LONG, told=told.append)
    assert answers.states == (TAKEN, REFUSED, ENDED)
    assert answers.refused == 1
    assert answers.error is not None
    assert answers.error.fields == words
    assert told[0].open

    again = await steps.again(feed, chain("1", "2", "3"))
    assert again.keys[0] == feed.keys[0]
    answers = await steps.answered(again, patience=LONG)
    assert answers.states == (TAKEN,) * 3
    # the feed and its first step were made once, what was refused twice asked for
    posted = [run.plugin_name for run in bench.server.posts]
    assert posted == ["pl-dircopy", "pl-0", "pl-1", "pl-1", "pl-2"]
    runs = {run.intent.plugin_name: run for run in bench.server.runs.values()}
    assert runs["pl-1"].intent.parameters == {"value": "2"}
    assert runs["pl-2"].intent.previous_id == runs["pl-1"].id
    assert {run.feed_id for run in runs.values()} == {feed.root.feed_id}
    # the drafts that were refused, or waited for it, are not offered again
    left = [bench.job(key).phase for key in feed.keys[1:]]
    assert left == [Phase.CANCELLED] * 2


async def test_another_first_step_takes_the_place_of_a_refused_one(
    bench: Bench, steps: FirstSteps, refusals: dict[str, CubeError]
) -> None:
    refusals["pl-0"] = Forbidden("Not allowed.")
    feed = await made(steps, chain("1"))
    answers = await steps.answered(feed, patience=LONG)
    assert answers.error is not None
    assert (answers.error.title, answers.error.fields) == ("Not allowed.", {})
    other = RunIntent(30, "pl-other", "1", "ds", {})
    again = await steps.again(feed, recipe_of([Next(other)]))
    assert (await steps.answered(again, patience=LONG)).states == (TAKEN,)
    none = await steps.again(again, None)
    assert none.keys == ()
    assert steps.look(none) == Answers(())
    assert bench.job(again.keys[0]).phase is not Phase.CANCELLED


async def test_who_does_not_wait_loses_nothing(bench: Bench, steps: FirstSteps) -> None:
    bench.server.post_delay = 0.3
    feed = await made(steps, chain("1", "2"))
    answers = await steps.answered(feed, patience=0.0)
    assert answers.states == (OPEN, OPEN)
    waiting = asyncio.ensure_future(steps.answered(feed, patience=LONG))
    await asyncio.sleep(0)
    waiting.cancel()
    # the second one is taken back in Jobs meanwhile: that is said too
    await bench.jobs.cancel(feed.keys[1])
    answers = await steps.answered(feed, patience=LONG)
    assert (answers.states, answers.refused) == ((TAKEN, ENDED), 1)
    assert "Taken back" in str(answers.error)
