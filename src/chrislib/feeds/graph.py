"""Where the nodes of a feed stand: a pure, layered, top-down layout.

Trees are laid out by leaves (a parent stands over the middle of its children); a join
stands under the middle of its parents, or as near to it as its layers have room.
"""

from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NODE_WIDTH = 188.0
NODE_HEIGHT = 44.0
STEP_X = 208.0
STEP_Y = 76.0
ASIDE_X = 252.0
"""From parent to child when the graph grows to the right."""
ASIDE_Y = 60.0
"""From sibling to sibling then."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Top-left corners by node id, and the edges (parent, child) between them.

    `width` and `height` are those of the whole drawing, whose corner is (0, 0).
    """

    positions: Mapping[int, tuple[float, float]]
    edges: tuple[tuple[int, int], ...]
    width: float
    height: float
    depth: Mapping[int, int]


def layout(parents: Mapping[int, Sequence[int]], *, sideways: bool = False) -> Layout:
    """Lay out the nodes of a feed.

    Parameters
    ----------
    parents : mapping of int to sequence of int
        Parents of each node; ids that are not nodes themselves are left out, and so
        is an edge that would close a circle.
    """
    order, depth, clean = _layers(parents)
    children: dict[int, list[int]] = defaultdict(list)
    joins = [node for node in order if len(clean[node]) > 1]
    for node in order:
        if len(clean[node]) == 1:
            children[clean[node][0]].append(node)
    x: dict[int, float] = {}
    taken: dict[int, list[float]] = defaultdict(list)
    cursor = 0.0
    for root in (node for node in order if not clean[node]):
        block = _tree(root, children)
        width = max(block.values()) + STEP_X
        for node, at in block.items():
            x[node] = cursor + at
            insort(taken[depth[node]], x[node])
        cursor += width
    for join in joins:
        block = _tree(join, children)
        wanted = sum(x[parent] for parent in clean[join]) / len(clean[join])
        shift = _nearest(block, wanted - block[join], depth=depth, taken=taken)
        for node, at in block.items():
            x[node] = at + shift
            insort(taken[depth[node]], x[node])
    left = min(x.values(), default=0.0)
    if sideways:
        scale = ASIDE_Y / STEP_X
        positions = {
            node: (depth[node] * ASIDE_X, (x[node] - left) * scale) for node in order
        }
    else:
        positions = {node: (x[node] - left, depth[node] * STEP_Y) for node in order}
    return Layout(
        positions=positions,
        edges=tuple((parent, node) for node in order for parent in clean[node]),
        width=max((px for px, _ in positions.values()), default=0.0) + NODE_WIDTH,
        height=max((py for _, py in positions.values()), default=0.0) + NODE_HEIGHT,
        depth=depth,
    )


def _layers(
    parents: Mapping[int, Sequence[int]],
) -> tuple[list[int], dict[int, int], dict[int, tuple[int, ...]]]:
    """Topological order, longest-path depth, and parents without strangers."""
    clean = {
        node: tuple(dict.fromkeys(p for p in listed if p in parents and p != node))
        for node, listed in parents.items()
    }
    children: dict[int, list[int]] = defaultdict(list)
    waiting = {node: len(listed) for node, listed in clean.items()}
    for node, listed in clean.items():
        for parent in listed:
            children[parent].append(node)
    ready = deque(sorted(node for node, count in waiting.items() if count == 0))
    order: list[int] = []
    depth: dict[int, int] = {}
    left = set(clean)
    while left:
        if not ready:
            # a circle: the smallest id stands free (a server never sends one)
            stuck = min(left)
            clean[stuck] = tuple(p for p in clean[stuck] if p not in left)
            ready.append(stuck)
        node = ready.popleft()
        if node not in left:
            continue
        left.discard(node)
        order.append(node)
        depth[node] = 1 + max((depth[p] for p in clean[node]), default=-1)
        for child in sorted(children[node]):
            waiting[child] -= 1
            if waiting[child] == 0 and child in left:
                ready.append(child)
    return order, depth, clean


def _tree(root: int, children: Mapping[int, Sequence[int]]) -> dict[int, float]:
    """Left edges of a tree's nodes: one column per leaf, parents over the middle."""
    x: dict[int, float] = {}
    column = 0.0
    stack: list[tuple[int, bool]] = [(root, False)]
    while stack:
        node, expanded = stack.pop()
        below = children.get(node, ())
        if expanded:
            x[node] = (x[below[0]] + x[below[-1]]) / 2
        elif below:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(below))
        else:
            x[node] = column
            column += STEP_X
    return x


def _nearest(
    block: Mapping[int, float],
    wanted: float,
    *,
    depth: Mapping[int, int],
    taken: Mapping[int, list[float]],
) -> float:
    """Return the shift nearest to `wanted` at which the block overlaps nothing."""
    if _fits(block, wanted, depth=depth, taken=taken):
        return wanted
    rows: dict[int, tuple[float, float]] = {}
    for node, at in block.items():
        low, high = rows.get(depth[node], (at, at))
        rows[depth[node]] = (min(low, at), max(high, at))
    candidates = set()
    for row, (low, high) in rows.items():
        others = taken.get(row, [])
        room = 2 * STEP_X + high - low - 1e-6
        for index, other in enumerate(others):
            if index + 1 == len(others) or others[index + 1] - other >= room:
                candidates.add(other + STEP_X - low)
            if index == 0 or other - others[index - 1] >= room:
                candidates.add(other - STEP_X - high)
    for shift in sorted(candidates, key=lambda value: (abs(value - wanted), value)):
        if _fits(block, shift, depth=depth, taken=taken):
            return shift
    return wanted  # cannot happen: outside of everything always fits


def _fits(
    block: Mapping[int, float],
    shift: float,
    *,
    depth: Mapping[int, int],
    taken: Mapping[int, list[float]],
) -> bool:
    for node, at in block.items():
        row = taken.get(depth[node])
        if not row:
            continue
        place = at + shift
        index = bisect_left(row, place - STEP_X + 1e-6)
        if index < len(row) and row[index] < place + STEP_X - 1e-6:
            return False
    return True
