"""Numbers of a table made ready to be drawn: bins, boxes, ticks. Pure functions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chrislib.feeds.collect_model import Row
from chrislib.feeds.collect_table import cell, head_of

MAX_BINS = 60
MAX_GROUPS = 24


@dataclass(frozen=True, slots=True)
class Bin:
    """A bar of a histogram; the last one includes its upper edge."""

    low: float
    high: float
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A group's quartiles; whiskers reach the last value within 1.5 box lengths."""

    group: str
    low: float
    first: float
    median: float
    third: float
    high: float
    members: tuple[tuple[int, float], ...]
    """(row, value), the smallest first."""

    @property
    def outside(self) -> tuple[tuple[int, float], ...]:
        """Members beyond the whiskers."""
        return tuple(m for m in self.members if not self.low <= m[1] <= self.high)


class Dot(NamedTuple):
    """A row's place, and where it stands."""

    place: int
    x: float
    y: float


class Stand(NamedTuple):
    """A box, and which one from the left it is."""

    number: int
    box: Box


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn, worked out from a table's rows.

    Attributes
    ----------
    across, up : str
        The words at the axes.
    marks : tuple of Bin, Stand or Dot
        What can be pointed at, in the order it is walked over; dots by x. After
        each box come its rows beyond the whiskers.
    x, y : tuple of float
        The spans of the axes.
    drawn : int
        So many rows have what is needed.
    """

    across: str = ""
    up: str = ""
    bins: tuple[Bin, ...] = ()
    boxes: tuple[Box, ...] = ()
    marks: tuple[Bin | Stand | Dot, ...] = ()
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    drawn: int = 0


def plot_of(
    kind: str,
    rows: Sequence[Row],
    *,
    places: Sequence[int],
    up: str,
    across: str,
) -> Plot:
    """Work out a plot; that of thousands of rows takes its time.

    Parameters
    ----------
    kind : str
        "histogram", "scatter" or "box".
    across : str
        The other column: that of x of a scatter, of the groups of boxes.
    """
    words = _axis(rows, places, up)
    if kind == "histogram":
        found = numbers(rows, places, up)
        bars = tuple(bins(found))
        most = max((len(one.members) for one in bars), default=0)
        return Plot(
            across=words,
            up="Rows",
            bins=bars,
            marks=tuple(one for one in bars if one.members),
            x=(bars[0].low, bars[-1].high) if bars else (0.0, 1.0),
            y=(0.0, most * 1.05 or 1.0),
            drawn=len(found),
        )
    if kind == "box":
        made = boxes(rows, places, up, across)
        marks: list[Bin | Stand | Dot] = []
        for number, box in enumerate(made):
            marks.append(Stand(number, box))
            marks += [Dot(place, number + 0.5, value) for place, value in box.outside]
        return Plot(
            across=head_of(across) if across else "",
            up=words,
            boxes=tuple(made),
            marks=tuple(marks),
            x=(0.0, float(len(made))),
            y=_padded([value for box in made for _, value in box.members]),
            drawn=sum(len(box.members) for box in made),
        )
    points = pairs(rows, places, across, up)
    points.sort(key=lambda point: point[1:])
    return Plot(
        across=_axis(rows, places, across),
        up=words,
        marks=tuple(Dot(*point) for point in points),
        x=_padded([x for _, x, _ in points]),
        y=_padded([y for _, _, y in points]),
        drawn=len(points),
    )


def _axis(rows: Sequence[Row], places: Sequence[int], column: str) -> str:
    unit = unit_of(rows, places, column)
    return f"{head_of(column)} ({unit})" if unit else head_of(column)


def _padded(values: Sequence[float]) -> tuple[float, float]:
    """Return the span of values with a little room at both ends."""
    if not values:
        return (0.0, 1.0)
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or abs(low) * 0.05 or 0.5
    return (low - room, high + room)


def numbers(
    rows: Sequence[Row], places: Sequence[int], column: str
) -> list[tuple[int, float]]:
    """Return (place, number) of the rows that have a number in a column."""
    found = ((place, cell(rows[place], column).number) for place in places)
    return [(place, number) for place, number in found if number is not None]


def pairs(
    rows: Sequence[Row], places: Sequence[int], across: str, up: str
) -> list[tuple[int, float, float]]:
    """Return (place, x, y) of the rows that have both numbers."""
    found = []
    for place in places:
        x, y = cell(rows[place], across).number, cell(rows[place], up).number
        if x is not None and y is not None:
            found.append((place, x, y))
    return found


def unit_of(rows: Sequence[Row], places: Sequence[int], column: str) -> str:
    """Return the unit of a column, "several units" where they differ."""
    units = {
        value.unit
        for place in places
        if (value := cell(rows[place], column)).number is not None
    }
    return "several units" if len(units) > 1 else next(iter(units), "")


def bins(found: Sequence[tuple[int, float]]) -> list[Bin]:
    """Return a histogram: width by Freedman and Diaconis (1981), on round edges."""
    if not found:
        return []
    values = sorted(value for _, value in found)
    low, high = values[0], values[-1]
    if not math.isfinite(high - low):
        return [Bin(low, high, tuple(place for place, _ in found))]
    if low == high:
        half = abs(low) / 20 or 0.5
        return [Bin(low - half, low + half, tuple(place for place, _ in found))]
    spread = quantile(values, 0.75) - quantile(values, 0.25)
    width = 2 * spread / len(values) ** (1 / 3)
    rough = (high - low) / width if width > 0 else math.sqrt(len(values))
    count = max(3, math.ceil(min(MAX_BINS, rough)))
    step = _round_up((high - low) / count)
    start = math.floor(low / step) * step
    edges = [start]
    while edges[-1] <= high and len(edges) <= 2 * MAX_BINS:
        edges.append(start + len(edges) * step)
    members: list[list[int]] = [[] for _ in edges[1:]]
    last = len(members) - 1
    for place, value in found:
        members[max(0, min(last, int((value - start) // step)))].append(place)
    return [
        Bin(edge, edge + step, tuple(inside))
        for edge, inside in zip(edges, members, strict=False)
    ]


def boxes(
    rows: Sequence[Row], places: Sequence[int], column: str, group: str
) -> list[Box]:
    """Return a box for each text in the column `group` ("" for one box of all).

    Groups beyond the `MAX_GROUPS` largest are left out.
    """
    grouped: dict[str, list[tuple[int, float]]] = {}
    for place, number in numbers(rows, places, column):
        text = cell(rows[place], group).text or "(none)" if group else ""
        grouped.setdefault(text, []).append((place, number))
    largest = sorted(grouped, key=lambda text: -len(grouped[text]))[:MAX_GROUPS]
    kept = [text for text in grouped if text in set(largest)]
    return [_box(text, grouped[text]) for text in sorted(kept)]


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of sorted values, between two of them by proportion."""
    at = share * (len(values) - 1)
    below = math.floor(at)
    above = min(below + 1, len(values) - 1)
    one, other = values[below], values[above]
    return min(other, one + (other - one) * (at - below))


def ticks(low: float, high: float, *, most: int) -> list[float]:
    """Return round numbers from below `low` to above `high`, about `most` of them."""
    if not math.isfinite(low) or not math.isfinite(high) or most < 1:
        return []
    if low == high:
        return [low]
    step = _round_up((high - low) / most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)][: 4 * most]


def number_words(value: float) -> str:
    """Return a number for an axis: "1,200", "0.25", "3.2e-07"."""
    size = abs(value)
    if size and (size < 1e-4 or size >= 1e9):
        return f"{value:.3g}"
    rounded = round(value, 4)
    if float(rounded).is_integer():
        return f"{int(rounded):,}"
    return f"{rounded:,.4f}".rstrip("0") if size < 1000 else f"{rounded:,.1f}"


def _round_up(step: float) -> float:
    """Return 1, 2, 2.5 or 5 times a power of ten, not below `step`."""
    if step <= 0 or not math.isfinite(step):
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0):
        if factor * power >= step * (1 - 1e-12):
            return factor * power
    return 10 * power


def _box(group: str, found: Sequence[tuple[int, float]]) -> Box:
    members = sorted(found, key=lambda member: member[1])
    values = [value for _, value in members]
    first, third = quantile(values, 0.25), quantile(values, 0.75)
    reach = 1.5 * (third - first)
    inside = [v for v in values if first - reach <= v <= third + reach] or values
    return Box(
        group=group,
        low=min(inside[0], first),
        first=first,
        median=quantile(values, 0.5),
        third=third,
        high=max(inside[-1], third),
        members=tuple(members),
    )
