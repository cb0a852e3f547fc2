"""Pasted lists and tables: read whatever people have, and never guess wildly."""

import csv
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.dicom.headings import GIVEN
from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.lists import from_list, is_table, values_in
from chrislib.library.worklist.asking import criteria_of, date_order
from chrislib.library.worklist.columns import KINDS, guess
from chrislib.library.worklist.report import report_text, safe_cell
from chrislib.tables import (
    SEPARATORS,
    Table,
    read_bytes,
    read_file,
    read_text,
)

_ids = st.lists(
    st.from_regex(r"[A-Z]{0,2}[0-9]{3,10}", fullmatch=True), min_size=1, unique=True
)


@given(_ids, st.sampled_from(["\n", "\r\n", ",", ", ", "\t", ";", " ;\n"]))
def test_a_list_of_ids_survives_every_separator(ids: list[str], mark: str) -> None:
    assert values_in(mark.join(ids)) == ids
    assert from_list(mark.join(ids), key=asked.PATIENT_ID) == asked.Criterion(
        asked.PATIENT_ID, tuple(ids)
    )


@given(st.text(max_size=200))
def test_no_paste_breaks_a_list(text: str) -> None:
    values_in(text)
    is_table(text)
    try:
        found = from_list(text)
    except ChrislibError:
        return
    assert found is None or found.values


def test_names_keep_their_comma_and_most_values_decide() -> None:
    names = from_list("Doe, Jonathan\nRoe, Jane\n")
    assert names == asked.Criterion("PatientName", ("Doe^Jonathan*", "Roe^Jane*"))
    assert from_list("1001,1002,2026-03-04") == asked.Criterion(
        "PatientID", ("1001", "1002", "2026-03-04")
    )
    assert from_list(" \n,\t;") is None


def test_a_bad_value_of_a_list_is_named() -> None:
    with pytest.raises(ChrislibError, match="2026-02-30"):
        from_list("2026-03-04\n2026-02-30\n2026-03-05")


_cell = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]),
    max_size=12,
)
_rows = st.lists(st.lists(_cell, min_size=2, max_size=5), min_size=1, max_size=8)


@given(_rows, st.sampled_from(SEPARATORS), st.sampled_from(["utf-8-sig", "utf-16"]))
def test_a_written_table_is_read_as_it_was(
    rows: list[list[str]], separator: tuple[str, str], encoding: str
) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator[0], quoting=csv.QUOTE_ALL).writerows(rows)
    raw = stream.getvalue().encode(encoding)
    kept = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    if not kept:
        with pytest.raises(ChrislibError, match="empty"):
            read_bytes(raw, title="t.csv", separator=separator[0])
        return
    table = read_bytes(raw, title="t.csv", separator=separator[0])
    assert list(table.rows) == kept
    assert len(table.lines) == len(kept)


@given(st.binary(max_size=300))
def test_no_file_breaks_the_reader_or_the_guess(raw: bytes) -> None:
    try:
        table = read_bytes(raw, title="t.csv")
    except ChrislibError:
        return
    columns = guess(table)
    assert len(columns.kinds) == len(columns.heads) == table.width
    used = [kind for kind in columns.kinds if kind]
    assert len(used) == len(set(used))
    assert set(used) <= {*KINDS, GIVEN}
    for row in table.rows:
        with suppress(ChrislibError):
            criteria_of(row, columns)


@given(
    _ids,
    st.permutations(["MRN", "Accession number", "Study date", "Comment"]),
    st.sampled_from([",", ";", "\t"]),
)
def test_columns_are_found_wherever_they_stand(
    ids: list[str], heads: list[str], mark: str
) -> None:
    cells = {"Accession number": "A1", "Study date": "2026-03-04", "Comment": "x y"}
    lines = [mark.join(heads)]
    lines += [mark.join({**cells, "MRN": one}[head] for head in heads) for one in ids]
    table = read_text("\n".join(lines), title="t.csv")
    columns = guess(table)
    assert columns.headed
    assert columns.kinds[heads.index("MRN")] == asked.PATIENT_ID
    assert columns.kinds[heads.index("Accession number")] == asked.ACCESSION
    assert columns.kinds[heads.index("Study date")] == asked.DATE
    assert columns.kinds[heads.index("Comment")] == ""
    read = [criteria_of(row, columns).values["PatientID"] for row in table.rows[1:]]
    assert read == [(one,) for one in ids]


def test_a_table_without_heads_is_told_by_its_values() -> None:
    text = "4543673;Doe, Jonathan;M;2026-03-04;MR\n4543674;Roe, Jane;F;2026-03-05;CT\n"
    table = read_text(text, title="t.csv")
    assert table.separator == ";"
    columns = guess(table)
    assert not columns.headed
    assert columns.heads[0] == "Column 1"
    assert columns.kinds == (
        asked.PATIENT_ID,
        asked.NAME,
        asked.SEX,
        asked.DATE,
        asked.MODALITY,
    )
    assert columns.with_kind(0, asked.ACCESSION).with_kind(1, asked.ACCESSION).kinds[
        :2
    ] == ("", asked.ACCESSION)


@pytest.mark.parametrize(
    ("raw", "encoding", "name"),
    [
        ("ID;Name\n1;Müller\n".encode("utf-8-sig"), "utf-8", "Müller"),
        ("ID;Name\n1;Müller\n".encode("cp1252"), "cp1252", "Müller"),
        ("ID;Name\n1;Müller\n".encode("utf-16"), "utf-16", "Müller"),
        ("ID;Name\n1;Müller\n".encode("utf-16-le"), "utf-16", "Müller"),
        ("sep=;\r\nID;Name\r\n1;Müller\r\n".encode(), "utf-8", "Müller"),
    ],
)
def test_encodings(raw: bytes, encoding: str, name: str) -> None:
    table = read_bytes(raw, title="t.csv")
    assert table.encoding == encoding
    assert table.rows[-1] == ("1", name)
    assert guess(table).kinds == (asked.PATIENT_ID, asked.NAME)


def test_a_wrong_encoding_can_be_corrected() -> None:
    raw = "ID;Name\n1;Жуков\n".encode("cp1251")
    assert read_bytes(raw, title="t.csv").notes
    assert read_bytes(raw, title="t.csv", encoding="cp1251").rows[1][1] == "Жуков"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "empty"),
        (b"\n \n;;\n", "empty"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\0\x01\x02" * 400, "not a text file"),
        (b'1;"' + b"x" * 20_000, "from line 1"),
    ],
)
def test_what_is_no_table_is_refused_in_words(raw: bytes, says: str) -> None:
    with pytest.raises(ChrislibError, match=says) as refused:
        read_bytes(raw, title="t.csv")
    assert "Nothing of it was used" in refused.value.detail


def test_a_folder_is_not_a_table(tmp_path: Path) -> None:
    with pytest.raises(ChrislibError, match="cannot be read"):
        read_file(tmp_path)


def test_a_hundred_thousand_lines(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    lines = [f"{number};Doe^{number};2026-03-04" for number in range(100_000)]
    path.write_text("PatientID;Name;StudyDate\n" + "\n".join(lines), "utf-8")
    table = read_file(path)
    assert len(table.rows) == 100_001
    assert table.lines[-1] == 100_001
    assert guess(table).kinds == (asked.PATIENT_ID, asked.NAME, asked.DATE)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("00123", "Doe"), {"PatientID": ("00123",), "PatientName": ("Doe*",)}),
        (('="00123"', ""), {"PatientID": ("00123",)}),
        (("'00123", ""), {"PatientID": ("00123",)}),
        (("AB 12", ""), {"PatientID": ("AB 12",)}),
        (("", "<b>Doe</b>"), {"PatientName": ("<b>Doe</b>*",)}),
    ],
)
def test_cells_become_criteria(
    cells: tuple[str, ...], values: dict[str, tuple[str, ...]]
) -> None:
    columns = guess(read_text("MRN,Name\n1,x\n", title="t"))
    assert criteria_of(cells, columns).values == values


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (("", ""), "nothing to look for"),
        (("=HYPERLINK(1)", ""), "formula"),
        (("1.23E+12", ""), "shortened"),
        (("*", ""), "everything in the PACS"),
        (("x" * 65, ""), "too long"),
        (("1", "", "2026-02-30"), "not a date"),
        (("1", "", "03/04/2026"), "two days"),
    ],
)
def test_cells_that_cannot_be_asked_say_why(cells: tuple[str, ...], says: str) -> None:
    columns = guess(read_text("MRN,Name,Study date\n1,x,2\n", title="t"))
    with pytest.raises(ChrislibError, match=says):
        criteria_of(cells, columns, dates="?")


@pytest.mark.parametrize(
    ("dates", "order", "first"),
    [
        (("2026-03-04",), "ymd", "20260304"),
        (("04.03.2026",), "dmy", "20260304"),
        (("13/03/2026",), "dmy", "20260313"),
        (("03/13/2026 10:30",), "mdy", "20260313"),
        (("03/04/2026", "03/13/2026"), "mdy", "20260304"),
        (("03/04/2026",), "?", ""),
    ],
)
def test_the_order_of_dates(dates: tuple[str, ...], order: str, first: str) -> None:
    text = "MRN;Study date\n" + "\n".join(f"1;{day}" for day in dates)
    table = read_text(text, title="t")
    columns = guess(table)
    assert date_order(table, columns) == order
    if first:
        found = criteria_of(table.rows[1], columns, dates=order)
        assert found.values["StudyDate"] == (first,)


def test_given_names_are_joined() -> None:
    table = read_text("Vorname;Nachname\nJonathan;Doe\n", title="t")
    columns = guess(table)
    assert columns.kinds == (GIVEN, asked.NAME)
    found = criteria_of(table.rows[1], columns).values
    assert found == {"PatientName": ("Doe^Jonathan*",)}


def test_a_table_nobody_can_look_up_is_refused() -> None:
    table = read_text("Comment,Remark\nfine,bad\n", title="t")
    with pytest.raises(ChrislibError, match="No column"):
        guess(table).check()


@given(st.lists(st.lists(st.text(), min_size=1, max_size=4), max_size=6))
def test_a_report_is_no_formula(rows: list[list[str]]) -> None:
    text = report_text(["Line"], rows)
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")):
                float(cell)


def test_safe_cells() -> None:
    assert safe_cell("=1+1") == "'=1+1"
    assert safe_cell("  @SUM(A1)") == "'@SUM(A1)"
    assert safe_cell("-12.5") == "-12.5"
    assert safe_cell("+49 30 1") == "'+49 30 1"
    assert safe_cell("Doe\nJon") == "Doe Jon"


def test_widths_differ() -> None:
    table = Table("t", [("MRN", "x"), ("1",), ("2", "y", "z")], [1, 2, 3], "utf-8", ",")
    assert guess(table).heads == ("MRN", "x", "Column 3")
