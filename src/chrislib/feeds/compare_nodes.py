"""Which node of one feed stands where which node of another stands. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chrislib.feeds.model import Node


@dataclass(frozen=True, slots=True)
class NodePair:
    """Nodes of the same plugin at the same place; one side may be missing."""

    place: str
    left: Node | None
    right: Node | None

    @property
    def depth(self) -> int:
        """How many nodes are above it."""
        return self.place.count("/")

    @property
    def plugin_name(self) -> str:
        """The plugin at this place."""
        node = self.left or self.right
        return node.plugin_name if node is not None else ""


def places_of(nodes: Iterable[Node]) -> dict[int, str]:
    """Return the place of each node: the plugins on the way to it from the root.

    Siblings of the same plugin are told apart by their order, "pl-bet#2"; versions
    do not matter, and a join stands below its first parent.
    """
    rows = sorted(nodes, key=lambda node: node.id)
    ids = {node.id for node in rows}
    places: dict[int, str] = {}
    taken: dict[str, int] = {}
    for node in rows:
        parent = next((one for one in node.parents if one in ids), None)
        above = places.get(parent, "") if parent is not None else ""
        place = f"{above}/{node.plugin_name}" if above else node.plugin_name
        taken[place] = taken.get(place, 0) + 1
        if taken[place] > 1:
            place = f"{place}#{taken[place]}"
        places[node.id] = place
    return places


def match_nodes(left: Sequence[Node], right: Sequence[Node]) -> list[NodePair]:
    """Return the nodes of two feeds place by place, parents before their children.

    Both sides of a place are nodes of the same plugin; what has no partner stands
    alone.
    """
    ours = {place: node for node, place in _placed(left)}
    theirs = {place: node for node, place in _placed(right)}
    return [
        NodePair(place, ours.get(place), theirs.get(place))
        for place in sorted({*ours, *theirs}, key=_order)
    ]


def _placed(nodes: Sequence[Node]) -> list[tuple[Node, str]]:
    places = places_of(nodes)
    return [(node, places[node.id]) for node in nodes]


def _order(place: str) -> list[tuple[str, int]]:
    parts = (part.partition("#") for part in place.split("/"))
    return [(name, int(number or 1)) for name, _, number in parts]
