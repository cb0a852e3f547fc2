"""What differs between two runs, two feeds, and their files."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.feeds import compare_known
from chrislib.feeds.compare import CONTENT_LIMIT, Comparing
from chrislib.feeds.compare_files import (
    compare_files,
    contents_equal,
    count_verdicts,
    equal_files,
)
from chrislib.feeds.compare_known import Known
from chrislib.feeds.compare_model import FilesCompared, Run, compare_runs
from chrislib.feeds.compare_nodes import NodePair, match_nodes, places_of
from chrislib.feeds.compare_text import PairReport, Report, to_json, to_text
from chrislib.feeds.model import Node, OutputEntry
from tests.unit.feeds.test_collect_table import entry, node

examples = settings(
    max_examples=30, deadline=None, suppress_health_check=list(HealthCheck)
)
"""Few, and as long as they take: the machine may be busy."""
_FILES = st.dictionaries(
    st.from_regex(r"[a-c](/[a-c]){0,2}", fullmatch=True),
    st.tuples(st.integers(1, 9), st.integers(0, 3)),
)


def entries(files: dict[str, tuple[int, int]]) -> list[OutputEntry]:
    return [entry(name, number, size) for name, (number, size) in files.items()]


@examples
@given(_FILES, _FILES)
def test_every_file_has_one_verdict(left: Any, right: Any) -> None:
    pairs = compare_files(entries(left), entries(right))
    tops = [{name.partition("/")[0] for name in side} for side in (left, right)]
    if len(tops[0] | tops[1]) != 2 or len(tops[0]) != 1 or len(tops[1]) != 1:
        assert [pair.relative for pair in pairs] == sorted({*left, *right})
    assert sum(count_verdicts(pairs).values()) == len(pairs)
    turned = {"left": "right", "right": "left"}
    back = compare_files(entries(right), entries(left))
    assert [pair.verdict for pair in back] == [
        turned.get(pair.verdict, pair.verdict) for pair in pairs
    ]
    assert {p.verdict for p in compare_files(entries(left), entries(left))} <= {"same"}


def test_folders_are_walked_and_sizes_told_apart() -> None:
    inner = entry("a/x.txt", 1, 5)
    folder = replace(
        entry("a"), is_folder=True, file_id=None, size=None, children=(inner,)
    )
    found = compare_files([folder], [entry("a/x.txt", 2, 5), entry("b", 3, 1)])
    assert [(p.relative, p.verdict) for p in found] == [
        ("a/x.txt", "size"),
        ("b", "right"),
    ]


def test_one_folder_of_another_name_is_looked_into() -> None:
    one, other = entry("scan-1/a.txt", 1, 5), entry("scan-2/a.txt", 2, 6)
    found = compare_files([one], [other])
    assert [(pair.relative, pair.verdict) for pair in found] == [("a.txt", "differs")]
    more = compare_files([one], [other, entry("b.txt", 3)])
    assert len(more) == 3


@examples
@given(st.binary(max_size=64), st.binary(max_size=64))
def test_contents_are_compared_byte_by_byte(one: bytes, other: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "1"), Path(folder, "2")
        first.write_bytes(one)
        second.write_bytes(other)
        assert equal_files(first, second) == (one == other)


async def test_both_files_are_fetched_to_compare(tmp_path: Path) -> None:
    async def fetch(one: OutputEntry) -> Path:
        path = tmp_path / str(one.file_id)
        path.write_bytes(b"x" * (one.size or 0))
        return path

    (pair,) = compare_files([entry("a", 1, 3)], [entry("a", 2, 3)])
    assert await contents_equal(fetch, pair)
    (alone,) = compare_files([entry("a", 1, 3)], [])
    assert not await contents_equal(fetch, alone)


async def test_what_is_too_large_is_not_fetched_to_be_compared(tmp_path: Path) -> None:
    fetched: list[str] = []

    async def fetch(one: OutputEntry) -> Path:
        fetched.append(one.relative)
        path = tmp_path / str(one.file_id)
        path.write_bytes(b"x")
        return path

    server: Any = SimpleNamespace(client=None, now=None, on_change=lambda _forget: None)
    outputs: Any = SimpleNamespace(fetch=fetch)
    large = CONTENT_LIMIT + 1
    pairs = compare_files(
        [entry("large", 1, large), entry("small", 2, 1)],
        [entry("large", 3, large), entry("small", 4, 1)],
    )
    assert await Comparing(server, outputs).contents(pairs) == {"small": "same"}
    assert fetched == ["small", "small"]


@examples
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 8)), max_size=9))
def test_a_feed_matches_itself_node_by_node(drawn: list[tuple[str, int]]) -> None:
    nodes = [node(1, "root")] + [
        node(n + 2, name, 1 + parent % (n + 1))
        for n, (name, parent) in enumerate(drawn)
    ]
    places = places_of(nodes)
    assert len(set(places.values())) == len(nodes)
    pairs = match_nodes(nodes, nodes)
    assert len(pairs) == len(nodes)
    assert all(pair.left is pair.right for pair in pairs)
    moved = [
        node(one.id + 50, one.plugin_name, *(parent + 50 for parent in one.parents))
        for one in nodes
    ]
    assert all(
        pair.left is not None and pair.right is not None
        for pair in match_nodes(nodes, moved)
    )


def test_what_stands_elsewhere_is_unmatched() -> None:
    left = [node(1, "copy"), node(2, "seg", 1), node(3, "stats", 2)]
    right = [node(4, "copy"), node(5, "stats", 4)]
    found = {
        pair.place: (pair.left is not None, pair.right is not None)
        for pair in match_nodes(left, right)
    }
    assert found == {
        "copy": (True, True),
        "copy/seg": (True, False),
        "copy/seg/stats": (True, False),
        "copy/stats": (False, True),
    }


def run(of: Node, **values: str) -> Run:
    instance: Any = SimpleNamespace(
        cpu_limit=2000, memory_limit=2147483647, gpu_limit=0, number_of_workers=1,
        error_code="", owner_username="alex",
    )  # fmt: skip
    return Run(of, instance, values)


def test_runs_differ_in_values_and_versions_never_in_times() -> None:
    one = node(1, "pl-seg")
    other = replace(node(2, "pl-seg"), plugin_version="2.0", title="again")
    found = compare_runs(
        run(one, frac="0.5", mask="true"), run(other, frac="0.3", seed="7")
    )
    assert found.differences == ("Version", "3 parameters")
    assert {line.label: line.verdict for line in found.parameters} == {
        "frac": "differs",
        "mask": "left",
        "seed": "right",
    }
    assert [line.left for line in found.run if line.label == "CPU"] == ["2 CPU"]
    assert not any(line.label in {"Memory", "GPU"} for line in found.run)
    assert compare_runs(run(one), run(replace(one, title="x"))).differences == ()


def test_secrets_are_masked_and_still_told_apart() -> None:
    one, other = node(1, "pl-x"), node(2, "pl-x")
    given = {"--password": "hunter2"}, {"--password": "hunter3"}
    runs = [
        Run(n, run(n).instance, g) for n, g in zip((one, other), given, strict=True)
    ]
    (found,) = compare_runs(*runs).parameters
    assert found.verdict == "differs"
    assert "hunter" not in found.left + found.right


def test_a_report_holds_everything_as_text_and_as_json() -> None:
    one, other = node(1, "pl-seg"), replace(node(2, "pl-seg"), plugin_version="2.0")
    files = FilesCompared(
        tuple(compare_files([entry("a", 1, 3)], [entry("a", 2, 4), entry("b", 3, 1)]))
    )
    report = Report(
        left="Left feed · 1",
        right="Right feed · 2",
        server="https://cube.example/",
        pairs=(
            PairReport("pl-seg", one, other, compare_runs(run(one), run(other)), files),
            PairReport("pl-seg/pl-x", node(3, "pl-x"), None),
        ),
    )
    text = to_text(report)
    assert "Differs in: Version, 2 files\n" in text
    assert "Different: a (3 bytes | 4 bytes)" in text
    assert "Only right: b (1 bytes)" in text
    assert text.rstrip().endswith("Only left")
    read = json.loads(to_json(report))
    assert [one["place"] for one in read["nodes"]] == ["pl-seg", "pl-seg/pl-x"]
    assert read["nodes"][0]["files"]["pairs"][0] == {
        "path": "a",
        "verdict": "differs",
        "left_size": 3,
        "right_size": 4,
    }
    assert read["nodes"][0]["differences"] == ["Version", "2 files"]
    assert read["nodes"][1]["right"] is None


def test_what_was_not_looked_at_is_never_called_the_same() -> None:
    one, other = node(1, "pl-seg"), node(2, "pl-seg")
    pair, known = NodePair("pl-seg", one, other), Known()
    known.begin([pair])

    def files(*sides: tuple[int, int], problem: str = "") -> FilesCompared:
        left = [entry(f"{at}", 10 + at, size) for at, (size, _) in enumerate(sides)]
        right = [entry(f"{at}", 20 + at, size) for at, (_, size) in enumerate(sides)]
        return FilesCompared(tuple(compare_files(left, right)), problem)

    def said() -> tuple[str, str]:
        return known.of(pair).row[1], known.of(pair).head

    assert said() == ("Same version", "")
    known.take_runs({"pl-seg": compare_runs(run(one), run(other))})
    assert said() == ("Same values", "Same values · files not compared")
    known.take_files("pl-seg", files(problem="Forbidden"))
    assert not known.counted("pl-seg")
    assert said() == (
        "Same values, files not listed", "Same values · files could not be listed",
    )  # fmt: skip
    known.take_files("pl-seg", files((5, 5), (5, 5)))
    assert known.of(pair).row[0] == "size"
    assert said() == (
        "Same values and file sizes",
        "Same values and file sizes · contents of 2 files not compared",
    )
    assert known.head == ("1 node on both sides · contents of 2 files not compared")
    known.take_files("pl-seg", files((5, 5), (5, 7)))
    assert said() == (
        "1 file", "Differs in: 1 file · contents of 1 file not compared",
    )  # fmt: skip
    known.take_files("pl-seg", files((0, 0)))
    assert known.of(pair).row == ("same", "Same")
    assert known.of(pair).head == "Nothing differs but times"
    assert known.head == ("1 node on both sides · nothing differs but times")


def test_only_so_many_files_are_held_and_all_of_them_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compare_known, "KEPT", 3)
    known, pairs = Known(), match_nodes([node(1, "a")], [node(2, "a")])
    two = FilesCompared(
        tuple(compare_files([entry("x", 1, 1), entry("y", 2, 1)], [entry("x", 3, 2)]))
    )
    for place in ("a", "a/b", "a/c"):
        known.take_files(place, two, hold=place == "a/c")
    assert set(known.files) == {"a", "a/c"}
    assert all(known.counted(place) for place in ("a", "a/b", "a/c"))
    assert known.of(pairs[0]).row == ("differs", "2 files")
