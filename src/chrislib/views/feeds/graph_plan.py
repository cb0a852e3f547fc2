"""What a graph shows: which branches are folded, where everything stands. No Qt view.

Thousands of nodes take longer to place than a frame lasts, so this may run in a thread.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from chrislib.feeds.branches import LARGE, READY, Branches, Folded
from chrislib.feeds.graph import layout
from chrislib.feeds.model import Node
from chrislib.views.feeds.graph_scene import GraphScene

GHOST = 0
"""The id of the node that is being added."""

_TREE = attrgetter("id", "parents")
Parents = Mapping[int, tuple[int, ...]]
Folds = Mapping[int, tuple[int, ...]]
"""Hidden nodes, by the node they hang under."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown.

    Attributes
    ----------
    ghost : tuple of int
        Parents of the node that is being added; empty when none is.
    """

    parents: Parents
    folds: Folds = field(default_factory=dict)
    sideways: bool = False
    ghost: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Arranged:
    """A wish, and how it looks; `turn` tells it from earlier ones."""

    wish: Wish
    folded: Folded
    scene: GraphScene
    turn: int = 0


def parents_of(nodes: Iterable[Node]) -> Parents:
    """Return the parents of nodes by their ids."""
    return dict(map(_TREE, nodes))


def arrange(
    wish: Wish,
    *,
    turn: int = 0,
    folds: Callable[[Branches], Folds] | None = None,
) -> Arranged:
    """Find the places of everything that is shown.

    Parameters
    ----------
    folds : callable, optional
        Finds what is folded, in place of what the wish says.
    """
    branches = Branches(wish.parents)
    if folds is not None:
        wish = replace(wish, folds=folds(branches))
    folded = branches.fold(wish.folds)
    shown = dict(folded.parents)
    above = tuple(dict.fromkeys(folded.shown_as(one) for one in wish.ghost))
    if above:
        shown[GHOST] = above
    placed = layout(shown, sideways=wish.sideways)
    scene = GraphScene(placed, sideways=wish.sideways)
    return Arranged(wish, folded, scene, turn)


def first_folds(nodes: Sequence[Node], branches: Branches) -> Folds:
    """Return what a large feed folds when it is opened: finished branches."""
    if len(nodes) <= LARGE:
        return {}
    return finished(nodes, branches)


def finished(
    nodes: Sequence[Node], branches: Branches, *, among: Iterable[int] | None = None
) -> Folds:
    """Return the finished branches, of all nodes or below some of them only."""
    ready = {int(node.id) for node in nodes if node.state == READY}
    only = None if among is None else set(among)
    return branches.finished(ready, among=only)
