"""Series are put together, ordered and counted."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from chrislib.dicom.group import by_position, gaps, group, in_order, normal
from chrislib.dicom.header import DicomHeader, read_header


@pytest.fixture(scope="module")
def ct() -> DicomHeader:
    return read_header(Path(str(get_testdata_file("CT_small.dcm"))))


def image(like: DicomHeader, number: int | None, **facts: object) -> DicomHeader:
    changed = {"sop_uid": f"1.2.{number}", "path": Path(f"/x/{number}.dcm")} | facts
    return replace(like, instance_number=number, **changed)  # type: ignore[arg-type]


def test_series_are_sorted_and_counted(ct: DicomHeader) -> None:
    found = group([image(ct, 10), image(ct, 2), image(ct, 1), image(ct, 4)])
    (series,) = found.series
    assert [one.instance_number for one in series.headers] == [1, 2, 4, 10]
    assert series.missing == ()  # more missing than there: numbers say nothing
    assert series.size == 4 * ct.size


def test_gap_is_named(ct: DicomHeader) -> None:
    numbers = [*range(1, 17), *range(18, 31)]
    (series,) = group(image(ct, number) for number in numbers).series
    assert series.missing == (17,)


def test_second_copy_is_a_duplicate(ct: DicomHeader) -> None:
    copy = replace(image(ct, 1), path=Path("/y/copy.dcm"))
    (series,) = group([copy, image(ct, 1), image(ct, 2)]).series
    assert len(series.headers) == 2
    assert [one.path for one in series.duplicates] == [Path("/y/copy.dcm")]


def test_one_series_uid_of_two_patients_stays_apart(ct: DicomHeader) -> None:
    found = group([image(ct, 1), image(ct, 2, patient_id="someone else")])
    assert len(found.series) == 2


def test_files_of_no_series_are_others(ct: DicomHeader) -> None:
    found = group([image(ct, 1), image(ct, 2, series_uid="")])
    assert len(found.series) == 1
    assert len(found.others) == 1


def test_without_numbers_position_decides(ct: DicomHeader) -> None:
    places = [30.0, -10.0, 10.0]
    headers = [
        image(ct, None, position=(0.0, 0.0, place), sop_uid=str(place))
        for place in places
    ]
    assert [one.position[2] for one in in_order(headers) if one.position] == [
        -10.0,
        10.0,
        30.0,
    ]


def test_mixed_orientations_have_no_order(ct: DicomHeader) -> None:
    other = image(ct, 2, orientation=(0.0, 1.0, 0.0, 0.0, 0.0, -1.0))
    assert by_position([image(ct, 1), other]) == ()


def test_normal() -> None:
    assert normal((1, 0, 0, 0, 1, 0)) == (0, 0, 1)
    assert normal((1, 0, 0, 1, 0, 0)) is None


@given(st.sets(st.integers(0, 300)), st.lists(st.none(), max_size=2))
def test_gaps_complete_what_is_there(numbers: set[int], none: list[None]) -> None:
    missing = gaps([*numbers, *none])
    assert not set(missing) & numbers
    if missing:
        both = sorted({*missing, *numbers})
        assert both == list(range(min(numbers), max(numbers) + 1))


@given(
    data=st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from(["", "1.1", "1.2"]),
            st.one_of(st.none(), st.integers(-3, 12)),
            st.integers(0, 6),
        ),
        max_size=25,
    ),
    seed=st.randoms(),
)
def test_no_file_is_lost_and_order_of_reading_is_no_matter(
    ct: DicomHeader, data: list[tuple[str, str, int | None, int]], seed: object
) -> None:
    headers = [
        replace(
            ct,
            patient_id=patient,
            series_uid=series,
            instance_number=number,
            sop_uid=str(sop),
            path=Path(f"/x/{index}"),
        )
        for index, (patient, series, number, sop) in enumerate(data)
    ]
    found = group(headers)
    every = [
        *found.others,
        *(one for series in found.series for one in series.headers),
        *(one for series in found.series for one in series.duplicates),
    ]
    assert sorted(one.path for one in every) == sorted(one.path for one in headers)
    shuffled = list(headers)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert group(shuffled) == found
