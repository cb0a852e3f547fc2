"""What is typed, and what a PACS may be asked."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.criteria import Criterion
from chrislib.pacs.types import Criteria


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("4543673", "PatientID", ("4543673",)),
        ("A-17", "PatientID", ("A-17",)),
        ("Doe", "PatientName", ("Doe*",)),
        ("Doe, Jon", "PatientName", ("Doe^Jon*",)),
        ("DOE*", "PatientName", ("DOE*",)),
        ("山田", "PatientName", ("山田*",)),
        ("mr, ct", "Modality", ("MR", "CT")),
        ("acc: 58684554", "AccessionNumber", ("58684554",)),
        ("id: Doe", "PatientID", ("Doe",)),
        ("2026-03-04", "StudyDate", ("20260304",)),
        ("2024-01-01 to today", "StudyDate", ("20240101-20261122",)),
        ("station: MRI_9", "PerformedStationAETitle", ("MRI_9",)),
        ("study: brain", "StudyDescription", ("*brain*",)),
    ],
)
def test_guesses(text: str, key: str, values: tuple[str, ...]) -> None:
    today = date(2026, 11, 22)
    assert asked.guess(text, today=today) == Criterion(key, values)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026", "20260101-20261231"),
        ("2024-02", "20240201-20240229"),
        ("2024-01-01..2024-03", "20240101-20240331"),
        ("..2025", "-20251231"),
        ("2025..", "20250101-"),
        ("20100101-20191231", "20100101-20191231"),
        ("2024-13", ""),
        ("2025 to 2024", ""),
        ("soon", ""),
    ],
)
def test_date_ranges(text: str, value: str) -> None:
    assert asked.date_range(text) == value


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(ChrislibError, match="not a date"):
        asked.make(asked.DATE, "soon")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"PatientID": ()},
        {"PatientID": ("",)},
        {"PatientName": ("*",)},
        {"PatientName": ("*^*",), "Modality": ("MR",)},
        {"Modality": ("MR",)},
        {"StudyDate": ("-",)},
    ],
)
def test_what_would_ask_for_everything_is_refused(
    values: dict[str, tuple[str, ...]],
) -> None:
    with pytest.raises(ChrislibError) as refused:
        asked.check(Criteria(values=values))
    assert "Nothing was sent" in refused.value.detail


@pytest.mark.parametrize(
    ("key", "value"),
    [("PatientID", "1\\2"), ("AccessionNumber", "x" * 17), ("PatientName", "a\x1bb")],
)
def test_what_a_pacs_cannot_take_is_refused(key: str, value: str) -> None:
    with pytest.raises(ChrislibError):
        asked.check(Criteria(values={key: (value,)}))


def test_good_criteria_pass() -> None:
    asked.check(Criteria(values={"PatientName": ("DOE*",), "Modality": ("MR",)}))


_keys = st.sampled_from(sorted(asked.LABELS))


@given(st.dictionaries(_keys, st.lists(st.text(), max_size=3).map(tuple)), st.text())
def test_requests_come_back_from_history(
    values: dict[str, tuple[str, ...]], pacs: str
) -> None:
    criteria = Criteria(values=values, pacs=pacs)
    stored = json.loads(json.dumps(asked.to_request(criteria)))
    assert asked.from_request(stored) == criteria


def test_a_broken_request_is_empty_criteria() -> None:
    assert asked.from_request({"values": 3, "pacs": None}) == Criteria(values={})


@given(st.text(max_size=40))
def test_no_typing_breaks_the_guess(text: str) -> None:
    try:
        found = asked.guess(text)
    except ChrislibError:
        return
    if found is not None:
        assert found.words


def test_words_of_chips_and_titles() -> None:
    assert Criterion("PatientID", ("4543673",)).words == "ID 4543673"
    assert Criterion("PatientName", ("Doe^Jon*",)).words == "Name Doe, Jon*"
    assert Criterion("Modality", ("MR", "CT")).words == "MR, CT"
    dates = Criterion("StudyDate", ("20240101-20261122",))
    assert dates.words == "2024-01-01 to 2026-11-22"
    many = Criterion("AccessionNumber", tuple(str(n) for n in range(24)))
    assert many.words == "24 accession numbers"
    criteria = asked.together([many, Criterion("PatientID", ("1",))], pacs="Main")
    assert asked.title_of(criteria) == "0, 1 and 22 more — 1"
    assert asked.fields_of(criteria) == "Accession number, patient ID · Main"


def test_conditions_of_one_kind_are_joined() -> None:
    both = asked.together(
        [Criterion("PatientID", ("1", "2")), Criterion("PatientID", ("2", "3"))]
    )
    assert both.values == {"PatientID": ("1", "2", "3")}
    assert asked.split(both) == (Criterion("PatientID", ("1", "2", "3")),)
