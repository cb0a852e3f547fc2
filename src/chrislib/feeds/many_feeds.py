"""The same recipe on many subjects: put together, started, followed, run again."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from chrislib.cube.errors import NotFound
from chrislib.cube.types import LIMITS
from chrislib.errors import ChrislibError
from chrislib.feeds.limits import Limits
from chrislib.feeds.making import FeedPlan, NewFeeds
from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_model import Slot
from chrislib.feeds.many_runs import SubjectRun, runs_of
from chrislib.feeds.pipelines import FeedPipelines
from chrislib.feeds.plugins import FeedPlugins
from chrislib.feeds.ports import JobsLike
from chrislib.feeds.recipes import Recipe, RecipeGone
from chrislib.feeds.server import FeedServer
from chrislib.feeds.values import show_value
from chrislib.jobs.model import RunIntent, WorkflowIntent
from chrislib.jobs.submission.batches import BatchView


class ManyFeeds:
    """Feeds made together: one batch, one progress, one message at its end.

    Parameters
    ----------
    server : FeedServer
    jobs : JobsLike
    plugins, pipelines
        Forms of what a recipe runs.
    making : NewFeeds
        Links the data.
    """

    def __init__(
        self,
        server: FeedServer,
        jobs: JobsLike,
        *,
        plugins: FeedPlugins,
        pipelines: FeedPipelines,
        making: NewFeeds,
    ) -> None:
        self._client = server.client
        self._jobs = jobs
        self._plugins = plugins
        self._pipelines = pipelines
        self._making = making

    async def table(self, recipe: Recipe) -> ManyTable:
        """Return an empty table for a recipe (network).

        Raises
        ------
        RecipeGone
            One of its plugins is not on the server any more.
        """
        slots: list[Slot] = []
        for step, one in enumerate(recipe.steps):
            if isinstance(one.intent, RunIntent):
                slots.append(await self._run_slot(step, one.intent))
            else:
                slots += await self._pipeline_slots(step, one.intent)
        names = [slot.title for slot in slots]
        numbered = [
            replace(slot, title=f"{slot.title} ({at})")
            if names.count(slot.title) > 1
            else slot
            for at, slot in enumerate(slots, 1)
        ]
        return ManyTable(recipe, numbered)

    async def fault(self, recipe: Recipe) -> str:
        """Return why a recipe cannot run where it ran last, "" where it can (network).

        Looked at before anything is sent: else its feed would be made, and stay
        without what was to be run on it.
        """
        try:
            table = await self.table(recipe)
        except RecipeGone as error:
            # they are offered by a list that is read now and then
            self._plugins.forget()
            return error.title
        found = (f"{s.title}: {s.use_problem}" for s in table.slots if s.use_problem)
        return next(found, "")

    async def _run_slot(self, step: int, intent: RunIntent) -> Slot:
        """Return a run of a recipe with what it was given last (network)."""
        try:
            form = await self._plugins.form_by_id(intent.plugin_id)
        except NotFound as error:
            name = f"{intent.plugin_name} {intent.plugin_version}"
            raise RecipeGone.of(name) from error
        form.adopt({name: show_value(v) for name, v in intent.parameters.items()})
        limits = Limits(form.plugin)
        limits.take({name: getattr(intent, name) for name in LIMITS})
        return Slot.of(
            step,
            intent.plugin_name,
            form,
            generation=self._generation,
            compute=intent.compute_resource,
            limits=limits,
        )

    async def _pipeline_slots(self, step: int, intent: WorkflowIntent) -> list[Slot]:
        """Return the nodes of a pipeline with what they were given last (network)."""
        found = [
            one
            async for one in self._client().workflows.pipelines(
                name_exact=intent.pipeline_name
            )
            if one.id == intent.pipeline_id
        ]
        if not found:
            raise RecipeGone.of(f"The pipeline {intent.pipeline_name}")
        tree = await self._pipelines.tree(found[0])
        last = {info.get("piping_id"): info for info in intent.nodes_info}
        slots = []
        for plan in await self._pipelines.plans(tree):
            info = last.get(plan.node.id, {})
            for given in info.get("plugin_parameter_defaults", ()):
                if any(p.name == given["name"] for p in plan.form.parameters):
                    plan.form.set(given["name"], show_value(given["default"]))
            plan.limits.take(info)
            slots.append(
                Slot.of(
                    step,
                    plan.node.title or plan.node.plugin,
                    plan.form,
                    generation=self._generation,
                    node=plan,
                    compute=str(info.get("compute_resource_name", "")),
                )
            )
        return slots

    @property
    def _generation(self) -> int:
        server = self._client().server
        return server.generation if server is not None else 7

    async def start(self, plans: Sequence[FeedPlan], title: str) -> str:
        """Make a feed of each plan as one batch (disk, network); returns its key.

        Raises
        ------
        ChrislibError
            There is nothing to start, or a plan cannot be made; nothing was sent.
        """
        if not plans:
            raise ChrislibError(
                "No row can start.",
                "Nothing was sent.",
                hint="Correct the rows that are refused, or tick others.",
            )
        return await self._making.create_many(plans, title)

    def started(self) -> tuple[BatchView, ...]:
        """Return everything that was started together, the newest first."""
        account = self._jobs.account_id
        found = self._jobs.batches.batches()
        return tuple(view for view in found if view.account_id == account)

    def batch(self, batch_key: str) -> BatchView | None:
        """Return a batch as it is now."""
        return self._jobs.batches.get(batch_key)

    async def runs(self, batch_key: str) -> list[SubjectRun]:
        """Return the subjects of a batch (thread: 20,000 jobs take some 20 ms)."""
        return await asyncio.to_thread(runs_of, self._jobs.jobs(), batch_key)

    async def pause(self, batch_key: str) -> None:
        """Send no more of a batch (disk)."""
        await self._jobs.batches.pause(batch_key)

    async def resume(self, batch_key: str) -> None:
        """Go on with a batch (disk)."""
        await self._jobs.batches.resume(batch_key)

    async def cancel(self, batch_key: str) -> int:
        """Take back what was not sent (disk); returns how many runs that are."""
        return await self._jobs.batches.cancel(batch_key)

    async def retry(self, runs: Sequence[SubjectRun], title: str) -> str:
        """Run anew what failed of subjects, as one batch (disk); returns its key.

        Raises
        ------
        ChrislibError
            Nothing of them failed.
        """
        chains = [chain for run in runs for chain in run.retry()]
        if not chains:
            raise ChrislibError("Nothing of this failed.", "Nothing was started.")
        # a refused draft would be offered again as well: its place is taken
        for run in runs:
            for job in run.jobs:
                if job.field_errors and not job.phase.terminal:
                    await self._jobs.cancel(job.key)
        return await self._jobs.batches.submit(chains, title)

    def subscribe(
        self, callback: Callable[[tuple[str, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` with the batches that changed; returns how to stop that."""
        return self._jobs.batches.subscribe(callback)
