"""How a query is matched with what an archive holds."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.station.pacs_archive import Series, Study
from chrislib.station.pacs_matching import attribute_matches, date_matches, matching


def study(**tags: str) -> Study:
    head = Series("1.1", {"SeriesInstanceUID": "1.1", "Modality": "MR"}, 3)
    scout = Series("1.2", {"SeriesInstanceUID": "1.2", "Modality": "CT"}, 1)
    return Study("1", {"StudyInstanceUID": "1", **tags}, (head, scout))


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        ("Doe^Jane", "doe^jane", True),
        ("Doe^Jane", "DOE*", True),
        ("Doe^Jane", "DOE", False),
        ("Doe^Jane^^^", "Doe^Jane", True),
        ("Doe^Jane", "?oe^*", True),
        ("Yama^T=山^田=やま^た", "山*", True),
        ("Yama^T=山^田=やま^た", "yama*", True),
        ("Yama^T=山^田=やま^た", "や*", True),
        ("Åse^Ö", "a\u030ase*", True),
        ("Doe^Jane", "ROE*\\DOE*", True),
        ("", "Doe*", False),
        ("", "*", True),
        ("a.b", "a?b", True),
        ("a.b", "a.b", True),
        ("axb", "a.b", False),
    ],
)
def test_names(value: str, wanted: str, expected: bool) -> None:
    assert attribute_matches("PatientName", value, wanted) is expected


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        ("20130308", "20130308", True),
        ("20130308", "20130309", False),
        ("20130308", "20130301-20130331", True),
        ("20130308", "20130308-", True),
        ("20130308", "-20130308", True),
        ("20130308", "20130309-", False),
        ("20130308", "-20130307", False),
        ("1961", "19610101-19611231", True),
        ("1961", "1961", True),
        ("196103", "19620101-", False),
        ("", "19000101-", False),
        ("", "*", True),
        ("20130308", "2013*", True),
        ("20130308", "rubbish", False),
        ("20130308", "rubbish-20140101", False),
        ("not a date", "20130308", False),
    ],
)
def test_dates(value: str, wanted: str, expected: bool) -> None:
    assert date_matches(value, wanted) is expected


@given(st.dates(), st.dates(), st.dates())
def test_a_range_means_what_it_says(day, first, last) -> None:  # type: ignore[no-untyped-def]
    texts = [f"{d.year:04d}{d.month:02d}{d.day:02d}" for d in (day, first, last)]
    found = date_matches(texts[0], f"{texts[1]}-{texts[2]}")
    assert found is (first <= day <= last)


_LETTERS = st.text(alphabet="abcXYZ019 .^-", max_size=12)


@given(_LETTERS, st.text(alphabet="abcX09*?", min_size=1, max_size=8))
def test_wildcards_agree_with_the_shell(value: str, pattern: str) -> None:
    expected = fnmatch.fnmatchcase(value.casefold(), pattern.casefold())
    if set(pattern) == {"*"}:
        expected = True
    assert attribute_matches("SeriesDescription", value, pattern) is expected


@given(_LETTERS.filter(str.strip))
def test_a_value_matches_itself_and_everything(value: str) -> None:
    assert attribute_matches("StudyDescription", value.strip(), value)
    assert attribute_matches("StudyDescription", value, "")
    assert attribute_matches("StudyDescription", value, "*")


def test_only_matching_series_are_shown() -> None:
    found = matching([study(PatientID="7")], {"Modality": "mr"})
    assert [series.uid for series in found[0].series] == ["1.1"]
    assert matching([study(PatientID="7")], {"Modality": "US"}) == []


def test_modalities_in_study_keeps_all_series() -> None:
    found = matching([study()], {"ModalitiesInStudy": "CT"})
    assert [series.uid for series in found[0].series] == ["1.1", "1.2"]
    assert matching([study()], {"ModalitiesInStudy": "US"}) == []


def test_uids_match_exactly_and_in_lists() -> None:
    assert matching([study()], {"SeriesInstanceUID": "1.*"}) == []
    found = matching([study()], {"SeriesInstanceUID": "1.2\\9.9"})
    assert [series.uid for series in found[0].series] == ["1.2"]


def test_unknown_and_empty_keys_are_not_looked_at() -> None:
    assert matching([study()], {"Nonsense": "x", "PatientID": " "}) == [study()]
