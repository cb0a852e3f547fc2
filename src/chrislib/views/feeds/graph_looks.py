"""How each node of a graph looks, found when it is first drawn."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from chrislib.feeds.branches import Branches
from chrislib.feeds.model import Node
from chrislib.feeds.states import WORDS
from chrislib.views.feeds.graph_colors import Coloring, Entry
from chrislib.views.feeds.graph_paint import Look, look_of, node_words
from chrislib.views.feeds.graph_plan import GHOST, parents_of
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import DONUT_ORDER, STATES


class Looks(Mapping[int, Look]):
    """Looks by id: of nodes, of folds (negative) and of the ghost."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._nodes: dict[int, Node] = {}
        self._order: Sequence[Node] = ()
        self._folds: Mapping[int, tuple[int, ...]] = {}
        self._made: dict[int, Look] = {}
        self._branches: Branches | None = None
        self.way = "state"
        self._coloring = Coloring(theme, (), way="state")
        self.ghost = ""

    def __getitem__(self, node: int) -> Look:
        """Return a look."""
        look = self._made.get(node)
        if look is None:
            look = self._made[node] = self._look(node)
        return look

    def __iter__(self) -> Iterator[int]:
        """Iterate over what can be drawn."""
        yield from self._nodes
        yield from self._folds

    def __len__(self) -> int:
        """Return how much can be drawn."""
        return len(self._nodes) + len(self._folds)

    def __contains__(self, node: object) -> bool:
        """Return whether something can be drawn."""
        return node in self._nodes or node in self._folds or node == GHOST

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes of the feed."""
        return tuple(self._nodes.values())

    @property
    def branches(self) -> Branches:
        """What hangs under what, reckoned when it is first asked for."""
        if self._branches is None:
            self._branches = Branches(parents_of(self._nodes.values()))
        return self._branches

    @property
    def legend(self) -> tuple[Entry, ...]:
        """What the colors mean; nothing where glyphs say it."""
        return self._coloring.legend

    def set_nodes(self, nodes: Sequence[Node]) -> list[int]:
        """Take other nodes; returns the ids of those that changed or came."""
        other = self._differing(nodes)
        changed: list[int] = [node.id for node in other]
        if len(nodes) != len(self._nodes) or not self._nodes.keys() >= set(changed):
            self._nodes = {node.id: node for node in nodes}
        else:
            self._nodes.update(zip(changed, other, strict=True))
        if changed:
            self._branches = None
        self._order = tuple(nodes)
        if self._made:
            for key in changed:
                self._made.pop(key, None)
        touched = set(changed)
        for fold, held in self._folds.items():
            if touched.intersection(held):
                self._made.pop(fold, None)
        return changed

    def set_folds(self, folds: Mapping[int, tuple[int, ...]]) -> None:
        """Take other folds."""
        for fold in self._folds:
            self._made.pop(fold, None)
        self._made.pop(GHOST, None)
        self._folds = folds

    def color_by(self, way: str) -> None:
        """Let colors say another thing."""
        self.way = way
        self._color()

    def dress(self) -> None:
        """Take the theme's colors."""
        self._color()

    def moved(
        self, changed: Sequence[int], parents: Mapping[int, tuple[int, ...]]
    ) -> bool:
        """Whether changed nodes are new, or hang under something else than told."""
        return any(
            parents.get(key) != tuple(map(int, self._nodes[key].parents))
            for key in changed
        )

    def state(self, node: int) -> str:
        """Return a node's state; a fold is ready when all of it is."""
        if node in self._nodes:
            return self._nodes[node].state
        held = self._folds.get(node, ())
        states = {self._nodes[one].state for one in held if one in self._nodes}
        return states.pop() if len(states) == 1 else ""

    def words(self, node: int) -> str:
        """Return a node in one line, for tooltips and screen readers."""
        if node in self._nodes:
            return node_words(self._nodes[node])
        if node in self._folds:
            look = self[node]
            return f"Folded: {look.name}, {look.detail}. A click opens it."
        return self.ghost

    def search(self, text: str) -> list[int]:
        """Return the nodes that hold every word of a text, in order."""
        wanted = text.casefold().split()
        return [
            key
            for key, node in sorted(self._nodes.items())
            if all(
                word in f"{node_words(node)} node {key}".casefold() for word in wanted
            )
        ]

    # Inside.

    def _differing(self, nodes: Sequence[Node]) -> list[Node]:
        """Return who is new or other than before; nearly all are the same objects."""
        old = self._order
        if len(nodes) == len(old):
            pairs = [(n, o) for n, o in zip(nodes, old, strict=True) if n is not o]
            if all(new.id == was.id for new, was in pairs):
                return [new for new, was in pairs if new != was]
        known = self._nodes
        if known.keys().isdisjoint([node.id for node in nodes]):
            return list(nodes)  # another feed
        return [node for node in nodes if known.get(node.id) != node]

    def _color(self) -> None:
        self._coloring = Coloring(self._theme, self.nodes, way=self.way)
        self._made.clear()

    def _look(self, node: int) -> Look:
        if node in self._folds:
            return self._fold_look(node)
        if node == GHOST:
            color = self._theme.color("border.control")
            name, _, detail = self.ghost.partition("\n")
            return Look(name, detail, "plus", "text.secondary", color, kind="ghost")
        known = self._nodes[node]
        return look_of(known, self._coloring.of(known))

    def _fold_look(self, fold: int) -> Look:
        held = [self._nodes[one] for one in self._folds[fold] if one in self._nodes]
        states = Counter(node.state for node in held)
        worst = next((s for s in reversed(DONUT_ORDER) if s in states), "ready")
        counts = " · ".join(
            f"{states[state]:,} {WORDS[state].lower()}"
            for state in DONUT_ORDER
            if state in states
        )
        plugins = Counter(node.plugin_name for node in held).most_common(2)
        names = ", ".join(name for name, _ in plugins)
        if len({node.plugin_name for node in held}) > len(plugins):
            names += " …"
        token = f"state.{worst}"
        glyph = STATES[worst].glyph
        return Look(counts, names, glyph, token, self._theme.color(token), kind="fold")
