"""Two runs or two feeds side by side, as data. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chrislib.cube.types import PluginInstance
from chrislib.feeds.collect_model import FeedNodes
from chrislib.feeds.compare_files import FilePair
from chrislib.feeds.compare_nodes import NodePair
from chrislib.feeds.limits import UNLIMITED, memory_words
from chrislib.feeds.model import Node
from chrislib.feeds.states import WORDS as STATE_WORDS
from chrislib.feeds.states import duration
from chrislib.jobs.outputs.provenance import without_secrets


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is compared; `verdict` is same, differs, left or right.

    Times differ always: they are shown, and never counted as a difference.
    """

    label: str
    left: str
    right: str
    verdict: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """What a node was run with, as far as it was read."""

    node: Node
    instance: PluginInstance
    values: Mapping[str, str]
    """Flag to value, as given: what is shown of it is without secrets."""


@dataclass(frozen=True, slots=True)
class RunsCompared:
    """Two runs: their facts and their parameters."""

    run: tuple[Line, ...]
    parameters: tuple[Line, ...]

    @property
    def differences(self) -> tuple[str, ...]:
        """What differs, in words; times do not count."""
        facts = [line.label for line in self.run if _counted(line)]
        given = sum(1 for line in self.parameters if _counted(line))
        if given:
            facts.append("1 parameter" if given == 1 else f"{given} parameters")
        return tuple(facts)


@dataclass(frozen=True, slots=True)
class FilesCompared:
    """The files of two nodes; `problem` says why a side could not be listed."""

    pairs: tuple[FilePair, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FeedsCompared:
    """Two feeds, node by node."""

    left: FeedNodes
    right: FeedNodes
    pairs: tuple[NodePair, ...]


def compare_runs(left: Run, right: Run) -> RunsCompared:
    """Return what is the same and what differs between two runs."""
    return RunsCompared(
        run=tuple(_facts(left, right)),
        parameters=tuple(
            _given(flag, left.values.get(flag), right.values.get(flag))
            for flag in dict.fromkeys((*left.values, *right.values))
        ),
    )


def line(
    label: str, left: str | None, right: str | None, *, counts: bool = True
) -> Line:
    """Return two values as a line; None where a side has none."""
    if left is None or right is None:
        verdict = "right" if left is None else "left"
        return Line(label, left or "", right or "", verdict, counts)
    return Line(label, left, right, "same" if left == right else "differs", counts)


def glance(pair: NodePair) -> tuple[str, ...]:
    """Return what differs between the nodes of a pair as far as lists tell."""
    one, other = pair.left, pair.right
    if one is None or other is None:
        return ()
    return tuple(
        label
        for label, left, right in (
            ("Version", one.plugin_version, other.plugin_version),
            ("State", one.state, other.state),
            ("Compute", one.compute, other.compute),
        )
        if left != right
    )


def count_lines(lines: Iterable[Line]) -> int:
    """Return how many lines differ."""
    return sum(1 for one in lines if _counted(one))


def shown(lines: Sequence[Line], *, only_differences: bool) -> list[Line]:
    """Return the lines that are shown."""
    return [one for one in lines if not only_differences or one.verdict != "same"]


def _given(flag: str, left: str | None, right: str | None) -> Line:
    """Compare what was given, and mask secrets only then: two may differ."""
    found = line(flag, left, right)
    return replace(
        found,
        left=without_secrets(found.left, name=flag),
        right=without_secrets(found.right, name=flag),
    )


def _counted(one: Line) -> bool:
    return one.counts and one.verdict != "same"


def _facts(left: Run, right: Run) -> list[Line]:
    one, other = left.node, right.node
    sides = (left.instance, right.instance)
    rows = [
        line("Plugin", one.plugin_name, other.plugin_name),
        line("Version", one.plugin_version, other.plugin_version),
        line("State", STATE_WORDS[one.state], STATE_WORDS[other.state]),
        line("Compute", one.compute, other.compute),
    ]
    for label, texts in (
        ("CPU", [_limit(i.cpu_limit, 1000, "CPU") for i in sides]),
        ("Memory", [_memory(i.memory_limit) for i in sides]),
        ("GPU", [_limit(i.gpu_limit, 1, "GPU") for i in sides]),
        ("Workers", [str(i.number_of_workers or "") for i in sides]),
        ("Error", [i.error_code for i in sides]),
    ):
        if any(texts):
            rows.append(line(label, texts[0], texts[1]))
    for label, texts in (
        ("Started", [_at(n) for n in (one, other)]),
        ("Took", [_took(n) for n in (one, other)]),
        ("Started by", [i.owner_username for i in sides]),
        ("Title", [n.title for n in (one, other)]),
    ):
        if any(texts):
            rows.append(line(label, texts[0], texts[1], counts=False))
    return rows


def _limit(value: int, per: float, unit: str) -> str:
    return f"{value / per:.3g} {unit}" if 0 < value < UNLIMITED else ""


def _memory(mebibytes: int) -> str:
    return memory_words(mebibytes) if 0 < mebibytes < UNLIMITED else ""


def _at(node: Node) -> str:
    if node.started is None:
        return ""
    return node.started.astimezone().strftime("%Y-%m-%d %H:%M")


def _took(node: Node) -> str:
    if node.started is None or node.ended is None:
        return ""
    return duration((node.ended - node.started).total_seconds())
