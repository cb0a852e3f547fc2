"""What the color of a node says: its state, how long it ran, or its plugin."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtGui import QColor

from chrislib.feeds.model import Node
from chrislib.feeds.states import WORDS, duration
from chrislib.views.theme.theme import Theme

WAYS = (("state", "State"), ("time", "Run time"), ("plugin", "Plugin"))
_PLUGIN_TOKENS = (
    "label.blue",
    "label.green",
    "label.yellow",
    "label.red",
    "plane.axial",
    "plane.coronal",
    "plane.sagittal",
    "star",
)
_REST = "border.control"
_STEPS = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend."""

    words: str
    color: QColor


class Coloring:
    """The colors of a feed's nodes, and what they mean.

    Parameters
    ----------
    way : str
        "state", "time" or "plugin".
    """

    def __init__(self, theme: Theme, nodes: Sequence[Node], *, way: str) -> None:
        self._theme = theme
        self._way = way
        self._plugins: dict[str, QColor] = {}
        self._bounds: list[float] = []
        self.legend: tuple[Entry, ...] = ()
        if way == "plugin":
            self._by_plugin(nodes)
        elif way == "time":
            self._by_time(nodes)

    def of(self, node: Node) -> QColor:
        """Return the color of a node."""
        if self._way == "plugin":
            rest = self._theme.color(_REST)
            return self._plugins.get(node.plugin_name, rest)
        if self._way == "time":
            spent = seconds(node)
            if spent is None or not self._bounds:
                return self._theme.color(_REST)
            step = sum(spent > bound for bound in self._bounds)
            return self._shade(step)
        return self._theme.color(f"state.{node.state}")

    # Inside.

    def _by_plugin(self, nodes: Sequence[Node]) -> None:
        common = Counter(node.plugin_name for node in nodes).most_common()
        named = common[: len(_PLUGIN_TOKENS)]
        for (name, _), token in zip(named, _PLUGIN_TOKENS, strict=False):
            self._plugins[name] = self._theme.color(token)
        entries = [
            Entry(f"{name} · {count:,}", self._plugins[name]) for name, count in named
        ]
        rest = sum(count for _, count in common[len(named) :])
        if rest:
            entries.append(Entry(f"others · {rest:,}", self._theme.color(_REST)))
        self.legend = tuple(entries)

    def _by_time(self, nodes: Sequence[Node]) -> None:
        spent = sorted(s for node in nodes if (s := seconds(node)) is not None)
        if spent:
            places = [round(n * (len(spent) - 1) / _STEPS) for n in range(1, _STEPS)]
            self._bounds = sorted({spent[place] for place in places})
        ends = [*self._bounds, spent[-1]] if spent else []
        entries = [
            Entry(f"up to {duration(end)}", self._shade(step))
            for step, end in enumerate(ends)
        ]
        if len(spent) < len(nodes):
            words = f"{WORDS['running']}, or no time known"
            entries.append(Entry(words, self._theme.color(_REST)))
        self.legend = tuple(entries)

    def _shade(self, step: int) -> QColor:
        low, high = self._theme.color("tint.info"), self._theme.color("accent.text")
        share = step / max(1, len(self._bounds))
        pairs = (
            (low.red(), high.red()),
            (low.green(), high.green()),
            (low.blue(), high.blue()),
        )
        return QColor(*(round(a + (b - a) * share) for a, b in pairs))


def seconds(node: Node) -> float | None:
    """Return how long a node ran, None while that is not known."""
    if node.started is None or node.ended is None:
        return None
    return max(0.0, (node.ended - node.started).total_seconds())
