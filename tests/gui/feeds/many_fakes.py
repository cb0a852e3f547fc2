"""The same recipe on many, without a server."""

from collections.abc import Callable, Sequence
from typing import Any

from chrislib.cube.types import LIMITS, ComputeResource
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import Limits
from chrislib.feeds.making import FeedPlan
from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_model import Slot
from chrislib.feeds.many_runs import SubjectRun
from chrislib.feeds.recipes import Recipe
from chrislib.jobs.model import RunIntent
from chrislib.jobs.submission.batches import BatchView


class MemoryMany:
    """Knows the plugins a test names; keeps what was started.

    Attributes
    ----------
    parameters : dict
        What plugins take, by their names.
    """

    def __init__(self, make_plugin: Callable[..., Any]) -> None:
        self._make_plugin = make_plugin
        self.parameters: dict[str, Sequence[Any]] = {}
        self.computes = (
            ComputeResource("slurm-gpu", "With graphics cards", 3600),
            ComputeResource("host", "This computer", -1),
        )
        self.error: BaseException | None = None
        self.sent: list[tuple[list[FeedPlan], str]] = []

    async def table(self, recipe: Recipe) -> ManyTable:
        if self.error is not None:
            raise self.error
        slots = []
        for at, one in enumerate(recipe.steps):
            if not isinstance(one.intent, RunIntent):
                continue
            name = one.intent.plugin_name
            plugin = self._make_plugin(one.intent.plugin_id, name)
            given = self.parameters.get(name, ())
            form = ParameterForm(plugin, given, computes=self.computes)
            form.adopt(
                {key: str(value) for key, value in one.intent.parameters.items()}
            )
            limits = Limits(plugin)
            limits.take({limit: getattr(one.intent, limit) for limit in LIMITS})
            where = one.intent.compute_resource
            slots.append(Slot.of(at, name, form, compute=where, limits=limits))
        return ManyTable(recipe, slots)

    async def start(self, plans: Sequence[FeedPlan], title: str) -> str:
        self.sent.append((list(plans), title))
        return "batch"

    def started(self) -> tuple[BatchView, ...]:
        return ()

    def batch(self, _key: str) -> BatchView | None:
        return None

    async def runs(self, _key: str) -> list[SubjectRun]:
        return []

    def subscribe(self, _callback: Any) -> Callable[[], None]:
        return lambda: None
