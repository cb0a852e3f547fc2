"""What differs inside two files: lines side by side, JSON by its values."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.feeds import compare_contents as module
from chrislib.feeds.compare_contents import (
    Difference,
    LinePair,
    compare_contents,
    compare_lines,
    unified,
)

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "volume 3"]), max_size=12)


def lines_of(pairs: list[LinePair]) -> list[str]:
    """Return pairs as a person writes them down."""
    signs = {"same": " ", "left": "-", "right": "+", "changed": "*"}
    return [
        f"… {pair.count}"
        if pair.kind == "folded"
        else signs[pair.kind] + (pair.left or pair.right)
        for pair in pairs
    ]


@given(LINES, LINES, st.booleans())
@settings(max_examples=120)
def test_every_line_is_there_once_and_in_order(
    left: list[str], right: list[str], hurried: bool
) -> None:
    """Also where there was no time to line them up finely."""
    clock = itertools.count(step=100).__next__ if hurried else (lambda: 0)
    pairs = list(module._paired(left, right, clock))
    assert [p.left for p in pairs if p.left_number] == left
    assert [p.right for p in pairs if p.right_number] == right
    assert all((p.left == p.right) for p in pairs if p.kind == "same")
    assert [p.left_number for p in pairs if p.left_number] == [*range(1, len(left) + 1)]
    flat = unified(pairs)
    assert [p.left for p in flat if p.left_number] == left
    assert [p.right for p in flat if p.right_number] == right
    if left == right:
        assert {pair.kind for pair in pairs} <= {"same"}


def test_what_is_the_same_far_away_is_folded() -> None:
    left = [f"line {number}" for number in range(40)]
    right = [*left[:20], "new", *left[21:], "last"]
    found = compare_lines("\n".join(left), "\n".join(right))
    assert lines_of(list(found.lines)) == [
        "… 17",
        *(f" line {number}" for number in range(17, 20)), "*line 20",
        *(f" line {number}" for number in range(21, 24)),
        "… 13", *(f" line {number}" for number in range(37, 40)), "+last",
    ]  # fmt: skip
    assert lines_of(unified(found.lines))[4:6] == ["-line 20", "+new"]
    assert found.words == "1 line only left · 2 lines only right"


def test_what_is_no_difference_of_lines_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def words(left: bytes, right: bytes) -> str:
        return compare_contents(left, right, as_json=False).words

    assert words(b"a\n", b"a\n") == "Nothing differs · the contents are the same"
    assert words(b"a\r\n", b"a\n") == "Nothing differs · only the ends of lines differ"
    assert (
        words(b"\xef\xbb\xbfa", b"a") == "Nothing differs · only the encoding differs"
    )
    assert words(b"a\0", b"a") == "The files are not text."
    monkeypatch.setattr(module, "MAX_LINES", 2)
    assert words(b"a\nb\nc", b"a\nb\nd") == (
        "Nothing differs · only the first 2 lines are compared"
    )
    # what would turn or erase the window's own words is not shown
    shown = compare_lines("a\x1b[31m\u202eb", "c").lines[0].left
    assert shown == "ab"


def test_json_is_compared_by_its_values() -> None:
    def compare(left: object, right: object) -> Difference:
        sides = (json.dumps(left).encode(), json.dumps(right, indent=2).encode())
        return compare_contents(*sides, as_json=True)

    found = compare(
        {"a": 1, "b": {"c": [1, 2]}, "old": "x", "on": True, "n": float("nan")},
        {"b": {"c": [1, 3]}, "a": 1.0, "new": None, "on": 1, "n": float("nan")},
    )
    assert [(v.label, v.left, v.right, v.verdict) for v in found.values] == [
        ("b.c[1]", "2", "3", "differs"),
        ("old", "“x”", "", "left"),
        ("on", "true", "1", "differs"),
        ("new", "", "null", "right"),
    ]
    assert found.words == ("2 values changed · 1 value only left · 1 value only right")
    assert compare({"a": 1}, {"a": 1}).words == (
        "Nothing differs · only how they are written"
    )
    broken = compare_contents(b'{"a": 1}', b'{"a": ', as_json=True)
    assert broken.lines
    assert broken.note == "no JSON: compared by lines"
