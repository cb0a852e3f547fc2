"""What the inspector shows of one node, put together. Pure but for the clock given."""

from collections.abc import Mapping, Sequence

from chrislib.cube.logs import redact
from chrislib.cube.types import PluginInstance, PluginParameter
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.model import Node, NodeDetails
from chrislib.feeds.states import STEP_WORDS, step_of_phase, steps
from chrislib.feeds.text import show_log
from chrislib.jobs.model import Phase

_NO_LIMIT = 2_147_483_647


class Looks:
    """When each step of a node was first seen, while somebody was looking."""

    def __init__(self) -> None:
        self._states: dict[int, str] = {}
        self._seen: dict[int, dict[str, float]] = {}

    def see(self, nodes: Sequence[Node], *, at: float) -> None:
        """Take note of the nodes' states; only a change that was watched counts."""
        for node in nodes:
            before = self._states.get(node.id)
            self._states[node.id] = node.state
            word = "ready" if node.state == "errors" else node.state
            if before is None or before == node.state or word not in STEP_WORDS:
                continue
            self._seen.setdefault(node.id, {}).setdefault(word, at)

    def of(self, node_id: int) -> Mapping[str, float]:
        """Return step word to seconds since the epoch."""
        return self._seen.get(node_id, {})


def details_of(
    node: Node,
    instance: PluginInstance,
    *,
    values: Mapping[str, str],
    parameters: Sequence[PluginParameter],
    log: str,
    phases: Sequence[tuple[Phase, float]],
    seen: Mapping[str, float],
    siblings: Sequence[Node],
    now: float,
    skew: float = 0.0,
) -> NodeDetails:
    """Return the details of a node.

    Parameters
    ----------
    values : mapping of str to str
        The parameters that were given, by name.
    phases : sequence of (Phase, float)
        What the job manager recorded; it goes before what was seen here.
    now, skew : float
        This computer's clock, and how far the server's is ahead of it, seconds.
    """
    times = {**seen, **_times(phases)}
    flags = {p.name: p.flag or p.name for p in parameters}
    given = tuple(
        (flags.get(name, name), redact(value)) for name, value in values.items()
    )
    return NodeDetails(
        node=node,
        steps=steps(
            node.state,
            times,
            instance=instance,
            now=now,
            skew=skew,
        ),
        parameters=given,
        command=redact(_command(node, values, parameters)),
        log=show_log(log),
        run_facts=_facts(node, instance, siblings),
    )


def _times(phases: Sequence[tuple[Phase, float]]) -> dict[str, float]:
    """Return when each step was first seen; a step back is none.

    CUBE 7 copies inputs first and queues then: a slot that is waited for after the
    copy still belongs to the preparation.
    """
    times: dict[str, float] = {}
    furthest = -1
    for phase, at in phases:
        word = step_of_phase(phase)
        if not word or STEP_WORDS.index(word) <= furthest:
            continue
        furthest = STEP_WORDS.index(word)
        times[word] = at
    return times


def _command(
    node: Node, values: Mapping[str, str], parameters: Sequence[PluginParameter]
) -> str:
    """Return the command line the node was run with, as Add node would show it."""
    parts = [node.plugin_name]
    by_name = {p.name: p for p in parameters}
    for name, value in values.items():
        parameter = by_name.get(name)
        if parameter is None:
            continue
        parts.append(ParameterForm.piece(parameter, value))
    return " ".join(part for part in parts if part)


def _facts(
    node: Node, instance: PluginInstance, siblings: Sequence[Node]
) -> dict[str, str]:
    """Return label to value of the Run section, in the order shown."""
    facts: dict[str, str] = {}
    compute = [node.compute] if node.compute else []
    if 0 < instance.cpu_limit < _NO_LIMIT:
        compute.append(f"{instance.cpu_limit / 1000:g} CPU")
    if 0 < instance.memory_limit < _NO_LIMIT:
        compute.append(f"{instance.memory_limit * 1.048576 / 1000:.2g} GB")
    if 0 < instance.gpu_limit < _NO_LIMIT:
        compute.append(f"{instance.gpu_limit} GPU")
    if compute:
        facts["Compute"] = " · ".join(compute)
    by_id = {row.id: row for row in siblings}
    above = [by_id[parent] for parent in node.parents if parent in by_id]
    if above:
        facts["Input"] = ", ".join(
            f"{row.plugin_name} {row.plugin_version}" for row in above
        )
    if instance.owner_username:
        facts["Started by"] = instance.owner_username
    facts["Node"] = str(node.id)
    return facts
