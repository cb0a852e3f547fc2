"""Recipes: what was run on new feeds before, to be run on the next one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chrislib.errors import ChrislibError
from chrislib.jobs.history.estimate import quantile
from chrislib.jobs.model import Job, Phase, RunIntent, WorkflowIntent
from chrislib.jobs.submission.held import Next

MOST_STEPS = 12
_ENOUGH = 5
"""Fewer durations tell nothing about the next one."""
_GOOD = {Phase.FINISHED, Phase.FINISHED_WITH_ERRORS}
Shape = tuple[tuple[int, str], ...]


class RecipeGone(ChrislibError):
    """What a recipe runs is not on the server any more."""

    @classmethod
    def of(cls, what: str) -> "RecipeGone":
        """Return the error for a plugin or pipeline that was taken away."""
        return cls(
            f"{what} is not on this server any more.",
            "The recipe needs it. Nothing was started.",
            hint="Choose another recipe, or have it registered again.",
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """The runs that follow the data of a feed, as they were run last.

    Attributes
    ----------
    key : str
        The same for the same plugins in the same order, whatever their values.
    uses : int
        How many feeds it was run on.
    usual : (float, float) or None
        Seconds most of them took, from the first to the last; None under five.
    """

    key: str
    title: str
    detail: str
    steps: tuple[Next, ...]
    uses: int = 0
    last_at: float = 0.0
    usual: tuple[float, float] | None = None


def recent(jobs: Sequence[Job], account_id: int, most: int = 5) -> list[Recipe]:
    """Return the recipes of an account, the one used last first.

    Parameters
    ----------
    jobs : sequence of Job
        All of them: 20,000 take some 50 ms, so not on the window's thread.
    """
    feeds: dict[int, list[Job]] = {}
    for job in jobs:
        own = isinstance(job.intent, WorkflowIntent) or (
            isinstance(job.intent, RunIntent) and not job.intent.found
        )
        if own and job.account_id == account_id and job.feed_id is not None:
            feeds.setdefault(job.feed_id, []).append(job)
    found: dict[Shape, Recipe] = {}
    times: dict[Shape, list[float]] = {}
    for among in feeds.values():
        ordered = sorted(among, key=lambda job: (job.created_at, job.key))
        steps, used = _steps(ordered)
        if not steps or len(steps) > MOST_STEPS:
            continue
        shape = tuple((one.under, _name(one.intent)) for one in steps)
        last = max(job.created_at for job in used)
        before = found.get(shape)
        if before is None or last > before.last_at:
            found[shape] = replace(_recipe(shape, steps), last_at=last)
        uses = (before.uses if before is not None else 0) + 1
        found[shape] = replace(found[shape], uses=uses)
        if all(job.phase in _GOOD and job.terminal_at for job in used):
            ends = max(job.terminal_at or 0.0 for job in used)
            times.setdefault(shape, []).append(ends - used[0].created_at)
    for shape, seen in times.items():
        taken = sorted(seen)
        if len(taken) >= _ENOUGH:
            usual = (quantile(taken, 0.25), quantile(taken, 0.9))
            found[shape] = replace(found[shape], usual=usual)
    newest = sorted(found.values(), key=lambda one: one.last_at, reverse=True)
    return newest[:most]


def of_plugin(intent: RunIntent) -> Recipe:
    """Return the recipe of one run that was put together just now."""
    return recipe_of([Next(intent)])


def of_pipeline(intent: WorkflowIntent) -> Recipe:
    """Return the recipe of a pipeline that was chosen just now."""
    return recipe_of([Next(intent)])


def recipe_of(steps: Sequence[Next]) -> Recipe:
    """Return the recipe of steps that were put together just now."""
    blanks = [replace(one, intent=blank(one.intent)) for one in steps]
    shape = tuple((one.under, _name(one.intent)) for one in blanks)
    return _recipe(shape, blanks)


def then(recipe: Recipe, intent: RunIntent | WorkflowIntent) -> Recipe:
    """Return a recipe with one step more, after its last one that can be followed."""
    runs = [
        at for at, one in enumerate(recipe.steps) if isinstance(one.intent, RunIntent)
    ]
    return recipe_of([*recipe.steps, Next(intent, runs[-1] if runs else -1)])


def _steps(jobs: Sequence[Job]) -> tuple[list[Next], list[Job]]:
    """Return what hangs under a feed's data and the jobs that was.

    None of both for a feed whose data was not linked from here.
    """
    roots = [
        job
        for job in jobs
        if isinstance(job.intent, RunIntent)
        and job.intent.plugin_type == "fs"
        and job.remote_id is not None
    ]
    if len(roots) != 1:
        return [], []
    places: dict[int, int] = {int(roots[0].remote_id or 0): -1}
    steps: list[Next] = []
    used: list[Job] = []
    for job in jobs:
        intent = job.intent
        under = places.get(job.previous_id or 0)
        if under is None or job is roots[0]:
            continue
        if isinstance(intent, RunIntent):
            if intent.plugin_type != "ds" or job.remote_id is None:
                continue
            places[job.remote_id] = len(steps)
            steps.append(Next(blank(intent), under))
            used.append(job)
        elif isinstance(intent, WorkflowIntent):
            steps.append(Next(blank(intent), under))
            used.append(job)
    return steps, used


def blank(intent: RunIntent | WorkflowIntent) -> RunIntent | WorkflowIntent:
    """Return an intent without what belonged to the feed it was made for."""
    if isinstance(intent, WorkflowIntent):
        return replace(intent, previous_id=0, feed_id=None, item_ids=(), after="")
    return replace(
        intent,
        previous_id=None,
        feed_id=None,
        item_ids=(),
        note="",
        tags=(),
        nonce="",
        issued_at="",
        after="",
        waits_for=(),
    )


def _name(intent: RunIntent | WorkflowIntent) -> str:
    if isinstance(intent, WorkflowIntent):
        return f"pipeline {intent.pipeline_name}"
    return intent.plugin_name


def _recipe(shape: Shape, steps: Sequence[Next]) -> Recipe:
    words = [name.removeprefix("pl-").removeprefix("pipeline ") for _, name in shape]
    pipelines = [one.intent for one in steps if isinstance(one.intent, WorkflowIntent)]
    detail = " → ".join(words)
    if len(steps) == 1 and pipelines:
        nodes = pipelines[0].nodes
        detail = f"pipeline, {nodes} nodes" if nodes else "pipeline"
    title = words[-1] if len(words) > 1 else words[0]
    if len(words) > 1:
        title = f"{words[0]} to {words[-1]}"
    if len(steps) == 1 and isinstance(steps[0].intent, RunIntent):
        detail = f"{steps[0].intent.plugin_name} {steps[0].intent.plugin_version}"
    key = "|".join(f"{under}:{name}" for under, name in shape)
    return Recipe(key=key, title=title, detail=detail, steps=tuple(steps))
