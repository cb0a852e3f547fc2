"""Where the nodes and links of a graph are, asked quickly. No painting."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainterPath

from chrislib.feeds.graph import ASIDE_X, NODE_HEIGHT, NODE_WIDTH, STEP_Y, Layout

_BEND = 60.0
_MANY = 12
"""A node with more children than this leads to them by one common line."""
_WIDE = 1_000.0
"""Links that reach farther are few, and are looked at one by one."""
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
        self._children: dict[int, list[int]] = defaultdict(list)
        self._parents: dict[int, list[int]] = defaultdict(list)
        for parent, child in placed.edges:
            self._children[parent].append(child)
            self._parents[child].append(parent)
        self.trunks: tuple[QLineF, ...] = ()
        """What nodes with many children have in common: two lines each."""
        self._below_trunk: set[tuple[int, int]] = set()
        for parent, children in self._children.items():
            self._branch_off(parent, children)
        self.lines: Mapping[tuple[int, int], QLineF] = {
            edge: self._line(*edge) for edge in placed.edges
        }
        rows: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for node, depth in placed.depth.items():
            rows[depth].append((self._along(node), node))
        self._rows = {depth: sorted(row) for depth, row in rows.items()}
        gaps: dict[int, list[tuple[float, float, tuple[int, int]]]] = defaultdict(list)
        for edge, line in self.lines.items():
            ends = (line.y1(), line.y2()) if sideways else (line.x1(), line.x2())
            low, high = min(ends), max(ends)
            for depth in range(placed.depth[edge[0]], placed.depth[edge[1]]):
                gaps[depth].append((low, high, edge))
        self._gaps = {depth: _Gap(links) for depth, links in gaps.items()}
        self._curves: dict[tuple[int, int], QPainterPath] = {}
        self.joins: dict[int, list[tuple[int, int]]] = defaultdict(list)
        """Links to nodes with several parents, by the parent they come from."""
        for child, above in self._parents.items():
            if len(above) > 1:
                for parent in above:
                    self.joins[parent].append((parent, child))

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
        """Yield the links whose bounds an area may touch, each once."""
        first, last = self._depths(area)
        low, high = (
            (area.top(), area.bottom())
            if self.sideways
            else (area.left(), area.right())
        )
        seen: set[tuple[int, int]] = set()
        for depth in range(first - 1, last + 1):
            gap = self._gaps.get(depth)
            for edge in gap.between(low, high) if gap is not None else ():
                if edge not in seen:
                    seen.add(edge)
                    yield edge

    def trunks_in(self, area: QRectF) -> list[QLineF]:
        """Return the common lines that may cross an area."""
        return [
            line
            for line in self.trunks
            if min(line.y1(), line.y2()) <= area.bottom()
            and max(line.y1(), line.y2()) >= area.top()
            and min(line.x1(), line.x2()) <= area.right()
            and max(line.x1(), line.x2()) >= area.left()
        ]

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
            if edge in self._below_trunk:
                bend = QPointF()
            path.cubicTo(begin + bend, end - bend, end)
            self._curves[edge] = path
        return path

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

    def _branch_off(self, parent: int, children: Sequence[int]) -> None:
        """Lead to many children by one line across, and a short one to each."""
        depth = self.placed.depth[parent] + 1
        near = [
            child
            for child in children
            if len(self._parents[child]) == 1 and self.placed.depth[child] == depth
        ]
        if len(near) <= _MANY:
            return
        self._below_trunk.update((parent, child) for child in near)
        ends = [self._whole_line(parent, child) for child in near]
        begin = ends[0].p1()
        if self.sideways:
            x = (begin.x() + ends[0].x2()) / 2
            low, high = min(e.y2() for e in ends), max(e.y2() for e in ends)
            across = QLineF(x, min(low, begin.y()), x, max(high, begin.y()))
            stem = QLineF(begin.x(), begin.y(), x, begin.y())
        else:
            y = (begin.y() + ends[0].y2()) / 2
            low, high = min(e.x2() for e in ends), max(e.x2() for e in ends)
            across = QLineF(min(low, begin.x()), y, max(high, begin.x()), y)
            stem = QLineF(begin.x(), begin.y(), begin.x(), y)
        self.trunks += (stem, across)

    def _line(self, parent: int, child: int) -> QLineF:
        line = self._whole_line(parent, child)
        if (parent, child) not in self._below_trunk:
            return line
        if self.sideways:
            return QLineF((line.x1() + line.x2()) / 2, line.y2(), line.x2(), line.y2())
        return QLineF(line.x2(), (line.y1() + line.y2()) / 2, line.x2(), line.y2())

    def _whole_line(self, parent: int, child: int) -> QLineF:
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


class _Gap:
    """Links between two rows, by where they begin along it; the wide ones apart."""

    def __init__(self, links: list[tuple[float, float, tuple[int, int]]]) -> None:
        self._short = sorted(one for one in links if one[1] - one[0] <= _WIDE)
        self._wide = [one for one in links if one[1] - one[0] > _WIDE]

    def between(self, low: float, high: float) -> Iterator[tuple[int, int]]:
        begin = bisect_left(self._short, (low - _WIDE,))
        end = bisect_right(self._short, (high, float("inf")))
        for _, last, edge in self._short[begin:end]:
            if last >= low:
                yield edge
        for first, last, edge in self._wide:
            if last >= low and first <= high:
                yield edge
