"""What the inspector shows of one node, put together. Pure but for the clock given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chrislib.cube.types import (
    ComputeResource,
    Plugin,
    PluginInstance,
    PluginParameter,
)
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import UNLIMITED, memory_words
from chrislib.feeds.logs import LogText, clean
from chrislib.feeds.model import Node, NodeDetails
from chrislib.feeds.states import STEP_WORDS, duration, step_of_phase, steps
from chrislib.feeds.text import plain
from chrislib.feeds.waiting import waits
from chrislib.jobs.model import Phase
from chrislib.jobs.outputs.provenance import without_secrets


@dataclass(frozen=True, slots=True)
class Ran:
    """What a server told of a run's container; empty where it did not.

    `waits` says that it stands in the queue of its compute resource.
    """

    command: str = ""
    image: str = ""
    waits: bool = False


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
    log: str | LogText,
    phases: Sequence[tuple[Phase, float]],
    seen: Mapping[str, float],
    siblings: Sequence[Node],
    now: float,
    skew: float = 0.0,
    plugin: Plugin | None = None,
    compute: ComputeResource | None = None,
    ran: Ran = Ran(),
    log_kept: bool = False,
    registered: int | None = None,
) -> NodeDetails:
    """Return the details of a node.

    Parameters
    ----------
    values : mapping of str to str
        The parameters that were given, by name.
    log : str or LogText
        What `chrislib.feeds.logs.clean` made of it in a thread, or a short one.
    phases : sequence of (Phase, float)
        What the job manager recorded; it goes before what was seen here.
    now, skew : float
        This computer's clock, and how far the server's is ahead of it, seconds.
    plugin, compute : Plugin, ComputeResource, optional
        What is registered on the server; None where it was taken away since.
    ran : Ran
        What the server told of the container.
    registered : int, optional
        Files that are registered so far.
    """
    times = {**seen, **_times(phases)}
    state = node.state
    if state == "running" and ran.waits:
        # handed over, but its program has not begun: not running yet
        state = "queued"
        times.pop("running", None)
    shown = log if isinstance(log, LogText) else clean(log)
    container = _as_run(ran) or _container(node, values, parameters, plugin)
    return NodeDetails(
        node=node if state == node.state else replace(node, state=state),
        steps=steps(
            state,
            times,
            instance=instance,
            now=now,
            skew=skew,
        ),
        parameters=given_values(values, parameters),
        command=without_secrets(_command(node, values, parameters)),
        log=shown.text,
        run_facts=_facts(node, instance, siblings, plugin=plugin, compute=compute),
        defaults=default_values(values, parameters),
        plugin_facts=_plugin_facts(node, plugin, image=ran.image),
        container=without_secrets(container),
        container_seen=bool(ran.command),
        log_lines=shown.lines,
        log_kept=log_kept,
        waits=waits(
            node,
            instance.status,
            siblings,
            on_compute=ran.waits,
            registered=registered,
        ),
    )


def given_values(
    values: Mapping[str, str], parameters: Sequence[PluginParameter]
) -> tuple[tuple[str, str], ...]:
    """Return (flag, value) of what was given, in the plugin's order, no secrets."""
    flags = {p.name: p.flag or p.name for p in parameters}
    order = {p.name: number for number, p in enumerate(parameters)}
    names = sorted(values, key=lambda name: order.get(name, len(order)))
    return tuple(
        (plain(flags.get(name, name)), plain(without_secrets(values[name], name=name)))
        for name in names
    )


def default_values(
    values: Mapping[str, str], parameters: Sequence[PluginParameter]
) -> tuple[tuple[str, str], ...]:
    """Return (flag, value) of what was not given: the program's own defaults."""
    return tuple(
        (plain(p.flag or p.name), _default(p))
        for p in parameters
        if p.name not in values and p.type not in {"path", "unextpath"}
    )


def _default(parameter: PluginParameter) -> str:
    default = parameter.default
    if isinstance(default, bool):
        return "on" if default else "off"
    if default is None or default == "":
        return "(empty)"
    return plain(without_secrets(str(default), name=parameter.name))


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
    parts = [node.plugin_name, *_arguments(values, parameters)]
    return " ".join(part for part in parts if part)


def _arguments(
    values: Mapping[str, str], parameters: Sequence[PluginParameter]
) -> list[str]:
    by_name = {p.name: p for p in parameters}
    return [
        ParameterForm.piece(by_name[name], without_secrets(plain(value), name=name))
        for name, value in values.items()
        if name in by_name
    ]


def _as_run(ran: Ran) -> str:
    """Return a command that runs what the server ran, "" where it did not tell."""
    if not ran.command or not ran.image:
        return ran.command
    mounts = [
        f'-v "$PWD/{here}:{there}{how}"'
        for here, there, how in (
            ("in", "/share/incoming", ":ro"),
            ("out", "/share/outgoing", ""),
        )
        if there in ran.command
    ]
    return " ".join(["docker run --rm", *mounts, plain(ran.image), plain(ran.command)])


def _container(
    node: Node,
    values: Mapping[str, str],
    parameters: Sequence[PluginParameter],
    plugin: Plugin | None,
) -> str:
    """Return a command that does the same in a container, made from the values."""
    image = plugin.dock_image if plugin is not None else ""
    if not image:
        return ""
    folders = ["/incoming"] if node.plugin_type == "ds" else []
    mounts = [f'-v "$PWD/in:/{name[1:]}:ro"' for name in folders]
    paths = {p.name for p in parameters if p.type in {"path", "unextpath"}}
    inside = {n: "/incoming" if n in paths else v for n, v in values.items()}
    if paths & values.keys() and not mounts:
        mounts = ['-v "$PWD/in:/incoming:ro"']
    program = node.plugin_name.removeprefix("pl-")
    words = [
        "docker run --rm",
        *mounts,
        '-v "$PWD/out:/outgoing"',
        plain(image),
        program,
        *_arguments(inside, parameters),
        *folders,
        "/outgoing",
    ]
    return " ".join(word for word in words if word)


def _plugin_facts(node: Node, plugin: Plugin | None, *, image: str) -> dict[str, str]:
    """Return label to value of the Plugin section, in the order shown."""
    facts = {"Name": plain(node.plugin_name), "Version": plain(node.plugin_version)}
    kind = {"fs": "brings data in", "ds": "one input", "ts": "joins nodes"}
    facts["Kind"] = kind.get(node.plugin_type, node.plugin_type)
    if plugin is None:
        facts["Image"] = plain(image)
        facts["Registered"] = "not any more: it cannot be run again"
    else:
        facts["Title"] = plain(plugin.title)
        facts["Image"] = plain(image or plugin.dock_image)
        facts["Authors"] = plain(plugin.authors)
        facts["License"] = plain(plugin.license)
    return {label: value for label, value in facts.items() if value}


def _facts(
    node: Node,
    instance: PluginInstance,
    siblings: Sequence[Node],
    *,
    plugin: Plugin | None,
    compute: ComputeResource | None,
) -> dict[str, str]:
    """Return label to value of the Run section, in the order shown."""
    facts: dict[str, str] = {}
    where = [plain(node.compute)] if node.compute else []
    if 0 < instance.cpu_limit < UNLIMITED:
        where.append(f"{instance.cpu_limit / 1000:g} CPU")
    if 0 < instance.memory_limit < UNLIMITED:
        where.append(memory_words(instance.memory_limit))
    if 0 < instance.gpu_limit < UNLIMITED:
        where.append(f"{instance.gpu_limit} GPU")
    if instance.number_of_workers > 1:
        where.append(f"{instance.number_of_workers} workers")
    if where:
        facts["Compute"] = " · ".join(where)
    if plugin is not None:
        facts |= _allowed(plugin)
    if compute is not None:
        seconds = compute.max_job_exec_seconds
        facts["Time limit"] = "none" if seconds < 0 else duration(seconds)
    by_id = {row.id: row for row in siblings}
    above = [by_id[parent] for parent in node.parents if parent in by_id]
    if above:
        facts["Input"] = ", ".join(
            f"{plain(row.plugin_name)} {plain(row.plugin_version)}" for row in above
        )
    if instance.owner_username:
        facts["Started by"] = plain(instance.owner_username)
    facts["Node"] = str(node.id)
    return facts


def _allowed(plugin: Plugin) -> dict[str, str]:
    """Return between what the limits of a plugin's runs may be chosen."""
    found = {
        "CPU limit": _range(
            plugin.min_cpu_limit, plugin.max_cpu_limit, lambda n: f"{n / 1000:g}"
        ),
        "Memory limit": _range(
            plugin.min_memory_limit, plugin.max_memory_limit, memory_words
        ),
    }
    if 0 < plugin.max_gpu_limit < UNLIMITED:
        found["GPU limit"] = _range(plugin.min_gpu_limit, plugin.max_gpu_limit, str)
    return {label: words for label, words in found.items() if words}


def _range(least: int, most: int, words: Callable[[int], str]) -> str:
    """Return "1 to 4", "at least 200 MiB"; "" where all is allowed."""
    if most >= UNLIMITED:
        return f"at least {words(least)}" if least > 0 else ""
    if least <= 0:
        return f"up to {words(most)}"
    return words(most) if least == most else f"{words(least)} to {words(most)}"
