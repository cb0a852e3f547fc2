"""A row for each line of a table: what stands in it, whatever the table is."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.feeds import collect_lines as module
from chrislib.feeds.collect_keeping import from_text, kept_key, to_text
from chrislib.feeds.collect_lines import read_lines
from chrislib.feeds.collect_model import Row, Source, Table, Wanted
from chrislib.feeds.collect_table import to_csv
from chrislib.feeds.collect_values import value_of

VOLUMES = b"region,volume,side\nHippocampus,3.2 mm,left\n\nAmygdala,1.1 mm,right\n"
STATS = b"""# Measure Cortex, CortexVol, Volume, 1234.5, mm^3
# ColHeaders Index SegId NVoxels Volume_mm3 StructName
  1   4  10  9.5  Left-Ventricle
  2   5  20 18.5  Left-Amygdala
"""


def words(name: str, content: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return what is read, as text."""
    found = read_lines(name, content)
    assert not found.problem
    return [
        (row.line, {head: value.text for head, value in row.values.items()})
        for row in found.rows
    ]


def test_a_line_is_a_row_with_the_heads_of_its_table() -> None:
    """The lines keep their numbers in the file, blank ones are none."""
    assert words("v.csv", VOLUMES) == [
        (2, {"region": "Hippocampus", "volume": "3.2 mm", "side": "left"}),
        (4, {"region": "Amygdala", "volume": "1.1 mm", "side": "right"}),
    ]
    assert words("v.csv", b"a;b\nx;1,5\n") == [(2, {"a": "x", "b": "1,5"})]
    assert read_lines("v.csv", b"a;b\nx;1,5\n").rows[0].values["b"].number == 1.5
    # without a head, with heads that are alike, and with a line that is short
    assert words("v.csv", b"x,1\ny,2\n")[0] == (1, {"column 1": "x", "column 2": "1"})
    assert words("v.tsv", b"a\ta\t\nx\n") == [(2, {"a": "x"})]
    assert list(words("v.csv", b"a,a,\nx,y,z\n")[0][1]) == ["a", "a (2)", "column 3"]


def test_what_is_no_table_is_one_row_or_says_why() -> None:
    """JSON and texts stay as they were; FreeSurfer's structures are lines."""
    assert words("v.json", b'{"a": {"b": 1}}') == [(0, {"a.b": "1"})]
    assert words("v.txt", b"volume: 3\n") == [(0, {"volume": "3"})]
    assert words("aseg.stats", STATS)[1] == (
        4,
        {
            "StructName": "Left-Amygdala", "Index": "2", "SegId": "5",
            "NVoxels": "20", "Volume_mm3": "18.5",
        },
    )  # fmt: skip
    for content, why in (
        (b"", "The file is empty."),
        (b"\0\0", "The file is not text."),
        (b",,\n,,\n", "No values were found in the file."),
        (b"a,b\n", "The table has a head and no rows."),
    ):
        found = read_lines("v.csv", content)
        assert (found.rows, found.problem) == ((), why)


def test_a_file_of_too_many_lines_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is counted."""
    monkeypatch.setattr(module, "MAX_LINES", 1)
    found = read_lines("v.csv", VOLUMES)
    assert len(found.rows) == 1
    assert found.note == "1 more line of the file is left out."


@given(st.lists(st.lists(st.text("ab 1.,;\"'\t\n"), min_size=1), min_size=1))
@settings(max_examples=60)
def test_every_line_with_anything_in_it_is_a_row(table: list[list[str]]) -> None:
    """Whatever stands in the cells, none is lost and none is in two rows."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["name", "other"], *table])
    found = read_lines("v.csv", out.getvalue().encode())
    filled = [row for row in table if any(cell.strip() for cell in row)]
    if filled:
        assert len(found.rows) == len(filled)
        for line, row in zip(found.rows, filled, strict=True):
            texts = [value.text for value in line.values.values()]
            assert texts == [value_of(cell).text for cell in row]
    else:
        assert found.problem


def test_lines_are_kept_apart_and_written_with_their_numbers() -> None:
    """Two lines of a file are two rows, in what is kept and in what is saved."""
    source = Source(7, "Study", "Study")
    row = Row(source, "Study", values={"region": value_of("Amygdala")}, line=4)
    rows = (row, replace(row, line=5))
    assert rows[0].key != rows[1].key
    assert rows[0].file_key == rows[1].file_key
    wanted = Wanted("pl-seg", pattern="v.csv", each="line")
    at = datetime(2026, 3, 4, tzinfo=UTC).timestamp()
    table = Table(wanted, (7,), "https://cube.example/", rows, at)
    assert from_text(to_text(table)) == table
    assert kept_key("s", wanted) != kept_key("s", replace(wanted, each="file"))
    written = list(csv.DictReader(io.StringIO(to_csv(table, rows, ["region"]))))
    assert [one["Line"] for one in written] == ["4", "5"]
    whole = to_csv(table, [replace(row, line=0)], ["region"])
    assert "Line" not in whole.splitlines()[0]
