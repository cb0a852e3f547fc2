"""Where the nodes and links of a graph are, asked quickly. No painting."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainterPath

from chrislib.feeds.graph import ASIDE_X, NODE_HEIGHT, NODE_WIDTH, STEP_Y, Layout

_BEND = 60.0
_SLACK = 4.0
"""A frame around a node reaches so far beyond it."""


class GraphScene:
    """A layout, indexed by the rows (or columns) its nodes stand in.

    Parameters
    ----------
    placed : Layout
    sideways : bool
        It grows to the right.
    """

    def __init__(self, placed: Layout, *, sideways: bool) -> None:
        self.placed = placed
        self.sideways = sideways
        self.boxes: Mapping[int, QRectF] = {
            node: QRectF(x, y, NODE_WIDTH, NODE_HEIGHT)
            for node, (x, y) in placed.positions.items()
        }
        self.lines: Mapping[tuple[int, int], QLineF] = {
            edge: self._line(*edge) for edge in placed.edges
        }
        self._ends = {
            edge: (
                min(line.x1(), line.x2()),
                min(line.y1(), line.y2()),
                max(line.x1(), line.x2()),
                max(line.y1(), line.y2()),
            )
            for edge, line in self.lines.items()
        }
        self._curves: dict[tuple[int, int], QPainterPath] = {}
        rows: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for node, depth in placed.depth.items():
            rows[depth].append((self._along(node), node))
        self._rows = {depth: sorted(row) for depth, row in rows.items()}
        gaps: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for edge in placed.edges:
            for depth in range(placed.depth[edge[0]], placed.depth[edge[1]]):
                gaps[depth].append(edge)
        self._gaps = dict(gaps)
        self._children: dict[int, list[int]] = defaultdict(list)
        self._parents: dict[int, list[int]] = defaultdict(list)
        for parent, child in placed.edges:
            self._children[parent].append(child)
            self._parents[child].append(parent)

    @property
    def joins(self) -> Iterator[tuple[int, int]]:
        """The links that lead to a node with several parents."""
        for child, parents in self._parents.items():
            if len(parents) > 1:
                yield from ((parent, child) for parent in parents)

    @property
    def area(self) -> QRectF:
        """What the graph covers."""
        return QRectF(0, 0, self.placed.width, self.placed.height)

    def nodes_in(self, area: QRectF) -> Iterator[int]:
        """Yield the nodes that an area touches."""
        first, last = self._depths(area)
        low, high, size = (
            (area.top(), area.bottom(), NODE_HEIGHT)
            if self.sideways
            else (area.left(), area.right(), NODE_WIDTH)
        )
        for depth in range(first, last + 1):
            row = self._rows.get(depth, ())
            begin = bisect_left(row, (low - size - _SLACK, -(1 << 62)))
            end = bisect_right(row, (high + _SLACK, 1 << 62))
            for _, node in row[begin:end]:
                yield node

    def links_in(self, area: QRectF) -> Iterator[tuple[int, int]]:
        """Yield the links whose bounds an area touches, each once."""
        first, last = self._depths(area)
        seen: set[tuple[int, int]] = set()
        left, top, right, bottom = (
            area.left(), area.top(), area.right(), area.bottom(),
        )  # fmt: skip
        for depth in range(first - 1, last + 1):
            for edge in self._gaps.get(depth, ()):
                x1, y1, x2, y2 = self._ends[edge]
                apart = x2 < left or x1 > right or y2 < top or y1 > bottom
                if not apart and edge not in seen:
                    seen.add(edge)
                    yield edge

    def at(self, point: QPointF) -> int | None:
        """Return the node under a point."""
        spot = QRectF(point.x(), point.y(), 0.0, 0.0)
        for node in self.nodes_in(spot):
            if self.boxes[node].contains(point):
                return node
        return None

    def curve(self, edge: tuple[int, int]) -> QPainterPath:
        """Return a link as it is drawn from near."""
        path = self._curves.get(edge)
        if path is None:
            line = self.lines[edge]
            begin, end = line.p1(), line.p2()
            if self.sideways:
                bend = QPointF(min((end.x() - begin.x()) * 0.8, _BEND), 0)
            else:
                bend = QPointF(0, min((end.y() - begin.y()) * 0.8, _BEND))
            path = QPainterPath(begin)
            path.cubicTo(begin + bend, end - bend, end)
            self._curves[edge] = path
        return path

    def bounds(self, edges: Iterable[tuple[int, int]]) -> QRectF:
        """Return what links cover together."""
        found = QRectF()
        for edge in edges:
            found = found.united(self.curve(edge).boundingRect())
        return found

    # Walking.

    def parents(self, node: int) -> Sequence[int]:
        """Return the shown parents of a node."""
        return self._parents.get(node, ())

    def first_child(self, node: int) -> int | None:
        """Return the first child: the one farthest to the left, or highest."""
        return min(self._children.get(node, ()), key=self._along, default=None)

    def beside(self, node: int, step: int) -> int | None:
        """Return the neighbor in the row, `step` places on."""
        row = self._rows[self.placed.depth[node]]
        place = bisect_left(row, (self._along(node), node)) + step
        return row[place][1] if 0 <= place < len(row) else None

    # Inside.

    def _along(self, node: int) -> float:
        return self.placed.positions[node][1 if self.sideways else 0]

    def _line(self, parent: int, child: int) -> QLineF:
        (x1, y1), (x2, y2) = (self.placed.positions[n] for n in (parent, child))
        if self.sideways:
            half = NODE_HEIGHT / 2
            return QLineF(x1 + NODE_WIDTH, y1 + half, x2, y2 + half)
        half = NODE_WIDTH / 2
        return QLineF(x1 + half, y1 + NODE_HEIGHT, x2 + half, y2)

    def _depths(self, area: QRectF) -> tuple[int, int]:
        step = ASIDE_X if self.sideways else STEP_Y
        size = NODE_WIDTH if self.sideways else NODE_HEIGHT
        low, high = (
            (area.left(), area.right())
            if self.sideways
            else (area.top(), area.bottom())
        )
        first = int((low - size - _SLACK) // step) + 1
        return max(0, first), int((high + _SLACK) // step)
