"""Rows of a collected table: which there are, in what order, filtered, taken along."""

import csv
import io
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chrislib.cube.types import InstanceId, StoragePath
from chrislib.errors import ChrislibError
from chrislib.feeds.collect_files import (
    chosen_files,
    matches,
    offers,
    places_with,
    plugins_of,
    row_problem,
    sources_of,
    varying,
)
from chrislib.feeds.collect_images import images_near
from chrislib.feeds.collect_keeping import from_text, to_text
from chrislib.feeds.collect_model import FeedNodes, Listing, Row, Source, Table, Wanted
from chrislib.feeds.collect_plot import bins, boxes, number_words, quantile, ticks
from chrislib.feeds.collect_table import (
    Filter,
    arrange,
    cell,
    columns_of,
    order,
    parse_filter,
    to_csv,
)
from chrislib.feeds.collect_table import to_text as to_clipboard
from chrislib.feeds.collect_values import Value, value_of
from chrislib.feeds.compare_nodes import places_of
from chrislib.feeds.model import Node, OutputEntry
from chrislib.feeds.outputs import kind_of

examples = settings(
    max_examples=30, deadline=None, suppress_health_check=list(HealthCheck)
)
"""Few, and as long as they take: the machine may be busy."""
_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12
)


def node(node_id: int, plugin: str, *parents: int, state: str = "ready") -> Node:
    return Node(
        id=InstanceId(node_id),
        title="",
        plugin_id=1,
        plugin_name=plugin,
        plugin_version="1.0",
        plugin_type="ds",
        parents=tuple(InstanceId(one) for one in parents),
        state=state,
        detail="",
        output_path=StoragePath(f"home/alex/feeds/feed_1/{plugin}_{node_id}/data"),
        started=None,
        ended=None,
        compute="host",
    )


def entry(relative: str, file_id: int = 1, size: int = 10) -> OutputEntry:
    return OutputEntry(
        path=StoragePath(f"home/alex/{relative}"),
        relative=relative,
        is_folder=False,
        size=size,
        file_id=file_id,
        kind=kind_of(relative),
    )


def row(subject: str = "A", problem: str = "", **values: str) -> Row:
    source = Source(7, f"Feed of {subject}", subject, node(3, "pl-x"))
    found = {name: value_of(text) for name, text in values.items()}
    return Row(source, subject, entry("a.json"), found, problem)


def feed(feed_id: int, *nodes: Node, title: str = "") -> FeedNodes:
    return FeedNodes(feed_id, title or f"Subject {feed_id}", nodes, places_of(nodes))


FEEDS = [
    feed(1, node(1, "pl-copy"), node(2, "pl-seg", 1), node(3, "pl-stats", 2)),
    feed(2, node(4, "pl-copy"), node(5, "pl-seg", 4), node(6, "pl-stats", 4)),
    feed(3, node(7, "pl-copy"), node(8, "pl-seg", 7), node(9, "pl-seg", 7)),
    FeedNodes(4, "Feed 4", problem="This feed is not there any more."),
]


def test_nodes_are_found_by_plugin_or_by_place() -> None:
    assert plugins_of(FEEDS)[0] == ("pl-copy", 3, 3)
    assert places_with(FEEDS, "pl-stats") == [
        ("pl-copy/pl-seg/pl-stats", 1),
        ("pl-copy/pl-stats", 1),
    ]
    everywhere = sources_of(FEEDS, Wanted("pl-seg"))
    assert [one.subject for one in everywhere] == [
        "Subject 1",
        "Subject 2",
        "Subject 3 · pl-seg 8",
        "Subject 3 · pl-seg 9",
        "Feed 4",
    ]
    assert everywhere[-1].problem == "This feed is not there any more."
    there = sources_of(FEEDS, Wanted("pl-stats", "pl-copy/pl-stats"))
    assert [one.node is not None for one in there] == [False, True, False, False]
    assert there[0].problem == "The feed has no pl-stats at this place."


def test_files_are_offered_by_name_by_pattern_and_by_kind() -> None:
    listings = [
        Listing(one, tuple(entry(name) for name in names))
        for one, names in zip(
            sources_of(FEEDS, Wanted("pl-seg")),
            [
                ["stats/aseg.csv", "sub-01_volumes.json", "brain.nii.gz"],
                ["stats/aseg.csv", "sub-02_volumes.json"],
                ["stats/aseg.csv"],
                ["log.txt"],
                [],
            ],
            strict=True,
        )
    ]
    found = {one.pattern: (one.nodes, one.files) for one in offers(listings)}
    assert found["aseg.csv"] == (3, 3)
    assert found["sub-*_volumes.json"] == (2, 2)
    assert "brain.nii.gz" not in found
    tables = [one for one in offers(listings) if not one.pattern.endswith("txt")]
    nodes = [one.nodes for one in tables]
    assert nodes == sorted(nodes, reverse=True)
    assert offers(listings)[: len(tables)] == tables
    assert row_problem(listings[3], "aseg.csv") == "There is no file aseg.csv."
    assert row_problem(listings[0], "aseg.csv") == ""


@examples
@given(
    st.lists(
        st.from_regex(r"[a-z0-9_]{1,6}(/[a-z0-9_]{1,6}){0,2}\.json", fullmatch=True)
    )
)
@example(names=["_.json", "_0.json", "_00.json"])
def test_every_file_is_matched_by_what_is_offered_for_it(names: list[str]) -> None:
    source = Source(1, "F", "F", node(1, "pl-x"))
    listing = Listing(source, tuple(entry(name) for name in names))
    for offer in offers([listing]):
        chosen = chosen_files(listing, offer.pattern)
        assert len(chosen) == offer.files
        assert all(matches(one.relative, offer.pattern) for _, one in chosen)


def test_what_differs_in_paths_is_the_subject() -> None:
    assert varying(["sub-01/anat/v.csv", "sub-02/anat/v.csv"]) == ["sub-01", "sub-02"]
    assert varying(["a/v1.csv", "a/v2.csv"]) == ["v1", "v2"]
    # brackets of a name are brackets
    assert matches("out/a[1].json", "a[1].json")
    assert not matches("out/a1.json", "a[1].json")


@examples
@given(
    st.lists(
        st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), _TEXTS)
    ),
    st.booleans(),
)
def test_numbers_come_first_and_nothing_last(
    values: list[Any], descending: bool
) -> None:
    rows = [
        row(str(n), **({} if one is None else {"v": str(one)}))
        for n, one in enumerate(values)
    ]
    places = order(rows, "v", descending=descending)
    assert sorted(places) == list(range(len(rows)))
    shown = [cell(rows[place], "v") for place in places]
    filled = [value for value in shown if value.text]
    assert shown[: len(filled)] == filled
    numbers = [value.number for value in filled if value.number is not None]
    assert numbers == sorted(numbers, reverse=descending)
    first = [value.number is not None for value in filled]
    assert first == sorted(first, reverse=not descending)


def test_words_are_sorted_as_people_do() -> None:
    rows = [row(v=text) for text in ("run 10", "Run 2", "run 1")]
    assert [rows[n].values["v"].text for n in order(rows, "v")] == [
        "run 1",
        "Run 2",
        "run 10",
    ]


ROWS = [
    row("Zoë", age="7 y", side="left", volume="1200.5 mm^3"),
    row("Bo", age="12 y", side="right", volume="900 mm^3"),
    row("Cy", problem="The file is empty."),
]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ["Zoë", "Bo", "Cy"]),
        ("zoe", ["Zoë"]),
        ("age > 7", ["Bo"]),
        ("age>=7; side = left", ["Zoë"]),
        ("side != left", ["Bo", "Cy"]),
        ("vol < 1000", ["Bo"]),
        ("empty", ["Cy"]),
        ("age >", ["Zoë", "Bo", "Cy"]),
        ("version = 1.0; bo", ["Bo"]),
    ],
)
def test_filter(text: str, kept: list[str]) -> None:
    asked = parse_filter(text, columns_of(ROWS))
    assert [one.subject for one in ROWS if asked.keeps(one)] == kept


@pytest.mark.parametrize(
    ("text", "words"),
    [("hight > 3", "no column"), ("age > old", "not a number"), ("e > 3", "several")],
)
def test_a_filter_that_means_nothing_says_so(text: str, words: str) -> None:
    with pytest.raises(ChrislibError, match=words):
        parse_filter(text, columns_of(ROWS))


@examples
@given(st.text(max_size=40))
def test_a_filter_never_ends_in_anything_else(text: str) -> None:
    try:
        asked = parse_filter(text, columns_of(ROWS))
    except ChrislibError:
        return
    assert {asked.keeps(one) for one in ROWS} <= {True, False}


@examples
@given(st.lists(st.dictionaries(_TEXTS.filter(bool), _TEXTS, max_size=4), max_size=5))
def test_csv_holds_every_value_and_where_it_comes_from(cells: list[Any]) -> None:
    source = Source(7, "=cmd", "S", node(3, "pl-x"))
    rows = [
        Row(source, "S", entry("a.json"), {k: Value(v) for k, v in one.items()})
        for one in cells
    ]
    table = Table(Wanted("pl-x"), (7,), "https://cube.example/", tuple(rows), 0.0)
    columns = columns_of(rows)
    read = list(csv.reader(io.StringIO(to_csv(table, rows, columns), newline="")))
    assert len(read) == len(rows) + 1
    for number, one in enumerate(rows):
        texts = read[number + 1]
        for column, text in zip(columns, texts, strict=False):
            assert text.removeprefix("'") == cell(one, column).text.removeprefix("'")
            # nothing that a spreadsheet would compute
            assert not text.startswith(("=", "+", "-", "@"))
        assert texts[-3:] == [
            "home/alex/a.json",
            "https://cube.example/",
            "1970-01-01T00:00:00+00:00",
        ]
        assert texts[len(columns) + 1 : len(columns) + 4] == ["7", "'=cmd", "3"]


def test_units_go_into_the_head_and_numbers_stay_numbers() -> None:
    table = Table(Wanted("pl-x"), (7,), "s", tuple(ROWS), 0.0)
    lines = to_csv(table, ROWS, ["@subject", "age", "volume"]).splitlines()
    assert lines[0].startswith("Subject,age (y),volume (mm^3),Problem,Feed number")
    assert lines[1].startswith("Zoë,7,1200.5,,7")
    assert lines[3].startswith("Cy,,,The file is empty.,7")
    assert to_clipboard(ROWS[:1], ["@subject", "age"]) == "Subject\tage\nZoë\t7 y\n"


def test_arranged_tells_numbers_from_groups() -> None:
    found = arrange(ROWS, Filter(), by="age", descending=True)
    assert [ROWS[place].subject for place in found.places] == ["Bo", "Zoë", "Cy"]
    assert found.numeric == ("age", "volume")
    assert found.groups == ("side",)


def test_a_table_is_kept_as_it_was() -> None:
    rows = (*ROWS, Row(Source(9, "F", "F", None, "gone"), "F", problem="gone"))
    table = Table(Wanted("pl-x", "", "a.json"), (7, 9), "s", rows, 12.5)
    assert from_text(to_text(table)) == table
    assert from_text("") is None
    assert from_text('{"version": 1}') is None
    assert from_text("[]") is None


@examples
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=200))
def test_every_number_is_in_one_bin(values: list[float]) -> None:
    made = bins(list(enumerate(values)))
    assert sorted(place for one in made for place in one.members) == list(
        range(len(values))
    )
    for one in made:
        room = (one.high - one.low) * 1e-6 if math.isfinite(one.high - one.low) else 0
        assert all(one.low - room <= values[n] <= one.high + room for n in one.members)


@examples
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_boxes_hold_every_value(values: list[float]) -> None:
    rows = [row(str(n), v=repr(value)) for n, value in enumerate(values)]
    (box,) = boxes(rows, range(len(rows)), "v", "")
    assert len(box.members) == len(values)
    assert box.low <= box.first <= box.median <= box.third <= box.high
    assert box.median == pytest.approx(quantile(sorted(values), 0.5))


@examples
@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9), st.integers(2, 12))
def test_ticks_lie_on_the_axis(low: float, span: float, most: int) -> None:
    found = ticks(low, low + span, most=most)
    room = span * 1e-6
    assert len(found) <= most + 1
    assert all(low - room <= one <= low + span + room for one in found)


def test_numbers_are_short_on_axes() -> None:
    words = [number_words(one) for one in (1200, 0.25, 3.2e-7, 0, -5.0, 12345.67)]
    assert words == ["1,200", "0.25", "3.2e-07", "0", "-5", "12,345.7"]


def test_images_beside_a_file_come_first() -> None:
    files = [
        entry("sub-01/v.csv"),
        entry("sub-01/T1.nii.gz"),
        entry("sub-02/0001.dcm", 2),
        entry("sub-02/0002.dcm", 3),
        entry("overview.png"),
    ]
    assert images_near(files, "sub-01/v.csv") == ("nifti", (files[1],))
    assert images_near(files, "sub-02/v.csv") == ("dicom", (files[2], files[3]))
    assert images_near(files, "v.csv")[0] == "dicom"
    assert images_near(files[:1], "v.csv") == ("", ())
