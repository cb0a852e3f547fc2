"""What differs inside two text files: line by line, JSON by its values. Pure."""

import json
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import Match, SequenceMatcher

from chrislib.feeds.collect_values import leaves, text_of, unused
from chrislib.feeds.compare_model import Line
from chrislib.feeds.text import plain

MAX_BYTES = 4_000_000
"""Larger files are compared by their bytes only."""
MAX_LINES = 20_000
"""Lines of a file beyond are not looked at, and that is said."""
MAX_VALUES = 20_000
_MAX_WIDTH = 1_000
"""Characters of a line that are shown; all of them are compared."""
_PATIENCE = 3.0
"""Seconds after which lines are no longer lined up finely."""
_AROUND = 3
"""Lines shown before and after a difference."""
_FEW = 100
"""As few lines are lined up by the standard library, with its sense for changes."""
_WINDOWS = (1, 6, 24)
"""Lines at a time that both sides may have just once."""
_SHORT = 4
"""As few lines that are the same are shown, not folded."""


@dataclass(frozen=True, slots=True)
class LinePair:
    """A line of both sides, or of one; or lines that are the same, folded.

    Attributes
    ----------
    kind : str
        same, changed, left, right or folded.
    left, right : str
        The texts; "" where a side has no such line.
    left_number, right_number : int
        Their numbers, from 1; 0 where a side has no such line.
    count : int
        How many lines are folded.
    """

    kind: str
    left: str = ""
    right: str = ""
    left_number: int = 0
    right_number: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two files.

    Attributes
    ----------
    lines : tuple of LinePair
        In the order of the files; empty where values were compared.
    column : tuple of LinePair
        The same lines one below the other, see `unified`.
    values : tuple of Line
        Values of JSON that differ, by their paths.
    removed, added : int
        Lines, or values, only left and only right; changed lines are in both.
    changed : int
        Values that are another one.
    note : str
        What a person should know of how they were compared.
    problem : str
        Why they cannot be compared.
    """

    lines: tuple[LinePair, ...] = ()
    column: tuple[LinePair, ...] = ()
    values: tuple[Line, ...] = ()
    removed: int = 0
    added: int = 0
    changed: int = 0
    note: str = ""
    problem: str = ""

    @property
    def words(self) -> str:
        """What was found, in words."""
        if self.problem:
            return self.problem
        parts = []
        if self.changed:
            parts.append(f"{self.changed:,} {_values(self.changed)} changed")
        what = _values if self.values else _lines
        if self.removed:
            parts.append(f"{self.removed:,} {what(self.removed)} only left")
        if self.added:
            parts.append(f"{self.added:,} {what(self.added)} only right")
        found = " · ".join(parts) or "Nothing differs"
        return f"{found} · {self.note}" if self.note else found


def compare_contents(left: bytes, right: bytes, *, as_json: bool) -> Difference:
    """Return what differs between the contents of two files.

    Takes up to some seconds: never on the thread of the window.

    Parameters
    ----------
    as_json : bool
        Compare values; files that are no JSON are compared by their lines.
    """
    if left == right:
        return Difference(note="the contents are the same")
    if b"\0" in left[:4096] or b"\0" in right[:4096]:
        return Difference(problem="The files are not text.")
    one, other = text_of(left), text_of(right)
    if as_json:
        found = _compare_json(one, other)
        if found is not None:
            return found
        note = "no JSON: compared by lines"
        lines = compare_lines(one, other)
        return replace(lines, note=", ".join(p for p in (note, lines.note) if p))
    return compare_lines(one, other)


# -- lines -------------------------------------------------------------------------


def compare_lines(left: str, right: str) -> Difference:
    """Return the lines of both texts, paired; what is the same far away is folded."""
    one, other = left.split("\n"), right.split("\n")
    notes = []
    ends = [any(line.endswith("\r") for line in lines) for lines in (one, other)]
    one = [line.removesuffix("\r") for line in one]
    other = [line.removesuffix("\r") for line in other]
    if len(one) > MAX_LINES or len(other) > MAX_LINES:
        one, other = one[:MAX_LINES], other[:MAX_LINES]
        notes.append(f"only the first {MAX_LINES:,} lines are compared")
    elif one == other:
        notes.append(
            "only the ends of lines differ"
            if ends[0] != ends[1]
            else "only the encoding differs"
        )
    pairs = list(_paired(one, other))
    changed = sum(1 for pair in pairs if pair.kind == "changed")
    shown = tuple(_folded(pairs))
    return Difference(
        lines=shown,
        column=tuple(unified(shown)),
        removed=changed + sum(1 for pair in pairs if pair.kind == "left"),
        added=changed + sum(1 for pair in pairs if pair.kind == "right"),
        note=", ".join(notes),
    )


def unified(pairs: Sequence[LinePair]) -> list[LinePair]:
    """Return pairs with what is changed as removed and added, each run in turn."""
    found: list[LinePair] = []
    removed: list[LinePair] = []
    added: list[LinePair] = []
    for pair in pairs:
        if pair.kind in {"same", "folded"}:
            found += [*removed, *added, pair]
            removed, added = [], []
            continue
        if pair.left_number:
            removed.append(replace(pair, kind="left", right="", right_number=0))
        if pair.right_number:
            added.append(replace(pair, kind="right", left="", left_number=0))
    return [*found, *removed, *added]


class _Patient(SequenceMatcher[str]):
    """Lines up two texts; what is not found in time stays without a partner."""

    def __init__(
        self, left: Sequence[str], right: Sequence[str], late: Callable[[], bool]
    ) -> None:
        self._late = late
        super().__init__(None, left, right)

    def find_longest_match(
        self,
        alo: int = 0,
        ahi: int | None = None,
        blo: int = 0,
        bhi: int | None = None,
    ) -> Match:
        """Return where most is the same; nothing once it is late."""
        if self._late():
            return Match(alo, blo, 0)
        return super().find_longest_match(alo, ahi, blo, bhi)


def _paired(
    one: Sequence[str],
    other: Sequence[str],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LinePair]:
    """Yield every line once, those of a change side by side."""
    until = clock() + _PATIENCE

    def late() -> bool:
        return clock() > until

    left = right = 0
    for a, b in [*_aligned(one, other, _WINDOWS), (len(one), len(other))]:
        if (left, right) != (a, b):
            yield from _between(one, other, (left, a), (right, b), late)
        if a < len(one):
            yield _pair(one, other, a, b, kind="same")
        left, right = a + 1, b + 1


def _aligned(
    one: Sequence[str], other: Sequence[str], windows: Sequence[int]
) -> list[tuple[int, int]]:
    """Return places that are the same: both ends, and what both have just once.

    Between those once more, with more lines at a time; what is left is short.
    """
    start = _common(one, other)
    end = _common(one[start:][::-1], other[start:][::-1])
    found = [(at, at) for at in range(start)]
    one_end, other_end = len(one) - end, len(other) - end
    if windows and min(one_end, other_end) - start > _FEW:
        middle = one[start:one_end], other[start:other_end]
        width = windows[0]
        sides = [_windows(lines, width) for lines in middle]
        left = right = start
        for a, b in [*_anchors(*sides), (one_end - start, other_end - start)]:
            at = start + a, start + b
            gap = one[left : at[0]], other[right : at[1]]
            found += [(left + x, right + y) for x, y in _aligned(*gap, windows[1:])]
            if at[0] < one_end:
                found.append(at)
            left, right = at[0] + 1, at[1] + 1
    found += [(one_end + step, other_end + step) for step in range(end)]
    return found


def _windows(lines: Sequence[str], width: int) -> list[tuple[str, ...]]:
    return [tuple(lines[at : at + width]) for at in range(len(lines) - width + 1)]


def _anchors(
    one: Sequence[Hashable], other: Sequence[Hashable]
) -> list[tuple[int, int]]:
    """Return the places of what is in both just once, the longest row in order."""
    lonely = _lonely(other)
    places = [(at, lonely[line]) for line, at in _lonely(one).items() if line in lonely]
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, b) in enumerate(places):
        at = bisect_left(ends, b)
        before.append(last[at - 1] if at else -1)
        if at == len(ends):
            ends.append(b)
            last.append(number)
        else:
            ends[at], last[at] = b, number
    found: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(places[number])
        number = before[number]
    return found[::-1]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many lines both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    shorter = min(len(one), len(other))
    return next((at for at, (left, right) in pairs if left != right), shorter)


def _lonely(lines: Sequence[Hashable]) -> dict[Hashable, int]:
    """Return what is there once, with their places."""
    counts = Counter(lines)
    return {line: at for at, line in enumerate(lines) if counts[line] == 1}


def _between(
    one: Sequence[str],
    other: Sequence[str],
    in_left: tuple[int, int],
    in_right: tuple[int, int],
    late: Callable[[], bool],
) -> Iterator[LinePair]:
    """Yield the lines of a part of both texts."""
    start, begin = in_left[0], in_right[0]
    matcher = _Patient(one[slice(*in_left)], other[slice(*in_right)], late)
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        kind = "same" if tag == "equal" else "changed"
        for step in range(max(a_end - a, b_end - b)):
            has_left, has_right = a + step < a_end, b + step < b_end
            yield _pair(
                one,
                other,
                start + a + step if has_left else None,
                begin + b + step if has_right else None,
                kind=kind if has_left and has_right else _side(has_left),
            )


def _side(left: bool) -> str:
    return "left" if left else "right"


def _pair(
    one: Sequence[str],
    other: Sequence[str],
    left: int | None,
    right: int | None,
    *,
    kind: str,
) -> LinePair:
    return LinePair(
        kind,
        "" if left is None else one[left],
        "" if right is None else other[right],
        0 if left is None else left + 1,
        0 if right is None else right + 1,
    )


def _folded(pairs: Sequence[LinePair]) -> Iterator[LinePair]:
    """Yield what is shown: differences, and a few lines around each."""
    near = set[int]()
    for place, pair in enumerate(pairs):
        if pair.kind != "same":
            near.update(range(place - _AROUND, place + _AROUND + 1))
    waiting: list[LinePair] = []
    for place, pair in enumerate(pairs):
        if place in near:
            yield from _fold(waiting)
            waiting = []
            yield _shown(pair)
        else:
            waiting.append(pair)
    yield from _fold(waiting)


def _fold(pairs: Sequence[LinePair]) -> Iterator[LinePair]:
    if len(pairs) <= _SHORT:
        yield from map(_shown, pairs)
    else:
        yield LinePair("folded", count=len(pairs))


def _shown(pair: LinePair) -> LinePair:
    return replace(pair, left=_safe(pair.left), right=_safe(pair.right))


def _safe(text: str) -> str:
    """Return a line as it can be shown: no control characters, not endless."""
    text = plain(text.expandtabs(4)).replace("\n", " ")
    return text if len(text) <= _MAX_WIDTH else text[:_MAX_WIDTH] + "…"


# -- values ------------------------------------------------------------------------


def _compare_json(left: str, right: str) -> Difference | None:
    """Return the values that differ, None where a side is no JSON."""
    try:
        one, other = _leaves(left), _leaves(right)
    except (ValueError, RecursionError):
        return None
    note = ""
    if max(len(one), len(other)) > MAX_VALUES:
        note = f"only the first {MAX_VALUES:,} values are compared"
    found = [
        line
        for path in list(dict.fromkeys((*one, *other)))[:MAX_VALUES]
        if (line := _value_line(path, one, other)) is not None
    ]
    kinds = [line.verdict for line in found]
    if not found and not note:
        note = "only how they are written"
    return Difference(
        values=tuple(found),
        removed=kinds.count("left"),
        added=kinds.count("right"),
        changed=kinds.count("differs"),
        note=note,
    )


def _leaves(text: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for path, value in leaves(json.loads(text)):
        found[unused(path, found)] = value
    return found


_MISSING = object()


def _value_line(
    path: str, one: dict[str, object], other: dict[str, object]
) -> Line | None:
    left, right = one.get(path, _MISSING), other.get(path, _MISSING)
    # true is no 1, though Python says so; NaN is NaN, though Python says no
    alike = left == right and isinstance(left, bool) == isinstance(right, bool)
    if alike or _written(left) == _written(right):
        return None
    if left is _MISSING or right is _MISSING:
        verdict = "right" if left is _MISSING else "left"
    else:
        verdict = "differs"
    return Line(_safe(path), _written(left), _written(right), verdict)


def _written(value: object) -> str:
    if value is _MISSING:
        return ""
    if isinstance(value, str):
        return _safe(f"“{value}”")
    return _safe(json.dumps(value, ensure_ascii=False))


def _lines(count: int) -> str:
    return "line" if count == 1 else "lines"


def _values(count: int) -> str:
    return "value" if count == 1 else "values"
