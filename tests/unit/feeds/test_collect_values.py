"""Values out of files: what is written is kept, what is a number is one."""

import csv
import io
import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.feeds.collect_values import MAX_VALUES, read_values, value_of

examples = settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck)
)
"""Few, and as long as they take: the machine may be busy."""
_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12
)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(
    -(10**15), 10**15
)
_LEAVES = st.none() | st.booleans() | _NUMBERS | _WORDS
_TREES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4)
    ),
    max_leaves=30,
)


def _count(tree: Any) -> int:
    """Return how many leaves there are; an empty list or object is one."""
    if not tree or not isinstance(tree, dict | list):
        return 1
    return sum(
        _count(one) for one in (tree.values() if isinstance(tree, dict) else tree)
    )


@examples
@given(st.binary(max_size=300), st.sampled_from(["a.json", "a.csv", "a.tsv", "a.txt"]))
def test_any_bytes_give_values_or_a_reason(content: bytes, name: str) -> None:
    reading = read_values(name, content)
    assert bool(reading.values) != bool(reading.problem)


@examples
@given(_TREES)
def test_every_leaf_of_json_is_a_value(tree: object) -> None:
    reading = read_values("a.json", json.dumps(tree).encode())
    assert len(reading.values) == _count(tree)


@examples
@given(_NUMBERS)
def test_a_number_is_found_in_what_python_writes(number: float) -> None:
    assert value_of(repr(number)).number == number
    found = read_values("a.json", json.dumps({"n": number}).encode()).values["n"]
    assert found.number == number


@examples
@given(
    _NUMBERS.filter(lambda n: abs(n) < 1e300),
    st.sampled_from(["mm", "mm^3", "%", "µm", "ml/min", "°C", "mm³"]),
    st.sampled_from(["", " "]),
)
def test_a_unit_is_kept_beside_its_number(number: float, unit: str, gap: str) -> None:
    found = value_of(f"{number!r}{gap}{unit}")
    assert (found.number, found.unit) == (number, unit)
    assert found.text == f"{number!r}{gap}{unit}"


@examples
@given(
    st.lists(_WORDS, min_size=2, max_size=6, unique=True).filter(
        lambda heads: all(value_of(h).number is None and h.strip() for h in heads)
    ),
    st.data(),
)
def test_a_table_of_one_row_is_head_and_values(
    heads: list[str], data: st.DataObject
) -> None:
    cells = data.draw(
        st.lists(_NUMBERS.map(str), min_size=len(heads), max_size=len(heads))
    )
    out = io.StringIO(newline="")
    csv.writer(out, delimiter="\t").writerows([heads, cells])
    found = read_values("a.tsv", out.getvalue().encode()).values
    assert list(found) == heads
    assert [value.number for value in found.values()] == [float(c) for c in cells]


@examples
@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z ]{0,10}[a-z]", fullmatch=True), _NUMBERS, min_size=1
    )
)
def test_lines_of_key_and_value(pairs: dict[str, float]) -> None:
    for sign in (": ", " = ", "\t"):
        text = "\n".join(f"{key}{sign}{value!r}" for key, value in pairs.items())
        found = read_values("a.txt", text.encode()).values
        names = [" ".join(key.split()) for key in pairs]
        assert [value.number for value in found.values()] == list(pairs.values())
        assert len(found) == len(names)


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("1,234,567", 1234567.0, ""),
        ("1,234.5 mm^3", 1234.5, "mm^3"),
        ("37%", 37.0, "%"),
        ("-3e-2 s", -0.03, "s"),
        # one comma alone may be either: it stays as it is written
        ("1,234", None, ""),
        ("2026-03-04", None, ""),
        ("1.2.3", None, ""),
        ("2 of 5", None, ""),
        ("nan", None, ""),
        ("1e999", None, ""),
        ("", None, ""),
    ],
)
def test_what_is_a_number(text: str, number: float | None, unit: str) -> None:
    found = value_of(text)
    assert (found.text, found.number, found.unit) == (text, number, unit)


def test_tables_of_several_rows_are_named_by_their_first_column() -> None:
    text = "Structure,Volume,Mean\nLeft-Hippocampus,4012.5,71\nRight-Hippocampus,4100,"
    found = read_values("aseg.csv", text.encode()).values
    assert found["Left-Hippocampus.Volume"].number == 4012.5
    assert found["Right-Hippocampus.Mean"].text == ""
    # two columns: the name is enough; no head: nothing is taken for one
    found = read_values("a.csv", b"left,1.5\nright,2.5\n").values
    assert {name: value.number for name, value in found.items()} == {
        "left": 1.5,
        "right": 2.5,
    }


def test_a_comma_is_a_decimal_point_where_semicolons_separate() -> None:
    found = read_values("a.csv", "Alter;Größe\n3;1,75 m\n".encode()).values
    assert (found["Größe"].number, found["Größe"].unit) == (1.75, "m")


def test_freesurfer_stats_are_measures_and_structures() -> None:
    text = (
        "# Title Segmentation Statistics\n"
        "# Measure BrainSeg, BrainSegVol, Brain Segmentation Volume, 1174389.5, mm^3\n"
        "# ColHeaders Index SegId NVoxels Volume_mm3 StructName\n"
        "  1   4   7412   7412.2  Left-Lateral-Ventricle\n"
    )
    found = read_values("aseg.stats", text.encode()).values
    assert (found["BrainSegVol"].number, found["BrainSegVol"].unit) == (
        1174389.5,
        "mm^3",
    )
    assert found["Left-Lateral-Ventricle.Volume_mm3"].number == 7412.2
    assert "Left-Lateral-Ventricle.SegId" not in found


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", b'{"a": 1,\n "b": }', "line 2"),
        ("a.json", b"", "empty"),
        ("a.txt", b"abc\0def", "not text"),
        ("a.txt", b"nothing in here", "No values"),
        ("a.csv", b"only,a,head\n", "no rows"),
        ("deep.json", b"[" * 100_000, "not JSON"),
    ],
)
def test_a_broken_file_says_why(name: str, content: bytes, words: str) -> None:
    reading = read_values(name, content)
    assert words in reading.problem
    assert not reading.values


def test_more_values_than_a_row_holds_are_counted() -> None:
    content = json.dumps({str(n): n for n in range(MAX_VALUES + 7)}).encode()
    reading = read_values("a.json", content)
    assert (len(reading.values), reading.left_out) == (MAX_VALUES, 7)


def test_names_that_meet_twice_are_told_apart() -> None:
    found = read_values("a.txt", b"mean: 1\nmean: 2\n").values
    assert [value.number for value in found.values()] == [1.0, 2.0]
    assert list(found) == ["mean", "mean (2)"]
    assert math.isclose(sum(v.number or 0 for v in found.values()), 3)
