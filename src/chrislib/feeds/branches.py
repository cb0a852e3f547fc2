"""Which branches of a large feed are drawn as one. Pure.

A branch below a node is what can only be reached through it: a join that also hangs
under something else belongs to what both hang under (its immediate dominator). So a
folded branch never hides where other data comes from.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

READY = "ready"
LARGE = 200
"""More nodes than this, and finished branches fold by themselves."""
_LEAST = 2


@dataclass(frozen=True, slots=True)
class Folded:
    """What is drawn of a feed.

    Attributes
    ----------
    parents : mapping of int to tuple of int
        Shown nodes with their parents. A fold stands under node `n` as ``-n``.
    folds : mapping of int to tuple of int
        What each fold hides, by its (negative) number.
    """

    parents: Mapping[int, tuple[int, ...]]
    folds: Mapping[int, tuple[int, ...]]

    def shown_as(self, node: int) -> int:
        """Return the node itself, or the fold that hides it."""
        if node in self.parents:
            return node
        return next((fold for fold, held in self.folds.items() if node in held), node)


class Branches:
    """What lies below each node of a feed.

    Parameters
    ----------
    parents : mapping of int to sequence of int
        As the server tells them; strangers and circles are left out.
    """

    def __init__(self, parents: Mapping[int, Sequence[int]]) -> None:
        self._parents = {
            node: (
                tuple(listed)
                if len(listed) == 1 and listed[0] in parents and listed[0] != node
                else tuple(
                    dict.fromkeys(p for p in listed if p in parents and p != node)
                )
            )
            for node, listed in parents.items()
        }
        self._order = _ordered(self._parents)
        self._below: dict[int, list[int]] = defaultdict(list)
        self._over: dict[int, int] = {}
        depth: dict[int, int] = {}
        over = self._over
        for node in self._order:
            listed = self._parents[node]
            top: int | None
            if len(listed) == 1 and listed[0] in depth:  # nearly always
                top = listed[0]
            else:
                top = _common_of([p for p in listed if p in depth], over, depth=depth)
            if top is None:
                depth[node] = 0
                continue
            over[node], depth[node] = top, depth[top] + 1
            self._below[top].append(node)

    def below(self, node: int) -> tuple[int, ...]:
        """Return all that can only be reached through a node, nearest first."""
        found = list(self._below.get(node, ()))
        for one in found:
            found.extend(self._below.get(one, ()))
        return tuple(found)

    def finished(
        self, ready: AbstractSet[int], *, among: AbstractSet[int] | None = None
    ) -> dict[int, tuple[int, ...]]:
        """Return the largest branches of which every node is ready.

        Parameters
        ----------
        ready : set of int
        among : set of int, optional
            Branches below these nodes only.

        Returns
        -------
        dict
            Hidden nodes by the node they hang under; never fewer than two.
        """
        unfinished = set(self._order) - ready
        for node in reversed(self._order):
            if node in unfinished and node in self._over:
                unfinished.add(self._over[node])
        found: dict[int, tuple[int, ...]] = {}
        hidden: set[int] = set()
        for node in self._order:
            if node in hidden or (among is not None and node not in among):
                continue
            below = self._below.get(node, ())
            held = [child for child in below if child not in unfinished]
            for one in held:
                held.extend(self._below.get(one, ()))
            if len(held) >= _LEAST:
                found[node] = tuple(held)
                hidden.update(held)
        return found

    def fold(self, folds: Mapping[int, Iterable[int]]) -> Folded:
        """Return what is drawn when branches are folded.

        Parameters
        ----------
        folds : mapping of int to iterable of int
            What is hidden below a node, by that node. A node that is hidden itself
            has no fold of its own.
        """
        place: dict[int, int] = {}
        held: dict[int, list[int]] = {}
        for node in self._order:
            if node not in folds or node in place:
                continue
            mine = [
                one for one in folds[node] if one in self._parents and one not in place
            ]
            if not mine:
                continue
            for one in mine:
                place[one] = -node
            held[-node] = mine
        shown: dict[int, tuple[int, ...]] = {}
        for node, listed in self._parents.items():
            if node not in place:
                shown[node] = tuple(dict.fromkeys(place.get(p, p) for p in listed))
        for fold in held:
            shown[fold] = (-fold,)
        return Folded(shown, {fold: tuple(nodes) for fold, nodes in held.items()})


def _ordered(parents: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the nodes, parents first; what is in a circle comes by its number."""
    waiting = {node: len(listed) for node, listed in parents.items()}
    children: dict[int, list[int]] = defaultdict(list)
    for node, listed in parents.items():
        for parent in listed:
            children[parent].append(node)
    order = sorted(node for node, count in waiting.items() if count == 0)
    seen = set(order)
    for node in order:
        below = children.get(node, [])
        for child in sorted(below) if len(below) > 1 else below:
            waiting[child] -= 1
            if waiting[child] == 0:
                seen.add(child)
                order.append(child)
    order.extend(sorted(set(parents) - seen))
    return order


def _common_of(
    nodes: Sequence[int], over: Mapping[int, int], *, depth: Mapping[int, int]
) -> int | None:
    """Return what all of some nodes hang under; None where that is nothing."""
    top = nodes[0] if nodes else None
    for other in nodes[1:]:
        top = _common(top, other, over=over, depth=depth)
    return top


def _common(
    one: int | None,
    other: int | None,
    *,
    over: Mapping[int, int],
    depth: Mapping[int, int],
) -> int | None:
    while one is not None and other is not None and one != other:
        if depth[one] >= depth[other]:
            one = over.get(one)
        else:
            other = over.get(other)
    return one if one == other else None
